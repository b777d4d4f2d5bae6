//! A directory to extract in, and a store beside it.

use std::fs;
use std::path::{Path, PathBuf};

use cfs::dump::{self, Options};
use cfs::live::{ExtractError, ExtractErrorKind, ExtractOptions, Extracted, extract};
use cfs::progress::Progress;
use cfs::store::Basedirs;
use cfs::threads::Threads;
use cfs::tree::Tree;

pub(crate) const ROOT: &str = "/ 0 40755 1 0 0 0 5.25 - - -\n";

pub(crate) struct World {
    dir: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("objects")).unwrap();
        Self { dir }
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Adds an object under a name.
    pub(crate) fn object(&self, name: &str, bytes: &[u8]) {
        let path = self.path("objects").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Extracts a tree to `made`.
    pub(crate) fn tree(
        &self,
        tree: &Tree<'_>,
        options: &ExtractOptions,
    ) -> Result<Extracted, ExtractError> {
        let basedirs = Basedirs::open([self.path("objects")]).unwrap();
        let threads = Threads::new(3.try_into().unwrap());
        extract(tree, &self.path("made"), options, &basedirs, threads, &Progress::default())
    }

    /// Extracts what stands below the root in a dump.
    pub(crate) fn dump(
        &self,
        lines: &str,
        options: &ExtractOptions,
    ) -> Result<Extracted, ExtractError> {
        let text = format!("{ROOT}{lines}");
        let tree = dump::parse(text.as_bytes(), &Options::default()).unwrap().tree;
        self.tree(&tree, options)
    }

    /// Extracts, which must lose nothing.
    #[track_caller]
    pub(crate) fn makes(&self, lines: &str) {
        let made = self.dump(lines, &ExtractOptions::default()).unwrap();
        assert_eq!(made.skipped, []);
    }

    /// Extracts, which must fail at a path and leave nothing.
    #[track_caller]
    pub(crate) fn refuses(&self, lines: &str) -> ExtractErrorKind {
        let error = self.dump(lines, &ExtractOptions::default()).unwrap_err();
        self.holds(&["objects"]);
        error.kind().clone()
    }

    /// The names that there are, and no other.
    #[track_caller]
    pub(crate) fn holds(&self, names: &[&str]) {
        assert_eq!(names_in(self.dir.path()), names);
    }
}

pub(crate) fn names_in(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// Whether tests may make devices and give files away; says so if not.
pub(crate) fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        crate::support::skipped("only root can do this");
    }
    is_root
}
