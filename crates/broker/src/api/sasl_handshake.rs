//! SaslHandshake, versions 0 to 1: ILLEGAL_SASL_STATE, as on a listener that wants no SASL.

use konbini_protocol::ResponseError::IllegalSaslState;
use konbini_protocol::messages::{SaslHandshakeRequest, SaslHandshakeResponse};

use super::{Answer, Context};
use crate::node::Node;

pub(super) fn handle(_: &mut Node, _: &Context<'_>, _: SaslHandshakeRequest) -> Answer {
    SaslHandshakeResponse::default()
        .with_error_code(IllegalSaslState.code())
        .into()
}
