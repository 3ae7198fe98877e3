//! Loads into a Postgres database, where `REST_SOURCE_TEST_POSTGRES` has the URL of one in which schemas may be created.

#![cfg(test)]

mod kills;
mod merge_tables;

/// The URL of the database.
fn url() -> Option<String> {
    let url = std::env::var("REST_SOURCE_TEST_POSTGRES").ok();
    if url.is_none() {
        eprintln!("skipped: REST_SOURCE_TEST_POSTGRES has no URL of a database");
    }
    url
}
