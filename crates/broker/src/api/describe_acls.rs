//! DescribeAcls, versions 1 to 3: SECURITY_DISABLED, as without `authorizer.class.name`.

use konbini_protocol::ResponseError::SecurityDisabled;
use konbini_protocol::StrBytes;
use konbini_protocol::messages::{DescribeAclsRequest, DescribeAclsResponse};

use super::{Answer, Context};
use crate::node::Node;

/// What every request about ACLs is told.
pub(super) const NO_AUTHORIZER: StrBytes =
    StrBytes::from_static_str("No Authorizer is configured.");

pub(super) fn handle(_: &mut Node, _: &Context<'_>, _: DescribeAclsRequest) -> Answer {
    DescribeAclsResponse::default()
        .with_error_code(SecurityDisabled.code())
        .with_error_message(Some(NO_AUTHORIZER))
        .into()
}
