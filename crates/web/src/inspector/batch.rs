//! One batch: the bytes of its header beside what they mean.

use super::header_bytes::{HEADER, HEADER_LEN, value};
use crate::context::Ctx;
use crate::format::{bytes, date_time, hex};
use crate::i18n::{fill, inspector as t};
use crate::scenario::inspect::BatchView;
use yew::prelude::*;

pub fn batch_view(ctx: &Ctx, batch: &BatchView) -> Html {
    let crc = if batch.crc_ok {
        html! { <span class="chip good">{ ctx.t(t::CRC_OK) }</span> }
    } else {
        html! { <span class="chip bad">{ ctx.t(t::CRC_BAD) }</span> }
    };
    let packed = bytes(batch.size.into());
    let plain = bytes(u64::from(batch.uncompressed_size) + HEADER_LEN as u64);
    html! {
        <section class="sec">
            <h3>
                { fill(ctx.t(t::BATCH), &[("offset", &batch.base_offset)]) }
                <span class="chip">{ &batch.compression }</span>{ crc }
                if batch.control { <span class="chip">{ "control" }</span> }
                if batch.transactional { <span class="chip">{ "transactional" }</span> }
            </h3>
            <div class="hex" role="table">{ for HEADER.iter().filter_map(|field| row(batch, field)) }{ payload(ctx, batch) }</div>
            <p class="fine">{ fill(ctx.t(t::SIZES), &[("packed", &packed), ("plain", &plain)]) }</p>
        </section>
    }
}

fn row(batch: &BatchView, field: &super::header_bytes::Field) -> Option<Html> {
    let raw = batch.head.get(field.at..field.at + field.len)?;
    let number = value(field, &batch.head)?;
    let meaning = match field.name {
        "attributes" => format!("attributes {}", batch.compression),
        "base timestamp" | "max timestamp" => format!("{} {}", field.name, date_time(number)),
        "crc32c" => format!("crc32c {number:08x}"),
        name => format!("{name} {number}"),
    };
    Some(html! {
        <div role="row"><span role="cell" class={field.tone}>{ hex(raw) }</span><span role="cell">{ meaning }</span></div>
    })
}

fn payload(ctx: &Ctx, batch: &BatchView) -> Html {
    const SHOWN: usize = 7;
    let rest = batch.head.get(HEADER_LEN..).unwrap_or_default();
    if rest.is_empty() {
        return html! {};
    }
    let first = &rest[..rest.len().min(SHOWN)];
    html! {
        <div role="row"><span role="cell">{ hex(first) }{ " …" }</span><span role="cell">{ "▸ " }{ ctx.t(t::PAYLOAD) }</span></div>
    }
}
