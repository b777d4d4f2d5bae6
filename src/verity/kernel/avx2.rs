//! SHA-256 of 8 blocks at once, one in each 32-bit lane of the AVX2 registers.
//!
//! Slower than SHA instructions, and four times as fast as code without either.
use super::constants::{INITIAL_256, PADDING_256, ROUNDS_256};
use super::lanes::{lane_hash, unrolled};
use crate::verity::Block;
use std::arch::x86_64::*;

lane_hash! {
    feature: "avx2",
    vector: __m256i,
    lanes: 8,
    initial: INITIAL_256,
    rounds: ROUNDS_256,
    padding: PADDING_256,
    message_blocks: size_of::<Block>() / 64,
    digest: [u8; 32],
}

#[inline]
#[target_feature(enable = "avx2")]
fn splat(word: u32) -> __m256i {
    _mm256_set1_epi32(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx2")]
fn add(x: __m256i, y: __m256i) -> __m256i {
    _mm256_add_epi32(x, y)
}

#[inline]
#[target_feature(enable = "avx2")]
fn choose(x: __m256i, y: __m256i, z: __m256i) -> __m256i {
    _mm256_xor_si256(z, _mm256_and_si256(x, _mm256_xor_si256(y, z)))
}

#[inline]
#[target_feature(enable = "avx2")]
fn majority(x: __m256i, y: __m256i, z: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_and_si256(x, y), _mm256_and_si256(z, _mm256_or_si256(x, y)))
}

/// Rotates every word right by `R` bits; `L` is 32 less `R`.
#[inline]
#[target_feature(enable = "avx2")]
fn rotate<const R: i32, const L: i32>(x: __m256i) -> __m256i {
    const { assert!(R + L == 32) };
    _mm256_or_si256(_mm256_srli_epi32::<R>(x), _mm256_slli_epi32::<L>(x))
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor(x: __m256i, y: __m256i, z: __m256i) -> __m256i {
    _mm256_xor_si256(x, _mm256_xor_si256(y, z))
}

#[inline]
#[target_feature(enable = "avx2")]
fn big_sigma0(x: __m256i) -> __m256i {
    xor(rotate::<2, 30>(x), rotate::<13, 19>(x), rotate::<22, 10>(x))
}

#[inline]
#[target_feature(enable = "avx2")]
fn big_sigma1(x: __m256i) -> __m256i {
    xor(rotate::<6, 26>(x), rotate::<11, 21>(x), rotate::<25, 7>(x))
}

#[inline]
#[target_feature(enable = "avx2")]
fn small_sigma0(x: __m256i) -> __m256i {
    xor(rotate::<7, 25>(x), rotate::<18, 14>(x), _mm256_srli_epi32::<3>(x))
}

#[inline]
#[target_feature(enable = "avx2")]
fn small_sigma1(x: __m256i) -> __m256i {
    xor(rotate::<17, 15>(x), rotate::<19, 13>(x), _mm256_srli_epi32::<10>(x))
}

#[inline]
#[target_feature(enable = "avx2")]
fn words(vector: __m256i) -> [u32; 8] {
    let mut words = [0; 8];
    // SAFETY: the array is as long as the vector, and the store needs no alignment.
    unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), vector) };
    words
}

/// The 16 words of message block `position` of each lane: vector `t` holds every lane's word `t`.
#[inline]
#[target_feature(enable = "avx2")]
fn message(lanes: &[&Block; 8], position: usize) -> [__m256i; 16] {
    let mut w = [_mm256_setzero_si256(); 16];
    for (half, columns) in w.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        for (row, lane) in columns.iter_mut().zip(lanes) {
            *row = load(&lane.as_chunks().0[2 * position + half]);
        }
        *columns = transpose(*columns);
    }
    w
}

/// 8 big-endian words.
#[inline]
#[target_feature(enable = "avx2")]
fn load(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: the array is as long as the vector, and the load needs no alignment.
    let raw = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
    let swap = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    _mm256_shuffle_epi8(raw, _mm256_broadcastsi128_si256(swap))
}

/// Turns rows of words into columns.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose(rows: [__m256i; 8]) -> [__m256i; 8] {
    let mut r = rows;
    // Within each 128-bit half: 4 x 4 words of four neighbouring rows.
    for i in [0, 4] {
        let (a, b) = (_mm256_unpacklo_epi32(r[i], r[i + 1]), _mm256_unpackhi_epi32(r[i], r[i + 1]));
        let (c, d) =
            (_mm256_unpacklo_epi32(r[i + 2], r[i + 3]), _mm256_unpackhi_epi32(r[i + 2], r[i + 3]));
        r[i] = _mm256_unpacklo_epi64(a, c);
        r[i + 1] = _mm256_unpackhi_epi64(a, c);
        r[i + 2] = _mm256_unpacklo_epi64(b, d);
        r[i + 3] = _mm256_unpackhi_epi64(b, d);
    }
    // Then the halves: rows i and i + 4 hold words i and i + 4.
    let mut columns = r;
    for i in 0..4 {
        columns[i] = _mm256_permute2x128_si256::<0x20>(r[i], r[i + 4]);
        columns[i + 4] = _mm256_permute2x128_si256::<0x31>(r[i], r[i + 4]);
    }
    columns
}
