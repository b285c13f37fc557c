//! What a request names more than once is refused, and answered once, as in Kafka.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The things that a request names, each once and in their order, and whether it is named again.
pub(super) fn once<'a, T, K: Ord>(
    things: &'a [T],
    name: impl Fn(&'a T) -> K,
) -> Vec<(&'a T, bool)> {
    let mut places = BTreeMap::new();
    let mut out: Vec<(&T, bool)> = Vec::new();
    for thing in things {
        match places.entry(name(thing)) {
            Entry::Vacant(place) => {
                place.insert(out.len());
                out.push((thing, false));
            }
            Entry::Occupied(place) => out[*place.get()].1 = true,
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let check = |names: &[&str], expect: &[(&str, bool)]| {
            let found: Vec<_> = once(names, |name| *name).into_iter().collect();
            let found: Vec<_> = found.iter().map(|(name, again)| (**name, *again)).collect();
            assert_eq!(found, expect);
        };
        check(&[], &[]);
        check(&["b", "a"], &[("b", false), ("a", false)]);
        check(&["b", "a", "b", "b"], &[("b", true), ("a", false)]);
    }
}
