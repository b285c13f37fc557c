//! In one epoch of the quorum, one node is the controller.

use std::collections::BTreeMap;

use super::{Invariant, Moment};

#[derive(Default)]
pub struct OneControllerAnEpoch {
    controllers: BTreeMap<i32, i32>,
}

impl Invariant for OneControllerAnEpoch {
    fn name(&self) -> &'static str {
        "one-controller-an-epoch"
    }

    fn check(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        for broker in moment.cluster.brokers() {
            let Some(epoch) = broker.leads_quorum_in() else {
                continue;
            };
            let id = broker.node_id();
            let controller = *self.controllers.entry(epoch).or_insert(id);
            if controller != id {
                return Err(format!(
                    "brokers {controller} and {id} led the quorum in epoch {epoch}"
                ));
            }
        }
        Ok(())
    }
}
