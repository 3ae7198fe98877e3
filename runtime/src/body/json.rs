//! The rows of a body as JSON.

use super::BatchFormat;

/// The whole rows of a body, each a JSON object on a line.
#[derive(Default)]
pub(super) struct JsonRows {
    /// Those that were not taken.
    pub(super) text: Vec<u8>,
    /// How many there were so far.
    pub(super) count: u64,
    /// How many were taken.
    taken: u64,
}

impl JsonRows {
    /// Bytes that are ready.
    pub(super) const fn ready(&self) -> usize {
        self.text.len()
    }

    /// Takes what is ready.
    pub(super) fn take(&mut self) -> (Vec<u8>, BatchFormat) {
        let first = std::mem::replace(&mut self.taken, self.count);
        (std::mem::take(&mut self.text), BatchFormat::Rows(first))
    }
}

/// Writes a text as JSON.
#[cfg(any(feature = "csv", feature = "xml"))]
pub(super) fn write_text(json: &mut Vec<u8>, text: &[u8]) {
    json.push(b'"');
    let mut plain = 0;
    for (at, byte) in text.iter().enumerate() {
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..=0x1f => b"",
            _ => continue,
        };
        json.extend_from_slice(text.get(plain..at).unwrap_or_default());
        plain = at + 1;
        if escape.is_empty() {
            json.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
        } else {
            json.extend_from_slice(escape);
        }
    }
    json.extend_from_slice(text.get(plain..).unwrap_or_default());
    json.push(b'"');
}
