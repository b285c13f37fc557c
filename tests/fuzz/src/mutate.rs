//! Inputs that are nearly right.

use konbini_sim::dice::Dice;

/// Numbers at which code goes wrong.
const NUMBERS: [i64; 12] = [
    0,
    1,
    -1,
    -2,
    127,
    128,
    i16::MAX as i64,
    i32::MAX as i64,
    i32::MIN as i64,
    0x7fff_ffff_0000,
    i64::MAX,
    i64::MIN,
];
/// Bytes of an input at the most.
const INPUT_BYTES_MAX: usize = 64 * 1024;

/// Changes a few places; sometimes none at all.
pub fn mutate(bytes: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    for _ in 0..dice.between(0, 6) {
        once(bytes, other, dice);
    }
    bytes.truncate(INPUT_BYTES_MAX);
}

fn once(bytes: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    if bytes.is_empty() {
        bytes.extend_from_slice(&other[..other.len().min(8)]);
        return;
    }
    let at = place(bytes.len(), dice);
    match dice.between(0, 7) {
        0 => bytes[at] ^= 1 << dice.between(0, 7),
        1 => bytes[at] = dice.roll() as u8,
        2 | 3 => {
            let width = *dice.one_of(&[1, 2, 4, 8]);
            let number = dice.one_of(&NUMBERS).to_be_bytes();
            let end = bytes.len().min(at + width);
            bytes[at..end].copy_from_slice(&number[8 - (end - at)..]);
        }
        4 => bytes.truncate(at),
        5 => drop(bytes.drain(at..bytes.len().min(at + 1 + place(16, dice)))),
        6 => {
            let end = bytes.len().min(at + 1 + place(32, dice));
            let again = bytes[at..end].to_vec();
            bytes.splice(at..at, again);
        }
        _ => {
            let from = place(other.len().max(1), dice).min(other.len());
            let end = other.len().min(from + place(64, dice));
            bytes.splice(at..at, other[from..end].iter().copied());
        }
    }
}

/// One of so many places.
fn place(count: usize, dice: &mut Dice) -> usize {
    (dice.roll() % count as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_follows_from_its_seed() {
        let made = |seed| {
            let mut bytes: Vec<u8> = (0..40).collect();
            mutate(&mut bytes, &[7; 20], &mut Dice::new(seed));
            bytes
        };
        let inputs: Vec<_> = (0..100).map(made).collect();
        assert_eq!(inputs, (0..100).map(made).collect::<Vec<_>>());
        let changed = inputs.iter().filter(|bytes| **bytes != inputs[0]);
        assert!(changed.count() > 50, "hardly any was changed");
    }
}
