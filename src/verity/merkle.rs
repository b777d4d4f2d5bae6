//! What lies above the leaves: the levels of the tree, and the descriptor.
use super::digest::{Algorithm, Digest};
use super::kernel::Kernel;
use super::leaves::{BLOCK_SIZE, append, append_padded, leaf_digests};
use sha2::Digest as _;
use zerocopy::little_endian::{U32, U64};
use zerocopy::{Immutable, IntoBytes};

/// Why leaf digests were refused; nothing was taken from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeavesError {
    /// The bytes are not as many as the digests of this much data take up.
    #[error("expected {expected} bytes of leaf digests, found {found}")]
    Length {
        /// Bytes that fit the data: one digest a block.
        expected: u64,
        /// Bytes that were given.
        found: u64,
    },
    /// The data so far ends inside a block, so the next leaf cannot begin there.
    #[error("leaf digests cannot follow {length} bytes, which end inside a block")]
    InsideBlock {
        /// Bytes of data so far.
        length: u64,
    },
}

/// The fs-verity digest of `data`.
///
/// One thread, the fastest kernel of this CPU, and memory for one digest a block (1/128 of the
/// data with SHA-256); [`Hasher`](super::Hasher) needs less.
///
/// # Example
/// ```
/// use cfs::verity::{Algorithm, digest};
/// let empty = digest(Algorithm::Sha256, b"");
/// assert!(empty.to_string().starts_with("3d248ca542a24fc6"));
/// ```
#[must_use]
pub fn digest(algorithm: Algorithm, data: &[u8]) -> Digest {
    let top = top(algorithm, None, leaf_digests(algorithm, data));
    describe(algorithm, length(data), &top)
}

/// The fs-verity digest of a file of `data_len` bytes, given the digests of all its blocks.
///
/// `leaves` are the digests end to end, in order, as [`leaf_digests`] makes them.
///
/// # Errors
/// [`LeavesError::Length`] unless there is one digest for each of the `data_len.div_ceil(4096)`
/// blocks.
///
/// # Example
/// ```
/// use cfs::verity::{Algorithm, digest, leaf_digests, root_from_leaves};
/// let leaves = leaf_digests(Algorithm::Sha512, b"text");
/// assert_eq!(root_from_leaves(Algorithm::Sha512, leaves, 4)?, digest(Algorithm::Sha512, b"text"));
/// assert!(root_from_leaves(Algorithm::Sha512, vec![0; 64], 4097).is_err());
/// # Ok::<(), cfs::verity::LeavesError>(())
/// ```
pub fn root_from_leaves(
    algorithm: Algorithm,
    leaves: Vec<u8>,
    data_len: u64,
) -> Result<Digest, LeavesError> {
    let blocks = data_len.div_ceil(widen(BLOCK_SIZE));
    let expected = blocks.saturating_mul(widen(algorithm.digest_len()));
    let found = length(&leaves);
    if found != expected {
        return Err(LeavesError::Length { expected, found });
    }
    let top = top(algorithm, None, leaves);
    Ok(describe(algorithm, data_len, &top))
}

/// The levels of a tree that is still growing. Each keeps only the digests it could not pass on.
#[derive(Clone, Debug)]
pub(super) struct Levels(Vec<Vec<u8>>);

impl Levels {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds the digests of the next blocks.
    ///
    /// A level that holds 16 blocks or more passes on one digest for each full block. That is
    /// never a lone digest, so a level is only begun when the tree is sure to have it.
    pub(super) fn push(&mut self, algorithm: Algorithm, kernel: Option<Kernel>, leaves: Vec<u8>) {
        let mut carried = leaves;
        for level in &mut self.0 {
            level.append(&mut carried);
            if level.len() < 16 * BLOCK_SIZE {
                return;
            }
            let (blocks, rest) = level.as_chunks();
            append(algorithm, kernel, blocks, &mut carried);
            *level = rest.to_vec();
        }
        if !carried.is_empty() {
            self.0.push(carried);
        }
    }

    /// Closes every level, and gives the root hash; it has no bytes if there was no leaf.
    pub(super) fn into_root(mut self, algorithm: Algorithm, kernel: Option<Kernel>) -> Vec<u8> {
        let mut last = self.0.pop().unwrap_or_default();
        let mut carried = Vec::new();
        for mut level in self.0 {
            level.append(&mut carried);
            append_padded(algorithm, kernel, &level, &mut carried);
        }
        last.append(&mut carried);
        top(algorithm, kernel, last)
    }
}

/// Bytes of data that `leaves` stand for, all blocks full. Refuses a part of a digest.
pub(super) fn data_behind(algorithm: Algorithm, leaves: &[u8]) -> Result<u64, LeavesError> {
    let (found, size) = (length(leaves), widen(algorithm.digest_len()));
    let count = found / size;
    let expected = count.saturating_mul(size);
    if found != expected {
        return Err(LeavesError::Length { expected, found });
    }
    Ok(count.saturating_mul(widen(BLOCK_SIZE)))
}

/// Hashes level after level until one digest is left, the root hash. Of no digests it makes none.
fn top(algorithm: Algorithm, kernel: Option<Kernel>, mut digests: Vec<u8>) -> Vec<u8> {
    while digests.len() > algorithm.digest_len() {
        let mut above = Vec::new();
        append_padded(algorithm, kernel, &digests, &mut above);
        digests = above;
    }
    digests
}

/// Wraps the root hash in its descriptor. No root hash, that of an empty file, is all zero.
pub(super) fn describe(algorithm: Algorithm, data_len: u64, root: &[u8]) -> Digest {
    let mut root_hash = [0; 64];
    root_hash.iter_mut().zip(root).for_each(|(to, from)| *to = *from);
    let descriptor = Descriptor {
        version: 1,
        hash_algorithm: algorithm.id(),
        log_block_size: 12,
        salt_size: 0,
        signature_size: U32::ZERO,
        data_size: U64::new(data_len),
        root_hash,
        salt: [0; 32],
        reserved: [0; 144],
    };
    match algorithm {
        Algorithm::Sha256 => Digest::sha256(sha2::Sha256::digest(descriptor.as_bytes()).into()),
        Algorithm::Sha512 => Digest::sha512(sha2::Sha512::digest(descriptor.as_bytes()).into()),
    }
}

/// Bytes in `data`.
pub(super) fn length(data: &[u8]) -> u64 {
    widen(data.len())
}

/// A `usize` as a `u64`, which no target's `usize` is wider than.
fn widen(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// What the file digest is the hash of.
///
/// Source: `struct fsverity_descriptor` in Linux `fs/verity/fsverity_private.h`.
#[derive(IntoBytes, Immutable)]
#[repr(C)]
struct Descriptor {
    /// Always 1.
    version: u8,
    /// [`Algorithm::id`].
    hash_algorithm: u8,
    /// Base-2 logarithm of [`BLOCK_SIZE`].
    log_block_size: u8,
    /// Bytes of `salt` in use.
    salt_size: u8,
    /// Bytes of signature; 0 while the digest is computed.
    signature_size: U32,
    /// Bytes in the file.
    data_size: U64,
    /// Root of the tree, zero past the digest's length and for an empty file.
    root_hash: [u8; 64],
    /// All zero: composefs uses no salt.
    salt: [u8; 32],
    /// All zero.
    reserved: [u8; 144],
}
const _: () = assert!(size_of::<Descriptor>() == 256);
const _: () = assert!(1 << 12 == BLOCK_SIZE);
