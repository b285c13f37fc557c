//! The settings that every client has.

/// A broker's address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPort {
    pub host: String,
    pub port: u16,
}

impl HostPort {
    pub fn new(host: impl Into<String>, port: u16) -> HostPort {
        HostPort {
            host: host.into(),
            port,
        }
    }
}

impl std::fmt::Display for HostPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// What producers, consumers and admin clients have in common. Fields are Kafka's settings with
/// dots as underscores; times in ms. Defaults are Apache Kafka 4's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientConfig {
    pub client_id: String,
    pub bootstrap_servers: Vec<HostPort>,
    pub request_timeout_ms: i64,
    /// Admin operations, and commits that are waited for, give up after this long.
    pub default_api_timeout_ms: i64,
    pub reconnect_backoff_ms: i64,
    pub reconnect_backoff_max_ms: i64,
    pub retry_backoff_ms: i64,
    pub retry_backoff_max_ms: i64,
    pub metadata_max_age_ms: i64,
    pub socket_connection_setup_timeout_ms: i64,
    pub connections_max_idle_ms: i64,
    /// Whether asking for an unknown topic may create it.
    pub allow_auto_create_topics: bool,
}

impl ClientConfig {
    pub fn new(client_id: impl Into<String>, bootstrap_servers: Vec<HostPort>) -> ClientConfig {
        ClientConfig {
            client_id: client_id.into(),
            bootstrap_servers,
            request_timeout_ms: 30_000,
            default_api_timeout_ms: 60_000,
            reconnect_backoff_ms: 50,
            reconnect_backoff_max_ms: 1_000,
            retry_backoff_ms: 100,
            retry_backoff_max_ms: 1_000,
            metadata_max_age_ms: 300_000,
            socket_connection_setup_timeout_ms: 10_000,
            connections_max_idle_ms: 540_000,
            allow_auto_create_topics: true,
        }
    }
}
