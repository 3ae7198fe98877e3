//! The destination: what a load writes records to.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    future::Future,
    pin::Pin,
    time::Duration,
};

use rest_source::{
    Column, Error, ErrorKind, Fingerprint, Result, Row, Rows, Scalar, State, Timestamp, Value,
    plan::{ChildTable, HardDelete, ResourcePlan, WriteDisposition},
    shared::{Ref, Text},
};

use crate::{
    FittingReject, HeldLock, LockHolder, Locking, OpenComparison, RejectQuery, ReplayedRejects,
    ResourceKey, StoredReject, TablePreview, rejects::not_kept,
};

/// The future that a method of a destination returns: `Box::pin(async move { … })`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A database, file or service that a load writes records to.
///
/// A load opens a [`Writer`] for each resource. Several are open at the same time. A load may use a destination
/// as a trait object.
///
/// A destination that prints rows and stores no state:
///
/// ```
/// use rest_source::{Result, Rows, State};
/// use rest_source_load::{BoxFuture, Destination, Opened, Target, Writer};
///
/// struct Lines;
///
/// #[derive(Default)]
/// struct LineWriter {
///     pending: Vec<String>,
///     committed: u64,
/// }
///
/// impl Destination for Lines {
///     fn open<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Opened>> {
///         println!("{}", target.resource.name);
///         Box::pin(async { Ok(Opened::new(LineWriter::default())) })
///     }
/// }
///
/// impl Writer for LineWriter {
///     fn write<'a>(&'a mut self, rows: &'a Rows) -> BoxFuture<'a, Result<u64>> {
///         self.pending.extend(rows.iter().map(|row| format!("{row:?}")));
///         Box::pin(async { Ok(rows.len() as u64) })
///     }
///
///     fn commit<'a>(&'a mut self, _: Option<&'a State>) -> BoxFuture<'a, Result<()>> {
///         for line in self.pending.drain(..) {
///             println!("{line}");
///             self.committed += 1;
///         }
///         Box::pin(async { Ok(()) })
///     }
///
///     fn roll_back(&mut self) -> BoxFuture<'_, Result<()>> {
///         self.pending.clear();
///         Box::pin(async { Ok(()) })
///     }
///
///     fn count(&mut self) -> BoxFuture<'_, Result<u64>> {
///         Box::pin(async { Ok(self.committed) })
///     }
/// }
/// ```
pub trait Destination: Send + Sync {
    /// Prepares the resource for writing. Returns its writer, and its last commit.
    ///
    /// # Errors
    ///
    /// When the destination cannot hold the resource's records, for example because another resource uses the
    /// name.
    fn open<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Opened>>;

    /// Opens a resource for a comparison of its records with the stored rows: see
    /// [`Loading::verify`](crate::Loading::verify). It changes nothing.
    ///
    /// # Errors
    ///
    /// When the destination compares no rows, or has no table of the resource that fits.
    fn compare<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<OpenComparison>> {
        let _ = target;
        Box::pin(async {
            let message = "the destination compares no rows";
            Err(Error::new(ErrorKind::Destination, message)
                .with_help("a database does: SQLite, Postgres or DuckDB"))
        })
    }

    /// What a load of the resource would do to its tables: that of its records, and those of its lists. It writes nothing.
    /// Empty if the destination does not tell.
    ///
    /// # Errors
    ///
    /// Why the load would be refused; or when the destination cannot be reached.
    fn preview<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Vec<TablePreview>>> {
        let _ = target;
        Box::pin(async { Ok(Vec::new()) })
    }

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

    /// Whether it stores [checkpoints](Writer::save_checkpoint), at which a load resumes an interrupted one.
    fn resumes(&self) -> bool {
        false
    }

    /// Locks a resource for a load, or tells which load has locked it. It does not wait.
    ///
    /// The lock ends with the process that holds it, even if that is killed, and blocks no reader. Without an own
    /// implementation nothing is locked.
    ///
    /// # Errors
    ///
    /// When the destination cannot be reached, or cannot store the lock.
    fn lock<'a>(
        &'a self,
        key: &'a ResourceKey,
        holder: &'a LockHolder,
    ) -> BoxFuture<'a, Result<Locking>> {
        let _ = (key, holder);
        Box::pin(async { Ok(Locking::Held(Box::new(NoLock))) })
    }

    /// Adds to the history of loads, or updates it: when the load of a resource begins, and when it has ended.
    ///
    /// # Errors
    ///
    /// When the destination cannot be reached.
    fn record<'a>(&'a self, load: &'a LoadRecord) -> BoxFuture<'a, Result<()>> {
        let _ = load;
        Box::pin(async { Ok(()) })
    }

    /// Adds to the history of loads that the load of a resource was interrupted: it was dropped. Called from `drop`, so
    /// it may only start a task that does so.
    fn record_interruption(&self, load: LoadRecord) {
        drop(load);
    }

    /// The last load of each resource, by the history of loads; empty without one. Resources that were loaded with
    /// several [settings](Target::settings) have one each.
    ///
    /// # Errors
    ///
    /// When the destination cannot be reached.
    fn last_loads(&self) -> BoxFuture<'_, Result<Vec<LastLoad>>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// The loads of resources that began last, at most so many, the latest first, by the history of loads; empty without
    /// one.
    ///
    /// # Errors
    ///
    /// When the destination cannot be reached.
    fn history(&self, most: u64) -> BoxFuture<'_, Result<Vec<LoadRecord>>> {
        let _ = most;
        Box::pin(async { Ok(Vec::new()) })
    }

    /// The stored states of all resources, in order of their keys; empty if it stores none.
    ///
    /// # Errors
    ///
    /// When the destination cannot be reached.
    fn states(&self) -> BoxFuture<'_, Result<Vec<StoredState>>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Stores the state and the request of a resource, in place of those stored, and forgets where an interrupted load
    /// resumes. The caller holds its [lock](Self::lock).
    ///
    /// # Errors
    ///
    /// When the destination stores no states, or cannot be reached.
    fn store_state<'a>(&'a self, stored: &'a StoredState) -> BoxFuture<'a, Result<()>> {
        let _ = stored;
        Box::pin(async {
            let message = "the destination stores no states";
            Err(Error::new(ErrorKind::Destination, message)
                .with_help("a destination that does implements `Destination::store_state`"))
        })
    }

    /// Whether it keeps [records that are set aside](rest_source::Rows::rejects). If not, a load
    /// [with them](crate::Loading::keep_rejects) is an error.
    fn keeps_rejects(&self) -> bool {
        false
    }

    /// The records that loads set aside and that are kept.
    ///
    /// # Errors
    ///
    /// When the destination keeps none, or cannot be reached.
    fn rejects<'a>(&'a self, query: &'a RejectQuery) -> BoxFuture<'a, Result<Vec<StoredReject>>> {
        let _ = query;
        Box::pin(async { Err(not_kept()) })
    }

    /// Writes kept records that fit now, and keeps them no longer, in one transaction. A record whose key has a row stays,
    /// unless `overwrite`.
    ///
    /// # Errors
    ///
    /// When the destination keeps none, or does not accept the rows.
    fn replay<'a>(
        &'a self,
        target: &'a Target,
        rejects: &'a [FittingReject],
        overwrite: bool,
    ) -> BoxFuture<'a, Result<ReplayedRejects>> {
        let _ = (target, rejects, overwrite);
        Box::pin(async { Err(not_kept()) })
    }

    /// Stores several states as [`store_state`](Self::store_state) does, in one transaction if the destination has one for
    /// several resources. Without an own implementation, one after the other: those before a failure stay.
    ///
    /// # Errors
    ///
    /// When the destination stores no states, or cannot be reached.
    fn store_states<'a>(&'a self, states: &'a [StoredState]) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            for (at, stored) in states.iter().enumerate() {
                let done = self.store_state(stored).await;
                done.map_err(|error| {
                    let error = error.with_resource(stored.key.resource.clone());
                    match at {
                        0 => error,
                        at => error.with_detail(format!("{at} of {} were stored", states.len())),
                    }
                })?;
            }
            Ok(())
        })
    }

    /// Ends a load after its last resource. `opened` are the targets that it opened. A killed load does not call
    /// it.
    ///
    /// # Errors
    ///
    /// When the destination cannot be reached.
    fn end<'a>(&'a self, run: &'a str, opened: &'a [Target]) -> BoxFuture<'a, Result<()>> {
        let _ = (run, opened);
        Box::pin(async { Ok(()) })
    }
}

/// The lock of a destination that locks nothing.
#[derive(Debug)]
struct NoLock;

impl HeldLock for NoLock {
    fn release(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

/// A destination that is another one below, such as a database over the core of SQL destinations: what that one does, it
/// does.
pub trait Delegate: Send + Sync {
    /// The destination below.
    fn destination(&self) -> &dyn Destination;
}

impl<D: Delegate> Destination for D {
    fn open<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Opened>> {
        self.destination().open(target)
    }

    fn compare<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<OpenComparison>> {
        self.destination().compare(target)
    }

    fn preview<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Vec<TablePreview>>> {
        self.destination().preview(target)
    }

    fn deletes_rows(&self) -> bool {
        self.destination().deletes_rows()
    }

    fn writes_child_tables(&self) -> bool {
        self.destination().writes_child_tables()
    }

    fn resumes(&self) -> bool {
        self.destination().resumes()
    }

    fn lock<'a>(
        &'a self,
        key: &'a ResourceKey,
        holder: &'a LockHolder,
    ) -> BoxFuture<'a, Result<Locking>> {
        self.destination().lock(key, holder)
    }

    fn record<'a>(&'a self, load: &'a LoadRecord) -> BoxFuture<'a, Result<()>> {
        self.destination().record(load)
    }

    fn record_interruption(&self, load: LoadRecord) {
        self.destination().record_interruption(load);
    }

    fn last_loads(&self) -> BoxFuture<'_, Result<Vec<LastLoad>>> {
        self.destination().last_loads()
    }

    fn history(&self, most: u64) -> BoxFuture<'_, Result<Vec<LoadRecord>>> {
        self.destination().history(most)
    }

    fn states(&self) -> BoxFuture<'_, Result<Vec<StoredState>>> {
        self.destination().states()
    }

    fn store_state<'a>(&'a self, stored: &'a StoredState) -> BoxFuture<'a, Result<()>> {
        self.destination().store_state(stored)
    }

    fn store_states<'a>(&'a self, states: &'a [StoredState]) -> BoxFuture<'a, Result<()>> {
        self.destination().store_states(states)
    }

    fn keeps_rejects(&self) -> bool {
        self.destination().keeps_rejects()
    }

    fn rejects<'a>(&'a self, query: &'a RejectQuery) -> BoxFuture<'a, Result<Vec<StoredReject>>> {
        self.destination().rejects(query)
    }

    fn replay<'a>(
        &'a self,
        target: &'a Target,
        rejects: &'a [FittingReject],
        overwrite: bool,
    ) -> BoxFuture<'a, Result<ReplayedRejects>> {
        self.destination().replay(target, rejects, overwrite)
    }

    fn end<'a>(&'a self, run: &'a str, opened: &'a [Target]) -> BoxFuture<'a, Result<()>> {
        self.destination().end(run, opened)
    }
}

/// Writes the rows of one resource.
///
/// A load calls `write` and `commit` for the pages, then `complete`. Rows become visible to others only with a
/// commit, together with the state committed with them. A dropped writer discards what is not committed.
///
/// No lock and no transaction of the destination is held between two calls, while the load waits for its API.
pub trait Writer: Send {
    /// Writes a page, and returns the number of rows written.
    ///
    /// The rows of [child tables](Target::child_tables) are replaced with the row of their record.
    ///
    /// A row that is a [deletion](Target::is_deletion) is not stored, and deletes the stored row of its key, in
    /// order with the other rows. It counts as written.
    ///
    /// # Errors
    ///
    /// When the destination does not accept the rows. The load then commits the rows of earlier calls, without any of
    /// these, and ends.
    fn write<'a>(&'a mut self, rows: &'a Rows) -> BoxFuture<'a, Result<u64>>;

    /// Commits the rows written since the last commit, and the state if there is one, in one transaction.
    ///
    /// For [`Writing::Replace`] and [`Writing::ReplaceGroups`] the commit also deletes the replaced rows. It is
    /// then called exactly once, by [`complete`](Self::complete), even if nothing was written.
    ///
    /// # Errors
    ///
    /// When the transaction fails; nothing is committed.
    fn commit<'a>(&'a mut self, state: Option<&'a State>) -> BoxFuture<'a, Result<()>>;

    /// Commits the rest of the resource: this load has written all of it.
    ///
    /// A destination of appended rows records this in the same transaction, until [`end`](Destination::end): see
    /// [`Opened::already_appended`].
    ///
    /// # Errors
    ///
    /// As those of [`commit`](Self::commit).
    fn complete<'a>(&'a mut self, state: Option<&'a State>) -> BoxFuture<'a, Result<()>> {
        self.commit(state)
    }

    /// Stores the [jobs](rest_source::RunningJobs) that the API runs for the resource, in place of those stored before,
    /// so that the load after a killed one resumes them. [`complete`](Self::complete) deletes them. A destination that
    /// does not store them creates the jobs anew.
    ///
    /// # Errors
    ///
    /// When the destination cannot be reached.
    fn save_jobs<'a>(&'a mut self, jobs: &'a str) -> BoxFuture<'a, Result<()>> {
        let _ = jobs;
        Box::pin(async { Ok(()) })
    }

    /// Stores the rows written since the last checkpoint, and where a later load goes on after them, in one
    /// transaction. Rows of [`Writing::Merge`] are committed; others are staged, and stay when the load ends
    /// before it is [complete](Self::complete). `partitions` are added to those of earlier checkpoints. The next load
    /// that [resumes](Target::resume) finds them in [`Opened::checkpoint`], and its writer holds the staged rows.
    /// Only called if [`Destination::resumes`].
    ///
    /// # Errors
    ///
    /// When the destination does not accept the rows, or another load has taken over the resource.
    fn save_checkpoint<'a>(
        &'a mut self,
        point: &'a str,
        partitions: &'a [String],
    ) -> BoxFuture<'a, Result<()>> {
        let _ = (point, partitions);
        Box::pin(async { Ok(()) })
    }

    /// Discards the rows written since the last checkpoint, and keeps that for the next load.
    ///
    /// # Errors
    ///
    /// When the destination cannot be reached.
    fn suspend(&mut self) -> BoxFuture<'_, Result<()>> {
        self.roll_back()
    }

    /// Discards the rows written since the last commit, and the checkpoint with its staged rows.
    ///
    /// # Errors
    ///
    /// When the destination cannot be reached.
    fn roll_back(&mut self) -> BoxFuture<'_, Result<()>>;

    /// Rows of earlier commits that could not be published, of a destination that publishes several commits together:
    /// the report of a failed load does not count them.
    fn lost_rows(&self) -> u64 {
        0
    }

    /// Counts the stored rows of the resource.
    ///
    /// # Errors
    ///
    /// When they cannot be counted.
    fn count(&mut self) -> BoxFuture<'_, Result<u64>>;
}

/// The load of one resource, for the history of loads.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LoadRecord {
    /// Identifier of the load: the same for all of its resources.
    pub run: Text,
    /// Name of the source, with the prefix of its tables if there is one: see [`Target::scope`].
    pub source: Text,
    /// Name of the resource.
    pub resource: Text,
    /// The [settings](Target::settings) that identify the rows: `tenant a`, one per line; empty if there are none.
    pub part: String,
    /// When the load of the resource began.
    pub started: Timestamp,
    /// When it ended; `None` while it runs, and if it was killed.
    pub ended: Option<Timestamp>,
    /// Committed rows.
    pub rows: u64,
    /// Requests, with retries and redirects.
    pub requests: u64,
    /// Time that requests waited before they were sent.
    pub waited: Duration,
    /// How it ended.
    pub status: LoadStatus,
    /// The error; `None` without one.
    pub error: Option<String>,
}

/// The last load of a resource, by the history of a destination: see [`Destination::last_loads`].
#[derive(Clone, Debug, PartialEq)]
pub struct LastLoad {
    /// The load that began last.
    pub load: LoadRecord,
    /// When a load last stored all records of the resource.
    pub last_success: Option<Timestamp>,
}

impl LastLoad {
    /// The last loads by this history, in order of source, resource and settings.
    ///
    /// ```
    /// use rest_source_load::{LastLoad, LoadRecord, LoadStatus};
    ///
    /// let at = |text: &str| text.parse::<rest_source::Timestamp>();
    /// let (monday, tuesday) = (at("2026-11-23T09:00:00Z")?, at("2026-11-24T09:00:00Z")?);
    /// let mut loaded = LoadRecord::begun("run-1", "shop", "orders", monday);
    /// (loaded.ended, loaded.status) = (Some(monday), LoadStatus::Loaded);
    /// let failed = LoadRecord::begun("run-2", "shop", "orders", tuesday);
    /// let last = LastLoad::of_history([loaded, failed]);
    /// assert_eq!(last[0].load.started, tuesday);
    /// assert_eq!(last[0].last_success, Some(monday));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of_history(history: impl IntoIterator<Item = LoadRecord>) -> Vec<Self> {
        let mut last: BTreeMap<_, Self> = BTreeMap::new();
        for load in history {
            let key = (
                load.source.clone(),
                load.resource.clone(),
                load.part.clone(),
            );
            let success = load.ended.filter(|_| load.status == LoadStatus::Loaded);
            match last.entry(key) {
                Entry::Vacant(entry) => {
                    let last_success = success;
                    entry.insert(Self { load, last_success });
                }
                Entry::Occupied(mut entry) => {
                    let entry = entry.get_mut();
                    entry.last_success = entry.last_success.max(success);
                    if load.started >= entry.load.started {
                        entry.load = load;
                    }
                }
            }
        }
        last.into_values().collect()
    }
}

impl LoadRecord {
    /// Identifies the rows of the resource: a load that runs has locked them.
    pub fn resource_key(&self) -> ResourceKey {
        ResourceKey {
            source: self.source.to_string(),
            resource: self.resource.to_string(),
            part: self.part.clone(),
        }
    }

    /// The load of a resource that begins.
    pub fn begun(
        run: impl Into<Text>,
        source: impl Into<Text>,
        resource: impl Into<Text>,
        started: Timestamp,
    ) -> Self {
        Self {
            run: run.into(),
            source: source.into(),
            resource: resource.into(),
            part: String::new(),
            started,
            ended: None,
            rows: 0,
            requests: 0,
            waited: Duration::ZERO,
            status: LoadStatus::Running,
            error: None,
        }
    }
}

/// How the load of a resource stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadStatus {
    /// It runs.
    Running,
    /// All records are stored.
    Loaded,
    /// The API announced records that did not arrive, or the budget was used up.
    Incomplete,
    /// It failed.
    Failed,
    /// It was dropped or killed.
    Interrupted,
    /// The load ended before the turn of the resource, or gave up on it without a request.
    NotTried,
}

impl LoadStatus {
    /// The word for it: `running`, `loaded`, `incomplete`, `failed`, `interrupted`, `not tried`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Loaded => "loaded",
            Self::Incomplete => "incomplete",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::NotTried => "not tried",
        }
    }

    /// The status of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Running,
            Self::Loaded,
            Self::Incomplete,
            Self::Failed,
            Self::Interrupted,
            Self::NotTried,
        ]
        .into_iter()
        .find(|status| status.word() == word)
    }
}

/// A resource to be written, and how.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one for each option of a load"
)]
pub struct Target {
    /// Name of the source.
    pub source: Text,
    /// The prefix of the names of its tables: see [`table_prefix`](crate::Loading::table_prefix). Loads with other
    /// prefixes have other tables, and states of their own.
    pub table_prefix: Text,
    /// The resource. Its table has the name that it has in the destination.
    pub resource: Ref<ResourcePlan>,
    /// How rows are written.
    pub writing: Writing,
    /// The resources of the load.
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
    /// Identifier of the load: the same for all of its resources.
    pub run: Text,
    /// When the load began, if each row is to say by which load it was written: see
    /// [`stamp_rows`](crate::Loading::stamp_rows).
    pub stamp: Option<Timestamp>,
    /// Whether the caller lets loads change a table that no load created: see [`adopt`](crate::Loading::adopt).
    pub adopt: bool,
    /// Whether the load resumes an interrupted one, and saves [checkpoints](Writer::save_checkpoint) for the next. If
    /// not, what an interrupted one left is discarded.
    pub resume: bool,
    /// Whether records that are set aside are kept: see [`keep_rejects`](crate::Loading::keep_rejects).
    pub keep_rejects: bool,
}

/// Where an interrupted load of a resource resumes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredCheckpoint {
    /// The text of the last [checkpoint](Writer::save_checkpoint).
    pub point: String,
    /// The partitions of all checkpoints.
    pub partitions: Vec<String>,
}

impl StoredCheckpoint {
    /// A checkpoint as it was saved.
    pub fn new(point: impl Into<String>, partitions: Vec<String>) -> Self {
        Self {
            point: point.into(),
            partitions,
        }
    }
}

/// The state of a resource as a destination stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredState {
    /// The resource.
    pub key: ResourceKey,
    /// The state, as JSON; `None` if a load starts at the beginning.
    pub state: Option<String>,
    /// The fingerprint of the request of the rows, as JSON.
    pub request: Option<String>,
    /// When it was stored; `None` if the destination does not tell.
    pub updated: Option<Timestamp>,
}

impl StoredState {
    /// The state of a resource.
    pub fn new(key: ResourceKey, state: Option<String>, request: Option<String>) -> Self {
        Self {
            key,
            state,
            request,
            updated: None,
        }
    }
}

/// An open resource: its writer, and what the destination has stored of it.
#[non_exhaustive]
pub struct Opened {
    /// Writes its rows.
    pub writer: Box<dyn Writer>,
    /// The last committed state.
    pub state: Option<State>,
    /// Fingerprint of the request of the stored rows; `None` if there are no rows or it is unknown.
    pub request: Option<Fingerprint>,
    /// What [`Writer::save_jobs`] stored last, and no commit [completed](Writer::complete).
    pub jobs: Option<String>,
    /// Where an interrupted load resumes, if the target [resumes](Target::resume).
    pub checkpoint: Option<StoredCheckpoint>,
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

impl Opened {
    /// A resource of which nothing is stored.
    pub fn new(writer: impl Writer + 'static) -> Self {
        Self {
            writer: Box::new(writer),
            state: None,
            request: None,
            jobs: None,
            checkpoint: None,
            already_appended: None,
            notes: Vec::new(),
        }
    }
}

impl Target {
    /// The source whose states it has: its name, and the prefix of its tables if there is one.
    pub fn scope(&self) -> String {
        match &*self.table_prefix {
            "" => self.source.to_string(),
            prefix => format!("{}/{prefix}", self.source),
        }
    }

    /// The same for a comparison: what differs is merged by its key.
    pub(crate) fn for_comparison(self) -> Self {
        let writing = match self.resource.write_disposition {
            WriteDisposition::Append => Writing::Append,
            _ => Writing::Merge,
        };
        Self {
            writing,
            full_refresh: false,
            resume: false,
            ..self
        }
    }

    /// Identifies its rows and its state in the destination.
    pub fn resource_key(&self) -> ResourceKey {
        ResourceKey {
            source: self.scope(),
            resource: self.resource.name.to_string(),
            part: self.part(),
        }
    }

    /// The settings that identify its rows, one per line: `tenant a`. Empty if there are none.
    pub fn part(&self) -> String {
        let lines = self.settings.iter();
        let mut lines: Vec<String> = lines
            .map(|(name, value)| format!("{name} {}", value.to_string().escape_debug()))
            .collect();
        // The order of `include_from_config` does not matter.
        lines.sort_unstable();
        lines.join("\n")
    }

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

    /// The column of a [stamp](Self::stamp) with the time at which the load of a row's resource began.
    pub const LOADED_AT: &str = "_loaded_at";
    /// The column of a stamp with the identifier of the load that wrote a row.
    pub const LOAD_ID: &str = "_load_id";

    /// The column of the spec that has the name of a stamp, if rows are stamped.
    pub(crate) fn stamp_column_of_spec(&self) -> Option<Text> {
        self.stamp?;
        let is_stamp = |name: &Text| {
            let mut stamps = [Self::LOADED_AT, Self::LOAD_ID].into_iter();
            stamps.any(|stamp| name.eq_ignore_ascii_case(stamp))
        };
        let children = self.child_tables();
        let tables = std::iter::once(&*self.resource.table);
        let mut tables = tables.chain(children.iter().map(|child| &*child.table));
        tables.find_map(|table| {
            let mut names = table.columns.iter().map(|column| &column.name);
            names.find(|name| is_stamp(name)).cloned()
        })
    }

    /// The column that marks deletions (`hard_delete`), and the values that do.
    pub fn hard_delete(&self) -> Option<(&Column, &HardDelete)> {
        let is_merged = self.resource.write_disposition == WriteDisposition::Merge;
        let mark = self.resource.hard_delete.as_ref().filter(|_| is_merged)?;
        let columns = &self.resource.table.columns;
        Some((columns.get(usize::from(mark.column))?, mark))
    }

    /// Whether a row says that its record was deleted.
    pub fn is_deletion(&self, row: Row<'_>) -> bool {
        let Some((_, HardDelete { column, values })) = self.hard_delete() else {
            return false;
        };
        let is_mark = |text: &str| values.iter().any(|value| *value == *text);
        match row.value(usize::from(*column)) {
            Value::Bool(is_deleted) if values.is_empty() => is_deleted,
            value if values.is_empty() || value.is_null() => !value.is_null(),
            Value::Bool(value) => is_mark(if value { "true" } else { "false" }),
            Value::Bigint(value) => is_mark(&value.to_string()),
            Value::Text(value) => is_mark(value),
            _ => false,
        }
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
