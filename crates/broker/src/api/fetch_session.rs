//! Incremental fetch sessions (KIP-227): what a client fetches is remembered, so that its next
//! requests and our responses name only what changed.
//!
//! Differences from Apache Kafka: one cache without shards, and a full cache gives a session up
//! only when it was idle for two minutes, without preferring followers or larger sessions.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use konbini_protocol::ResponseError::{
    self, FetchSessionIdNotFound, FetchSessionTopicIdError, InvalidFetchSessionEpoch,
};
use konbini_protocol::messages::FetchRequest;
use konbini_protocol::messages::fetch_response::PartitionData;
use uuid::Uuid;

use crate::rng::Rng;

/// A session that was idle for so long may be given up for a new one, in ms.
const MIN_EVICTION_MS: i64 = 120_000;
/// Most partitions in one session.
const MAX_SESSION_PARTITIONS: usize = 100_000;
/// The epoch of a request that wants no session, or ends it.
const FINAL_EPOCH: i32 = -1;
const INITIAL_EPOCH: i32 = 0;

/// How a request names a partition: by topic name up to v12, by topic id from v13 on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FetchKey {
    pub name: String,
    pub id: Uuid,
    pub index: i32,
}

/// What a client wants of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub leader_epoch: i32,
    pub offset: i64,
    pub last_fetched_epoch: i32,
    /// Where a replica's log begins; -1 from consumers.
    pub log_start: i64,
    pub max_bytes: i32,
}

/// What the client was told last about a partition.
#[derive(Clone, Copy, Debug)]
struct Cached {
    wanted: Wanted,
    high_watermark: i64,
    log_start: i64,
}

struct Session {
    uses_ids: bool,
    next_epoch: i32,
    last_used: i64,
    /// In the order in which they are served; who got bytes goes to the end.
    partitions: IndexMap<FetchKey, Cached>,
}

/// The session of a request, to be handed back with the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionUse {
    None,
    /// The response names every partition.
    New(i32),
    /// The response names what changed.
    Incremental(i32),
}

pub(crate) struct FetchSessions {
    sessions: BTreeMap<i32, Session>,
}

impl FetchSessions {
    pub fn new() -> FetchSessions {
        FetchSessions {
            sessions: BTreeMap::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// What a request is to be answered with: its partitions in order and its session.
    pub fn open(
        &mut self,
        now: i64,
        rng: &mut Rng,
        slots: usize,
        version: i16,
        request: &FetchRequest,
    ) -> Result<(SessionUse, Vec<(FetchKey, Wanted)>), ResponseError> {
        match request.session_epoch {
            FINAL_EPOCH | INITIAL_EPOCH => {
                self.sessions.remove(&request.session_id);
                let wanted: Vec<_> = wanted(request).collect();
                if request.session_epoch == FINAL_EPOCH || wanted.is_empty() || version < 7 {
                    return Ok((SessionUse::None, wanted));
                }
                match self.create(now, rng, slots, version, &wanted) {
                    Some(id) => Ok((SessionUse::New(id), wanted)),
                    None => Ok((SessionUse::None, wanted)),
                }
            }
            _ => self.go_on(now, version, request),
        }
    }

    fn create(
        &mut self,
        now: i64,
        rng: &mut Rng,
        slots: usize,
        version: i16,
        wanted: &[(FetchKey, Wanted)],
    ) -> Option<i32> {
        if wanted.len() > MAX_SESSION_PARTITIONS {
            return None;
        }
        if self.sessions.len() >= slots {
            let oldest = self
                .sessions
                .iter()
                .min_by_key(|(_, session)| session.last_used)?;
            if oldest.1.last_used + MIN_EVICTION_MS > now {
                return None;
            }
            let id = *oldest.0;
            self.sessions.remove(&id);
        }
        if slots == 0 {
            return None;
        }
        let id = loop {
            let id = (rng.next() >> 33) as i32;
            if id > 0 && !self.sessions.contains_key(&id) {
                break id;
            }
        };
        let partitions = wanted
            .iter()
            .map(|(key, wanted)| {
                (
                    key.clone(),
                    Cached {
                        wanted: *wanted,
                        high_watermark: -1,
                        log_start: -1,
                    },
                )
            })
            .collect();
        let session = Session {
            uses_ids: version >= 13,
            next_epoch: 1,
            last_used: now,
            partitions,
        };
        self.sessions.insert(id, session);
        Some(id)
    }

    fn go_on(
        &mut self,
        now: i64,
        version: i16,
        request: &FetchRequest,
    ) -> Result<(SessionUse, Vec<(FetchKey, Wanted)>), ResponseError> {
        let id = request.session_id;
        let session = self.sessions.get_mut(&id).ok_or(FetchSessionIdNotFound)?;
        if request.session_epoch != session.next_epoch {
            return Err(InvalidFetchSessionEpoch);
        }
        if session.uses_ids != (version >= 13) {
            return Err(FetchSessionTopicIdError);
        }
        session.next_epoch = session.next_epoch.checked_add(1).unwrap_or(1);
        session.last_used = now;
        for (key, wanted) in wanted(request) {
            let is_full = session.partitions.len() >= MAX_SESSION_PARTITIONS;
            match session.partitions.get_mut(&key) {
                Some(cached) => cached.wanted = wanted,
                None if !is_full => {
                    let cached = Cached {
                        wanted,
                        high_watermark: -1,
                        log_start: -1,
                    };
                    session.partitions.insert(key, cached);
                }
                None => return Err(ResponseError::PolicyViolation),
            }
        }
        for key in forgotten(request) {
            session.partitions.shift_remove(&key);
        }
        let partitions: Vec<_> = session
            .partitions
            .iter()
            .map(|(key, cached)| (key.clone(), cached.wanted))
            .collect();
        if partitions.is_empty() {
            self.sessions.remove(&id);
            return Ok((SessionUse::None, partitions));
        }
        Ok((SessionUse::Incremental(id), partitions))
    }

    /// Remembers what is answered. Returns whether the partition has to be in the response.
    pub fn note(&mut self, usage: SessionUse, key: &FetchKey, data: &PartitionData) -> bool {
        let (id, everything) = match usage {
            SessionUse::None => return true,
            SessionUse::New(id) => (id, true),
            SessionUse::Incremental(id) => (id, false),
        };
        let Some(session) = self.sessions.get_mut(&id) else {
            return true;
        };
        let Some((at, _, cached)) = session.partitions.get_full_mut(key) else {
            return true;
        };
        let has_bytes = data
            .records
            .as_ref()
            .is_some_and(|records| !records.is_empty());
        let changed = cached.high_watermark != data.high_watermark
            || cached.log_start != data.log_start_offset;
        let diverges = data.diverging_epoch.end_offset >= 0;
        let failed = data.error_code != 0;
        // Neither tells of a high watermark: what follows them tells it, even when nothing changes.
        let tells = !failed && !diverges;
        cached.high_watermark = if tells { data.high_watermark } else { -1 };
        cached.log_start = data.log_start_offset;
        if has_bytes {
            let last = session.partitions.len() - 1;
            session.partitions.move_index(at, last);
        }
        everything || has_bytes || changed || failed || diverges
    }
}

impl SessionUse {
    pub fn id(self) -> i32 {
        match self {
            SessionUse::None => 0,
            SessionUse::New(id) | SessionUse::Incremental(id) => id,
        }
    }
}

fn wanted(request: &FetchRequest) -> impl Iterator<Item = (FetchKey, Wanted)> {
    request.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|partition| {
            let key = FetchKey {
                name: topic.topic.to_string(),
                id: topic.topic_id,
                index: partition.partition,
            };
            let wanted = Wanted {
                leader_epoch: partition.current_leader_epoch,
                offset: partition.fetch_offset,
                last_fetched_epoch: partition.last_fetched_epoch,
                log_start: partition.log_start_offset,
                max_bytes: partition.partition_max_bytes,
            };
            (key, wanted)
        })
    })
}

fn forgotten(request: &FetchRequest) -> impl Iterator<Item = FetchKey> {
    request.forgotten_topics_data.iter().flat_map(|topic| {
        topic.partitions.iter().map(|index| FetchKey {
            name: topic.topic.to_string(),
            id: topic.topic_id,
            index: *index,
        })
    })
}
