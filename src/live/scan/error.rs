//! What can be wrong with a directory that is scanned.

use std::fmt;

use rustix::io::Errno;

use crate::store::StoreError;
use crate::tree::BuildError;

/// Why a directory could not be scanned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// The directory itself cannot be opened.
    #[error("cannot be opened: {0}")]
    Root(Errno),
    /// These could not be read, sorted by path; there is at least one.
    #[error("paths that could not be read: {}", .0.len())]
    Unreadable(Vec<Problem>),
    /// A pattern that is none, and why.
    #[error("{0}")]
    Pattern(String),
    /// Options that exclude each other, or a number out of range.
    #[error("{0}")]
    Options(&'static str),
    /// The store cannot take what was read.
    #[error("{0}")]
    Store(StoreError),
    /// What was found makes no tree.
    #[error("{0}")]
    Tree(BuildError),
    /// The work was asked to stop.
    #[error("stopped")]
    Stopped,
}

/// What is wrong with a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The path from the root of the scan, which is `/`.
    pub path: Vec<u8>,
    /// What is wrong.
    pub kind: ProblemKind,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.escape_ascii(), self.kind)
    }
}

/// What can be wrong with a path, in words that follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// It cannot be opened, listed or looked at.
    #[error("cannot be opened: {}", words(*.0))]
    Open(Errno),
    /// Its content, the names in it or its target cannot be read.
    #[error("cannot be read: {}", words(*.0))]
    Read(Errno),
    /// Its xattrs cannot be read.
    #[error("its xattrs cannot be read: {}", words(*.0))]
    Xattrs(Errno),
    /// It changed while it was read.
    #[error("changed while it was read")]
    Changed,
    /// It gave way to a file of another type.
    #[error("was replaced by another file while it was read")]
    Replaced,
    /// It is the directory of the store that is filled.
    #[error("is the object store itself: exclude it, or keep it elsewhere")]
    IsStore,
}

/// The words of the kernel alone, without the number of the error.
fn words(errno: Errno) -> String {
    let words = std::io::Error::from(errno).to_string();
    match words.split_once(" (os error ") {
        Some((words, _)) => words.to_owned(),
        None => words,
    }
}
