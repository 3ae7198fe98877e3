//! The merge tables of all destinations.

use std::path::Path;

use rest_source_load::{BoxFuture, Destination};
use rest_source_load_files::{Files, Format};
use rest_source_testkit::{
    FULL_DISK_KIB, FULL_DISK_RESOURCES, Folder, SmallDisk, StoredRow, TestDestination,
    check_full_disk, check_merge_tables,
};
use serde_json::Value;

use crate::stored::rows;

/// The tables of a folder.
pub(crate) struct Tables<P> {
    pub(crate) folder: P,
    pub(crate) format: Format,
}

impl<P: AsRef<Path> + Sync> TestDestination for Tables<P> {
    fn open(&self) -> BoxFuture<'_, Box<dyn Destination>> {
        let files = Files::folder(self.folder.as_ref()).format(self.format);
        Box::pin(async { Box::new(files) as Box<dyn Destination> })
    }

    fn rows<'a>(&'a self, resource: &'a str, table: &'a str) -> BoxFuture<'a, Vec<StoredRow>> {
        let lines = rows(self.folder.as_ref(), resource, table).into_iter();
        let rows = lines.map(|line| {
            let row: serde_json::Map<String, Value> = serde_json::from_str(&line).unwrap();
            let cells = row.into_iter().map(|(name, value)| (name, text(value)));
            cells.collect()
        });
        let rows = rows.collect();
        Box::pin(async { rows })
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

async fn check(format: Format) {
    let create = async |name: &str| Tables {
        folder: Folder::new(name).unwrap(),
        format,
    };
    check_merge_tables(create).await;
}

#[tokio::test]
async fn json_lines_have_the_merge_tables_of_all_destinations() {
    check(Format::JsonLines).await;
}

#[tokio::test]
async fn csv_has_the_merge_tables_of_all_destinations() {
    check(Format::Csv).await;
}

#[cfg(feature = "parquet")]
#[tokio::test]
async fn parquet_has_the_merge_tables_of_all_destinations() {
    check(Format::Parquet).await;
}

#[tokio::test]
async fn load_onto_a_full_disk_fails_and_the_next_one_completes_it() {
    for (format, resource) in [Format::JsonLines, Format::Csv]
        .into_iter()
        .zip(FULL_DISK_RESOURCES)
    {
        let Some(folder) = SmallDisk::new("files-full", FULL_DISK_KIB) else {
            eprintln!("skipped: this process may not mount a small disk");
            return;
        };
        let tables = Tables {
            folder: &folder,
            format,
        };
        check_full_disk(&folder, &tables, resource).await;
    }
}
