//! Snapshots (KIP-630): what the metadata log says up to an offset, as one file, so that the log
//! before it can go.
//!
//! ```text
//! 00000000000000000120-0000000003.checkpoint     end offset, epoch of the last record
//! +--------------+----------------+----------------+-----+--------------+
//! | header batch | record batch   | record batch   | ... | footer batch |
//! +--------------+----------------+----------------+-----+--------------+
//! ```
//! Offsets inside a snapshot count from 0 and mean nothing.

use bytes::{Bytes, BytesMut};
use konbini_protocol::record::{Batch, batches, set_base_offset};

use crate::control;

const SUFFIX: &str = ".checkpoint";
const OFFSET_DIGITS: usize = 20;
const EPOCH_DIGITS: usize = 10;

/// Names a snapshot: it holds everything below `end_offset`, whose last record is of `epoch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SnapshotId {
    pub end_offset: i64,
    pub epoch: i32,
}

impl SnapshotId {
    pub fn file_name(self) -> String {
        format!(
            "{:0offsets$}-{:0epochs$}{SUFFIX}",
            self.end_offset,
            self.epoch,
            offsets = OFFSET_DIGITS,
            epochs = EPOCH_DIGITS
        )
    }

    /// The snapshot of which this is the file's name.
    pub fn of_file(name: &str) -> Option<SnapshotId> {
        let (offset, epoch) = name.strip_suffix(SUFFIX)?.split_once('-')?;
        let digits = |text: &str, count| {
            text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(offset, OFFSET_DIGITS) || !digits(epoch, EPOCH_DIGITS) {
            return None;
        }
        Some(SnapshotId {
            end_offset: offset.parse().ok()?,
            epoch: epoch.parse().ok()?,
        })
    }
}

/// A snapshot with all its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub id: SnapshotId,
    pub bytes: Bytes,
}

impl Snapshot {
    /// Puts header and footer around `records`, a run of batches whose offsets are given here.
    /// Timestamps in ms.
    pub fn new(id: SnapshotId, last_contained_timestamp: i64, records: Bytes, now: i64) -> Self {
        let mut out = BytesMut::from(&control::snapshot_header(last_contained_timestamp, now)[..]);
        let mut offset = 1;
        for batch in batches(records) {
            let batch = batch.expect("a node builds whole batches");
            let mut bytes = BytesMut::from(&batch.bytes[..]);
            set_base_offset(&mut bytes, offset);
            offset += i64::from(batch.header.last_offset_delta) + 1;
            out.extend_from_slice(&bytes);
        }
        out.extend_from_slice(&control::snapshot_footer(offset, now));
        Snapshot {
            id,
            bytes: out.freeze(),
        }
    }

    /// The batches between header and footer, or what is wrong with the bytes.
    pub fn records(&self) -> Result<Vec<Batch>, String> {
        let mut all = Vec::new();
        for batch in batches(self.bytes.clone()) {
            let batch = batch.map_err(|error| error.to_string())?;
            batch.validate_crc().map_err(|error| error.to_string())?;
            all.push(batch);
        }
        if !all
            .pop()
            .is_some_and(|last| control::is_snapshot_footer(&last))
        {
            return Err("it has no footer".to_owned());
        }
        if all.is_empty() || !control::is_snapshot_header(&all.remove(0)) {
            return Err("it has no header".to_owned());
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use konbini_protocol::compression::Codec;
    use konbini_protocol::record::BatchBuilder;

    #[test]
    fn file_names() {
        let id = SnapshotId {
            end_offset: 120,
            epoch: 3,
        };
        let name = "00000000000000000120-0000000003.checkpoint";
        assert_eq!(id.file_name(), name);
        assert_eq!(SnapshotId::of_file(name), Some(id));
        for other in [
            "00000000000000000120.snapshot",
            "120-3.checkpoint",
            "quorum-state",
        ] {
            assert_eq!(SnapshotId::of_file(other), None, "{other}");
        }
    }

    #[test]
    fn whole_or_refused() {
        let mut batch = BatchBuilder::new(Codec::None);
        batch.append(1, None, Some(b"a"), &[]).unwrap();
        batch.append(1, None, Some(b"b"), &[]).unwrap();
        let id = SnapshotId {
            end_offset: 2,
            epoch: 1,
        };
        let snapshot = Snapshot::new(id, 1, batch.build(), 7);
        let records = snapshot.records().unwrap();
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].header.base_offset, 1);
        for len in [0, 10, 80, snapshot.bytes.len() - 1] {
            let bytes = snapshot.bytes.slice(..len);
            assert!(Snapshot { id, bytes }.records().is_err(), "{len} bytes");
        }
    }
}
