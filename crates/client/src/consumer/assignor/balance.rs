//! The even and sticky assignment that `sticky` and `cooperative-sticky` share. Every member gets
//! as many partitions as any other or one less, and keeps what it had as far as that allows.

use std::collections::{BTreeMap, BTreeSet};

use super::{Assignment, Member, in_order, nobody_has_anything, subscribed};
use crate::TopicPartition;

pub(super) fn assign(members: &[Member], counts: &BTreeMap<String, i32>) -> Assignment {
    let all = subscribed(members, counts);
    let kept = owned(members, &all);
    let topics = |member: &Member| member.topics.iter().cloned().collect::<BTreeSet<String>>();
    let same = members
        .windows(2)
        .all(|pair| topics(&pair[0]) == topics(&pair[1]));
    if same {
        by_quota(members, all, kept)
    } else {
        by_load(members, all, kept)
    }
}

/// What each member had and may keep. Of several claims to a partition the one of the newest
/// generation counts; two in the same generation cancel each other.
fn owned(members: &[Member], all: &[TopicPartition]) -> Assignment {
    let exists: BTreeSet<&TopicPartition> = all.iter().collect();
    let mut claims: BTreeMap<&TopicPartition, (i32, Option<&Member>)> = BTreeMap::new();
    for member in members {
        for tp in member.owned.iter().filter(|tp| exists.contains(tp)) {
            let claim = claims.entry(tp).or_insert((i32::MIN, None));
            if member.generation > claim.0 {
                *claim = (member.generation, Some(member));
            } else if member.generation == claim.0 {
                claim.1 = None;
            }
        }
    }
    let mut kept = nobody_has_anything(members);
    for (tp, (_, claimant)) in claims {
        if let Some(member) = claimant.filter(|member| member.topics.contains(&tp.topic)) {
            kept.entry(member.id.clone()).or_default().push(tp.clone());
        }
    }
    kept
}

/// All members read the same topics: everybody keeps up to the quota, the rest fills up.
fn by_quota(members: &[Member], all: Vec<TopicPartition>, mut kept: Assignment) -> Assignment {
    if members.is_empty() {
        return kept;
    }
    let (min, mut with_more) = (all.len() / members.len(), all.len() % members.len());
    let sorted = in_order(members);
    for member in &sorted {
        let Some(own) = kept.get_mut(&member.id) else {
            continue;
        };
        let may_keep = if own.len() > min && with_more > 0 {
            with_more -= 1;
            min + 1
        } else {
            min
        };
        own.truncate(may_keep);
    }
    let taken: BTreeSet<TopicPartition> = kept.values().flatten().cloned().collect();
    let mut free = all.into_iter().filter(|tp| !taken.contains(tp)).peekable();
    // Round after round, so that one topic's partitions spread over the members.
    for level in [min, min + 1] {
        loop {
            let mut placed = false;
            for member in &sorted {
                let Some(own) = kept.get_mut(&member.id) else {
                    continue;
                };
                if own.len() < level
                    && let Some(tp) = free.next()
                {
                    own.push(tp);
                    placed = true;
                }
            }
            if !placed || free.peek().is_none() {
                break;
            }
        }
    }
    kept
}

/// Members read different topics: the least loaded reader gets each free partition, then partitions
/// move as long as that makes the load more even.
fn by_load(members: &[Member], all: Vec<TopicPartition>, mut kept: Assignment) -> Assignment {
    let sorted = in_order(members);
    let readers = |topic: &str| -> Vec<&Member> {
        sorted
            .iter()
            .copied()
            .filter(|m| m.topics.iter().any(|t| t == topic))
            .collect()
    };
    let least = |load: &Assignment, topic: &str| -> Option<String> {
        let readers = readers(topic);
        let least = readers
            .iter()
            .min_by_key(|m| load.get(&m.id).map_or(0, Vec::len));
        least.map(|member| member.id.clone())
    };
    let taken: BTreeSet<TopicPartition> = kept.values().flatten().cloned().collect();
    let mut free: Vec<&TopicPartition> = all.iter().filter(|tp| !taken.contains(tp)).collect();
    // Those with the smallest choice first.
    free.sort_by_key(|tp| readers(&tp.topic).len());
    for tp in free {
        if let Some(id) = least(&kept, &tp.topic) {
            kept.entry(id).or_default().push(tp.clone());
        }
    }
    // Each move makes the sum of squared loads smaller, so this ends.
    loop {
        let mut moved = false;
        for tp in &all {
            let owner = kept
                .iter()
                .find(|(_, own)| own.contains(tp))
                .map(|(id, _)| id.clone());
            let (Some(owner), Some(other)) = (owner, least(&kept, &tp.topic)) else {
                continue;
            };
            if kept[&owner].len() > kept[&other].len() + 1 {
                kept.entry(owner).or_default().retain(|own| own != tp);
                kept.entry(other).or_default().push(tp.clone());
                moved = true;
            }
        }
        if !moved {
            return kept;
        }
    }
}
