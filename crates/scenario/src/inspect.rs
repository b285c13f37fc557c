//! Looking closely at one thing: what the inspector asks and what it is told.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inspect {
    /// All settings of a topic with their sources, as DescribeConfigs tells them.
    TopicConfigs {
        topic: String,
    },
    BrokerConfigs {
        broker: i32,
    },
    /// Segments of one replica, and batches from an offset on.
    Log {
        topic: String,
        partition: i32,
        broker: i32,
        from: i64,
        batches: u32,
    },
    /// Records from an offset on, decompressed.
    Records {
        topic: String,
        partition: i32,
        from: i64,
        count: u32,
    },
    /// What a consumer with `isolation.level=read_committed` may read from an offset on, as it is.
    Committed {
        topic: String,
        partition: i32,
        from: i64,
    },
    /// The newest requests and responses of one participant.
    Wire {
        who: crate::snapshot::Who,
        count: u32,
    },
    /// The bytes of one segment's .log file, as Kafka writes it.
    Segment {
        topic: String,
        partition: i32,
        broker: i32,
        base_offset: i64,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inspection {
    Configs {
        entries: Vec<ConfigEntry>,
    },
    Log {
        segments: Vec<SegmentView>,
        batches: Vec<BatchView>,
    },
    Records {
        records: Vec<RecordView>,
        log_start: i64,
        high_watermark: i64,
        log_end: i64,
    },
    Committed(Committed),
    Wire {
        exchanges: Vec<Exchange>,
    },
    Segment {
        #[serde(with = "base64_text")]
        bytes: Vec<u8>,
    },
    /// Nothing to show, and why, as an event code.
    Nothing {
        why: String,
    },
}

/// Bytes as text: an array of numbers would be three times as long.
mod base64_text {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD_NO_PAD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD_NO_PAD.decode(text).map_err(D::Error::custom)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigEntry {
    pub name: String,
    pub value: Option<String>,
    /// Kafka's name of the source: DYNAMIC_TOPIC_CONFIG, DEFAULT_CONFIG …
    pub source: String,
    pub read_only: bool,
    pub documentation: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SegmentView {
    pub base_offset: i64,
    pub next_offset: i64,
    pub bytes: u32,
    pub active: bool,
    /// Unix ms of the newest record, or -1.
    pub max_timestamp: i64,
    pub index_entries: u32,
    pub time_index_entries: u32,
    pub resident_bytes: u32,
}

/// A batch's header as it lies in the log. KIP-98, "Record Batch" in Kafka's protocol guide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchView {
    pub segment: i64,
    pub position: u32,
    pub base_offset: i64,
    pub last_offset: i64,
    pub size: u32,
    pub leader_epoch: i32,
    pub crc: u32,
    pub crc_ok: bool,
    pub compression: String,
    pub transactional: bool,
    pub control: bool,
    pub base_timestamp: i64,
    pub max_timestamp: i64,
    pub log_append_time: bool,
    pub producer_id: i64,
    pub producer_epoch: i16,
    pub base_sequence: i32,
    pub records: i32,
    /// Bytes of the records when decompressed.
    pub uncompressed_size: u32,
    /// The first bytes, header included, at most 96.
    pub head: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordView {
    pub offset: i64,
    pub timestamp: i64,
    pub colour: u8,
    /// Text, or hex when it is not UTF-8; long ones are cut to 2,000 characters.
    pub key: Option<String>,
    pub value: Option<String>,
    pub headers: Vec<(String, String)>,
    pub key_size: i32,
    pub value_size: i32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    pub records: Vec<CommittedRecord>,
    /// Where to read on.
    pub next: i64,
    /// The last stable offset.
    pub end: i64,
}

/// A record, with bytes as base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommittedRecord {
    pub offset: i64,
    /// Unix ms.
    pub timestamp: i64,
    pub key: Option<String>,
    pub value: Option<String>,
    pub headers: Vec<(String, Option<String>)>,
}

/// A request and its response as they crossed the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exchange {
    /// Virtual ms of leaving the client, and of the response's arrival (-1 while it waits).
    pub sent: i64,
    pub answered: i64,
    pub client: String,
    pub broker: i32,
    pub api: String,
    pub version: i16,
    pub correlation_id: i32,
    pub request_bytes: u32,
    pub response_bytes: u32,
    /// Decoded fields, as indented text.
    pub request: String,
    pub response: String,
}
