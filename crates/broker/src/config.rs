//! What a node is started with.

use std::collections::BTreeMap;

/// One voter of the metadata quorum, as `controller.quorum.voters` lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voter {
    pub id: i32,
    pub host: String,
    pub port: u16,
}

/// Everything that a node is told at its start. It does not change afterwards.
#[derive(Clone, Debug)]
pub struct BrokerConfig {
    /// `node.id`.
    pub node_id: i32,
    pub cluster_id: String,
    /// How often this node was started before; ids made by two boots never meet.
    pub incarnation: u64,
    pub seed: u64,
    /// What clients are told to connect to (`advertised.listeners`).
    pub host: String,
    pub port: u16,
    /// `broker.rack`.
    pub rack: Option<String>,
    /// All nodes of the cluster. The [`MAX_VOTERS`] with the lowest ids vote for the controller, the
    /// others observe. Empty: this node is alone.
    pub voters: Vec<Voter>,
    /// Static broker settings (`server.properties`), by Kafka's names.
    pub configs: BTreeMap<String, String>,
}

/// Most nodes that vote for the controller. More make every record slower and nothing safer.
pub const MAX_VOTERS: usize = 5;

impl BrokerConfig {
    /// The voters of the metadata quorum, by id.
    pub fn quorum_voters(&self) -> Vec<Voter> {
        let mut voters = self.voters.clone();
        voters.sort_by_key(|voter| voter.id);
        voters.truncate(MAX_VOTERS);
        if voters.is_empty() {
            voters.push(Voter {
                id: self.node_id,
                host: self.host.clone(),
                port: self.port,
            });
        }
        voters
    }

    /// Whether this node is the only voter: there is nobody to ask, and nobody else has the log.
    pub fn is_only_voter(&self) -> bool {
        matches!(&self.quorum_voters()[..], [only] if only.id == self.node_id)
    }
}
