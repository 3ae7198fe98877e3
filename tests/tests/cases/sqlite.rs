//! The SQLite database of a case.

use std::path::Path;

use rusqlite::{Connection, types::ValueRef};
use serde_json::Value;

/// The rows of a query.
pub(crate) fn select(database: &Path, query: &str) -> rusqlite::Result<Vec<Value>> {
    let database = Connection::open(database)?;
    let mut statement = database.prepare(query)?;
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let cells = (0..columns).map(|at| Ok(cell(row.get_ref(at)?)));
        cells.collect::<rusqlite::Result<Value>>()
    })?;
    rows.collect()
}

fn cell(cell: ValueRef<'_>) -> Value {
    match cell {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into(),
    }
}
