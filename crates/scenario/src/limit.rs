//! Every limit on what a scenario or an action may ask for.

use std::ops::RangeInclusive;

/// Node ids are 1 to this number.
pub const BROKERS: RangeInclusive<u32> = 1..=5;
/// Topics that a scenario starts with.
pub const TOPICS_MAX: usize = 50;
/// Partitions of one topic.
pub const PARTITIONS: RangeInclusive<i32> = 1..=100;
/// Partitions of all topics of a scenario together.
pub const PARTITIONS_IN_ALL_MAX: i32 = 500;
pub const PRODUCERS_MAX: usize = 50;
pub const CONSUMERS_MAX: usize = 50;
/// Topics that one consumer subscribes to.
pub const SUBSCRIPTION: RangeInclusive<usize> = 1..=20;
/// Actions of one recording.
pub const ACTIONS_MAX: usize = 20_000;

/// Bytes of a topic's name, as in Kafka.
pub const TOPIC_NAME_BYTES_MAX: usize = 249;
/// Characters of a client's name (`client.id`), a group's id and a `group.instance.id`.
pub const CLIENT_NAME_CHARS_MAX: usize = 64;
pub const GROUP_ID_CHARS_MAX: usize = 249;
/// Characters of the run's title.
pub const SCENARIO_NAME_CHARS_MAX: usize = 200;

/// Settings on one broker or topic.
pub const CONFIGS_MAX: usize = 100;
pub const CONFIG_KEY_CHARS_MAX: usize = 100;
pub const CONFIG_VALUE_CHARS_MAX: usize = 1_000;

/// The largest whole number that a script can hold exactly.
pub const SEED_MAX: u64 = (1 << 53) - 1;
/// Unix ms; the end of the year 2099.
pub const EPOCH_MS: RangeInclusive<i64> = 0..=4_102_444_799_999;
/// Virtual ms that a run may last: ten years.
pub const RUN_MS_MAX: i64 = 10 * 366 * 24 * 60 * 60 * 1_000;

/// Virtual ms, one way.
pub const LATENCY_MS_MAX: u32 = 10_000;
pub const JITTER_MS_MAX: u32 = 10_000;

/// Records that one producer makes in a virtual second.
pub const RECORDS_PER_SECOND: RangeInclusive<u32> = 1..=10_000;
/// Virtual ms between two records: up to a day.
pub const RECORD_INTERVAL_MS: RangeInclusive<u32> = 1..=86_400_000;
/// Bytes of values that one producer makes in a virtual second.
pub const VALUE_BYTES_PER_SECOND_MAX: u64 = 32 * 1024 * 1024;
/// Different keys of one producer.
pub const KEYS: RangeInclusive<u32> = 1..=1_000_000;
pub const PERCENT: RangeInclusive<u8> = 0..=100;
/// Bytes of a key.
pub const KEY_BYTES_MAX: usize = 1_000;
/// Bytes of a template.
pub const TEMPLATE_BYTES_MAX: usize = 4_000;
/// Bytes of a value; a little under Kafka's default `max.message.bytes`, which counts the batch.
pub const VALUE_BYTES_MAX: usize = 1_000_000;
/// Headers of a record sent by hand, and bytes of one's key and value together.
pub const HEADERS_MAX: usize = 20;
pub const HEADER_BYTES_MAX: usize = 2_000;
/// `linger.ms`
pub const LINGER_MS_MAX: u32 = 60_000;
/// `batch.size`, bytes
pub const BATCH_SIZE_MAX: u32 = 1_048_576;

/// Virtual ms of work for a record: up to an hour.
pub const PROCESS_MS_MAX: u32 = 3_600_000;
pub const POLL_RECORDS: RangeInclusive<u32> = 1..=10_000;
/// `session.timeout.ms`: what the broker allows is its own matter; this is what a clock bears.
pub const SESSION_TIMEOUT_MS: RangeInclusive<u32> = 1..=86_400_000;
pub const HEARTBEAT_INTERVAL_MS: RangeInclusive<u32> = 1..=86_400_000;
pub const MAX_POLL_INTERVAL_MS: RangeInclusive<u32> = 1..=86_400_000;
pub const COMMIT_INTERVAL_MS: RangeInclusive<u32> = 1..=86_400_000;

/// Rules in force at one time.
pub const RULES_MAX: usize = 20;
/// Entries of a rule's `from` or `to`.
pub const PARTIES: RangeInclusive<usize> = 1..=20;
/// Percent of what a rule drops; all of it is a cut.
pub const DROP_PERCENT: RangeInclusive<u8> = 1..=99;
/// Virtual ms by which a rule delays, and its jitter.
pub const RULE_DELAY_MS_MAX: u32 = 60_000;
/// Virtual ms by which a slow broker handles things later.
pub const SLOW_MS_MAX: u32 = 60_000;
/// Virtual ms by which a broker's clock is off, either way: an hour.
pub const SKEW_MS: RangeInclusive<i64> = -3_600_000..=3_600_000;

/// Files of the code view at one time; `www/code/page/files.js` has the same limits.
pub const FILES_MAX: usize = 40;
pub const FILE_NAME_CHARS_MAX: usize = 80;
/// Characters of one file, in UTF-16 units.
pub const FILE_CHARS_MAX: usize = 200_000;
/// Characters of all texts that a recording holds, those of earlier versions too.
pub const CODE_CHARS_MAX: usize = 2_000_000;
/// Beginnings, signals and ends of programs in one recording.
pub const PROGRAM_STEPS_MAX: usize = 2_000;

/// Characters of a share link, its version included.
pub const LINK_CHARS_MAX: usize = 32_000;
/// Bytes of a recording as JSON, in a link or in a file.
pub const RECORDING_BYTES_MAX: usize = 4 * 1024 * 1024;
