//! What a request says: its path, parameters, headers and body, and what stands in their
//! placeholders.

use std::sync::Arc;

use rest_source::ErrorKind;
use rest_source_testkit::{Asked, Reply};
use serde_json::{Value, json};

use crate::world::{Run, World, clock, connect, fetch, source, things};

/// The one request of an endpoint like this.
async fn request(endpoint: &str) -> Asked {
    asked(&things(&format!("{endpoint}, paginator: single_page"))).await
}

/// The one request of this spec.
async fn asked(spec: &str) -> Asked {
    let world = World::new(spec, |_| Reply::json(&json!([]))).await;
    world.run().await.brings(&json!([]));
    world.server.asked().remove(0)
}

#[tokio::test]
async fn a_path_is_joined_to_the_base_and_keeps_its_query() {
    for (base, path, target) in [
        ("$BASE", "things", "/things"),
        ("$BASE/", "/things", "/things"),
        ("$BASE/v1", "things", "/v1/things"),
        ("$BASE/v1/", "/things/", "/v1/things/"),
        ("$BASE/v1?tenant=t", "things", "/v1/things?tenant=t"),
        (
            "$BASE/v1?tenant=t",
            "things?kind=k",
            "/v1/things?tenant=t&kind=k",
        ),
        ("$BASE/v1", "", "/v1"),
    ] {
        let spec = format!(
            "client: {{ base_url: \"{base}\" }}\nresources:\n  \
             - {{ name: things, columns: json, endpoint: {{ path: \"{path}\", paginator: single_page }} }}\n"
        );
        assert_eq!(asked(&spec).await.target, target, "{base} and {path}");
    }
}

#[tokio::test]
async fn parameters_are_sent_in_their_order_and_a_list_repeats_its_key() {
    let asked = request(
        "path: things, params: { q: a b&c=d, size: 1.10, big: 12345678901234567890, sure: true, \
         ids: [1, two, 3.0], empty: \"\", braces: \"{{x}}\" }",
    )
    .await;
    assert_eq!(
        asked.target,
        "/things?q=a%20b%26c%3Dd&size=1.10&big=12345678901234567890&sure=true\
         &ids=1&ids=two&ids=3.0&empty=&braces=%7Bx%7D"
    );
}

#[tokio::test]
async fn a_parameter_that_binds_the_path_is_none_of_the_query() {
    let asked = request("path: \"orgs/{org}/things\", params: { org: a/b, q: x }").await;
    assert_eq!(asked.target, "/orgs/a%2Fb/things?q=x");
}

#[tokio::test]
async fn settings_stand_where_they_are_named_and_a_path_keeps_its_segments() {
    let spec = |value: &str| {
        format!(
            "config: {{ org: {{ type: text, default: \"{value}\" }} }}\n\
             client: {{ base_url: \"$BASE\", headers: {{ X-Org: \"of {{config.org}}\" }} }}\n\
             resources:\n  - name: things\n    columns: json\n    endpoint:\n      \
             {{ path: \"orgs/{{config.org}}/things\", params: {{ org: \"{{config.org}}\" }}, paginator: single_page }}\n"
        )
    };
    for (value, path, query) in [
        ("plain", "plain", "plain"),
        ("a/b?c#d", "a%2Fb%3Fc%23d", "a/b%3Fc%23d"),
        ("%2f", "%252f", "%252f"),
        ("ü 1", "%C3%BC%201", "%C3%BC%201"),
        ("...", "...", "..."),
    ] {
        let asked = asked(&spec(value)).await;
        assert_eq!(asked.target, format!("/orgs/{path}/things?org={query}"));
        assert_eq!(asked.header("x-org"), Some(&*format!("of {value}")));
    }
}

#[tokio::test]
async fn a_setting_in_the_path_of_the_base_is_one_segment_of_it() {
    let spec = |base: &str, value: &str| {
        format!(
            "config: {{ org: {{ type: text, default: \"{value}\" }} }}\n\
             client: {{ base_url: \"{base}\" }}\n\
             resources:\n  - {{ name: things, columns: json, endpoint: {{ path: things, paginator: single_page }} }}\n"
        )
    };
    for (base, value, target) in [
        ("$BASE/{config.org}/v1", "plain", "/plain/v1/things"),
        ("$BASE/{config.org}/v1", "a?b", "/a%3Fb/v1/things"),
        ("$BASE/{config.org}/v1", "a/x", "/a%2Fx/v1/things"),
        ("$BASE/{config.org}/v1", "%2e%2e", "/%252e%252e/v1/things"),
        ("$BASE/{config.org}/v1", "ü", "/%C3%BC/v1/things"),
        ("$BASE/v{config.org}", "...", "/v.../things"),
        ("$BASE?org={config.org}", "a&b=c", "/things?org=a%26b%3Dc"),
        ("{config.org}/v1", "$BASE/a/b", "/a/b/v1/things"),
    ] {
        assert_eq!(asked(&spec(base, value)).await.target, target);
    }
    for value in [".", "..", "", "../x", "a/.."] {
        let spec = spec("http://127.0.0.1:1/{config.org}/v1", value);
        let error = connect(&spec, &clock(), &Arc::default()).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Config);
        let text = error.to_string();
        assert!(text.contains("the setting `org`"), "{text}");
    }
}

#[tokio::test]
async fn an_endpoints_header_wins_over_the_sources_whatever_its_case() {
    let spec = source(
        "headers: { X-Kind: source, X-Other: 1.10, Accept: text/json }",
        "{ path: things, headers: { x-kind: endpoint, User-Agent: mine }, paginator: single_page }",
        "json",
    );
    let asked = asked(&spec).await;
    let all = |name: &str| {
        let headers = asked.headers.iter().filter(|(found, _)| found == name);
        headers.map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    assert_eq!(all("x-kind"), ["endpoint"]);
    assert_eq!(all("x-other"), ["1.10"]);
    assert_eq!(all("accept"), ["text/json"]);
    assert_eq!(all("user-agent"), ["mine"]);
}

#[tokio::test]
async fn a_posted_body_is_json_or_a_form() {
    let asked = request(
        "path: things, method: POST, json: { size: 2.50, big: 12345678901234567890, ok: true, \
         none: null, text: \"{{x}}\", list: [1, \"2\"] }",
    )
    .await;
    assert_eq!(asked.line(), "POST /things");
    assert_eq!(asked.header("content-type"), Some("application/json"));
    assert_eq!(
        asked.body,
        r#"{"big":12345678901234567890,"list":[1,"2"],"none":null,"ok":true,"size":2.50,"text":"{x}"}"#
    );
    let asked = request("path: things, method: POST, data: { q: a b&c, ids: [1, 2] }").await;
    assert_eq!(
        asked.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(asked.body, "q=a+b%26c&ids=1&ids=2");
}

#[tokio::test]
async fn a_number_in_a_body_keeps_the_digits_it_is_written_with() {
    for number in [
        "99999999999999999999",
        "-170141183460469231731687303715884105728",
        "0.1000000000000000055511151231257827",
        "1.10",
        "1e3",
        "7",
    ] {
        let asked = request(&format!(
            "path: things, method: POST, json: {{ size: [{number}] }}"
        ))
        .await;
        assert_eq!(asked.body, format!(r#"{{"size":[{number}]}}"#));
    }
}

#[tokio::test]
async fn a_number_of_a_parent_is_one_in_a_body_with_its_digits() {
    let spec = "
client: { base_url: $BASE, concurrency: 1 }
resource_defaults: { endpoint: { paginator: single_page } }
resources:
  - name: parents
    columns: { price: decimal, whole: decimal, raw: json, deep: json }
  - name: things
    columns: json
    endpoint:
      path: things
      method: POST
      json:
        price: '{resources.parents.price}'
        whole: '{resources.parents.whole}'
        text: 'for {resources.parents.price}'
        raw: '{resources.parents.raw}'
        deep: '{resources.parents.deep}'
";
    let parents = r#"[{ "price": 12345678901234567890.12345678901234567890, "whole": "-7",
                        "raw": 99999999999999999999, "deep": { "n": [0.10] } }]"#;
    let world = World::new(spec, move |asked| match asked.path() {
        "/parents" => Reply::status(200).body(parents),
        _ => Reply::json(&json!([])),
    })
    .await;
    world.run().await.brings(&json!([]));
    assert_eq!(
        world.server.asked()[1].body,
        r#"{"deep":{"n":[0.10]},"price":12345678901234567890.12345678901234567890,"raw":99999999999999999999,"text":"for 12345678901234567890.12345678901234567890","whole":-7}"#
    );
}

#[tokio::test]
async fn a_placeholder_that_is_all_of_a_json_value_keeps_its_type() {
    let spec = "
config:
  count: { type: bigint, default: 5 }
  share: { type: double, default: 0.5 }
  flag: { type: bool, default: true }
  day: { type: date, default: 2024-01-01 }
client: { base_url: $BASE }
resources:
  - name: things
    columns: json
    endpoint:
      path: things
      method: POST
      paginator: single_page
      json:
        count: '{config.count}'
        share: '{config.share}'
        flag: '{config.flag}'
        day: '{config.day}'
        text: 'n {config.count}'
        key: '{secrets.key}'
";
    let body: Value = serde_json::from_str(&asked(spec).await.body).unwrap();
    assert_eq!(
        body,
        json!({ "count": 5, "share": 0.5, "flag": true, "day": "2024-01-01", "text": "n 5",
                "key": "s3cret-key" })
    );
}

/// One fetch of what is incremental, without a start yet, and one with.
async fn starts(endpoint: &str) -> (Run, Vec<Asked>) {
    let spec = source(
        "concurrency: 1",
        &format!(
            "{{ path: things, paginator: single_page, incremental: {{ cursor_path: at }}, {endpoint} }}"
        ),
        "{ id: text!, at: bigint }",
    );
    let world = World::new(&spec, |_| Reply::json(&json!([{ "id": "a", "at": 7 }]))).await;
    let first = world.run().await;
    let state = first.state.clone().unwrap();
    let second = world.run_as(|fetch| fetch.since(state)).await;
    (second, world.server.asked())
}

#[tokio::test]
async fn what_has_no_value_yet_drops_its_parameter_and_header_and_is_null_in_json() {
    let (_, asked) = starts(
        "params: { since: \"{incremental.start_value}\", q: x }, \
         headers: { X-Since: \"n {incremental.start_value}\" }",
    )
    .await;
    assert_eq!(asked[0].target, "/things?q=x");
    assert_eq!(asked[0].header("x-since"), None);
    assert_eq!(asked[1].target, "/things?since=7&q=x");
    assert_eq!(asked[1].header("x-since"), Some("n 7"));

    let (_, asked) = starts(
        "method: POST, json: { since: \"{incremental.start_value}\", text: \"> {incremental.start_value}\" }",
    )
    .await;
    assert_eq!(asked[0].body, r#"{"since":null,"text":null}"#);
    assert_eq!(asked[1].body, r#"{"since":7,"text":"> 7"}"#);

    let (_, asked) =
        starts("method: POST, data: { since: \"{incremental.start_value}\", q: x }").await;
    assert_eq!(asked[0].body, "q=x");
    assert_eq!(asked[1].body, "since=7&q=x");
}

#[tokio::test]
async fn a_resource_that_is_a_word_is_a_path_and_defaults_are_merged() {
    let spec = "
client: { base_url: $BASE }
resource_defaults:
  columns: json
  endpoint: { paginator: single_page, params: { a: 1, b: 2 }, headers: { X-A: a } }
resources:
  - plain
  - name: things
    endpoint: { path: other, params: { b: 3, a: null } }
";
    let asked = asked(spec).await;
    assert_eq!(asked.target, "/other?b=3");
    assert_eq!(asked.header("x-a"), Some("a"));
    let world = World::new(spec, |_| Reply::json(&json!([]))).await;
    let plain = world.resource("plain");
    let mut pages = world.client.rows(plain).pages();
    while let Some(page) = pages.next().await {
        page.unwrap();
    }
    assert_eq!(world.asked(), ["GET /plain?a=1&b=2"]);
}

#[tokio::test]
async fn a_setting_with_a_line_break_is_no_header() {
    let spec = "
config: { org: { type: text, default: \"a\\r\\nX-Evil: 1\" } }
client: { base_url: $BASE, headers: { X-Org: '{config.org}' } }
resources:
  - { name: things, columns: json, endpoint: { path: things, paginator: single_page } }
";
    let run = fetch(spec, |_| Reply::json(&json!([]))).await;
    run.fails(&ErrorKind::Config, &["`X-Org`", "control character"]);
    assert!(run.asked.is_empty());
}
