//! The two xattrs of external files, and which of them are shared.
//!
//! Nearly every file has a digest and a path of its own, so asking a table for each of them would
//! cost more than all else. A filter of two bits a file is asked first: only values whose bits came
//! up twice are compared.

use crate::num::{clamp_index, index, low32, wide};
use crate::tree::{Inode, InodeId, Tree};

/// Which of the two xattrs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Which {
    /// `trusted.overlay.metacopy`: version, length, flags, algorithm and digest, or nothing.
    Metacopy,
    /// `trusted.overlay.redirect`: a slash and the payload.
    Redirect,
}

/// Finds values that two or more external files have.
#[derive(Debug)]
pub(super) struct Survey {
    which: Which,
    /// Inode and a hash of its value, for each external file that has one.
    seen: Vec<(u32, u32)>,
}

/// Inodes with the same value of one of the two.
pub(super) type Same = (Which, Vec<InodeId>);

impl Survey {
    pub(super) fn new(which: Which) -> Self {
        Self { which, seen: Vec::new() }
    }

    #[inline]
    pub(super) fn see(&mut self, id: InodeId, inode: &Inode<'_, '_>) {
        if let Some(value) = value(self.which, inode) {
            self.seen.push((id.number(), sample(value)));
        }
    }

    /// The groups of two and more, in no particular order.
    pub(super) fn groups(self, tree: &Tree<'_>) -> Vec<Same> {
        let mut filter = Filter::new(self.seen.len());
        for &(_, hash) in &self.seen {
            filter.add(hash);
        }
        let mut again = self.seen;
        again.retain(|&(_, hash)| filter.twice(hash));
        again.sort_unstable_by_key(|&(id, hash)| (hash, id));
        let value = |id: u32| value(self.which, &tree.inode(InodeId::from_number(id))).unwrap_or_default();
        let mut groups = Vec::new();
        for same_hash in again.chunk_by_mut(|a, b| a.1 == b.1).filter(|same| same.len() > 1) {
            same_hash.sort_unstable_by(|a, b| value(a.0).cmp(value(b.0)).then(a.0.cmp(&b.0)));
            let same = same_hash.chunk_by(|a, b| value(a.0) == value(b.0));
            let many = same.filter(|same| same.len() > 1);
            groups.extend(many.map(|same| {
                (self.which, same.iter().map(|&(id, _)| InodeId::from_number(id)).collect())
            }));
        }
        groups
    }
}

/// What tells one value of an xattr from another: the digest, or the payload. `None` if the inode
/// has no such xattr.
#[inline]
fn value<'t>(which: Which, inode: &Inode<'t, '_>) -> Option<&'t [u8]> {
    match which {
        Which::Metacopy => Some(inode.digest_bytes().unwrap_or_default()),
        Which::Redirect => inode.payload().filter(|payload| !payload.is_empty()),
    }
}

/// A hash of the length, the first, the middle and the last bytes. Values that agree in these are
/// compared whole, so a bad hash costs time and nothing else.
#[inline]
fn sample(value: &[u8]) -> u32 {
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let word = |at: usize| {
        let bytes = value.get(at..).and_then(|rest| rest.first_chunk::<8>());
        bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
    };
    let mut hash = wide(value.len()).wrapping_mul(K);
    if value.len() < 8 {
        for &byte in value {
            hash = (hash ^ u64::from(byte)).wrapping_mul(K);
        }
    }
    for at in [0, value.len() / 2, value.len().saturating_sub(8)] {
        hash = (hash ^ word(at)).wrapping_mul(K).rotate_left(29);
    }
    low32((hash ^ hash >> 32).wrapping_mul(K) >> 32)
}

/// For each hash, whether it came never, once, or more often; now and then wrongly more often.
struct Filter {
    words: Vec<u64>,
    mask: u32,
}

impl Filter {
    /// Sixteen bits a value, eight pairs.
    fn new(values: usize) -> Self {
        let pairs = wide(values).saturating_mul(8).next_power_of_two().clamp(32, 1 << 31);
        Self { words: vec![0; clamp_index(pairs / 32)], mask: low32(pairs - 1) }
    }

    #[inline]
    fn place(&self, hash: u32) -> (usize, u32) {
        let pair = hash & self.mask;
        (index(pair / 32), pair % 32 * 2)
    }

    #[inline]
    fn add(&mut self, hash: u32) {
        let (word, shift) = self.place(hash);
        if let Some(word) = self.words.get_mut(word) {
            let once = *word >> shift & 1;
            *word |= 1 << shift | once << (shift + 1);
        }
    }

    #[inline]
    fn twice(&self, hash: u32) -> bool {
        let (word, shift) = self.place(hash);
        self.words.get(word).is_some_and(|word| word >> (shift + 1) & 1 == 1)
    }
}
