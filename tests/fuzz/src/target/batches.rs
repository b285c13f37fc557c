//! Record batches of every codec: cut, walked, decompressed.

use super::Target;
use crate::mutate::mutate;
use bytes::Bytes;
use konbini_protocol::compression::Codec;
use konbini_protocol::record::{self, BatchBuilder, set_create_time};
use konbini_sim::dice::Dice;

/// Bytes of the smallest batch: its header.
const HEADER_BYTES: usize = 61;

pub struct Batches {
    whole: Vec<Bytes>,
    input: Bytes,
}

impl Batches {
    pub fn new() -> Batches {
        Batches {
            whole: Codec::ALL.into_iter().map(batch).collect(),
            input: Bytes::new(),
        }
    }
}

fn batch(codec: Codec) -> Bytes {
    let mut batch = BatchBuilder::new(codec);
    for number in 0..40 {
        let value = format!("parcel {number} {}", "-".repeat(number));
        let key = (number % 3 > 0).then_some(b"shelf".as_slice());
        let added = batch.append(number as i64, key, Some(value.as_bytes()), &[]);
        added.expect("it fits");
    }
    batch.build()
}

impl Target for Batches {
    fn run(&mut self, dice: &mut Dice) -> Result<(), String> {
        let mut bytes = dice.one_of(&self.whole).to_vec();
        let other = dice.one_of(&self.whole).clone();
        mutate(&mut bytes, &other, dice);
        // A checksum that fits lets what is behind it through.
        if bytes.len() >= HEADER_BYTES && dice.percent(70) {
            set_create_time(&mut bytes, dice.between(0, 100));
        }
        self.input = bytes.into();
        for batch in record::batches(self.input.clone()) {
            let Ok(batch) = batch else { break };
            let records = batch.records().take_while(Result::is_ok).count();
            let claimed = usize::try_from(batch.header.records_count).unwrap_or(0);
            if records > claimed {
                return Err(format!("{records} records of {claimed}"));
            }
        }
        Ok(())
    }

    fn input(&self) -> Bytes {
        self.input.clone()
    }
}
