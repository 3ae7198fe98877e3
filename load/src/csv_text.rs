//! Fields of CSV.

use std::io::Write as _;

use rest_source::Value;

use crate::timestamp_text::write_timestamp;

/// Appends a line of CSV (RFC 4180, except that it ends with a line feed): a field for each value, in quotation marks where
/// it needs them. A field without characters is null; an empty text is `""`, and so are empty bytes and the null of a line with one field.
/// JSON has no white space, and a timestamp is that of [`timestamp_text`](crate::timestamp_text).
///
/// ```
/// use rest_source::Value;
/// use rest_source_load::encode::write_csv;
///
/// let mut lines = Vec::new();
/// write_csv(&mut lines, [Value::Text("a \"b\""), Value::Null, Value::Json("[1, 2]")]);
/// assert_eq!(lines, b"\"a \"\"b\"\"\",,\"[1,2]\"\n");
/// ```
pub fn write_csv<'v>(out: &mut Vec<u8>, values: impl IntoIterator<Item = Value<'v>>) {
    let start = out.len();
    let mut fields = 0;
    for value in values {
        if fields > 0 {
            out.push(b',');
        }
        fields += 1;
        write_field(out, value);
    }
    // A line without characters is not a row.
    if fields == 1 && out.len() == start {
        out.extend_from_slice(b"\"\"");
    }
    out.push(b'\n');
}

fn write_field(out: &mut Vec<u8>, value: Value<'_>) {
    let start = out.len();
    match value {
        Value::Absent | Value::Null => return,
        Value::Text(text) => out.extend_from_slice(text.as_bytes()),
        // As JSON has them.
        Value::Bool(_) | Value::Bigint(_) | Value::Double(_) => return value.write_json(out),
        Value::Json(_) => value.write_json(out),
        Value::Timestamp(timestamp) => return write_timestamp(out, timestamp),
        // Writing to memory does not fail.
        Value::Decimal(_) | Value::Date(_) | Value::Time(_) | Value::Binary(_) => {
            _ = write!(out, "{value}");
        }
    }
    quote(out, start);
}

/// Puts the field from `start` on in quotation marks, if it needs them.
fn quote(out: &mut Vec<u8>, start: usize) {
    let field = out.get(start..).unwrap_or_default();
    let is_special = |byte: &u8| matches!(byte, b'"' | b',' | b'\n' | b'\r');
    let has_outer_space = field.first() == Some(&b' ') || field.last() == Some(&b' ');
    if !field.is_empty() && !has_outer_space && !field.iter().any(is_special) {
        return;
    }
    let end = out.len();
    let quotes = field.split(|byte| *byte == b'"').count() - 1;
    out.resize(end + quotes + 2, b'"');
    // From the right, so that no byte is overwritten before it has moved.
    let mut to = out.len() - 1;
    for from in (start..end).rev() {
        let byte = out[from];
        to -= 1;
        out[to] = byte;
        if byte == b'"' {
            to -= 1;
            out[to] = byte;
        }
    }
    out[start] = b'"';
}

#[cfg(test)]
mod tests {
    use rest_source::Value;

    use super::write_csv;

    fn line(values: &[Value<'_>]) -> String {
        let mut line = Vec::new();
        write_csv(&mut line, values.iter().copied());
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn fields_are_quoted_where_readers_need_it() {
        for (text, field) in [
            ("", r#""""#),
            ("a b", "a b"),
            ("a,b", r#""a,b""#),
            (r#"""#, r#""""""#),
            (r#""a""b""#, r#""""a""""b""""#),
            ("a\nb", "\"a\nb\""),
            ("a\rb", "\"a\rb\""),
            (" a", "\" a\""),
            ("a ", "\"a \""),
            ("名前", "名前"),
        ] {
            let values = [Value::Bigint(1), Value::Text(text), Value::Bool(true)];
            assert_eq!(line(&values), format!("1,{field},true\n"));
        }
    }

    #[test]
    fn null_is_a_field_without_characters_and_a_line_has_some() {
        assert_eq!(line(&[Value::Null, Value::Absent]), ",\n");
        assert_eq!(line(&[Value::Null]), "\"\"\n");
        let empty = [Value::Text(""), Value::Binary(&[]), Value::Binary(&[1, 2])];
        assert_eq!(line(&empty), "\"\",\"\",AQI=\n");
        assert_eq!(line(&[Value::Double(7.0)]), "7.0\n");
    }
}
