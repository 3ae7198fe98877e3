//! Records by serde, under the names of their columns.

#![cfg(test)]

use rest_source::Result;
use rest_source_testkit::{ScriptedTransport, response};
use serde_json::json;

#[rest_source::rest_source("./spec.yaml", serialize)]
mod shop {}

fn api(records: &serde_json::Value) -> ScriptedTransport {
    let page = records.to_string();
    ScriptedTransport::new(move |_| Ok(response(200, &[], page.clone())))
}

async fn orders(records: serde_json::Value) -> Result<Vec<shop::Orders>> {
    let shop = shop::Source::builder().transport(api(&records)).build()?;
    shop.orders().all().await
}

#[tokio::test]
async fn a_record_has_each_value_under_the_name_of_its_column() {
    let sent = json!([{
        "id": 1, "type": "web", "total": "12.50", "placedAt": "2026-01-02T03:04:05Z", "due": "2026-01-03",
        "opens": "08:30:00", "rate": 0.5, "paid": true, "label": "AQID", "status": "lost", "note": null,
        "tags": ["a", "b"], "counts": { "x": 1 }, "size": "XL", "raw": { "k": [1, null] },
        "customer": { "customerId": "c", "since": "2020-02-29" },
        "lines": [{ "sku": "s", "kind": "gift" }, { "sku": null, "kind": null }],
    }]);
    let orders = orders(sent).await.unwrap();
    let expected = json!([{
        "id": 1, "type": "web", "total": "12.50", "placed_at": "2026-01-02T03:04:05Z", "due": "2026-01-03",
        "opens": "08:30:00", "rate": 0.5, "paid": true, "label": "AQID", "status": "lost", "note": null,
        "tags": ["a", "b"], "counts": { "x": 1 }, "size": "XL", "raw": { "k": [1, null] },
        "customer": { "id": "c", "since": "2020-02-29" },
        "lines": [{ "sku": "s", "kind": "gift" }, { "sku": null, "kind": null }],
    }]);
    assert_eq!(serde_json::to_value(&orders).unwrap(), expected);
}

#[tokio::test]
async fn nulls_are_there_and_absent_values_are_not() {
    let orders = orders(json!([{ "id": 2, "comment": null }])).await.unwrap();
    let written = serde_json::to_value(&orders[0]).unwrap();
    assert_eq!(written["comment"], json!(null));
    assert_eq!(written["total"], json!(null));
    let names: Vec<_> = written.as_object().unwrap().keys().collect();
    assert!(names.iter().all(|name| *name != "note"), "{names:?}");
    assert_eq!(names.len(), 17);
}

/// Values of nested records are written as those of a row, where a row has them under the same names.
#[tokio::test]
async fn a_record_is_written_as_its_row() {
    let sent = json!([{
        "id": 3, "type": null, "total": "0.1", "placedAt": "2026-01-02T03:04:05.678Z", "rate": 1e300,
        "status": "open", "label": "", "size": 7, "raw": "text",
    }]);
    let shop = shop::Source::builder()
        .transport(api(&sent))
        .build()
        .unwrap();
    let mut pages = shop.orders().pages();
    let page = pages.next().await.unwrap().unwrap();
    let rows = serde_json::to_value(page.rows()).unwrap();
    let records: Vec<_> = page.iter().map(Result::unwrap).collect();
    let records = serde_json::to_value(records).unwrap();
    assert_eq!(records, rows);
}
