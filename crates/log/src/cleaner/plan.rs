//! Whether a log is to be cleaned, and up to where.

use std::collections::BTreeMap;

use super::copy::Copied;
use super::{CleanReport, Cleaner};
use crate::log::Log;
use crate::segment::Segment;

/// Of `log.cleaner.dedupe.buffer.size`, how much is filled (`log.cleaner.io.buffer.load.factor`),
/// in tenths.
const LOAD_FACTOR_TENTHS: u64 = 9;

/// How dirty a log is that is dirty enough to be cleaned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dirtiness {
    /// Of what could be cleaned, how much was not yet, in thousandths of the bytes.
    pub permille: u64,
    /// The setting that says it is enough.
    pub because: &'static str,
}

/// What could be cleaned.
struct Cleanable<'a> {
    clean_bytes: u64,
    dirty_bytes: u64,
    dirty: Vec<&'a Segment>,
    end: i64,
}

impl Log {
    /// Compaction has been through everything below it.
    pub fn cleaned_to(&self) -> i64 {
        self.cleaned_to
    }

    /// What was known before a restart. One that does not lie in the log is forgotten, as in Kafka.
    pub fn set_cleaned_to(&mut self, offset: i64) {
        let known = (self.log_start..=self.active().base_offset).contains(&offset);
        self.cleaned_to = if known { offset } else { 0 };
    }

    /// How dirty the log is, if that is enough to clean it. `now` in ms.
    pub fn dirtiness(&self, now: i64) -> Option<Dirtiness> {
        if !self.is_online() || !self.config.cleanup_policy.compact || self.uncleanable {
            return None;
        }
        let found = self.cleanable(now);
        if found.dirty_bytes == 0 {
            return None;
        }
        let permille = 1_000 * found.dirty_bytes / (found.clean_bytes + found.dirty_bytes);
        let enough = permille > u64::from(self.config.min_cleanable_dirty_permille);
        let oldest = found.dirty.iter().filter_map(|s| s.rolling_timestamp);
        let oldest = oldest.filter(|timestamp| *timestamp > 0).min();
        let overdue = oldest.is_some_and(|first| now - first > self.config.max_compaction_lag_ms);
        let because = match (enough, overdue) {
            (true, _) => "min.cleanable.dirty.ratio",
            (false, true) => "max.compaction.lag.ms",
            (false, false) => return None,
        };
        Some(Dirtiness { permille, because })
    }

    /// Begins a cleaning. `now` in ms; `buffer_bytes` is `log.cleaner.dedupe.buffer.size`.
    pub fn clean(&self, now: i64, buffer_bytes: u64) -> Cleaner {
        let found = self.cleanable(now);
        let from = self.cleaned_to.max(self.log_start);
        let producers = self.producers.entries();
        let last = producers.filter_map(|p| Some((p.producer_id, p.batches.back()?.last_offset)));
        Cleaner {
            now,
            delete_retention_ms: self.config.delete_retention_ms,
            from,
            end: found.end,
            map: BTreeMap::new(),
            map_bytes: 0,
            map_limit: buffer_bytes / 10 * LOAD_FACTOR_TENTHS,
            segment: found.dirty.first().map_or(found.end, |s| s.base_offset),
            position: 0,
            mapped: false,
            epoch: None,
            copied: Copied::default(),
            aborted: self.aborted_transactions(self.log_start, found.end),
            last_of_producers: last.collect(),
            truncations: self.truncations,
            report: CleanReport {
                from,
                ..CleanReport::default()
            },
        }
    }

    /// Closed segments below the last stable offset and older than `min.compaction.lag.ms`.
    fn cleanable(&self, now: i64) -> Cleanable<'_> {
        let mut found = Cleanable {
            clean_bytes: 0,
            dirty_bytes: 0,
            dirty: Vec::new(),
            end: self.segments.keys().next().copied().unwrap_or_default(),
        };
        let lag = self.config.min_compaction_lag_ms;
        let ends = self.segments.keys().skip(1);
        for (segment, &end) in self.segments.values().zip(ends) {
            let young = lag > 0 && segment.largest_timestamp() > now - lag;
            if end > self.last_stable_offset() || end > self.cleaned_to && young {
                break;
            }
            found.end = end;
            if end <= self.cleaned_to {
                found.clean_bytes += u64::from(segment.size());
            } else {
                found.dirty_bytes += u64::from(segment.size());
                found.dirty.push(segment);
            }
        }
        found
    }
}
