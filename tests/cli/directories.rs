//! Directories as sources.

use std::os::unix::fs::symlink;

use crate::world::World;

fn world() -> World {
    let world = World::new();
    std::fs::create_dir_all(world.path("root/etc")).unwrap();
    world.write("root/etc/hosts", "hello\n");
    world.write("root/big", [1; 100]);
    world
}

/// Options that make a dump the same for everybody.
const SAME: &str = "--use-epoch --skip-xattrs --owner 0 --group 0";

#[test]
fn a_directory_is_dumped_listed_and_made_an_image() {
    let world = world();
    let dump = world.cfs(&format!("dump {SAME} root"));
    dump.exits(0);
    let text = dump.out();
    assert!(text.contains("/etc/hosts 6 100644 1 0 0 0 0.0 - hello\\n -\n"), "{text}");
    assert!(text.contains("/big 100 100644 1 0 0 0 0.0 "), "{text}");
    world.cfs("ls root").prints("big\netc\n");
    world.cfs("cat root /etc/hosts").prints("hello\n");
    world.cfs(&format!("mkimage {SAME} root a.cfs")).is_silent_success();
    world.cfs("dump a.cfs").prints(&text);
    let digest = world.cfs(&format!("mkimage {SAME} --print-digest-only root"));
    world.cfs("mkimage --print-digest-only a.cfs").prints(&digest.out());
    // What leads to a directory will do, and so will a slash behind it.
    symlink("root", world.path("link")).unwrap();
    for source in ["link", "root/", "--from=dir link/"] {
        world.cfs(&format!("dump {SAME} {source}")).prints(&text);
    }
    world.cfs("dump --from=dump root").mentions(2, "cannot read root: it is a directory");
    world.cfs("dump --from=dir a.cfs").says(2, "cfs: cannot open a.cfs: Not a directory\n");
    world.cfs("verity image root").mentions(0, "");
}

#[test]
fn objects_go_to_a_store() {
    let world = world();
    world.cfs("mkimage --digest-store store root a.cfs").is_silent_success();
    let objects = world.cfs("objects a.cfs").out();
    assert_eq!(world.read(&format!("store/{}", objects.trim())), [1; 100]);
    world.cfs("mkimage --digest-store store a.cfs b.cfs").mentions(2, "needs a directory");
    world.cfs("mkimage --digest-store root/store root b.cfs").is_silent_success();
    let words = "root/store: is the object store itself: exclude it, or keep it elsewhere\n";
    world.cfs("mkimage --digest-store root/store root b.cfs").says(2, words);
    world.cfs("mkimage --digest-store root/store --exclude store root c.cfs").is_silent_success();
}

#[test]
fn hard_links_are_told_of_unless_they_are_kept() {
    let world = world();
    std::fs::hard_link(world.path("root/big"), world.path("root/also")).unwrap();
    world.cfs("dump root").mentions(0, "1 file has several names");
    world.cfs("dump --hardlinks=keep root").says(0, "");
    assert!(world.cfs("dump --hardlinks=keep root").out().contains(" @100644 "));
}

#[test]
fn times_are_clamped_to_the_environment_only_if_asked_for() {
    let world = world();
    let run = |args: &str| {
        let mut command = world.command(crate::world::CFS, args);
        command.env("SOURCE_DATE_EPOCH", "1000");
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(!run("dump root").contains(" 1000.0 "));
    assert_eq!(run("dump --clamp-mtime root").matches(" 1000.0 ").count(), 4);
    assert_eq!(run("dump --clamp-mtime=7.5 root").matches(" 7.500000000 ").count(), 4);
    world.cfs("dump --clamp-mtime root").mentions(2, "SOURCE_DATE_EPOCH");
    world.cfs("dump --mtime=x root").mentions(2, "expected seconds since 1970");
    world.cfs("dump --skip-xattrs --user-xattrs root").mentions(2, "cannot be used with");
    world.cfs("dump --owner=1:x root").mentions(2, "expected FROM:TO or one number");
}

#[test]
fn progress_is_shown_if_asked_for_and_a_signal_leaves_nothing() {
    let world = world();
    world.cfs("dump root --progress=always -o out.txt").mentions(0, "files");
    world.cfs("dump root --progress=never -o out.txt").is_silent_success();
    // A FIFO in the way keeps nothing, so that a large file does.
    let large = std::fs::File::create(world.path("root/large")).unwrap();
    large.set_len(64 << 30).unwrap();
    let script = "$cfs mkimage root b.cfs --progress=always & pid=$!; sleep 0.6; kill -TERM $pid; \
                  wait $pid; echo $?";
    let ran = world.shell(script);
    assert_eq!(ran.out(), "143\n");
    assert!(!world.path("b.cfs").exists());
    // How much there is to do was counted meanwhile.
    ran.mentions(0, "of 64.00 GiB").mentions(0, " left");
}

#[test]
fn a_store_that_must_seal_fails_early_where_it_cannot() {
    let world = world();
    // Where it can, there is an image instead.
    let ran = world.cfs("mkimage --digest-store store --require-verity root a.cfs");
    if !world.path("a.cfs").exists() {
        ran.mentions(2, "fs-verity");
        assert_eq!(std::fs::read_dir(world.path("store")).unwrap().count(), 0);
    }
    world.cfs("mkimage --require-verity root a.cfs").mentions(2, "--digest-store");
}

#[test]
fn objects_that_are_there_are_looked_at() {
    let world = world();
    world.cfs("mkimage --digest-store store root a.cfs").is_silent_success();
    let object = format!("store/{}", world.cfs("objects a.cfs").out().trim());
    let same_size = [2; 100];
    world.write(&object, same_size);
    world.cfs("mkimage --digest-store store root b.cfs").is_silent_success();
    world.cfs("mkimage --digest-store store --verify root b.cfs").mentions(2, &object);
    world.write(&object, "short");
    world.cfs("mkimage --digest-store store root b.cfs").mentions(2, &object);
}
