//! The bottom of the tree: 4096-byte blocks in, one digest each out.
//!
//! Leaves know nothing of one another, so they are hashed in batches, many at once where the CPU
//! can, and in pieces by different threads where the caller likes.
use super::digest::Algorithm;
use super::kernel::Kernel;

/// Bytes in a block, of data and of digests alike.
pub const BLOCK_SIZE: usize = 4096;

/// One block. A slice of them comes from [`slice::as_chunks`].
pub type Block = [u8; BLOCK_SIZE];

/// Hashes each block on its own with SHA-256, with the kernels that suit this CPU and this many.
///
/// `out` gets one digest a block, in order. If the two lengths differ, the shorter counts and the
/// rest of `out` keeps what it held. Batches of 16 blocks or a multiple are the fastest.
///
/// # Example
/// ```
/// let data = vec![0; 2 * cfs::verity::BLOCK_SIZE];
/// let (blocks, rest) = data.as_chunks();
/// let mut digests = [[1; 32]; 2];
/// cfs::verity::hash_leaves_sha256(blocks, &mut digests);
/// assert!(rest.is_empty());
/// assert_eq!(digests[0], digests[1]);
/// assert_eq!(digests[0][..4], [0xad, 0x7f, 0xac, 0xb2]);
/// ```
pub fn hash_leaves_sha256(blocks: &[Block], out: &mut [[u8; 32]]) {
    in_batches(Algorithm::Sha256, Kernel::hash_leaves_sha256, blocks, out);
}

/// Hashes each block on its own with SHA-512; else as [`hash_leaves_sha256`], and batches of 8.
pub fn hash_leaves_sha512(blocks: &[Block], out: &mut [[u8; 64]]) {
    in_batches(Algorithm::Sha512, Kernel::hash_leaves_sha512, blocks, out);
}

/// The digests of the blocks of `data`, end to end: what one thread contributes to a file.
///
/// A last block that is not full is padded with zero bytes, so `data` must start at a block
/// boundary of the file and may end off one only at the end of the file. The result has
/// `data.len().div_ceil(4096)` digests of [`Algorithm::digest_len`] bytes.
///
/// # Example
/// ```
/// use cfs::verity::{Algorithm, digest, leaf_digests, root_from_leaves};
/// let file = [7; 10_000];
/// let (front, back) = file.split_at(8192); // one for each of two threads
/// let mut leaves = leaf_digests(Algorithm::Sha256, front);
/// leaves.extend(leaf_digests(Algorithm::Sha256, back));
/// let joined = root_from_leaves(Algorithm::Sha256, leaves, 10_000);
/// assert_eq!(joined, Ok(digest(Algorithm::Sha256, &file)));
/// ```
#[must_use]
pub fn leaf_digests(algorithm: Algorithm, data: &[u8]) -> Vec<u8> {
    let count = data.len().div_ceil(BLOCK_SIZE);
    let mut digests = Vec::with_capacity(count.saturating_mul(algorithm.digest_len()));
    append_padded(algorithm, None, data, &mut digests);
    digests
}

/// Appends the digests of the blocks of `data` to `digests`, the last block padded.
pub(super) fn append_padded(
    algorithm: Algorithm,
    kernel: Option<Kernel>,
    data: &[u8],
    digests: &mut Vec<u8>,
) {
    let (blocks, tail) = data.as_chunks();
    append(algorithm, kernel, blocks, digests);
    if !tail.is_empty() {
        let mut last = [0; BLOCK_SIZE];
        last.split_at_mut(tail.len()).0.copy_from_slice(tail);
        append(algorithm, kernel, &[last], digests);
    }
}

/// Appends the digests of `blocks` to `digests`; without a kernel the best one is taken.
pub(super) fn append(
    algorithm: Algorithm,
    kernel: Option<Kernel>,
    blocks: &[Block],
    digests: &mut Vec<u8>,
) {
    let start = digests.len();
    let added = blocks.len().saturating_mul(algorithm.digest_len());
    digests.resize(start.saturating_add(added), 0);
    let out = digests.split_at_mut(start).1;
    match (algorithm, kernel) {
        (Algorithm::Sha256, None) => hash_leaves_sha256(blocks, out.as_chunks_mut().0),
        (Algorithm::Sha512, None) => hash_leaves_sha512(blocks, out.as_chunks_mut().0),
        (Algorithm::Sha256, Some(k)) => k.hash_leaves_sha256(blocks, out.as_chunks_mut().0),
        (Algorithm::Sha512, Some(k)) => k.hash_leaves_sha512(blocks, out.as_chunks_mut().0),
    }
}

/// Hashes the whole batches with the kernel for many blocks, the rest with the one for so few.
fn in_batches<const N: usize>(
    algorithm: Algorithm,
    hash: fn(Kernel, &[Block], &mut [[u8; N]]),
    blocks: &[Block],
    out: &mut [[u8; N]],
) {
    let count = blocks.len().min(out.len());
    let whole = count.saturating_sub(count % Kernel::batch(algorithm));
    let (blocks, last_blocks) = blocks.split_at(whole);
    let (out, last_out) = out.split_at_mut(whole);
    hash(Kernel::best(algorithm, blocks.len()), blocks, out);
    hash(Kernel::best(algorithm, last_blocks.len()), last_blocks, last_out);
}
