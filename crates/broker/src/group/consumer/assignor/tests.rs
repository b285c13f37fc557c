use super::*;
use proptest::prelude::*;

fn topic(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// `a:1,2=1-0,1-1 b:1` is a member `a` with topics 1 and 2 that had partitions 0 and 1 of topic 1.
fn run(assignor: Assignor, topics: &[i32], members: &str) -> String {
    let mut currents = Vec::new();
    let mut parsed = Vec::new();
    for member in members.split(' ') {
        let (id, rest) = member.split_once(':').unwrap();
        let (id, instance_id) = match id.split_once('/') {
            Some((id, instance)) => (id, Some(instance)),
            None => (id, None),
        };
        let (subscribed, current) = rest.split_once('=').unwrap_or((rest, ""));
        let current = current.split(',').filter_map(|text| text.split_once('-'));
        let current: Partitions = current
            .map(|(name, index)| (topic(name.parse().unwrap()), index.parse().unwrap()))
            .collect();
        let subscribed = subscribed.split(',').filter(|name| !name.is_empty());
        let subscribed: BTreeSet<Uuid> = subscribed
            .map(|name| topic(name.parse().unwrap()))
            .collect();
        parsed.push((id, instance_id, subscribed));
        currents.push(current);
    }
    let subscribers = parsed.into_iter().zip(&currents);
    let problem = Problem {
        members: subscribers
            .map(|((id, instance_id, topics), current)| {
                let current = (!current.is_empty()).then_some(current);
                let subscriber = Subscriber {
                    instance_id,
                    topics,
                    current,
                };
                (id, subscriber)
            })
            .collect(),
        topics: (1..).map(topic).zip(topics.iter().copied()).collect(),
    };
    let targets = assignor.assign(&problem);
    let shown = targets.iter().map(|(id, partitions)| {
        let partitions = partitions
            .iter()
            .map(|(topic, index)| format!("{}-{index}", topic.as_u128()));
        format!("{id}:{}", partitions.collect::<Vec<_>>().join(","))
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn range() {
    let table: &[(&[i32], &str, &str)] = &[
        (&[4], "a:1 b:1", "a:1-0,1-1 b:1-2,1-3"),
        (&[3, 3], "a:1,2 b:1,2", "a:1-0,1-1,2-0,2-1 b:1-2,2-2"),
        // Each topic is cut for those who subscribe to it.
        (&[3, 2], "a:1,2 b:1 c:2", "a:1-0,1-1,2-0 b:1-2 c:2-1"),
        (&[1], "a:1 b:1 c:1", "a:1-0 b: c:"),
        // Static members first, by their instance ids, whatever their member ids are.
        (&[2], "a:1 z/i1:1", "a:1-1 z:1-0"),
        (&[2], "a/i2:1 z/i1:1", "a:1-1 z:1-0"),
        // Nobody subscribes to 2, and 3 does not exist.
        (&[1, 1], "a:1,3 b:", "a:1-0 b:"),
        // What was before does not matter.
        (&[2], "a:1=1-1 b:1=1-0", "a:1-0 b:1-1"),
    ];
    for (topics, members, expect) in table {
        assert_eq!(run(Assignor::Range, topics, members), *expect, "{members}");
    }
}

#[test]
fn uniform() {
    let table: &[(&[i32], &str, &str)] = &[
        (&[4], "a:1 b:1", "a:1-0,1-1 b:1-2,1-3"),
        // Who has a partition keeps it.
        (&[4], "a:1=1-0,1-1,1-2,1-3 b:1", "a:1-0,1-1 b:1-2,1-3"),
        (&[3], "a:1=1-0,1-2 b:1=1-1", "a:1-0,1-2 b:1-1"),
        (&[3], "a:1=1-0 b:1=1-1,1-2", "a:1-0 b:1-1,1-2"),
        (
            &[5],
            "a:1=1-0,1-1,1-2 b:1=1-3,1-4 c:1",
            "a:1-0,1-1 b:1-3,1-4 c:1-2",
        ),
        // A member that left: its partitions go to those who have less.
        (&[4], "a:1=1-0,1-1 b:1=1-2", "a:1-0,1-1 b:1-2,1-3"),
        // Partitions and topics that are gone.
        (&[1], "a:1=1-0,1-1,2-0 b:1", "a:1-0 b:"),
        // No longer subscribed.
        (&[2, 2], "a:2=1-0,1-1 b:1", "a:2-0,2-1 b:1-0,1-1"),
        // Different subscriptions: b and c share what a has no need to have.
        (
            &[3, 3],
            "a:1,2=1-0,1-1,1-2,2-0,2-1,2-2 b:2",
            "a:1-0,1-1,1-2 b:2-0,2-1,2-2",
        ),
        (&[2, 2], "a:1 b:1,2 c:2", "a:1-0 b:1-1,2-1 c:2-0"),
        (&[2], "a:1", "a:1-0,1-1"),
        (&[0], "a:1 b:", "a: b:"),
    ];
    for (topics, members, expect) in table {
        assert_eq!(
            run(Assignor::Uniform, topics, members),
            *expect,
            "{members}"
        );
    }
}

type Group = Vec<(BTreeSet<u8>, BTreeSet<(u8, i32)>)>;

fn group(homogeneous: bool) -> impl Strategy<Value = Group> {
    let topics = if homogeneous { 3..4usize } else { 0..4 };
    let member = (
        prop::collection::btree_set(1..4u8, topics),
        prop::collection::btree_set((1..5u8, 0..6i32), 0..8),
    );
    prop::collection::vec(member, 1..7)
}

fn check(assignor: Assignor, group: &Group) -> Result<(), TestCaseError> {
    let ids: Vec<String> = (0..group.len()).map(|index| format!("m{index}")).collect();
    let currents: Vec<Partitions> = group
        .iter()
        .map(|(_, current)| {
            current
                .iter()
                .map(|(t, p)| (topic((*t).into()), *p))
                .collect()
        })
        .collect();
    let members = ids.iter().zip(group).zip(&currents);
    let problem = Problem {
        members: members
            .map(|((id, (topics, _)), current)| {
                let topics = topics
                    .iter()
                    .map(|number| topic((*number).into()))
                    .collect();
                let subscriber = Subscriber {
                    instance_id: None,
                    topics,
                    current: Some(current),
                };
                (id.as_str(), subscriber)
            })
            .collect(),
        topics: [(topic(1), 5), (topic(2), 1), (topic(3), 4)].into(),
    };
    let targets = assignor.assign(&problem);
    let mut seen = Partitions::new();
    for (id, target) in &targets {
        for partition in target {
            prop_assert!(seen.insert(*partition), "two have {partition:?}");
            prop_assert!(problem.members[id.as_str()].topics.contains(&partition.0));
        }
    }
    let subscribed: BTreeSet<Uuid> = problem
        .members
        .values()
        .flat_map(|member| member.topics.iter().copied())
        .collect();
    let wanted = subscribed
        .iter()
        .flat_map(|topic| problem.partitions_of(*topic));
    prop_assert_eq!(seen, wanted.collect::<Partitions>());
    if assignor == Assignor::Uniform {
        for (from, target) in &targets {
            for (to, other) in &targets {
                let topics = &problem.members[to.as_str()].topics;
                let could_move = target.iter().any(|partition| topics.contains(&partition.0));
                prop_assert!(
                    !could_move || target.len() <= other.len() + 1,
                    "{from} to {to}"
                );
            }
        }
        // Who assigns again, assigns the same.
        let again = Problem {
            members: problem
                .members
                .iter()
                .map(|(id, member)| {
                    let topics = member.topics.clone();
                    (
                        *id,
                        Subscriber {
                            instance_id: None,
                            topics,
                            current: targets.get(*id),
                        },
                    )
                })
                .collect(),
            topics: problem.topics.clone(),
        };
        prop_assert_eq!(assignor.assign(&again), targets);
    }
    Ok(())
}

proptest! {
    #[test]
    fn all_is_assigned_evenly_and_sticks(
        group in prop_oneof![group(true), group(false)],
    ) {
        check(Assignor::Range, &group)?;
        check(Assignor::Uniform, &group)?;
    }
}
