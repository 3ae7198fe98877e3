//! Times as Postgres stores them: microseconds and days since 2000.

use rest_source::{Date, Time, Timestamp};

/// Seconds from 1970 to 2000.
const EPOCH: i64 = 946_684_800;

/// Microseconds since 2000-01-01 00:00 UTC. Digits beyond microseconds are cut off.
pub(crate) fn timestamp(at: Timestamp) -> i64 {
    let seconds = at.epoch_seconds() - EPOCH;
    seconds * 1_000_000 + i64::from(at.subsec_nanoseconds() / 1_000)
}

/// Microseconds since midnight.
pub(crate) fn time(at: Time) -> i64 {
    let minutes = i64::from(at.hour()) * 60 + i64::from(at.minute());
    let seconds = minutes * 60 + i64::from(at.second());
    seconds * 1_000_000 + i64::from(at.nanosecond() / 1_000)
}

/// Days since 2000-01-01 in the proleptic Gregorian calendar.
pub(crate) fn date(at: Date) -> i32 {
    let (month, day) = (i32::from(at.month()), i32::from(at.day()));
    // A year that begins in March has its leap day at the end.
    let year = i32::from(at.year()) - i32::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 730_425
}

#[cfg(test)]
mod tests {
    use rest_source::{Date, Time, Timestamp};

    #[test]
    fn days_since_2000() {
        for (text, days) in [
            ("2000-01-01", 0),
            ("1999-12-31", -1),
            ("2000-02-29", 59),
            ("2000-03-01", 60),
            ("2024-12-31", 9_131),
            ("1970-01-01", -10_957),
            ("0001-01-01", -730_119),
            ("9999-12-31", 2_921_939),
        ] {
            assert_eq!(super::date(text.parse::<Date>().unwrap()), days, "{text}");
        }
    }

    #[test]
    fn microseconds() {
        let timestamp = |text: &str| super::timestamp(text.parse::<Timestamp>().unwrap());
        assert_eq!(timestamp("2000-01-01T00:00:00Z"), 0);
        assert_eq!(timestamp("1999-12-31T23:59:59.9999999Z"), -1);
        assert_eq!(timestamp("2000-01-01T02:00:01.5+02:00"), 1_500_000);
        let time = "01:02:03.000004".parse::<Time>().unwrap();
        assert_eq!(super::time(time), 3_723_000_004);
    }
}
