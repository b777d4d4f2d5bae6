//! Outputs: whole or absent, replaced or written straight through, and what ends them early.

use std::fs::{self, File, Permissions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::Stdio;

use crate::world::{CFS, ROOT, Ran, SMALL, World};

fn mode(world: &World, name: &str) -> u32 {
    fs::metadata(world.path(name)).unwrap().permissions().mode() & 0o7777
}

/// A dump whose image and text are both larger than a pipe.
fn large() -> String {
    let lines = (0..20_000).map(|i| format!("/{i:05} 0 100644 1 0 0 0 {i}.0 - - -\n"));
    ROOT.to_owned() + &lines.collect::<String>()
}

#[test]
fn a_new_file_gets_the_usual_mode_and_an_old_one_keeps_its_own() {
    let world = World::with(&[("root.txt", ROOT), ("old", "old")]);
    fs::set_permissions(world.path("old"), Permissions::from_mode(0o640)).unwrap();
    world.shell("umask 027; $cfs mkimage root.txt new && $cfs mkimage root.txt old").prints("");
    assert_eq!((mode(&world, "new"), mode(&world, "old")), (0o640, 0o640));
    world.shell("umask 0; $cfs mkimage root.txt newer && $cfs dump root.txt -o old").prints("");
    assert_eq!((mode(&world, "newer"), mode(&world, "old")), (0o666, 0o640));
    assert_eq!(world.read("old"), ROOT.as_bytes());
    assert_eq!(world.names(), ["new", "newer", "old", "root.txt"]);
}

#[test]
fn an_old_file_is_replaced_and_never_written_to() {
    let world = World::with(&[("root.txt", ROOT), ("old", "old")]);
    fs::hard_link(world.path("old"), world.path("other name")).unwrap();
    world.cfs("dump root.txt -o old").prints("");
    assert_eq!(world.read("other name"), b"old");
    assert_eq!(world.read("old"), ROOT.as_bytes());
}

#[test]
fn an_error_leaves_the_old_file_whole_and_nothing_beside_it() {
    let world = World::with(&[("bad.txt", "/ 0 40755 2 0 0 0 x - - -\n"), ("old", "old")]);
    world.cfs("mkimage --from-dump bad.txt old").exits(2);
    world.cfs("mkimage --from-dump bad.txt new").exits(2);
    world.cfs("dump bad.txt -o old").exits(2);
    world.write("root.txt", ROOT);
    // The second source is bad, when the first has been written already.
    world.cfs("dump root.txt bad.txt -o old").exits(2);
    assert_eq!(world.read("old"), b"old");
    assert_eq!(world.names(), ["bad.txt", "old", "root.txt"]);
}

#[test]
fn a_run_that_is_killed_leaves_the_old_file_whole_and_nothing_beside_it() {
    let world = World::with(&[("large.txt", &large()), ("old", "old")]);
    // The limit counts 512 bytes each; going over it ends the process.
    let ran = world.shell("ulimit -f 64; $cfs mkimage large.txt old");
    assert!(!ran.0.status.success());
    assert_eq!(world.read("old"), b"old");
    assert_eq!(world.names(), ["large.txt", "old"]);
}

#[test]
fn symlinks_are_followed_also_to_files_that_do_not_exist_yet() {
    let world = World::with(&[("root.txt", ROOT), ("old", "old")]);
    fs::create_dir(world.path("dir")).unwrap();
    symlink("../old", world.path("dir/to-old")).unwrap();
    symlink("dir/to-old", world.path("to-to-old")).unwrap();
    symlink("dir/new", world.path("to-new")).unwrap();
    symlink("loop", world.path("loop")).unwrap();
    for name in ["to-to-old", "to-new"] {
        world.cfs(&format!("dump root.txt -o {name}")).prints("");
        assert!(fs::symlink_metadata(world.path(name)).unwrap().is_symlink());
    }
    assert_eq!((world.read("old"), world.read("dir/new")), (ROOT.into(), ROOT.into()));
    let words = "cfs: cannot write loop: Too many levels of symbolic links\n";
    world.cfs("dump root.txt -o loop").says(2, words);
}

#[test]
fn the_input_can_be_the_output() {
    for text in [SMALL.to_owned(), large() + &"#".repeat(0)] {
        let world = World::with(&[("file", &text)]);
        let tidy = world.cfs("dump file").out();
        world.cfs("mkimage file file").prints("");
        world.cfs("mkimage file file").prints("");
        world.cfs("dump file -o file").prints("");
        assert_eq!(String::from_utf8(world.read("file")).unwrap(), tidy);
        // Straight through, into the very file that is read.
        world.shell("$cfs mkimage file /proc/self/fd/3 3<>file").prints("");
        world.cfs("dump file").prints(&tidy);
    }
}

#[test]
fn descriptors_are_written_straight_through() {
    let world = World::with(&[("root.txt", ROOT)]);
    world.cfs("mkimage root.txt image").prints("");
    let image = world.read("image");
    for target in ["/proc/self/fd/3", "/dev/fd/3", "/proc/thread-self/fd/3"] {
        world.shell(&format!("$cfs mkimage --from-dump root.txt {target} 3>out")).prints("");
        assert_eq!(world.read("out"), image, "{target}");
        let piped = world.shell(&format!("$cfs mkimage root.txt {target} 3>&1 | cat"));
        assert_eq!(piped.is_silent_success().0.stdout, image, "{target}");
    }
    let ran = world.cfs("mkimage root.txt /dev/stdout");
    assert_eq!(ran.is_silent_success().0.stdout, image);
    let inode = || fs::metadata(world.path("out")).unwrap().ino();
    let before = inode();
    world.shell("$cfs dump root.txt -o /dev/stdout > out").prints("");
    assert_eq!((world.read("out"), inode()), (ROOT.into(), before));
    let words = "cfs: cannot write /dev/fd/77: Bad file descriptor\n";
    world.cfs("dump root.txt -o /dev/fd/77").says(2, words);
}

#[test]
fn a_descriptor_keeps_its_place_and_its_flags() {
    let world = World::with(&[("root.txt", ROOT)]);
    let twice = "{ $cfs dump root.txt -o /dev/fd/3; $cfs dump root.txt -o /dev/stdout >&3; } 3>out";
    world.shell(twice).prints("");
    assert_eq!(world.read("out"), ROOT.repeat(2).as_bytes());
    world.shell("$cfs dump root.txt -o /dev/fd/3 3>>out").prints("");
    assert_eq!(world.read("out"), ROOT.repeat(3).as_bytes());
}

#[test]
fn fifos_and_devices_are_written_to_and_not_replaced() {
    let world = World::with(&[("root.txt", ROOT)]);
    let ran = world.shell("mkfifo fifo && { cat fifo & $cfs dump root.txt -o fifo; wait; }");
    ran.prints(ROOT);
    world.cfs("dump root.txt -o /dev/null").prints("");
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn a_full_disk_is_told_in_the_words_of_the_system() {
    let world = World::with(&[("root.txt", ROOT), ("large.txt", &large())]);
    let words = "cfs: cannot write /dev/full: No space left on device\n";
    for args in ["dump root.txt -o /dev/full", "mkimage large.txt /dev/full"] {
        world.cfs(args).says(2, words);
    }
    let words = "cfs: cannot write standard output: No space left on device\n";
    for args in ["dump large.txt", "mkimage root.txt", "ls root.txt /", "verity image root.txt"] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let ran = Ran::to_file(world.command(CFS, args), full);
        if args.starts_with("ls") {
            ran.is_silent_success()
        } else {
            ran.says(2, words)
        };
    }
}

#[test]
fn an_output_that_cannot_be_is_trouble() {
    let world = World::with(&[("root.txt", ROOT)]);
    let words = "cfs: cannot write no/out: No such file or directory\n";
    world.cfs("dump root.txt -o no/out").says(2, words);
    world.cfs("mkimage root.txt .").says(2, "cfs: cannot write .: Is a directory\n");
    world
        .cfs("mkimage root.txt root.txt/x")
        .says(2, "cfs: cannot write root.txt/x: Not a directory\n");
}

#[test]
fn a_closed_pipe_is_no_trouble() {
    let world = World::with(&[("large.txt", &large())]);
    world.cfs("mkimage large.txt large.cfs").prints("");
    for args in ["dump large.cfs", "dump large.txt", "mkimage large.txt", "ls -l large.txt"] {
        let mut command = world.command(CFS, args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0];
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut first).unwrap();
        drop(stdout);
        Ran(child.wait_with_output().unwrap()).is_silent_success();
    }
}

#[test]
fn an_image_is_not_written_to_a_terminal() {
    let world = World::with(&[("root.txt", ROOT)]);
    let terminal =
        |command: &str| world.shell(&format!("script -qec '{command}' /dev/null < /dev/null"));
    if terminal("true").0.status.code() != Some(0) {
        eprintln!("skipped: script(1), which makes a terminal, is missing");
        return;
    }
    let refusal = "cfs: refusing to write an image to a terminal\r\n\
                   hint: redirect standard output, or name a file with -o\r\n";
    for args in ["root.txt", "root.txt -", "root.txt /dev/stdout", "--from-dump root.txt /dev/tty"]
    {
        let ran = terminal(&format!("$cfs mkimage --color=never {args}"));
        assert_eq!((ran.out().as_str(), ran.0.status.code()), (refusal, Some(2)), "{args}");
    }
    let text = terminal("$cfs dump root.txt").out();
    assert_eq!(text.replace('\r', ""), ROOT);
}
