//! Values that are written as text: durations, sizes, statuses, names.

use std::time::Duration;

use unicode_ident::{is_xid_continue, is_xid_start};

/// `500ms`, `10s`, `1m30s`, `7d`: numbers with units, the larger unit first.
pub(crate) fn duration(text: &str) -> Result<Duration, &'static str> {
    const UNITS: [(&str, u64); 5] = [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1000),
        ("ms", 1),
    ];
    let mut rest = text;
    let mut total: u64 = 0;
    let mut next = 0;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let letters = after.len()
            - after
                .trim_start_matches(|c: char| c.is_ascii_alphabetic())
                .len();
        let (unit, after) = after.split_at(letters);
        let number: u64 = number
            .parse()
            .map_err(|_| "a duration is a number with a unit")?;
        let at = UNITS
            .iter()
            .position(|(name, _)| *name == unit)
            .ok_or(match unit {
                "" => "a duration needs a unit: `ms`, `s`, `m`, `h` or `d`",
                _ => "its units are `ms`, `s`, `m`, `h` and `d`, after whole numbers",
            })?;
        if at < next {
            return Err("the larger unit of a duration comes first, and none comes twice");
        }
        next = at + 1;
        total = number
            .checked_mul(UNITS[at].1)
            .and_then(|millis| total.checked_add(millis))
            .ok_or("the duration is too long")?;
        rest = after;
    }
    if text.is_empty() {
        return Err("a duration is a number with a unit");
    }
    Ok(Duration::from_millis(total))
}

/// The duration that `1.5s`, `1min`, `2 hours` or `1 week` is in our words.
pub(crate) fn other_duration(text: &str) -> Option<String> {
    const UNITS: [(&str, f64); 4] = [("d", 8.64e7), ("h", 3.6e6), ("m", 6e4), ("s", 1e3)];
    let text = text.trim().to_ascii_lowercase();
    let digits = text.len()
        - text
            .trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')
            .len();
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().ok()?;
    let millis = match unit.trim() {
        "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => 1.0,
        "s" | "sec" | "secs" | "second" | "seconds" => 1e3,
        "m" | "min" | "mins" | "minute" | "minutes" => 6e4,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3.6e6,
        "d" | "day" | "days" => 8.64e7,
        "w" | "week" | "weeks" => 6.048e8,
        _ => return None,
    };
    let millis = number * millis;
    if millis.fract() != 0.0 || !(0.0..1e15).contains(&millis) {
        return None;
    }
    let unit = UNITS
        .iter()
        .find(|(_, unit)| millis > 0.0 && millis % unit == 0.0);
    Some(unit.map_or(format!("{millis}ms"), |(name, unit)| {
        format!("{}{name}", millis / unit)
    }))
}

/// `1000`, `64 MiB`, `10MB`: bytes.
pub(crate) fn size(text: &str) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let factor: u64 = match unit.trim_start() {
        "" | "B" => 1,
        "kB" | "KB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(factor).filter(|bytes| *bytes > 0)
}

/// `429`, `5xx`: the first and the last status.
pub(crate) fn status(text: &str) -> Option<(u16, u16)> {
    let in_range = |status: &u16| (100..=599).contains(status);
    if let Some(class) = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX")) {
        let digit = class.parse::<u16>().ok().filter(|_| class.len() == 1)?;
        let first = digit.checked_mul(100).filter(in_range)?;
        return Some((first, first + 99));
    }
    if text.len() != 3 {
        return None;
    }
    let status = text.parse().ok().filter(in_range)?;
    Some((status, status))
}

/// Adds a range to those that are there: they stay in order, with neighbours joined.
pub(crate) fn join(ranges: &mut Vec<(u16, u16)>, (mut first, mut last): (u16, u16)) {
    let at = ranges.partition_point(|one| one.1.saturating_add(1) < first);
    while let Some(&(from, to)) = ranges.get(at)
        && from <= last.saturating_add(1)
    {
        (first, last) = (first.min(from), last.max(to));
        ranges.remove(at);
    }
    ranges.insert(at, (first, last));
}

/// Letters of any script, digits and `_`, not only `_` and no digit first: what Rust and SQL take.
pub(crate) fn is_identifier(text: &str) -> bool {
    text.chars().all(is_xid_continue)
        && text.chars().any(|c| c != '_')
        && text.starts_with(|c: char| is_xid_start(c) || c == '_')
}

/// A whole number of the core schema: decimal, `0x` or `0o`.
pub(crate) fn integer(text: &str) -> Option<i128> {
    if let Some(digits) = text.strip_prefix("0x") {
        return i128::from_str_radix(digits, 16).ok();
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return i128::from_str_radix(digits, 8).ok();
    }
    text.parse().ok()
}

/// The name of a header (RFC 9110, `token`).
pub(crate) fn is_header_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

/// A path of Rust: identifiers with `::` between them.
pub(crate) fn is_rust_path(text: &str) -> bool {
    let path = text.strip_prefix("::").unwrap_or(text);
    !path.is_empty() && path.split("::").all(is_identifier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_carry_their_units() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("7d"), Ok(Duration::from_secs(7 * 86_400)));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        for wrong in [
            "",
            "10",
            "s",
            "10 s",
            "30s1m",
            "1m1m",
            "1.5s",
            "-1s",
            "1w",
            "99999999999999999999s",
        ] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_duration_in_other_words_is_one_of_ours() {
        for (other, ours) in [
            ("1.5s", "1500ms"),
            ("1min", "1m"),
            ("2 hours", "2h"),
            ("90 minutes", "90m"),
            ("1w", "7d"),
            ("0.5 h", "30m"),
        ] {
            assert_eq!(other_duration(other).as_deref(), Some(ours), "{other}");
            assert!(duration(ours).is_ok(), "{ours}");
        }
        assert_eq!(other_duration("soon"), None);
    }

    #[test]
    fn sizes_know_both_kinds_of_units() {
        assert_eq!(size("64 MiB"), Some(64 << 20));
        assert_eq!(size("1000"), Some(1000));
        assert_eq!(size("10MB"), Some(10_000_000));
        assert_eq!(size("0"), None);
        assert_eq!(size("64 mib"), None);
    }

    #[test]
    fn neighbouring_statuses_are_joined() {
        let ranges = ["504", "429", "5xx", "430"].map(|text| status(text).unwrap());
        let mut joined = Vec::new();
        for range in ranges {
            join(&mut joined, range);
        }
        assert_eq!(joined, [(429, 430), (500, 599)]);
        for wrong in [
            "99", "600", "6xx", "xx", "+4xx", "04xx", "0429", "+42", "4x",
        ] {
            assert_eq!(status(wrong), None, "{wrong}");
        }
    }
}
