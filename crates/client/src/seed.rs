//! The one source of randomness: SplitMix64 from the seed that was handed in.

/// Deterministic pseudo-random numbers (Steele, Lea and Flood, "Fast splittable pseudorandom
/// number generators"). Not for secrets.
#[derive(Debug, Clone)]
pub(crate) struct Seed(u64);

impl Seed {
    pub(crate) fn new(seed: u64) -> Seed {
        Seed(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `end - 1`; 0 when `end` is 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        // 128-bit multiply-shift: no modulo, and a bias far below anything that could matter here.
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_numbers_and_all_are_reached() {
        let draw = |seed| {
            let mut seed = Seed::new(seed);
            (0..200).map(|_| seed.below(5)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        for wanted in 0..5 {
            assert!(draw(7).contains(&wanted));
        }
        assert!(draw(7).iter().all(|n| *n < 5));
    }
}
