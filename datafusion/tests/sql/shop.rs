//! An API in memory: orders by region, paged by offset, which may be asked for from and to a time.

use rest_source::{Client, transport::Request};
use rest_source_testkit::{ScriptedTransport, response};
use serde_json::{Value as Json, json};

/// The orders, two a page.
pub(crate) const SPEC: &str = r#"
name: shop
config:
  tier: { type: text, default: gold }
  base_url: { type: text, default: "https://api.example.com" }
client:
  base_url: "{config.base_url}"
  paginator: { type: offset, limit: 2 }
  retry: { max_retries: 0 }
resource_defaults:
  primary_key: id
  write_disposition: merge
resources:
  - name: orders
    endpoint: { path: /orders, data_selector: data }
    columns:
      id: bigint!
      note: text!
      broken: bigint!
      tier: { data_type: text, value: "{config.tier}" }
  - name: regional
    partitions: { region: [eu, us, asia] }
    include_from_partition: [region]
    endpoint: { path: "/regions/{partition.region}/orders", data_selector: data }
    primary_key: [region, id]
    columns: { id: bigint! }
"#;

/// A client of the spec, and the API that it asks. `answer` has the records of a path.
pub(crate) fn shop(
    spec: &str,
    answer: impl Fn(&str) -> Vec<Json> + Send + Sync + 'static,
) -> (Client, ScriptedTransport) {
    serve(spec, move |request| {
        let (path, query) = request.url.split_once('?').unwrap_or((&request.url, ""));
        let path = path.trim_start_matches("https://api.example.com");
        let offset = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("offset="));
        let offset: usize = offset.map_or(0, |offset| offset.parse().unwrap());
        let records: Vec<Json> = answer(path).into_iter().skip(offset).take(2).collect();
        (200, json!({ "data": records }))
    })
}

/// A client of the spec, and the API that it asks, which responds by this function.
pub(crate) fn serve(
    spec: &str,
    answer: impl Fn(&Request) -> (u16, Json) + Send + Sync + 'static,
) -> (Client, ScriptedTransport) {
    let api = ScriptedTransport::new(move |request| {
        let (status, body) = answer(request);
        let json = [("Content-Type", "application/json")];
        Ok(response(status, &json, body.to_string()))
    });
    let client = rest_source_dynamic::client("shop.yaml", spec).unwrap();
    (client.transport(api.clone()).build().unwrap(), api)
}

/// So many orders, in which one column never fits.
pub(crate) fn orders(count: u64) -> Vec<Json> {
    let order = |id| json!({ "id": id, "note": format!("n{id}"), "broken": "not a number" });
    (0..count).map(order).collect()
}
