//! What a node of the quorum is started with.

/// One voter, as `controller.quorum.voters` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voter {
    pub id: i32,
    pub host: String,
    pub port: u16,
}

/// The times of the quorum, in ms. The defaults are Kafka's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// `controller.quorum.election.timeout.ms`: how long a voter without a leader waits before it
    /// asks for votes, and how long it waits for them; up to twice that, by chance.
    pub election_ms: i64,
    /// `controller.quorum.fetch.timeout.ms`: how long a follower goes without an answer of the
    /// leader before it looks for another one. A leader resigns after one and a half times that
    /// without fetches of a majority.
    pub fetch_ms: i64,
    /// `controller.quorum.election.backoff.max.ms`: longest pause after a lost election.
    pub election_backoff_max_ms: i64,
    /// `controller.quorum.request.timeout.ms`: how long one request may take.
    pub request_ms: i64,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            election_ms: 1_000,
            fetch_ms: 2_000,
            election_backoff_max_ms: 1_000,
            request_ms: 2_000,
        }
    }
}

/// Everything that a node of the quorum is told at its start.
#[derive(Clone, Debug)]
pub struct Config {
    pub node_id: i32,
    pub cluster_id: String,
    pub seed: u64,
    /// A node that is not among them is an observer.
    pub voters: Vec<Voter>,
    pub timeouts: Timeouts,
}

impl Config {
    pub(crate) fn is_voter(&self, id: i32) -> bool {
        self.voters.iter().any(|voter| voter.id == id)
    }

    /// The ids of the voters that are other nodes.
    pub(crate) fn other_voters(&self) -> Vec<i32> {
        let ids = self.voters.iter().map(|voter| voter.id);
        ids.filter(|id| *id != self.node_id).collect()
    }
}
