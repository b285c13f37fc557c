//! Where things are on the stage, and the curves between them. Measured when the layout changes,
//! never while drawing.

use std::collections::BTreeMap;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// A rectangle in CSS pixels, from the top left of the stage's content.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub w: f64,
    pub h: f64,
}

impl Rect {
    fn right(&self) -> f64 {
        self.x + self.w
    }

    fn middle(&self) -> f64 {
        self.y + self.h / 2.0
    }
}

/// A cubic Bézier curve: start, two control points, end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve(pub [(f64, f64); 4]);

impl Curve {
    /// The point at `t` (0 to 1).
    pub fn at(&self, t: f64) -> (f64, f64) {
        let [a, b, c, d] = self.0;
        let s = 1.0 - t;
        let weights = [s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t];
        let mix = |p: fn(&(f64, f64)) -> f64| {
            weights[0] * p(&a) + weights[1] * p(&b) + weights[2] * p(&c) + weights[3] * p(&d)
        };
        (mix(|p| p.0), mix(|p| p.1))
    }
}

/// The cells of one replica's shelf.
#[derive(Clone, Debug, PartialEq)]
pub struct Strip {
    pub broker: i32,
    pub topic: String,
    pub partition: i32,
    pub rect: Rect,
}

#[derive(Clone, Debug, Default)]
pub struct Geometry {
    /// Changes whenever anything was measured anew.
    pub version: u32,
    pub anchors: BTreeMap<String, Rect>,
    pub strips: Vec<Strip>,
    /// Narrow screens: the columns stand under each other and curves run in the gutters.
    pub stacked: bool,
}

/// How far a curve swings out into a gutter, in CSS pixels.
const GUTTER: f64 = 20.0;

impl Geometry {
    /// The way from one anchor to another.
    pub fn route(&self, from: &str, to: &str) -> Option<Curve> {
        let (a, b) = (self.anchors.get(from)?, self.anchors.get(to)?);
        if from.starts_with("shelf:") && to.starts_with("shelf:") {
            return Some(between(a, b));
        }
        Some(if self.stacked {
            gutter(a, b, to.starts_with("shelf:") || to.starts_with("broker:"))
        } else {
            across(a, b)
        })
    }

    /// Measures everything that carries `data-at` or `data-cells` inside `content`.
    pub fn measure(&mut self, content: &HtmlElement) {
        self.version = self.version.wrapping_add(1);
        self.anchors.clear();
        self.strips.clear();
        let origin = content.get_bounding_client_rect();
        let place = |element: &Element| {
            let rect = element.get_bounding_client_rect();
            Rect {
                x: rect.left() - origin.left(),
                y: rect.top() - origin.top(),
                w: rect.width(),
                h: rect.height(),
            }
        };
        self.stacked = content.client_width() < STACKED_BELOW;
        for element in elements(content, "[data-at]") {
            let Some(name) = element.get_attribute("data-at") else {
                continue;
            };
            let mut rect = place(&element);
            // Curves end at the store's wall, at the height of the shelf.
            if let (true, Ok(Some(store))) =
                (name.starts_with("shelf:"), element.closest(".broker"))
            {
                let wall = place(&store);
                rect = Rect {
                    x: wall.x,
                    w: wall.w,
                    ..rect
                };
            }
            self.anchors.insert(name, rect);
        }
        for element in elements(content, "[data-cells]") {
            let name = element.get_attribute("data-cells").unwrap_or_default();
            if let Some((broker, topic, partition)) = parse_cells(&name) {
                self.strips.push(Strip {
                    broker,
                    topic,
                    partition,
                    rect: place(&element),
                });
            }
        }
    }
}

/// Content narrower than this stacks its columns, in CSS pixels (see `stage.css`).
pub const STACKED_BELOW: i32 = 640;

/// What is inside and fits the selector.
pub fn elements(content: &HtmlElement, selector: &str) -> Vec<Element> {
    let Ok(found) = content.query_selector_all(selector) else {
        return Vec::new();
    };
    (0..found.length())
        .filter_map(|i| found.get(i)?.dyn_into().ok())
        .collect()
}

/// One replica's shelf by name, such as `1:topic-test/0`.
pub fn shelf_name(broker: i32, topic: &str, partition: i32) -> String {
    format!("{broker}:{topic}/{partition}")
}

/// What [`shelf_name`] was made from: broker, topic and partition.
fn parse_cells(name: &str) -> Option<(i32, String, i32)> {
    let (broker, rest) = name.split_once(':')?;
    let (topic, partition) = rest.rsplit_once('/')?;
    Some((
        broker.parse().ok()?,
        topic.to_owned(),
        partition.parse().ok()?,
    ))
}

/// From the right side of `a` to the left side of `b`.
fn across(a: &Rect, b: &Rect) -> Curve {
    let (x1, y1, x2, y2) = (a.right(), a.middle(), b.x, b.middle());
    let half = f64::midpoint(x1, x2);
    Curve([(x1, y1), (half, y1), (half, y2), (x2, y2)])
}

/// From one store to another, in front of their left walls; the farther apart, the farther out.
fn between(a: &Rect, b: &Rect) -> Curve {
    let (y1, y2) = (a.middle(), b.middle());
    let out = a.x.min(b.x) - ((y1 - y2).abs() * 0.05).clamp(GUTTER * 0.7, GUTTER * 1.8);
    Curve([(a.x, y1), (out, y1), (out, y2), (b.x, y2)])
}

/// Along the left gutter (towards the cluster) or the right one (away from it).
fn gutter(a: &Rect, b: &Rect, left: bool) -> Curve {
    let (x1, x2, out) = if left {
        (a.x, b.x, a.x.min(b.x) - GUTTER)
    } else {
        (a.right(), b.right(), a.right().max(b.right()) + GUTTER)
    };
    Curve([
        (x1, a.middle()),
        (out, a.middle()),
        (out, b.middle()),
        (x2, b.middle()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(x: f64, y: f64) -> Rect {
        Rect {
            x,
            y,
            w: 100.0,
            h: 40.0,
        }
    }

    #[test]
    fn curves_start_and_end_at_the_walls() {
        let curve = across(&rect(0.0, 0.0), &rect(300.0, 80.0));
        assert_eq!(curve.at(0.0), (100.0, 20.0));
        assert_eq!(curve.at(1.0), (300.0, 100.0));
        assert_eq!(curve.at(0.5), (200.0, 60.0));
    }

    #[test]
    fn stacked_curves_stay_in_their_gutter() {
        let to_store = gutter(&rect(30.0, 0.0), &rect(30.0, 300.0), true);
        assert!(to_store.at(0.5).0 < 30.0);
        let to_customer = gutter(&rect(30.0, 0.0), &rect(30.0, 300.0), false);
        assert!(to_customer.at(0.5).0 > 130.0);
    }

    #[test]
    fn copies_go_in_front_of_the_left_walls() {
        let curve = between(&rect(30.0, 0.0), &rect(30.0, 300.0));
        assert_eq!(curve.at(0.0), (30.0, 20.0));
        assert_eq!(curve.at(1.0), (30.0, 320.0));
        assert!(curve.at(0.5).0 < 30.0 && curve.at(0.5).0 > 0.0);
    }

    #[test]
    fn names_of_strips() {
        assert_eq!(
            parse_cells(&shelf_name(1, "t/u", 3)),
            Some((1, "t/u".to_owned(), 3))
        );
        let found = parse_cells("2:a/b-c/11");
        assert_eq!(found, Some((2, "a/b-c".to_owned(), 11)));
        assert_eq!(parse_cells("x:a/1"), None);
    }
}
