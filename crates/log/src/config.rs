//! Topic configs: one table with name, type, default and allowed values of each, and the parsed
//! form that a log works with.
//!
//! Names, defaults and limits are Apache Kafka's. Left out: tiered storage (`remote.*`,
//! `local.retention.*`).

mod definition;
mod effective;
mod table;

use std::collections::BTreeMap;

use konbini_protocol::compression::{Codec, Compression};
use konbini_protocol::record::TimestampType;

pub use definition::{ConfigDef, ConfigError, ConfigKind, ConfigValue, Importance, Synonym, Valid};
pub use effective::{Effective, Source, SynonymValue, effective};
pub use table::TOPIC_CONFIGS;

/// How long an idle producer is remembered, ms: Kafka's default of `producer.id.expiration.ms`.
const PRODUCER_ID_EXPIRATION_MS: i64 = 86_400_000;

/// The definition of a topic config.
pub fn definition(name: &str) -> Option<&'static ConfigDef> {
    TOPIC_CONFIGS.iter().find(|def| def.name == name)
}

/// `cleanup.policy`: both may be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CleanupPolicy {
    pub delete: bool,
    pub compact: bool,
}

/// The configs of one topic, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    pub cleanup_policy: CleanupPolicy,
    /// `None` for `producer`: batches keep the codec they came with.
    pub compression: Option<Compression>,
    pub delete_retention_ms: i64,
    pub file_delete_delay_ms: i64,
    pub index_interval_bytes: u32,
    pub max_compaction_lag_ms: i64,
    /// Largest batch, after compression.
    pub max_message_bytes: u32,
    pub message_timestamp_type: TimestampType,
    pub message_timestamp_before_max_ms: i64,
    pub message_timestamp_after_max_ms: i64,
    /// In thousandths, so that no decision needs a float.
    pub min_cleanable_dirty_permille: u32,
    pub min_compaction_lag_ms: i64,
    pub min_insync_replicas: i32,
    /// Of the broker alone: `producer.id.expiration.ms`.
    pub producer_id_expiration_ms: i64,
    /// -1: no limit.
    pub retention_bytes: i64,
    /// -1: no limit.
    pub retention_ms: i64,
    pub segment_bytes: u32,
    pub segment_index_bytes: u32,
    pub segment_jitter_ms: i64,
    pub segment_ms: i64,
    pub unclean_leader_election_enable: bool,
}

impl Default for LogConfig {
    fn default() -> Self {
        let none = BTreeMap::new();
        Self::resolve(&none, &none).expect("the table's defaults are valid")
    }
}

impl LogConfig {
    /// Parses what is in force: a topic's own value, else the broker's, else the default. Fails
    /// on a value that is not allowed and on a name that no topic has.
    pub fn resolve(
        topic: &BTreeMap<String, String>,
        broker: &BTreeMap<String, String>,
    ) -> Result<Self, ConfigError> {
        if let Some(name) = topic.keys().find(|name| definition(name).is_none()) {
            return Err(ConfigError::Unknown { name: name.clone() });
        }
        let get = |name: &str| {
            let def = definition(name).expect("the names below are in the table");
            def.parse(&effective(def, topic, broker).value)
        };
        let long = |name: &str| get(name).map(|value| value.as_long());
        let size = |name: &str| get(name).map(|value| value.as_long() as u32);
        let policies = get("cleanup.policy")?.into_list();
        let has = |policy: &str| policies.iter().any(|p| p == policy);
        let log_append = get("message.timestamp.type")?.as_text() == "LogAppendTime";
        let out = Self {
            cleanup_policy: CleanupPolicy {
                delete: has("delete"),
                compact: has("compact"),
            },
            compression: compression(&get)?,
            delete_retention_ms: long("delete.retention.ms")?,
            file_delete_delay_ms: long("file.delete.delay.ms")?,
            index_interval_bytes: size("index.interval.bytes")?,
            max_compaction_lag_ms: long("max.compaction.lag.ms")?,
            max_message_bytes: size("max.message.bytes")?,
            message_timestamp_type: if log_append {
                TimestampType::LogAppendTime
            } else {
                TimestampType::CreateTime
            },
            message_timestamp_before_max_ms: long("message.timestamp.before.max.ms")?,
            message_timestamp_after_max_ms: long("message.timestamp.after.max.ms")?,
            min_cleanable_dirty_permille: size("min.cleanable.dirty.ratio")?,
            min_compaction_lag_ms: long("min.compaction.lag.ms")?,
            min_insync_replicas: long("min.insync.replicas")? as i32,
            producer_id_expiration_ms: broker
                .get("producer.id.expiration.ms")
                .and_then(|value| value.trim().parse().ok())
                .unwrap_or(PRODUCER_ID_EXPIRATION_MS),
            retention_bytes: long("retention.bytes")?,
            retention_ms: long("retention.ms")?,
            segment_bytes: segment_bytes(topic, &get)?,
            segment_index_bytes: size("segment.index.bytes")?,
            segment_jitter_ms: long("segment.jitter.ms")?,
            segment_ms: long("segment.ms")?,
            unclean_leader_election_enable: get("unclean.leader.election.enable")?.as_bool(),
        };
        for def in TOPIC_CONFIGS {
            get(def.name)?;
        }
        if out.min_compaction_lag_ms > out.max_compaction_lag_ms {
            return Err(ConfigError::Invalid {
                name: "min.compaction.lag.ms".to_owned(),
                value: out.min_compaction_lag_ms.to_string(),
                reason: format!(
                    "at most max.compaction.lag.ms ({})",
                    out.max_compaction_lag_ms
                ),
            });
        }
        Ok(out)
    }

    /// How old an active segment may become, in ms: what is in it is not compacted.
    pub fn max_segment_ms(&self) -> i64 {
        if self.cleanup_policy.compact {
            self.segment_ms.min(self.max_compaction_lag_ms)
        } else {
            self.segment_ms
        }
    }
}

/// `internal.segment.bytes`, which may be small, goes before `segment.bytes`, as in Kafka's tests.
fn segment_bytes(
    topic: &BTreeMap<String, String>,
    get: &impl Fn(&str) -> Result<ConfigValue, ConfigError>,
) -> Result<u32, ConfigError> {
    let small = "internal.segment.bytes";
    let name = if topic.contains_key(small) {
        small
    } else {
        "segment.bytes"
    };
    Ok(get(name)?.as_long() as u32)
}

fn compression(
    get: &impl Fn(&str) -> Result<ConfigValue, ConfigError>,
) -> Result<Option<Compression>, ConfigError> {
    let Some(codec) = Codec::from_name(get("compression.type")?.as_text()) else {
        return Ok(None);
    };
    let level = match codec {
        Codec::Gzip => Some(get("compression.gzip.level")?.as_long() as i32),
        Codec::Lz4 => Some(get("compression.lz4.level")?.as_long() as i32),
        Codec::Zstd => Some(get("compression.zstd.level")?.as_long() as i32),
        Codec::None | Codec::Snappy => None,
    };
    Ok(Some(Compression { codec, level }))
}

#[cfg(test)]
mod tests;
