//! The stored text of a timestamp.

use std::fmt::Write as _;

use rest_source::Timestamp;

/// Formats a timestamp in UTC with six fractional digits, or nine if it needs more, so that texts sort by
/// time. [`Sqlite`](crate::Sqlite) stores this form and `rest-source fetch` prints it.
///
/// ```
/// let timestamp = "2026-11-21T10:30:00.5+01:00".parse()?;
/// assert_eq!(rest_source_load::timestamp_text(timestamp), "2026-11-21T09:30:00.500000+00:00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn timestamp_text(timestamp: Timestamp) -> String {
    let mut text = String::with_capacity(35);
    push_timestamp(timestamp, &mut text);
    text
}

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Appends a timestamp in that form.
pub(crate) fn push_timestamp(timestamp: Timestamp, text: &mut String) {
    let seconds = timestamp.epoch_seconds();
    let Some((year, month, day)) = civil(seconds.div_euclid(DAY)) else {
        // A year of other than four digits.
        let start = text.len();
        // Writing to a string does not fail.
        let _ = write!(text, "{timestamp}");
        in_utc(text, start);
        return;
    };
    // An unsigned number below 86,400.
    let second = seconds.rem_euclid(DAY).unsigned_abs();
    let nanoseconds = u64::from(timestamp.subsec_nanoseconds());
    let mut digits = *b"0000-00-00T00:00:00.000000000";
    put_digits(&mut digits[0..4], year);
    put_digits(&mut digits[5..7], month);
    put_digits(&mut digits[8..10], day);
    put_digits(&mut digits[11..13], second / 3600);
    put_digits(&mut digits[14..16], second / 60 % 60);
    put_digits(&mut digits[17..19], second % 60);
    put_digits(&mut digits[20..29], nanoseconds);
    let length = if nanoseconds % 1_000 == 0 { 26 } else { 29 };
    // They are ASCII.
    text.push_str(str::from_utf8(&digits[..length]).unwrap_or_default());
    text.push_str("+00:00");
}

/// Year, month and day of a day since 1970-01-01, in the proleptic Gregorian calendar; `None` unless the year is from 0 to
/// 9999.
fn civil(day: i64) -> Option<(u64, u64, u64)> {
    // Years begin in March, so that a leap day is the last day of a year; the first of them in the year 0.
    let day = u64::try_from(day + 719_468).ok()?;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = 400 * era + year_of_era + u64::from(month <= 2);
    (year <= 9_999).then_some((year, month, day))
}

/// Writes a number over digits, from the right.
fn put_digits(digits: &mut [u8], mut number: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

/// Pads the RFC 3339 text in UTC from `start` on to six or nine fractional digits and ends it with `+00:00`. `+` sorts
/// before any digit, `Z` after.
fn in_utc(text: &mut String, start: usize) {
    if text.ends_with('Z') {
        text.pop();
    }
    let point = text[start..].rfind('.').map_or(text.len(), |at| start + at);
    if point == text.len() {
        text.push('.');
    }
    let digits = text.len() - point - 1;
    let wanted = if digits <= 6 { 6_usize } else { 9 };
    text.extend((digits..wanted).map(|_| '0'));
    text.push_str("+00:00");
}

#[cfg(test)]
mod tests {
    use rest_source::Timestamp;

    use super::timestamp_text;

    fn stored(written: &str) -> String {
        timestamp_text(written.parse::<Timestamp>().unwrap())
    }

    #[test]
    fn timestamps_have_six_or_nine_fractional_digits() {
        for (written, expected) in [
            ("2026-11-21T09:30:00Z", "2026-11-21T09:30:00.000000+00:00"),
            (
                "2026-11-21T09:30:00.5+02:00",
                "2026-11-21T07:30:00.500000+00:00",
            ),
            (
                "2026-11-21T09:30:00.123456Z",
                "2026-11-21T09:30:00.123456+00:00",
            ),
            (
                "2026-11-21T09:30:00.1234567Z",
                "2026-11-21T09:30:00.123456700+00:00",
            ),
            (
                "1969-12-31T23:59:59.999999999Z",
                "1969-12-31T23:59:59.999999999+00:00",
            ),
            ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000000+00:00"),
        ] {
            assert_eq!(stored(written), expected, "{written}");
        }
    }

    #[test]
    fn texts_are_those_of_the_timestamp() {
        // About 1,000 days of the years -100 to 10100, and the seconds around the years 0 and 10000.
        let days = (-756_000_i64..2_970_000).step_by(3_651);
        let seconds = days.map(|day| day * 86_400 + day.rem_euclid(86_400));
        let edges = [
            -62_167_219_201,
            -62_167_219_200,
            253_402_300_799,
            253_402_300_800,
        ];
        for (second, nanosecond) in seconds
            .chain(edges)
            .zip([0, 999_999_999, 120_000].into_iter().cycle())
        {
            let Some(timestamp) = Timestamp::from_epoch(second, nanosecond) else {
                continue;
            };
            let mut expected = timestamp.to_string();
            super::in_utc(&mut expected, 0);
            assert_eq!(timestamp_text(timestamp), expected);
        }
    }

    #[test]
    fn texts_sort_by_time() {
        let times = [
            "0001-01-01T00:00:00Z",
            "1969-12-31T23:59:59.999999999Z",
            "1970-01-01T00:00:00Z",
            "2026-11-21T09:30:00Z",
            "2026-11-21T09:30:00.000000001Z",
            "2026-11-21T09:30:00.000001Z",
            "2026-11-21T09:30:00.0000011Z",
            "2026-11-21T09:30:00.1Z",
            "2026-11-21T12:30:01+03:00",
            "9999-12-30T00:00:00Z",
        ];
        for pair in times.windows(2) {
            assert!(stored(pair[0]) < stored(pair[1]), "{pair:?}");
        }
    }
}
