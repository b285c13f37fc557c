use proptest::prelude::*;

use super::*;

const ALL: [Assignor; 4] = [
    Assignor::Range,
    Assignor::RoundRobin,
    Assignor::Sticky,
    Assignor::CooperativeSticky,
];

/// `"c1: a b"`: a member and its topics.
fn members(lines: &[&str]) -> Vec<Member> {
    let parse = |line: &&str| {
        let (id, topics) = line.split_once(':').unwrap();
        let topics = topics.split_whitespace().map(str::to_owned).collect();
        Member {
            id: id.to_owned(),
            topics,
            generation: -1,
            ..Member::default()
        }
    };
    lines.iter().map(parse).collect()
}

fn counts(topics: &[(&str, i32)]) -> BTreeMap<String, i32> {
    topics
        .iter()
        .map(|(topic, count)| ((*topic).to_owned(), *count))
        .collect()
}

/// `"c1: a-0 a-1 | c2: a-2"`
fn show(assignment: &Assignment) -> String {
    let member = |(id, own): (&String, &Vec<TopicPartition>)| {
        let own: Vec<String> = own.iter().map(ToString::to_string).collect();
        format!("{id}: {}", own.join(" ")).trim_end().to_owned()
    };
    assignment
        .iter()
        .map(member)
        .collect::<Vec<_>>()
        .join(" | ")
}

#[test]
fn tables() {
    let check = |assignor: Assignor, lines: &[&str], topics: &[(&str, i32)], expect: &str| {
        let got = show(&assignor.assign(&members(lines), &counts(topics)));
        assert_eq!(got, expect, "{} {lines:?} {topics:?}", assignor.name());
    };
    for assignor in ALL {
        check(assignor, &["c1: a"], &[("a", 2)], "c1: a-0 a-1");
        check(assignor, &["c1: a", "c2: a"], &[("a", 1)], "c1: a-0 | c2:");
        check(
            assignor,
            &["c1: a", "c2: a"],
            &[("a", 2)],
            "c1: a-0 | c2: a-1",
        );
        check(
            assignor,
            &["c1: a", "c2: a", "c3: a"],
            &[("a", 2)],
            "c1: a-0 | c2: a-1 | c3:",
        );
        check(assignor, &["c1: gone"], &[("a", 2)], "c1:");
    }
    let two = ["c1: a b", "c2: a b"];
    let three = [("a", 3), ("b", 3)];
    check(
        Assignor::Range,
        &two,
        &three,
        "c1: a-0 a-1 b-0 b-1 | c2: a-2 b-2",
    );
    check(
        Assignor::RoundRobin,
        &two,
        &three,
        "c1: a-0 a-2 b-1 | c2: a-1 b-0 b-2",
    );
    check(
        Assignor::Sticky,
        &two,
        &three,
        "c1: a-0 a-2 b-1 | c2: a-1 b-0 b-2",
    );
    let uneven = ["c1: a", "c2: a b", "c3: a b c"];
    let one_two_three = [("a", 1), ("b", 2), ("c", 3)];
    let expect = "c1: a-0 | c2: b-0 | c3: b-1 c-0 c-1 c-2";
    check(Assignor::RoundRobin, &uneven, &one_two_three, expect);
    let expect = "c1: a-0 | c2: b-0 b-1 | c3: c-0 c-1 c-2";
    check(Assignor::Sticky, &uneven, &one_two_three, expect);
}

#[test]
fn static_members_come_first() {
    let mut group = members(&["c1: a", "c2: a"]);
    group[1].instance_id = Some("z".to_owned());
    let got = Assignor::Range.assign(&group, &counts(&[("a", 3)]));
    assert_eq!(show(&got), "c1: a-2 | c2: a-0 a-1");
}

#[test]
fn sticky_data_survives_the_wire() {
    let owned = [TopicPartition::new("a", 1), TopicPartition::new("b", 0)];
    let data = sticky::encode(&owned, 7);
    assert_eq!(sticky::decode(data.clone()), Some((owned.to_vec(), 7)));
    for cut in 0..data.len() - 4 {
        assert_eq!(sticky::decode(data.slice(..cut)), None, "cut at {cut}");
    }
}

#[test]
fn a_partition_moves_in_two_rounds() {
    let counts = counts(&[("a", 2)]);
    let mut group = members(&["c1: a", "c2: a"]);
    group[0].owned = vec![TopicPartition::new("a", 0), TopicPartition::new("a", 1)];
    group[0].generation = 1;
    let first = Assignor::CooperativeSticky.assign(&group, &counts);
    assert_eq!(show(&first), "c1: a-0 | c2:");
    group[0].owned.truncate(1);
    let second = Assignor::CooperativeSticky.assign(&group, &counts);
    assert_eq!(show(&second), "c1: a-0 | c2: a-1");
}

/// A group, with what an earlier round of `assignor` gave its first members.
fn group() -> impl Strategy<Value = (Vec<Member>, Vec<Member>, BTreeMap<String, i32>)> {
    let topics = prop::collection::vec(0i32..6, 1..4);
    let subscriptions = prop::collection::vec(prop::collection::vec(any::<bool>(), 3), 1..7);
    (topics, subscriptions, any::<bool>(), 1usize..7).prop_map(|(topics, subs, same, before)| {
        let counts: BTreeMap<String, i32> = topics
            .iter()
            .enumerate()
            .map(|(i, n)| (format!("t{i}"), *n))
            .collect();
        let member = |(i, wants): (usize, &Vec<bool>)| Member {
            id: format!("m{i}"),
            topics: (0..3)
                .filter(|t| same || wants[*t])
                .map(|t| format!("t{t}"))
                .collect(),
            generation: -1,
            ..Member::default()
        };
        let now: Vec<Member> = subs.iter().enumerate().map(member).collect();
        let earlier = now.iter().take(before).cloned().collect();
        (now, earlier, counts)
    })
}

/// Gives the members of `now` what the earlier assignment gave them.
fn remember(now: &mut [Member], earlier: &Assignment) {
    for member in now {
        if let Some(own) = earlier.get(&member.id) {
            member.owned = own.clone();
            member.generation = 3;
        }
    }
}

fn wanted(group: &[Member], counts: &BTreeMap<String, i32>) -> Vec<TopicPartition> {
    subscribed(group, counts)
}

proptest! {
    #[test]
    fn each_partition_has_one_owner_who_wants_it((now, _, counts) in group()) {
        for assignor in ALL {
            let got = assignor.assign(&now, &counts);
            prop_assert_eq!(got.len(), now.len());
            let mut all: Vec<TopicPartition> = got.values().flatten().cloned().collect();
            all.sort();
            prop_assert_eq!(&all, &wanted(&now, &counts));
            for member in &now {
                prop_assert!(got[&member.id].iter().all(|tp| member.topics.contains(&tp.topic)));
            }
        }
    }

    #[test]
    fn sticky_is_even_and_moves_no_more_than_it_must((mut now, earlier, counts) in group()) {
        let before = Assignor::Sticky.assign(&earlier, &counts);
        remember(&mut now, &before);
        let after = Assignor::Sticky.assign(&now, &counts);
        let same = now.windows(2).all(|pair| pair[0].topics == pair[1].topics);
        if same {
            let loads: Vec<usize> = after.values().map(Vec::len).collect();
            let (least, most) = (loads.iter().min().unwrap(), loads.iter().max().unwrap());
            prop_assert!(most - least <= 1);
            // Whoever stays below the quota loses nothing at all.
            let total: usize = loads.iter().sum();
            let quota = total / now.len();
            for member in &now {
                let lost = member.owned.iter().filter(|tp| !after[&member.id].contains(tp)).count();
                prop_assert!(lost <= member.owned.len().saturating_sub(quota));
                if member.owned.len() <= quota {
                    prop_assert_eq!(lost, 0);
                }
            }
        }
        // The same group again: nothing moves.
        let mut again = now.clone();
        for member in &mut again {
            member.owned = after[&member.id].clone();
            member.generation = 4;
        }
        let mut still = Assignor::Sticky.assign(&again, &counts);
        let mut after = after;
        still.values_mut().for_each(|own| own.sort());
        after.values_mut().for_each(|own| own.sort());
        prop_assert_eq!(still, after);
    }

    #[test]
    fn cooperative_gives_nothing_that_somebody_owns((mut now, earlier, counts) in group()) {
        let before = Assignor::CooperativeSticky.assign(&earlier, &counts);
        remember(&mut now, &before);
        let first = Assignor::CooperativeSticky.assign(&now, &counts);
        for (id, own) in &first {
            for tp in own {
                let other = now.iter().find(|m| m.id != *id && m.owned.contains(tp));
                prop_assert!(other.is_none(), "{} has {} of {:?}", id, tp, other);
            }
        }
        // Members give up what they lost and join again until everything has an owner: at once
        // when they read the same topics, else after some more moves.
        let same = now.windows(2).all(|pair| pair[0].topics == pair[1].topics);
        let mut given = first;
        let mut rounds = 1;
        loop {
            let mut all: Vec<TopicPartition> = given.values().flatten().cloned().collect();
            all.sort();
            if all == wanted(&now, &counts) {
                break;
            }
            for member in &mut now {
                member.owned = given[&member.id].clone();
                member.generation += 1;
            }
            given = Assignor::CooperativeSticky.assign(&now, &counts);
            rounds += 1;
            prop_assert!(rounds <= if same { 2 } else { 4 }, "{:?} {:?}", now, given);
        }
    }
}
