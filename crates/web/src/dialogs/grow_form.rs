//! More partitions for a topic.

use super::field::Form;
use super::modal::Modal;
use super::submit::{form_end, on_submit};
use crate::context::Ctx;
use crate::i18n::{dialogs as t, fill};
use crate::scenario::Action;
use crate::scenario::limit::PARTITIONS;
use crate::state::topic_of;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub topic: String,
}

#[component]
pub fn GrowForm(props: &Props) -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let refused = use_state(|| None);
    let present = topic_of(ctx.state.snapshot(), &props.topic).map_or(1, |t| t.partitions.len());
    let form = Form::new(use_state(|| present as i64 + 1));
    let count = *form.get();
    let topic = props.topic.clone();
    let action = move || Action::CreatePartitions {
        topic: topic.clone(),
        count: i32::try_from(count).unwrap_or(i32::MAX),
    };
    let range = (1, i64::from(*PARTITIONS.end()));
    html! {
        <Modal title={fill(ctx.t(t::GROW_TITLE), &[("topic", &props.topic)])}>
            <form onsubmit={on_submit(&ctx, &refused, action)}>
                <p class="modal-text">{ ctx.t(t::GROW_HINT) }</p>
                <div class="fields">
                    { form.number(ctx.t(t::PARTITIONS), "", count, range, |d, v| *d = v) }
                </div>
                { form_end(&ctx, refused.as_ref(), ctx.t(t::GROW)) }
            </form>
        </Modal>
    }
}
