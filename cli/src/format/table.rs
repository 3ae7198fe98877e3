//! The table format: aligned columns for a terminal.

use rest_source::{Row, Value};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::cell;
use crate::printable::printable;

/// The widest column, in terminal cells.
const MAX_WIDTH: usize = 40;

/// Column widths, as the first page needs them.
pub(super) struct Columns {
    widths: Vec<usize>,
}

/// A formatted cell.
struct FormattedCell {
    text: String,
    is_number: bool,
}

impl FormattedCell {
    fn word(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_number: false,
        }
    }
}

impl Columns {
    /// Computes the widths for these names and rows.
    pub(super) fn new(names: &[String], rows: &[Row<'_>]) -> Self {
        let mut widths: Vec<_> = names.iter().map(|name| name.width()).collect();
        for row in rows {
            for (width, value) in widths.iter_mut().zip(row.values()) {
                *width = (*width).max(format_cell(value).text.width().min(MAX_WIDTH));
            }
        }
        Self { widths }
    }

    pub(super) fn page(&self, header: Option<&[String]>, rows: &[Row<'_>]) -> String {
        let mut page = String::new();
        if let Some(names) = header {
            self.line(&mut page, names.iter().map(FormattedCell::word));
            let rules = self.widths.iter().map(|width| "-".repeat(*width));
            self.line(&mut page, rules.map(FormattedCell::word));
        }
        for row in rows {
            self.line(&mut page, row.values().map(format_cell));
        }
        page
    }

    fn line(&self, out: &mut String, cells: impl Iterator<Item = FormattedCell>) {
        let mut line = String::new();
        for (at, (cell, width)) in cells.zip(&self.widths).enumerate() {
            if at > 0 {
                line.push_str("  ");
            }
            let text = truncate(cell.text, *width);
            let space = " ".repeat(width.saturating_sub(text.width()));
            if cell.is_number {
                line.push_str(&space);
                line.push_str(&text);
            } else {
                line.push_str(&text);
                line.push_str(&space);
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

/// Formats a value on one line, with control characters escaped.
fn format_cell(value: Value<'_>) -> FormattedCell {
    FormattedCell {
        text: printable(&cell(value), &[]),
        is_number: matches!(
            value,
            Value::Bigint(_) | Value::Double(_) | Value::Decimal(_)
        ),
    }
}

/// Truncates a text to a width, and marks it with `…`.
fn truncate(text: String, width: usize) -> String {
    if text.width() <= width {
        return text;
    }
    let mut cut = String::new();
    let mut left = width.saturating_sub(1);
    for character in text.chars() {
        let Some(rest) = left.checked_sub(character.width().unwrap_or(0)) else {
            break;
        };
        left = rest;
        cut.push(character);
    }
    cut.push('…');
    cut
}
