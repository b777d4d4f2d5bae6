//! The digest of bytes that come in pieces, in memory that does not grow with the file.
use super::digest::{Algorithm, Digest};
use super::kernel::Kernel;
use super::leaves::{BLOCK_SIZE, append_padded};
use super::merkle::{LeavesError, Levels, data_behind, describe, length};

/// Bytes hashed in one go: one batch of the widest kernel.
const BATCH_BYTES: usize = 16 * BLOCK_SIZE;

/// Computes an fs-verity digest from pieces of any size.
///
/// Only the bytes count, not how they were cut. Large pieces are hashed where they lie; what does
/// not fill 16 blocks is buffered, so pieces of a multiple of 64 KiB are never copied. Holds at
/// most about 64 KiB for the data and for each level of the tree.
///
/// # Example
/// ```
/// use cfs::verity::{Algorithm, Hasher, digest};
/// let mut hasher = Hasher::new(Algorithm::Sha256);
/// hasher.update(b"one ");
/// hasher.update(b"two");
/// assert_eq!(hasher.finish(), digest(Algorithm::Sha256, b"one two"));
/// ```
#[derive(Clone, Debug)]
pub struct Hasher {
    algorithm: Algorithm,
    /// `None`: whatever is best for each batch.
    kernel: Option<Kernel>,
    /// Bytes of data so far.
    length: u64,
    /// Data not hashed yet: less than [`BATCH_BYTES`].
    pending: Vec<u8>,
    levels: Levels,
}

impl Hasher {
    /// A hasher that has seen no bytes, and will use the fastest kernels of this CPU.
    #[must_use]
    pub const fn new(algorithm: Algorithm) -> Self {
        Self { algorithm, kernel: None, length: 0, pending: Vec::new(), levels: Levels::new() }
    }

    /// A hasher that uses `kernel` alone: for comparisons, and to rule the others out.
    ///
    /// # Example
    /// ```
    /// use cfs::verity::{Algorithm, Hasher, Kernel, digest};
    /// let mut hasher = Hasher::with_kernel(Algorithm::Sha256, Kernel::Portable);
    /// hasher.update(&[1; 5000]);
    /// assert_eq!(hasher.finish(), digest(Algorithm::Sha256, &[1; 5000]));
    /// ```
    #[must_use]
    pub const fn with_kernel(algorithm: Algorithm, kernel: Kernel) -> Self {
        let mut hasher = Self::new(algorithm);
        hasher.kernel = Some(kernel);
        hasher
    }

    /// Takes the next bytes of the file.
    pub fn update(&mut self, data: &[u8]) {
        self.length = self.length.saturating_add(length(data));
        let data = self.fill_batch(data);
        let (batches, tail) = data.as_chunks::<BATCH_BYTES>();
        for batch in batches {
            self.push_data(batch);
        }
        self.pending.extend_from_slice(tail);
    }

    /// Takes the digests of the next blocks of the file, all of them full, instead of the blocks.
    ///
    /// `leaves` are the digests end to end, as [`leaf_digests`](super::leaf_digests) makes them,
    /// elsewhere or on another thread. A last block that is not full goes to
    /// [`update`](Self::update).
    ///
    /// # Errors
    /// [`LeavesError::InsideBlock`] if the bytes so far end inside a block, and
    /// [`LeavesError::Length`] if `leaves` holds a part of a digest. The hasher is left as it was.
    ///
    /// # Example
    /// ```
    /// use cfs::verity::{Algorithm, Hasher, digest, leaf_digests};
    /// let mut hasher = Hasher::new(Algorithm::Sha256);
    /// hasher.add_leaves(&leaf_digests(Algorithm::Sha256, &[7; 8192]))?;
    /// hasher.update(&[7; 100]);
    /// assert_eq!(hasher.finish(), digest(Algorithm::Sha256, &[7; 8292]));
    /// # Ok::<(), cfs::verity::LeavesError>(())
    /// ```
    pub fn add_leaves(&mut self, leaves: &[u8]) -> Result<(), LeavesError> {
        if !self.pending.len().is_multiple_of(BLOCK_SIZE) {
            return Err(LeavesError::InsideBlock { length: self.length });
        }
        let added = data_behind(self.algorithm, leaves)?;
        self.push_pending();
        self.levels.push(self.algorithm, self.kernel, leaves.to_vec());
        self.length = self.length.saturating_add(added);
        Ok(())
    }

    /// The digest of all bytes so far.
    #[must_use]
    pub fn finish(mut self) -> Digest {
        self.push_pending();
        let root = self.levels.into_root(self.algorithm, self.kernel);
        describe(self.algorithm, self.length, &root)
    }

    /// Completes a batch that was begun; what is returned is left to take, and nothing pends then.
    fn fill_batch<'a>(&mut self, data: &'a [u8]) -> &'a [u8] {
        if self.pending.is_empty() {
            return data;
        }
        let room = BATCH_BYTES.saturating_sub(self.pending.len());
        let (head, rest) = data.split_at(room.min(data.len()));
        self.pending.extend_from_slice(head);
        if self.pending.len() == BATCH_BYTES {
            self.push_pending();
        }
        rest
    }

    /// Hashes what pends, padding the last block.
    fn push_pending(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        self.push_data(&pending);
        self.pending = pending;
        self.pending.clear();
    }

    /// Hashes the blocks of `data`, the last of which is padded.
    fn push_data(&mut self, data: &[u8]) {
        let mut digests = Vec::new();
        append_padded(self.algorithm, self.kernel, data, &mut digests);
        self.levels.push(self.algorithm, self.kernel, digests);
    }
}
