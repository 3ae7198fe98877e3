//! SQLite below the SQL core.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use rest_source::{Column, Error, ErrorKind, Result, Rows, Scalar, Type};
use rusqlite::{Connection, OptionalExtension, params_from_iter, types::ValueRef};

use super::{bind::parameter, rows};
use crate::{
    FileLock, LoadLocks, LockHolder, OpenFile, ResourceKey,
    sql::{Database, Existing, StoredColumn, WritePlan, quote, stored_as},
};

/// A connection to a database file, or to a database in memory.
#[derive(Debug)]
pub(super) struct SqliteDatabase {
    db: Connection,
    /// `None` for a database in memory.
    file: Option<OpenFile>,
    /// The locks of loads, beside the file.
    locks: Option<LoadLocks>,
    /// The locks of resources, in files beside the database.
    resources: BTreeMap<ResourceKey, FileLock>,
}

impl SqliteDatabase {
    pub(super) fn new(db: Connection) -> Self {
        Self {
            file: path(&db).map(OpenFile::new),
            locks: path(&db).and_then(LoadLocks::beside),
            resources: BTreeMap::new(),
            db,
        }
    }

    /// The file of a resource's lock: `shop.db-lock-orders-…`. `None` for a database in memory.
    fn lock_path(&self, key: &ResourceKey) -> Option<PathBuf> {
        let mut path = path(&self.db)?.as_os_str().to_owned();
        path.push(format!("-lock-{}", key.file_name()));
        Some(path.into())
    }

    /// The statements that drop the indexes and triggers that users added to a table, and those that create them.
    fn drop_dependent_objects(&mut self, table: &str) -> Result<(Vec<String>, Vec<String>)> {
        let sql = "SELECT type, name FROM sqlite_master
                   WHERE tbl_name = ?1 COLLATE NOCASE AND type IN ('index', 'trigger') AND sql IS NOT NULL";
        let mut query = self.db.prepare_cached(sql).map_err(failed)?;
        let drop = |row: &rusqlite::Row<'_>| {
            let (kind, name): (String, String) = (row.get(0)?, row.get(1)?);
            Ok(format!("DROP {kind} {}", quote(&name)))
        };
        let drops = query.query_map([table], drop);
        let drops = drops.and_then(Iterator::collect).map_err(failed)?;
        std::mem::drop(query);
        Ok((drops, self.dependent_objects(table)?))
    }
}

impl Database for SqliteDatabase {
    fn run(&mut self, statements: &[String]) -> Result<()> {
        self.db
            .execute_batch(&statements.join(";\n"))
            .map_err(failed)
    }

    fn execute(&mut self, sql: &str, parameters: &[Scalar]) -> Result<u64> {
        let mut statement = self.db.prepare_cached(sql).map_err(failed)?;
        let changed = statement.execute(params_from_iter(parameters.iter().map(parameter)));
        Ok(u64::try_from(changed.map_err(failed)?).unwrap_or(u64::MAX))
    }

    fn query(&mut self, sql: &str, parameters: &[Scalar]) -> Result<Vec<Vec<Scalar>>> {
        let mut statement = self.db.prepare_cached(sql).map_err(failed)?;
        let width = statement.column_count();
        let read =
            |row: &rusqlite::Row<'_>| (0..width).map(|at| row.get_ref(at).map(scalar)).collect();
        let rows = statement.query_map(params_from_iter(parameters.iter().map(parameter)), read);
        rows.and_then(Iterator::collect).map_err(failed)
    }

    fn begin(&mut self, _: &str) -> Result<()> {
        // SQLite does not wait for the write lock in a transaction that has already read.
        self.db.execute_batch("BEGIN IMMEDIATE").map_err(failed)
    }

    fn commit(&mut self) -> Result<()> {
        self.db.execute_batch("COMMIT").map_err(failed)
    }

    fn roll_back(&mut self) -> Result<()> {
        if self.db.is_autocommit() {
            return Ok(());
        }
        self.db.execute_batch("ROLLBACK").map_err(failed)
    }

    fn check(&mut self) -> Result<()> {
        self.file.as_ref().map_or(Ok(()), OpenFile::check)
    }

    fn existing(&mut self, table: &str) -> Result<Option<Existing>> {
        let sql = "SELECT type = 'view', strict FROM pragma_table_list(?1) WHERE schema = 'main'";
        let found = self.db.query_row(sql, [table], |row| {
            let is_view = row.get(0)?;
            // Loads create STRICT tables, and no statement makes one non-STRICT.
            let is_marked = row.get(1)?;
            Ok(if is_view {
                Existing::View
            } else {
                Existing::Table { is_marked }
            })
        });
        found.optional().map_err(failed)
    }

    fn stored_columns(&mut self, table: &str) -> Result<Vec<StoredColumn>> {
        let sql =
            "SELECT name, type, \"notnull\", dflt_value IS NOT NULL, pk FROM pragma_table_info(?1)";
        let mut query = self.db.prepare_cached(sql).map_err(failed)?;
        let columns = query.query_map([table], |row| {
            Ok(StoredColumn {
                name: row.get(0)?,
                sql_type: row.get(1)?,
                not_null: row.get(2)?,
                has_default: row.get(3)?,
                key: row.get(4)?,
            })
        });
        columns.and_then(Iterator::collect).map_err(failed)
    }

    fn dependent_objects(&mut self, table: &str) -> Result<Vec<String>> {
        let sql = "SELECT sql FROM sqlite_master
                   WHERE tbl_name = ?1 COLLATE NOCASE AND type IN ('index', 'trigger') AND sql IS NOT NULL";
        let mut query = self.db.prepare_cached(sql).map_err(failed)?;
        let objects = query.query_map([table], |row| row.get(0));
        objects.and_then(Iterator::collect).map_err(failed)
    }

    fn sql_type(&self, data_type: &Type) -> String {
        let name = match stored_as(data_type) {
            "bigint" | "bool" => "INTEGER",
            "double" => "REAL",
            "binary" => "BLOB",
            "scalar" => "ANY",
            _ => "TEXT",
        };
        name.to_owned()
    }

    fn definition(&self, column: &Column) -> String {
        let name = quote(&column.name);
        let not_null = if column.nullable { "" } else { " NOT NULL" };
        let check = match column.data_type {
            Type::Bool => format!(" CHECK ({name} IN (0, 1))"),
            _ => String::new(),
        };
        format!(
            "{name} {}{not_null}{check}",
            self.sql_type(&column.data_type)
        )
    }

    fn change_type(
        &mut self,
        table: &str,
        column: &Column,
        from: &str,
    ) -> Result<Option<Vec<String>>> {
        let dependent = self.drop_dependent_objects(table)?;
        let (table, name) = (quote(table), quote(&column.name));
        let value = match (from, stored_as(&column.data_type)) {
            ("date", "timestamp") => {
                let midnight = format!("{name} || 'T00:00:00.000000+00:00'");
                return Ok(Some(vec![format!(
                    "UPDATE {table} SET {name} = {midnight}"
                )]));
            }
            // They are stored as text.
            ("decimal" | "date" | "time", _) => return Ok(Some(Vec::new())),
            ("bool", _) => format!("CASE {name} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"),
            _ => format!("CAST({name} AS {})", self.sql_type(&column.data_type)),
        };
        let wider = format!("_rest_source_{}", column.name);
        let definition = self.definition(&Column {
            name: wider.clone().into(),
            ..column.clone().nullable()
        });
        let wider = quote(&wider);
        // SQLite does not drop a column that an index has.
        let (mut statements, dependent) = dependent;
        statements.extend([
            format!("ALTER TABLE {table} ADD COLUMN {definition}"),
            format!("UPDATE {table} SET {wider} = {value}"),
            format!("ALTER TABLE {table} DROP COLUMN {name}"),
            format!("ALTER TABLE {table} RENAME COLUMN {wider} TO {name}"),
        ]);
        statements.extend(dependent);
        Ok(Some(statements))
    }

    fn stores_nanoseconds(&self) -> bool {
        // As texts.
        true
    }

    fn create_table(&self, table: &str, definitions: &[String]) -> Vec<String> {
        let (name, definitions) = (quote(table), definitions.join(",\n    "));
        vec![format!(
            "CREATE TABLE {name} (\n    {definitions}\n) STRICT"
        )]
    }

    fn create_temporary_table(&self, table: &str, definitions: &[String]) -> String {
        format!(
            "CREATE TEMPORARY TABLE {table} ({}) STRICT",
            definitions.join(", ")
        )
    }

    fn create_staging_table(&self, table: &str, definitions: &[String]) -> String {
        format!("CREATE TABLE {table} ({}) STRICT", definitions.join(", "))
    }

    fn upserts_in_order(&self) -> bool {
        true
    }

    fn differs(&self, stored: &[String], new: &[String]) -> Option<String> {
        // A comparison of rows: a chain of comparisons may have at most 1,000.
        Some(format!(
            "({}) IS NOT ({})",
            stored.join(", "),
            new.join(", ")
        ))
    }

    fn stage(&mut self, plan: &WritePlan, order: i64, pages: &[Rows]) -> Result<()> {
        if !self.db.is_autocommit() {
            return rows::stage(&self.db, plan, order, pages);
        }
        // A transaction that writes only to temporary tables takes no lock on the file.
        let begin = if plan.is_temporary() {
            "BEGIN"
        } else {
            "BEGIN IMMEDIATE"
        };
        self.db.execute_batch(begin).map_err(failed)?;
        let staged = rows::stage(&self.db, plan, order, pages);
        self.commit()?;
        staged
    }

    fn writes_rows(&self) -> bool {
        true
    }

    fn write(&mut self, plan: &WritePlan, pages: &[Rows]) -> Result<()> {
        rows::write(&self.db, plan, pages)
    }

    fn lock_run(&mut self, run: &str) -> Result<()> {
        self.locks.as_mut().map_or(Ok(()), |locks| locks.lock(run))
    }

    fn unlock_run(&mut self, run: &str) -> Result<()> {
        self.release_run(run);
        Ok(())
    }

    fn release_run(&mut self, run: &str) {
        if let Some(locks) = &mut self.locks {
            locks.unlock(run);
        }
    }

    fn lock_resource(
        &mut self,
        key: &ResourceKey,
        holder: &LockHolder,
    ) -> Result<Option<LockHolder>> {
        let Some(path) = self.lock_path(key) else {
            return Ok(None);
        };
        if self.resources.contains_key(key) {
            return Ok(None);
        }
        match FileLock::lock(&path, holder)? {
            Ok(lock) => {
                self.resources.insert(key.clone(), lock);
                Ok(None)
            }
            Err(other) => Ok(Some(other)),
        }
    }

    fn release_resource(&mut self, key: &ResourceKey) -> bool {
        self.resources.remove(key);
        true
    }

    fn is_locked(&mut self, key: &ResourceKey) -> Result<bool> {
        let path = self.lock_path(key);
        Ok(path.is_some_and(|path| FileLock::is_locked(&path)))
    }

    fn is_running(&mut self, run: &str) -> Result<bool> {
        Ok(self
            .locks
            .as_ref()
            .is_some_and(|locks| locks.is_running(run)))
    }
}

/// The path of the file; `None` for a database in memory.
fn path(db: &Connection) -> Option<&Path> {
    db.path().filter(|path| !path.is_empty()).map(Path::new)
}

/// A value of a result.
fn scalar(value: ValueRef<'_>) -> Scalar {
    match value {
        ValueRef::Null => Scalar::Null,
        ValueRef::Integer(value) => Scalar::Bigint(value),
        ValueRef::Real(value) => Scalar::Double(value),
        ValueRef::Text(text) => Scalar::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Scalar::Binary(bytes.to_vec()),
    }
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
