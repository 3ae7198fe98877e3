//! What cells hold: scalars as types of this crate, and one cell's value as an enum.

mod convert;
mod date;
pub(crate) mod decimal;
pub(crate) mod digits;
mod field;
pub(crate) mod format;
pub(crate) mod json_text;
mod rfc3339;
mod scalar;
mod time;
mod timestamp;

use std::{cmp::Ordering, fmt};

pub use scalar::ToScalar;

pub use self::{
    convert::ConversionError, date::Date, decimal::Decimal, field::Field, scalar::Scalar,
    time::Time, timestamp::Timestamp,
};

/// A JSON value, for columns of type `json` and for untyped resources.
pub type Json = serde_json::Value;

/// One cell's value, borrowed from its page.
#[derive(Clone, Copy, Debug)]
pub enum Value<'p> {
    /// The key is not there; told from null only where the column is `presence: explicit`.
    Absent,
    /// Null.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer.
    Bigint(i64),
    /// A floating-point number, always finite.
    Double(f64),
    /// Text, and the word of an enum.
    Text(&'p str),
    /// An instant.
    Timestamp(Timestamp),
    /// A civil date.
    Date(Date),
    /// A civil time.
    Time(Time),
    /// A decimal number in plain digits: see [`Decimal`].
    Decimal(&'p str),
    /// Bytes.
    Binary(&'p [u8]),
    /// JSON as it stands in the response: the value of a json, object, array, map or union column.
    Json(&'p str),
}

impl Value<'_> {
    /// Whether there is no value: null or absent.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Absent | Self::Null)
    }
}

impl PartialEq for Value<'_> {
    /// By value; decimals by their number, JSON by its text.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Absent, Self::Absent) | (Self::Null, Self::Null) => true,
            (Self::Json(a), Self::Json(b)) => a == b,
            _ => self.partial_cmp(other) == Some(Ordering::Equal),
        }
    }
}

impl PartialOrd for Value<'_> {
    /// By value, within one kind; decimals by their number. Values of different kinds, and JSON, have
    /// no order.
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.partial_cmp(b),
            (Self::Bigint(a), Self::Bigint(b)) => a.partial_cmp(b),
            (Self::Double(a), Self::Double(b)) => a.partial_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.partial_cmp(b),
            (Self::Timestamp(a), Self::Timestamp(b)) => a.partial_cmp(b),
            (Self::Date(a), Self::Date(b)) => a.partial_cmp(b),
            (Self::Time(a), Self::Time(b)) => a.partial_cmp(b),
            (Self::Decimal(a), Self::Decimal(b)) => Some(decimal::compare(a, b)),
            (Self::Binary(a), Self::Binary(b)) => a.partial_cmp(b),
            _ => None,
        }
    }
}

impl fmt::Display for Value<'_> {
    /// As it would stand in a URL or a log: text as it is, times in ISO 8601, bytes as base64, and
    /// nothing at all for null.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use base64::{Engine, engine::general_purpose::STANDARD};
        match self {
            Self::Absent | Self::Null => Ok(()),
            Self::Bool(value) => fmt::Display::fmt(value, f),
            Self::Bigint(value) => fmt::Display::fmt(value, f),
            Self::Double(value) => fmt::Display::fmt(value, f),
            Self::Text(value) | Self::Decimal(value) | Self::Json(value) => f.pad(value),
            Self::Timestamp(value) => fmt::Display::fmt(value, f),
            Self::Date(value) => fmt::Display::fmt(value, f),
            Self::Time(value) => fmt::Display::fmt(value, f),
            Self::Binary(value) => f.pad(&STANDARD.encode(value)),
        }
    }
}

/// A text that is no such value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    expected: &'static str,
}

impl ParseError {
    pub(crate) const fn new(expected: &'static str) -> Self {
        Self { expected }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the text is no {}", self.expected)
    }
}

impl std::error::Error for ParseError {}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn values_compare_within_their_kind() {
        assert!(Value::Decimal("9.5") < Value::Decimal("10.25"));
        assert_eq!(Value::Decimal("9.50"), Value::Decimal("9.5"));
        assert!(Value::Text("a") < Value::Text("b"));
        assert_eq!(Value::Bigint(1).partial_cmp(&Value::Double(1.0)), None);
        assert_eq!(Value::Null, Value::Null);
        assert_ne!(Value::Null, Value::Absent);
        assert_eq!(Value::Json("[1]"), Value::Json("[1]"));
        assert_eq!(Value::Json("[1]").partial_cmp(&Value::Json("[1]")), None);
    }

    #[test]
    fn values_are_shown_as_they_would_stand_in_a_url() {
        assert_eq!(Value::Null.to_string(), "");
        assert_eq!(Value::Binary(&[1, 2]).to_string(), "AQI=");
        assert_eq!(Value::Double(7.0).to_string(), "7");
        assert_eq!(Value::Bool(true).to_string(), "true");
    }
}
