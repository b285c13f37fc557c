//! A coordinator with one shard whose log commits at once, and the checks that hold after any call.

use super::super::{
    Asked, Coordinator, Effects, GroupConfig, Image, Record, RequestContext, Topics, Waiter,
};
use bytes::Bytes;
use kafka_protocol::messages::{
    HeartbeatRequest, JoinGroupRequest, OffsetCommitRequest, SyncGroupRequest,
};
use kafka_protocol::protocol::StrBytes;
use konbini_protocol::messages::{RequestKind, ResponseKind};
use konbini_protocol::response;
use konbini_trace::Event;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub struct Harness {
    pub coordinator: Coordinator,
    pub topics: TestTopics,
    pub now: i64,
    config: GroupConfig,
    boots: u64,
    next_waiter: u64,
    /// Everything ever appended to partition 0.
    pub log: Vec<(Bytes, Option<Bytes>)>,
    /// The hard state that the log describes.
    says: Image,
    /// API version by waiter, until answered.
    pub waiting: BTreeMap<Waiter, i16>,
    answered: BTreeSet<Waiter>,
    /// Answers not looked at yet, in order.
    pub answers: Vec<(Waiter, ResponseKind)>,
    pub events: Vec<Event>,
}

/// Topics by name, with the number of their id and how many partitions they have.
pub struct TestTopics {
    topics: BTreeMap<String, (u128, i32)>,
    created: u128,
}

/// Topic `t` with four partitions and topic `u` with one.
pub fn two_topics() -> TestTopics {
    let mut topics = TestTopics {
        topics: BTreeMap::new(),
        created: 0,
    };
    topics.set("t", 4);
    topics.set("u", 1);
    topics
}

impl TestTopics {
    /// Creates a topic, or gives it more partitions.
    pub fn set(&mut self, name: &str, partitions: i32) {
        let known = self.topics.entry(name.to_owned());
        let (_, count) = known.or_insert_with(|| {
            self.created += 1;
            (self.created, 0)
        });
        *count = partitions;
    }

    /// Gives a topic at least so many partitions.
    pub fn grow(&mut self, name: &str, partitions: i32) {
        let now = self.partition_count(name).unwrap_or(0);
        self.set(name, partitions.max(now));
    }

    pub fn delete(&mut self, name: &str) {
        self.topics.remove(name);
    }

    /// `t-0` for partition 0 of topic `t`.
    pub fn show(&self, id: Uuid, partition: i32) -> String {
        let found = self
            .topics
            .iter()
            .find(|(_, (known, _))| *known == id.as_u128());
        let name = found.map_or("?", |(name, _)| name);
        format!("{name}-{partition}")
    }
}

impl Topics for TestTopics {
    fn partition_count(&self, topic: &str) -> Option<i32> {
        self.topics.get(topic).map(|(_, count)| *count)
    }

    fn id(&self, topic: &str) -> Option<Uuid> {
        let (id, _) = self.topics.get(topic)?;
        Some(Uuid::from_u128(*id))
    }

    fn names(&self) -> Vec<&str> {
        self.topics.keys().map(String::as_str).collect()
    }
}

impl Harness {
    pub fn new(config: GroupConfig) -> Harness {
        let config = GroupConfig {
            offsets_topic_partitions: 1,
            ..config
        };
        let mut harness = Harness {
            coordinator: Coordinator::new(config.clone(), 1),
            topics: two_topics(),
            now: 1_000_000,
            config,
            boots: 1,
            next_waiter: 0,
            log: Vec::new(),
            says: Image::default(),
            waiting: BTreeMap::new(),
            answered: BTreeSet::new(),
            answers: Vec::new(),
            events: Vec::new(),
        };
        harness.load();
        harness
    }

    /// Sends a request and takes in what it does.
    pub fn send(&mut self, client: &str, api_version: i16, request: RequestKind) -> Waiter {
        let waiter = Waiter(self.next_waiter);
        self.next_waiter += 1;
        self.waiting.insert(waiter, api_version);
        let context = RequestContext {
            client_id: client,
            client_host: "/127.0.0.1",
            api_version,
        };
        let asked = Asked {
            now: self.now,
            waiter,
            context,
        };
        let (coordinator, topics) = (&mut self.coordinator, &self.topics);
        let effects = match &request {
            RequestKind::JoinGroup(request) => coordinator.join_group(asked, request, topics),
            RequestKind::SyncGroup(request) => coordinator.sync_group(asked, request, topics),
            RequestKind::Heartbeat(request) => coordinator.heartbeat(asked, request, topics),
            RequestKind::LeaveGroup(request) => coordinator.leave_group(asked, request, topics),
            RequestKind::OffsetCommit(request) => coordinator.offset_commit(asked, request, topics),
            RequestKind::OffsetFetch(request) => coordinator.offset_fetch(asked, request),
            RequestKind::OffsetDelete(request) => coordinator.offset_delete(asked, request, topics),
            RequestKind::DescribeGroups(request) => coordinator.describe_groups(asked, request),
            RequestKind::ListGroups(request) => coordinator.list_groups(asked, request),
            RequestKind::DeleteGroups(request) => coordinator.delete_groups(asked, request, topics),
            RequestKind::ConsumerGroupHeartbeat(request) => {
                coordinator.consumer_group_heartbeat(asked, request, topics)
            }
            RequestKind::ConsumerGroupDescribe(request) => {
                coordinator.consumer_group_describe(asked, request)
            }
            other => panic!("not a group request: {other:?}"),
        };
        self.take(effects);
        waiter
    }

    /// Lets virtual time pass; everything happens at its own time.
    pub fn wait(&mut self, ms: i64) {
        let until = self.now + ms;
        while let Some(at) = self.coordinator.wake_at().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            let effects = self.coordinator.tick(self.now, &self.topics);
            self.take(effects);
        }
        self.now = until;
    }

    pub fn take(&mut self, effects: Effects) {
        for append in effects.appends {
            assert_eq!(append.partition, 0);
            for (key, value) in append.records {
                let record = Record::decode(&key, value.as_deref()).unwrap().unwrap();
                self.says.replay(record);
                self.log.push((key, value));
            }
        }
        for reply in effects.replies {
            let version = self.waiting.remove(&reply.waiter);
            let version = version.unwrap_or_else(|| panic!("{:?} answered twice", reply.waiter));
            assert!(self.answered.insert(reply.waiter));
            assert_encodes(&reply.response, version);
            self.answers.push((reply.waiter, reply.response));
        }
        self.events.extend(effects.events);
        if let Some(image) = self.coordinator.image(0) {
            assert_eq!(
                &self.says, image,
                "the log says something else than the shard"
            );
        }
    }

    /// The shard moves away; who waits is answered.
    pub fn unload(&mut self) {
        let effects = self.coordinator.unload(self.now, 0);
        self.take(effects);
    }

    /// The coordinator's node loses power: nobody is answered.
    pub fn crash(&mut self) {
        self.boots += 1;
        self.coordinator = Coordinator::new(self.config.clone(), self.boots);
        self.waiting.clear();
    }

    pub fn begin_load(&mut self) {
        self.coordinator.begin_load(0);
    }

    /// Reads the whole log and serves.
    pub fn load(&mut self) {
        self.coordinator.begin_load(0);
        for (key, value) in &self.log {
            self.coordinator
                .replay(0, None, key, value.as_deref())
                .unwrap();
        }
        let effects = self.coordinator.finish_load(self.now, 0, &self.topics);
        self.take(effects);
    }
}

/// Every answer must fit the version it was asked in.
fn assert_encodes(response: &ResponseKind, version: i16) {
    let encoded = response::encode_kind(0, version, response);
    encoded.unwrap_or_else(|error| panic!("{response:?} in version {version}: {error}"));
}

pub fn text(value: &str) -> StrBytes {
    StrBytes::from_string(value.to_owned())
}

/// The bytes with which a consumer subscribes to topics (version 0).
pub fn subscription(topics: &[&str]) -> Bytes {
    let mut bytes = vec![0, 0];
    bytes.extend((topics.len() as i32).to_be_bytes());
    for topic in topics {
        bytes.extend((topic.len() as i16).to_be_bytes());
        bytes.extend(topic.as_bytes());
    }
    bytes.extend((-1i32).to_be_bytes());
    bytes.into()
}

/// The bytes that assign partitions of topic `t` (version 0).
pub fn assignment(partitions: &[i32]) -> Bytes {
    let mut bytes = vec![0, 0, 0, 0, 0, 1, 0, 1, b't'];
    bytes.extend((partitions.len() as i32).to_be_bytes());
    for partition in partitions {
        bytes.extend(partition.to_be_bytes());
    }
    bytes.extend((-1i32).to_be_bytes());
    bytes.into()
}

pub fn join(group: &str, member: &str) -> JoinGroupRequest {
    JoinGroupRequest::default()
        .with_group_id(text(group).into())
        .with_member_id(text(member))
        .with_session_timeout_ms(10_000)
        .with_rebalance_timeout_ms(60_000)
        .with_protocol_type(text("consumer"))
}

pub fn sync(group: &str, member: &str, generation: i32) -> SyncGroupRequest {
    SyncGroupRequest::default()
        .with_group_id(text(group).into())
        .with_member_id(text(member))
        .with_generation_id(generation)
}

pub fn heartbeat(group: &str, member: &str, generation: i32) -> HeartbeatRequest {
    HeartbeatRequest::default()
        .with_group_id(text(group).into())
        .with_member_id(text(member))
        .with_generation_id(generation)
}

pub fn commit(group: &str, member: &str, generation: i32) -> OffsetCommitRequest {
    OffsetCommitRequest::default()
        .with_group_id(text(group).into())
        .with_member_id(text(member))
        .with_generation_id_or_member_epoch(generation)
}
