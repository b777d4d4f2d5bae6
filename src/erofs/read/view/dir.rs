//! Names in one directory block at a time.

use super::super::super::disk::{BLOCK_SIZE, Dirent};
use super::super::super::error::{ImageError, ImageErrorKind, Structure};
use super::super::{dir, image};
use super::{Slot, View};
use super::{Source, ViewError, ViewInode};
use crate::num::{clamp_index, wide};
use crate::tree::FileType;

/// A name in a directory. `.` and `..` are names too, and so are those of whiteouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewName<'b> {
    /// The name, of 1 byte or more. It is up to the image whether it is one that a file can have.
    pub name: &'b [u8],
    /// The inode, which may turn out not to be there; `None` if it cannot be in the image.
    pub slot: Option<Slot>,
    /// The type that the directory tells.
    pub file_type: Option<FileType>,
}

/// The names in a block of a directory, in the order in which they are stored.
#[derive(Clone, Copy, Debug)]
pub struct Names<'b> {
    /// Where the block lies in the image.
    at: u64,
    metadata: u64,
    image_len: u64,
    block: &'b [u8],
    dirents: &'b [Dirent],
}

impl<'b> Names<'b> {
    /// How many names there are; 1 or more, and less than 342.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "no block is empty")]
    pub const fn len(&self) -> usize {
        self.dirents.len()
    }

    /// A name; `None` behind the last one.
    ///
    /// # Errors
    /// The name lies outside its block.
    pub fn get(&self, index: usize) -> Result<Option<ViewName<'b>>, ImageError> {
        let Some((dirent, name)) = self.name(index)? else { return Ok(None) };
        let slot = image::inode_place(dirent.nid.get(), self.metadata, self.image_len);
        let slot = slot.and_then(Slot::at);
        Ok(Some(ViewName { name, slot, file_type: file_type(dirent.file_type) }))
    }

    /// The inode of the name at an index.
    fn slot(&self, index: usize) -> Result<Option<Slot>, ImageError> {
        let Some(found) = self.get(index)? else { return Ok(None) };
        let nid = self.dirents.get(index).map_or(0, |dirent| dirent.nid.get());
        found.slot.map(Some).ok_or_else(|| self.error(index, ImageErrorKind::NoInode(nid)))
    }

    fn name(&self, index: usize) -> Result<Option<(&'b Dirent, &'b [u8])>, ImageError> {
        let Some(dirent) = self.dirents.get(index) else { return Ok(None) };
        let next = self.dirents.get(index.saturating_add(1));
        match dir::name(self.block, dirent, next) {
            Ok(name) => Ok(Some((dirent, name))),
            Err((_, kind)) => Err(self.error(index, kind)),
        }
    }

    #[cold]
    fn error(&self, index: usize, kind: ImageErrorKind) -> ImageError {
        let behind = wide(index.saturating_mul(size_of::<Dirent>()));
        ImageError::new(self.at.saturating_add(behind), Structure::Dirent, kind)
    }

    /// Index of a name, if the names are sorted.
    fn find(&self, name: &[u8]) -> Result<Option<usize>, ImageError> {
        let (mut start, mut end) = (0, self.len());
        while start < end {
            let middle = start.midpoint(end);
            let Some((_, found)) = self.name(middle)? else { break };
            match found.cmp(name) {
                std::cmp::Ordering::Equal => return Ok(Some(middle)),
                std::cmp::Ordering::Less => start = middle.saturating_add(1),
                std::cmp::Ordering::Greater => end = middle,
            }
        }
        Ok(None)
    }
}

/// Room for a block of a directory.
pub type BlockBuffer = [u8; BLOCK_SIZE];

impl<S: Source> View<S> {
    /// How many blocks a directory has; 0 for what is no directory.
    #[must_use]
    pub fn block_count(&self, dir: &ViewInode) -> u64 {
        match dir.file_type() {
            FileType::Directory => dir.size().div_ceil(wide(BLOCK_SIZE)),
            _ => 0,
        }
    }

    /// The names in a block of a directory; `None` behind the last block.
    ///
    /// # Errors
    /// The block does not lie in the image, or does not start with records.
    pub fn names<'b>(
        &self,
        dir: &ViewInode,
        block: u64,
        buffer: &'b mut BlockBuffer,
    ) -> Result<Option<Names<'b>>, ViewError<S::Error>> {
        if block >= self.block_count(dir) {
            return Ok(None);
        }
        let start = block.saturating_mul(wide(BLOCK_SIZE));
        let len = dir.size().saturating_sub(start).min(wide(BLOCK_SIZE));
        let buffer = buffer.get_mut(..clamp_index(len)).unwrap_or_default();
        let at = self.read_extent(dir, start, buffer)?;
        let block = &*buffer;
        let dirents = dir::dirents(block)
            .map_err(|kind| ImageError::new(at, Structure::DirectoryBlock, kind))?;
        let (metadata, image_len) = (self.metadata, self.info.len);
        Ok(Some(Names { at, metadata, image_len, block, dirents }))
    }

    /// The inode of a name in a directory, in a few reads however large the directory is. `None` if
    /// there is no such name, or if it is the name of a whiteout that hides nothing.
    ///
    /// Names are found if they are sorted, as every writer leaves them and as the kernel expects.
    ///
    /// # Errors
    /// What of the image is corrupt on the way, or the error of the source.
    pub fn lookup(
        &self,
        dir: &ViewInode,
        name: &[u8],
    ) -> Result<Option<Slot>, ViewError<S::Error>> {
        if matches!(name, b"." | b"..") {
            return Ok(None);
        }
        let mut buffer = [0; BLOCK_SIZE];
        let (mut start, mut end) = (0, self.block_count(dir));
        // The name lies in the last block whose first name is not behind it.
        while start < end {
            let middle = start.midpoint(end);
            let Some(names) = self.names(dir, middle, &mut buffer)? else { break };
            if names.name(0)?.is_some_and(|(_, first)| first > name) {
                end = middle;
                continue;
            }
            if let Some(index) = names.find(name)? {
                return Ok(names.slot(index)?);
            }
            let last = names.name(names.len().saturating_sub(1))?;
            if last.is_some_and(|(_, last)| last > name) {
                break;
            }
            start = middle.saturating_add(1);
        }
        Ok(None)
    }
}

/// The type that a record tells.
fn file_type(number: u8) -> Option<FileType> {
    Some(match number {
        1 => FileType::Regular,
        2 => FileType::Directory,
        3 => FileType::CharDevice,
        4 => FileType::BlockDevice,
        5 => FileType::Fifo,
        6 => FileType::Socket,
        7 => FileType::Symlink,
        _ => return None,
    })
}
