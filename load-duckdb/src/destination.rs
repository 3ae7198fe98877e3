//! The destination.

use std::{fmt, path::Path};

use duckdb::{Config, Connection};
use rest_source::{Error, ErrorKind, Result};
use rest_source_load::{Delegate, Destination, LoadLocks, OpenFile, sql::SqlDestination};

use crate::{
    database::{DatabaseFile, DuckDbDatabase},
    errors::failed,
    open_path::OpenPath,
};

/// A DuckDB database with one table per resource, of the resource's name.
///
/// | column | type in DuckDB |
/// |---|---|
/// | `text`, enum | `VARCHAR` |
/// | `bigint` | `BIGINT` |
/// | `double` | `DOUBLE` |
/// | `bool` | `BOOLEAN` |
/// | `timestamp` | `TIMESTAMP WITH TIME ZONE`; digits beyond microseconds are cut off, and in a key an error |
/// | `date`, `time` | `DATE`, `TIME` |
/// | `decimal` with a `precision` of up to 38 | `DECIMAL(precision, scale)`; a number that does not fit is an error |
/// | other `decimal` | `VARCHAR`, exact |
/// | `binary` | `BLOB` |
/// | array of one of these | a list, such as `VARCHAR[]` |
/// | json, object, other arrays, map, union | `JSON` |
///
/// An object is `JSON`, not `STRUCT`, so that a field that the spec adds does not change the type of the column.
///
/// Columns that are not nullable are `NOT NULL`. The spec's primary key is the table's primary key, except under
/// `write_disposition: append`. DuckDB keeps the index of a primary key in memory while the database is open.
///
/// A table that a load created has the constraint `CHECK ('created_by_rest_source' IS NOT NULL)`; a table without it is
/// never emptied, dropped or altered, unless it is [adopted](rest_source_load::Loading::adopt).
///
/// Pages stay in memory (up to 8 MiB), then in a temporary table, until they are published in one transaction with
/// their state. The tables `_rest_source_…` and the rules for existing, dropped and emptied tables are those of
/// `rest_source_load::Sqlite`.
///
/// DuckDB locks the file: while a process writes to the database, no other can open it, not even to read. So the load
/// is the only one: a second one fails with [`ErrorKind::Locked`]. A load that was killed leaves the lock of its file to the operating system, which releases it.
pub struct DuckDb(SqlDestination<DuckDbDatabase>);

impl DuckDb {
    /// Opens the database file, and creates it if it does not exist.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Destination`] when the file cannot be opened, is not a DuckDB database, or is open already, in this
    /// process or another one.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = OpenPath::claim(path.as_ref())?;
        let connection = Connection::open_with_flags(path.path(), config()?);
        let connection = connection.map_err(|error| {
            let shown = path.path().display();
            failed(&error, &format!("cannot open the database `{shown}`"))
        })?;
        let file = DatabaseFile {
            open: OpenFile::new(path.path()),
            locks: LoadLocks::beside(path.path()),
            _path: path,
        };
        Ok(Self::over(connection, Some(file)))
    }

    /// Opens a database in memory, which is deleted on drop.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Destination`] when memory cannot be allocated.
    pub fn open_in_memory() -> Result<Self> {
        let connection = Connection::open_in_memory_with_flags(config()?);
        let connection =
            connection.map_err(|error| failed(&error, "cannot open a database in memory"))?;
        Ok(Self::over(connection, None))
    }

    fn over(connection: Connection, file: Option<DatabaseFile>) -> Self {
        Self(SqlDestination::new(DuckDbDatabase::new(connection, file)))
    }
}

/// A load downloads no extension: it needs none but `json`, which releases of libduckdb contain.
fn config() -> Result<Config> {
    let config = Config::default().with("autoinstall_known_extensions", "false");
    config.map_err(|error| Error::new(ErrorKind::Destination, error.to_string()))
}

impl Delegate for DuckDb {
    fn destination(&self) -> &dyn Destination {
        &self.0
    }
}

impl fmt::Debug for DuckDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DuckDb").finish_non_exhaustive()
    }
}
