//! AlterConfigs, versions 0 to 2: puts the given settings in the place of all that are set.
//! Answered by the controller; other nodes forward it. Topics and brokers have settings; groups,
//! loggers and client metrics do not here.

use konbini_protocol::StrBytes;
use konbini_protocol::messages::alter_configs_request::AlterConfigsResource;
use konbini_protocol::messages::alter_configs_response::AlterConfigsResourceResponse;
use konbini_protocol::messages::{AlterConfigsRequest, AlterConfigsResponse};

use super::{Answer, Context};
use crate::controller::Refusal;
use crate::controller::configs::{self, Resource};
use crate::forward;
use crate::node::Node;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: AlterConfigsRequest,
) -> Answer {
    if !node.is_controller() {
        let resources = request.resources;
        let refused = move |refusal: &Refusal| {
            let responses = resources
                .iter()
                .map(|resource| result(resource, Some(refusal)))
                .collect();
            AlterConfigsResponse::default().with_responses(responses)
        };
        return forward::to_controller(node, context, forward::DEFAULT_TIMEOUT_MS, refused);
    }
    let responses = request
        .resources
        .iter()
        .map(|resource| {
            let refusal = alter(node, resource, request.validate_only).err();
            if let Some(refusal) = &refusal {
                node.refused(
                    "AlterConfigs",
                    context.client_id,
                    refusal,
                    &resource.resource_name,
                );
            }
            result(resource, refusal.as_ref())
        })
        .collect();
    AlterConfigsResponse::default()
        .with_responses(responses)
        .into()
}

fn alter(
    node: &mut Node,
    resource: &AlterConfigsResource,
    validate_only: bool,
) -> Result<(), Refusal> {
    let found = Resource::find(node, resource.resource_type, &resource.resource_name)?;
    let configs: Vec<(&str, Option<&str>)> = resource
        .configs
        .iter()
        .map(|config| {
            (
                config.name.as_str(),
                config.value.as_ref().map(StrBytes::as_str),
            )
        })
        .collect();
    configs::replace(node, &found, &configs, validate_only)
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
