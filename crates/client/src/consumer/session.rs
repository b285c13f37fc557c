//! A fetch session with one broker (KIP-227): after a full request, later ones name only what
//! changed, and the broker answers only with partitions that have something.

use std::collections::BTreeMap;

use crate::TopicPartition;

/// What a fetch asks of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Want {
    pub(super) offset: i64,
    /// The leader epoch the client knows; -1 when it knows none.
    pub(super) leader_epoch: i32,
    pub(super) max_bytes: i32,
}

/// What goes into the next request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) session_id: i32,
    pub(super) epoch: i32,
    pub(super) fetch: BTreeMap<TopicPartition, Want>,
    pub(super) forget: Vec<TopicPartition>,
}

#[derive(Debug, Default)]
pub(super) struct Session {
    /// 0 while there is none.
    id: i32,
    /// 0 asks for a new session; then it counts up from 1.
    epoch: i32,
    /// What the broker believes.
    known: BTreeMap<TopicPartition, Want>,
}

impl Session {
    pub(super) fn plan(&mut self, want: &BTreeMap<TopicPartition, Want>) -> Plan {
        if self.id == 0 {
            self.known = want.clone();
            return Plan {
                session_id: 0,
                epoch: 0,
                fetch: want.clone(),
                forget: Vec::new(),
            };
        }
        let changed = want.iter().filter(|(tp, w)| self.known.get(tp) != Some(w));
        let fetch = changed.map(|(tp, w)| (tp.clone(), *w)).collect();
        let gone = self.known.keys().filter(|tp| !want.contains_key(tp));
        let forget = gone.cloned().collect();
        self.known = want.clone();
        Plan {
            session_id: self.id,
            epoch: self.epoch,
            fetch,
            forget,
        }
    }

    /// What the request that is under way asked of a partition.
    pub(super) fn asked(&self, tp: &TopicPartition) -> Option<Want> {
        self.known.get(tp).copied()
    }

    pub(super) fn asked_partitions(&self) -> Vec<TopicPartition> {
        self.known.keys().cloned().collect()
    }

    pub(super) fn answered(&mut self, session_id: i32) {
        self.id = session_id;
        if session_id != 0 {
            self.epoch = if self.epoch == i32::MAX {
                1
            } else {
                self.epoch + 1
            };
        } else {
            self.epoch = 0;
        }
    }

    /// The broker does not know the session, or the answer was lost: starts over.
    pub(super) fn reset(&mut self) {
        *self = Session::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn want(list: &[(i32, i64)]) -> BTreeMap<TopicPartition, Want> {
        let want = |offset| Want {
            offset,
            leader_epoch: 0,
            max_bytes: 1,
        };
        list.iter()
            .map(|(p, offset)| (TopicPartition::new("t", *p), want(*offset)))
            .collect()
    }

    #[test]
    fn only_changes_are_sent() {
        let mut session = Session::default();
        let full = session.plan(&want(&[(0, 5), (1, 6)]));
        assert_eq!((full.session_id, full.epoch, full.fetch.len()), (0, 0, 2));
        session.answered(9);
        let same = session.plan(&want(&[(0, 5), (1, 6)]));
        assert_eq!((same.session_id, same.epoch, same.fetch.len()), (9, 1, 0));
        session.answered(9);
        let moved = session.plan(&want(&[(1, 8), (2, 0)]));
        assert_eq!(moved.epoch, 2);
        assert_eq!(moved.fetch, want(&[(1, 8), (2, 0)]));
        assert_eq!(moved.forget, [TopicPartition::new("t", 0)]);
        session.reset();
        assert_eq!(session.plan(&want(&[(1, 8)])).epoch, 0);
    }

    #[test]
    fn without_a_session_every_request_is_full() {
        let mut session = Session::default();
        for _ in 0..3 {
            let plan = session.plan(&want(&[(0, 5)]));
            assert_eq!((plan.session_id, plan.epoch, plan.fetch.len()), (0, 0, 1));
            session.answered(0);
        }
    }
}
