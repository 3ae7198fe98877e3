//! Partitions: a fetch for each of several values.

use rest_source::{ErrorKind, State};
use rest_source_testkit::{Asked, Reply};
use serde_json::{Value, json};

use crate::world::{Run, World, fetch};

/// A source with a resource `sales` of these further keys.
fn spec(resource: &str) -> String {
    format!(
        "client: {{ base_url: \"$BASE\", paginator: single_page, concurrency: 4 }}\n\
         resources:\n  - name: sales\n    {resource}\n"
    )
}

const BY_REGION: &str = "partitions: { region: [eu, us] }\n    \
     include_from_partition: [region]\n    \
     primary_key: [region, id]\n    \
     endpoint: { path: '{partition.region}/sales', incremental: { cursor_path: id, start_param: after } }\n    \
     columns: { id: bigint! }";

fn sold(records: &Run) -> Vec<String> {
    let sold = records.records.iter();
    sold.map(|sale| format!("{}{}", sale["region"].as_str().unwrap(), sale["id"]))
        .collect()
}

fn cursors(state: &State) -> Value {
    let state: Value = serde_json::from_str(&state.to_json()).unwrap();
    state["partitions"].clone()
}

#[tokio::test]
async fn each_combination_is_fetched_in_order_and_known_by_its_columns() {
    let spec = spec(
        "partitions: { region: [eu, us], year: [2024, 2025] }\n    \
         include_from_partition: [year, region]\n    \
         endpoint: { path: 'sales', params: { r: '{partition.region}', year: '{partition.year}' } }\n    \
         columns: { id: bigint! }",
    );
    let run = fetch(&spec, |_| Reply::json(&json!([{ "id": 1 }]))).await;
    run.brings(&json!([
        { "id": 1, "year": 2024, "region": "eu" },
        { "id": 1, "year": 2025, "region": "eu" },
        { "id": 1, "year": 2024, "region": "us" },
        { "id": 1, "year": 2025, "region": "us" },
    ]));
    assert_eq!(run.report.partitions, 4);
    assert!(run.notes().contains("for 4 partitions"), "{}", run.notes());
}

#[tokio::test]
async fn each_partition_has_a_cursor() {
    let world = World::new(&spec(BY_REGION), |asked| {
        Reply::json(&match (asked.path(), asked.param("after")) {
            ("/eu/sales", None) => json!([{ "id": 7 }]),
            ("/us/sales", None) => json!([{ "id": 3 }]),
            ("/us/sales", Some("3")) => json!([{ "id": 3 }, { "id": 4 }]),
            _ => json!([]),
        })
    })
    .await;
    let first = world.run().await;
    assert_eq!(sold(&first), ["eu7", "us3"]);
    let second = world
        .run_as(|fetch| fetch.since(first.state.unwrap()))
        .await;
    assert_eq!(sold(&second), ["us4"]);
    assert!(second.asked.contains(&"GET /eu/sales?after=7".to_owned()));
}

#[tokio::test]
async fn partition_that_fails_leaves_the_others() {
    let world = World::new(&spec(BY_REGION), |asked| match asked.path() {
        "/eu/sales" => Reply::status(403),
        _ => Reply::json(&json!([{ "id": 3 }])),
    })
    .await;
    let run = world.run().await;
    run.fails(&ErrorKind::Status(403), &["partition", "`region` \"eu\""]);
    assert_eq!(sold(&run), ["us3"]);
    assert_eq!(cursors(&run.state.unwrap()).as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn partition_that_fails_is_an_error_of_a_limited_fetch_too() {
    let world = World::new(&spec(BY_REGION), |asked| match asked.path() {
        "/eu/sales" => Reply::status(403),
        _ => Reply::json(&json!([{ "id": 3 }, { "id": 4 }])),
    })
    .await;
    let run = world.run_as(|fetch| fetch.limit(1)).await;
    run.fails(&ErrorKind::Status(403), &["`region` \"eu\""]);
    assert_eq!(sold(&run), ["us3"]);
}

#[tokio::test]
async fn fetch_ends_after_many_partitions_failed() {
    let numbers: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    let spec = spec(&format!(
        "partitions: {{ account: [{}] }}\n    \
         endpoint: {{ path: '{{partition.account}}/sales' }}\n    columns: {{ id: bigint }}",
        numbers.join(", ")
    ));
    let run = fetch(&spec, |_| Reply::status(404)).await;
    run.fails(&ErrorKind::Status(404), &["`account` \"0\""]);
    assert!(run.asked.len() < 20, "{}", run.asked.len());
}

#[tokio::test]
async fn values_may_be_those_of_a_setting_and_products_with_parents() {
    let spec = "client: { base_url: \"$BASE\", paginator: single_page }\n\
         config: { accounts: { type: list, items: text, default: [a, b] } }\n\
         resources:\n  \
         - { name: users, endpoint: users, columns: { id: bigint! }, primary_key: id }\n  \
         - name: visits\n    \
           partitions: { account: '{config.accounts}' }\n    \
           include_from_parent: [id]\n    \
           include_from_partition: [account]\n    \
           endpoint: { path: 'users/{resources.users.id}/{partition.account}' }\n    \
           columns: { seen: bigint! }\n";
    let run = fetch(spec, |asked: &Asked| {
        Reply::json(&match asked.path() {
            "/users" => json!([{ "id": 1 }, { "id": 2 }]),
            _ => json!([{ "seen": 0 }]),
        })
    })
    .await;
    run.brings(&json!([
        { "seen": 0, "_users_id": 1, "account": "a" },
        { "seen": 0, "_users_id": 1, "account": "b" },
        { "seen": 0, "_users_id": 2, "account": "a" },
        { "seen": 0, "_users_id": 2, "account": "b" },
    ]));
    assert_eq!((run.report.parents, run.report.partitions), (2, 4));
}

#[tokio::test]
async fn windows_of_each_partition_follow_each_other() {
    let spec = spec(
        "partitions: { region: [eu, us] }\n    \
         endpoint: { path: '{partition.region}', incremental: { cursor_path: day, initial_value: 2024-01-01, \
           end_value: 2024-01-05, step: 2d, start_param: from, end_param: to } }\n    \
         columns: { day: date! }",
    );
    let run = fetch(&spec, |asked| {
        Reply::json(&json!([{ "day": asked.param("from").unwrap() }]))
    })
    .await;
    let days = run.records.iter().map(|record| record["day"].as_str());
    let days: Vec<&str> = days.flatten().collect();
    assert_eq!(
        days,
        ["2024-01-01", "2024-01-03", "2024-01-01", "2024-01-03"]
    );
    assert_eq!(cursors(&run.state.unwrap()).as_object().unwrap().len(), 2);
}
