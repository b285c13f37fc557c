//! DescribeClientQuotas, versions 0 to 1 (KIP-546): no client has a quota, so nothing matches a
//! filter. A filter that makes no sense is refused as Kafka does.

use std::collections::BTreeSet;

use konbini_protocol::ResponseError::{InvalidRequest, UnsupportedVersion};
use konbini_protocol::StrBytes;
use konbini_protocol::messages::describe_client_quotas_request::ComponentData;
use konbini_protocol::messages::{DescribeClientQuotasRequest, DescribeClientQuotasResponse};

use super::{Answer, Context};
use crate::controller::Refusal;
use crate::node::Node;

/// Match types: this name, the default entity, any name.
const EXACT: i8 = 0;
const DEFAULT: i8 = 1;
const SPECIFIED: i8 = 2;

pub(super) fn handle(
    _: &mut Node,
    _: &Context<'_>,
    request: DescribeClientQuotasRequest,
) -> Answer {
    let response = DescribeClientQuotasResponse::default();
    match check(&request.components) {
        Ok(()) => response
            .with_error_message(None)
            .with_entries(Some(Vec::new())),
        Err(refusal) => response
            .with_error_code(refusal.error.code())
            .with_error_message(Some(StrBytes::from_string(refusal.message)))
            .with_entries(None),
    }
    .into()
}

fn check(components: &[ComponentData]) -> Result<(), Refusal> {
    let invalid = |message: String| Err(Refusal::new(InvalidRequest, message));
    let mut seen = BTreeSet::new();
    for component in components {
        let entity = component.entity_type.as_str();
        check_entity_type(entity)?;
        if !seen.insert(entity) {
            return invalid(format!("The filter names the entity type {entity} twice."));
        }
        match (component.match_type, &component._match) {
            (EXACT, Some(_)) | (DEFAULT | SPECIFIED, None) => {}
            (EXACT, None) => return invalid("An exact match needs a name.".into()),
            (DEFAULT | SPECIFIED, Some(_)) => {
                return invalid("Only an exact match takes a name.".into());
            }
            (other, _) => return invalid(format!("Unknown match type {other}.")),
        }
    }
    check_together(&seen)
}

/// An entity type is one that Kafka has quotas for.
pub(super) fn check_entity_type(entity: &str) -> Result<(), Refusal> {
    match entity {
        "user" | "client-id" | "ip" => Ok(()),
        "" => Err(Refusal::new(InvalidRequest, "An entity type is empty.")),
        other => Err(Refusal::new(
            UnsupportedVersion,
            format!("Unsupported entity type {other}."),
        )),
    }
}

/// Addresses have quotas of their own.
pub(super) fn check_together(entities: &BTreeSet<&str>) -> Result<(), Refusal> {
    if entities.contains("ip") && entities.len() > 1 {
        return Err(Refusal::new(
            InvalidRequest,
            "The entity type ip stands alone, without user or client-id.",
        ));
    }
    Ok(())
}
