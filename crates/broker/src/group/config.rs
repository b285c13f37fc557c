use super::consumer::Assignor;
use std::collections::BTreeMap;

/// The settings of the coordinator, with Apache Kafka's names and defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupConfig {
    /// `group.min.session.timeout.ms`
    pub min_session_timeout_ms: i32,
    /// `group.max.session.timeout.ms`
    pub max_session_timeout_ms: i32,
    /// `group.initial.rebalance.delay.ms`
    pub initial_rebalance_delay_ms: i32,
    /// `group.max.size`, members
    pub max_size: i32,
    /// `group.consumer.session.timeout.ms`
    pub consumer_session_timeout_ms: i32,
    /// `group.consumer.heartbeat.interval.ms`
    pub consumer_heartbeat_interval_ms: i32,
    /// `group.consumer.max.size`, members
    pub consumer_max_size: usize,
    /// `group.consumer.assignors`: those that are served, the default first. Never empty.
    pub consumer_assignors: Vec<Assignor>,
    /// `group.consumer.migration.policy`
    pub migration_policy: MigrationPolicy,
    /// `offset.metadata.max.bytes`
    pub offset_metadata_max_bytes: i32,
    /// `offsets.retention.minutes`, in milliseconds
    pub offsets_retention_ms: i64,
    /// `offsets.retention.check.interval.ms`
    pub offsets_retention_check_interval_ms: i64,
    /// `offsets.topic.num.partitions`
    pub offsets_topic_partitions: i32,
}

/// Whether groups with members may change their protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MigrationPolicy {
    Disabled,
    /// From classic to consumer.
    Upgrade,
    /// From consumer to classic.
    Downgrade,
    Bidirectional,
}

impl MigrationPolicy {
    fn by_name(name: &str) -> Option<MigrationPolicy> {
        match name.to_ascii_lowercase().as_str() {
            "disabled" => Some(MigrationPolicy::Disabled),
            "upgrade" => Some(MigrationPolicy::Upgrade),
            "downgrade" => Some(MigrationPolicy::Downgrade),
            "bidirectional" => Some(MigrationPolicy::Bidirectional),
            _ => None,
        }
    }

    pub fn allows_upgrade(self) -> bool {
        matches!(
            self,
            MigrationPolicy::Upgrade | MigrationPolicy::Bidirectional
        )
    }

    pub fn allows_downgrade(self) -> bool {
        matches!(
            self,
            MigrationPolicy::Downgrade | MigrationPolicy::Bidirectional
        )
    }
}

/// How long a member that never got a member id may wait in JoinGroup, in milliseconds
/// (`group.new.member.join.timeout.ms`, internal in Kafka): it cannot heartbeat yet.
pub const NEW_MEMBER_JOIN_TIMEOUT_MS: i64 = 300_000;
/// Groups of one shard; the next new group gets COORDINATOR_NOT_AVAILABLE.
pub const MAX_GROUPS: usize = 100_000;
/// Members and pending members of one group, whatever `group.max.size` says.
pub const MAX_MEMBERS: usize = 10_000;
/// What a member of a consumer group may say of its subscription, in bytes: it goes into one record.
pub const MAX_SUBSCRIPTION_BYTES: usize = 512 * 1024;
/// The largest group metadata record in bytes: what fits in a batch of `message.max.bytes` (1,048,588).
pub const MAX_GROUP_RECORD_BYTES: usize = 1_048_000;

const MINUTE_MS: i64 = 60_000;

impl Default for GroupConfig {
    fn default() -> GroupConfig {
        GroupConfig {
            min_session_timeout_ms: 6_000,
            max_session_timeout_ms: 1_800_000,
            initial_rebalance_delay_ms: 3_000,
            max_size: i32::MAX,
            consumer_session_timeout_ms: 45_000,
            consumer_heartbeat_interval_ms: 5_000,
            consumer_max_size: i32::MAX as usize,
            consumer_assignors: vec![Assignor::Uniform, Assignor::Range],
            migration_policy: MigrationPolicy::Bidirectional,
            offset_metadata_max_bytes: 4_096,
            offsets_retention_ms: 10_080 * MINUTE_MS,
            offsets_retention_check_interval_ms: 600_000,
            offsets_topic_partitions: 50,
        }
    }
}

impl GroupConfig {
    /// Reads the coordinator's keys from a broker's configs. Keys that are absent, or that hold no
    /// number of the right size, keep Kafka's default: whoever accepts configs checks them first.
    pub fn from_configs(configs: &BTreeMap<String, String>) -> GroupConfig {
        let mut config = GroupConfig::default();
        read(
            configs,
            "group.min.session.timeout.ms",
            &mut config.min_session_timeout_ms,
        );
        read(
            configs,
            "group.max.session.timeout.ms",
            &mut config.max_session_timeout_ms,
        );
        read(
            configs,
            "group.initial.rebalance.delay.ms",
            &mut config.initial_rebalance_delay_ms,
        );
        read(configs, "group.max.size", &mut config.max_size);
        config.read_consumer_group_keys(configs);
        read(
            configs,
            "offset.metadata.max.bytes",
            &mut config.offset_metadata_max_bytes,
        );
        let mut minutes = config.offsets_retention_ms / MINUTE_MS;
        read(configs, "offsets.retention.minutes", &mut minutes);
        config.offsets_retention_ms = minutes.saturating_mul(MINUTE_MS);
        read(
            configs,
            "offsets.retention.check.interval.ms",
            &mut config.offsets_retention_check_interval_ms,
        );
        read(
            configs,
            "offsets.topic.num.partitions",
            &mut config.offsets_topic_partitions,
        );
        config.initial_rebalance_delay_ms = config.initial_rebalance_delay_ms.max(0);
        config.max_size = config.max_size.max(1);
        config.offsets_topic_partitions = config.offsets_topic_partitions.max(1);
        config.offsets_retention_check_interval_ms =
            config.offsets_retention_check_interval_ms.max(1);
        config
    }

    fn read_consumer_group_keys(&mut self, configs: &BTreeMap<String, String>) {
        read(
            configs,
            "group.consumer.session.timeout.ms",
            &mut self.consumer_session_timeout_ms,
        );
        read(
            configs,
            "group.consumer.heartbeat.interval.ms",
            &mut self.consumer_heartbeat_interval_ms,
        );
        read(
            configs,
            "group.consumer.max.size",
            &mut self.consumer_max_size,
        );
        self.consumer_max_size = self.consumer_max_size.clamp(1, MAX_MEMBERS);
        let names = configs.get("group.consumer.assignors");
        let names = names.into_iter().flat_map(|names| names.split(','));
        let named: Vec<Assignor> = names
            .filter_map(|name| Assignor::by_name(name.trim()))
            .collect();
        if !named.is_empty() {
            self.consumer_assignors = named;
        }
        let policy = configs.get("group.consumer.migration.policy");
        if let Some(policy) = policy.and_then(|name| MigrationPolicy::by_name(name)) {
            self.migration_policy = policy;
        }
    }

    /// The assignor of a group whose members ask for none.
    pub fn default_assignor(&self) -> Assignor {
        let first = self.consumer_assignors.first();
        first.copied().unwrap_or(Assignor::Uniform)
    }
}

fn read<T: std::str::FromStr>(configs: &BTreeMap<String, String>, key: &str, into: &mut T) {
    if let Some(value) = configs.get(key).and_then(|text| text.parse().ok()) {
        *into = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_keys_it_knows_and_keeps_defaults() {
        let configs = [
            ("group.initial.rebalance.delay.ms", "0"),
            ("offsets.retention.minutes", "1"),
            ("group.max.size", "not a number"),
            ("offsets.topic.num.partitions", "0"),
        ];
        let configs = configs.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let config = GroupConfig::from_configs(&configs);
        assert_eq!(config.initial_rebalance_delay_ms, 0);
        assert_eq!(config.offsets_retention_ms, 60_000);
        assert_eq!(config.max_size, i32::MAX);
        assert_eq!(config.offsets_topic_partitions, 1);
        assert_eq!(config.min_session_timeout_ms, 6_000);
    }
}
