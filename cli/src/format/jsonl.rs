//! The JSON Lines format: one object per line.

use rest_source::{Row, Value};

pub(super) fn page(names: &[String], rows: &[Row<'_>]) -> String {
    let mut page = String::new();
    for row in rows {
        match row.table().record() {
            Some(at) => value(&mut page, row.value(at)),
            None => object(&mut page, names, *row),
        }
        page.push('\n');
    }
    page
}

fn object(out: &mut String, names: &[String], row: Row<'_>) {
    let mut separator = '{';
    for (name, cell) in names.iter().zip(row.values()) {
        if matches!(cell, Value::Absent) {
            continue;
        }
        out.push(separator);
        separator = ',';
        text(out, name);
        out.push(':');
        value(out, cell);
    }
    out.push_str(if separator == '{' { "{}" } else { "}" });
}

fn value(out: &mut String, cell: Value<'_>) {
    match cell {
        Value::Absent | Value::Null => out.push_str("null"),
        Value::Bool(_) | Value::Bigint(_) => out.push_str(&cell.to_string()),
        Value::Double(value) => out.push_str(&number(value)),
        Value::Text(written) => text(out, written),
        Value::Json(raw) => compact(out, raw),
        Value::Timestamp(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::Decimal(_)
        | Value::Binary(_) => text(out, &cell.to_string()),
    }
}

/// The shortest JSON number that reads as the same value.
pub(super) fn number(value: f64) -> String {
    serde_json::Value::from(value).to_string()
}

fn text(out: &mut String, text: &str) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

/// Removes whitespace between tokens, and keeps numbers as written.
pub(super) fn compact(out: &mut String, raw: &str) {
    let (mut in_text, mut escaped) = (false, false);
    for character in raw.chars() {
        if in_text {
            in_text = escaped || character != '"';
            escaped = !escaped && character == '\\';
        } else if character.is_ascii_whitespace() {
            continue;
        } else {
            in_text = character == '"';
        }
        out.push(character);
    }
}
