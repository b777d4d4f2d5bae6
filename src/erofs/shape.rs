//! How much room an inode takes, and where it fits.

use super::dir::{self, Cut};
use super::disk::{BLOCK_SIZE, Form, SLOT_SIZE};
use crate::num::{index, low32, wide};
use crate::tree::{FileType, Inode, Mtime};

/// Limits of the format, in bytes.
pub(super) const MAX_SYMLINK: usize = 4095;
pub(super) const MAX_PAYLOAD: usize = 4095;
pub(super) const MAX_INLINE: usize = 5000;

const BLOCK: u64 = wide(BLOCK_SIZE);
const SLOT: u64 = wide(SLOT_SIZE);

/// How much room an inode takes, in 32 bits: it waits where its place will be noted.
#[derive(Clone, Copy)]
pub(super) struct Shape(pub(super) u32);

impl Shape {
    const TAIL_BITS: u32 = 13;
    const BLOCK: u32 = 1 << 31;

    /// `head` is header and xattr area, a multiple of 4 below 2^19; a tail is at most a block.
    pub(super) fn new(head: usize, cut: Cut) -> Self {
        let block = if cut.blocks == 0 { 0 } else { Self::BLOCK };
        Self(low32(wide(head / 4)) << Self::TAIL_BITS | low32(wide(cut.tail)) | block)
    }

    pub(super) fn head(self) -> u64 {
        u64::from((self.0 & !Self::BLOCK) >> Self::TAIL_BITS) * 4
    }

    pub(super) fn cut(self) -> Cut {
        let tail = self.0 & ((1 << Self::TAIL_BITS) - 1);
        Cut { blocks: u32::from(self.0 & Self::BLOCK != 0), tail: index(tail) }
    }
}

/// Finds the place of an inode behind another, and what becomes of its tail there.
#[inline]
pub(super) fn place(end: u64, head: u64, cut: Cut, is_symlink: bool) -> (u64, Cut) {
    let at = end.next_multiple_of(SLOT);
    let tail = wide(cut.tail);
    if is_symlink {
        return place_symlink(at, head + tail, cut);
    }
    let room = BLOCK - (at + head) % BLOCK;
    if room >= tail {
        return (at, cut);
    }
    let skip = room.next_multiple_of(SLOT);
    let room_behind = BLOCK - (at + head + skip) % BLOCK;
    if tail <= room_behind {
        return (at + skip, cut);
    }
    (at.next_multiple_of(BLOCK), Cut { blocks: cut.blocks + 1, tail: 0 })
}

/// A symlink's header, xattrs and target stay within one block where they can.
fn place_symlink(at: u64, total: u64, cut: Cut) -> (u64, Cut) {
    let crosses = at / BLOCK != (at + total - 1) / BLOCK;
    let place = if crosses { at.next_multiple_of(BLOCK) } else { at };
    (place, if total >= BLOCK { Cut { blocks: 1, tail: 0 } } else { cut })
}

/// The size that decides the form of the header of an inode without data. Devices, FIFOs and
/// sockets have theirs counted although 0 is stored.
pub(super) fn form_size(inode: &Inode<'_, '_>) -> u64 {
    match inode.file_type() {
        FileType::Regular | FileType::Directory | FileType::Symlink => 0,
        _ if inode.is_whiteout() => 0,
        _ => inode.size(),
    }
}

/// The smallest form of header that holds the values.
#[inline]
pub(super) fn form(base: Mtime, mtime: Mtime, nlink: u32, uid: u32, gid: u32, size: u64) -> Form {
    let short = |n: u32| n <= u32::from(u16::MAX);
    let fits = mtime == base && short(nlink) && short(uid) && short(gid);
    if fits && size <= u64::from(u32::MAX) { Form::Compact } else { Form::Extended }
}

/// Where the data of an inode that is no directory comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Data<'t> {
    None,
    Inline(&'t [u8]),
    External(u64),
    Symlink(&'t [u8]),
}

impl<'t> Data<'t> {
    #[inline]
    pub(super) fn of(inode: &Inode<'t, '_>) -> Self {
        match inode.file_type() {
            FileType::Symlink => Self::Symlink(inode.payload().unwrap_or_default()),
            FileType::Regular => match inode.content().filter(|content| !content.is_empty()) {
                Some(content) => Self::Inline(content),
                None if inode.size() > 0 => Self::External(inode.size()),
                None => Self::None,
            },
            _ => Self::None,
        }
    }
}

pub(super) fn inline_cut(len: usize) -> Cut {
    let (blocks, tail) = (len / BLOCK_SIZE, len % BLOCK_SIZE);
    let blocks = low32(wide(blocks));
    if tail > dir::MAX_TAIL { Cut { blocks: blocks + 1, tail: 0 } } else { Cut { blocks, tail } }
}

/// Chunk bits of an external file: 12 to 43, enough for its size in one chunk where that is possible.
pub(super) fn chunk_bits(size: u64) -> u32 {
    let bits = u64::BITS - size.saturating_sub(1).leading_zeros();
    bits.clamp(12, 43)
}

pub(super) fn chunk_count(size: u64) -> u32 {
    low32(size.div_ceil(1 << chunk_bits(size)))
}
