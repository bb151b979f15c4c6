//! Chance that gives the same everywhere: what a seed makes, it makes again.

/// SplitMix64. Source: <https://prng.di.unimi.it/splitmix64.c>
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        (self.next() % sides as u64) as usize
    }

    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())].clone()
    }

    pub(crate) fn chance(&mut self, one_in: usize) -> bool {
        self.roll(one_in) == 0
    }

    /// Above zero, at most one.
    pub(crate) fn fraction(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// How often something happens that is expected so often.
    pub(crate) fn poisson(&mut self, expected: f64) -> u64 {
        if expected > 30.0 {
            // Near enough to the bell curve.
            let bell = (-2.0 * self.fraction().ln()).sqrt() * (std::f64::consts::TAU * self.fraction()).cos();
            return (expected + expected.sqrt() * bell).round().max(0.0) as u64;
        }
        let (mut product, mut happened) = (self.fraction(), 0);
        while product > (-expected).exp() {
            product *= self.fraction();
            happened += 1;
        }
        happened
    }
}
