//! Why an image cannot be served.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::erofs::{ImageError, ViewError};
use crate::store::Mismatch;

/// Why an image cannot be served, and which file that is about.
#[derive(Debug, thiserror::Error)]
#[error("{}: {kind}", path.display())]
pub struct FuseError {
    path: PathBuf,
    kind: FuseErrorKind,
}

impl FuseError {
    pub(super) fn new(path: &Path, kind: FuseErrorKind) -> Self {
        Self { path: path.to_owned(), kind }
    }

    /// The file or directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &FuseErrorKind {
        &self.kind
    }
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FuseErrorKind {
    /// The image cannot be read.
    #[error("the image cannot be read: {0}")]
    Image(Errno),
    /// The image is no regular file.
    #[error("expected a regular file for an image")]
    NotAFile,
    /// The headers of the image are wrong.
    #[error(transparent)]
    Header(ImageError),
    /// The image has another digest than was asked for; the two.
    #[error("expected an image with the digest {}, found one with {}", .0.expected, .0.found)]
    WrongDigest(Box<Mismatch>),
    /// The directory to mount on cannot be opened.
    #[error("cannot be mounted on: {0}")]
    Target(Errno),
    /// The directory to mount on is a FUSE mount whose server is gone.
    #[error(
        "a FUSE mount whose server is gone is still there: end it with \"fusermount3 -u\" or \"umount\""
    )]
    Orphaned,
    /// The device of FUSE cannot be opened.
    #[error("the device cannot be opened: {0}; it takes the kernel module \"fuse\"")]
    Device(Errno),
    /// The kernel refused to mount; what it was asked for, and its error.
    #[error("the kernel refused {0}: {1}")]
    Refused(&'static str, Errno),
    /// There is no privilege to mount, and no helper to do it.
    #[error("{} cannot be started: {errno}; without privileges, it is what mounts", helper.display())]
    NoHelper {
        /// The helper.
        helper: PathBuf,
        /// Why it cannot be started.
        errno: Errno,
    },
    /// The helper refused to mount; its words.
    #[error("fusermount3 refused: {}", .0.display())]
    Helper(OsString),
    /// The kernel could not be talked to.
    #[error("no connection to the kernel: {0}")]
    Connection(#[source] std::io::Error),
    /// The mount cannot be ended.
    #[error("cannot be unmounted: {0}")]
    Unmount(Errno),
}

impl From<ViewError<Errno>> for FuseErrorKind {
    fn from(error: ViewError<Errno>) -> Self {
        match error {
            ViewError::Image(error) => Self::Header(error),
            ViewError::Source(errno) => Self::Image(errno),
        }
    }
}
