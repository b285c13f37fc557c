//! Reading the contract script.

use bytes::Bytes;
use konbini_log::{LogDir, StoreOp};

pub const SCRIPT: &str = include_str!("script.txt");

#[derive(Debug)]
pub enum Step {
    Op(i32, StoreOp),
    /// What came before is one generation; the next may share its transaction.
    Generation,
    /// Wait for the disk.
    Commit,
    /// Wait for the disk, forget everything, recover.
    Reopen,
    /// The values of a segment, as position and kept length.
    Values(i32, String, i64, Vec<(u32, u32)>),
}

pub fn parse(text: &str) -> Vec<(usize, Step)> {
    let lines = text.lines().enumerate();
    let steps = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    steps
        .map(|(index, line)| (index + 1, step(index + 1, line)))
        .collect()
}

fn step(number: usize, line: &str) -> Step {
    let words: Vec<&str> = line.split(' ').collect();
    let node = || words[1].parse().expect(line);
    let dir = || LogDir(words[2].to_owned());
    let segment = || words[3].parse().expect(line);
    let size = |at: usize| words[at].parse().expect(line);
    let name = || words[3].to_owned();
    match words[0] {
        "append" => {
            let bytes = content(number, words[5].parse().expect(line));
            let op = StoreOp::Append {
                dir: dir(),
                segment: segment(),
                position: size(4),
                bytes,
            };
            Step::Op(node(), op)
        }
        "truncate" => {
            let op = StoreOp::Truncate {
                dir: dir(),
                segment: segment(),
                size: size(4),
            };
            Step::Op(node(), op)
        }
        "replace" => {
            let bytes = content(number, words[5].parse().expect(line));
            let op = StoreOp::Replace {
                dir: dir(),
                segment: segment(),
                until: words[4].parse().expect(line),
                bytes,
            };
            Step::Op(node(), op)
        }
        "delete-segment" => {
            let op = StoreOp::DeleteSegment {
                dir: dir(),
                segment: segment(),
            };
            Step::Op(node(), op)
        }
        "put" => {
            let op = StoreOp::Put {
                dir: dir(),
                name: name(),
                bytes: Bytes::copy_from_slice(words[4].as_bytes()),
            };
            Step::Op(node(), op)
        }
        "remove" => {
            let op = StoreOp::Remove {
                dir: dir(),
                name: name(),
            };
            Step::Op(node(), op)
        }
        "delete-dir" => Step::Op(node(), StoreOp::DeleteDir { dir: dir() }),
        "generation" => Step::Generation,
        "commit" => Step::Commit,
        "reopen" => Step::Reopen,
        "values" => {
            let values = words[4..].iter().map(|word| {
                let (position, len) = word.split_once('+').expect(line);
                (position.parse().expect(line), len.parse().expect(line))
            });
            Step::Values(node(), words[2].to_owned(), segment(), values.collect())
        }
        other => panic!("line {number}: no step is called {other}"),
    }
}

/// Bytes that differ from line to line and from place to place.
pub fn content(number: usize, len: usize) -> Bytes {
    let byte = |at: usize| (number.wrapping_mul(31) ^ at.wrapping_mul(2_654_435_761) >> 7) as u8;
    (0..len).map(byte).collect()
}
