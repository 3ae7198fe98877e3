//! One load of a resource at a time.

use std::time::Duration;

use rest_source::{ErrorKind, Timestamp};
use rest_source_load::{LoadStatus, Loading, LockHolder, Locking, ResourceKey};
use rest_source_load_postgres::Options;
use rest_source_testkit::{Asked, Mishap, Place, Reply, Scripted, TestDestination};
use serde_json::json;

use crate::{merge_tables::Schema, url};

/// Answers with two orders, the first time after this pause.
async fn serve(pause: Duration) -> Scripted {
    let is_first = std::sync::atomic::AtomicBool::new(true);
    let answer = move |_: &Asked| {
        let reply = Reply::json(&json!([{ "id": 1 }, { "id": 2 }]));
        if is_first.swap(false, std::sync::atomic::Ordering::Relaxed) {
            reply.mishap(Place::BeforeHead, Mishap::Pause(pause))
        } else {
            reply
        }
    };
    Scripted::start(answer).await.unwrap()
}

fn client(server: &Scripted) -> rest_source::Client {
    let spec = format!(
        "name: shop\nclient: {{ base_url: \"{}\", paginator: single_page }}\nresources:\n  \
         - {{ name: orders, primary_key: id, write_disposition: merge, columns: {{ id: bigint! }} }}",
        server.url()
    );
    let client = rest_source_dynamic::client("specs/shop.yaml", &spec).unwrap();
    client.build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn second_load_of_a_resource_is_refused_or_waits() {
    let Some(url) = url() else { return };
    let schema = Schema::create(&url, "locks").await;
    let server = serve(Duration::from_secs(2)).await;
    let client = client(&server);
    let (one, other) = (schema.open().await, schema.open().await);
    let first = Loading::new(&client, &*one).into_future();
    let second = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        // By its own connection, as another process, and by the same one.
        for database in [&other, &one] {
            let error = Loading::new(&client, &**database).await.unwrap_err();
            assert_eq!(*error.errors[0].kind(), ErrorKind::Locked);
            let shown = error.to_string();
            let process = format!("by process {} on `", std::process::id());
            assert!(shown.contains(&process), "{shown}");
        }
        let last = other.last_loads().await.unwrap();
        assert_eq!(last[0].load.status, LoadStatus::Running);
        // Readers are not blocked.
        assert_eq!(schema.texts("SELECT id::text FROM orders").await.len(), 0);
        let mut told = 0;
        let most = Duration::from_secs(30);
        let waiting = Loading::new(&client, &*other).wait(most, |_| told += 1);
        waiting.await.unwrap();
        assert_eq!(told, 1);
    };
    let (first, ()) = tokio::join!(first, second);
    first.unwrap();
    assert_eq!(schema.texts("SELECT id::text FROM orders").await.len(), 2);
    let held = "SELECT holder FROM _rest_source_locks";
    assert!(schema.texts(held).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn lock_ends_with_its_connection() {
    let Some(url) = url() else { return };
    let schema = Schema::create(&url, "killed").await;
    let server = serve(Duration::from_secs(60)).await;
    let client = client(&server);
    let separator = if url.contains('?') { '&' } else { '?' };
    let named = format!("{url}{separator}application_name={}", schema.name);
    let options = Options::new(&named).unwrap().schema(&schema.name);
    let one = options.connect().await.unwrap();
    let mut running = Loading::new(&client, &one).into_future();
    let waits = tokio::time::timeout(Duration::from_secs(1), &mut running).await;
    assert!(waits.is_err());
    // As a killed process ends it. The history still says that it runs.
    let end = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity \
               WHERE application_name = current_schema()";
    assert!(!schema.texts(end).await.is_empty());
    let other = schema.open().await;
    Loading::new(&client, &*other).await.unwrap();
    let statuses = "SELECT status FROM _rest_source_loads ORDER BY started";
    assert_eq!(schema.texts(statuses).await, ["interrupted", "loaded"]);
    drop(running);
}

#[tokio::test(flavor = "multi_thread")]
async fn load_that_lost_its_lock_to_another_one_commits_nothing() {
    let Some(url) = url() else { return };
    let schema = Schema::create(&url, "lost_lock").await;
    let server = serve(Duration::from_secs(3)).await;
    let client = client(&server);
    let separator = if url.contains('?') { '&' } else { '?' };
    let named = format!("{url}{separator}application_name={}", schema.name);
    let options = Options::new(&named).unwrap().schema(&schema.name);
    let one = options.connect().await.unwrap();
    let mut running = Loading::new(&client, &one).into_future();
    let waits = tokio::time::timeout(Duration::from_secs(1), &mut running).await;
    assert!(waits.is_err());
    let end = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity \
               WHERE application_name = current_schema()";
    assert!(!schema.texts(end).await.is_empty());
    let other = schema.open().await;
    let key = ResourceKey {
        source: "shop".to_owned(),
        resource: "orders".to_owned(),
        part: String::new(),
    };
    let holder = LockHolder::of_process(Timestamp::EPOCH);
    let locked = other.lock(&key, &holder).await.unwrap();
    assert!(matches!(locked, Locking::Held(_)), "{locked:?}");
    let error = running.await.unwrap_err();
    assert_eq!(*error.errors[0].kind(), ErrorKind::Locked, "{error}");
    assert!(schema.texts("SELECT id::text FROM orders").await.is_empty());
    drop(locked);
}

#[tokio::test(flavor = "multi_thread")]
async fn last_loads_are_read_from_the_history() {
    let Some(url) = url() else { return };
    let schema = Schema::create(&url, "history").await;
    let server = serve(Duration::ZERO).await;
    let database = schema.open().await;
    assert!(database.last_loads().await.unwrap().is_empty());
    Loading::new(&client(&server), &*database).await.unwrap();
    let last = database.last_loads().await.unwrap();
    assert_eq!(last.len(), 1);
    assert_eq!(last[0].load.status, LoadStatus::Loaded);
    assert_eq!(last[0].load.rows, 2);
    assert_eq!(last[0].last_success, last[0].load.ended);
    // A load that was killed, as it leaves the history.
    schema
        .execute("UPDATE _rest_source_loads SET status = 'running', ended = NULL")
        .await;
    let last = database.last_loads().await.unwrap();
    assert_eq!(last[0].load.status, LoadStatus::Interrupted);
    assert_eq!(last[0].last_success, None);
}
