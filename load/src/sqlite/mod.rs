//! SQLite, in one file and without a server.

mod bind;
mod staging;
mod state;
mod table;
mod unfinished;
mod writer;

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rest_source::{Error, ErrorKind, Result, Rows, State};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::{Destination, Opened, Target};
use writer::Writer;

pub use bind::timestamp_text;

/// A SQLite database: a table for each resource, named as the resource is.
///
/// | column | type in SQLite |
/// |---|---|
/// | `text`, enum | `TEXT` |
/// | `bigint` | `INTEGER` |
/// | `double` | `REAL` |
/// | `bool` | `INTEGER`, 0 or 1 |
/// | `timestamp` | `TEXT`, in UTC: `2026-11-21T09:30:00.000000+00:00`, six digits after the second or, where it is finer, nine; for the years 0 to 9999 the order of the texts is the order in time |
/// | `date`, `time` | `TEXT`: `2026-11-21`, `09:30:00` |
/// | `decimal` | `TEXT`, exact |
/// | `binary` | `BLOB` |
/// | json, object, array, map, union | `TEXT`, the JSON as it was received |
///
/// Tables are `STRICT`; columns that are never null are `NOT NULL`; the primary key of the spec is
/// the table's, except where the `write_disposition` is `append`, which may store a record more than
/// once. A table that is there already is widened by the columns it lacks, which are null in the rows
/// it has, and a column that may be null by now loses its `NOT NULL`. A column of another type, and
/// another key, are an error; a full refresh makes the table anew.
///
/// An untyped resource (`columns: json`) has one column, `record`, which holds its JSON as it was
/// received. Where it has a key, each name of that has a column of its own before it, of the type
/// `ANY`: a text is `TEXT` there, a whole number `INTEGER`, true and false are 1 and 0. So a 7 and a
/// `"7"` are two records.
///
/// Where a resource is merged by a `merge_key`, all rows that have the merge key of one that was loaded
/// give way to what was loaded: what asks only for what is new has its cursor in the merge key, and the
/// key of its parent, so that it asks for whole groups. With a
/// primary key as well, the last row of each key is written.
///
/// A table that no load made is never emptied, dropped or changed, whatever the disposition: that is an
/// error that says so. One that fits as it is may be added to. A table that a person dropped is made
/// again and loaded from the start, and so is one that a person emptied, unless the
/// [state is kept](crate::Loading::keep_state). The report notes both.
///
/// The table `_rest_source_tables` holds, for each source and resource, the types of the columns and
/// whether a load made the table; `_rest_source_state` the state of the last load, the fingerprint of its
/// request; `_rest_source_unfinished` what loads that append, and have not ended, have appended. Such a
/// load locks a file beside the database, `shop.db-load-…`, which tells it from one that was killed.
///
/// The database is in WAL mode, so that others read while a load writes, with
/// `synchronous = NORMAL`: no commit waits for the disk. After a power cut the last commits may be
/// gone, each of them whole, rows and state together; the next load fetches again what they held.
///
/// No transaction is open while a load waits for its API. Pages that cannot be committed yet wait in
/// memory (8 MiB of them) and in a temporary table, which is in a file of its own; all of them are then
/// written in one transaction. So several loads, of different resources, may write one file at a time. A
/// load waits up to a minute for the transactions of others, then fails.
pub struct Sqlite {
    writer: Arc<Mutex<Writer>>,
}

impl Sqlite {
    /// Opens the database in this file. It is made where there is none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Destination`] when the file cannot be opened, or is not a SQLite database.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        if path.as_os_str().is_empty() {
            // SQLite would open a file that is deleted with the connection.
            let message = "the path of the database is empty";
            return Err(Error::new(ErrorKind::Config, message).with_help("name a file"));
        }
        let failed = |error: rusqlite::Error| {
            let message = format!("cannot open the database `{}`: {error}", path.display());
            Error::new(ErrorKind::Destination, message).with_source(&error)
        };
        // A path is a path: without this, `file:x?mode=memory` would be a database in memory.
        let flags = OpenFlags::default() - OpenFlags::SQLITE_OPEN_URI;
        Self::over(Connection::open_with_flags(path, flags).map_err(failed)?).map_err(failed)
    }

    /// A database in memory, gone when it is dropped.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Destination`] when there is no memory for it.
    pub fn open_in_memory() -> Result<Self> {
        let opened = Connection::open_in_memory().and_then(Self::over);
        opened.map_err(writer::failed)
    }

    fn over(connection: Connection) -> rusqlite::Result<Self> {
        connection.busy_timeout(MOST_WAIT)?;
        use_wal(&connection)?;
        connection.pragma_update(None, "synchronous", "normal")?;
        let writer = Arc::new(Mutex::new(Writer::new(connection)));
        Ok(Self { writer })
    }

    /// Does some work with the database, on a thread where it may take its time.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let writer = Arc::clone(&self.writer);
        let work = move || work(&mut writer.lock().unwrap_or_else(PoisonError::into_inner));
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|_| {
            let message = "the runtime shut down while the database was written";
            Err(Error::new(ErrorKind::Destination, message))
        })
    }
}

impl Destination for Sqlite {
    async fn open(&mut self, target: &Target) -> Result<Opened> {
        let target = target.clone();
        self.run(move |writer| writer.open(target)).await
    }

    async fn write(&mut self, rows: &Rows) -> Result<u64> {
        let rows = rows.clone();
        self.run(move |writer| writer.write(&rows)).await
    }

    async fn commit(&mut self, state: Option<&State>) -> Result<()> {
        let state = state.map(State::to_json);
        self.run(move |writer| writer.commit(state, false)).await
    }

    async fn complete(&mut self, state: Option<&State>) -> Result<()> {
        let state = state.map(State::to_json);
        self.run(move |writer| writer.commit(state, true)).await
    }

    async fn end(&mut self) -> Result<()> {
        self.run(Writer::end).await
    }

    async fn roll_back(&mut self) -> Result<()> {
        self.run(Writer::roll_back).await
    }

    async fn count(&mut self) -> Result<u64> {
        self.run(|writer| writer.count()).await
    }
}

/// How long a load waits for the transactions of others.
const MOST_WAIT: Duration = Duration::from_secs(60);

/// Sets WAL mode. SQLite does not wait for a lock here, where others open the file at the same time.
fn use_wal(connection: &Connection) -> rusqlite::Result<()> {
    let begun = Instant::now();
    loop {
        // The mode that is in effect comes back as a row; a database in memory keeps its own.
        let set = connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()));
        match set {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && begun.elapsed() < MOST_WAIT =>
            {
                thread::sleep(Duration::from_millis(20));
            }
            set => return set,
        }
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").finish_non_exhaustive()
    }
}
