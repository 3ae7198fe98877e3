//! What records are written to.

use std::future::Future;

use rest_source::{
    Result, Rows, State,
    plan::{ResourcePlan, WriteDisposition},
};

/// What records are written to.
///
/// A load opens a resource, writes its pages and commits them, one resource after the other. What is
/// written is not there for anybody else until it is committed, and never there without the state it
/// was committed with. What was not committed when the destination is dropped, or when another
/// resource is opened, is rolled back.
///
/// One that prints what it is given, and remembers nothing:
///
/// ```
/// use rest_source::{Result, Rows, State};
/// use rest_source_load::{Destination, Target};
///
/// #[derive(Default)]
/// struct Lines {
///     pending: Vec<String>,
///     committed: u64,
/// }
///
/// impl Destination for Lines {
///     async fn open(&mut self, target: &Target) -> Result<Option<State>> {
///         println!("{}", target.resource.name);
///         *self = Self::default();
///         Ok(None)
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
    /// Makes the resource ready to be written, and gives the state that was last committed with it.
    ///
    /// # Errors
    ///
    /// When the destination cannot hold the resource's records, as when it holds others by that name.
    fn open(&mut self, target: &Target) -> impl Future<Output = Result<Option<State>>> + Send;

    /// Writes a page of the opened resource, and gives the number of rows written.
    ///
    /// # Errors
    ///
    /// When the destination does not take the rows. None of them is committed then.
    fn write(&mut self, rows: &Rows) -> impl Future<Output = Result<u64>> + Send;

    /// Commits what was written since the last commit; where there is a state, together with that.
    ///
    /// Where the target is [`Writing::Replace`] or [`Writing::ReplaceGroups`], the commit takes away
    /// what was there before. It is called once then, also when nothing was written.
    ///
    /// # Errors
    ///
    /// When it cannot be committed: nothing is then.
    fn commit(&mut self, state: Option<&State>) -> impl Future<Output = Result<()>> + Send;

    /// Forgets what was written since the last commit.
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
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Name of the source.
    pub source: &'static str,
    /// The resource, its table among it.
    pub resource: &'static ResourcePlan,
    /// How its rows are written.
    pub writing: Writing,
}

impl Target {
    /// The names of the columns that tell the stored rows apart, in order: the primary key, except
    /// where rows are appended and the same record may stand there more than once.
    pub fn key(&self) -> impl Iterator<Item = &'static str> {
        let table = self.resource.table;
        let keyed = self.resource.write_disposition != WriteDisposition::Append;
        table
            .columns
            .iter()
            .filter(move |column| keyed && column.primary_key)
            .map(|column| column.name)
    }

    /// The names of the columns whose rows are replaced together, in order: the merge key.
    pub fn merge_key(&self) -> impl Iterator<Item = &'static str> {
        let columns = self.resource.table.columns.iter();
        let columns = columns.filter(|column| column.merge_key);
        columns.map(|column| column.name)
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
    /// In place of all that are there when the load begins.
    Replace,
}
