//! A replica's high watermark never goes back while its process runs, and is never past its log's
//! end. Where an unclean election was announced it may: what it counted is gone.

use konbini_broker::TopicPartition;
use konbini_log::Log;

use super::seen::{METADATA, Seen};
use super::{Invariant, Moment};

#[derive(Default)]
pub struct HighWatermarksRise {
    offsets: Seen<i64>,
}

impl HighWatermarksRise {
    fn look(
        &mut self,
        broker: i32,
        partition: TopicPartition,
        log: &Log,
        name: &dyn Fn() -> String,
    ) -> Result<(), String> {
        let (now, end) = (log.high_watermark(), log.log_end_offset());
        if now > end {
            let name = name();
            return Err(format!(
                "broker {broker} has {name} committed up to {now}, past its end {end}"
            ));
        }
        match self.offsets.of(broker, partition) {
            Some(before) if now < *before => Err(format!(
                "broker {broker} took the high watermark of {} from {before} to {now}",
                name()
            )),
            Some(before) => {
                *before = now;
                Ok(())
            }
            None => {
                self.offsets.put(broker, partition, now);
                Ok(())
            }
        }
    }
}

impl Invariant for HighWatermarksRise {
    fn name(&self) -> &'static str {
        "high-watermarks-rise"
    }

    fn check(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        for broker in moment.cluster.brokers() {
            let id = broker.node_id();
            self.offsets.begin(moment.told, broker);
            for replica in broker.replicas() {
                let (topic, partition) = (replica.topic(), replica.partition);
                if replica.offline().is_some() || moment.told.lost(topic, partition.index) {
                    continue;
                }
                let name = || format!("{topic}-{}", partition.index);
                self.look(id, partition, replica.log(), &name)?;
            }
            if let Some(log) = broker.metadata_log().filter(|log| log.is_online()) {
                let name = || "__cluster_metadata".to_owned();
                self.look(id, METADATA, log, &name)?;
            }
        }
        Ok(())
    }
}
