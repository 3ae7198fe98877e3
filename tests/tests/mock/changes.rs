//! Tokens and delta links, which the mock gives out and takes back.

use rest_source::rest_source;
use rest_source_load::{Load, Sqlite};
use rest_source_mock::{Mocked, json};
use serde_json::Value;

#[rest_source("../../specs/changes.yaml")]
mod changes {}

fn records(ids: std::ops::Range<u64>) -> Vec<Value> {
    ids.map(|id| json!({ "id": id })).collect()
}

#[tokio::test]
async fn next_load_gets_what_was_added() {
    let api = changes::Source::mock()
        .records("by_token", records(0..5))
        .records("by_link", records(0..5))
        .page_size(2)
        .start()
        .unwrap();
    let db = Sqlite::open(":memory:").unwrap();
    let source = api.source();
    for (new, received) in [(5..5, 5), (5..8, 3), (8..8, 0)] {
        for name in ["by_token", "by_link"] {
            api.add(name, records(new.clone())).unwrap();
        }
        let report = source.load(&db).await.unwrap();
        for name in ["by_token", "by_link"] {
            let resource = report.resource(name).unwrap();
            assert_eq!(resource.fetched.received, received, "{name}");
            assert_eq!(resource.rows, Some(new.end), "{name}");
        }
    }
}
