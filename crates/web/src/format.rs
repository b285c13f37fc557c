//! Numbers, sizes and times as text.

/// `12,345,678`
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Like [`count`], for offsets and lags, which may be unknown (negative).
pub fn offset(value: i64) -> String {
    if value < 0 {
        "–".to_owned()
    } else {
        count(value.unsigned_abs())
    }
}

/// `18.2 KiB`; one digit after the point from a KiB on.
pub fn bytes(value: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if value < 1024 {
        return format!("{value} B");
    }
    let mut tenths = u128::from(value) * 10 / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// Virtual time as `00:01:27` and `.420`.
pub fn clock(ms: i64) -> (String, String) {
    let ms = ms.max(0);
    let seconds = ms / 1000;
    let text = format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    );
    (text, format!(".{:03}", ms % 1000))
}

/// A span such as `38 ms`, `4.5 s` or `3 min`.
pub fn span(ms: i64) -> String {
    match ms {
        i64::MIN..1_000 => format!("{ms} ms"),
        1_000..60_000 if ms % 1000 == 0 => format!("{} s", ms / 1000),
        1_000..60_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        _ if ms % 60_000 == 0 => format!("{} min", ms / 60_000),
        _ => format!("{} min {} s", ms / 60_000, ms / 1000 % 60),
    }
}

/// Unix ms as `2026-11-22 01:18:03.420` UTC; a dash when unknown.
pub fn date_time(unix_ms: i64) -> String {
    if unix_ms < 0 {
        return "–".to_owned();
    }
    let days = unix_ms.div_euclid(86_400_000);
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02} {}",
        time_of_day(unix_ms.rem_euclid(86_400_000))
    )
}

/// The time of day of a Unix time, `01:18:03.420`.
pub fn time_of_day(unix_ms: i64) -> String {
    let (seconds, thousandths) = clock(unix_ms.rem_euclid(86_400_000));
    seconds + &thousandths
}

/// Days since 1970-01-01 as a date (Howard Hinnant's `civil_from_days`).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Bytes as `00 1f 8b`.
pub fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(" ")
}

/// At most `most` characters, with an ellipsis where something was cut.
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_sizes() {
        let counts = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ];
        for (value, text) in counts {
            assert_eq!(count(value), text);
        }
        let sizes = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (18_637, "18.2 KiB"),
            (1024 * 1024, "1.0 MiB"),
        ];
        for (value, text) in sizes {
            assert_eq!(bytes(value), text);
        }
        assert_eq!(offset(-1), "–");
    }

    #[test]
    fn times() {
        assert_eq!(clock(87_420), ("00:01:27".to_owned(), ".420".to_owned()));
        assert_eq!(date_time(0), "1970-01-01 00:00:00.000");
        assert_eq!(date_time(951_827_696_789), "2000-02-29 12:34:56.789");
        assert_eq!(date_time(-1), "–");
        let spans = [
            (38, "38 ms"),
            (4_500, "4.5 s"),
            (45_000, "45 s"),
            (300_000, "5 min"),
            (61_000, "1 min 1 s"),
        ];
        for (ms, text) in spans {
            assert_eq!(span(ms), text);
        }
    }

    #[test]
    fn cutting_keeps_whole_characters() {
        assert_eq!(cut("便利商店", 3), "便利…");
        assert_eq!(cut("abc", 3), "abc");
    }
}
