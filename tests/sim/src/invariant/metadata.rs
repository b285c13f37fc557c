//! Whoever has replayed the metadata log up to one offset has the same picture.

use std::collections::BTreeMap;

use konbini_broker::metadata::Image;

use super::{Invariant, Moment};

/// Offsets of which the picture is remembered.
const REMEMBERED: usize = 64;

#[derive(Default)]
pub struct ImagesAreEqual {
    images: BTreeMap<i64, Image>,
    seen: BTreeMap<i32, i64>,
}

impl Invariant for ImagesAreEqual {
    fn name(&self) -> &'static str {
        "images-are-equal"
    }

    fn check(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        for broker in moment.cluster.brokers() {
            let (id, offset) = (broker.node_id(), broker.metadata_offset());
            if self.seen.insert(id, offset) == Some(offset) {
                continue;
            }
            match self.images.get(&offset) {
                Some(image) if image != broker.metadata() => {
                    return Err(format!(
                        "broker {id} has another picture at offset {offset}"
                    ));
                }
                Some(_) => {}
                None => {
                    self.images.insert(offset, broker.metadata().clone());
                    if self.images.len() > REMEMBERED {
                        self.images.pop_first();
                    }
                }
            }
        }
        Ok(())
    }
}
