//! The only source of chance outside brokers and clients: SplitMix64, seeded.

/// Added at each step: 2^64 divided by the golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Equal seeds and salts give equal sequences.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// `salt` sets apart what draws from the same seed: boot, kind, number.
    pub(crate) fn new(seed: u64, salt: &[u64]) -> Chance {
        let mut chance = Chance(seed);
        for part in salt {
            chance.0 = chance.next().wrapping_add(*part);
        }
        chance
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 when `bound` is.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }
}

/// What draws, as the first part of a salt.
pub(crate) mod salt {
    pub(crate) const LINK: u64 = 1;
    pub(crate) const BROKER: u64 = 2;
    pub(crate) const CLIENT: u64 = 3;
    pub(crate) const RECORDS: u64 = 4;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn salts_set_sequences_apart() {
        let first = |salt: &[u64]| Chance::new(7, salt).next();
        assert_eq!(first(&[1, 2]), first(&[1, 2]));
        assert_ne!(first(&[1, 2]), first(&[2, 1]));
        assert_ne!(first(&[1]), first(&[1, 0]));
        assert!(
            (0..1_000)
                .map(|n| Chance::new(n, &[]).below(7))
                .all(|n| n < 7)
        );
        assert_eq!(Chance::new(1, &[]).below(0), 0);
    }
}
