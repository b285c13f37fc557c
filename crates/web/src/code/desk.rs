//! The desk: files, terminals and programs. It is JavaScript (`www/code/page`), loaded when it is
//! first wanted; this is the way to it.

use crate::context::Ctx;
use crate::state::Msg;
use js_sys::{Array, Function, Object, Promise, Reflect};
use konbini_bridge::{Command, Refusal, Reply};
use serde::Deserialize;
use std::cell::RefCell;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise, spawn_local};
use web_sys::MessagePort;

/// The page's function that imports the desk's module.
const LOADER: &str = "konbiniCode";

thread_local! {
    static LOADED: RefCell<Option<Desk>> = const { RefCell::new(None) };
}

/// Clones are the same desk.
#[derive(Clone, PartialEq)]
pub struct Desk(JsValue);

/// What the view draws.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct DeskView {
    pub files: Vec<String>,
    pub current: String,
    pub terminals: Vec<TerminalView>,
    pub examples: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct TerminalView {
    pub id: u32,
    pub name: String,
    /// running, stopping or ended.
    pub state: String,
    pub code: Option<i32>,
    /// The group that its consumer is a member of, and which member.
    pub group: Option<String>,
    pub member: Option<String>,
}

impl Desk {
    /// The desk of this page, loaded now if it was not yet.
    ///
    /// # Errors
    /// It cannot be loaded.
    pub async fn load(ctx: &Ctx) -> Result<Desk, JsValue> {
        if let Some(desk) = LOADED.with_borrow(Clone::clone) {
            return Ok(desk);
        }
        let window = web_sys::window().ok_or("no window")?;
        let loader: Function = Reflect::get(&window, &LOADER.into())?.dyn_into()?;
        let module = JsFuture::from(loader.call0(&window)?.dyn_into::<Promise>()?).await?;
        let open: Function = Reflect::get(&module, &"open".into())?.dyn_into()?;
        let opened = open.call1(&JsValue::UNDEFINED, &host(ctx))?;
        let desk = Desk(JsFuture::from(opened.dyn_into::<Promise>()?).await?);
        LOADED.with_borrow_mut(|loaded| loaded.get_or_insert(desk).clone());
        LOADED.with_borrow(|loaded| loaded.clone().ok_or_else(|| "no desk".into()))
    }

    /// Calls one of its methods; a promise is waited for.
    ///
    /// # Errors
    /// The method throws, or its promise rejects.
    pub async fn call(&self, name: &str, values: &[JsValue]) -> Result<JsValue, JsValue> {
        let result = self.call_now(name, values)?;
        match result.dyn_into::<Promise>() {
            Ok(promise) => JsFuture::from(promise).await,
            Err(value) => Ok(value),
        }
    }

    /// # Errors
    /// The method throws.
    pub fn call_now(&self, name: &str, values: &[JsValue]) -> Result<JsValue, JsValue> {
        let method: Function = Reflect::get(&self.0, &name.into())?.dyn_into()?;
        method.apply(&self.0, &values.iter().collect::<Array>())
    }

    /// Calls a method for the reader: an error is shown.
    pub fn act(&self, ctx: &Ctx, name: &'static str, values: Vec<JsValue>) {
        let (desk, ctx) = (self.clone(), ctx.clone());
        spawn_local(async move {
            if let Err(error) = desk.call(name, &values).await {
                ctx.send(Msg::Refused(refusal(&error)));
            }
        });
    }

    pub fn view(&self) -> DeskView {
        let text = self.call_now("view", &[]).ok();
        let text = text.and_then(|text| text.as_string()).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }
}

/// What a desk's error says.
pub fn refusal(error: &JsValue) -> Refusal {
    let field = |name: &str| Reflect::get(error, &name.into()).ok()?.as_string();
    Refusal {
        code: field("code").unwrap_or_else(|| "code".to_owned()),
        message: field("message").unwrap_or_else(|| format!("{error:?}")),
    }
}

/// What the desk asks of the page. It lives as long as the page.
fn host(ctx: &Ctx) -> Object {
    let object = Object::new();
    let set = |name: &str, function: JsValue| {
        // Setting a field of a plain object cannot fail.
        let _ = Reflect::set(&object, &name.into(), &function);
    };
    let begin = {
        let ctx = ctx.clone();
        Closure::<dyn Fn(MessagePort) -> Promise>::new(move |port: MessagePort| {
            let answer = ctx.link.begin_program(&port);
            future_to_promise(async move {
                match answer.await {
                    Ok(Reply::Program(number)) => Ok(number.into()),
                    Ok(_) => Err("no program began".into()),
                    Err(refusal) => Err(crate::script_api::error(&refusal)),
                }
            })
        })
    };
    set("begin", begin.into_js_value());
    let end = {
        let ctx = ctx.clone();
        Closure::<dyn Fn(u32)>::new(move |number| {
            let answer = ctx.link.request(Command::EndProgram(number));
            spawn_local(async move {
                // A worker that is gone has no programs either.
                let _ = answer.await;
            });
        })
    };
    set("end", end.into_js_value());
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
