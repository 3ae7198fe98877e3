//! Keys that stand twice in one object. A tree keeps the last value of such a key, and what a query finds then lacks the
//! other.

use std::{borrow::Cow, collections::HashSet, fmt, fmt::Write};

use serde::{
    Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{
    fault::Found,
    selector::push_key,
    visit::{Visit, visit},
};

/// How many are looked at.
const MAX_TWICE: usize = 100;

/// A key that stands twice.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Twice {
    /// The place of its object, as JSONPath.
    pub(super) object: String,
    pub(super) key: String,
}

impl Twice {
    /// Whether it stands in the value at this place, or below it.
    pub(super) fn is_within(&self, place: &str) -> bool {
        let rest = self.object.strip_prefix(place);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    }
}

/// The keys of a document that stand twice in their objects, the first few of them.
pub(super) fn keys_twice(json: &str) -> serde_json::Result<Vec<Twice>> {
    let mut found = Vec::new();
    let mut place = String::from("$");
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let keys = Keys {
        place: &mut place,
        found: &mut found,
    };
    keys.deserialize(&mut deserializer)?;
    Ok(found)
}

/// Whether an object has this key twice.
pub(super) fn has_twice(object: &str, key: &str) -> bool {
    let mut deserializer = serde_json::Deserializer::from_str(object);
    visit(&mut deserializer, Count(key)).is_ok_and(|count| count > 1)
}

/// Counts a key of an object.
struct Count<'k>(&'k str);

impl<'de> Visit<'de> for Count<'_> {
    type Value = usize;

    fn other(self, _: Found<'_>) -> usize {
        0
    }

    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<usize, A::Error> {
        let mut count = 0;
        while let Some(key) = map.next_key_seed(Key)? {
            count += usize::from(key == self.0);
            map.next_value::<IgnoredAny>()?;
        }
        Ok(count)
    }
}

/// Looks for keys that stand twice in a value.
struct Keys<'a> {
    /// The place of the value.
    place: &'a mut String,
    found: &'a mut Vec<Twice>,
}

impl<'de> DeserializeSeed<'de> for Keys<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        visit(deserializer, self)
    }
}

impl<'de> Visit<'de> for Keys<'_> {
    type Value = ();

    fn other(self, _: Found<'_>) {}

    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let length = self.place.len();
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key_seed(Key)? {
            push_key(self.place, &key);
            map.next_value_seed(Keys {
                place: &mut *self.place,
                found: &mut *self.found,
            })?;
            self.place.truncate(length);
            if let Some(key) = seen.replace(key)
                && self.found.len() < MAX_TWICE
            {
                self.found.push(Twice {
                    object: self.place.clone(),
                    key: key.into_owned(),
                });
            }
        }
        Ok(())
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let length = self.place.len();
        for index in 0.. {
            _ = write!(self.place, "[{index}]");
            let element = list.next_element_seed(Keys {
                place: &mut *self.place,
                found: &mut *self.found,
            });
            self.place.truncate(length);
            if element?.is_none() {
                break;
            }
        }
        Ok(())
    }
}

/// A key.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Twice, has_twice, keys_twice};

    #[test]
    fn keys_that_stand_twice_are_found_with_their_places() {
        let found =
            keys_twice(r#"{"a": [{"x": 1, "y": {"z": 1, "z": 2}, "x": 3}], "b": 1, "\u0062": 2}"#)
                .unwrap();
        let twice = |object: &str, key: &str| Twice {
            object: object.to_owned(),
            key: key.to_owned(),
        };
        assert_eq!(
            found,
            [
                twice("$.a[0].y", "z"),
                twice("$.a[0]", "x"),
                twice("$", "b")
            ]
        );
        assert!(found[0].is_within("$.a[0]") && !found[2].is_within("$.a"));
        assert!(!twice("$.ab", "x").is_within("$.a"));
        assert!(has_twice(r#"{"a": 1, "a": 2}"#, "a") && !has_twice(r#"{"a": {"a": 1}}"#, "a"));
    }
}
