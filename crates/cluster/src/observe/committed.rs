//! Records as they are, for who takes them elsewhere: neither those of aborted transactions, nor
//! those that may still become such.

use super::inspect::{Cold, Inspected, nothing, read};
use crate::Cluster;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use konbini_protocol::record::{BatchHeader, Record};
use konbini_scenario::inspect::{Committed, CommittedRecord, Inspection};

/// Bytes of batches for one answer, and more only for a single batch.
const BATCH_BYTES_MAX: usize = 512 * 1024;

impl Cluster {
    pub(super) fn inspect_committed(
        &mut self,
        (topic, partition): (&str, i32),
        from: i64,
    ) -> Inspected {
        let leader = self.leader_of(topic, partition);
        let broker = leader.and_then(|node| Some((node, self.brokers.get_mut(&node)?)));
        let Some((node, broker)) = broker else {
            return nothing("no-leader").into();
        };
        let Some(replica) = broker.replica(topic, partition) else {
            return nothing("no-such-replica").into();
        };
        let log = replica.log();
        let end = log.last_stable_offset();
        let aborted = log.aborted_transactions(from, end);
        let is_aborted = |header: &BatchHeader| {
            let within = aborted.iter().any(|one| {
                one.producer_id == header.producer_id
                    && (one.first_offset..=one.last_offset).contains(&header.base_offset)
            });
            header.attributes.is_transactional() && within
        };
        let enough = |found: &[super::inspect::Found]| {
            let bytes = found.iter().map(|found| found.batch.bytes.len());
            bytes.sum::<usize>() >= BATCH_BYTES_MAX
        };
        let found = match read(broker, (topic, partition), from, enough) {
            Err(Cold::Wanted(load)) => return Inspected::Wanted { node, load },
            Err(Cold::Offline(why)) => return nothing(&why).into(),
            Ok(found) => found,
        };
        let batches = found.into_iter().map(|found| found.batch);
        let stable = batches.take_while(|batch| batch.header.base_offset < end);
        let mut next = end;
        let mut records = Vec::new();
        for batch in stable {
            next = batch.header.last_offset() + 1;
            if batch.header.attributes.is_control() || is_aborted(&batch.header) {
                continue;
            }
            let all = batch.records().map_while(Result::ok);
            let wanted = all.filter(|record| (from..end).contains(&record.offset));
            records.extend(wanted.map(|record| as_it_is(&record)));
        }
        Inspection::Committed(Committed { records, next, end }).into()
    }
}

fn as_it_is(record: &Record) -> CommittedRecord {
    let text = |bytes: &bytes::Bytes| STANDARD.encode(bytes);
    let headers = record.headers.iter();
    CommittedRecord {
        offset: record.offset,
        timestamp: record.timestamp,
        key: record.key.as_ref().map(text),
        value: record.value.as_ref().map(text),
        headers: headers
            .map(|header| (header.key.to_string(), header.value.as_ref().map(text)))
            .collect(),
    }
}
