//! Where a tree goes, and what is there before.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use cfs::live::{Existing, ExtractErrorKind, ExtractOptions};

use crate::world::{World, names_in};

const DIR: &str = "/d 0 40755 1 0 0 0 1.0 - - -\n/d/f 3 100644 1 0 0 0 1.0 - new -\n";

fn merge() -> ExtractOptions {
    ExtractOptions { existing: Existing::Merge, ..ExtractOptions::default() }
}

#[test]
fn an_empty_directory_is_filled_and_keeps_its_place() {
    use std::os::unix::fs::MetadataExt;
    let world = World::new();
    fs::create_dir(world.path("made")).unwrap();
    let before = fs::metadata(world.path("made")).unwrap().ino();
    world.makes(DIR);
    let after = fs::metadata(world.path("made")).unwrap();
    assert_eq!((after.ino(), after.mtime(), after.mode()), (before, 5, 0o40755));
    assert_eq!(names_in(&world.path("made")), ["d"]);
    assert_eq!(names_in(&world.path("made/d")), ["f"]);
}

#[test]
fn a_directory_that_is_not_empty_and_what_is_none_are_refused() {
    let world = World::new();
    let kind =
        |world: &World| world.dump(DIR, &ExtractOptions::default()).unwrap_err().kind().clone();
    fs::create_dir_all(world.path("made/old")).unwrap();
    assert_eq!(kind(&world), ExtractErrorKind::NotEmpty);
    assert_eq!(names_in(&world.path("made")), ["old"]);
    fs::remove_dir_all(world.path("made")).unwrap();
    fs::write(world.path("made"), "file").unwrap();
    assert_eq!(kind(&world), ExtractErrorKind::NotDirectory);
    fs::remove_file(world.path("made")).unwrap();
    symlink("nowhere", world.path("made")).unwrap();
    assert_eq!(kind(&world), ExtractErrorKind::NotDirectory);
    world.holds(&["made", "objects"]);
}

#[test]
fn a_merge_replaces_names_and_follows_none() {
    let world = World::new();
    let made = |name: &str| world.path(Path::new("made").join(name));
    fs::create_dir_all(world.path("outside")).unwrap();
    fs::write(world.path("outside/f"), "old").unwrap();
    fs::create_dir_all(made("kept")).unwrap();
    fs::write(made("kept/other"), "other").unwrap();
    fs::write(made("kept/f"), "old").unwrap();
    symlink(world.path("outside"), made("d")).unwrap();
    symlink(world.path("outside/f"), made("file")).unwrap();
    fs::create_dir_all(made("was/dir")).unwrap();
    fs::write(made("was/dir/f"), "old").unwrap();
    let more = "\
/file 1 100644 1 0 0 0 1.0 - x -
/kept 0 40711 1 0 0 0 2.0 - - -
/kept/f 3 100644 1 0 0 0 1.0 - new -
/was 1 100644 1 0 0 0 1.0 - y -
";
    world.dump(&format!("{DIR}{more}"), &merge()).unwrap();
    assert_eq!(names_in(&world.path("outside")), ["f"]);
    assert_eq!(fs::read(world.path("outside/f")).unwrap(), b"old");
    assert_eq!(fs::read(made("d/f")).unwrap(), b"new");
    assert!(!fs::symlink_metadata(made("d")).unwrap().is_symlink());
    assert_eq!(fs::read(made("file")).unwrap(), b"x");
    assert_eq!(names_in(&made("kept")), ["f", "other"]);
    assert_eq!(fs::read(made("kept/f")).unwrap(), b"new");
    use std::os::unix::fs::MetadataExt;
    let kept = fs::metadata(made("kept")).unwrap();
    assert_eq!((kept.mode(), kept.mtime()), (0o40711, 2));
    assert_eq!(fs::read(made("was")).unwrap(), b"y");
    assert_eq!(names_in(&world.path("made")), ["d", "file", "kept", "was"]);
}

#[test]
fn a_directory_above_that_is_not_there_is_an_error() {
    let world = World::new();
    let basedirs = cfs::store::Basedirs::default();
    let tree = cfs::dump::parse(crate::world::ROOT.as_bytes(), &Default::default()).unwrap().tree;
    let (options, progress) = (ExtractOptions::default(), Default::default());
    let (path, one) = (world.path("no/made"), cfs::threads::Threads::ONE);
    let error = cfs::live::extract(&tree, &path, &options, &basedirs, one, &progress).unwrap_err();
    assert!(matches!(error.kind(), ExtractErrorKind::System("make", rustix::io::Errno::NOENT)));
    assert_eq!(error.to_string(), "cannot make: No such file or directory (os error 2)");
}
