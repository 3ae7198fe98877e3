//! Connectors and documents that others have published, imported. They are no part of the project: the tests run where
//! the folder `../shared/corpus` beside it is there, or the folder of `REST_SOURCE_CORPUS`, and else say that they are
//! skipped. They print the figures of `docs/guides/import.md`:
//! `cargo test -p rest-source-import --test corpus -- --nocapture --test-threads 1`.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod airbyte;
mod labels;
mod openapi;

use std::path::{Path, PathBuf};

/// A folder of the corpus, if it is there.
fn folder(name: &str) -> Option<PathBuf> {
    let corpus = std::env::var_os("REST_SOURCE_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus"),
        PathBuf::from,
    );
    let folder = corpus.join(name);
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}

/// The files of a folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = paths.filter(|path| path.is_file()).collect();
    files.sort();
    files
}

/// How many of all, in per cent.
fn percent(part: usize, all: usize) -> f64 {
    let whole = |number| f64::from(u32::try_from(number).unwrap());
    100.0 * whole(part) / whole(all.max(1))
}
