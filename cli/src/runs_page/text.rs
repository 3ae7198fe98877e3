//! Numbers and times, as the page shows them.

use std::time::Duration;

use rest_source::Timestamp;

pub(super) use crate::progress::count;

/// `2026-11-30 09:05`.
pub(super) fn minute(at: Timestamp) -> String {
    let text = at.to_string().replace('T', " ");
    text.chars().take(16).collect()
}

/// `40 ms`, `3.2 s`, `4 min 10 s`, `2 h 5 min`.
pub(super) fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 if time.is_zero() => "0 s".to_owned(),
        0 => format!("{} ms", time.as_millis().max(1)),
        1..120 => format!("{:.1} s", time.as_secs_f64()),
        120..7_200 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// Seconds as a time.
pub(super) fn seconds(seconds: f64) -> String {
    time(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

/// Rows per second: whole above ten.
pub(super) fn rate(rate: f64) -> String {
    if rate < 10.0 {
        return format!("{rate:.1}");
    }
    whole(rate)
}

/// A number of rows that a chart has.
pub(super) fn whole(number: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of rows is not negative"
    )]
    let whole = number.round() as u64;
    count(whole)
}

/// `1 run`, `3 runs`.
pub(super) fn plural(number: usize, noun: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {noun}{s}", count(number as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_rates_are_short() {
        for (milliseconds, text) in [
            (0, "0 s"),
            (40, "40 ms"),
            (3_210, "3.2 s"),
            (250_000, "4 min 10 s"),
            (7_500_000, "2 h 5 min"),
        ] {
            assert_eq!(time(Duration::from_millis(milliseconds)), text);
        }
        assert_eq!(
            (rate(2.25), rate(1_234.5)),
            ("2.2".to_owned(), "1,235".to_owned())
        );
    }
}
