//! Requests that only the controller may answer: sent on to it in an Envelope (KIP-590), and its
//! answer handed to the client as it came.

use bytes::Bytes;
use konbini_protocol::ResponseError::{NotController, RequestTimedOut};
use konbini_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use konbini_protocol::messages::{
    ApiKey, CreateTopicsRequest, EnvelopeRequest, RequestKind, ResponseKind, TopicName,
};
use konbini_protocol::{ConnId, StrBytes, request};

use crate::api::{self, Answer, Context};
use crate::channel::{Call, Purpose};
use crate::controller::{Refusal, topics};
use crate::coordinator::OFFSETS_TOPIC;
use crate::node::Node;
use crate::purgatory::{Attempt, Operation, Waiter};
use crate::quorum::{self, Then};
use crate::transactions::TRANSACTIONS_TOPIC;

/// How long a forwarded request may take when it does not say, in ms (`request.timeout.ms`).
pub(crate) const DEFAULT_TIMEOUT_MS: i32 = 30_000;
/// Most requests that wait for the controller.
const MAX_FORWARDED: usize = 1_000;

const ENVELOPE_VERSION: i16 = 0;
const CREATE_TOPICS_VERSION: i16 = 7;
/// The principal that forwarded requests carry: nobody authenticates here.
const ANONYMOUS: &[u8] = b"\0\0\x05User\x0aANONYMOUS\0\0";
/// 127.0.0.1, as the address of a client whose network is virtual.
const CLIENT_ADDRESS: &[u8] = &[127, 0, 0, 1];

/// Sends a client's request to the controller. `refused` makes the client's answer when the
/// controller cannot be reached in time.
pub(crate) fn to_controller<R: Into<ResponseKind>>(
    node: &mut Node,
    context: &Context<'_>,
    timeout_ms: i32,
    refused: impl Fn(&Refusal) -> R + 'static,
) -> Answer {
    if context.forwarded {
        let refusal = Refusal::new(NotController, "This is not the controller.");
        return refused(&refusal).into().into();
    }
    if node.channels.forward.queue_len() >= MAX_FORWARDED {
        let refusal = Refusal::new(
            RequestTimedOut,
            "Too many requests wait for the controller.",
        );
        return refused(&refusal).into().into();
    }
    let envelope = EnvelopeRequest::default()
        .with_request_data(context.frame.clone())
        .with_request_principal(Some(ANONYMOUS.into()))
        .with_client_host_address(CLIENT_ADDRESS.into());
    let purpose = Purpose::Forward(context.waiter);
    let body = RequestKind::Envelope(envelope);
    node.channels
        .forward
        .call(purpose, ENVELOPE_VERSION, &node.client_name, &body);
    let timeout_ms = if timeout_ms > 0 {
        timeout_ms
    } else {
        DEFAULT_TIMEOUT_MS
    };
    Answer::Park {
        deadline: Some(node.now.saturating_add(i64::from(timeout_ms))),
        watches: Vec::new(),
        operation: Some(Box::new(Forwarded {
            purpose,
            refused: Box::new(move |refusal| refused(refusal).into()),
        })),
    }
}

/// A request that is with the controller. It is answered when the response comes, or refused
/// when its time is over.
struct Forwarded {
    purpose: Purpose,
    refused: Box<dyn Fn(&Refusal) -> ResponseKind>,
}

impl Operation for Forwarded {
    fn attempt(&mut self, node: &mut Node, expired: bool) -> Attempt {
        if !expired {
            return Attempt::Wait(Vec::new());
        }
        node.channels.forward.abandon(self.purpose);
        let refusal = Refusal::new(RequestTimedOut, "The controller did not answer in time.");
        node.refused("Envelope", "", &refusal, "");
        Attempt::Done((self.refused)(&refusal))
    }
}

/// The client is gone: what it asked is not sent to another controller on its behalf.
pub(crate) fn abandon(node: &mut Node, waiter: Waiter) {
    node.channels.forward.abandon(Purpose::Forward(waiter));
}

/// The answer said that this is not the controller, or not yet: the request is sent again after a
/// pause, there or to the one that is.
pub(crate) fn again(node: &mut Node, call: Call) {
    let now = node.now;
    node.channels.forward.again(call, now);
}

/// This node has become the controller itself: does what it was about to send on.
pub(crate) fn carry_out(node: &mut Node, waiter: Waiter, envelope: &Bytes) {
    // The frame begins with its size.
    let decoded = request::decode(&envelope.slice(4..));
    let Ok(RequestKind::Envelope(envelope)) = decoded.map(|request| request.body) else {
        return;
    };
    let Ok(inner) = request::decode(&envelope.request_data) else {
        return;
    };
    let Some(api) = api::find(inner.header.api_key) else {
        return;
    };
    let client = inner.header.client_id.as_ref().map_or("", |id| id.as_str());
    let context = Context {
        waiter,
        conn: ConnId::incoming(0),
        version: inner.header.api_version,
        client_id: client,
        frame: &envelope.request_data,
        forwarded: true,
    };
    node.quorum.begin_request();
    let answer = (api.handle)(node, &context, inner.body);
    if let Answer::Respond(body) = answer {
        quorum::after_commit(node, Then::Reply(waiter, body));
    }
}

/// Creates a topic that a client asked for, or one that the broker itself needs. Done at once on
/// the controller; elsewhere it comes with the metadata.
pub(crate) fn auto_create(node: &mut Node, name: &TopicName) {
    let mut topic = CreatableTopic::default()
        .with_name(name.clone())
        .with_num_partitions(-1)
        .with_replication_factor(-1);
    if let Some((partitions, factor, configs)) = internal_topic(node, name) {
        topic.num_partitions = node.setting_number(partitions) as i32;
        topic.replication_factor = node.setting_number(factor) as i16;
        topic.configs = configs
            .into_iter()
            .map(|(key, value)| {
                CreatableTopicConfig::default()
                    .with_name(StrBytes::from_static_str(key))
                    .with_value(Some(StrBytes::from_string(value)))
            })
            .collect();
    }
    if node.is_controller() {
        if node.working_image().topic(name).is_some() {
            return; // Written, but not committed yet.
        }
        if let Err(refusal) = topics::create(node, &topic, false) {
            node.refused("CreateTopics", "", &refusal, name);
        }
        return;
    }
    if !node.topics_in_creation.insert(name.to_string()) {
        return;
    }
    let request = CreateTopicsRequest::default()
        .with_topics(vec![topic])
        .with_timeout_ms(DEFAULT_TIMEOUT_MS);
    let body = RequestKind::CreateTopics(request);
    let version = CREATE_TOPICS_VERSION;
    node.channels
        .forward
        .call(Purpose::AutoCreate, version, &node.client_name, &body);
}

type Configs = Vec<(&'static str, String)>;

/// The settings that give an internal topic its partitions and replicas, and its own settings.
fn internal_topic(node: &Node, name: &str) -> Option<(&'static str, &'static str, Configs)> {
    let number = |setting| node.setting_number(setting).to_string();
    let compact = ("cleanup.policy", "compact".to_owned());
    match name {
        OFFSETS_TOPIC => Some((
            "offsets.topic.num.partitions",
            "offsets.topic.replication.factor",
            vec![
                compact,
                ("compression.type", "producer".to_owned()),
                ("segment.bytes", number("offsets.topic.segment.bytes")),
            ],
        )),
        TRANSACTIONS_TOPIC => Some((
            "transaction.state.log.num.partitions",
            "transaction.state.log.replication.factor",
            vec![
                compact,
                ("compression.type", "uncompressed".to_owned()),
                (
                    "min.insync.replicas",
                    number("transaction.state.log.min.isr"),
                ),
                (
                    "segment.bytes",
                    number("transaction.state.log.segment.bytes"),
                ),
                ("unclean.leader.election.enable", "false".to_owned()),
            ],
        )),
        _ => None,
    }
}

/// The APIs that an Envelope may carry.
pub(crate) fn is_forwardable(key: ApiKey) -> bool {
    matches!(
        key,
        ApiKey::CreateTopics
            | ApiKey::DeleteTopics
            | ApiKey::CreatePartitions
            | ApiKey::AlterConfigs
            | ApiKey::IncrementalAlterConfigs
            | ApiKey::ElectLeaders
            | ApiKey::AlterPartitionReassignments
            | ApiKey::ListPartitionReassignments
            | ApiKey::DescribeQuorum
    )
}
