//! `window.konbini`, for scripts and tests. Documented in `www/konbini.d.ts`.

use crate::code::Desk;
use crate::context::Ctx;
use crate::lessons::LESSONS;
use crate::scenario::Action;
use crate::share;
use js_sys::{JSON, Object, Promise, Reflect};
use konbini_bridge::{Command, Refusal, Reply};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;
use web_sys::MessageChannel;

/// Resolves `konbini.ready`, which index.html made before this code was here.
pub fn opened() {
    if let (Some(window), Ok(event)) = (web_sys::window(), web_sys::Event::new("konbini-ready")) {
        let _ = window.dispatch_event(&event);
    }
}

/// Puts the functions on the window's `konbini`. They live as long as the page.
pub fn install(ctx: &Ctx) {
    let Some(window) = web_sys::window() else {
        return;
    };
    let found = Reflect::get(&window, &"konbini".into()).ok();
    let api: Object = found
        .and_then(|object| object.dyn_into().ok())
        .unwrap_or_default();
    method1(&api, "apply", ctx, |ctx, action| async move {
        done(&ctx, Command::Apply(Box::new(read_action(&action)?))).await
    });
    method1(&api, "snapshot", ctx, |ctx, _| async move {
        snapshot(&ctx).await
    });
    method1(&api, "advance", ctx, |ctx, ms| async move {
        let ms = whole("advance(ms)", &ms, 0.0, f64::from(u32::MAX))?;
        done(&ctx, Command::Advance(ms)).await
    });
    method1(&api, "pause", ctx, |ctx, _| async move {
        done(&ctx, Command::Pause).await
    });
    method1(&api, "resume", ctx, |ctx, _| async move {
        done(&ctx, Command::Resume).await
    });
    method1(&api, "speed", ctx, |ctx, x| async move {
        let times = x.as_f64().unwrap_or(f64::NAN) * 1000.0;
        let speed = whole("speed(x)", &times.round().into(), 100.0, 100_000.0)?;
        done(&ctx, Command::Speed(speed)).await
    });
    method1(&api, "share", ctx, |ctx, _| async move {
        let recording = match ask(&ctx, Command::Record { actions: true }).await? {
            Reply::Recording(mut recording) => {
                let added = crate::code::add_files(&ctx, &mut recording).await;
                added.map_err(|refusal| error(&refusal))?;
                recording
            }
            _ => return Err(script_error("share", "no recording came")),
        };
        let link = share::write_link(&recording).map_err(|refusal| error(&refusal))?;
        Ok(link.into())
    });
    method1(&api, "reset", ctx, |ctx, _| async move {
        done(&ctx, Command::Reset).await?;
        // A page without a run shows nothing: the first lesson begins anew.
        ctx.restart((LESSONS[0].scenario)()).await;
        Ok(JsValue::UNDEFINED)
    });
    connect(&api, ctx);
    code(&api, ctx);
    set(&window, "konbini", &api);
}

/// `connect(host, port)`: a MessagePort that carries a Kafka connection's bytes.
fn connect(api: &Object, ctx: &Ctx) {
    let ctx = ctx.clone();
    let function =
        Closure::<dyn Fn(JsValue, JsValue) -> Promise>::new(move |host: JsValue, port: JsValue| {
            let ctx = ctx.clone();
            future_to_promise(async move {
                let name = host.as_string();
                let name =
                    name.ok_or_else(|| script_error("connect", "the host must be a string"))?;
                let number = whole("connect(host, port)", &port, 1.0, 65_535.0)?;
                let channel = MessageChannel::new()?;
                let number = u16::try_from(number).unwrap_or(u16::MAX);
                let answer = ctx.link.connect(name, number, &channel.port2()).await;
                answer.map_err(|refusal| error(&refusal))?;
                Ok(channel.port1().into())
            })
        });
    set(api, "connect", function.as_ref());
    function.forget();
}

/// `code`: programs in terminals. Its first use loads what it needs.
fn code(api: &Object, ctx: &Ctx) {
    let object = Object::new();
    method1(&object, "runAsRecorded", ctx, |ctx, _| async move {
        let none = || Refusal {
            code: "no-linked-code".to_owned(),
            message: "no link with code is open".to_owned(),
        };
        let linked = ctx.state.linked.clone();
        let recording = linked.ok_or_else(|| error(&none()))?;
        ctx.rerun(&recording).await;
        Ok(JsValue::UNDEFINED)
    });
    for name in [
        "write", "run", "output", "stop", "list", "use", "keep", "export",
    ] {
        let ctx = ctx.clone();
        let function = Closure::<dyn Fn(JsValue, JsValue) -> Promise>::new(
            move |first: JsValue, second: JsValue| {
                let ctx = ctx.clone();
                future_to_promise(async move {
                    let desk = Desk::load(&ctx).await?;
                    desk.call(name, &[first, second]).await
                })
            },
        );
        set(&object, name, function.as_ref());
        function.forget();
    }
    set(api, "code", &object);
}

fn method1<F>(api: &Object, name: &str, ctx: &Ctx, run: fn(Ctx, JsValue) -> F)
where
    F: Future<Output = Result<JsValue, JsValue>> + 'static,
{
    let ctx = ctx.clone();
    let function = Closure::<dyn Fn(JsValue) -> Promise>::new(move |argument: JsValue| {
        future_to_promise(run(ctx.clone(), argument))
    });
    set(api, name, function.as_ref());
    function.forget();
}

fn set(object: &Object, name: &str, value: &JsValue) {
    let _ = Reflect::set(object, &name.into(), value);
}

async fn ask(ctx: &Ctx, command: Command) -> Result<Reply, JsValue> {
    ctx.live.borrow_mut().expect(&command);
    let answer = ctx.link.request(command).await;
    answer.map_err(|refusal| error(&refusal))
}

async fn done(ctx: &Ctx, command: Command) -> Result<JsValue, JsValue> {
    ask(ctx, command).await.map(|_| JsValue::UNDEFINED)
}

async fn snapshot(ctx: &Ctx) -> Result<JsValue, JsValue> {
    match ask(ctx, Command::Snapshot).await? {
        Reply::Snapshot(snapshot) => {
            let text = serde_json::to_string(&snapshot);
            JSON::parse(&text.map_err(|e| script_error("snapshot", &e.to_string()))?)
        }
        _ => Err(script_error("snapshot", "no snapshot came")),
    }
}

fn read_action(action: &JsValue) -> Result<Action, JsValue> {
    let text = JSON::stringify(action).ok();
    let text = text.and_then(|text| text.as_string()).unwrap_or_default();
    serde_json::from_str(&text).map_err(|error| {
        // The place is one in a text that the script never saw.
        let message = error.to_string();
        let (what, _) = message.split_once(" at line ").unwrap_or((&message, ""));
        script_error("action", what)
    })
}

/// A whole number in a range, from what a script handed over.
fn whole(what: &str, value: &JsValue, least: f64, most: f64) -> Result<u32, JsValue> {
    let number = value
        .as_f64()
        .filter(|n| n.fract() == 0.0 && (least..=most).contains(n));
    number.map(|n| n as u32).ok_or_else(|| {
        let allowed = format!("wants a whole number from {least} to {most}");
        script_error(what, &allowed)
    })
}

fn script_error(what: &str, message: &str) -> JsValue {
    error(&Refusal {
        code: "bad-argument".to_owned(),
        message: format!("{what}: {message}"),
    })
}

/// A refusal as an `Error` with a `code`.
pub fn error(refusal: &Refusal) -> JsValue {
    let error = js_sys::Error::new(&refusal.message);
    let _ = Reflect::set(&error, &"code".into(), &refusal.code.as_str().into());
    error.into()
}
