//! Responses that do not fit the schema: what is said of them, and what is delivered before.

use rest_source::ErrorKind;
use rest_source_load::Load;
use rest_source_testkit::{Row, Server, data};
use serde_json::json;

use crate::{printed::shown, sources::media, stored::Database};

/// The line of the spec that declares a column of `stories`.
fn line_of(column: &str) -> String {
    let spec = include_str!("../../../specs/media_insights.yaml");
    let resource = spec
        .lines()
        .position(|line| line.ends_with("- name: stories"))
        .unwrap();
    let declares = |line: &str| line.trim_start().starts_with(&format!("{column}:"));
    let below = spec.lines().skip(resource).position(declares).unwrap();
    format!("specs/media_insights.yaml:{}", resource + below + 1)
}

/// Changes the story at 217, fetches, and gives the number of stories before the error, and what it
/// says.
async fn refused(change: impl FnOnce(&mut Row)) -> (usize, String) {
    let server = Server::start(data::media_insights()).await.unwrap();
    server.dataset("stories").edit(217, change);
    let source = media(server.url());
    let mut stories = source.stories().stream();
    let mut delivered = 0;
    loop {
        match stories.next().await.unwrap() {
            Ok(_) => delivered += 1,
            Err(error) => {
                assert_eq!(*error.kind(), ErrorKind::Schema);
                assert_eq!(error.resource(), Some("stories"));
                assert_eq!(error.report().unwrap().delivered, 217);
                assert!(stories.next().await.is_none(), "the stream is over");
                return (delivered, shown(&error));
            }
        }
    }
}

/// Asserts that it says all of these.
#[track_caller]
fn assert_says(error: &str, parts: &[&str]) {
    for part in parts {
        assert!(error.contains(part), "it does not say `{part}`:\n{error}");
    }
}

#[tokio::test]
async fn a_null_in_a_column_that_is_never_null() {
    let (delivered, error) = refused(|row| drop(row.insert("value".into(), json!(null)))).await;
    assert_eq!(delivered, 217);
    let request = "/v1/stories?offset=200&limit=100";
    let parts = [
        "stories",
        request,
        "$.data[17].value",
        "bigint",
        "null",
        &line_of("value"),
    ];
    assert_says(&error, &parts);
}

#[tokio::test]
async fn a_column_that_is_missing() {
    let (delivered, error) = refused(|row| drop(row.remove("posted_at"))).await;
    assert_eq!(delivered, 217);
    let parts = [
        "$.data[17].posted_at",
        "timestamp",
        "nothing",
        &line_of("posted_at"),
    ];
    assert_says(&error, &parts);
}

#[tokio::test]
async fn values_of_another_type_are_all_named() {
    let (delivered, error) = refused(|row| {
        row.insert("value".into(), json!("12"));
        row.insert("is_highlight".into(), json!(1));
        row.insert("mentions".into(), json!(["one", 2]));
    })
    .await;
    assert_eq!(delivered, 217);
    assert_says(
        &error,
        &["$.data[17].value", "bigint", "\"12\"", &line_of("value")],
    );
    assert_says(
        &error,
        &["$.data[17].is_highlight", "bool", &line_of("is_highlight")],
    );
    assert_says(
        &error,
        &["$.data[17].mentions[1]", "text", &line_of("mentions")],
    );
}

#[tokio::test]
async fn a_load_keeps_the_rows_before() {
    let server = Server::start(data::media_insights()).await.unwrap();
    server
        .dataset("stories")
        .edit(217, |row| drop(row.remove("value")));
    let (source, database) = (media(server.url()), Database::new());
    let error = source.load(&database.open()).await.unwrap_err();
    assert_eq!(error.errors[0].resource(), Some("stories"));
    shown(&error);
    let db = rusqlite::Connection::open(database.path()).unwrap();
    let count = |table: &str| -> i64 {
        let query = format!("SELECT count(*) FROM {table}");
        db.query_row(&query, [], |row| row.get(0)).unwrap()
    };
    assert_eq!((count("stories"), count("story_insights")), (217, 640));
}
