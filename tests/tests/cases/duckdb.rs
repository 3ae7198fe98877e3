//! The DuckDB database of a case.

use std::path::Path;

use duckdb::{Connection, types::Value as Cell};
use rest_source::{Date, Time, Timestamp};
use rest_source_load::timestamp_text;
use serde_json::Value;

/// The rows of a query, with the values that SQLite stores for the same columns.
pub(crate) fn select(database: &Path, query: &str) -> duckdb::Result<Vec<Value>> {
    let database = Connection::open(database)?;
    let mut statement = database.prepare(query)?;
    let rows = statement.query_map([], |row| {
        let cells = (0..row.as_ref().column_count()).map(|at| Ok(value(row.get(at)?)));
        cells.collect::<duckdb::Result<Value>>()
    })?;
    rows.collect()
}

fn value(cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Boolean(value) => u8::from(value).into(),
        Cell::Int(number) => number.into(),
        Cell::BigInt(number) => number.into(),
        Cell::HugeInt(number) => i64::try_from(number).map_or(Value::Null, Value::from),
        Cell::Double(number) => number.into(),
        Cell::Text(text) => text.into(),
        Cell::Decimal(number) => number.to_string().into(),
        Cell::Blob(bytes) => String::from_utf8_lossy(&bytes).into(),
        Cell::Timestamp(_, micros) => timestamp(micros).map(timestamp_text).into(),
        Cell::Date32(days) => {
            let date = Date::EPOCH.checked_add_days(days.into());
            date.map(|date| date.to_string()).into()
        }
        Cell::Time64(_, micros) => time(micros).map(|time| time.to_string()).into(),
        Cell::List(elements) => {
            let elements: Vec<Value> = elements.into_iter().map(value).collect();
            Value::from(elements).to_string().into()
        }
        other => format!("{other:?}").into(),
    }
}

/// The time so many microseconds after 1970.
fn timestamp(micros: i64) -> Option<Timestamp> {
    let nanoseconds = u32::try_from(micros.rem_euclid(1_000_000)).ok()? * 1_000;
    Timestamp::from_epoch(micros.div_euclid(1_000_000), nanoseconds)
}

/// The time so many microseconds after midnight.
fn time(micros: i64) -> Option<Time> {
    let part = |size: i64, count: i64| u8::try_from(micros / size % count).ok();
    let nanoseconds = u32::try_from(micros % 1_000_000).ok()? * 1_000;
    Time::new(
        part(3_600_000_000, 24)?,
        part(60_000_000, 60)?,
        part(1_000_000, 60)?,
        nanoseconds,
    )
}
