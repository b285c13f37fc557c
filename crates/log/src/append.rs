//! Appending, as leader and as follower.

use bytes::{Bytes, BytesMut};
use konbini_protocol::ResponseError;
use konbini_protocol::record::{
    Batch, BatchHeader, NO_TIMESTAMP, TimestampType, batches, set_base_offset,
    set_partition_leader_epoch,
};
use thiserror::Error;

use crate::log::{Log, LogState, marker_of};
use crate::producer::{Marker, Sequenced};
use crate::store::StoreOp;
use crate::validate;

/// Where a batch comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendOrigin {
    /// A Produce request: everything is checked.
    Client,
    /// This broker's own group or transaction coordinator, or its controller.
    Coordinator,
    /// The leader of the partition: bytes are taken as they are.
    Replication,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppendContext {
    /// ms
    pub now: i64,
    /// The leader's epoch, stamped on the batches. Not used for `Replication`.
    pub leader_epoch: i32,
    pub origin: AppendOrigin,
}

/// What an append did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppendInfo {
    pub first_offset: i64,
    pub last_offset: i64,
    /// Largest timestamp of what was appended, ms.
    pub max_timestamp: i64,
    /// Offset of the record with that timestamp (as a follower: of its batch's last record).
    pub offset_of_max_timestamp: i64,
    /// ms with LogAppendTime, else -1.
    pub log_append_time: i64,
    /// The batch was in the log already; the offsets are those it has there.
    pub duplicate: bool,
    pub log_start_offset: i64,
    /// Bytes as they are stored.
    pub bytes: usize,
}

/// A record that made its batch be refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRejection {
    /// Place in the batch, from 0.
    pub index: i32,
    pub message: String,
}

/// Why an append is refused: Kafka's error code, and why in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{error}: {message}")]
pub struct AppendError {
    pub error: ResponseError,
    pub message: String,
    pub records: Vec<RecordRejection>,
}

impl AppendError {
    pub(crate) fn new(error: ResponseError, message: impl Into<String>) -> Self {
        Self {
            error,
            message: message.into(),
            records: Vec::new(),
        }
    }
}

/// A batch that may be appended, with what patching it needs.
pub(crate) struct Ready {
    pub bytes: BytesMut,
    pub header: BatchHeader,
    pub marker: Option<Marker>,
    /// Where the largest timestamp is, minus the base offset.
    pub max_timestamp_delta: i32,
}

impl Log {
    /// Appends a run of batches: exactly one from a client. A leader gives them offsets; a
    /// follower takes them as they are. Nothing is changed when an error is returned.
    pub fn append(
        &mut self,
        bytes: Bytes,
        context: &AppendContext,
        out: &mut Vec<StoreOp>,
    ) -> Result<AppendInfo, AppendError> {
        if let LogState::Offline { reason } = &self.state {
            return Err(AppendError::new(
                ResponseError::KafkaStorageError,
                reason.clone(),
            ));
        }
        match context.origin {
            AppendOrigin::Replication => self.append_as_follower(bytes, context.now, out),
            AppendOrigin::Client | AppendOrigin::Coordinator => {
                self.append_as_leader(bytes, context, out)
            }
        }
    }

    fn append_as_leader(
        &mut self,
        bytes: Bytes,
        context: &AppendContext,
        out: &mut Vec<StoreOp>,
    ) -> Result<AppendInfo, AppendError> {
        let mut ready = Vec::new();
        for batch in validate::cut(bytes, context.origin)? {
            ready.push(validate::validate(&batch, &self.config, context)?);
        }
        if let Some(info) = self.check_producers(&ready, context.origin)? {
            return Ok(info);
        }
        let total: usize = ready.iter().map(|batch| batch.bytes.len()).sum();
        if total > self.config.segment_bytes as usize {
            let limit = self.config.segment_bytes;
            let message = format!("{total} bytes do not fit into a segment of {limit} bytes");
            return Err(AppendError::new(ResponseError::RecordListTooLarge, message));
        }
        let last_offset = self.log_end
            + ready
                .iter()
                .map(|b| i64::from(b.header.last_offset_delta) + 1)
                .sum::<i64>()
            - 1;
        let max_timestamp = ready.iter().map(|b| b.header.max_timestamp).max();
        let max_timestamp = max_timestamp.unwrap_or(NO_TIMESTAMP);
        if self
            .active()
            .should_roll(total, last_offset, max_timestamp, context.now, &self.config)
        {
            self.roll(context.now, out);
        }
        self.assign_epoch(context.leader_epoch, self.log_end, out);

        let mut info = self.no_append(context.now);
        for batch in ready {
            self.append_ready(batch, context.leader_epoch, &mut info, out);
        }
        self.maybe_move_recovery_point(out);
        Ok(info)
    }

    /// What is returned before anything was appended.
    fn no_append(&self, now: i64) -> AppendInfo {
        let stamped = self.config.message_timestamp_type == TimestampType::LogAppendTime;
        AppendInfo {
            first_offset: self.log_end,
            last_offset: self.log_end - 1,
            max_timestamp: NO_TIMESTAMP,
            offset_of_max_timestamp: -1,
            log_append_time: if stamped { now } else { NO_TIMESTAMP },
            duplicate: false,
            log_start_offset: self.log_start,
            bytes: 0,
        }
    }

    fn check_producers(
        &self,
        ready: &[Ready],
        origin: AppendOrigin,
    ) -> Result<Option<AppendInfo>, AppendError> {
        for batch in ready.iter().filter(|batch| batch.header.has_producer_id()) {
            let refuse = |(error, message)| AppendError::new(error, message);
            if let Some(marker) = batch.marker {
                self.producers
                    .check_marker(&batch.header, marker)
                    .map_err(refuse)?;
            } else if origin == AppendOrigin::Client {
                let verdict = self.producers.check(&batch.header).map_err(refuse)?;
                if let Sequenced::Duplicate(known) = verdict {
                    return Ok(Some(AppendInfo {
                        first_offset: known.first_offset(),
                        last_offset: known.last_offset,
                        max_timestamp: known.timestamp,
                        offset_of_max_timestamp: known.last_offset,
                        duplicate: true,
                        ..self.no_append(known.timestamp)
                    }));
                }
            }
        }
        Ok(None)
    }

    fn append_ready(
        &mut self,
        mut batch: Ready,
        leader_epoch: i32,
        info: &mut AppendInfo,
        out: &mut Vec<StoreOp>,
    ) {
        set_base_offset(&mut batch.bytes, self.log_end);
        set_partition_leader_epoch(&mut batch.bytes, leader_epoch);
        batch.header.base_offset = self.log_end;
        batch.header.partition_leader_epoch = leader_epoch;
        if batch.header.max_timestamp > info.max_timestamp {
            info.max_timestamp = batch.header.max_timestamp;
            info.offset_of_max_timestamp = self.log_end + i64::from(batch.max_timestamp_delta);
        }
        info.last_offset = batch.header.last_offset();
        info.bytes += batch.bytes.len();
        self.push(&batch.header, batch.bytes.freeze(), batch.marker, out);
    }

    /// Adds a batch with its final bytes at the end of the active segment.
    fn push(
        &mut self,
        header: &BatchHeader,
        bytes: Bytes,
        marker: Option<Marker>,
        out: &mut Vec<StoreOp>,
    ) {
        self.touched += 1;
        self.bytes_since_recovery_point += bytes.len();
        let dir = self.dir.clone();
        let active = self
            .segments
            .values_mut()
            .next_back()
            .expect("a log has an active segment");
        let (segment, position) = (active.base_offset, active.size());
        active.append(bytes.clone(), header, &self.config, self.touched);
        out.push(StoreOp::Append {
            dir,
            segment,
            position,
            bytes,
        });
        self.log_end = header.next_offset();
        self.account(segment, header, marker, out);
    }

    fn append_as_follower(
        &mut self,
        bytes: Bytes,
        now: i64,
        out: &mut Vec<StoreOp>,
    ) -> Result<AppendInfo, AppendError> {
        let all = self.cut_for_follower(bytes)?;
        if let Some(first) = all.first()
            && first.header.base_offset < self.log_end
        {
            self.truncate_fully_and_start_at(first.header.base_offset, now, out);
        }
        let mut info = self.no_append(now);
        if let Some(first) = all.first() {
            info.first_offset = first.header.base_offset;
        }
        for batch in all {
            let header = &batch.header;
            let (size, last) = (batch.bytes.len(), header.last_offset());
            let timestamp = header.max_timestamp;
            if self
                .active()
                .should_roll(size, last, timestamp, now, &self.config)
            {
                self.roll(now, out);
            }
            self.assign_epoch(header.partition_leader_epoch, header.base_offset, out);
            if timestamp > info.max_timestamp {
                info.max_timestamp = timestamp;
                info.offset_of_max_timestamp = last;
            }
            info.last_offset = last;
            info.bytes += size;
            let marker = marker_of(&batch);
            self.push(&batch.header, batch.bytes.clone(), marker, out);
        }
        self.maybe_move_recovery_point(out);
        Ok(info)
    }

    /// The batches of a leader, each after the one before it and the first after the log's end.
    /// An empty log may begin within the first one: it was started at the leader's log start,
    /// which DeleteRecords can move into a batch. It then has to begin where the batch does.
    fn cut_for_follower(&self, bytes: Bytes) -> Result<Vec<Batch>, AppendError> {
        let corrupt = |e: String| AppendError::new(ResponseError::CorruptMessage, e);
        let mut all: Vec<Batch> = Vec::new();
        let mut next = self.log_end;
        for batch in batches(bytes) {
            let batch = batch.map_err(|e| corrupt(e.to_string()))?;
            batch.validate_crc().map_err(|e| corrupt(e.to_string()))?;
            let header = &batch.header;
            let is_empty = all.is_empty() && self.log_start == self.log_end;
            let begins_within = is_empty && header.next_offset() > next;
            if header.base_offset < next && !begins_within {
                let base = header.base_offset;
                let message = format!("a batch starts at offset {base}, the log ends at {next}");
                return Err(corrupt(message));
            }
            next = header.next_offset();
            all.push(batch);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests;
