//! Jobs, which the mock creates and finishes at once.

use rest_source::rest_source;
use rest_source_mock::{Mocked, json};

#[rest_source("../../specs/reports.yaml")]
mod reports {}

#[tokio::test]
async fn job_of_a_window_has_its_records() {
    let days = (1..=10).map(|day| json!({ "id": day, "day": format!("2026-01-{day:02}") }));
    let api = reports::Source::mock()
        .records("by_id", days)
        .start()
        .unwrap();
    let records = api.source().by_id().all().await.unwrap();
    let ids: Vec<i64> = records.iter().map(|record| record.id).collect();
    assert_eq!(ids, (1..=10).collect::<Vec<_>>());
    let requests = api.requests_for("by_id");
    let created = requests.iter().filter(|asked| asked.body.contains("from"));
    assert_eq!(created.count(), 2);
}

#[tokio::test]
async fn records_of_a_job_are_at_a_url() {
    let api = reports::Source::mock()
        .records("by_url", [json!({ "id": 1 }), json!({ "id": 2 })])
        .start()
        .unwrap();
    let records = api.source().by_url().all().await.unwrap();
    assert_eq!(records.len(), 2);
}
