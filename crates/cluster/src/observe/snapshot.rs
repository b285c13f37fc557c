//! The whole cluster at one moment. Cheap: what is expensive was seen as it happened.

use crate::Cluster;
use crate::actor::Client;
use crate::platter::Platter;
use konbini_broker::metadata::{Image, NO_LEADER, PartitionImage, ResourceType, TopicImage};
use konbini_broker::{Broker, OFFSETS_TOPIC, State, is_internal};
use konbini_client::HostPort;
use konbini_log::LogDir;
use konbini_scenario::Snapshot;
use konbini_scenario::fault::DiskState;
use konbini_scenario::snapshot::{
    BrokerState, BrokerView, ConsumerState, ConsumerView, GroupView, MemberView, OffsetView,
    PartitionView, ProducerView, QuorumView, ReplicaRole, ReplicaView, TopicView,
};
use konbini_scenario::spec::{Configs, ConsumerSpec, ProducerSpec};
use std::collections::BTreeMap;

/// In place of an epoch that nobody knows yet.
const NO_EPOCH: i32 = -1;

impl Cluster {
    /// What can be seen now.
    pub fn snapshot(&mut self) -> Snapshot {
        self.fill_tails();
        let topics = self.topic_views();
        Snapshot {
            now: self.now,
            epoch_ms: self.scenario.epoch_ms,
            trace_hash: self.trace.hash().to_string(),
            boot: self.boot,
            steps: self.steps,
            brokers: self.broker_views(),
            topics,
            producers: self.producer_views(),
            consumers: self.consumer_views(),
            groups: self.group_views(),
            rules: self.stage.weather.views(),
        }
    }

    /// The metadata of the broker that knows most.
    pub(crate) fn image(&self) -> Option<&Image> {
        let brokers = self.brokers.values();
        let newest = brokers.max_by_key(|broker| broker.metadata_offset());
        newest.map(Broker::metadata)
    }

    /// How each broker is, whether it runs or not.
    pub fn broker_views(&self) -> Vec<BrokerView> {
        let led = |id: i32| {
            let topics = self.image().into_iter().flat_map(Image::topics);
            let drawn = topics.filter(|topic| !is_internal(&topic.name));
            let partitions = drawn.flat_map(|topic| topic.partitions.values());
            partitions
                .filter(|partition| partition.leader == id)
                .count()
        };
        let ids = 1..=i32::try_from(self.scenario.brokers).unwrap_or(0);
        ids.map(|id| self.broker_view(id, u32::try_from(led(id)).unwrap_or(u32::MAX)))
            .collect()
    }

    fn broker_view(&self, id: i32, leads: u32) -> BrokerView {
        let broker = self.brokers.get(&id);
        let (machine, on_stage) = (self.machine(id), self.stage.machines.of(id));
        let platter = self.platters.get(&id);
        let HostPort { host, port } = self.addresses.of(id);
        BrokerView {
            id,
            host,
            port,
            state: match broker.map(|broker| broker.state_at(self.clock_of(id))) {
                Some(State::Starting) => BrokerState::Starting,
                Some(State::Up) => BrokerState::Up,
                Some(State::Fenced) => BrokerState::Fenced,
                None => BrokerState::Down,
            },
            controller: broker.is_some_and(Broker::is_active_controller),
            quorum: broker.and_then(Broker::quorum).map(|view| QuorumView {
                state: view.state.to_owned(),
                leader: view.leader.unwrap_or(-1),
                epoch: view.epoch,
                high_watermark: view.high_watermark.unwrap_or(-1),
                log_end: view.log_end,
            }),
            leads,
            log_bytes: platter.map_or(0, Platter::log_bytes),
            resident_bytes: broker.map_or(0, |broker| broker.resident_bytes() as u64),
            connections: broker.map_or(0, |broker| {
                u32::try_from(broker.connections()).unwrap_or(u32::MAX)
            }),
            offline: broker.map_or_else(Vec::new, Broker::offline_dirs),
            down: machine.down,
            stopping: machine.stopping,
            disk: match (on_stage.full, machine.disk_failed) {
                (_, true) => DiskState::Failed,
                (true, false) => DiskState::Full,
                (false, false) => DiskState::Ok,
            },
            unflushed_bytes: platter.map_or(0, |platter| platter.unflushed_bytes(self.now)),
            skew_ms: on_stage.skew_ms,
            slow_ms: self.stage.weather.slow_ms(id),
        }
    }

    fn topic_views(&mut self) -> Vec<TopicView> {
        let image = self.image();
        let mut brokers = self.brokers.values();
        let topics: Vec<TopicImage> = if brokers.any(|broker| broker.metadata_offset() > 0) {
            image.into_iter().flat_map(Image::topics).cloned().collect()
        } else {
            self.topics_on_disks()
        };
        let configs: Vec<Configs> = topics
            .iter()
            .map(|topic| {
                let own = image.and_then(|image| image.configs(ResourceType::Topic, &topic.name));
                own.cloned().unwrap_or_default()
            })
            .collect();
        topics
            .iter()
            .zip(configs)
            .map(|(topic, configs)| TopicView {
                name: topic.name.clone(),
                id: topic.id.to_string(),
                internal: is_internal(&topic.name),
                configs,
                partitions: topic
                    .partitions
                    .iter()
                    .map(|(index, partition)| self.partition_view(&topic.name, *index, partition))
                    .collect(),
            })
            .collect()
    }

    /// What lies on the disks, while no broker knows yet what of the metadata is committed: who leads
    /// and who is in sync is not known.
    fn topics_on_disks(&self) -> Vec<TopicImage> {
        let mut topics: BTreeMap<&str, TopicImage> = BTreeMap::new();
        for (id, broker) in &self.brokers {
            for replica in broker.replicas() {
                let topic = topics.entry(replica.topic()).or_insert_with(|| TopicImage {
                    id: replica.partition.topic,
                    name: replica.topic().to_owned(),
                    partitions: BTreeMap::new(),
                });
                let partition = topic.partitions.entry(replica.partition.index);
                let unknown = PartitionImage {
                    replicas: Vec::new(),
                    isr: Vec::new(),
                    leader: NO_LEADER,
                    leader_is_recovering: false,
                    leader_epoch: NO_EPOCH,
                    partition_epoch: NO_EPOCH,
                    removing: Vec::new(),
                    adding: Vec::new(),
                };
                partition.or_insert(unknown).replicas.push(*id);
            }
        }
        topics.into_values().collect()
    }

    fn partition_view(&mut self, topic: &str, index: i32, image: &PartitionImage) -> PartitionView {
        let dir = LogDir::new(topic, index);
        let ids = image.replicas.iter();
        let logs: Vec<ReplicaView> = ids
            .filter_map(|id| {
                let replica = self.brokers.get(id)?.replica(topic, index)?;
                let mut view = replica_view(*id, &replica);
                let range = (view.log_start, view.log_end);
                view.tail = self.observer.tails.of(*id, &dir, range);
                Some(view)
            })
            .collect();
        let leader = self.brokers.get(&image.leader);
        let leader = leader.and_then(|broker| broker.replica(topic, index));
        let log = leader.as_ref().map(|replica| replica.log());
        let (log_start, log_end) =
            log.map_or((0, 0), |log| (log.log_start_offset(), log.log_end_offset()));
        PartitionView {
            partition: index,
            leader: image.leader,
            leader_epoch: image.leader_epoch,
            replicas: image.replicas.clone(),
            isr: image.isr.clone(),
            adding: image.adding.clone(),
            removing: image.removing.clone(),
            log_start,
            high_watermark: log.map_or(0, |log| log.high_watermark()),
            log_end,
            bytes: log.map_or(0, |log| log.size()),
            segments: log.map_or(0, |log| {
                u32::try_from(log.segment_count()).unwrap_or(u32::MAX)
            }),
            logs,
        }
    }

    fn producer_views(&self) -> Vec<ProducerView> {
        let now = self.unix(self.now);
        let specs = self.stage.producers.values();
        specs
            .map(|spec| {
                let number = self.producers.get(&spec.name);
                match number.and_then(|number| self.clients.get(number)) {
                    Some(Client::Producer(actor)) => actor.view(now),
                    _ => waiting_producer(spec),
                }
            })
            .collect()
    }

    fn consumer_views(&self) -> Vec<ConsumerView> {
        let now = self.unix(self.now);
        let all = self.stage.consumers.values();
        all.map(|on| {
            let number = self.consumers.get(&on.spec.name);
            match number.and_then(|number| self.clients.get(number)) {
                Some(Client::Consumer(actor)) => actor.view(now),
                _ => waiting_consumer(&on.spec, on.crashed),
            }
        })
        .collect()
    }

    /// Each group once. A broker that lost the lead of the group's partition without having heard of
    /// it still holds the group; so who leads comes first, then who led last.
    fn group_views(&self) -> Vec<GroupView> {
        let mut held: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for (id, broker) in &self.brokers {
            for group in broker.groups().groups() {
                let leads = self.leader_of(OFFSETS_TOPIC, group.partition) == Some(*id);
                let replica = broker.replica(OFFSETS_TOPIC, group.partition);
                let epoch = replica.and_then(|replica| replica.leader_epoch());
                let rank = (leads, epoch);
                held.entry(group.id()).or_default().push((rank, *id, group));
            }
        }
        held.into_values()
            .filter_map(|all| all.into_iter().max_by_key(|(rank, ..)| *rank))
            .map(|(_, id, group)| self.group_view(id, &group))
            .collect()
    }

    fn group_view(
        &self,
        coordinator: i32,
        group: &konbini_broker::group::GroupView<'_>,
    ) -> GroupView {
        let mut offsets: BTreeMap<(String, i32), i64> = BTreeMap::new();
        let members: Vec<MemberView> = group
            .members()
            .map(|member| {
                let owned = member.partitions().unwrap_or_default();
                for place in &owned {
                    offsets.insert(place.clone(), -1);
                }
                MemberView {
                    member_id: member.id().to_owned(),
                    client_id: member.client_id().to_owned(),
                    instance_id: member.instance_id().map(str::to_owned),
                    assignment: by_topic(owned),
                    leader: group.leader() == Some(member.id()),
                }
            })
            .collect();
        for (topic, partition, committed) in group.offsets() {
            offsets.insert((topic.to_owned(), partition), committed.offset);
        }
        GroupView {
            id: group.id().to_owned(),
            state: group.state().to_owned(),
            generation: group.generation(),
            protocol: group.protocol().unwrap_or("").to_owned(),
            coordinator,
            members,
            offsets: offsets
                .into_iter()
                .map(|((topic, partition), committed)| {
                    self.offset_view(topic, partition, committed)
                })
                .collect(),
        }
    }

    fn offset_view(&self, topic: String, partition: i32, committed: i64) -> OffsetView {
        let leader = self.leader_of(&topic, partition);
        let log = leader
            .and_then(|id| self.brokers.get(&id)?.replica(&topic, partition))
            .map(|replica| replica.log());
        let lag = log.map_or(0, |log| {
            let from = match committed {
                -1 => log.log_start_offset(),
                committed => committed,
            };
            (log.high_watermark() - from).max(0)
        });
        OffsetView {
            topic,
            partition,
            committed,
            lag,
        }
    }

    pub(crate) fn leader_of(&self, topic: &str, partition: i32) -> Option<i32> {
        let topic = self.image()?.topic(topic)?;
        Some(topic.partitions.get(&partition)?.leader)
    }
}

fn replica_view(broker: i32, replica: &konbini_broker::ReplicaView<'_>) -> ReplicaView {
    let log = replica.log();
    let (role, epoch) = match (replica.offline(), replica.leader_epoch(), replica.follows()) {
        (Some(_), ..) => (ReplicaRole::Offline, -1),
        (None, Some(epoch), _) => (ReplicaRole::Leader, epoch),
        (None, None, Some((_, epoch))) => (ReplicaRole::Follower, epoch),
        (None, None, None) => (ReplicaRole::Standby, -1),
    };
    ReplicaView {
        broker,
        role,
        epoch,
        log_start: log.log_start_offset(),
        log_end: log.log_end_offset(),
        high_watermark: log.high_watermark(),
        tail: Vec::new(),
    }
}

fn by_topic(places: Vec<(String, i32)>) -> Vec<(String, Vec<i32>)> {
    let mut topics: BTreeMap<String, Vec<i32>> = BTreeMap::new();
    for (topic, partition) in places {
        topics.entry(topic).or_default().push(partition);
    }
    topics.into_iter().collect()
}

/// A producer before the curtain is up.
fn waiting_producer(spec: &ProducerSpec) -> ProducerView {
    ProducerView {
        spec: spec.clone(),
        sent: 0,
        acked: 0,
        failed: 0,
        waiting: 0,
        requests: 0,
        bytes: 0,
        retries: 0,
        per_second: 0,
        last_error: None,
        last_acks: Vec::new(),
    }
}

fn waiting_consumer(spec: &ConsumerSpec, crashed: bool) -> ConsumerView {
    ConsumerView {
        spec: spec.clone(),
        state: match (spec.running, crashed) {
            (true, _) => ConsumerState::Connecting,
            (false, true) => ConsumerState::Crashed,
            (false, false) => ConsumerState::Stopped,
        },
        member_id: String::new(),
        generation: -1,
        owned: Vec::new(),
        paused: false,
        consumed: 0,
        bytes: 0,
        per_second: 0,
        last_records: Vec::new(),
        last_error: None,
    }
}
