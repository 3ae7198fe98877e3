//! Loads that are killed at any moment.

use rest_source_load_duckdb::DuckDb;
use rest_source_testkit::{Folder, check_kills, killed_process, load_until_killed};

use crate::merge_tables::File;

const FILE: &str = "REST_SOURCE_DUCKDB_FILE";

#[tokio::test]
#[ignore = "run by the test that kills it"]
async fn child() {
    if let Ok(file) = std::env::var(FILE) {
        load_until_killed(&DuckDb::open(file).unwrap()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_killed_loads() {
    let tables = File(Folder::new("duckdb-kills").unwrap());
    let process = || {
        let mut process = killed_process("kills::child");
        process.env(FILE, tables.path());
        process
    };
    let kills = check_kills(&tables, process, || ()).await;
    eprintln!("DuckDB: {kills}");
}
