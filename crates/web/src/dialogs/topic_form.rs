//! A new topic.

use super::field::Form;
use super::modal::Modal;
use super::pairs;
use super::submit::{form_end, on_submit};
use crate::context::Ctx;
use crate::i18n::dialogs as t;
use crate::scenario::Action;
use crate::scenario::limit::{PARTITIONS, TOPIC_NAME_BYTES_MAX};
use crate::scenario::spec::TopicSpec;
use yew::prelude::*;

/// Replicas that a new topic gets where there are brokers enough.
const USUAL_REPLICAS: i64 = 3;

#[derive(Clone, PartialEq)]
struct Draft {
    name: String,
    partitions: i64,
    replication_factor: i64,
    configs: String,
}

#[component]
pub fn TopicForm() -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let refused = use_state(|| None);
    let brokers = ctx.state.snapshot().brokers.len().max(1) as i64;
    let draft = use_state(|| {
        let topics = &ctx.state.snapshot().topics;
        let taken: Vec<&str> = topics.iter().map(|topic| topic.name.as_str()).collect();
        Draft {
            name: super::free_name("topic", &taken),
            partitions: 2,
            replication_factor: brokers.min(USUAL_REPLICAS),
            configs: String::new(),
        }
    });
    let form = Form::new(draft);
    let now = form.get().clone();
    let action = {
        let draft = now.clone();
        move || {
            Action::CreateTopic(TopicSpec {
                name: draft.name.trim().to_owned(),
                partitions: i32::try_from(draft.partitions).unwrap_or(i32::MAX),
                replication_factor: i16::try_from(draft.replication_factor).unwrap_or(i16::MAX),
                configs: pairs(&draft.configs).into_iter().collect(),
            })
        }
    };
    let partitions = (i64::from(*PARTITIONS.start()), i64::from(*PARTITIONS.end()));
    html! {
        <Modal title={ctx.t(t::TOPIC_TITLE)}>
            <form onsubmit={on_submit(&ctx, &refused, action)}>
                <div class="fields">
                    { form.name(ctx.t(t::NAME), ctx.t(t::TOPIC_HINT), &now.name, TOPIC_NAME_BYTES_MAX, |d, v| d.name = v) }
                    { form.number(ctx.t(t::PARTITIONS), ctx.t(t::PARTITIONS_HINT), now.partitions, partitions, |d, v| d.partitions = v) }
                    { form.number(ctx.t(t::REPLICATION), ctx.t(t::REPLICATION_HINT), now.replication_factor, (1, brokers), |d, v| d.replication_factor = v) }
                    { form.area(ctx.t(t::CONFIGS), ctx.t(t::CONFIGS_HINT), &now.configs, 10_000, |d, v| d.configs = v) }
                </div>
                { form_end(&ctx, refused.as_ref(), ctx.t(t::CREATE)) }
            </form>
        </Modal>
    }
}
