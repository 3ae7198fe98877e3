//! Page fingerprints, by which the loop guard recognises a page.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::{
    Row, Rows, Value,
    decode::Decoded,
    plan::{Pages, ResourcePlan, Selector},
};

/// How many records of a page without a key are compared with each other.
const COMPARED: usize = 8;

/// The fingerprint of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageFingerprint {
    /// A hash of the keys of its records, in any order.
    Keys(u64),
    /// A hash of its raw rows in order, if the records have no unique key; and whether they differ from
    /// each other. If not, two pages may be equal.
    Text(u64, bool),
}

impl PageFingerprint {
    pub(super) fn of(decoded: &Decoded, resource: &ResourcePlan) -> Self {
        if matches!(resource.paginator.kind, Pages::Single) {
            return Self::Text(0, false);
        }
        // A list of changes may name a record twice.
        let is_of_changes = resource.change_token().is_some();
        let keys = key_hashes(&decoded.rows);
        if is_of_changes || !is_unique(&keys) {
            return Self::Text(decoded.fingerprint, is_distinct(&decoded.rows));
        }
        let first = match resource.selector {
            Selector::Path(_) => 0,
            // The selector may find equal records in different rows: the authors of posts, for example.
            Selector::Query(_) => decoded.fingerprint,
        };
        Self::Keys(keys.into_iter().fold(first, u64::wrapping_add))
    }
}

impl PageFingerprint {
    /// That of a page in parts: of this part after those before it.
    pub(super) fn after(self, before: Option<Self>) -> Self {
        match (before, self) {
            (None, part) => part,
            (Some(Self::Keys(before)), Self::Keys(part)) => Self::Keys(before.wrapping_add(part)),
            (Some(Self::Text(before, is_distinct)), Self::Text(part, too)) => {
                let mut hasher = DefaultHasher::new();
                (before, part).hash(&mut hasher);
                Self::Text(hasher.finish(), is_distinct && too)
            }
            // Parts that are compared in different ways tell nothing.
            _ => Self::Text(0, false),
        }
    }
}

/// A hash of the key of each row, if there is a key.
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

/// Whether there are any, and all are different.
fn is_unique(keys: &[u64]) -> bool {
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    !keys.is_empty() && keys.windows(2).all(|pair| pair.first() != pair.last())
}

/// Whether there are several records, and the first ones differ.
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
