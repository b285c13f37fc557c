use super::Problem;
use crate::group::consumer::Partitions;
use std::collections::BTreeMap;

/// The partitions of each topic are cut into runs, one a subscriber, the first ones longer by one.
/// Subscribers stand in the order of their group instance ids, then of their member ids, so that
/// members with the same topics have the same partitions of each, and a static member that comes back
/// has what it had.
pub fn assign(problem: &Problem<'_>) -> BTreeMap<String, Partitions> {
    let mut order: Vec<&str> = problem.members.keys().copied().collect();
    order.sort_by_key(|id| {
        let instance_id = problem.members[id].instance_id;
        (instance_id.is_none(), instance_id, *id)
    });
    let mut targets: BTreeMap<String, Partitions> = order
        .iter()
        .map(|id| ((*id).to_owned(), Partitions::new()))
        .collect();
    for (topic, count) in &problem.topics {
        let subscribers = order
            .iter()
            .filter(|id| problem.members[**id].topics.contains(topic));
        let subscribers: Vec<&str> = subscribers.copied().collect();
        let Some(quota) = count.checked_div(subscribers.len() as i32) else {
            continue;
        };
        let longer = count % subscribers.len() as i32;
        let mut next = 0;
        for (index, id) in (0..).zip(subscribers) {
            let end = next + quota + i32::from(index < longer);
            let target = targets.entry(id.to_owned()).or_default();
            target.extend((next..end).map(|partition| (*topic, partition)));
            next = end;
        }
    }
    targets
}
