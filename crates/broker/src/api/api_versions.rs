//! ApiVersions, versions 0 to 4.
//!
//! Answers from the table of APIs. A version that is not served is answered with error 35 in a
//! v0 body that lists everything, so that a client can step down (KIP-511). Client software name
//! and version (v3+) must match Kafka's pattern, else INVALID_REQUEST.
//!
//! Difference from Apache Kafka: brokers of one cluster list the APIs between brokers and
//! controller too, because every node has one listener only.

use konbini_protocol::ResponseError;
use konbini_protocol::StrBytes;
use konbini_protocol::messages::ApiVersionsRequest;
use konbini_protocol::messages::api_versions_response::{
    ApiVersion, ApiVersionsResponse, FinalizedFeatureKey, SupportedFeatureKey,
};

use super::{Answer, Context, TABLE};
use crate::controller::FEATURES;
use crate::node::Node;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: ApiVersionsRequest,
) -> Answer {
    let mut response = all();
    if context.version >= 3 {
        let name_ok = is_software_name(&request.client_software_name);
        if !name_ok || !is_software_name(&request.client_software_version) {
            let refused = ApiVersionsResponse::default()
                .with_error_code(ResponseError::InvalidRequest.code());
            return refused.into();
        }
        add_features(node, &mut response);
    }
    response.into()
}

/// The answer to a version of ApiVersions that is not served; to be encoded in v0.
pub(crate) fn unsupported() -> ApiVersionsResponse {
    all().with_error_code(ResponseError::UnsupportedVersion.code())
}

fn all() -> ApiVersionsResponse {
    let mut keys: Vec<ApiVersion> = TABLE
        .iter()
        .map(|api| {
            ApiVersion::default()
                .with_api_key(api.key as i16)
                .with_min_version(api.min)
                .with_max_version(api.max)
        })
        .collect();
    keys.sort_by_key(|key| key.api_key);
    ApiVersionsResponse::default().with_api_keys(keys)
}

fn add_features(node: &Node, response: &mut ApiVersionsResponse) {
    response.supported_features = FEATURES
        .iter()
        .map(|(name, level)| {
            SupportedFeatureKey::default()
                .with_name(StrBytes::from_static_str(name))
                .with_min_version(*level)
                .with_max_version(*level)
        })
        .collect();
    response.finalized_features_epoch = node.metadata.end_offset() - 1;
    response.finalized_features = node
        .metadata
        .image
        .features
        .iter()
        .map(|(name, level)| {
            FinalizedFeatureKey::default()
                .with_name(StrBytes::from_string(name.clone()))
                .with_max_version_level(*level)
                .with_min_version_level(*level)
        })
        .collect();
}

/// Letters, digits, dots and dashes; begins and ends with a letter or digit.
fn is_software_name(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    edge(text.chars().next()) && edge(text.chars().next_back()) && text.chars().all(inner)
}
