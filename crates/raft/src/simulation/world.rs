//! Nodes of a quorum, their disks, and a network that loses, delays and parts.

use std::collections::{BTreeMap, BTreeSet};

use konbini_log::{
    Log, LogConfig, LogDir, LogState, MemoryDisk, Recovery, RecoveryOptions, StoreOp,
};
use konbini_protocol::compression::Codec;
use konbini_protocol::messages::{RequestKind, ResponseKind};
use konbini_protocol::record::BatchBuilder;

use super::history::History;
use super::violation::{Invariant, Violation};
use crate::chance::Chance;
use crate::{
    CallId, Config, Input, METADATA_TOPIC, METADATA_TOPIC_ID, Output, QUORUM_STATE, Raft, ReplyId,
    Snapshot, SnapshotId, Timeouts, Voter,
};

/// A mistake that is put in on purpose, to see that it is caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// A vote does not reach the disk.
    VoteNotStored,
    /// A fetch claims everything that the leader has: one node is a majority.
    MinorityCommits,
    /// Messages leave before what they promise is stored: a power cut takes the last changes.
    StoredLate,
}

pub(super) enum Mail {
    Request(CallId, RequestKind),
    Response(CallId, ResponseKind),
    Lost(CallId),
}

struct Letter {
    to: i32,
    /// The boot of the receiver for which it is; a later boot does not know it. 0 for a request.
    boot: u64,
    from: i32,
    from_boot: u64,
    mail: Mail,
}

pub(super) struct World {
    pub now: i64,
    pub chance: Chance,
    pub nodes: BTreeMap<i32, Raft>,
    pub history: History,
    pub fault: Fault,
    timeouts: Timeouts,
    disks: BTreeMap<i32, MemoryDisk>,
    /// What [`Fault::StoredLate`] goes back to.
    old_disks: BTreeMap<i32, MemoryDisk>,
    boots: BTreeMap<i32, u64>,
    voters: i32,
    letters: BTreeMap<(i64, u64), Letter>,
    replies: BTreeMap<ReplyId, (i32, u64, CallId)>,
    number: u64,
    /// Directions in which nothing arrives.
    pub cut: BTreeSet<(i32, i32)>,
    /// Letters of a thousand that are lost.
    pub loss: i64,
    /// Longest time on the way, ms.
    pub delay: i64,
    /// How often each event was.
    pub events: BTreeMap<String, usize>,
    /// Nothing stays in memory between steps.
    pub forgetful: bool,
}

pub(super) fn dir() -> LogDir {
    LogDir::new(METADATA_TOPIC, 0)
}

pub(super) fn batch(value: u64, now: i64) -> bytes::Bytes {
    let mut batch = BatchBuilder::new(Codec::None);
    let value = value.to_be_bytes();
    batch.append(now, None, Some(&value), &[]).expect("it fits");
    batch.build()
}

impl World {
    /// Voters with ids from 1 on, and `observers` after them.
    pub fn new(seed: u64, voters: i32, observers: i32, fault: Fault, timeouts: Timeouts) -> World {
        let mut world = World {
            now: 1_000_000,
            chance: Chance::new(seed),
            nodes: BTreeMap::new(),
            history: History::default(),
            fault,
            timeouts,
            disks: BTreeMap::new(),
            old_disks: BTreeMap::new(),
            boots: BTreeMap::new(),
            voters,
            letters: BTreeMap::new(),
            replies: BTreeMap::new(),
            number: 0,
            cut: BTreeSet::new(),
            loss: 0,
            delay: 5,
            events: BTreeMap::new(),
            forgetful: false,
        };
        for id in 1..=voters + observers {
            world.start(id).expect("a first boot finds nothing");
        }
        world
    }

    pub fn ids(&self) -> Vec<i32> {
        self.boots.keys().copied().collect()
    }

    pub fn start(&mut self, id: i32) -> Result<(), Violation> {
        let boot = self.boots.entry(id).or_default();
        *boot += 1;
        self.history.restarted(id);
        let disk = self.disks.entry(id).or_default();
        let mut ops = Vec::new();
        let image = disk.image().dirs.remove(&dir()).unwrap_or_default();
        let files = image.files.clone();
        let log = if files.is_empty() {
            let config = LogConfig::default();
            Log::create(dir(), METADATA_TOPIC_ID, config, self.now, &mut ops)
        } else {
            let options = RecoveryOptions {
                now: self.now,
                ..RecoveryOptions::default()
            };
            let mut recovery = Recovery::start(dir(), image, LogConfig::default(), options);
            while let Some(load) = recovery.wanted() {
                recovery.loaded(disk.load(&load));
            }
            recovery.finish(&mut ops).0
        };
        for op in ops {
            disk.apply(op)?;
        }
        if let LogState::Offline { reason } = log.state() {
            return Err(Invariant::LogsAreReadable.broken(format!("node {id}: {reason}")));
        }
        let voters = (1..=self.voters).map(|id| Voter {
            id,
            host: format!("broker-{id}"),
            port: 9092,
        });
        let config = Config {
            node_id: id,
            cluster_id: "simulation".to_owned(),
            seed: self.chance.next(),
            voters: voters.collect(),
            timeouts: self.timeouts,
        };
        let raft = Raft::new(config, self.now, log, &files);
        self.nodes.insert(id, raft);
        self.drain(id)
    }

    /// Power cut: what is stored stays, what is on its way to it is lost.
    pub fn kill(&mut self, id: i32) {
        if self.nodes.remove(&id).is_some()
            && let Some(old) = self.old_disks.remove(&id)
        {
            self.disks.insert(id, old);
        }
    }

    /// The disk is gone with everything on it.
    pub fn wipe(&mut self, id: i32) {
        self.disks.remove(&id);
    }

    /// The leader that can commit, the newest one if an old one does not know yet.
    pub fn leader(&self) -> Option<i32> {
        let leaders = self.nodes.values().filter(|node| node.is_active());
        leaders.max_by_key(|node| node.epoch()).map(Raft::node_id)
    }

    pub fn input(&mut self, id: i32, input: Input) -> Result<(), Violation> {
        let Some(node) = self.nodes.get_mut(&id) else {
            return Ok(());
        };
        node.handle(self.now, input);
        self.drain(id)
    }

    /// A client of the quorum appends a record wherever it finds a leader.
    pub fn append(&mut self) -> Result<(), Violation> {
        let value = self.chance.next();
        let leaders = self.nodes.values().filter(|node| node.is_leader());
        let ids: Vec<i32> = leaders.map(Raft::node_id).collect();
        for id in ids {
            let batch = batch(value ^ id as u64, self.now);
            if let Some(node) = self.nodes.get_mut(&id) {
                let _ = node.append(self.now, batch);
            }
            self.drain(id)?;
        }
        Ok(())
    }

    /// A node makes a snapshot of everything that it knows to be committed.
    pub fn snapshot(&mut self, id: i32) -> Result<(), Violation> {
        let Some(node) = self.nodes.get(&id) else {
            return Ok(());
        };
        let end_offset = node.high_watermark().unwrap_or(0);
        let Some(epoch) = node.log().epoch_of(end_offset - 1) else {
            return Ok(());
        };
        let hash = self.history.hash(end_offset);
        let snapshot_id = SnapshotId { end_offset, epoch };
        let snapshot = Snapshot::new(snapshot_id, self.now, batch(hash, self.now), self.now);
        self.input(id, Input::Snapshot(snapshot))
    }

    fn drain(&mut self, id: i32) -> Result<(), Violation> {
        while let Some(output) = self.nodes.get_mut(&id).and_then(Raft::poll) {
            match output {
                Output::Store(op) => self.store(id, op)?,
                Output::Load(load) => {
                    let result = self.disks[&id].load(&load);
                    if let Some(node) = self.nodes.get_mut(&id) {
                        node.handle(self.now, Input::Loaded(load, result));
                    }
                }
                Output::Send {
                    to, call, request, ..
                } => self.send(id, to, Mail::Request(call, request)),
                Output::Reply(reply, response) => {
                    if let Some((to, boot, call)) = self.replies.remove(&reply)
                        && self.boots.get(&to) == Some(&boot)
                    {
                        self.send(id, to, Mail::Response(call, response));
                    }
                }
                Output::Event(event) => {
                    *self.events.entry(event.code.into_owned()).or_default() += 1;
                }
                Output::Disconnect(_) => {}
            }
        }
        if self.fault == Fault::StoredLate && self.chance.below(20) == 0 {
            self.old_disks.insert(id, self.disks[&id].clone());
        }
        let Some(node) = self.nodes.get_mut(&id) else {
            return Ok(());
        };
        if let Some(reason) = node.offline() {
            let what = format!("node {id} went offline: {reason}");
            return Err(Invariant::NobodyGoesOffline.broken(what));
        }
        let checked = self.history.check(node, &self.disks[&id]);
        if self.forgetful {
            node.evict(usize::MAX);
        }
        checked
    }

    fn store(&mut self, id: i32, op: StoreOp) -> Result<(), Violation> {
        let is_vote = matches!(&op, StoreOp::Put { name, .. } if name == QUORUM_STATE);
        if self.fault == Fault::VoteNotStored && is_vote {
            return Ok(());
        }
        let applied = self.disks.entry(id).or_default().apply(op);
        Ok(applied?)
    }

    fn send(&mut self, from: i32, to: i32, mut mail: Mail) {
        if let (Fault::MinorityCommits, Mail::Request(_, RequestKind::Fetch(fetch))) =
            (self.fault, &mut mail)
            && let Some(leader) = self.nodes.get(&to).filter(|node| node.is_leader())
        {
            let partition = &mut fetch.topics[0].partitions[0];
            partition.fetch_offset = leader.log().log_end_offset();
            partition.last_fetched_epoch = leader.log().latest_epoch().unwrap_or(0);
        }
        let lost = self.chance.below(1_000) < self.loss;
        let dead = !self.nodes.contains_key(&to);
        let gone = self.cut.contains(&(from, to)) || lost;
        let (from, to, mail) = match mail {
            // A dead node refuses connections. Else whoever asked finds out that its connection
            // broke, or never does.
            Mail::Request(call, _) if dead || gone && self.chance.below(2) == 0 => {
                (to, from, Mail::Lost(call))
            }
            _ if dead || gone => return,
            mail => (from, to, mail),
        };
        let boot_of = |id| self.boots.get(&id).copied().unwrap_or(0);
        let letter = Letter {
            to,
            boot: boot_of(to),
            from,
            from_boot: boot_of(from),
            mail,
        };
        let at = self.now + 1 + self.chance.below(self.delay);
        self.number += 1;
        self.letters.insert((at, self.number), letter);
    }

    fn deliver(&mut self, letter: Letter) -> Result<(), Violation> {
        if self.boots.get(&letter.to) != Some(&letter.boot) {
            return Ok(());
        }
        let input = match letter.mail {
            Mail::Response(call, response) => Input::Response(call, response),
            Mail::Lost(call) => Input::Lost(call),
            Mail::Request(call, request) => {
                self.number += 1;
                let reply = ReplyId(self.number);
                self.replies
                    .insert(reply, (letter.from, letter.from_boot, call));
                Input::Request(reply, request)
            }
        };
        self.input(letter.to, input)
    }

    /// Does everything that is due until `end`.
    pub fn run_until(&mut self, end: i64) -> Result<(), Violation> {
        loop {
            let mail = self.letters.keys().next().map(|(at, _)| *at);
            let wake = self.nodes.values().filter_map(Raft::wake_at).min();
            let Some(at) = [mail, wake].into_iter().flatten().min() else {
                break;
            };
            if at > end {
                break;
            }
            self.now = self.now.max(at);
            if mail.is_some_and(|mail| mail <= self.now) {
                let (_, letter) = self.letters.pop_first().expect("it is there");
                self.deliver(letter)?;
                continue;
            }
            for id in self.ids() {
                let due = |node: &Raft| node.wake_at().is_some_and(|at| at <= self.now);
                if self.nodes.get(&id).is_some_and(due) {
                    self.input(id, Input::Wake)?;
                    let node = &self.nodes[&id];
                    let sleeps = node.wake_at().is_none_or(|at| at > self.now);
                    assert!(sleeps, "node {id} does not go to sleep: {node:?}");
                }
            }
        }
        self.now = end;
        Ok(())
    }
}
