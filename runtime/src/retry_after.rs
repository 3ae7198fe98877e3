//! `Retry-After` and its relatives: when a response says to ask again.
//!
//! `Retry-After` (RFC 9110, 10.2.3) in seconds or as a date, and the headers by which APIs tell what
//! is left of a quota and when it is filled up, in their usual spellings. A value that cannot be read
//! says nothing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::transport::Headers;

const REMAINING: [&str; 3] = [
    "RateLimit-Remaining",
    "X-RateLimit-Remaining",
    "X-Rate-Limit-Remaining",
];
const RESET: [&str; 3] = ["RateLimit-Reset", "X-RateLimit-Reset", "X-Rate-Limit-Reset"];

/// Waits in milliseconds.
const MILLIS: [&str; 2] = ["Retry-After-Ms", "X-Ms-Retry-After-Ms"];

/// The longest wait that is told, a hundred years: times computed of it are within all calendars.
pub(crate) const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);

/// The first second since the epoch that is not taken for a length of time: some 31 years.
const EPOCH_SECONDS: f64 = 1e9;
/// Likewise the first millisecond: some 31,000 years in seconds.
const EPOCH_MILLIS: f64 = 1e12;

/// How long `Retry-After` says to wait. A date is measured against the response's own `Date`, so
/// that neither clock has to be right, and against `now` where there is none. A gateway may add a wait
/// of its own to the API's: the longer is kept.
pub(crate) fn retry_after(headers: &Headers, now: SystemTime) -> Option<Duration> {
    // More precise than the other, which is its value rounded up.
    let millis = MILLIS.iter().find_map(|name| headers.get(name));
    if let Some(millis) = millis.and_then(|value| number(value.trim())) {
        return span(millis / 1e3);
    }
    let waits = headers.all("Retry-After");
    waits.filter_map(|value| wait(value, headers, now)).max()
}

/// A wait as a text says it: `7`, `1.5`, `2 seconds`, `500ms`, or the time when it ends, as in HTTP or
/// ISO 8601.
pub(crate) fn wait(value: &str, headers: &Headers, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    length(value).or_else(|| Some(until(instant(value)?, headers, now)))
}

/// The same, or a time as seconds or milliseconds since the epoch.
pub(crate) fn wait_or_epoch(value: &str, headers: &Headers, now: SystemTime) -> Option<Duration> {
    match number(value.trim()) {
        Some(millis) if millis >= EPOCH_MILLIS => Some(until_epoch(millis / 1e3, headers, now)),
        Some(seconds) if seconds >= EPOCH_SECONDS => Some(until_epoch(seconds, headers, now)),
        _ => wait(value, headers, now),
    }
}

/// How long until the quota is filled up.
pub(crate) fn reset(headers: &Headers, now: SystemTime) -> Option<Duration> {
    let named = RESET.iter().find_map(|name| headers.get(name));
    let value = match named {
        Some(value) => value.trim(),
        None => field(headers.get("RateLimit")?, &["reset", "t"])?,
    };
    wait_or_epoch(value, headers, now)
}

/// Whether the quota is said to be used up.
pub(crate) fn no_quota_left(headers: &Headers) -> bool {
    remaining(headers).is_some_and(|left| left <= 0.0)
}

/// Whether some of the quota is said to be left.
pub(crate) fn quota_left(headers: &Headers) -> bool {
    remaining(headers).is_some_and(|left| left > 0.0)
}

fn remaining(headers: &Headers) -> Option<f64> {
    let named = REMAINING.iter().find_map(|name| headers.get(name));
    let value = match named {
        Some(value) => Some(value),
        None => headers
            .get("RateLimit")
            .and_then(|value| field(value, &["remaining", "r"])),
    };
    value?.trim().parse().ok()
}

/// A number that is not negative, with or without a fraction, perhaps infinite.
pub(crate) fn number(value: &str) -> Option<f64> {
    value.parse::<f64>().ok().filter(|number| *number >= 0.0)
}

/// So many seconds, [`LONGEST`] at most; none where they are negative or not a number.
pub(crate) fn span(seconds: f64) -> Option<Duration> {
    (seconds >= 0.0).then(|| {
        let wait = Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST);
        wait.min(LONGEST)
    })
}

/// A length of time: a number of seconds, or of the unit that follows it.
fn length(value: &str) -> Option<Duration> {
    if let Some(seconds) = number(value) {
        return span(seconds);
    }
    let end = value.find(|c: char| c.is_ascii_alphabetic() || c == ' ');
    let (digits, unit) = value.split_at(end.unwrap_or(value.len()));
    let seconds = match unit.trim().to_ascii_lowercase().as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "ms" | "milliseconds" | "millisecond" => 1e-3,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hour" | "hours" => 3600.0,
        _ => return None,
    };
    span(number(digits)? * seconds)
}

/// A time as in HTTP or ISO 8601; one without a zone is in UTC.
fn instant(value: &str) -> Option<SystemTime> {
    if let Ok(date) = httpdate::parse_http_date(value) {
        return Some(date);
    }
    let instant = value.parse().ok().or_else(|| {
        let civil: jiff::civil::DateTime = value.parse().ok()?;
        Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    });
    instant.map(|instant: jiff::Timestamp| instant.into())
}

/// How long until so many seconds after the epoch, which may be past all calendars.
pub(crate) fn until_epoch(seconds: f64, headers: &Headers, now: SystemTime) -> Duration {
    let since = Duration::try_from_secs_f64(seconds).ok();
    let then = since.and_then(|since| UNIX_EPOCH.checked_add(since));
    then.map_or(LONGEST, |then| until(then, headers, now))
}

/// From the response's `Date`, or from `now`, to `then`; no time when that has passed.
fn until(then: SystemTime, headers: &Headers, now: SystemTime) -> Duration {
    let from = headers
        .get("Date")
        .and_then(|date| httpdate::parse_http_date(date.trim()).ok())
        .unwrap_or(now);
    then.duration_since(from).unwrap_or_default().min(LONGEST)
}

/// A parameter of the one-header forms: `limit=100, remaining=0, reset=30` and `"day";r=0;t=30`.
fn field<'a>(value: &'a str, names: &[&str]) -> Option<&'a str> {
    value.split([',', ';']).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        names
            .iter()
            .any(|wanted| wanted.eq_ignore_ascii_case(name.trim()))
            .then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_763_717_400; // Fri, 21 Nov 2025 09:30:00 GMT

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(NOW)
    }

    fn headers(fields: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::new();
        for (name, value) in fields {
            headers.push(*name, *value);
        }
        headers
    }

    fn wait(value: &str) -> Option<u64> {
        retry_after(&headers(&[("retry-after", value)]), now()).map(|d| d.as_secs())
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(wait("7"), Some(7));
        assert_eq!(wait(" 1.5 "), Some(1));
        assert_eq!(wait("Fri, 21 Nov 2025 09:30:30 GMT"), Some(30));
        assert_eq!(wait("Fri, 21 Nov 2025 09:00:00 GMT"), Some(0));
    }

    #[test]
    fn an_absurd_retry_after_is_long_or_says_nothing() {
        for value in [
            "99999999999999999999999",
            "18446744073709551615",
            "99999999999999999999999 hours",
            "Fri, 31 Dec 9999 23:59:59 GMT",
            "9999-12-30T00:00:00Z",
            "inf",
            "+inf",
            "infinity",
            "1e30",
        ] {
            assert_eq!(wait(value), Some(LONGEST.as_secs()), "{value}");
        }
        for value in [
            "",
            "-1",
            "soon",
            "NaN",
            "-inf",
            "inf seconds",
            "0x10",
            "s",
            ".",
            "1.2.3",
            "2 fortnights",
            "2025-11",
            "99999-01-01T00:00:00Z",
        ] {
            assert_eq!(wait(value), None, "{value}");
        }
    }

    #[test]
    fn a_reset_is_never_past_the_longest_wait() {
        for (value, wait) in [
            ("99999999999999999999999", Some(LONGEST)),
            ("999999999999999999", Some(LONGEST)),
            ("9999999999", Some(LONGEST)),
            ("inf", Some(LONGEST)),
            ("1e30", Some(LONGEST)),
            ("-1", None),
            ("NaN", None),
        ] {
            let headers = headers(&[("X-RateLimit-Reset", value)]);
            assert_eq!(reset(&headers, now()), wait, "{value}");
        }
    }

    #[test]
    fn a_wait_may_have_a_unit_or_be_an_iso_time() {
        for (value, seconds) in [
            ("2 seconds", 2),
            ("2s", 2),
            ("3000ms", 3),
            ("1 minute", 60),
            ("2025-11-21T09:30:30Z", 30),
            ("2025-11-21T10:30:30+01:00", 30),
            ("2025-11-21 09:30:30", 30),
            ("2025-11-21T09:00:00Z", 0),
        ] {
            assert_eq!(wait(value), Some(seconds), "{value}");
        }
        let iso = headers(&[("X-RateLimit-Reset", "2025-11-21T09:30:20.5Z")]);
        assert_eq!(reset(&iso, now()), Some(Duration::from_millis(20_500)));
    }

    #[test]
    fn milliseconds_have_headers_of_their_own() {
        for name in ["retry-after-ms", "x-ms-retry-after-ms"] {
            let headers = headers(&[(name, "1500"), ("Retry-After", "2")]);
            assert_eq!(
                retry_after(&headers, now()),
                Some(Duration::from_millis(1500))
            );
        }
    }

    #[test]
    fn of_two_that_are_said_the_longer_is_kept() {
        let both = headers(&[("Retry-After", "7"), ("Retry-After", "20")]);
        assert_eq!(retry_after(&both, now()), Some(Duration::from_secs(20)));
    }

    #[test]
    fn a_date_is_measured_against_the_responses_own() {
        let headers = headers(&[
            ("Date", "Sat, 01 Jan 2000 00:00:00 GMT"),
            ("Retry-After", "Sat, 01 Jan 2000 00:00:05 GMT"),
        ]);
        assert_eq!(retry_after(&headers, now()), Some(Duration::from_secs(5)));
    }

    #[test]
    fn a_reset_is_a_length_an_epoch_or_a_date() {
        for (name, value) in [
            ("RateLimit-Reset", "20".to_owned()),
            ("X-RateLimit-Reset", (NOW + 20).to_string()),
            ("x-rate-limit-reset", format!("{}000", NOW + 20)),
            (
                "X-RateLimit-Reset",
                "Fri, 21 Nov 2025 09:30:20 GMT".to_owned(),
            ),
            ("RateLimit", "limit=5, remaining=0, reset=20".to_owned()),
            ("RateLimit", "\"day\";r=0;t=20".to_owned()),
        ] {
            let headers = headers(&[(name, &value)]);
            let wait = reset(&headers, now()).map(|d| d.as_secs());
            assert_eq!(wait, Some(20), "{name}: {value}");
        }
    }

    #[test]
    fn a_quota_is_used_up_at_nought() {
        assert!(no_quota_left(&headers(&[("x-ratelimit-remaining", "0")])));
        assert!(no_quota_left(&headers(&[(
            "RateLimit",
            "\"day\";r=0;t=20"
        )])));
        assert!(!no_quota_left(&headers(&[("RateLimit-Remaining", "1")])));
        assert!(!no_quota_left(&headers(&[])));
    }
}
