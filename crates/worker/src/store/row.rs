//! Keys and values between Rust and the browser. The layout is drawn in [`super::database`].

use super::catalog::{Entry, LogAt, ValueAt};
use super::plan::Range;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{IdbKeyRange, IdbRequest};

/// A copy outside wasm memory, of exactly these bytes: storing a view would clone its whole buffer.
pub(super) fn buffer_of(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).buffer().into()
}

pub(super) fn bytes_of(request: &IdbRequest) -> Option<Vec<u8>> {
    let value = request.result().ok()?;
    (!value.is_undefined()).then(|| Uint8Array::new(&value).to_vec())
}

pub(super) fn entry_to_js(entry: Entry) -> JsValue {
    Array::of3(&entry.len.into(), &entry.crc.into(), &entry.kept.into()).into()
}

pub(super) fn entry_of(value: &JsValue) -> Option<Entry> {
    let row = value.dyn_ref::<Array>()?;
    Some(Entry {
        len: number(&row.get(0))?,
        crc: number(&row.get(1))?,
        kept: number(&row.get(2))?,
    })
}

pub(super) fn value_key(at: &ValueAt) -> JsValue {
    Array::of4(
        &at.log.node.into(),
        &JsValue::from_str(&at.log.dir),
        &(at.segment as f64).into(),
        &at.position.into(),
    )
    .into()
}

pub(super) fn value_at(key: &JsValue) -> Option<ValueAt> {
    let key = key.dyn_ref::<Array>()?;
    Some(ValueAt {
        log: log_at(key)?,
        segment: key.get(2).as_f64()? as i64,
        position: number(&key.get(3))?,
    })
}

pub(super) fn file_key(log: &LogAt, name: &str) -> JsValue {
    Array::of3(
        &log.node.into(),
        &JsValue::from_str(&log.dir),
        &JsValue::from_str(name),
    )
    .into()
}

pub(super) fn file_at(key: &JsValue) -> Option<(LogAt, String)> {
    let key = key.dyn_ref::<Array>()?;
    Some((log_at(key)?, key.get(2).as_string()?))
}

fn log_at(key: &Array) -> Option<LogAt> {
    Some(LogAt::new(
        key.get(0).as_f64()? as i32,
        &key.get(1).as_string()?,
    ))
}

/// A whole number of 32 bits, or nothing.
fn number(value: &JsValue) -> Option<u32> {
    let value = value.as_f64()?;
    (value >= 0.0 && value <= f64::from(u32::MAX) && value.fract() == 0.0).then_some(value as u32)
}

pub(super) fn key_range(range: &Range) -> Result<JsValue, JsValue> {
    let beyond: JsValue = Array::new().into();
    let part = |log: &LogAt, rest: &[JsValue]| -> JsValue {
        let key = Array::of2(&log.node.into(), &JsValue::from_str(&log.dir));
        rest.iter().for_each(|value| {
            key.push(value);
        });
        key.into()
    };
    let (low, high) = match range {
        Range::One(at) => return Ok(value_key(at)),
        Range::Log(log) => (part(log, &[]), part(log, &[beyond])),
        Range::Segment(log, segment) => {
            let segment = JsValue::from(*segment as f64);
            let low = part(log, std::slice::from_ref(&segment));
            (low, part(log, &[segment, beyond]))
        }
        Range::From(at) => {
            let high = part(&at.log, &[(at.segment as f64).into(), beyond]);
            (value_key(at), high)
        }
    };
    Ok(IdbKeyRange::bound(&low, &high)?.into())
}
