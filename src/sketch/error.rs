//! Why no tree can be made of a sketch.

use crate::tree::BuildError;

/// What is wrong with a sketch, and with which path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {kind}", .path.escape_ascii())]
pub struct SketchError {
    path: Vec<u8>,
    kind: SketchErrorKind,
}

impl SketchError {
    pub(super) fn new(path: &[u8], kind: SketchErrorKind) -> Self {
        Self { path: path.to_vec(), kind }
    }

    /// The path it is about.
    #[must_use]
    pub fn path(&self) -> &[u8] {
        &self.path
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> SketchErrorKind {
        self.kind
    }
}

/// What is wrong with a sketch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SketchErrorKind {
    /// The path does not begin with a slash.
    #[error("expected a path that begins with \"/\"")]
    Relative,
    /// The path was named before.
    #[error("this path was named before")]
    Twice,
    /// What is above the path is no directory.
    #[error("what is above it is no directory")]
    NotDirectory,
    /// A hard link leads to what is not there, or is a hard link itself.
    #[error("a hard link to what is no file that was named")]
    NoTarget,
    /// A hard link has no facts of its own.
    #[error("a hard link has no facts of its own: say it of the file it leads to")]
    OfLink,
    /// More than permission bits.
    #[error("expected permissions of at most 07777, found {0:#o}")]
    BadMode(u16),
    /// A device number that Linux cannot hold.
    #[error("expected a device of at most 4095:1048575, found {0}:{1}")]
    BadDevice(u32, u32),
    /// Only a file whose content stands elsewhere has a digest.
    #[error("only an external file has a digest")]
    NotExternal,
    /// The tree refuses it.
    #[error("{0}")]
    Tree(BuildError),
}
