//! Asking the worker to look closely, again and again while something changes.

use crate::context::Ctx;
use crate::scenario::inspect::{Inspect, Inspection};
use konbini_bridge::{Command, Refusal, Reply};
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// What came of it: none while nothing has come yet.
pub type Looked = Option<Rc<Result<Inspection, Refusal>>>;

/// The newest answer to `what`, asked anew whenever `refresh` changes. Older answers that come
/// late are dropped; the last one stays until the next has come.
#[hook]
pub fn use_inspection(what: Option<Inspect>, refresh: i64) -> Looked {
    let ctx = use_context::<Ctx>().expect("inside the app");
    let answer = use_state(|| None::<(Inspect, Rc<Result<Inspection, Refusal>>)>);
    let asked = use_mut_ref(|| 0_u64);
    {
        let answer = answer.clone();
        use_effect_with((what.clone(), refresh), move |(what, _)| {
            let Some(what) = what.clone() else { return };
            *asked.borrow_mut() += 1;
            let mine = *asked.borrow();
            spawn_local(async move {
                let reply = ctx.link.request(Command::Inspect(what.clone())).await;
                if *asked.borrow() != mine {
                    return;
                }
                let found = match reply {
                    Ok(Reply::Inspection(found)) => Ok(*found),
                    Ok(_) => return,
                    Err(refusal) => Err(refusal),
                };
                answer.set(Some((what, Rc::new(found))));
            });
        });
    }
    let what = what?;
    let (about, found) = (*answer).as_ref()?;
    same_thing(about, &what).then(|| found.clone())
}

/// Whether both look at the same thing, wherever in it.
fn same_thing(a: &Inspect, b: &Inspect) -> bool {
    match (a, b) {
        (
            Inspect::Log {
                topic,
                partition,
                broker,
                ..
            },
            Inspect::Log {
                topic: t,
                partition: p,
                broker: b,
                ..
            },
        ) => (topic, partition, broker) == (t, p, b),
        (
            Inspect::Records {
                topic, partition, ..
            },
            Inspect::Records {
                topic: t,
                partition: p,
                ..
            },
        ) => (topic, partition) == (t, p),
        (Inspect::Wire { who, .. }, Inspect::Wire { who: w, .. }) => who == w,
        _ => a == b,
    }
}
