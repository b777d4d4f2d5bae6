//! SHA-512 of 8 blocks at once, one in each 64-bit lane of the AVX-512 registers.
use super::constants::{INITIAL_512, PADDING_512, ROUNDS_512};
use super::lanes::{lane_hash, unrolled};
use crate::verity::Block;
use std::arch::x86_64::*;

lane_hash! {
    feature: "avx512f,avx512bw",
    vector: __m512i,
    lanes: 8,
    initial: INITIAL_512,
    rounds: ROUNDS_512,
    padding: PADDING_512,
    message_blocks: size_of::<Block>() / 128,
    digest: [u8; 64],
}

/// Truth table of `_mm512_ternarylogic` for the exclusive or of all three.
const XOR: i32 = 0x96;
/// Truth table for: second where the first is set, else third.
const CHOOSE: i32 = 0xca;
/// Truth table for: what two of three agree on.
const MAJORITY: i32 = 0xe8;

#[inline]
#[target_feature(enable = "avx512f")]
fn splat(word: u64) -> __m512i {
    _mm512_set1_epi64(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f")]
fn add(x: __m512i, y: __m512i) -> __m512i {
    _mm512_add_epi64(x, y)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn choose(x: __m512i, y: __m512i, z: __m512i) -> __m512i {
    _mm512_ternarylogic_epi64::<CHOOSE>(x, y, z)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn majority(x: __m512i, y: __m512i, z: __m512i) -> __m512i {
    _mm512_ternarylogic_epi64::<MAJORITY>(x, y, z)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn big_sigma0(x: __m512i) -> __m512i {
    let (p, q, r) =
        (_mm512_ror_epi64::<28>(x), _mm512_ror_epi64::<34>(x), _mm512_ror_epi64::<39>(x));
    _mm512_ternarylogic_epi64::<XOR>(p, q, r)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn big_sigma1(x: __m512i) -> __m512i {
    let (p, q, r) =
        (_mm512_ror_epi64::<14>(x), _mm512_ror_epi64::<18>(x), _mm512_ror_epi64::<41>(x));
    _mm512_ternarylogic_epi64::<XOR>(p, q, r)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn small_sigma0(x: __m512i) -> __m512i {
    let (p, q, r) = (_mm512_ror_epi64::<1>(x), _mm512_ror_epi64::<8>(x), _mm512_srli_epi64::<7>(x));
    _mm512_ternarylogic_epi64::<XOR>(p, q, r)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn small_sigma1(x: __m512i) -> __m512i {
    let (p, q, r) =
        (_mm512_ror_epi64::<19>(x), _mm512_ror_epi64::<61>(x), _mm512_srli_epi64::<6>(x));
    _mm512_ternarylogic_epi64::<XOR>(p, q, r)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn words(vector: __m512i) -> [u64; 8] {
    let mut words = [0; 8];
    // SAFETY: the array is as long as the vector, and the store needs no alignment.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), vector) };
    words
}

/// The 16 words of message block `position` of each lane: vector `t` holds every lane's word `t`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn message(lanes: &[&Block; 8], position: usize) -> [__m512i; 16] {
    let mut w = [_mm512_setzero_si512(); 16];
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
#[target_feature(enable = "avx512f,avx512bw")]
fn load(bytes: &[u8; 64]) -> __m512i {
    // SAFETY: the array is as long as the vector, and the load needs no alignment.
    let raw = unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) };
    let swap = _mm_set_epi8(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    _mm512_shuffle_epi8(raw, _mm512_broadcast_i32x4(swap))
}

/// Turns rows of words into columns.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose(rows: [__m512i; 8]) -> [__m512i; 8] {
    let mut r = rows;
    // Within each 128-bit quarter: 2 x 2 words of two neighbouring rows.
    for i in [0, 2, 4, 6] {
        (r[i], r[i + 1]) =
            (_mm512_unpacklo_epi64(r[i], r[i + 1]), _mm512_unpackhi_epi64(r[i], r[i + 1]));
    }
    // Then the quarters: row i, i + 2, i + 4, i + 6 hold words i, i + 2, i + 4, i + 6.
    let mut columns = r;
    for i in 0..2 {
        let a = _mm512_shuffle_i64x2::<0x44>(r[i], r[i + 2]);
        let b = _mm512_shuffle_i64x2::<0xee>(r[i], r[i + 2]);
        let c = _mm512_shuffle_i64x2::<0x44>(r[i + 4], r[i + 6]);
        let d = _mm512_shuffle_i64x2::<0xee>(r[i + 4], r[i + 6]);
        columns[i] = _mm512_shuffle_i64x2::<0x88>(a, c);
        columns[i + 2] = _mm512_shuffle_i64x2::<0xdd>(a, c);
        columns[i + 4] = _mm512_shuffle_i64x2::<0x88>(b, d);
        columns[i + 6] = _mm512_shuffle_i64x2::<0xdd>(b, d);
    }
    columns
}
