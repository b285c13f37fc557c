//! The three columns of the stage.

use super::broker_card::broker_card;
use super::canvas::StageCanvas;
use super::client_card::client_card;
use super::group_card::{Cluster, group_card};
use super::producer_card::producer_card;
use crate::context::Ctx;
use crate::faults::rules;
use crate::i18n::{fill, stage as t};
use crate::scenario::snapshot::TopicView;
use crate::state::{AppState, Dialog, Msg, visible_topics};
use std::collections::BTreeMap;
use std::fmt::Write;
use web_sys::HtmlInputElement;
use yew::prelude::*;

#[component]
pub fn Stage() -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let (scroller, content) = (use_node_ref(), use_node_ref());
    let snapshot = ctx.state.snapshot();
    let topics = visible_topics(snapshot, ctx.state.ui.show_internal);
    let brokers = snapshot.brokers.len();
    let cluster = if brokers == 1 {
        ctx.t(t::CLUSTER_ONE).to_owned()
    } else {
        fill(ctx.t(t::CLUSTER), &[("n", &brokers)])
    };
    html! {
        <main class="stage" aria-label={ctx.t(t::LABEL)} data-pane="stage">
            <div class="stage-scroll" ref={scroller.clone()} tabindex="-1">
                <div class="stage-content" ref={content.clone()}>
                    <section class="col col-producers" aria-labelledby="col-p">
                        <h2 class="col-head" id="col-p">{ ctx.t(t::PRODUCERS) }</h2>
                        { for snapshot.producers.iter().enumerate().map(|(i, p)| producer_card(&ctx, p, i)) }
                        { for ctx.state.guests.of(false).map(|(name, guest)| client_card(&ctx, name, guest)) }
                        if snapshot.producers.is_empty() {
                            <p class="hint">{ ctx.t(t::NO_PRODUCERS) }</p>
                        }
                        <button class="ghost" onclick={ctx.on_dialog(Dialog::NewProducer)}>{ ctx.t(t::ADD_PRODUCER) }</button>
                    </section>
                    <section class="col col-cluster" aria-labelledby="col-b">
                        <div class="col-row">
                            <h2 class="col-head" id="col-b">{ cluster }</h2>
                            { internal_toggle(&ctx) }
                            <button class="ghost small" onclick={ctx.on_dialog(Dialog::NewTopic)}>{ ctx.t(t::ADD_TOPIC) }</button>
                        </div>
                        { rules(&ctx) }
                        { for snapshot.brokers.iter().map(|broker| broker_card(&ctx, broker, &topics)) }
                        if topics.is_empty() && brokers > 0 {
                            <p class="hint">{ ctx.t(t::NO_TOPICS) }</p>
                        }
                        { legend(&ctx, &topics) }
                    </section>
                    <section class="col col-groups" aria-labelledby="col-g">
                        <h2 class="col-head" id="col-g">{ ctx.t(t::GROUPS) }</h2>
                        { for clusters(&ctx.state).iter().map(|cluster| group_card(&ctx, cluster)) }
                        { for ctx.state.guests.of(true).map(|(name, guest)| client_card(&ctx, name, guest)) }
                        if snapshot.consumers.is_empty() {
                            <p class="hint">{ ctx.t(t::NO_CONSUMERS) }</p>
                        }
                        <button class="ghost" onclick={ctx.on_dialog(Dialog::NewConsumer { group: None })}>{ ctx.t(t::ADD_CONSUMER) }</button>
                    </section>
                </div>
            </div>
            <StageCanvas scroller={scroller} content={content} layout={layout_key(&ctx.state)} />
            if ctx.state.frame.undrawn > 0 {
                <p class="undrawn">{ fill(ctx.t(t::MORE_RECORDS), &[("n", &ctx.state.frame.undrawn)]) }</p>
            }
        </main>
    }
}

fn internal_toggle(ctx: &Ctx) -> Html {
    let toggle = {
        let ctx = ctx.clone();
        Callback::from(move |event: Event| {
            let input: HtmlInputElement = event.target_unchecked_into();
            ctx.send(Msg::ShowInternal(input.checked()));
        })
    };
    html! {
        <label class="toggle">
            <input type="checkbox" checked={ctx.state.ui.show_internal} onchange={toggle} />
            { ctx.t(t::SHOW_INTERNAL) }
        </label>
    }
}

fn legend(ctx: &Ctx, topics: &[&TopicView]) -> Html {
    let mut partitions = topics.iter().flat_map(|topic| &topic.partitions);
    let replicated = partitions.any(|partition| partition.replicas.len() > 1);
    html! {
        <ul class="legend">
            <li><i class="mark-key" aria-hidden="true"></i>{ ctx.t(t::LEGEND_KEY) }</li>
            <li><i class="mark-hw" aria-hidden="true"></i>{ ctx.t(t::LEGEND_HW) }</li>
            <li><i class="mark-committed" aria-hidden="true"></i>{ ctx.t(t::LEGEND_COMMITTED) }</li>
            <li><i class="mark-faded" aria-hidden="true"></i>{ ctx.t(t::LEGEND_FADED) }</li>
            if replicated {
                <li><i class="mark-copy" aria-hidden="true"></i>{ ctx.t(t::LEGEND_COPY) }</li>
                <li><span class="epoch" aria-hidden="true">{ "e3" }</span>{ ctx.t(t::LEGEND_EPOCH) }</li>
                <li>{ ctx.t(t::LEGEND_ISR) }</li>
            }
        </ul>
    }
}

/// Groups with the consumers of this page in them; consumers without a group come last.
fn clusters(state: &AppState) -> Vec<Cluster<'_>> {
    let snapshot = state.snapshot();
    let mut by_group: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    let mut alone = Vec::new();
    for consumer in &snapshot.consumers {
        match &consumer.spec.group {
            Some(group) => by_group.entry(group).or_default().push(consumer),
            None => alone.push(consumer),
        }
    }
    let mut out = Vec::new();
    for (place, group) in snapshot.groups.iter().enumerate() {
        out.push(Cluster {
            id: Some(&group.id),
            view: Some(group),
            colour: place,
            consumers: by_group.remove(group.id.as_str()).unwrap_or_default(),
        });
    }
    for (id, consumers) in by_group {
        out.push(Cluster {
            id: Some(id),
            view: None,
            colour: snapshot.groups.len(),
            consumers,
        });
    }
    if !alone.is_empty() {
        out.push(Cluster {
            id: None,
            view: None,
            colour: snapshot.groups.len(),
            consumers: alone,
        });
    }
    out
}

/// Equal keys mean equal layouts. A column that only grows or shrinks is seen by the canvas too;
/// what moves within one of equal height is not.
fn layout_key(state: &AppState) -> String {
    let snapshot = state.snapshot();
    let mut key = String::new();
    let ui = &state.ui;
    for broker in &snapshot.brokers {
        // Each of these is a chip, and chips may need a line of their own.
        let _ = write!(
            key,
            "b{}{:?}{}{}{:?}{}{:?}s{}k{}",
            broker.id,
            broker.state,
            broker.offline.len(),
            broker.controller,
            broker.down,
            broker.stopping,
            broker.disk,
            broker.slow_ms,
            broker.skew_ms
        );
    }
    let _ = write!(key, "r{}", snapshot.rules.len());
    for topic in visible_topics(snapshot, ui.show_internal) {
        let _ = write!(key, "t{}", topic.name);
        for partition in &topic.partitions {
            let (leader, isr) = (partition.leader, partition.isr.len());
            let _ = write!(key, ",{leader}{:?}{isr}", partition.replicas);
            for log in &partition.logs {
                let _ = write!(key, "{:?}", log.role);
            }
        }
    }
    for producer in &snapshot.producers {
        let problem = producer.last_error.is_some();
        let _ = write!(
            key,
            "p{}{}{problem}",
            producer.spec.name, producer.spec.running
        );
    }
    for consumer in &snapshot.consumers {
        let name = &consumer.spec.name;
        let owned = consumer.owned.len();
        let _ = write!(
            key,
            "c{name}{:?}{owned}{:?}",
            consumer.state, consumer.spec.group
        );
    }
    for group in &snapshot.groups {
        let _ = write!(key, "g{}{}{}", group.id, group.state, group.members.len());
    }
    for (name, guest) in state.guests.of(false).chain(state.guests.of(true)) {
        let _ = write!(key, "x{name}{}", guest.reads);
    }
    let shown = state.notices.len() + state.refusals.len() + state.failures.len();
    let _ = write!(key, "n{shown}");
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Snapshot;
    use crate::scenario::fault::{DiskState, DownWhy};
    use crate::scenario::snapshot::{BrokerState, BrokerView};
    use konbini_bridge::Frame;

    fn key(change: fn(&mut BrokerView)) -> String {
        let mut broker = BrokerView {
            quorum: None,
            id: 1,
            host: "broker-1".to_owned(),
            port: 9092,
            state: BrokerState::Up,
            controller: false,
            leads: 0,
            log_bytes: 0,
            resident_bytes: 0,
            connections: 0,
            offline: Vec::new(),
            down: None,
            stopping: false,
            disk: DiskState::Ok,
            unflushed_bytes: 0,
            skew_ms: 0,
            slow_ms: 0,
        };
        change(&mut broker);
        let snapshot = Snapshot {
            brokers: vec![broker],
            ..Snapshot::default()
        };
        layout_key(&AppState {
            frame: Frame {
                snapshot,
                ..Frame::default()
            }
            .into(),
            ..AppState::default()
        })
    }

    #[test]
    fn whatever_puts_a_chip_on_a_broker_is_another_layout() {
        let chips: [fn(&mut BrokerView); 7] = [
            |broker| broker.state = BrokerState::Fenced,
            |broker| broker.controller = true,
            |broker| broker.down = Some(DownWhy::Killed),
            |broker| broker.stopping = true,
            |broker| broker.disk = DiskState::Full,
            |broker| broker.slow_ms = 50,
            |broker| broker.skew_ms = -1_000,
        ];
        for (place, chip) in chips.into_iter().enumerate() {
            assert_ne!(key(chip), key(|_| ()), "chip {place}");
        }
        assert_eq!(key(|broker| broker.log_bytes = 9), key(|_| ()));
    }
}
