use super::Problem;
use crate::group::consumer::Partitions;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Members have as many partitions as each other, give or take one, and keep what they have where
/// that is possible. With different subscriptions that much evenness may not exist: then no partition
/// can go to a subscriber that has two less than the member it is taken from.
pub fn assign(problem: &Problem<'_>) -> BTreeMap<String, Partitions> {
    let mut work = Work::new(problem);
    match problem.is_homogeneous() {
        true => work.deal(),
        false => {
            work.keep_all();
            work.hand_out();
            work.even_out();
        }
    }
    work.targets
        .into_iter()
        .map(|(id, partitions)| (id.to_owned(), partitions))
        .collect()
}

struct Work<'a> {
    problem: &'a Problem<'a>,
    targets: BTreeMap<&'a str, Partitions>,
    /// Members by topic that subscribe to it, the one with the fewest partitions first.
    by_load: BTreeMap<Uuid, BTreeSet<(usize, &'a str)>>,
    unassigned: Partitions,
}

impl<'a> Work<'a> {
    fn new(problem: &'a Problem<'a>) -> Work<'a> {
        let mut by_load: BTreeMap<Uuid, BTreeSet<(usize, &str)>> = BTreeMap::new();
        for (id, member) in &problem.members {
            for topic in &member.topics {
                by_load.entry(*topic).or_default().insert((0, *id));
            }
        }
        let unassigned = by_load
            .keys()
            .flat_map(|topic| problem.partitions_of(*topic))
            .collect();
        let ids = problem.members.keys();
        Work {
            problem,
            targets: ids.map(|id| (*id, Partitions::new())).collect(),
            by_load,
            unassigned,
        }
    }

    fn load(&self, id: &str) -> usize {
        self.targets.get(id).map_or(0, BTreeSet::len)
    }

    fn change(&mut self, id: &'a str, change: impl FnOnce(&mut Partitions)) {
        let before = self.load(id);
        change(self.targets.entry(id).or_default());
        let after = self.load(id);
        for topic in &self.problem.members[id].topics {
            if let Some(members) = self.by_load.get_mut(topic) {
                members.remove(&(before, id));
                members.insert((after, id));
            }
        }
    }

    fn give(&mut self, id: &'a str, partition: (Uuid, i32)) {
        self.unassigned.remove(&partition);
        self.change(id, |target| _ = target.insert(partition));
    }

    /// What a member has and may keep: its subscription still covers it, and nobody else got it.
    fn keepable(&self, id: &str) -> Vec<(Uuid, i32)> {
        let member = &self.problem.members[id];
        let current = member.current.into_iter().flatten();
        current
            .filter(|partition| {
                member.topics.contains(&partition.0) && self.unassigned.contains(partition)
            })
            .copied()
            .collect()
    }

    fn keep_all(&mut self) {
        let problem = self.problem;
        for id in problem.members.keys() {
            for partition in self.keepable(id) {
                self.give(id, partition);
            }
        }
    }

    /// All subscribe to the same: each keeps up to its even share, and as many as there are partitions
    /// over keep one more. The rest is dealt out in runs.
    fn deal(&mut self) {
        let problem = self.problem;
        let (count, members) = (self.unassigned.len(), problem.members.len());
        let Some(share) = count.checked_div(members) else {
            return;
        };
        let mut over = count % members;
        for id in problem.members.keys() {
            let keepable = self.keepable(id);
            let one_more = keepable.len() > share && over > 0;
            over -= usize::from(one_more);
            for partition in keepable.into_iter().take(share + usize::from(one_more)) {
                self.give(id, partition);
            }
        }
        for id in problem.members.keys() {
            let load = self.load(id);
            let one_more = load <= share && over > 0;
            over -= usize::from(one_more);
            let wanted = (share + usize::from(one_more)).saturating_sub(load);
            let run: Vec<(Uuid, i32)> = self.unassigned.iter().take(wanted).copied().collect();
            for partition in run {
                self.give(id, partition);
            }
        }
    }

    /// The rest goes to whoever has the fewest.
    fn hand_out(&mut self) {
        for partition in std::mem::take(&mut self.unassigned) {
            let subscribers = self.by_load.get(&partition.0);
            if let Some((_, id)) = subscribers.and_then(BTreeSet::first).copied() {
                self.give(id, partition);
            }
        }
    }

    /// Moves single partitions until none can be moved for good. Every move makes the sum of the
    /// squares of the loads smaller, so there is an end.
    fn even_out(&mut self) {
        let problem = self.problem;
        loop {
            let mut moved = false;
            for from in problem.members.keys() {
                while let Some((partition, to)) = self.better_place(from) {
                    self.change(from, |target| _ = target.remove(&partition));
                    self.give(to, partition);
                    moved = true;
                }
            }
            if !moved {
                return;
            }
        }
    }

    /// A partition of a member, and a subscriber that has at least two less.
    fn better_place(&self, from: &str) -> Option<((Uuid, i32), &'a str)> {
        let load = self.load(from);
        let places = self.targets.get(from)?.iter().filter_map(|partition| {
            let (least, to) = *self.by_load.get(&partition.0)?.first()?;
            (least + 2 <= load).then_some((least, *partition, to))
        });
        let (_, partition, to) = places.min()?;
        Some((partition, to))
    }
}
