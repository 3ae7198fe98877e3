//! The value of a setting.

use std::fmt;

use crate::{Date, ParentValue, Timestamp, plan::ConfigType};

/// The value of a setting.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ConfigValue {
    /// Text, or a word of an enum.
    Text(String),
    /// A signed integer of 64 bits.
    Bigint(i64),
    /// A floating-point number of 64 bits.
    Double(f64),
    /// True or false.
    Bool(bool),
    /// A civil date.
    Date(Date),
    /// An instant.
    Timestamp(Timestamp),
}

impl ConfigValue {
    /// The value as JSON, of its own type.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Bigint(number) => (*number).into(),
            Self::Double(number) => (*number).into(),
            Self::Bool(value) => (*value).into(),
            Self::Date(_) | Self::Timestamp(_) => self.to_string().into(),
        }
    }

    /// The value as a row takes it.
    pub(crate) fn to_parent_value(&self) -> ParentValue {
        match self {
            Self::Text(text) => ParentValue::Text(text.clone()),
            Self::Bigint(number) => ParentValue::Bigint(*number),
            Self::Double(number) => ParentValue::Double(*number),
            Self::Bool(value) => ParentValue::Bool(*value),
            Self::Date(date) => ParentValue::Date(*date),
            Self::Timestamp(instant) => ParentValue::Timestamp(*instant),
        }
    }

    /// Reads a value of this type.
    pub fn parse(data_type: &ConfigType, text: &str) -> Option<Self> {
        Some(match data_type {
            ConfigType::Bigint => Self::Bigint(text.parse().ok()?),
            ConfigType::Double => Self::Double(text.parse().ok().filter(|n: &f64| n.is_finite())?),
            ConfigType::Bool => Self::Bool(text.parse().ok()?),
            ConfigType::Date => Self::Date(text.parse().ok()?),
            ConfigType::Timestamp => Self::Timestamp(text.parse().ok()?),
            ConfigType::Enum(words) if !words.iter().any(|word| **word == *text) => return None,
            ConfigType::Text | ConfigType::Enum(_) => Self::Text(text.to_owned()),
        })
    }

    /// Whether it is of this type.
    pub(super) fn is(&self, data_type: &ConfigType) -> bool {
        match (self, data_type) {
            (Self::Text(word), ConfigType::Enum(words)) => words.iter().any(|one| **one == **word),
            (Self::Double(number), ConfigType::Double) => number.is_finite(),
            (Self::Text(_), ConfigType::Text)
            | (Self::Bigint(_), ConfigType::Bigint)
            | (Self::Bool(_), ConfigType::Bool)
            | (Self::Date(_), ConfigType::Date)
            | (Self::Timestamp(_), ConfigType::Timestamp) => true,
            _ => false,
        }
    }
}

/// As it is written in a URL or a header.
impl fmt::Display for ConfigValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Bigint(number) => number.fmt(f),
            Self::Double(number) => number.fmt(f),
            Self::Bool(value) => value.fmt(f),
            Self::Date(date) => date.fmt(f),
            Self::Timestamp(timestamp) => timestamp.fmt(f),
        }
    }
}

impl From<String> for ConfigValue {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&str> for ConfigValue {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<i64> for ConfigValue {
    fn from(value: i64) -> Self {
        Self::Bigint(value)
    }
}

impl From<f64> for ConfigValue {
    fn from(value: f64) -> Self {
        Self::Double(value)
    }
}

impl From<bool> for ConfigValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<Date> for ConfigValue {
    fn from(value: Date) -> Self {
        Self::Date(value)
    }
}

impl From<Timestamp> for ConfigValue {
    fn from(value: Timestamp) -> Self {
        Self::Timestamp(value)
    }
}
