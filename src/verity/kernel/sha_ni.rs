//! SHA-256 of two blocks at once with x86 SHA instructions.
//!
//! One block alone leaves the unit idle while a round waits for the one before; two fill it.
use super::constants::{INITIAL_256, PADDING_256, ROUNDS_256};
use crate::verity::{Block, Kernel};
use std::arch::x86_64::*;

/// Hashes each block into its place in `out`, which is as long.
#[target_feature(enable = "sha,ssse3,sse4.1")]
pub(super) fn hash(blocks: &[Block], out: &mut [[u8; 32]]) {
    let (pairs, last) = blocks.as_chunks();
    let (out_pairs, last_out) = out.as_chunks_mut();
    for (pair, out) in pairs.iter().zip(out_pairs) {
        hash_pair(pair, out);
    }
    Kernel::Portable.hash_leaves_sha256(last, last_out);
}

/// A hash state as the instructions want it: words A, B, E, F and C, D, G, H, highest lane first.
#[derive(Clone, Copy)]
struct State {
    abef: __m128i,
    cdgh: __m128i,
}

#[target_feature(enable = "sha,ssse3,sse4.1")]
fn hash_pair(blocks: &[Block; 2], out: &mut [[u8; 32]; 2]) {
    let [a, b, c, d, e, f, g, h] = INITIAL_256;
    let initial = State { abef: quad([f, e, b, a]), cdgh: quad([h, g, d, c]) };
    let mut states = [initial; 2];
    let [one, two] = blocks.each_ref().map(|block| block.as_chunks().0);
    for (one, two) in one.iter().zip(two) {
        compress(&mut states, [message(one), message(two)]);
    }
    compress_padding(&mut states);
    *out = [bytes(states[0]), bytes(states[1])];
}

/// Mixes one message block of each stream into its state.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn compress(states: &mut [State; 2], mut w: [[__m128i; 4]; 2]) {
    let old = *states;
    let (constants, _) = ROUNDS_256.as_chunks::<4>();
    for (group, &constants) in constants.iter().enumerate() {
        for (state, w) in states.iter_mut().zip(&mut w) {
            if group >= 4 {
                extend(w, group);
            }
            four_rounds(state, _mm_add_epi32(w[group % 4], quad(constants)));
        }
    }
    add(states, old);
}

/// Mixes the padding block, whose schedule is known, into both states.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn compress_padding(states: &mut [State; 2]) {
    let old = *states;
    for &words in PADDING_256.as_chunks::<4>().0 {
        for state in states.iter_mut() {
            four_rounds(state, quad(words));
        }
    }
    add(states, old);
}

/// Four rounds; `kw` is the round constants plus the message words.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn four_rounds(state: &mut State, kw: __m128i) {
    state.cdgh = _mm_sha256rnds2_epu32(state.cdgh, state.abef, kw);
    state.abef = _mm_sha256rnds2_epu32(state.abef, state.cdgh, _mm_shuffle_epi32::<0x0e>(kw));
}

/// Replaces the oldest four words of the schedule by the next four.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn extend(w: &mut [__m128i; 4], group: usize) {
    let [w16, w12, w8, w4] = [0, 1, 2, 3].map(|i| w[(group + i) % 4]);
    let sum = _mm_add_epi32(_mm_sha256msg1_epu32(w16, w12), _mm_alignr_epi8::<4>(w4, w8));
    w[group % 4] = _mm_sha256msg2_epu32(sum, w4);
}

#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn add(states: &mut [State; 2], old: [State; 2]) {
    for (state, old) in states.iter_mut().zip(old) {
        state.abef = _mm_add_epi32(state.abef, old.abef);
        state.cdgh = _mm_add_epi32(state.cdgh, old.cdgh);
    }
}

/// Four words as a vector, the first in the lowest lane.
#[inline]
#[target_feature(enable = "sse2")]
fn quad([a, b, c, d]: [u32; 4]) -> __m128i {
    _mm_set_epi32(d.cast_signed(), c.cast_signed(), b.cast_signed(), a.cast_signed())
}

/// The 16 big-endian words of a message block.
#[inline]
#[target_feature(enable = "ssse3")]
fn message(bytes: &[u8; 64]) -> [__m128i; 4] {
    let swap = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    let mut words = [_mm_setzero_si128(); 4];
    for (words, bytes) in words.iter_mut().zip(bytes.as_chunks::<16>().0) {
        // SAFETY: the array is as long as the vector, and the load needs no alignment.
        let raw = unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) };
        *words = _mm_shuffle_epi8(raw, swap);
    }
    words
}

/// The digest: words A to H, big-endian.
#[inline]
#[target_feature(enable = "sse4.1")]
fn bytes(State { abef, cdgh }: State) -> [u8; 32] {
    let words = [
        _mm_extract_epi32::<3>(abef),
        _mm_extract_epi32::<2>(abef),
        _mm_extract_epi32::<3>(cdgh),
        _mm_extract_epi32::<2>(cdgh),
        _mm_extract_epi32::<1>(abef),
        _mm_extract_epi32::<0>(abef),
        _mm_extract_epi32::<1>(cdgh),
        _mm_extract_epi32::<0>(cdgh),
    ];
    let mut digest = [0; 32];
    for (bytes, word) in digest.as_chunks_mut().0.iter_mut().zip(words) {
        *bytes = word.to_be_bytes();
    }
    digest
}
