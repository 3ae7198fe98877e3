//! What an incremental fetch remembers for the next one.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::error::{Error, ErrorKind, Result};

/// The form that this version writes and reads.
const VERSION: u64 = 1;

/// How far an incremental fetch has come: the largest cursor value and the records that had it.
///
/// Of the records that had it, the first 10,000 are remembered, so that a state has an end. Where there
/// are more, the next fetch brings the others again: none is lost, `merge` stores each once, and the
/// fetch's report says so.
///
/// A fetch gives one when its records are complete; keep it together with them, and give it to
/// `Fetch::since` to be given only what is new. It is versioned text, JSON,
/// and belongs to one resource and its cursor column.
///
/// ```
/// use rest_source::State;
///
/// let text = r#"{"version":1,"resource":"stories",
///     "cursor":{"column":"updated_at","type":"timestamp","value":"2026-11-21T09:30:00Z"},
///     "seen":["[\"s1\"]"]}"#;
/// let state = State::from_json(text)?;
/// assert_eq!(state.cursor(), "2026-11-21T09:30:00Z");
/// assert_eq!(State::from_json(&state.to_json())?, state);
/// # Ok::<(), rest_source::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub(crate) resource: String,
    /// The one record of the parent that it belongs to, where it is not for all of them.
    pub(crate) parent: Option<String>,
    pub(crate) column: String,
    pub(crate) data_type: String,
    pub(crate) value: String,
    pub(crate) seen: BTreeSet<String>,
}

impl State {
    /// The resource it belongs to.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The largest cursor value, as text: an instant in RFC 3339, a number by its digits.
    pub fn cursor(&self) -> &str {
        &self.value
    }

    /// As JSON, on one line.
    pub fn to_json(&self) -> String {
        let mut tree = json!({
            "version": VERSION,
            "resource": self.resource,
            "cursor": { "column": self.column, "type": self.data_type, "value": self.value },
            "seen": self.seen,
        });
        if let Some(parent) = &self.parent {
            tree["parent"] = parent.as_str().into();
        }
        tree.to_string()
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::State`] when the text is not a state, or one of another version.
    pub fn from_json(text: &str) -> Result<Self> {
        let tree: Value = serde_json::from_str(text)
            .map_err(|e| unreadable(format!("the state is no JSON: {e}")))?;
        match tree.get("version").and_then(Value::as_u64) {
            Some(VERSION) => {}
            Some(other) => {
                return Err(unreadable(format!(
                    "the state is of version {other}, not {VERSION}"
                )));
            }
            None => return Err(unreadable("the state has no `version`".to_owned())),
        }
        let seen = tree
            .get("seen")
            .and_then(Value::as_array)
            .and_then(|keys| keys.iter().map(|k| k.as_str().map(str::to_owned)).collect())
            .ok_or_else(|| unreadable("the state has no list `seen`".to_owned()))?;
        Ok(Self {
            resource: text_at(&tree, "/resource")?,
            parent: tree
                .get("parent")
                .map(|_| text_at(&tree, "/parent"))
                .transpose()?,
            column: text_at(&tree, "/cursor/column")?,
            data_type: text_at(&tree, "/cursor/type")?,
            value: text_at(&tree, "/cursor/value")?,
            seen,
        })
    }
}

fn text_at(tree: &Value, pointer: &str) -> Result<String> {
    tree.pointer(pointer)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| unreadable(format!("the state has no text at `{pointer}`")))
}

fn unreadable(message: String) -> Error {
    Error::new(ErrorKind::State, message)
        .with_help("a full refresh starts over, without a state: `full_refresh()`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        State {
            resource: "stories".into(),
            parent: None,
            column: "updated_at".into(),
            data_type: "timestamp".into(),
            value: "2026-11-21T09:30:00Z".into(),
            seen: ["[\"a\"]".to_owned(), "[\"b\"]".to_owned()].into(),
        }
    }

    #[test]
    fn what_was_written_is_read_back() {
        assert_eq!(State::from_json(&state().to_json()).unwrap(), state());
        let of_one = State {
            parent: Some("`posts` with `id` \"7\"".to_owned()),
            ..state()
        };
        assert_eq!(State::from_json(&of_one.to_json()).unwrap(), of_one);
    }

    #[test]
    fn another_version_is_refused_by_its_number() {
        let text = state().to_json().replace("\"version\":1", "\"version\":7");
        let error = State::from_json(&text).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::State);
        assert!(error.to_string().contains("version 7"), "{error}");
    }

    #[test]
    fn what_is_no_state_is_refused_by_what_it_lacks() {
        for (text, wanted) in [
            ("", "no JSON"),
            ("{}", "`version`"),
            (r#"{"version":1}"#, "`seen`"),
            (r#"{"version":1,"seen":[1]}"#, "`seen`"),
            (r#"{"version":1,"seen":[]}"#, "`/resource`"),
            (
                r#"{"version":1,"seen":[],"resource":"r","cursor":{"column":"c","type":"t"}}"#,
                "`/cursor/value`",
            ),
        ] {
            let error = State::from_json(text).unwrap_err();
            assert!(error.to_string().contains(wanted), "{text}: {error}");
        }
    }
}
