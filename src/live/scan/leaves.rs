//! Digests of small files, hashed together so that the widest kernel has enough to do.

use super::entry::Batch;
use crate::num::{clamp_index, wide};
use crate::verity::{Algorithm, BLOCK_SIZE, leaf_digests, root_from_leaves};

/// Blocks that wait, at most.
const BLOCKS: usize = 64;
/// Files of at most so many bytes are hashed together with others.
pub(super) const SMALL: u64 = 64 * 1024;

/// Small files that wait for their digests.
#[derive(Debug)]
pub(super) struct Leaves {
    algorithm: Algorithm,
    bytes: Vec<u8>,
    used: usize,
    /// The number of the entry and the size of each.
    files: Vec<(usize, u64)>,
}

impl Leaves {
    pub(super) fn new(algorithm: Algorithm) -> Self {
        Self { algorithm, bytes: vec![0; BLOCKS * BLOCK_SIZE], used: 0, files: Vec::new() }
    }

    /// Room for the content of a small file; what waits is hashed if there is none.
    pub(super) fn room(&mut self, size: u64, batch: &mut Batch) -> &mut [u8] {
        if self.used + clamp_index(size) > self.bytes.len() {
            self.flush(batch);
        }
        self.bytes.get_mut(self.used..self.used + clamp_index(size)).unwrap_or_default()
    }

    /// Takes the content that was put into the room as that of an entry.
    pub(super) fn take(&mut self, entry: usize, size: u64) {
        let end = self.used + clamp_index(size);
        let next = end.next_multiple_of(BLOCK_SIZE);
        self.bytes.get_mut(end..next).unwrap_or_default().fill(0);
        self.used = next;
        self.files.push((entry, size));
    }

    /// Hashes what waits, and gives each entry its digest.
    pub(super) fn flush(&mut self, batch: &mut Batch) {
        let data = self.bytes.get(..self.used).unwrap_or_default();
        let leaves = leaf_digests(self.algorithm, data);
        let mut rest = leaves.as_slice();
        for (entry, size) in self.files.drain(..) {
            let blocks = clamp_index(size.div_ceil(wide(BLOCK_SIZE)));
            let len = blocks * self.algorithm.digest_len();
            let (own, behind) = rest.split_at_checked(len).unwrap_or_default();
            rest = behind;
            // There is a leaf for each block of each file.
            if let Ok(digest) = root_from_leaves(self.algorithm, own.to_vec(), size) {
                let place = batch.digest_place(entry);
                place.iter_mut().zip(digest.as_bytes()).for_each(|(to, from)| *to = *from);
            }
        }
        self.used = 0;
    }
}
