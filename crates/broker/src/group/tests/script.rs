//! Group histories as text: each file of `scripts/` is a transcript. Lines that start with `>` are
//! commands, the lines below what came of them; `#` begins a comment. A transcript that differs is
//! printed as it came out; read it before putting it into the file.
//!
//! The commands and answers of 01, 02, 05 to 08, 10, 13 and 14 were compared with a running Apache
//! Kafka 4.1.0. They agree but for the order of members and topics (Kafka's is that of a hash map) and the
//! answer to a join that another connection replaced.

mod consumer;

use super::super::GroupConfig;
use super::harness::{self, Harness, assignment, subscription, text};
use super::show::show;
use kafka_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    ConsumerGroupDescribeRequest, DeleteGroupsRequest, DescribeGroupsRequest, LeaveGroupRequest,
    ListGroupsRequest, OffsetDeleteRequest, OffsetFetchRequest,
};
use konbini_protocol::messages::{RequestKind, ResponseKind};
use konbini_trace::Level;
use std::collections::BTreeMap;
use std::fmt::Write as _;

macro_rules! scripts {
    ($($name:ident $file:literal,)*) => {
        $(#[test]
        fn $name() {
            check($file, include_str!($file));
        })*
    };
}

scripts! {
    first_member "scripts/01_first_member.txt",
    two_then_three "scripts/02_two_then_three.txt",
    sessions "scripts/03_sessions.txt",
    sync_timeout "scripts/04_sync_timeout.txt",
    rejoin "scripts/05_rejoin.txt",
    static_members "scripts/06_static_members.txt",
    static_rebalance "scripts/07_static_rebalance.txt",
    protocols "scripts/08_protocols.txt",
    max_size "scripts/09_max_size.txt",
    offsets "scripts/10_offsets.txt",
    retention "scripts/11_retention.txt",
    failover "scripts/12_failover.txt",
    admin "scripts/13_admin.txt",
    leave_batch "scripts/14_leave_batch.txt",
    consumer_members "scripts/20_consumer_members.txt",
    consumer_revocation "scripts/21_consumer_revocation.txt",
    consumer_static "scripts/22_consumer_static.txt",
    consumer_epochs "scripts/23_consumer_epochs.txt",
    consumer_topics "scripts/24_consumer_topics.txt",
    consumer_offsets "scripts/25_consumer_offsets.txt",
    consumer_failover "scripts/26_consumer_failover.txt",
    consumer_admin "scripts/27_consumer_admin.txt",
    consumer_retention "scripts/28_consumer_retention.txt",
    upgrade "scripts/30_upgrade.txt",
    downgrade "scripts/31_downgrade.txt",
    migration_policy "scripts/32_migration_policy.txt",
    static_migration "scripts/33_static_migration.txt",
}

fn check(file: &str, expect: &str) {
    let actual = Script::run(expect);
    for (line, (expect, actual_line)) in expect.lines().zip(actual.lines()).enumerate() {
        assert_eq!(expect, actual_line, "{file}:{}\n{actual}", line + 1);
    }
    assert_eq!(expect, actual, "{file}: one is longer");
}

/// What a client of the script knows about itself.
#[derive(Clone, Default)]
struct Client {
    member: String,
    generation: i32,
    instance: Option<String>,
    /// What a member of the consumer protocol was told to have.
    assigned: Vec<TopicPartitions>,
}

struct Script {
    harness: Harness,
    clients: BTreeMap<String, Client>,
    /// Member ids in the order in which they appeared, with their short names.
    names: Vec<(String, String)>,
    /// Who sent which request.
    senders: BTreeMap<super::super::Waiter, String>,
    out: String,
}

struct Args<'a> {
    words: Vec<&'a str>,
    options: BTreeMap<&'a str, &'a str>,
}

impl<'a> Args<'a> {
    fn parse(line: &'a str) -> Args<'a> {
        let mut args = Args {
            words: Vec::new(),
            options: BTreeMap::new(),
        };
        for word in line.split_whitespace() {
            match word.split_once('=') {
                Some((name, value)) => _ = args.options.insert(name, value),
                None => args.words.push(word),
            }
        }
        args
    }

    fn get(&self, name: &str, default: &'a str) -> &'a str {
        self.options.get(name).copied().unwrap_or(default)
    }

    fn int<T: std::str::FromStr<Err: std::fmt::Debug>>(&self, name: &str, default: T) -> T {
        self.options
            .get(name)
            .map_or(default, |value| value.parse().unwrap())
    }

    fn version(&self, default: i16) -> i16 {
        self.int("v", default)
    }
}

impl Script {
    fn run(text: &str) -> String {
        let config = text
            .lines()
            .filter_map(|line| line.strip_prefix("> config "));
        let config = config.filter_map(|line| line.split_once('='));
        let config = config
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let mut script = Script {
            harness: Harness::new(GroupConfig::from_configs(&config)),
            clients: BTreeMap::new(),
            names: Vec::new(),
            senders: BTreeMap::new(),
            out: String::new(),
        };
        script.harness.events.clear();
        for line in text.lines() {
            if let Some(command) = line.strip_prefix("> ") {
                writeln!(script.out, "{line}").unwrap();
                script.command(command);
                script.report();
            } else if line.is_empty() || line.starts_with('#') {
                writeln!(script.out, "{line}").unwrap();
            }
        }
        script.out
    }

    fn command(&mut self, command: &str) {
        let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
        let args = Args::parse(rest);
        match name {
            "config" => {}
            "wait" => self.harness.wait(args.words[0].parse().unwrap()),
            "join" => self.join(&args),
            "enter" => self.enter(&args),
            "tell" => self.tell(&args),
            "quit" => self.quit(&args),
            "topic" => {
                for (name, partitions) in &args.options {
                    self.harness.topics.set(name, partitions.parse().unwrap());
                }
                for name in &args.words {
                    self.harness.topics.delete(name);
                }
            }
            "sync" => self.sync(&args),
            "beat" => self.beat(&args),
            "leave" => self.leave(&args),
            "commit" => self.commit(&args),
            "fetch" => self.fetch(&args),
            "describe" => self.describe(&args),
            "list" => self.list(&args),
            "delete" => self.delete(&args),
            "delete-offsets" => self.delete_offsets(&args),
            "forget" => _ = self.clients.remove(args.words[0]),
            "state" => self.state(),
            "unload" => self.harness.unload(),
            "crash" => self.harness.crash(),
            "begin-load" => self.harness.begin_load(),
            "load" => self.harness.load(),
            "delete-topic" => {
                let topics = args
                    .words
                    .iter()
                    .map(|topic| (*topic).to_owned())
                    .collect::<Vec<_>>();
                let now = self.harness.now;
                let effects = self.harness.coordinator.topics_deleted(now, &topics);
                self.harness.take(effects);
            }
            other => panic!("unknown command {other}"),
        }
    }

    fn send(&mut self, client: &str, version: i16, request: impl Into<RequestKind>) {
        let waiter = self.harness.send(client, version, request.into());
        self.senders.insert(waiter, client.to_owned());
    }

    fn client(&self, name: &str) -> Client {
        let fresh = Client {
            generation: -1,
            ..Client::default()
        };
        self.clients.get(name).cloned().unwrap_or(fresh)
    }

    fn join(&mut self, args: &Args<'_>) {
        let name = args.words[0];
        let mut client = self.client(name);
        if let Some(instance) = args.options.get("instance") {
            client.instance = Some((*instance).to_owned());
        }
        self.clients.insert(name.to_owned(), client.clone());
        let topics: Vec<&str> = args.get("topics", "t").split(',').collect();
        let protocols = args
            .get("protocols", "range")
            .split(',')
            .filter(|name| !name.is_empty());
        let protocols = protocols.map(|protocol| {
            JoinGroupRequestProtocol::default()
                .with_name(text(protocol))
                .with_metadata(subscription(&topics))
        });
        let reason = args.options.get("reason").map(|reason| text(reason));
        let request = harness::join("g", &client.member)
            .with_session_timeout_ms(args.int("session", 10_000))
            .with_rebalance_timeout_ms(args.int("rebalance", 60_000))
            .with_protocol_type(text(args.get("type", "consumer")))
            .with_group_instance_id(client.instance.as_deref().map(text))
            .with_protocols(protocols.collect())
            .with_reason(reason);
        self.send(name, args.version(5), request);
    }

    fn sync(&mut self, args: &Args<'_>) {
        let name = args.words[0];
        let client = self.client(name);
        let assigned = self.clients.iter().filter_map(|(name, client)| {
            let partitions = args.options.get(name.as_str())?.split(',');
            let partitions: Vec<i32> = partitions.map(|text| text.parse().unwrap()).collect();
            Some(
                SyncGroupRequestAssignment::default()
                    .with_member_id(text(&client.member))
                    .with_assignment(assignment(&partitions)),
            )
        });
        let request = harness::sync("g", &client.member, args.int("gen", client.generation))
            .with_group_instance_id(client.instance.as_deref().map(text))
            .with_protocol_type(args.options.get("type").map(|kind| text(kind)))
            .with_protocol_name(args.options.get("protocol").map(|name| text(name)))
            .with_assignments(assigned.collect());
        self.send(name, args.version(3), request);
    }

    fn beat(&mut self, args: &Args<'_>) {
        for name in &args.words {
            let client = self.client(name);
            let generation = args.int("gen", client.generation);
            let request = harness::heartbeat("g", &client.member, generation)
                .with_group_instance_id(client.instance.as_deref().map(text));
            self.send(name, args.version(3), request);
        }
    }

    fn leave(&mut self, args: &Args<'_>) {
        let name = args.words[0];
        let request = LeaveGroupRequest::default().with_group_id(text("g").into());
        let version = args.version(3);
        let request = if version < 3 {
            request.with_member_id(text(&self.client(name).member))
        } else {
            let members = args.words.iter().map(|name| {
                let client = self.client(name);
                let member = if args.get("by", "") == "instance" {
                    ""
                } else {
                    &client.member
                };
                MemberIdentity::default()
                    .with_member_id(text(member))
                    .with_group_instance_id(client.instance.as_deref().map(text))
                    .with_reason(
                        args.options
                            .get("reason")
                            .map(|reason| text(&reason.replace('_', " "))),
                    )
            });
            request.with_members(members.collect())
        };
        self.send(name, version, request);
    }

    fn commit(&mut self, args: &Args<'_>) {
        let name = args.words[0];
        let client = self.client(name);
        let mut request = harness::commit("g", &client.member, args.int("gen", client.generation))
            .with_group_instance_id(client.instance.as_deref().map(text))
            .with_retention_time_ms(args.int("retention", -1));
        for (partition, offset) in args.options.iter().filter(|(name, _)| name.contains('-')) {
            let (topic, partition) = partition.split_once('-').unwrap();
            let metadata = "x".repeat(args.int("metadata", 0));
            request.topics.push(
                OffsetCommitRequestTopic::default()
                    .with_name(text(topic).into())
                    .with_partitions(vec![
                        OffsetCommitRequestPartition::default()
                            .with_partition_index(partition.parse().unwrap())
                            .with_committed_offset(offset.parse().unwrap())
                            .with_committed_metadata(Some(text(&metadata))),
                    ]),
            );
        }
        self.send(name, args.version(7), request);
    }

    fn fetch(&mut self, args: &Args<'_>) {
        let version = args.version(7);
        let asked = args.words.iter().filter_map(|word| word.split_once('-'));
        let asked: Vec<_> = asked
            .map(|(t, p)| (text(t), vec![p.parse().unwrap()]))
            .collect();
        let all = args.words.contains(&"all");
        let request = if version < 8 {
            let topics = asked.into_iter().map(|(topic, partitions)| {
                OffsetFetchRequestTopic::default()
                    .with_name(topic.into())
                    .with_partition_indexes(partitions)
            });
            OffsetFetchRequest::default()
                .with_group_id(text("g").into())
                .with_topics((!all).then(|| topics.collect()))
        } else {
            let topics = asked.into_iter().map(|(topic, partitions)| {
                OffsetFetchRequestTopics::default()
                    .with_name(topic.into())
                    .with_partition_indexes(partitions)
            });
            let client = self.client(args.get("by", ""));
            let member = (!client.member.is_empty()).then(|| text(&client.member));
            let group = OffsetFetchRequestGroup::default()
                .with_group_id(text("g").into())
                .with_member_id(member)
                .with_member_epoch(args.int("epoch", client.generation))
                .with_topics((!all).then(|| topics.collect()));
            let other = OffsetFetchRequestGroup::default()
                .with_group_id(text("other").into())
                .with_topics(None);
            OffsetFetchRequest::default().with_groups(vec![group, other])
        };
        self.send("admin", version, request);
    }

    fn describe(&mut self, args: &Args<'_>) {
        let group = args.words.first().copied().unwrap_or("g");
        if args.get("type", "classic") == "consumer" {
            let ids = vec![text(group).into()];
            let request = ConsumerGroupDescribeRequest::default().with_group_ids(ids);
            return self.send("admin", args.version(1), request);
        }
        let request = DescribeGroupsRequest::default().with_groups(vec![text(group).into()]);
        self.send("admin", args.version(5), request);
    }

    fn list(&mut self, args: &Args<'_>) {
        let filter = |name| {
            args.options
                .get(name)
                .map(|value| text(value))
                .into_iter()
                .collect()
        };
        let request = ListGroupsRequest::default()
            .with_states_filter(filter("states"))
            .with_types_filter(filter("types"));
        self.send("admin", args.version(5), request);
    }

    fn delete(&mut self, args: &Args<'_>) {
        let names = args.words.iter().map(|name| text(name).into()).collect();
        let request = DeleteGroupsRequest::default().with_groups_names(names);
        self.send("admin", args.version(2), request);
    }

    fn delete_offsets(&mut self, args: &Args<'_>) {
        let topics = args.words.iter().filter_map(|word| word.split_once('-'));
        let topics = topics.map(|(topic, partition)| {
            let partition = partition.parse().unwrap();
            OffsetDeleteRequestTopic::default()
                .with_name(text(topic).into())
                .with_partitions(vec![
                    OffsetDeleteRequestPartition::default().with_partition_index(partition),
                ])
        });
        let request = OffsetDeleteRequest::default()
            .with_group_id(text("g").into())
            .with_topics(topics.collect());
        self.send("admin", 0, request);
    }

    fn state(&mut self) {
        let mut lines = String::new();
        for group in self.harness.coordinator.groups() {
            let members: Vec<&str> = group.members().map(|member| member.id()).collect();
            write!(
                lines,
                "  {} {} generation={}",
                group.id(),
                group.state(),
                group.generation()
            )
            .unwrap();
            let (protocol, leader) = (group.protocol(), group.leader());
            let (protocol, leader) = (protocol.unwrap_or("-"), leader.unwrap_or("-"));
            writeln!(
                lines,
                " protocol={protocol} leader={leader} members={members:?}"
            )
            .unwrap();
            for (topic, partition, offset) in group.offsets() {
                writeln!(lines, "  offset {topic}-{partition}={}", offset.offset).unwrap();
            }
        }
        let lines = self.rename(&lines);
        self.out.push_str(&lines);
    }

    fn report(&mut self) {
        for event in std::mem::take(&mut self.harness.events) {
            if event.level == Level::Detail {
                continue;
            }
            let mut line = format!("  * {}", event.code);
            for (name, value) in event.args.iter().filter(|(name, _)| name != "group") {
                write!(line, " {name}={value}").unwrap();
            }
            if let Some(setting) = &event.setting {
                write!(line, " [{setting}]").unwrap();
            }
            let line = self.rename(&line);
            writeln!(self.out, "{line}").unwrap();
        }
        for (waiter, response) in std::mem::take(&mut self.harness.answers) {
            let sender = self.senders[&waiter].clone();
            self.learn(&sender, &response);
            let line = format!("  {sender}: {}", show(&response, &self.harness.topics));
            let line = self.rename(&line);
            writeln!(self.out, "{line}").unwrap();
        }
    }

    fn learn(&mut self, sender: &str, response: &ResponseKind) {
        let Some(client) = self.clients.get_mut(sender) else {
            return;
        };
        if let ResponseKind::ConsumerGroupHeartbeat(response) = response {
            return consumer::learn(client, response);
        }
        let ResponseKind::JoinGroup(response) = response else {
            return;
        };
        client.member = response.member_id.to_string();
        if response.error_code == 0 {
            client.generation = response.generation_id;
        }
    }

    /// Gives each member id a short name: the part before the UUID and a number.
    fn rename(&mut self, line: &str) -> String {
        let mut line = line.to_owned();
        let is_uuid = |text: &str| {
            let shape = |(i, c): (usize, char)| match i {
                8 | 13 | 18 | 23 => c == '-',
                _ => c.is_ascii_hexdigit(),
            };
            text.char_indices().all(shape)
        };
        let mut at = 0;
        while at + 36 <= line.len() {
            if line.is_char_boundary(at + 36) && is_uuid(&line[at..at + 36]) {
                let start = line[..at - 1]
                    .rfind(|c: char| !c.is_alphanumeric())
                    .map_or(0, |i| i + 1);
                let id = line[start..at + 36].to_owned();
                let name = self.name(&id);
                line.replace_range(start..at + 36, &name);
                at = start;
            }
            at += 1;
        }
        line
    }

    fn name(&mut self, id: &str) -> String {
        if let Some((_, name)) = self.names.iter().find(|(known, _)| known == id) {
            return name.clone();
        }
        let prefix = &id[..id.len() - 37];
        let same = self
            .names
            .iter()
            .filter(|(_, name)| name.starts_with(prefix))
            .count();
        let name = format!("{prefix}#{}", same + 1);
        self.names.push((id.to_owned(), name.clone()));
        name
    }
}
