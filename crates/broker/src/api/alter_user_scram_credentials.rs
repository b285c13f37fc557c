//! AlterUserScramCredentials, version 0 (KIP-554).
//!
//! Difference from Apache Kafka: it keeps credentials even if no listener wants them. Here nobody
//! can authenticate, so none are taken (UNSUPPORTED_SASL_MECHANISM) and there are none to delete
//! (RESOURCE_NOT_FOUND). A user that comes twice is DUPLICATE_RESOURCE.

use std::collections::BTreeMap;

use konbini_protocol::ResponseError::{
    self, DuplicateResource, ResourceNotFound, UnsupportedSaslMechanism,
};
use konbini_protocol::StrBytes;
use konbini_protocol::messages::alter_user_scram_credentials_response::AlterUserScramCredentialsResult;
use konbini_protocol::messages::{
    AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse,
};

use super::{Answer, Context};
use crate::node::Node;

pub(super) fn handle(
    _: &mut Node,
    _: &Context<'_>,
    request: AlterUserScramCredentialsRequest,
) -> Answer {
    let deletions = request
        .deletions
        .into_iter()
        .map(|deletion| (deletion.name, ResourceNotFound));
    let upsertions = request
        .upsertions
        .into_iter()
        .map(|upsertion| (upsertion.name, UnsupportedSaslMechanism));
    let mut users: BTreeMap<StrBytes, ResponseError> = BTreeMap::new();
    for (user, error) in deletions.chain(upsertions) {
        users
            .entry(user)
            .and_modify(|error| *error = DuplicateResource)
            .or_insert(error);
    }
    let results = users.into_iter().map(|(user, error)| {
        let message = match error {
            ResourceNotFound => "The user has no such credentials.",
            DuplicateResource => "The user is altered twice.",
            _ => "Nobody authenticates on this cluster.",
        };
        AlterUserScramCredentialsResult::default()
            .with_user(user)
            .with_error_code(error.code())
            .with_error_message(Some(StrBytes::from_static_str(message)))
    });
    AlterUserScramCredentialsResponse::default()
        .with_results(results.collect())
        .into()
}
