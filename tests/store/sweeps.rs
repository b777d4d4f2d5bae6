//! Objects that are removed, and files of writers that were killed.

use std::fs::{self, File};
use std::sync::mpsc;
use std::time::Duration;

use cfs::progress::Progress;
use cfs::store::{Source, Store, StoreErrorKind};
use cfs::threads::Threads;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::{add, add_with, object, place, refuses};

#[test]
fn the_file_of_a_killed_writer_is_removed_by_the_next_and_one_that_is_locked_is_not() {
    let (_dir, path) = place();
    add(&path, b"x");
    let (stale, locked) = (path.join(".cfs-object-1"), path.join(".cfs-object-2"));
    let (other, folder) = (path.join(".cfs-other"), path.join(".cfs-object-3"));
    for file in [&stale, &locked, &other] {
        fs::write(file, "left").unwrap();
    }
    fs::create_dir(&folder).unwrap();
    let holder = File::open(&locked).unwrap();
    flock(&holder, FlockOperation::LockShared).unwrap();
    let listing = Store::open(&path).unwrap().list().unwrap();
    assert_eq!(listing.temporaries, [&b".cfs-object-1"[..], b".cfs-object-2"]);
    assert_eq!(listing.foreign, [&b".cfs-object-3/"[..], b".cfs-other"]);
    add(&path, b"y");
    let exist = [&stale, &locked, &other, &folder].map(|file| file.exists());
    assert_eq!(exist, [false, true, true, true]);
    drop(holder);
    add(&path, b"y");
    assert!(!locked.exists());
}

#[test]
fn nothing_is_removed_while_somebody_adds_and_nothing_is_added_meanwhile() {
    let (_dir, path) = place();
    let digest = add(&path, b"x");
    let store = Store::open(&path).unwrap();
    let mut writer = store.writer();
    writer.add(Source::Bytes(b"y"), Threads::ONE, &Progress::default()).unwrap();
    refuses(store.sweep(), &path, StoreErrorKind::Busy);
    writer.finish().unwrap();
    let sweep = store.sweep().unwrap();
    refuses(store.sweep(), &path, StoreErrorKind::Busy);
    let (done, is_done) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            add(&path, b"z");
            done.send(()).unwrap();
        });
        assert!(is_done.recv_timeout(Duration::from_millis(100)).is_err());
        sweep.remove(&digest).unwrap();
        sweep.finish().unwrap();
        is_done.recv().unwrap();
    });
    assert!(!object(&path, &digest).exists());
    assert_eq!(store.list().unwrap().objects.len(), 2);
}

#[test]
fn what_is_gone_is_removed_and_a_directory_is_not() {
    let (_dir, path) = place();
    let digest = add(&path, b"x");
    let store = Store::open(&path).unwrap();
    let sweep = store.sweep().unwrap();
    sweep.remove(&digest).unwrap();
    sweep.remove(&digest).unwrap();
    let object = object(&path, &digest);
    fs::create_dir(&object).unwrap();
    refuses(sweep.remove(&digest), &object, StoreErrorKind::Remove(Errno::ISDIR));
    fs::remove_dir_all(object.parent().unwrap()).unwrap();
    sweep.remove(&digest).unwrap();
    std::os::unix::fs::symlink(".", object.parent().unwrap()).unwrap();
    refuses(sweep.remove(&digest), &object, StoreErrorKind::NotDirectory);
}

#[test]
fn an_opened_store_can_be_written_to() {
    let (_dir, path) = place();
    fs::create_dir(&path).unwrap();
    let store = Store::open(&path).unwrap();
    assert!(add_with(&store, b"x").is_ok());
}
