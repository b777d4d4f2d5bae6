//! What is written: names, contents, modes and counts.

use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use cfs::progress::Progress;
use cfs::store::{Count, Source, Store, StoreOptions, object_digest, object_path};
use cfs::threads::Threads;
use cfs::verity::{self, Algorithm, Digest};

use super::{NAMED, add, add_with, is_clean, object, options, pattern, place, support};

/// Lengths around what is handled differently: nothing, one block, read whole or copied, synced with
/// others or alone.
const LENGTHS: [usize; 9] = [0, 1, 4096, 4097, 262_144, 262_145, 3_000_000, 8 << 20, (8 << 20) + 1];

fn add_file(store: &Store, source: &Path, len: usize) -> Digest {
    let file = File::open(source).unwrap();
    let mut writer = store.writer();
    let source = Source::File { file: file.as_fd(), size: len as u64 };
    let digest = writer.add(source, Threads::available(), &Progress::default()).unwrap();
    assert_eq!(writer.finish().unwrap().new, Count { objects: 1, bytes: len as u64 });
    digest
}

#[test]
fn bytes_and_files_become_objects_with_their_digests_as_names() {
    for named in NAMED {
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let (dir, path) = place();
            let mut options = options(named);
            options.algorithm = algorithm;
            let store = Store::create(&path, &options).unwrap();
            for (i, len) in LENGTHS.into_iter().enumerate() {
                let mut bytes = pattern(len);
                let by_bytes = add_with(&store, &bytes).unwrap().0;
                // Another content of the same length.
                bytes.reverse();
                bytes.push(u8::try_from(i).unwrap());
                let source = dir.path().join("source");
                fs::write(&source, [&bytes[..], b"more"].concat()).unwrap();
                let by_file = add_file(&store, &source, bytes.len());
                for (digest, bytes) in [(by_bytes, pattern(len)), (by_file, bytes)] {
                    assert_eq!(digest, verity::digest(algorithm, &bytes));
                    let object = object(&path, &digest);
                    assert_eq!(fs::metadata(&object).unwrap().permissions().mode(), 0o100_644);
                    assert!(fs::read(&object).unwrap() == bytes, "{len}");
                }
            }
            is_clean(&path);
        }
    }
}

#[test]
fn names_are_those_of_the_vectors() {
    let (_dir, path) = place();
    for (len, name) in [
        (0, "3d/248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95"),
        (1, "b8/03429503d95915829b29fdbc8bbad142f3abfd11b1cadf5526582e685c0551"),
        (67_108_865, "ac/ba6554fbff4e8b2fc0361086b9e8ed6afbbd3196ade159c0f3e2bf9ecb2ed1"),
    ] {
        assert_eq!(object_path(&add(&path, &pattern(len))), name);
    }
}

#[test]
fn names_are_what_fsverity_prints() {
    let Some(fsverity) = support::installed("fsverity") else { return };
    let (_dir, path) = place();
    for len in [1, 5000, 600_000] {
        let digest = add(&path, &pattern(len));
        let output = Command::new(&fsverity)
            .args(["digest", "--compact"])
            .arg(object(&path, &digest))
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), digest.to_string());
    }
}

#[test]
fn only_paths_of_objects_have_a_digest() {
    let digest = verity::digest(Algorithm::Sha256, b"x");
    let path = object_path(&digest);
    assert_eq!(object_digest(path.as_bytes()), Some(digest));
    for odd in ["", "/", "ab", "ab/", "ab/cd", &path.to_uppercase(), &format!("{path}0")] {
        assert_eq!(object_digest(odd.as_bytes()), None, "{odd}");
    }
    assert_eq!(object_digest(path.replace('/', "").as_bytes()), None);
    assert_eq!(object_digest(path.replacen(path.get(..1).unwrap(), "é", 1).as_bytes()), None);
}

#[test]
fn what_is_there_is_counted_and_not_written_again() {
    for named in NAMED {
        let (_dir, path) = place();
        let store = Store::create(&path, &options(named)).unwrap();
        let (digest, added) = add_with(&store, b"hello").unwrap();
        assert_eq!((added.new.objects, added.existing.objects), (1, 0));
        let modified = fs::metadata(object(&path, &digest)).unwrap().modified().unwrap();
        let mut writer = store.writer();
        for bytes in [&b"hello"[..], b"new", b"new"] {
            writer.add(Source::Bytes(bytes), Threads::ONE, &Progress::default()).unwrap();
        }
        let added = writer.finish().unwrap();
        assert_eq!(added.new, Count { objects: 1, bytes: 3 });
        assert_eq!(added.existing, Count { objects: 2, bytes: 8 });
        assert_eq!(fs::metadata(object(&path, &digest)).unwrap().modified().unwrap(), modified);
        is_clean(&path);
    }
}

#[test]
fn a_large_file_that_is_there_leaves_no_copy() {
    for named in NAMED {
        let (dir, path) = place();
        let store = Store::create(&path, &options(named)).unwrap();
        let source = dir.path().join("source");
        fs::write(&source, pattern(1_000_000)).unwrap();
        add_file(&store, &source, 1_000_000);
        let file = File::open(&source).unwrap();
        let mut writer = store.writer();
        for _ in 0..2 {
            let source = Source::File { file: file.as_fd(), size: 1_000_000 };
            writer.add(source, Threads::ONE, &Progress::default()).unwrap();
        }
        assert_eq!(writer.finish().unwrap().existing.objects, 2);
        is_clean(&path);
    }
}

#[test]
fn a_store_is_made_when_the_first_object_is_added() {
    let (_dir, path) = place();
    let path = path.join("a/b");
    let store = Store::create(&path, &StoreOptions::default()).unwrap();
    assert!(store.writer().finish().is_ok());
    assert!(!path.exists());
    add_with(&store, b"x").unwrap();
    assert!(path.exists());
}

#[test]
fn a_directory_that_exists_keeps_its_mode() {
    let (_dir, path) = place();
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    add(&path, b"x");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode(), 0o40_700);
}

#[test]
fn a_writer_that_is_dropped_leaves_nothing() {
    for named in NAMED {
        let (_dir, path) = place();
        let store = Store::create(&path, &options(named)).unwrap();
        let mut writer = store.writer();
        writer.add(Source::Bytes(b"x"), Threads::ONE, &Progress::default()).unwrap();
        drop(writer);
        assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
    }
}

#[test]
fn many_objects_are_named_while_more_are_added() {
    let (_dir, path) = place();
    let store = Store::create(&path, &StoreOptions::default()).unwrap();
    let mut writer = store.writer();
    for number in 0..300_u32 {
        let bytes = number.to_le_bytes();
        writer.add(Source::Bytes(&bytes), Threads::ONE, &Progress::default()).unwrap();
    }
    assert_eq!(store.list().unwrap().objects.len(), 256);
    assert_eq!(writer.finish().unwrap().new.objects, 300);
    is_clean(&path);
}
