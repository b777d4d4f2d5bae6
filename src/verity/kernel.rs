//! Ways to hash a batch of blocks: the `sha2` crate, or vector instructions picked at run time.
//!
//! One of the three modules with `unsafe`. What keeps it small: all leaves
//! have one length, so lanes never diverge and their padding is a constant.
#![allow(unsafe_code)] // loads, stores, and the step from "the CPU has it" to "use it"
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)] // fixed arrays, constant bounds
use super::digest::Algorithm;
use super::leaves::{Block, append_padded};
use sha2::Digest as _;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512_sha256;
#[cfg(target_arch = "x86_64")]
mod avx512_sha512;
#[cfg(target_arch = "x86_64")]
mod constants;
#[cfg(target_arch = "x86_64")]
mod lanes;
#[cfg(target_arch = "x86_64")]
mod sha_ni;

/// A way to hash blocks. All give the same digests; they differ in speed and in what CPU they need.
///
/// # Example
/// ```
/// use cfs::verity::Kernel;
/// for kernel in Kernel::available() {
///     let mut digests = [[0; 32]; 3];
///     kernel.hash_leaves_sha256(&[[0; 4096]; 3], &mut digests);
///     assert_eq!(digests[2][..4], [0xad, 0x7f, 0xac, 0xb2], "{kernel:?}");
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kernel {
    /// The `sha2` crate, one block after the other. It has its own use of SHA instructions.
    Portable,
    /// x86 SHA instructions, two blocks at once. SHA-512 as [`Portable`](Self::Portable).
    ShaNi,
    /// AVX2, eight blocks at once. SHA-512 as [`Portable`](Self::Portable).
    Avx2,
    /// AVX-512 F and BW, 16 blocks at once; 8 with SHA-512.
    Avx512,
}

impl Kernel {
    /// The kernels that this CPU can run, [`Portable`](Self::Portable) among them.
    pub fn available() -> impl Iterator<Item = Self> {
        [Self::Portable, Self::ShaNi, Self::Avx2, Self::Avx512]
            .into_iter()
            .filter(|kernel| kernel.is_available())
    }

    /// Whether this CPU can run the kernel.
    #[must_use]
    pub fn is_available(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            match self {
                Self::Portable => true,
                Self::ShaNi => has!("sha") && has!("ssse3") && has!("sse4.1"),
                Self::Avx2 => has!("avx2"),
                Self::Avx512 => has!("avx512f") && has!("avx512bw"),
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            matches!(self, Self::Portable)
        }
    }

    /// The fastest kernel of this CPU for a batch of `leaves` blocks.
    ///
    /// # Example
    /// ```
    /// use cfs::verity::{Algorithm, Kernel};
    /// assert_eq!(Kernel::best(Algorithm::Sha256, 1), Kernel::Portable);
    /// assert!(Kernel::best(Algorithm::Sha256, 16).is_available());
    /// ```
    #[must_use]
    pub fn best(algorithm: Algorithm, leaves: usize) -> Self {
        // Where each kernel overtakes the next, measured. A call costs the same however many of
        // its lanes are in use.
        let order: &[(usize, Self)] = match algorithm {
            Algorithm::Sha256 => {
                &[(8, Self::Avx512), (2, Self::ShaNi), (2, Self::Avx512), (2, Self::Avx2)]
            }
            Algorithm::Sha512 => &[(2, Self::Avx512)],
        };
        let suits = |&&(least, kernel): &&(usize, Self)| leaves >= least && kernel.is_available();
        order.iter().find(suits).map_or(Self::Portable, |&(_, kernel)| kernel)
    }

    /// Blocks that the widest kernel takes at once.
    pub(super) const fn batch(algorithm: Algorithm) -> usize {
        match algorithm {
            Algorithm::Sha256 => 16,
            Algorithm::Sha512 => 8,
        }
    }

    /// The digests of the blocks of `data` as [`leaf_digests`](super::leaf_digests) gives them,
    /// with this kernel alone.
    #[must_use]
    pub fn leaf_digests(self, algorithm: Algorithm, data: &[u8]) -> Vec<u8> {
        let mut digests = Vec::new();
        append_padded(algorithm, Some(self), data, &mut digests);
        digests
    }

    /// Hashes each block on its own with SHA-256, with this kernel alone.
    ///
    /// `out` gets one digest a block, in order. If the two lengths differ, the shorter counts and
    /// the rest of `out` keeps what it held. A kernel that is not
    /// [available](Self::is_available) gives way to [`Portable`](Self::Portable).
    pub fn hash_leaves_sha256(self, blocks: &[Block], out: &mut [[u8; 32]]) {
        let count = blocks.len().min(out.len());
        let (blocks, out) = (&blocks[..count], &mut out[..count]);
        #[cfg(target_arch = "x86_64")]
        if self.is_available() {
            match self {
                Self::Portable => {}
                // SAFETY: the CPU has the features, as `is_available` just said.
                Self::ShaNi => return unsafe { sha_ni::hash(blocks, out) },
                // SAFETY: as above.
                Self::Avx2 => return unsafe { avx2::hash(blocks, out) },
                // SAFETY: as above.
                Self::Avx512 => return unsafe { avx512_sha256::hash(blocks, out) },
            }
        }
        for (block, digest) in blocks.iter().zip(out) {
            *digest = sha2::Sha256::digest(block).into();
        }
    }

    /// Hashes each block on its own with SHA-512; else as
    /// [`hash_leaves_sha256`](Self::hash_leaves_sha256).
    pub fn hash_leaves_sha512(self, blocks: &[Block], out: &mut [[u8; 64]]) {
        let count = blocks.len().min(out.len());
        let (blocks, out) = (&blocks[..count], &mut out[..count]);
        #[cfg(target_arch = "x86_64")]
        if self == Self::Avx512 && self.is_available() {
            // SAFETY: the CPU has the features, as `is_available` just said.
            return unsafe { avx512_sha512::hash(blocks, out) };
        }
        for (block, digest) in blocks.iter().zip(out) {
            *digest = sha2::Sha512::digest(block).into();
        }
    }
}
