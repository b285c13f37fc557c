//! CreatePartitions, versions 0 to 3. Answered by the controller; other nodes forward it.

use konbini_protocol::ResponseError::InvalidRequest;
use konbini_protocol::StrBytes;
use konbini_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use konbini_protocol::messages::{CreatePartitionsRequest, CreatePartitionsResponse, TopicName};

use super::{Answer, Context, named};
use crate::controller::{Refusal, partitions};
use crate::forward;
use crate::node::Node;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: CreatePartitionsRequest,
) -> Answer {
    if !node.is_controller() {
        let names: Vec<TopicName> = request.topics.iter().map(|t| t.name.clone()).collect();
        let refused = move |refusal: &Refusal| {
            let results = names.iter().map(|name| failure(name, refusal)).collect();
            CreatePartitionsResponse::default().with_results(results)
        };
        return forward::to_controller(node, context, request.timeout_ms, refused);
    }
    let results = named::once(&request.topics, |topic| topic.name.as_str())
        .into_iter()
        .map(|(topic, again)| {
            let created = if again {
                Err(Refusal::new(InvalidRequest, "Duplicate topic name."))
            } else {
                partitions::create(node, topic, request.validate_only)
            };
            match created {
                Ok(()) => CreatePartitionsTopicResult::default()
                    .with_name(topic.name.clone())
                    .with_error_message(None),
                Err(refusal) => {
                    node.refused("CreatePartitions", context.client_id, &refusal, &topic.name);
                    failure(&topic.name, &refusal)
                }
            }
        })
        .collect();
    CreatePartitionsResponse::default()
        .with_results(results)
        .into()
}

fn failure(name: &TopicName, refusal: &Refusal) -> CreatePartitionsTopicResult {
    CreatePartitionsTopicResult::default()
        .with_name(name.clone())
        .with_error_code(refusal.error.code())
        .with_error_message(Some(StrBytes::from_string(refusal.message.clone())))
}
