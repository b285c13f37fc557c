//! The leader of a partition: the log that others follow, its epoch, who is in sync, and how far
//! it is committed.
//!
//! A follower's position is known from its fetches: it has everything below the offset that it asks
//! for. The high watermark is what all in-sync replicas have, so it moves when a follower's next
//! fetch comes in.

use std::collections::BTreeMap;

use konbini_log::Log;
use konbini_protocol::ResponseError::{self, FencedLeaderEpoch, UnknownLeaderEpoch};

use konbini_raft::plant::{self, Bug};

use super::progress::Progress;
use super::read::{Reader, end_for};
use crate::metadata::PartitionImage;

/// A request that does not say which leader epoch it knows.
const NO_EPOCH: i32 = -1;

#[derive(Debug)]
pub struct Leader {
    pub(crate) log: Log,
    here: i32,
    epoch: i32,
    /// Where this epoch begins in the log: who has not reached it is not in sync.
    epoch_start: i64,
    partition_epoch: i32,
    replicas: Vec<i32>,
    isr: Vec<i32>,
    /// The in-sync replicas that the controller was asked for and has not decided about.
    proposed: Option<Vec<i32>>,
    followers: BTreeMap<i32, Progress>,
}

impl Leader {
    /// Takes over a partition; `now` in ms. What the followers have is not known before they fetch.
    pub(crate) fn new(here: i32, log: Log, state: &PartitionImage, now: i64) -> Leader {
        let mut leader = Leader {
            here,
            epoch: state.leader_epoch,
            epoch_start: log.log_end_offset(),
            partition_epoch: state.partition_epoch,
            replicas: Vec::new(),
            isr: Vec::new(),
            proposed: None,
            followers: BTreeMap::new(),
            log,
        };
        leader.take_over(state, now);
        leader
    }

    fn take_over(&mut self, state: &PartitionImage, now: i64) {
        self.epoch = state.leader_epoch;
        self.epoch_start = self.log.log_end_offset();
        self.followers.clear();
        self.take(state, now);
    }

    /// The controller decided: a new epoch, replicas or in-sync replicas. Returns whether the epoch
    /// is a new one.
    pub(crate) fn update(&mut self, state: &PartitionImage, now: i64) -> bool {
        if state.leader_epoch != self.epoch {
            self.take_over(state, now);
            return true;
        }
        self.take(state, now);
        false
    }

    fn take(&mut self, state: &PartitionImage, now: i64) {
        self.partition_epoch = state.partition_epoch;
        self.replicas.clone_from(&state.replicas);
        self.isr.clone_from(&state.isr);
        self.proposed = None;
        let (here, isr) = (self.here, &self.isr);
        self.followers.retain(|id, _| state.replicas.contains(id));
        for id in state.replicas.iter().filter(|id| **id != here) {
            let progress = self.followers.entry(*id);
            progress.or_insert_with(|| Progress::unknown(isr.contains(id), now));
        }
    }

    pub fn log(&self) -> &Log {
        &self.log
    }

    pub fn epoch(&self) -> i32 {
        self.epoch
    }

    pub(crate) fn partition_epoch(&self) -> i32 {
        self.partition_epoch
    }

    pub fn isr(&self) -> &[i32] {
        &self.isr
    }

    pub(crate) fn has_replica(&self, id: i32) -> bool {
        self.replicas.contains(&id)
    }

    /// The log end of a follower as its last fetch told, `None` before the first in this epoch.
    pub fn follower_end(&self, id: i32) -> Option<i64> {
        self.followers.get(&id)?.log_end()
    }

    pub fn high_watermark(&self) -> i64 {
        self.log.high_watermark()
    }

    /// Whether a produce with acks=all may be taken (`min.insync.replicas`, but never more than
    /// there are replicas).
    pub fn has_enough_replicas(&self) -> bool {
        let wanted = usize::try_from(self.log.config().min_insync_replicas).unwrap_or(0);
        self.isr.len() >= wanted.min(self.replicas.len())
    }

    /// A follower fetched from `offset` on: it has all below.
    pub(crate) fn note_fetch(&mut self, id: i32, offset: i64, broker_epoch: i64, now: i64) {
        let end = self.log.log_end_offset();
        if let Some(progress) = self.followers.get_mut(&id) {
            progress.fetched(offset, broker_epoch, end, now);
        }
    }

    /// A follower's log begins at this offset. Returns whether that is news.
    pub(crate) fn note_log_start(&mut self, id: i32, log_start: i64) -> bool {
        let progress = self.followers.get_mut(&id);
        progress.is_some_and(|progress| progress.begins_at(log_start))
    }

    /// The offset below which no replica on a live broker has records any more.
    pub(crate) fn low_watermark(&self, is_alive: impl Fn(i32) -> bool) -> i64 {
        let alive = self.followers.iter().filter(|(id, _)| is_alive(**id));
        let starts = alive.map(|(_, progress)| progress.log_start());
        starts.fold(self.log.log_start_offset(), i64::min)
    }

    /// The boot in which a follower fetched last (KIP-903); -1 if that is not known.
    pub(crate) fn broker_epoch_of(&self, id: i32) -> i64 {
        self.followers.get(&id).map_or(-1, Progress::broker_epoch)
    }

    /// Whether the high watermark has come as far as what was there when this epoch began. Before,
    /// an end that was told to somebody may lie ahead (KIP-207).
    pub(crate) fn knows_committed_end(&self) -> bool {
        self.log.high_watermark() >= self.epoch_start
    }

    /// Moves the high watermark to what all in-sync replicas have. Those that are about to be in
    /// sync count too: they may be already, for the controller. Returns whether it moved.
    ///
    /// As in Kafka 4, it stands still while fewer replicas than `min.insync.replicas` are in sync
    /// (KIP-966). `may_join` says which replicas may join the in-sync ones at all.
    pub(crate) fn advance(
        &mut self,
        now: i64,
        lag_ms: i64,
        may_join: impl Fn(i32) -> bool,
    ) -> bool {
        if !self.has_enough_replicas() {
            return false;
        }
        let end = self.log.log_end_offset();
        if plant::has(Bug::HighWatermarkEarly) {
            return self.log.set_high_watermark(end);
        }
        let mut committed = end;
        for (id, progress) in &self.followers {
            let counts = self.isr.contains(id)
                || self.proposed.as_ref().is_some_and(|isr| isr.contains(id))
                || (progress.is_caught_up(end, now, lag_ms) && may_join(*id));
            if counts {
                committed = committed.min(progress.log_end().unwrap_or(i64::MIN));
            }
        }
        committed > self.log.high_watermark() && self.log.set_high_watermark(committed)
    }

    /// The in-sync replicas with a follower that has caught up: it has all that is committed, and
    /// the beginning of this epoch. `None` when nothing is to be asked of the controller.
    pub(crate) fn with_joined(&self, id: i32) -> Option<Vec<i32>> {
        if self.proposed.is_some() || self.isr.contains(&id) {
            return None;
        }
        let end = self.followers.get(&id)?.log_end()?;
        if end < self.log.high_watermark() || end < self.epoch_start {
            return None;
        }
        let isr = self.replicas.iter().copied();
        Some(isr.filter(|x| *x == id || self.isr.contains(x)).collect())
    }

    /// The in-sync replicas without those that were behind for `lag_ms`. `None` when nobody was.
    pub(crate) fn without_laggards(&self, now: i64, lag_ms: i64) -> Option<Vec<i32>> {
        if self.proposed.is_some() {
            return None;
        }
        let end = self.log.log_end_offset();
        let lags = |id: &i32| {
            let progress = self.followers.get(id);
            progress.is_some_and(|progress| !progress.is_caught_up(end, now, lag_ms))
        };
        let isr: Vec<i32> = self.isr.iter().copied().filter(|id| !lags(id)).collect();
        (isr.len() < self.isr.len()).then_some(isr)
    }

    pub(crate) fn propose(&mut self, isr: Vec<i32>) {
        self.proposed = Some(isr);
    }

    pub(crate) fn proposed(&self) -> Option<&[i32]> {
        self.proposed.as_deref()
    }

    /// The controller refused; what is in sync stays what it was.
    pub(crate) fn withdraw(&mut self) {
        self.proposed = None;
    }

    /// Compares the leader epoch that a request knows with this one (KIP-320).
    pub(crate) fn check_epoch(&self, epoch: i32) -> Result<(), ResponseError> {
        check_epoch(epoch, self.epoch)
    }

    /// The offset up to which somebody may read.
    pub(crate) fn end_for(&self, reader: Reader) -> i64 {
        end_for(&self.log, reader)
    }
}

/// Compares the leader epoch that a request knows with the one that is known here.
pub(super) fn check_epoch(asked: i32, known: i32) -> Result<(), ResponseError> {
    if asked == NO_EPOCH || asked == known || plant::has(Bug::FencingIgnored) {
        Ok(())
    } else if asked < known {
        Err(FencedLeaderEpoch)
    } else {
        Err(UnknownLeaderEpoch)
    }
}
