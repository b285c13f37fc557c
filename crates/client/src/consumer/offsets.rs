//! Where to begin: the group's committed offsets, else one end of the log (`auto.offset.reset`).

use std::collections::BTreeMap;

use konbini_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use konbini_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use konbini_protocol::messages::{
    ListOffsetsRequest, ListOffsetsResponse, OffsetFetchRequest, OffsetFetchResponse,
};
use konbini_protocol::{ResponseError, error};
use konbini_trace::Event;

use super::config::OffsetReset;
use super::group::Phase;
use super::partitions::{EARLIEST, LATEST, Position};
use super::record::Told;
use super::{Consumer, Purpose, text};
use crate::failure::{is_stale_metadata, response_error};
use crate::network::Call;
use crate::partition::by_topic;
use crate::{ClientError, TopicPartition};

/// The first version of OffsetFetch that asks for several groups, and the first that can wait for
/// transactions.
const GROUPS_VERSION: i16 = 8;
const STABLE_VERSION: i16 = 7;

/// A partition's offset in an answer: offset (-1: none) and error code.
type Answered = (TopicPartition, i64, i16);

impl Consumer {
    pub(super) fn fetch_committed(&mut self, now: i64) {
        let unknown = self.partitions.iter().filter(|(_, assigned)| {
            assigned.position == Position::Unknown && !assigned.asking && now >= assigned.not_before
        });
        let unknown: Vec<TopicPartition> = unknown.map(|(tp, _)| tp.clone()).collect();
        if unknown.is_empty() {
            return;
        }
        let Some(group) = &self.group else {
            for tp in unknown {
                self.reset(&tp, "no group");
            }
            return;
        };
        let member = !self.is_subscribed() || matches!(group.phase, Phase::Stable);
        let Some(node) = group.coordinator.filter(|_| member) else {
            return;
        };
        let id = group.id.clone();
        if !self.net.ready(now, node) {
            return;
        }
        for tp in &unknown {
            if let Some(assigned) = self.partitions.get_mut(tp) {
                assigned.asking = true;
            }
        }
        let asked = unknown.clone();
        self.net.send(
            now,
            node,
            Purpose::Committed(asked),
            Call::default(),
            |version| {
                let topics = by_topic(unknown.iter().map(|tp| (tp, ()))).into_iter();
                let topics = topics.map(|(topic, partitions)| {
                    let indexes: Vec<i32> = partitions.into_iter().map(|(p, ())| p).collect();
                    (text(topic), indexes)
                });
                let request =
                    OffsetFetchRequest::default().with_require_stable(version >= STABLE_VERSION);
                if version < GROUPS_VERSION {
                    let topics = topics.map(|(name, indexes)| {
                        OffsetFetchRequestTopic::default()
                            .with_name(name.into())
                            .with_partition_indexes(indexes)
                    });
                    return request
                        .with_group_id(text(&id).into())
                        .with_topics(Some(topics.collect()));
                }
                let topics = topics.map(|(name, indexes)| {
                    OffsetFetchRequestTopics::default()
                        .with_name(name.into())
                        .with_partition_indexes(indexes)
                });
                request.with_groups(vec![
                    OffsetFetchRequestGroup::default()
                        .with_group_id(text(&id).into())
                        .with_member_epoch(-1)
                        .with_topics(Some(topics.collect())),
                ])
            },
        );
    }

    pub(super) fn committed_answered(
        &mut self,
        now: i64,
        asked: Vec<TopicPartition>,
        answer: &OffsetFetchResponse,
    ) {
        let (code, told) = committed_offsets(answer);
        if let Some(refused) = response_error(code) {
            let name = error::name(code);
            self.stats.last_error = Some(name.clone());
            match refused {
                ResponseError::NotCoordinator | ResponseError::CoordinatorNotAvailable => {
                    self.lose_coordinator(now, &name);
                }
                error if error.is_retriable() => {}
                _ => self.fail_group(ClientError::Broker {
                    code,
                    message: None,
                }),
            }
            return self.ask_later(now, &asked);
        }
        for tp in asked {
            let found = told.iter().find(|(told, _, _)| *told == tp);
            let Some(assigned) = self.partitions.get_mut(&tp) else {
                continue;
            };
            // A seek in between has the last word.
            if assigned.position != Position::Unknown {
                continue;
            }
            assigned.asking = false;
            match found {
                Some((_, offset, 0)) if *offset >= 0 => assigned.seek(Position::At(*offset)),
                Some((_, _, 0)) => self.reset(&tp, "no committed offset"),
                _ => self.ask_later(now, &[tp]),
            }
        }
    }

    /// Asks about these partitions again after a backoff.
    pub(super) fn ask_later(&mut self, now: i64, partitions: &[TopicPartition]) {
        for tp in partitions {
            if let Some(assigned) = self.partitions.get_mut(tp) {
                assigned.asking = false;
                let delay = self
                    .retry_backoff
                    .delay(assigned.attempts, &mut self.net.seed);
                assigned.attempts = assigned.attempts.saturating_add(1);
                assigned.not_before = now + delay;
            }
        }
    }

    /// Goes to an end of the log as `auto.offset.reset` says, or fails.
    pub(super) fn reset(&mut self, tp: &TopicPartition, why: &'static str) {
        let Some(assigned) = self.partitions.get_mut(tp) else {
            return;
        };
        let (position, to) = match self.config.auto_offset_reset {
            OffsetReset::Earliest => (Position::Reset(EARLIEST), "earliest"),
            OffsetReset::Latest => (Position::Reset(LATEST), "latest"),
            OffsetReset::None => (Position::Stuck, "none"),
        };
        assigned.seek(position);
        let event = if position == Position::Stuck {
            let error = ClientError::IllegalState("no offset to start from");
            self.stats.last_error = Some(error.code_name());
            self.outputs.push_back(Told::Failed(error));
            Event::error("consumer-no-offset")
        } else {
            Event::info("consumer-offset-reset")
        };
        let event = event
            .with("topic", tp.topic.as_str())
            .with("partition", tp.partition)
            .with("to", to)
            .with("reason", why);
        self.net.event(event.because_of("auto.offset.reset"));
    }

    /// Asks leaders for the offsets that resets need.
    pub(super) fn list_offsets(&mut self, now: i64) {
        let mut by_leader: BTreeMap<i32, Vec<(TopicPartition, i64)>> = BTreeMap::new();
        let mut leaderless = false;
        for (tp, assigned) in self.partitions.iter() {
            let Position::Reset(timestamp) = assigned.position else {
                continue;
            };
            if assigned.asking || now < assigned.not_before {
                continue;
            }
            match self.net.metadata.leader(tp) {
                Some(leader) => by_leader
                    .entry(leader)
                    .or_default()
                    .push((tp.clone(), timestamp)),
                None => leaderless = true,
            }
        }
        if leaderless {
            self.net.metadata.request_update();
        }
        for (node, asked) in by_leader {
            if self.net.ready(now, node) {
                self.send_list_offsets(now, node, asked);
            }
        }
    }

    fn send_list_offsets(&mut self, now: i64, node: i32, asked: Vec<(TopicPartition, i64)>) {
        let mut told = Vec::new();
        for (tp, timestamp) in &asked {
            let epoch = self
                .net
                .metadata
                .partition(tp)
                .map_or(-1, |p| p.leader_epoch);
            told.push((tp.clone(), (*timestamp, epoch)));
            if let Some(assigned) = self.partitions.get_mut(tp) {
                assigned.asking = true;
            }
        }
        let timeout = self
            .config
            .client
            .request_timeout_ms
            .clamp(0, i32::MAX.into()) as i32;
        self.net.send(
            now,
            node,
            Purpose::ListOffsets(asked),
            Call::default(),
            |version| {
                let topics = by_topic(told.iter().map(|(tp, rest)| (tp, *rest))).into_iter();
                let topics = topics.map(|(topic, partitions)| {
                    let partitions =
                        partitions
                            .into_iter()
                            .map(|(partition, (timestamp, epoch))| {
                                ListOffsetsPartition::default()
                                    .with_partition_index(partition)
                                    .with_timestamp(timestamp)
                                    .with_current_leader_epoch(if version >= 4 {
                                        epoch
                                    } else {
                                        -1
                                    })
                            });
                    ListOffsetsTopic::default()
                        .with_name(text(topic).into())
                        .with_partitions(partitions.collect())
                });
                let request = ListOffsetsRequest::default()
                    .with_replica_id((-1).into())
                    .with_topics(topics.collect());
                if version >= 10 {
                    request.with_timeout_ms(timeout)
                } else {
                    request
                }
            },
        );
    }

    pub(super) fn list_offsets_answered(
        &mut self,
        now: i64,
        asked: Vec<(TopicPartition, i64)>,
        answer: &ListOffsetsResponse,
    ) {
        for (tp, timestamp) in asked {
            let topic = answer
                .topics
                .iter()
                .find(|topic| *topic.name.0 == *tp.topic);
            let mut partitions = topic.into_iter().flat_map(|topic| &topic.partitions);
            let told = partitions.find(|told| told.partition_index == tp.partition);
            let (code, offset) = told
                .map_or((ResponseError::NetworkException.code(), -1), |told| {
                    (told.error_code, told.offset)
                });
            let Some(assigned) = self.partitions.get_mut(&tp) else {
                continue;
            };
            if assigned.position != Position::Reset(timestamp) {
                continue;
            }
            match response_error(code) {
                None if offset >= 0 => assigned.seek(Position::At(offset)),
                None => self.ask_later(now, &[tp]),
                Some(refused) => {
                    self.stats.last_error = Some(error::name(code));
                    if is_stale_metadata(refused) {
                        self.net.metadata.request_update();
                    }
                    self.ask_later(now, &[tp]);
                }
            }
        }
    }
}

/// The group's error and its partitions' offsets, from either form of the answer.
fn committed_offsets(answer: &OffsetFetchResponse) -> (i16, Vec<Answered>) {
    if let Some(group) = answer.groups.first() {
        let told = group.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(|p| {
                let tp = TopicPartition::new(topic.name.to_string(), p.partition_index);
                (tp, p.committed_offset, p.error_code)
            })
        });
        return (group.error_code, told.collect());
    }
    let told = answer.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|p| {
            let tp = TopicPartition::new(topic.name.to_string(), p.partition_index);
            (tp, p.committed_offset, p.error_code)
        })
    });
    (answer.error_code, told.collect())
}
