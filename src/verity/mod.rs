//! fs-verity digests: bytes in, the digest that the kernel would report out.
//!
//! A file's digest is the root of a Merkle tree over its 4096-byte blocks, wrapped in a
//! descriptor that also holds its size. composefs names every object by it. Parameters are those
//! of composefs: 4096-byte blocks, no salt, no signature; SHA-256 or SHA-512.
//!
//! | You have | You call |
//! |---|---|
//! | all the bytes | [`digest`] |
//! | the bytes, piece by piece | [`Hasher`] |
//! | threads | [`leaf_digests`] on each, then [`root_from_leaves`] or [`Hasher::add_leaves`] |
//!
//! Nothing here reads a file or starts a thread.
//!
//! > **Invariant:** the digest does not depend on the [`Kernel`] that computed it.
//!
//! # Source
//! Linux `Documentation/filesystems/fsverity.rst`, "Merkle tree" and "File digest computation".
mod digest;
mod hasher;
mod kernel;
mod leaves;
mod merkle;

pub use digest::{Algorithm, Digest};
pub use hasher::Hasher;
pub use kernel::Kernel;
pub use leaves::{BLOCK_SIZE, Block, hash_leaves_sha256, hash_leaves_sha512, leaf_digests};
pub use merkle::{LeavesError, digest, root_from_leaves};
