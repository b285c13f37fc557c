//! What is below a high watermark stays: the same bytes on every replica, and never cut off. It holds
//! for the metadata log as for any other.
//!
//! What is not in memory is read from the virtual disk; at rest everything is.

use std::collections::BTreeMap;

use konbini_broker::TopicPartition;
use konbini_log::Log;
use konbini_protocol::record::Batch;

use super::seen::{METADATA, Seen};
use super::{Invariant, Moment};
use crate::batches;

/// What two replicas must agree on of a batch: where it ends, its CRC, and the leader epoch, which
/// the CRC does not cover.
type Mark = (i64, u32, i32);

/// The batches that are committed, by base offset.
#[derive(Default)]
struct Truth {
    batches: BTreeMap<i64, Mark>,
    end: i64,
    epoch: i32,
    /// Replicas compact on their own: from then on a batch may have lost records, here or there.
    is_compacted: bool,
}

impl Truth {
    /// Takes a batch that comes next, or compares one that is known.
    fn meet(&mut self, batch: &Batch) -> Result<(), String> {
        let header = &batch.header;
        let (base, epoch) = (header.base_offset, header.partition_leader_epoch);
        let this = (header.next_offset(), header.crc, epoch);
        if base >= self.end {
            if epoch < self.epoch {
                return Err(format!("epoch {epoch} at {base} after {}", self.epoch));
            }
            self.batches.insert(base, this);
            (self.end, self.epoch) = (this.0, epoch);
            return Ok(());
        }
        match self.batches.get(&base) {
            Some(known) if *known == this => Ok(()),
            // Its range and its epoch stay.
            Some(known) if self.is_compacted && (known.0, known.2) == (this.0, this.2) => Ok(()),
            known => Err(format!(
                "another batch at {base} than was committed: {this:?}, not {known:?}"
            )),
        }
    }
}

#[derive(Default)]
pub struct CommittedStays {
    truth: BTreeMap<TopicPartition, Truth>,
    /// Up to where each replica was compared.
    compared: Seen<i64>,
}

/// A replica that is compared.
struct Replica<'a> {
    broker: i32,
    partition: TopicPartition,
    topic: &'a str,
    log: &'a Log,
}

impl Replica<'_> {
    fn says(&self, what: &str) -> String {
        let Replica { broker, topic, .. } = self;
        format!("broker {broker}, {topic}-{}: {what}", self.partition.index)
    }
}

/// The replicas of running brokers that promise something.
fn replicas<'a>(moment: &Moment<'a>) -> impl Iterator<Item = Replica<'a>> {
    let told = moment.told;
    moment.cluster.brokers().flat_map(move |broker| {
        let id = broker.node_id();
        let online = broker.replicas().filter(|it| it.offline().is_none());
        let own = online.filter(move |it| !told.lost(it.topic(), it.partition.index));
        let own = own.map(move |it| Replica {
            broker: id,
            partition: it.partition,
            topic: it.topic(),
            log: it.log(),
        });
        let metadata = broker.metadata_log().filter(|log| log.is_online());
        own.chain(metadata.map(|log| Replica {
            broker: id,
            partition: METADATA,
            topic: "__cluster_metadata",
            log,
        }))
    })
}

impl CommittedStays {
    fn compare(&mut self, moment: &Moment<'_>, replica: &Replica<'_>) -> Result<(), String> {
        let Replica {
            broker,
            partition,
            log,
            ..
        } = *replica;
        let (end, committed) = (log.log_end_offset(), log.high_watermark());
        let compared = self.compared.of(broker, partition).copied();
        let compared = compared.unwrap_or(0);
        if end < compared {
            return Err(replica.says(&format!("cut off at {end}, {compared} was committed")));
        }
        if committed <= compared {
            return Ok(());
        }
        let batches = batches::read(moment.disks, broker, log, compared, committed);
        let truth = self.truth.entry(partition).or_default();
        truth.is_compacted |= log.cleaned_to() > 0;
        for batch in batches.map_err(|what| replica.says(&what))? {
            truth.meet(&batch).map_err(|what| replica.says(&what))?;
        }
        self.compared.put(broker, partition, committed);
        Ok(())
    }
}

impl Invariant for CommittedStays {
    fn name(&self) -> &'static str {
        "committed-stays"
    }

    fn check(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        for broker in moment.cluster.brokers() {
            self.compared.begin(moment.told, broker);
        }
        for replica in replicas(moment) {
            self.compare(moment, &replica)?;
        }
        Ok(())
    }

    /// All of it once more, as the disks have it.
    fn check_at_rest(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        for replica in replicas(moment) {
            let mut log = replica.log.clone();
            log.evict(usize::MAX);
            let (from, to) = (log.log_start_offset(), log.high_watermark());
            let batches = batches::read(moment.disks, replica.broker, &log, from, to);
            let truth = self.truth.entry(replica.partition).or_default();
            truth.is_compacted |= log.cleaned_to() > 0;
            let mut next = from;
            for batch in batches.map_err(|what| replica.says(&what))? {
                truth.meet(&batch).map_err(|what| replica.says(&what))?;
                next = batch.header.next_offset();
            }
            if next < to {
                return Err(replica.says(&format!("the disk has {next} of {to} offsets")));
            }
        }
        Ok(())
    }
}
