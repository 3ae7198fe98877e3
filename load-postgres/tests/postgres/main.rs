//! Loads into a Postgres database, where `REST_SOURCE_TEST_POSTGRES` has the URL of one in which schemas may be created.

#![cfg(test)]

mod kills;
mod locks;
mod lost_connections;
mod merge_tables;
mod messages;
mod proxy;
mod stopped;
mod work;

use rest_source_load::Loading;
use rest_source_testkit::TestDestination;

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

#[tokio::test]
async fn name_that_postgres_would_cut_off_is_an_error() {
    let Some(url) = url() else { return };
    let schema = merge_tables::Schema::create(&url, "names").await;
    let long = "n".repeat(64);
    for (resource, what) in [
        (
            format!("{{ name: {long}, columns: {{ id: bigint }} }}"),
            "table",
        ),
        (
            format!("{{ name: rows, columns: {{ {long}: bigint }} }}"),
            "column",
        ),
    ] {
        let spec = format!(
            "client: {{ base_url: http://127.0.0.1:9, paginator: single_page }}\nresources: [{resource}]"
        );
        let client = rest_source_dynamic::client("specs/shop.yaml", &spec).unwrap();
        let client = client.build().unwrap();
        let database = schema.open().await;
        let failed = Loading::new(&client, &*database)
            .await
            .unwrap_err()
            .to_string();
        let expected =
            format!("the name of the {what} `{long}` has 64 bytes, and this database keeps 63");
        assert!(failed.contains(&expected), "{failed}");
    }
}
