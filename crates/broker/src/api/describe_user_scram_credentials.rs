//! DescribeUserScramCredentials, version 0 (KIP-554): nobody has credentials, because nobody
//! authenticates here. Who is asked for by name is RESOURCE_NOT_FOUND.

use konbini_protocol::ResponseError::{DuplicateResource, ResourceNotFound};
use konbini_protocol::StrBytes;
use konbini_protocol::messages::describe_user_scram_credentials_response::DescribeUserScramCredentialsResult;
use konbini_protocol::messages::{
    DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse,
};

use super::{Answer, Context};
use crate::node::Node;

pub(super) fn handle(
    _: &mut Node,
    _: &Context<'_>,
    request: DescribeUserScramCredentialsRequest,
) -> Answer {
    let asked: Vec<StrBytes> = request
        .users
        .unwrap_or_default()
        .into_iter()
        .map(|user| user.name)
        .collect();
    let mut results: Vec<DescribeUserScramCredentialsResult> = Vec::new();
    for user in &asked {
        if results.iter().any(|result| result.user == *user) {
            continue;
        }
        let (error, message) = match asked.iter().filter(|other| *other == user).count() {
            1 => (
                ResourceNotFound,
                format!("User {} has no credentials.", &**user),
            ),
            _ => (
                DuplicateResource,
                format!("User {} is named twice.", &**user),
            ),
        };
        let result = DescribeUserScramCredentialsResult::default()
            .with_user(user.clone())
            .with_error_code(error.code())
            .with_error_message(Some(StrBytes::from_string(message)));
        results.push(result);
    }
    DescribeUserScramCredentialsResponse::default()
        .with_error_message(None)
        .with_results(results)
        .into()
}
