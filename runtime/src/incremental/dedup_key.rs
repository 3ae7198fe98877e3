//! Deduplication keys: what a record is recognised by when it arrives again.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{Row, plan::ResourcePlan, schema::Table, state::DedupKey};

/// What records of a resource are recognised by, in rows of this table.
pub(super) fn dedup_key_of(resource: &ResourcePlan, table: &Table) -> DedupKey {
    let name = |at: usize| Some(resource.table.columns.get(at)?.name.to_string());
    let key: Vec<String> = resource.table.primary_key().filter_map(name).collect();
    if !key.is_empty() {
        return DedupKey::Key(key);
    }
    let columns = table.columns.iter();
    let mut columns: Vec<String> = columns.map(|column| column.name.to_string()).collect();
    columns.sort_unstable();
    DedupKey::Columns(columns)
}

/// Reads the deduplication keys of rows.
pub(super) struct Keys {
    /// The names of the columns, and their positions in a row.
    columns: Vec<(String, usize)>,
    is_key: bool,
}

impl Keys {
    /// The keys of these columns of a table; the name of a missing column otherwise.
    pub(super) fn new<'b>(by: &'b DedupKey, table: &Table) -> Result<Self, &'b str> {
        let position = |name: &'b String| match table.position(name) {
            Some(at) => Ok((name.clone(), at)),
            None => Err(name.as_str()),
        };
        Ok(Self {
            columns: by.names().iter().map(position).collect::<Result<_, _>>()?,
            is_key: matches!(by, DedupKey::Key(_)),
        })
    }

    /// Whether the keys are primary keys.
    pub(super) fn are_keys(&self) -> bool {
        self.is_key
    }

    /// The key of a row: the values of the primary key as a JSON list, or a hash of the whole row.
    pub(super) fn of(&self, row: Row<'_>) -> String {
        let values = self.columns.iter();
        if self.is_key {
            let values = values.map(|(_, at)| row.value(*at).to_string());
            return values.collect::<serde_json::Value>().to_string();
        }
        // Null counts as an absent column, and the order of columns does not matter.
        let mut hash = Hash::default();
        for (name, at) in values {
            let value = row.value(*at);
            if !value.is_null() {
                hash.eat(name);
                hash.eat(&value.to_string());
            }
        }
        hash.shown()
    }
}

/// A digest of a key, for states with many keys. States hold it, so it may never change.
pub(super) fn digest(key: &str) -> String {
    let mut hash = Hash::default();
    hash.eat(key);
    let bytes = hash.0.to_le_bytes();
    let folded: [u8; 8] = std::array::from_fn(|at| bytes[at] ^ bytes[at + 8]);
    format!("~{}", URL_SAFE_NO_PAD.encode(folded))
}

/// A hash that identifies texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KeyHash(u128);

impl KeyHash {
    pub(crate) fn of<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut hash = Hash::default();
        texts.into_iter().for_each(|text| hash.eat(text));
        Self(hash.0)
    }
}

/// FNV-1a in 128 bits, over texts and their lengths. States hold it, so it may never change.
struct Hash(u128);

impl Default for Hash {
    fn default() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }
}

impl Hash {
    fn eat(&mut self, text: &str) {
        self.eat_bytes(&(text.len() as u64).to_le_bytes());
        self.eat_bytes(text.as_bytes());
    }

    fn eat_bytes(&mut self, bytes: &[u8]) {
        const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(PRIME);
        }
    }

    fn shown(&self) -> String {
        format!("#{:032x}", self.0)
    }
}
