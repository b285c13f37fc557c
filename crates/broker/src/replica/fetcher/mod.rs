//! Following: this node fetches from the leaders of its follower replicas, with the Fetch API like
//! any consumer, one connection for each leader (`num.replica.fetchers` of 1).
//!
//! ```text
//! follow ──► changed ──► request ──► answered ──► append, high watermark, log start
//!                ▲                       ├──► diverging epoch: truncate
//!                └──────── rest ◄────────┴──► out of range: look up the leader's ends
//! ```
//! A request names what changed since the last one (KIP-227): a partition that had nothing new is
//! not named again. The leader knows a follower's position from its fetches, so every answer that
//! brought bytes is followed by a fetch at once.

mod answer;
mod lookup;
mod request;
mod truncate;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use answer::answered;
pub(crate) use lookup::answered as looked_up;
pub(crate) use truncate::loaded;

use crate::channel::{Channel, Purpose};
use crate::node::{Node, TopicPartition};

/// Where a partition was fetched from: answers to anything else are out of date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Position {
    offset: i64,
    epoch: i32,
    /// Where the log began, as the leader was told.
    log_start: i64,
}

/// All that this node follows one leader in.
#[derive(Debug)]
pub(crate) struct Fetcher {
    pub channel: Channel,
    partitions: BTreeSet<TopicPartition>,
    /// Followed partitions that are not fetched before a time, ms: something failed.
    resting: BTreeMap<TopicPartition, i64>,
    /// Partitions whose position the leader does not know from the session.
    changed: BTreeSet<TopicPartition>,
    /// What the session holds, and the position that was asked for last.
    asked: BTreeMap<TopicPartition, Position>,
    session: Session,
    /// Not before this time is anything fetched, ms.
    next_ms: i64,
}

/// An incremental fetch session; with epoch 0 the next request opens one.
#[derive(Clone, Copy, Debug, Default)]
struct Session {
    id: i32,
    epoch: i32,
}

impl Fetcher {
    fn new(leader: i32, now: i64) -> Fetcher {
        Fetcher {
            channel: Channel::to_leader(leader, now),
            partitions: BTreeSet::new(),
            resting: BTreeMap::new(),
            changed: BTreeSet::new(),
            asked: BTreeMap::new(),
            session: Session::default(),
            next_ms: now,
        }
    }

    /// The next request names every partition.
    fn start_session(&mut self) {
        self.session.epoch = 0;
        self.asked.clear();
    }

    fn rest(&mut self, partition: TopicPartition, until: i64) {
        if self.partitions.contains(&partition) {
            self.resting.insert(partition, until);
            self.changed.remove(&partition);
        }
    }

    fn end_rests(&mut self, now: i64) {
        let changed = &mut self.changed;
        self.resting.retain(|partition, until| {
            let rests = *until > now;
            if !rests {
                changed.insert(*partition);
            }
            rests
        });
    }

    fn wake_at(&self) -> Option<i64> {
        let rested = self.resting.values().copied().min();
        let fetches = self.partitions.len() > self.resting.len();
        let own = (self.channel.is_idle() && fetches).then_some(self.next_ms);
        rested
            .into_iter()
            .chain(own)
            .chain(self.channel.wake_at())
            .min()
    }

    /// Partitions that are fetched now.
    fn active(&self) -> Vec<TopicPartition> {
        let all = self.partitions.iter().copied();
        all.filter(|partition| !self.resting.contains_key(partition))
            .collect()
    }
}

/// Begins to fetch a partition from a leader, or begins anew: its epoch or its log has changed.
pub(crate) fn follow(node: &mut Node, partition: TopicPartition, leader: i32) {
    let now = node.now;
    for (id, fetcher) in &mut node.replicas.fetchers {
        if *id != leader {
            drop_partition(fetcher, partition);
        }
    }
    let fetchers = &mut node.replicas.fetchers;
    let fetcher = fetchers
        .entry(leader)
        .or_insert_with(|| Fetcher::new(leader, now));
    fetcher.partitions.insert(partition);
    fetcher.resting.remove(&partition);
    fetcher.changed.insert(partition);
}

/// Fetches a partition no more: it leads, stands by, is offline, or is gone.
pub(crate) fn unfollow(node: &mut Node, partition: TopicPartition) {
    for fetcher in node.replicas.fetchers.values_mut() {
        drop_partition(fetcher, partition);
    }
}

fn drop_partition(fetcher: &mut Fetcher, partition: TopicPartition) {
    fetcher.partitions.remove(&partition);
    fetcher.resting.remove(&partition);
    fetcher.changed.remove(&partition);
}

/// Asks every leader for more that is not being asked.
pub(crate) fn tick(node: &mut Node) {
    let now = node.now;
    let mut due = Vec::new();
    for (leader, fetcher) in &mut node.replicas.fetchers {
        fetcher.end_rests(now);
        if fetcher.channel.is_idle() && fetcher.next_ms <= now {
            due.push(*leader);
        }
    }
    for leader in due {
        request::send(node, leader);
    }
}

pub(crate) fn wake_at(node: &Node) -> Option<i64> {
    let fetchers = node.replicas.fetchers.values();
    fetchers.filter_map(Fetcher::wake_at).min()
}

/// The connection broke: the next one opens a session of its own.
pub(crate) fn call_lost(node: &mut Node, purpose: Purpose) {
    match purpose {
        Purpose::FetchReplicas(leader) => {
            if let Some(fetcher) = node.replicas.fetchers.get_mut(&leader) {
                fetcher.start_session();
            }
        }
        Purpose::LookUpEnds(leader, partition) => rest(node, leader, partition),
        _ => {}
    }
}

/// An answer that cannot be read, or that says that the request as a whole was refused.
pub(crate) fn pause(node: &mut Node, leader: i32) {
    let until = node.now + node.setting_ms("replica.fetch.backoff.ms");
    if let Some(fetcher) = node.replicas.fetchers.get_mut(&leader) {
        fetcher.start_session();
        fetcher.next_ms = until;
    }
}

/// A partition is not fetched for `replica.fetch.backoff.ms`.
fn rest(node: &mut Node, leader: i32, partition: TopicPartition) {
    let until = node.now + node.setting_ms("replica.fetch.backoff.ms");
    if let Some(fetcher) = node.replicas.fetchers.get_mut(&leader) {
        fetcher.rest(partition, until);
    }
}

/// The log of a partition has another end than was asked for: the leader is to know.
fn moved(node: &mut Node, leader: i32, partition: TopicPartition) {
    if let Some(fetcher) = node.replicas.fetchers.get_mut(&leader)
        && fetcher.partitions.contains(&partition)
        && !fetcher.resting.contains_key(&partition)
    {
        fetcher.changed.insert(partition);
    }
}
