//! The other voters: one request at a time is under way to each, as in Kafka's RequestManager.

use std::collections::BTreeMap;

use crate::CallId;
use crate::snapshot::SnapshotId;

/// Pause after a request that failed, in ms, as in KRaft.
pub(crate) const RETRY_BACKOFF_MS: i64 = 20;

/// What was asked, and in which epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Vote { epoch: i32, pre: bool },
    Begin { epoch: i32 },
    End { epoch: i32 },
    Fetch { epoch: i32 },
    FetchSnapshot { epoch: i32, id: SnapshotId },
}

#[derive(Clone, Copy, Debug)]
struct InFlight {
    call: CallId,
    asked: Asked,
    sent_at: i64,
}

#[derive(Clone, Copy, Debug)]
struct Peer {
    in_flight: Option<InFlight>,
    /// Not before this time is it asked again, ms.
    ready_at: i64,
    /// When it was asked last, ms.
    asked_at: i64,
}

#[derive(Debug)]
pub(crate) struct Peers {
    next_call: u64,
    peers: BTreeMap<i32, Peer>,
}

impl Peers {
    pub fn new(ids: impl IntoIterator<Item = i32>) -> Peers {
        let peer = Peer {
            in_flight: None,
            ready_at: i64::MIN,
            asked_at: i64::MIN,
        };
        Peers {
            next_call: 0,
            peers: ids.into_iter().map(|id| (id, peer)).collect(),
        }
    }

    /// From when on a peer may be asked; `None` while it owes an answer.
    pub fn ready_at(&self, id: i32) -> Option<i64> {
        let peer = self.peers.get(&id)?;
        peer.in_flight.is_none().then_some(peer.ready_at)
    }

    /// When a peer was asked last, ms.
    pub fn asked_at(&self, id: i32) -> i64 {
        self.peers.get(&id).map_or(i64::MIN, |peer| peer.asked_at)
    }

    /// Notes a request that goes out now.
    pub fn sent(&mut self, id: i32, asked: Asked, now: i64) -> CallId {
        let call = CallId(self.next_call);
        self.next_call += 1;
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.asked_at = now;
            peer.in_flight = Some(InFlight {
                call,
                asked,
                sent_at: now,
            });
        }
        call
    }

    /// The call is over; returns whom and what it asked. `None` for one that was given up.
    pub fn over(&mut self, call: CallId) -> Option<(i32, Asked)> {
        let is_it = |peer: &Peer| peer.in_flight.is_some_and(|other| other.call == call);
        let (id, peer) = self.peers.iter_mut().find(|(_, peer)| is_it(peer))?;
        let found = peer.in_flight.take()?;
        Some((*id, found.asked))
    }

    pub fn back_off(&mut self, id: i32, until: i64) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.ready_at = peer.ready_at.max(until);
        }
    }

    /// Gives up the requests that took `limit_ms` and returns who did not answer them.
    pub fn give_up(&mut self, now: i64, limit_ms: i64) -> Vec<i32> {
        let mut silent = Vec::new();
        for (id, peer) in &mut self.peers {
            if peer
                .in_flight
                .take_if(|call| call.sent_at + limit_ms <= now)
                .is_some()
            {
                peer.ready_at = now + RETRY_BACKOFF_MS;
                silent.push(*id);
            }
        }
        silent
    }

    /// When the next request is given up.
    pub fn gives_up_at(&self, limit_ms: i64) -> Option<i64> {
        let calls = self.peers.values().filter_map(|peer| peer.in_flight);
        calls.map(|call| call.sent_at + limit_ms).min()
    }
}
