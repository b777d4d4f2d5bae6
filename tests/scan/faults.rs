//! What changes while it is read, and what cannot be read.

use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use cfs::live::{OnChange, Problem, ProblemKind, Scan, ScanError, ScanOptions, scan};
use cfs::progress::Progress;
use cfs::tree::BuildError;
use cfs::verity::{Algorithm, digest};
use rustix::fs::FileType;
use rustix::io::Errno;

use crate::{World, inode, options, threads, try_scan};

/// Bytes of a file that takes long enough to be caught.
const LONG: usize = 96 << 20;

/// Scans while `change` is done to the large file, once it is being read.
fn scan_while(
    world: &World,
    on_change: OnChange,
    change: impl FnOnce() + Send,
) -> Result<Scan, ScanError> {
    let progress = Progress::default();
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while progress.bytes() == 0 && !ended.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
            change();
        });
        let options = options(|it| it.on_change = on_change);
        let found = scan(world.root(), &options, None, threads(1), &progress);
        ended.store(true, Ordering::Relaxed);
        found
    })
}

#[track_caller]
fn is_changed(found: Result<Scan, ScanError>) {
    let Err(ScanError::Unreadable(problems)) = found else { panic!("{found:?}") };
    assert_eq!(problems, [Problem { path: b"/long".to_vec(), kind: ProblemKind::Changed }]);
    assert_eq!(problems[0].to_string(), "/long: changed while it was read");
}

#[test]
fn a_file_that_is_cut_grown_or_written_to_is_found_out() {
    let world = World::with(&[("other", "x")]);
    let path = world.path("long");
    let open = || std::fs::File::options().write(true).open(&path).unwrap();
    let fresh = || world.write("long", vec![1; LONG]);
    fresh();
    is_changed(scan_while(&world, OnChange::Error, || open().set_len(10_000).unwrap()));
    fresh();
    is_changed(scan_while(&world, OnChange::Error, || open().set_len(LONG as u64 + 1).unwrap()));
    fresh();
    is_changed(scan_while(&world, OnChange::Error, || open().write_all(b"new").unwrap()));
    // Read again, it is as it is.
    let found = scan_while(&world, OnChange::Retry, || open().set_len(10_000).unwrap()).unwrap();
    assert_eq!(inode(&found.tree, b"/long").size(), 10_000);
    assert!(found.changed.is_empty());
}

#[test]
fn a_file_that_never_rests_is_taken_with_a_warning_if_asked_for() {
    let world = World::new();
    // The last byte of a log, for ever.
    let end = AtomicBool::new(false);
    let path = world.path("log");
    std::fs::write(&path, vec![5; 3 << 20]).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut log = std::fs::File::options().append(true).open(&path).unwrap();
            while !end.load(Ordering::Relaxed) {
                log.write_all(&[5; 10]).unwrap();
            }
        });
        let of = |on_change| try_scan(world.root(), &options(|it| it.on_change = on_change));
        // The other thread may have slept through one.
        let mut scans = (0..100).map(|_| of(OnChange::Warn).unwrap());
        let warned = scans.find(|found| !found.changed.is_empty());
        end.store(true, Ordering::Relaxed);
        let warned = warned.unwrap();
        assert_eq!(warned.changed[0].path, b"/log");
        let log = inode(&warned.tree, b"/log");
        let size = usize::try_from(log.size()).unwrap();
        assert_eq!(log.digest(), Some(digest(Algorithm::Sha256, &vec![5; size])));
    });
}

#[test]
fn a_file_that_gives_way_to_a_symlink_or_a_fifo_is_neither_followed_nor_waited_for() {
    let outside = World::new();
    let secret = "not to be read, and longer than what stands in a tree itself, which is 64 bytes";
    outside.write("secret", secret);
    let world = World::new();
    world.write("file", [7; 100]);
    let spare = World::new();
    symlink(outside.path("secret"), spare.path("link")).unwrap();
    spare.node("fifo", FileType::Fifo, 0).unwrap();
    spare.write("file", [7; 100]);
    let end = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !end.load(Ordering::Relaxed) {
                for name in ["link", "fifo", "file"] {
                    let next = spare.path("next");
                    let _ = std::fs::hard_link(spare.path(name), &next);
                    std::fs::rename(next, world.path("file")).unwrap();
                }
            }
        });
        let mut replaced = 0;
        for i in 0..2000 {
            let on_change = if i % 2 == 0 { OnChange::Error } else { OnChange::Retry };
            match try_scan(world.root(), &options(|it| it.on_change = on_change)) {
                Ok(found) => {
                    if let Some(node) = found.tree.find(b"/file") {
                        let known = found.tree.facts(node).digest();
                        assert!(known.is_none_or(|it| it == digest(Algorithm::Sha256, &[7; 100])));
                    }
                }
                Err(ScanError::Unreadable(problems)) => {
                    replaced += usize::from(problems[0].kind == ProblemKind::Replaced);
                }
                Err(error) => panic!("{error}"),
            }
        }
        end.store(true, Ordering::Relaxed);
        println!("{replaced} times it was replaced between being listed and being opened");
    });
}

#[test]
fn files_of_proc_that_have_no_size_are_empty_and_those_of_sys_have_changed() {
    let root = Path::new("/sys/kernel/mm/transparent_hugepage");
    if !root.is_dir() {
        crate::support::say_skipped("there is no sysfs here");
        return;
    }
    let Err(ScanError::Unreadable(problems)) = try_scan(root, &ScanOptions::default()) else {
        panic!("files that are shorter than their size")
    };
    assert!(problems.iter().any(|problem| problem.kind == ProblemKind::Changed));
    let found = try_scan(root, &options(|it| it.on_change = OnChange::Warn)).unwrap();
    assert!(!found.changed.is_empty());
}

#[test]
fn the_root_must_be_a_directory() {
    let world = World::with(&[("file", "x")]);
    let of = |path: &Path| try_scan(path, &ScanOptions::default()).unwrap_err();
    assert_eq!(of(&world.path("file")), ScanError::Root(Errno::NOTDIR));
    assert_eq!(of(&world.path("none")), ScanError::Root(Errno::NOENT));
    symlink("file", world.path("link")).unwrap();
    assert_eq!(of(&world.path("link")), ScanError::Root(Errno::NOTDIR));
    // What is a directory in the end will do.
    world.dir("dir");
    symlink("dir", world.path("dir-link")).unwrap();
    assert_eq!(try_scan(&world.path("dir-link"), &ScanOptions::default()).unwrap().tree.len(), 1);
}

#[test]
fn work_that_is_to_stop_stops() {
    let world = World::with(&[("file", "x")]);
    let progress = Progress::default();
    progress.stop();
    let found = scan(world.root(), &ScanOptions::default(), None, threads(2), &progress);
    assert_eq!(found.unwrap_err(), ScanError::Stopped);
}

/// A set of xattrs or a name that no tree can hold comes from no file system that is known; a tree
/// that is refused is told as such.
#[test]
fn errors_have_words() {
    let words = |error: ScanError| error.to_string();
    assert_eq!(words(ScanError::Tree(BuildError::EmptyName)), BuildError::EmptyName.to_string());
    let kinds = [
        (ProblemKind::Open(Errno::ACCESS), "cannot be opened: Permission denied"),
        (ProblemKind::Read(Errno::IO), "cannot be read: Input/output error"),
        (ProblemKind::Xattrs(Errno::IO), "its xattrs cannot be read: Input/output error"),
        (ProblemKind::Replaced, "was replaced by another file while it was read"),
    ];
    for (kind, words) in kinds {
        assert_eq!(kind.to_string(), words);
    }
}

#[test]
fn all_that_cannot_be_read_is_listed() {
    let world = World::with(&[("a/secret", "1"), ("dir/in", "2"), ("z", "3"), ("open", "4")]);
    let chmod = |name: &str, mode| {
        std::fs::set_permissions(world.path(name), PermissionsExt::from_mode(mode)).unwrap();
    };
    ["a/secret", "z"].iter().for_each(|name| chmod(name, 0));
    chmod("dir", 0o300);
    std::fs::set_permissions(world.root(), PermissionsExt::from_mode(0o755)).unwrap();
    let own = env!("CARGO_BIN_EXE_cfs");
    let mut command = Command::new("setpriv");
    if rustix::process::geteuid().is_root() {
        // The program itself may lie where only root can go.
        let program = tempfile::tempdir().unwrap();
        chmod(".", 0o755);
        std::fs::set_permissions(program.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let copy = program.path().join("cfs");
        std::fs::copy(own, &copy).unwrap();
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(copy);
        run_unreadable(command, &world, program);
    } else {
        run_unreadable(Command::new(own), &world, tempfile::tempdir().unwrap());
    }
    chmod("dir", 0o700);
}

fn run_unreadable(mut command: Command, world: &World, _program: tempfile::TempDir) {
    let Ok(ran) = command.args(["dump", "."]).current_dir(world.root()).output() else {
        crate::support::skipped("setpriv is not on PATH");
        return;
    };
    let words = "./a/secret: cannot be opened: Permission denied\n\
                 ./dir: cannot be opened: Permission denied\n\
                 ./z: cannot be opened: Permission denied\n";
    assert_eq!(String::from_utf8_lossy(&ran.stderr), words);
    assert_eq!((ran.status.code(), ran.stdout.len()), (Some(2), 0));
}
