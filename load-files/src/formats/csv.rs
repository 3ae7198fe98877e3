//! CSV, as RFC 4180 has it, with a header.

use rest_source::{Result, Value};

use super::{Cell, Copied, Encoder, text, text::TextFile};
use crate::{layout::Layout, storage::failed};

pub(super) struct Csv {
    line: Vec<u8>,
    field: Vec<u8>,
    file: TextFile,
}

impl Csv {
    pub(super) fn new(layout: &Layout, mut file: TextFile) -> Result<Self> {
        let mut header = Vec::new();
        for (at, column) in layout.written().enumerate() {
            if at > 0 {
                header.push(b',');
            }
            quoted(&mut header, column.name.as_bytes());
        }
        header.push(b'\n');
        file.write(&header)?;
        Ok(Self {
            line: Vec::new(),
            field: Vec::new(),
            file,
        })
    }
}

impl Encoder for Csv {
    fn write(&mut self, row: &[Cell<'_>]) -> Result<()> {
        self.line.clear();
        for (at, cell) in row.iter().enumerate() {
            if at > 0 {
                self.line.push(b',');
            }
            self.field.clear();
            match cell.value() {
                // A line without characters is not a row.
                Value::Absent | Value::Null if row.len() == 1 => self.line.extend(b"\"\""),
                Value::Absent | Value::Null => {}
                Value::Text(value) => quoted(&mut self.line, value.as_bytes()),
                Value::Double(value) => text::number(&mut self.line, value),
                Value::Json(json) => {
                    text::compact(&mut self.field, json);
                    quoted(&mut self.line, &self.field);
                }
                value => {
                    text::plain(&mut self.field, value);
                    quoted(&mut self.line, &self.field);
                }
            }
        }
        self.line.push(b'\n');
        self.file.write(&self.line)
    }

    fn bytes(&self) -> u64 {
        self.file.bytes()
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.file.finish()
    }
}

/// Writes a field, in quotes where it needs them. An empty field without quotes is null.
fn quoted(out: &mut Vec<u8>, field: &[u8]) {
    let needs_quotes = |byte: &u8| matches!(byte, b'"' | b',' | b'\n' | b'\r');
    let has_outer_space = field.first() == Some(&b' ') || field.last() == Some(&b' ');
    if !field.is_empty() && !has_outer_space && !field.iter().any(needs_quotes) {
        out.extend(field);
        return;
    }
    out.push(b'"');
    for byte in field {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

/// Copies the records of a file, with its header if it is the first.
pub(super) fn copy(copied: &Copied<'_>, with_header: bool, to: &mut TextFile) -> Result<()> {
    let error = |error: &std::io::Error| failed("read", copied.path, error);
    let mut from = text::open(copied.path).map_err(|e| error(&e))?;
    let mut record = Vec::new();
    let mut position = None;
    loop {
        record.clear();
        // A line break within quotes is part of the record.
        let mut is_quoted = false;
        loop {
            let start = record.len();
            let read = from.read_until(b'\n', &mut record).map_err(|e| error(&e))?;
            let quotes = record[start..].split(|byte| *byte == b'"').count() - 1;
            is_quoted ^= quotes % 2 == 1;
            if read == 0 || !is_quoted {
                break;
            }
        }
        if record.is_empty() {
            return Ok(());
        }
        let is_kept = position.map_or(with_header, |at| !copied.dropped.contains(at));
        position = Some(position.map_or(0, |at| at + 1));
        if is_kept {
            to.write(&record)?;
        }
    }
}
