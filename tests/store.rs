//! The object store: what it writes, believes and refuses, and what is left of it when a writer is
//! killed or a file system is full.

#[path = "store/existing.rs"]
mod existing;
#[path = "store/full.rs"]
mod full;
#[path = "store/kills.rs"]
mod kills;
#[path = "store/layout.rs"]
mod layout;
mod support;
#[path = "store/sweeps.rs"]
mod sweeps;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cfs::progress::Progress;
use cfs::store::{Added, Source, Store, StoreError, StoreErrorKind, StoreOptions};
use cfs::threads::Threads;
use cfs::verity::Digest;

const CFS: &str = env!("CARGO_BIN_EXE_cfs");

/// Whether temporary files have names. Both ways must come to the same.
const NAMED: [bool; 2] = [false, true];

fn options(named: bool) -> StoreOptions {
    let mut options = StoreOptions::default();
    options.named_temporaries = named;
    options
}

/// The byte at `i` is `i mod 251`, as in the vectors of the digests.
fn pattern(len: usize) -> Vec<u8> {
    (0..251).cycle().take(len).collect()
}

/// A directory for a store, and a place for it in there.
fn place() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("objects");
    (dir, path)
}

fn add_with(store: &Store, bytes: &[u8]) -> Result<(Digest, Added), StoreError> {
    let mut writer = store.writer();
    let digest = writer.add(Source::Bytes(bytes), Threads::ONE, &Progress::default())?;
    Ok((digest, writer.finish()?))
}

#[track_caller]
fn add(path: &Path, bytes: &[u8]) -> Digest {
    let store = Store::create(path, &StoreOptions::default()).unwrap();
    add_with(&store, bytes).unwrap().0
}

/// Where an object lies.
fn object(path: &Path, digest: &Digest) -> PathBuf {
    path.join(cfs::store::object_path(digest))
}

#[track_caller]
fn refuses<T: std::fmt::Debug>(
    result: Result<T, StoreError>,
    path: impl AsRef<Path>,
    kind: StoreErrorKind,
) {
    let error = result.unwrap_err();
    assert_eq!((error.path(), error.kind()), (path.as_ref(), &kind), "{error}");
}

fn cfs(args: &[&str], paths: &[&Path]) -> Output {
    Command::new(CFS).args(args).args(paths).output().unwrap()
}

/// Nothing in a store is wrong, and nothing in it is unknown.
#[track_caller]
fn verifies(path: &Path) {
    let output = cfs(&["store", "verify"], &[path]);
    let said = [&output.stdout[..], &output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

#[track_caller]
fn is_clean(path: &Path) {
    verifies(path);
    let listing = Store::open(path).unwrap().list().unwrap();
    assert_eq!((listing.temporaries, listing.foreign), (Vec::new(), Vec::new()));
}
