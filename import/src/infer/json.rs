//! JSON as it was received: keys in order, numbers with all their digits.

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The deepest nesting of a page.
const DEPTH: usize = 100;

/// The number of JSON values that may still be read: bounds the memory of an inference.
#[derive(Clone, Debug)]
pub struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(4_000_000)
    }
}

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Json {
    /// Null.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object, its keys in order.
    Map(Vec<(String, Json)>),
}

/// The members of an object, in order. Of equal keys the last one counts.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members: Vec<(String, &'de RawValue)> = Vec::new();
                let mut places = BTreeMap::new();
                while let Some((key, value)) = map.next_entry::<String, &'de RawValue>()? {
                    if let Some(at) = places.get(&key) {
                        let at: usize = *at;
                        members[at].1 = value;
                    } else {
                        places.insert(key.clone(), members.len());
                        members.push((key, value));
                    }
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

impl Json {
    /// Reads a JSON text.
    ///
    /// # Errors
    ///
    /// If the text is not JSON, nested too deeply, or has more values than the budget.
    pub fn parse(text: &str, budget: &mut Budget) -> Result<Self, String> {
        let raw = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
        Self::read(raw, DEPTH, budget).map_err(|error| error.to_string())
    }

    fn read(raw: &RawValue, depth: usize, budget: &mut Budget) -> Result<Self, serde_json::Error> {
        let text = raw.get();
        let Some(depth) = depth.checked_sub(1) else {
            return Err(serde_json::Error::custom(format!(
                "nested more than {DEPTH} deep"
            )));
        };
        let Some(rest) = budget.0.checked_sub(1) else {
            return Err(serde_json::Error::custom(
                "too many values: infer from fewer pages",
            ));
        };
        budget.0 = rest;
        Ok(match text.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'"') => Self::Text(serde_json::from_str(text)?),
            Some(b'[') => {
                let elements: Vec<&RawValue> = serde_json::from_str(text)?;
                let elements = elements
                    .into_iter()
                    .map(|raw| Self::read(raw, depth, budget));
                Self::List(elements.collect::<Result<_, _>>()?)
            }
            Some(b'{') => {
                let Members(members) = serde_json::from_str(text)?;
                let members = members
                    .into_iter()
                    .map(|(key, raw)| Ok((key, Self::read(raw, depth, budget)?)));
                Self::Map(members.collect::<Result<_, serde_json::Error>>()?)
            }
            _ => Self::Number(text.to_owned()),
        })
    }

    /// The value of a key of an object.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let mut members = self.members().iter();
        members
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    /// The value at a path of keys.
    pub fn at(&self, path: &[String]) -> Option<&Self> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The members of an object; none of another value.
    pub fn members(&self) -> &[(String, Self)] {
        match self {
            Self::Map(members) => members,
            _ => &[],
        }
    }

    /// The elements of a list; none of another value.
    pub fn elements(&self) -> &[Self] {
        match self {
            Self::List(elements) => elements,
            _ => &[],
        }
    }

    /// The text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number that is not negative, also as text.
    pub fn as_count(&self) -> Option<u64> {
        match self {
            Self::Number(text) | Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A text or a number, as a query has it.
    pub fn as_scalar(&self) -> Option<&str> {
        match self {
            Self::Number(text) | Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The order of two times of one format: of numbers by their value, of texts by their characters.
    pub(super) fn cmp_scalars(&self, other: &Self) -> std::cmp::Ordering {
        let (one, other) = (
            self.as_scalar().unwrap_or_default(),
            other.as_scalar().unwrap_or_default(),
        );
        match (one.parse::<i64>(), other.parse::<i64>()) {
            (Ok(one), Ok(other)) => one.cmp(&other),
            _ => one.cmp(other),
        }
    }

    /// Whether it is null, empty or false.
    pub fn is_nothing(&self) -> bool {
        match self {
            Self::Null | Self::Bool(false) => true,
            Self::Text(text) => text.is_empty(),
            _ => false,
        }
    }
}
