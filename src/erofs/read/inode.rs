//! An inode: its numbers in one form, and where what belongs to it lies.

use super::super::disk::{BLOCK_SIZE, Form, InodeCompact, InodeExtended, Layout, XattrHeader};
use super::super::error::{ImageError, ImageErrorKind, Structure};
use super::image::{Image, block_offset, get};
use crate::num::{clamp_index, wide};
use crate::tree::{Facts, FileType, Mode, Mtime, XattrSet};

/// An inode as it is stored, its header and xattr area known to lie inside the image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inode<'a> {
    /// Where it lies, in bytes from the start of the image.
    pub(super) at: usize,
    pub(super) mode: Mode,
    pub(super) file_type: FileType,
    pub(super) size: u64,
    pub(super) nlink: u32,
    uid: u32,
    gid: u32,
    mtime: Mtime,
    /// Header of the xattrs, references and entries; empty if there are no xattrs.
    pub(super) xattrs: &'a [u8],
    layout: Layout,
    u: u32,
    /// Where the end of the data lies if it is inline.
    tail: usize,
}

/// Where the data of an inode lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// First of the bytes in blocks, from the start of the image; 0 if there are none.
    pub(super) start: u64,
    /// Bytes in blocks.
    pub(super) in_blocks: u64,
    /// Bytes that follow the inode.
    pub(super) in_tail: u64,
}

impl Extent {
    /// Where `size` bytes lie, if they lie in the image. `u` is the first data block.
    #[inline]
    pub(super) fn of(layout: Layout, size: u64, u: u32) -> Option<Self> {
        let in_blocks = match layout {
            Layout::FlatPlain => size,
            Layout::FlatInline => size.saturating_sub(1) & !(wide(BLOCK_SIZE).wrapping_sub(1)),
            Layout::ChunkBased => return None,
        };
        let start = if in_blocks == 0 { 0 } else { block_offset(u) };
        Some(Self { start, in_blocks, in_tail: size.saturating_sub(in_blocks) })
    }
}

/// The data of an inode; either part may be empty.
#[derive(Clone, Copy, Debug)]
pub(super) struct Data<'a> {
    /// What lies in blocks.
    pub(super) blocks: &'a [u8],
    /// What follows the inode.
    pub(super) tail: &'a [u8],
}

/// The numbers that both forms have.
pub(super) struct Header {
    format: u16,
    xattr_icount: u16,
    mode: u16,
    pub(super) size: u64,
    pub(super) u: u32,
    pub(super) nlink: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) mtime: Mtime,
}

impl<'a> Inode<'a> {
    /// The inode at an offset.
    #[inline]
    pub(super) fn read(image: &Image<'a>, at: usize) -> Result<Self, ImageError> {
        let error = |kind| inode_error(at, kind);
        let bytes = image.bytes.get(at..).unwrap_or_default();
        let header = Header::read(bytes, image.build_time());
        let header = header.ok_or_else(|| error(ImageErrorKind::Outside))?;
        let mode = header.mode().map_err(error)?;
        let layout = header.layout().map_err(error)?;
        let area = at.saturating_add(header.len());
        let xattrs = image.slice(area, header.xattr_area_len()).ok_or_else(|| {
            ImageError::new(wide(area), Structure::XattrArea, ImageErrorKind::Outside)
        })?;
        let Header { size, nlink, uid, gid, mtime, u, .. } = header;
        let tail = area.saturating_add(xattrs.len());
        let file_type = mode.file_type();
        Ok(Self { at, mode, file_type, size, nlink, uid, gid, mtime, xattrs, layout, u, tail })
    }

    /// Device number; 0 for what is no device.
    #[inline]
    pub(super) fn rdev(&self) -> u32 {
        if self.file_type.is_device() { self.u } else { 0 }
    }

    /// The facts that are stored as they are.
    #[inline]
    pub(super) fn facts(&self, xattrs: XattrSet) -> Facts<'static> {
        Facts {
            mode: self.mode,
            size: self.size,
            nlink: self.nlink,
            uid: self.uid,
            gid: self.gid,
            rdev: self.rdev(),
            mtime: self.mtime,
            payload: None,
            content: None,
            digest: None,
            xattrs,
        }
    }

    /// Whether the data lies nowhere in the image.
    #[inline]
    pub(super) fn is_chunked(&self) -> bool {
        self.layout == Layout::ChunkBased
    }

    /// Bytes of the image from the start of the inode to the end of its xattr area.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.tail.saturating_sub(self.at)
    }

    /// The data, all of it.
    ///
    /// Its length is not limited here, but nothing is copied.
    pub(super) fn data(&self, image: &Image<'a>) -> Result<Data<'a>, ImageError> {
        let extent = Extent::of(self.layout, self.size, self.u);
        let Extent { start, in_blocks, in_tail } =
            extent.ok_or_else(|| self.error(ImageErrorKind::Chunked))?;
        let piece = |at, len| {
            let bytes = image.slice(clamp_index(at), clamp_index(len));
            bytes.ok_or_else(|| self.error(ImageErrorKind::DataOutside))
        };
        Ok(Data { blocks: piece(start, in_blocks)?, tail: piece(wide(self.tail), in_tail)? })
    }

    /// An error about this inode.
    #[cold]
    pub(super) fn error(&self, kind: impl Into<ImageErrorKind>) -> ImageError {
        inode_error(self.at, kind.into())
    }
}

impl<'a> Data<'a> {
    pub(super) const EMPTY: Self = Self { blocks: &[], tail: &[] };

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.blocks.len().saturating_add(self.tail.len())
    }

    /// The data in one piece, put together in `scratch` if it lies in two.
    pub(super) fn join<'s>(self, scratch: &'s mut Vec<u8>) -> &'s [u8]
    where
        'a: 's,
    {
        if self.tail.is_empty() {
            return self.blocks;
        }
        if self.blocks.is_empty() {
            return self.tail;
        }
        scratch.clear();
        scratch.extend_from_slice(self.blocks);
        scratch.extend_from_slice(self.tail);
        scratch
    }
}

impl Header {
    /// The header that some bytes start with. `build_time` is the mtime of compact inodes.
    #[inline]
    pub(super) fn read(bytes: &[u8], build_time: Mtime) -> Option<Self> {
        let compact: &InodeCompact = get(bytes, 0)?;
        match Form::of(compact.format.get()) {
            Form::Compact => Some(Self::compact(compact, build_time)),
            Form::Extended => get(bytes, 0).map(Self::extended),
        }
    }

    #[inline]
    pub(super) fn mode(&self) -> Result<Mode, ImageErrorKind> {
        Mode::new(self.mode).ok_or(ImageErrorKind::FileType(self.mode))
    }

    #[inline]
    pub(super) fn layout(&self) -> Result<Layout, ImageErrorKind> {
        Layout::of(self.format).ok_or(ImageErrorKind::Layout(self.format))
    }

    /// Bytes in the header.
    #[inline]
    pub(super) fn len(&self) -> usize {
        Form::of(self.format).header_size()
    }

    /// Bytes in the xattr area, which follows the header.
    #[inline]
    pub(super) fn xattr_area_len(&self) -> usize {
        match usize::from(self.xattr_icount).checked_sub(1) {
            None => 0,
            Some(units) => size_of::<XattrHeader>().saturating_add(units.saturating_mul(4)),
        }
    }

    #[inline]
    fn compact(inode: &InodeCompact, mtime: Mtime) -> Self {
        Self {
            format: inode.format.get(),
            xattr_icount: inode.xattr_icount.get(),
            mode: inode.mode.get(),
            size: u64::from(inode.size.get()),
            u: inode.u.get(),
            nlink: u32::from(inode.nlink.get()),
            uid: u32::from(inode.uid.get()),
            gid: u32::from(inode.gid.get()),
            mtime,
        }
    }

    #[inline]
    fn extended(inode: &InodeExtended) -> Self {
        Self {
            format: inode.format.get(),
            xattr_icount: inode.xattr_icount.get(),
            mode: inode.mode.get(),
            size: inode.size.get(),
            u: inode.u.get(),
            nlink: inode.nlink.get(),
            uid: inode.uid.get(),
            gid: inode.gid.get(),
            mtime: Mtime { sec: inode.mtime.get(), nsec: inode.mtime_nsec.get() },
        }
    }
}

fn inode_error(at: usize, kind: ImageErrorKind) -> ImageError {
    ImageError::new(wide(at), Structure::Inode, kind)
}
