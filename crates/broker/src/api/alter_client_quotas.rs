//! AlterClientQuotas, versions 0 to 1 (KIP-546). Removing a quota that is not there is no change, as
//! in Kafka.
//!
//! Difference from Apache Kafka: no quota is enforced here, so none is taken: UNSUPPORTED_VERSION.

use std::collections::BTreeSet;

use konbini_protocol::ResponseError::{InvalidRequest, UnsupportedVersion};
use konbini_protocol::StrBytes;
use konbini_protocol::messages::alter_client_quotas_request::EntryData;
use konbini_protocol::messages::alter_client_quotas_response::{
    EntityData, EntryData as AlteredEntry,
};
use konbini_protocol::messages::{AlterClientQuotasRequest, AlterClientQuotasResponse};

use super::describe_client_quotas::{check_entity_type, check_together};
use super::{Answer, Context};
use crate::controller::Refusal;
use crate::node::Node;

pub(super) fn handle(_: &mut Node, _: &Context<'_>, request: AlterClientQuotasRequest) -> Answer {
    let entries = request.entries.iter().map(|entry| {
        let entity = entry.entity.iter().map(|part| {
            EntityData::default()
                .with_entity_type(part.entity_type.clone())
                .with_entity_name(part.entity_name.clone())
        });
        let answer = AlteredEntry::default().with_entity(entity.collect());
        match alter(entry) {
            Ok(()) => answer.with_error_message(None),
            Err(refusal) => answer
                .with_error_code(refusal.error.code())
                .with_error_message(Some(StrBytes::from_string(refusal.message))),
        }
    });
    AlterClientQuotasResponse::default()
        .with_entries(entries.collect())
        .into()
}

fn alter(entry: &EntryData) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for part in &entry.entity {
        check_entity_type(&part.entity_type)?;
        if !seen.insert(part.entity_type.as_str()) {
            let message = format!("The entity type {} comes twice.", &*part.entity_type);
            return Err(Refusal::new(InvalidRequest, message));
        }
    }
    if seen.is_empty() {
        return Err(Refusal::new(InvalidRequest, "The entity is empty."));
    }
    check_together(&seen)?;
    match entry.ops.iter().find(|op| !op.remove) {
        None => Ok(()),
        Some(op) => Err(Refusal::new(
            UnsupportedVersion,
            format!("Quotas are not enforced here: {} cannot be set.", &*op.key),
        )),
    }
}
