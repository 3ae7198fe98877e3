//! What the SQL core needs of a database.

use rest_source::{Column, Error, ErrorKind, Result, Rows, Scalar, Timestamp, Type};

use super::{staging::WritePlan, table};
use crate::{LockHolder, ResourceKey};

/// A connection to a SQL database, and what its SQL differs in.
///
/// Its methods block: the core calls them on tokio's blocking threads. Statements have parameters `?1`, `?2` and so
/// on. The core quotes names with `"`.
pub trait Database: Send + 'static {
    /// Runs statements without parameters, in order.
    ///
    /// # Errors
    ///
    /// When one fails.
    fn run(&mut self, statements: &[String]) -> Result<()>;

    /// Runs a statement, and returns the number of changed rows.
    ///
    /// # Errors
    ///
    /// When it fails.
    fn execute(&mut self, sql: &str, parameters: &[Scalar]) -> Result<u64>;

    /// Runs a query. Booleans may come as 0 and 1.
    ///
    /// # Errors
    ///
    /// When it fails.
    fn query(&mut self, sql: &str, parameters: &[Scalar]) -> Result<Vec<Vec<Scalar>>>;

    /// Whether names of columns that differ only by case are one name.
    fn ignores_case(&self) -> bool {
        true
    }

    /// Begins a transaction that no other load can interleave with: the writers of one resource wait for each
    /// other. `resource` is the key of the lock.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached, or another process holds the lock for too long.
    fn begin(&mut self, resource: &str) -> Result<()>;

    /// Makes the open transaction wait for the writers of another resource, too: see [`begin`](Self::begin). By default a
    /// transaction waits for all of them.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached, or another process holds the lock for too long.
    fn join(&mut self, resource: &str) -> Result<()> {
        let _ = resource;
        Ok(())
    }

    /// Commits the transaction.
    ///
    /// # Errors
    ///
    /// When it fails; nothing is committed.
    fn commit(&mut self) -> Result<()>;

    /// Rolls back the transaction, if one is open.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached.
    fn roll_back(&mut self) -> Result<()>;

    /// Checks, before a transaction that depends on nothing but committed rows, that the database is still the one
    /// that was opened; reconnects where the connection was lost.
    ///
    /// # Errors
    ///
    /// When it is not, or cannot be reached.
    fn check(&mut self) -> Result<()> {
        Ok(())
    }

    /// A connection for one more writer; `None` if all writers share this one.
    ///
    /// # Errors
    ///
    /// When the database refuses it.
    fn connect(&mut self) -> Result<Option<Self>>
    where
        Self: Sized,
    {
        Ok(None)
    }

    /// What has a table's name, if anything.
    ///
    /// # Errors
    ///
    /// When the database cannot be asked.
    fn existing(&mut self, table: &str) -> Result<Option<Existing>>;

    /// The columns of a table, in order; empty if it does not exist.
    ///
    /// # Errors
    ///
    /// When the database cannot be asked.
    fn stored_columns(&mut self, table: &str) -> Result<Vec<StoredColumn>>;

    /// The statements that create the table's indexes and triggers, which users added.
    ///
    /// # Errors
    ///
    /// When the database cannot be asked.
    fn dependent_objects(&mut self, table: &str) -> Result<Vec<String>>;

    /// The type that stores values of this type.
    fn sql_type(&self, data_type: &Type) -> String;

    /// The definition of a column.
    fn definition(&self, column: &Column) -> String {
        table::definition(column, &self.sql_type(&column.data_type))
    }

    /// The statements that change the type of a stored column, and its values: the core asks only for changes that
    /// keep every value. `from` is its [stored form](super::stored_as) before. `None` if the database changes no types.
    ///
    /// # Errors
    ///
    /// When the database cannot be asked.
    fn change_type(
        &mut self,
        table: &str,
        column: &Column,
        from: &str,
    ) -> Result<Option<Vec<String>>> {
        let _ = (table, column, from);
        Ok(None)
    }

    /// The statements that create a table with these definitions, such that [`existing`](Self::existing) tells that a
    /// load created it.
    fn create_table(&self, table: &str, definitions: &[String]) -> Vec<String>;

    /// The statement that creates a temporary table.
    fn create_temporary_table(&self, table: &str, definitions: &[String]) -> String;

    /// The statement that creates a table for staged rows that outlives the load.
    fn create_staging_table(&self, table: &str, definitions: &[String]) -> String {
        format!("CREATE TABLE {table} ({})", definitions.join(", "))
    }

    /// The schema of temporary tables.
    fn temporary_schema(&self) -> &'static str {
        "temp"
    }

    /// Whether it stores all digits of a time. Otherwise it cuts off those beyond microseconds, and a key that has some is
    /// an error.
    fn stores_nanoseconds(&self) -> bool {
        false
    }

    /// The most bytes of a name; `None` if names may have any length. A longer one is an error.
    fn max_name_bytes(&self) -> Option<usize> {
        None
    }

    /// Whether an upsert of several rows may meet a key twice, and keeps the last.
    fn upserts_in_order(&self) -> bool {
        false
    }

    /// The condition of an upsert for rows that differ from the stored ones, which are not written otherwise. `stored` and
    /// `new` name their columns in one order, without those of the key. `None` if every row is written.
    fn differs(&self, stored: &[String], new: &[String]) -> Option<String> {
        let _ = (stored, new);
        None
    }

    /// Writes rows to the staging tables of a resource. `order` is the number of the first row.
    ///
    /// # Errors
    ///
    /// When the database does not accept a row.
    fn stage(&mut self, plan: &WritePlan, order: i64, pages: &[Rows]) -> Result<()>;

    /// Whether it [writes](Self::write) rows one after the other, where that is faster than from staging tables.
    fn writes_rows(&self) -> bool {
        false
    }

    /// Writes rows to the tables of a resource: each is upserted or appended, or deletes the stored row of its key,
    /// with the rows of its lists.
    ///
    /// # Errors
    ///
    /// When the database does not accept a row.
    fn write(&mut self, plan: &WritePlan, pages: &[Rows]) -> Result<()> {
        let _ = (plan, pages);
        let message = "this database writes no rows one after the other";
        Err(Error::new(ErrorKind::Destination, message))
    }

    /// Locks the load's identifier until [`unlock_run`](Self::unlock_run), or the end of the process.
    ///
    /// # Errors
    ///
    /// When it cannot be locked.
    fn lock_run(&mut self, run: &str) -> Result<()>;

    /// Releases the lock of a load.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached.
    fn unlock_run(&mut self, run: &str) -> Result<()>;

    /// Releases the lock of a load that was dropped, where that needs no waiting: it is called from `drop`.
    fn release_run(&mut self, run: &str) {
        let _ = run;
    }

    /// Locks a resource until [`unlock_resource`](Self::unlock_resource), or the end of the process; returns the holder if
    /// another process has locked it. Of one that this connection has locked, it does nothing. By default nothing is
    /// locked: the database is open in this process only.
    ///
    /// # Errors
    ///
    /// When it cannot be locked.
    fn lock_resource(
        &mut self,
        key: &ResourceKey,
        holder: &LockHolder,
    ) -> Result<Option<LockHolder>> {
        let _ = (key, holder);
        Ok(None)
    }

    /// Releases the lock of a resource, if this connection has locked it.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached.
    fn unlock_resource(&mut self, key: &ResourceKey) -> Result<()> {
        self.release_resource(key);
        Ok(())
    }

    /// Releases the lock of a resource, where that needs no waiting: it is called from `drop`. Returns whether it did.
    fn release_resource(&mut self, key: &ResourceKey) -> bool {
        let _ = key;
        true
    }

    /// Checks within a transaction, before its commit, that no other load has locked a resource since this load locked it:
    /// a lock may end with another connection. By default locks do not end so.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Locked`](rest_source::ErrorKind::Locked) if another load has it.
    fn check_lock(&mut self, key: &ResourceKey, run: &str) -> Result<()> {
        let _ = (key, run);
        Ok(())
    }

    /// Whether another process has locked a resource.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached.
    fn is_locked(&mut self, key: &ResourceKey) -> Result<bool> {
        let _ = key;
        Ok(false)
    }

    /// Whether another connection or process holds the lock of this load.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached.
    fn is_running(&mut self, run: &str) -> Result<bool>;
}

/// What has the name of a resource's table in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// A table. `is_marked`: as [`Database::create_table`] creates it.
    Table {
        /// Whether a load may have created it.
        is_marked: bool,
    },
    /// A view.
    View,
}

impl Existing {
    /// What a [query](Database::query) found: whether it is a table, and whether that is marked, as booleans.
    pub fn from_row(row: &[Scalar]) -> Self {
        match row {
            [Scalar::Bool(true), is_marked] => Self::Table {
                is_marked: *is_marked == Scalar::Bool(true),
            },
            _ => Self::View,
        }
    }
}

/// A column of an existing table.
#[derive(Clone, Debug)]
pub struct StoredColumn {
    /// Its name.
    pub name: String,
    /// Its type, as the database names it.
    pub sql_type: String,
    /// Whether it rejects null.
    pub not_null: bool,
    /// Whether it has a default value.
    pub has_default: bool,
    /// Its position in the primary key, from 1; 0 if it is not part of it.
    pub key: u32,
}

impl StoredColumn {
    /// The column that a [query](Database::query) found: its fields in their order, as texts, booleans and a number.
    /// `None` of any other row.
    pub fn from_row(row: Vec<Scalar>) -> Option<Self> {
        let row: [Scalar; 5] = row.try_into().ok()?;
        let [
            Scalar::Text(name),
            Scalar::Text(sql_type),
            not_null,
            has_default,
            key,
        ] = row
        else {
            return None;
        };
        Some(Self {
            name,
            sql_type,
            not_null: not_null == Scalar::Bool(true),
            has_default: has_default == Scalar::Bool(true),
            key: u32::try_from(as_number(Some(&key))).unwrap_or_default(),
        })
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    pub(super) fn rejects_null(&self) -> bool {
        self.not_null && !self.has_default && self.key == 0
    }
}

/// Runs `work` in a [transaction](Database::begin).
///
/// # Errors
///
/// When the transaction fails: nothing is committed.
pub fn transaction<T>(
    db: &mut dyn Database,
    resource: &str,
    work: impl FnOnce(&mut dyn Database) -> Result<T>,
) -> Result<T> {
    db.begin(resource)?;
    let done = work(db).and_then(|done| db.commit().map(|()| done));
    if done.is_err() {
        // The first error is the one to report.
        let _ = db.roll_back();
    }
    done
}

/// The texts in the first column of a query's rows.
pub fn texts(rows: &[Vec<Scalar>]) -> Vec<String> {
    let texts = rows.iter().map(|row| as_text(row.first()));
    texts.flatten().collect()
}

/// A text parameter.
pub(super) fn text(value: &str) -> Scalar {
    Scalar::Text(value.to_owned())
}

/// A parameter for a boolean of the core's own tables, which store 0 and 1.
pub(super) fn flag(value: bool) -> Scalar {
    Scalar::Bigint(i64::from(value))
}

/// The text of a result.
pub(super) fn as_text(value: Option<&Scalar>) -> Option<String> {
    match value? {
        Scalar::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// The number of a result, 0 for null.
pub(super) fn as_number(value: Option<&Scalar>) -> i64 {
    match value {
        Some(Scalar::Bigint(number)) => *number,
        Some(Scalar::Bool(value)) => i64::from(*value),
        _ => 0,
    }
}

/// The time of a result.
pub(super) fn as_time(value: Option<&Scalar>) -> Option<Timestamp> {
    match value? {
        Scalar::Timestamp(time) => Some(*time),
        Scalar::Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// The boolean of a result.
pub(super) fn as_flag(value: Option<&Scalar>) -> bool {
    as_number(value) != 0
}
