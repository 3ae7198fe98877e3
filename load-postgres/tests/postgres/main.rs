//! Loads into a Postgres database, where `REST_SOURCE_TEST_POSTGRES` has the URL of one in which schemas may be created.

#![cfg(test)]

mod kills;
mod lost_connections;
mod merge_tables;

/// The URL of the database.
fn url() -> Option<String> {
    let url = std::env::var("REST_SOURCE_TEST_POSTGRES").ok();
    if url.is_none() {
        eprintln!("skipped: REST_SOURCE_TEST_POSTGRES has no URL of a database");
    }
    url
}

#[tokio::test]
async fn database_that_does_not_answer_is_an_error_within_the_timeout() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let url = format!("postgres://me@127.0.0.1:{port}/shop?connect_timeout=1&sslmode=disable");
    let error = rest_source_load_postgres::Postgres::connect(&url)
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("did not answer within 1 s"), "{text}");
}
