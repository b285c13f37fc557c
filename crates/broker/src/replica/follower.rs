//! A replica that follows: its log, and the leader whose bytes it appends.

use konbini_log::Log;

use crate::LoadId;
use crate::metadata::PartitionImage;

#[derive(Debug)]
pub struct Follower {
    pub(crate) log: Log,
    leader: i32,
    epoch: i32,
    /// A truncation to this offset waits for bytes.
    pub(crate) truncating: Option<(LoadId, i64)>,
}

impl Follower {
    pub(crate) fn new(log: Log, state: &PartitionImage) -> Follower {
        Follower {
            log,
            leader: state.leader,
            epoch: state.leader_epoch,
            truncating: None,
        }
    }

    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Node id of the leader.
    pub fn leader(&self) -> i32 {
        self.leader
    }

    pub fn epoch(&self) -> i32 {
        self.epoch
    }

    /// Where this log is to be cut when the leader's ends its epoch `epoch` at `end`: at the end of
    /// the largest common epoch, which may be earlier here (KIP-101, KIP-279).
    pub(crate) fn common_end(&self, epoch: i32, end: i64) -> i64 {
        let (_, own_end) = self.log.end_offset_for_epoch(epoch);
        match own_end {
            // This log knows no epoch that early or that late: the leader's word alone counts.
            ..0 => end.min(self.log.log_end_offset()),
            own_end => end.min(own_end),
        }
    }
}
