//! The comparison of the records of a resource with its stored rows.

use std::fmt;

use rest_source::{Fingerprint, Result, Rows, State, shared::Text};

use crate::BoxFuture;

/// Compares the records of one resource with its rows in a destination, which opened it by
/// [`Destination::compare`](crate::Destination::compare).
///
/// Records are staged page by page. The last of several records with one key counts, as in a load.
pub trait Comparison: Send {
    /// Stages the records of a page.
    ///
    /// # Errors
    ///
    /// When the destination cannot hold the records.
    fn write<'a>(&'a mut self, rows: &'a Rows) -> BoxFuture<'a, Result<()>>;

    /// Takes the records of the following pages as those that the next load fetches anyway. Records of their keys that
    /// differ are counted as [pending](Differences::pending).
    ///
    /// # Errors
    ///
    /// When the destination cannot be reached.
    fn begin_pending(&mut self) -> BoxFuture<'_, Result<()>>;

    /// Compares the staged records with the stored rows, and repairs these if so wanted.
    ///
    /// # Errors
    ///
    /// When the destination cannot be reached, or a load has written the resource meanwhile. Nothing is repaired then.
    fn finish<'a>(
        &'a mut self,
        options: &'a ComparisonOptions,
    ) -> BoxFuture<'a, Result<Differences>>;
}

/// A resource that is open for a comparison.
#[non_exhaustive]
pub struct OpenComparison {
    /// Compares its rows.
    pub comparison: Box<dyn Comparison>,
    /// The last committed state.
    pub state: Option<State>,
    /// Fingerprint of the request of the stored rows.
    pub request: Option<Fingerprint>,
}

impl OpenComparison {
    /// A resource without a state.
    pub fn new(comparison: impl Comparison + 'static) -> Self {
        Self {
            comparison: Box::new(comparison),
            state: None,
            request: None,
        }
    }
}

/// How staged records are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ComparisonOptions {
    /// Whether the records are all that the API has: rows without a record are looked for.
    pub is_whole: bool,
    /// Whether to write missing and differing records, and to delete rows without a record of a resource whose rows are
    /// replaced by each load.
    pub repair: bool,
    /// Whether examples have the values of the columns that differ.
    pub values: bool,
    /// The most examples of each kind.
    pub examples: u32,
}

/// How the records of a resource differ from its stored rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Differences {
    /// Compared records. Of several with one key, the last.
    pub compared: u64,
    /// Records without a row.
    pub missing: u64,
    /// Records whose row has other values.
    pub differing: u64,
    /// Rows without a record, and rows of records that are marked as deleted.
    pub extra: u64,
    /// Whether rows without a record were looked for.
    pub is_whole: bool,
    /// Records without a row, or with another one, that the next load fetches by its state. They are not counted above.
    pub pending: u64,
    /// The columns that differ, and the number of records with a difference in each.
    pub columns: Vec<(Text, u64)>,
    /// The first few records and rows that differ.
    pub examples: Vec<DifferingRecord>,
    /// Written records of a repair.
    pub written: u64,
    /// Deleted rows of a repair.
    pub deleted: u64,
    /// Rows in the tables of lists whose record has no row, by the name of the table. A repair deletes them.
    pub orphans: Vec<(Text, u64)>,
    /// Whether a repair deleted them.
    pub deleted_orphans: bool,
}

impl Differences {
    /// Whether the stored rows are those of the compared records.
    pub fn is_equal(&self) -> bool {
        self.missing + self.differing + self.extra == 0 && self.orphans.is_empty()
    }

    /// Whether the stored rows are those of the compared records now, after a repair.
    pub fn is_equal_now(&self) -> bool {
        let is_repaired = self.missing + self.differing + self.extra == self.written + self.deleted;
        is_repaired && (self.orphans.is_empty() || self.deleted_orphans)
    }
}

/// A record or a row that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DifferingRecord {
    /// What is wrong.
    pub kind: Difference,
    /// The names of the key's columns, and their values as texts. Empty without a key.
    pub key: Vec<(Text, String)>,
    /// The columns that differ.
    pub columns: Vec<DifferingColumn>,
}

impl DifferingRecord {
    /// A record of this key.
    pub fn new(kind: Difference, key: Vec<(Text, String)>) -> Self {
        Self {
            kind,
            key,
            columns: Vec::new(),
        }
    }
}

/// How a record differs from the stored rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It has no row.
    Missing,
    /// Its row has other values.
    Differing,
    /// The row has no record, or one that is marked as deleted.
    Extra,
}

/// A column in which a record differs from its row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DifferingColumn {
    /// Its name.
    pub name: Text,
    /// The stored value and the value of the API as texts, if they are wanted; `None` for null.
    pub values: Option<(Option<String>, Option<String>)>,
}

impl DifferingColumn {
    /// A column whose values are not wanted.
    pub fn new(name: Text) -> Self {
        Self { name, values: None }
    }
}

impl fmt::Display for DifferingRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key: Vec<String> = self
            .key
            .iter()
            .map(|(name, value)| format!("{name} {}", short(value)))
            .collect();
        f.write_str(&key.join(", "))?;
        for (at, column) in self.columns.iter().enumerate() {
            f.write_str(if at == 0 { ": " } else { ", " })?;
            write!(f, "`{}`", column.name)?;
            if let Some((stored, api)) = &column.values {
                let shown = |value: &Option<String>| match value {
                    Some(value) => short(value),
                    None => "null".to_owned(),
                };
                write!(f, " {}, in the API {}", shown(stored), shown(api))?;
            }
        }
        Ok(())
    }
}

/// The most letters of a value that are shown.
const MOST_OF_VALUE: usize = 80;

/// A value as it may be shown: escaped and short.
fn short(value: &str) -> String {
    let mut letters = value.chars();
    let shown: String = letters.by_ref().take(MOST_OF_VALUE).collect();
    let shown = shown.escape_debug().to_string();
    if letters.next().is_some() {
        format!("{shown}…")
    } else {
        shown
    }
}
