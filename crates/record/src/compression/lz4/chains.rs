//! The thorough search: of all places where the next four bytes were seen, the one with the
//! longest match, and no match where one byte further on there is a longer one.

use super::{MATCH_LIMIT, hash, match_len, put_sequence, word};

/// Most places that are looked at for one match, so that no input takes time without bounds.
const MOST_ATTEMPTS: usize = 1024;
/// No earlier place.
const NOWHERE: u32 = u32::MAX;

/// Where words were seen in a block, the latest place first.
struct Chains<'a> {
    block: &'a [u8],
    latest: Vec<u32>,
    /// By place: the one before it with the same hash.
    before: Vec<u32>,
    attempts: usize,
}

#[derive(Clone, Copy)]
struct Match {
    from: usize,
    len: usize,
}

/// Each level looks at twice as many places as the one before it.
pub(super) fn compress_block_thoroughly(block: &[u8], level: i32, out: &mut Vec<u8>) {
    let doublings = u32::try_from(level - 1).unwrap_or(0).min(16);
    let mut chains = Chains {
        block,
        latest: vec![NOWHERE; 1 << super::HASH_BITS],
        before: vec![NOWHERE; block.len()],
        attempts: MOST_ATTEMPTS.min(1 << doublings),
    };
    let (mut at, mut literals) = (0, 0);
    let mut found = chains.longest(at);
    while chains.can_start(at) {
        chains.add(at);
        let next = chains.longest(at + 1);
        let len = |found: Option<Match>| found.map_or(0, |found| found.len);
        let Some(best) = found.filter(|best| best.len >= len(next)) else {
            (at, found) = (at + 1, next);
            continue;
        };
        put_sequence(&block[literals..at], Some((at - best.from, best.len)), out);
        for passed in at + 1..at + best.len {
            chains.add(passed);
        }
        at += best.len;
        (literals, found) = (at, chains.longest(at));
    }
    put_sequence(&block[literals..], None, out);
}

impl Chains<'_> {
    fn can_start(&self, at: usize) -> bool {
        at + MATCH_LIMIT < self.block.len()
    }

    fn add(&mut self, at: usize) {
        if self.can_start(at) {
            let latest = &mut self.latest[hash(word(self.block, at))];
            self.before[at] = std::mem::replace(latest, at as u32);
        }
    }

    fn longest(&self, at: usize) -> Option<Match> {
        if !self.can_start(at) {
            return None;
        }
        let next = word(self.block, at);
        let mut best: Option<Match> = None;
        let mut from = self.latest[hash(next)];
        for _ in 0..self.attempts {
            if from == NOWHERE {
                break;
            }
            let place = from as usize;
            let longer = best.is_none_or(|best| {
                // A longer match is the same in the byte that ended the best one.
                self.block[place + best.len] == self.block[at + best.len]
            });
            if longer && word(self.block, place) == next {
                let len = match_len(self.block, at, place);
                if best.is_none_or(|best| len > best.len) {
                    best = Some(Match { from: place, len });
                }
            }
            from = self.before[place];
        }
        best
    }
}
