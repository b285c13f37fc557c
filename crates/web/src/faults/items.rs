//! What a broker's menu offers, given how things stand.

use super::{SLOW_MS, cut_link, cut_off, is_cut, names};
use crate::format::bytes;
use crate::i18n::{Lang, faults as t, fill};
use crate::scenario::fault::{DiskState, Party};
use crate::scenario::snapshot::BrokerView;
use crate::scenario::{Action, Snapshot};
use crate::state::{Confirm, Then};

/// One entry of the menu.
#[derive(Debug, PartialEq)]
pub struct Item {
    pub words: String,
    pub what: What,
}

#[derive(Debug, PartialEq)]
pub enum What {
    Do(Vec<Action>),
    /// Asks first: it cannot be undone.
    Ask(Confirm),
}

/// All entries, in groups: its process, its disk, its network.
pub fn items(lang: Lang, snapshot: &Snapshot, broker: &BrokerView) -> [Vec<Item>; 3] {
    [
        process(lang, broker),
        disk(lang, broker),
        network(lang, snapshot, broker.id),
    ]
}

fn item(words: &str, action: Action) -> Item {
    Item {
        words: words.to_owned(),
        what: What::Do(vec![action]),
    }
}

fn ask(lang: Lang, words: &str, (title, body): (String, String), action: Action) -> Item {
    Item {
        words: lang.of(t::ASKS).replace("{what}", words),
        what: What::Ask(Confirm {
            title,
            body,
            yes: words.to_owned(),
            then: Then::Act(vec![action]),
        }),
    }
}

fn process(lang: Lang, broker: &BrokerView) -> Vec<Item> {
    let id = broker.id;
    if broker.down.is_some() {
        return vec![item(lang.of(t::START), Action::StartBroker { broker: id })];
    }
    let mut out = Vec::new();
    if !broker.stopping {
        out.push(item(lang.of(t::STOP), Action::StopBroker { broker: id }));
    }
    out.push(item(lang.of(t::KILL), Action::KillBroker { broker: id }));
    let lost = bytes(broker.unflushed_bytes);
    let question = (
        fill(lang.of(t::POWER_TITLE), &[("id", &id)]),
        fill(lang.of(t::POWER_BODY), &[("bytes", &lost)]),
    );
    let action = Action::CutBrokerPower { broker: id };
    out.push(ask(lang, lang.of(t::POWER), question, action));
    out
}

fn disk(lang: Lang, broker: &BrokerView) -> Vec<Item> {
    let id = broker.id;
    let mut out = vec![if broker.disk == DiskState::Full {
        item(lang.of(t::FREE), Action::FreeDisk { broker: id })
    } else {
        item(lang.of(t::FILL), Action::FillDisk { broker: id })
    }];
    if broker.down.is_none() {
        let all = Action::FailDisk {
            broker: id,
            topic: None,
            partition: None,
        };
        out.push(item(lang.of(t::FAIL), all));
    } else {
        let question = (
            fill(lang.of(t::WIPE_TITLE), &[("id", &id)]),
            lang.of(t::WIPE_BODY).to_owned(),
        );
        let action = Action::WipeDisk { broker: id };
        out.push(ask(lang, lang.of(t::WIPE), question, action));
    }
    out
}

fn network(lang: Lang, snapshot: &Snapshot, id: i32) -> Vec<Item> {
    let mut out = Vec::new();
    let has = |name: &str| snapshot.rules.iter().any(|rule| rule.name == name);
    let cuts = [(t::CUT_OFF, Party::Everyone), (t::ISOLATE, Party::Brokers)];
    for (words, from) in cuts {
        let action = cut_off(id, from);
        if let Action::CutNetwork(rule) = &action
            && !has(&rule.name)
        {
            out.push(item(lang.of(words), action));
        }
    }
    let others = snapshot.brokers.iter().map(|broker| broker.id);
    for other in others.filter(|other| *other != id && !is_cut(snapshot, id, *other)) {
        let words = fill(lang.of(t::CUT_LINK), &[("id", &other)]);
        out.push(item(&words, cut_link(id, other)));
    }
    let broker = snapshot.brokers.iter().find(|broker| broker.id == id);
    out.push(if broker.is_some_and(|broker| broker.slow_ms > 0) {
        item(lang.of(t::FAST), Action::SlowBroker { broker: id, ms: 0 })
    } else {
        let words = fill(lang.of(t::SLOW), &[("ms", &SLOW_MS)]);
        let ms = SLOW_MS;
        item(&words, Action::SlowBroker { broker: id, ms })
    });
    let mine = snapshot.rules.iter().filter(|rule| names(rule, id));
    let mend: Vec<Action> = mine
        .map(|rule| Action::RemoveRule {
            name: rule.name.clone(),
        })
        .collect();
    if !mend.is_empty() {
        out.push(Item {
            words: lang.of(t::HEAL_ONE).to_owned(),
            what: What::Do(mend),
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::catalogue;
    use crate::scenario::fault::DownWhy;
    use crate::scenario::snapshot::{BrokerState, RuleView};
    use crate::scenario::validate::Cast;

    fn broker(id: i32, down: Option<DownWhy>) -> BrokerView {
        BrokerView {
            quorum: None,
            id,
            host: format!("broker-{id}"),
            port: 9092,
            state: BrokerState::Up,
            controller: id == 1,
            leads: 0,
            log_bytes: 0,
            resident_bytes: 0,
            connections: 0,
            offline: Vec::new(),
            down,
            stopping: false,
            disk: DiskState::Ok,
            unflushed_bytes: 2_048,
            skew_ms: 0,
            slow_ms: 0,
        }
    }

    fn stage(down: Option<DownWhy>) -> Snapshot {
        Snapshot {
            brokers: vec![broker(1, down), broker(2, None), broker(3, None)],
            ..Snapshot::default()
        }
    }

    fn offered(snapshot: &Snapshot) -> Vec<Item> {
        items(Lang::En, snapshot, &snapshot.brokers[0])
            .into_iter()
            .flatten()
            .collect()
    }

    fn words(snapshot: &Snapshot) -> Vec<String> {
        offered(snapshot)
            .into_iter()
            .map(|item| item.words)
            .collect()
    }

    /// A rule as the snapshot has it while it is in force.
    fn in_force(action: Action) -> RuleView {
        let Action::CutNetwork(rule) = action else {
            panic!("a rule");
        };
        RuleView {
            name: rule.name,
            from: rule.from,
            to: rule.to,
            both_ways: rule.both_ways,
            effect: rule.effect,
            hits: 0,
        }
    }

    /// How things may stand for broker 1, each with the actions that led there.
    fn situations() -> Vec<(Vec<Action>, Snapshot)> {
        let kill = Action::KillBroker { broker: 1 };
        let fill = Action::FillDisk { broker: 1 };
        let mut out = vec![
            (vec![], stage(None)),
            (vec![kill.clone()], stage(Some(DownWhy::Killed))),
        ];
        let mut add = |actions: Vec<Action>, down, change: &dyn Fn(&mut Snapshot)| {
            let mut snapshot = stage(down);
            change(&mut snapshot);
            out.push((actions, snapshot));
        };
        let stop = Action::StopBroker { broker: 1 };
        add(vec![stop], None, &|s| s.brokers[0].stopping = true);
        let full = |s: &mut Snapshot| s.brokers[0].disk = DiskState::Full;
        add(vec![fill.clone()], None, &full);
        add(vec![fill, kill], Some(DownWhy::Killed), &full);
        let fail = Action::FailDisk {
            broker: 1,
            topic: None,
            partition: None,
        };
        add(vec![fail], None, &|s| s.brokers[0].disk = DiskState::Failed);
        let slow = Action::SlowBroker { broker: 1, ms: 50 };
        add(vec![slow], None, &|s| s.brokers[0].slow_ms = 50);
        let cuts = [
            cut_link(1, 2),
            cut_off(1, Party::Everyone),
            cut_off(2, Party::Brokers),
        ];
        let cut = |s: &mut Snapshot| s.rules = cuts.clone().map(in_force).into();
        add(cuts.to_vec(), None, &cut);
        out
    }

    #[test]
    fn everything_offered_is_allowed() {
        for (before, snapshot) in situations() {
            for item in offered(&snapshot) {
                let mut cast = Cast::of(&catalogue::playground()).expect("a valid scenario");
                for action in &before {
                    cast.fold(action).expect("it leads there");
                }
                let actions = match item.what {
                    What::Do(actions) => actions,
                    What::Ask(Confirm {
                        then: Then::Act(actions),
                        ..
                    }) => actions,
                    What::Ask(other) => panic!("{other:?}"),
                };
                for action in actions {
                    let judged = action.validate().and_then(|()| cast.fold(&action));
                    assert!(judged.is_ok(), "{before:?}, {}: {judged:?}", item.words);
                }
            }
        }
    }

    #[test]
    fn a_menu_fits_how_things_stand() {
        let running = words(&stage(None));
        assert!(running.iter().any(|words| words == "Kill"));
        assert!(!running.iter().any(|words| words == "Start"));
        let down = words(&stage(Some(DownWhy::Stopped)));
        assert!(down.iter().any(|words| words == "Start"));
        assert!(!down.iter().any(|words| words == "Kill"));

        let mut cut = stage(None);
        cut.rules.push(in_force(cut_link(1, 2)));
        let now = words(&cut);
        assert!(!now.iter().any(|words| words == "Cut the link to broker 2"));
        assert!(now.iter().any(|words| words == "Cut the link to broker 3"));
        assert!(now.iter().any(|words| words == "Mend its network"));
    }

    #[test]
    fn what_cannot_be_undone_asks() {
        let asked: Vec<String> = [None, Some(DownWhy::Killed)]
            .into_iter()
            .flat_map(|down| offered(&stage(down)))
            .filter(|item| matches!(item.what, What::Ask(_)))
            .map(|item| item.words)
            .collect();
        assert_eq!(asked, ["Pull the power …", "Wipe its disk …"]);
    }
}
