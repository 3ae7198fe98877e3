//! The values that a setting of some type may have.

use serde_json::Value as Json;

use crate::{
    Scalar,
    plan::{ConfigPlan, ConfigType},
};

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
            ConfigType::List(item) => {
                let items = list_items(text)?.into_iter();
                let items: Option<Vec<Self>> = items.map(|text| Self::parse(item, &text)).collect();
                Self::list(items?)
            }
        })
    }

    /// The value of a setting that is a list.
    pub fn list<T: Into<Self>>(values: impl IntoIterator<Item = T>) -> Self {
        let values = values.into_iter().map(|value| value.into().to_json());
        Self::Json(Json::Array(values.collect()).to_string())
    }

    /// Whether a setting of this type may have this value.
    pub(super) fn is_setting_of(&self, data_type: &ConfigType) -> bool {
        match (self, data_type) {
            (Self::Json(text), ConfigType::List(_)) => {
                text.starts_with('[') && Self::parse(data_type, text).is_some()
            }
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

/// The values of a setting: the elements of a list, no value of an optional setting that is not given, and
/// otherwise its one value.
pub(crate) fn values(setting: &ConfigPlan, value: &Scalar) -> Vec<Scalar> {
    match (&setting.data_type, value) {
        (_, Scalar::Null) => Vec::new(),
        (ConfigType::List(item), Scalar::Json(text)) => list_items(text)
            .unwrap_or_default()
            .iter()
            .filter_map(|text| Scalar::parse(item, text))
            .collect(),
        (_, value) => vec![value.clone()],
    }
}

/// The elements of a list as texts: a JSON list, or texts with commas between them.
fn list_items(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Vec::new());
    }
    if text.starts_with('[') {
        let elements: Vec<Json> = serde_json::from_str(text).ok()?;
        let texts = elements.into_iter().map(|element| match element {
            Json::String(text) => Some(text),
            Json::Number(_) | Json::Bool(_) => Some(element.to_string()),
            _ => None,
        });
        return texts.collect();
    }
    let items = text.split(',').map(str::trim);
    items
        .map(|item| (!item.is_empty()).then(|| item.to_owned()))
        .collect()
}
