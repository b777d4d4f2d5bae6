//! Why changes cannot be applied.

use crate::diff::printable;
use crate::tree::BuildError;

/// Why changes cannot be applied to a tree, and which change it is about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{kind}", .path.as_ref().map(|path| format!("{}: ", printable(path))).unwrap_or_default())]
pub struct PatchError {
    kind: PatchErrorKind,
    path: Option<Vec<u8>>,
}

/// What is wrong with changes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatchErrorKind {
    /// The document is no JSON.
    #[error("line {line}, column {column}: this is no JSON")]
    Json {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// The document is of another format.
    #[error("expected a document of the format \"cfs-diff/1\", as `cfs diff --json` prints it")]
    Format,
    /// Something was ignored when the trees were compared.
    #[error(
        "the document leaves out what was ignored; compare without --ignore, --only, --path and --semantic"
    )]
    Incomplete,
    /// A part of the document is missing or has another type.
    #[error("expected {0} in the document")]
    Expected(&'static str),
    /// A line of an added entry is no line of a dump.
    #[error("an added entry is no line of a dump")]
    Line,
    /// The path is not in the tree.
    #[error("the old tree has no such path")]
    NoPath,
    /// The path is there already.
    #[error("the path is there already")]
    PathExists,
    /// The directory of the path is not there.
    #[error("the directory it is in is not there")]
    NoParent,
    /// A hard link leads nowhere.
    #[error("the hard link leads to a path that is not there")]
    NoTarget,
    /// The tree is not the one the changes were made from.
    #[error("{0} is not what it was in the old tree: this is not the tree that was compared")]
    NotOld(&'static str),
    /// The result would be no tree.
    #[error("{0}")]
    Build(BuildError),
}

impl PatchError {
    pub(super) const fn new(kind: PatchErrorKind) -> Self {
        Self { kind, path: None }
    }

    pub(super) fn at(kind: PatchErrorKind, path: &[u8]) -> Self {
        Self { kind, path: Some(path.to_vec()) }
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &PatchErrorKind {
        &self.kind
    }

    /// The path of the change it is about.
    #[must_use]
    pub fn path(&self) -> Option<&[u8]> {
        self.path.as_deref()
    }
}
