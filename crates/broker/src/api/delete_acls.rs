//! DeleteAcls, versions 1 to 3: SECURITY_DISABLED for each filter, as without
//! `authorizer.class.name`.

use konbini_protocol::ResponseError::SecurityDisabled;
use konbini_protocol::messages::delete_acls_response::DeleteAclsFilterResult;
use konbini_protocol::messages::{DeleteAclsRequest, DeleteAclsResponse};

use super::describe_acls::NO_AUTHORIZER;
use super::{Answer, Context};
use crate::node::Node;

pub(super) fn handle(_: &mut Node, _: &Context<'_>, request: DeleteAclsRequest) -> Answer {
    let refused = DeleteAclsFilterResult::default()
        .with_error_code(SecurityDisabled.code())
        .with_error_message(Some(NO_AUTHORIZER));
    DeleteAclsResponse::default()
        .with_filter_results(vec![refused; request.filters.len()])
        .into()
}
