//! Values as the numbers and texts in which databases and formats of files store them.

use rest_source::{Date, Error, ErrorKind, Result, Time, Timestamp, Value};

pub use crate::{csv_text::write_csv, timestamp_text::write_timestamp};

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
///
/// ```
/// use rest_source_load::encode::days;
///
/// assert_eq!(days("1970-01-02".parse()?), 1);
/// # Ok::<(), rest_source::ParseError>(())
/// ```
pub fn days(date: Date) -> i32 {
    let (year, month, day) = (
        i32::from(date.year()),
        i32::from(date.month()),
        i32::from(date.day()),
    );
    // Years begin in March, so that a leap day is the last day of a year.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Microseconds since midnight. Further digits are cut off.
pub fn microseconds_of_day(time: Time) -> i64 {
    let minutes = 60 * i64::from(time.hour()) + i64::from(time.minute());
    let seconds = 60 * minutes + i64::from(time.second());
    seconds * 1_000_000 + i64::from(time.nanosecond() / 1_000)
}

/// Microseconds since 1970-01-01T00:00:00Z. Further digits are cut off.
pub fn microseconds(at: Timestamp) -> i64 {
    at.epoch_seconds() * 1_000_000 + i64::from(at.subsec_nanoseconds() / 1_000)
}

/// Whether a time has digits beyond microseconds, which [`microseconds`] and [`microseconds_of_day`] cut off: two keys
/// may be one without them.
pub fn is_beyond_microseconds(value: Value<'_>) -> bool {
    match value {
        Value::Timestamp(at) => at.subsec_nanoseconds() % 1_000 != 0,
        Value::Time(at) => at.nanosecond() % 1_000 != 0,
        _ => false,
    }
}

/// The digits of a decimal number, with as many after the point as its column has.
///
/// ```
/// assert_eq!(rest_source_load::encode::unscaled("12.5", 5, 2)?, 1_250);
/// # Ok::<(), rest_source::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::Destination`] if the column has fewer digits than the number.
pub fn unscaled(text: &str, precision: u8, scale: u8) -> Result<i128> {
    let wanted = usize::from(scale);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = if fraction.len() > wanted {
        fraction.trim_end_matches('0')
    } else {
        fraction
    };
    let number = (fraction.len() <= wanted).then(|| format!("{whole}{fraction:0<wanted$}"));
    let number = number.and_then(|digits| digits.parse::<i128>().ok());
    let limit = 10_u128.checked_pow(u32::from(precision));
    number
        .filter(|number| limit.is_some_and(|limit| number.unsigned_abs() < limit))
        .ok_or_else(|| {
            let message = format!("the number {text} does not fit decimal({precision}, {scale})");
            Error::new(ErrorKind::Destination, message)
                .with_help("declare more digits, or `decimal` without digits")
        })
}

#[cfg(test)]
mod tests {
    use rest_source::{Date, Time, Timestamp, Value};

    use super::{days, is_beyond_microseconds, microseconds, microseconds_of_day, unscaled};

    #[test]
    fn days_are_counted_from_1970() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        for (text, expected) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2000-03-01", 11_017),
            ("1900-02-28", -25_509),
            ("0001-01-01", -719_162),
            ("9999-12-31", 2_932_896),
        ] {
            assert_eq!(days(date(text)), expected, "{text}");
        }
        for days_after in (-800_000..2_900_000).step_by(997) {
            let date = Date::EPOCH.checked_add_days(days_after).unwrap();
            assert_eq!(i64::from(days(date)), days_after, "{date}");
        }
    }

    #[test]
    fn decimals_are_scaled_without_loss_or_not_written() {
        assert_eq!(unscaled("12.5", 5, 2).unwrap(), 1_250);
        assert_eq!(unscaled("-0.05", 5, 2).unwrap(), -5);
        assert_eq!(unscaled("12.500", 5, 2).unwrap(), 1_250);
        assert_eq!(unscaled("7", 38, 0).unwrap(), 7);
        assert!(unscaled("12.505", 5, 2).is_err());
        assert!(unscaled("1000", 5, 2).is_err());
    }

    #[test]
    fn digits_beyond_microseconds_are_seen() {
        let timestamp = |text: &str| Value::Timestamp(text.parse::<Timestamp>().unwrap());
        let time = |text: &str| Value::Time(text.parse::<Time>().unwrap());
        for beyond in [
            timestamp("2026-01-01T00:00:00.0000001Z"),
            time("10:00:00.0000001"),
        ] {
            assert!(is_beyond_microseconds(beyond));
        }
        for within in [
            timestamp("2026-01-01T00:00:00.000001Z"),
            time("10:00:00.000001"),
            Value::Null,
        ] {
            assert!(!is_beyond_microseconds(within));
        }
    }

    #[test]
    fn microseconds_are_counted_from_1970_and_midnight() {
        let timestamp = |text: &str| microseconds(text.parse::<Timestamp>().unwrap());
        assert_eq!(timestamp("1970-01-01T00:00:00Z"), 0);
        assert_eq!(timestamp("1969-12-31T23:59:59.9999999Z"), -1);
        assert_eq!(timestamp("1970-01-01T02:00:01.5+02:00"), 1_500_000);
        let time = "01:02:03.000004".parse::<Time>().unwrap();
        assert_eq!(microseconds_of_day(time), 3_723_000_004);
    }
}
