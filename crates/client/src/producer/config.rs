//! A producer's settings.

use konbini_protocol::compression::Codec;

use crate::ClientConfig;

/// `acks`: whose word counts as delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Acks {
    /// Nobody's: there is no response at all.
    None,
    Leader,
    /// The leader's, once all in-sync replicas have the records.
    #[default]
    All,
}

impl Acks {
    pub(super) fn wire(self) -> i16 {
        match self {
            Acks::None => 0,
            Acks::Leader => 1,
            Acks::All => -1,
        }
    }
}

/// Where a record without an explicit partition goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Partitioner {
    /// Keyed: murmur2 of the key. Keyless: the same partition until its batch is full or sent,
    /// then another one drawn evenly (KIP-480). Java's newer rule, which stays for `batch.size`
    /// bytes and weighs partitions by their queues (KIP-794), is not used.
    #[default]
    Default,
    /// Keyed: murmur2 of the key. Keyless: partitions take turns. Java's `RoundRobinPartitioner`
    /// lets keyed records take turns too.
    RoundRobin,
}

/// Fields are Kafka's settings with dots as underscores; sizes in bytes, times in ms. Defaults are
/// Apache Kafka 4's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducerConfig {
    pub client: ClientConfig,
    pub acks: Acks,
    pub compression_type: Codec,
    /// Bytes of a batch before compression. Java guesses the compressed size; this does not.
    pub batch_size: usize,
    pub linger_ms: i64,
    pub buffer_memory: usize,
    pub max_request_size: usize,
    pub max_block_ms: i64,
    pub retries: u32,
    pub delivery_timeout_ms: i64,
    pub max_in_flight_requests_per_connection: usize,
    /// A topic that nothing was sent to for so long is no longer asked about.
    pub metadata_max_idle_ms: i64,
    /// Takes effect only with acks=all, retries above 0 and at most 5 requests in flight.
    pub enable_idempotence: bool,
    pub partitioner: Partitioner,
}

/// Requests in flight at most for an idempotent producer: how many batches a broker remembers.
pub(super) const MAX_IDEMPOTENT_IN_FLIGHT: usize = 5;

impl ProducerConfig {
    pub fn new(client: ClientConfig) -> ProducerConfig {
        ProducerConfig {
            client,
            acks: Acks::All,
            compression_type: Codec::None,
            batch_size: 16_384,
            linger_ms: 5,
            buffer_memory: 33_554_432,
            max_request_size: 1_048_576,
            max_block_ms: 60_000,
            retries: i32::MAX as u32,
            delivery_timeout_ms: 120_000,
            max_in_flight_requests_per_connection: 5,
            metadata_max_idle_ms: 300_000,
            enable_idempotence: true,
            partitioner: Partitioner::Default,
        }
    }

    /// The setting that stands in the way of idempotence, if one does.
    pub(super) fn idempotence_conflict(&self) -> Option<&'static str> {
        if self.acks != Acks::All {
            Some("acks")
        } else if self.retries == 0 {
            Some("retries")
        } else if self.max_in_flight_requests_per_connection > MAX_IDEMPOTENT_IN_FLIGHT {
            Some("max.in.flight.requests.per.connection")
        } else {
            None
        }
    }
}
