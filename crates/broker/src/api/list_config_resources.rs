//! ListConfigResources, versions 0 to 1 (KIP-1142): what settings can be asked for. Version 0 is
//! ListClientMetricsResources (KIP-714), and no client metrics are kept here.
//!
//! Difference from Apache Kafka: log levels of brokers cannot be set, so their loggers are not listed.

use konbini_protocol::ResponseError::UnsupportedVersion;
use konbini_protocol::StrBytes;
use konbini_protocol::messages::list_config_resources_response::ConfigResource;
use konbini_protocol::messages::{ListConfigResourcesRequest, ListConfigResourcesResponse};

use super::{Answer, Context};
use crate::node::Node;

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const BROKER_LOGGER: i8 = 8;
const CLIENT_METRICS: i8 = 16;
const GROUP: i8 = 32;
/// The types that Kafka has, by version.
const TYPES: [&[i8]; 2] = [
    &[CLIENT_METRICS],
    &[TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP],
];

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: ListConfigResourcesRequest,
) -> Answer {
    let known = TYPES[usize::from(context.version >= 1)];
    let asked = &request.resource_types;
    if asked.iter().any(|kind| !known.contains(kind)) {
        return ListConfigResourcesResponse::default()
            .with_error_code(UnsupportedVersion.code())
            .into();
    }
    let wanted = |kind: i8| known.contains(&kind) && (asked.is_empty() || asked.contains(&kind));
    let mut listed = Vec::new();
    if wanted(TOPIC) {
        let topics = node.metadata.image.topics();
        listed.extend(topics.map(|topic| resource(TOPIC, topic.name.clone())));
    }
    if wanted(BROKER) {
        let brokers = node.metadata.image.alive();
        listed.extend(brokers.map(|broker| resource(BROKER, broker.id.to_string())));
    }
    ListConfigResourcesResponse::default()
        .with_config_resources(listed)
        .into()
}

fn resource(kind: i8, name: String) -> ConfigResource {
    ConfigResource::default()
        .with_resource_type(kind)
        .with_resource_name(StrBytes::from_string(name))
}
