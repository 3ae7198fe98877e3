//! Files and SQLite, loaded from the same API, have the same rows.

use rest_source_load::Sqlite;
use rest_source_load_files::{Compression, Files, Format};
use rest_source_testkit::Folder;
use serde_json::{Value, json};

use crate::{
    stored::{assert_clean, rows},
    world::World,
};

const RESOURCES: &str = "
  - name: visits
    write_disposition: append
    columns: { id: bigint!, note: text }
  - name: rates
    write_disposition: replace
    primary_key: id
    columns: { id: bigint!, note: text }
  - name: users
    write_disposition: merge
    primary_key: [id, region]
    hard_delete: is_gone
    columns: { id: bigint!, region: text!, note: text, is_gone: bool }
  - name: days
    write_disposition: merge
    merge_key: day
    columns: { id: bigint!, day: bigint, note: text }
  - name: groups
    write_disposition: merge
    primary_key: id
    merge_key: day
    columns: { id: bigint!, day: bigint, note: text }
  - name: orders
    write_disposition: merge
    primary_key: id
    columns:
      id: bigint!
      note: text
      lines: { data_type: array, as: table, columns: { sku: text, count: bigint } }
  - name: events
    write_disposition: append
    endpoint: { incremental: { cursor_path: at, start_param: since } }
    columns: { id: bigint!, at: bigint! }
";

/// Each table, and the resource that it belongs to.
const TABLES: [(&str, &str); 8] = [
    ("visits", "visits"),
    ("rates", "rates"),
    ("users", "users"),
    ("days", "days"),
    ("groups", "groups"),
    ("orders", "orders"),
    ("orders", "orders_lines"),
    ("events", "events"),
];

/// Draws the records of the next load.
fn draw(world: &World, random: &mut fastrand::Rng, step: i64) {
    let notes = ["", "a", "b,c", "d \"e\"", "f\ng", " h ", "ü"];
    let mut record = |at: i64| {
        let lines = random.usize(..4);
        let lines: Vec<Value> = (0..lines)
            .map(|n| json!({ "sku": notes[random.usize(..notes.len())], "count": n }))
            .collect();
        let region = ["eu", "us"][random.usize(..2)];
        let note =
            [Value::Null, notes[random.usize(..notes.len())].into()][random.usize(..2)].clone();
        json!({
            "id": random.i64(0..20),
            "region": region,
            "note": note,
            "day": random.i64(0..4),
            "is_gone": random.u8(..4) == 0,
            "lines": lines,
            "at": at,
        })
    };
    for path in ["visits", "rates", "users", "days", "groups", "orders"] {
        let records: Vec<Value> = (0..10).map(&mut record).collect();
        world.serve(&format!("/{path}"), records.into());
    }
    let events: Vec<Value> = (0..5 * step)
        .map(|id| json!({ "id": id, "at": id }))
        .collect();
    world.serve("/events", events.into());
}

/// The rows of a table in SQLite, each as the JSON of its line.
fn sqlite_rows(path: &std::path::Path, table: &str, as_text: bool) -> Vec<String> {
    let db = rusqlite::Connection::open(path).unwrap();
    let mut statement = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let columns: Vec<(String, bool)> = statement
        .column_names()
        .map(|name| (name.to_owned(), name == "is_gone"))
        .collect();
    let row = |row: &rusqlite::Row<'_>| {
        let mut line = Vec::new();
        for (at, (name, is_bool)) in columns.iter().enumerate() {
            let value: Value = match row.get::<_, rusqlite::types::Value>(at)? {
                rusqlite::types::Value::Integer(value) if *is_bool => (value == 1).into(),
                rusqlite::types::Value::Integer(value) => value.into(),
                rusqlite::types::Value::Text(value) => value.into(),
                _ => Value::Null,
            };
            let value = match value {
                Value::Null | Value::String(_) => value,
                value if as_text => value.to_string().into(),
                value => value,
            };
            line.push(format!("{}:{value}", Value::from(name.as_str())));
        }
        Ok(format!("{{{}}}", line.join(",")))
    };
    let rows = statement.query_map([], row).unwrap();
    let mut rows: Vec<String> = rows.map(Result::unwrap).collect();
    rows.sort();
    rows
}

/// A row with its keys sorted.
fn sorted(rows: &[String]) -> Vec<String> {
    let row = |row: &String| {
        serde_json::from_str::<std::collections::BTreeMap<String, Value>>(row).unwrap()
    };
    let mut rows: Vec<String> = rows.iter().map(|one| format!("{:?}", row(one))).collect();
    rows.sort();
    rows
}

async fn compare(name: &str, with: impl Fn(Files) -> Files, as_text: bool) {
    let world = World::new().await;
    let folder = Folder::new(name).unwrap();
    let root = folder.path().join("files");
    let database = folder.path().join("shop.db");
    let mut random = fastrand::Rng::with_seed(7);
    for step in 1..12 {
        draw(&world, &mut random, step);
        let sqlite = Sqlite::open(&database).unwrap();
        let files = with(Files::folder(&root));
        if step == 8 {
            world
                .try_load(RESOURCES, &sqlite, |load| load.full_refresh())
                .await
                .unwrap();
            world
                .try_load(RESOURCES, &files, |load| load.full_refresh())
                .await
                .unwrap();
        } else {
            let report = world.load(RESOURCES, &sqlite).await;
            let of_files = world.load(RESOURCES, &files).await;
            let counts = |report: &rest_source_load::LoadReport| -> Vec<(u64, Option<u64>)> {
                report
                    .resources
                    .iter()
                    .map(|one| (one.written, one.rows))
                    .collect()
            };
            assert_eq!(counts(&of_files), counts(&report), "step {step}");
        }
        for (resource, table) in TABLES {
            let expected = sorted(&sqlite_rows(&database, table, as_text));
            let found = sorted(&rows(&root, resource, table));
            assert_eq!(found, expected, "step {step}, {table}");
            assert_clean(&root, resource, table);
        }
    }
}

#[tokio::test]
async fn json_lines_have_the_rows_of_sqlite() {
    compare("jsonl", |files| files, false).await;
}

#[tokio::test]
async fn rolled_files_have_the_rows_of_sqlite() {
    compare("rolled", |files| files.roll_at(300), false).await;
}

#[tokio::test]
async fn csv_has_the_rows_of_sqlite() {
    compare(
        "csv",
        |files| files.format(Format::Csv).roll_at(1_000),
        true,
    )
    .await;
}

#[tokio::test]
async fn compressed_files_have_the_rows_of_sqlite() {
    compare("gzip", |files| files.compression(Compression::Gzip), false).await;
    compare(
        "csv-gzip",
        |files| files.format(Format::Csv).compression(Compression::Gzip),
        true,
    )
    .await;
}

#[cfg(feature = "parquet")]
#[tokio::test]
async fn parquet_has_the_rows_of_sqlite() {
    compare("parquet", |files| files.format(Format::Parquet), false).await;
    let rolled = |files: Files| files.format(Format::Parquet).roll_at(3_000);
    compare("parquet-rolled", rolled, false).await;
}
