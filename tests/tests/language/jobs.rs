//! Jobs of an API, as a stream delivers their records.

use rest_source::{ErrorKind, Position};
use rest_source_testkit::{Asked, Reply};
use serde_json::json;

use crate::world::{World, source};

/// An API whose second page of records fails.
fn api(asked: &Asked) -> Reply {
    match asked.path() {
        "/jobs" => Reply::json(&json!({ "id": "a" })),
        "/jobs/a" => Reply::json(&json!({ "status": "done" })),
        _ if asked.number_in("offset") == Some(0) => Reply::json(&json!([{ "id": 1 }])),
        _ => Reply::status(404),
    }
}

#[tokio::test]
async fn position_in_the_records_of_a_job_is_not_one_in_those_of_the_next() {
    let spec = source(
        "retry: { max_retries: 0 }",
        "{ job: { create: { path: jobs }, poll: { path: 'jobs/{job.id}' }, until: { status: done } }, \
         path: 'jobs/{job.id}/rows', paginator: { type: offset, limit: 1, stop_after_short_page: false } }",
        "{ id: bigint! }",
    );
    let world = World::new(&spec, api).await;
    let run = world.run().await;
    assert_eq!(run.records.len(), 1);
    assert_eq!(run.error().position(), None);
    let run = world
        .run_as(|fetch| fetch.resume(Position::Offset(1)))
        .await;
    run.fails(&ErrorKind::Config, &["a job has no position"]);
    assert_eq!(run.records.len(), 0);
}

/// An API whose first file lacks a page.
fn files(asked: &Asked) -> Reply {
    let host = asked.header("host").unwrap_or_default();
    match (asked.path(), asked.number_in("offset")) {
        ("/jobs", _) => Reply::json(&json!({ "id": "a" })),
        ("/jobs/a", _) => Reply::json(&json!({
            "status": "done",
            "files": [format!("http://{host}/1"), format!("http://{host}/2")],
        })),
        ("/1", Some(0)) => Reply::json(&json!({ "total": 3, "rows": [{ "id": 1 }] })),
        ("/1", Some(1)) => Reply::json(&json!({ "total": 3, "rows": null })),
        ("/1", Some(2)) => Reply::json(&json!({ "total": 3, "rows": [{ "id": 3 }] })),
        _ => Reply::json(&json!({ "total": 1, "rows": [{ "id": 4 }] })),
    }
}

#[tokio::test]
async fn state_stays_before_a_missing_page_whatever_the_next_file_has() {
    let spec = source(
        "retry: { max_retries: 0 }",
        "{ job: { create: { path: jobs }, poll: { path: 'jobs/{job.id}' }, until: { status: done }, \
         download: { url_path: files } }, data_selector: rows, \
         paginator: { type: offset, limit: 1, total_path: total }, \
         incremental: { cursor_path: id, row_order: asc } }",
        "{ id: bigint! }, primary_key: id",
    );
    let world = World::new(&spec, files).await;
    let mut pages = world.client.rows(world.resource("things")).pages();
    let mut states = Vec::new();
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => states.push(page.state().map(|state| state.cursor().to_owned())),
            Err(error) => assert_eq!(*error.kind(), ErrorKind::Incomplete),
        }
    }
    assert_eq!(states, [Some("1".to_owned()), None, None]);
    assert_eq!(pages.state().unwrap().cursor(), "1");
}
