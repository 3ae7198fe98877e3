//! Dates and times: how they are written, and whether a text is one.

use crate::connector::TimeFormat;

/// The format that a word or a strftime pattern names; the reason where it is none.
pub(super) fn format(text: &str, zone: Option<&str>) -> Result<TimeFormat, String> {
    match text {
        "rfc3339" => Ok(zone.map_or(TimeFormat::Rfc3339, |zone| TimeFormat::Local {
            zone: zone.to_owned().into(),
        })),
        "date" => Ok(zone.map_or(TimeFormat::Date, |zone| TimeFormat::Pattern {
            pattern: "%Y-%m-%d".into(),
            zone: Some(zone.to_owned().into()),
        })),
        "epoch_seconds" => Ok(TimeFormat::EpochSeconds),
        "epoch_millis" => Ok(TimeFormat::EpochMillis),
        "epoch_micros" => Ok(TimeFormat::EpochMicros),
        "epoch_nanos" => Ok(TimeFormat::EpochNanos),
        "/Date(…)/" | "/Date(...)/" => Ok(TimeFormat::DateCall),
        pattern if pattern.contains('%') => {
            tells_a_day(&conversions(pattern)?)?;
            Ok(TimeFormat::Pattern {
                pattern: pattern.to_owned().into(),
                zone: zone.map(|zone| zone.to_owned().into()),
            })
        }
        word => Err(format!("`{word}` is no format")),
    }
}

/// The same of a time that is only written: a part of one will do, its year and month say.
pub(super) fn written_format(text: &str, zone: Option<&str>) -> Result<TimeFormat, String> {
    if !text.contains('%') {
        return format(text, zone);
    }
    conversions(text)?;
    Ok(TimeFormat::Pattern {
        pattern: text.to_owned().into(),
        zone: zone.map(|zone| zone.to_owned().into()),
    })
}

/// The letters of a strftime pattern's conversions, each of which can be read back: what depends on a
/// place's habits (`%c`, `%x`) or abbreviates a zone (`%Z`) cannot.
fn conversions(pattern: &str) -> Result<String, String> {
    const KNOWN: &str = "AaBbCDdeFfGgHhIjklMmNnPpQRSsTtUuVWwYyz%";
    let mut letters = String::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            continue;
        }
        // Flags, a width and a precision may stand before the letter: `%-d`, `%3f`, `%.3f`, `%:z`.
        let mut modifiers = String::new();
        while let Some(modifier) = chars.next_if(|c| "-_0^#:.".contains(*c) || c.is_ascii_digit()) {
            modifiers.push(modifier);
        }
        let wanted = if modifiers.contains('.') {
            "f"
        } else if modifiers.contains(':') {
            "zQ"
        } else {
            KNOWN
        };
        match chars.next() {
            Some('D') => letters.push_str("mdy"),
            Some('F') => letters.push_str("Ymd"),
            Some('R') => letters.push_str("HM"),
            Some('T') => letters.push_str("HMS"),
            Some(c) if wanted.contains(c) => letters.push(c),
            Some(c) => {
                return Err(format!(
                    "`%{modifiers}{c}` is no conversion that times can be read by"
                ));
            }
            None => return Err("the pattern ends in the middle of a conversion".to_owned()),
        }
    }
    Ok(letters)
}

/// Whether what these conversions read is a day, and a time of day that is not left in part: minutes
/// without hours would be passed over.
fn tells_a_day(letters: &str) -> Result<(), String> {
    let has = |some: &str| letters.contains(|c| some.contains(c));
    if has("s") {
        return if has("fN") {
            Err("`%s` is whole seconds, and a fraction after it is lost: `epoch_seconds` reads both".to_owned())
        } else {
            Ok(())
        };
    }
    let in_month = has("mBbh") && has("de");
    let in_week = has("UW") && has("Aauw");
    let by_year = has("YyC") && (in_month || has("j") || in_week);
    let by_iso_year = has("Gg") && has("V") && has("Aauw");
    if !by_year && !by_iso_year {
        return Err("it does not tell the day: a year, a month and a day do".to_owned());
    }
    let missing = if has("M") && !has("HkIl") {
        "minutes without hours"
    } else if has("S") && !has("M") {
        "seconds without minutes"
    } else if has("fN") && !has("S") {
        "a fraction without seconds"
    } else {
        return Ok(());
    };
    Err(format!("it has {missing}"))
}

/// Whether a pattern says the offset from UTC itself.
pub(super) fn has_offset(pattern: &str) -> bool {
    let without_literals = pattern.replace("%%", "");
    ["%z", "%:z", "%::z", "%s", "%Q", "%:Q"]
        .iter()
        .any(|part| without_literals.contains(part))
}

/// The names of the time zones of the IANA database.
const ZONES: &str = include_str!("zones.txt");

/// The zone that a name was probably meant to be.
pub(super) fn closest_zone(text: &str) -> Option<&'static str> {
    let names: Vec<&'static str> = ZONES.lines().collect();
    crate::suggest::closest(text, &names)
}

/// Whether a text names a zone: `UTC`, `Europe/Berlin`, `+02:00`.
pub(super) fn is_zone(text: &str) -> bool {
    if let Some(offset) = text.strip_prefix(['+', '-']) {
        let (hours, minutes) = offset.split_once(':').unwrap_or((offset, "00"));
        return in_range(hours, 2, 0..=15).is_some() && in_range(minutes, 2, 0..=59).is_some();
    }
    ZONES.lines().any(|zone| zone.eq_ignore_ascii_case(text))
}

/// `2026-11-21`.
pub(super) fn is_date(text: &str) -> bool {
    days(text).is_some()
}

/// `2026-11-21T09:30:00Z`, with an offset.
pub(super) fn is_timestamp(text: &str) -> bool {
    epoch_nanos(text).is_some()
}

/// `2026-11-21T09:30:00` or `2026-11-21`, without an offset.
pub(super) fn is_civil(text: &str) -> bool {
    is_date(text) || is_timestamp(&format!("{text}Z"))
}

/// The day of a date, counted from 1970-01-01.
pub(super) fn days(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, '-');
    let year = in_range(parts.next()?, 4, 0..=9999)?;
    let month = in_range(parts.next()?, 2, 1..=12)?;
    let day = in_range(parts.next()?, 2, 1..=31)?;
    days_of(year, month, day)
}

/// The same of a year, a month from 1 and a day from 1; none where that month has no such day.
pub(super) fn days_of(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if day > last {
        return None;
    }
    // Howard Hinnant's days from civil: years begin in March, so that the leap day ends one.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// An instant in RFC 3339, in nanoseconds since 1970.
pub(super) fn epoch_nanos(text: &str) -> Option<i128> {
    let (date, rest) = (text.get(..10)?, text.get(10..)?);
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let zone_at = rest.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = rest.split_at(zone_at);
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut parts = clock.split(':');
    let hour = in_range(parts.next()?, 2, 0..=23)?;
    let minute = in_range(parts.next()?, 2, 0..=59)?;
    let second = in_range(parts.next()?, 2, 0..=60)?;
    if parts.next().is_some() || fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let nanos: i128 = format!("{fraction:0<9}").parse().ok()?;
    let offset = match zone {
        "Z" | "z" => 0,
        zone => {
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            sign * (in_range(hours, 2, 0..=23)? * 60 + in_range(minutes, 2, 0..=59)?) * 60
        }
    };
    let seconds = days(date)? * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Some(i128::from(seconds) * 1_000_000_000 + nanos)
}

/// A number of so many digits in a range.
fn in_range(text: &str, digits: usize, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
    let is_number = text.len() == digits && text.chars().all(|c| c.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_number)?;
    range.contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_counted_from_1970() {
        assert_eq!(epoch_nanos("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(
            epoch_nanos("2024-02-29T12:00:00.5+02:00"),
            Some(1_709_200_800_500_000_000)
        );
        for wrong in [
            "2024-02-30T00:00:00Z",
            "2024-01-01",
            "2024-01-01T00:00:00",
            "2023-02-29T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "24-01-01T00:00:00Z",
        ] {
            assert_eq!(epoch_nanos(wrong), None, "{wrong}");
        }
        assert_eq!(days("2000-03-01"), Some(11_017));
    }

    #[test]
    fn a_zone_is_one_of_the_iana_database_or_an_offset() {
        for zone in [
            "UTC",
            "Europe/Berlin",
            "america/new_york",
            "+02:00",
            "-11",
            "Etc/GMT+5",
        ] {
            assert!(is_zone(zone), "{zone}");
        }
        for wrong in ["Europe/Berln", "+25:00", "+16:00", "CET+1", "", "Berlin"] {
            assert!(!is_zone(wrong), "{wrong}");
        }
        assert_eq!(closest_zone("Europe/Berln"), Some("Europe/Berlin"));
    }

    #[test]
    fn a_pattern_has_known_conversions_only() {
        assert!(format("%Y-%m-%dT%H:%M:%S%.3f%:z", None).is_ok());
        assert!(format("%a, %d %b %Y %H:%M:%S %z", None).is_ok());
        for wrong in ["%Y-%J", "%c", "%Z", "%.3S", "%:Y"] {
            assert!(format(wrong, None).is_err(), "{wrong}");
        }
        for whole in ["%F %R", "%s", "%D", "%G-W%V-%u", "%Y %j", "%d/%m/%y %I %p"] {
            assert!(format(whole, None).is_ok(), "{whole}");
        }
        for part in [
            "%H:%M", "%Y-%m", "%d.%m.", "%a", "%Y-W%V", "%F %M", "%F %H:%S", "%s%.f",
        ] {
            assert!(format(part, None).is_err(), "{part}");
        }
        assert!(format("%Y-%", None).is_err());
        assert!(format("iso8601", None).is_err());
    }
}
