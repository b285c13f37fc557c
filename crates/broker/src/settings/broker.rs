//! Settings of a broker: those that this broker acts on, those that are defaults of topics, and
//! the ones that clients and tools look at.

mod setting;
mod transactions;

use konbini_log::config::ConfigKind::{Boolean, Double, Int, List, Long, String};
use konbini_log::config::Valid::{Any, AtLeast, Between, DefaultOrBetween, ListOf, OneOf, Ratio};
use setting::setting;
pub use setting::{Setting, Update};

const FOREVER: &str = "9223372036854775807";

static TABLE: &[Setting] = &[
    setting(
        "auto.create.topics.enable",
        Boolean,
        "true",
        Any,
        "Whether a topic that a client asks for is created when it does not exist.",
    ),
    setting(
        "auto.leader.rebalance.enable",
        Boolean,
        "true",
        Any,
        "Whether the controller gives leadership back to preferred leaders by itself.",
    ),
    setting(
        "broker.heartbeat.interval.ms",
        Int,
        "2000",
        AtLeast(1),
        "How often a broker tells the controller that it is alive, in ms.",
    ),
    setting("broker.id", Int, "-1", Any, "Id of this node."),
    setting("broker.rack", String, "", Any, "Where this node stands.").without_default(),
    setting(
        "broker.session.timeout.ms",
        Int,
        "9000",
        AtLeast(1),
        "After how many ms without a heartbeat the controller fences a broker.",
    ),
    setting(
        "compression.gzip.level",
        Int,
        "-1",
        DefaultOrBetween(1, 9),
        "Default of the topics' compression.gzip.level.",
    )
    .cluster_wide(),
    setting(
        "compression.lz4.level",
        Int,
        "9",
        Between(1, 17),
        "Default of the topics' compression.lz4.level.",
    )
    .cluster_wide(),
    setting(
        "compression.type",
        String,
        "producer",
        OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]),
        "Default of the topics' compression.type.",
    )
    .cluster_wide(),
    setting(
        "compression.zstd.level",
        Int,
        "3",
        Between(-131072, 22),
        "Default of the topics' compression.zstd.level.",
    )
    .cluster_wide(),
    setting(
        "controller.quorum.election.backoff.max.ms",
        Int,
        "1000",
        AtLeast(1),
        "Longest pause after a lost election of the controller, in ms.",
    ),
    setting(
        "controller.quorum.election.timeout.ms",
        Int,
        "1000",
        AtLeast(1),
        "How long a voter without a leader waits before it asks for votes, in ms; up to twice that, by chance.",
    ),
    setting(
        "controller.quorum.fetch.timeout.ms",
        Int,
        "2000",
        AtLeast(1),
        "How long a voter goes without an answer of the leader before it asks for votes, in ms.",
    ),
    setting(
        "controller.quorum.request.timeout.ms",
        Int,
        "2000",
        AtLeast(1),
        "How long a voter waits for another one, in ms.",
    ),
    setting(
        "default.replication.factor",
        Int,
        "1",
        AtLeast(1),
        "Replication factor of topics that do not say one.",
    ),
    setting(
        "delete.topic.enable",
        Boolean,
        "true",
        Any,
        "Whether topics can be deleted.",
    ),
    setting(
        "fetch.max.bytes",
        Int,
        "57671680",
        AtLeast(1024),
        "Most bytes in one fetch response.",
    ),
    setting(
        "group.consumer.assignors",
        List,
        "uniform,range",
        ListOf(&["uniform", "range"]),
        "Assignors of consumer groups; the first is for groups whose members ask for none.",
    ),
    setting(
        "group.consumer.heartbeat.interval.ms",
        Int,
        "5000",
        AtLeast(1),
        "How often a member of a consumer group is to send a heartbeat, in ms.",
    ),
    setting(
        "group.consumer.max.size",
        Int,
        "2147483647",
        AtLeast(1),
        "Most members of a consumer group.",
    ),
    setting(
        "group.consumer.migration.policy",
        String,
        "bidirectional",
        OneOf(&["disabled", "upgrade", "downgrade", "bidirectional"]),
        "Which way groups with members may change between the classic and the consumer protocol.",
    ),
    setting(
        "group.consumer.session.timeout.ms",
        Int,
        "45000",
        AtLeast(1),
        "After how many ms without a heartbeat a consumer group puts a member out.",
    ),
    setting(
        "group.initial.rebalance.delay.ms",
        Int,
        "3000",
        AtLeast(0),
        "How long an empty group waits for more members at its first rebalance, in ms.",
    ),
    setting(
        "group.max.session.timeout.ms",
        Int,
        "1800000",
        Any,
        "Longest session timeout of a group member, in ms.",
    ),
    setting(
        "group.max.size",
        Int,
        "2147483647",
        AtLeast(1),
        "Most members of a group.",
    ),
    setting(
        "group.min.session.timeout.ms",
        Int,
        "6000",
        Any,
        "Shortest session timeout of a group member, in ms.",
    ),
    setting(
        "leader.imbalance.check.interval.seconds",
        Long,
        "300",
        AtLeast(1),
        "How often the controller looks for partitions that their preferred leader does not lead, in seconds.",
    ),
    setting(
        "log.cleaner.backoff.ms",
        Long,
        "15000",
        AtLeast(0),
        "How long the cleaner rests when no log is dirty enough, in ms.",
    )
    .cluster_wide(),
    setting(
        "log.cleaner.dedupe.buffer.size",
        Long,
        "134217728",
        AtLeast(0),
        "Most memory for the last offset of each key while a log is compacted, in bytes.",
    )
    .cluster_wide(),
    setting(
        "log.cleaner.delete.retention.ms",
        Long,
        "86400000",
        AtLeast(0),
        "Default of the topics' delete.retention.ms.",
    )
    .cluster_wide(),
    setting(
        "log.cleaner.enable",
        Boolean,
        "true",
        Any,
        "Whether logs with cleanup.policy=compact are compacted.",
    ),
    setting(
        "log.cleaner.max.compaction.lag.ms",
        Long,
        FOREVER,
        AtLeast(1),
        "Default of the topics' max.compaction.lag.ms.",
    )
    .cluster_wide(),
    setting(
        "log.cleaner.min.cleanable.ratio",
        Double,
        "0.5",
        Ratio,
        "Default of the topics' min.cleanable.dirty.ratio.",
    )
    .cluster_wide(),
    setting(
        "log.cleaner.min.compaction.lag.ms",
        Long,
        "0",
        AtLeast(0),
        "Default of the topics' min.compaction.lag.ms.",
    )
    .cluster_wide(),
    setting(
        "log.cleanup.policy",
        List,
        "delete",
        ListOf(&["compact", "delete"]),
        "Default of the topics' cleanup.policy.",
    )
    .cluster_wide(),
    setting(
        "log.dirs",
        String,
        "/var/lib/konbini",
        Any,
        "Where the logs are.",
    ),
    setting(
        "log.flush.interval.messages",
        Long,
        FOREVER,
        AtLeast(1),
        "Default of the topics' flush.messages.",
    )
    .cluster_wide(),
    setting(
        "log.index.interval.bytes",
        Int,
        "4096",
        AtLeast(0),
        "Default of the topics' index.interval.bytes.",
    )
    .cluster_wide(),
    setting(
        "log.index.size.max.bytes",
        Int,
        "10485760",
        AtLeast(4),
        "Default of the topics' segment.index.bytes.",
    )
    .cluster_wide(),
    setting(
        "log.message.timestamp.after.max.ms",
        Long,
        "3600000",
        AtLeast(0),
        "Default of the topics' message.timestamp.after.max.ms.",
    )
    .cluster_wide(),
    setting(
        "log.message.timestamp.before.max.ms",
        Long,
        FOREVER,
        AtLeast(0),
        "Default of the topics' message.timestamp.before.max.ms.",
    )
    .cluster_wide(),
    setting(
        "log.message.timestamp.type",
        String,
        "CreateTime",
        OneOf(&["CreateTime", "LogAppendTime"]),
        "Default of the topics' message.timestamp.type.",
    )
    .cluster_wide(),
    setting(
        "log.preallocate",
        Boolean,
        "false",
        Any,
        "Default of the topics' preallocate.",
    )
    .cluster_wide(),
    setting(
        "log.retention.bytes",
        Long,
        "-1",
        AtLeast(-1),
        "Default of the topics' retention.bytes.",
    )
    .cluster_wide(),
    setting(
        "log.retention.check.interval.ms",
        Long,
        "300000",
        AtLeast(1),
        "How often retention is checked, in ms.",
    ),
    setting(
        "log.retention.hours",
        Int,
        "168",
        Any,
        "Default of the topics' retention.ms, in hours; minutes and ms go before it.",
    ),
    setting(
        "log.retention.minutes",
        Int,
        "",
        Any,
        "Default of the topics' retention.ms, in minutes; ms goes before it.",
    )
    .without_default(),
    setting(
        "log.retention.ms",
        Long,
        "",
        AtLeast(-1),
        "Default of the topics' retention.ms.",
    )
    .without_default()
    .cluster_wide(),
    setting(
        "log.roll.hours",
        Int,
        "168",
        AtLeast(1),
        "Default of the topics' segment.ms, in hours; ms goes before it.",
    ),
    setting(
        "log.roll.ms",
        Long,
        "",
        AtLeast(1),
        "Default of the topics' segment.ms.",
    )
    .without_default()
    .cluster_wide(),
    setting(
        "log.segment.bytes",
        Int,
        "1073741824",
        AtLeast(1024 * 1024),
        "Default of the topics' segment.bytes.",
    )
    .cluster_wide(),
    setting(
        "log.segment.delete.delay.ms",
        Long,
        "60000",
        AtLeast(0),
        "Default of the topics' file.delete.delay.ms.",
    )
    .cluster_wide(),
    setting(
        "max.incremental.fetch.session.cache.slots",
        Int,
        "1000",
        AtLeast(0),
        "Most incremental fetch sessions that are kept.",
    ),
    setting(
        "message.max.bytes",
        Int,
        "1048588",
        AtLeast(0),
        "Default of the topics' max.message.bytes.",
    )
    .cluster_wide(),
    setting(
        "metadata.log.max.record.bytes.between.snapshots",
        Long,
        "20971520",
        AtLeast(1),
        "Bytes of committed metadata after which a snapshot of it is made.",
    ),
    setting(
        "min.insync.replicas",
        Int,
        "1",
        AtLeast(1),
        "Default of the topics' min.insync.replicas.",
    )
    .cluster_wide(),
    setting("node.id", Int, "-1", Any, "Id of this node."),
    setting(
        "num.partitions",
        Int,
        "1",
        AtLeast(1),
        "Partitions of topics that do not say how many.",
    ),
    setting(
        "offset.metadata.max.bytes",
        Int,
        "4096",
        Any,
        "Most bytes of metadata beside a committed offset.",
    ),
    setting(
        "offsets.commit.timeout.ms",
        Int,
        "5000",
        AtLeast(1),
        "How long a commit waits for the replicas of __consumer_offsets, in ms.",
    ),
    setting(
        "offsets.retention.check.interval.ms",
        Long,
        "600000",
        AtLeast(1),
        "How often old committed offsets are looked for, in ms.",
    ),
    setting(
        "offsets.retention.minutes",
        Int,
        "10080",
        AtLeast(1),
        "How long the offsets of an empty group are kept, in minutes.",
    ),
    setting(
        "offsets.topic.num.partitions",
        Int,
        "50",
        AtLeast(1),
        "Partitions of __consumer_offsets.",
    ),
    setting(
        "offsets.topic.replication.factor",
        Int,
        "3",
        AtLeast(1),
        "Replicas of __consumer_offsets.",
    ),
    setting(
        "offsets.topic.segment.bytes",
        Int,
        "104857600",
        AtLeast(1),
        "segment.bytes of __consumer_offsets.",
    ),
    setting(
        "process.roles",
        List,
        "broker,controller",
        ListOf(&["broker", "controller"]),
        "What this node is.",
    ),
    setting(
        "producer.id.expiration.check.interval.ms",
        Int,
        "600000",
        AtLeast(1),
        "How often producer ids that are out of use are looked for, in ms.",
    ),
    setting(
        "producer.id.expiration.ms",
        Int,
        "86400000",
        AtLeast(1),
        "How long a partition remembers a producer that is silent, in ms.",
    )
    .cluster_wide(),
    setting(
        "replica.fetch.backoff.ms",
        Int,
        "1000",
        AtLeast(0),
        "Pause of a follower before it fetches a partition again that failed, in ms.",
    ),
    setting(
        "replica.fetch.max.bytes",
        Int,
        "1048576",
        AtLeast(0),
        "Bytes of a partition that a follower fetches at once; the first batch comes even if it is larger.",
    ),
    setting(
        "replica.fetch.min.bytes",
        Int,
        "1",
        Any,
        "Bytes for which a leader holds a follower's fetch.",
    ),
    setting(
        "replica.fetch.response.max.bytes",
        Int,
        "10485760",
        AtLeast(0),
        "Bytes that a follower fetches at once in all.",
    ),
    setting(
        "replica.fetch.wait.max.ms",
        Int,
        "500",
        Any,
        "How long a leader holds a follower's fetch when there is nothing new, in ms.",
    ),
    setting(
        "replica.high.watermark.checkpoint.interval.ms",
        Long,
        "5000",
        AtLeast(1),
        "How often high watermarks are written down, in ms.",
    ),
    setting(
        "replica.lag.time.max.ms",
        Long,
        "30000",
        Any,
        "How long a follower may lag before it leaves the in-sync replicas, in ms.",
    ),
    setting(
        "request.timeout.ms",
        Int,
        "30000",
        AtLeast(1),
        "How long this broker waits for another one, in ms.",
    ),
    setting(
        "socket.request.max.bytes",
        Int,
        "104857600",
        AtLeast(1),
        "Largest request that is accepted, in bytes.",
    ),
    setting(
        "unclean.leader.election.enable",
        Boolean,
        "false",
        Any,
        "Default of the topics' unclean.leader.election.enable.",
    )
    .cluster_wide(),
];

/// All settings of a broker.
pub fn all() -> impl Iterator<Item = &'static Setting> {
    TABLE.iter().chain(transactions::TABLE)
}

/// The setting of that name.
pub fn find(name: &str) -> Option<&'static Setting> {
    all().find(|setting| setting.def.name == name)
}

#[cfg(test)]
mod tests;
