//! Leader epochs: which leader wrote from which offset on.
//!
//! The file `leader-epoch-checkpoint` is text:
//! ```text
//! 0              version
//! 2              number of entries
//! 0 0            epoch and start offset, a line each
//! 3 120
//! ```

use bytes::Bytes;

/// No epoch is known.
pub const UNDEFINED_EPOCH: i32 = -1;
/// No offset is known.
pub const UNDEFINED_OFFSET: i64 = -1;

/// The leader of `epoch` wrote from `start_offset` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochEntry {
    pub epoch: i32,
    pub start_offset: i64,
}

/// Entries in order of epoch and of offset.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LeaderEpochs {
    entries: Vec<EpochEntry>,
}

impl LeaderEpochs {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?;
        let mut lines = text.lines();
        let mut number = |what: &str| {
            let line = lines
                .next()
                .ok_or_else(|| format!("it ends before its {what}"))?;
            line.trim()
                .parse::<usize>()
                .map_err(|_| format!("{what} {line:?} is no number"))
        };
        let version = number("version")?;
        if version != 0 {
            return Err(format!("version {version} is unknown"));
        }
        let count = number("number of entries")?;
        let mut out = Self::default();
        for line in lines.filter(|line| !line.trim().is_empty()) {
            let entry = line
                .split_once(' ')
                .and_then(|(epoch, start)| {
                    let (epoch, start_offset) = (epoch.parse().ok()?, start.trim().parse().ok()?);
                    Some(EpochEntry {
                        epoch,
                        start_offset,
                    })
                })
                .ok_or_else(|| format!("line {line:?} is no entry"))?;
            let ascends = out.entries.last().is_none_or(|before| {
                entry.epoch > before.epoch && entry.start_offset >= before.start_offset
            });
            if !ascends {
                return Err(format!("line {line:?} does not ascend"));
            }
            out.entries.push(entry);
        }
        if out.entries.len() != count {
            return Err(format!("it has {} entries, not {count}", out.entries.len()));
        }
        Ok(out)
    }

    pub(crate) fn to_bytes(&self) -> Bytes {
        let mut text = format!("0\n{}\n", self.entries.len());
        for entry in &self.entries {
            text.push_str(&format!("{} {}\n", entry.epoch, entry.start_offset));
        }
        text.into()
    }

    pub(crate) fn entries(&self) -> &[EpochEntry] {
        &self.entries
    }

    pub(crate) fn latest(&self) -> Option<EpochEntry> {
        self.entries.last().copied()
    }

    /// Notes that the leader of `epoch` writes from `start_offset` on. Later truth replaces
    /// entries that contradict it. Says whether anything changed.
    pub(crate) fn assign(&mut self, epoch: i32, start_offset: i64) -> bool {
        if epoch < 0 || self.latest().is_some_and(|last| epoch <= last.epoch) {
            return false;
        }
        self.entries
            .retain(|entry| entry.start_offset < start_offset);
        self.entries.push(EpochEntry {
            epoch,
            start_offset,
        });
        true
    }

    /// The epoch asked for (or the largest before it) and where it ended: the next epoch's start,
    /// or `log_end` for the latest. Undefined for an epoch later than any known. KIP-101, KIP-279.
    pub(crate) fn end_offset_for(&self, epoch: i32, log_end: i64) -> (i32, i64) {
        let Some(latest) = self.latest() else {
            return (UNDEFINED_EPOCH, UNDEFINED_OFFSET);
        };
        if epoch == UNDEFINED_EPOCH {
            return (UNDEFINED_EPOCH, UNDEFINED_OFFSET);
        }
        if epoch == latest.epoch {
            return (epoch, log_end);
        }
        let later = self.entries.partition_point(|entry| entry.epoch <= epoch);
        let Some(next) = self.entries.get(later) else {
            return (UNDEFINED_EPOCH, UNDEFINED_OFFSET);
        };
        match later.checked_sub(1) {
            Some(i) => (self.entries[i].epoch, next.start_offset),
            None => (epoch, next.start_offset),
        }
    }

    /// The epoch that `offset` was written in.
    pub(crate) fn epoch_of(&self, offset: i64) -> Option<i32> {
        let after = self
            .entries
            .partition_point(|entry| entry.start_offset <= offset);
        after.checked_sub(1).map(|i| self.entries[i].epoch)
    }

    /// Forgets what began at or after `offset`, the new log end.
    pub(crate) fn truncate_from_end(&mut self, offset: i64) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.start_offset < offset);
        self.entries.len() != before
    }

    /// Forgets what ended before `offset`, the new log start; the epoch in force there now
    /// starts there.
    pub(crate) fn truncate_from_start(&mut self, offset: i64) -> bool {
        let in_force = self
            .entries
            .partition_point(|entry| entry.start_offset <= offset);
        let Some(first) = in_force.checked_sub(1) else {
            return false;
        };
        if first == 0 && self.entries[0].start_offset == offset {
            return false;
        }
        self.entries.drain(..first);
        self.entries[0].start_offset = offset;
        true
    }

    pub(crate) fn clear(&mut self) -> bool {
        !std::mem::take(&mut self.entries).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs(entries: &[(i32, i64)]) -> LeaderEpochs {
        let mut out = LeaderEpochs::default();
        for &(epoch, start) in entries {
            out.assign(epoch, start);
        }
        out
    }

    fn pairs(epochs: &LeaderEpochs) -> Vec<(i32, i64)> {
        epochs
            .entries()
            .iter()
            .map(|e| (e.epoch, e.start_offset))
            .collect()
    }

    #[test]
    fn text_round_trip() {
        let all = epochs(&[(0, 0), (3, 120)]);
        assert_eq!(&all.to_bytes()[..], b"0\n2\n0 0\n3 120\n");
        assert_eq!(LeaderEpochs::parse(&all.to_bytes()), Ok(all));
        for bad in [
            "",
            "1\n0\n",
            "0\n2\n0 0\n",
            "0\nx\n",
            "0\n1\n5\n",
            "0\n2\n3 1\n2 5\n",
        ] {
            assert!(LeaderEpochs::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn assigning() {
        let check = |entries: &[(i32, i64)], expect: &[(i32, i64)]| {
            assert_eq!(pairs(&epochs(entries)), expect, "{entries:?}");
        };
        check(&[(0, 0), (0, 5)], &[(0, 0)]);
        check(&[(2, 10), (1, 20)], &[(2, 10)]);
        check(&[(0, 0), (1, 10), (2, 10)], &[(0, 0), (2, 10)]);
        check(&[(0, 0), (1, 10), (2, 5)], &[(0, 0), (2, 5)]);
        check(&[(-1, 0)], &[]);
    }

    #[test]
    fn end_offsets() {
        let all = epochs(&[(2, 10), (4, 30), (5, 50)]);
        for (epoch, expect) in [
            (5, (5, 70)),
            (4, (4, 50)),
            (3, (2, 30)),
            (2, (2, 30)),
            (1, (1, 10)),
            (6, (-1, -1)),
            (-1, (-1, -1)),
        ] {
            assert_eq!(all.end_offset_for(epoch, 70), expect, "epoch {epoch}");
        }
        assert_eq!(LeaderEpochs::default().end_offset_for(0, 7), (-1, -1));
        assert_eq!(
            (all.epoch_of(9), all.epoch_of(10), all.epoch_of(99)),
            (None, Some(2), Some(5))
        );
    }

    #[test]
    fn truncating() {
        let all = epochs(&[(2, 10), (4, 30), (5, 50)]);
        let cut = |f: fn(&mut LeaderEpochs, i64) -> bool, at, expect: &[(i32, i64)]| {
            let mut copy = all.clone();
            let changed = f(&mut copy, at);
            assert_eq!(pairs(&copy), expect, "{at}");
            assert_eq!(changed, copy != all, "{at}");
        };
        cut(
            LeaderEpochs::truncate_from_end,
            51,
            &[(2, 10), (4, 30), (5, 50)],
        );
        cut(LeaderEpochs::truncate_from_end, 50, &[(2, 10), (4, 30)]);
        cut(LeaderEpochs::truncate_from_end, 0, &[]);
        cut(
            LeaderEpochs::truncate_from_start,
            5,
            &[(2, 10), (4, 30), (5, 50)],
        );
        cut(
            LeaderEpochs::truncate_from_start,
            10,
            &[(2, 10), (4, 30), (5, 50)],
        );
        cut(LeaderEpochs::truncate_from_start, 35, &[(4, 35), (5, 50)]);
        cut(LeaderEpochs::truncate_from_start, 99, &[(5, 99)]);
    }
}
