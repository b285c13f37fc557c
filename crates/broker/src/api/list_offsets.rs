//! ListOffsets, versions 1 to 10: the offset of a timestamp, or of one of the special ones.
//!
//! ```text
//!  -1 latest            high watermark; last stable offset with read_committed; log end for replicas
//!  -2 earliest          log start offset
//!  -3 max timestamp     the record with the largest timestamp (v7, KIP-734)
//!  -4 earliest local    log start offset, as without tiered storage (v8, KIP-405)
//!  -5 latest tiered     -1, as without tiered storage (v9)
//!  >=0                  the first record with this timestamp or a later one; -1 if there is none
//! ```
//! A lookup may wait for bytes that are not in memory.

use konbini_protocol::ResponseError::{
    self, InvalidRequest, LeaderNotAvailable, OffsetNotAvailable, UnknownTopicOrPartition,
    UnsupportedVersion,
};
use konbini_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use konbini_protocol::messages::{ListOffsetsRequest, ListOffsetsResponse, ResponseKind};

use super::{Answer, Context, attempt_or_park, named};
use crate::node::{Node, TopicPartition};
use crate::purgatory::{Attempt, Operation, Watch};
use crate::replica::read::Reader;
use crate::replica::timestamp::{Found, lookup};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;
const UNKNOWN: i64 = -1;

/// The version from which on a special timestamp may be asked for.
fn first_version(timestamp: i64) -> i16 {
    match timestamp {
        MAX_TIMESTAMP => 7,
        EARLIEST_LOCAL => 8,
        LATEST_TIERED => 9,
        _ => 0,
    }
}

/// How long a lookup waits for bytes at most, in virtual ms: no virtual time passes while they load.
const MAX_WAIT_MS: i64 = 30_000;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: ListOffsetsRequest,
) -> Answer {
    let deadline = node.now + MAX_WAIT_MS;
    attempt_or_park(
        node,
        Lookup {
            version: context.version,
            request,
        },
        deadline,
    )
}

struct Lookup {
    version: i16,
    request: ListOffsetsRequest,
}

/// What one partition's lookup came to.
enum Outcome {
    Found {
        timestamp: i64,
        offset: i64,
        epoch: i32,
    },
    Loading(Watch),
}

impl Operation for Lookup {
    fn attempt(&mut self, node: &mut Node, _: bool) -> Attempt {
        let mut loading = Vec::new();
        let mut response = ListOffsetsResponse::default();
        for topic in &self.request.topics {
            let mut out = ListOffsetsTopicResponse::default().with_name(topic.name.clone());
            for (asked, again) in named::once(&topic.partitions, |asked| asked.partition_index) {
                let found = if again {
                    Err(InvalidRequest)
                } else {
                    self.find(node, &topic.name, asked.partition_index, asked)
                };
                let answer = ListOffsetsPartitionResponse::default()
                    .with_partition_index(asked.partition_index);
                out.partitions.push(match found {
                    Ok(Outcome::Found {
                        timestamp,
                        offset,
                        epoch,
                    }) => answer
                        .with_timestamp(timestamp)
                        .with_offset(offset)
                        .with_leader_epoch(if self.version >= 4 { epoch } else { -1 }),
                    Ok(Outcome::Loading(watch)) => {
                        loading.push(watch);
                        answer
                    }
                    Err(error) => answer
                        .with_error_code(error.code())
                        .with_timestamp(UNKNOWN)
                        .with_offset(UNKNOWN),
                });
            }
            response.topics.push(out);
        }
        if loading.is_empty() {
            Attempt::Done(ResponseKind::ListOffsets(response))
        } else {
            Attempt::Wait(loading)
        }
    }
}

impl Lookup {
    fn reader(&self) -> Reader {
        if self.request.replica_id.0 >= 0 {
            Reader::Replica(self.request.replica_id.0)
        } else if self.request.isolation_level == 1 {
            Reader::CommittedOnly
        } else {
            Reader::Consumer
        }
    }

    fn find(
        &self,
        node: &mut Node,
        topic: &str,
        index: i32,
        asked: &konbini_protocol::messages::list_offsets_request::ListOffsetsPartition,
    ) -> Result<Outcome, ResponseError> {
        if self.version < first_version(asked.timestamp) {
            return Err(UnsupportedVersion);
        }
        let image = &node.metadata.image;
        let id = image.topic(topic).ok_or(UnknownTopicOrPartition)?.id;
        let partition = TopicPartition { topic: id, index };
        if image.partition(partition).is_none() {
            return Err(UnknownTopicOrPartition);
        }
        let leader = node.replicas.leader(partition)?;
        leader.check_epoch(asked.current_leader_epoch)?;
        let at = |offset: i64, epoch: i32| Outcome::Found {
            timestamp: UNKNOWN,
            offset,
            epoch,
        };
        // A new leader may be behind what the one before it told (KIP-207).
        let is_behind =
            !matches!(self.reader(), Reader::Replica(_)) && !leader.knows_committed_end();
        let not_yet = match self.version {
            ..5 => LeaderNotAvailable,
            _ => OffsetNotAvailable,
        };
        match asked.timestamp {
            LATEST if is_behind => Err(not_yet),
            LATEST => Ok(at(leader.end_for(self.reader()), leader.epoch())),
            EARLIEST | EARLIEST_LOCAL => {
                let start = leader.log().log_start_offset();
                Ok(at(start, leader.log().epoch_of(start).unwrap_or(-1)))
            }
            LATEST_TIERED => Ok(at(UNKNOWN, -1)),
            timestamp if timestamp == MAX_TIMESTAMP || timestamp >= 0 => {
                let wanted = (timestamp >= 0).then_some(timestamp);
                match lookup(node, partition, wanted, self.reader())? {
                    Found::At {
                        timestamp,
                        offset,
                        epoch,
                    } => Ok(Outcome::Found {
                        timestamp,
                        offset,
                        epoch,
                    }),
                    Found::Nothing if is_behind => Err(not_yet),
                    Found::Nothing => Ok(at(UNKNOWN, -1)),
                    Found::Loading(id) => Ok(Outcome::Loading(Watch::Load(id))),
                }
            }
            _ => Err(UnsupportedVersion),
        }
    }
}
