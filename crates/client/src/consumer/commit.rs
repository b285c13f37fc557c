//! Committing offsets: on a timer, by hand, before a rebalance and when closing. Commits go out one
//! at a time in the order in which they were asked for, so that an older one never overtakes.

use konbini_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use konbini_protocol::messages::{OffsetCommitRequest, OffsetCommitResponse};
use konbini_protocol::{ResponseError, StrBytes};
use konbini_trace::Event;

use super::group::{Phase, Reason};
use super::record::{CommitId, CommitKind, Told};
use super::{Consumer, Purpose, text};
use crate::failure::response_error;
use crate::network::{Call, Lost};
use crate::partition::by_topic;
use crate::{ClientError, TopicPartition};

/// Commits that may wait; beyond that they fail at once.
pub(super) const MAX_WAITING_COMMITS: usize = 1_000;
/// The first versions of OffsetCommit with a leader epoch and with `group.instance.id`.
const EPOCH_VERSION: i16 = 6;
const STATIC_VERSION: i16 = 7;

/// Who asked for a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Asked(CommitId, CommitKind),
    Auto,
    Rebalance,
    Close,
}

impl Cause {
    /// Whether somebody waits for it, so that it is tried again.
    fn is_waited_for(self) -> bool {
        matches!(
            self,
            Cause::Asked(_, CommitKind::Sync) | Cause::Rebalance | Cause::Close
        )
    }

    fn name(self) -> &'static str {
        match self {
            Cause::Asked(_, CommitKind::Sync) => "sync",
            Cause::Asked(_, CommitKind::Async) => "async",
            Cause::Auto => "auto",
            Cause::Rebalance => "rebalance",
            Cause::Close => "close",
        }
    }
}

/// A partition with the offset to commit and, where it is known, the leader epoch before it.
pub(super) type Offset = (TopicPartition, i64, Option<i32>);

#[derive(Debug)]
pub(super) struct Commit {
    cause: Cause,
    offsets: Vec<Offset>,
    since: i64,
    attempts: u32,
    not_before: i64,
}

impl Consumer {
    /// Commits `offsets` (each that of the next record to be read), or all positions.
    pub fn commit(
        &mut self,
        now: i64,
        offsets: Option<Vec<(TopicPartition, i64)>>,
        kind: CommitKind,
    ) -> CommitId {
        self.touch(now);
        let id = CommitId(self.next_commit);
        self.next_commit += 1;
        let offsets = match offsets {
            None => self.positions(),
            Some(told) => told
                .into_iter()
                .map(|(tp, offset)| (tp, offset, None))
                .collect(),
        };
        self.queue_commit(now, Cause::Asked(id, kind), offsets);
        id
    }

    pub(super) fn positions(&self) -> Vec<Offset> {
        let known = self.partitions.iter().filter_map(|(tp, assigned)| {
            Some((tp.clone(), assigned.consumed()?, assigned.last_epoch))
        });
        known.collect()
    }

    pub(super) fn commit_positions(&mut self, now: i64, cause: Cause) {
        let offsets = self.positions();
        self.queue_commit(now, cause, offsets);
    }

    fn queue_commit(&mut self, now: i64, cause: Cause, offsets: Vec<Offset>) {
        let commit = Commit {
            cause,
            offsets,
            since: now,
            attempts: 0,
            not_before: i64::MIN,
        };
        if self.group.is_none() {
            let error = ClientError::IllegalState("a commit needs a group.id");
            self.commit_ended(now, commit, Err(error));
        } else if commit.offsets.is_empty() {
            self.commit_ended(now, commit, Ok(()));
        } else if self.commits.len() >= MAX_WAITING_COMMITS {
            let error = ClientError::IllegalState("too many commits wait for the coordinator");
            self.commit_ended(now, commit, Err(error));
        } else {
            self.commits.push_back(commit);
        }
    }

    pub(super) fn has_commit(&self, cause: Cause) -> bool {
        self.commits.iter().any(|commit| commit.cause == cause)
    }

    /// Commits positions when `auto.commit.interval.ms` has passed. Only while the application is
    /// in `poll`: what it was handed before is done then.
    pub(super) fn auto_commit(&mut self, now: i64) {
        let Some(group) = &self.group else { return };
        let stable = !self.is_subscribed() || matches!(group.phase, Phase::Stable);
        if !self.config.enable_auto_commit || !stable || now < self.next_auto_commit {
            return;
        }
        self.next_auto_commit = now + self.config.auto_commit_interval_ms;
        if !self.has_commit(Cause::Auto) {
            self.commit_positions(now, Cause::Auto);
        }
    }

    pub(super) fn send_commits(&mut self, now: i64) {
        while !self.committing {
            let Some(front) = self.commits.front() else {
                return;
            };
            let Some(group) = &self.group else { return };
            let limit = self.config.client.default_api_timeout_ms;
            let error = if self.is_subscribed() && !group.is_member() {
                let message = Some("the consumer is not a member of its group".to_owned());
                Some(ClientError::Broker {
                    code: ResponseError::UnknownMemberId.code(),
                    message,
                })
            } else if now - front.since >= limit {
                let setting = "default.api.timeout.ms";
                Some(ClientError::Timeout {
                    setting,
                    after_ms: limit,
                    last: None,
                })
            } else {
                None
            };
            if let Some(error) = error {
                if let Some(commit) = self.commits.pop_front() {
                    self.commit_ended(now, commit, Err(error));
                }
                continue;
            }
            let Some(node) = group.coordinator else {
                return;
            };
            if now < front.not_before || !self.net.ready(now, node) {
                return;
            }
            self.send_commit(now, node);
        }
    }

    fn send_commit(&mut self, now: i64, node: i32) {
        let (Some(front), Some(group)) = (self.commits.front(), &self.group) else {
            return;
        };
        let offsets: Vec<Offset> = front.offsets.clone();
        let (id, member, generation) =
            (group.id.clone(), group.member_id.clone(), group.generation);
        let instance = self.config.group_instance_id.clone();
        self.committing = true;
        self.net.send(
            now,
            node,
            Purpose::Commit(generation),
            Call::default(),
            |version| {
                let named = offsets
                    .iter()
                    .map(|(tp, offset, epoch)| (tp, (*offset, *epoch)));
                let topics = by_topic(named).into_iter().map(|(topic, partitions)| {
                    let partitions = partitions.into_iter().map(|(partition, (offset, epoch))| {
                        let told = OffsetCommitRequestPartition::default()
                            .with_partition_index(partition)
                            .with_committed_offset(offset)
                            .with_committed_metadata(Some(StrBytes::new()));
                        match epoch.filter(|_| version >= EPOCH_VERSION) {
                            Some(epoch) => told.with_committed_leader_epoch(epoch),
                            None => told,
                        }
                    });
                    OffsetCommitRequestTopic::default()
                        .with_name(text(topic).into())
                        .with_partitions(partitions.collect())
                });
                let request = OffsetCommitRequest::default()
                    .with_group_id(text(&id).into())
                    .with_generation_id_or_member_epoch(generation)
                    .with_member_id(text(&member))
                    .with_topics(topics.collect());
                if version < STATIC_VERSION {
                    return request;
                }
                request.with_group_instance_id(instance.map(StrBytes::from_string))
            },
        );
    }

    pub(super) fn commit_answered(
        &mut self,
        now: i64,
        generation: i32,
        answer: &OffsetCommitResponse,
    ) {
        self.committing = false;
        let codes = answer.topics.iter().flat_map(|topic| &topic.partitions);
        let refused = codes
            .filter_map(|partition| response_error(partition.error_code))
            .next();
        let Some(commit) = self.commits.pop_front() else {
            return;
        };
        let Some(refused) = refused else {
            return self.commit_ended(now, commit, Ok(()));
        };
        use ResponseError as E;
        let name = konbini_protocol::error::name(refused.code());
        let current = self
            .group
            .as_ref()
            .is_some_and(|group| group.generation == generation);
        match refused {
            E::CoordinatorNotAvailable | E::NotCoordinator | E::RequestTimedOut => {
                self.lose_coordinator(now, &name);
                return self.commit_again(now, commit, refused);
            }
            E::CoordinatorLoadInProgress | E::UnknownTopicOrPartition => {
                return self.commit_again(now, commit, refused);
            }
            E::RebalanceInProgress if self.is_subscribed() => {
                if let Some(group) = &mut self.group {
                    group.request_rejoin(Reason::new("offset commit failed: group is rebalancing"));
                }
            }
            E::UnknownMemberId | E::IllegalGeneration if current && self.is_subscribed() => {
                self.evicted(&name, refused == E::UnknownMemberId);
            }
            E::FencedInstanceId | E::GroupAuthorizationFailed => {
                self.fail_group(ClientError::Broker {
                    code: refused.code(),
                    message: None,
                });
            }
            _ => {}
        }
        let error = ClientError::Broker {
            code: refused.code(),
            message: None,
        };
        self.commit_ended(now, commit, Err(error));
    }

    pub(super) fn commit_lost(&mut self, now: i64, lost: &Lost) {
        self.committing = false;
        self.coordinator_lost(now, lost);
        if let Some(commit) = self.commits.pop_front() {
            self.commit_again(now, commit, ResponseError::NetworkException);
        }
    }

    fn commit_again(&mut self, now: i64, mut commit: Commit, error: ResponseError) {
        if !commit.cause.is_waited_for() {
            let error = ClientError::Broker {
                code: error.code(),
                message: None,
            };
            return self.commit_ended(now, commit, Err(error));
        }
        commit.not_before = now
            + self
                .retry_backoff
                .delay(commit.attempts, &mut self.net.seed);
        commit.attempts = commit.attempts.saturating_add(1);
        self.stats.last_error = Some(konbini_protocol::error::name(error.code()));
        self.commits.push_front(commit);
    }

    fn commit_ended(&mut self, now: i64, commit: Commit, result: Result<(), ClientError>) {
        let setting = (commit.cause == Cause::Auto).then_some("auto.commit.interval.ms");
        let event = match &result {
            Ok(()) => {
                self.stats.commits += u64::from(!commit.offsets.is_empty());
                Event::detail("consumer-committed")
            }
            Err(error) => {
                self.stats.last_error = Some(error.code_name());
                Event::warn("consumer-commit-failed").with("error", error.code_name())
            }
        };
        let offsets: Vec<String> = commit
            .offsets
            .iter()
            .map(|(tp, offset, _)| format!("{tp}@{offset}"))
            .collect();
        let event = event
            .with("by", commit.cause.name())
            .with("offsets", offsets.join(", "));
        let mut event = self.group_event(event);
        if let Some(setting) = setting {
            event = event.because_of(setting);
        }
        if !commit.offsets.is_empty() || result.is_err() {
            self.net.event(event);
        }
        match commit.cause {
            Cause::Asked(id, _) => self.outputs.push_back(Told::Committed(id, result)),
            Cause::Auto if result.is_err() => {
                // Sooner than the interval, as in Java.
                self.next_auto_commit = now + self.config.client.retry_backoff_ms;
            }
            _ => {}
        }
    }

    /// When a waiting commit has something to do.
    pub(super) fn commit_at(&self) -> Option<i64> {
        let front = self.commits.front()?;
        let overdue = front
            .since
            .saturating_add(self.config.client.default_api_timeout_ms);
        let again = if self.committing {
            i64::MIN
        } else {
            front.not_before
        };
        Some(if again > self.now {
            again.min(overdue)
        } else {
            overdue
        })
    }
}
