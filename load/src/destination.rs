//! What records are written to.

use std::future::Future;

use rest_source::{
    ConfigValue, Fingerprint, Result, Rows, State,
    plan::{ResourcePlan, WriteDisposition},
    shared::{Ref, Text},
};

/// What records are written to.
///
/// A load opens a resource, writes its pages, commits and completes it, one resource after the other.
/// Nobody else sees what is written until it is committed, and never without the state it was committed
/// with. What was not committed when the destination is dropped, or when another resource is opened, is
/// rolled back.
///
/// A destination that prints rows and remembers nothing:
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
    /// Prepares the resource to be written, and returns what was last committed with it.
    ///
    /// # Errors
    ///
    /// When the destination cannot hold the resource's records, as when it holds others by that name.
    fn open(&mut self, target: &Target) -> impl Future<Output = Result<Opened>> + Send;

    /// Writes a page of the opened resource, and returns the number of rows written.
    ///
    /// # Errors
    ///
    /// When the destination does not accept the rows. None of them is committed then.
    fn write(&mut self, rows: &Rows) -> impl Future<Output = Result<u64>> + Send;

    /// Commits what was written since the last commit; where there is a state, together with it.
    ///
    /// Where the target is [`Writing::Replace`] or [`Writing::ReplaceGroups`], the commit deletes what
    /// was there before. It is called once then, by [`complete`](Self::complete), also when nothing was
    /// written.
    ///
    /// # Errors
    ///
    /// When it cannot be committed: nothing is then.
    fn commit(&mut self, state: Option<&State>) -> impl Future<Output = Result<()>> + Send;

    /// Commits the rest of the opened resource, which is complete in this load.
    ///
    /// Where rows are appended, the destination remembers that in the same transaction, until
    /// [`end`](Self::end): see [`Opened::appended`].
    ///
    /// # Errors
    ///
    /// As those of [`commit`](Self::commit).
    fn complete(&mut self, state: Option<&State>) -> impl Future<Output = Result<()>> + Send {
        self.commit(state)
    }

    /// Ends the load: all of its resources were tried. It is not called for a load that is killed.
    ///
    /// # Errors
    ///
    /// When the destination cannot be reached.
    fn end(&mut self) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Discards what was written since the last commit.
    ///
    /// # Errors
    ///
    /// When the destination cannot be reached.
    fn roll_back(&mut self) -> impl Future<Output = Result<()>> + Send;

    /// The number of rows that the opened resource has.
    ///
    /// # Errors
    ///
    /// When they cannot be counted.
    fn count(&mut self) -> impl Future<Output = Result<u64>> + Send;
}

/// A resource to be written.
#[derive(Clone, Debug)]
pub struct Target {
    /// Name of the source.
    pub source: Text,
    /// The resource with its table.
    pub resource: Ref<ResourcePlan>,
    /// How its rows are written.
    pub writing: Writing,
    /// The resources that the caller named, of which the load is; none where it is of all.
    pub only: Vec<String>,
    /// Whether the caller asked for a full refresh: [`Writing::Replace`] whatever the disposition.
    pub full_refresh: bool,
    /// Whether the caller goes on from a state that does not fit the rows: see
    /// [`keep_state`](crate::Loading::keep_state).
    pub keep_state: bool,
    /// What its records are asked for by. The destination stores it with the rows.
    pub request: Fingerprint,
    /// The columns that are settings (`include_from_config`), and their values. They tell the rows of
    /// this load apart from those of other settings, of which each has a state of its own.
    pub settings: Vec<(Text, ConfigValue)>,
}

/// What a destination knows of a resource that it opened.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Opened {
    /// The state that was last committed.
    pub state: Option<State>,
    /// What the rows that are there were asked for by; `None` where there are none, or it is not known.
    pub request: Option<Fingerprint>,
    /// Whether a load that did not [end](Destination::end) has completed this resource by appending.
    pub appended: bool,
    /// Whether that was a load of other resources, after the one that did not end, and this load completes
    /// that one.
    pub since: bool,
    /// What the load's report should note.
    pub notes: Vec<String>,
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
    /// The names of the columns that tell the stored rows apart, in order: the primary key, except
    /// where rows are appended and the same record may stand there more than once.
    pub fn key(&self) -> impl Iterator<Item = &str> {
        let table = &self.resource.table;
        let keyed = self.resource.write_disposition != WriteDisposition::Append;
        table
            .columns
            .iter()
            .filter(move |column| keyed && column.primary_key)
            .map(|column| column.name.as_str())
    }

    /// The names of the columns whose rows are replaced together, in order: the merge key.
    pub fn merge_key(&self) -> impl Iterator<Item = &str> {
        let columns = self.resource.table.columns.iter();
        let columns = columns.filter(|column| column.merge_key);
        columns.map(|column| column.name.as_str())
    }
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// Beside those that are there.
    Append,
    /// In place of those of the same key.
    Merge,
    /// In place of all that have the [merge key](Target::merge_key) of one of them, or its key. Of
    /// those that have one key the last is written. A group may come in several pages.
    ReplaceGroups,
    /// In place of all that are there when the load begins, and have the same
    /// [settings](Target::settings).
    Replace,
}
