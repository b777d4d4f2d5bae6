//! What lies in an image, byte by byte: one definition for the reader and the writer.
//!
//! All integers are little-endian, which is in their types, and nothing is aligned. What the
//! numbers mean, and which of them are believed, is decided elsewhere.
//!
//! # Source
//! Linux `fs/erofs/erofs_fs.h`; composefs `libcomposefs/lcfs-erofs.h`, `erofs_fs_wrapper.h`.

use xxhash_rust::xxh32::xxh32;
use zerocopy::little_endian::{I64, U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::tree::FileType;

/// Bytes in a block.
pub const BLOCK_SIZE: usize = 4096;
/// [`SuperBlock::blkszbits`] of such blocks.
pub const BLOCK_BITS: u8 = 12;
/// Bytes in a slot; inode numbers count slots from the start of the metadata.
pub const SLOT_SIZE: usize = 32;
/// Where the superblock lies, in bytes from the start of the image.
pub const SUPERBLOCK_OFFSET: usize = 1024;
/// Where the first inode may lie: behind the superblock.
pub const FIRST_INODE_OFFSET: usize = SUPERBLOCK_OFFSET + size_of::<SuperBlock>();

/// [`ComposefsHeader::magic`].
pub const COMPOSEFS_MAGIC: u32 = 0xd078_629a;
/// [`ComposefsHeader::version`].
pub const HEADER_VERSION: u32 = 1;
/// Bit of [`ComposefsHeader::flags`]: some inode has a POSIX ACL.
pub const FLAG_HAS_ACL: u32 = 1;
/// [`SuperBlock::magic`].
pub const EROFS_MAGIC: u32 = 0xe0f5_e1e2;
/// Bit of [`SuperBlock::feature_compat`]: inodes have their mtime, not their ctime.
pub const COMPAT_MTIME: u32 = 2;
/// Bit of [`SuperBlock::feature_compat`]: xattr areas start with a name filter.
pub const COMPAT_XATTR_FILTER: u32 = 4;
/// Bit of [`SuperBlock::feature_incompat`]: there are chunk-based inodes. composefs leaves it
/// clear although there are.
pub const INCOMPAT_CHUNKED_FILE: u32 = 4;
/// A chunk that lies nowhere.
pub const NULL_ADDRESS: u32 = u32::MAX;
/// The longest content that a composefs image holds itself, in bytes.
///
/// Source: `LCFS_MAX_INLINE_CONTENT` in composefs `libcomposefs/lcfs-internal.h`.
pub const MAX_CONTENT: u64 = 5000;
/// The largest file whose content stands elsewhere, in bytes: 1024 chunks of 2^43.
pub const MAX_EXTERNAL: u64 = 1 << 53;
/// The longest symlink target and the longest path of a backing file, in bytes.
pub const MAX_PATH: usize = 4095;

/// The first 32 bytes.
///
/// Source: `struct lcfs_erofs_header_s` in composefs `libcomposefs/lcfs-erofs.h`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ComposefsHeader {
    /// [`COMPOSEFS_MAGIC`].
    pub magic: U32,
    /// [`HEADER_VERSION`].
    pub version: U32,
    /// [`FLAG_HAS_ACL`] or 0.
    pub flags: U32,
    /// Which rules the tree was laid out by: 0, 1 or 2.
    pub composefs_version: U32,
    /// Zero.
    pub unused: [u8; 16],
}
const _: () = assert!(size_of::<ComposefsHeader>() == 32);

/// The superblock, at [`SUPERBLOCK_OFFSET`].
///
/// Source: `struct erofs_super_block` in Linux `fs/erofs/erofs_fs.h`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct SuperBlock {
    /// [`EROFS_MAGIC`].
    pub magic: U32,
    /// Zero: the feature that gives it a meaning is off.
    pub checksum: U32,
    /// [`COMPAT_MTIME`] and [`COMPAT_XATTR_FILTER`].
    pub feature_compat: U32,
    /// [`BLOCK_BITS`].
    pub blkszbits: u8,
    /// Zero: the superblock has no extension.
    pub extslots: u8,
    /// Inode number of the root.
    pub root_nid: U16,
    /// How many inodes there are; a hard link counts once.
    pub inos: U64,
    /// Seconds of the mtime of every compact inode.
    pub build_time: I64,
    /// Nanoseconds of the mtime of every compact inode.
    pub build_time_nsec: U32,
    /// Length of the image, in blocks.
    pub blocks: U32,
    /// Block that inode numbers count from.
    pub meta_blkaddr: U32,
    /// Block that references to shared xattrs count from.
    pub xattr_blkaddr: U32,
    /// Zero.
    pub uuid: [u8; 16],
    /// Zero.
    pub volume_name: [u8; 16],
    /// Zero; readers also take [`INCOMPAT_CHUNKED_FILE`].
    pub feature_incompat: U32,
    /// Zero: no compression, no further devices, no long xattr prefixes, no packed inode.
    pub unused: [u8; 44],
}
const _: () = assert!(size_of::<SuperBlock>() == 128);

/// An inode whose numbers are small and whose mtime is that of the superblock.
///
/// Source: `struct erofs_inode_compact` in Linux `fs/erofs/erofs_fs.h`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct InodeCompact {
    /// [`Form::Compact`] and a [`Layout`], see [`format()`].
    pub format: U16,
    /// 0 without an xattr area, else 1 and the area's length behind its header in units of 4 bytes.
    pub xattr_icount: U16,
    /// File type and permissions.
    pub mode: U16,
    /// Link count.
    pub nlink: U16,
    /// Length of the data, in bytes.
    pub size: U32,
    /// Zero.
    pub reserved: U32,
    /// First data block, device number or chunk format.
    pub u: U32,
    /// Inode number for `stat`.
    pub ino: U32,
    /// Owner.
    pub uid: U16,
    /// Group.
    pub gid: U16,
    /// Zero.
    pub reserved2: U32,
}
const _: () = assert!(size_of::<InodeCompact>() == 32);

/// An inode with room for everything.
///
/// Source: `struct erofs_inode_extended` in Linux `fs/erofs/erofs_fs.h`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct InodeExtended {
    /// [`Form::Extended`] and a [`Layout`], see [`format()`].
    pub format: U16,
    /// As in [`InodeCompact::xattr_icount`].
    pub xattr_icount: U16,
    /// File type and permissions.
    pub mode: U16,
    /// Zero.
    pub reserved: U16,
    /// Length of the data, in bytes.
    pub size: U64,
    /// First data block, device number or chunk format.
    pub u: U32,
    /// Inode number for `stat`.
    pub ino: U32,
    /// Owner.
    pub uid: U32,
    /// Group.
    pub gid: U32,
    /// Seconds of the mtime.
    pub mtime: I64,
    /// Nanoseconds of the mtime.
    pub mtime_nsec: U32,
    /// Link count.
    pub nlink: U32,
    /// Zero.
    pub reserved2: [u8; 16],
}
const _: () = assert!(size_of::<InodeExtended>() == 64);

/// The start of an inode's xattr area. References follow, 4 bytes each, then entries.
///
/// Source: `struct erofs_xattr_ibody_header` in Linux `fs/erofs/erofs_fs.h`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct XattrHeader {
    /// A bit is clear if some xattr of the inode may have it as its [`filter_bit`].
    pub name_filter: U32,
    /// How many references follow.
    pub shared_count: u8,
    /// Zero.
    pub reserved: [u8; 7],
}
const _: () = assert!(size_of::<XattrHeader>() == 12);

/// The start of an xattr, in an inode or in the shared table. The suffix of the name follows, then
/// the value, then zeros up to 4 bytes.
///
/// Source: `struct erofs_xattr_entry` in Linux `fs/erofs/erofs_fs.h`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct XattrEntry {
    /// Bytes in the suffix.
    pub name_len: u8,
    /// Index into [`PREFIXES`].
    pub name_index: u8,
    /// Bytes in the value.
    pub value_size: U16,
}
const _: () = assert!(size_of::<XattrEntry>() == 4);

/// What the lengths of an xattr entry are rounded up to, and what references count, in bytes.
pub const XATTR_ALIGN: usize = 4;

/// One name in a directory block, as it lies on disk.
///
/// Source: `struct erofs_dirent` in Linux `fs/erofs/erofs_fs.h`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Dirent {
    /// Inode the name stands for.
    pub nid: U64,
    /// First byte of the name, from the start of this block.
    pub name_offset: U16,
    /// File type of that inode, see [`dirent_type`].
    pub file_type: u8,
    /// Zero on write, ignored on read.
    pub reserved: u8,
}
const _: () = assert!(size_of::<Dirent>() == 12);

/// How long an inode is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// 32 bytes, [`InodeCompact`].
    Compact,
    /// 64 bytes, [`InodeExtended`].
    Extended,
}

impl Form {
    /// The form that `format` tells.
    #[must_use]
    #[inline]
    pub const fn of(format: u16) -> Self {
        if format & 1 == 0 { Self::Compact } else { Self::Extended }
    }

    /// Bytes in such an inode, without what follows it.
    #[must_use]
    #[inline]
    pub const fn header_size(self) -> usize {
        match self {
            Self::Compact => size_of::<InodeCompact>(),
            Self::Extended => size_of::<InodeExtended>(),
        }
    }
}

/// Where the data of an inode lies; those that composefs uses.
///
/// Source: `EROFS_INODE_*` in Linux `fs/erofs/erofs_fs.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// In blocks.
    FlatPlain,
    /// In blocks but for the end, which follows the xattr area.
    FlatInline,
    /// Nowhere: every chunk has the [`NULL_ADDRESS`].
    ChunkBased,
}

impl Layout {
    /// The layout that `format` tells, if it is one of these.
    #[must_use]
    #[inline]
    pub const fn of(format: u16) -> Option<Self> {
        match format >> 1 {
            0 => Some(Self::FlatPlain),
            2 => Some(Self::FlatInline),
            4 => Some(Self::ChunkBased),
            _ => None,
        }
    }
}

/// The `format` of an inode.
///
/// ```
/// use cfs::erofs::disk::{Form, Layout, format};
/// assert_eq!(format(Form::Extended, Layout::ChunkBased), 9);
/// ```
#[must_use]
pub const fn format(form: Form, layout: Layout) -> u16 {
    let bits = match layout {
        Layout::FlatPlain => 0,
        Layout::FlatInline => 2 << 1,
        Layout::ChunkBased => 4 << 1,
    };
    match form {
        Form::Compact => bits,
        Form::Extended => bits | 1,
    }
}

/// [`Dirent::file_type`] of a file type.
///
/// Source: `EROFS_FT_*` in Linux `fs/erofs/erofs_fs.h`, which are those of `linux/fs_types.h`.
#[must_use]
#[inline]
pub const fn dirent_type(file_type: FileType) -> u8 {
    match file_type {
        FileType::Regular => 1,
        FileType::Directory => 2,
        FileType::CharDevice => 3,
        FileType::BlockDevice => 4,
        FileType::Fifo => 5,
        FileType::Socket => 6,
        FileType::Symlink => 7,
    }
}

/// Prefixes of xattr names, by the index that stands for them in an entry.
///
/// Source: `EROFS_XATTR_INDEX_*` in Linux `fs/erofs/erofs_fs.h`.
pub const PREFIXES: [&[u8]; 7] = [
    b"",
    b"user.",
    b"system.posix_acl_access",
    b"system.posix_acl_default",
    b"trusted.",
    b"lustre.",
    b"security.",
];

/// Index of `trusted.` in [`PREFIXES`].
pub const INDEX_TRUSTED: u8 = 4;
/// Index of `user.` in [`PREFIXES`].
pub const INDEX_USER: u8 = 1;
/// Index of `lustre.` in [`PREFIXES`], which the C writer does not use.
pub const INDEX_LUSTRE: u8 = 5;

/// The prefix that an index stands for.
#[must_use]
#[inline]
pub fn prefix(index: u8) -> Option<&'static [u8]> {
    PREFIXES.get(usize::from(index)).copied()
}

/// Which writer's rules a name is split by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameRule {
    /// The C writer, composefs versions 0 and 1: `lustre.` is no prefix.
    C,
    /// composefs-rs, version 2, and all readers.
    All,
}

/// Splits a full xattr name into the index of its prefix and the rest.
///
/// ```
/// use cfs::erofs::disk::{NameRule, split_name};
/// assert_eq!(split_name(b"user.k", NameRule::C), (1, &b"k"[..]));
/// assert_eq!(split_name(b"lustre.lov", NameRule::C), (0, &b"lustre.lov"[..]));
/// assert_eq!(split_name(b"lustre.lov", NameRule::All), (5, &b"lov"[..]));
/// ```
#[must_use]
pub fn split_name(name: &[u8], rule: NameRule) -> (u8, &[u8]) {
    // No prefix is the start of another one, so at most one row fits.
    for (index, prefix) in (0..).zip(PREFIXES).skip(1) {
        if let Some(suffix) = name.strip_prefix(prefix)
            && (rule == NameRule::All || index != INDEX_LUSTRE)
        {
            return (index, suffix);
        }
    }
    (0, name)
}

/// The bit of [`XattrHeader::name_filter`] that a name clears, from 0 to 31.
///
/// ```
/// use cfs::erofs::disk::filter_bit;
/// assert_eq!(filter_bit(4, b"overlay.opaque"), 20);
/// ```
///
/// # Source
/// `EROFS_XATTR_FILTER_SEED` in Linux `fs/erofs/erofs_fs.h`.
#[must_use]
pub fn filter_bit(index: u8, suffix: &[u8]) -> u32 {
    const SEED: u32 = 0x25bb_e08f;
    xxh32(suffix, SEED.wrapping_add(u32::from(index))) % 32
}

/// Names of xattrs that mean something to overlayfs or to composefs.
pub mod name {
    /// Starts the names that overlayfs takes for its own.
    pub const OVERLAY: &[u8] = b"trusted.overlay.";
    /// Starts the names that overlayfs takes for those of a layer within.
    pub const ESCAPED: &[u8] = b"trusted.overlay.overlay.";
    /// Says that the content stands elsewhere, and its digest.
    pub const METACOPY: &[u8] = b"trusted.overlay.metacopy";
    /// Says where: `/` and the path of the backing file.
    pub const REDIRECT: &[u8] = b"trusted.overlay.redirect";
    /// Hides what lies below a directory.
    pub const OPAQUE: &[u8] = b"trusted.overlay.opaque";
    /// Marks a directory that holds whiteouts; escaped.
    pub const ESCAPED_OPAQUE: &[u8] = b"trusted.overlay.overlay.opaque";
    /// Marks a regular file as a whiteout; escaped.
    pub const ESCAPED_WHITEOUT: &[u8] = b"trusted.overlay.overlay.whiteout";
    /// Marks a directory that holds such files; escaped.
    pub const ESCAPED_WHITEOUTS: &[u8] = b"trusted.overlay.overlay.whiteouts";
    /// [`ESCAPED_OPAQUE`] for an overlay mounted with `userxattr`.
    pub const USER_OPAQUE: &[u8] = b"user.overlay.opaque";
    /// [`ESCAPED_WHITEOUT`] for an overlay mounted with `userxattr`.
    pub const USER_WHITEOUT: &[u8] = b"user.overlay.whiteout";
    /// [`ESCAPED_WHITEOUTS`] for an overlay mounted with `userxattr`.
    pub const USER_WHITEOUTS: &[u8] = b"user.overlay.whiteouts";
    /// Label of SELinux, which the generated entries of the root inherit.
    pub const SELINUX: &[u8] = b"security.selinux";
    /// POSIX ACL of a file.
    pub const ACL_ACCESS: &[u8] = b"system.posix_acl_access";
    /// POSIX ACL that new files in a directory get.
    pub const ACL_DEFAULT: &[u8] = b"system.posix_acl_default";
}

/// The start of a metacopy value. The digest follows; an empty value stands for no digest.
///
/// Source: `struct ovl_metacopy` in Linux `fs/overlayfs/overlayfs.h`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Metacopy {
    /// Zero.
    pub version: u8,
    /// Length of the whole value: 36 or 68 bytes.
    pub len: u8,
    /// Zero.
    pub flags: u8,
    /// fs-verity's number of the hash function: 1 is SHA-256, 2 is SHA-512.
    pub algorithm: u8,
}
const _: () = assert!(size_of::<Metacopy>() == 4);
