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
        let dirents = dirents(self.block)
            .map_err(|kind| self.image.error(self.block, Structure::DirectoryBlock, kind))?;
        self.dirents = dirents.iter();
        Ok(true)
    }

    /// The name of a record, which [`Records::dirents`] has just given.
    #[inline]
    fn name(&self, dirent: &'a Dirent) -> Result<&'a [u8], ImageError> {
        name(self.block, dirent, self.dirents.as_slice().first())
            .map_err(|(at_fault, kind)| self.image.error(at_fault, Structure::Dirent, kind))
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

/// The records of a directory block, of which there is at least one.
pub(super) fn dirents(block: &[u8]) -> Result<&[Dirent], ImageErrorKind> {
    let Some(first) = get::<Dirent>(block, 0) else {
        return Err(ImageErrorKind::RecordCount(0));
    };
    let names_at = first.name_offset.get();
    let records = block.get(..usize::from(names_at));
    match records.map(<[Dirent]>::ref_from_bytes) {
        Some(Ok(dirents)) if !dirents.is_empty() => Ok(dirents),
        _ => Err(ImageErrorKind::RecordCount(names_at)),
    }
}

/// The name of a record of a block, with `next` the record behind it; or which one is wrong.
#[inline]
pub(super) fn name<'a>(
    block: &'a [u8],
    dirent: &'a Dirent,
    next: Option<&'a Dirent>,
) -> Result<&'a [u8], (&'a Dirent, ImageErrorKind)> {
    let start = usize::from(dirent.name_offset.get());
    let rest = block.get(start..).filter(|rest| !rest.is_empty());
    let rest = rest.ok_or((dirent, ImageErrorKind::NameOutside))?;
    let Some(next) = next else {
        let name = Some(up_to_nul(rest)).filter(|name| !name.is_empty());
        return name.ok_or((dirent, BuildError::EmptyName.into()));
    };
    let len = usize::from(next.name_offset.get()).checked_sub(start).filter(|&len| len > 0);
    let len = len.ok_or((next, ImageErrorKind::NameOrder))?;
    rest.get(..len).ok_or((next, ImageErrorKind::NameOutside))
}

/// The bytes before the first NUL.
#[inline]
pub(super) fn up_to_nul(bytes: &[u8]) -> &[u8] {
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    bytes.get(..end).unwrap_or(bytes)
}
