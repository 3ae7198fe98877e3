//! JSON Lines: an object per line, with the columns in their order.

use rest_source::{Result, Value};
use rest_source_load::encode::write_timestamp;

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
            Value::Text(name).write_json(&mut quoted);
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
            match cell.value() {
                Value::Timestamp(timestamp) => {
                    self.line.push(b'"');
                    write_timestamp(&mut self.line, timestamp);
                    self.line.push(b'"');
                }
                value => value.write_json(&mut self.line),
            }
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
