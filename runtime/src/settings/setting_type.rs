//! The values that a setting of some type may have.

use crate::{Scalar, plan::ConfigType};

impl Scalar {
    /// Reads the value of a setting of this type.
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

    /// Whether a setting of this type may have this value.
    pub(super) fn is_setting_of(&self, data_type: &ConfigType) -> bool {
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
