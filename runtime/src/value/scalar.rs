//! An owned value: of a setting, a cursor or a parent's field.

use std::{cmp::Ordering, fmt};

use serde_json::Value as Json;

use super::{Date, Decimal, Field, Time, Timestamp, Value};

/// An owned value: of a setting, of a cursor, or of a field of a parent's record.
///
/// ```
/// use rest_source::{Scalar, Timestamp};
///
/// let at: Timestamp = "2026-11-21T09:30:00Z".parse()?;
/// assert_eq!(Scalar::from(at).to_string(), "2026-11-21T09:30:00Z");
/// assert!(Scalar::from(7) < Scalar::from(8));
/// assert_eq!(Scalar::from(7).partial_cmp(&Scalar::from("7")), None);
/// assert_eq!(Scalar::from("7").to_json(), "7");
/// # Ok::<(), rest_source::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Scalar {
    /// Null, or absent.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer.
    Bigint(i64),
    /// A floating-point number.
    Double(f64),
    /// Text, or the word of an enum.
    Text(String),
    /// An instant.
    Timestamp(Timestamp),
    /// A civil date.
    Date(Date),
    /// A civil time of day.
    Time(Time),
    /// A decimal number.
    Decimal(Decimal),
    /// Bytes.
    Binary(Vec<u8>),
    /// An object, a list, or a number that is not a 64-bit integer, as JSON text.
    Json(String),
}

impl Scalar {
    /// The value as JSON, a number with the digits that it was written with.
    pub(crate) fn to_json_text(&self) -> String {
        match self {
            Self::Json(text) => text.clone(),
            Self::Decimal(number) => number.as_str().to_owned(),
            value => value.to_json().to_string(),
        }
    }

    /// The value as a row has it, borrowed.
    pub fn as_value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Bigint(value) => Value::Bigint(*value),
            Self::Double(value) => Value::Double(*value),
            Self::Text(value) => Value::Text(value),
            Self::Timestamp(value) => Value::Timestamp(*value),
            Self::Date(value) => Value::Date(*value),
            Self::Time(value) => Value::Time(*value),
            Self::Decimal(value) => Value::Decimal(value.as_str()),
            Self::Binary(value) => Value::Binary(value),
            Self::Json(value) => Value::Json(value),
        }
    }

    /// The value as JSON: numbers, booleans and JSON as they are, any other as text.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => (*value).into(),
            Self::Bigint(value) => (*value).into(),
            Self::Double(value) => (*value).into(),
            Self::Json(text) => serde_json::from_str(text).unwrap_or_default(),
            other => other.to_string().into(),
        }
    }
}

impl fmt::Display for Scalar {
    /// As it stands in a URL: see [`Value`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_value().fmt(f)
    }
}

impl PartialOrd for Scalar {
    /// By value, as [`Value`] is ordered: values of different kinds have no order.
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.as_value().partial_cmp(&other.as_value())
    }
}

impl From<&str> for Scalar {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl<T: Into<Self>> From<Option<T>> for Scalar {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<Value<'_>> for Scalar {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Absent | Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Bigint(value) => Self::Bigint(value),
            Value::Double(value) => Self::Double(value),
            Value::Text(value) => Self::Text(value.to_owned()),
            Value::Timestamp(value) => Self::Timestamp(value),
            Value::Date(value) => Self::Date(value),
            Value::Time(value) => Self::Time(value),
            Value::Decimal(value) => Self::Decimal(Decimal::from_canonical(value)),
            Value::Binary(value) => Self::Binary(value.to_owned()),
            Value::Json(text) => Self::of_json_text(text),
        }
    }
}

impl Scalar {
    /// A scalar of a json column as its own type.
    pub(crate) fn of_json_text(text: &str) -> Self {
        if text.starts_with(['{', '[']) {
            return Self::Json(text.to_owned());
        }
        let tree: Json = serde_json::from_str(text).unwrap_or_default();
        match tree.to_scalar() {
            // The digits as the API wrote them.
            Self::Json(_) => Self::Json(text.to_owned()),
            value => value,
        }
    }
}

/// The type of a field that a child takes of a parent's record.
pub trait ToScalar {
    /// The value of the field.
    fn to_scalar(&self) -> Scalar;
}

impl ToScalar for Json {
    fn to_scalar(&self) -> Scalar {
        match self {
            Self::Null => Scalar::Null,
            Self::Bool(value) => Scalar::Bool(*value),
            Self::Number(number) if let Some(integer) = number.as_i64() => Scalar::Bigint(integer),
            Self::String(text) => Scalar::Text(text.clone()),
            Self::Number(_) | Self::Array(_) | Self::Object(_) => Scalar::Json(self.to_string()),
        }
    }
}

impl ToScalar for str {
    fn to_scalar(&self) -> Scalar {
        Scalar::Text(self.to_owned())
    }
}

macro_rules! owned_values {
    ($($variant:ident($value:ty)),*) => {
        $(
            impl From<$value> for Scalar {
                fn from(value: $value) -> Self {
                    Self::$variant(value)
                }
            }

            impl ToScalar for $value {
                fn to_scalar(&self) -> Scalar {
                    self.clone().into()
                }
            }
        )*
    };
}

owned_values!(
    Bool(bool),
    Bigint(i64),
    Double(f64),
    Text(String),
    Timestamp(Timestamp),
    Date(Date),
    Time(Time),
    Decimal(Decimal),
    Binary(Vec<u8>)
);

impl<T: ToScalar + ?Sized> ToScalar for &T {
    fn to_scalar(&self) -> Scalar {
        (**self).to_scalar()
    }
}

impl<T: ToScalar> ToScalar for Option<T> {
    fn to_scalar(&self) -> Scalar {
        self.as_ref().map_or(Scalar::Null, T::to_scalar)
    }
}

impl<T: ToScalar> ToScalar for Field<T> {
    fn to_scalar(&self) -> Scalar {
        self.as_ref().value().to_scalar()
    }
}
