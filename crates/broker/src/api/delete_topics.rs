//! DeleteTopics, versions 1 to 6 (by id from v6). Answered by the controller; other nodes
//! forward it.
//!
//! The logs of the topic are deleted `file.delete.delay.ms` after their brokers heard of it, or
//! at once when a topic of the same name is created meanwhile.

use konbini_protocol::ResponseError::{InvalidRequest, TopicDeletionDisabled, UnknownTopicId};
use konbini_protocol::StrBytes;
use konbini_protocol::messages::delete_topics_request::DeleteTopicState;
use konbini_protocol::messages::delete_topics_response::DeletableTopicResult;
use konbini_protocol::messages::{DeleteTopicsRequest, DeleteTopicsResponse};

use super::{Answer, Context};
use crate::controller::{Refusal, topics};
use crate::forward;
use crate::node::Node;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: DeleteTopicsRequest,
) -> Answer {
    let states = states(&request, context.version);
    if !node.is_controller() {
        let refused = move |refusal: &Refusal| {
            let results = states.iter().map(|state| failure(state, refusal)).collect();
            DeleteTopicsResponse::default().with_responses(results)
        };
        return forward::to_controller(node, context, request.timeout_ms, refused);
    }
    let results = states
        .iter()
        .map(
            |state| match delete(node, &states, state, context.version) {
                Ok(result) => result,
                Err(refusal) => {
                    let name = state.name.as_ref().map_or("", |name| name.as_str());
                    node.refused("DeleteTopics", context.client_id, &refusal, name);
                    failure(state, &refusal)
                }
            },
        )
        .collect();
    DeleteTopicsResponse::default()
        .with_responses(results)
        .into()
}

/// Up to v5 topics are a list of names.
fn states(request: &DeleteTopicsRequest, version: i16) -> Vec<DeleteTopicState> {
    if version >= 6 {
        return request.topics.clone();
    }
    let by_name = |name: &konbini_protocol::messages::TopicName| {
        DeleteTopicState::default().with_name(Some(name.clone()))
    };
    request.topic_names.iter().map(by_name).collect()
}

fn delete(
    node: &mut Node,
    all: &[DeleteTopicState],
    state: &DeleteTopicState,
    version: i16,
) -> Result<DeletableTopicResult, Refusal> {
    if !node.setting_bool("delete.topic.enable") {
        let error = if version < 3 {
            InvalidRequest
        } else {
            TopicDeletionDisabled
        };
        return Err(Refusal::new(error, "Topic deletion is disabled."));
    }
    if all.iter().filter(|other| *other == state).count() > 1 {
        return Err(Refusal::new(InvalidRequest, "Duplicate topic name or id."));
    }
    let image = node.working_image();
    let topic = match (&state.name, state.topic_id.is_nil()) {
        (Some(_), false) => {
            return Err(Refusal::new(
                InvalidRequest,
                "You may not specify both topic name and topic id.",
            ));
        }
        (None, true) => {
            return Err(Refusal::new(
                InvalidRequest,
                "Neither topic name nor id were specified.",
            ));
        }
        (Some(name), true) => image
            .topic(name)
            .ok_or_else(Refusal::unknown_topic_or_partition),
        (None, false) => image.topic_by_id(state.topic_id).ok_or_else(|| {
            Refusal::new(UnknownTopicId, "This server does not host this topic ID.")
        }),
    }?;
    let (id, name) = (topic.id, topic.name.clone());
    topics::delete(node, id).map_err(|error| Refusal::new(error, error.to_string()))?;
    Ok(DeletableTopicResult::default()
        .with_name(Some(StrBytes::from_string(name).into()))
        .with_topic_id(id)
        .with_error_message(None))
}

fn failure(state: &DeleteTopicState, refusal: &Refusal) -> DeletableTopicResult {
    DeletableTopicResult::default()
        .with_name(state.name.clone())
        .with_topic_id(state.topic_id)
        .with_error_code(refusal.error.code())
        .with_error_message(Some(StrBytes::from_string(refusal.message.clone())))
}
