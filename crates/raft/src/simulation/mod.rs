//! Whole quorums in virtual time with everything that can go wrong: messages lost and late, links
//! cut in one direction or both, power cuts, snapshots, resignations. What must hold is checked
//! after every step; a failing seed names itself.

mod history;
mod violation;
mod world;

use std::collections::BTreeMap;

use violation::{Invariant, Violation};
use world::{Fault, World};

use crate::{Input, Timeouts};

const SEEDS: u64 = 200;
/// How long things go wrong, and how long afterwards everything must be well again, in ms.
const CHAOS_MS: i64 = 6_000;
const HEALING_MS: i64 = 3_000;
/// Shorter than Kafka's, so that more happens in a run.
const TIMEOUTS: Timeouts = Timeouts {
    election_ms: 200,
    fetch_ms: 700,
    election_backoff_max_ms: 200,
    request_ms: 700,
};

/// One thing that goes wrong.
fn disturb(world: &mut World) -> Result<(), Violation> {
    let ids = world.ids();
    let pick = |world: &mut World| ids[world.chance.below(ids.len() as i64) as usize];
    let id = match world.leader() {
        Some(leader) if world.chance.below(2) == 0 => leader,
        _ => pick(world),
    };
    match world.chance.below(12) {
        0 | 1 => world.kill(id),
        2..=4 if !world.nodes.contains_key(&id) => return world.start(id),
        5 => {
            world.kill(id);
            return world.start(id);
        }
        6 => {
            let other = pick(world);
            world.cut.insert((id, other));
        }
        7 => {
            for other in ids.iter().filter(|other| **other != id) {
                world.cut.insert((id, *other));
                world.cut.insert((*other, id));
            }
        }
        8 => world.cut.clear(),
        9 => return world.input(id, Input::Resign),
        10 => return world.snapshot(id),
        _ => world.loss = world.chance.below(4) * 60,
    }
    Ok(())
}

fn heal(world: &mut World) -> Result<(), Violation> {
    world.cut.clear();
    world.loss = 0;
    for id in world.ids() {
        if !world.nodes.contains_key(&id) {
            world.start(id)?;
        }
    }
    let end = world.now + HEALING_MS;
    world.run_until(end)?;
    let before = world.history.end();
    world.append()?;
    world.run_until(end + 1_000)?;
    if world.history.end() <= before {
        let views: Vec<_> = world.nodes.values().map(crate::Raft::view).collect();
        return Err(Invariant::Heals.broken(format!("nothing is committed: {views:?}")));
    }
    let end = world.history.end();
    for node in world.nodes.values() {
        let (known, log_end) = (node.high_watermark(), node.log().log_end_offset());
        if known != Some(end) || log_end != end {
            let id = node.node_id();
            let what = format!("node {id} is at {known:?} of {log_end}, not {end}");
            return Err(Invariant::Heals.broken(what));
        }
    }
    Ok(())
}

/// What a run did: epochs that had a leader, records committed, events by their code.
#[derive(Debug, Default, PartialEq, Eq)]
struct Deeds {
    epochs: usize,
    records: i64,
    events: BTreeMap<String, usize>,
}

/// Runs one seed.
fn run(seed: u64, fault: Fault) -> Result<Deeds, Violation> {
    let (voters, observers) = if seed.is_multiple_of(2) {
        (3, 1)
    } else {
        (5, 0)
    };
    let mut world = World::new(seed, voters, observers, fault, TIMEOUTS);
    world.forgetful = seed.is_multiple_of(3);
    world.delay = 1 + world.chance.below(40);
    let end = world.now + CHAOS_MS;
    let mut next_disturbance = world.now + 500;
    while world.now < end {
        let step = 20 + world.chance.below(120);
        let until = world.now + step;
        world.run_until(until)?;
        world.append()?;
        if fault == Fault::VoteNotStored && world.chance.below(2) == 0 {
            // A vote that was not stored does harm only if its voter restarts.
            let id = 1 + world.chance.below(i64::from(voters)) as i32;
            world.kill(id);
            world.start(id)?;
        }
        if world.now >= next_disturbance {
            disturb(&mut world)?;
            next_disturbance = world.now + world.chance.below(900);
        }
    }
    heal(&mut world)?;
    Ok(Deeds {
        epochs: world.history.leaders(),
        records: world.history.end(),
        events: world.events,
    })
}

#[test]
fn nothing_committed_is_ever_lost() {
    let mut all = Deeds::default();
    for seed in 0..SEEDS {
        let deeds =
            run(seed, Fault::None).unwrap_or_else(|problem| panic!("seed {seed}: {problem}"));
        all.epochs += deeds.epochs;
        all.records += deeds.records;
        for (code, count) in deeds.events {
            *all.events.entry(code).or_default() += count;
        }
    }
    // The runs are worth something: leaders change, records get through, everything occurs.
    let seeds = SEEDS as usize;
    assert!(all.epochs > 3 * seeds, "{} epochs had a leader", all.epochs);
    assert!(all.records > 30 * SEEDS as i64, "{} records", all.records);
    for code in [
        "controller-resigned",
        "controller-vote-refused",
        "metadata-log-truncated",
        "metadata-snapshot-written",
        "metadata-snapshot-fetched",
        "quorum-lost",
    ] {
        let count = all.events.get(code).copied().unwrap_or(0);
        assert!(count > seeds / 10, "{code}: {count}");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    assert_eq!(run(7, Fault::None), run(7, Fault::None));
}

/// The checks find mistakes: with each of these some seed breaks the invariant that it is about. In
/// others the engine may have noticed by itself and gone offline first.
#[test]
fn mistakes_are_caught() {
    let cases = [
        (Fault::VoteNotStored, Invariant::OneLeaderAnEpoch),
        (Fault::MinorityCommits, Invariant::LeaderHasWhatIsCommitted),
        (Fault::StoredLate, Invariant::LeaderHasWhatIsCommitted),
    ];
    for (fault, invariant) in cases {
        let breaks = |seed| run(seed, fault).is_err_and(|it| it.invariant == invariant);
        let caught = (0..SEEDS).any(breaks);
        assert!(caught, "{fault:?} never breaks {invariant:?}");
    }
}

#[test]
fn a_leader_is_found_quickly() {
    for seed in 0..20 {
        let mut world = World::new(seed, 3, 0, Fault::None, Timeouts::default());
        let end = world.now + 2_500;
        world.run_until(end).unwrap();
        assert!(world.leader().is_some(), "seed {seed}");
    }
    // A single voter needs nobody.
    let world = World::new(1, 1, 0, Fault::None, Timeouts::default());
    assert_eq!(world.leader(), Some(1));
}

#[test]
fn a_restarted_quorum_elects_at_once() {
    for seed in 0..20 {
        let mut world = World::new(seed, 3, 0, Fault::None, Timeouts::default());
        let end = world.now + 4_000;
        world.run_until(end).unwrap();
        for id in 1..=3 {
            world.kill(id);
        }
        for id in 1..=3 {
            world.start(id).unwrap();
        }
        let end = world.now + 500;
        world.run_until(end).unwrap();
        assert!(world.leader().is_some(), "seed {seed}");
    }
}

#[test]
fn a_leader_that_resigns_is_replaced_at_once() {
    for voters in [3, 5] {
        for seed in 0..20 {
            let mut world = World::new(seed, voters, 0, Fault::None, Timeouts::default());
            let end = world.now + 4_000;
            world.run_until(end).unwrap();
            let old = world.leader().expect("there is one");
            world.input(old, Input::Resign).unwrap();
            let end = world.now + 1_000;
            world.run_until(end).unwrap();
            let new = world.leader().expect("there is one again");
            assert_ne!(new, old, "seed {seed}");
        }
    }
}

#[test]
fn a_leader_without_a_majority_resigns() {
    let mut world = World::new(3, 3, 0, Fault::None, Timeouts::default());
    let end = world.now + 4_000;
    world.run_until(end).unwrap();
    let old = world.leader().expect("there is one");
    for other in (1..=3).filter(|id| *id != old) {
        world.cut.insert((old, other));
        world.cut.insert((other, old));
    }
    let end = world.now + 8_000;
    world.run_until(end).unwrap();
    assert!(!world.nodes[&old].is_leader());
    assert!(world.leader().is_some_and(|new| new != old));
}

#[test]
fn a_wiped_voter_fetches_everything_again() {
    let mut world = World::new(5, 3, 0, Fault::None, Timeouts::default());
    let end = world.now + 4_000;
    world.run_until(end).unwrap();
    world.append().unwrap();
    let leader = world.leader().expect("there is one");
    let other = (1..=3).find(|id| *id != leader).expect("there are three");
    world.kill(other);
    world.wipe(other);
    world.start(other).unwrap();
    world.append().unwrap();
    let end = world.now + 3_000;
    world.run_until(end).unwrap();
    assert_eq!(world.leader(), Some(leader), "nobody was disturbed");
    let ends = world.nodes.values().map(|node| node.high_watermark());
    assert!(ends.into_iter().all(|end| end == Some(world.history.end())));
}
