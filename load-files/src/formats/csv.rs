//! CSV, as RFC 4180 has it, with a header.

use rest_source::{Result, Value};
use rest_source_load::encode::write_csv;

use super::{Cell, Copied, Encoder, text, text::TextFile};
use crate::{layout::Layout, storage::failed};

pub(super) struct Csv {
    line: Vec<u8>,
    file: TextFile,
}

impl Csv {
    pub(super) fn new(layout: &Layout, mut file: TextFile) -> Result<Self> {
        let mut header = Vec::new();
        let names = layout.written().map(|column| &*column.name);
        write_csv(&mut header, names.map(Value::Text));
        file.write(&header)?;
        Ok(Self {
            line: Vec::new(),
            file,
        })
    }
}

impl Encoder for Csv {
    fn write(&mut self, row: &[Cell<'_>]) -> Result<()> {
        self.line.clear();
        write_csv(&mut self.line, row.iter().map(Cell::value));
        self.file.write(&self.line)
    }

    fn bytes(&self) -> u64 {
        self.file.bytes()
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.file.finish()
    }
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
