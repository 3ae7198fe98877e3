//! Loads that are killed at any moment.

use std::{path::Path, time::Duration};

use rest_source_load_files::{Files, Format};
use rest_source_testkit::{Folder, KILLED_TABLES, check_kills, killed_process, load_until_killed};

use crate::{
    merge_tables::Tables,
    stored::{assert_clean, listed},
};

const FOLDER: &str = "REST_SOURCE_FILES_FOLDER";
const FORMAT: &str = "REST_SOURCE_FILES_FORMAT";

/// The files of the killed process, which commits often or seldom, in small files.
fn files(folder: &Path, format: &str) -> Files {
    let files = Files::folder(folder).roll_at(400);
    let files = files.publish_every(Duration::from_millis(fastrand::u64(..3) * 20));
    match format {
        "csv" => files.format(Format::Csv),
        "parquet" => files.format(Format::Parquet),
        _ => files,
    }
}

#[tokio::test]
#[ignore = "run by the tests that kill it"]
async fn child() {
    let variable = |name| std::env::var(name).ok();
    if let (Some(folder), Some(format)) = (variable(FOLDER), variable(FORMAT)) {
        load_until_killed(&files(Path::new(&folder), &format)).await;
    }
}

async fn check(format: Format) {
    let tables = Tables {
        folder: Folder::new("files-kills").unwrap(),
        format,
    };
    let root = tables.folder.path();
    let process = || {
        let mut process = killed_process("kills::child");
        process.env(FOLDER, root).env(FORMAT, format.word());
        process
    };
    let is_clean = || {
        for (resource, table) in KILLED_TABLES {
            assert_clean(root, resource, table);
        }
    };
    let kills = check_kills(&tables, process, is_clean).await;
    eprintln!("{}: {kills}", format.word());
    assert!(listed(root, "orders", "orders").len() > 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn json_lines_of_killed_loads() {
    check(Format::JsonLines).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_of_killed_loads() {
    check(Format::Csv).await;
}

#[cfg(feature = "parquet")]
#[tokio::test(flavor = "multi_thread")]
async fn parquet_of_killed_loads() {
    check(Format::Parquet).await;
}
