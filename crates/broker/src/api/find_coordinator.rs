//! FindCoordinator, versions 0 to 6: the broker that coordinates a group or a transactional id, which
//! is the leader of its partition of `__consumer_offsets` or `__transaction_state`. From v4 several
//! keys at once (KIP-699).
//!
//! The first question has the topic created; until its leader is known the answer is
//! COORDINATOR_NOT_AVAILABLE, and clients ask again.
//!
//! Difference from Apache Kafka: share groups are not served yet, and are refused with
//! INVALID_REQUEST.

use konbini_protocol::ResponseError::{CoordinatorNotAvailable, InvalidRequest};
use konbini_protocol::StrBytes;
use konbini_protocol::messages::find_coordinator_response::Coordinator;
use konbini_protocol::messages::{BrokerId, FindCoordinatorRequest, FindCoordinatorResponse};

use super::{Answer, Context};
use crate::controller::Refusal;
use crate::coordinator::OFFSETS_TOPIC;
use crate::forward::auto_create;
use crate::group::partition_for;
use crate::metadata::BrokerImage;
use crate::node::{Node, TopicPartition};
use crate::transactions::TRANSACTIONS_TOPIC;

/// From this version on, one request names several keys.
const BATCH: i16 = 4;
const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: FindCoordinatorRequest,
) -> Answer {
    if context.version >= BATCH {
        let keys = request.coordinator_keys.iter();
        let found = keys
            .map(|key| one(node, context, request.key_type, key))
            .collect();
        return FindCoordinatorResponse::default()
            .with_coordinators(found)
            .into();
    }
    let found = one(node, context, request.key_type, &request.key);
    let response = FindCoordinatorResponse::default()
        .with_error_code(found.error_code)
        .with_node_id(found.node_id)
        .with_host(found.host)
        .with_port(found.port);
    match context.version >= 1 {
        true => response.with_error_message(found.error_message).into(),
        false => response.into(),
    }
}

fn one(node: &mut Node, context: &Context<'_>, key_type: i8, key: &StrBytes) -> Coordinator {
    let answer = Coordinator::default().with_key(key.clone());
    match find(node, key_type, key) {
        Ok(broker) => answer
            .with_error_message(Some(StrBytes::new()))
            .with_node_id(BrokerId(broker.id))
            .with_host(StrBytes::from_string(broker.host))
            .with_port(i32::from(broker.port)),
        Err(refusal) => {
            // Clients ask again by themselves while the topic comes about.
            if refusal.error != CoordinatorNotAvailable {
                node.refused("FindCoordinator", context.client_id, &refusal, key);
            }
            answer
                .with_error_code(refusal.error.code())
                .with_error_message(Some(StrBytes::from_string(refusal.message)))
                .with_node_id(BrokerId(-1))
                .with_port(-1)
        }
    }
}

fn find(node: &mut Node, key_type: i8, key: &str) -> Result<BrokerImage, Refusal> {
    match key_type {
        GROUP => find_in(node, OFFSETS_TOPIC, key),
        TRANSACTION => find_transaction_coordinator(node, key),
        _ => {
            let message = "only groups and transactional ids have a coordinator here";
            Err(Refusal::new(InvalidRequest, message))
        }
    }
}

/// The broker that coordinates a transactional id.
pub(crate) fn find_transaction_coordinator(
    node: &mut Node,
    transactional_id: &str,
) -> Result<BrokerImage, Refusal> {
    find_in(node, TRANSACTIONS_TOPIC, transactional_id)
}

/// The leader of a key's partition of an internal topic, which is created if it is missing.
fn find_in(node: &mut Node, name: &'static str, key: &str) -> Result<BrokerImage, Refusal> {
    let unavailable = |message: String| Err(Refusal::new(CoordinatorNotAvailable, message));
    let image = &node.metadata.image;
    let Some(topic) = image.topic(name) else {
        auto_create(node, &StrBytes::from_static_str(name).into());
        return unavailable(format!("{name} is being created"));
    };
    let index = partition_for(key, topic.partitions.len() as i32);
    let leader = image.partition(TopicPartition {
        topic: topic.id,
        index,
    });
    let leader = leader.and_then(|partition| image.brokers.get(&partition.leader));
    match leader.filter(|broker| !broker.fenced) {
        Some(broker) => Ok(broker.clone()),
        None => unavailable(format!("partition {index} of {name} has no leader")),
    }
}
