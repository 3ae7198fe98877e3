//! Whether a database is what the server holds, cell by cell.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use jiff::Timestamp;
use rest_source::{Connector, Decimal, Table, Type};
use rest_source_load::Sqlite;
use rest_source_testkit::{Row, Server};
use rusqlite::{Connection, types::Value as Stored};
use serde_json::Value;

/// A database of its own, deleted in the end.
pub(crate) struct Database {
    directory: PathBuf,
}

impl Database {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rest-source-e2e-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        Self { directory }
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.join("e2e.db")
    }

    pub(crate) fn open(&self) -> Sqlite {
        Sqlite::open(self.path()).unwrap()
    }

    /// Asserts that every resource of a source is stored as the server holds it.
    #[track_caller]
    pub(crate) fn assert_equals<S: Connector>(&self, _: &S, server: &Server) {
        for resource in &S::plan().resources {
            let held = server.dataset(&resource.name).rows();
            assert_table(&self.path(), &resource.table, &held);
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Asserts that a table's rows are these, each once.
#[track_caller]
pub(crate) fn assert_table(database: &Path, table: &Table, held: &[Row]) {
    let expected: BTreeMap<String, Vec<Cell>> = held
        .iter()
        .map(|row| (row["id"].to_string(), expected(table, row)))
        .collect();
    assert_eq!(expected.len(), held.len(), "the server has an id twice");
    let stored = stored(database, table);
    assert_eq!(stored.len(), expected.len(), "rows of `{}`", table.name);
    for (id, cells) in stored {
        assert_eq!(
            Some(&cells),
            expected.get(&id),
            "`{}` of id {id}",
            table.name
        );
    }
}

/// A cell in a form in which it can be compared.
#[derive(Debug, PartialEq)]
enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
    Decimal(Decimal),
}

fn expected(table: &Table, row: &Row) -> Vec<Cell> {
    let cell = |column: &rest_source::Column| match row.get(column.key.as_str()) {
        None | Some(Value::Null) => Cell::Null,
        Some(held) => expected_cell(&column.data_type, held),
    };
    table.columns.iter().map(cell).collect()
}

fn expected_cell(data_type: &Type, held: &Value) -> Cell {
    let text = || held.as_str().unwrap().to_owned();
    match data_type {
        Type::Bigint => Cell::Integer(held.as_i64().unwrap()),
        Type::Double => Cell::Real(held.as_f64().unwrap()),
        Type::Bool => Cell::Integer(held.as_bool().unwrap().into()),
        Type::Timestamp(_) => {
            let at: Timestamp = text().parse().unwrap();
            let digits = if at.subsec_nanosecond() % 1000 == 0 {
                "%6f"
            } else {
                "%9f"
            };
            Cell::Text(
                at.strftime(&format!("%Y-%m-%dT%H:%M:%S.{digits}+00:00"))
                    .to_string(),
            )
        }
        Type::Decimal { .. } => Cell::Decimal(match held {
            Value::String(digits) => digits.parse().unwrap(),
            number => number.to_string().parse().unwrap(),
        }),
        Type::Binary => Cell::Bytes(
            STANDARD_NO_PAD
                .decode(text().trim_end_matches('='))
                .unwrap(),
        ),
        Type::Time => Cell::Text(text().parse::<jiff::civil::Time>().unwrap().to_string()),
        Type::Text | Type::Enum { .. } | Type::Date(_) => Cell::Text(text()),
        _ => Cell::Text(held.to_string()),
    }
}

/// The rows of a table, by the JSON of their id.
fn stored(database: &Path, table: &Table) -> Vec<(String, Vec<Cell>)> {
    let db = Connection::open(database).unwrap();
    let names: Vec<String> = table
        .columns
        .iter()
        .map(|c| format!("\"{}\"", c.name))
        .collect();
    let query = format!("SELECT {} FROM \"{}\"", names.join(", "), table.name);
    let mut statement = db.prepare(&query).unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut all = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let cells = table.columns.iter().enumerate();
        let cells: Vec<Cell> = cells
            .map(|(at, column)| stored_cell(&column.data_type, row.get(at).unwrap()))
            .collect();
        let id = match &cells[table.position("id").unwrap()] {
            Cell::Integer(id) => id.to_string(),
            Cell::Text(id) => Value::from(id.as_str()).to_string(),
            other => panic!("{other:?} is no id"),
        };
        all.push((id, cells));
    }
    all
}

fn stored_cell(data_type: &Type, stored: Stored) -> Cell {
    match (data_type, stored) {
        (Type::Decimal { .. }, Stored::Text(digits)) => Cell::Decimal(digits.parse().unwrap()),
        (_, Stored::Null) => Cell::Null,
        (_, Stored::Integer(value)) => Cell::Integer(value),
        (_, Stored::Real(value)) => Cell::Real(value),
        (_, Stored::Text(value)) => Cell::Text(value),
        (_, Stored::Blob(value)) => Cell::Bytes(value),
    }
}
