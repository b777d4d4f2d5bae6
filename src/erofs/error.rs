//! Why an image was refused, and where.

use std::fmt;

use crate::tree::BuildError;

/// Why an image was refused, and where.
///
/// ```
/// let err = cfs::erofs::read(&[0; 4096]).unwrap_err();
/// assert_eq!(
///     err.to_string(),
///     "offset 0x0: composefs header: expected the magic 0xd078629a, found 0x0",
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("offset {offset:#x}: {structure}: {kind}")]
pub struct ImageError {
    offset: u64,
    structure: Structure,
    kind: ImageErrorKind,
}

impl ImageError {
    pub(super) const fn new(offset: u64, structure: Structure, kind: ImageErrorKind) -> Self {
        Self { offset, structure, kind }
    }

    /// Where the structure starts, in bytes from the start of the image.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// What cannot be read.
    #[must_use]
    pub const fn structure(&self) -> Structure {
        self.structure
    }

    /// What is wrong with it.
    #[must_use]
    pub const fn kind(&self) -> ImageErrorKind {
        self.kind
    }

    /// Whether another reader may well accept the image. If not, the image is corrupt, and nobody
    /// should accept it.
    #[must_use]
    pub const fn is_unsupported(&self) -> bool {
        use ImageErrorKind as Kind;
        matches!(
            self.kind,
            Kind::HeaderVersion(_)
                | Kind::ComposefsVersion(_)
                | Kind::BlockSize(_)
                | Kind::Features(_)
                | Kind::Extension
                | Kind::Layout(_)
                | Kind::ContentTooLong(_)
                | Kind::SizeTooBig(_)
                | Kind::XattrsTooLarge(_)
                | Kind::PrefixIndex(_)
                | Kind::Tree(BuildError::TooMany)
        )
    }
}

/// A part of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Structure {
    /// The image as a whole.
    Image,
    /// The first 32 bytes.
    ComposefsHeader,
    /// The superblock of EROFS.
    SuperBlock,
    /// The header of an inode.
    Inode,
    /// What follows the header of an inode that has xattrs.
    XattrArea,
    /// An xattr, in an inode or shared.
    Xattr,
    /// A piece of a directory, of 4096 bytes or less.
    DirectoryBlock,
    /// A name in a directory.
    Dirent,
}

impl fmt::Display for Structure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image => "image",
            Self::ComposefsHeader => "composefs header",
            Self::SuperBlock => "superblock",
            Self::Inode => "inode",
            Self::XattrArea => "xattr area",
            Self::Xattr => "xattr",
            Self::DirectoryBlock => "directory block",
            Self::Dirent => "dirent",
        })
    }
}

/// What is wrong with an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageErrorKind {
    /// The image is shorter than a block; its length in bytes.
    #[error("an image of {0} bytes is shorter than a block")]
    TooShort(usize),
    /// The magic number is another one.
    #[error("expected the magic {expected:#x}, found {found:#x}")]
    Magic {
        /// What should stand there.
        expected: u32,
        /// What stands there.
        found: u32,
    },
    /// The version of the composefs header is not 1.
    #[error("expected header version 1, found {0}")]
    HeaderVersion(u32),
    /// The composefs version is not 0, 1 or 2.
    #[error("expected composefs version 0, 1 or 2, found {0}")]
    ComposefsVersion(u32),
    /// The block size is not 4096 bytes; its base-2 logarithm.
    #[error("expected blocks of 2^12 bytes, found 2^{0}")]
    BlockSize(u8),
    /// The image needs features of EROFS that composefs does not use; their bits.
    #[error("unknown incompatible features {0:#x}")]
    Features(u32),
    /// The superblock has a part that composefs leaves zero, such as compression or long prefixes.
    #[error("the superblock uses a part of EROFS that composefs leaves zero")]
    Extension,
    /// The image is shorter than the superblock says; the length told, in blocks.
    #[error("the image is shorter than the {0} blocks told")]
    Truncated(u32),
    /// Inodes or shared xattrs are said to start behind the image.
    #[error("a block address lies outside the image")]
    AddressOutside,
    /// The structure does not lie inside the image.
    #[error("does not lie inside the image")]
    Outside,
    /// The data of the inode does not lie inside the image.
    #[error("the data does not lie inside the image")]
    DataOutside,
    /// The inode of a name, or the root, does not lie where inodes can; its number.
    #[error("inode {0} does not lie inside the image")]
    NoInode(u64),
    /// A shared xattr that an inode refers to does not lie inside the image; the reference.
    #[error("shared xattr {0} does not lie inside the image")]
    NoXattr(u32),
    /// The structure takes bytes that belong to another one.
    #[error("shares bytes with another structure")]
    Overlap,
    /// The file type is none of the seven; the mode.
    #[error("mode {0:o} has an unknown file type")]
    FileType(u16),
    /// The data is compressed, or lies in a way that EROFS has not defined; the format.
    #[error("format {0:#x} has an unsupported data layout")]
    Layout(u16),
    /// A directory or a symlink has chunks for data, which have no place in the image.
    #[error("a directory or a symlink without data of its own")]
    Chunked,
    /// A regular file holds more bytes than composefs allows; its SIZE.
    #[error("a content of {0} bytes is longer than 5000")]
    ContentTooLong(u64),
    /// A file whose content stands elsewhere is larger than 2^53 bytes; its SIZE.
    #[error("a file of {0} bytes is larger than 2^53")]
    SizeTooBig(u64),
    /// The target of a symlink is empty or too long; its length in bytes.
    #[error("a symlink target of {0} bytes is not 1 to 4095 bytes long")]
    TargetLength(u64),
    /// The path of a backing file is too long; its length in bytes.
    #[error("a path of {0} bytes is longer than 4095")]
    PathTooLong(usize),
    /// A character device 0:0, which stands for nothing, has several names; its link count.
    #[error("a generated whiteout has the link count {0}")]
    LinkedWhiteout(u32),
    /// A directory has two names, or is its own ancestor.
    #[error("the directory has another name already")]
    DirectoryTwice,
    /// The names of a directory block do not start behind a whole number of records.
    #[error("names start at {0}, not behind a whole number of records")]
    RecordCount(u16),
    /// A name starts past the end of its block.
    #[error("name starts past its block")]
    NameOutside,
    /// A name does not start behind the one before it.
    #[error("name does not start behind the one before it")]
    NameOrder,
    /// Xattrs do not end where their area does.
    #[error("does not fit the xattr area")]
    XattrOverrun,
    /// The name of an xattr has an unknown prefix; its index.
    #[error("unknown name prefix {0}")]
    PrefixIndex(u8),
    /// An inode has two xattrs of the same name.
    #[error("the inode has two xattrs of the same name")]
    XattrTwice,
    /// The xattrs of an inode are too large; what they cost, in bytes.
    #[error("xattrs that cost {0} bytes are more than 65535")]
    XattrsTooLarge(usize),
    /// A tree cannot hold this.
    #[error(transparent)]
    Tree(#[from] BuildError),
}
