//! The merge tables of all destinations.

use rest_source_load::{BoxFuture, Destination};
use rest_source_load_duckdb::DuckDb;
use rest_source_testkit::{
    Folder, StoredRow, TestDestination, check_keys_beyond_microseconds, check_merge_tables,
};

use crate::stored::rows;

pub(crate) struct File(pub(crate) Folder);

impl File {
    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.0.path().join("tables.duckdb")
    }
}

impl TestDestination for File {
    fn open(&self) -> BoxFuture<'_, Box<dyn Destination>> {
        Box::pin(async { Box::new(DuckDb::open(self.path()).unwrap()) as Box<dyn Destination> })
    }

    fn rows<'a>(&'a self, _: &'a str, table: &'a str) -> BoxFuture<'a, Vec<StoredRow>> {
        Box::pin(async move { rows(&self.path(), table) })
    }
}

#[tokio::test]
async fn merge_tables_are_those_of_all_destinations() {
    check_merge_tables(async |name| File(Folder::new(name).unwrap())).await;
}

#[tokio::test]
async fn keys_that_differ_beyond_microseconds_are_an_error() {
    check_keys_beyond_microseconds(&File(Folder::new("keys").unwrap())).await;
}
