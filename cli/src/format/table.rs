//! The table format: aligned columns for a terminal.

use std::{borrow::Cow, io::Write as _};

use rest_source::Value;
use rest_source_load::encode::write_timestamp;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::printable::{is_escaped, printable};

/// The widest column, in terminal cells.
const MAX_WIDTH: usize = 40;

/// Column widths, as the first page needs them.
pub(super) struct Columns {
    widths: Vec<usize>,
    line: String,
    cell: Vec<u8>,
}

impl Columns {
    /// Computes the widths for these names and rows.
    pub(super) fn new<'v, R>(names: &[String], rows: impl IntoIterator<Item = R>) -> Self
    where
        R: IntoIterator<Item = Value<'v>>,
    {
        let mut widths: Vec<_> = names.iter().map(|name| name.width()).collect();
        let mut cell = Vec::new();
        for row in rows {
            for (width, value) in widths.iter_mut().zip(row) {
                *width = (*width).max(text(value, &mut cell).width().min(MAX_WIDTH));
            }
        }
        Self {
            widths,
            line: String::new(),
            cell,
        }
    }

    pub(super) fn page<'v, R>(
        &mut self,
        out: &mut Vec<u8>,
        header: Option<&[String]>,
        rows: impl IntoIterator<Item = R>,
    ) where
        R: IntoIterator<Item = Value<'v>>,
    {
        let Self { widths, line, cell } = self;
        if let Some(names) = header {
            for (name, width) in names.iter().zip(&*widths) {
                push(line, name, *width, false);
            }
            end_line(line, out);
            for width in &*widths {
                line.extend(std::iter::repeat_n('-', *width));
                line.push_str(SEPARATOR);
            }
            end_line(line, out);
        }
        for row in rows {
            for (value, width) in row.into_iter().zip(&*widths) {
                let is_number = matches!(
                    value,
                    Value::Bigint(_) | Value::Double(_) | Value::Decimal(_)
                );
                push(line, &text(value, cell), *width, is_number);
            }
            end_line(line, out);
        }
    }
}

const SEPARATOR: &str = "  ";

/// Moves the line to the output, without the spaces at its end.
fn end_line(line: &mut String, out: &mut Vec<u8>) {
    out.extend_from_slice(line.trim_end().as_bytes());
    out.push(b'\n');
    line.clear();
}

/// Appends a text of this width, and the separator.
fn push(line: &mut String, text: &str, width: usize, is_right: bool) {
    let text = truncate(text, width);
    let space = std::iter::repeat_n(' ', width.saturating_sub(text.width()));
    if is_right {
        line.extend(space);
        line.push_str(&text);
    } else {
        line.push_str(&text);
        line.extend(space);
    }
    line.push_str(SEPARATOR);
}

/// A value on one line, with control characters and marks of direction escaped. `buffer` is for values that have to be
/// formatted.
fn text<'v>(value: Value<'v>, buffer: &'v mut Vec<u8>) -> Cow<'v, str> {
    buffer.clear();
    let text = match value {
        Value::Text(text) | Value::Decimal(text) => text,
        value => {
            match value {
                Value::Json(_) | Value::Double(_) => value.write_json(buffer),
                Value::Timestamp(timestamp) => write_timestamp(buffer, timestamp),
                // Writing to memory does not fail.
                value => _ = write!(buffer, "{value}"),
            }
            // All of them write UTF-8.
            str::from_utf8(buffer).unwrap_or_default()
        }
    };
    if text.contains(is_escaped) {
        printable(text, &[]).into()
    } else {
        text.into()
    }
}

/// Truncates a text to a width, and marks it with `…`.
fn truncate(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return text.into();
    }
    let mut left = width.saturating_sub(1);
    let end = text.char_indices().find_map(|(at, character)| {
        match left.checked_sub(character.width().unwrap_or(0)) {
            Some(rest) => {
                left = rest;
                None
            }
            None => Some(at),
        }
    });
    format!("{}…", &text[..end.unwrap_or(text.len())]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_direction_and_control_characters_are_escaped() {
        let names = ["name".to_owned()];
        let rows = || [[Value::Text("a\u{202e}b\u{200b}\u{1b}c")]];
        let mut columns = Columns::new(&names, rows());
        let mut out = Vec::new();
        columns.page(&mut out, None, rows());
        let line = String::from_utf8(out).unwrap();
        assert_eq!(line, "a\\u{202e}b\\u{200b}\\u{1b}c\n");
    }
}
