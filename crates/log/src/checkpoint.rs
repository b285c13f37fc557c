//! The checkpoint files of a broker's root directory, and `partition.metadata`.
//!
//! ```text
//! 0                       version
//! 1                       number of entries
//! topic 0 42              topic, partition and offset, a line each
//! ```

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use uuid::Uuid;

use crate::log::Log;
use crate::store::{DirImage, LogDir, StoreOp};

/// Where recovery of each log starts.
pub const RECOVERY_POINTS: &str = "recovery-point-offset-checkpoint";
/// Where each log starts, if not at its first segment.
pub const LOG_STARTS: &str = "log-start-offset-checkpoint";
/// The high watermarks.
pub const HIGH_WATERMARKS: &str = "replication-offset-checkpoint";

/// How far compaction has been through each log that it is or was on for.
pub const CLEANER_OFFSETS: &str = "cleaner-offset-checkpoint";

/// Offsets by directory of the partition.
pub type Offsets = BTreeMap<LogDir, i64>;

/// Writes a checkpoint file.
pub fn encode(offsets: &Offsets) -> Bytes {
    let mut lines = String::new();
    let mut count = 0;
    for (dir, offset) in offsets {
        if let Some((topic, partition)) = dir.topic_partition() {
            lines.push_str(&format!("{topic} {partition} {offset}\n"));
            count += 1;
        }
    }
    format!("0\n{count}\n{lines}").into()
}

/// Reads a checkpoint file.
pub fn decode(bytes: &[u8]) -> Result<Offsets, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?;
    let mut lines = text.lines();
    if lines.next() != Some("0") {
        return Err("its version is not 0".to_owned());
    }
    let count: usize = lines
        .next()
        .and_then(|line| line.parse().ok())
        .ok_or_else(|| "it has no number of entries".to_owned())?;
    let mut out = Offsets::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let mut words = line.split(' ');
        let entry = (|| {
            let topic = words.next()?;
            let partition: i32 = words.next()?.parse().ok()?;
            let offset: i64 = words.next()?.parse().ok()?;
            (words.next().is_none() && partition >= 0)
                .then(|| (LogDir::new(topic, partition), offset))
        })();
        let (dir, offset) = entry.ok_or_else(|| format!("line {line:?} is no entry"))?;
        out.insert(dir, offset);
    }
    if out.len() != count {
        return Err(format!("it has {} entries, not {count}", out.len()));
    }
    Ok(out)
}

/// The checkpoints of all logs of a broker. Observe every log that a step changed, then flush:
/// only files that differ are written.
#[derive(Debug, Clone, Default)]
pub struct RootCheckpoints {
    recovery_points: Offsets,
    log_starts: Offsets,
    high_watermarks: Offsets,
    cleaner_offsets: Offsets,
    changed: [bool; 4],
    /// Logs whose store failed: nobody knows what of them is stored.
    distrusted: BTreeSet<LogDir>,
}

impl RootCheckpoints {
    /// Reads the files of the root directory. A damaged file is left out and named: its logs are
    /// recovered in full, so that nothing is lost but time (and a log start that was not yet
    /// behind a segment).
    pub fn read(root: &DirImage) -> (Self, Vec<String>) {
        let mut damaged = Vec::new();
        let mut read = |name: &str| match root.files.get(name).map(|bytes| decode(bytes)) {
            None => Offsets::new(),
            Some(Ok(offsets)) => offsets,
            Some(Err(reason)) => {
                damaged.push(format!("{name}: {reason}"));
                Offsets::new()
            }
        };
        let (recovery_points, log_starts) = (read(RECOVERY_POINTS), read(LOG_STARTS));
        let high_watermarks = read(HIGH_WATERMARKS);
        let cleaner_offsets = read(CLEANER_OFFSETS);
        (
            Self {
                recovery_points,
                log_starts,
                high_watermarks,
                cleaner_offsets,
                ..Self::default()
            },
            damaged,
        )
    }

    pub fn recovery_point(&self, dir: &LogDir) -> Option<i64> {
        self.recovery_points.get(dir).copied()
    }

    pub fn log_start(&self, dir: &LogDir) -> Option<i64> {
        self.log_starts.get(dir).copied()
    }

    /// The high watermark as it was written down last. It may be behind what was shown to others.
    pub fn high_watermark(&self, dir: &LogDir) -> Option<i64> {
        self.high_watermarks.get(dir).copied()
    }

    /// How far a log was compacted. `None` if compaction was never on: its offsets have no gaps.
    pub fn cleaner_offset(&self, dir: &LogDir) -> Option<i64> {
        self.cleaner_offsets.get(dir).copied()
    }

    /// Notes a log's high watermark. To be called from time to time
    /// (`replica.high.watermark.checkpoint.interval.ms`), not for each move.
    pub fn observe_high_watermark(&mut self, log: &Log) {
        let offset = log.high_watermark();
        let before = self.high_watermarks.insert(log.dir().clone(), offset);
        self.changed[2] |= before != Some(offset);
    }

    /// Notes where a log stands.
    pub fn observe(&mut self, log: &Log) {
        let set =
            |map: &mut Offsets, offset: i64| map.insert(log.dir().clone(), offset) != Some(offset);
        if !self.distrusted.contains(log.dir()) {
            self.changed[0] |= set(&mut self.recovery_points, log.recovery_point());
        }
        // As in Kafka, only a start inside the first segment has to be written down.
        let first = log.segments.keys().next().copied().unwrap_or_default();
        if log.log_start_offset() > first {
            self.changed[1] |= set(&mut self.log_starts, log.log_start_offset());
        } else {
            self.changed[1] |= self.log_starts.remove(log.dir()).is_some();
        }
        // Kept when the policy changes: gaps stay.
        if log.config.cleanup_policy.compact || self.cleaner_offsets.contains_key(log.dir()) {
            let (offsets, cleaned) = (&mut self.cleaner_offsets, log.cleaned_to);
            self.changed[3] |= offsets.insert(log.dir().clone(), cleaned) != Some(cleaned);
        }
    }

    /// A log's store failed, and with it may be gone what its recovery point says. Its next recovery
    /// starts at the newest snapshot of its producers. All files are written again, for the host has not
    /// written any since.
    pub fn distrust(&mut self, dir: &LogDir) {
        self.recovery_points.remove(dir);
        self.distrusted.insert(dir.clone());
        self.changed = [true; 4];
    }

    /// Forgets a log that was deleted.
    pub fn forget(&mut self, dir: &LogDir) {
        self.distrusted.remove(dir);
        self.changed[0] |= self.recovery_points.remove(dir).is_some();
        self.changed[1] |= self.log_starts.remove(dir).is_some();
        self.changed[2] |= self.high_watermarks.remove(dir).is_some();
        self.changed[3] |= self.cleaner_offsets.remove(dir).is_some();
    }

    /// Stores what has changed.
    pub fn flush(&mut self, out: &mut Vec<StoreOp>) {
        let files = [
            (RECOVERY_POINTS, &self.recovery_points),
            (LOG_STARTS, &self.log_starts),
            (HIGH_WATERMARKS, &self.high_watermarks),
            (CLEANER_OFFSETS, &self.cleaner_offsets),
        ];
        for ((name, offsets), changed) in files.into_iter().zip(&mut self.changed) {
            if std::mem::take(changed) {
                let (dir, name) = (LogDir::root(), name.to_owned());
                out.push(StoreOp::Put {
                    dir,
                    name,
                    bytes: encode(offsets),
                });
            }
        }
    }
}

/// The file `partition.metadata`: which topic the directory belongs to.
pub(crate) fn partition_metadata(topic_id: Uuid) -> Bytes {
    format!("version: 0\ntopic_id: {}", uuid_text(topic_id)).into()
}

/// The topic id in a `partition.metadata` file.
pub fn parse_partition_metadata(bytes: &[u8]) -> Result<Uuid, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?;
    let mut id = None;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match line
            .split_once(':')
            .map(|(name, value)| (name.trim(), value.trim()))
        {
            Some(("version", "0")) => {}
            Some(("topic_id", value)) => id = parse_uuid(value),
            _ => return Err(format!("line {line:?} is not known")),
        }
    }
    id.ok_or_else(|| "it has no topic id".to_owned())
}

/// An id as Kafka writes it: 22 characters of base64url.
pub fn uuid_text(id: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(id.as_bytes())
}

/// The id of a text that [`uuid_text`] made.
pub fn parse_uuid(text: &str) -> Option<Uuid> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    Some(Uuid::from_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_round_trip() {
        let offsets = Offsets::from([(LogDir::new("a-b", 0), 42), (LogDir::new("c", 10), 0)]);
        assert_eq!(&encode(&offsets)[..], b"0\n2\na-b 0 42\nc 10 0\n");
        assert_eq!(decode(&encode(&offsets)), Ok(offsets));
        for bad in [
            "",
            "1\n0\n",
            "0\n",
            "0\n1\n",
            "0\n1\na 0\n",
            "0\n1\na x 1\n",
            "0\n1\na 0 1 2\n",
        ] {
            assert!(decode(bad.as_bytes()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn nothing_is_said_of_a_log_whose_store_failed() {
        let config = crate::LogConfig::default();
        let new = |topic: &str| {
            let (dir, mut ops) = (LogDir::new(topic, 0), Vec::new());
            Log::create(dir, Uuid::nil(), config.clone(), 0, &mut ops)
        };
        let (failed, fine) = (new("failed"), new("fine"));
        let mut checkpoints = RootCheckpoints::default();
        let said = |checkpoints: &mut RootCheckpoints| {
            let mut ops = Vec::new();
            checkpoints.observe(&failed);
            checkpoints.observe(&fine);
            checkpoints.flush(&mut ops);
            let recovery_points = ops.iter().find_map(|op| match op {
                StoreOp::Put { name, bytes, .. } if name == RECOVERY_POINTS => Some(bytes),
                _ => None,
            });
            recovery_points.map(|bytes| decode(bytes).expect("its own").into_keys().collect())
        };
        let both = vec![failed.dir().clone(), fine.dir().clone()];
        assert_eq!(said(&mut checkpoints), Some(both.clone()));
        assert_eq!(said(&mut checkpoints), None);
        checkpoints.distrust(failed.dir());
        // Written again, and without it however often it is observed.
        assert_eq!(said(&mut checkpoints), Some(vec![fine.dir().clone()]));
        assert_eq!(said(&mut checkpoints), None);
        // A new log of that name is another one.
        checkpoints.forget(failed.dir());
        assert_eq!(said(&mut checkpoints), Some(both));
    }

    #[test]
    fn metadata_round_trip() {
        let id = Uuid::from_bytes([0xfb; 16]);
        let bytes = partition_metadata(id);
        assert_eq!(&bytes[..], b"version: 0\ntopic_id: -_v7-_v7-_v7-_v7-_v7-w");
        assert_eq!(parse_partition_metadata(&bytes), Ok(id));
        assert!(parse_partition_metadata(b"version: 1\ntopic_id: x").is_err());
    }
}
