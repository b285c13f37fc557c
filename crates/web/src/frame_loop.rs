//! Between the worker's frames and the eye: the virtual clock drawn in between, the frames that
//! the picture still needs, and how often the views are told.
//!
//! A frame on a 2 ms network would be gone before it was seen. Parcels are therefore drawn for at
//! least [`VISIBLE_MS`] of real time, and the shelves are drawn that much later, so that a parcel
//! arrives where it is then put. Numbers in the views do not wait.

use crate::scenario::{Flight, TraceEvent};
use crate::stage::{Painter, Parcels};
use crate::state::Msg;
use konbini_bridge::{Command, Frame};
use std::collections::VecDeque;
use std::rc::Rc;

/// Real ms that a parcel is drawn for at the least.
pub const VISIBLE_MS: f64 = 450.0;
/// Real ms between two updates of the views.
const VIEWS_EVERY_MS: f64 = 100.0;
/// Real ms that the clock is drawn ahead of the last frame at the most.
const AHEAD_MS: f64 = 250.0;
/// Frames and events kept between two updates at the most.
const PENDING: usize = 5_000;

#[derive(Default)]
pub struct Live {
    frames: VecDeque<Rc<Frame>>,
    /// Real ms at which the newest frame came.
    came_at: f64,
    drawn_at: f64,
    /// Virtual ms that the picture shows.
    shown: f64,
    /// The reader steps: nothing is stretched, every position is exact.
    exact: bool,
    flights: Vec<Flight>,
    events: Vec<TraceEvent>,
    told_at: f64,
    untold: bool,
    pub parcels: Parcels,
    pub painter: Option<Painter>,
}

impl Live {
    /// A frame has come from the worker.
    pub fn take(&mut self, mut frame: Frame, real: f64) {
        let restarted =
            (self.frames.back()).is_some_and(|last| frame.snapshot.now < last.snapshot.now);
        if restarted {
            self.forget();
        }
        let flights = std::mem::take(&mut frame.flights);
        let stretch = self.stretch(&frame);
        self.parcels.take(&flights, stretch, self.delay_of(&frame));
        keep(&mut self.flights, flights);
        keep(&mut self.events, std::mem::take(&mut frame.events));
        if self.frames.is_empty() {
            self.shown = frame.snapshot.now as f64;
        }
        self.frames.push_back(Rc::new(frame));
        self.came_at = real;
        self.untold = true;
    }

    /// What the reader just asked for changes how the picture moves.
    pub fn expect(&mut self, command: &Command) {
        match command {
            Command::Step => self.exact = true,
            Command::Resume | Command::Speed(_) => self.exact = false,
            _ => {}
        }
    }

    /// Another run begins: nothing of the old one is drawn.
    pub fn forget(&mut self) {
        self.frames.clear();
        self.flights.clear();
        self.events.clear();
        self.parcels = Parcels::default();
        if let Some(painter) = &mut self.painter {
            painter.forget();
        }
    }

    /// What the views must be told now, if it is time.
    pub fn tell(&mut self, real: f64) -> Option<Msg> {
        let frame = self.frames.back()?;
        if !self.untold || real - self.told_at < VIEWS_EVERY_MS {
            return None;
        }
        self.told_at = real;
        self.untold = false;
        Some(Msg::Frame {
            frame: frame.clone(),
            flights: std::mem::take(&mut self.flights),
            events: std::mem::take(&mut self.events),
        })
    }

    /// Draws the picture of this moment.
    pub fn draw(&mut self, real: f64) {
        let Some(newest) = self.frames.back().cloned() else {
            return;
        };
        self.run_clock(&newest, real);
        let delay = self.delay_of(&newest);
        let due = self.shown - delay;
        while self.frames.len() > 1 && (self.frames[1].snapshot.now as f64) <= due {
            self.frames.pop_front();
        }
        let parcels_now = self.shown;
        self.parcels.drop_arrived(parcels_now);
        if let Some(painter) = &mut self.painter {
            let shelves = self.frames.front().cloned().unwrap_or(newest);
            painter.paint(&shelves, &mut self.parcels, parcels_now);
        }
    }

    /// Virtual ms for each real ms.
    fn rate(frame: &Frame) -> f64 {
        f64::from(frame.speed.max(1)) / 1000.0
    }

    /// Virtual ms that a parcel is drawn for at the least.
    fn stretch(&self, frame: &Frame) -> f64 {
        if self.exact {
            0.0
        } else {
            VISIBLE_MS * Self::rate(frame)
        }
    }

    /// Virtual ms that the shelves are drawn later than they are.
    fn delay_of(&self, frame: &Frame) -> f64 {
        self.stretch(frame)
    }

    fn run_clock(&mut self, newest: &Frame, real: f64) {
        let now = newest.snapshot.now as f64;
        let passed = (real - self.drawn_at).clamp(0.0, AHEAD_MS);
        self.drawn_at = real;
        if self.exact {
            self.shown = now;
            return;
        }
        if newest.paused {
            // The picture stops with the clock; it never runs past it.
            self.shown = self
                .shown
                .max(now - VISIBLE_MS * Self::rate(newest))
                .min(now);
            return;
        }
        let rate = Self::rate(newest);
        let ahead = (real - self.came_at).clamp(0.0, AHEAD_MS);
        let wanted = if newest.behind {
            now
        } else {
            now + ahead * rate
        };
        self.shown += passed * rate;
        let error = wanted - self.shown;
        if error.abs() > 1_000.0 * rate {
            self.shown = wanted;
        } else {
            self.shown += error * 0.1;
        }
    }
}

fn keep<T>(pending: &mut Vec<T>, more: Vec<T>) {
    pending.extend(more);
    if pending.len() > PENDING {
        pending.drain(..pending.len() - PENDING);
    }
}
