//! An inode: its numbers in one form, and where what belongs to it lies.

use super::super::disk::{BLOCK_SIZE, Form, InodeCompact, InodeExtended, Layout, XattrHeader};
use super::super::error::{ImageError, ImageErrorKind, Structure};
use super::image::{Image, block_offset};
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

/// The data of an inode; either part may be empty.
#[derive(Clone, Copy, Debug)]
pub(super) struct Data<'a> {
    /// What lies in blocks.
    pub(super) blocks: &'a [u8],
    /// What follows the inode.
    pub(super) tail: &'a [u8],
}

/// The numbers that both forms have.
struct Header {
    format: u16,
    xattr_icount: u16,
    mode: u16,
    size: u64,
    u: u32,
    nlink: u32,
    uid: u32,
    gid: u32,
    mtime: Mtime,
}

impl<'a> Inode<'a> {
    /// The inode at an offset.
    #[inline]
    pub(super) fn read(image: &Image<'a>, at: usize) -> Result<Self, ImageError> {
        let error = |kind| inode_error(at, kind);
        let header = Header::read(image, at).ok_or_else(|| error(ImageErrorKind::Outside))?;
        let mode =
            Mode::new(header.mode).ok_or_else(|| error(ImageErrorKind::FileType(header.mode)))?;
        let layout = Layout::of(header.format)
            .ok_or_else(|| error(ImageErrorKind::Layout(header.format)))?;
        let area = at.saturating_add(Form::of(header.format).header_size());
        let xattrs = image.slice(area, xattr_area_len(header.xattr_icount)).ok_or_else(|| {
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
        let in_blocks = match self.layout {
            Layout::FlatPlain => self.size,
            Layout::FlatInline => self.size.saturating_sub(1) & !(wide(BLOCK_SIZE).wrapping_sub(1)),
            Layout::ChunkBased => return Err(self.error(ImageErrorKind::Chunked)),
        };
        let start = if in_blocks == 0 { 0 } else { block_offset(self.u) };
        let in_tail = self.size.saturating_sub(in_blocks);
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
    #[inline]
    fn read(image: &Image<'_>, at: usize) -> Option<Self> {
        let compact: &InodeCompact = image.get(at)?;
        match Form::of(compact.format.get()) {
            Form::Compact => Some(Self::compact(compact, image.build_time())),
            Form::Extended => image.get(at).map(Self::extended),
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

/// Bytes in an xattr area.
#[inline]
fn xattr_area_len(icount: u16) -> usize {
    match usize::from(icount).checked_sub(1) {
        None => 0,
        Some(units) => size_of::<XattrHeader>().saturating_add(units.saturating_mul(4)),
    }
}
