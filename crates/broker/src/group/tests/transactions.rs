//! Offsets in transactions: who may write them, and what becomes of them.

use super::super::{Asked, Coordinator, GroupConfig, RequestContext, Waiter};
use super::harness::{join, subscription, text, two_topics};
use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    DeleteGroupsRequest, OffsetFetchRequest, ProducerId, TxnOffsetCommitRequest,
};
use konbini_protocol::messages::ResponseKind;
use konbini_protocol::record::ProducerState;

const PRODUCER: i64 = 7;
const RETENTION_MS: i64 = 60_000;

struct Shard {
    coordinator: Coordinator,
    now: i64,
    /// Transactional batches, and all others without a producer.
    log: Vec<(Option<ProducerState>, Bytes, Option<Bytes>)>,
}

fn config() -> GroupConfig {
    GroupConfig {
        offsets_topic_partitions: 1,
        offsets_retention_ms: RETENTION_MS,
        offsets_retention_check_interval_ms: RETENTION_MS,
        initial_rebalance_delay_ms: 0,
        ..GroupConfig::default()
    }
}

impl Shard {
    fn new() -> Shard {
        let mut coordinator = Coordinator::new(config(), 1);
        coordinator.begin_load(0);
        coordinator.finish_load(0, 0, &two_topics());
        Shard {
            coordinator,
            now: 0,
            log: Vec::new(),
        }
    }

    /// Another leader, which knows what the log says. Markers are not in it: none was written yet.
    fn reload(&mut self) {
        self.coordinator = Coordinator::new(config(), 2);
        self.coordinator.begin_load(0);
        for (producer, key, value) in &self.log {
            let producer = producer.map(|producer| producer.id);
            let read = self.coordinator.replay(0, producer, key, value.as_deref());
            read.expect("what was written can be read");
        }
        self.coordinator.finish_load(self.now, 0, &two_topics());
    }

    fn ask(
        &mut self,
        run: impl FnOnce(&mut Coordinator, Asked<'_>) -> super::super::Effects,
    ) -> Option<ResponseKind> {
        let context = RequestContext {
            client_id: "c",
            client_host: "/h",
            api_version: 5,
        };
        let asked = Asked {
            now: self.now,
            waiter: Waiter(0),
            context,
        };
        let mut effects = run(&mut self.coordinator, asked);
        for append in effects.appends {
            let records = append.records.into_iter();
            let producer = append.producer;
            self.log
                .extend(records.map(|(key, value)| (producer, key, value)));
        }
        effects.replies.pop().map(|reply| reply.response)
    }

    fn commit(&mut self, group: &str, member: &str, generation: i32, offset: i64) -> i16 {
        let partition = TxnOffsetCommitRequestPartition::default().with_committed_offset(offset);
        let topic = TxnOffsetCommitRequestTopic::default()
            .with_name(text("t").into())
            .with_partitions(vec![partition]);
        let request = TxnOffsetCommitRequest::default()
            .with_group_id(text(group).into())
            .with_producer_id(ProducerId(PRODUCER))
            .with_producer_epoch(3)
            .with_generation_id(generation)
            .with_member_id(text(member))
            .with_topics(vec![topic]);
        let answer = self.ask(|coordinator, asked| {
            coordinator.txn_offset_commit(asked, &request, &two_topics())
        });
        let Some(ResponseKind::TxnOffsetCommit(answer)) = answer else {
            panic!("no answer")
        };
        answer.topics[0].partitions[0].error_code
    }

    /// All offsets of the group, as `topic-partition=offset`.
    fn offsets(&mut self, group: &str) -> Vec<String> {
        let request = OffsetFetchRequest::default()
            .with_group_id(text(group).into())
            .with_topics(None);
        let answer = self.ask(|coordinator, asked| coordinator.offset_fetch(asked, &request));
        let Some(ResponseKind::OffsetFetch(answer)) = answer else {
            panic!("no answer")
        };
        let topics = answer.topics.iter();
        let each = topics.flat_map(|topic| {
            let partitions = topic.partitions.iter();
            partitions.map(|partition| {
                let (index, offset) = (partition.partition_index, partition.committed_offset);
                format!("{}-{index}={offset}", topic.name.as_str())
            })
        });
        each.collect()
    }

    fn end(&mut self, commit: bool) {
        self.coordinator.end_transaction(0, PRODUCER, commit);
    }
}

#[test]
fn records_carry_their_producer() {
    let mut shard = Shard::new();
    assert_eq!(shard.commit("g", "", -1, 5), 0);
    let producer = shard.log[0].0.expect("a transactional batch");
    assert_eq!((producer.id, producer.epoch), (PRODUCER, 3));
    assert_eq!(shard.offsets("g"), [""; 0]);
    shard.reload();
    assert_eq!(shard.offsets("g"), [""; 0]);
    shard.end(true);
    assert_eq!(shard.offsets("g"), ["t-0=5"]);
}

#[test]
fn members_are_checked_if_they_say_who_they_are() {
    let mut shard = Shard::new();
    let protocol = JoinGroupRequestProtocol::default()
        .with_name(text("range"))
        .with_metadata(subscription(&["t"]));
    let request = join("g", "").with_protocols(vec![protocol]);
    let answer = shard.ask(|coordinator, asked| {
        let context = RequestContext {
            api_version: 3, // Before member ids were asked for.
            ..asked.context
        };
        coordinator.join_group(Asked { context, ..asked }, &request, &two_topics())
    });
    assert!(answer.is_none(), "it waits for others");
    let effects = shard.coordinator.tick(shard.now, &two_topics());
    let Some(ResponseKind::JoinGroup(joined)) =
        effects.replies.into_iter().map(|r| r.response).next()
    else {
        panic!("no answer")
    };
    let member = joined.member_id.to_string();
    // Member, generation, code.
    let rows = [
        (member.as_str(), 1, 0),
        // Without an identity (before version 3) nobody can tell.
        ("", -1, 0),
        (member.as_str(), 0, ResponseError::IllegalGeneration.code()),
        ("somebody", 1, ResponseError::UnknownMemberId.code()),
        ("", 1, ResponseError::UnknownMemberId.code()),
    ];
    for (member, generation, code) in rows {
        let found = shard.commit("g", member, generation, 5);
        assert_eq!(found, code, "{member:?} {generation}");
    }
    let unknown = shard.commit("nobody", "somebody", 1, 5);
    assert_eq!(unknown, ResponseError::IllegalGeneration.code());
}

#[test]
fn a_deleted_group_does_not_come_back() {
    let mut shard = Shard::new();
    shard.commit("g", "", -1, 5);
    let request = DeleteGroupsRequest::default().with_groups_names(vec![text("g").into()]);
    let answer =
        shard.ask(|coordinator, asked| coordinator.delete_groups(asked, &request, &two_topics()));
    let Some(ResponseKind::DeleteGroups(answer)) = answer else {
        panic!("no answer")
    };
    assert_eq!(answer.results[0].error_code, 0);
    shard.reload();
    shard.end(true);
    assert_eq!(shard.offsets("g"), [""; 0]);
}

#[test]
fn what_is_pending_does_not_expire() {
    let mut shard = Shard::new();
    shard.commit("g", "", -1, 5);
    shard.end(true);
    shard.commit("g", "", -1, 6);
    for _ in 0..3 {
        shard.now += RETENTION_MS;
        let effects = shard.coordinator.tick(shard.now, &two_topics());
        assert!(effects.appends.is_empty());
    }
    assert_eq!(shard.offsets("g"), ["t-0=5"]);
    shard.end(false);
    shard.now += RETENTION_MS;
    shard.coordinator.tick(shard.now, &two_topics());
    assert_eq!(shard.offsets("g"), [""; 0]);
}

#[test]
fn offsets_of_a_deleted_topic_are_not_committed() {
    let mut shard = Shard::new();
    shard.commit("g", "", -1, 5);
    let effects = shard
        .coordinator
        .topics_deleted(shard.now, &["t".to_owned()]);
    assert_eq!(effects.appends[0].records.len(), 1);
    shard.end(true);
    assert_eq!(shard.offsets("g"), [""; 0]);
}
