//! CreateAcls, versions 1 to 3: SECURITY_DISABLED for each, as without `authorizer.class.name`.

use konbini_protocol::ResponseError::SecurityDisabled;
use konbini_protocol::messages::create_acls_response::AclCreationResult;
use konbini_protocol::messages::{CreateAclsRequest, CreateAclsResponse};

use super::describe_acls::NO_AUTHORIZER;
use super::{Answer, Context};
use crate::node::Node;

pub(super) fn handle(_: &mut Node, _: &Context<'_>, request: CreateAclsRequest) -> Answer {
    let refused = AclCreationResult::default()
        .with_error_code(SecurityDisabled.code())
        .with_error_message(Some(NO_AUTHORIZER));
    CreateAclsResponse::default()
        .with_results(vec![refused; request.creations.len()])
        .into()
}
