//! What a record is recognised by, when it is met again.

use std::fmt::Write;

use crate::Row;

/// The values of the key's columns, as a JSON list; of a row without a key, a hash of all of it.
pub(super) fn key(row: Row<'_>, columns: &[usize]) -> String {
    if columns.is_empty() {
        return hash(row);
    }
    let values = columns.iter().map(|column| row.value(*column).to_string());
    values.collect::<serde_json::Value>().to_string()
}

/// FNV-1a in 128 bits, over the values and their lengths. It is kept in states, so that it may never
/// change.
fn hash(row: Row<'_>) -> String {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    let mut eat = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u128::from(*byte)).wrapping_mul(PRIME);
        }
    };
    let mut text = String::new();
    for value in row.values() {
        text.clear();
        // Writing to a string cannot fail.
        let _ = write!(text, "{value}");
        let kind = if value.is_null() {
            u64::MAX
        } else {
            text.len() as u64
        };
        eat(&kind.to_le_bytes());
        eat(text.as_bytes());
    }
    format!("#{hash:032x}")
}
