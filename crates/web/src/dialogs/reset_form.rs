//! New committed offsets for a group.

use super::field::{Form, plain};
use super::modal::Modal;
use super::submit::{form_end, on_submit};
use crate::context::Ctx;
use crate::i18n::{dialogs as t, fill};
use crate::scenario::Action;
use crate::scenario::action::ResetTo;
use crate::state::visible_topics;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub group: String,
}

#[derive(Clone, PartialEq)]
struct Draft {
    topic: String,
    to: ResetTo,
}

#[component]
pub fn ResetForm(props: &Props) -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let refused = use_state(|| None);
    let topics: Vec<String> = topics(&ctx, &props.group);
    let form = Form::new(use_state(|| Draft {
        topic: topics.first().cloned().unwrap_or_default(),
        to: ResetTo::Earliest,
    }));
    let draft = form.get().clone();
    let action = {
        let (draft, group) = (draft.clone(), props.group.clone());
        move || Action::ResetOffsets {
            group: group.clone(),
            topic: draft.topic.clone(),
            to: draft.to,
        }
    };
    let kinds = [
        ("earliest".to_owned(), ctx.t(t::RESET_EARLIEST).to_owned()),
        ("latest".to_owned(), ctx.t(t::RESET_LATEST).to_owned()),
        ("offset".to_owned(), ctx.t(t::RESET_OFFSET).to_owned()),
    ];
    let kind = match draft.to {
        ResetTo::Earliest => "earliest",
        ResetTo::Latest => "latest",
        ResetTo::Offset(_) => "offset",
    };
    let names: Vec<&str> = topics.iter().map(String::as_str).collect();
    html! {
        <Modal title={fill(ctx.t(t::RESET_TITLE), &[("group", &props.group)])}>
            <form onsubmit={on_submit(&ctx, &refused, action)}>
                <p class="modal-text">{ ctx.t(t::RESET_HINT) }</p>
                <div class="fields">
                    { form.choice(ctx.t(t::TOPIC), "", &draft.topic, &plain(&names), |d, v| d.topic = v.to_owned()) }
                    { form.choice(ctx.t(t::RESET_TO), "", kind, &kinds, |d, v| {
                        d.to = match v {
                            "latest" => ResetTo::Latest,
                            "offset" => ResetTo::Offset(0),
                            _ => ResetTo::Earliest,
                        };
                    }) }
                    if let ResetTo::Offset(offset) = draft.to {
                        { form.number(ctx.t(t::OFFSET), "", offset, (0, i64::from(u32::MAX)), |d, v| d.to = ResetTo::Offset(v)) }
                    }
                </div>
                { form_end(&ctx, refused.as_ref(), ctx.t(t::RESET)) }
            </form>
        </Modal>
    }
}

/// Topics in which the group has committed something first, then all others.
fn topics(ctx: &Ctx, group: &str) -> Vec<String> {
    let snapshot = ctx.state.snapshot();
    let mut names: Vec<String> = Vec::new();
    let known = snapshot.groups.iter().find(|g| g.id == group);
    let committed = known
        .into_iter()
        .flat_map(|g| g.offsets.iter().map(|o| o.topic.clone()));
    let others = visible_topics(snapshot, false)
        .into_iter()
        .map(|topic| topic.name.clone());
    for name in committed.chain(others) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
