//! DescribeConfigs, versions 1 to 4: every setting of a topic or a broker with its value, where
//! it comes from, what it hides (synonyms) and what it means.
//!
//! A broker's settings are answered by that broker only, as in Kafka.

use konbini_log::config::{ConfigDef, TOPIC_CONFIGS};
use konbini_protocol::ResponseError::{InvalidRequest, InvalidTopicException};
use konbini_protocol::StrBytes;
use konbini_protocol::messages::describe_configs_request::DescribeConfigsResource;
use konbini_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use konbini_protocol::messages::{DescribeConfigsRequest, DescribeConfigsResponse};

use super::{Answer, Context};
use crate::controller::{Refusal, topic_names};
use crate::metadata::ResourceType;
use crate::node::Node;
use crate::settings::broker::Update;
use crate::settings::{self, Source, Value};

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: DescribeConfigsRequest,
) -> Answer {
    let results = request
        .resources
        .iter()
        .map(|resource| {
            let result = DescribeConfigsResult::default()
                .with_resource_type(resource.resource_type)
                .with_resource_name(resource.resource_name.clone());
            match describe(node, context, &request, resource) {
                Ok(configs) => result.with_error_message(None).with_configs(configs),
                Err(refusal) => result
                    .with_error_code(refusal.error.code())
                    .with_error_message(Some(StrBytes::from_string(refusal.message))),
            }
        })
        .collect();
    DescribeConfigsResponse::default()
        .with_results(results)
        .into()
}

fn describe(
    node: &Node,
    context: &Context<'_>,
    request: &DescribeConfigsRequest,
    resource: &DescribeConfigsResource,
) -> Result<Vec<DescribeConfigsResourceResult>, Refusal> {
    let name = resource.resource_name.as_str();
    let wanted = |name: &str| match &resource.configuration_keys {
        // An empty list means all as well: old clients send it.
        Some(keys) if !keys.is_empty() => keys.iter().any(|key| key.as_str() == name),
        _ => true,
    };
    let image = &node.metadata.image;
    match ResourceType::from_code(resource.resource_type) {
        Some(ResourceType::Topic) => {
            topic_names::check(name)
                .map_err(|message| Refusal::new(InvalidTopicException, message))?;
            if image.topic(name).is_none() {
                return Err(Refusal::unknown_topic_or_partition());
            }
            let entries = TOPIC_CONFIGS
                .iter()
                .filter(|def| wanted(def.name))
                .filter_map(|setting| {
                    let value = settings::topic_value(&node.config, image, name, setting);
                    // Internal settings are shown when they are set.
                    (!setting.internal || value.source != Source::Default)
                        .then(|| entry(context, request, setting, value, false))
                });
            Ok(entries.collect())
        }
        Some(ResourceType::Broker) => {
            let all_brokers = name.is_empty();
            if !all_brokers && name.parse() != Ok(node.config.node_id) {
                return Err(Refusal::new(
                    InvalidRequest,
                    format!(
                        "Unexpected broker id, expected {} or empty string, but received {name}",
                        node.config.node_id
                    ),
                ));
            }
            let listed = settings::broker::all().filter(|setting| wanted(setting.def.name));
            let entries = listed.filter_map(|setting| {
                let mut value = settings::broker_value(&node.config, image, setting);
                if all_brokers {
                    value
                        .synonyms
                        .retain(|s| s.source == Source::DynamicDefaultBroker);
                    let first = value.synonyms.first()?;
                    value.value = Some(first.value.clone());
                    value.source = first.source;
                }
                let read_only = setting.update == Update::ReadOnly;
                Some(entry(context, request, &setting.def, value, read_only))
            });
            Ok(entries.collect())
        }
        _ => Err(Refusal::new(
            InvalidRequest,
            format!(
                "Settings of resource type {} are not supported.",
                resource.resource_type
            ),
        )),
    }
}

fn entry(
    context: &Context<'_>,
    request: &DescribeConfigsRequest,
    setting: &ConfigDef,
    value: Value,
    read_only: bool,
) -> DescribeConfigsResourceResult {
    let mut result = DescribeConfigsResourceResult::default()
        .with_name(StrBytes::from_static_str(setting.name))
        .with_value(value.value.map(StrBytes::from_string))
        .with_read_only(read_only)
        .with_config_source(value.source as i8);
    if context.version >= 3 {
        result.config_type = setting.kind as i8;
        result.documentation = request
            .include_documentation
            .then(|| StrBytes::from_static_str(setting.doc));
    }
    if request.include_synonyms {
        result.synonyms = value
            .synonyms
            .into_iter()
            .map(|synonym| {
                DescribeConfigsSynonym::default()
                    .with_name(StrBytes::from_static_str(synonym.name))
                    .with_value(Some(StrBytes::from_string(synonym.value)))
                    .with_source(synonym.source as i8)
            })
            .collect();
    }
    result
}
