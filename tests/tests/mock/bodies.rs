//! The mock writes bodies that the decoders read.

use rest_source::{Connector, rest_source};
use rest_source_mock::{Mocked, json};

#[rest_source("../../specs/bodies.yaml")]
pub(crate) mod bodies {}

#[tokio::test]
async fn every_decoder_reads_what_the_mock_writes() {
    let records = [
        json!({ "id": 1, "name": "a; \"b\", 'c' \\ <d> & é", "price": "9.50", "is_open": true, "tags": ["x", "y"], "owner": { "id": 7 } }),
        json!({ "id": 2, "name": null, "price": null, "is_open": false, "tags": ["x"], "owner": null }),
        json!({ "id": 3, "name": "-", "price": "0.10", "is_open": null, "tags": null, "owner": null }),
        json!({ "id": 4, "name": "two\nlines", "price": "1.00", "is_open": null, "tags": null, "owner": { "id": 8 } }),
    ];
    for plan in &bodies::Source::plan().resources {
        let api = bodies::Source::mock()
            .records(&plan.name, &records)
            .start()
            .unwrap();
        let mut pages = api.source().client().rows(plan.clone()).pages();
        let mut got = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.unwrap();
            got.extend(
                page.rows()
                    .iter()
                    .map(|row| serde_json::to_value(row).unwrap()),
            );
        }
        assert_eq!(got.len(), records.len(), "{}", plan.name);
        for (got, expected) in got.iter().zip(&records) {
            assert_eq!(got, expected, "{}", plan.name);
        }
    }
}
