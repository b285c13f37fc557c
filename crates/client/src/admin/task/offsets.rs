//! DeleteRecords and ListOffsets.

use konbini_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsTopic,
};
use konbini_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use konbini_protocol::messages::{
    DeleteRecordsRequest, DeleteRecordsResponse, ListOffsetsRequest, ListOffsetsResponse,
};

use super::{Piece, Read, check, no_answer, text};
use crate::TopicPartition;
use crate::admin::operation::ListedOffset;

/// The first version of ListOffsets that says how long it may take.
const TIMEOUT_VERSION: i16 = 10;

pub(super) fn delete(tp: &TopicPartition, before: i64, timeout_ms: i32) -> DeleteRecordsRequest {
    let partition = DeleteRecordsPartition::default()
        .with_partition_index(tp.partition)
        .with_offset(before);
    let topic = DeleteRecordsTopic::default()
        .with_name(text(&tp.topic).into())
        .with_partitions(vec![partition]);
    DeleteRecordsRequest::default()
        .with_topics(vec![topic])
        .with_timeout_ms(timeout_ms)
}

pub(super) fn deleted(tp: &TopicPartition, answer: &DeleteRecordsResponse) -> Read {
    let told = answer
        .topics
        .first()
        .and_then(|topic| topic.partitions.first());
    let told = told.ok_or_else(no_answer)?;
    check(told.error_code, None)?;
    Ok(Piece::LowWatermark(tp.clone(), told.low_watermark))
}

pub(super) fn list(
    tp: &TopicPartition,
    timestamp: i64,
    timeout_ms: i32,
    version: i16,
) -> ListOffsetsRequest {
    let partition = ListOffsetsPartition::default()
        .with_partition_index(tp.partition)
        .with_timestamp(timestamp)
        .with_current_leader_epoch(-1);
    let topic = ListOffsetsTopic::default()
        .with_name(text(&tp.topic).into())
        .with_partitions(vec![partition]);
    let request = ListOffsetsRequest::default()
        .with_replica_id((-1).into())
        .with_topics(vec![topic]);
    if version >= TIMEOUT_VERSION {
        request.with_timeout_ms(timeout_ms)
    } else {
        request
    }
}

pub(super) fn listed(tp: &TopicPartition, timestamp: i64, answer: &ListOffsetsResponse) -> Read {
    let told = answer
        .topics
        .first()
        .and_then(|topic| topic.partitions.first());
    let told = told.ok_or_else(no_answer)?;
    check(told.error_code, None)?;
    let listed = ListedOffset {
        offset: told.offset,
        timestamp: told.timestamp,
        leader_epoch: told.leader_epoch,
    };
    Ok(Piece::Offset(tp.clone(), timestamp, listed))
}
