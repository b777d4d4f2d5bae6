//! What can be wrong with a store.

use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::content::ContentError;
use crate::tree::FileType;
use crate::verity::Digest;

/// What is wrong, and with which file of the store: the store itself, a directory or an object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {kind}", path.display())]
pub struct StoreError {
    path: PathBuf,
    kind: StoreErrorKind,
}

impl StoreError {
    pub(super) fn new(path: impl Into<PathBuf>, kind: StoreErrorKind) -> Self {
        Self { path: path.into(), kind }
    }

    /// The file: the path that the store was opened by, and what is below it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &StoreErrorKind {
        &self.kind
    }
}

/// What is wrong, in words that follow the name of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// There is no such object.
    #[error("no such object")]
    Missing,
    /// The path has a symlink or `..` in it, or begins with a slash.
    #[error("leads out of the store, or through a symlink")]
    Outside,
    /// It cannot be opened or listed.
    #[error("cannot be opened: {0}")]
    Open(Errno),
    /// Where an object belongs lies something else.
    #[error("expected a regular file, found a {}", name_of(*.0))]
    NotRegular(FileType),
    /// Where a directory belongs lies something else.
    #[error("expected a directory, found something else")]
    NotDirectory,
    /// The object has another size than it must have; both in bytes.
    #[error("expected {expected} bytes, found {found}")]
    WrongSize {
        /// What it must have.
        expected: u64,
        /// What it has.
        found: u64,
    },
    /// The object has another content than it must have.
    #[error("expected the digest {}, found {}", .0.expected, .0.found)]
    WrongDigest(Box<Mismatch>),
    /// The kernel does not measure the digest of what was sealed.
    #[error("is sealed with another digest than {expected}")]
    WrongSeal {
        /// What it must measure.
        expected: Digest,
    },
    /// The content of an object cannot be read.
    #[error("{0}")]
    Content(ContentError),
    /// The content that was to be stored cannot be read, or not be copied.
    #[error("a content to be stored {0}")]
    Source(ContentError),
    /// It cannot be made, written, synced or named.
    #[error("cannot be written: {0}")]
    Write(Errno),
    /// It cannot be removed.
    #[error("cannot be removed: {0}")]
    Remove(Errno),
    /// It cannot be sealed with fs-verity.
    #[error("cannot be sealed with fs-verity: {0}")]
    NoVerity(Errno),
    /// Somebody is writing to the store, or removing objects from it.
    #[error("is in use by another program")]
    Busy,
}

/// Two digests that should be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// What an object must have.
    pub expected: Digest,
    /// What its content has.
    pub found: Digest,
}

const fn name_of(kind: FileType) -> &'static str {
    match kind {
        FileType::Fifo => "FIFO",
        FileType::CharDevice => "character device",
        FileType::Directory => "directory",
        FileType::BlockDevice => "block device",
        FileType::Regular => "regular file",
        FileType::Symlink => "symlink",
        FileType::Socket => "socket",
    }
}
