//! What the desk asks of the page: functions of an object that it is handed.

use crate::context::Ctx;
use crate::i18n::Lang;
use crate::scenario::Snapshot;
use crate::scenario::code::Signal;
use crate::scenario::inspect::{Inspect, Inspection};
use crate::scenario::spec::Configs;
use crate::state::Msg;
use js_sys::{Array, Object, Promise, Reflect};
use konbini_bridge::{Command, ProgramId, Refusal, Reply};
use serde::Serialize;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{future_to_promise, spawn_local};
use web_sys::MessagePort;

/// What the desk asks of the page. It lives as long as the page.
pub fn host(ctx: &Ctx) -> Object {
    let object = Object::new();
    let set = |name: &str, function: JsValue| {
        // Setting a field of a plain object cannot fail.
        let _ = Reflect::set(&object, &name.into(), &function);
    };
    set("begin", begin(ctx));
    set("signal", signal(ctx));
    set("end", end(ctx));
    set("situation", situation(ctx));
    set("committed", committed(ctx));
    let now = {
        let ctx = ctx.clone();
        Closure::<dyn Fn() -> f64>::new(move || ctx.state.snapshot().now as f64)
    };
    set("now", now.into_js_value());
    let refused = {
        let ctx = ctx.clone();
        Closure::<dyn Fn(String, Option<String>)>::new(move |message, code: Option<String>| {
            let code = code.unwrap_or_else(|| "code".to_owned());
            ctx.send(Msg::Refused(Refusal { code, message }));
        })
    };
    set("refused", refused.into_js_value());
    object
}

/// `begin(port, file, files, ordered)`: the program's run and number.
fn begin(ctx: &Ctx) -> JsValue {
    let ctx = ctx.clone();
    Closure::<dyn Fn(MessagePort, String, String, bool) -> Promise>::new(
        move |port: MessagePort, file, files: String, ordered| {
            let files = serde_json::from_str(&files).unwrap_or_default();
            let answer = ctx.link.begin_program(&port, file, files, ordered);
            future_to_promise(async move {
                match answer.await {
                    Ok(Reply::Program(ProgramId { run, number })) => {
                        Ok(Array::of2(&run.into(), &number.into()).into())
                    }
                    Ok(_) => Err("no program began".into()),
                    Err(refusal) => Err(crate::script_api::error(&refusal)),
                }
            })
        },
    )
    .into_js_value()
}

/// `signal(run, number, name)`.
fn signal(ctx: &Ctx) -> JsValue {
    let ctx = ctx.clone();
    Closure::<dyn Fn(u32, u32, String)>::new(move |run, number, name: String| {
        let signal = match name.as_str() {
            "SIGTERM" => Signal::Terminate,
            _ => Signal::Interrupt,
        };
        let program = ProgramId { run, number };
        let answer = (ctx.link).request(Command::SignalProgram { program, signal });
        spawn_local(async move {
            // A worker that is gone has no programs either.
            let _ = answer.await;
        });
    })
    .into_js_value()
}

/// `end(run, number, gone)`: settles when the program's worker is not needed any more.
fn end(ctx: &Ctx) -> JsValue {
    let ctx = ctx.clone();
    Closure::<dyn Fn(u32, u32, bool) -> Promise>::new(move |run, number, gone| {
        let program = ProgramId { run, number };
        let answer = ctx.link.request(Command::EndProgram { program, gone });
        future_to_promise(async move {
            // A worker that is gone needs no programs either.
            let _ = answer.await;
            Ok(JsValue::UNDEFINED)
        })
    })
    .into_js_value()
}

/// What an export is made of, but for the records.
#[derive(Serialize)]
struct Situation<'a> {
    snapshot: &'a Snapshot,
    /// The brokers' settings.
    configs: &'a Configs,
    language: &'static str,
}

/// `situation()`: the snapshot, the brokers' settings and the reader's language, as text.
fn situation(ctx: &Ctx) -> JsValue {
    let ctx = ctx.clone();
    Closure::<dyn Fn() -> Promise>::new(move || {
        let ctx = ctx.clone();
        future_to_promise(async move {
            match ctx.link.request(Command::Snapshot).await {
                Ok(Reply::Snapshot(snapshot)) => {
                    let scenario = ctx.state.scenario.clone();
                    let none = Configs::default();
                    let configs = scenario.as_ref().as_ref();
                    let situation = Situation {
                        snapshot: &snapshot,
                        configs: configs.map_or(&none, |scenario| &scenario.broker_configs),
                        language: ["en", "zh"][usize::from(ctx.lang() == Lang::ZhTw)],
                    };
                    Ok(text_of(&situation))
                }
                Ok(_) => Err("no snapshot came".into()),
                Err(refusal) => Err(crate::script_api::error(&refusal)),
            }
        })
    })
    .into_js_value()
}

/// `committed(topic, partition, from)`: committed records from that offset on, as text.
fn committed(ctx: &Ctx) -> JsValue {
    let ctx = ctx.clone();
    Closure::<dyn Fn(String, i32, f64) -> Promise>::new(move |topic: String, partition, from| {
        let place = format!("{topic}, partition {partition}");
        let inspect = Inspect::Committed {
            topic,
            partition,
            from: from as i64,
        };
        let answer = ctx.link.request(Command::Inspect(inspect));
        future_to_promise(async move {
            let why = match answer.await {
                Ok(Reply::Inspection(found)) => match *found {
                    Inspection::Committed(found) => return Ok(text_of(&found)),
                    Inspection::Nothing { why } => why,
                    _ => "no records came".to_owned(),
                },
                Ok(_) => "no records came".to_owned(),
                Err(refusal) => return Err(crate::script_api::error(&refusal)),
            };
            Err(crate::script_api::error(&Refusal {
                code: "not-readable".to_owned(),
                message: format!("the records of {place} cannot be read now: {why}"),
            }))
        })
    })
    .into_js_value()
}

/// Plain data with text keys: this cannot fail.
fn text_of(value: &impl Serialize) -> JsValue {
    serde_json::to_string(value).unwrap_or_default().into()
}
