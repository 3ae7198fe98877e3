//! The destination that `docs/guides/loading.md` shows has the merge tables of all destinations.

#![cfg(test)]

use loading::Memory;
use rest_source::Scalar;
use rest_source_load::{BoxFuture, Destination};
use rest_source_testkit::{StoredRow, TestDestination, check_merge_tables};

#[allow(
    dead_code,
    unused_qualifications,
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    clippy::print_stdout,
    clippy::print_stderr
)]
mod loading {
    include!(concat!(env!("OUT_DIR"), "/pages/loading/page.rs"));
}

impl TestDestination for Memory {
    fn open(&self) -> BoxFuture<'_, Box<dyn Destination>> {
        let opened = self.clone();
        Box::pin(async { Box::new(opened) as Box<dyn Destination> })
    }

    fn rows<'a>(&'a self, resource: &'a str, table: &'a str) -> BoxFuture<'a, Vec<StoredRow>> {
        let text = |(name, value): (String, Scalar)| match value {
            Scalar::Null => (name, None),
            value => (name, Some(value.to_string())),
        };
        let rows = Memory::rows(self, resource, table).into_iter();
        let rows = rows.map(|row| row.into_iter().map(text).collect());
        let rows = rows.collect();
        Box::pin(async { rows })
    }
}

#[tokio::test]
async fn shown_destination_has_the_rows_of_the_merge_tables() {
    check_merge_tables(async |_| Memory::default()).await;
}
