//! An image as bytes, with what its headers say about the rest.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::super::disk::{self, ComposefsHeader, Dirent, SuperBlock};
use super::super::error::{ImageError, ImageErrorKind, Structure};
use crate::num::{clamp_index, wide};
use crate::tree::Mtime;

/// What the headers of an image tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageInfo {
    /// Which rules the tree was laid out by: 0, 1 or 2.
    pub composefs_version: u32,
    /// The header says that some inode has a POSIX ACL. Version 2 never says so.
    pub has_acl: bool,
    /// How many inodes the superblock tells, generated ones included; a hard link counts once.
    pub inode_count: u64,
    /// Length of the image, in bytes.
    pub len: u64,
}

/// How whiteouts are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whiteouts {
    /// As marked regular files; a character device 0:0 was generated. Versions 0 and 1.
    Marked,
    /// As they are. Version 2.
    Plain,
}

/// An image whose headers were checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Image<'a> {
    pub(super) bytes: &'a [u8],
    /// Length of the image, of which `bytes` may be a part.
    len: u64,
    header: &'a ComposefsHeader,
    superblock: &'a SuperBlock,
    /// Where inode 0 would lie.
    pub(super) metadata: u64,
    /// What references to shared xattrs count from.
    pub(super) shared_xattrs: u64,
}

impl<'a> Image<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, ImageError> {
        Self::open_start(bytes, wide(bytes.len()))
    }

    /// An image of which only the start is at hand. What lies further on is missing.
    pub(super) fn open_start(bytes: &'a [u8], len: u64) -> Result<Self, ImageError> {
        let header = check_header(bytes, len)?;
        let superblock = check_superblock(bytes, len)?;
        let metadata = block_offset(superblock.meta_blkaddr.get());
        let shared_xattrs = block_offset(superblock.xattr_blkaddr.get());
        if metadata.max(shared_xattrs) >= len {
            return Err(superblock_error(ImageErrorKind::AddressOutside));
        }
        Ok(Self { bytes, len, header, superblock, metadata, shared_xattrs })
    }

    pub(super) fn info(&self) -> ImageInfo {
        ImageInfo {
            composefs_version: self.header.composefs_version.get(),
            has_acl: self.header.flags.get() & disk::FLAG_HAS_ACL != 0,
            inode_count: self.superblock.inos.get(),
            len: self.len,
        }
    }

    pub(super) fn whiteouts(&self) -> Whiteouts {
        match self.header.composefs_version.get() {
            0 | 1 => Whiteouts::Marked,
            _ => Whiteouts::Plain,
        }
    }

    /// The mtime of compact inodes.
    #[inline]
    pub(super) fn build_time(&self) -> Mtime {
        Mtime { sec: self.superblock.build_time.get(), nsec: self.superblock.build_time_nsec.get() }
    }

    /// Where the root's inode lies.
    pub(super) fn root_offset(&self) -> Result<usize, ImageError> {
        let nid = u64::from(self.superblock.root_nid.get());
        self.offset_of(nid).ok_or_else(|| superblock_error(ImageErrorKind::NoInode(nid)))
    }

    /// Where the inode of a name lies.
    #[inline]
    pub(super) fn inode_offset(&self, dirent: &Dirent) -> Result<usize, ImageError> {
        let nid = dirent.nid.get();
        self.offset_of(nid)
            .ok_or_else(|| self.error(dirent, Structure::Dirent, ImageErrorKind::NoInode(nid)))
    }

    /// Where an inode lies, if it starts inside the image and behind the superblock.
    #[inline]
    fn offset_of(&self, nid: u64) -> Option<usize> {
        inode_place(nid, self.metadata, self.len).map(clamp_index)
    }

    /// The bytes from a shared xattr to the end of the image.
    #[inline]
    pub(super) fn shared_xattr(&self, reference: u32) -> Option<&'a [u8]> {
        let behind = u64::from(reference).checked_mul(wide(disk::XATTR_ALIGN))?;
        self.bytes.get(clamp_index(self.shared_xattrs.checked_add(behind)?)..)
    }

    /// `len` bytes at an offset.
    #[inline]
    pub(super) fn slice(&self, at: usize, len: usize) -> Option<&'a [u8]> {
        self.bytes.get(at..)?.get(..len)
    }

    /// An error about a structure that lies at `place` in the image.
    #[cold]
    pub(super) fn error<T>(
        &self,
        place: &T,
        structure: Structure,
        kind: impl Into<ImageErrorKind>,
    ) -> ImageError
    where
        T: IntoBytes + Immutable + ?Sized,
    {
        let start = self.bytes.as_ptr().addr();
        let offset = place.as_bytes().as_ptr().addr().saturating_sub(start);
        ImageError::new(wide(offset), structure, kind.into())
    }
}

/// The structure at an offset into some bytes.
#[inline]
pub(super) fn get<T>(bytes: &[u8], at: usize) -> Option<&T>
where
    T: FromBytes + Immutable + KnownLayout + Unaligned,
{
    T::ref_from_prefix(bytes.get(at..)?).ok().map(|(structure, _)| structure)
}

/// Where an inode lies, if it starts inside an image of `len` bytes and behind the superblock.
#[inline]
pub(super) fn inode_place(nid: u64, metadata: u64, len: u64) -> Option<u64> {
    let at = nid.checked_mul(wide(disk::SLOT_SIZE))?.checked_add(metadata)?;
    let inside = wide(disk::FIRST_INODE_OFFSET)..len;
    inside.contains(&at).then_some(at)
}

/// Where a block starts, in bytes.
pub(super) fn block_offset(block: u32) -> u64 {
    u64::from(block).saturating_mul(wide(disk::BLOCK_SIZE))
}

fn check_header(bytes: &[u8], len: u64) -> Result<&ComposefsHeader, ImageError> {
    use ImageErrorKind as Kind;
    let error = |kind| ImageError::new(0, Structure::ComposefsHeader, kind);
    let header: &ComposefsHeader = get(bytes, 0)
        .filter(|_| len >= wide(disk::BLOCK_SIZE))
        .ok_or(error(Kind::TooShort(clamp_index(len))))?;
    check_magic(header.magic.get(), disk::COMPOSEFS_MAGIC).map_err(error)?;
    match (header.version.get(), header.composefs_version.get()) {
        (disk::HEADER_VERSION, 0..=2) => Ok(header),
        (disk::HEADER_VERSION, version) => Err(error(Kind::ComposefsVersion(version))),
        (version, _) => Err(error(Kind::HeaderVersion(version))),
    }
}

fn check_superblock(bytes: &[u8], len: u64) -> Result<&SuperBlock, ImageError> {
    use ImageErrorKind as Kind;
    let error = superblock_error;
    let superblock: &SuperBlock =
        get(bytes, disk::SUPERBLOCK_OFFSET).ok_or(error(Kind::TooShort(clamp_index(len))))?;
    check_magic(superblock.magic.get(), disk::EROFS_MAGIC).map_err(error)?;
    if superblock.blkszbits != disk::BLOCK_BITS {
        return Err(error(Kind::BlockSize(superblock.blkszbits)));
    }
    let unknown = superblock.feature_incompat.get() & !disk::INCOMPAT_CHUNKED_FILE;
    if unknown != 0 {
        return Err(error(Kind::Features(unknown)));
    }
    if superblock.extslots != 0 || superblock.unused != [0; 44] {
        return Err(error(Kind::Extension));
    }
    let blocks = superblock.blocks.get();
    if block_offset(blocks) > len {
        return Err(error(Kind::Truncated(blocks)));
    }
    Ok(superblock)
}

fn check_magic(found: u32, expected: u32) -> Result<(), ImageErrorKind> {
    if found == expected { Ok(()) } else { Err(ImageErrorKind::Magic { expected, found }) }
}

fn superblock_error(kind: ImageErrorKind) -> ImageError {
    ImageError::new(wide(disk::SUPERBLOCK_OFFSET), Structure::SuperBlock, kind)
}
