//! Events as sentences, newest first.

use super::lanes::Lane;
use crate::context::Ctx;
use crate::format::clock;
use crate::i18n::{events, timeline as t};
use crate::scenario::TraceEvent;
use crate::scenario::snapshot::Who;
use crate::state::Selection;
use crate::trace::Level;
use yew::prelude::*;

/// Events listed at the most.
const LISTED: usize = 200;

pub fn event_list(ctx: &Ctx) -> Html {
    let marked = |event: &&std::rc::Rc<TraceEvent>| event.event.level > Level::Detail;
    let events: Vec<Html> = (ctx.state.events.iter().rev().filter(marked))
        .take(LISTED)
        .map(|event| row(ctx, event))
        .collect();
    html! {
        <ul class="event-list" tabindex="0">
            if events.is_empty() { <li class="hint">{ ctx.t(t::NO_EVENTS) }</li> }
            { for events }
        </ul>
    }
}

fn row(ctx: &Ctx, event: &TraceEvent) -> Html {
    let (time, thousandths) = clock(event.at);
    let selection = Selection::Event(event.seq);
    let selected = ctx.state.ui.selection.as_ref() == Some(&selection);
    let level = format!("{:?}", event.event.level).to_lowercase();
    html! {
        <li key={event.seq}>
            <button class={classes!("event-row", level, selected.then_some("selected"))} onclick={ctx.on_select(selection)}>
                <code>{ time }<small>{ thousandths }</small></code>
                <i aria-hidden="true"></i>
                <span class="who">{ who_words(&event.who) }</span>
                <span class="what">{ sentence(ctx, event) }</span>
                if let Some(setting) = &event.event.setting {
                    <span class="chip" title={because(ctx, event)}>{ setting.to_string() }</span>
                }
            </button>
        </li>
    }
}

/// What happened, in the reader's language.
pub fn sentence(ctx: &Ctx, event: &TraceEvent) -> String {
    events::sentence(ctx.lang(), &event.event)
}

pub fn who_words(who: &Who) -> String {
    match who {
        Who::Cluster => "cluster".to_owned(),
        Who::Broker(id) => format!("broker {id}"),
        Who::Producer(name) | Who::Consumer(name) | Who::Client(name) => name.clone(),
        Who::Admin => "admin".to_owned(),
    }
}

/// What the setting that decided asks for.
pub fn because(ctx: &Ctx, event: &TraceEvent) -> Option<String> {
    events::because(ctx.lang(), &event.event)
}

/// What a consumer tells of its group; the rest is about its own process and connections.
const OF_A_MEMBER: &[&str] = &[
    "consumer-assigned",
    "consumer-commit",
    "consumer-group",
    "consumer-kicked-out",
    "consumer-left",
    "consumer-no-offset",
    "consumer-offset",
    "consumer-partitions",
    "consumer-rebalance",
    "consumer-session-timeout",
];

/// The lane of an event: by how its code begins and by who tells of it.
pub fn lane_of(event: &TraceEvent) -> Lane {
    let begins = |prefix: &&str| event.event.code.starts_with(prefix);
    match event.who {
        _ if begins(&"group-") => Lane::Group,
        Who::Cluster | Who::Broker(_) | Who::Admin => Lane::Cluster,
        Who::Consumer(_) if OF_A_MEMBER.iter().any(begins) => Lane::Group,
        Who::Producer(_) | Who::Consumer(_) | Who::Client(_) => Lane::Clients,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Event;

    fn lane(who: Who, code: &'static str) -> Lane {
        lane_of(&TraceEvent {
            seq: 1,
            at: 0,
            who,
            event: Event::info(code),
        })
    }

    #[test]
    fn what_only_sounds_like_a_group_is_not_in_its_lane() {
        let broker = || Who::Broker(1);
        let consumer = || Who::Consumer("consumer-1".to_owned());
        let producer = || Who::Producer("orders".to_owned());
        let cases = [
            (broker(), "reassignment-started", Lane::Cluster),
            (broker(), "reassignment-done", Lane::Cluster),
            (broker(), "replica-truncated-committed", Lane::Cluster),
            (broker(), "group-offsets-expired", Lane::Group),
            (broker(), "group-rebalance-started", Lane::Group),
            (producer(), "producer-id-assigned", Lane::Clients),
            (consumer(), "consumer-partitions-lost", Lane::Group),
            (consumer(), "consumer-assigned-as-leader", Lane::Group),
            (consumer(), "consumer-commit-failed", Lane::Group),
            (consumer(), "consumer-crashed", Lane::Clients),
            (consumer(), "client-disconnected", Lane::Clients),
            (Who::Cluster, "network-cut", Lane::Cluster),
        ];
        for (who, code, expected) in cases {
            assert_eq!(lane(who, code), expected, "{code}");
        }
    }
}
