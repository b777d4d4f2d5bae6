//! Why a tree cannot be written as an image.

use crate::tree::NodeId;

/// Why a tree cannot be written as an image, and at which node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct WriteError {
    node: NodeId,
    kind: WriteErrorKind,
}

/// What no image can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteErrorKind {
    /// The target of a symlink is absent, empty or too long; its length in bytes.
    #[error("expected a symlink target of 1 to 4095 bytes, found {0}")]
    BadSymlink(usize),
    /// The content of a file is too long; in bytes.
    #[error("expected a content of at most 5000 bytes, found {0}")]
    ContentTooLong(usize),
    /// The path of a backing file is too long; in bytes.
    #[error("expected a payload of at most 4095 bytes, found {0}")]
    PayloadTooLong(usize),
    /// An external file is too big; in bytes.
    #[error("expected a size of at most 2^53 bytes, found {0}")]
    SizeTooBig(u64),
    /// The xattrs of an inode are too large; bytes they would take.
    #[error("expected at most 262148 bytes of xattrs, found {0}")]
    XattrsTooLarge(usize),
    /// A regular file has the xattr `trusted.overlay.whiteout`, which would make it a whiteout.
    #[error(
        "expected no xattr trusted.overlay.whiteout on a regular file, which it would turn into a whiteout"
    )]
    ReservedXattr,
    /// The image is too large for its 32-bit block and inode numbers.
    #[error("the image is too large for its 32-bit numbers")]
    ImageTooLarge,
}

impl WriteError {
    pub(super) const fn new(node: NodeId, kind: WriteErrorKind) -> Self {
        Self { node, kind }
    }

    /// The node at fault; the root if it is the image as a whole.
    #[must_use]
    pub const fn node(&self) -> NodeId {
        self.node
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> WriteErrorKind {
        self.kind
    }
}
