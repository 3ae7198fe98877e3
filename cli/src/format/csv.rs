//! The CSV format (RFC 4180, except that lines end with a line feed).

use rest_source::{Row, Value};

use super::cell;

pub(super) fn page(header: Option<&[String]>, rows: &[Row<'_>]) -> String {
    let mut page = String::new();
    if let Some(names) = header {
        line(&mut page, names.iter().map(|name| quoted(name)));
    }
    for row in rows {
        line(&mut page, row.values().map(field));
    }
    page
}

fn line(out: &mut String, fields: impl Iterator<Item = String>) {
    let fields: Vec<_> = fields.collect();
    out.push_str(&fields.join(","));
    out.push('\n');
}

fn field(value: Value<'_>) -> String {
    match value {
        Value::Absent | Value::Null => String::new(),
        Value::Text("") => "\"\"".to_owned(),
        value => quoted(&cell(value)),
    }
}

/// Quotes a field if necessary.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
