//! Writing one resource at a time over a connection.

use rest_source::{Error, ErrorKind, Result, Rows, State};
use rusqlite::Connection;

use super::{
    bind::bind,
    groups,
    state::{self, Remembered},
    table::{self, Fit, quote},
};
use crate::{Target, Writing};

/// A connection, and the resource that is opened on it.
pub(super) struct Writer {
    db: Connection,
    opened: Option<Opened>,
}

/// A resource that is being written.
#[derive(Clone)]
struct Opened {
    target: Target,
    insert: String,
    /// The state that this load started from or committed itself, as JSON.
    state: Option<String>,
}

impl Writer {
    pub(super) fn new(db: Connection) -> Self {
        Self { db, opened: None }
    }

    /// Makes the resource's table, or widens it, and reads its state.
    pub(super) fn open(&mut self, target: Target) -> Result<Option<State>> {
        self.roll_back()?;
        self.begin()?;
        let prepared = prepare(&self.db, &target).and_then(|remembered| {
            self.end()?;
            Ok(remembered)
        });
        if prepared.is_err() {
            // Others are not to wait for what will not be written.
            self.roll_back()?;
        }
        let remembered = prepared?;
        let state = remembered.and_then(|remembered| remembered.state);
        self.opened = Some(Opened {
            target,
            insert: match target.writing {
                Writing::ReplaceGroups => groups::insert(&target),
                _ => table::insert(&target),
            },
            state: state.clone(),
        });
        match target.writing {
            // It starts over, also from a state that nobody can read any more.
            Writing::Replace => Ok(None),
            Writing::Append | Writing::Merge | Writing::ReplaceGroups => {
                state.map(|json| State::from_json(&json)).transpose()
            }
        }
    }

    /// Writes a page.
    pub(super) fn write(&mut self, rows: &Rows) -> Result<u64> {
        self.begin_writing()?;
        let opened = self.opened()?;
        let mut insert = self.db.prepare_cached(&opened.insert).map_err(failed)?;
        let mut text = String::new();
        for row in rows {
            bind(&mut insert, row, &mut text)
                .and_then(|()| insert.raw_execute())
                .map_err(failed)?;
        }
        u64::try_from(rows.len()).map_err(|_| not_open())
    }

    /// Commits what was written, with a state where there is one.
    pub(super) fn commit(&mut self, state: Option<String>) -> Result<()> {
        self.begin_writing()?;
        let target = self.opened()?.target;
        if target.writing == Writing::ReplaceGroups {
            run(&self.db, &groups::settle(&target))?;
        }
        state::store(&self.db, &target, state.as_deref()).map_err(failed)?;
        self.end()?;
        if let (Some(opened), Some(state)) = (&mut self.opened, state) {
            opened.state = Some(state);
        }
        Ok(())
    }

    /// Forgets what was not committed.
    pub(super) fn roll_back(&mut self) -> Result<()> {
        if self.db.is_autocommit() {
            return Ok(());
        }
        self.db.execute_batch("ROLLBACK").map_err(failed)
    }

    /// Counts the rows of the opened resource's table.
    pub(super) fn count(&self) -> Result<u64> {
        let table = quote(self.opened()?.target.resource.table.name);
        let count: Result<i64, _> =
            self.db
                .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                    row.get(0)
                });
        Ok(count.map_err(failed)?.unsigned_abs())
    }

    fn opened(&self) -> Result<&Opened> {
        self.opened.as_ref().ok_or_else(not_open)
    }

    /// Begins a transaction, and takes the lock for writing at once: one that has read before it
    /// asks for the lock cannot wait for it.
    fn begin(&self) -> Result<()> {
        self.db.execute_batch("BEGIN IMMEDIATE").map_err(failed)
    }

    fn end(&self) -> Result<()> {
        self.db.execute_batch("COMMIT").map_err(failed)
    }

    /// Begins the transaction that the opened resource is written in, unless it is open.
    fn begin_writing(&mut self) -> Result<()> {
        if !self.db.is_autocommit() {
            return Ok(());
        }
        self.begin()?;
        let opened = self.opened()?;
        let remembered = state::read(&self.db, &opened.target).map_err(failed)?;
        if remembered.as_ref().and_then(|r| r.state.as_ref()) != opened.state.as_ref() {
            return Err(overtaken());
        }
        match opened.target.writing {
            Writing::Replace => clear(&self.db, &opened.target, remembered.as_ref()),
            Writing::ReplaceGroups => run(&self.db, &[groups::create(&opened.target)]),
            Writing::Append | Writing::Merge => Ok(()),
        }
    }
}

/// Makes the table of a resource, or widens it. What is remembered of the resource.
fn prepare(db: &Connection, target: &Target) -> Result<Option<Remembered>> {
    let name = target.resource.table.name;
    if name.eq_ignore_ascii_case(state::TABLE) {
        let message = format!("a resource cannot be called `{name}`: that table holds the states");
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
    let remembered = state::read(db, target).map_err(failed)?;
    match table::fit(db, target, remembered.as_ref()).map_err(failed)? {
        Fit::Absent => run(db, &[table::create(target)])?,
        Fit::After(statements) => run(db, &statements)?,
        // It is made anew with the first row.
        Fit::Never(_) if target.writing == Writing::Replace => return Ok(remembered),
        Fit::Never(reason) => {
            let message = format!("the table `{name}` does not fit the spec: {reason}");
            return Err(Error::new(ErrorKind::Destination, message).with_help(
                "a full refresh makes the table anew and fetches everything again; to keep its \
                 rows, rename the table first",
            ));
        }
    }
    state::remember(db, target).map_err(failed)?;
    Ok(remembered)
}

/// Empties the table of a resource, or makes it anew where it does not fit.
fn clear(db: &Connection, target: &Target, remembered: Option<&Remembered>) -> Result<()> {
    let table = quote(target.resource.table.name);
    let mut statements = match table::fit(db, target, remembered).map_err(failed)? {
        Fit::Absent => vec![table::create(target)],
        Fit::After(statements) => statements,
        Fit::Never(_) => vec![format!("DROP TABLE {table}"), table::create(target)],
    };
    statements.push(format!("DELETE FROM {table}"));
    run(db, &statements)?;
    state::remember(db, target).map_err(failed)
}

fn run(db: &Connection, statements: &[String]) -> Result<()> {
    db.execute_batch(&statements.join(";\n")).map_err(failed)
}

/// An error of the database.
pub(super) fn failed(error: rusqlite::Error) -> Error {
    let busy = error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy);
    let says = match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message,
        other => other.to_string(),
    };
    let failure = Error::new(ErrorKind::Destination, format!("the database says: {says}"));
    if busy {
        failure.with_help("another process is writing to it: let that end first")
    } else {
        failure
    }
}

fn overtaken() -> Error {
    let message = "another load has written this resource since this one began";
    Error::new(ErrorKind::Destination, message)
        .with_help("run it again, and one load of a resource at a time")
}

fn not_open() -> Error {
    Error::new(ErrorKind::Destination, "no resource is open")
}
