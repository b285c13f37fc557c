//! What a leader checks of a batch before it gets an offset.

use bytes::{Bytes, BytesMut};
use konbini_protocol::ResponseError;
use konbini_protocol::record::{
    Batch, BatchError, BatchHeader, NO_TIMESTAMP, RecordError, RecordMeta, TimestampType, batches,
    recompress, set_create_time, set_log_append_time, walk,
};

use crate::append::{AppendContext, AppendError, AppendOrigin, Ready, RecordRejection};
use crate::config::LogConfig;
use crate::log::marker_of;

/// Most rejected records that an error lists.
const MAX_REJECTIONS: usize = 100;

fn refuse<T>(error: ResponseError, message: impl Into<String>) -> Result<T, AppendError> {
    Err(AppendError::new(error, message))
}

/// Cuts what is to be appended into batches with right CRCs; exactly one from a client.
pub(crate) fn cut(bytes: Bytes, origin: AppendOrigin) -> Result<Vec<Batch>, AppendError> {
    let mut all = Vec::new();
    for batch in batches(bytes) {
        let batch = match batch {
            Ok(batch) => batch,
            // As in Kafka: what is no whole batch is not seen, and the old formats are refused by name.
            Err(BatchError::Incomplete { .. }) if origin == AppendOrigin::Client => break,
            Err(
                error @ BatchError::BadMagic { magic: 0..=1, .. }
                | error @ BatchError::BadCount { .. },
            ) => {
                return refuse(ResponseError::InvalidRecord, error.to_string());
            }
            Err(error) => return refuse(ResponseError::CorruptMessage, error.to_string()),
        };
        if origin == AppendOrigin::Client && !all.is_empty() {
            let message = "a partition of a Produce request must hold exactly one batch";
            return refuse(ResponseError::InvalidRecord, message);
        }
        batch
            .validate_crc()
            .map_err(|e| AppendError::new(ResponseError::CorruptMessage, e.to_string()))?;
        all.push(batch);
    }
    if all.is_empty() {
        return refuse(ResponseError::InvalidRecord, "there is no record batch");
    }
    Ok(all)
}

/// Checks one batch and prepares its bytes; offsets are not set yet.
pub(crate) fn validate(
    batch: &Batch,
    config: &LogConfig,
    context: &AppendContext,
) -> Result<Ready, AppendError> {
    check_size(batch.bytes.len(), config)?;
    if context.origin == AppendOrigin::Client {
        check_header(&batch.header)?;
    }
    check_span(&batch.header)?;
    let source = batch
        .codec()
        .map_err(|e| AppendError::new(ResponseError::UnsupportedCompressionType, e.to_string()))?;
    let largest = check_records(batch, config, context)?;
    let bytes = match config.compression {
        Some(target) if target.codec != source && !batch.header.attributes.is_control() => {
            let packed = recompress(batch, target).map_err(unreadable)?;
            check_size(packed.len(), config)?;
            packed
        }
        _ => batch.bytes.clone(),
    };
    let mut bytes = BytesMut::from(&bytes[..]);
    let stamped = config.message_timestamp_type == TimestampType::LogAppendTime;
    if stamped {
        set_log_append_time(&mut bytes, context.now);
    } else if largest.timestamp != batch.header.max_timestamp || claims_broker_time(&batch.header) {
        set_create_time(&mut bytes, largest.timestamp);
    }
    let header = BatchHeader::parse(&bytes)
        .map_err(|e| AppendError::new(ResponseError::CorruptMessage, e.to_string()))?;
    let max_timestamp_delta = if stamped { 0 } else { largest.offset_delta };
    Ok(Ready {
        bytes,
        header,
        marker: marker_of(batch),
        max_timestamp_delta,
    })
}

fn check_size(size: usize, config: &LogConfig) -> Result<(), AppendError> {
    let limit = config.max_message_bytes as usize;
    if size <= limit {
        return Ok(());
    }
    let message = format!("the batch has {size} bytes, max.message.bytes is {limit}");
    refuse(ResponseError::MessageTooLarge, message)
}

/// What only a client can get wrong.
fn check_header(header: &BatchHeader) -> Result<(), AppendError> {
    let invalid = |message: String| refuse(ResponseError::InvalidRecord, message);
    if header.base_offset != 0 {
        return invalid(format!(
            "the batch's base offset is {}, not 0",
            header.base_offset
        ));
    }
    if header.attributes.is_control() {
        return invalid("clients must not write control records".to_owned());
    }
    if header.has_producer_id() && header.producer_epoch < 0 {
        let message = format!("there is no producer epoch {}", header.producer_epoch);
        return refuse(ResponseError::InvalidProducerEpoch, message);
    }
    if header.has_producer_id() && header.base_sequence < 0 {
        return invalid(format!("there is no sequence {}", header.base_sequence));
    }
    if header.attributes.is_transactional() && !header.has_producer_id() {
        return invalid("a transactional batch has no producer id".to_owned());
    }
    Ok(())
}

fn check_span(header: &BatchHeader) -> Result<(), AppendError> {
    let (count, span) = (
        header.records_count,
        i64::from(header.last_offset_delta) + 1,
    );
    if count <= 0 {
        return refuse(
            ResponseError::InvalidRecord,
            format!("the batch counts {count} records"),
        );
    }
    if i64::from(count) != span {
        let message = format!("the batch counts {count} records but spans {span} offsets");
        return refuse(ResponseError::InvalidRecord, message);
    }
    Ok(())
}

/// Whether a batch says that its time is the broker's. From a client that is not true; as in Kafka
/// it is then taken as the time of its records, and not said any more.
fn claims_broker_time(header: &BatchHeader) -> bool {
    header.attributes.timestamp_type() == TimestampType::LogAppendTime
}

/// The record with the largest timestamp.
struct Largest {
    timestamp: i64,
    offset_delta: i32,
}

fn check_records(
    batch: &Batch,
    config: &LogConfig,
    context: &AppendContext,
) -> Result<Largest, AppendError> {
    let client = context.origin == AppendOrigin::Client;
    let stamped = config.message_timestamp_type == TimestampType::LogAppendTime;
    let mut largest = Largest {
        timestamp: NO_TIMESTAMP,
        offset_delta: 0,
    };
    let (mut keyless, mut untimely, mut misplaced) = (Vec::new(), Vec::new(), None);
    walk(batch, |record| {
        if record.timestamp > largest.timestamp {
            largest = Largest {
                timestamp: record.timestamp,
                offset_delta: record.offset_delta,
            };
        }
        if record.offset_delta as usize != record.index {
            misplaced.get_or_insert(record);
        }
        if client && config.cleanup_policy.compact && !record.has_key {
            let message = "a compacted topic takes no record without a key".to_owned();
            reject(&mut keyless, record, message);
        }
        if client
            && !stamped
            && let Some(message) = wrong_time(record.timestamp, config, context)
        {
            reject(&mut untimely, record, message);
        }
    })
    .map_err(unreadable)?;
    if let Some(record) = misplaced {
        let (index, delta) = (record.index, record.offset_delta);
        let message = format!("record {index} of the batch has offset delta {delta}");
        return refuse(ResponseError::InvalidRecord, message);
    }
    if claims_broker_time(&batch.header) {
        largest = Largest {
            timestamp: batch.header.max_timestamp,
            offset_delta: 0,
        };
    }
    rejected(ResponseError::InvalidRecord, keyless)?;
    rejected(ResponseError::InvalidTimestamp, untimely)?;
    Ok(largest)
}

fn reject(out: &mut Vec<RecordRejection>, record: RecordMeta, message: String) {
    if out.len() < MAX_REJECTIONS {
        out.push(RecordRejection {
            index: record.index as i32,
            message,
        });
    }
}

fn rejected(error: ResponseError, records: Vec<RecordRejection>) -> Result<(), AppendError> {
    let Some(first) = records.first() else {
        return Ok(());
    };
    let message = format!("record {} was rejected: {}", first.index, first.message);
    Err(AppendError {
        error,
        message,
        records,
    })
}

fn wrong_time(timestamp: i64, config: &LogConfig, context: &AppendContext) -> Option<String> {
    if timestamp == NO_TIMESTAMP {
        return None;
    }
    let now = context.now;
    let before = config.message_timestamp_before_max_ms;
    let after = config.message_timestamp_after_max_ms;
    if now.saturating_sub(timestamp) > before {
        let setting = "message.timestamp.before.max.ms";
        return Some(format!(
            "its timestamp {timestamp} lies more than {before} ms ({setting}) before {now}"
        ));
    }
    if timestamp.saturating_sub(now) > after {
        let setting = "message.timestamp.after.max.ms";
        return Some(format!(
            "its timestamp {timestamp} lies more than {after} ms ({setting}) after {now}"
        ));
    }
    None
}

fn unreadable(error: RecordError) -> AppendError {
    let code = match &error {
        RecordError::Batch(BatchError::BadCodec { .. }) => {
            ResponseError::UnsupportedCompressionType
        }
        RecordError::Compression { .. } => ResponseError::CorruptMessage,
        _ => ResponseError::InvalidRecord,
    };
    AppendError::new(code, error.to_string())
}
