//! The desk: files, terminals and programs. It is JavaScript (`www/code/page`), loaded when it is
//! first wanted; this is the way to it.

use crate::context::Ctx;
use crate::scenario::code::File;
use crate::state::Msg;
use js_sys::{Array, Function, Promise, Reflect};
use konbini_bridge::{Order, Refusal};
use serde::Deserialize;
use std::cell::RefCell;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

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
    /// `own` or `link`.
    pub shown: String,
    /// What came with a link, if anything did.
    pub linked: Option<LinkedView>,
    pub terminals: Vec<TerminalView>,
    pub examples: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct LinkedView {
    /// Programs that were begun.
    pub programs: u32,
}

/// What of the desk goes into a link.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Shared {
    pub files: Vec<File>,
    /// Whether there is more than what everybody finds there at first.
    pub touched: bool,
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
    /// The desk of this page, if it was loaded.
    pub fn loaded() -> Option<Desk> {
        LOADED.with_borrow(Clone::clone)
    }

    /// The desk of this page, loaded now if it was not yet.
    ///
    /// # Errors
    /// It cannot be loaded.
    pub async fn load(ctx: &Ctx) -> Result<Desk, JsValue> {
        if let Some(desk) = Desk::loaded() {
            return Ok(desk);
        }
        let window = web_sys::window().ok_or("no window")?;
        let loader: Function = Reflect::get(&window, &LOADER.into())?.dyn_into()?;
        let module = JsFuture::from(loader.call0(&window)?.dyn_into::<Promise>()?).await?;
        let open: Function = Reflect::get(&module, &"open".into())?.dyn_into()?;
        let opened = open.call1(&JsValue::UNDEFINED, &super::host::host(ctx))?;
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
        self.read("view")
    }

    /// The reader's own files that those of the link would replace.
    pub fn clashes(&self) -> Vec<String> {
        let names = self.call_now("clashes", &[]).ok();
        let names = names.and_then(|names| names.dyn_into::<Array>().ok());
        let names = names.unwrap_or_default();
        names.iter().filter_map(|name| name.as_string()).collect()
    }

    pub fn shared(&self) -> Shared {
        self.read("shared")
    }

    /// What one of its methods tells as text.
    fn read<T: Default + for<'a> Deserialize<'a>>(&self, name: &str) -> T {
        let text = self.call_now(name, &[]).ok();
        let text = text.and_then(|text| text.as_string()).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Hands on what a recording that is repeated wants.
    pub async fn obey(&self, order: &Order) -> Result<(), Refusal> {
        // Plain data with text keys: this cannot fail.
        let text = serde_json::to_string(order).unwrap_or_default();
        let obeyed = self.call("ordered", &[text.into()]).await;
        obeyed.map(drop).map_err(|error| refusal(&error))
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
