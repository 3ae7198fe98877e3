//! The SQLite destination.

mod bind;
mod database;
mod rows;

use std::{
    fmt,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use database::{SqliteDatabase, failed};
use rest_source::{Error, ErrorKind, Result};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::{
    Delegate, Destination,
    sql::{self, SqlDestination},
};

/// A SQLite database with one table per resource, of the resource's name.
///
/// | column | type in SQLite |
/// |---|---|
/// | `text`, enum | `TEXT` |
/// | `bigint` | `INTEGER` |
/// | `double` | `REAL`; SQLite stores −0.0 as 0.0 |
/// | `bool` | `INTEGER`, 0 or 1 |
/// | `timestamp` | `TEXT`, in UTC: `2026-11-21T09:30:00.000000+00:00`, with six fractional digits, or nine if it needs more; texts of the years 0 to 9999 sort by time |
/// | `date`, `time` | `TEXT`: `2026-11-21`, `09:30:00` |
/// | `decimal` | `TEXT`, exact |
/// | `binary` | `BLOB` |
/// | json, object, array, map, union | `TEXT`, the JSON as it was received |
///
/// Tables are `STRICT`. Columns that are not nullable are `NOT NULL`. The spec's primary key is the table's
/// primary key, except under `write_disposition: append`, which may store a record more than once.
///
/// An existing table is altered: missing columns are added, with null in existing rows, and a column that is
/// now nullable loses its `NOT NULL`. A changed type or primary key is an error; a full refresh creates the
/// table again.
///
/// An untyped resource (`columns: json`) has one column, `record`, with the JSON as received. Each name of its
/// primary key has a column before that, of the type `ANY`: a text is stored as `TEXT`, an integer as
/// `INTEGER`, true and false as the `BLOB`s `true` and `false`. So 7 and `"7"` are two records, and so are 1 and true.
///
/// A merged row that is the same as the stored one is not written: no trigger runs, and the file does not change. With
/// [stamped rows](crate::Loading::stamp_rows) every row is written, because each load has stamps of its own.
///
/// With a `merge_key`, the loaded rows replace all rows that have the merge key of one of them. An incremental
/// resource needs its cursor, and its parent's key, in the merge key, so that it fetches whole groups. With a
/// primary key as well, the last row of each primary key is written.
///
/// A list with `as: table` has a table of its own, `<resource>_<column>`, with a row for each element: the key of its
/// record (`_<resource>_<column>`), its position in the list from 0 (`_position`), and its columns. Its rows are replaced
/// and deleted with the row of their record, in the same transaction.
///
/// With `hard_delete`, a row that is marked deletes the stored row of its primary key, in order with the other rows.
///
/// A table that no load created is never emptied, dropped or altered, under any disposition: the load returns
/// an error. A load may append to such a table if it fits as it is. A table that a user dropped is created
/// again and loaded from the start, and so is one that a user emptied, unless the
/// [state is kept](crate::Loading::keep_state). The report notes both.
///
/// These tables record the loads, per source and resource: `_rest_source_tables` the types of the columns and
/// whether a load created the table; `_rest_source_state` the last state and the fingerprint of its request;
/// `_rest_source_unfinished` the resources appended by loads that did not end; `_rest_source_loads` the history: when
/// each load of a resource began and ended, its rows, requests and waits, its `status` (`running`, `loaded`,
/// `incomplete`, `failed`, `interrupted`, `not tried`) and its error. A killed load stays `running` until the next load of the
/// resource. `_rest_source_jobs` has the jobs that APIs run;
/// `_rest_source_checkpoints` and `_rest_source_fetched_partitions` where interrupted loads resume, whose rows are in
/// tables `_rest_source_staged_…`. A load that appends, or can be resumed, locks a file beside the database,
/// `shop.db-load-…`, so that later loads can tell whether it was killed. While a load runs, it locks a file of each
/// resource, `shop.db-lock-…`, and another load of it fails or waits.
///
/// The database uses WAL mode, so that others can read while a load writes, with `synchronous = NORMAL`: commits
/// do not wait for the disk. A power failure may lose the last commits, each as a whole, rows and state
/// together; the next load fetches them again.
///
/// No transaction is open while a load waits for its API. Uncommitted pages are staged in memory (up to 8 MiB)
/// and in a temporary table, which has its own file, and written in one transaction. So several loads of
/// different resources can write to one file at the same time. A load waits up to one minute for other
/// transactions, then fails.
pub struct Sqlite(SqlDestination<SqliteDatabase>);

impl Sqlite {
    /// Opens the database file, and creates it if it does not exist.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Destination`] when the file cannot be opened, or is not a SQLite database.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        if path.as_os_str().is_empty() {
            // SQLite would open a temporary database.
            let message = "the path of the database is empty";
            return Err(Error::new(ErrorKind::Config, message).with_help("name a file"));
        }
        let failed = |error: rusqlite::Error| {
            let message = format!("cannot open the database `{}`: {error}", path.display());
            Error::new(ErrorKind::Destination, message).with_source(&error)
        };
        // Otherwise a path such as `file:x?mode=memory` would open a database in memory.
        let flags = OpenFlags::default() - OpenFlags::SQLITE_OPEN_URI;
        Self::over(Connection::open_with_flags(path, flags).map_err(failed)?).map_err(failed)
    }

    /// Checks that a load could write to this file, which exists, and leaves it as it is.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Destination`] when the file cannot be opened or written, or is not a SQLite database.
    pub fn check(path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let connect = || {
            let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            connection.busy_timeout(LOCK_TIMEOUT)?;
            Ok(connection)
        };
        let connection = connect().map_err(|error: rusqlite::Error| {
            let message = format!("cannot open the database `{}`: {error}", path.display());
            Error::new(ErrorKind::Destination, message).with_source(&error)
        })?;
        sql::check_rights(&mut SqliteDatabase::new(connection))
    }

    /// Opens a database file that exists, and changes nothing in it, for a [preview](crate::Loading::preview).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Destination`] when the file cannot be opened.
    pub fn open_unchanged(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let connect = || {
            let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            connection.busy_timeout(LOCK_TIMEOUT)?;
            Ok(connection)
        };
        let connection = connect().map_err(|error: rusqlite::Error| {
            let message = format!("cannot open the database `{}`: {error}", path.display());
            Error::new(ErrorKind::Destination, message).with_source(&error)
        })?;
        Ok(Self(SqlDestination::new(SqliteDatabase::new(connection))))
    }

    /// Opens a database in memory, which is deleted on drop.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Destination`] when memory cannot be allocated.
    pub fn open_in_memory() -> Result<Self> {
        let opened = Connection::open_in_memory().and_then(Self::over);
        opened.map_err(failed)
    }

    fn over(connection: Connection) -> rusqlite::Result<Self> {
        connection.busy_timeout(LOCK_TIMEOUT)?;
        // Of a new file; an existing one keeps its own. Fewer pages are written, and the tree is less deep.
        connection.pragma_update(None, "page_size", 8192)?;
        use_wal(&connection)?;
        // Pages that several commits change are written to the database once.
        connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
        connection.pragma_update(None, "synchronous", "normal")?;
        Ok(Self(SqlDestination::new(SqliteDatabase::new(connection))))
    }
}

impl Delegate for Sqlite {
    fn destination(&self) -> &dyn Destination {
        &self.0
    }
}

/// How long a load waits for other transactions.
const LOCK_TIMEOUT: Duration = Duration::from_secs(60);

/// Sets WAL mode. SQLite's busy timeout does not apply here while others open the same file.
fn use_wal(connection: &Connection) -> rusqlite::Result<()> {
    let begun = Instant::now();
    loop {
        // The effective mode is returned as a row; a database in memory keeps its own mode.
        let set = connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()));
        match set {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && begun.elapsed() < LOCK_TIMEOUT =>
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

/// A database in memory, for tests of the SQL core.
#[cfg(test)]
pub(crate) fn in_memory() -> impl sql::Database {
    let connection = Connection::open_in_memory().unwrap();
    SqliteDatabase::new(connection)
}
