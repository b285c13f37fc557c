//! Draws shelf cells, curves and parcels on the stage's canvas.

use super::geometry::{Curve, Geometry, Strip, shelf_name};
use super::palette::{GROUP_COLOURS, Palette};
use super::parcels::{Drawn, Parcels};
use super::wires::{Curves, WireColour};
use crate::scenario::Snapshot;
use crate::scenario::snapshot::ReplicaView;
use crate::state::{committed_by_group, leader_of, replica_of};
use konbini_bridge::Frame;
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement};

/// Side of a shelf cell and the distance from one to the next, in CSS pixels.
const CELL: f64 = 13.4;
const STEP: f64 = 16.6;
/// How strong cells are drawn: on the leader's shelf and on a follower's, up to the high watermark
/// and above it.
const LEADER_STRENGTH: (f64, f64) = (1.0, 0.32);
const FOLLOWER_STRENGTH: (f64, f64) = (0.5, 0.2);
/// Room under the cells for the committed markers.
const MARKER: f64 = 8.0;
/// From so many parcels on they are drawn small and plain.
const MANY: usize = 300;
/// Parcel counts written beside flights at the most.
const COUNTS: usize = 40;

pub struct Painter {
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    pub geometry: Geometry,
    palette: Palette,
    /// Size of the visible stage in CSS pixels, and how far its content is scrolled.
    size: (f64, f64),
    scroll: (f64, f64),
    /// First offset shown by each shelf; it glides.
    starts: BTreeMap<String, f64>,
    drawn: Drawn,
    curves: Curves,
    /// The reader asked for less motion.
    still: bool,
}

impl Painter {
    pub fn new(canvas: HtmlCanvasElement) -> Option<Painter> {
        let context = canvas.get_context("2d").ok()??;
        Some(Painter {
            context: context.dyn_into().ok()?,
            canvas,
            geometry: Geometry::default(),
            palette: Palette::read(),
            size: (0.0, 0.0),
            scroll: (0.0, 0.0),
            starts: BTreeMap::new(),
            drawn: Drawn::default(),
            curves: Curves::default(),
            still: prefers_less_motion(),
        })
    }

    /// Reads colours, measures the layout and fits the canvas to the visible part of it.
    pub fn measure(&mut self, content: &HtmlElement, scroller: &HtmlElement) {
        self.geometry.measure(content);
        self.palette = Palette::read();
        self.still = prefers_less_motion();
        let (w, h) = (scroller.client_width(), scroller.client_height());
        self.size = (f64::from(w), f64::from(h));
        let ratio = web_sys::window().map_or(1.0, |window| window.device_pixel_ratio());
        let pixels = |length: i32| (f64::from(length) * ratio).round() as u32;
        if self.canvas.width() != pixels(w) || self.canvas.height() != pixels(h) {
            self.canvas.set_width(pixels(w));
            self.canvas.set_height(pixels(h));
        }
        let _ = self.context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
        self.scrolled(scroller);
    }

    pub fn scrolled(&mut self, scroller: &HtmlElement) {
        self.scroll = (
            f64::from(scroller.scroll_left()),
            f64::from(scroller.scroll_top()),
        );
    }

    pub fn forget(&mut self) {
        self.starts.clear();
        self.curves = Curves::default();
        self.context.clear_rect(0.0, 0.0, self.size.0, self.size.1);
    }

    /// Draws everything as of virtual time `now`.
    pub fn paint(&mut self, frame: &Rc<Frame>, parcels: &mut Parcels, now: f64) {
        let context = self.context.clone();
        context.clear_rect(0.0, 0.0, self.size.0, self.size.1);
        context.save();
        let _ = context.translate(-self.scroll.0, -self.scroll.1);
        self.paint_wires(frame, parcels, now);
        self.paint_shelves(&frame.snapshot);
        if !self.still {
            let mut drawn = std::mem::take(&mut self.drawn);
            parcels.place(&self.geometry, now, &mut drawn);
            self.paint_parcels(&drawn);
            self.drawn = drawn;
        }
        context.restore();
    }

    fn paint_wires(&mut self, frame: &Rc<Frame>, parcels: &Parcels, now: f64) {
        let mut curves = std::mem::take(&mut self.curves);
        // One path a colour.
        let same = |a: &(WireColour, Curve), b: &(WireColour, Curve)| a.0 == b.0;
        for same in curves.of(frame, &self.geometry).chunk_by(same) {
            self.stroke_wires(same);
        }
        self.curves = curves;
        if self.still {
            self.highlight(parcels, now);
        }
        self.context.set_global_alpha(1.0);
    }

    /// Curves of one colour.
    fn stroke_wires(&self, wires: &[(WireColour, Curve)]) {
        let Some((colour, _)) = wires.first() else {
            return;
        };
        let copies = matches!(colour, WireColour::Copy | WireColour::Severed);
        let (width, alpha) = if copies { (1.2, 0.6) } else { (2.0, 0.36) };
        self.context.set_line_width(width);
        self.context.set_global_alpha(alpha);
        let mut dashes = js_sys::Array::new();
        if copies {
            dashes.extend([2.5, 3.5].map(JsValue::from_f64));
        }
        let _ = self.context.set_line_dash(&dashes);
        self.context.begin_path();
        for (_, curve) in wires {
            self.trace(curve);
        }
        self.context.set_stroke_style_str(self.wire_colour(*colour));
        self.context.stroke();
        let _ = self.context.set_line_dash(&js_sys::Array::new());
    }

    fn wire_colour(&self, colour: WireColour) -> &str {
        match colour {
            WireColour::Key(i) => &self.palette.keys[i % self.palette.keys.len()],
            WireColour::Group(i) => &self.palette.groups[i % GROUP_COLOURS],
            WireColour::Plain | WireColour::Copy => &self.palette.soft,
            WireColour::Severed => &self.palette.bad,
        }
    }

    fn trace(&self, curve: &Curve) {
        let [a, b, c, d] = curve.0;
        self.context.move_to(a.0, a.1);
        self.context.bezier_curve_to(b.0, b.1, c.0, c.1, d.0, d.1);
    }

    /// With less motion a line on which records travel is drawn stronger instead.
    fn highlight(&self, parcels: &Parcels, now: f64) {
        self.context.set_global_alpha(0.9);
        self.context.set_line_width(3.0);
        self.context.set_stroke_style_str(&self.palette.groups[0]);
        self.context.begin_path();
        for (from, to) in parcels.on_the_way(now) {
            if let Some(curve) = self.geometry.route(from, to) {
                self.trace(&curve);
            }
        }
        self.context.stroke();
    }

    fn paint_shelves(&mut self, snapshot: &Snapshot) {
        let strips = std::mem::take(&mut self.geometry.strips);
        let (top, bottom) = (self.scroll.1, self.scroll.1 + self.size.1);
        for strip in &strips {
            let visible = strip.rect.y < bottom && strip.rect.y + strip.rect.h > top;
            if !visible {
                continue;
            }
            let partition = leader_of(snapshot, &strip.topic, strip.partition);
            let log = partition.and_then(|partition| replica_of(partition, strip.broker));
            let (Some(partition), Some(log)) = (partition, log) else {
                continue;
            };
            let (committed, strength) = if strip.broker == partition.leader {
                let committed = committed_by_group(snapshot, &strip.topic, strip.partition);
                (committed, LEADER_STRENGTH)
            } else {
                (Vec::new(), FOLLOWER_STRENGTH)
            };
            self.paint_shelf(strip, log, strength, &committed);
        }
        self.geometry.strips = strips;
    }

    fn paint_shelf(
        &mut self,
        strip: &Strip,
        log: &ReplicaView,
        strength: (f64, f64),
        committed: &[(usize, i64)],
    ) {
        let start = self.glide(strip, log);
        let context = self.context.clone();
        context.save();
        context.begin_path();
        let room = &strip.rect;
        context.rect(room.x - 3.0, room.y - 4.0, room.w + 6.0, room.h + 6.0);
        context.clip();
        let x_of = |offset: i64| room.x + (offset as f64 - start) * STEP;
        self.paint_cells(log, strength, room.y, &x_of);
        if log.log_end > log.log_start {
            let x = x_of(log.high_watermark) - (STEP - CELL) / 2.0;
            context.set_fill_style_str(&self.palette.ink);
            context.fill_rect(x - 0.7, room.y - 3.0, 1.4, CELL + 6.0);
        }
        for (group, offset) in committed {
            let x = (x_of(*offset) - (STEP - CELL) / 2.0).max(room.x - 1.0);
            self.paint_marker(x, room.y + CELL + 2.5, *group);
        }
        context.restore();
    }

    /// The first offset to show, moved a little towards where it should be.
    fn glide(&mut self, strip: &Strip, log: &ReplicaView) -> f64 {
        let cells = (strip.rect.w / STEP).floor().max(1.0);
        let oldest = log.tail.first().map_or(log.log_end, |record| record.offset);
        let wanted = (log.log_end as f64 - cells + 1.0)
            .max(oldest.min(log.log_end) as f64)
            .max(0.0);
        let key = shelf_name(strip.broker, &strip.topic, strip.partition);
        let start = self.starts.entry(key).or_insert(wanted);
        let distance = wanted - *start;
        if self.still || distance.abs() > cells || distance.abs() < 0.01 {
            *start = wanted;
        } else {
            *start += distance * 0.22;
        }
        *start
    }

    fn paint_cells(
        &self,
        log: &ReplicaView,
        strength: (f64, f64),
        y: f64,
        x_of: &dyn Fn(i64) -> f64,
    ) {
        for (faded, alpha) in [(false, strength.0), (true, strength.1)] {
            self.context.set_global_alpha(alpha);
            for (colour, style) in self.palette.keys.iter().enumerate() {
                let mut any = false;
                for record in &log.tail {
                    let uncommitted = record.offset >= log.high_watermark;
                    if uncommitted == faded
                        && usize::from(record.colour) % self.palette.keys.len() == colour
                    {
                        if !any {
                            self.context.begin_path();
                            any = true;
                        }
                        let x = x_of(record.offset);
                        let _ = self.context.round_rect_with_f64(x, y, CELL, CELL, 2.6);
                    }
                }
                if any {
                    self.context.set_fill_style_str(style);
                    self.context.fill();
                }
            }
        }
        self.context.set_global_alpha(1.0);
    }

    /// A small triangle that points at where a group goes on.
    fn paint_marker(&self, x: f64, y: f64, group: usize) {
        let context = &self.context;
        context.begin_path();
        context.move_to(x, y);
        context.line_to(x + 4.5, y + MARKER - 1.0);
        context.line_to(x - 4.5, y + MARKER - 1.0);
        context.set_fill_style_str(&self.palette.groups[group % GROUP_COLOURS]);
        context.fill();
    }

    fn paint_parcels(&self, drawn: &Drawn) {
        self.context.set_global_alpha(0.7);
        paint_squares(&self.context, &drawn.copies, &self.palette.keys, 3.2);
        self.context.set_global_alpha(1.0);
        let total: usize = drawn.parcels.iter().map(Vec::len).sum();
        if total >= MANY {
            paint_squares(&self.context, &drawn.parcels, &self.palette.keys, 4.0);
        } else if total > 0 {
            self.paint_round(drawn);
        }
        self.paint_counts(drawn);
    }

    fn paint_round(&self, drawn: &Drawn) {
        let context = &self.context;
        context.set_stroke_style_str(&self.palette.panel);
        context.set_line_width(2.4);
        for (points, style) in drawn.parcels.iter().zip(&self.palette.keys) {
            if points.is_empty() {
                continue;
            }
            context.begin_path();
            for (x, y) in points {
                let _ = context.round_rect_with_f64(x - 6.0, y - 6.0, 12.0, 12.0, 2.6);
            }
            context.stroke();
            context.set_fill_style_str(style);
            context.fill();
        }
    }

    fn paint_counts(&self, drawn: &Drawn) {
        if drawn.counts.is_empty() {
            return;
        }
        let context = &self.context;
        context.set_font("600 10px Inter, system-ui, sans-serif");
        context.set_stroke_style_str(&self.palette.panel);
        context.set_line_width(3.0);
        context.set_fill_style_str(&self.palette.ink);
        for (x, y, records) in drawn.counts.iter().take(COUNTS) {
            let text = format!("×{records}");
            let _ = context.stroke_text(&text, x - 6.0, y - 10.0);
            let _ = context.fill_text(&text, x - 6.0, y - 10.0);
        }
    }
}

/// Plain squares around their centres, one list a colour; `half` a side in CSS pixels.
fn paint_squares(
    context: &CanvasRenderingContext2d,
    points: &[Vec<(f64, f64)>],
    colours: &[String],
    half: f64,
) {
    for (points, style) in points.iter().zip(colours) {
        if points.is_empty() {
            continue;
        }
        context.set_fill_style_str(style);
        for (x, y) in points {
            context.fill_rect(x - half, y - half, half * 2.0, half * 2.0);
        }
    }
}

fn prefers_less_motion() -> bool {
    let query = web_sys::window()
        .and_then(|window| window.match_media("(prefers-reduced-motion: reduce)").ok());
    query.flatten().is_some_and(|list| list.matches())
}
