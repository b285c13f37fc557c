//! Breaking things on purpose and mending them: a menu on every broker, cuts drawn from one broker
//! to another, and the list of network rules in force. All of it is actions.

mod cut_handle;
mod items;
mod menu;
mod rules;

pub use cut_handle::CutHandle;
pub use menu::BrokerMenu;
pub use rules::rules;

use crate::scenario::fault::{Effect, NetworkRule, Party};
use crate::scenario::snapshot::RuleView;
use crate::scenario::{Action, Snapshot};

/// Virtual ms by which the menu makes a broker slow.
pub const SLOW_MS: u32 = 500;

/// Cuts the line between two brokers, both ways.
pub fn cut_link(a: i32, b: i32) -> Action {
    Action::CutNetwork(NetworkRule {
        name: format!("cut-{}-{}", a.min(b), a.max(b)),
        from: vec![Party::Broker(a)],
        to: vec![Party::Broker(b)],
        both_ways: true,
        effect: Effect::Cut,
    })
}

/// Cuts a broker off from everyone, clients included, or only from the brokers.
fn cut_off(broker: i32, from: Party) -> Action {
    let name = match from {
        Party::Brokers => format!("isolate-{broker}"),
        _ => format!("cut-{broker}"),
    };
    Action::CutNetwork(NetworkRule {
        name,
        from: vec![Party::Broker(broker)],
        to: vec![from],
        both_ways: true,
        effect: Effect::Cut,
    })
}

/// Whether a rule in force drops all that goes from one broker to another.
pub fn is_cut(snapshot: &Snapshot, from: i32, to: i32) -> bool {
    let holds = |parties: &[Party], id: i32| {
        parties.iter().any(|party| match party {
            Party::Broker(other) => *other == id,
            Party::Brokers | Party::Everyone => true,
            _ => false,
        })
    };
    snapshot.rules.iter().any(|rule| {
        let one_way = |a, b| holds(&rule.from, a) && holds(&rule.to, b);
        rule.effect == Effect::Cut && (one_way(from, to) || (rule.both_ways && one_way(to, from)))
    })
}

/// Whether a rule names this broker.
fn names(rule: &RuleView, broker: i32) -> bool {
    let party = Party::Broker(broker);
    rule.from.contains(&party) || rule.to.contains(&party)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_force(action: Action) -> Snapshot {
        let Action::CutNetwork(rule) = action else {
            panic!("a rule");
        };
        let mut snapshot = Snapshot::default();
        snapshot.rules.push(RuleView {
            name: rule.name,
            from: rule.from,
            to: rule.to,
            both_ways: rule.both_ways,
            effect: rule.effect,
            hits: 0,
        });
        snapshot
    }

    #[test]
    fn a_cut_holds_for_the_brokers_it_names() {
        let link = in_force(cut_link(3, 1));
        assert!(is_cut(&link, 1, 3) && is_cut(&link, 3, 1));
        assert!(!is_cut(&link, 1, 2));
        let off = in_force(cut_off(2, Party::Brokers));
        assert!(is_cut(&off, 1, 2) && is_cut(&off, 2, 3));
        assert!(!is_cut(&off, 1, 3));
    }

    #[test]
    fn a_delay_is_no_cut() {
        let mut snapshot = in_force(cut_link(1, 2));
        snapshot.rules[0].effect = Effect::Delay { ms: 5, jitter: 0 };
        assert!(!is_cut(&snapshot, 1, 2));
    }
}
