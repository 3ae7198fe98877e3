//! Fetching only what is new: where to start, what is in range, how far it came.

use crate::value::{Date, Decimal, Time, Timestamp};

/// A value of a cursor column: what an incremental fetch starts and ends at.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum CursorValue {
    /// An integer.
    Bigint(i64),
    /// A floating-point number.
    Double(f64),
    /// Text, ordered by its code points.
    Text(String),
    /// An instant.
    Timestamp(Timestamp),
    /// A civil date.
    Date(Date),
    /// A civil time of day.
    Time(Time),
    /// A decimal number.
    Decimal(Decimal),
}

impl From<i64> for CursorValue {
    fn from(value: i64) -> Self {
        Self::Bigint(value)
    }
}

impl From<f64> for CursorValue {
    fn from(value: f64) -> Self {
        Self::Double(value)
    }
}

impl From<String> for CursorValue {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Timestamp> for CursorValue {
    fn from(value: Timestamp) -> Self {
        Self::Timestamp(value)
    }
}

impl From<Date> for CursorValue {
    fn from(value: Date) -> Self {
        Self::Date(value)
    }
}

impl From<Time> for CursorValue {
    fn from(value: Time) -> Self {
        Self::Time(value)
    }
}

impl From<Decimal> for CursorValue {
    fn from(value: Decimal) -> Self {
        Self::Decimal(value)
    }
}

impl From<&str> for CursorValue {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
