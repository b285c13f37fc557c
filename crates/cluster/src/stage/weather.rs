//! The network's weather: rules in force and brokers that are slow.
//!
//! For everything that is sent, the rules are asked in the order in which they were made. Each
//! that holds for the two ends answers with delay, with drop, or not at all; the first answer wins,
//! and without one it passes.

use crate::chance::Chance;
use crate::network::Verdict;
use konbini_scenario::Action;
use konbini_scenario::fault::{Effect, NetworkRule, Party};
use konbini_scenario::snapshot::{RuleView, Who};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weather {
    rules: Vec<InForce>,
    /// Virtual ms, by broker.
    slow: BTreeMap<i32, u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct InForce {
    rule: NetworkRule,
    /// How often it answered.
    hits: u64,
}

impl Weather {
    /// Follows an action about rules or slow brokers.
    pub(super) fn fold(&mut self, action: &Action) {
        match action {
            Action::CutNetwork(rule) => self.rules.push(InForce {
                rule: rule.clone(),
                hits: 0,
            }),
            Action::RemoveRule { name } => self.rules.retain(|on| on.rule.name != *name),
            Action::Heal => self.rules.clear(),
            Action::SlowBroker { broker, ms: 0 } => drop(self.slow.remove(broker)),
            Action::SlowBroker { broker, ms } => drop(self.slow.insert(*broker, *ms)),
            _ => {}
        }
    }

    /// Rules stay in force, and are counted anew.
    pub(super) fn power_cut(&mut self) {
        for on in &mut self.rules {
            on.hits = 0;
        }
    }

    pub(crate) fn has_rules(&self) -> bool {
        !self.rules.is_empty()
    }

    pub(crate) fn views(&self) -> Vec<RuleView> {
        let views = self.rules.iter().map(|on| RuleView {
            name: on.rule.name.clone(),
            from: on.rule.from.clone(),
            to: on.rule.to.clone(),
            both_ways: on.rule.both_ways,
            effect: on.rule.effect,
            hits: on.hits,
        });
        views.collect()
    }

    pub(crate) fn slow_ms(&self, broker: i32) -> u32 {
        self.slow.get(&broker).copied().unwrap_or(0)
    }

    /// Whether anything is out of the ordinary.
    pub(crate) fn is_calm(&self) -> bool {
        self.rules.is_empty() && self.slow.is_empty()
    }

    /// What happens to something on its way.
    pub(crate) fn judge(&mut self, from: &Who, to: &Who, chance: &mut Chance) -> Verdict {
        let slow = match to {
            Who::Broker(id) => i64::from(self.slow_ms(*id)),
            _ => 0,
        };
        for on in &mut self.rules {
            if !holds(&on.rule, from, to) {
                continue;
            }
            let answer = match on.rule.effect {
                Effect::Cut => Verdict::Dropped,
                Effect::Drop { percent } if chance.below(100) < u64::from(percent) => {
                    Verdict::Dropped
                }
                Effect::Drop { .. } => continue,
                Effect::Delay { ms, jitter } => {
                    let jitter = chance.below(u64::from(jitter) + 1);
                    let jitter = i64::try_from(jitter).unwrap_or(0);
                    Verdict::Passes(slow + i64::from(ms) + jitter)
                }
            };
            on.hits += 1;
            return answer;
        }
        Verdict::Passes(slow)
    }
}

fn holds(rule: &NetworkRule, from: &Who, to: &Who) -> bool {
    let among = |parties: &[Party], who: &Who| parties.iter().any(|party| includes(party, who));
    let there = among(&rule.from, from) && among(&rule.to, to);
    there || rule.both_ways && among(&rule.from, to) && among(&rule.to, from)
}

fn includes(party: &Party, who: &Who) -> bool {
    match (party, who) {
        (Party::Everyone, _) => true,
        (Party::Brokers, who) => matches!(who, Who::Broker(_)),
        (Party::Clients, who) => !matches!(who, Who::Broker(_)),
        (Party::Admin, who) => *who == Who::Admin,
        (Party::Broker(id), Who::Broker(other)) => id == other,
        (Party::Producer(name), Who::Producer(other))
        | (Party::Consumer(name), Who::Consumer(other))
        | (Party::Client(name), Who::Client(other)) => name == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weather(actions: &str) -> Weather {
        let actions: Vec<Action> = serde_json::from_str(&format!("[{actions}]")).unwrap();
        let mut weather = Weather::default();
        actions.iter().for_each(|action| weather.fold(action));
        weather
    }

    fn check(actions: &str, from: &str, to: &str, expect: Verdict) {
        let who = |text: &str| serde_json::from_str::<Who>(text).unwrap();
        let mut chance = Chance::new(1, &[]);
        let verdict = weather(actions).judge(&who(from), &who(to), &mut chance);
        assert_eq!(verdict, expect, "{actions}: {from} to {to}");
    }

    const ONE: &str = r#"{"broker":1}"#;
    const TWO: &str = r#"{"broker":2}"#;
    const P: &str = r#"{"producer":"p"}"#;

    #[test]
    fn who_is_meant() {
        let cut = r#"{"do":"cut-network","name":"a","from":[{"broker":1},{"producer":"p"}],"to":[{"broker":2}],"effect":"cut"}"#;
        check(cut, ONE, TWO, Verdict::Dropped);
        check(cut, P, TWO, Verdict::Dropped);
        check(cut, TWO, ONE, Verdict::Passes(0));
        check(cut, r#"{"consumer":"p"}"#, TWO, Verdict::Passes(0));
        let both = cut.replace(r#""effect""#, r#""both-ways":true,"effect""#);
        check(&both, TWO, ONE, Verdict::Dropped);
        let clients =
            r#"{"do":"cut-network","name":"a","from":["clients"],"to":["brokers"],"effect":"cut"}"#;
        check(clients, r#""admin""#, TWO, Verdict::Dropped);
        check(clients, r#"{"client":"kcat"}"#, TWO, Verdict::Dropped);
        check(clients, ONE, TWO, Verdict::Passes(0));
    }

    #[test]
    fn the_first_answer_wins() {
        let slow = r#"{"do":"cut-network","name":"a","from":["everyone"],"to":["everyone"],"effect":{"delay":{"ms":30}}}"#;
        let cut = r#"{"do":"cut-network","name":"b","from":["everyone"],"to":["everyone"],"effect":"cut"}"#;
        check(&format!("{slow},{cut}"), ONE, TWO, Verdict::Passes(30));
        check(&format!("{cut},{slow}"), ONE, TWO, Verdict::Dropped);
        let removed = format!(r#"{cut},{slow},{{"do":"remove-rule","name":"b"}}"#);
        check(&removed, ONE, TWO, Verdict::Passes(30));
        check(
            &format!(r#"{cut},{{"do":"heal"}}"#),
            ONE,
            TWO,
            Verdict::Passes(0),
        );
        let broker = r#"{"do":"slow-broker","broker":2,"ms":7}"#;
        check(&format!("{broker},{slow}"), ONE, TWO, Verdict::Passes(37));
        check(broker, TWO, ONE, Verdict::Passes(0));
        let usual = format!(r#"{broker},{{"do":"slow-broker","broker":2,"ms":0}}"#);
        assert!(weather(&usual).is_calm());
    }

    /// As after a reload, which knows only the actions.
    #[test]
    fn hits_are_counted_anew_after_a_power_cut() {
        let cut = r#"{"do":"cut-network","name":"a","from":["everyone"],"to":["everyone"],"effect":"cut"}"#;
        let mut weather = weather(cut);
        weather.judge(&Who::Broker(1), &Who::Broker(2), &mut Chance::new(1, &[]));
        assert_eq!(weather.rules[0].hits, 1);
        weather.power_cut();
        assert_eq!(weather.rules[0].hits, 0);
        assert!(weather.has_rules());
    }

    #[test]
    fn a_share_is_dropped_and_the_rest_asks_on() {
        let mut weather = weather(
            r#"{"do":"cut-network","name":"a","from":["everyone"],"to":["everyone"],"effect":{"drop":{"percent":30}}},
               {"do":"cut-network","name":"b","from":["everyone"],"to":["everyone"],"effect":{"delay":{"ms":10,"jitter":5}}}"#,
        );
        let mut chance = Chance::new(3, &[]);
        let mut dropped = 0;
        for _ in 0..1_000 {
            match weather.judge(&Who::Broker(1), &Who::Broker(2), &mut chance) {
                Verdict::Dropped => dropped += 1,
                Verdict::Passes(ms) => assert!((10..=15).contains(&ms)),
            }
        }
        assert!((250..350).contains(&dropped), "{dropped}");
        assert_eq!(weather.rules[0].hits, dropped);
        assert_eq!(weather.rules[1].hits, 1_000 - dropped);
    }
}
