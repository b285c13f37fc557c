//! One record by hand.

use super::field::Form;
use super::modal::Modal;
use super::pairs;
use super::submit::{form_end, on_submit};
use crate::context::Ctx;
use crate::i18n::{dialogs as t, fill};
use crate::scenario::Action;
use crate::scenario::limit::{KEY_BYTES_MAX, VALUE_BYTES_MAX};
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub producer: String,
}

#[derive(Clone, Default, PartialEq)]
struct Draft {
    key: String,
    value: String,
    partition: Option<i64>,
    headers: String,
}

#[component]
pub fn SendForm(props: &Props) -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let refused = use_state(|| None);
    let form = Form::new(use_state(Draft::default));
    let draft = form.get().clone();
    let action = {
        let (draft, producer) = (draft.clone(), props.producer.clone());
        move || Action::Send {
            producer: producer.clone(),
            key: (!draft.key.is_empty()).then(|| draft.key.clone()),
            value: (!draft.value.is_empty()).then(|| draft.value.clone()),
            partition: draft.partition.and_then(|p| i32::try_from(p).ok()),
            headers: pairs(&draft.headers),
        }
    };
    html! {
        <Modal title={fill(ctx.t(t::SEND_TITLE), &[("name", &props.producer)])}>
            <form onsubmit={on_submit(&ctx, &refused, action)}>
                <div class="fields">
                    { form.text(ctx.t(t::KEY), ctx.t(t::NULL_HINT), &draft.key, KEY_BYTES_MAX, |d, v| d.key = v) }
                    { form.area(ctx.t(t::VALUE), ctx.t(t::NULL_HINT), &draft.value, VALUE_BYTES_MAX, |d, v| d.value = v) }
                    { form.maybe_number(ctx.t(t::PARTITION_NUMBER), ctx.t(t::PARTITION_EMPTY), draft.partition, (0, 99), |d, v| d.partition = v) }
                    { form.area(ctx.t(t::HEADERS), ctx.t(t::HEADERS_HINT), &draft.headers, 10_000, |d, v| d.headers = v) }
                </div>
                { form_end(&ctx, refused.as_ref(), ctx.t(t::SEND)) }
            </form>
        </Modal>
    }
}
