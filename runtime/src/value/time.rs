//! Civil times of day.

use std::{fmt, str::FromStr};

use super::ParseError;

/// A time of day, without a date or a zone, to the nanosecond.
///
/// ```
/// use rest_source::Time;
///
/// let time: Time = "09:30".parse()?;
/// assert_eq!((time.hour(), time.minute(), time.second()), (9, 30, 0));
/// assert_eq!(time.to_string(), "09:30:00");
/// # Ok::<(), rest_source::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(jiff::civil::Time);

impl Time {
    /// 00:00:00.
    pub const MIDNIGHT: Self = Self(jiff::civil::Time::MIN);

    /// This time. `None` where there is no such time; a leap second (60) is none.
    pub fn new(hour: u8, minute: u8, second: u8, nanosecond: u32) -> Option<Self> {
        jiff::civil::Time::new(
            i8::try_from(hour).ok()?,
            i8::try_from(minute).ok()?,
            i8::try_from(second).ok()?,
            i32::try_from(nanosecond).ok()?,
        )
        .ok()
        .map(Self)
    }

    /// The hour, 0 to 23.
    pub fn hour(self) -> u8 {
        self.0.hour().unsigned_abs()
    }

    /// The minute, 0 to 59.
    pub fn minute(self) -> u8 {
        self.0.minute().unsigned_abs()
    }

    /// The second, 0 to 59.
    pub fn second(self) -> u8 {
        self.0.second().unsigned_abs()
    }

    /// Nanoseconds past the second, below 1,000,000,000.
    pub fn nanosecond(self) -> u32 {
        self.0.subsec_nanosecond().unsigned_abs()
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Time {
    type Err = ParseError;

    /// Reads `09:30:00`, with digits after the second or without seconds, and nothing that has a
    /// date or an offset in it.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let civil = text
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.' | b','));
        if !civil || !text.contains(':') {
            return Err(ParseError::new("time"));
        }
        text.parse().map(Self).map_err(|_| ParseError::new("time"))
    }
}
