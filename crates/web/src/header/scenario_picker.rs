//! Which scenario runs, and the others that come with the page.

use crate::context::Ctx;
use crate::i18n::header as t;
use crate::lessons::{self, PARTS, lessons_of};
use crate::state::{Confirm, Dialog, Msg, Then};
use web_sys::HtmlSelectElement;
use yew::prelude::*;

#[component]
pub fn ScenarioPicker() -> Html {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let lang = ctx.lang();
    let running = (*ctx.state.scenario).as_ref();
    let place = running.and_then(lessons::lesson_of);
    let name = running.map_or_else(String::new, |scenario| lessons::title_of(scenario, lang));
    let choose = {
        let ctx = ctx.clone();
        Callback::from(move |event: Event| {
            let select: HtmlSelectElement = event.target_unchecked_into();
            let chosen = select.value();
            // The reader is asked first: until then the old one stays chosen.
            select.set_value("now");
            let then = match chosen.as_str() {
                "empty" => Then::Restart(Box::new(lessons::empty_playground())),
                number => match number.parse() {
                    Ok(lesson) => Then::StartLesson(lesson),
                    Err(_) => return,
                },
            };
            ctx.send(Msg::Dialog(Dialog::Confirm(Confirm {
                title: ctx.t(t::SET_STAGE_ASK_SCENARIO).to_owned(),
                body: ctx.t(t::SET_STAGE_BODY_SCENARIO).to_owned(),
                yes: ctx.t(t::RESTART).to_owned(),
                then,
            })));
        })
    };
    html! {
        <label class="picker">
            <span class="sr">{ ctx.t(t::SCENARIO) }</span>
            <select onchange={choose}>
                <option value="now" selected=true>{ name }</option>
                { for PARTS.iter().map(|(part, name)| html! {
                    <optgroup label={lang.of(*name)}>
                        { for lessons_of(*part).filter(|(i, _)| place != Some(*i)).map(|(i, lesson)| html! {
                            <option value={i.to_string()}>{ lang.of(lesson.scenario_name) }</option>
                        }) }
                    </optgroup>
                }) }
                <option value="empty">{ ctx.t(t::EMPTY_PLAYGROUND) }</option>
            </select>
        </label>
    }
}
