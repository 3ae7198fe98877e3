//! The merge tables of all destinations.

use std::path::{Path, PathBuf};

use rest_source::Scalar;
use rest_source_load::{BoxFuture, Destination, Sqlite};
use rest_source_testkit::{
    FULL_DISK_KIB, FULL_DISK_RESOURCES, Folder, SmallDisk, StoredRow, TestDestination,
    check_full_disk, check_merge_tables,
};
use rusqlite::{Connection, types::ValueRef};

/// The tables of a database.
pub(crate) struct SqliteFile<P>(pub(crate) P);

impl<P: AsRef<Path>> SqliteFile<P> {
    pub(crate) fn path(&self) -> PathBuf {
        self.0.as_ref().join("tables.db")
    }
}

impl<P: AsRef<Path> + Sync> TestDestination for SqliteFile<P> {
    fn open(&self) -> BoxFuture<'_, Box<dyn Destination>> {
        Box::pin(async { Box::new(Sqlite::open(self.path()).unwrap()) as Box<dyn Destination> })
    }

    fn rows<'a>(&'a self, _: &'a str, table: &'a str) -> BoxFuture<'a, Vec<StoredRow>> {
        Box::pin(async move {
            let db = Connection::open(self.path()).unwrap();
            let mut statement = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let names = statement.column_names().map(str::to_owned);
            let names: Vec<String> = names.collect();
            let rows = statement.query_map([], |row| {
                let cell =
                    |(at, name): (usize, &String)| Ok((name.clone(), text(row.get_ref(at)?)));
                names.iter().enumerate().map(cell).collect()
            });
            rows.unwrap().map(Result::unwrap).collect()
        })
    }
}

fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(value) => Some(value.to_string()),
        ValueRef::Real(value) => Some(value.to_string()),
        ValueRef::Text(text) => Some(String::from_utf8(text.to_owned()).unwrap()),
        ValueRef::Blob(bytes) => Some(Scalar::Binary(bytes.to_owned()).to_string()),
    }
}

#[tokio::test]
async fn merge_tables_are_those_of_all_destinations() {
    check_merge_tables(async |name| SqliteFile(Folder::new(name).unwrap())).await;
}

#[tokio::test]
async fn load_onto_a_full_disk_fails_and_the_next_one_completes_it() {
    for resource in FULL_DISK_RESOURCES {
        let Some(disk) = SmallDisk::new("sqlite-full", FULL_DISK_KIB) else {
            eprintln!("skipped: this process may not mount a small disk");
            return;
        };
        check_full_disk(&disk, &SqliteFile(&disk), resource).await;
    }
}
