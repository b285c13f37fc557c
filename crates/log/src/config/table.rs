//! The table of topic configs, in the order of their names.

use super::definition::{ConfigDef, ConfigKind, Importance, Synonym, Valid};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const MAX_INT: i64 = i32::MAX as i64;
/// `i64::MAX`, Kafka's "never".
const FOREVER: &str = "9223372036854775807";

const fn same(name: &'static str) -> Synonym {
    Synonym { name, scale: 1 }
}

const fn times(name: &'static str, scale: i64) -> Synonym {
    Synonym { name, scale }
}

const fn def(
    name: &'static str,
    kind: ConfigKind,
    default: &'static str,
    valid: Valid,
    synonyms: &'static [Synonym],
    importance: Importance,
    doc: &'static str,
) -> ConfigDef {
    ConfigDef {
        name,
        kind,
        default,
        valid,
        synonyms,
        importance,
        doc,
        internal: false,
    }
}

const COMPRESSION_TYPES: &[&str] = &["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"];

use ConfigKind::{Boolean, Double, Int, List, Long, String as Text};
use Importance::{High, Low, Medium};
use Valid::{AtLeast, Between, DefaultOrBetween, ListOf, OneOf, Ratio, ThrottledReplicas};

/// Every topic config.
pub static TOPIC_CONFIGS: &[ConfigDef] = &[
    def(
        "cleanup.policy",
        List,
        "delete",
        ListOf(&["compact", "delete"]),
        &[same("log.cleanup.policy")],
        Medium,
        "What happens to old segments: delete drops them by age and size, compact keeps the last record of each key.",
    ),
    def(
        "compression.gzip.level",
        Int,
        "-1",
        DefaultOrBetween(1, 9),
        &[same("compression.gzip.level")],
        Medium,
        "How hard gzip tries when compression.type is gzip; -1 is zlib's default.",
    ),
    def(
        "compression.lz4.level",
        Int,
        "9",
        Between(1, 17),
        &[same("compression.lz4.level")],
        Medium,
        "How hard lz4 tries when compression.type is lz4: 9 is the fast search, as in Kafka.",
    ),
    def(
        "compression.type",
        Text,
        "producer",
        OneOf(COMPRESSION_TYPES),
        &[same("compression.type")],
        Medium,
        "The codec that batches are stored in; producer keeps the one they came with.",
    ),
    def(
        "compression.zstd.level",
        Int,
        "3",
        Between(-131_072, 22),
        &[same("compression.zstd.level")],
        Medium,
        "How hard zstd tries when compression.type is zstd.",
    ),
    def(
        "delete.retention.ms",
        Long,
        "86400000",
        AtLeast(0),
        &[same("log.cleaner.delete.retention.ms")],
        Medium,
        "How long compaction keeps a tombstone, so that readers who started before can see it.",
    ),
    def(
        "file.delete.delay.ms",
        Long,
        "60000",
        AtLeast(0),
        &[same("log.segment.delete.delay.ms")],
        Medium,
        "How long the files of a deleted segment or topic stay on disk, in ms.",
    ),
    def(
        "flush.messages",
        Long,
        FOREVER,
        AtLeast(1),
        &[same("log.flush.interval.messages")],
        Medium,
        "Records after which a flush is forced: what a cut of a broker's power cannot take back.",
    ),
    def(
        "flush.ms",
        Long,
        FOREVER,
        AtLeast(0),
        &[
            same("log.flush.interval.ms"),
            same("log.flush.scheduler.interval.ms"),
        ],
        Medium,
        "Time after which a flush is forced: what a cut of a broker's power cannot take back.",
    ),
    def(
        "follower.replication.throttled.replicas",
        List,
        "",
        ThrottledReplicas,
        &[],
        Medium,
        "Replicas whose fetching is slowed down on the follower's side.",
    ),
    def(
        "index.interval.bytes",
        Int,
        "4096",
        AtLeast(0),
        &[same("log.index.interval.bytes")],
        Medium,
        "Bytes of a segment between two entries of its offset index.",
    ),
    ConfigDef {
        internal: true,
        ..def(
            "internal.segment.bytes",
            Int,
            "1073741824",
            AtLeast(1),
            &[],
            Low,
            "Replaces segment.bytes without its lower limit, for trying things out.",
        )
    },
    def(
        "leader.replication.throttled.replicas",
        List,
        "",
        ThrottledReplicas,
        &[],
        Medium,
        "Replicas whose fetching is slowed down on the leader's side.",
    ),
    def(
        "max.compaction.lag.ms",
        Long,
        FOREVER,
        AtLeast(1),
        &[same("log.cleaner.max.compaction.lag.ms")],
        Medium,
        "Longest time that a record may stay out of compaction's reach.",
    ),
    def(
        "max.message.bytes",
        Int,
        "1048588",
        AtLeast(0),
        &[same("message.max.bytes")],
        Medium,
        "Largest record batch that is taken, after compression.",
    ),
    def(
        "message.timestamp.after.max.ms",
        Long,
        "3600000",
        AtLeast(0),
        &[same("log.message.timestamp.after.max.ms")],
        Medium,
        "How far a record's timestamp may lie after the broker's clock, with CreateTime.",
    ),
    def(
        "message.timestamp.before.max.ms",
        Long,
        FOREVER,
        AtLeast(0),
        &[same("log.message.timestamp.before.max.ms")],
        Medium,
        "How far a record's timestamp may lie before the broker's clock, with CreateTime.",
    ),
    def(
        "message.timestamp.type",
        Text,
        "CreateTime",
        OneOf(&["CreateTime", "LogAppendTime"]),
        &[same("log.message.timestamp.type")],
        Medium,
        "Whose time a record carries: its producer's, or the broker's when it was appended.",
    ),
    def(
        "min.cleanable.dirty.ratio",
        Double,
        "0.5",
        Ratio,
        &[same("log.cleaner.min.cleanable.ratio")],
        Medium,
        "Share of the log that must be uncompacted before compaction runs.",
    ),
    def(
        "min.compaction.lag.ms",
        Long,
        "0",
        AtLeast(0),
        &[same("log.cleaner.min.compaction.lag.ms")],
        Medium,
        "Shortest time that a record stays as it is in a compacted log.",
    ),
    def(
        "min.insync.replicas",
        Int,
        "1",
        AtLeast(1),
        &[same("min.insync.replicas")],
        Medium,
        "Replicas that must be in sync for a producer with acks=all to be served.",
    ),
    def(
        "preallocate",
        Boolean,
        "false",
        Valid::Any,
        &[same("log.preallocate")],
        Medium,
        "Whether a new segment's file gets its full size at once; here it never does.",
    ),
    def(
        "retention.bytes",
        Long,
        "-1",
        Valid::Any,
        &[same("log.retention.bytes")],
        Medium,
        "Size that a partition may grow to before old segments are deleted; -1 is no limit.",
    ),
    def(
        "retention.ms",
        Long,
        "604800000",
        AtLeast(-1),
        &[
            same("log.retention.ms"),
            times("log.retention.minutes", MINUTE_MS),
            times("log.retention.hours", HOUR_MS),
        ],
        Medium,
        "Age of its last record after which a segment is deleted; -1 is no limit.",
    ),
    def(
        "segment.bytes",
        Int,
        "1073741824",
        Between(1024 * 1024, MAX_INT),
        &[same("log.segment.bytes")],
        Medium,
        "Size after which a new segment is begun.",
    ),
    def(
        "segment.index.bytes",
        Int,
        "10485760",
        AtLeast(4),
        &[same("log.index.size.max.bytes")],
        Medium,
        "Largest size of a segment's index; a full one begins a new segment.",
    ),
    def(
        "segment.jitter.ms",
        Long,
        "0",
        AtLeast(0),
        &[
            same("log.roll.jitter.ms"),
            times("log.roll.jitter.hours", HOUR_MS),
        ],
        Medium,
        "Time by which segment.ms is shortened.",
    ),
    def(
        "segment.ms",
        Long,
        "604800000",
        AtLeast(1),
        &[same("log.roll.ms"), times("log.roll.hours", HOUR_MS)],
        Medium,
        "Age after which a new segment is begun, even if the old one is not full.",
    ),
    def(
        "unclean.leader.election.enable",
        Boolean,
        "false",
        Valid::Any,
        &[same("unclean.leader.election.enable")],
        High,
        "Whether a replica that was not in sync may lead when no other is left, losing records.",
    ),
];
