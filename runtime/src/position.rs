//! Where a page is.

use std::fmt;

use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::error::{Error, ErrorKind, Result};

/// Where a page of a resource is, as plain data, to [keep](Self::to_json) and to
/// [go on from](crate::Fetch::resume).
///
/// Its `Display` and `Debug` leave out the query of a URL: an API may echo a credential in it.
///
/// ```
/// use rest_source::Position;
///
/// let position = Position::from_json(r#"{"offset":300}"#)?;
/// assert_eq!(position, Position::Offset(300));
/// assert_eq!(position.to_string(), "offset 300");
/// # Ok::<(), rest_source::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Position {
    /// The first page, as the resource's own request asks for it.
    First,
    /// The page that starts at this record.
    Offset(u64),
    /// The page of this number.
    Page(u64),
    /// The page that this cursor leads to.
    Cursor(String),
    /// The page that this cursor leads to, which is a number in JSON: it goes back as one.
    CursorNumber(i64),
    /// The page that this cursor leads to, which is other JSON: a number that is no integer of 64 bits, a list, an
    /// object. It goes back as it came.
    CursorJson(String),
    /// The page at this absolute URL.
    Url(String),
}

impl Position {
    /// As JSON, on one line, and whole: the query of a URL is in it.
    pub fn to_json(&self) -> String {
        self.to_tree().to_string()
    }

    pub(crate) fn to_tree(&self) -> Value {
        match self {
            Self::First => json!("first"),
            Self::Offset(offset) => json!({ "offset": offset }),
            Self::Page(page) => json!({ "page": page }),
            Self::Cursor(cursor) => json!({ "cursor": cursor }),
            Self::CursorNumber(cursor) => json!({ "cursor": cursor }),
            Self::CursorJson(text) => json!({ "cursor_json": text }),
            Self::Url(url) => json!({ "url": url }),
        }
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::State`] when the text is no position.
    pub fn from_json(text: &str) -> Result<Self> {
        let tree: Option<Value> = serde_json::from_str(text).ok();
        tree.and_then(|tree| Self::from_tree(&tree))
            .ok_or_else(|| Error::new(ErrorKind::State, "the text is no position"))
    }

    pub(crate) fn from_tree(tree: &Value) -> Option<Self> {
        if tree.as_str() == Some("first") {
            return Some(Self::First);
        }
        let members = tree.as_object().filter(|members| members.len() == 1)?;
        let (kind, value) = members.iter().next()?;
        let text = || value.as_str().filter(|text| !text.is_empty());
        match kind.as_str() {
            "offset" => value.as_u64().map(Self::Offset),
            "page" => value.as_u64().map(Self::Page),
            "cursor" => match value.as_i64() {
                Some(number) => Some(Self::CursorNumber(number)),
                None => text().map(|text| Self::Cursor(text.to_owned())),
            },
            "cursor_json" => text()
                .filter(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
                .map(|text| Self::CursorJson(text.to_owned())),
            "url" => text().map(|text| Self::Url(text.to_owned())),
            _ => None,
        }
    }

    /// Where it leads, whole. Only for messages that pass through the redactor.
    pub(crate) fn as_text(&self) -> String {
        match self {
            Self::Url(url) => url.clone(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("first"),
            Self::Offset(offset) => write!(f, "offset {offset}"),
            Self::Page(page) => write!(f, "page {page}"),
            Self::Cursor(cursor) | Self::CursorJson(cursor) => write!(f, "cursor {cursor}"),
            Self::CursorNumber(cursor) => write!(f, "cursor {cursor}"),
            Self::Url(url) => match url.split_once('?') {
                Some((url, _)) => write!(f, "url {url}?…"),
                None => write!(f, "url {url}"),
            },
        }
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_is_read_back() {
        for position in [
            Position::First,
            Position::Offset(300),
            Position::Page(0),
            Position::Cursor("a b=".into()),
            Position::Cursor("17".into()),
            Position::CursorNumber(17),
            Position::CursorJson("18446744073709551616".into()),
            Position::CursorJson("1.50".into()),
            Position::CursorJson(r#"[7,"a"]"#.into()),
            Position::Url("https://api.example.com/x?page=2".into()),
        ] {
            assert_eq!(Position::from_json(&position.to_json()).unwrap(), position);
        }
        for text in [
            "",
            "\"last\"",
            "{}",
            r#"{"offset":-1}"#,
            r#"{"cursor":""}"#,
            r#"{"cursor":1.5}"#,
            r#"{"cursor_json":"x"}"#,
            r#"{"cursor_json":1.5}"#,
            r#"{"offset":1,"page":1}"#,
        ] {
            let error = Position::from_json(text).unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::State, "{text}");
        }
    }

    #[test]
    fn what_is_shown_of_a_url_has_no_query() {
        let position = Position::Url("https://api.example.com/x?api_key=hush".into());
        assert_eq!(format!("{position:?}"), "url https://api.example.com/x?…");
        assert_eq!(position.to_string(), "url https://api.example.com/x?…");
    }
}
