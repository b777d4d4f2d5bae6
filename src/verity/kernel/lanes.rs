//! SHA-2 with one message in each lane of a vector: the part that all lane-wise kernels share.

/// Writes `pub(super) fn hash` of a lane-wise kernel.
///
/// The module that invokes it defines the operations on its vector type: `splat`, `add`, `choose`,
/// `majority`, `big_sigma0`, `big_sigma1`, `small_sigma0`, `small_sigma1`, `message` (the words of
/// one message block of every lane) and `words` (a vector as an array). All names are those of
/// FIPS 180-4.
macro_rules! lane_hash {
    (
        feature: $feature:literal, vector: $vector:ty, lanes: $lanes:literal,
        initial: $initial:expr, rounds: $rounds:expr, padding: $padding:expr,
        message_blocks: $message_blocks:expr, digest: $digest:ty $(,)?
    ) => {
        /// Hashes each block into its place in `out`, which is as long.
        #[target_feature(enable = $feature)]
        pub(super) fn hash(blocks: &[Block], out: &mut [$digest]) {
            for (group, out) in blocks.chunks($lanes).zip(out.chunks_mut($lanes)) {
                // Lanes without a block of their own repeat the first; `chunks` gives at least it.
                let lanes = std::array::from_fn(|lane| group.get(lane).unwrap_or(&group[0]));
                hash_group(&lanes, out);
            }
        }

        #[target_feature(enable = $feature)]
        fn hash_group(lanes: &[&Block; $lanes], out: &mut [$digest]) {
            let mut state = [splat(0); 8];
            for (vector, word) in state.iter_mut().zip($initial) {
                *vector = splat(word);
            }
            for position in 0..$message_blocks {
                compress(&mut state, message(lanes, position));
            }
            compress_padding(&mut state);
            let mut columns = [[0; $lanes]; 8];
            for (column, vector) in columns.iter_mut().zip(state) {
                *column = words(vector);
            }
            for (lane, digest) in out.iter_mut().enumerate() {
                for (bytes, column) in digest.as_chunks_mut().0.iter_mut().zip(&columns) {
                    *bytes = column[lane].to_be_bytes();
                }
            }
        }

        /// Mixes one message block of every lane into the state.
        #[inline]
        #[target_feature(enable = $feature)]
        fn compress(state: &mut [$vector; 8], mut w: [$vector; 16]) {
            let mut s = *state;
            let (first, later) = $rounds.split_at(16);
            unrolled!(t => round(&mut s, add(w[t], splat(first[t]))));
            for constants in later.as_chunks::<16>().0 {
                unrolled!(t => {
                    let (x, y) = (w[(t + 1) % 16], w[(t + 14) % 16]);
                    let sum = add(w[t], w[(t + 9) % 16]);
                    w[t] = add(add(sum, small_sigma0(x)), small_sigma1(y));
                    round(&mut s, add(w[t], splat(constants[t])));
                });
            }
            for (old, new) in state.iter_mut().zip(s) {
                *old = add(*old, new);
            }
        }

        /// Mixes the padding block, whose schedule is known, into the state.
        #[inline]
        #[target_feature(enable = $feature)]
        fn compress_padding(state: &mut [$vector; 8]) {
            let mut s = *state;
            for word in $padding {
                round(&mut s, splat(word));
            }
            for (old, new) in state.iter_mut().zip(s) {
                *old = add(*old, new);
            }
        }

        /// One round; `kw` is the round constant plus the message word.
        #[inline]
        #[target_feature(enable = $feature)]
        fn round(s: &mut [$vector; 8], kw: $vector) {
            let [a, b, c, d, e, f, g, h] = *s;
            let t1 = add(add(h, kw), add(choose(e, f, g), big_sigma1(e)));
            let t2 = add(majority(a, b, c), big_sigma0(a));
            *s = [add(t1, t2), a, b, c, add(d, t1), e, f, g];
        }
    };
}

/// Repeats a statement for `t` from 0 to 15, without a loop: the compiler would keep one, with the
/// schedule in memory and the state moved on from register to register.
macro_rules! unrolled {
    ($t:ident => $body:expr) => {
        unrolled!($t => $body; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
    ($t:ident => $body:expr; $($value:literal)+) => {
        $({ let $t = $value; $body; })+
    };
}
pub(super) use {lane_hash, unrolled};
