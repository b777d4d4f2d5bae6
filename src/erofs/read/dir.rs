//! Names in a directory.

use std::slice;

use zerocopy::FromBytes;

use super::super::disk::{BLOCK_SIZE, Dirent};
use super::super::error::{ImageError, ImageErrorKind, Structure};
use super::image::{Image, get};
use super::inode::Data;
use crate::tree::BuildError;

/// A name in a directory, other than `.` and `..`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) name: &'a [u8],
    pub(super) dirent: &'a Dirent,
}

impl Record<'_> {
    /// An error about this name.
    #[cold]
    pub(super) fn error(&self, image: &Image<'_>, kind: impl Into<ImageErrorKind>) -> ImageError {
        image.error(self.dirent, Structure::Dirent, kind)
    }
}

/// The names of a directory, in the order in which they are stored.
#[derive(Debug)]
pub(super) struct Records<'a> {
    image: Image<'a>,
    /// What is left of the current block's records.
    dirents: slice::Iter<'a, Dirent>,
    /// The current block.
    block: &'a [u8],
    /// Blocks to come, and behind them the tail.
    blocks: slice::Chunks<'a, u8>,
    tail: &'a [u8],
}

impl<'a> Records<'a> {
    pub(super) fn new(image: Image<'a>, data: Data<'a>) -> Self {
        let blocks = data.blocks.chunks(BLOCK_SIZE);
        Self { image, dirents: [].iter(), block: &[], blocks, tail: data.tail }
    }

    /// Goes on to the next block. `Ok(false)` if there is none.
    fn next_block(&mut self) -> Result<bool, ImageError> {
        self.block = match self.blocks.next() {
            Some(block) => block,
            None => std::mem::take(&mut self.tail),
        };
        if self.block.is_empty() {
            return Ok(false);
        }
        let error = |kind| Err(self.image.error(self.block, Structure::DirectoryBlock, kind));
        let Some(first) = get::<Dirent>(self.block, 0) else {
            return error(ImageErrorKind::RecordCount(0));
        };
        let names_at = first.name_offset.get();
        let records = self.block.get(..usize::from(names_at));
        match records.map(<[Dirent]>::ref_from_bytes) {
            Some(Ok(dirents)) if !dirents.is_empty() => self.dirents = dirents.iter(),
            _ => return error(ImageErrorKind::RecordCount(names_at)),
        }
        Ok(true)
    }

    /// The name of a record, which [`Records::dirents`] has just given.
    #[inline]
    fn name(&self, dirent: &'a Dirent) -> Result<&'a [u8], ImageError> {
        let error = |dirent: &Dirent, kind| self.image.error(dirent, Structure::Dirent, kind);
        let start = usize::from(dirent.name_offset.get());
        let rest = self.block.get(start..).filter(|rest| !rest.is_empty());
        let rest = rest.ok_or_else(|| error(dirent, ImageErrorKind::NameOutside))?;
        let Some(next) = self.dirents.as_slice().first() else {
            let name = Some(up_to_nul(rest)).filter(|name| !name.is_empty());
            return name.ok_or_else(|| error(dirent, BuildError::EmptyName.into()));
        };
        let len = usize::from(next.name_offset.get()).checked_sub(start).filter(|&len| len > 0);
        let len = len.ok_or_else(|| error(next, ImageErrorKind::NameOrder))?;
        rest.get(..len).ok_or_else(|| error(next, ImageErrorKind::NameOutside))
    }

    /// The next record, also if it is `.` or `..`.
    #[inline]
    fn next_dirent(&mut self) -> Result<Option<&'a Dirent>, ImageError> {
        loop {
            if let Some(dirent) = self.dirents.next() {
                return Ok(Some(dirent));
            }
            if !self.next_block()? {
                return Ok(None);
            }
        }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, ImageError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let named = self
                .next_dirent()
                .transpose()?
                .and_then(|dirent| self.name(dirent).map(|name| Record { name, dirent }));
            match named {
                Ok(Record { name: b"." | b"..", .. }) => {}
                _ => return Some(named),
            }
        }
    }
}

/// The bytes before the first NUL.
#[inline]
pub(super) fn up_to_nul(bytes: &[u8]) -> &[u8] {
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    bytes.get(..end).unwrap_or(bytes)
}
