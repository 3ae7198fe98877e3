//! The destination: what a load writes records to.

use std::future::Future;

use rest_source::{
    Column, Fingerprint, Result, Row, Rows, Scalar, State, Value,
    plan::{ChildTable, ResourcePlan, WriteDisposition},
    shared::{Ref, Text},
};

/// A database, file or service that a load writes records to.
///
/// For one resource after the other, a load calls `open`, then `write` and `commit` for its pages, then
/// `complete`. Rows become visible to others only with a commit, together with the state committed with them.
/// Uncommitted rows are rolled back when the destination is dropped or another resource is opened.
///
/// A destination that prints rows and stores no state:
///
/// ```
/// use rest_source::{Result, Rows, State};
/// use rest_source_load::{Destination, Opened, Target};
///
/// #[derive(Default)]
/// struct Lines {
///     pending: Vec<String>,
///     committed: u64,
/// }
///
/// impl Destination for Lines {
///     async fn open(&mut self, target: &Target) -> Result<Opened> {
///         println!("{}", target.resource.name);
///         *self = Self::default();
///         Ok(Opened::default())
///     }
///
///     async fn write(&mut self, rows: &Rows) -> Result<u64> {
///         self.pending.extend(rows.iter().map(|row| format!("{row:?}")));
///         Ok(rows.len() as u64)
///     }
///
///     async fn commit(&mut self, _: Option<&State>) -> Result<()> {
///         for line in self.pending.drain(..) {
///             println!("{line}");
///             self.committed += 1;
///         }
///         Ok(())
///     }
///
///     async fn roll_back(&mut self) -> Result<()> {
///         self.pending.clear();
///         Ok(())
///     }
///
///     async fn count(&mut self) -> Result<u64> {
///         Ok(self.committed)
///     }
/// }
/// ```
pub trait Destination: Send {
    /// Prepares the resource for writing, and returns its last commit.
    ///
    /// # Errors
    ///
    /// When the destination cannot hold the resource's records, for example because another resource uses the
    /// name.
    fn open(&mut self, target: &Target) -> impl Future<Output = Result<Opened>> + Send;

    /// Whether it deletes the stored rows of [deletions](Target::is_deletion). If not, a load of a resource with
    /// `hard_delete` is an error.
    fn deletes_rows(&self) -> bool {
        false
    }

    /// Whether it stores the elements of lists in [tables of their own](Target::child_tables). If not, a load of a
    /// resource with such a list is an error.
    fn writes_child_tables(&self) -> bool {
        false
    }

    /// Writes a page of the open resource, and returns the number of rows written.
    ///
    /// The rows of [child tables](Target::child_tables) are replaced with the row of their record.
    ///
    /// A row that is a [deletion](Target::is_deletion) is not stored, and deletes the stored row of its key, in
    /// order with the other rows. It counts as written.
    ///
    /// # Errors
    ///
    /// When the destination does not accept the rows; none of them is committed.
    fn write(&mut self, rows: &Rows) -> impl Future<Output = Result<u64>> + Send;

    /// Commits the rows written since the last commit, and the state if there is one, in one transaction.
    ///
    /// For [`Writing::Replace`] and [`Writing::ReplaceGroups`] the commit also deletes the replaced rows. It is
    /// then called exactly once, by [`complete`](Self::complete), even if nothing was written.
    ///
    /// # Errors
    ///
    /// When the transaction fails; nothing is committed.
    fn commit(&mut self, state: Option<&State>) -> impl Future<Output = Result<()>> + Send;

    /// Commits the rest of the open resource: this load has written all of it.
    ///
    /// A destination of appended rows records this in the same transaction, until [`end`](Self::end): see
    /// [`Opened::already_appended`].
    ///
    /// # Errors
    ///
    /// As those of [`commit`](Self::commit).
    fn complete(&mut self, state: Option<&State>) -> impl Future<Output = Result<()>> + Send {
        self.commit(state)
    }

    /// Ends the load after its last resource. A killed load does not call it.
    ///
    /// # Errors
    ///
    /// When the destination cannot be reached.
    fn end(&mut self) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Discards the rows written since the last commit.
    ///
    /// # Errors
    ///
    /// When the destination cannot be reached.
    fn roll_back(&mut self) -> impl Future<Output = Result<()>> + Send;

    /// Counts the stored rows of the open resource.
    ///
    /// # Errors
    ///
    /// When they cannot be counted.
    fn count(&mut self) -> impl Future<Output = Result<u64>> + Send;
}

/// A resource to be written, and how.
#[derive(Clone, Debug)]
pub struct Target {
    /// Name of the source.
    pub source: Text,
    /// The resource, including its table.
    pub resource: Ref<ResourcePlan>,
    /// How rows are written.
    pub writing: Writing,
    /// The resources that the caller named; empty if the load is of all.
    pub only: Vec<String>,
    /// Whether the caller requested a full refresh: [`Writing::Replace`] under any disposition.
    pub full_refresh: bool,
    /// Whether the caller accepts a state that does not match the rows: see
    /// [`keep_state`](crate::Loading::keep_state).
    pub keep_state: bool,
    /// Fingerprint of the request. The destination stores it with the rows.
    pub request: Fingerprint,
    /// The columns that hold settings (`include_from_config`), and their values. They identify the rows of this
    /// load: rows of other values have their own states.
    pub settings: Vec<(Text, Scalar)>,
}

/// What a destination has stored of a resource when it is opened.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Opened {
    /// The last committed state.
    pub state: Option<State>,
    /// Fingerprint of the request of the stored rows; `None` if there are no rows or it is unknown.
    pub request: Option<Fingerprint>,
    /// Set if this load completes a killed one, and the resource was appended already.
    pub already_appended: Option<AppendedBy>,
    /// Notes for the load's report.
    pub notes: Vec<String>,
}

/// Which load already appended a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendedBy {
    /// The killed load, which did not [end](Destination::end).
    KilledLoad,
    /// A load of other resources, after the killed one.
    LaterLoad,
}

impl From<Option<State>> for Opened {
    fn from(state: Option<State>) -> Self {
        Self {
            state,
            ..Self::default()
        }
    }
}

impl Target {
    /// The names of the stored primary key's columns, in order. Empty for appended rows, which may hold a
    /// record more than once.
    pub fn key(&self) -> impl Iterator<Item = &str> {
        let table = &self.resource.table;
        let keyed = self.resource.write_disposition != WriteDisposition::Append;
        table
            .columns
            .iter()
            .filter(move |column| keyed && column.primary_key)
            .map(|column| column.name.as_str())
    }

    /// The tables of the resource's nested lists (`as: table`). The elements of a row's list are
    /// [`Row::elements`].
    pub fn child_tables(&self) -> Vec<ChildTable> {
        self.resource.child_tables()
    }

    /// The column that marks deletions (`hard_delete`), and its position.
    pub fn hard_delete(&self) -> Option<(usize, &Column)> {
        let is_merged = self.resource.write_disposition == WriteDisposition::Merge;
        let at = usize::from(self.resource.hard_delete.filter(|_| is_merged)?);
        Some((at, self.resource.table.columns.get(at)?))
    }

    /// Whether a row says that its record was deleted.
    pub fn is_deletion(&self, row: Row<'_>) -> bool {
        self.hard_delete()
            .is_some_and(|(at, _)| match row.value(at) {
                Value::Bool(is_deleted) => is_deleted,
                value => !value.is_null(),
            })
    }

    /// The names of the merge key's columns, in order.
    pub fn merge_key(&self) -> impl Iterator<Item = &str> {
        let columns = self.resource.table.columns.iter();
        let columns = columns.filter(|column| column.merge_key);
        columns.map(|column| column.name.as_str())
    }
}

/// How rows are written: the write disposition, or a full refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// Added to the stored rows.
    Append,
    /// Upserted by primary key.
    Merge,
    /// Replace all rows that have the [merge key](Target::merge_key) of one of them, or its primary key. Of
    /// several rows with one primary key the last is written. A group may span several pages.
    ReplaceGroups,
    /// Replace all rows that have the same [settings](Target::settings).
    Replace,
}
