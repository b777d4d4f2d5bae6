//! What a tree holds of a name and of an inode.

use super::store::Span;
use super::xattr::XattrSet;

/// A name's place in a tree; counts nodes in walk order from the root, which is 0.
///
/// It belongs to the tree or the builder that gave it. A builder refuses or overlooks one that it
/// does not have; a tree panics, as a slice does at an index behind its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// The root of every tree.
    pub const ROOT: Self = Self(0);

    /// The node's number in walk order.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The node with a number, which must be one of the tree it is used with, or its end.
    #[inline]
    pub(crate) const fn from_number(number: u32) -> Self {
        Self(number)
    }
}

/// An inode of a tree, shared by all names of a hard link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InodeId(pub(crate) u32);

impl InodeId {
    /// The inode with a number, which must be one of the tree it is used with.
    #[inline]
    pub(crate) const fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// The inode's number, from 0, in no order that means anything.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// The seven kinds of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileType {
    /// FIFO, `0o010000`.
    Fifo,
    /// Character device, `0o020000`.
    CharDevice,
    /// Directory, `0o040000`.
    Directory,
    /// Block device, `0o060000`.
    BlockDevice,
    /// Regular file, `0o100000`.
    Regular,
    /// Symlink, `0o120000`.
    Symlink,
    /// Socket, `0o140000`.
    Socket,
}

impl FileType {
    /// Whether RDEV means something.
    #[must_use]
    pub const fn is_device(self) -> bool {
        matches!(self, Self::CharDevice | Self::BlockDevice)
    }
}

/// File type and permissions: the low 16 bits of MODE, with a type that is one of the seven.
///
/// ```
/// use cfs::tree::{FileType, Mode};
/// assert_eq!(Mode::new(0o100644).map(Mode::file_type), Some(FileType::Regular));
/// assert_eq!(Mode::new(0o644), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mode(u16);

impl Mode {
    /// The bits that hold the type.
    pub const TYPE_MASK: u16 = 0o170_000;

    /// Checks that the type bits are one of the seven.
    #[must_use]
    #[inline]
    pub const fn new(bits: u16) -> Option<Self> {
        match type_of(bits) {
            Some(_) => Some(Self(bits)),
            None => None,
        }
    }

    /// The 16 bits.
    #[must_use]
    #[inline]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The twelve permission bits.
    #[must_use]
    pub const fn permissions(self) -> u16 {
        self.0 & !Self::TYPE_MASK
    }

    /// The file type.
    #[must_use]
    #[inline]
    pub const fn file_type(self) -> FileType {
        match type_of(self.0) {
            Some(kind) => kind,
            // `new` is the only way in.
            None => FileType::Regular,
        }
    }
}

#[inline]
const fn type_of(bits: u16) -> Option<FileType> {
    Some(match bits & Mode::TYPE_MASK {
        0o010_000 => FileType::Fifo,
        0o020_000 => FileType::CharDevice,
        0o040_000 => FileType::Directory,
        0o060_000 => FileType::BlockDevice,
        0o100_000 => FileType::Regular,
        0o120_000 => FileType::Symlink,
        0o140_000 => FileType::Socket,
        _ => return None,
    })
}

/// A point in time as an inode keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mtime {
    /// Seconds since 1970, negative before.
    pub sec: i64,
    /// Nanoseconds; a dump may hold 1,000,000,000 and more, and an image keeps that.
    pub nsec: u32,
}

/// The facts of an inode, as a builder takes them.
///
/// All of them are independent: none is derived from another, and those that mean nothing for the
/// file type are kept too.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'b> {
    /// Type and permissions.
    pub mode: Mode,
    /// SIZE, in bytes.
    pub size: u64,
    /// Link count, as given; it is not compared with the number of names.
    pub nlink: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Device number in the 32-bit Linux encoding.
    pub rdev: u32,
    /// Time of the last modification.
    pub mtime: Mtime,
    /// Target of a symlink, path of the backing file of an external file; at most 65,535 bytes. An
    /// empty one counts as none, and so does an empty content.
    pub payload: Option<&'b [u8]>,
    /// Content that stands in the tree itself.
    pub content: Option<&'b [u8]>,
    /// fs-verity digest of the backing file: 32 bytes are SHA-256, 64 are SHA-512.
    pub digest: Option<&'b [u8]>,
    /// Extended attributes, from [`Builder::xattrs`](super::Builder::xattrs) of the same builder.
    pub xattrs: XattrSet,
}

impl Facts<'_> {
    /// An empty file of a given mode: one link, owner 0:0, all else zero or absent.
    #[must_use]
    pub const fn new(mode: Mode) -> Self {
        Self {
            mode,
            size: 0,
            nlink: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            mtime: Mtime { sec: 0, nsec: 0 },
            payload: None,
            content: None,
            digest: None,
            xattrs: XattrSet::EMPTY,
        }
    }
}

/// An inode as it is stored: 64 bytes, one cache line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) size: u64,
    pub(crate) sec: i64,
    pub(crate) payload: Span,
    pub(crate) digest: Span,
    pub(crate) nsec: u32,
    pub(crate) nlink: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) rdev: u32,
    pub(crate) xattrs: XattrSet,
    /// Index into the tree's contents, from 1; 0 if there is none.
    pub(crate) content: u32,
    pub(crate) mode: Mode,
}
const _: () = assert!(size_of::<Record>() == 64);

impl Record {
    pub(crate) const fn mtime(&self) -> Mtime {
        Mtime { sec: self.sec, nsec: self.nsec }
    }
}

/// A name as it is stored: 16 bytes, in walk order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub(crate) name: Span,
    /// One past the last node below this one; the next sibling, if there is one.
    pub(crate) end: u32,
    /// Number of the inode, kind, and whether the name is a hard link.
    packed: u32,
}

/// Bits of [`Node::packed`] that number the inode.
const INODE_BITS: u32 = 28;
const INODE_MASK: u32 = (1 << INODE_BITS) - 1;
/// Set in [`Node::packed`] of a name that does not carry its inode.
const LINK: u32 = 1 << 31;
const KIND_MASK: u32 = 7 << INODE_BITS;

/// The most nodes, and the most inodes, that a tree can have.
pub(crate) const MAX_NODES: u32 = INODE_MASK - 1024;

/// What a node is, kept beside its name so that a directory can be listed without its inodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file of this type that is no whiteout.
    File(FileType),
    /// A character device 0:0.
    Whiteout,
}

impl Kind {
    pub(crate) const fn of(mode: Mode, rdev: u32) -> Self {
        match mode.file_type() {
            FileType::CharDevice if rdev == 0 => Self::Whiteout,
            kind => Self::File(kind),
        }
    }

    const fn bits(self) -> u32 {
        let number = match self {
            Self::File(FileType::Fifo) => 0,
            Self::File(FileType::CharDevice) => 1,
            Self::File(FileType::Directory) => 2,
            Self::File(FileType::BlockDevice) => 3,
            Self::File(FileType::Regular) => 4,
            Self::File(FileType::Symlink) => 5,
            Self::File(FileType::Socket) => 6,
            Self::Whiteout => 7,
        };
        number << INODE_BITS
    }

    #[inline]
    const fn from_bits(packed: u32) -> Self {
        match (packed & KIND_MASK) >> INODE_BITS {
            0 => Self::File(FileType::Fifo),
            1 => Self::File(FileType::CharDevice),
            2 => Self::File(FileType::Directory),
            3 => Self::File(FileType::BlockDevice),
            4 => Self::File(FileType::Regular),
            5 => Self::File(FileType::Symlink),
            6 => Self::File(FileType::Socket),
            _ => Self::Whiteout,
        }
    }
}

impl Node {
    pub(crate) const fn carrier(name: Span, inode: InodeId, kind: Kind) -> Self {
        Self { name, end: 0, packed: inode.0 | kind.bits() }
    }

    /// A hard link whose inode is not known yet.
    pub(crate) const fn unresolved(name: Span) -> Self {
        Self { name, end: 0, packed: u32::MAX }
    }

    /// A hard link to what `target` stands for.
    pub(crate) const fn linked_to(self, target: Self) -> Self {
        Self { packed: target.packed | LINK, ..self }
    }

    /// Makes the name carry its inode, or be a hard link to it.
    pub(crate) const fn carry(&mut self, carries: bool) {
        self.packed = if carries { self.packed & !LINK } else { self.packed | LINK };
    }

    #[inline]
    pub(crate) const fn is_link(self) -> bool {
        self.packed & LINK != 0
    }

    #[inline]
    pub(crate) const fn is_directory(self) -> bool {
        matches!(self.kind(), Kind::File(FileType::Directory))
    }

    pub(crate) const fn is_unresolved(self) -> bool {
        self.packed == u32::MAX
    }

    #[inline]
    pub(crate) const fn kind(self) -> Kind {
        Kind::from_bits(self.packed)
    }

    #[inline]
    pub(crate) const fn inode(self) -> InodeId {
        InodeId(self.packed & INODE_MASK)
    }
}
