//! UpdateFeatures, versions 0 to 2 (KIP-584). A broker supports one level of each feature, the one that is
//! finalized, so there is nothing to change: that level is taken, every other is
//! INVALID_UPDATE_VERSION. From v2 one error refuses all and stands for the whole answer.

use konbini_protocol::ResponseError::{InvalidRequest, InvalidUpdateVersion};
use konbini_protocol::StrBytes;
use konbini_protocol::messages::update_features_request::FeatureUpdateKey;
use konbini_protocol::messages::update_features_response::UpdatableFeatureResult;
use konbini_protocol::messages::{UpdateFeaturesRequest, UpdateFeaturesResponse};

use super::{Answer, Context};
use crate::controller::Refusal;
use crate::node::Node;

pub(super) fn handle(
    node: &mut Node,
    context: &Context<'_>,
    request: UpdateFeaturesRequest,
) -> Answer {
    let updates = &request.feature_updates;
    let checked = updates.iter().map(|update| {
        let same = updates
            .iter()
            .filter(|other| other.feature == update.feature);
        let is_repeated = same.count() > 1;
        (update, check(node, update, is_repeated))
    });
    let response = UpdateFeaturesResponse::default().with_error_message(None);
    if context.version >= 2 {
        let refusal = checked.into_iter().find_map(|(_, result)| result.err());
        return match refusal {
            None => response.into(),
            Some(refusal) => response
                .with_error_code(refusal.error.code())
                .with_error_message(Some(StrBytes::from_string(refusal.message)))
                .into(),
        };
    }
    let results = checked.map(|(update, result)| {
        let answer = UpdatableFeatureResult::default().with_feature(update.feature.clone());
        match result {
            Ok(()) => answer.with_error_message(None),
            Err(refusal) => answer
                .with_error_code(refusal.error.code())
                .with_error_message(Some(StrBytes::from_string(refusal.message))),
        }
    });
    response.with_results(results.collect()).into()
}

fn check(node: &Node, update: &FeatureUpdateKey, is_repeated: bool) -> Result<(), Refusal> {
    let feature = update.feature.as_str();
    if is_repeated {
        let message = format!("The feature {feature} is updated twice.");
        return Err(Refusal::new(InvalidRequest, message));
    }
    let level = update.max_version_level;
    let message = match node.metadata.image.features.get(feature) {
        Some(finalized) if *finalized == level => return Ok(()),
        Some(finalized) => format!("{feature} is {finalized} here and cannot become {level}."),
        None => format!("This cluster does not have the feature {feature}."),
    };
    Err(Refusal::new(InvalidUpdateVersion, message))
}
