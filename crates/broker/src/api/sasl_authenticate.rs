//! SaslAuthenticate, versions 0 to 2: ILLEGAL_SASL_STATE, as on a listener that wants no SASL.

use konbini_protocol::ResponseError::IllegalSaslState;
use konbini_protocol::StrBytes;
use konbini_protocol::messages::{SaslAuthenticateRequest, SaslAuthenticateResponse};

use super::{Answer, Context};
use crate::node::Node;

pub(super) fn handle(_: &mut Node, _: &Context<'_>, _: SaslAuthenticateRequest) -> Answer {
    let message = StrBytes::from_static_str("This listener does not authenticate.");
    SaslAuthenticateResponse::default()
        .with_error_code(IllegalSaslState.code())
        .with_error_message(Some(message))
        .into()
}
