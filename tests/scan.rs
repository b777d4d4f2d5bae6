//! Directories as trees: every type of file, every option, what changes meanwhile, and the reference.

#[path = "scan/faults.rs"]
mod faults;
#[path = "scan/options.rs"]
mod options;
#[path = "scan/reference.rs"]
mod reference;
mod support;
#[path = "scan/types.rs"]
mod types;

use std::ffi::OsStr;
use std::num::NonZero;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use cfs::canon::canonicalise;
use cfs::live::{Scan, ScanError, ScanOptions, scan};
use cfs::progress::Progress;
use cfs::threads::Threads;
use cfs::tree::{Inode, Tree};
use rustix::fs::{CWD, FileType, Mode, XattrFlags, lsetxattr, mknodat};

/// A directory that is scanned.
struct World(tempfile::TempDir);

impl World {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn with(files: &[(&str, &str)]) -> Self {
        let world = Self::new();
        files.iter().for_each(|(name, text)| world.write(name, text));
        world
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn dir(&self, name: &str) {
        std::fs::create_dir_all(self.path(name)).unwrap();
    }

    fn node(&self, name: &str, file_type: FileType, device: u64) -> rustix::io::Result<()> {
        let mode = Mode::from_raw_mode(0o644);
        mknodat(CWD, self.path(name), file_type, mode, device)
    }

    fn xattr(&self, name: &str, key: &str, value: &[u8]) -> rustix::io::Result<()> {
        lsetxattr(self.path(name), key, value, XattrFlags::empty())
    }

    #[track_caller]
    fn scan(&self, options: &ScanOptions) -> Scan {
        try_scan(self.root(), options).unwrap()
    }

    #[track_caller]
    fn tree(&self) -> Tree<'static> {
        self.scan(&ScanOptions::default()).tree
    }

    /// The paths that were found, without the root.
    #[track_caller]
    fn paths(&self, options: &ScanOptions) -> Vec<String> {
        let tree = self.scan(options).tree;
        let paths = tree.nodes().skip(1).map(|node| tree.path(node));
        paths.map(|path| String::from_utf8(path).unwrap()).collect()
    }
}

fn threads(count: usize) -> Threads {
    Threads::new(NonZero::new(count).unwrap())
}

fn try_scan(root: &Path, options: &ScanOptions) -> Result<Scan, ScanError> {
    scan(root, options, None, threads(2), &Progress::default())
}

/// The inode at a path.
#[track_caller]
fn inode<'t>(tree: &'t Tree<'_>, path: &[u8]) -> Inode<'t, 't> {
    let node = tree.find(path);
    tree.facts(node.unwrap_or_else(|| panic!("no {}", path.escape_ascii())))
}

/// The canonical dump of a tree.
fn dump(mut tree: Tree<'_>) -> String {
    canonicalise(&mut tree);
    String::from_utf8(cfs::dump::print(&tree)).unwrap()
}

fn options(change: impl FnOnce(&mut ScanOptions)) -> ScanOptions {
    let mut options = ScanOptions::default();
    change(&mut options);
    options
}

fn name(bytes: &[u8]) -> &OsStr {
    OsStr::from_bytes(bytes)
}

/// Whether the tests may do what only root can; else says what is skipped.
fn is_root(what: &str) -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        support::skipped(&format!("{what} takes root"));
    }
    is_root
}
