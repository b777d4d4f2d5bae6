//! An image that is looked at in place: one inode, one name, one xattr at a time.
//!
//! Where [`read`](super::read) makes a tree of all of an image, a [`View`] makes nothing: it finds what
//! it is asked for, and keeps nothing. It shows what an overlay mount of the image shows, so a whiteout
//! of the tree is an empty regular file with its mark, and the generated whiteouts of the root are
//! [hidden](View::is_hidden).
//!
//! The image is not trusted, and may even change: every answer costs a bounded number of reads of
//! bounded length, whatever the image holds, and nothing that was read once is relied on later. What
//! only a look at all of an image can find is not found: a directory that is its own ancestor, or
//! structures that share bytes.

mod dir;
mod source;
mod xattrs;

use super::super::disk::{self, Layout, MAX_PATH, SLOT_SIZE};
use super::super::error::{ImageError, ImageErrorKind, Structure};
use super::dir::up_to_nul;
use super::image::{Image, ImageInfo};
use super::inode::{Extent, Header};
use crate::num::{clamp_index, wide};
use crate::tree::{FileType, Mode, Mtime};
pub use dir::{BlockBuffer, Names, ViewName};
pub use source::{Source, ViewError};
pub use xattrs::{External, Marks};

/// Where an inode lies: counts 32 bytes from the start of the image. Names of one inode have the same
/// slot, so it makes an inode number; it is never less than 36.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u64);

impl Slot {
    /// The slot at an offset, if one starts there.
    fn at(offset: u64) -> Option<Self> {
        let size = wide(SLOT_SIZE);
        (offset.checked_rem(size) == Some(0)).then(|| Self(offset.checked_div(size).unwrap_or(0)))
    }

    fn offset(self) -> u64 {
        self.0.saturating_mul(wide(SLOT_SIZE))
    }

    /// The slot as a number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// An inode, read from the image.
#[derive(Clone, Copy, Debug)]
pub struct ViewInode {
    slot: Slot,
    mode: Mode,
    layout: Layout,
    size: u64,
    nlink: u32,
    uid: u32,
    gid: u32,
    mtime: Mtime,
    u: u32,
    /// The xattr area: its place and length in bytes.
    area: u64,
    area_len: usize,
}

impl ViewInode {
    /// Where it lies.
    #[must_use]
    pub const fn slot(&self) -> Slot {
        self.slot
    }

    /// Type and permissions.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Type.
    #[must_use]
    pub fn file_type(&self) -> FileType {
        self.mode.file_type()
    }

    /// SIZE in bytes, as it is stored.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Link count, as it is stored.
    #[must_use]
    pub const fn nlink(&self) -> u32 {
        self.nlink
    }

    /// Owner.
    #[must_use]
    pub const fn uid(&self) -> u32 {
        self.uid
    }

    /// Group.
    #[must_use]
    pub const fn gid(&self) -> u32 {
        self.gid
    }

    /// Time of the last modification.
    #[must_use]
    pub const fn mtime(&self) -> Mtime {
        self.mtime
    }

    /// Whether the data, if there is any, has no place in the image.
    #[must_use]
    pub fn is_chunked(&self) -> bool {
        self.layout == Layout::ChunkBased
    }

    /// Device number as the kernel packs it in 32 bits; 0 for what is no device.
    #[must_use]
    pub fn rdev(&self) -> u32 {
        if self.file_type().is_device() { self.u } else { 0 }
    }
}

/// An image that is looked at in place.
///
/// # Example
/// ```no_run
/// let bytes = std::fs::read("tree.cfs")?;
/// let view = cfs::erofs::View::open(&bytes[..])?;
/// let root = view.inode(view.root())?;
/// if let Some(slot) = view.lookup(&root, b"etc")? {
///     println!("{:o}", view.inode(slot)?.mode().bits());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct View<S> {
    source: S,
    info: ImageInfo,
    root: Slot,
    metadata: u64,
    shared_xattrs: u64,
    build_time: Mtime,
}

impl<S: Source> View<S> {
    /// Checks the headers of an image, and looks at nothing else.
    ///
    /// # Errors
    /// What is wrong with the composefs header or the superblock, or the error of the source.
    pub fn open(source: S) -> Result<Self, ViewError<S::Error>> {
        let mut head = [0; disk::FIRST_INODE_OFFSET];
        let len = source.size();
        let at_hand = clamp_index(len.min(wide(head.len())));
        let head = head.get_mut(..at_hand).unwrap_or_default();
        source.read(0, head).map_err(ViewError::Source)?;
        let image = Image::open_start(head, len)?;
        let (info, build_time) = (image.info(), image.build_time());
        let (metadata, shared_xattrs) = (image.metadata, image.shared_xattrs);
        let root = Slot::at(wide(image.root_offset()?)).unwrap_or(Slot(0));
        Ok(Self { source, info, root, metadata, shared_xattrs, build_time })
    }

    /// What the headers tell.
    #[must_use]
    pub const fn info(&self) -> ImageInfo {
        self.info
    }

    /// Where the bytes come from.
    #[must_use]
    pub const fn source(&self) -> &S {
        &self.source
    }

    /// The root's inode.
    #[must_use]
    pub const fn root(&self) -> Slot {
        self.root
    }

    /// Where inode numbers count from, in bytes from the start of the image.
    #[must_use]
    pub const fn metadata_start(&self) -> u64 {
        self.metadata
    }

    /// The slot with a number, whoever gives it. There may be no inode.
    #[must_use]
    pub fn slot(&self, number: u64) -> Option<Slot> {
        let offset = number.checked_mul(wide(SLOT_SIZE))?;
        (wide(disk::FIRST_INODE_OFFSET)..self.info.len).contains(&offset).then_some(Slot(number))
    }

    /// The inode in a slot.
    ///
    /// # Errors
    /// No inode can be there, or the error of the source.
    pub fn inode(&self, slot: Slot) -> Result<ViewInode, ViewError<S::Error>> {
        let at = slot.offset();
        let error = |kind| ImageError::new(at, Structure::Inode, kind);
        let mut room = [0; size_of::<disk::InodeExtended>()];
        let start = self.read_some(at, &mut room)?;
        let header = Header::read(start, self.build_time);
        let header = header.ok_or_else(|| error(ImageErrorKind::Outside))?;
        let mode = header.mode().map_err(error)?;
        let layout = header.layout().map_err(error)?;
        let area = at.saturating_add(wide(header.len()));
        let area_len = header.xattr_area_len();
        if area.saturating_add(wide(area_len)) > self.info.len {
            return Err(ImageError::new(area, Structure::XattrArea, ImageErrorKind::Outside).into());
        }
        let Header { size, nlink, uid, gid, mtime, u, .. } = header;
        Ok(ViewInode { slot, mode, layout, size, nlink, uid, gid, mtime, u, area, area_len })
    }

    /// Whether an overlay takes an inode for a whiteout, and hides its names.
    #[must_use]
    pub fn is_hidden(&self, inode: &ViewInode) -> bool {
        inode.file_type() == FileType::CharDevice && inode.rdev() == 0
    }

    /// Reads of the content of a regular file that is in the image, from an offset on, and tells how
    /// many bytes; less than there is room for at its end only. What has no place in the image is
    /// zero.
    ///
    /// # Errors
    /// The content does not lie in the image, or the error of the source.
    pub fn read(
        &self,
        inode: &ViewInode,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<usize, ViewError<S::Error>> {
        let left = clamp_index(inode.size.saturating_sub(offset));
        let len = left.min(buffer.len());
        let buffer = buffer.get_mut(..len).unwrap_or_default();
        if inode.is_chunked() {
            buffer.fill(0);
        } else {
            self.read_extent(inode, offset, buffer)?;
        }
        Ok(len)
    }

    /// The target of a symlink.
    ///
    /// # Errors
    /// The target is empty or too long, or does not lie in the image, or the error of the source.
    pub fn target(&self, inode: &ViewInode) -> Result<Vec<u8>, ViewError<S::Error>> {
        let error = ImageErrorKind::TargetLength(inode.size);
        let error = ImageError::new(inode.slot.offset(), Structure::Inode, error);
        if inode.file_type() != FileType::Symlink || inode.size > wide(MAX_PATH) {
            return Err(error.into());
        }
        let mut target = vec![0; clamp_index(inode.size)];
        self.read_extent(inode, 0, &mut target)?;
        target.truncate(up_to_nul(&target).len());
        if target.is_empty() { Err(error.into()) } else { Ok(target) }
    }

    /// Reads of the data of an inode, from an offset on, and tells where in the image the first byte
    /// lies. The buffer ends before the data does.
    fn read_extent(
        &self,
        inode: &ViewInode,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<u64, ViewError<S::Error>> {
        let error = |kind| ImageError::new(inode.slot.offset(), Structure::Inode, kind);
        let extent = Extent::of(inode.layout, inode.size, inode.u);
        let extent = extent.ok_or_else(|| error(ImageErrorKind::Chunked))?;
        let outside = || error(ImageErrorKind::DataOutside);
        let tail = inode.area.saturating_add(wide(inode.area_len));
        let in_blocks = clamp_index(extent.in_blocks.saturating_sub(offset)).min(buffer.len());
        let (blocks, rest) = buffer.split_at_mut_checked(in_blocks).unwrap_or_default();
        let blocks_at = extent.start.saturating_add(offset);
        let tail_at = tail.saturating_add(offset.saturating_sub(extent.in_blocks));
        self.read_exactly(blocks_at, blocks, outside)?;
        self.read_exactly(tail_at, rest, outside)?;
        Ok(if in_blocks > 0 { blocks_at } else { tail_at })
    }

    /// Fills a buffer, all of which lies in the image or else is an error.
    fn read_exactly(
        &self,
        at: u64,
        buffer: &mut [u8],
        outside: impl FnOnce() -> ImageError,
    ) -> Result<(), ViewError<S::Error>> {
        if buffer.is_empty() {
            return Ok(());
        }
        let end = at.checked_add(wide(buffer.len()));
        if end.is_none_or(|end| end > self.info.len) {
            return Err(outside().into());
        }
        self.source.read(at, buffer).map_err(ViewError::Source)
    }

    /// Fills as much of a buffer as lies in the image.
    fn read_some<'b>(
        &self,
        at: u64,
        buffer: &'b mut [u8],
    ) -> Result<&'b [u8], ViewError<S::Error>> {
        let left = clamp_index(self.info.len.saturating_sub(at));
        let len = left.min(buffer.len());
        let buffer = buffer.get_mut(..len).unwrap_or_default();
        if !buffer.is_empty() {
            self.source.read(at, buffer).map_err(ViewError::Source)?;
        }
        Ok(buffer)
    }
}
