//! Differences that are known, with their reasons: lines `CASE, STEP = REASON` in `known.txt`. A
//! step may end in `*`.

use anyhow::{Context, Result};

const LIST: &str = include_str!("../known.txt");

pub struct Known(Vec<Entry>);

struct Entry {
    step: String,
    reason: String,
    met: bool,
}

impl Known {
    pub fn read() -> Result<Known> {
        let lines = LIST
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let entries = lines.map(|line| {
            let (step, reason) = line.split_once(" = ").context(line)?;
            Ok(Entry {
                step: step.to_owned(),
                reason: reason.to_owned(),
                met: false,
            })
        });
        Ok(Known(entries.collect::<Result<_>>()?))
    }

    /// Whether a step is known to differ.
    pub fn meets(&mut self, step: &str) -> bool {
        let entry = self
            .0
            .iter_mut()
            .find(|entry| match entry.step.strip_suffix('*') {
                Some(start) => step.starts_with(start),
                None => step == entry.step,
            });
        entry.is_some_and(|entry| {
            entry.met = true;
            true
        })
    }

    /// Entries that no step has met.
    pub fn unmet(&self) -> impl Iterator<Item = (&str, &str)> {
        let unmet = self.0.iter().filter(|entry| !entry.met);
        unmet.map(|entry| (entry.step.as_str(), entry.reason.as_str()))
    }
}
