//! SHA-256 of 16 blocks at once, one in each 32-bit lane of the AVX-512 registers.
use super::constants::{INITIAL_256, PADDING_256, ROUNDS_256};
use super::lanes::{lane_hash, unrolled};
use crate::verity::Block;
use std::arch::x86_64::*;

lane_hash! {
    feature: "avx512f,avx512bw",
    vector: __m512i,
    lanes: 16,
    initial: INITIAL_256,
    rounds: ROUNDS_256,
    padding: PADDING_256,
    message_blocks: size_of::<Block>() / 64,
    digest: [u8; 32],
}

/// Truth table of `_mm512_ternarylogic` for the exclusive or of all three.
const XOR: i32 = 0x96;
/// Truth table for: second where the first is set, else third.
const CHOOSE: i32 = 0xca;
/// Truth table for: what two of three agree on.
const MAJORITY: i32 = 0xe8;

#[inline]
#[target_feature(enable = "avx512f")]
fn splat(word: u32) -> __m512i {
    _mm512_set1_epi32(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f")]
fn add(x: __m512i, y: __m512i) -> __m512i {
    _mm512_add_epi32(x, y)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn choose(x: __m512i, y: __m512i, z: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<CHOOSE>(x, y, z)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn majority(x: __m512i, y: __m512i, z: __m512i) -> __m512i {
    _mm512_ternarylogic_epi32::<MAJORITY>(x, y, z)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn big_sigma0(x: __m512i) -> __m512i {
    let (p, q, r) =
        (_mm512_ror_epi32::<2>(x), _mm512_ror_epi32::<13>(x), _mm512_ror_epi32::<22>(x));
    _mm512_ternarylogic_epi32::<XOR>(p, q, r)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn big_sigma1(x: __m512i) -> __m512i {
    let (p, q, r) =
        (_mm512_ror_epi32::<6>(x), _mm512_ror_epi32::<11>(x), _mm512_ror_epi32::<25>(x));
    _mm512_ternarylogic_epi32::<XOR>(p, q, r)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn small_sigma0(x: __m512i) -> __m512i {
    let (p, q, r) =
        (_mm512_ror_epi32::<7>(x), _mm512_ror_epi32::<18>(x), _mm512_srli_epi32::<3>(x));
    _mm512_ternarylogic_epi32::<XOR>(p, q, r)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn small_sigma1(x: __m512i) -> __m512i {
    let (p, q, r) =
        (_mm512_ror_epi32::<17>(x), _mm512_ror_epi32::<19>(x), _mm512_srli_epi32::<10>(x));
    _mm512_ternarylogic_epi32::<XOR>(p, q, r)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn words(vector: __m512i) -> [u32; 16] {
    let mut words = [0; 16];
    // SAFETY: the array is as long as the vector, and the store needs no alignment.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), vector) };
    words
}

/// The 16 words of message block `position` of each lane: vector `t` holds every lane's word `t`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn message(lanes: &[&Block; 16], position: usize) -> [__m512i; 16] {
    let mut rows = [_mm512_setzero_si512(); 16];
    for (row, lane) in rows.iter_mut().zip(lanes) {
        *row = load(&lane.as_chunks().0[position]);
    }
    transpose(rows)
}

/// 16 big-endian words.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn load(bytes: &[u8; 64]) -> __m512i {
    // SAFETY: the array is as long as the vector, and the load needs no alignment.
    let raw = unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) };
    let swap = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    _mm512_shuffle_epi8(raw, _mm512_broadcast_i32x4(swap))
}

/// Turns rows of words into columns.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose(rows: [__m512i; 16]) -> [__m512i; 16] {
    let mut r = rows;
    // Within each 128-bit quarter: 4 x 4 words of four neighbouring rows.
    for i in [0, 4, 8, 12] {
        let (a, b) = (_mm512_unpacklo_epi32(r[i], r[i + 1]), _mm512_unpackhi_epi32(r[i], r[i + 1]));
        let (c, d) =
            (_mm512_unpacklo_epi32(r[i + 2], r[i + 3]), _mm512_unpackhi_epi32(r[i + 2], r[i + 3]));
        r[i] = _mm512_unpacklo_epi64(a, c);
        r[i + 1] = _mm512_unpackhi_epi64(a, c);
        r[i + 2] = _mm512_unpacklo_epi64(b, d);
        r[i + 3] = _mm512_unpackhi_epi64(b, d);
    }
    // Then the quarters: row i, i + 4, i + 8, i + 12 hold words i, i + 4, i + 8, i + 12.
    let mut columns = r;
    for i in 0..4 {
        let a = _mm512_shuffle_i32x4::<0x44>(r[i], r[i + 4]);
        let b = _mm512_shuffle_i32x4::<0xee>(r[i], r[i + 4]);
        let c = _mm512_shuffle_i32x4::<0x44>(r[i + 8], r[i + 12]);
        let d = _mm512_shuffle_i32x4::<0xee>(r[i + 8], r[i + 12]);
        columns[i] = _mm512_shuffle_i32x4::<0x88>(a, c);
        columns[i + 4] = _mm512_shuffle_i32x4::<0xdd>(a, c);
        columns[i + 8] = _mm512_shuffle_i32x4::<0x88>(b, d);
        columns[i + 12] = _mm512_shuffle_i32x4::<0xdd>(b, d);
    }
    columns
}
