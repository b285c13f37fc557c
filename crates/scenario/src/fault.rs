//! Words for what can go wrong with brokers and the network.

use serde::{Deserialize, Serialize};

/// A named rule about what the network does between two sets of nodes and clients.
///
/// Connections are TCP: what a rule drops is sent again after a while, and what was sent later
/// waits behind it. So loss is seen as silence, then as a connection that breaks, never as a gap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NetworkRule {
    /// Unique among the rules in force.
    pub name: String,
    pub from: Vec<Party>,
    pub to: Vec<Party>,
    /// Whether the rule holds for what goes from `to` to `from` as well.
    #[serde(default)]
    pub both_ways: bool,
    pub effect: Effect,
}

/// A node, a client, or many of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Party {
    Broker(i32),
    Producer(String),
    Consumer(String),
    /// A client from outside, by its `client.id`.
    Client(String),
    /// The admin client that carries out actions.
    Admin,
    Brokers,
    /// Whoever is not a broker.
    Clients,
    Everyone,
}

/// What a rule does with a piece of bytes, an attempt to connect or a close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Effect {
    /// Drops all.
    Cut,
    /// Drops this share, drawn from the seed; about the rest the next rule is asked.
    Drop { percent: u8 },
    /// Travels so many ms longer, and up to `jitter` more, drawn from the seed.
    Delay {
        ms: u32,
        #[serde(default)]
        jitter: u32,
    },
}

/// Why a broker does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DownWhy {
    /// By controlled shutdown.
    Stopped,
    /// Its process was killed; its system lives.
    Killed,
    /// Its machine lost its power.
    PowerCut,
    /// It halted by itself, because it could not write its metadata log.
    Failed,
}

/// How a broker's disk is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiskState {
    #[default]
    Ok,
    /// Nothing can be appended.
    Full,
    /// A log or all of them cannot be written since the broker started.
    Failed,
}
