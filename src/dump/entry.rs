//! One line of a dump text, lexed: numbers decoded, strings as they stand in the line.

use crate::tree::{Mode, Mtime};

/// What the parser makes of a line that holds no error.
///
/// Strings are still escaped, and known to unescape. The lone `-` of an unset field is already
/// `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// PATH, escaped.
    pub path: &'a [u8],
    /// What the path stands for.
    pub body: Body<'a>,
}

/// What a path stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// A further name of the inode at another path.
    Link {
        /// Path of the target, escaped.
        target: &'a [u8],
    },
    /// An inode of its own.
    Inode(Fields<'a>),
}

/// The fields behind PATH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields<'a> {
    /// SIZE; the length of the target for a symlink is *not* put in here, SIZE is kept as written.
    pub size: u64,
    /// MODE, its low 16 bits.
    pub mode: Mode,
    /// NLINK.
    pub nlink: u32,
    /// UID.
    pub uid: u32,
    /// GID.
    pub gid: u32,
    /// RDEV.
    pub rdev: u32,
    /// MTIME.
    pub mtime: Mtime,
    /// PAYLOAD, escaped; `None` if unset, missing or empty.
    pub payload: Option<&'a [u8]>,
    /// CONTENT, escaped; `None` if unset or missing or empty.
    pub content: Option<&'a [u8]>,
    /// DIGEST, escaped, of 64 or 128 hex digits once unescaped; `None` if unset, missing or empty.
    pub digest: Option<&'a [u8]>,
    /// The text behind DIGEST and its space: `KEY=VALUE` fields separated by single spaces, without
    /// a space at the end; escaped; empty if there are none.
    pub xattrs: &'a [u8],
}
