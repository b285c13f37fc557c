//! IncrementalAlterConfigs, versions 0 to 1 (KIP-339): set, delete, append to and subtract from
//! single settings. Answered by the controller; other nodes forward it.

use konbini_protocol::ResponseError::InvalidRequest;
use konbini_protocol::StrBytes;
use konbini_protocol::messages::incremental_alter_configs_request::AlterConfigsResource;
use konbini_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse;
use konbini_protocol::messages::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};

use super::{Answer, Context};
use crate::controller::Refusal;
use crate::controller::configs::{self, Alteration, Operation, Resource};
use crate::forward;
use crate::node::Node;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: IncrementalAlterConfigsRequest,
) -> Answer {
    if !node.is_controller() {
        let resources = request.resources;
        let refused = move |refusal: &Refusal| {
            let responses = resources
                .iter()
                .map(|resource| result(resource, Some(refusal)))
                .collect();
            IncrementalAlterConfigsResponse::default().with_responses(responses)
        };
        return forward::to_controller(node, context, forward::DEFAULT_TIMEOUT_MS, refused);
    }
    let responses = request
        .resources
        .iter()
        .map(|resource| {
            let twice = request
                .resources
                .iter()
                .filter(|other| same(other, resource))
                .count()
                > 1;
            let altered = if twice {
                Err(Refusal::new(
                    InvalidRequest,
                    "Each resource must appear at most once.",
                ))
            } else {
                alter(node, resource, request.validate_only)
            };
            let name = &resource.resource_name;
            if let Err(refusal) = &altered {
                node.refused("IncrementalAlterConfigs", context.client_id, refusal, name);
            }
            result(resource, altered.err().as_ref())
        })
        .collect();
    IncrementalAlterConfigsResponse::default()
        .with_responses(responses)
        .into()
}

fn same(one: &AlterConfigsResource, other: &AlterConfigsResource) -> bool {
    one.resource_type == other.resource_type && one.resource_name == other.resource_name
}

fn alter(
    node: &mut Node,
    resource: &AlterConfigsResource,
    validate_only: bool,
) -> Result<(), Refusal> {
    let found = Resource::find(node, resource.resource_type, &resource.resource_name)?;
    let mut alterations = Vec::new();
    for config in &resource.configs {
        let Some(operation) = Operation::from_code(config.config_operation) else {
            return Err(Refusal::new(
                InvalidRequest,
                format!("Unknown operation type {}", config.config_operation),
            ));
        };
        alterations.push(Alteration {
            name: config.name.as_str(),
            operation,
            value: config.value.as_ref().map(StrBytes::as_str),
        });
    }
    configs::alter(node, &found, &alterations, validate_only)
}

fn result(
    resource: &AlterConfigsResource,
    refusal: Option<&Refusal>,
) -> AlterConfigsResourceResponse {
    AlterConfigsResourceResponse::default()
        .with_error_code(refusal.map_or(0, |refusal| refusal.error.code()))
        .with_error_message(refusal.map(|refusal| StrBytes::from_string(refusal.message.clone())))
        .with_resource_type(resource.resource_type)
        .with_resource_name(resource.resource_name.clone())
}
