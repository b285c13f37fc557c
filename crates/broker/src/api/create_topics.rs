//! CreateTopics, versions 2 to 7. Answered by the controller; other nodes forward it.
//!
//! Each topic is created or refused on its own. Answered once the records are committed; as in
//! Kafka the brokers may hear of the topic a little later.

use konbini_log::config::{ConfigDef, TOPIC_CONFIGS};
use konbini_protocol::ResponseError::InvalidRequest;
use konbini_protocol::StrBytes;
use konbini_protocol::messages::create_topics_request::CreatableTopic;
use konbini_protocol::messages::create_topics_response::{
    CreatableTopicConfigs, CreatableTopicResult,
};
use konbini_protocol::messages::{CreateTopicsRequest, CreateTopicsResponse};

use super::{Answer, Context, named};
use crate::controller::topics::{self, Created};
use crate::controller::{MAX_PARTITIONS_PER_REQUEST, Refusal};
use crate::forward;
use crate::node::Node;
use crate::settings;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: CreateTopicsRequest,
) -> Answer {
    if !node.is_controller() {
        return forward::to_controller(node, context, request.timeout_ms, refused(&request));
    }
    let partitions = count(&request);
    let results = named::once(&request.topics, |topic| topic.name.as_str())
        .into_iter()
        .map(|(topic, again)| {
            let created = if again {
                Err(Refusal::new(InvalidRequest, "Duplicate topic name."))
            } else if partitions > MAX_PARTITIONS_PER_REQUEST {
                Err(Refusal::new(
                    konbini_protocol::ResponseError::PolicyViolation,
                    "Excessively large number of partitions per request.",
                ))
            } else {
                topics::create(node, topic, request.validate_only)
            };
            match created {
                Ok(created) => success(node, topic, &created),
                Err(refusal) => {
                    node.refused("CreateTopics", context.client_id, &refusal, &topic.name);
                    failure(topic, &refusal)
                }
            }
        })
        .collect();
    CreateTopicsResponse::default().with_topics(results).into()
}

fn count(request: &CreateTopicsRequest) -> usize {
    let of = |topic: &CreatableTopic| {
        topic
            .assignments
            .len()
            .max(usize::try_from(topic.num_partitions).unwrap_or(0))
    };
    request.topics.iter().map(of).fold(0, usize::saturating_add)
}

fn success(node: &Node, topic: &CreatableTopic, created: &Created) -> CreatableTopicResult {
    CreatableTopicResult::default()
        .with_name(topic.name.clone())
        .with_topic_id(created.id)
        .with_error_message(None)
        .with_num_partitions(created.partitions)
        .with_replication_factor(created.replication_factor)
        .with_configs(Some(configs(node, topic, created)))
}

/// All settings of the new topic, as v5 wants them.
fn configs(node: &Node, topic: &CreatableTopic, created: &Created) -> Vec<CreatableTopicConfigs> {
    let describe = |setting: &ConfigDef| {
        let set = created
            .configs
            .iter()
            .find(|(name, _)| name == setting.name);
        let (value, source) = match set {
            Some((_, value)) => (Some(value.clone()), settings::Source::Topic),
            None => {
                let image = node.working_image();
                let found = settings::topic_value(&node.config, image, &topic.name, setting);
                (found.value, found.source)
            }
        };
        CreatableTopicConfigs::default()
            .with_name(StrBytes::from_static_str(setting.name))
            .with_value(value.map(StrBytes::from_string))
            .with_read_only(false)
            .with_config_source(source as i8)
    };
    TOPIC_CONFIGS
        .iter()
        .filter(|def| !def.internal)
        .map(describe)
        .collect()
}

fn failure(topic: &CreatableTopic, refusal: &Refusal) -> CreatableTopicResult {
    CreatableTopicResult::default()
        .with_name(topic.name.clone())
        .with_error_code(refusal.error.code())
        .with_error_message(Some(StrBytes::from_string(refusal.message.clone())))
        .with_num_partitions(-1)
        .with_replication_factor(-1)
        .with_configs(Some(Vec::new()))
}

/// The same answer for every topic, when the controller cannot be reached.
fn refused(request: &CreateTopicsRequest) -> impl Fn(&Refusal) -> CreateTopicsResponse + use<> {
    let topics = request.topics.clone();
    move |refusal| {
        let results = topics.iter().map(|topic| failure(topic, refusal)).collect();
        CreateTopicsResponse::default().with_topics(results)
    }
}
