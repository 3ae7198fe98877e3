//! One decoded page: its text, and a flat pool of cells that point into it.

use crate::{
    reject::Reject,
    value::{Date, Time, Timestamp, Value, json_text::text_length},
};

/// A page's text and its cells.
///
/// Cells hold ranges and not references, so that a page is plain owned data.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    /// The response as it came.
    pub(crate) text: String,
    /// What does not stand in the text as it is: texts with escapes, decimals made plain. A range
    /// past the end of `text` lies here.
    pub(crate) arena: String,
    /// The bytes of binary cells.
    pub(crate) bytes: Vec<u8>,
    /// Where in the pool a record starts, and where its JSON, in the order of the rows: of a parent whose
    /// children send its values as they were written.
    pub(crate) records: Vec<(u32, u32)>,
    /// Records that were set aside, if they are kept.
    pub(crate) rejects: Vec<Reject>,
    /// The cells: each row's beside each other, each container's children beside each other.
    pub(crate) pool: Vec<Slot>,
}

/// A range of a page's text or of its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

/// The place of a value that no message and no destination asks for.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// One cell as it is stored. `at` is where the value's JSON starts in the text; `children` is the
/// position of the first child in the pool.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Slot {
    Absent,
    Null,
    Bool(bool),
    Bigint(i64),
    Double(f64),
    Text(Span),
    Timestamp {
        second: i64,
        nanosecond: u32,
    },
    Date(Date),
    Time(Time),
    Decimal(Span),
    Binary(Span),
    Json {
        at: u32,
    },
    /// As many children as its table has columns.
    Object {
        at: u32,
        children: u32,
    },
    /// `len` children.
    Array {
        at: u32,
        children: u32,
        len: u32,
    },
    /// `len` keys, each followed by its value.
    Map {
        at: u32,
        children: u32,
        len: u32,
    },
    /// One child, of the type `member` of the union.
    Union {
        at: u32,
        child: u32,
        member: u16,
    },
}

// Pages are mostly cells: a wider one shows in the memory and the time of every fetch.
const _: () = assert!(size_of::<Slot>() == 16);

impl Page {
    /// The text in this range.
    #[inline]
    pub(crate) fn text(&self, span: Span) -> &str {
        let (start, len) = (span.start as usize, span.len as usize);
        let (text, start) = match start.checked_sub(self.text.len()) {
            Some(past) => (&self.arena, past),
            None => (&self.text, start),
        };
        text.get(start..start + len).unwrap_or_default()
    }

    /// The bytes in this range.
    #[inline]
    pub(crate) fn bytes(&self, span: Span) -> &[u8] {
        let (start, len) = (span.start as usize, span.len as usize);
        self.bytes.get(start..start + len).unwrap_or_default()
    }

    /// `len` cells from this position of the pool.
    #[inline]
    pub(crate) fn slots(&self, start: u32, len: usize) -> &[Slot] {
        let start = start as usize;
        self.pool.get(start..start + len).unwrap_or_default()
    }

    /// The JSON value that starts here, as it stands in the response.
    pub(crate) fn json(&self, at: u32) -> &str {
        let at = at as usize;
        let rest = match at.checked_sub(self.text.len()) {
            Some(past) => self.arena.get(past..),
            None => self.text.get(at..),
        };
        let rest = rest.unwrap_or_default();
        rest.get(..extent(rest)).unwrap_or_default()
    }

    /// The JSON of the record whose cells start here in the pool, where that is kept.
    pub(crate) fn record(&self, start: u32) -> Option<&str> {
        let known = self
            .records
            .binary_search_by_key(&start, |(start, _)| *start);
        let (_, at) = self.records.get(known.ok()?)?;
        Some(self.json(*at))
    }

    /// What this slot holds.
    #[inline]
    pub(crate) fn value(&self, slot: Slot) -> Value<'_> {
        match slot {
            Slot::Absent => Value::Absent,
            Slot::Null => Value::Null,
            Slot::Bool(value) => Value::Bool(value),
            Slot::Bigint(value) => Value::Bigint(value),
            Slot::Double(value) => Value::Double(value),
            Slot::Text(span) => Value::Text(self.text(span)),
            Slot::Timestamp { second, nanosecond } => {
                Timestamp::from_epoch(second, nanosecond).map_or(Value::Null, Value::Timestamp)
            }
            Slot::Date(value) => Value::Date(value),
            Slot::Time(value) => Value::Time(value),
            Slot::Decimal(span) => Value::Decimal(self.text(span)),
            Slot::Binary(span) => Value::Binary(self.bytes(span)),
            Slot::Json { at }
            | Slot::Object { at, .. }
            | Slot::Array { at, .. }
            | Slot::Map { at, .. }
            | Slot::Union { at, .. } => Value::Json(self.json(at)),
        }
    }
}

/// The length of the JSON value that `text` starts with. What follows it was read before, so it is
/// JSON: only texts and brackets have to be told apart.
fn extent(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => {
                at += text_length(bytes.get(at..).unwrap_or_default());
                if depth == 0 {
                    return at;
                }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return at - 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::extent;

    #[test]
    fn a_value_ends_where_its_brackets_and_texts_do() {
        for (value, rest) in [
            (r#"{"a":"}\"]","b":[1,{}]}"#, r#","next":1}"#),
            (r#"[["]"],[]]"#, "]"),
            (r#""a\\""#, r#","b":2"#),
            ("12.5e3", ",1"),
            ("null", "}"),
            ("true", " ]"),
            ("7", ""),
        ] {
            assert_eq!(extent(&format!("{value}{rest}")), value.len(), "{value}");
        }
    }
}
