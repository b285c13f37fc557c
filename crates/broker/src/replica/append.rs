//! Appending to a partition that this node leads.

use bytes::Bytes;
use konbini_log::{AppendContext, AppendError, AppendOrigin};
use konbini_protocol::ResponseError::{
    self, CorruptMessage, InvalidRecord, KafkaStorageError, MessageTooLarge, NotEnoughReplicas,
};

use super::{change_log, went_offline};
use crate::node::{Node, TopicPartition};
use crate::purgatory::Watch;

/// What was appended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Appended {
    pub base_offset: i64,
    /// The offset that the high watermark has to reach until it is committed.
    pub next_offset: i64,
    pub log_append_time: Option<i64>,
    pub log_start: i64,
}

/// Why nothing was appended.
#[derive(Clone, Debug)]
pub(crate) struct AppendRefusal {
    pub error: ResponseError,
    pub message: Option<String>,
    /// Records by their index in the batch, with what is wrong.
    pub records: Vec<(i32, String)>,
    /// Where the log starts, if what is wrong was found by the log; -1 if not.
    pub log_start: i64,
}

impl From<ResponseError> for AppendRefusal {
    fn from(error: ResponseError) -> AppendRefusal {
        AppendRefusal {
            error,
            message: None,
            records: Vec::new(),
            log_start: -1,
        }
    }
}

impl From<AppendError> for AppendRefusal {
    fn from(error: AppendError) -> AppendRefusal {
        let records = error
            .records
            .into_iter()
            .map(|record| (record.index, record.message));
        AppendRefusal {
            error: error.error,
            message: Some(error.message),
            records: records.collect(),
            log_start: -1,
        }
    }
}

/// Appends what a producer sent: one batch.
pub(crate) fn append_from_client(
    node: &mut Node,
    partition: TopicPartition,
    records: Option<Bytes>,
    all_acks: bool,
) -> Result<Appended, AppendRefusal> {
    let leader = node.replicas.leader(partition)?;
    if all_acks && !leader.has_enough_replicas() {
        let message = format!(
            "{} in-sync replicas are fewer than min.insync.replicas",
            leader.isr().len()
        );
        return Err(AppendRefusal {
            message: Some(message),
            ..AppendRefusal::from(NotEnoughReplicas)
        });
    }
    let Some(records) = records.filter(|records| !records.is_empty()) else {
        return Err(AppendRefusal {
            message: Some("a produce request must have one batch per partition".to_owned()),
            ..AppendRefusal::from(InvalidRecord)
        });
    };
    append(node, partition, records, AppendOrigin::Client)
}

/// Appends batches of this node's own.
pub(crate) fn append(
    node: &mut Node,
    partition: TopicPartition,
    records: Bytes,
    origin: AppendOrigin,
) -> Result<Appended, AppendRefusal> {
    let leader_epoch = node.replicas.leader(partition)?.epoch();
    let context = AppendContext {
        now: node.now,
        leader_epoch,
        origin,
    };
    let appended = change_log(node, partition, |log, out| {
        log.append(records, &context, out)
    });
    let info = match appended {
        Some(Ok(info)) => info,
        Some(Err(error)) => {
            if error.error == ResponseError::KafkaStorageError {
                went_offline(node, partition);
            }
            let mut refusal = AppendRefusal::from(error);
            // As in Kafka: what is wrong with a batch as such, or with the log, says nothing more.
            let plain = [MessageTooLarge, CorruptMessage, KafkaStorageError];
            if !plain.contains(&refusal.error)
                && let Some(replica) = node.replicas.partitions.get(&partition)
            {
                refusal.log_start = replica.log().log_start_offset();
            }
            return Err(refusal);
        }
        None => return Err(ResponseError::NotLeaderOrFollower.into()),
    };
    super::isr::advance(node, partition);
    node.signal(Watch::Appended(partition));
    Ok(Appended {
        base_offset: info.first_offset,
        next_offset: info.last_offset + 1,
        log_append_time: (info.log_append_time >= 0).then_some(info.log_append_time),
        log_start: info.log_start_offset,
    })
}
