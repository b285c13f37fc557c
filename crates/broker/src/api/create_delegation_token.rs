//! CreateDelegationToken, versions 1 to 3: DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, as to everybody who is not
//! authenticated (KIP-48).

use konbini_protocol::ResponseError::DelegationTokenRequestNotAllowed;
use konbini_protocol::StrBytes;
use konbini_protocol::messages::{CreateDelegationTokenRequest, CreateDelegationTokenResponse};

use super::{Answer, Context};
use crate::node::Node;

/// A time that a token which does not exist has.
pub(super) const NO_TIME: i64 = -1;

pub(super) fn handle(
    _: &mut Node,
    context: &Context<'_>,
    _: CreateDelegationTokenRequest,
) -> Answer {
    let user = StrBytes::from_static_str("User");
    let anonymous = StrBytes::from_static_str("ANONYMOUS");
    let mut response = CreateDelegationTokenResponse::default()
        .with_error_code(DelegationTokenRequestNotAllowed.code())
        .with_principal_type(user.clone())
        .with_principal_name(anonymous.clone())
        .with_issue_timestamp_ms(NO_TIME)
        .with_expiry_timestamp_ms(NO_TIME)
        .with_max_timestamp_ms(NO_TIME);
    if context.version >= 3 {
        response.token_requester_principal_type = user;
        response.token_requester_principal_name = anonymous;
    }
    response.into()
}
