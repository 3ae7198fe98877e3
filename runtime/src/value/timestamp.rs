//! Instants.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};

use jiff::{
    SignedDuration,
    civil::{DateTime, date},
    fmt::temporal::Pieces,
    tz::TimeZone,
};

use super::{Date, ParseError, rfc3339};

/// Seconds of a day.
const DAY: i64 = 86_400;
/// 1970-01-01T00:00:00.
const CIVIL_EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);
/// 9999-12-31T23:59:59Z.
const LAST_SECOND: i64 = 253_402_300_799;

/// An instant, to the nanosecond, from -9999-01-02T01:59:59Z to the end of the year 9999 in UTC, which
/// many an API sends for "never".
///
/// It is shown in RFC 3339, in UTC, with as many digits after the second as it needs.
///
/// ```
/// use rest_source::Timestamp;
///
/// let at: Timestamp = "2026-11-21T09:30:00.5+02:00".parse()?;
/// assert_eq!(at.to_string(), "2026-11-21T07:30:00.5Z");
/// assert_eq!(at.epoch_seconds(), 1_795_246_200);
/// # Ok::<(), rest_source::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Since 1970, rounded down.
    second: i64,
    nanosecond: u32,
}

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self {
        second: 0,
        nanosecond: 0,
    };

    /// So many seconds and nanoseconds after 1970-01-01T00:00:00Z; `nanoseconds` counts forward
    /// from the second. `None` when that is outside of the years -9999 to 9999, or when
    /// `nanoseconds` is a second or more.
    ///
    /// ```
    /// # use rest_source::Timestamp;
    /// let at = Timestamp::from_epoch(-1, 500_000_000).unwrap();
    /// assert_eq!(at.to_string(), "1969-12-31T23:59:59.5Z");
    /// ```
    #[inline]
    pub fn from_epoch(seconds: i64, nanoseconds: u32) -> Option<Self> {
        let years = jiff::Timestamp::MIN.as_second()..=LAST_SECOND;
        (years.contains(&seconds) && nanoseconds < 1_000_000_000).then_some(Self {
            second: seconds,
            nanosecond: nanoseconds,
        })
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    pub const fn epoch_seconds(self) -> i64 {
        self.second
    }

    /// Nanoseconds past [`epoch_seconds`](Self::epoch_seconds), below 1,000,000,000.
    pub const fn subsec_nanoseconds(self) -> u32 {
        self.nanosecond
    }

    /// Date and time in UTC, with nine digits after the second: `2026-11-21T09:30:00.500000000`. For formats that add an
    /// offset, and may cut off the last digits. `None` outside of the years 0 to 9999.
    ///
    /// ```
    /// # use rest_source::Timestamp;
    /// let at: Timestamp = "2026-11-21T09:30:00.5+02:00".parse()?;
    /// assert_eq!(at.digits().unwrap(), *b"2026-11-21T07:30:00.500000000");
    /// # Ok::<(), rest_source::ParseError>(())
    /// ```
    pub fn digits(self) -> Option<[u8; 29]> {
        let (year, month, day) = civil(self.second.div_euclid(DAY))?;
        // An unsigned number below 86,400.
        let second = self.second.rem_euclid(DAY).unsigned_abs();
        let mut digits = *b"0000-00-00T00:00:00.000000000";
        put_digits(&mut digits[0..4], year);
        put_digits(&mut digits[5..7], month);
        put_digits(&mut digits[8..10], day);
        put_digits(&mut digits[11..13], second / 3600);
        put_digits(&mut digits[14..16], second / 60 % 60);
        put_digits(&mut digits[17..19], second % 60);
        put_digits(&mut digits[20..29], self.nanosecond.into());
        Some(digits)
    }

    /// So much later. `None` past the year 9999.
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        let nanoseconds = i128::try_from(duration.as_nanos()).ok()?;
        Self::from_epoch_nanoseconds(self.epoch_nanoseconds().checked_add(nanoseconds)?)
    }

    /// So much earlier. `None` before the year -9999.
    pub fn checked_sub(self, duration: Duration) -> Option<Self> {
        let nanoseconds = i128::try_from(duration.as_nanos()).ok()?;
        Self::from_epoch_nanoseconds(self.epoch_nanoseconds().checked_sub(nanoseconds)?)
    }

    /// The day that it is in, in UTC.
    pub(crate) fn day(self) -> Option<Date> {
        self.civil(&TimeZone::UTC)
            .map(|civil| Date::from_jiff(civil.date()))
    }

    /// The second that it is in.
    pub(crate) const fn whole_second(self) -> Self {
        Self {
            second: self.second,
            nanosecond: 0,
        }
    }

    pub(crate) fn epoch_nanoseconds(self) -> i128 {
        i128::from(self.second) * 1_000_000_000 + i128::from(self.nanosecond)
    }

    pub(crate) fn from_epoch_nanoseconds(nanoseconds: i128) -> Option<Self> {
        let seconds = i64::try_from(nanoseconds.div_euclid(1_000_000_000)).ok()?;
        let subsec = u32::try_from(nanoseconds.rem_euclid(1_000_000_000)).ok()?;
        Self::from_epoch(seconds, subsec)
    }

    pub(crate) fn from_jiff(at: jiff::Timestamp) -> Option<Self> {
        Self::from_epoch_nanoseconds(at.as_nanosecond())
    }

    /// The same to jiff, whose instants end 26 hours before the year 9999 does: so that each has a
    /// civil time in every zone.
    pub(crate) fn jiff(self) -> Option<jiff::Timestamp> {
        let nanosecond = i32::try_from(self.nanosecond).ok()?;
        jiff::Timestamp::new(self.second, nanosecond).ok()
    }

    /// The instant of a civil time in a zone; in a gap or a fold, as if the change had not happened
    /// yet.
    pub(crate) fn in_zone(zone: &TimeZone, civil: DateTime) -> Option<Self> {
        if let Ok(at) = zone.to_timestamp(civil) {
            return Self::from_jiff(at);
        }
        // After jiff's last instant the offset is what it is then.
        let civil = civil.duration_since(CIVIL_EPOCH);
        let at = civil.checked_sub(last_offset(zone))?;
        Self::from_epoch_nanoseconds(at.as_nanos()).filter(|at| at.jiff().is_none())
    }

    /// The civil time in a zone. `None` where that is in the year 10000.
    pub(crate) fn civil(self, zone: &TimeZone) -> Option<DateTime> {
        if let Some(at) = self.jiff() {
            return Some(zone.to_datetime(at));
        }
        let nanosecond = i32::try_from(self.nanosecond).ok()?;
        let since = SignedDuration::new(self.second, nanosecond);
        let local = since.checked_add(last_offset(zone))?;
        CIVIL_EPOCH.checked_add(local).ok()
    }
}

/// How far a zone is ahead of UTC at jiff's last instant.
fn last_offset(zone: &TimeZone) -> SignedDuration {
    let offset = zone.to_offset(jiff::Timestamp::MAX);
    SignedDuration::from_secs(offset.seconds().into())
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

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(digits) = self.digits().filter(|_| f.precision().is_none()) {
            let mut end = digits.len();
            while digits[end - 1] == b'0' && end > 20 {
                end -= 1;
            }
            // Without a fraction, no point either.
            let end = if end == 20 { 19 } else { end };
            // They are ASCII.
            f.write_str(str::from_utf8(&digits[..end]).unwrap_or_default())?;
            return f.write_str("Z");
        }
        match self.jiff() {
            Some(at) => fmt::Display::fmt(&at, f),
            None => match self.civil(&TimeZone::UTC) {
                Some(civil) => write!(f, "{civil}Z"),
                // Every instant that can be made has one.
                None => Err(fmt::Error),
            },
        }
    }
}

impl FromStr for Timestamp {
    type Err = ParseError;

    /// Reads RFC 3339, and what is close to it: `+0200` for the offset, a space for the `T`, no
    /// seconds. The offset must be there.
    #[inline]
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let read = match rfc3339::usual(text.as_bytes()) {
            Some(at) => Some(at),
            None => match text.parse() {
                Ok(at) => Self::from_jiff(at),
                Err(_) => past_jiff(text),
            },
        };
        read.ok_or_else(|| ParseError::new("timestamp"))
    }
}

/// Reads an instant after jiff's last.
fn past_jiff(text: &str) -> Option<Timestamp> {
    let pieces = Pieces::parse(text).ok()?;
    let zone = pieces.to_numeric_offset()?.to_time_zone();
    let at = Timestamp::in_zone(&zone, pieces.date().to_datetime(pieces.time()?))?;
    at.jiff().is_none().then_some(at)
}

impl From<Timestamp> for SystemTime {
    fn from(at: Timestamp) -> Self {
        let seconds = Duration::from_secs(at.second.unsigned_abs());
        let whole = if at.second < 0 {
            Self::UNIX_EPOCH - seconds
        } else {
            Self::UNIX_EPOCH + seconds
        };
        whole + Duration::from_nanos(at.nanosecond.into())
    }
}

impl TryFrom<SystemTime> for Timestamp {
    type Error = ParseError;

    /// Fails outside of the years -9999 to 9999.
    fn try_from(at: SystemTime) -> Result<Self, ParseError> {
        let made = match at.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => Self::EPOCH.checked_add(after),
            Err(before) => Self::EPOCH.checked_sub(before.duration()),
        };
        made.ok_or_else(|| ParseError::new("timestamp"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_hours_of_the_year_9999_are_instants() {
        for (text, shown) in [
            (
                "9999-12-30T22:00:00.999999999Z",
                "9999-12-30T22:00:00.999999999Z",
            ),
            ("9999-12-30T22:00:01Z", "9999-12-30T22:00:01Z"),
            ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
            (
                "9999-12-31T23:59:59.999999999Z",
                "9999-12-31T23:59:59.999999999Z",
            ),
            ("9999-12-31T23:59:59.500+05:30", "9999-12-31T18:29:59.5Z"),
            ("9999-12-31 23:59:59+0000", "9999-12-31T23:59:59Z"),
            ("9999-12-31t23:59:59z", "9999-12-31T23:59:59Z"),
            ("9999-12-31T23:59+00", "9999-12-31T23:59:00Z"),
        ] {
            let at: Timestamp = text.parse().unwrap();
            assert_eq!(at.to_string(), shown, "{text}");
            assert_eq!(shown.parse(), Ok(at));
            assert_eq!(Timestamp::try_from(SystemTime::from(at)), Ok(at));
            assert!(at > "9999-12-30T22:00:00Z".parse().unwrap());
        }
        for text in [
            "9999-12-31T23:59:59-00:01",
            "9999-12-31T23:59:59",
            "9999-12-31",
            "9999-12-31Z",
            "10000-01-01T00:00:00Z",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn texts_are_those_of_jiff() {
        // About 1,000 days of the years -100 to 9999, and the seconds around the year 0.
        let days = (-756_000_i64..2_930_000).step_by(3_651);
        let seconds = days.map(|day| day * DAY + day.rem_euclid(DAY));
        let edges = [-62_167_219_201, -62_167_219_200, -1, 0];
        let nanoseconds = [0, 999_999_999, 120_000, 1, 500_000_000];
        for (second, nanosecond) in seconds.chain(edges).zip(nanoseconds.into_iter().cycle()) {
            let at = Timestamp::from_epoch(second, nanosecond).unwrap();
            assert_eq!(at.to_string(), at.jiff().unwrap().to_string());
            assert_eq!(format!("{at:.3}"), format!("{:.3}", at.jiff().unwrap()));
        }
    }

    #[test]
    fn instants_are_moved_up_to_the_bounds() {
        let nanosecond = Duration::from_nanos(1);
        let last: Timestamp = "9999-12-31T23:59:59.999999999Z".parse().unwrap();
        assert_eq!(last.checked_add(nanosecond), None);
        assert_eq!(last.checked_add(Duration::MAX), None);
        let before = last.checked_sub(Duration::from_secs(86_400)).unwrap();
        assert_eq!(before.to_string(), "9999-12-30T23:59:59.999999999Z");
        let first = Timestamp::from_jiff(jiff::Timestamp::MIN).unwrap();
        assert_eq!(first.checked_sub(nanosecond), None);
        assert_eq!(first.checked_sub(Duration::MAX), None);
        assert_eq!(first.to_string(), jiff::Timestamp::MIN.to_string());
        let before_1970 = Timestamp::EPOCH.checked_sub(nanosecond).unwrap();
        assert_eq!(before_1970.subsec_nanoseconds(), 999_999_999);
        assert_eq!(
            Timestamp::try_from(SystemTime::from(before_1970)),
            Ok(before_1970)
        );
    }
}
