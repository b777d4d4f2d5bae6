//! Finds the bytes that matter to a scanner, 64 at a time.
#![cfg_attr(target_arch = "x86_64", allow(unsafe_code))]

/// A bit for each byte of a block of 64, the first byte's the lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Masks {
    /// Spaces and line feeds.
    pub(super) separators: u64,
    /// Backslashes.
    pub(super) escapes: u64,
    /// Bytes outside 0x20..=0x7e, line feeds apart.
    pub(super) odd: u64,
}

/// The masks of a block.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(super) fn masks(block: &[u8; 64]) -> Masks {
    let mut all = Masks::default();
    for (i, bytes) in block.as_chunks::<16>().0.iter().enumerate() {
        // SAFETY: SSE2 is part of every x86-64 processor.
        let part = unsafe { sse2::masks(bytes) };
        all.separators |= u64::from(part.0) << (16 * i);
        all.escapes |= u64::from(part.1) << (16 * i);
        all.odd |= u64::from(part.2) << (16 * i);
    }
    all
}

#[cfg(target_arch = "x86_64")]
mod sse2 {
    use std::arch::x86_64::{
        __m128i, _mm_andnot_si128, _mm_cmpeq_epi8, _mm_cmplt_epi8, _mm_movemask_epi8, _mm_or_si128,
        _mm_set_epi64x, _mm_set1_epi8,
    };

    /// Separators, escapes and odd bytes of 16 bytes.
    #[inline]
    #[target_feature(enable = "sse2")]
    pub(super) fn masks(bytes: &[u8; 16]) -> (u16, u16, u16) {
        let bytes = load(bytes);
        let is = |byte: u8| _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte.cast_signed()));
        let line_feed = is(b'\n');
        // As signed numbers, bytes from 0x80 are negative.
        let below_space = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
        let odd = _mm_or_si128(_mm_andnot_si128(line_feed, below_space), is(0x7f));
        (bits(_mm_or_si128(line_feed, is(b' '))), bits(is(b'\\')), bits(odd))
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn load(bytes: &[u8; 16]) -> __m128i {
        let all = u128::from_le_bytes(*bytes);
        let half = |part: u128| u64::try_from(part & u128::from(u64::MAX)).unwrap_or(0);
        _mm_set_epi64x(half(all >> 64).cast_signed(), half(all).cast_signed())
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn bits(mask: __m128i) -> u16 {
        u16::try_from(_mm_movemask_epi8(mask) & 0xffff).unwrap_or(0)
    }
}

/// The masks of a block.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn masks(block: &[u8; 64]) -> Masks {
    masks_by_byte(block)
}

/// The masks of a block, as they are defined.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn masks_by_byte(block: &[u8; 64]) -> Masks {
    let mut all = Masks::default();
    for (i, &byte) in block.iter().enumerate() {
        all.separators |= u64::from(matches!(byte, b' ' | b'\n')) << i;
        all.escapes |= u64::from(byte == b'\\') << i;
        all.odd |= u64::from(!matches!(byte, b'\n' | 0x20..=0x7e)) << i;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{masks, masks_by_byte};

    #[test]
    fn every_byte_at_every_place_has_the_masks_it_should() {
        for byte in 0..=u8::MAX {
            for place in 0..64 {
                let mut block = [b'a'; 64];
                block[place] = byte;
                assert_eq!(masks(&block), masks_by_byte(&block), "byte {byte:#x} at {place}");
            }
        }
    }
}
