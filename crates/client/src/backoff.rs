//! Waiting longer after each failure, with jitter from the seed (KIP-144, KIP-580).

use crate::seed::Seed;

/// Share by which a delay varies, in parts of a thousand: Kafka's 20 %.
const JITTER_PER_MILLE: i64 = 200;
/// Doublings after which a delay no longer grows, whatever the maximum.
const MAX_DOUBLINGS: u32 = 30;

/// `initial_ms × 2^attempt`, at most `max_ms`, give or take a fifth.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    pub(crate) initial_ms: i64,
    pub(crate) max_ms: i64,
}

impl Backoff {
    /// The delay in ms before attempt number `attempt` is repeated; the first attempt is 0.
    pub(crate) fn delay(self, attempt: u32, seed: &mut Seed) -> i64 {
        let factor = 1i64 << attempt.min(MAX_DOUBLINGS);
        let base = self
            .initial_ms
            .saturating_mul(factor)
            .min(self.max_ms.max(self.initial_ms));
        let spread = (2 * JITTER_PER_MILLE + 1) as usize;
        let per_mille = 1000 - JITTER_PER_MILLE + seed.below(spread) as i64;
        base.saturating_mul(per_mille) / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_maximum() {
        let backoff = Backoff {
            initial_ms: 100,
            max_ms: 1000,
        };
        let mut seed = Seed::new(1);
        for (attempt, base) in [
            (0, 100),
            (1, 200),
            (2, 400),
            (3, 800),
            (4, 1000),
            (99, 1000),
        ] {
            for _ in 0..50 {
                let delay = backoff.delay(attempt, &mut seed);
                assert!(
                    (base * 8 / 10..=base * 12 / 10).contains(&delay),
                    "{attempt}: {delay}"
                );
            }
        }
    }
}
