//! fs-verity digests: the specification's vectors, and what must not change the answer.
use cfs::verity::{
    Algorithm, BLOCK_SIZE, Block, Digest, Hasher, Kernel, LeavesError, digest, hash_leaves_sha256,
    hash_leaves_sha512, leaf_digests, root_from_leaves,
};
use proptest::prelude::*;
use sha2::Digest as _;

const ALGORITHMS: [Algorithm; 2] = [Algorithm::Sha256, Algorithm::Sha512];

#[test]
fn every_vector_comes_out_of_the_streaming_hasher() {
    for vector in vectors() {
        for algorithm in ALGORITHMS {
            vector.streams_to(Hasher::new(algorithm), algorithm);
        }
    }
}

#[test]
fn every_vector_up_to_a_megabyte_comes_out_of_every_kernel() {
    for vector in vectors().filter(|vector| vector.len <= 1 << 20) {
        for (algorithm, kernel) in ALGORITHMS.into_iter().flat_map(with_kernels) {
            vector.streams_to(Hasher::with_kernel(algorithm, kernel), algorithm);
        }
    }
}

#[test]
fn every_vector_comes_out_in_one_call() {
    for vector in vectors() {
        let data: Vec<u8> = vector.pieces().flatten().copied().collect();
        for algorithm in ALGORITHMS {
            vector.is(digest(algorithm, &data), algorithm);
        }
    }
}

#[test]
fn each_kernel_hashes_any_number_of_leaves_as_sha2_does() {
    for kernel in Kernel::available() {
        for count in 0..=40 {
            agrees_with_sha2(count, 40, |blocks, short, long| {
                kernel.hash_leaves_sha256(blocks, short);
                kernel.hash_leaves_sha512(blocks, long);
            });
        }
    }
}

#[test]
fn each_kernel_pads_the_last_leaf() {
    for algorithm in ALGORITHMS {
        let data = noise(17 * BLOCK_SIZE + 5);
        let leaves = leaf_digests(algorithm, &data);
        assert_eq!(leaves.len(), 18 * algorithm.digest_len());
        for kernel in Kernel::available() {
            assert!(kernel.leaf_digests(algorithm, &data) == leaves, "{kernel:?}");
        }
    }
}

#[test]
fn the_choice_of_kernels_hashes_any_number_of_leaves_as_sha2_does() {
    for count in 0..=40 {
        agrees_with_sha2(count, 40, |blocks, short, long| {
            hash_leaves_sha256(blocks, short);
            hash_leaves_sha512(blocks, long);
        });
    }
}

#[test]
fn the_shorter_of_blocks_and_digests_counts() {
    for room in [0, 1, 7, 9, 17] {
        for kernel in Kernel::available() {
            agrees_with_sha2(20, room, |blocks, short, long| {
                kernel.hash_leaves_sha256(blocks, short);
                kernel.hash_leaves_sha512(blocks, long);
            });
        }
        agrees_with_sha2(20, room, |blocks, short, long| {
            hash_leaves_sha256(blocks, short);
            hash_leaves_sha512(blocks, long);
        });
    }
}

#[test]
fn the_best_kernel_is_one_that_the_cpu_has() {
    for (algorithm, leaves) in ALGORITHMS.into_iter().flat_map(|a| (0..40).map(move |n| (a, n))) {
        let best = Kernel::best(algorithm, leaves);
        assert!(Kernel::available().any(|kernel| kernel == best), "{best:?}");
    }
    assert_eq!(Kernel::available().next(), Some(Kernel::Portable));
}

#[test]
fn files_that_differ_in_trailing_zeros_alone_differ() {
    for algorithm in ALGORITHMS {
        let mut data = noise(5000);
        let before = digest(algorithm, &data);
        let leaves = leaf_digests(algorithm, &data);
        data.push(0);
        assert_eq!(leaf_digests(algorithm, &data), leaves, "the tree cannot tell");
        assert_ne!(digest(algorithm, &data), before, "the descriptor can");
    }
}

#[test]
fn a_growing_tree_is_the_tree_of_all_its_leaves() {
    for algorithm in ALGORITHMS {
        // Enough for three levels to pass digests on, in pieces that end nowhere in particular.
        let count = 17 * 128 * 128 + 3 * 128 + 5;
        let leaves = noise(count * algorithm.digest_len());
        let mut hasher = Hasher::new(algorithm);
        for piece in leaves.chunks(1237 * algorithm.digest_len()) {
            hasher.add_leaves(piece).unwrap();
        }
        let data_len = (count * BLOCK_SIZE) as u64;
        assert_eq!(root_from_leaves(algorithm, leaves, data_len), Ok(hasher.finish()));
    }
}

#[test]
fn leaf_digests_are_refused_inside_a_block() {
    for algorithm in ALGORITHMS {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(&[1; 4097]);
        let leaf = vec![0; algorithm.digest_len()];
        assert_eq!(hasher.add_leaves(&leaf), Err(LeavesError::InsideBlock { length: 4097 }));
        assert_eq!(hasher.finish(), digest(algorithm, &[1; 4097]), "nothing was taken");
    }
}

#[test]
fn a_part_of_a_leaf_digest_is_refused() {
    let mut hasher = Hasher::new(Algorithm::Sha512);
    let error = hasher.add_leaves(&[0; 65]).unwrap_err();
    assert_eq!(error, LeavesError::Length { expected: 64, found: 65 });
    assert_eq!(error.to_string(), "expected 64 bytes of leaf digests, found 65");
    assert_eq!(hasher.finish(), digest(Algorithm::Sha512, b""), "nothing was taken");
}

#[test]
fn a_tree_needs_exactly_one_leaf_for_each_block() {
    let root = |leaves: usize, data_len| {
        root_from_leaves(Algorithm::Sha256, vec![0; leaves * 32], data_len).map_err(|_| ())
    };
    assert_eq!(root(0, 0), Ok(digest(Algorithm::Sha256, b"")));
    for (leaves, data_len) in [(1, 1), (1, 4096), (2, 4097), (2, 8192)] {
        assert!(root(leaves, data_len).is_ok(), "{leaves} {data_len}");
    }
    for (leaves, data_len) in [(1, 0), (0, 1), (2, 4096), (1, 4097), (1, u64::MAX)] {
        assert_eq!(root(leaves, data_len), Err(()), "{leaves} {data_len}");
    }
}

#[test]
fn a_digest_is_told_by_its_length() {
    for len in 0..=65 {
        let raw = noise(len);
        let made = Digest::from_bytes(&raw);
        assert_eq!(made.is_some(), len == 32 || len == 64, "{len}");
        if let Some(made) = made {
            assert_eq!(made.as_bytes(), raw);
            assert_eq!(made.algorithm().digest_len(), len);
        }
    }
}

#[test]
fn a_digest_prints_as_hex_and_names_a_place_in_a_store() {
    let short = Digest::from_bytes(&[0x0f; 32]).unwrap();
    assert_eq!(short.to_string(), "0f".repeat(32));
    assert_eq!(format!("{short:?}"), format!("sha256:{short}"));
    assert_eq!(short.object_path(), format!("0f/{}", "0f".repeat(31)));
    let long = Digest::from_bytes(&[0xab; 64]).unwrap();
    assert_eq!(long.object_path(), format!("ab/{}", "ab".repeat(63)));
    assert!(short < long);
}

#[test]
fn algorithms_have_the_kernel_s_numbers_and_names() {
    let facts = ALGORITHMS.map(|a| (a.id(), a.name(), a.digest_len()));
    assert_eq!(facts, [(1, "sha256", 32), (2, "sha512", 64)]);
}

proptest! {
    #[test]
    fn how_the_bytes_are_cut_makes_no_difference(
        len in 0..600_000_usize,
        pieces in prop::collection::vec(prop_oneof![0..20_usize, 4000..4200_usize, 0..200_000_usize], 1..9),
        algorithm in prop::sample::select(&ALGORITHMS[..]),
    ) {
        let data = noise(len);
        let mut hasher = Hasher::new(algorithm);
        let mut rest = &data[..];
        for size in pieces {
            let (piece, after) = rest.split_at(size.min(rest.len()));
            hasher.update(piece);
            rest = after;
        }
        hasher.update(rest);
        prop_assert_eq!(hasher.finish(), digest(algorithm, &data));
    }

    #[test]
    fn leaf_digests_stand_for_their_blocks(
        blocks in prop::collection::vec((0..40_usize, any::<bool>()), 0..6),
        tail in 0..BLOCK_SIZE,
        algorithm in prop::sample::select(&ALGORITHMS[..]),
    ) {
        let total: usize = blocks.iter().map(|(count, _)| count * BLOCK_SIZE).sum();
        let data = noise(total + tail);
        let mut hasher = Hasher::new(algorithm);
        let mut rest = &data[..];
        for (count, as_leaves) in blocks {
            let (piece, after) = rest.split_at(count * BLOCK_SIZE);
            if as_leaves {
                hasher.add_leaves(&leaf_digests(algorithm, piece)).unwrap();
            } else {
                hasher.update(piece);
            }
            rest = after;
        }
        hasher.update(rest);
        prop_assert_eq!(hasher.finish(), digest(algorithm, &data));
    }
}

/// A file whose digests the specification gives.
struct Vector {
    /// Its bytes, over and over: a piece that starts wherever the last one ended.
    cycle: Vec<u8>,
    len: usize,
    digests: [String; 2],
}

impl Vector {
    fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let starts = (0..self.len).step_by(self.cycle.len());
        starts.map(|start| &self.cycle[..self.cycle.len().min(self.len - start)])
    }

    #[track_caller]
    fn streams_to(&self, mut hasher: Hasher, algorithm: Algorithm) {
        self.pieces().for_each(|piece| hasher.update(piece));
        self.is(hasher.finish(), algorithm);
    }

    #[track_caller]
    fn is(&self, found: Digest, algorithm: Algorithm) {
        assert_eq!(found.algorithm(), algorithm);
        let index = usize::from(algorithm.id() - 1);
        assert_eq!(found.to_string(), self.digests[index], "{} bytes", self.len);
    }
}

fn vectors() -> impl Iterator<Item = Vector> {
    VECTORS.lines().map(|line| {
        let [fill, len, short, long] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let top = if fill == "zeros" { 0 } else { 250 };
        let cycle = (0..=top).cycle().take(251 * 1000).collect();
        Vector { cycle, len: len.parse().unwrap(), digests: [short.into(), long.into()] }
    })
}

fn with_kernels(algorithm: Algorithm) -> impl Iterator<Item = (Algorithm, Kernel)> {
    Kernel::available().map(move |kernel| (algorithm, kernel))
}

/// Has `count` blocks hashed into room for `room` digests of either size, and compares.
#[track_caller]
fn agrees_with_sha2(
    count: usize,
    room: usize,
    hash: impl Fn(&[Block], &mut [[u8; 32]], &mut [[u8; 64]]),
) {
    let data = noise(count * BLOCK_SIZE);
    let blocks = data.as_chunks().0;
    let (mut short, mut long) = (vec![[0; 32]; room], vec![[0; 64]; room]);
    hash(blocks, &mut short, &mut long);
    for i in 0..room {
        let block = blocks.get(i);
        let expected = block.map_or([0; 32], |block| sha2::Sha256::digest(block).into());
        assert!(short[i] == expected, "sha256 {i} of {count} in {room}");
        let expected = block.map_or([0; 64], |block| sha2::Sha512::digest(block).into());
        assert!(long[i] == expected, "sha512 {i} of {count} in {room}");
    }
}

/// Bytes without a pattern, the same ones every time.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}

/// Fill, length, SHA-256, SHA-512. Byte `i` of a pattern is `i mod 251`.
///
/// Source: what `fsverity digest` of fsverity-utils prints for these files.
const VECTORS: &str = "\
pattern 0 3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95 ccf9e5aea1c2a64efa2f2354a6024b90dffde6bbc017825045dce374474e13d10adb9dadcc6ca8e17a3c075fbd31336e8f266ae6fa93a6c3bed66f9e784e5abf
pattern 1 b803429503d95915829b29fdbc8bbad142f3abfd11b1cadf5526582e685c0551 9fcf5172b085b1c8f9365eecb37a1869e193a4705654a5829f11939cd01d5c0fd97276be8cd9d49f76cfc8dcfeb80f8128e3548a1de50b56912b9e3fc7bde27b
pattern 64 82e78d1b03af63fe2c17a967ec3264787e36f598abeae346f2fccb1ed6983846 67f5c00fd95bbf2c2f9055b20d281de71ebafb9acc860238c9fa38e0cc5c50eb212ffb61f688ce013242c752d8afaea178a2e6b4a4ccd3a99c6c37f62de7e8bd
pattern 4095 5f4953aad672b0188023d6cd6fbce9d09508eb7dad165b6298ce0086bc1e72db 1f4a9ea21af349cae1d1aa1ce4e560ce6d1e5882d8e2e7696b5afd14191f876e608444553101ba7ff16386a79c7e8739b2905ed14baf8036ebd05e6f09063b2a
pattern 4096 13e9b8848ae484a36acb3f3cac0ceb2f7601e96633d15c92f9bd3dd44e492157 7bf994782b368ecc4e20ce9144701b1a30524d5bbc90987625de22eebc8cf370ec846c1b5e77f9099c6f6cfc0b590359b9ac8083a43e5f7fa5ec05a25dab6e03
pattern 4097 b0d074abef4d544404facfab6ba242f6a8ccbde90f1325cd286f3c8aa8d0f8aa 97a1e45daaa69bd7b31908cf835318ba36476984ffa7f4a5913c0187db04ce5f19dc80306f493741d4ad1cdd212b7a9d2691aa3d42563d35471363fbb0fc7f1c
pattern 8192 e48d50c56c4f0178a98a035cb91d66be328eeff78bbddaa35c5ec4cc0d8340c0 08667f73e1f72588f2e9ca3f18f54844199569c2fffbb6767631fd0bde697d5b1cc83daaf0072181f07d0e5cf030ed1a1e41955213f4a990d81dd6619c71a99d
pattern 262144 879749b06517756efddf41c469e4b6411861a48729b345e0bee05590bdf54b94 f3d1adb48d9e641487f0674034e494b8e1ad589f9430b34f2a7e56acdf05180753d3f491f48c0958a8482edb1cda90fc82f0edd2bc6d22573bc743abd8e42a48
pattern 262145 3a184208d2025273795779ebbea5a31c8edecdb33646aaad46c66d089f8b9eed db774f463acc1e672e4da91d045eb146f2647efec545951fb7005067ff9899da3ae94dc206531b40985587ce4e5eb173a235d51b488074067d9e34131814b9de
pattern 524287 9735c4bb231d3222d1e5e23a4004d8b59dd33395d7de390530e15c2572000b47 f7404ffb27cf91bf7461a1215967cdd55492bab9ac0caf9fc28e8d51e51419f1b76b90cd893b0b8c55bfd70f1e33da7bd52b32c70a80bfb51824c7e40dc6cc6e
pattern 524288 d82861203d50ae9b60948504a704f35f5118bd229aeb1a22d6dae47b1767c4c4 7b3d245f9dc3169e2f721fa32f735149ace066408e783d5d79e21f9761e2efc39fb016b0a94e0a00af41a32fa5283b189899b0f27f91d013be745709678c0278
pattern 524289 4dc6905041c9c4ee73e13b53f63f5d289c46da359b664a965ead7f8cc4d799d4 60b58fe0f1e5198627ffb6be091eef60edce9b4ff6ee43884ba78a831ecdecc1572729afc5ebeb09101e3f102c9d7142ab4f66216198d85f8c7194eca7885bb2
pattern 16777216 c8c603ba422d6052debd2b54bb205f9fc0af42457d7c754bdc9404d09f40e949 00e37446888e4861896321669d6216f8b4e94a94d144de71e81040bedf016625cb4a70a5aaeed1ccd10b1be93c72f9afe1cc90cd3179177e04007e4db320ec13
pattern 16777217 c915f8d5d9f9bb351aac7eb72e56b1cfcc87dfeeedd8174209b9d2e116222a12 69b64bbea49e846e3c173e529e08a3aeafeefe3630625169d9b66f9e63ee0e12170208af2f31fef79a0eff60353a63e613ad505f27df3e49d11c1c9e0aa76d16
pattern 67108864 196650e8bd05f8516c0ede56deeb4d1ff2be9809dc2d827261db4a7773957567 4b6e424e2fa060c8ba46c149e4bb358684c0c01dc3d1f61bcb2ecf080d490c160745c9f1a1ad2309acb8cc426f890cf15cb8b8acb6eabf5164ad5d6842e4b620
pattern 67108865 acba6554fbff4e8b2fc0361086b9e8ed6afbbd3196ade159c0f3e2bf9ecb2ed1 8fedd4f06e533c604401fab2dd3cb54567ad80704a80aa78f32f023ce51bb46c297a2e8e3f3e65b35d69c06e37855309dec7ffbd63e2fdb6342e51b86024599b
zeros 1 b803429503d95915829b29fdbc8bbad142f3abfd11b1cadf5526582e685c0551 9fcf5172b085b1c8f9365eecb37a1869e193a4705654a5829f11939cd01d5c0fd97276be8cd9d49f76cfc8dcfeb80f8128e3548a1de50b56912b9e3fc7bde27b
zeros 4096 babc284ee4ffe7f449377fbf6692715b43aec7bc39c094a95878904d34bac97e 928922686c4caf32175f5236a7f964e9925d10a74dc6d8344a8bd08b23c228ff5792573987d7895f628f39c4f4ebe39a7367d7aeb16aaa0cd324ac1d53664e61
zeros 8192 be54121da3877f8852c65136d731784f134c4dd9d95071502e80d7be9f99b263 bb792b976d8b5cd01f02af8e1e5d438bb17026932f28e0520e7924eb95e0b3ccce78317c540757c4be23f24fcef8a5dd5eec4df54b590546207bc8c5cfd4d28a
zeros 524288 2d15bd7832895de85aa3d5bdfb57251e27bbec75ff467408340ab3eba858a2e1 80e3a9dbfb94da75ef90a5c477aa857df25af49e207425cad099421d02a0b783fb36b11d6f3f7a2ddf8b2cd2ec6c0d7d173dd7d1b51c448bfb134b506d910123
";
