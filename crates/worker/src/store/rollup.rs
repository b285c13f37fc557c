//! Which values of a closed segment to rewrite into fewer, larger ones. Pure.
//!
//! Small inline values are rewritten by the browser's own compaction again and again, and their
//! space comes back late. A segment that is closed no longer changes, so its bytes move once.

use super::catalog::{Catalog, Entry, LogAt};
use super::cut::{LARGE_VALUE_BYTES, cut};

/// Bytes that one roll-up transaction rewrites at the most.
pub const ROLLUP_BYTES: u32 = 4 * 1024 * 1024;

/// Neighbours to be read, joined and cut anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollup {
    pub log: LogAt,
    pub segment: i64,
    /// Byte position of the first value.
    pub position: u32,
    pub values: Vec<(u32, Entry)>,
    /// Sizes of the values that take their place; fewer than there were.
    pub sizes: Vec<usize>,
}

/// The first roll-up that makes this segment better, if there is one, at `from` or behind.
pub fn next(catalog: &Catalog, log: &LogAt, segment: i64, from: u32) -> Option<Rollup> {
    let values = catalog.segment(log, segment)?;
    let mut rest = values
        .range(from..)
        .map(|(&p, &entry)| (p, entry))
        .peekable();
    while rest.peek().is_some() {
        let run = take_run(&mut rest);
        let lengths: Vec<usize> = run.iter().map(|(_, entry)| entry.kept as usize).collect();
        let sizes = cut(&lengths);
        if sizes.len() < run.len() {
            return Some(Rollup {
                log: log.clone(),
                segment,
                position: run[0].0,
                values: run,
                sizes,
            });
        }
    }
    None
}

/// Small values that lie back to back; a large one is taken alone and left out.
fn take_run(
    rest: &mut std::iter::Peekable<impl Iterator<Item = (u32, Entry)>>,
) -> Vec<(u32, Entry)> {
    let mut run: Vec<(u32, Entry)> = Vec::new();
    let mut size = 0;
    while let Some(&(position, entry)) = rest.peek() {
        let large = entry.len as usize >= LARGE_VALUE_BYTES && entry.kept == entry.len;
        if large {
            if run.is_empty() {
                rest.next();
            }
            break;
        }
        let adjoins = run
            .last()
            .is_none_or(|(last, entry)| last + entry.kept == position);
        if !adjoins || size + entry.kept > ROLLUP_BYTES {
            break;
        }
        size += entry.kept;
        run.push((position, entry));
        rest.next();
    }
    run
}

#[cfg(test)]
mod tests {
    use super::super::catalog::ValueAt;
    use super::*;

    const KIB: u32 = 1024;

    fn check(lengths: &[u32], expect: Option<(u32, usize, &[usize])>) {
        let log = LogAt::new(1, "orders-0");
        let mut catalog = Catalog::default();
        let mut position = 0;
        for &len in lengths {
            let at = ValueAt {
                log: log.clone(),
                segment: 0,
                position,
            };
            catalog.insert(
                at,
                Entry {
                    len,
                    crc: 0,
                    kept: len,
                },
            );
            position += len;
        }
        let found = next(&catalog, &log, 0, 0);
        let found = found.map(|rollup| (rollup.position, rollup.values.len(), rollup.sizes));
        let expect = expect.map(|(position, values, sizes)| (position, values, sizes.to_vec()));
        assert_eq!(found, expect);
    }

    #[test]
    fn joins_only_what_becomes_fewer() {
        check(&[], None);
        check(&[100], None);
        check(&[100, 200], Some((0, 2, &[300])));
        check(&[60 * KIB, 60 * KIB], None);
        check(&[300 * KIB, 100, 200], Some((300 * KIB, 2, &[300])));
        check(&[100, 300 * KIB, 200], None);
        check(&[50 * KIB; 10], Some((0, 10, &[500 * 1024])));
        check(&[60 * KIB, 60 * KIB, 60 * KIB, 40 * KIB, 300 * KIB], None);
    }

    #[test]
    fn one_transaction_has_a_limit() {
        check(&[60 * KIB; 100], Some((0, 68, &[1_044_480; 4])));
    }
}
