//! Frames that real clients sent: `corpus/frames.txt`, one a line, without its size.

use bytes::Bytes;

const FRAMES: &str = include_str!("../corpus/frames.txt");

/// # Panics
/// A line of the file is not hexadecimal.
pub fn frames() -> Vec<Bytes> {
    let lines = FRAMES.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| unhex(line).expect("hexadecimal"))
        .collect()
}

fn unhex(text: &str) -> Option<Bytes> {
    let digits = text.as_bytes().chunks(2);
    let bytes = digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    bytes.collect::<Option<Vec<u8>>>().map(Bytes::from)
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_corpus_has_many_apis() {
        let keys: BTreeSet<[u8; 2]> = frames().iter().map(|frame| [frame[0], frame[1]]).collect();
        assert!(keys.len() >= 25, "{} APIs", keys.len());
        assert_eq!(unhex(&hex(&[0, 255, 16])).unwrap()[..], [0, 255, 16]);
    }
}
