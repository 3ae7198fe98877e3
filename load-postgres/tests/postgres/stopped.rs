//! Databases that stop, restart or are locked in the middle of a load.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use rest_source::Client;
use rest_source_load::Loading;
use rest_source_load_postgres::{Options, Postgres};
use rest_source_testkit::{ScriptedTransport, TestDestination, response};
use serde_json::{Value, json};
use tokio_postgres::NoTls;

use crate::{
    merge_tables::Schema,
    proxy::{Mode, Proxy},
    url,
};

const PAGES: u64 = 6;

/// An API of pages of ten records.
fn client() -> Client {
    let spec = "
name: shop
client:
  base_url: https://api.example.com
  paginator: { type: page_number, base_page: 1, total_path: pages }
resources:
  - name: rows
    primary_key: id
    write_disposition: merge
    endpoint: { data_selector: items }
    columns: { id: bigint! }
";
    let pages = AtomicU64::new(0);
    let transport = ScriptedTransport::new(move |_| {
        let page = pages.fetch_add(1, Ordering::Relaxed) % PAGES;
        let items: Vec<Value> = (0..10).map(|n| json!({ "id": page * 10 + n })).collect();
        let body = json!({ "pages": PAGES, "items": items });
        Ok(response(200, &[], body.to_string()))
    });
    let builder = rest_source_dynamic::client("specs/shop.yaml", spec).unwrap();
    builder.transport(transport).build().unwrap()
}

async fn open(url: &str, schema: &Schema) -> Postgres {
    let options = Options::new(url).unwrap().schema(&schema.name);
    options.connect().await.unwrap()
}

async fn assert_loaded(url: &str, schema: &Schema) {
    Loading::new(&client(), &open(url, schema).await)
        .await
        .unwrap();
    assert_eq!(schema.rows("rows", "rows").await.len(), 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn database_that_stops_answering_is_an_error_in_bounded_time() {
    let Some(url) = url() else { return };
    let schema = Schema::create(&url, "stopped").await;
    let proxy = Proxy::start(&url).await;
    let through = format!("{}&connect_timeout=1", proxy.url(&url));
    let database = open(&through, &schema).await;
    let begun = Instant::now();
    let error = Loading::new(&client(), &database)
        .commit_rows(1)
        .on_progress(|progress| {
            if progress.pages == PAGES / 2 {
                proxy.set(Mode::Stopped);
            }
        })
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("the Postgres database stopped answering"),
        "{error}"
    );
    assert!(
        error.contains("unknown"),
        "the number of rows is not known: {error}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "{:?}",
        begun.elapsed()
    );
    // Its server notices that the connection is lost, and releases the lock of the resource.
    drop(database);
    proxy.set(Mode::Down);
    assert_loaded(&url, &schema).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_statement_of_a_database_that_answers_others_is_waited_for() {
    let Some(url) = url() else { return };
    let schema = Schema::create(&url, "slow").await;
    assert_loaded(&url, &schema).await;
    // A merge of some seconds.
    schema
        .execute(
            "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(4); RETURN NULL; END $$;
             CREATE TRIGGER wait AFTER INSERT ON rows FOR EACH STATEMENT EXECUTE FUNCTION wait()",
        )
        .await;
    let separator = if url.contains('?') { '&' } else { '?' };
    assert_loaded(&format!("{url}{separator}connect_timeout=1"), &schema).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn database_that_restarts_in_the_middle_keeps_what_was_published() {
    let Some(url) = url() else { return };
    for page in 1..PAGES {
        let schema = Schema::create(&url, "restarted").await;
        let proxy = Proxy::start(&url).await;
        let database = open(&proxy.url(&url), &schema).await;
        let loaded = Loading::new(&client(), &database)
            .commit_rows(1)
            .on_progress(|progress| {
                if progress.pages == page {
                    proxy.set(Mode::Down);
                }
            })
            .await;
        let error = loaded.unwrap_err().to_string();
        assert!(
            error.contains("run the load again") || error.contains("cannot be reached"),
            "{error}"
        );
        let rows = schema.rows("rows", "rows").await.len();
        assert_eq!(u64::try_from(rows).unwrap(), 10 * page);
        proxy.set(Mode::Forward);
        assert_loaded(&proxy.url(&url), &schema).await;
        let status = "SELECT status FROM _rest_source_loads ORDER BY started";
        assert_eq!(schema.texts(status).await, ["interrupted", "loaded"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lock_of_another_process_is_waited_for_and_then_an_error() {
    let Some(url) = url() else { return };
    let schema = Schema::create(&url, "locked").await;
    assert_loaded(&url, &schema).await;
    let (mut other, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let transaction = other.transaction().await.unwrap();
    let lock = format!("LOCK TABLE {}.rows IN ACCESS EXCLUSIVE MODE", schema.name);
    transaction.batch_execute(&lock).await.unwrap();
    let separator = if url.contains('?') { '&' } else { '?' };
    let short = format!("{url}{separator}options=-c%20lock_timeout%3D1s");
    let error = Loading::new(&client(), &open(&short, &schema).await).await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("another process holds a transaction open on this table"),
        "{error}"
    );
    let waiting = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        transaction.commit().await.unwrap();
    };
    tokio::join!(assert_loaded(&url, &schema), waiting);
}
