//! Looking closely at one thing. What lies on a disk and not in memory is asked for first.

use crate::Cluster;
use crate::observe::colour;
use bytes::Bytes;
use konbini_broker::settings::{self, Source};
use konbini_broker::{Broker, BrokerConfig};
use konbini_log::config::TOPIC_CONFIGS;
use konbini_log::{Load, LoadError, Log, ReadOutcome};
use konbini_protocol::compression::{self, Codec, MAX_DECOMPRESSED_BYTES};
use konbini_protocol::record::{Batch, Record, TimestampType, batches};
use konbini_scenario::inspect::{
    BatchView, ConfigEntry, Exchange, Inspect, Inspection, RecordView, SegmentView,
};
use konbini_scenario::snapshot::Who;

/// Batches, records and exchanges of one answer at the most.
const ENTRIES_MAX: usize = 500;
/// Bytes of log that are read for one answer, and more only for a single batch.
const READ_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of a segment that is handed out as a file.
const SEGMENT_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Bytes of a batch that are shown as they are.
const HEAD_BYTES: usize = 96;
/// Characters of a key or a value.
const SHOWN_CHARS: usize = 2_000;

/// The answer, or what is needed first.
#[derive(Clone, Debug, PartialEq)]
pub enum Inspected {
    Answer(Inspection),
    /// Load these bytes, hand them to [`Cluster::lend`], and ask again.
    Wanted {
        node: i32,
        load: Load,
    },
}

impl From<Inspection> for Inspected {
    fn from(answer: Inspection) -> Inspected {
        Inspected::Answer(answer)
    }
}

impl Cluster {
    /// Looks closely at one thing. Changes nothing that a run depends on.
    pub fn inspect(&mut self, what: &Inspect) -> Inspected {
        match what {
            Inspect::TopicConfigs { topic } => self.topic_configs(topic).into(),
            Inspect::BrokerConfigs { broker } => self.broker_configs(*broker).into(),
            Inspect::Log {
                topic,
                partition,
                broker,
                from,
                batches,
            } => {
                let count = (*batches as usize).min(ENTRIES_MAX);
                self.inspect_log((topic, *partition), *broker, *from, count)
            }
            Inspect::Records {
                topic,
                partition,
                from,
                count,
            } => {
                let count = (*count as usize).min(ENTRIES_MAX);
                self.inspect_records((topic, *partition), *from, count)
            }
            Inspect::Committed {
                topic,
                partition,
                from,
            } => self.inspect_committed((topic, *partition), *from),
            Inspect::Wire { who, count } => self.inspect_wire(who, *count as usize),
            Inspect::Segment {
                topic,
                partition,
                broker,
                base_offset,
            } => self.inspect_segment((topic, *partition), *broker, *base_offset),
        }
    }

    /// Bytes of a log for the inspector alone: no broker learns of them.
    pub fn lend(&mut self, node: i32, load: &Load, result: Result<Bytes, LoadError>) {
        if let (Some(broker), Ok(bytes)) = (self.brokers.get_mut(&node), result) {
            broker.lend(load, bytes);
        }
    }

    fn topic_configs(&self, topic: &str) -> Inspection {
        let Some(image) = self.image().filter(|image| image.topic(topic).is_some()) else {
            return nothing("no-such-topic");
        };
        let config = self.any_broker_config();
        let entries = TOPIC_CONFIGS.iter().filter(|def| !def.internal).map(|def| {
            let value = settings::topic_value(&config, image, topic, def);
            ConfigEntry {
                name: def.name.to_owned(),
                value: value.value,
                source: source_name(value.source).to_owned(),
                read_only: false,
                documentation: def.doc.to_owned(),
            }
        });
        Inspection::Configs {
            entries: entries.collect(),
        }
    }

    fn broker_configs(&self, id: i32) -> Inspection {
        let (Some(image), true) = (self.image(), self.has_broker(id)) else {
            return nothing("no-such-broker");
        };
        let config = self.broker_config(id);
        let entries = settings::broker::all().map(|setting| {
            let value = settings::broker_value(&config, image, setting);
            ConfigEntry {
                name: setting.def.name.to_owned(),
                value: value.value,
                source: source_name(value.source).to_owned(),
                read_only: setting.update == settings::broker::Update::ReadOnly,
                documentation: setting.def.doc.to_owned(),
            }
        });
        Inspection::Configs {
            entries: entries.collect(),
        }
    }

    fn any_broker_config(&self) -> BrokerConfig {
        self.broker_config(1)
    }

    fn inspect_log(
        &mut self,
        (topic, partition): (&str, i32),
        node: i32,
        from: i64,
        count: usize,
    ) -> Inspected {
        let Some(broker) = self.brokers.get_mut(&node) else {
            return nothing("no-such-broker").into();
        };
        let Some(log) = broker
            .replica(topic, partition)
            .map(|replica| replica.log())
        else {
            return nothing("no-such-replica").into();
        };
        let segments: Vec<SegmentView> = segment_views(log);
        let bases: Vec<(i64, i64)> = segments
            .iter()
            .map(|segment| (segment.base_offset, segment.next_offset))
            .collect();
        let place = (topic, partition);
        match read(broker, place, from, |found| found.len() >= count) {
            Err(Cold::Wanted(load)) => Inspected::Wanted { node, load },
            Err(Cold::Offline(why)) => nothing(&why).into(),
            Ok(mut found) => {
                found.truncate(count);
                let views = found.iter().map(|found| {
                    let base = found.batch.header.base_offset;
                    let segment = bases.iter().rev().find(|(first, _)| *first <= base);
                    batch_view(found, segment.map_or(0, |(first, _)| *first))
                });
                let batches = views.collect();
                Inspection::Log { segments, batches }.into()
            }
        }
    }

    fn inspect_records(
        &mut self,
        (topic, partition): (&str, i32),
        from: i64,
        count: usize,
    ) -> Inspected {
        let leader = self.leader_of(topic, partition);
        let Some(node) = leader.filter(|id| self.brokers.contains_key(id)) else {
            return nothing("no-leader").into();
        };
        let Some(broker) = self.brokers.get_mut(&node) else {
            return nothing("no-leader").into();
        };
        let Some(log) = broker
            .replica(topic, partition)
            .map(|replica| replica.log())
        else {
            return nothing("no-such-replica").into();
        };
        let (log_start, log_end) = (log.log_start_offset(), log.log_end_offset());
        let high_watermark = log.high_watermark();
        let enough = |found: &[Found]| {
            let records = found.iter().map(|found| found.records_from(from));
            records.sum::<usize>() >= count
        };
        match read(broker, (topic, partition), from, enough) {
            Err(Cold::Wanted(load)) => Inspected::Wanted { node, load },
            Err(Cold::Offline(why)) => nothing(&why).into(),
            Ok(found) => {
                let records = found
                    .iter()
                    .filter(|found| !found.batch.header.attributes.is_control())
                    .flat_map(|found| found.batch.records().map_while(Result::ok))
                    .filter(|record| record.offset >= from)
                    .take(count)
                    .map(|record| record_view(&record));
                Inspection::Records {
                    records: records.collect(),
                    log_start,
                    high_watermark,
                    log_end,
                }
                .into()
            }
        }
    }

    fn inspect_segment(
        &mut self,
        (topic, partition): (&str, i32),
        node: i32,
        base_offset: i64,
    ) -> Inspected {
        let Some(broker) = self.brokers.get_mut(&node) else {
            return nothing("no-such-broker").into();
        };
        let replica = broker.replica(topic, partition);
        let segment = replica.and_then(|replica| {
            let mut segments = replica.log().segments();
            segments.find(|segment| segment.base_offset == base_offset)
        });
        let Some(segment) = segment else {
            return nothing("no-such-segment").into();
        };
        let size = segment.bytes as usize;
        if size > SEGMENT_BYTES_MAX {
            return nothing("segment-too-large").into();
        }
        if size == 0 {
            return Inspection::Segment { bytes: Vec::new() }.into();
        }
        match broker.peek_segment(topic, partition, base_offset) {
            Some(Ok(bytes)) => Inspection::Segment { bytes }.into(),
            Some(Err(load)) => Inspected::Wanted { node, load },
            None => nothing("no-such-segment").into(),
        }
    }

    fn inspect_wire(&self, who: &Who, count: usize) -> Inspected {
        let count = count.min(ENTRIES_MAX);
        let mut exchanges: Vec<Exchange> = Vec::new();
        for (endpoint, ring) in self.observer.watch.clients() {
            let client = self.who(endpoint);
            let broker = match who {
                Who::Broker(id) => Some(*id),
                _ => None,
            };
            // A broker shows what it was asked, and what it asked others itself.
            if client == *who {
                exchanges.extend(ring.newest(&name_of(&client), None, count, self.now));
            } else if broker.is_some() {
                exchanges.extend(ring.newest(&name_of(&client), broker, count, self.now));
            }
        }
        exchanges.sort_by_key(|exchange| std::cmp::Reverse(exchange.sent));
        exchanges.truncate(count);
        Inspection::Wire { exchanges }.into()
    }

    /// Shows the newest records of logs that were there before the power came on, as far as they
    /// are in memory.
    pub(crate) fn fill_tails(&mut self) {
        for (id, broker) in &mut self.brokers {
            let unknown: Vec<(String, i32)> = broker
                .replicas()
                // A broker that starts again has its logs before it knows their topics.
                .filter(|replica| {
                    let topic = broker.metadata().topic(replica.topic());
                    topic.is_some_and(|topic| topic.id == replica.partition.topic)
                })
                .filter(|replica| !replica.topic().starts_with("__"))
                .filter(|replica| !self.observer.tails.knows(*id, replica.log().dir()))
                .map(|replica| (replica.topic().to_owned(), replica.partition.index))
                .collect();
            for (topic, partition) in unknown {
                let dir = konbini_log::LogDir::new(&topic, partition);
                let end = broker
                    .replica(&topic, partition)
                    .map_or(0, |replica| replica.log().log_end_offset());
                let from = end - konbini_scenario::snapshot::TAIL_RECORDS as i64;
                let found = read(broker, (&topic, partition), from, |_| false);
                // Cold bytes stay cold: the tail shows what comes from now on.
                let found = found.unwrap_or_default();
                let found = found.into_iter().map(|found| found.batch);
                self.observer.tails.read(*id, &dir, found);
            }
        }
    }
}

pub(super) fn nothing(why: &str) -> Inspection {
    Inspection::Nothing {
        why: why.to_owned(),
    }
}

/// How a client is called in a list.
fn name_of(who: &Who) -> String {
    match who {
        Who::Producer(name) | Who::Consumer(name) | Who::Client(name) => name.clone(),
        Who::Broker(id) => format!("broker-{id}"),
        Who::Admin => "admin".to_owned(),
        Who::Cluster => String::new(),
    }
}

/// Kafka's names.
fn source_name(source: Source) -> &'static str {
    match source {
        Source::Topic => "DYNAMIC_TOPIC_CONFIG",
        Source::DynamicBroker => "DYNAMIC_BROKER_CONFIG",
        Source::DynamicDefaultBroker => "DYNAMIC_DEFAULT_BROKER_CONFIG",
        Source::StaticBroker => "STATIC_BROKER_CONFIG",
        Source::Default => "DEFAULT_CONFIG",
    }
}

/// A batch with its place in its segment.
pub(super) struct Found {
    pub(super) batch: Batch,
    position: u32,
}

impl Found {
    fn records_from(&self, offset: i64) -> usize {
        let header = &self.batch.header;
        let before = (offset - header.base_offset).max(0);
        let left = i64::from(header.records_count) - before;
        usize::try_from(left).unwrap_or(0)
    }
}

pub(super) enum Cold {
    Wanted(Load),
    Offline(String),
}

/// Batches from the one that holds an offset on, until there are enough of them.
pub(super) fn read(
    broker: &mut Broker,
    (topic, partition): (&str, i32),
    from: i64,
    enough: impl Fn(&[Found]) -> bool,
) -> Result<Vec<Found>, Cold> {
    let mut found: Vec<Found> = Vec::new();
    let mut size = 0;
    let Some(replica) = broker.replica(topic, partition) else {
        return Ok(found);
    };
    let upper = replica.log().log_end_offset();
    let mut next = from.max(replica.log().log_start_offset());
    while next < upper && size < READ_BYTES_MAX && !enough(&found) {
        let left = READ_BYTES_MAX - size;
        let fetched = match broker.peek(topic, partition, next, left) {
            Some(ReadOutcome::Fetched(fetched)) if fetched.size > 0 => fetched,
            Some(ReadOutcome::Cold(load)) => return Err(Cold::Wanted(load)),
            Some(ReadOutcome::Offline { reason }) => return Err(Cold::Offline(reason)),
            _ => break,
        };
        let mut position = broker
            .replica(topic, partition)
            .and_then(|replica| replica.log().position_of(next))
            .unwrap_or(0);
        for batch in batches(fetched.concat()).map_while(Result::ok) {
            let bytes = batch.bytes.len();
            size += bytes;
            found.push(Found { batch, position });
            position += u32::try_from(bytes).unwrap_or(0);
        }
        next = fetched.next_offset.max(next + 1);
    }
    Ok(found)
}

fn segment_views(log: &Log) -> Vec<SegmentView> {
    let segments: Vec<konbini_log::SegmentView> = log.segments().collect();
    let ends = segments.iter().skip(1).map(|next| next.base_offset);
    let ends: Vec<i64> = ends.chain([log.log_end_offset()]).collect();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    segments
        .iter()
        .zip(ends)
        .map(|(segment, next_offset)| SegmentView {
            base_offset: segment.base_offset,
            next_offset,
            bytes: segment.bytes,
            active: segment.active,
            max_timestamp: segment.max_timestamp,
            index_entries: count(segment.offset_index.len()),
            time_index_entries: count(segment.time_index.len()),
            resident_bytes: count(segment.resident_bytes),
        })
        .collect()
}

fn batch_view(found: &Found, segment: i64) -> BatchView {
    let batch = &found.batch;
    let header = &batch.header;
    let codec = batch.codec().ok();
    let uncompressed = match codec {
        Some(Codec::None) => batch.payload().len(),
        Some(codec) => compression::decompress(codec, &batch.payload(), MAX_DECOMPRESSED_BYTES)
            .map_or(0, |bytes| bytes.len()),
        None => 0,
    };
    BatchView {
        segment,
        position: found.position,
        base_offset: header.base_offset,
        last_offset: header.last_offset(),
        size: u32::try_from(batch.bytes.len()).unwrap_or(u32::MAX),
        leader_epoch: header.partition_leader_epoch,
        crc: header.crc,
        crc_ok: batch.validate_crc().is_ok(),
        compression: codec.map_or("unknown", Codec::name).to_owned(),
        transactional: header.attributes.is_transactional(),
        control: header.attributes.is_control(),
        base_timestamp: header.base_timestamp,
        max_timestamp: header.max_timestamp,
        log_append_time: header.attributes.timestamp_type() == TimestampType::LogAppendTime,
        producer_id: header.producer_id,
        producer_epoch: header.producer_epoch,
        base_sequence: header.base_sequence,
        records: header.records_count,
        uncompressed_size: u32::try_from(uncompressed).unwrap_or(u32::MAX),
        head: batch.bytes[..batch.bytes.len().min(HEAD_BYTES)].to_vec(),
    }
}

fn record_view(record: &Record) -> RecordView {
    let size = |bytes: &Option<Bytes>| match bytes {
        Some(bytes) => i32::try_from(bytes.len()).unwrap_or(i32::MAX),
        None => -1,
    };
    let headers = record.headers.iter().map(|header| {
        let value = header.value.as_ref().map_or_else(String::new, show);
        (header.key.chars().take(SHOWN_CHARS).collect(), value)
    });
    RecordView {
        offset: record.offset,
        timestamp: record.timestamp,
        colour: colour::of(record.key.as_deref(), record.offset),
        key: record.key.as_ref().map(show),
        value: record.value.as_ref().map(show),
        headers: headers.collect(),
        key_size: size(&record.key),
        value_size: size(&record.value),
    }
}

/// Text as it is, anything else as hexadecimal digits.
fn show(bytes: &Bytes) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.chars().take(SHOWN_CHARS).collect(),
        Err(_) => {
            let shown = &bytes[..bytes.len().min(SHOWN_CHARS / 2)];
            shown.iter().map(|byte| format!("{byte:02x}")).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_no_text() {
        let check = |bytes: &'static [u8], expect: &str| {
            assert_eq!(show(&Bytes::from_static(bytes)), expect);
        };
        check(b"plain", "plain");
        check(b"\xff\x00", "ff00");
        check("包裹".as_bytes(), "包裹");
        assert_eq!(show(&Bytes::from(vec![0xff; 5_000])).len(), SHOWN_CHARS);
        assert_eq!(show(&Bytes::from(vec![b'a'; 5_000])).len(), SHOWN_CHARS);
    }
}
