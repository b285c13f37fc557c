//! The network rules in force, each with a button that ends it.

use crate::context::Ctx;
use crate::format::count;
use crate::i18n::{Lang, faults as t, fill};
use crate::scenario::Action;
use crate::scenario::fault::{Effect, Party};
use crate::scenario::snapshot::RuleView;
use yew::prelude::*;

pub fn rules(ctx: &Ctx) -> Html {
    let rules = &ctx.state.snapshot().rules;
    if rules.is_empty() {
        return html! {};
    }
    html! {
        <section class="rules" aria-labelledby="rules-head">
            <div class="rules-head">
                <h3 id="rules-head">{ ctx.t(t::RULES) }</h3>
                <button class="mini" onclick={ctx.on_act(Action::Heal)}>{ ctx.t(t::HEAL) }</button>
            </div>
            <ul>{ for rules.iter().map(|rule| row(ctx, rule)) }</ul>
        </section>
    }
}

fn row(ctx: &Ctx, rule: &RuleView) -> Html {
    let words = rule_words(ctx.lang(), rule);
    let remove = Action::RemoveRule {
        name: rule.name.clone(),
    };
    let label = fill(ctx.t(t::REMOVE_RULE), &[("rule", &words)]);
    html! {
        <li key={rule.name.clone()}>
            <i aria-hidden="true">{ "✂" }</i>
            <span>{ words }</span>
            <small class="num">{ fill(ctx.t(t::HITS), &[("n", &count(rule.hits))]) }</small>
            <button class="mini" aria-label={label} onclick={ctx.on_act(remove)}>{ ctx.t(t::REMOVE) }</button>
        </li>
    }
}

/// `broker 1 ⇄ broker 2: cut`
fn rule_words(lang: Lang, rule: &RuleView) -> String {
    let side = |parties: &[Party]| {
        let words: Vec<String> = parties
            .iter()
            .map(|party| party_words(lang, party))
            .collect();
        words.join(", ")
    };
    let effect = match rule.effect {
        Effect::Cut => lang.of(t::EFFECT_CUT).to_owned(),
        Effect::Drop { percent } => fill(lang.of(t::EFFECT_DROP), &[("n", &percent)]),
        Effect::Delay { ms, jitter } => fill(
            lang.of(t::EFFECT_DELAY),
            &[("ms", &ms), ("jitter", &jitter)],
        ),
    };
    let arrow = if rule.both_ways { "⇄" } else { "→" };
    format!("{} {arrow} {}: {effect}", side(&rule.from), side(&rule.to))
}

fn party_words(lang: Lang, party: &Party) -> String {
    match party {
        Party::Broker(id) => format!("broker {id}"),
        Party::Producer(name) | Party::Consumer(name) | Party::Client(name) => name.clone(),
        Party::Admin => "admin".to_owned(),
        Party::Brokers => lang.of(t::BROKERS).to_owned(),
        Party::Clients => lang.of(t::CLIENTS).to_owned(),
        Party::Everyone => lang.of(t::EVERYONE).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_in_words() {
        let rule = |to, both_ways, effect| RuleView {
            name: "r".into(),
            from: vec![Party::Broker(1)],
            to,
            both_ways,
            effect,
            hits: 0,
        };
        let cases = [
            (
                rule(vec![Party::Broker(2), Party::Broker(3)], true, Effect::Cut),
                "broker 1 ⇄ broker 2, broker 3: cut",
            ),
            (
                rule(vec![Party::Clients], false, Effect::Drop { percent: 30 }),
                "broker 1 → all clients: 30 % dropped",
            ),
            (
                rule(
                    vec![Party::Producer("orders".into())],
                    false,
                    Effect::Delay { ms: 50, jitter: 5 },
                ),
                "broker 1 → orders: 50 ms later, up to 5 ms more",
            ),
        ];
        for (rule, expected) in cases {
            assert_eq!(rule_words(Lang::En, &rule), expected);
        }
    }
}
