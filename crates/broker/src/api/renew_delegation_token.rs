//! RenewDelegationToken, versions 1 to 2: DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, as to everybody who is not
//! authenticated (KIP-48).

use konbini_protocol::ResponseError::DelegationTokenRequestNotAllowed;
use konbini_protocol::messages::{RenewDelegationTokenRequest, RenewDelegationTokenResponse};

use super::create_delegation_token::NO_TIME;
use super::{Answer, Context};
use crate::node::Node;

pub(super) fn handle(_: &mut Node, _: &Context<'_>, _: RenewDelegationTokenRequest) -> Answer {
    RenewDelegationTokenResponse::default()
        .with_error_code(DelegationTokenRequestNotAllowed.code())
        .with_expiry_timestamp_ms(NO_TIME)
        .into()
}
