//! Bounds of the cursor column: a query has the rows that it has without them.

use rest_source::Client;
use rest_source_testkit::ScriptedTransport;
use serde_json::{Value as Json, json};

use crate::{copy, rows, session_of, shop::serve};

/// A spec whose cursor is of this type, with these keys of `incremental`.
fn spec(data_type: &str, incremental: &str) -> String {
    format!(
        r#"
name: log
client: {{ base_url: "https://api.example.com", paginator: single_page }}
resources:
  - name: events
    primary_key: id
    write_disposition: merge
    endpoint:
      path: /events
      data_selector: data
      incremental: {{ cursor_path: at, start_param: from, end_param: to{incremental} }}
    columns: {{ id: bigint!, at: {data_type} }}
"#
    )
}

/// What an API that includes or excludes an end returns: its own filter is exact.
fn events(url: &str, values: &[Json], start_closed: bool, end_closed: bool) -> Json {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let param = |name: &str| {
        let value = query.split('&').find_map(|pair| pair.strip_prefix(name))?;
        let value = value.replace("%3A", ":");
        Some(
            value
                .parse::<i64>()
                .map_or_else(|_| json!(value), |number| json!(number)),
        )
    };
    let order = |a: &Json, b: &Json| {
        if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
            return a.cmp(&b);
        }
        // Without its zone, an instant sorts before those with a fraction.
        let text = |value: &Json| value.as_str().unwrap().trim_end_matches('Z').to_owned();
        text(a).cmp(&text(b))
    };
    let (from, to) = (param("from="), param("to="));
    let is_wanted = |value: &Json| {
        let after = from.as_ref().is_none_or(|from| match order(value, from) {
            std::cmp::Ordering::Equal => start_closed,
            order => order.is_gt(),
        });
        let before = to.as_ref().is_none_or(|to| match order(value, to) {
            std::cmp::Ordering::Equal => end_closed,
            order => order.is_lt(),
        });
        after && before
    };
    let found = values
        .iter()
        .enumerate()
        .filter(|(_, value)| is_wanted(value));
    let data: Vec<Json> = found
        .map(|(id, at)| json!({ "id": id, "at": at }))
        .collect();
    json!({ "data": data })
}

fn api(data_type: &str, incremental: &str, values: Vec<Json>) -> (Client, ScriptedTransport) {
    let (start_closed, end_closed) = (
        !incremental.contains("range_start: open"),
        incremental.contains("range_end: closed"),
    );
    serve(&spec(data_type, incremental), move |request| {
        (200, events(&request.url, &values, start_closed, end_closed))
    })
}

const RANGES: [&str; 5] = [
    "",
    ", range_start: open",
    ", range_end: closed",
    ", range_start: open, range_end: closed",
    ", initial_value: INITIAL",
];

/// Compares each condition with DataFusion's own filter over all rows.
async fn check(data_type: &str, values: Vec<Json>, literals: &[&str], initial: &str) {
    for range in RANGES {
        let range = range.replace("INITIAL", initial);
        let (client, api) = api(data_type, &range, values.clone());
        let session = session_of("log", &client, 1);
        copy(&session, "log.events").await;
        let mut conditions = vec![
            "at BETWEEN ?1 AND ?2".to_owned(),
            "at >= ?1 AND at < ?2".to_owned(),
        ];
        conditions.extend(["<", "<=", ">", ">=", "="].map(|op| format!("at {op} ?1")));
        conditions.extend(["<", ">="].map(|op| format!("?1 {op} at")));
        conditions.push("at <> ?1".to_owned());
        for (condition, a) in conditions
            .iter()
            .flat_map(|one| literals.iter().map(move |a| (one, a)))
        {
            let condition = condition
                .replace("?1", a)
                .replace("?2", literals[literals.len() - 1]);
            let sql = |from: &str| format!("SELECT id FROM {from} WHERE {condition} ORDER BY id");
            let asked = api.urls().len();
            let found = rows(&session, &sql("log.events")).await.unwrap();
            let urls = api.urls().split_off(asked);
            let expected = rows(&session, &sql("copy")).await.unwrap();
            assert_eq!(found, expected, "{range}: {condition}: {urls:?}");
            let is_narrowed = urls
                .iter()
                .all(|url| url.contains("from=") || url.contains("to="));
            assert!(
                is_narrowed || condition.contains("<>") || range.contains("initial"),
                "{condition}: {urls:?}"
            );
        }
    }
}

#[tokio::test]
async fn integers() {
    let values = (1..=6).map(|n| json!(n * 10)).collect();
    check(
        "bigint!",
        values,
        &["5", "10", "30", "35", "60", "100"],
        "30",
    )
    .await;
}

#[tokio::test]
async fn instants() {
    let values = (1..=6)
        .map(|day| json!(format!("2026-01-0{day}T00:00:00Z")))
        .collect();
    let literals = [
        "'2025-12-31T00:00:00Z'",
        "'2026-01-01T00:00:00Z'",
        "'2026-01-03T00:00:00Z'",
        "'2026-01-03T12:00:00Z'",
        "'2026-02-01T00:00:00Z'",
    ];
    check("timestamp!", values, &literals, "\"2026-01-03T00:00:00Z\"").await;
}

#[tokio::test]
async fn dates() {
    let values = (1..=6)
        .map(|day| json!(format!("2026-01-0{day}")))
        .collect();
    let literals = [
        "'2025-12-31'",
        "'2026-01-01'",
        "'2026-01-04'",
        "'2026-02-01'",
    ];
    check("date!", values, &literals, "\"2026-01-04\"").await;
}

#[tokio::test]
async fn texts_are_left_to_datafusion() {
    let values = vec![json!("a"), json!("B"), json!("c")];
    let (client, api) = api("text!", "", values);
    let session = session_of("log", &client, 1);
    let found = rows(
        &session,
        "SELECT at FROM log.events WHERE at >= 'a' ORDER BY at",
    )
    .await;
    assert_eq!(found.unwrap(), ["a", "c"]);
    assert!(!api.urls()[0].contains("from="), "{:?}", api.urls());
}
