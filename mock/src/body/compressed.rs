//! Bodies in a file.

use std::io::Write as _;

use flate2::{Compression as Level, Crc, write::GzEncoder};
use rest_source::plan::{Compression, Decoder};

/// The text, compressed as the decoder expects it.
pub(super) fn compress(decoder: &Decoder, text: Vec<u8>) -> Vec<u8> {
    match &decoder.compression {
        Compression::None => text,
        Compression::Gzip => gzip(&text),
        Compression::Zip { members } => zip(&member(members.as_deref()), &text),
    }
}

/// The content type of such a file.
pub(super) fn content_type(decoder: &Decoder) -> Option<&'static str> {
    match &decoder.compression {
        Compression::None => None,
        Compression::Gzip => Some("application/gzip"),
        Compression::Zip { .. } => Some("application/zip"),
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::fast());
    // Writing to memory does not fail.
    let _ = encoder.write_all(text);
    encoder.finish().unwrap_or_default()
}

/// A name that is as a pattern says.
fn member(pattern: Option<&str>) -> String {
    pattern
        .unwrap_or("data")
        .replace('*', "data")
        .replace('?', "x")
}

/// An archive of one member, which is not compressed.
fn zip(name: &str, text: &[u8]) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(text);
    let size = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let name_len = u16::try_from(name.len()).unwrap_or(u16::MAX);
    // The version, flags, method and time, the checksum and the lengths.
    let mut entry = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    entry.extend(crc.sum().to_le_bytes());
    entry.extend([size.to_le_bytes(), size.to_le_bytes()].concat());
    entry.extend([name_len.to_le_bytes(), [0, 0]].concat());
    let member = [b"PK\x03\x04", &*entry, name.as_bytes(), text].concat();
    let directory = [b"PK\x01\x02\x14\0", &*entry, &[0; 14], name.as_bytes()].concat();
    let sizes = [directory.len(), member.len()].map(|len| u32::try_from(len).unwrap_or(u32::MAX));
    let end = [
        &b"PK\x05\x06\0\0\0\0\x01\0\x01\0"[..],
        &sizes.map(u32::to_le_bytes).concat(),
        &[0, 0],
    ];
    [member, directory, end.concat()].concat()
}
