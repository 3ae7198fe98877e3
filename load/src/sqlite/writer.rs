//! The writer: one resource at a time over one connection.

use rest_source::{Error, ErrorKind, Fingerprint, Result, Rows, State};
use rusqlite::Connection;

use super::{
    child_tables::{self, Child},
    open_file::OpenFile,
    prepare,
    staging::Staging,
    state::{self, Progress},
    table::{RowStatements, quote},
    unfinished_loads::{self, LoadLock},
};
use crate::{Opened, Target, Writing};

/// A connection and its open resource.
///
/// Each method runs at most one short transaction. No transaction is open between calls, while a load waits
/// for its API.
pub(super) struct Writer {
    db: Connection,
    /// `None` for a database in memory.
    file: Option<OpenFile>,
    resource: Option<Resource>,
    /// The targets that this load has opened.
    opened: Vec<Target>,
    /// Held from the first resource that this load appends.
    lock: Option<LoadLock>,
}

/// The open resource.
struct Resource {
    target: Target,
    children: Vec<Child>,
    statements: RowStatements,
    staging: Staging,
    /// Its last commit, as this load found or made it.
    progress: Progress,
    /// Whether the table had rows after that commit.
    has_rows: bool,
}

impl Writer {
    pub(super) fn new(db: Connection) -> Self {
        Self {
            file: OpenFile::of(&db),
            db,
            resource: None,
            opened: Vec::new(),
            lock: None,
        }
    }

    /// Creates or alters the resource's table, and reads its last commit.
    pub(super) fn open(&mut self, target: Target) -> Result<Opened> {
        self.roll_back()?;
        let (progress, has_rows, notes, already_appended) = transaction(&self.db, || {
            let (progress, notes) = prepare::prepare(&self.db, &target)?;
            if self.lock.is_none() && unfinished_loads::appends_all(&target) {
                self.lock = Some(LoadLock::start(&self.db)?);
            }
            let appended = unfinished_loads::appended(&self.db, &target, self.lock.as_ref())?;
            let has_rows = !prepare::is_empty(&self.db, &target.resource.table.name)?;
            Ok((progress, has_rows, notes, appended))
        })?;
        let mut opened = Opened {
            already_appended,
            notes,
            ..Opened::default()
        };
        // A replacing load does not need the state, nor a full refresh the request, so they also recover from
        // unreadable ones.
        if let Some(state) = &progress.state
            && target.writing != Writing::Replace
        {
            opened.state = Some(State::from_json(state)?);
        }
        if let Some(request) = &progress.request
            && !target.full_refresh
        {
            opened.request = Some(Fingerprint::from_json(request).map_err(|error| {
                error.with_help(
                    "a full refresh replaces the rows and what is stored of their request",
                )
            })?);
        }
        self.opened.push(target.clone());
        self.resource = Some(Resource {
            children: child_tables::children(&target),
            statements: RowStatements::new(&target),
            target,
            staging: Staging::default(),
            progress,
            has_rows,
        });
        Ok(opened)
    }

    /// Stages a page for the next commit.
    pub(super) fn write(&mut self, rows: &Rows) -> Result<u64> {
        let resource = self.resource.as_mut().ok_or_else(not_open)?;
        let (target, children) = (&resource.target, &resource.children);
        resource.staging.push(&self.db, target, children, rows)?;
        u64::try_from(rows.len()).map_err(|_| not_open())
    }

    /// Commits the staged pages and the state, if there is one. `complete`: the resource has no more pages.
    pub(super) fn commit(&mut self, state: Option<String>, complete: bool) -> Result<()> {
        let db = &self.db;
        let resource = self.resource.as_mut().ok_or_else(not_open)?;
        let lock = self.lock.as_ref().filter(|_| complete);
        self.file.as_ref().map_or(Ok(()), OpenFile::check)?;
        transaction(db, || {
            resource.publish(db, state.as_deref())?;
            unfinished_loads::store(db, &resource.target, lock).map_err(failed)
        })?;
        resource.has_rows = match resource.target.hard_delete() {
            Some(_) => !prepare::is_empty(db, &resource.target.resource.table.name)?,
            None => resource.has_rows || resource.staging.has_rows(),
        };
        resource.staging.clear(db, &resource.children)?;
        let progress = &mut resource.progress;
        progress.commits += 1;
        progress.request = Some(resource.target.request.to_json());
        if state.is_some() {
            progress.state = state;
        }
        Ok(())
    }

    /// Discards the staged pages.
    pub(super) fn roll_back(&mut self) -> Result<()> {
        if !self.db.is_autocommit() {
            self.db.execute_batch("ROLLBACK").map_err(failed)?;
        }
        match &mut self.resource {
            Some(resource) => resource.staging.clear(&self.db, &resource.children),
            None => Ok(()),
        }
    }

    /// Ends the load.
    pub(super) fn end(&mut self) -> Result<()> {
        let db = &self.db;
        let lock = self.lock.as_ref();
        if self.opened.iter().any(unfinished_loads::appends_all) {
            transaction(db, || unfinished_loads::end(db, &self.opened, lock))?;
        }
        self.opened.clear();
        self.lock = None;
        Ok(())
    }

    /// Counts the rows of the open resource's table.
    pub(super) fn count(&self) -> Result<u64> {
        let resource = self.resource.as_ref().ok_or_else(not_open)?;
        count(&self.db, &resource.target.resource.table.name)
    }
}

impl Resource {
    /// Writes the staged pages and the state, within the caller's transaction.
    fn publish(&mut self, db: &Connection, state: Option<&str>) -> Result<()> {
        let has_rows = self.staging.has_rows();
        let target = &self.target;
        let stored = state::read(db, target).map_err(failed)?;
        let is_overtaken = match target.writing {
            // Two merges of one request give the same table: only the state could move back.
            Writing::Merge => {
                let is_own = stored.request == self.progress.request
                    || stored.request == Some(target.request.to_json());
                stored.state != self.progress.state || !is_own
            }
            _ => stored.commits != self.progress.commits,
        };
        if is_overtaken {
            return Err(overtaken());
        }
        // Earlier pages of this load are gone, or rows that the state covers.
        let needs_rows = match target.writing {
            Writing::Merge => true,
            Writing::Append | Writing::ReplaceGroups => state.is_some(),
            Writing::Replace => false,
        };
        let table = &target.resource.table.name;
        if needs_rows && self.has_rows && prepare::is_empty(db, table)? {
            return Err(emptied(table));
        }
        match target.writing {
            Writing::Replace => {
                prepare::clear(db, target)?;
                self.staging
                    .publish(db, target, &self.children, &self.statements)?;
            }
            Writing::ReplaceGroups => self.staging.publish_groups(db, target, &self.children)?,
            Writing::Append | Writing::Merge => {
                self.staging
                    .publish(db, target, &self.children, &self.statements)?;
            }
        }
        // A load that deleted the last row did not find a table that someone emptied.
        let (has_rows, is_exact) = match target.hard_delete() {
            Some(_) => (prepare::has_own_rows(db, target)?, true),
            None => (has_rows, target.writing == Writing::Replace),
        };
        state::store(db, target, state, has_rows, is_exact).map_err(failed)
    }
}

/// Runs `work` in a transaction that takes the write lock at its start. SQLite does not wait for the write
/// lock in a transaction that has already read.
fn transaction<T>(db: &Connection, work: impl FnOnce() -> Result<T>) -> Result<T> {
    db.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
    let done = work().and_then(|done| db.execute_batch("COMMIT").map_err(failed).map(|()| done));
    if done.is_err() && !db.is_autocommit() {
        // The first error is the one to report.
        let _ = db.execute_batch("ROLLBACK");
    }
    done
}

fn count(db: &Connection, table: &str) -> Result<u64> {
    let sql = format!("SELECT count(*) FROM {}", quote(table));
    let count: rusqlite::Result<i64> = db.query_row(&sql, [], |row| row.get(0));
    Ok(count.map_err(failed)?.unsigned_abs())
}

pub(super) fn run(db: &Connection, statements: &[String]) -> Result<()> {
    db.execute_batch(&statements.join(";\n")).map_err(failed)
}

/// The error for a failed database operation.
#[expect(clippy::needless_pass_by_value, reason = "it is for `map_err`")]
pub(super) fn failed(error: rusqlite::Error) -> Error {
    let busy = error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy);
    let says = match &error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    };
    let message = format!("the database says: {says}");
    let failure = Error::new(ErrorKind::Destination, message).with_source(&error);
    if busy {
        failure.with_help(
            "another process holds a transaction open on this database: end it, and load again",
        )
    } else {
        failure
    }
}

fn emptied(name: &str) -> Error {
    let message = format!("the table `{name}` was emptied while the load ran");
    Error::new(ErrorKind::Destination, message).with_help("run the load again")
}

fn overtaken() -> Error {
    let message = "another load has written this resource since this one began";
    Error::new(ErrorKind::Destination, message)
        .with_help("run it again, and one load of a resource at a time")
}

fn not_open() -> Error {
    Error::new(ErrorKind::Destination, "no resource is open")
}
