//! One load of a resource at a time.

use std::time::{Duration, Instant};

use rest_source::ErrorKind;
use rest_source_load::{Destination, Load, LoadStatus};
use rest_source_testkit::{Dataset, Fault};
use serde_json::json;

use crate::shop::{ORDERS, Scratch, connect, plan, serve, serve_also};

crate::shop!(Merging, plan(&[&ORDERS]));

/// The files beside the database.
fn files(scratch: &Scratch) -> usize {
    std::fs::read_dir(scratch.path.parent().unwrap())
        .unwrap()
        .count()
}

#[tokio::test]
async fn second_load_of_a_resource_is_refused_before_a_request() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: Merging = connect(&server);
    server.faults().at(0, Fault::Slow(Duration::from_secs(60)));
    let (one, other) = (scratch.open(), scratch.open());
    let mut running = shop.load(&one).into_future();
    let waits = tokio::time::timeout(Duration::from_millis(500), &mut running).await;
    assert!(waits.is_err());
    let sent = server.log().all().len();
    // By its own connection, as another process, and by the same one.
    for database in [&other, &one] {
        let error = shop.load(database).await.unwrap_err();
        assert_eq!(*error.errors[0].kind(), ErrorKind::Locked);
        assert!(error.errors[0].is_retryable());
        let shown = error.to_string();
        let process = format!(
            "`orders` is being loaded into the same destination by process {} on `",
            std::process::id()
        );
        assert!(shown.starts_with(&process), "{shown}");
        assert!(shown.contains("`, since 20"), "{shown}");
    }
    assert_eq!(server.log().all().len(), sent, "nothing is sent");
    let last = other.last_loads().await.unwrap();
    assert_eq!(last[0].load.status, LoadStatus::Running);
    // Readers are not blocked.
    assert_eq!(scratch.rows("SELECT count(*) FROM orders").len(), 1);
    drop(running);
    server.faults().clear();
    shop.load(&other).await.unwrap();
    scratch.assert_equals(&server);
    drop((one, other));
    assert_eq!(files(&scratch), 1);
}

#[tokio::test]
async fn load_waits_for_the_other_one() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: Merging = connect(&server);
    server.faults().at(1, Fault::Slow(Duration::from_secs(1)));
    let (one, other) = (scratch.open(), scratch.open());
    let second = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let mut told = Vec::new();
        let most = Duration::from_secs(30);
        let loaded = shop
            .load(&other)
            .wait(most, |what| told.push(what.to_owned()));
        loaded.await.unwrap();
        told
    };
    let (first, told) = tokio::join!(shop.load(&one).into_future(), second);
    first.unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("waiting: `orders` is being loaded"),
        "{told:?}"
    );
    scratch.assert_equals(&server);
}

#[tokio::test]
async fn wait_ends() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: Merging = connect(&server);
    server.faults().at(0, Fault::Slow(Duration::from_secs(60)));
    let (one, other) = (scratch.open(), scratch.open());
    let mut running = shop.load(&one).into_future();
    let waits = tokio::time::timeout(Duration::from_millis(300), &mut running).await;
    assert!(waits.is_err());
    let begun = Instant::now();
    let loading = shop.load(&other).wait(Duration::from_secs(1), |_| ());
    let error = loading.await.unwrap_err().to_string();
    assert!(error.contains("waited for it for 1 s"), "{error}");
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn other_resources_prefixes_and_databases_are_loaded_at_the_same_time() {
    let item = |n| json!({ "id": n });
    let items = Dataset::new("items", "/items", 3, item);
    let (server, scratch) = (serve_also(vec![items]).await, Scratch::new());
    let shop: Merging = connect(&server);
    server.faults().at(0, Fault::Slow(Duration::from_secs(60)));
    let (one, other) = (scratch.open(), scratch.open());
    let mut running = shop.load(&one).into_future();
    let waits = tokio::time::timeout(Duration::from_millis(300), &mut running).await;
    assert!(waits.is_err());
    shop.load(&other).table_prefix("eu_").await.unwrap();
    let last = other.last_loads().await.unwrap();
    let last: Vec<_> = last
        .iter()
        .map(|one| (&*one.load.source, one.load.status))
        .collect();
    assert_eq!(
        last,
        [
            ("shop", LoadStatus::Running),
            ("shop/eu_", LoadStatus::Loaded)
        ]
    );
    let elsewhere = Scratch::new();
    shop.load(&elsewhere.open()).await.unwrap();
}
