//! What is wrong with objects, and other programs that are in the way.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

use cfs::live::{ExtractErrorKind, ExtractOptions, Verify, extract};
use cfs::progress::Progress;
use cfs::store::Basedirs;
use cfs::threads::Threads;
use cfs::verity::{Algorithm, digest};

use crate::world::{World, names_in};

#[test]
fn objects_that_cannot_be_used_are_all_told_before_anything_is_written() {
    let world = World::new();
    world.object("ab/dir/f", b"x");
    world.object("ab/long", b"12345");
    fs::write(world.path("secret"), "x").unwrap();
    symlink("long", world.path("objects/ab/link")).unwrap();
    symlink("../ab", world.path("objects/cd")).unwrap();
    let lines = "\
/a 1 100644 1 0 0 0 0.0 ../secret - -
/b 1 100644 1 0 0 0 0.0 ab/dir - -
/c 5 100644 1 0 0 0 0.0 ab/link - -
/d 5 100644 1 0 0 0 0.0 cd/long - -
/e 4 100644 1 0 0 0 0.0 ab/long - -
/f 4 100644 1 0 0 0 0.0 ab/none - -
/g 5 100644 1 0 0 0 0.0 //ab/long - -
";
    let error = world.dump(lines, &ExtractOptions::default()).unwrap_err();
    let ExtractErrorKind::Objects(all) = error.kind() else { panic!("{error:?}") };
    let none = ExtractErrorKind::NoObject;
    let refused = ExtractErrorKind::Refused(rustix::io::Errno::XDEV);
    let size = ExtractErrorKind::WrongSize { expected: 4, found: 5 };
    let kinds: Vec<_> = all.iter().map(|error| error.kind().clone()).collect();
    assert_eq!(kinds, [refused, none.clone(), none.clone(), none.clone(), size, none]);
    world.holds(&["objects", "secret"]);
}

#[test]
fn the_first_directory_with_a_regular_file_is_taken() {
    let world = World::new();
    fs::create_dir_all(world.path("first/ab/f")).unwrap();
    world.object("ab/f", b"second");
    let dirs = [world.path("first"), world.path("objects")];
    let basedirs = Basedirs::open(&dirs).unwrap();
    let file = basedirs.object(b"ab/f").unwrap().unwrap();
    assert_eq!(std::io::read_to_string(file).unwrap(), "second");
    let missing = Basedirs::open([world.path("no")]).unwrap_err();
    assert_eq!(missing, (world.path("no"), rustix::io::Errno::NOENT));
}

#[test]
fn a_wrong_digest_leaves_nothing_unless_it_is_not_looked_at() {
    let world = World::new();
    world.object("ab/f", b"wrong");
    let right = digest(Algorithm::Sha256, b"right");
    let lines = format!("/d 0 40755 1 0 0 0 0.0 - - -\n/d/f 5 100644 1 0 0 0 0.0 ab/f - {right}\n");
    let found = digest(Algorithm::Sha256, b"wrong").to_string();
    let expected = right.to_string();
    assert_eq!(world.refuses(&lines), ExtractErrorKind::WrongDigest { expected, found });
    let options = ExtractOptions { verify: Verify::Sizes, ..ExtractOptions::default() };
    world.dump(&lines, &options).unwrap();
    assert_eq!(fs::read(world.path("made/d/f")).unwrap(), b"wrong");
}

#[test]
fn an_empty_directory_stays_empty_when_something_fails() {
    let world = World::new();
    fs::create_dir(world.path("made")).unwrap();
    world.object("f", b"wrong");
    let lines =
        format!("/d 0 40755 1 0 0 0 0.0 - - -\n/f 5 100644 1 0 0 0 0.0 f - {}\n", "0".repeat(64));
    world.dump(&lines, &ExtractOptions::default()).unwrap_err();
    assert!(names_in(&world.path("made")).is_empty());
}

#[test]
fn a_stop_leaves_nothing() {
    let world = World::new();
    let text = format!("{}/f 0 100644 1 0 0 0 0.0 - - -\n", crate::world::ROOT);
    let tree = cfs::dump::parse(text.as_bytes(), &Default::default()).unwrap().tree;
    let (options, progress) = (ExtractOptions::default(), Progress::default());
    progress.stop();
    let (path, none) = (world.path("made"), Basedirs::default());
    let error = extract(&tree, &path, &options, &none, Threads::ONE, &progress).unwrap_err();
    assert_eq!(*error.kind(), ExtractErrorKind::Stopped);
    world.holds(&["objects"]);
}

#[test]
fn nothing_outside_changes_while_another_program_swaps_directories_for_symlinks() {
    let world = World::new();
    let (outside, made) = (world.path("outside"), world.path("made"));
    fs::create_dir(&outside).unwrap();
    fs::create_dir(&made).unwrap();
    let mut lines = String::new();
    for dir in 0..40 {
        lines.push_str(&format!("/d{dir} 0 40755 1 0 0 0 0.0 - - -\n"));
        for file in 0..20 {
            lines.push_str(&format!("/d{dir}/f{file} 1 100644 1 0 0 0 0.0 - x -\n"));
        }
    }
    let over = AtomicBool::new(false);
    let merge = ExtractOptions { existing: cfs::live::Existing::Merge, ..Default::default() };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                attack(&made, &outside);
            }
        });
        for _ in 0..10 {
            if let Err(error) = world.dump(&lines, &merge) {
                let kind = error.kind();
                let is_known = matches!(
                    kind,
                    ExtractErrorKind::Swapped
                        | ExtractErrorKind::System(..)
                        | ExtractErrorKind::Content(_)
                );
                assert!(is_known, "{kind:?}");
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    assert!(names_in(&outside).is_empty());
}

/// Puts a symlink in the place of every directory there is, also of those that are private.
fn attack(top: &std::path::Path, outside: &std::path::Path) {
    let mut waiting = vec![top.to_owned()];
    while let Some(dir) = waiting.pop() {
        let Ok(entries) = fs::read_dir(&dir) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            if entry.file_name().as_encoded_bytes().starts_with(b".cfs-") {
                waiting.push(path);
                continue;
            }
            let aside = top.join("aside");
            if fs::rename(&path, &aside).is_ok() {
                let _ = symlink(outside, &path);
                let _ = fs::remove_file(&path);
                let _ = fs::remove_dir_all(&aside);
            }
        }
    }
}
