//! Counting the votes of one election.

use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub(crate) struct Votes {
    /// What each voter said; `None` as long as it has not.
    said: BTreeMap<i32, Option<bool>>,
}

impl Votes {
    /// An election among `voters` in which this node votes for itself.
    pub fn new(voters: impl Iterator<Item = i32>, own: i32) -> Votes {
        let said = voters.map(|id| (id, (id == own).then_some(true))).collect();
        Votes { said }
    }

    pub fn record(&mut self, voter: i32, granted: bool) {
        if let Some(said) = self.said.get_mut(&voter) {
            *said = Some(granted);
        }
    }

    fn majority(&self) -> usize {
        self.said.len() / 2 + 1
    }

    fn count(&self, granted: bool) -> usize {
        let all = self.said.values();
        all.filter(|said| **said == Some(granted)).count()
    }

    pub fn is_won(&self) -> bool {
        self.count(true) >= self.majority()
    }

    /// So many refused that the rest cannot make a majority.
    pub fn is_lost(&self) -> bool {
        self.said.len() - self.count(false) < self.majority()
    }

    /// Whether so few answered that a majority may not be there at all.
    pub fn too_few_answered(&self) -> bool {
        self.count(true) + self.count(false) < self.majority()
    }

    /// Who has not said anything yet.
    pub fn open(&self) -> Vec<i32> {
        let open = self.said.iter().filter(|(_, said)| said.is_none());
        open.map(|(id, _)| *id).collect()
    }

    pub fn granted(&self) -> Vec<i32> {
        let granted = self.said.iter().filter(|(_, said)| **said == Some(true));
        granted.map(|(id, _)| *id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elections() {
        // Voters, what others say, won, lost.
        type Case = (i32, &'static [(i32, bool)], bool, bool);
        let cases: [Case; 9] = [
            (1, &[], true, false),
            (2, &[], false, false),
            (2, &[(2, true)], true, false),
            (2, &[(2, false)], false, true),
            (3, &[(2, true)], true, false),
            (3, &[(2, false)], false, false),
            (3, &[(2, false), (3, false)], false, true),
            (5, &[(2, true), (3, false), (4, false)], false, false),
            (5, &[(2, true), (9, true)], false, false),
        ];
        for (voters, said, won, lost) in cases {
            let mut votes = Votes::new(1..=voters, 1);
            for (voter, granted) in said {
                votes.record(*voter, *granted);
            }
            assert_eq!((votes.is_won(), votes.is_lost()), (won, lost), "{said:?}");
        }
    }
}
