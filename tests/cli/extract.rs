//! `cfs extract`: messages, exit statuses, and what a plain user gets.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

use crate::world::{CFS, Ran, World};

const TREE: &str = "\
/ 0 40755 1 0 0 0 1.0 - - -
/d 0 40555 1 0 0 0 2.0 - - -
/d/f 2 100644 1 0 0 0 3.0 - hi -
";

#[test]
fn a_tree_appears_and_nothing_is_said() {
    let world = World::with(&[("t", TREE)]);
    world.image("i", TREE);
    for source in ["t", "i"] {
        let ran = world.cfs(&format!("extract -q {source} made-{source}"));
        ran.is_silent_success();
        assert_eq!(world.read(&format!("made-{source}/d/f")), b"hi");
    }
}

#[test]
fn missing_objects_are_all_named() {
    let text = format!(
        "{}/a 3 100644 1 0 0 0 0.0 ab/a - -\n/b 3 100644 1 0 0 0 0.0 ../b - -\n",
        TREE.lines().next().unwrap().to_owned() + "\n"
    );
    let world = World::with(&[("t", &text), ("b", "abc")]);
    std::fs::create_dir(world.path("objects")).unwrap();
    let said = "\
t: /a: its object is missing (ab/a)
t: /b: its object cannot be opened: Invalid cross-device link (../b)
t: 2 files cannot be made, nothing was written
hint: name the directories of objects with --basedir
";
    let ran = world.cfs("extract --basedir=objects t made");
    ran.exits(2);
    assert!(ran.err().ends_with(said), "{}", ran.err());
    assert_eq!(world.names(), ["b", "objects", "t"]);
}

#[test]
fn a_directory_that_is_not_empty_wants_merge() {
    let world = World::with(&[("t", TREE)]);
    std::fs::create_dir_all(world.path("made/old")).unwrap();
    world.cfs("extract -q t made").says(
        2,
        "cfs: cannot extract to made: the directory is not empty\nhint: --merge replaces what is there\n",
    );
    world.cfs("extract -q --merge t made").is_silent_success();
    assert_eq!(world.read("made/d/f"), b"hi");
}

#[test]
fn a_pattern_that_is_none_is_a_usage_error() {
    let world = World::with(&[("t", TREE)]);
    world.cfs("extract --only=[a t made").mentions(2, "--only: ");
}

#[test]
fn a_pattern_that_matches_nothing_is_named_and_nothing_is_made() {
    let world = World::with(&[("t", TREE)]);
    let said = "t: nothing matches --only=/d/g, nothing was written\n";
    world.cfs("extract -q --only=d/f --only=/d/g t made").says(1, said);
    assert_eq!(world.names(), ["t"]);
    world.cfs("extract -q --only=/d/ t made").is_silent_success();
    assert_eq!(world.read("made/d/f"), b"hi");
}

#[test]
fn a_signal_removes_what_was_made() {
    let world = World::new();
    std::fs::create_dir_all(world.path("objects/ab")).unwrap();
    std::fs::File::create(world.path("objects/ab/big")).unwrap().set_len(64 << 30).unwrap();
    let digest = "0".repeat(64);
    let big = format!("/big {} 100644 1 0 0 0 0.0 ab/big - {digest}\n", 64u64 << 30);
    world.write("t", format!("{TREE}{big}"));
    for signal in [("INT", 130), ("TERM", 143)] {
        let script = format!(
            "$cfs extract --progress=always --basedir objects t made & pid=$!; sleep 0.5
             kill -{} $pid; wait $pid; echo $?",
            signal.0
        );
        let ran = world.shell(&script);
        assert_eq!(ran.out(), format!("{}\n", signal.1), "{}", ran.err());
        ran.mentions(0, "of 64.00 GiB");
        assert_eq!(world.names(), ["objects", "t"]);
    }
}

#[test]
fn a_full_file_system_leaves_nothing() {
    let world = World::with(&[("t", TREE)]);
    if std::fs::metadata(world.path("t")).unwrap().uid() != 0
        || crate::support::installed("unshare").is_none()
    {
        return crate::support::skipped("only root can mount a small file system");
    }
    let content = "x".repeat(5000);
    let files = (0..1000).map(|i| format!("/f{i} 5000 100644 1 0 0 0 0.0 - {content} -\n"));
    world.write("big", TREE.to_owned() + &files.collect::<String>());
    std::fs::create_dir(world.path("small")).unwrap();
    let inside = "mount -t tmpfs -o size=1m small small; $cfs extract -q big small/made; echo $?; ls -A small";
    let ran = world.shell(&format!("unshare -m sh -c '{inside}'"));
    assert_eq!(ran.out(), "2\n", "{}", ran.err());
    ran.mentions(0, "No space left on device");
}

/// Runs the program as a user without privileges, in a directory of its own.
fn as_nobody(world: &World, args: &str) -> Ran {
    let program = world.path("cfs");
    crate::support::copy_program(CFS.as_ref(), &program);
    std::fs::set_permissions(world.path(""), PermissionsExt::from_mode(0o777)).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
    command.args(args.split_whitespace()).current_dir(world.path(""));
    Ran::of(command)
}

#[test]
fn a_plain_user_owns_all_and_is_told_so() {
    let world = World::with(&[("t", TREE)]);
    if std::fs::metadata(world.path("t")).unwrap().uid() != 0 {
        assert!(
            std::env::var_os("CFS_FORBID_SKIPS").is_none(),
            "only root can become another user"
        );
        return eprintln!("skipped: only root can become another user");
    }
    let note = "cfs: owners were not restored, which only root can do\n";
    let ran = as_nobody(&world, "extract t made");
    ran.exits(0);
    assert!(ran.err().ends_with(note), "{}", ran.err());
    let made = std::fs::metadata(world.path("made/d")).unwrap();
    assert_eq!((made.uid(), made.mode(), made.mtime()), (65534, 0o40555, 2));
    // A directory that may not be written to is moved all the same.
    std::fs::create_dir(world.path("empty")).unwrap();
    std::os::unix::fs::chown(world.path("empty"), Some(65534), Some(65534)).unwrap();
    as_nobody(&world, "extract -q t empty").exits(0);
    assert_eq!(std::fs::metadata(world.path("empty/d")).unwrap().mode(), 0o40555);
    let odd = "/dev 0 20666 1 0 0 259 0.0 - - -\n/link 0 @20666 1 0 0 0 0.0 /dev - -\n\
               /suid 0 104755 1 0 0 0 0.0 - - - trusted.a=b\n/white 0 20000 1 0 0 0 0.0 - - -\n";
    world.write("u", format!("{TREE}{odd}"));
    let ran = as_nobody(&world, "extract -v u odd");
    ran.exits(1);
    for said in [
        "u: /dev: skipped the node itself: Operation not permitted\n",
        "u: /link: skipped a hard link\n",
        "u: /suid: skipped an xattr: trusted.a: Operation not permitted\n",
        "u: /suid: skipped the set-user-ID or set-group-ID bit\n",
    ] {
        assert!(ran.err().contains(said), "expected {said:?} in:\n{}", ran.err());
    }
    assert_eq!(std::fs::metadata(world.path("odd/suid")).unwrap().mode(), 0o100755);
    assert!(std::fs::symlink_metadata(world.path("odd/white")).is_ok());
    assert!(world.names().iter().all(|name| !name.starts_with(".cfs-")));
}
