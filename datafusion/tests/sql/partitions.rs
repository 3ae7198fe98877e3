//! The partitions of a plan: lists and windows.

use serde_json::{Value as Json, json};

use crate::{
    copy, explained, rows, session_of,
    shop::{SPEC, serve, shop},
};

/// Three orders of each region.
fn regional(path: &str) -> Vec<Json> {
    let known = ["/regions/eu/", "/regions/us/", "/regions/asia/"];
    assert!(known.iter().any(|known| path.starts_with(known)), "{path}");
    (1..=3).map(|id| json!({ "id": id })).collect()
}

/// The regions that were asked for, each once.
fn regions(urls: &[String]) -> Vec<String> {
    let regions = urls
        .iter()
        .map(|url| url.split('/').nth(4).unwrap().to_owned());
    let mut regions: Vec<String> = regions.collect();
    regions.sort();
    regions.dedup();
    regions
}

#[tokio::test]
async fn the_values_of_a_list_are_divided_among_the_partitions() {
    let all = "SELECT region, id FROM shop.regional ORDER BY region, id";
    let mut found = Vec::new();
    for partitions in [1, 2, 3, 8] {
        let (client, api) = shop(SPEC, regional);
        let session = session_of("shop", &client, partitions);
        let plan = explained(&session, "EXPLAIN", all).await;
        let expected = format!("region=[eu, us, asia], partitions={}", partitions.min(3));
        assert!(plan.contains(&expected), "{plan}");
        found.push(rows(&session, all).await.unwrap());
        // Three records in pages of two, and an empty page.
        assert_eq!((api.urls().len(), regions(&api.urls()).len()), (9, 3));
    }
    assert_eq!(found[0].len(), 9);
    assert!(found.iter().all(|rows| *rows == found[0]), "{found:?}");
}

#[tokio::test]
async fn values_of_a_list_that_a_query_does_not_name_are_not_asked_for() {
    for (condition, expected) in [
        ("region = 'eu'", vec!["eu"]),
        ("'us' = region AND id > 1", vec!["us"]),
        ("region IN ('asia', 'eu', 'mars')", vec!["asia", "eu"]),
        ("region = 'eu' OR region = 'us'", vec!["eu", "us"]),
        ("region = 'mars'", vec![]),
        (
            "region IN ('eu', 'us') AND region <> 'eu'",
            vec!["eu", "us"],
        ),
    ] {
        let (client, api) = shop(SPEC, regional);
        let session = session_of("shop", &client, 4);
        let sql = |from: &str| {
            format!("SELECT region, id FROM {from} WHERE {condition} ORDER BY region, id")
        };
        let found = rows(&session, &sql("shop.regional")).await.unwrap();
        assert_eq!(regions(&api.urls()), expected, "{condition}");
        copy(&session, "shop.regional").await;
        assert_eq!(
            found,
            rows(&session, &sql("copy")).await.unwrap(),
            "{condition}"
        );
    }
}

#[tokio::test]
async fn a_limit_takes_one_value_of_a_list_after_another() {
    let (client, api) = shop(SPEC, regional);
    let session = session_of("shop", &client, 4);
    let found = rows(&session, "SELECT id FROM shop.regional LIMIT 2")
        .await
        .unwrap();
    assert_eq!((found.len(), api.urls().len()), (2, 1));
}

const WINDOWS: &str = r#"
name: clicks
client:
  base_url: https://api.example.com
  paginator: single_page
resources:
  - name: clicks
    primary_key: id
    write_disposition: merge
    endpoint:
      path: /clicks
      data_selector: data
      incremental:
        cursor_path: at
        initial_value: "2026-01-01T00:00:00Z"
        end_value: "2026-01-11T00:00:00Z"
        start_param: from
        end_param: to
        step: 1d
    columns: { id: bigint!, at: timestamp! }
"#;

/// A click each six hours of January, both ends of what is asked for included.
fn clicks(url: &str) -> Json {
    let param = |name: &str| {
        let pairs = url.split_once('?').unwrap().1.split('&');
        let value = pairs
            .into_iter()
            .find_map(|pair| pair.strip_prefix(name))
            .unwrap();
        value.replace("%3A", ":")
    };
    let (from, to) = (param("from="), param("to="));
    let clicks = (0..124).map(|n| {
        (
            n,
            format!("2026-01-{:02}T{:02}:00:00Z", n / 4 + 1, n % 4 * 6),
        )
    });
    let found = clicks.filter(|(_, at)| from <= *at && *at <= to);
    let data: Vec<Json> = found
        .map(|(id, at)| json!({ "id": id, "at": at }))
        .collect();
    json!({ "data": data })
}

#[tokio::test]
async fn windows_are_divided_among_the_partitions_without_a_gap_or_a_repeated_record() {
    for partitions in [1, 3, 4, 10, 50] {
        let (client, api) = serve(WINDOWS, |request| (200, clicks(&request.url)));
        let session = session_of("shop", &client, partitions);
        let found = rows(&session, "SELECT id FROM shop.clicks ORDER BY id")
            .await
            .unwrap();
        let expected: Vec<String> = (0..40).map(|id| id.to_string()).collect();
        assert_eq!(found, expected, "{partitions}");
        assert_eq!(api.urls().len(), 10, "{partitions}: {:?}", api.urls());
    }
}

#[tokio::test]
async fn a_range_of_the_query_is_cut_into_its_own_windows() {
    let (client, api) = serve(WINDOWS, |request| (200, clicks(&request.url)));
    let session = session_of("shop", &client, 4);
    let sql = "SELECT count(*) FROM shop.clicks WHERE at >= '2026-01-03T06:00:00Z' AND at < '2026-01-05T00:00:00Z'";
    assert_eq!(rows(&session, sql).await.unwrap(), ["7"]);
    assert_eq!(api.urls().len(), 2, "{:?}", api.urls());
    let outside = "SELECT count(*) FROM shop.clicks WHERE at >= '2027-01-01T00:00:00Z'";
    assert_eq!(rows(&session, outside).await.unwrap(), ["0"]);
    assert_eq!(api.urls().len(), 2);
}
