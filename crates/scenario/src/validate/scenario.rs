use super::field::{self, Checked, at_most, within};
use super::{Cast, Invalid};
use crate::limit;
use crate::spec::{
    Acks, Commit, ConsumerSpec, Keys, NetworkSpec, Pace, PartitionChoice, ProducerSpec, Scenario,
    TopicSpec, Value,
};

impl Scenario {
    /// Whether a run may start from this; the first thing that is wrong otherwise.
    pub fn validate(&self) -> Checked {
        let name = self.name.chars().count();
        at_most("name", name, limit::SCENARIO_NAME_CHARS_MAX, "characters")?;
        within("seed", self.seed, &(0..=limit::SEED_MAX))?;
        within("epoch_ms", self.epoch_ms, &limit::EPOCH_MS)?;
        within("brokers", self.brokers, &limit::BROKERS)?;
        field::configs("broker_configs", &self.broker_configs)?;
        self.network.validate()?;
        self.validate_topics()?;
        at_most(
            "producers",
            self.producers.len(),
            limit::PRODUCERS_MAX,
            "entries",
        )?;
        at_most(
            "consumers",
            self.consumers.len(),
            limit::CONSUMERS_MAX,
            "entries",
        )?;
        for (n, producer) in self.producers.iter().enumerate() {
            producer.validate(&format!("producers[{n}]"))?;
        }
        for (n, consumer) in self.consumers.iter().enumerate() {
            consumer.validate(&format!("consumers[{n}]"))?;
        }
        Cast::of(self).map(|_| ())
    }

    fn validate_topics(&self) -> Checked {
        at_most("topics", self.topics.len(), limit::TOPICS_MAX, "entries")?;
        let mut partitions = 0;
        for (n, topic) in self.topics.iter().enumerate() {
            let place = format!("topics[{n}]");
            topic.validate(&place)?;
            let most = i16::try_from(self.brokers).unwrap_or(i16::MAX);
            let place = format!("{place}.replication_factor");
            within(&place, topic.replication_factor, &(1..=most))?;
            partitions += topic.partitions;
            if self.topics[..n]
                .iter()
                .any(|other| other.name == topic.name)
            {
                return Err(Invalid::new(
                    "name-taken",
                    &format!("topics[{n}].name"),
                    &format!("is {}, as is an earlier topic's", topic.name),
                    "each topic needs a name of its own",
                ));
            }
        }
        within(
            "topics' partitions in all",
            partitions,
            &(0..=limit::PARTITIONS_IN_ALL_MAX),
        )
    }
}

impl NetworkSpec {
    fn validate(&self) -> Checked {
        within(
            "network.latency_ms",
            self.latency_ms,
            &(0..=limit::LATENCY_MS_MAX),
        )?;
        within(
            "network.jitter_ms",
            self.jitter_ms,
            &(0..=limit::JITTER_MS_MAX),
        )
    }
}

impl TopicSpec {
    pub(super) fn validate(&self, place: &str) -> Checked {
        field::new_topic_name(&format!("{place}.name"), &self.name)?;
        within(
            &format!("{place}.partitions"),
            self.partitions,
            &limit::PARTITIONS,
        )?;
        let most = i16::try_from(*limit::BROKERS.end()).unwrap_or(i16::MAX);
        let replicas = format!("{place}.replication_factor");
        within(&replicas, self.replication_factor, &(1..=most))?;
        field::configs(&format!("{place}.configs"), &self.configs)
    }
}

impl ProducerSpec {
    pub(super) fn validate(&self, place: &str) -> Checked {
        let at = |name: &str| format!("{place}.{name}");
        field::client_name(&at("name"), &self.name)?;
        field::topic_name(&at("topic"), &self.topic)?;
        match self.pace {
            Pace::EveryMs(ms) => within(&at("pace"), ms, &limit::RECORD_INTERVAL_MS)?,
            Pace::PerSecond(n) => within(&at("pace"), n, &limit::RECORDS_PER_SECOND)?,
        }
        match &self.keys {
            Keys::None => {}
            Keys::Fixed(key) => at_most(&at("keys"), key.len(), limit::KEY_BYTES_MAX, "bytes")?,
            Keys::RandomOf(of) => within(&at("keys"), *of, &limit::KEYS)?,
            Keys::Hot { of, percent } => {
                within(&at("keys.of"), *of, &limit::KEYS)?;
                within(&at("keys.percent"), *percent, &limit::PERCENT)?;
            }
        }
        self.value.validate(&at("value"))?;
        self.validate_volume(&at("value"))?;
        if let PartitionChoice::Fixed(partition) = self.partition {
            field::partition(&at("partition"), partition)?;
        }
        within(
            &at("linger_ms"),
            self.linger_ms,
            &(0..=limit::LINGER_MS_MAX),
        )?;
        within(
            &at("batch_size"),
            self.batch_size,
            &(0..=limit::BATCH_SIZE_MAX),
        )?;
        if let Some(retries) = self.retries {
            let most = u32::try_from(i32::MAX).unwrap_or(u32::MAX);
            within(&at("retries"), retries, &(0..=most))?;
        }
        self.validate_idempotence(&at("idempotent"))
    }

    /// What one producer makes in a second must fit into a host's memory many times over.
    fn validate_volume(&self, place: &str) -> Checked {
        let size = match self.value.size {
            Some(size) => u64::from(size),
            None => self.value.template.len() as u64,
        };
        let per_second = match self.pace {
            Pace::EveryMs(ms) => (size * 1_000).div_ceil(u64::from(ms.max(1))),
            Pace::PerSecond(n) => size * u64::from(n),
        };
        if per_second <= limit::VALUE_BYTES_PER_SECOND_MAX {
            return Ok(());
        }
        Err(Invalid::new(
            "too-many-bytes",
            place,
            &format!("of this size makes {per_second} bytes each second"),
            &format!("at most {} are allowed", limit::VALUE_BYTES_PER_SECOND_MAX),
        ))
    }

    /// The rule of Kafka's own producer: idempotence needs acks=all and at least one retry.
    fn validate_idempotence(&self, place: &str) -> Checked {
        if !self.idempotent || (self.acks == Acks::All && self.retries != Some(0)) {
            return Ok(());
        }
        Err(Invalid::new(
            "idempotence-needs-acks-all",
            place,
            "is on without acks=all or without retries",
            "an idempotent producer needs acks 'all' and retries above 0",
        ))
    }
}

impl Value {
    fn validate(&self, place: &str) -> Checked {
        let template = format!("{place}.template");
        at_most(
            &template,
            self.template.len(),
            limit::TEMPLATE_BYTES_MAX,
            "bytes",
        )?;
        let size = self.size.map_or(0, |size| size as usize);
        within(
            &format!("{place}.size"),
            size,
            &(0..=limit::VALUE_BYTES_MAX),
        )
    }
}

impl ConsumerSpec {
    pub(super) fn validate(&self, place: &str) -> Checked {
        let at = |name: &str| format!("{place}.{name}");
        field::client_name(&at("name"), &self.name)?;
        if let Some(group) = &self.group {
            field::group_id(&at("group"), group)?;
        }
        within(
            &at("topics (their number)"),
            self.topics.len(),
            &limit::SUBSCRIPTION,
        )?;
        for (n, topic) in self.topics.iter().enumerate() {
            field::topic_name(&at(&format!("topics[{n}]")), topic)?;
        }
        if let Commit::AutoMs(ms) = self.commit {
            within(&at("commit"), ms, &limit::COMMIT_INTERVAL_MS)?;
        }
        within(
            &at("process_ms"),
            self.process_ms,
            &(0..=limit::PROCESS_MS_MAX),
        )?;
        within(
            &at("max_poll_records"),
            self.max_poll_records,
            &limit::POLL_RECORDS,
        )?;
        let (session, heartbeat) = (self.session_timeout_ms, self.heartbeat_interval_ms);
        within(
            &at("session_timeout_ms"),
            session,
            &limit::SESSION_TIMEOUT_MS,
        )?;
        within(
            &at("heartbeat_interval_ms"),
            heartbeat,
            &limit::HEARTBEAT_INTERVAL_MS,
        )?;
        let poll = self.max_poll_interval_ms;
        within(
            &at("max_poll_interval_ms"),
            poll,
            &limit::MAX_POLL_INTERVAL_MS,
        )?;
        if let Some(instance) = &self.instance_id {
            field::client_name(&at("instance_id"), instance)?;
        }
        if heartbeat < session {
            return Ok(());
        }
        Err(Invalid::new(
            "heartbeat-above-session",
            &at("heartbeat_interval_ms"),
            &format!("is {heartbeat}"),
            &format!("it must be below session_timeout_ms, {session}"),
        ))
    }
}
