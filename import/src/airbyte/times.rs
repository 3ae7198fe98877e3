//! Times, durations and their formats.

use super::jinja::Expr;

/// The formats of Python's `strftime`, with the extensions of manifests, as one of ours.
pub(super) fn format(python: &str) -> Result<String, String> {
    Ok(match python {
        "%s" | "%s_as_float" => "epoch_seconds".to_owned(),
        "%ms" | "%epoch_milliseconds" => "epoch_millis".to_owned(),
        "%epoch_microseconds" => "epoch_micros".to_owned(),
        "%Y-%m-%d" => "date".to_owned(),
        _ => {
            let pattern = pattern(python)?;
            if matches!(
                pattern.as_str(),
                "%Y-%m-%dT%H:%M:%SZ" | "%Y-%m-%dT%H:%M:%S+00:00" | "%Y-%m-%dT%H:%M:%S%:z"
            ) {
                "rfc3339".to_owned()
            } else {
                pattern
            }
        }
    })
}

/// A pattern of Python as one of ours: fractions of seconds have a length.
fn pattern(python: &str) -> Result<String, String> {
    let mut made = String::new();
    let mut chars = python.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            made.push(c);
            continue;
        }
        match chars.next() {
            Some('f') => {
                if made.ends_with('.') {
                    made.pop();
                    made.push_str("%.6f");
                } else {
                    made.push_str("%6f");
                }
            }
            Some('_') if chars.clone().collect::<String>().starts_with("ms") => {
                chars.nth(1);
                if made.ends_with('.') {
                    made.pop();
                    made.push_str("%.3f");
                } else {
                    made.push_str("%3f");
                }
            }
            Some('X') => made.push_str("%H:%M:%S"),
            Some('x') => made.push_str("%m/%d/%y"),
            Some(c) if "YymdHMSpIjzbBaAs%eTFRD".contains(c) => {
                made.push('%');
                made.push(c);
            }
            _ => return Err(format!("the format `{python}` is not supported")),
        }
    }
    Ok(made)
}

/// The formats in which a column is read, for those of a manifest.
pub(super) fn column_formats(python: &[&str]) -> Result<Vec<String>, String> {
    let mut formats: Vec<String> = Vec::new();
    for one in python {
        let format = match format(one)? {
            // RFC 3339 has any fraction and any offset.
            pattern
                if pattern.starts_with("%Y-%m-%dT%H:%M:%S") && pattern.ends_with(['z', 'Z']) =>
            {
                "rfc3339".to_owned()
            }
            // A fraction is read at any length.
            pattern => pattern.replace("%.6f", "%.f").replace("%.3f", "%.f"),
        };
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    Ok(formats)
}

/// Whether times in this format name their offset.
pub(super) fn has_offset(format: &str) -> bool {
    format == "rfc3339"
        || format.starts_with("epoch_")
        || format.contains("%z")
        || format.contains("%:z")
        || format.contains("%s")
}

/// A duration of ISO 8601, of one unit: its number and ours.
pub(super) fn duration(text: &str) -> Option<(u64, &'static str)> {
    let rest = text.trim().strip_prefix('P')?;
    let (date, time) = rest.split_once('T').unwrap_or((rest, ""));
    if !date.is_empty() && time.is_empty() {
        let unit = date.chars().next_back()?;
        let number: u64 = date[..date.len() - unit.len_utf8()].parse().ok()?;
        return Some(match unit {
            'D' => (number, "d"),
            'W' => (number.checked_mul(7)?, "d"),
            'M' => (number, "mo"),
            'Y' => (number, "y"),
            _ => return None,
        });
    }
    let days: u64 = match date.strip_suffix('D') {
        Some(days) => days.parse().ok()?,
        None if date.is_empty() => 0,
        None => return None,
    };
    let (mut rest, mut seconds) = (time, days.checked_mul(86_400)?);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let whole = rest[..end].split('.').next()?;
        let number: u64 = whole.parse().ok()?;
        let unit = match rest.as_bytes()[end] {
            b'H' => 3600,
            b'M' => 60,
            b'S' => 1,
            _ => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[end + 1..];
    }
    Some(in_units(seconds))
}

fn in_units(seconds: u64) -> (u64, &'static str) {
    match seconds {
        0 => (0, "s"),
        _ if seconds.is_multiple_of(86_400) => (seconds / 86_400, "d"),
        _ if seconds.is_multiple_of(3600) => (seconds / 3600, "h"),
        _ if seconds.is_multiple_of(60) => (seconds / 60, "m"),
        _ => (seconds, "s"),
    }
}

/// The seconds of a duration; of a month 30 days.
pub(super) fn seconds((number, unit): (u64, &str)) -> u64 {
    number.saturating_mul(match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "mo" => 30 * 86_400,
        _ => 365 * 86_400,
    })
}

/// `now_utc()` and times relative to it, as a placeholder without braces. Nothing for another expression.
pub(super) fn relative(expr: &Expr) -> Option<Result<String, String>> {
    match expr {
        Expr::Call(of, args, named) => {
            let Expr::Name(name) = &**of else {
                return None;
            };
            match (name.as_str(), args.as_slice()) {
                ("now_utc", []) => Some(Ok("now".to_owned())),
                ("today_utc", []) | ("today_with_timezone", _) => Some(Ok("today".to_owned())),
                ("day_delta", [Expr::Number(days), rest @ ..]) => Some(day_delta(
                    days,
                    rest.first().or(named.first().map(|(_, one)| one)),
                )),
                _ => None,
            }
        }
        Expr::Binary(sign @ ("+" | "-"), time, length) => {
            let base = match relative(time)? {
                Ok(base) => base,
                Err(error) => return Some(Err(error)),
            };
            if base.contains(' ') {
                return Some(Err("a time with two durations".to_owned()));
            }
            let Expr::Call(of, args, named) = &**length else {
                return Some(Err("a time with something else than a duration".to_owned()));
            };
            let number = |expr: &Expr| expr.constant()?.parse::<u64>().ok();
            let length = match (&**of, args.as_slice(), named.as_slice()) {
                (Expr::Name(name), [Expr::Text(text)], []) if name == "duration" => duration(text),
                (Expr::Name(name), [], [(unit, count)]) if name == "timedelta" => {
                    let count = number(count);
                    match unit.as_str() {
                        "days" => count.map(|count| (count, "d")),
                        "hours" => count.map(|count| (count, "h")),
                        "weeks" => count.map(|count| (count.saturating_mul(7), "d")),
                        _ => None,
                    }
                }
                _ => None,
            };
            let Some((number, unit)) = length else {
                return Some(Err("a duration that is not one of ISO 8601".to_owned()));
            };
            // `{now - 1mo}` is not a duration: months differ.
            let (number, unit) = match unit {
                "mo" => (number.saturating_mul(30), "d"),
                "y" => (number.saturating_mul(365), "d"),
                unit => (number, unit),
            };
            Some(Ok(format!("{base} {sign} {number}{unit}")))
        }
        _ => None,
    }
}

fn day_delta(days: &str, format: Option<&Expr>) -> Result<String, String> {
    let time = match days.strip_prefix('-') {
        Some("0") => "now".to_owned(),
        None if days == "0" => "now".to_owned(),
        Some(days) => format!("now - {days}d"),
        None => format!("now + {days}d"),
    };
    match format.and_then(Expr::constant) {
        None => Ok(time),
        Some(python) => Ok(format!("{time} | format(\"{}\")", self::format(&python)?)),
    }
}

/// A time of a manifest in RFC 3339, or as a date; nothing if it is neither that, nor in its format, nor a number of
/// seconds or of parts of them.
pub(super) fn literal(text: &str, python: Option<&str>) -> Option<String> {
    let text = text.trim();
    let is_epoch = matches!(
        python,
        None | Some("%s" | "%s_as_float" | "%ms" | "%epoch_milliseconds" | "%epoch_microseconds")
    );
    if !is_epoch
        && let Some(python) = python
        && !python.starts_with("%Y-%m-%d")
    {
        // A year before a day has one form only.
        let made = by_pattern(text, python);
        if made.is_some() || python.starts_with("%Y-%d") {
            return made;
        }
    }
    if is_epoch && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: i64 = text.parse().ok()?;
        let seconds = match python {
            Some("%ms" | "%epoch_milliseconds") => number / 1000,
            Some("%epoch_microseconds") => number / 1_000_000,
            _ => number,
        };
        return Some(civil(seconds));
    }
    let bytes = text.as_bytes();
    let is_date = bytes.len() >= 10
        && bytes[..10].iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !is_date {
        return None;
    }
    let time = text[10..].trim_start_matches(['T', ' ']);
    if time.is_empty() {
        return Some(text[..10].to_owned());
    }
    let end = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(end);
    let clock = match clock.matches(':').count() {
        1 => format!("{clock}:00"),
        2 => clock.to_owned(),
        _ => return None,
    };
    let zone = match zone {
        "" | "Z" | "+0000" => "Z".to_owned(),
        zone if zone.len() == 5 && zone.is_ascii() => format!("{}:{}", &zone[..3], &zone[3..]),
        zone => zone.to_owned(),
    };
    Some(format!("{}T{clock}{zone}", &text[..10]))
}

/// A time in a pattern of Python, in RFC 3339 or as a date. Nothing if it is in another form.
fn by_pattern(text: &str, python: &str) -> Option<String> {
    // Year, month, day, hour, minute, second.
    let mut parts = [1900_u32, 1, 1, 0, 0, 0];
    let (mut fraction, mut zone) = (String::new(), "Z".to_owned());
    let mut is_date = true;
    let mut rest = text;
    let mut pattern = python.replace("%_ms", "%f");
    pattern = pattern.replace("%T", "%H:%M:%S").replace("%F", "%Y-%m-%d");
    let mut pattern = pattern.chars();
    while let Some(c) = pattern.next() {
        if c != '%' {
            rest = rest.strip_prefix(c)?;
            continue;
        }
        let (part, longest) = match pattern.next()? {
            'Y' => (0, 4),
            'm' => (1, 2),
            'd' => (2, 2),
            'H' => (3, 2),
            'M' => (4, 2),
            'S' => (5, 2),
            'f' => {
                digits(&mut rest, 9)?.clone_into(&mut fraction);
                continue;
            }
            'z' => {
                let end = rest.find(|c: char| !matches!(c, '+' | '-' | ':' | 'Z' | '0'..='9'));
                let (found, after) = rest.split_at(end.unwrap_or(rest.len()));
                zone = offset(found)?;
                rest = after;
                continue;
            }
            '%' => {
                rest = rest.strip_prefix('%')?;
                continue;
            }
            _ => return None,
        };
        let found = digits(&mut rest, longest)?;
        if part == 0 && found.len() != 4 {
            return None;
        }
        parts[part] = found.parse().ok()?;
        is_date &= part < 3;
    }
    let [year, month, day, hour, minute, second] = parts;
    let is_time = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !rest.is_empty() || !is_time {
        return None;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if is_date {
        return Some(date);
    }
    if !fraction.is_empty() {
        fraction.insert(0, '.');
    }
    Some(format!(
        "{date}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}"
    ))
}

/// The digits that a text begins with, of which there is one at least.
fn digits<'t>(rest: &mut &'t str, longest: usize) -> Option<&'t str> {
    let found = rest.bytes().take(longest).take_while(u8::is_ascii_digit);
    let (digits, after) = rest.split_at(found.count());
    *rest = after;
    (!digits.is_empty()).then_some(digits)
}

/// An offset of RFC 3339.
fn offset(text: &str) -> Option<String> {
    if text == "Z" {
        return Some(text.to_owned());
    }
    let is_signed = text.starts_with(['+', '-']);
    match (text.len(), text.as_bytes().get(3)) {
        (6, Some(b':')) if is_signed => Some(text.to_owned()),
        (5, _) if is_signed && !text.contains(':') => {
            Some(format!("{}:{}", text.get(..3)?, text.get(3..)?))
        }
        _ => None,
    }
}

/// Seconds since 1970 in RFC 3339.
fn civil(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Howard Hinnant's `civil_from_days`.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_rfc_3339() {
        for (text, python, expected) in [
            ("1609459200", Some("%s"), "2021-01-01T00:00:00Z"),
            ("1609459200000", Some("%ms"), "2021-01-01T00:00:00Z"),
            (
                "1609459200000",
                Some("%epoch_milliseconds"),
                "2021-01-01T00:00:00Z",
            ),
            ("20210131", Some("%Y%m%d"), "2021-01-31"),
            ("2021", Some("%Y"), "2021-01-01"),
            ("2021-31-01", Some("%Y-%d-%m"), "2021-01-31"),
            ("1/31/2021", Some("%m/%d/%Y"), "2021-01-31"),
            (
                "20210131T102030Z",
                Some("%Y%m%dT%H%M%SZ"),
                "2021-01-31T10:20:30Z",
            ),
            (
                "20210131 1020.5 +0130",
                Some("%Y%m%d %H%M.%f %z"),
                "2021-01-31T10:20:00.5+01:30",
            ),
            ("2021-01-01", None, "2021-01-01"),
            ("2021-01-01 10:20", None, "2021-01-01T10:20:00Z"),
            ("2021-01-01T00:00:00.000Z", None, "2021-01-01T00:00:00.000Z"),
            (
                "2021-01-01T00:00:00+0100",
                None,
                "2021-01-01T00:00:00+01:00",
            ),
        ] {
            assert_eq!(literal(text, python).as_deref(), Some(expected));
        }
        assert_eq!(literal("yesterday", None), None);
        assert_eq!(literal("2021-01-01Tx", None), None);
        for (text, python) in [
            ("20210101", "%Y-%m-%d"),
            ("20211301", "%Y%m%d"),
            ("2021-01-31", "%Y-%d-%m"),
            ("2021é0101", "%Yé%m"),
            ("21", "%Y"),
            ("20210131 +é", "%Y%m%d %z"),
        ] {
            assert_eq!(literal(text, Some(python)), None, "{text}");
        }
    }

    #[test]
    fn an_offset_with_letters_is_no_crash() {
        let text = "2021-01-01T00:00:00+1é0";
        assert_eq!(literal(text, None).as_deref(), Some(text));
    }

    #[test]
    fn durations_are_of_one_unit() {
        for (text, expected) in [
            ("P30D", (30, "d")),
            ("P1W", (7, "d")),
            ("P1M", (1, "mo")),
            ("PT1H30M", (90, "m")),
            ("P30DT23H", (743, "h")),
            ("PT0.000001S", (0, "s")),
        ] {
            assert_eq!(duration(text), Some(expected), "{text}");
        }
        assert_eq!(duration("P1M1D"), None);
        assert_eq!(duration("Pé"), None);
    }
}
