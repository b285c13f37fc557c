//! A topic, a group and their brokers, as far as one consumer can tell.

use super::*;

/// Topic `t` and group `g` on one or two brokers; broker 1 coordinates.
pub(crate) struct Cluster {
    pub(crate) leaders: Vec<i32>,
    /// Values by partition, offsets from `starts`.
    pub(crate) logs: BTreeMap<i32, Vec<String>>,
    pub(crate) starts: BTreeMap<i32, i64>,
    pub(crate) committed: BTreeMap<i32, i64>,
    /// What the group's leader (this client) or another one assigned to this client.
    pub(crate) assign_to_us: Option<Vec<i32>>,
    /// Another member's id and subscription bytes, shown to the leader.
    pub(crate) other: Option<(&'static str, Bytes)>,
    pub(crate) generation: i32,
    pub(crate) heartbeat_error: i16,
    pub(crate) commit_error: i16,
    pub(crate) fetch_error: i16,
    /// Each node's session and what it knows.
    pub(crate) sessions: BTreeMap<i32, (i32, BTreeMap<i32, i64>)>,
    /// (virtual ms since the start, what came).
    pub(crate) seen: Vec<(i64, String)>,
}

impl Cluster {
    pub(crate) fn new(partitions: i32, records: usize) -> Cluster {
        let log = |p: i32| (p, (0..records).map(|i| format!("{p}-{i}")).collect());
        Cluster {
            leaders: vec![1; partitions as usize],
            logs: (0..partitions).map(log).collect(),
            starts: BTreeMap::new(),
            committed: BTreeMap::new(),
            assign_to_us: None,
            other: None,
            generation: 0,
            heartbeat_error: 0,
            commit_error: 0,
            fetch_error: 0,
            sessions: BTreeMap::new(),
            seen: Vec::new(),
        }
    }

    fn note(&mut self, at: i64, what: impl Into<String>) {
        self.seen.push((at - fake::START, what.into()));
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        self.seen
            .iter()
            .filter(|(_, seen)| seen.starts_with(what))
            .count()
    }

    pub(crate) fn when(&self, what: &str) -> Vec<i64> {
        self.seen
            .iter()
            .filter(|(_, seen)| seen.starts_with(what))
            .map(|(at, _)| *at)
            .collect()
    }

    fn start(&self, partition: i32) -> i64 {
        self.starts.get(&partition).copied().unwrap_or(0)
    }

    pub(crate) fn answer(&mut self, asked: Asked) -> Reply {
        let at = asked.at;
        Reply::Answer(match asked.body {
            RequestKind::Metadata(_) => metadata(
                &[1, 2],
                &[Topic {
                    name: "t",
                    leaders: self.leaders.clone(),
                }],
            ),
            RequestKind::FindCoordinator(request) => {
                let host = fake::address(1);
                let found = Coordinator::default()
                    .with_key(request.coordinator_keys[0].clone())
                    .with_node_id(1.into())
                    .with_host(text(&host.host))
                    .with_port(host.port.into());
                FindCoordinatorResponse::default()
                    .with_coordinators(vec![found])
                    .into()
            }
            RequestKind::JoinGroup(request) => return self.join(at, &request),
            RequestKind::SyncGroup(request) => self.sync(at, &request),
            RequestKind::Heartbeat(_) => {
                self.note(at, "heartbeat");
                HeartbeatResponse::default()
                    .with_error_code(self.heartbeat_error)
                    .into()
            }
            RequestKind::LeaveGroup(request) => {
                let reason = request.members[0].reason.clone().unwrap_or_default();
                self.note(at, format!("leave {reason}"));
                LeaveGroupResponse::default().into()
            }
            RequestKind::OffsetCommit(request) => self.commit(at, &request),
            RequestKind::OffsetFetch(request) => self.committed(&request),
            RequestKind::ListOffsets(request) => self.list_offsets(&request),
            RequestKind::Fetch(request) => return self.fetch(at, asked.node, &request),
            other => panic!("unexpected {other:?}"),
        })
    }

    fn join(&mut self, at: i64, request: &JoinGroupRequest) -> Reply {
        if request.member_id.is_empty() {
            let body = JoinGroupResponse::default()
                .with_error_code(79)
                .with_member_id(text("us"))
                .with_protocol_name(Some(text("")));
            return Reply::Answer(body.into());
        }
        let reason = request.reason.clone().unwrap_or_default();
        self.note(at, format!("join {}: {reason}", request.member_id));
        self.generation += 1;
        let own = &request.protocols[0];
        let member = |id: &str, metadata: Bytes| {
            JoinGroupResponseMember::default()
                .with_member_id(text(id))
                .with_metadata(metadata)
        };
        let mut members = vec![member(&request.member_id, own.metadata.clone())];
        if let Some((id, metadata)) = &self.other {
            members.push(member(id, metadata.clone()));
        }
        let body = JoinGroupResponse::default()
            .with_generation_id(self.generation)
            .with_protocol_type(Some(text("consumer")))
            .with_protocol_name(Some(own.name.clone()))
            .with_leader(request.member_id.clone())
            .with_member_id(request.member_id.clone())
            .with_members(members);
        Reply::Answer(body.into())
    }

    fn sync(&mut self, at: i64, request: &SyncGroupRequest) -> ResponseKind {
        let own = request
            .assignments
            .iter()
            .find(|a| a.member_id == request.member_id)
            .unwrap();
        self.note(at, format!("sync {}", request.generation_id));
        let assignment = match &self.assign_to_us {
            None => own.assignment.clone(),
            Some(list) => assignment_bytes(list),
        };
        SyncGroupResponse::default()
            .with_assignment(assignment)
            .into()
    }

    fn commit(&mut self, at: i64, request: &OffsetCommitRequest) -> ResponseKind {
        let mut topics = Vec::new();
        for topic in &request.topics {
            let mut partitions = Vec::new();
            for p in &topic.partitions {
                if self.commit_error == 0 {
                    self.committed.insert(p.partition_index, p.committed_offset);
                }
                self.note(
                    at,
                    format!("commit {}@{}", p.partition_index, p.committed_offset),
                );
                partitions.push(
                    OffsetCommitResponsePartition::default()
                        .with_partition_index(p.partition_index)
                        .with_error_code(self.commit_error),
                );
            }
            topics.push(
                OffsetCommitResponseTopic::default()
                    .with_name(topic.name.clone())
                    .with_partitions(partitions),
            );
        }
        OffsetCommitResponse::default().with_topics(topics).into()
    }

    fn committed(&self, request: &OffsetFetchRequest) -> ResponseKind {
        let group = &request.groups[0];
        let topics = group.topics.iter().flatten().map(|topic| {
            let partitions = topic.partition_indexes.iter().map(|p| {
                OffsetFetchResponsePartitions::default()
                    .with_partition_index(*p)
                    .with_committed_offset(self.committed.get(p).copied().unwrap_or(-1))
                    .with_metadata(Some(text("")))
            });
            OffsetFetchResponseTopics::default()
                .with_name(topic.name.clone())
                .with_partitions(partitions.collect())
        });
        let group = OffsetFetchResponseGroup::default()
            .with_group_id(group.group_id.clone())
            .with_topics(topics.collect());
        OffsetFetchResponse::default()
            .with_groups(vec![group])
            .into()
    }

    fn list_offsets(&self, request: &ListOffsetsRequest) -> ResponseKind {
        let topics = request.topics.iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|p| {
                let start = self.start(p.partition_index);
                let end = start + self.logs[&p.partition_index].len() as i64;
                ListOffsetsPartitionResponse::default()
                    .with_partition_index(p.partition_index)
                    .with_offset(if p.timestamp == -2 { start } else { end })
                    .with_timestamp(-1)
            });
            ListOffsetsTopicResponse::default()
                .with_name(topic.name.clone())
                .with_partitions(partitions.collect())
        });
        ListOffsetsResponse::default()
            .with_topics(topics.collect())
            .into()
    }

    /// Incremental sessions, whole batches of 10 records, `max_wait_ms` when there is nothing.
    fn fetch(&mut self, at: i64, node: i32, request: &FetchRequest) -> Reply {
        let (session, known) = self.sessions.entry(node).or_default();
        if request.session_epoch == 0 {
            *session += 1;
            known.clear();
        } else {
            assert_eq!(request.session_id, *session);
        }
        for topic in &request.forgotten_topics_data {
            for p in &topic.partitions {
                known.remove(p);
            }
        }
        for p in request.topics.iter().flat_map(|topic| &topic.partitions) {
            known.insert(p.partition, p.fetch_offset);
        }
        let (session, known) = (*session, known.clone());
        let sent: usize = request
            .topics
            .iter()
            .map(|topic| topic.partitions.len())
            .sum();
        self.note(at, format!("fetch node {node} of {sent}"));
        let mut partitions = Vec::new();
        for (p, offset) in &known {
            let start = self.start(*p);
            let log = &self.logs[p];
            let end = start + log.len() as i64;
            let mut data = PartitionData::default()
                .with_partition_index(*p)
                .with_high_watermark(end)
                .with_aborted_transactions(None);
            if self.fetch_error != 0 {
                data.error_code = std::mem::take(&mut self.fetch_error);
            } else if *offset < start || *offset > end {
                data.error_code = 1;
            } else if *offset < end {
                let first = (offset - start) / 10 * 10;
                let batch = &log[first as usize..(first as usize + 10).min(log.len())];
                let mut builder = BatchBuilder::new(Codec::Lz4)
                    .base_offset(start + first)
                    .partition_leader_epoch(3);
                for value in batch {
                    builder
                        .append(fake::START, None, Some(value.as_bytes()), &[])
                        .unwrap();
                }
                data.records = Some(builder.build());
            } else {
                continue;
            }
            partitions.push(data);
        }
        let empty = partitions.is_empty();
        let topic = FetchableTopicResponse::default()
            .with_topic(topic_name("t"))
            .with_topic_id(topic_id("t"))
            .with_partitions(partitions);
        let body: ResponseKind = FetchResponse::default()
            .with_session_id(session)
            .with_responses(if empty { Vec::new() } else { vec![topic] })
            .into();
        if empty {
            Reply::Later(request.max_wait_ms.into(), body)
        } else {
            Reply::Answer(body)
        }
    }
}

fn assignment_bytes(partitions: &[i32]) -> Bytes {
    let mut bytes = vec![0, 3, 0, 0, 0, 1, 0, 1, b't'];
    bytes.extend((partitions.len() as i32).to_be_bytes());
    partitions
        .iter()
        .for_each(|p| bytes.extend(p.to_be_bytes()));
    bytes.extend([0xff; 4]);
    bytes.into()
}

/// A subscription to `t` that owns the given partitions.
pub(crate) fn subscription_bytes(owned: &[i32], generation: i32) -> Bytes {
    let mut bytes = vec![0, 3, 0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 4];
    bytes.extend(generation.to_be_bytes());
    bytes.extend([0, 0, 0, 1, 0, 1, b't']);
    bytes.extend((owned.len() as i32).to_be_bytes());
    owned.iter().for_each(|p| bytes.extend(p.to_be_bytes()));
    bytes.extend(generation.to_be_bytes());
    bytes.extend([0xff; 2]);
    bytes.into()
}
