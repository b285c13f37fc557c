//! How fast the core is: appends and fetches of a log, and CRC-32C, each as a ratio to a raw loop
//! over the same bytes in the same run.
//!
//! The caller hands a clock in, so that the same code runs natively and in Node. Disks, frames and
//! the page are not measured here: see `browser/`.

mod cluster;
mod core;
mod pairs;

/// Measures everything; each row is a line of JSON. `place` says where this runs.
pub fn measure(clock: Clock, place: &str) -> Vec<String> {
    let mut rows = core::measure(clock, place);
    rows.extend(cluster::measure(clock, place));
    rows
}

pub use pairs::Clock;

/// For Node: `measure(() => performance.now(), "wasm")` gives the rows as lines of JSON.
#[cfg(target_family = "wasm")]
#[wasm_bindgen::prelude::wasm_bindgen(js_name = measure)]
pub fn measure_in_wasm(
    now: &js_sys::Function,
    place: &str,
) -> Result<String, wasm_bindgen::JsValue> {
    let mut clock = || {
        let now = now.call0(&wasm_bindgen::JsValue::NULL);
        now.ok().and_then(|ms| ms.as_f64()).unwrap_or(f64::NAN)
    };
    if clock().is_nan() {
        return Err("the clock gives no number".into());
    }
    Ok(measure(&mut clock, place).join("\n"))
}
