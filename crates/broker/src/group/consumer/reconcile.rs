//! One step of a member towards the target assignment.

use super::{CurrentAssignment, MemberState, Partitions};
use uuid::Uuid;

/// Where a member is to go.
pub struct Goal<'a> {
    /// The epoch of the target assignment.
    pub epoch: i32,
    pub target: &'a Partitions,
    /// Partitions that the member says it has; `None` when it did not say.
    pub owned: Option<&'a Partitions>,
}

/// What the member is given next; the same as before when it cannot go on yet. `held_by_others` says
/// whether another member has a partition.
///
/// First it gives up what is not in the target. While it still has any of that, it stays in its epoch.
/// Then it advances to the epoch of the target and takes what is free; for the rest it waits.
pub fn reconcile(
    current: &CurrentAssignment,
    goal: &Goal<'_>,
    held_by_others: impl Fn((Uuid, i32)) -> bool,
) -> CurrentAssignment {
    match current.state {
        MemberState::Stable if current.epoch == goal.epoch => return current.clone(),
        MemberState::UnrevokedPartitions if still_has(&current.revoking, goal.owned) => {
            return current.clone();
        }
        _ => {}
    }
    let kept: Partitions = current
        .assigned
        .intersection(goal.target)
        .copied()
        .collect();
    let revoking: Partitions = current.assigned.difference(goal.target).copied().collect();
    if !revoking.is_empty() && still_has(&revoking, goal.owned) {
        return CurrentAssignment {
            state: MemberState::UnrevokedPartitions,
            assigned: kept,
            revoking,
            ..current.moved_to(current.epoch)
        };
    }
    let missing = goal.target.difference(&kept).copied();
    let (unreleased, free): (Partitions, Partitions) =
        missing.partition(|partition| held_by_others(*partition));
    CurrentAssignment {
        state: match unreleased.is_empty() {
            true => MemberState::Stable,
            false => MemberState::UnreleasedPartitions,
        },
        assigned: kept.union(&free).copied().collect(),
        revoking: Partitions::new(),
        ..current.moved_to(goal.epoch)
    }
}

/// Whether a member may still have any of these partitions. One that says nothing may have all.
fn still_has(revoking: &Partitions, owned: Option<&Partitions>) -> bool {
    owned.is_none_or(|owned| !owned.is_disjoint(revoking))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partitions(indexes: &[i32]) -> Partitions {
        indexes
            .iter()
            .map(|index| (Uuid::from_u128(1), *index))
            .collect()
    }

    fn member(
        state: MemberState,
        epoch: i32,
        assigned: &[i32],
        revoking: &[i32],
    ) -> CurrentAssignment {
        CurrentAssignment {
            epoch,
            previous_epoch: epoch - 1,
            state,
            assigned: partitions(assigned),
            revoking: partitions(revoking),
        }
    }

    /// From a member, a target in epoch 5, what it says it has, and what others have, to the next.
    #[test]
    fn steps() {
        use MemberState::*;
        type Step<'a> = (
            (MemberState, i32, &'a [i32], &'a [i32]),
            (&'a [i32], Option<&'a [i32]>, &'a [i32]),
            (MemberState, i32, i32, &'a [i32], &'a [i32]),
        );
        let table: &[Step<'_>] = &[
            // Nothing to do: the record stays as it is.
            (
                (Stable, 5, &[0], &[]),
                (&[0], None, &[]),
                (Stable, 5, 4, &[0], &[]),
            ),
            // A new member takes what is free.
            (
                (Stable, 0, &[], &[]),
                (&[0, 1], Some(&[]), &[]),
                (Stable, 5, 0, &[0, 1], &[]),
            ),
            // ... and waits for the rest.
            (
                (Stable, 0, &[], &[]),
                (&[0, 1], Some(&[]), &[1]),
                (UnreleasedPartitions, 5, 0, &[0], &[]),
            ),
            (
                (Stable, 0, &[], &[]),
                (&[1], Some(&[]), &[1]),
                (UnreleasedPartitions, 5, 0, &[], &[]),
            ),
            (
                (UnreleasedPartitions, 5, &[0], &[]),
                (&[0, 1], None, &[]),
                (Stable, 5, 5, &[0, 1], &[]),
            ),
            // Giving up comes first, in the old epoch.
            (
                (Stable, 4, &[0, 1], &[]),
                (&[0, 2], None, &[]),
                (UnrevokedPartitions, 4, 4, &[0], &[1]),
            ),
            (
                (UnrevokedPartitions, 4, &[0], &[1]),
                (&[0, 2], None, &[]),
                (UnrevokedPartitions, 4, 3, &[0], &[1]),
            ),
            (
                (UnrevokedPartitions, 4, &[0], &[1]),
                (&[0, 2], Some(&[0, 1]), &[]),
                (UnrevokedPartitions, 4, 3, &[0], &[1]),
            ),
            (
                (UnrevokedPartitions, 4, &[0], &[1]),
                (&[0, 2], Some(&[0]), &[]),
                (Stable, 5, 4, &[0, 2], &[]),
            ),
            // It says at once that it no longer has what it is to give up.
            (
                (Stable, 4, &[0, 1], &[]),
                (&[0], Some(&[0]), &[]),
                (Stable, 5, 4, &[0], &[]),
            ),
            // A newer target takes more away than the member was told of.
            (
                (UnrevokedPartitions, 4, &[0, 2], &[1]),
                (&[0], Some(&[0, 2]), &[]),
                (UnrevokedPartitions, 4, 4, &[0], &[2]),
            ),
            // A newer target gives back what the member has just revoked.
            (
                (UnrevokedPartitions, 4, &[0], &[1]),
                (&[0, 1], Some(&[0]), &[]),
                (Stable, 5, 4, &[0, 1], &[]),
            ),
            // Waiting in an older epoch, and now to give up.
            (
                (UnreleasedPartitions, 4, &[0, 1], &[]),
                (&[1, 2], None, &[2]),
                (UnrevokedPartitions, 4, 4, &[1], &[0]),
            ),
        ];
        for (index, (from, goal, to)) in table.iter().enumerate() {
            let current = member(from.0, from.1, from.2, from.3);
            let target = partitions(goal.0);
            let owned = goal.1.map(partitions);
            let others = partitions(goal.2);
            let goal = Goal {
                epoch: 5,
                target: &target,
                owned: owned.as_ref(),
            };
            let next = reconcile(&current, &goal, |partition| others.contains(&partition));
            let expect = CurrentAssignment {
                state: to.0,
                epoch: to.1,
                previous_epoch: to.2,
                assigned: partitions(to.3),
                revoking: partitions(to.4),
            };
            assert_eq!(next, expect, "row {index}");
        }
    }
}
