//! Finds the bytes that matter to a scanner, 64 at a time.
#![cfg_attr(target_arch = "x86_64", allow(unsafe_code))]

/// Where the bytes that matter are in a part of a text.
#[derive(Debug, Default)]
pub(super) struct Bitmaps {
    /// Places of spaces and line feeds.
    pub(super) separators: Vec<u32>,
    /// Backslashes: a bit for each byte, the first one's the lowest.
    pub(super) escapes: Vec<u64>,
    /// Bytes outside 0x20..=0x7e, line feeds apart.
    pub(super) odd: Vec<u64>,
}

/// What is found in a block of 64 bytes, the first byte's bit the lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Masks {
    separators: u64,
    escapes: u64,
    odd: u64,
}

impl Bitmaps {
    /// Finds the bytes of a part, which must be shorter than 4 GiB.
    pub(super) fn of(&mut self, part: &[u8]) {
        self.separators.clear();
        self.escapes.clear();
        self.odd.clear();
        let (blocks, rest) = part.as_chunks::<64>();
        self.add_blocks(blocks);
        // Letters fill up the last block: they matter to nothing.
        let mut last = [b'a'; 64];
        if let Some(place) = last.get_mut(..rest.len()) {
            place.copy_from_slice(rest);
            self.add_blocks(&[last]);
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn add_blocks(&mut self, blocks: &[[u8; 64]]) {
        if is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("bmi1") {
            // SAFETY: the processor has what the function needs.
            unsafe { x86::add_blocks_avx512(self, blocks) }
        } else {
            // SAFETY: SSE2 is part of every x86-64 processor.
            unsafe { x86::add_blocks_sse2(self, blocks) }
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn add_blocks(&mut self, blocks: &[[u8; 64]]) {
        self.add_with(blocks, masks);
    }

    #[inline(always)]
    fn add_with(&mut self, blocks: &[[u8; 64]], masks: impl Fn(&[u8; 64]) -> Masks) {
        let mut start = crate::num::low32(crate::num::wide(self.odd.len())) * 64;
        for block in blocks {
            let found = masks(block);
            self.escapes.push(found.escapes);
            self.odd.push(found.odd);
            let mut rest = found.separators;
            while rest != 0 {
                self.separators.push(start + rest.trailing_zeros());
                rest &= rest - 1;
            }
            start += 64;
        }
    }
}

/// The masks of a block, as they are defined.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn masks(block: &[u8; 64]) -> Masks {
    let mut all = Masks::default();
    for (i, &byte) in block.iter().enumerate() {
        all.separators |= u64::from(matches!(byte, b' ' | b'\n')) << i;
        all.escapes |= u64::from(byte == b'\\') << i;
        all.odd |= u64::from(!matches!(byte, b'\n' | 0x20..=0x7e)) << i;
    }
    all
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m128i, _mm_andnot_si128, _mm_cmpeq_epi8, _mm_cmplt_epi8, _mm_movemask_epi8, _mm_or_si128,
        _mm_set_epi64x, _mm_set1_epi8, _mm512_cmpeq_epi8_mask, _mm512_cmplt_epi8_mask,
        _mm512_loadu_si512, _mm512_set1_epi8,
    };

    use super::{Bitmaps, Masks};

    #[target_feature(enable = "avx512bw,bmi1")]
    pub(super) fn add_blocks_avx512(bitmaps: &mut Bitmaps, blocks: &[[u8; 64]]) {
        bitmaps.add_with(blocks, |block| {
            // SAFETY: a block is 64 bytes, which is what is loaded, and needs no alignment.
            let bytes = unsafe { _mm512_loadu_si512(block.as_ptr().cast()) };
            let is = |byte: u8| _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte.cast_signed()));
            let line_feed = is(b'\n');
            // As signed numbers, bytes from 0x80 are negative.
            let below_space = _mm512_cmplt_epi8_mask(bytes, _mm512_set1_epi8(0x20));
            Masks {
                separators: line_feed | is(b' '),
                escapes: is(b'\\'),
                odd: below_space & !line_feed | is(0x7f),
            }
        });
    }

    #[target_feature(enable = "sse2")]
    pub(super) fn add_blocks_sse2(bitmaps: &mut Bitmaps, blocks: &[[u8; 64]]) {
        bitmaps.add_with(blocks, |block| {
            let mut all = Masks::default();
            for (i, bytes) in block.as_chunks::<16>().0.iter().enumerate() {
                let part = masks_of_16(bytes);
                all.separators |= u64::from(part.0) << (16 * i);
                all.escapes |= u64::from(part.1) << (16 * i);
                all.odd |= u64::from(part.2) << (16 * i);
            }
            all
        });
    }

    /// Separators, escapes and odd bytes.
    #[inline]
    #[target_feature(enable = "sse2")]
    fn masks_of_16(bytes: &[u8; 16]) -> (u16, u16, u16) {
        let bytes = load(bytes);
        let is = |byte: u8| _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte.cast_signed()));
        let line_feed = is(b'\n');
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

#[cfg(test)]
mod tests {
    use super::{Bitmaps, masks};

    fn by_definition(part: &[u8]) -> Bitmaps {
        let mut padded = part.to_vec();
        padded.resize(part.len() / 64 * 64 + 64, b'a');
        let mut bitmaps = Bitmaps::default();
        bitmaps.add_with(padded.as_chunks::<64>().0, masks);
        bitmaps
    }

    #[test]
    fn every_byte_at_every_place_is_found_as_defined() {
        for byte in 0..=u8::MAX {
            for place in 0..130 {
                let mut part = [b'a'; 130];
                part[place] = byte;
                let expected = by_definition(&part);
                let mut found = Bitmaps::default();
                found.of(&part);
                let case = format!("byte {byte:#x} at {place}");
                assert_eq!(found.separators, expected.separators, "{case}");
                assert_eq!(found.escapes, expected.escapes, "{case}");
                assert_eq!(found.odd, expected.odd, "{case}");
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn both_ways_of_the_processor_find_the_same() {
        let block: [u8; 64] = std::array::from_fn(|i| u8::try_from(i * 7 % 256).unwrap());
        let mut sse2 = Bitmaps::default();
        // SAFETY: SSE2 is part of every x86-64 processor.
        unsafe { super::x86::add_blocks_sse2(&mut sse2, &[block]) };
        let mut defined = Bitmaps::default();
        defined.add_with(&[block], masks);
        assert_eq!(sse2.separators, defined.separators);
        assert_eq!((sse2.escapes, sse2.odd), (defined.escapes, defined.odd));
    }
}
