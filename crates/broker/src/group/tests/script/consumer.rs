//! Commands of members of consumer groups. `enter` joins, `tell` is a heartbeat, `quit` leaves. A member
//! that is told what it is to have has it at once, unless `keep` makes it say that it still has more.

use super::super::harness::text;
use super::{Args, Client, Script};
use kafka_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use kafka_protocol::messages::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, TopicName,
};

/// The version of ConsumerGroupHeartbeat in which the scripts speak, if they do not say.
const VERSION: i16 = 1;

/// What a member remembers of an answer.
pub fn learn(client: &mut Client, response: &ConsumerGroupHeartbeatResponse) {
    if response.error_code != 0 {
        return;
    }
    client.member = response
        .member_id
        .as_ref()
        .map_or_else(String::new, |id| id.to_string());
    client.generation = response.member_epoch;
    if let Some(assignment) = &response.assignment {
        let topics = assignment.topic_partitions.iter().map(|topic| {
            TopicPartitions::default()
                .with_topic_id(topic.topic_id)
                .with_partitions(topic.partitions.clone())
        });
        client.assigned = topics.collect();
    }
}

impl Script {
    /// A member joins with all that it has to say. In version 1 its id is the client's name.
    pub(super) fn enter(&mut self, args: &Args<'_>) {
        let name = args.words[0];
        let version = args.version(VERSION);
        let mut client = self.client(name);
        if client.member.is_empty() && version >= 1 {
            client.member = args.get("id", name).to_owned();
        }
        if let Some(instance) = args.options.get("instance") {
            client.instance = Some((*instance).to_owned());
        }
        client.generation = 0;
        client.assigned.clear();
        let request = self.beat_of(&client);
        let request = request
            .with_member_epoch(args.int("epoch", 0))
            .with_rebalance_timeout_ms(args.int("rebalance", 60_000))
            .with_topic_partitions(Some(Vec::new()));
        let mut request = said(request, args);
        if request.subscribed_topic_regex.is_none() {
            let topics = args
                .get("topics", "t")
                .split(',')
                .filter(|name| !name.is_empty());
            let topics = topics.map(|name| TopicName(text(name)));
            request.subscribed_topic_names = Some(topics.collect());
        }
        self.clients.insert(name.to_owned(), client);
        self.send(name, version, request);
    }

    /// A heartbeat; `has` says what the member has, `keep=t-0` that it has that too.
    pub(super) fn tell(&mut self, args: &Args<'_>) {
        for name in args.words.iter().filter(|word| **word != "has") {
            let client = self.client(name);
            let member = args.get("id", &client.member);
            let mut request = self
                .beat_of(&client)
                .with_member_id(text(member))
                .with_member_epoch(args.int("epoch", client.generation));
            if args.words.contains(&"has") {
                request.topic_partitions = Some(client.assigned.clone());
            }
            if let Some((topic, partition)) = args.get("keep", "").split_once('-') {
                let id = super::super::super::Topics::id(&self.harness.topics, topic).unwrap();
                let kept = TopicPartitions::default()
                    .with_topic_id(id)
                    .with_partitions(vec![partition.parse().unwrap()]);
                request
                    .topic_partitions
                    .get_or_insert_with(Vec::new)
                    .push(kept);
            }
            let request = said(request, args);
            self.send(name, args.version(VERSION), request);
        }
    }

    pub(super) fn quit(&mut self, args: &Args<'_>) {
        let name = args.words[0];
        let client = self.client(name);
        let member = args.get("id", &client.member);
        let request = self
            .beat_of(&client)
            .with_member_id(text(member))
            .with_member_epoch(args.int("epoch", -1));
        self.send(name, args.version(VERSION), request);
    }

    fn beat_of(&self, client: &Client) -> ConsumerGroupHeartbeatRequest {
        ConsumerGroupHeartbeatRequest::default()
            .with_group_id(text("g").into())
            .with_member_id(text(&client.member))
            .with_instance_id(client.instance.as_deref().map(text))
    }
}

/// What a heartbeat says beside the epoch.
fn said(
    mut request: ConsumerGroupHeartbeatRequest,
    args: &Args<'_>,
) -> ConsumerGroupHeartbeatRequest {
    if let Some(topics) = args.options.get("topics") {
        let topics = topics.split(',').filter(|name| !name.is_empty());
        request.subscribed_topic_names = Some(topics.map(|name| TopicName(text(name))).collect());
    }
    request.subscribed_topic_regex = args.options.get("regex").map(|regex| text(regex));
    request.server_assignor = args.options.get("assignor").map(|name| text(name));
    request
}
