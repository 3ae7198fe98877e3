//! Civil dates.

use std::{fmt, str::FromStr};

use super::ParseError;

/// A day of the Gregorian calendar, without a zone, from year -9999 to 9999.
///
/// ```
/// use rest_source::Date;
///
/// let day: Date = "2026-11-21".parse()?;
/// assert_eq!((day.year(), day.month(), day.day()), (2026, 11, 21));
/// assert_eq!(day.to_string(), "2026-11-21");
/// # Ok::<(), rest_source::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(jiff::civil::Date);

impl Date {
    /// 1970-01-01.
    pub const EPOCH: Self = Self(jiff::civil::Date::constant(1970, 1, 1));

    /// This day. `None` where there is no such day.
    pub fn new(year: i16, month: i8, day: i8) -> Option<Self> {
        jiff::civil::Date::new(year, month, day).ok().map(Self)
    }

    /// The year, -9999 to 9999.
    pub fn year(self) -> i16 {
        self.0.year()
    }

    /// The month, 1 to 12.
    pub fn month(self) -> i8 {
        self.0.month()
    }

    /// The day of the month, 1 to 31.
    pub fn day(self) -> i8 {
        self.0.day()
    }

    /// So many days later, or earlier where negative. `None` outside of the years -9999 to 9999.
    pub fn checked_add_days(self, days: i64) -> Option<Self> {
        let span = jiff::Span::new().try_days(days).ok()?;
        self.0.checked_add(span).ok().map(Self)
    }

    pub(crate) const fn from_jiff(day: jiff::civil::Date) -> Self {
        Self(day)
    }

    pub(crate) const fn jiff(self) -> jiff::civil::Date {
        self.0
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Date {
    type Err = ParseError;

    /// Reads `2026-11-21`, and nothing that has a time in it.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.len() > "+002026-11-21".len() {
            return Err(ParseError::new("date"));
        }
        text.parse().map(Self).map_err(|_| ParseError::new("date"))
    }
}
