//! One lesson: its steps, its question, and what came of it.

use super::focus;
use crate::context::Ctx;
use crate::i18n::{Text, fill, header as t};
use crate::lessons::{LESSONS, Lesson, PARTS, Step, lessons_of};
use crate::state::{Confirm, Dialog, Engine, Msg, Then};
use konbini_bridge::Command;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

pub fn lesson(ctx: &Ctx) -> Html {
    let progress = &ctx.state.lesson;
    let lesson = &LESSONS[progress.lesson];
    let finished = progress.done >= lesson.steps.len();
    html! {
        <>
            { chooser(ctx) }
            <p class="crumb">{ fill(ctx.t(t::CRUMB), &[("n", &(progress.lesson + 1)), ("of", &LESSONS.len())]) }</p>
            <h1 id="lesson-title" tabindex="-1">{ ctx.t(lesson.title) }</h1>
            { for lesson.intro.iter().map(|text| html! { <p>{ ctx.t(*text) }</p> }) }
            if !progress.on_stage && ctx.state.engine == Engine::Running {
                { set_stage(ctx, t::SET_STAGE_WHY, t::SET_STAGE) }
            }
            if progress.may_be_stranded(ctx.state.snapshot()) {
                { set_stage(ctx, t::BEGIN_ANEW_WHY, t::BEGIN_ANEW) }
            }
            <ol class="steps">
                { for lesson.steps.iter().enumerate().map(|(i, step)| step_row(ctx, lesson, i, step)) }
            </ol>
            if finished { { closing(ctx, lesson) } }
            { question(ctx, lesson) }
            <p class="fine">{ ctx.t(t::CHECKED_BY_ENGINE) }</p>
        </>
    }
}

fn chooser(ctx: &Ctx) -> Html {
    let progress = &ctx.state.lesson;
    let button = |i: usize, lesson: &Lesson| {
        let done = progress.finished.contains(&i);
        let on = i == progress.lesson;
        html! {
            <button class={classes!("pip", on.then_some("on"), done.then_some("done"))} aria-current={on.then_some("true")}
                title={ctx.t(lesson.title)} aria-label={format!("{} {}", i + 1, ctx.t(lesson.title))} onclick={ctx.on(Msg::Lesson(i))}>
                { if done { "✓".to_owned() } else { (i + 1).to_string() } }
            </button>
        }
    };
    html! {
        <nav class="parts" aria-label={ctx.t(t::LESSONS)}>
            { for PARTS.iter().map(|(part, name)| html! {
                <div class="part" role="group" aria-label={ctx.t(*name)}>
                    <span class="part-name" aria-hidden="true">{ ctx.t(*name) }</span>
                    <div class="pips">{ for lessons_of(*part).map(|(i, lesson)| button(i, lesson)) }</div>
                </div>
            }) }
        </nav>
    }
}

fn ask_to_start(ctx: &Ctx, lesson: usize) -> Msg {
    Msg::Dialog(Dialog::Confirm(Confirm {
        title: ctx.t(t::SET_STAGE_ASK).to_owned(),
        body: ctx.t(t::SET_STAGE_BODY).to_owned(),
        yes: ctx.t(t::SET_STAGE_YES).to_owned(),
        then: Then::StartLesson(lesson),
    }))
}

/// Offers to start the lesson's scenario from nothing.
fn set_stage(ctx: &Ctx, why: Text, word: Text) -> Html {
    let ask = ask_to_start(ctx, ctx.state.lesson.lesson);
    html! {
        <div class="set-stage">
            <p>{ ctx.t(why) }</p>
            <button class="btn primary" onclick={ctx.on(ask)}>{ ctx.t(word) }</button>
        </div>
    }
}

fn step_row(ctx: &Ctx, lesson: &Lesson, place: usize, step: &Step) -> Html {
    let progress = &ctx.state.lesson;
    let done = place < progress.done;
    let now = progress.on_stage && place == progress.done;
    let mark = if done {
        "✓".to_owned()
    } else {
        (place + 1).to_string()
    };
    html! {
        <li class={classes!("step", done.then_some("done"), now.then_some("now"))} aria-current={now.then_some("step")} tabindex="-1">
            <i aria-hidden="true">{ mark }</i>
            <div>
                <b>{ ctx.t(step.title) }</b>
                if done { <span class="sr">{ ctx.t(t::STEP_DONE) }</span> }
                <p>{ ctx.t(step.text) }</p>
                if now { { try_it(ctx, lesson, place, step) } }
            </div>
        </li>
    }
}

fn try_it(ctx: &Ctx, lesson: &Lesson, place: usize, step: &Step) -> Html {
    let progress = &ctx.state.lesson;
    let Some(word) = step.button else {
        return html! { <p class="waits">{ ctx.t(t::STEP_WAITS) }</p> };
    };
    if progress.taken {
        return html! { <p class="waits">{ ctx.t(t::STEP_WAITS) }</p> };
    }
    let wants = place == lesson.question.before && progress.wants_prediction();
    let press = {
        let ctx = ctx.clone();
        let actions = step.actions;
        Callback::from(move |_: MouseEvent| {
            let wanted = actions(ctx.state.snapshot());
            focus::to(focus::STEP);
            ctx.send(Msg::StepTaken(place));
            let ctx = ctx.clone();
            spawn_local(async move {
                for action in wanted {
                    if ctx.answer(Command::Apply(Box::new(action))).await.is_none() {
                        // Nothing was done: the button comes back.
                        ctx.send(Msg::StepRefused(place));
                        break;
                    }
                }
            });
        })
    };
    html! {
        <div class="try">
            <button class="btn primary" onclick={press} disabled={wants}>{ ctx.t(word) }</button>
            if wants { <p class="waits">{ ctx.t(t::PREDICT_FIRST) }</p> }
        </div>
    }
}

fn question(ctx: &Ctx, lesson: &Lesson) -> Html {
    let progress = &ctx.state.lesson;
    let question = &lesson.question;
    let answered = progress.done > question.before;
    let option = |i: usize, text: Text| {
        let chosen = progress.prediction == Some(i);
        let verdict = match (answered, i == question.right) {
            (false, _) => None,
            (true, true) => Some("right"),
            (true, false) => chosen.then_some("wrong"),
        };
        html! {
            <label class={classes!("opt", chosen.then_some("sel"), verdict)}>
                <input type="radio" name="prediction" checked={chosen} disabled={answered} onchange={ctx.on(Msg::Predict(i))} />
                { ctx.t(text) }
            </label>
        }
    };
    html! {
        <fieldset class="predict">
            <legend>{ ctx.t(t::PREDICT) }</legend>
            <p class="ask">{ ctx.t(question.ask) }</p>
            { for question.options.iter().enumerate().map(|(i, text)| option(i, *text)) }
            if answered {
                <div class="because" role="status">
                    if let Some(guess) = progress.prediction {
                        <b>{ ctx.t(if guess == question.right { t::YOUR_GUESS_RIGHT } else { t::YOUR_GUESS_WRONG }) }{ " " }</b>
                    }
                    { ctx.t(question.because) }
                </div>
            }
        </fieldset>
    }
}

fn closing(ctx: &Ctx, lesson: &Lesson) -> Html {
    let next = ctx.state.lesson.lesson + 1;
    html! {
        <div class="closing" role="status">
            <b>{ ctx.t(t::LESSON_DONE) }</b>
            <p>{ ctx.t(lesson.closing) }</p>
            if next < LESSONS.len() {
                <button class="btn primary" onclick={ctx.on(ask_to_start(ctx, next))}>{ ctx.t(t::NEXT_LESSON) }</button>
            }
        </div>
    }
}
