//! Texts of a body as JSON.

/// Writes a text as JSON.
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
