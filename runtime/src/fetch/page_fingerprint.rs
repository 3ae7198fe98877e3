//! What tells one page of a fetch from another.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::{
    Row, Rows, Value,
    decode::Decoded,
    plan::{Pages, ResourcePlan, Selector},
};

/// How many records of a page without a key are compared with each other.
const COMPARED: usize = 8;

/// What tells a page from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageFingerprint {
    /// Of the keys of its records, whatever their order.
    Keys(u64),
    /// Of its raw rows in their order, where the records have no key, or one that is not unique; and whether the
    /// records differ from each other. Where they do not, two pages may well be equal.
    Text(u64, bool),
}

impl PageFingerprint {
    pub(super) fn of(decoded: &Decoded, resource: &ResourcePlan) -> Self {
        if matches!(resource.paginator.kind, Pages::Single) {
            return Self::Text(0, false);
        }
        let keys = key_hashes(&decoded.rows);
        if !is_unique(&keys) {
            return Self::Text(decoded.fingerprint, is_distinct(&decoded.rows));
        }
        let first = match resource.selector {
            Selector::Path(_) => 0,
            // It may find the same records in other rows: the authors of posts, for example.
            Selector::Query(_) => decoded.fingerprint,
        };
        Self::Keys(keys.into_iter().fold(first, u64::wrapping_add))
    }
}

/// A hash of the key of each row; none where there is no key.
fn key_hashes(rows: &Rows) -> Vec<u64> {
    let key: Vec<usize> = rows.table().primary_key().collect();
    if key.is_empty() {
        return Vec::new();
    }
    let hash = |row: Row<'_>| {
        let mut hasher = DefaultHasher::new();
        for at in &key {
            match row.value(*at) {
                Value::Bigint(number) => number.hash(&mut hasher),
                Value::Text(text) => text.hash(&mut hasher),
                other => other.to_string().hash(&mut hasher),
            }
        }
        hasher.finish()
    };
    rows.iter().map(hash).collect()
}

/// Whether there are any, and each is there once.
fn is_unique(keys: &[u64]) -> bool {
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    !keys.is_empty() && keys.windows(2).all(|pair| pair.first() != pair.last())
}

/// Whether the first records differ from each other, and are several.
fn is_distinct(rows: &Rows) -> bool {
    let mut compared: Vec<Vec<Value<'_>>> = Vec::new();
    let mut first = rows.iter().take(COMPARED);
    rows.len() > 1
        && first.all(|row| {
            let values = row.values().collect();
            let is_new = !compared.contains(&values);
            compared.push(values);
            is_new
        })
}
