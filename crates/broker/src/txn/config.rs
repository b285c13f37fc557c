use std::collections::BTreeMap;

/// What the coordinator reads of a broker's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionConfig {
    /// `transaction.max.timeout.ms`
    pub max_timeout_ms: i32,
    /// `transactional.id.expiration.ms`
    pub id_expiration_ms: i64,
    /// `transaction.abort.timed.out.transaction.cleanup.interval.ms`
    pub abort_check_interval_ms: i64,
    /// `transaction.remove.expired.transaction.cleanup.interval.ms`
    pub expiration_check_interval_ms: i64,
    /// `transaction.state.log.num.partitions`
    pub partitions: i32,
}

/// Transactional ids of one partition; the next new one gets COORDINATOR_NOT_AVAILABLE.
pub const MAX_IDS: usize = 100_000;
/// Longest transactional id in bytes: what the string of a key can hold.
pub const MAX_ID_BYTES: usize = i16::MAX as usize;
/// Partitions of one transaction: what surely fits into a batch of `message.max.bytes` (1,048,588).
pub const MAX_PARTITIONS: usize = 4_000;

impl Default for TransactionConfig {
    fn default() -> TransactionConfig {
        TransactionConfig {
            max_timeout_ms: 900_000,
            id_expiration_ms: 604_800_000,
            abort_check_interval_ms: 10_000,
            expiration_check_interval_ms: 3_600_000,
            partitions: 50,
        }
    }
}

impl TransactionConfig {
    /// Reads the coordinator's keys from a broker's configs. Keys that are absent, or that hold no
    /// number of the right size, keep Kafka's default: whoever accepts configs checks them first.
    pub fn from_configs(configs: &BTreeMap<String, String>) -> TransactionConfig {
        let default = TransactionConfig::default();
        let number = |key: &str, least: i64, otherwise: i64| {
            let value = configs.get(key).and_then(|text| text.trim().parse().ok());
            value.filter(|value| *value >= least).unwrap_or(otherwise)
        };
        let small = |key: &str, otherwise: i32| {
            let value = number(key, 1, otherwise.into());
            i32::try_from(value).unwrap_or(otherwise)
        };
        TransactionConfig {
            max_timeout_ms: small("transaction.max.timeout.ms", default.max_timeout_ms),
            id_expiration_ms: number(
                "transactional.id.expiration.ms",
                1,
                default.id_expiration_ms,
            ),
            abort_check_interval_ms: number(
                "transaction.abort.timed.out.transaction.cleanup.interval.ms",
                1,
                default.abort_check_interval_ms,
            ),
            expiration_check_interval_ms: number(
                "transaction.remove.expired.transaction.cleanup.interval.ms",
                1,
                default.expiration_check_interval_ms,
            ),
            partitions: small("transaction.state.log.num.partitions", default.partitions),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_keys_it_knows_and_keeps_defaults() {
        let configs = [
            ("transaction.max.timeout.ms", "60000"),
            ("transactional.id.expiration.ms", "not a number"),
            ("transaction.state.log.num.partitions", "0"),
        ];
        let configs = configs.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let config = TransactionConfig::from_configs(&configs);
        assert_eq!(config.max_timeout_ms, 60_000);
        assert_eq!(config.id_expiration_ms, 604_800_000);
        assert_eq!(config.partitions, 50);
    }
}
