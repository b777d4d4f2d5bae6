//! Why a tree refuses something.

/// Why a tree refuses a name or an inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The name is empty.
    #[error("the name is empty")]
    EmptyName,
    /// The name is longer than 255 bytes.
    #[error("the name is {0} bytes long, more than 255")]
    NameTooLong(usize),
    /// The name is `.` or `..`.
    #[error("the name is \".\" or \"..\"")]
    DotName,
    /// The name holds a slash or a NUL.
    #[error("the name holds a slash or a NUL")]
    BadNameByte,
    /// The directory has that name already.
    #[error("the directory has this name already")]
    Duplicate,
    /// The parent is not a directory, or a hard link.
    #[error("the parent is not a directory")]
    ParentNotDirectory,
    /// The root is not a directory.
    #[error("the root is not a directory")]
    RootNotDirectory,
    /// A hard link leads to a directory.
    #[error("a hard link cannot lead to a directory")]
    LinkToDirectory,
    /// A hard link was never resolved.
    #[error("a hard link has no target")]
    UnresolvedLink,
    /// A digest is neither 32 nor 64 bytes.
    #[error("a digest of {0} bytes is neither SHA-256 nor SHA-512")]
    BadDigest(usize),
    /// A payload or an xattr value is longer than 65,535 bytes, or an xattr key than 255.
    #[error("{0} bytes are more than this value may have")]
    TooLong(usize),
    /// An xattr key is empty, holds a NUL, or comes twice.
    #[error("an xattr key is empty, holds a NUL, or comes twice")]
    BadXattrKey,
    /// A set of xattrs is none of this tree's.
    #[error("the set of xattrs is none of this tree's")]
    UnknownXattrs,
    /// More nodes, inodes or xattrs than a tree can number.
    #[error("the tree has more entries than can be numbered")]
    TooMany,
}
