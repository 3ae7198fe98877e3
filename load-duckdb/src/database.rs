//! DuckDB below the SQL core.

use duckdb::{
    Connection, params_from_iter,
    types::{self, Null, ToSqlOutput},
};
use rest_source::{Result, Rows, Scalar, Timestamp, Type};
use rest_source_load::{
    LoadLocks, OpenFile,
    sql::{Database, Existing, StoredColumn, WritePlan, quote, texts},
    timestamp_text,
};

use crate::{append, errors::says, open_path::OpenPath, types::Stored};

/// The text in the constraint that marks the tables of loads. DuckDB does not keep the names of constraints.
const MARK: &str = "created_by_rest_source";

/// A connection to a database file, or to a database in memory.
pub(crate) struct DuckDbDatabase {
    db: Connection,
    /// `None` for a database in memory.
    file: Option<DatabaseFile>,
    in_transaction: bool,
}

/// The file of a database.
pub(crate) struct DatabaseFile {
    pub(crate) open: OpenFile,
    /// The locks of loads, beside the file.
    pub(crate) locks: Option<LoadLocks>,
    pub(crate) _path: OpenPath,
}

impl DuckDbDatabase {
    pub(crate) fn new(db: Connection, file: Option<DatabaseFile>) -> Self {
        Self {
            db,
            file,
            in_transaction: false,
        }
    }

    fn locks(&mut self) -> Option<&mut LoadLocks> {
        self.file.as_mut()?.locks.as_mut()
    }
}

impl Database for DuckDbDatabase {
    fn run(&mut self, statements: &[String]) -> Result<()> {
        if statements.is_empty() {
            return Ok(());
        }
        self.db.execute_batch(&statements.join(";\n")).map_err(says)
    }

    fn execute(&mut self, sql: &str, parameters: &[Scalar]) -> Result<u64> {
        let mut statement = self.db.prepare_cached(sql).map_err(says)?;
        let changed = statement.execute(params_from_iter(parameters.iter().map(parameter)));
        Ok(u64::try_from(changed.map_err(says)?).unwrap_or(u64::MAX))
    }

    fn query(&mut self, sql: &str, parameters: &[Scalar]) -> Result<Vec<Vec<Scalar>>> {
        let mut statement = self.db.prepare_cached(sql).map_err(says)?;
        let read = |row: &duckdb::Row<'_>| {
            let width = row.as_ref().column_count();
            (0..width).map(|at| row.get(at).map(scalar)).collect()
        };
        let rows = statement.query_map(params_from_iter(parameters.iter().map(parameter)), read);
        rows.and_then(Iterator::collect).map_err(says)
    }

    fn begin(&mut self, _: &str) -> Result<()> {
        // All writers share this connection, and no other process has the file open.
        self.db.execute_batch("BEGIN TRANSACTION").map_err(says)?;
        self.in_transaction = true;
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        self.db.execute_batch("COMMIT").map_err(says)?;
        self.in_transaction = false;
        Ok(())
    }

    fn roll_back(&mut self) -> Result<()> {
        if !std::mem::take(&mut self.in_transaction) {
            return Ok(());
        }
        self.db.execute_batch("ROLLBACK").map_err(says)
    }

    fn check(&mut self) -> Result<()> {
        self.file.as_ref().map_or(Ok(()), |file| file.open.check())
    }

    fn existing(&mut self, table: &str) -> Result<Option<Existing>> {
        let sql = "SELECT true, EXISTS (SELECT 1 FROM duckdb_constraints() c
                WHERE c.database_name = t.database_name AND c.table_oid = t.table_oid
                    AND c.constraint_type = 'CHECK' AND contains(c.constraint_text, ?2))
             FROM duckdb_tables() t
             WHERE database_name = current_database() AND schema_name = current_schema()
                AND lower(table_name) = lower(?1)
             UNION ALL SELECT false, false FROM duckdb_views()
             WHERE database_name = current_database() AND schema_name = current_schema()
                AND lower(view_name) = lower(?1)";
        let parameters = [table, MARK].map(|text| Scalar::Text(text.to_owned()));
        let rows = self.query(sql, &parameters)?;
        Ok(rows.first().map(|row| Existing::from_row(row)))
    }

    fn stored_columns(&mut self, table: &str) -> Result<Vec<StoredColumn>> {
        let sql = "SELECT c.column_name, c.data_type, NOT c.is_nullable, c.column_default IS NOT NULL,
                coalesce(list_position(k.constraint_column_names, c.column_name), 0)
             FROM duckdb_columns() c LEFT JOIN duckdb_constraints() k ON k.database_name = c.database_name
                AND k.table_oid = c.table_oid AND k.constraint_type = 'PRIMARY KEY'
             WHERE c.database_name = current_database() AND c.schema_name = current_schema()
                AND lower(c.table_name) = lower(?1) ORDER BY c.column_index";
        let rows = self.query(sql, &[Scalar::Text(table.to_owned())])?;
        Ok(rows
            .into_iter()
            .filter_map(StoredColumn::from_row)
            .collect())
    }

    fn dependent_objects(&mut self, table: &str) -> Result<Vec<String>> {
        let sql = "SELECT rtrim(sql, ';') FROM duckdb_indexes()
             WHERE database_name = current_database() AND schema_name = current_schema()
                AND lower(table_name) = lower(?1) AND sql IS NOT NULL";
        let rows = self.query(sql, &[Scalar::Text(table.to_owned())])?;
        Ok(texts(&rows))
    }

    fn sql_type(&self, data_type: &Type) -> String {
        Stored::of(data_type).name()
    }

    fn create_table(&self, table: &str, definitions: &[String]) -> Vec<String> {
        let (name, definitions) = (quote(table), definitions.join(",\n    "));
        vec![format!(
            "CREATE TABLE {name} (\n    {definitions},\n    CHECK ('{MARK}' IS NOT NULL)\n)"
        )]
    }

    fn create_temporary_table(&self, table: &str, definitions: &[String]) -> String {
        format!(
            "CREATE TEMPORARY TABLE {table} ({})",
            definitions.join(", ")
        )
    }

    fn stage(&mut self, plan: &WritePlan, order: i64, pages: &[Rows]) -> Result<()> {
        append::stage(&self.db, plan, order, pages)
    }

    fn lock_run(&mut self, run: &str) -> Result<()> {
        self.locks().map_or(Ok(()), |locks| locks.lock(run))
    }

    fn unlock_run(&mut self, run: &str) -> Result<()> {
        self.release_run(run);
        Ok(())
    }

    fn release_run(&mut self, run: &str) {
        if let Some(locks) = self.locks() {
            locks.unlock(run);
        }
    }

    fn is_running(&mut self, run: &str) -> Result<bool> {
        Ok(self.locks().is_some_and(|locks| locks.is_running(run)))
    }
}

/// The parameter for a value. DuckDB casts texts to the types of the columns.
fn parameter(value: &Scalar) -> ToSqlOutput<'static> {
    ToSqlOutput::Owned(match value {
        Scalar::Null => return Null.into(),
        Scalar::Bool(value) => types::Value::Boolean(*value),
        Scalar::Bigint(value) => types::Value::BigInt(*value),
        Scalar::Double(value) => types::Value::Double(*value),
        Scalar::Binary(bytes) => types::Value::Blob(bytes.clone()),
        // A parameter of the type TIMESTAMP would be taken as a time of the session's zone.
        Scalar::Timestamp(value) => types::Value::Text(timestamp_text(*value)),
        other => types::Value::Text(other.to_string()),
    })
}

/// The time of so many microseconds since 1970, which is how a `TIMESTAMP WITH TIME ZONE` is stored.
fn timestamp(microseconds: i64) -> Scalar {
    let nanoseconds = u32::try_from(microseconds.rem_euclid(1_000_000) * 1_000);
    let at = Timestamp::from_epoch(
        microseconds.div_euclid(1_000_000),
        nanoseconds.unwrap_or_default(),
    );
    at.map_or(Scalar::Null, Scalar::Timestamp)
}

/// A value of a result. The core reads texts, numbers, booleans and times only.
fn scalar(value: types::Value) -> Scalar {
    match value {
        types::Value::Boolean(value) => Scalar::Bool(value),
        types::Value::Int(value) => Scalar::Bigint(value.into()),
        types::Value::BigInt(value) => Scalar::Bigint(value),
        types::Value::HugeInt(value) => i64::try_from(value).map_or(Scalar::Null, Scalar::Bigint),
        types::Value::Double(value) => Scalar::Double(value),
        types::Value::Text(text) => Scalar::Text(text),
        types::Value::Timestamp(unit, at) => timestamp(unit.to_micros(at)),
        _ => Scalar::Null,
    }
}
