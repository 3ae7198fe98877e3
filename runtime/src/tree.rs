//! JSON to be sent.

use std::{collections::BTreeMap, fmt};

use serde::{Serialize, Serializer};
use serde_json::{Value, value::RawValue};

/// A JSON value that can be written into, and whose numbers keep their digits: a float does not hold all
/// of them.
#[derive(Clone, Debug)]
pub(crate) enum Tree {
    Leaf(Box<RawValue>),
    List(Vec<Tree>),
    Members(BTreeMap<String, Tree>),
}

impl Tree {
    /// Reads JSON. What is none is null.
    pub(crate) fn read(text: &str) -> Self {
        let tree = match text.trim_start().as_bytes().first() {
            Some(b'[') => serde_json::from_str(text).map(|list: Vec<&RawValue>| {
                Self::List(list.iter().map(|value| Self::read(value.get())).collect())
            }),
            Some(b'{') => serde_json::from_str(text).map(|members: BTreeMap<String, &RawValue>| {
                let read = |(key, value): (String, &RawValue)| (key, Self::read(value.get()));
                Self::Members(members.into_iter().map(read).collect())
            }),
            _ => RawValue::from_string(text.to_owned()).map(Self::Leaf),
        };
        tree.unwrap_or_default()
    }
}

impl Default for Tree {
    fn default() -> Self {
        Self::Leaf(RawValue::NULL.to_owned())
    }
}

impl From<Value> for Tree {
    fn from(value: Value) -> Self {
        Self::read(&value.to_string())
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Leaf(value) => value.serialize(serializer),
            Self::List(list) => list.serialize(serializer),
            Self::Members(members) => members.serialize(serializer),
        }
    }
}

/// As JSON, on one line.
impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// The element at an index; a negative one counts from the end.
pub fn pick<T>(list: &[T], index: i32) -> Option<&T> {
    let distance = usize::try_from(index.unsigned_abs()).ok()?;
    if index < 0 {
        list.get(list.len().checked_sub(distance)?)
    } else {
        list.get(distance)
    }
}

#[cfg(test)]
mod tests {
    use super::Tree;

    #[test]
    fn what_is_read_is_written_digit_for_digit() {
        for (text, written) in [
            ("99999999999999999999", "99999999999999999999"),
            (
                " { \"b\" : [ 1.50, -0 , 1e400 ], \"a\": {} } ",
                r#"{"a":{},"b":[1.50,-0,1e400]}"#,
            ),
            (r#""a\u00e9\n""#, r#""a\u00e9\n""#),
            ("[]", "[]"),
            ("true", "true"),
            ("nonsense", "null"),
            ("1 2", "null"),
            ("[1", "null"),
        ] {
            assert_eq!(Tree::read(text).to_string(), written);
        }
    }
}
