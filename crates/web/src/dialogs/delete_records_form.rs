//! Moves the start of a log.

use super::field::Form;
use super::modal::Modal;
use super::submit::{form_end, on_submit};
use crate::context::Ctx;
use crate::i18n::{dialogs as t, fill};
use crate::scenario::Action;
use crate::state::leader_of;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub topic: String,
    pub partition: i32,
}

#[component]
pub fn DeleteRecordsForm(props: &Props) -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let refused = use_state(|| None);
    let view = leader_of(ctx.state.snapshot(), &props.topic, props.partition);
    let (start, end) = view.map_or((0, 0), |p| (p.log_start, p.high_watermark));
    let form = Form::new(use_state(|| end));
    let before = *form.get();
    let (topic, partition) = (props.topic.clone(), props.partition);
    let action = move || Action::DeleteRecords {
        topic: topic.clone(),
        partition,
        before,
    };
    let name = format!("{}-{}", props.topic, props.partition);
    html! {
        <Modal title={fill(ctx.t(t::DELETE_RECORDS_TITLE), &[("name", &name)])}>
            <form onsubmit={on_submit(&ctx, &refused, action)}>
                <p class="modal-text">{ ctx.t(t::DELETE_RECORDS_HINT) }</p>
                <div class="fields">
                    { form.number(ctx.t(t::BEFORE), &format!("{start} … {end}"), before, (start, end.max(before)), |d, v| *d = v) }
                </div>
                { form_end(&ctx, refused.as_ref(), ctx.t(t::DELETE)) }
            </form>
        </Modal>
    }
}
