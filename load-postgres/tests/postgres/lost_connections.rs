//! Connections that end while a load runs.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use rest_source::Client;
use rest_source_load::Loading;
use rest_source_load_postgres::{Options, Postgres};
use rest_source_testkit::{ScriptedTransport, TestDestination, response};
use serde_json::{Value, json};
use tokio_postgres::NoTls;

use crate::{merge_tables::Schema, url};

const PAGES: u64 = 6;

/// An API of pages of ten records, which have the version `v`.
fn client(v: u64) -> Client {
    let spec = "
name: shop
client:
  base_url: https://api.example.com
  paginator: { type: page_number, base_page: 1, total_path: pages }
resource_defaults: { primary_key: id, endpoint: { data_selector: items }, columns: { id: bigint!, v: bigint! } }
resources:
  - { name: merged, write_disposition: merge }
  - { name: replaced, write_disposition: replace }
";
    let pages = AtomicU64::new(0);
    let transport = ScriptedTransport::new(move |_| {
        let page = pages.fetch_add(1, Ordering::Relaxed) % PAGES;
        let items = (0..10).map(|n| json!({ "id": page * 10 + n, "v": v }));
        let body = json!({ "pages": PAGES, "items": items.collect::<Vec<Value>>() });
        Ok(response(200, &[], body.to_string()))
    });
    let builder = rest_source_dynamic::client("specs/shop.yaml", spec).unwrap();
    builder.transport(transport).build().unwrap()
}

/// Ends the connections of this name.
fn terminate(url: &str, name: &str) {
    let (url, name) = (url.to_owned(), name.to_owned());
    let ended = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
            tokio::spawn(connection);
            let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";
            client.query(sql, &[&name]).await.unwrap();
        });
    });
    ended.join().unwrap();
}

async fn open(url: &str, schema: &str) -> Postgres {
    let separator = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{separator}application_name={schema}");
    let options = Options::new(&url).unwrap().schema(schema);
    options.connect().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn load_after_a_lost_connection_completes_what_that_one_began() {
    let Some(url) = url() else { return };
    let schema = Schema::create(&url, "lost").await;
    for (resource, v) in [
        ("merged", 1),
        ("replaced", 1),
        ("merged", 2),
        ("replaced", 2),
    ] {
        let client = client(v);
        let database = open(&url, &schema.name).await;
        let load = Loading::new(&client, &database).resource(resource);
        let ended = load
            .on_progress(|progress| {
                if progress.pages == PAGES / 2 {
                    terminate(&url, &schema.name);
                }
            })
            .await;
        let rows = schema.rows(resource, resource).await;
        let is_new = |row: &&rest_source_testkit::StoredRow| row["v"] == Some(v.to_string());
        if let Err(error) = &ended {
            // All of a replacement is there, or nothing.
            let new = rows.iter().filter(is_new).count();
            assert!(resource == "merged" || new == 0, "{error}");
            let database = open(&url, &schema.name).await;
            Loading::new(&client, &database)
                .resource(resource)
                .await
                .unwrap();
        }
        let rows = schema.rows(resource, resource).await;
        assert_eq!(
            rows.iter().filter(is_new).count(),
            60,
            "{resource} {ended:?}"
        );
        assert_eq!(rows.len(), 60);
    }
}
