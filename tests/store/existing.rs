//! What lies under the name of an object already, and what a store has to say of paths.

use std::fs::{self, File};
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use cfs::content::ContentError;
use cfs::progress::Progress;
use cfs::store::{
    Expected, Mismatch, Source, Store, StoreErrorKind, StoreOptions, Verity, object_path,
};
use cfs::threads::Threads;
use cfs::tree::FileType;
use cfs::verity::{self, Algorithm, Digest};
use rustix::io::Errno;

use super::{NAMED, add, add_with, object, options, place, refuses};

fn hello() -> Digest {
    verity::digest(Algorithm::Sha256, b"hello")
}

/// Adds an object where something else lies; both when it is looked for, and when it is to be named.
#[track_caller]
fn is_refused(make: impl Fn(&std::path::Path), kind: &StoreErrorKind) {
    for named in NAMED {
        let (dir, path) = place();
        let store = Store::create(&path, &options(named)).unwrap();
        let mut late = store.writer();
        late.add(Source::Bytes(b"hello"), Threads::ONE, &Progress::default()).unwrap();
        let object = object(&path, &hello());
        fs::create_dir_all(object.parent().unwrap()).unwrap();
        make(&object);
        refuses(late.finish(), &object, kind.clone());
        refuses(add_with(&store, b"hello"), &object, kind.clone());
        let listing = store.list().unwrap();
        assert_eq!((listing.objects, listing.temporaries), (vec![hello()], vec![]));
        drop(dir);
    }
}

#[test]
fn a_directory_is_refused() {
    let kind = StoreErrorKind::NotRegular(FileType::Directory);
    is_refused(|object| fs::create_dir(object).unwrap(), &kind);
}

#[test]
fn a_symlink_is_refused_even_to_the_right_content() {
    let kind = StoreErrorKind::NotRegular(FileType::Symlink);
    is_refused(
        |object| {
            let target = object.parent().unwrap().join("target");
            fs::write(&target, "hello").unwrap();
            symlink(target, object).unwrap();
        },
        &kind,
    );
}

#[test]
fn a_fifo_and_a_socket_are_refused_and_not_waited_for() {
    let fifo = |object: &std::path::Path| {
        let made = std::process::Command::new("mkfifo").arg(object).status().unwrap();
        assert!(made.success());
    };
    is_refused(fifo, &StoreErrorKind::NotRegular(FileType::Fifo));
    let socket = |object: &std::path::Path| {
        // The path may be longer than the name of a socket can be.
        let short = tempfile::tempdir().unwrap();
        UnixListener::bind(short.path().join("s")).unwrap();
        fs::rename(short.path().join("s"), object).unwrap();
    };
    is_refused(socket, &StoreErrorKind::NotRegular(FileType::Socket));
}

#[test]
fn another_size_is_refused() {
    let kind = StoreErrorKind::WrongSize { expected: 5, found: 4 };
    is_refused(|object| fs::write(object, "hell").unwrap(), &kind);
}

#[test]
fn another_content_is_refused_if_it_is_to_be_read() {
    let (_dir, path) = place();
    let object = object(&path, &add(&path, b"hello"));
    fs::write(&object, "hellO").unwrap();
    let (_, added) = add_with(&Store::open(&path).unwrap(), b"hello").unwrap();
    assert_eq!(added.existing.objects, 1);
    let mut options = StoreOptions::default();
    options.verify_existing = true;
    let found = verity::digest(Algorithm::Sha256, b"hellO");
    let kind = StoreErrorKind::WrongDigest(Box::new(Mismatch { expected: hello(), found }));
    refuses(add_with(&Store::create(&path, &options).unwrap(), b"hello"), &object, kind);
    fs::write(&object, "hello").unwrap();
    assert!(add_with(&Store::create(&path, &options).unwrap(), b"hello").is_ok());
}

#[test]
fn a_symlink_for_a_directory_of_objects_is_refused() {
    let (dir, path) = place();
    fs::create_dir(&path).unwrap();
    fs::create_dir(dir.path().join("elsewhere")).unwrap();
    let two = &object_path(&hello())[..2];
    symlink("../elsewhere", path.join(two)).unwrap();
    let store = Store::create(&path, &StoreOptions::default()).unwrap();
    refuses(add_with(&store, b"hello"), object(&path, &hello()), StoreErrorKind::Outside);
    fs::remove_file(path.join(two)).unwrap();
    let mut late = store.writer();
    late.add(Source::Bytes(b"hello"), Threads::ONE, &Progress::default()).unwrap();
    symlink("../elsewhere", path.join(two)).unwrap();
    refuses(late.finish(), path.join(two), StoreErrorKind::NotDirectory);
    assert_eq!(fs::read_dir(dir.path().join("elsewhere")).unwrap().count(), 0);
}

#[test]
fn a_path_leads_to_a_regular_file_below_the_store_or_nowhere() {
    let (dir, path) = place();
    add(&path, b"hello");
    fs::create_dir_all(path.join("free/form")).unwrap();
    fs::write(path.join("free/form/file"), "content").unwrap();
    fs::write(dir.path().join("secret"), "secret").unwrap();
    symlink("free", path.join("link")).unwrap();
    symlink("file", path.join("free/form/alias")).unwrap();
    let store = Store::open(&path).unwrap();
    let mut text = String::new();
    let found = store.object(b"free/form/file").unwrap();
    File::from(found.file).read_to_string(&mut text).unwrap();
    assert_eq!((found.size, &*text), (7, "content"));
    let absolute = dir.path().join("secret");
    let is = |payload: &str, kind| {
        let mut whole = path.as_os_str().to_owned();
        whole.push(format!("/{payload}"));
        refuses(store.object(payload.as_bytes()), whole, kind);
    };
    is("free/none", StoreErrorKind::Missing);
    is("free/form/file/x", StoreErrorKind::Missing);
    is("../secret", StoreErrorKind::Outside);
    is(absolute.to_str().unwrap(), StoreErrorKind::Outside);
    is("link/form/file", StoreErrorKind::Outside);
    is("free/form/alias", StoreErrorKind::NotRegular(FileType::Symlink));
    is("free/form", StoreErrorKind::NotRegular(FileType::Directory));
    assert!(store.object(b"free/form/../form/file").is_ok());
}

#[test]
fn an_object_is_compared_with_what_it_must_be() {
    let (_dir, path) = place();
    let object = object(&path, &add(&path, b"hello"));
    let name = object_path(&hello());
    let store = Store::open(&path).unwrap();
    let check = |size: Option<u64>, digests: &[Digest]| {
        let expected = Expected { size, digests };
        store.check(name.as_bytes(), &expected, Threads::ONE, &Progress::default())
    };
    let long = verity::digest(Algorithm::Sha512, b"hello");
    assert!(check(Some(5), &[hello(), long]).is_ok());
    refuses(check(Some(6), &[]), &object, StoreErrorKind::WrongSize { expected: 6, found: 5 });
    fs::write(&object, "hellO").unwrap();
    let found = verity::digest(Algorithm::Sha512, b"hellO");
    let kind = StoreErrorKind::WrongDigest(Box::new(Mismatch { expected: long, found }));
    refuses(check(None, &[long]), &object, kind);
}

#[test]
fn an_object_that_gets_shorter_while_it_is_read_is_refused() {
    let (_dir, path) = place();
    let object = object(&path, &add(&path, b"hello"));
    let store = Store::open(&path).unwrap();
    let open = store.object(object_path(&hello()).as_bytes()).unwrap();
    File::options().write(true).open(&object).unwrap().set_len(3).unwrap();
    let expected = Expected { size: None, digests: &[hello()] };
    let error = open.check(&expected, Threads::ONE, &Progress::default()).unwrap_err();
    let short = ContentError::Short { expected: 5, found: 3 };
    assert_eq!(error, StoreErrorKind::Content(short));
}

#[test]
fn a_source_that_is_shorter_or_told_to_stop_is_an_error_and_leaves_nothing() {
    for size in [10, 1_000_000] {
        let (dir, path) = place();
        let source = dir.path().join("source");
        fs::write(&source, "short").unwrap();
        let file = File::open(&source).unwrap();
        let store = Store::create(&path, &StoreOptions::default()).unwrap();
        let mut writer = store.writer();
        let content = Source::File { file: file.as_fd(), size };
        let error = writer.add(content, Threads::ONE, &Progress::default()).unwrap_err();
        let is_short =
            matches!(error.kind(), StoreErrorKind::Source(ContentError::Short { found: 5, .. }));
        assert!(is_short, "{error}");
        let stopped = Progress::default();
        stopped.stop();
        let kind = StoreErrorKind::Source(ContentError::Stopped);
        refuses(writer.add(content, Threads::ONE, &stopped), &path, kind);
        assert!(writer.finish().is_ok());
        assert!(!path.exists() || fs::read_dir(&path).unwrap().count() == 0);
    }
}

#[test]
fn a_place_that_can_hold_no_store_is_named() {
    let (dir, path) = place();
    refuses(Store::open(&path), &path, StoreErrorKind::Open(Errno::NOENT));
    fs::write(&path, "a file").unwrap();
    let below = path.join("below");
    let store = Store::create(&below, &StoreOptions::default()).unwrap();
    refuses(add_with(&store, b"x"), &below, StoreErrorKind::Write(Errno::NOTDIR));
    refuses(Store::open(&path), &path, StoreErrorKind::Open(Errno::NOTDIR));
    drop(dir);
}

#[test]
fn verity_that_is_required_is_tried_before_any_work() {
    let (_dir, path) = place();
    let mut options = StoreOptions::default();
    options.verity = Verity::Required;
    match Store::create(&path, &options) {
        Ok(store) => {
            let (_, added) = add_with(&store, b"hello").unwrap();
            assert_eq!(added.unsealed, 0);
        }
        Err(error) => {
            assert_eq!(error.path(), path);
            let is_it =
                matches!(error.kind(), StoreErrorKind::NoVerity(Errno::OPNOTSUPP | Errno::NOTTY));
            assert!(is_it, "{error}");
            assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
            // Else it is counted.
            let store = Store::create(&path, &StoreOptions::default()).unwrap();
            assert_eq!(add_with(&store, b"hello").unwrap().1.unsealed, 1);
            assert_eq!(add_with(&store, b"hello").unwrap().1.unsealed, 1);
            assert!(store.cannot_seal());
        }
    }
}

#[test]
fn an_object_with_the_seal_of_another_is_told_of() {
    // No file system at hand need be able to seal, so these are only the words.
    let kind = StoreErrorKind::WrongSeal { expected: hello() };
    assert_eq!(kind.to_string(), format!("is sealed with another digest than {}", hello()));
}
