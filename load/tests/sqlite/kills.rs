//! Loads that are killed at any moment.

use rest_source_load::Sqlite;
use rest_source_testkit::{Folder, check_kills, killed_process, load_until_killed};

use crate::merge_tables::SqliteFile;

const FILE: &str = "REST_SOURCE_SQLITE_FILE";

#[tokio::test]
#[ignore = "run by the test that kills it"]
async fn child() {
    if let Ok(file) = std::env::var(FILE) {
        load_until_killed(&Sqlite::open(file).unwrap()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_killed_loads() {
    let tables = SqliteFile(Folder::new("sqlite-kills").unwrap());
    let process = || {
        let mut process = killed_process("kills::child");
        process.env(FILE, tables.path());
        process
    };
    let kills = check_kills(&tables, process, || ()).await;
    eprintln!("SQLite: {kills}");
}
