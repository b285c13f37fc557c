//! What goes wrong in a run.

use konbini_scenario::fault::{Effect, NetworkRule, Party};
use konbini_scenario::{Action, Scenario, TimedAction};

use super::{Class, FAULTS_FROM_MS, HEALED_AT_MS, Traits};
use crate::dice::Dice;

/// Virtual ms from one disk that is replaced to the next: the first has caught up by then.
const WIPE_EVERY_MS: i64 = 33_000;

pub fn roll(dice: &mut Dice, scenario: &Scenario, traits: Traits) -> Vec<TimedAction> {
    let mut actions = match traits.wipes {
        true => wipes(dice, scenario),
        false => (0..dice.between(2, 18))
            .flat_map(|n| fault(dice, scenario, n, traits))
            .collect(),
    };
    actions.sort_by_key(|timed| timed.at);
    actions
}

/// When a fault begins and ends.
#[derive(Clone, Copy)]
struct Span {
    at: i64,
    until: i64,
}

impl Span {
    fn roll(dice: &mut Dice) -> Span {
        let at = dice.between(FAULTS_FROM_MS, HEALED_AT_MS - 1_000);
        let lasts = match dice.percent(20) {
            // As somebody restarts a process.
            true => dice.between(1, 200),
            false => dice.between(200, 25_000),
        };
        let until = (at + lasts).min(HEALED_AT_MS - 1);
        Span { at, until }
    }

    fn pair(self, first: Action, then: Action) -> Vec<TimedAction> {
        let timed = |at, action| TimedAction { at, action };
        vec![timed(self.at, first), timed(self.until, then)]
    }

    fn once(self, action: Action) -> Vec<TimedAction> {
        let at = self.at;
        vec![TimedAction { at, action }]
    }
}

fn fault(dice: &mut Dice, scenario: &Scenario, n: i64, traits: Traits) -> Vec<TimedAction> {
    let broker = dice.between(1, i64::from(scenario.brokers)) as i32;
    let span = Span::roll(dice);
    let start = Action::StartBroker { broker };
    match dice.between(0, 18) {
        0 | 1 => span.pair(Action::StopBroker { broker }, start),
        2 | 3 => span.pair(Action::KillBroker { broker }, start),
        4 if traits.power => span.pair(Action::CutBrokerPower { broker }, start),
        4 => span.pair(Action::KillBroker { broker }, start),
        5..=9 => {
            let name = format!("rule-{n}");
            let rule = rule(dice, scenario, broker, &name);
            span.pair(Action::CutNetwork(rule), Action::RemoveRule { name })
        }
        10 => {
            let ms = dice.between(10, 3_000) as u32;
            let slow = |ms| Action::SlowBroker { broker, ms };
            span.pair(slow(ms), slow(0))
        }
        11 => {
            let most = *dice.one_of(&[5_000, 5_000, 20_000]);
            let ms = dice.between(-most, most);
            let skew = |ms| Action::SkewClock { broker, ms };
            span.pair(skew(ms), skew(0))
        }
        12 => client(dice, scenario, span),
        13 => admin(dice, scenario, span, traits.class),
        14 => span.pair(Action::FillDisk { broker }, Action::FreeDisk { broker }),
        15 => one_log(dice, scenario, broker, span),
        16 => span.once(Action::FailDisk {
            broker,
            topic: None,
            partition: None,
        }),
        17 => span.once(Action::PowerCut),
        _ => crash_loops(dice, scenario, span.at),
    }
}

/// Processes that end and start again a few times, in each other's elections.
fn crash_loops(dice: &mut Dice, scenario: &Scenario, from: i64) -> Vec<TimedAction> {
    let mut actions = Vec::new();
    for broker in 1..=scenario.brokers as i32 {
        if dice.percent(30) {
            continue;
        }
        let mut at = from;
        for _ in 0..dice.between(2, 5) {
            at += dice.between(1, 1_500);
            let action = Action::KillBroker { broker };
            actions.push(TimedAction { at, action });
            at += dice.between(1, 500);
            let action = Action::StartBroker { broker };
            actions.push(TimedAction { at, action });
        }
    }
    actions.retain(|timed| timed.at < HEALED_AT_MS);
    actions
}

fn one_log(dice: &mut Dice, scenario: &Scenario, broker: i32, span: Span) -> Vec<TimedAction> {
    let topic = dice.one_of(&scenario.topics);
    let partition = dice.between(0, i64::from(topic.partitions) - 1) as i32;
    span.once(Action::FailDisk {
        broker,
        topic: Some(topic.name.clone()),
        partition: Some(partition),
    })
}

fn rule(dice: &mut Dice, scenario: &Scenario, broker: i32, name: &str) -> NetworkRule {
    let other = dice.between(1, i64::from(scenario.brokers)) as i32;
    let here = vec![Party::Broker(broker)];
    let there = vec![match dice.between(0, 5) {
        0 => Party::Everyone,
        1 => Party::Brokers,
        2 => Party::Clients,
        3 => client_party(dice, scenario),
        _ => Party::Broker(other),
    }];
    let effect = match dice.between(0, 5) {
        0..=2 => Effect::Cut,
        3 => Effect::Drop {
            percent: dice.between(1, 60) as u8,
        },
        _ => Effect::Delay {
            ms: dice.between(1, 2_000) as u32,
            jitter: dice.between(0, 1_000) as u32,
        },
    };
    let both_ways = dice.percent(60);
    let (from, to) = match dice.percent(50) {
        true => (here, there),
        false => (there, here),
    };
    NetworkRule {
        name: name.to_owned(),
        from,
        to,
        both_ways,
        effect,
    }
}

fn client_party(dice: &mut Dice, scenario: &Scenario) -> Party {
    let producers = scenario.producers.iter();
    let producers = producers.map(|spec| Party::Producer(spec.name.clone()));
    let consumers = scenario.consumers.iter();
    let consumers = consumers.map(|spec| Party::Consumer(spec.name.clone()));
    let all: Vec<Party> = producers.chain(consumers).chain([Party::Admin]).collect();
    dice.one_of(&all).clone()
}

fn client(dice: &mut Dice, scenario: &Scenario, span: Span) -> Vec<TimedAction> {
    if scenario.consumers.is_empty() {
        return Vec::new();
    }
    let consumer = &dice.one_of(&scenario.consumers).name;
    let name = || consumer.clone();
    let first = match dice.between(0, 2) {
        0 => Action::StopConsumer { name: name() },
        _ => Action::CrashConsumer { name: name() },
    };
    span.pair(first, Action::StartConsumer { name: name() })
}

fn admin(dice: &mut Dice, scenario: &Scenario, span: Span, class: Class) -> Vec<TimedAction> {
    let topic = dice.one_of(&scenario.topics);
    let partition = dice.between(0, i64::from(topic.partitions) - 1) as i32;
    span.once(match dice.percent(50) {
        true => {
            let count = i64::from(scenario.brokers);
            let first = dice.between(1, count);
            let factor = dice.between(1, count);
            let replicas = (0..factor).map(|i| (((first - 1 + i) % count) + 1) as i32);
            Action::Reassign {
                topic: topic.name.clone(),
                partition,
                replicas: replicas.collect(),
            }
        }
        false => Action::ElectLeaders {
            topic: topic.name.clone(),
            partition,
            unclean: class == Class::Unclean && dice.percent(50),
        },
    })
}

/// Disks are replaced by empty ones, at most two, with time in between.
fn wipes(dice: &mut Dice, scenario: &Scenario) -> Vec<TimedAction> {
    let mut actions = Vec::new();
    for n in 0..dice.between(1, 2) {
        let broker = dice.between(1, i64::from(scenario.brokers)) as i32;
        let mut at = FAULTS_FROM_MS + n * WIPE_EVERY_MS + dice.between(0, 3_000);
        let first = match dice.percent(50) {
            true => Action::KillBroker { broker },
            false => Action::StopBroker { broker },
        };
        actions.push(TimedAction { at, action: first });
        // Longer than a controlled shutdown takes.
        at += dice.between(6_000, 12_000);
        let action = Action::WipeDisk { broker };
        actions.push(TimedAction { at, action });
        at += dice.between(0, 3_000);
        let action = Action::StartBroker { broker };
        actions.push(TimedAction { at, action });
        let span = Span::roll(dice);
        actions.extend(client(dice, scenario, span));
    }
    actions
}
