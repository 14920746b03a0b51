//! Chance that can be repeated.

/// The sequence of xorshift64*: the same numbers for the same seed.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The sequence of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        // The sequence of zero is all zeros.
        Self(seed.max(1))
    }

    /// The next number, below `below`.
    pub fn roll(&mut self, below: u32) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        u32::try_from(high % u64::from(below.max(1))).unwrap_or(0)
    }

    /// Whether something happens that happens in so many of a hundred cases.
    pub fn in_a_hundred(&mut self, cases: u32) -> bool {
        self.roll(100) < cases
    }

    /// One of them.
    ///
    /// # Panics
    /// When there is none.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let count = u32::try_from(from.len()).unwrap_or(u32::MAX);
        &from[self.roll(count) as usize]
    }
}
