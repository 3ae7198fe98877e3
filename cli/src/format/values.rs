//! Rows of owned values, as those of a query.

use rest_source::{Scalar, Value};
use rest_source_load::encode::write_csv;

use super::table::Columns;
use crate::args::Format;

/// Formats rows of values as [`Printer`](super::Printer) formats those of pages.
pub(crate) struct ValuePrinter {
    format: Format,
    names: Vec<String>,
    /// The widths of a table's columns, set by the first rows.
    columns: Option<Columns>,
    has_header: bool,
    out: Vec<u8>,
}

impl ValuePrinter {
    /// A printer for rows of these columns.
    pub(crate) fn new(format: Format, names: Vec<String>) -> Self {
        Self {
            format,
            names,
            columns: None,
            has_header: false,
            out: Vec::new(),
        }
    }

    /// Formats rows as whole lines of UTF-8. The first call prints the header.
    pub(crate) fn lines(&mut self, rows: &[Vec<Scalar>]) -> &[u8] {
        let Self { names, out, .. } = self;
        out.clear();
        let header = (!std::mem::replace(&mut self.has_header, true)).then_some(&**names);
        let values = || rows.iter().map(|row| row.iter().map(Scalar::as_value));
        match self.format {
            Format::Jsonl => {
                for row in values() {
                    json(names, row, out);
                }
            }
            Format::Csv => {
                if let Some(names) = header {
                    write_csv(out, names.iter().map(|name| Value::Text(name)));
                }
                for row in values() {
                    write_csv(out, row);
                }
            }
            Format::Table => self
                .columns
                .get_or_insert_with(|| Columns::new(names, values()))
                .page(out, header, values()),
        }
        out
    }
}

/// Appends a row as a line with one JSON object.
fn json<'v>(names: &[String], row: impl Iterator<Item = Value<'v>>, out: &mut Vec<u8>) {
    for (at, (name, value)) in names.iter().zip(row).enumerate() {
        out.push(if at == 0 { b'{' } else { b',' });
        Value::Text(name).write_json(out);
        out.push(b':');
        value.write_json(out);
    }
    if names.is_empty() {
        out.push(b'{');
    }
    out.extend(b"}\n");
}
