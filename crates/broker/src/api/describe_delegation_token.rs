//! DescribeDelegationToken, versions 1 to 3: DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, as to everybody who is not
//! authenticated (KIP-48).

use konbini_protocol::ResponseError::DelegationTokenRequestNotAllowed;
use konbini_protocol::messages::{DescribeDelegationTokenRequest, DescribeDelegationTokenResponse};

use super::{Answer, Context};
use crate::node::Node;

pub(super) fn handle(_: &mut Node, _: &Context<'_>, _: DescribeDelegationTokenRequest) -> Answer {
    DescribeDelegationTokenResponse::default()
        .with_error_code(DelegationTokenRequestNotAllowed.code())
        .into()
}
