//! Instants.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};

use super::{ParseError, rfc3339};

/// An instant, to the nanosecond, from year -9999 to 9999.
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
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(jiff::Timestamp::UNIX_EPOCH);

    /// So many seconds and nanoseconds after 1970-01-01T00:00:00Z; `nanoseconds` counts forward
    /// from the second. `None` when that is outside of the years -9999 to 9999, or when
    /// `nanoseconds` is a second or more.
    ///
    /// ```
    /// # use rest_source::Timestamp;
    /// let at = Timestamp::from_epoch(-1, 500_000_000).unwrap();
    /// assert_eq!(at.to_string(), "1969-12-31T23:59:59.5Z");
    /// ```
    pub fn from_epoch(seconds: i64, nanoseconds: u32) -> Option<Self> {
        let nanoseconds = i32::try_from(nanoseconds)
            .ok()
            .filter(|n| *n < 1_000_000_000)?;
        jiff::Timestamp::new(seconds, nanoseconds).ok().map(Self)
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    pub fn epoch_seconds(self) -> i64 {
        let seconds = self.0.as_second();
        seconds - i64::from(self.0.subsec_nanosecond() < 0)
    }

    /// Nanoseconds past [`epoch_seconds`](Self::epoch_seconds), below 1,000,000,000.
    pub fn subsec_nanoseconds(self) -> u32 {
        self.0
            .subsec_nanosecond()
            .rem_euclid(1_000_000_000)
            .unsigned_abs()
    }

    /// So much later. `None` past the year 9999.
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration).ok().map(Self)
    }

    /// So much earlier. `None` before the year -9999.
    pub fn checked_sub(self, duration: Duration) -> Option<Self> {
        self.0.checked_sub(duration).ok().map(Self)
    }

    pub(crate) const fn from_jiff(at: jiff::Timestamp) -> Self {
        Self(at)
    }

    pub(crate) const fn jiff(self) -> jiff::Timestamp {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Timestamp {
    type Err = ParseError;

    /// Reads RFC 3339, and what is close to it: `+0200` for the offset, a space for the `T`, no
    /// seconds. The offset must be there.
    #[inline]
    fn from_str(text: &str) -> Result<Self, ParseError> {
        match rfc3339::usual(text.as_bytes()) {
            Some(at) => Ok(at),
            None => text
                .parse()
                .map(Self)
                .map_err(|_| ParseError::new("timestamp")),
        }
    }
}

impl From<Timestamp> for SystemTime {
    fn from(at: Timestamp) -> Self {
        at.0.into()
    }
}

impl TryFrom<SystemTime> for Timestamp {
    type Error = ParseError;

    /// Fails outside of the years -9999 to 9999.
    fn try_from(at: SystemTime) -> Result<Self, ParseError> {
        at.try_into()
            .map(Self)
            .map_err(|_| ParseError::new("timestamp"))
    }
}
