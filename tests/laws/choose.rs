//! Where generated values come from.

/// A source of choices. Zeros make the plainest choice, so a source that has run out ends whatever is
/// being made.
pub trait Choose {
    /// A number below `end`, which is at least 1.
    fn below(&mut self, end: usize) -> usize;

    /// True once in `n` times.
    fn once_in(&mut self, n: usize) -> bool {
        self.below(n) + 1 == n
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).expect("less than 256")
    }
}

/// Choices from given bytes, then zeros. Fewer and smaller bytes make smaller values.
pub struct Bytes<'b>(pub &'b [u8]);

impl Choose for Bytes<'_> {
    fn below(&mut self, end: usize) -> usize {
        let (mut number, mut reach) = (0, 1);
        while reach < end {
            let Some((&first, rest)) = self.0.split_first() else { break };
            self.0 = rest;
            number = number * 256 + usize::from(first);
            reach *= 256;
        }
        number % end
    }
}

/// Choices enough for most plans, the same every time.
pub fn pseudorandom(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..700).map(|_| next()).collect()
}
