//! Writing one resource at a time over a connection.

use rest_source::{Error, ErrorKind, Fingerprint, Result, Rows, State};
use rusqlite::Connection;

use super::{
    bind::setting,
    staging::Staging,
    state::{self, Progress},
    table::{self, Fit, quote},
    unfinished::{self, Appended, Run},
};
use crate::{Opened, Target, Writing};

/// A connection, and the resource that is opened on it.
///
/// Each method is one short transaction or none: none is open between two of them, while a load waits
/// for its API.
pub(super) struct Writer {
    db: Connection,
    resource: Option<Resource>,
    /// The targets that the load has opened.
    opened: Vec<Target>,
    /// The load, once it is to append something.
    run: Option<Run>,
}

/// A resource that is being written.
struct Resource {
    target: Target,
    insert: String,
    staging: Staging,
    /// How far it came when this load opened it, or last committed it.
    progress: Progress,
}

impl Writer {
    pub(super) fn new(db: Connection) -> Self {
        Self {
            db,
            resource: None,
            opened: Vec::new(),
            run: None,
        }
    }

    /// Makes the resource's table, or widens it, and reads how far it came.
    pub(super) fn open(&mut self, target: Target) -> Result<Opened> {
        self.roll_back()?;
        let (progress, notes, appended) = transaction(&self.db, || {
            let (progress, notes) = prepare(&self.db, &target)?;
            if self.run.is_none() && unfinished::appends_all(&target) {
                self.run = Some(Run::start(&self.db)?);
            }
            let appended = unfinished::appended(&self.db, &target, self.run.as_ref())?;
            Ok((progress, notes, appended))
        })?;
        let mut opened = Opened {
            appended: appended.is_some(),
            since: appended == Some(Appended::Since),
            notes,
            ..Opened::default()
        };
        // A load that replaces starts over, also from a state that nobody can read any more.
        if let Some(state) = &progress.state
            && target.writing != Writing::Replace
        {
            opened.state = Some(State::from_json(state)?);
        }
        let request = progress.request.as_deref();
        opened.request = request.map(Fingerprint::from_json).transpose()?;
        self.opened.push(target.clone());
        self.resource = Some(Resource {
            insert: table::insert(&target),
            target,
            staging: Staging::default(),
            progress,
        });
        Ok(opened)
    }

    /// Takes a page, to be committed.
    pub(super) fn write(&mut self, rows: &Rows) -> Result<u64> {
        let resource = self.resource.as_mut().ok_or_else(not_open)?;
        resource.staging.push(&self.db, &resource.target, rows)?;
        u64::try_from(rows.len()).map_err(|_| not_open())
    }

    /// Commits what was written, with a state where there is one. `complete` where no more comes.
    pub(super) fn commit(&mut self, state: Option<String>, complete: bool) -> Result<()> {
        let db = &self.db;
        let resource = self.resource.as_mut().ok_or_else(not_open)?;
        let run = self.run.as_ref().filter(|_| complete);
        transaction(db, || {
            resource.publish(db, state.as_deref())?;
            unfinished::store(db, &resource.target, run).map_err(failed)
        })?;
        resource.staging.clear(db)?;
        let progress = &mut resource.progress;
        progress.commits += 1;
        if state.is_some() {
            progress.state = state;
        }
        Ok(())
    }

    /// Discards what was not committed.
    pub(super) fn roll_back(&mut self) -> Result<()> {
        if !self.db.is_autocommit() {
            self.db.execute_batch("ROLLBACK").map_err(failed)?;
        }
        match &mut self.resource {
            Some(resource) => resource.staging.clear(&self.db),
            None => Ok(()),
        }
    }

    /// Remembers that the load has ended.
    pub(super) fn end(&mut self) -> Result<()> {
        let db = &self.db;
        let run = self.run.as_ref();
        if self.opened.iter().any(unfinished::appends_all) {
            transaction(db, || unfinished::end(db, &self.opened, run))?;
        }
        self.opened.clear();
        self.run = None;
        Ok(())
    }

    /// Counts the rows of the opened resource's table.
    pub(super) fn count(&self) -> Result<u64> {
        let resource = self.resource.as_ref().ok_or_else(not_open)?;
        count(&self.db, &resource.target.resource.table.name)
    }
}

impl Resource {
    /// Writes what waits to the table, with its state, within a transaction.
    fn publish(&mut self, db: &Connection, state: Option<&str>) -> Result<()> {
        let has_rows = self.staging.has_rows();
        let target = &self.target;
        let stored = state::read(db, target).map_err(failed)?;
        let is_overtaken = match target.writing {
            // Rows of one key are one row: only the state could go back.
            Writing::Merge => stored.state != self.progress.state,
            _ => stored.commits != self.progress.commits,
        };
        if is_overtaken {
            return Err(overtaken());
        }
        match target.writing {
            Writing::Replace => {
                clear(db, target)?;
                self.staging.publish(db, target, &self.insert)?;
            }
            Writing::ReplaceGroups => self.staging.publish_groups(db, target)?,
            Writing::Append | Writing::Merge => self.staging.publish(db, target, &self.insert)?,
        }
        state::store(db, target, state, has_rows).map_err(failed)
    }
}

/// Does some work in a transaction, and takes the lock for writing at once: a transaction that has read
/// before it asks for the lock cannot wait for it.
fn transaction<T>(db: &Connection, work: impl FnOnce() -> Result<T>) -> Result<T> {
    db.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
    let done = work().and_then(|done| db.execute_batch("COMMIT").map_err(failed).map(|()| done));
    if done.is_err() && !db.is_autocommit() {
        // It failed already; what matters is why.
        let _ = db.execute_batch("ROLLBACK");
    }
    done
}

/// Makes the table of a resource, or widens it. How far the resource came, and notes on it.
fn prepare(db: &Connection, target: &Target) -> Result<(Progress, Vec<String>)> {
    let name = &target.resource.table.name;
    if name.to_ascii_lowercase().starts_with(state::PREFIX) {
        let message = format!(
            "a resource cannot be called `{name}`: tables whose names begin with `{}` hold the states",
            state::PREFIX
        );
        return Err(Error::new(ErrorKind::Destination, message).with_help("give it another `name`"));
    }
    if target.writing == Writing::Merge && target.key().next().is_none() {
        let message = "it has no primary key to merge by";
        return Err(Error::new(ErrorKind::Destination, message)
            .with_help("declare a `primary_key`, or another `write_disposition`"));
    }
    state::prepare(db).map_err(failed)?;
    if let Some(rival) = state::rival(db, target).map_err(failed)? {
        let message = format!("the table `{name}` belongs to another resource, `{rival}`");
        return Err(Error::new(ErrorKind::Destination, message)
            .with_help("load each source into a database of its own, or rename the resource"));
    }
    let known = state::known_table(db, target).map_err(failed)?;
    let fit = table::fit(db, target, known.as_ref()).map_err(failed)?;
    let mut notes = Vec::new();
    if fit != Fit::Absent {
        notes.extend(forget_deleted(db, target)?);
        check_strangers(db, target)?;
    }
    let mut made = known.as_ref().is_none_or(|known| known.made);
    match (&fit, &known) {
        (Fit::Absent, _) => {
            if state::forget(db, target).map_err(failed)? && target.writing != Writing::Replace {
                notes.push(format!(
                    "the table `{name}` was dropped since the last load: it is made again, and loaded \
                     from the start"
                ));
            }
            run(db, &[table::create(target)])?;
            made = true;
        }
        (fit, None) => made = adopt(db, target, fit)?,
        (_, Some(known)) if target.writing == Writing::Replace && !known.made => {
            return Err(foreign(name));
        }
        // It is made again with the first row.
        (Fit::Never(reason), Some(_)) if target.writing == Writing::Replace => {
            let others = state::others(db, target).map_err(failed)?;
            if !others.siblings.is_empty() {
                return Err(has_siblings(name, reason, &others.siblings));
            }
            return Ok((state::read(db, target).map_err(failed)?, notes));
        }
        (Fit::Never(reason), _) => return Err(does_not_fit(name, reason)),
        (Fit::After(statements), _) => run(db, statements)?,
    }
    state::remember_table(db, target, made).map_err(failed)?;
    Ok((state::read(db, target).map_err(failed)?, notes))
}

/// Forgets the states of rows that a person deleted, where none is left: what they cover would not be
/// fetched again. The note on it.
fn forget_deleted(db: &Connection, target: &Target) -> Result<Option<String>> {
    let name = &target.resource.table.name;
    let had_rows = state::read(db, target).map_err(failed)?.had_rows;
    let (is_own, values) = own_rows(target);
    let is_emptied = had_rows && !has_rows(db, name, &is_own, values)?;
    let emptied = format!("the table `{name}` was emptied since the last load");
    if target.keep_state {
        let note = || format!("{emptied}: `keep_state` goes on from its state");
        return Ok(is_emptied.then(note));
    }
    let table_is_empty = !has_rows(db, name, "true", Vec::new())?;
    if table_is_empty || is_emptied {
        state::forget_emptied(db, target, table_is_empty).map_err(failed)?;
    }
    let is_told = is_emptied && target.writing != Writing::Replace;
    Ok(is_told.then(|| format!("{emptied}: it is loaded from the start")))
}

/// Whether the table has rows for which the condition holds.
fn has_rows(
    db: &Connection,
    table: &str,
    condition: &str,
    values: Vec<rusqlite::types::Value>,
) -> Result<bool> {
    let table = quote(table);
    let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE {condition})");
    let found = db.query_row(&sql, rusqlite::params_from_iter(values), |row| row.get(0));
    found.map_err(failed)
}

/// The condition for the rows of the settings of the target, and its values.
fn own_rows(target: &Target) -> (String, Vec<rusqlite::types::Value>) {
    let settings = target.settings.iter();
    let conditions: Vec<String> = settings
        .clone()
        .map(|(name, _)| format!("{} = ?", quote(name)))
        .collect();
    let values = settings.map(|(_, value)| setting(value)).collect();
    match conditions.as_slice() {
        [] => ("true".to_owned(), values),
        conditions => (conditions.join(" AND "), values),
    }
}

/// Refuses to mix the rows of the table with those of other settings, and to delete rows of which it
/// cannot be told whose they are. A full refresh may replace rows that are all of one load's settings.
fn check_strangers(db: &Connection, target: &Target) -> Result<()> {
    let state::Others {
        siblings,
        strangers,
    } = state::others(db, target).map_err(failed)?;
    let is_one = strangers.len() == 1 && siblings.is_empty();
    if strangers.is_empty() || target.full_refresh && is_one {
        return Ok(());
    }
    let name = &target.resource.table.name;
    let message =
        format!("the rows of the table `{name}` were loaded by another `include_from_config`");
    let error = Error::new(ErrorKind::Destination, message);
    let error = strangers
        .iter()
        .chain(&siblings)
        .fold(error, |error, part| rows_of(error, part));
    Err(error.with_help(if is_one {
        "a full refresh replaces all of its rows; or load into another database"
    } else {
        "drop the table, and load with each of the settings; or load into another database"
    }))
}

/// The error, with a line that names a part of the rows.
fn rows_of(error: Error, part: &str) -> Error {
    error.with_detail(match part {
        "" => "rows without such a column".to_owned(),
        part => format!("rows of `{}`", part.replace('\n', "`, `")),
    })
}

/// Accepts a table that no load made: an empty one, which becomes a load's own, or one that is only
/// added to and fits as it is. Whether it becomes a load's own.
fn adopt(db: &Connection, target: &Target, fit: &Fit) -> Result<bool> {
    let name = &target.resource.table.name;
    let is_empty = !has_rows(db, name, "true", Vec::new())?;
    match fit {
        Fit::After(statements) if is_empty => {
            run(db, statements)?;
            Ok(true)
        }
        Fit::After(statements) if statements.is_empty() && target.writing != Writing::Replace => {
            Ok(false)
        }
        Fit::Never(reason) if is_empty => {
            let message = format!(
                "the table `{name}` was not made by a load, and does not fit the spec: {reason}"
            );
            Err(Error::new(ErrorKind::Destination, message)
                .with_help("drop the table, which is empty; or rename it or the resource"))
        }
        _ => Err(foreign(name)),
    }
}

/// Empties the table of a resource, or makes it again where it does not fit. What a person built on it,
/// indexes and triggers, is made again, too.
fn clear(db: &Connection, target: &Target) -> Result<()> {
    // Another load may have written since this one began.
    check_strangers(db, target)?;
    let known = state::known_table(db, target).map_err(failed)?;
    let state::Others {
        siblings,
        strangers,
    } = state::others(db, target).map_err(failed)?;
    let has_strangers = !strangers.is_empty();
    let table = quote(&target.resource.table.name);
    if has_strangers {
        state::forget(db, target).map_err(failed)?;
    }
    let statements = match table::fit(db, target, known.as_ref()).map_err(failed)? {
        Fit::Absent => vec![table::create(target)],
        Fit::After(statements) if !has_strangers && !target.settings.is_empty() => {
            run(db, &statements)?;
            return clear_own(db, target);
        }
        Fit::After(mut statements) => {
            statements.push(format!("DELETE FROM {table}"));
            statements
        }
        Fit::Never(reason) if !siblings.is_empty() => {
            return Err(has_siblings(
                &target.resource.table.name,
                &reason,
                &siblings,
            ));
        }
        Fit::Never(_) => {
            let mut statements = vec![format!("DROP TABLE {table}"), table::create(target)];
            statements.extend(table::built_on(db, target).map_err(failed)?);
            statements
        }
    };
    run(db, &statements)?;
    state::remember_table(db, target, true).map_err(failed)
}

/// Deletes the rows that have the settings of the target.
fn clear_own(db: &Connection, target: &Target) -> Result<()> {
    let table = quote(&target.resource.table.name);
    let (is_own, values) = own_rows(target);
    let sql = format!("DELETE FROM {table} WHERE {is_own}");
    db.execute(&sql, rusqlite::params_from_iter(values))
        .map_err(failed)?;
    state::remember_table(db, target, true).map_err(failed)
}

fn count(db: &Connection, table: &str) -> Result<u64> {
    let sql = format!("SELECT count(*) FROM {}", quote(table));
    let count: rusqlite::Result<i64> = db.query_row(&sql, [], |row| row.get(0));
    Ok(count.map_err(failed)?.unsigned_abs())
}

pub(super) fn run(db: &Connection, statements: &[String]) -> Result<()> {
    db.execute_batch(&statements.join(";\n")).map_err(failed)
}

/// An error of the database.
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
        failure.with_help("another process keeps a transaction open on it: end that first")
    } else {
        failure
    }
}

fn foreign(name: &str) -> Error {
    let message =
        format!("the table `{name}` was not made by a load: its rows would be deleted or changed");
    Error::new(ErrorKind::Destination, message).with_help(
        "rename the table or the resource, or load into another database; if the rows are not needed, \
         drop the table",
    )
}

fn does_not_fit(name: &str, reason: &str) -> Error {
    let message = format!("the table `{name}` does not fit the spec: {reason}");
    Error::new(ErrorKind::Destination, message).with_help(
        "a full refresh makes the table anew and fetches everything again; to keep its rows, rename the \
         table first",
    )
}

fn has_siblings(name: &str, reason: &str, siblings: &[String]) -> Error {
    let message = format!(
        "the table `{name}` has to be made again, which would delete the rows of other settings: {reason}"
    );
    let error = Error::new(ErrorKind::Destination, message);
    let error = siblings
        .iter()
        .fold(error, |error, part| rows_of(error, part));
    error.with_help("drop the table, and load with each of the settings")
}

fn overtaken() -> Error {
    let message = "another load has written this resource since this one began";
    Error::new(ErrorKind::Destination, message)
        .with_help("run it again, and one load of a resource at a time")
}

fn not_open() -> Error {
    Error::new(ErrorKind::Destination, "no resource is open")
}
