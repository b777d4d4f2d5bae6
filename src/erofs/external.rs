//! The two xattrs of external files, and which of them are shared.
//!
//! Nearly every file has a digest and a path of its own, so asking a table for each of them would
//! cost more than all else. A filter of two bits a file is asked first: only values whose bits came
//! up twice are compared.

use crate::num::{clamp_index, index, low32, wide};
use crate::tree::{Inode, InodeId, Tree, sample};

/// Which of the two xattrs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Which {
    /// `trusted.overlay.metacopy`: version, length, flags, algorithm and digest, or nothing.
    Metacopy,
    /// `trusted.overlay.redirect`: a slash and the payload.
    Redirect,
}

impl Which {
    /// Both, in the order of their keys.
    pub(super) const ALL: [Self; 2] = [Self::Metacopy, Self::Redirect];
}

/// Finds values that two or more external files have.
#[derive(Debug)]
pub(super) struct Survey {
    which: Which,
    /// A hash of its value and the inode, for each external file that has one.
    seen: Vec<u64>,
}

/// Inodes with the same value.
pub(super) type Same = Vec<InodeId>;

impl Survey {
    /// For at most so many inodes.
    pub(super) fn new(which: Which, inodes: usize) -> Self {
        Self { which, seen: Vec::with_capacity(inodes) }
    }

    /// Takes note of an external file.
    #[inline]
    pub(super) fn see(&mut self, tree: &Tree<'_>, id: InodeId, inode: &Inode<'_, '_>) {
        let hash = match self.which {
            Which::Metacopy => sample(inode.digest_bytes().unwrap_or_default()),
            Which::Redirect if !inode.has_payload() => return,
            Which::Redirect => tree.payload_sample(id),
        };
        self.seen.push(u64::from(hash) << 32 | u64::from(id.number()));
    }

    /// The groups of two and more, in the order of the shared table: longer values first, and
    /// larger ones first among those of a length.
    pub(super) fn groups(self, tree: &Tree<'_>) -> Vec<Same> {
        let mut filter = Filter::new(self.seen.len());
        for &seen in &self.seen {
            filter.add(hash_of(seen));
        }
        let mut again = self.seen;
        again.retain(|&seen| filter.twice(hash_of(seen)));
        again.sort_unstable();
        let same_hash = again.chunk_by(|&a, &b| hash_of(a) == hash_of(b));
        let ids = same_hash.filter(|same| same.len() > 1).flatten().map(|&seen| low32(seen));
        let value = |id: u32| value(self.which, &tree.inode(InodeId::from_number(id)));
        let mut ranked: Vec<(Rank, u32)> =
            ids.map(|id| (Rank::of(value(id).unwrap_or_default()), id)).collect();
        let rest =
            |id: u32| value(id).and_then(|value| value.get(Rank::BYTES..)).unwrap_or_default();
        ranked.sort_unstable_by(|a, b| {
            b.0.cmp(&a.0).then_with(|| rest(b.1).cmp(rest(a.1))).then(a.1.cmp(&b.1))
        });
        let groups = ranked.chunk_by(|a, b| a.0 == b.0 && rest(a.1) == rest(b.1));
        let many = groups.filter(|same| same.len() > 1);
        many.map(|same| same.iter().map(|&(_, id)| InodeId::from_number(id)).collect()).collect()
    }
}

/// The hash in an entry of [`Survey::seen`].
fn hash_of(seen: u64) -> u32 {
    low32(seen >> 32)
}

/// Length and first bytes of a value: enough to compare most values without fetching them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    len: usize,
    /// As a number, the first byte the highest.
    start: u128,
}

impl Rank {
    const BYTES: usize = 16;

    fn of(value: &[u8]) -> Self {
        let mut start = [0; Self::BYTES];
        for (place, &byte) in start.iter_mut().zip(value) {
            *place = byte;
        }
        Self { len: value.len(), start: u128::from_be_bytes(start) }
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
