//! DescribeConfigs and IncrementalAlterConfigs.

use konbini_protocol::StrBytes;
use konbini_protocol::messages::describe_configs_request::DescribeConfigsResource;
use konbini_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use konbini_protocol::messages::{
    DescribeConfigsRequest, DescribeConfigsResponse, IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
};

use super::{Piece, Read, check, message, no_answer, text};
use crate::admin::operation::{ConfigEntry, Resource};

/// Resource types and operations as numbers on the wire.
const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const SET: i8 = 0;
const DELETE: i8 = 1;
/// The first version of DescribeConfigs with documentation.
const DOCUMENTATION_VERSION: i16 = 3;

fn named(resource: &Resource) -> (i8, StrBytes) {
    match resource {
        Resource::Topic(name) => (TOPIC, text(name)),
        Resource::Broker(id) => (BROKER, text(&id.to_string())),
    }
}

pub(super) fn describe(resource: &Resource, version: i16) -> DescribeConfigsRequest {
    let (kind, name) = named(resource);
    let resource = DescribeConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(name)
        .with_configuration_keys(None);
    DescribeConfigsRequest::default()
        .with_resources(vec![resource])
        .with_include_documentation(version >= DOCUMENTATION_VERSION)
}

/// Kafka's names of the config sources.
fn source(number: i8) -> &'static str {
    match number {
        1 => "DYNAMIC_TOPIC_CONFIG",
        2 => "DYNAMIC_BROKER_CONFIG",
        3 => "DYNAMIC_DEFAULT_BROKER_CONFIG",
        4 => "STATIC_BROKER_CONFIG",
        5 => "DEFAULT_CONFIG",
        6 => "DYNAMIC_BROKER_LOGGER_CONFIG",
        7 => "DYNAMIC_CLIENT_METRICS_CONFIG",
        8 => "DYNAMIC_GROUP_CONFIG",
        _ => "UNKNOWN",
    }
}

pub(super) fn described(answer: &DescribeConfigsResponse) -> Read {
    let told = answer.results.first().ok_or_else(no_answer)?;
    check(told.error_code, message(&told.error_message))?;
    let entries = told.configs.iter().map(|config| ConfigEntry {
        name: config.name.to_string(),
        value: message(&config.value),
        source: source(config.config_source),
        read_only: config.read_only,
        sensitive: config.is_sensitive,
        documentation: message(&config.documentation),
    });
    Ok(Piece::Configs(entries.collect()))
}

pub(super) fn alter(
    resource: &Resource,
    changes: &[(String, Option<String>)],
) -> IncrementalAlterConfigsRequest {
    let (kind, name) = named(resource);
    let configs = changes.iter().map(|(name, value)| {
        AlterableConfig::default()
            .with_name(text(name))
            .with_config_operation(if value.is_some() { SET } else { DELETE })
            .with_value(value.as_deref().map(text))
    });
    let resource = AlterConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(name)
        .with_configs(configs.collect());
    IncrementalAlterConfigsRequest::default().with_resources(vec![resource])
}

pub(super) fn altered(answer: &IncrementalAlterConfigsResponse) -> Read {
    let told = answer.responses.first().ok_or_else(no_answer)?;
    check(told.error_code, message(&told.error_message))?;
    Ok(Piece::Done)
}
