//! Times as Postgres stores them: microseconds and days since 2000.

use rest_source::{Date, Timestamp};
use rest_source_load::encode;

/// Days from 1970 to 2000.
const EPOCH: i32 = 10_957;

/// Microseconds since 2000-01-01 00:00 UTC. Digits beyond microseconds are cut off.
pub(crate) fn timestamp(at: Timestamp) -> i64 {
    encode::microseconds(at) - i64::from(EPOCH) * 86_400_000_000
}

/// The time of so many microseconds since 2000-01-01 00:00 UTC; `None` if it is not in the calendar, as infinity.
pub(crate) fn at(microseconds: i64) -> Option<Timestamp> {
    let microseconds = microseconds.checked_add(i64::from(EPOCH) * 86_400_000_000)?;
    let nanoseconds = u32::try_from(microseconds.rem_euclid(1_000_000) * 1_000).ok()?;
    Timestamp::from_epoch(microseconds.div_euclid(1_000_000), nanoseconds)
}

/// Days since 2000-01-01 in the proleptic Gregorian calendar.
pub(crate) fn date(at: Date) -> i32 {
    encode::days(at) - EPOCH
}

#[cfg(test)]
mod tests {
    use super::{at, date, timestamp};

    #[test]
    fn times_are_counted_from_2000() {
        assert_eq!(date("2000-01-01".parse().unwrap()), 0);
        assert_eq!(date("1970-01-01".parse().unwrap()), -10_957);
        assert_eq!(
            timestamp("2000-01-01T02:00:01.5+02:00".parse().unwrap()),
            1_500_000
        );
        assert_eq!(
            timestamp("1999-12-31T23:59:59.9999999Z".parse().unwrap()),
            -1
        );
        for microseconds in [-1, 0, 1_500_000, -62_000_000_000_000_001] {
            assert_eq!(at(microseconds).map(timestamp), Some(microseconds));
        }
        assert_eq!(at(i64::MAX), None);
    }
}
