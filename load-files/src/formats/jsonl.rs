//! JSON Lines: an object per line, with the columns in their order.

use rest_source::{Result, Value};

use super::{Cell, Copied, Encoder, text, text::TextFile};
use crate::{layout::Layout, storage::failed};

pub(super) struct JsonLines {
    /// Each as `"name":`.
    names: Vec<Vec<u8>>,
    line: Vec<u8>,
    file: TextFile,
}

impl JsonLines {
    pub(super) fn new(layout: &Layout, file: TextFile) -> Self {
        let name = |name: &str| {
            let mut quoted = Vec::new();
            text::json_text(&mut quoted, name);
            quoted.push(b':');
            quoted
        };
        Self {
            names: layout.written().map(|column| name(&column.name)).collect(),
            line: Vec::new(),
            file,
        }
    }
}

impl Encoder for JsonLines {
    fn write(&mut self, row: &[Cell<'_>]) -> Result<()> {
        self.line.clear();
        self.line.push(b'{');
        for (at, (name, cell)) in self.names.iter().zip(row).enumerate() {
            if at > 0 {
                self.line.push(b',');
            }
            self.line.extend(name);
            value(&mut self.line, cell.value());
        }
        self.line.extend(b"}\n");
        self.file.write(&self.line)
    }

    fn bytes(&self) -> u64 {
        self.file.bytes()
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.file.finish()
    }
}

fn value(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Absent | Value::Null => out.extend(b"null"),
        Value::Bool(_) | Value::Bigint(_) => text::plain(out, value),
        Value::Double(value) => text::number(out, value),
        Value::Text(value) => text::json_text(out, value),
        Value::Json(json) => text::compact(out, json),
        Value::Timestamp(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::Decimal(_)
        | Value::Binary(_) => {
            // None of them has a character that JSON escapes.
            out.push(b'"');
            text::plain(out, value);
            out.push(b'"');
        }
    }
}

/// Copies the lines of a file.
pub(super) fn copy(copied: &Copied<'_>, to: &mut TextFile) -> Result<()> {
    let error = |error: &std::io::Error| failed("read", copied.path, error);
    let mut from = text::open(copied.path).map_err(|e| error(&e))?;
    let mut line = Vec::new();
    for position in 0.. {
        line.clear();
        if from.read_until(b'\n', &mut line).map_err(|e| error(&e))? == 0 {
            break;
        }
        if !copied.dropped.contains(position) {
            to.write(&line)?;
        }
    }
    Ok(())
}
