//! JSON that is written and never read: keys stay in the order in which they were put.

use std::fmt::{self, Display, Formatter, Write as _};

/// A JSON value. `Display` writes it in one line, `{:#}` in indented ones.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Integer(u64),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Map(Vec<(String, Json)>),
}

/// A map of these entries.
pub(super) fn map<const N: usize>(entries: [(&str, Json); N]) -> Json {
    let entries = entries.into_iter();
    Json::Map(
        entries
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    )
}

/// A text.
pub(super) fn text(text: impl Into<String>) -> Json {
    Json::Text(text.into())
}

/// A list of texts.
pub(super) fn texts<'t>(all: impl IntoIterator<Item = &'t str>) -> Json {
    Json::List(all.into_iter().map(text).collect())
}

/// A number of lines, columns or bytes.
pub(super) fn count(number: usize) -> Json {
    Json::Integer(u64::try_from(number).unwrap_or(u64::MAX))
}

impl Json {
    /// The map with one entry more; anything else is as it was.
    pub(super) fn with(mut self, key: &str, value: Json) -> Self {
        if let Self::Map(entries) = &mut self {
            entries.push((key.to_owned(), value));
        }
        self
    }

    /// Whether one line has room for it.
    fn is_short(&self) -> bool {
        const LONGEST: usize = 100;
        self.to_string().len() <= LONGEST
    }

    /// Writes it, its own lines indented by this many steps; in one line where there are none.
    fn write(&self, out: &mut Formatter<'_>, indent: Option<usize>) -> fmt::Result {
        let indent = indent.filter(|_| !self.is_short());
        match self {
            Self::Null => out.write_str("null"),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Integer(number) => write!(out, "{number}"),
            Self::Number(number) => write!(out, "{number}"),
            Self::Text(text) => quoted(text, out),
            Self::List(elements) => sequence(out, indent, ['[', ']'], elements, Self::write),
            Self::Map(entries) => sequence(
                out,
                indent,
                ['{', '}'],
                entries,
                |(key, value), out, indent| {
                    quoted(key, out)?;
                    out.write_str(": ")?;
                    value.write(out, indent)
                },
            ),
        }
    }
}

/// What stands between brackets.
fn sequence<T>(
    out: &mut Formatter<'_>,
    indent: Option<usize>,
    [open, close]: [char; 2],
    items: &[T],
    write: impl Fn(&T, &mut Formatter<'_>, Option<usize>) -> fmt::Result,
) -> fmt::Result {
    let inner = indent.map(|steps| steps + 1).filter(|_| !items.is_empty());
    out.write_char(open)?;
    for (at, item) in items.iter().enumerate() {
        match (inner, at) {
            (_, 0) => {}
            (Some(_), _) => out.write_char(',')?,
            (None, _) => out.write_str(", ")?,
        }
        new_line(out, inner)?;
        write(item, out, inner)?;
    }
    if inner.is_some() {
        new_line(out, indent)?;
    }
    out.write_char(close)
}

fn new_line(out: &mut Formatter<'_>, indent: Option<usize>) -> fmt::Result {
    match indent {
        Some(steps) => write!(out, "\n{:1$}", "", steps * 2),
        None => Ok(()),
    }
}

fn quoted(text: &str, out: &mut Formatter<'_>) -> fmt::Result {
    out.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            c if c.is_control() => write!(out, "\\u{:04x}", u32::from(c))?,
            c => out.write_char(c)?,
        }
    }
    out.write_char('"')
}

impl Display for Json {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        self.write(out, out.alternate().then_some(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_json() {
        let value = map([
            ("a \"b\" \\ \n\u{1}\u{85}é", texts(["x", "y"])),
            (
                "list",
                Json::List(vec![Json::Null, Json::Bool(true), Json::Integer(u64::MAX)]),
            ),
            ("empty", Json::List(Vec::new())),
            ("number", Json::Number(0.5)),
            ("map", map([("inner", map([]))])),
        ]);
        let expected = serde_json::json!({
            "a \"b\" \\ \n\u{1}\u{85}é": ["x", "y"],
            "list": [null, true, u64::MAX],
            "empty": [],
            "number": 0.5,
            "map": { "inner": {} },
        });
        for written in [value.to_string(), format!("{value:#}")] {
            let read: serde_json::Value = serde_json::from_str(&written).unwrap();
            assert_eq!(read, expected, "{written}");
        }
        assert_eq!(value.to_string().lines().count(), 1);
    }
}
