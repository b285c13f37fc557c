//! Nobody cuts off what was committed, unless an unclean election was announced for that partition.
//! A broker says itself what it cuts off.

use super::told::partition_of;
use super::{Invariant, Moment};

pub struct LossesAreAnnounced;

impl Invariant for LossesAreAnnounced {
    fn name(&self) -> &'static str {
        "losses-are-announced"
    }

    fn check(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        for told in moment.events {
            if told.event.code != "replica-truncated-committed" {
                continue;
            }
            let Some((topic, partition)) = partition_of(&told.event) else {
                return Err(format!("{:?} names no partition", told.event));
            };
            if !moment.told.lost(&topic, partition) {
                return Err(format!(
                    "{:?} cut off what was committed of {topic}-{partition}: {:?}",
                    told.who, told.event.args
                ));
            }
        }
        Ok(())
    }
}
