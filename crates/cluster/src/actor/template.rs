//! What a producer actor writes into its records.

use crate::chance::Chance;
use bytes::Bytes;
use konbini_scenario::spec::{Keys, Value};
use std::io::Write as _;

/// Makes keys and values, one record after the other.
#[derive(Debug)]
pub(crate) struct Template {
    keys: Keys,
    pieces: Vec<Piece>,
    /// Bytes that a value has at least.
    size: usize,
    chance: Chance,
    number: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Number,
    Key,
    Time,
}

impl Template {
    pub(crate) fn new(keys: &Keys, value: &Value, chance: Chance) -> Template {
        Template {
            keys: keys.clone(),
            pieces: parse(&value.template),
            size: value.size.map_or(0, |size| size as usize),
            chance,
            number: 0,
        }
    }

    /// Records made so far: the number of the next one.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The next record's key and value; `now` in Unix ms.
    pub(crate) fn next(&mut self, now: i64) -> (Option<Bytes>, Bytes) {
        let key = self.key();
        let value = self.value(key.as_deref().unwrap_or(b""), now);
        self.number += 1;
        (key, value)
    }

    fn key(&mut self) -> Option<Bytes> {
        match &self.keys {
            Keys::None => None,
            Keys::Fixed(key) => Some(Bytes::copy_from_slice(key.as_bytes())),
            Keys::RandomOf(of) => Some(numbered_key(self.chance.below(u64::from(*of)))),
            Keys::Hot { of, percent } => {
                let hot = self.chance.below(100) < u64::from(*percent);
                let others = u64::from(of.saturating_sub(1));
                Some(numbered_key(match hot || others == 0 {
                    true => 0,
                    false => 1 + self.chance.below(others),
                }))
            }
        }
    }

    fn value(&self, key: &[u8], now: i64) -> Bytes {
        let mut out = Vec::with_capacity(self.size.max(48));
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Key => out.extend_from_slice(key),
                // Writing into a vector cannot fail.
                Piece::Number => drop(write!(out, "{}", self.number)),
                Piece::Time => write_iso(&mut out, now),
            }
        }
        if out.len() < self.size {
            out.resize(self.size, b'.');
        }
        Bytes::from(out)
    }
}

fn numbered_key(n: u64) -> Bytes {
    Bytes::from(format!("key-{n}"))
}

/// Cuts a template at `{n}`, `{key}` and `{time}`; any other brace is text.
fn parse(template: &str) -> Vec<Piece> {
    const NAMES: [(&str, Piece); 3] = [
        ("{n}", Piece::Number),
        ("{key}", Piece::Key),
        ("{time}", Piece::Time),
    ];
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = template;
    while let Some(next) = rest.chars().next() {
        match NAMES.iter().find(|(name, _)| rest.starts_with(name)) {
            Some((name, piece)) => {
                if !text.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                }
                pieces.push(piece.clone());
                rest = &rest[name.len()..];
            }
            None => {
                text.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    pieces
}

const MS_PER_DAY: i64 = 86_400_000;

/// Unix ms as `2026-01-31T23:59:59.999Z`.
fn write_iso(out: &mut Vec<u8>, unix_ms: i64) {
    let (year, month, day) = civil(unix_ms.div_euclid(MS_PER_DAY));
    let ms = unix_ms.rem_euclid(MS_PER_DAY);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    let fraction = ms % 1_000;
    drop(write!(
        out,
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:03}Z"
    ));
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
///
/// Years begin in March here, so that the leap day is the last of its year; an era is 400 years.
fn civil(days: i64) -> (i64, i64, i64) {
    const DAYS_PER_ERA: i64 = 146_097;
    const MARCH_OF_YEAR_0: i64 = 719_468;
    let days = days + MARCH_OF_YEAR_0;
    let era = days.div_euclid(DAYS_PER_ERA);
    let day_of_era = days.rem_euclid(DAYS_PER_ERA);
    let leaps = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leaps) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn check(template: &str, size: Option<u32>, expect: &str) {
        let value = Value {
            template: template.to_owned(),
            size,
        };
        let keys = Keys::Fixed("k".to_owned());
        let mut template = Template::new(&keys, &value, Chance::new(1, &[]));
        template.next(0);
        let (_, value) = template.next(1_767_225_600_000);
        assert_eq!(std::str::from_utf8(&value).unwrap(), expect);
    }

    #[test]
    fn values() {
        check("value-{n}-{time}", None, "value-1-2026-01-01T00:00:00.000Z");
        check("{key}{key}{n}", None, "kk1");
        check("", None, "");
        check("{x} {{n}} 包裹", None, "{x} {1} 包裹");
        check("{n}", Some(4), "1...");
        check("longer than that", Some(4), "longer than that");
    }

    #[test]
    fn dates() {
        let check = |ms, expect: &str| {
            let mut out = Vec::new();
            write_iso(&mut out, ms);
            assert_eq!(std::str::from_utf8(&out).unwrap(), expect);
        };
        check(0, "1970-01-01T00:00:00.000Z");
        check(951_782_399_999, "2000-02-28T23:59:59.999Z");
        check(951_782_400_000, "2000-02-29T00:00:00.000Z");
        check(1_709_251_200_000, "2024-03-01T00:00:00.000Z");
        check(4_102_444_799_999, "2099-12-31T23:59:59.999Z");
        check(1_234_567_890_123, "2009-02-13T23:31:30.123Z");
    }

    #[test]
    fn hot_keys_get_their_share() {
        let keys = Keys::Hot { of: 5, percent: 60 };
        let mut template = Template::new(&keys, &Value::default(), Chance::new(3, &[]));
        let mut counts = BTreeMap::new();
        for _ in 0..10_000 {
            *counts.entry(template.next(0).0.unwrap()).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 5);
        assert!(
            (5_800..6_200).contains(&counts[&b"key-0"[..]]),
            "{counts:?}"
        );
        assert!(counts.values().all(|n| *n > 800), "{counts:?}");
    }
}
