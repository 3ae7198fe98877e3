//! The file of a database: who may open it, and what else is in it.

use std::fs;

use duckdb::Connection;
use rest_source_load_duckdb::DuckDb;
use rest_source_testkit::Folder;
use serde_json::json;

use crate::{stored::rows, world::World};

const RESOURCES: &str = "
  - name: users
    write_disposition: merge
    primary_key: id
    columns: { id: bigint, note: text }
";

async fn world() -> (World, Folder) {
    let world = World::new().await;
    world.serve("/users", json!([{ "id": 1, "note": "a" }]));
    (world, Folder::new("duckdb").unwrap())
}

#[tokio::test]
async fn database_is_open_once_in_a_process() {
    let (world, folder) = world().await;
    let path = folder.path().join("shop.duckdb");
    let first = DuckDb::open(&path).unwrap();
    let error = DuckDb::open(folder.path().join("./shop.duckdb")).unwrap_err();
    assert!(error.to_string().contains("is open already"), "{error}");
    world.load(RESOURCES, &first).await;
    drop(first);
    world.load(RESOURCES, &DuckDb::open(&path).unwrap()).await;
    assert_eq!(rows(&path, "users").len(), 1);
}

#[tokio::test]
async fn file_that_is_deleted_while_a_load_runs_is_an_error() {
    let (world, folder) = world().await;
    let path = folder.path().join("shop.duckdb");
    let database = DuckDb::open(&path).unwrap();
    world.load(RESOURCES, &database).await;
    fs::remove_file(&path).unwrap();
    let failed = world.try_load(RESOURCES, &database, |load| load).await;
    let failed = failed.unwrap_err().to_string();
    assert!(failed.contains("was deleted or replaced"), "{failed}");
}

#[test]
fn file_that_is_no_database_is_an_error() {
    let folder = Folder::new("duckdb").unwrap();
    let path = folder.path().join("notes.txt");
    fs::write(&path, "notes, not a database").unwrap();
    let error = DuckDb::open(&path).unwrap_err().to_string();
    assert!(error.contains("cannot open the database"), "{error}");
    assert!(error.contains("not a valid DuckDB database"), "{error}");
    assert_eq!(fs::read_to_string(path).unwrap(), "notes, not a database");
}

#[tokio::test]
async fn table_of_a_user_is_not_changed() {
    let (world, folder) = world().await;
    let path = folder.path().join("shop.duckdb");
    let db = Connection::open(&path).unwrap();
    let sql = "CREATE TABLE users (id BIGINT PRIMARY KEY, note VARCHAR); INSERT INTO users VALUES (9, 'mine')";
    db.execute_batch(sql).unwrap();
    drop(db);
    let database = DuckDb::open(&path).unwrap();
    let failed = world
        .try_load(RESOURCES, &database, |load| load.full_refresh())
        .await;
    let failed = failed.unwrap_err().to_string();
    assert!(failed.contains("was not created by a load"), "{failed}");
    drop(database);
    assert_eq!(rows(&path, "users").len(), 1);
}

#[tokio::test]
async fn index_of_a_user_survives_a_full_refresh_and_a_dropped_table_is_created_again() {
    let (world, folder) = world().await;
    let path = folder.path().join("shop.duckdb");
    world.load(RESOURCES, &DuckDb::open(&path).unwrap()).await;
    let db = Connection::open(&path).unwrap();
    db.execute_batch("CREATE INDEX notes ON users (note)")
        .unwrap();
    drop(db);
    let other = RESOURCES.replace("note: text", "note: bigint");
    world.serve("/users", json!([{ "id": 1, "note": 7 }]));
    let database = DuckDb::open(&path).unwrap();
    let refreshed = world
        .try_load(&other, &database, |load| load.full_refresh())
        .await;
    refreshed.unwrap();
    drop(database);
    let db = Connection::open(&path).unwrap();
    let indexes = db.query_row("SELECT count(*) FROM duckdb_indexes()", [], |row| {
        row.get::<_, i64>(0)
    });
    assert_eq!(indexes.unwrap(), 1);
    db.execute_batch("DROP TABLE users").unwrap();
    drop(db);
    let report = world.load(&other, &DuckDb::open(&path).unwrap()).await;
    assert!(
        format!("{report:#}").contains("was dropped since the last load"),
        "{report:#}"
    );
    assert_eq!(rows(&path, "users").len(), 1);
}
