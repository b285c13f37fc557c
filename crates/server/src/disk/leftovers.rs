//! What a process leaves of a change of several files when it is killed in its midst, in Kafka's words.
//!
//! ```text
//! X.log.deleted   its segment was deleted, or replaced because it was compacted: it is to go
//! X.log.cleaned   of a compacted segment, not whole
//! X.log.swap      a compacted segment, whole: those that it was made of are to go, then it is X.log
//! ```
//! The files of an index are called the same way. Kafka's LogLoader finishes it when it opens a log, and
//! so does this. Kafka renames a file that is to go; the server only marks it, by an `X.log.deleted` that
//! says so.

use konbini_log::DELETED_MARK;
use konbini_protocol::record::{BATCH_HEADER_BYTES, BatchHeader};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Result, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

/// A compacted segment that is to take the place of others.
pub const SWAP: &str = ".swap";
const CLEANED: &str = ".cleaned";
const DELETED: &str = ".deleted";
/// All files of a segment. The log goes last: whoever finds it finds out that it is not to be there.
const FILES: [&str; 4] = ["index", "timeindex", "txnindex", "log"];

/// Finishes what was begun in a log's directory.
pub fn finish(dir: &Path) -> Result<()> {
    let names = names(dir)?;
    let with = |suffix: &'static str| {
        let stems = names
            .iter()
            .filter_map(move |name| name.strip_suffix(suffix));
        stems.map(str::to_owned)
    };
    for stem in with(DELETED) {
        let path = dir.join(stem + DELETED);
        if std::fs::read(&path)? != DELETED_MARK {
            std::fs::remove_file(path)?;
        }
    }
    // A segment that was too large became several, of which not all were whole: none of them counts.
    let cleaned: BTreeSet<i64> = with(CLEANED).filter_map(|stem| base_of(&stem)).collect();
    for stem in with(CLEANED) {
        std::fs::remove_file(dir.join(stem + CLEANED))?;
    }
    for stem in with(SWAP) {
        let base = base_of(&stem).unwrap_or(i64::MAX);
        let counts = cleaned.first().is_none_or(|least| base < *least);
        if counts && stem.ends_with(".log") {
            take_place(dir, base)?;
        }
    }
    for stem in with(SWAP) {
        super::unless_missing(std::fs::remove_file(dir.join(stem + SWAP)))?;
    }
    Ok(())
}

/// Puts `base.log.swap` in the place of the segments whose offsets it has.
fn take_place(dir: &Path, base: i64) -> Result<()> {
    let swap = dir.join(format!("{base:020}.log{SWAP}"));
    let end = end_offset(&swap)?.max(base + 1);
    delete_indexes(dir, base)?;
    for other in segments(dir, base + 1..end)? {
        delete_segment(dir, other)?;
    }
    let aborted = format!("{base:020}.txnindex");
    let aborted_swap = dir.join(format!("{aborted}{SWAP}"));
    super::unless_missing(std::fs::rename(aborted_swap, dir.join(aborted)))?;
    std::fs::rename(swap, dir.join(format!("{base:020}.log")))
}

/// The offset after the last batch of a file.
fn end_offset(path: &Path) -> Result<i64> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let (mut position, mut end, mut header) = (0, 0, [0; BATCH_HEADER_BYTES]);
    while position + BATCH_HEADER_BYTES as u64 <= size {
        file.seek(SeekFrom::Start(position))?;
        file.read_exact(&mut header)?;
        let Ok(header) = BatchHeader::parse(&header) else {
            break;
        };
        end = header.next_offset();
        position += header.size() as u64;
    }
    Ok(end)
}

/// Base offsets of the segments that begin in a range.
pub fn segments(dir: &Path, range: Range<i64>) -> Result<Vec<i64>> {
    let names = names(dir)?;
    let logs = names.iter().filter(|name| name.ends_with(".log"));
    let bases = logs.filter_map(|name| base_of(name));
    Ok(bases.filter(|base| range.contains(base)).collect())
}

/// Deletes the files of a segment, as far as they are there.
pub fn delete_segment(dir: &Path, base: i64) -> Result<()> {
    FILES
        .iter()
        .try_for_each(|suffix| delete(dir, base, suffix))
}

/// Deletes what fits only the bytes that a segment has. Without them its old bytes are as good as new ones;
/// who opens the log makes them again.
pub fn delete_indexes(dir: &Path, base: i64) -> Result<()> {
    delete(dir, base, "index")?;
    delete(dir, base, "timeindex")
}

fn delete(dir: &Path, base: i64, suffix: &str) -> Result<()> {
    super::unless_missing(std::fs::remove_file(
        dir.join(format!("{base:020}.{suffix}")),
    ))
}

fn base_of(name: &str) -> Option<i64> {
    name.split('.').next()?.parse().ok()
}

fn names(dir: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(dir)? {
        if let Ok(name) = entry?.file_name().into_string() {
            names.insert(name);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use konbini_protocol::compression::Codec;
    use konbini_protocol::record::BatchBuilder;

    /// What a file holds.
    #[derive(Clone, Copy)]
    enum Holds {
        Old,
        /// A batch of offsets 0 to 4.
        Compacted,
        Mark,
    }
    use Holds::{Compacted, Mark, Old};

    fn content(holds: Holds) -> Vec<u8> {
        match holds {
            Old => b"old".to_vec(),
            Mark => DELETED_MARK.to_vec(),
            Compacted => {
                let mut batch = BatchBuilder::new(Codec::None);
                for value in ["a", "b", "c", "d", "e"] {
                    let added = batch.append(0, None, Some(value.as_bytes()), &[]);
                    added.expect("it fits");
                }
                batch.build().to_vec()
            }
        }
    }

    /// `3.log` for 00000000000000000003.log.
    fn full(name: &str) -> String {
        let (base, suffix) = name.split_once('.').expect("a suffix");
        format!("{base:0>20}.{suffix}")
    }

    fn check(number: usize, before: &[(&str, Holds)], after: &[(&str, Holds)]) {
        let name = format!("konbini-leftovers-{number}-{}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        std::fs::remove_dir_all(&dir).ok();
        std::fs::create_dir_all(&dir).expect("made");
        for (name, holds) in before {
            std::fs::write(dir.join(full(name)), content(*holds)).expect("written");
        }
        finish(&dir).expect("a disk that works");
        let expect: BTreeSet<String> = after.iter().map(|(name, _)| full(name)).collect();
        assert_eq!(names(&dir).expect("it is there"), expect, "case {number}");
        for (name, holds) in after {
            let found = std::fs::read(dir.join(full(name))).expect("it is there");
            assert_eq!(found, content(*holds), "case {number}, {name}");
        }
        std::fs::remove_dir_all(&dir).ok();
    }

    #[test]
    fn what_was_begun_is_finished() {
        type Files<'a> = &'a [(&'a str, Holds)];
        let cases: [(Files, Files); 7] = [
            (
                &[("0.log", Old), ("0.index", Old)],
                &[("0.log", Old), ("0.index", Old)],
            ),
            // Kafka has compacted a segment: what it renamed is the one before.
            (
                &[
                    ("0.log", Compacted),
                    ("0.log.deleted", Old),
                    ("0.index.deleted", Old),
                    ("7.log", Old),
                ],
                &[("0.log", Compacted), ("7.log", Old)],
            ),
            // The server's own mark says that this segment is to go, which the log itself does.
            (
                &[("0.log", Old), ("0.log.deleted", Mark)],
                &[("0.log", Old), ("0.log.deleted", Mark)],
            ),
            // A compacted segment is there, and all that it was made of.
            (
                &[
                    ("0.log", Old),
                    ("0.index", Old),
                    ("0.txnindex", Old),
                    ("3.log", Old),
                    ("3.timeindex", Old),
                    ("4.log", Old),
                    ("5.log", Old),
                    ("5.index", Old),
                    ("0.log.swap", Compacted),
                    ("0.index.swap", Mark),
                    ("0.txnindex.swap", Mark),
                ],
                &[
                    ("0.log", Compacted),
                    ("0.txnindex", Mark),
                    ("5.log", Old),
                    ("5.index", Old),
                ],
            ),
            // Some of that is gone, all of it.
            (
                &[("0.log.swap", Compacted), ("4.log", Old), ("5.log", Old)],
                &[("0.log", Compacted), ("5.log", Old)],
            ),
            (&[("0.log.swap", Compacted)], &[("0.log", Compacted)]),
            // Not all of it was whole: the old one counts.
            (
                &[
                    ("0.log", Old),
                    ("0.log.cleaned", Compacted),
                    ("3.log.swap", Compacted),
                ],
                &[("0.log", Old)],
            ),
        ];
        for (number, (before, after)) in cases.iter().enumerate() {
            check(number, before, after);
        }
    }
}
