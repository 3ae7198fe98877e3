//! Reading a JSON value by its kind, whatever it is.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::fault::Found;

/// What to do with a JSON value. Objects and lists are read over unless they are asked for.
pub(super) trait Visit<'de>: Sized {
    type Value;

    /// A scalar, or an object or a list that was read over.
    fn other(self, found: Found<'_>) -> Self::Value;

    fn null(self) -> Self::Value {
        self.other(Found::Null)
    }

    fn text(self, text: &str) -> Self::Value {
        self.other(Found::Text(text))
    }

    fn integer(self, value: i64) -> Self::Value {
        self.other(Found::Number(&value.to_string()))
    }

    fn object<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        skip_object(map)?;
        Ok(self.other(Found::Object))
    }

    fn list<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        skip_list(list)?;
        Ok(self.other(Found::List))
    }
}

/// Reads any value.
#[inline]
pub(super) fn visit<'de, V: Visit<'de>, D: Deserializer<'de>>(
    deserializer: D,
    visit: V,
) -> Result<V::Value, D::Error> {
    deserializer.deserialize_any(Any(visit))
}

pub(super) fn skip_object<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

pub(super) fn skip_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<(), A::Error> {
    while list.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

struct Any<V>(V);

impl<'de, V: Visit<'de>> Visitor<'de> for Any<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("json")
    }

    #[inline]
    fn visit_unit<E>(self) -> Result<V::Value, E> {
        Ok(self.0.null())
    }

    #[inline]
    fn visit_bool<E>(self, value: bool) -> Result<V::Value, E> {
        Ok(self.0.other(Found::Bool(value)))
    }

    #[inline]
    fn visit_i64<E>(self, value: i64) -> Result<V::Value, E> {
        Ok(self.0.integer(value))
    }

    #[inline]
    fn visit_u64<E>(self, value: u64) -> Result<V::Value, E> {
        Ok(match i64::try_from(value) {
            Ok(value) => self.0.integer(value),
            Err(_) => self.0.other(Found::Number(&value.to_string())),
        })
    }

    fn visit_f64<E>(self, value: f64) -> Result<V::Value, E> {
        Ok(self.0.other(Found::Number(&value.to_string())))
    }

    #[inline]
    fn visit_str<E>(self, text: &str) -> Result<V::Value, E> {
        Ok(self.0.text(text))
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<V::Value, A::Error> {
        self.0.list(list)
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.0.object(map)
    }
}

/// Any JSON value, read as deep as a tree of it could be.
pub(super) struct Whole;

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        visit(deserializer, Whole)
    }
}

impl<'de> Visit<'de> for Whole {
    type Value = Self;

    fn other(self, _: Found<'_>) -> Self {
        self
    }

    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<Self>()?.is_some() {}
        Ok(self)
    }
}
