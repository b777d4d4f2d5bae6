//! The one place where numbers change their width with `as`.
//!
//! Each function is lossless on every machine this crate builds for, or says in its name what it
//! drops. Conversions that can fail use `try_from` where they happen.
#![allow(clippy::as_conversions)]

const _: () = assert!(size_of::<usize>() >= size_of::<u32>(), "an index must hold 32 bits");
const _: () = assert!(size_of::<usize>() <= size_of::<u64>(), "a length must fit 64 bits");

/// A 32-bit number as an index.
#[inline]
pub(crate) const fn index(n: u32) -> usize {
    n as usize
}

/// A length as a 64-bit number.
#[inline]
pub(crate) const fn wide(n: usize) -> u64 {
    n as u64
}

/// The low 8 bits.
#[inline]
pub(crate) const fn low8(n: u64) -> u8 {
    n as u8
}

/// The low 16 bits.
#[inline]
pub(crate) const fn low16(n: u64) -> u16 {
    n as u16
}

/// The low 32 bits.
#[inline]
pub(crate) const fn low32(n: u64) -> u32 {
    n as u32
}

/// A 64-bit number as an index, clamped to the largest index there is.
///
/// On a 64-bit machine nothing is clamped; elsewhere the clamped index lies outside every slice, so
/// that `get` answers as it should.
#[inline]
pub(crate) const fn clamp_index(n: u64) -> usize {
    if n > usize::MAX as u64 { usize::MAX } else { n as usize }
}
