//! An admin client's settings.

use crate::ClientConfig;

/// Fields are Kafka's settings with dots as underscores. `default.api.timeout.ms` is when an
/// operation gives up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminConfig {
    pub client: ClientConfig,
}

impl AdminConfig {
    /// Asking about a topic never creates it here.
    pub fn new(mut client: ClientConfig) -> AdminConfig {
        client.allow_auto_create_topics = false;
        AdminConfig { client }
    }
}
