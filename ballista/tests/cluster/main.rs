//! Queries over a cluster: a scheduler and two executors in this process, which ask an API in memory.

#![cfg(test)]

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use futures_util::TryStreamExt as _;
use rest_source::{Client, transport::Request};
use rest_source_ballista::{
    Cluster, Sources,
    ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process},
    ballista_scheduler::{
        cluster::BallistaCluster, config::SchedulerConfig, scheduler_process::start_server,
    },
    executor,
    rest_source_datafusion::{
        datafusion::{
            arrow::{array::RecordBatch, util::pretty::pretty_format_batches},
            error::DataFusionError,
        },
        register,
    },
    scheduler,
};
use rest_source_testkit::{ScriptedTransport, response};
use serde_json::{Value as Json, json};

/// Orders of eight shards, two a page, by a token.
const SPEC: &str = r#"
name: shop
config: { tier: { type: text, default: gold } }
secrets: { token: {} }
client:
  base_url: "https://api.example.com"
  auth: { type: bearer, token: "{secrets.token}" }
  paginator: { type: offset, limit: 2 }
  retry: { max_retries: 0 }
resources:
  - name: orders
    partitions: { shard: [a, b, c, d, e, f, g, h] }
    include_from_partition: [shard]
    endpoint: { path: "/{config.tier}/{partition.shard}/orders", data_selector: data }
    primary_key: [shard, id]
    columns: { id: bigint!, at: timestamp!, broken: bigint! }
"#;

const TOKEN: &str = "k3y-of-the-house";

/// Five orders of each shard. A column of theirs never fits.
fn api() -> ScriptedTransport {
    ScriptedTransport::new(|request| {
        let json = [("Content-Type", "application/json")];
        if request.headers.get("Authorization") != Some("Bearer k3y-of-the-house") {
            return Ok(response(401, &json, "{}"));
        }
        Ok(response(200, &json, page(request).to_string()))
    })
}

fn page(request: &Request) -> Json {
    let (_, query) = request.url.split_once('?').unwrap();
    let offset = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("offset="));
    let offset: u64 = offset.map_or(0, |offset| offset.parse().unwrap());
    let order = |id| json!({ "id": id, "at": "2026-11-21T09:30:00Z", "broken": "no number" });
    let orders: Vec<Json> = (offset..5).take(2).map(order).collect();
    json!({ "data": orders })
}

fn client(setting: &str) -> Client {
    let builder = rest_source_dynamic::client("shop.yaml", SPEC).unwrap();
    let builder = builder.setting("tier", setting).secret("token", TOKEN);
    builder.build().unwrap()
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// A cluster of two executors, whose sources are made by this function.
async fn cluster(sources: impl Fn() -> Sources) -> Cluster {
    let address = free_address();
    let config = SchedulerConfig {
        bind_port: address.port(),
        ..scheduler()
    };
    let known = BallistaCluster::new_from_config(&config).await.unwrap();
    tokio::spawn(start_server(known, address, Arc::new(config)));
    for _ in 0..2 {
        let config = ExecutorProcessConfig {
            port: free_address().port(),
            grpc_port: free_address().port(),
            scheduler_host: "127.0.0.1".to_owned(),
            scheduler_port: address.port(),
            scheduler_connect_timeout_seconds: 30,
            vcores: 2,
            ..executor(sources())
        };
        tokio::spawn(start_executor_process(Arc::new(config)));
    }
    while tokio::net::TcpStream::connect(address).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Cluster::new(format!("http://{address}"))
}

async fn rows(cluster: &Cluster, client: &Client, sql: &str) -> Result<String, DataFusionError> {
    let session = cluster.session(8);
    register(&session, "shop", client).unwrap();
    let query = session.sql(sql).await?;
    let batches: Vec<RecordBatch> = cluster.run(query).await?.try_collect().await?;
    Ok(pretty_format_batches(&batches)?.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_is_fetched_once_and_only_what_the_query_needs() {
    let api = api();
    let asked = api.clone();
    let cluster = cluster(move || {
        let api = api.clone();
        Sources::built_by(move |_, builder| {
            builder
                .transport(api.clone())
                .secret("token", TOKEN)
                .build()
        })
    })
    .await;
    let client = client("silver");
    let counted = "SELECT count(*) AS rows, count(DISTINCT shard) AS shards, sum(id) AS ids, min(at) AS at FROM shop.orders";
    let counted = rows(&cluster, &client, counted).await.unwrap();
    assert!(
        counted.contains("| 40   | 8      | 80  | 2026-11-21T09:30:00Z |"),
        "{counted}"
    );
    // The setting is that of the process with the query.
    let urls = asked.urls();
    assert!(urls.iter().all(|url| url.contains("/silver/")), "{urls:?}");
    // Three pages of a shard, and an empty one.
    assert_eq!(urls.len(), 32);

    let narrowed =
        "SELECT shard, id FROM shop.orders WHERE shard IN ('b', 'g') AND id > 2 ORDER BY shard, id";
    let narrowed = rows(&cluster, &client, narrowed).await.unwrap();
    let lines: Vec<&str> = narrowed.lines().skip(3).collect();
    assert_eq!(
        lines,
        [
            "| b     | 3  |",
            "| b     | 4  |",
            "| g     | 3  |",
            "| g     | 4  |",
            "+-------+----+"
        ]
    );
    assert_eq!(asked.urls().len() - urls.len(), 8);

    // Joins, unions and subqueries read a scan whole where Ballista does so, and never twice.
    for (sql, expected) in [
        (
            "SELECT count(*) FROM shop.orders a JOIN shop.orders b USING (shard, id)",
            40,
        ),
        (
            "SELECT count(*) FROM (SELECT id FROM shop.orders UNION ALL SELECT id FROM shop.orders WHERE shard = 'a')",
            45,
        ),
        (
            "SELECT count(*) FROM shop.orders WHERE id = (SELECT max(id) FROM shop.orders)",
            8,
        ),
        (
            "SELECT count(*) FROM shop.orders a, (SELECT id FROM shop.orders WHERE shard = 'b') b",
            200,
        ),
        (
            "SELECT count(*) FROM (SELECT id FROM shop.orders LIMIT 7)",
            7,
        ),
        ("SELECT count(*) FROM shop.orders WHERE shard = 'z'", 0),
    ] {
        let counted = rows(&cluster, &client, sql).await.unwrap();
        let number = counted.lines().nth(3).unwrap().trim_matches(['|', ' ']);
        assert_eq!(number, expected.to_string(), "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_executor_without_a_secret_names_it_and_sends_nothing() {
    let api = api();
    let asked = api.clone();
    let cluster = cluster(move || {
        let api = api.clone();
        Sources::built_by(move |_, builder| builder.transport(api.clone()).build())
    })
    .await;
    let error = rows(&cluster, &client("gold"), "SELECT id FROM shop.orders").await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("`SHOP_TOKEN` is not set"), "{error}");
    assert!(asked.urls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_that_fails_ends_the_query_with_its_error() {
    let api = api();
    let cluster = cluster(move || {
        let api = api.clone();
        Sources::built_by(move |_, builder| {
            builder
                .transport(api.clone())
                .secret("token", "an0ther-key")
                .build()
        })
    })
    .await;
    let error = rows(&cluster, &client("gold"), "SELECT id FROM shop.orders").await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("401"), "{error}");
    assert!(!error.contains("an0ther-key"), "{error}");
    let broken = rows(&cluster, &client("gold"), "SELECT broken FROM shop.orders").await;
    assert!(broken.is_err());
}
