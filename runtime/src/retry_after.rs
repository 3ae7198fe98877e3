//! What a response says about when to ask again.
//!
//! `Retry-After` (RFC 9110, 10.2.3) in seconds or as a date, and the headers by which APIs tell what
//! is left of a quota and when it is filled up, in their usual spellings. What cannot be read says
//! nothing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::transport::Headers;

const REMAINING: [&str; 3] = [
    "RateLimit-Remaining",
    "X-RateLimit-Remaining",
    "X-Rate-Limit-Remaining",
];
const RESET: [&str; 3] = ["RateLimit-Reset", "X-RateLimit-Reset", "X-Rate-Limit-Reset"];

/// The first second since the epoch that is not taken for a length of time: some 31 years.
const EPOCH_SECONDS: f64 = 1e9;
/// Likewise the first millisecond: some 31,000 years in seconds.
const EPOCH_MILLIS: f64 = 1e12;

/// How long `Retry-After` says to wait. A date is measured against the response's own `Date`, so
/// that neither clock has to be right, and against `now` where there is none. A gateway may add a wait
/// of its own to the API's: the longer is kept.
pub(crate) fn retry_after(headers: &Headers, now: SystemTime) -> Option<Duration> {
    let wait = |value: &str| match seconds(value) {
        Some(wait) => Some(wait),
        None => Some(until(httpdate::parse_http_date(value).ok()?, headers, now)),
    };
    headers
        .all("Retry-After")
        .filter_map(|value| wait(value.trim()))
        .max()
}

/// How long until the quota is filled up.
pub(crate) fn reset(headers: &Headers, now: SystemTime) -> Option<Duration> {
    let named = RESET.iter().find_map(|name| headers.get(name));
    let value = match named {
        Some(value) => value.trim(),
        None => field(headers.get("RateLimit")?, &["reset", "t"])?,
    };
    if let Ok(date) = httpdate::parse_http_date(value) {
        return Some(until(date, headers, now));
    }
    match value.parse::<f64>().ok()? {
        millis if millis >= EPOCH_MILLIS => Some(until(epoch(millis / 1e3)?, headers, now)),
        seconds if seconds >= EPOCH_SECONDS => Some(until(epoch(seconds)?, headers, now)),
        _ => seconds(value),
    }
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

/// A number of seconds, with or without a fraction; not negative.
fn seconds(value: &str) -> Option<Duration> {
    let number = value.parse::<f64>().ok().filter(|n| *n >= 0.0)?;
    Some(Duration::try_from_secs_f64(number).unwrap_or(Duration::MAX))
}

fn epoch(seconds: f64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?)
}

/// From the response's `Date`, or from `now`, to `then`; no time when that has passed.
fn until(then: SystemTime, headers: &Headers, now: SystemTime) -> Duration {
    let from = headers
        .get("Date")
        .and_then(|date| httpdate::parse_http_date(date.trim()).ok())
        .unwrap_or(now);
    then.duration_since(from).unwrap_or_default()
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
        assert_eq!(wait("99999999999999999999999"), Some(u64::MAX));
        for value in ["", "-1", "soon", "NaN", "-inf"] {
            assert_eq!(wait(value), None, "{value}");
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
