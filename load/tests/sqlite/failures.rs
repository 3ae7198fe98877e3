//! What is in the database after a load that failed, and after the next.

use std::{sync::LazyLock, time::Duration};

use rest_source::{
    Column, ErrorKind, Table, Type,
    plan::{Part, ResourcePlan, Template, WriteDisposition},
    shared::{Ref::Static, list},
};
use rest_source_load::Load;
use rest_source_testkit::{Dataset, Fault};
use serde_json::json;

use crate::shop::{CHANGED_ORDERS, ORDERS, Scratch, connect, plan, serve, serve_also};

static APPENDED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    write_disposition: WriteDisposition::Append,
    ..CHANGED_ORDERS.clone()
});
static REPLACED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    write_disposition: WriteDisposition::Replace,
    ..ORDERS
});
static ITEMS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("items"),
    table: Static(
        const {
            &Table::new(
                "items",
                list![Column::new("id", Type::Bigint).primary_key()],
            )
        },
    ),
    path: Template(list![Part::Text(Static("items"))]),
    ..ORDERS
});

crate::shop!(Merging, plan(&[&*CHANGED_ORDERS]));
crate::shop!(Appending, plan(&[&*APPENDED]));
crate::shop!(Replacing, plan(&[&*REPLACED]));
static NOTES: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("notes"),
    table: Table::new("notes", ITEMS.table.columns.clone()).into(),
    ..ITEMS.clone()
});

crate::shop!(Two, plan(&[&ORDERS, &*ITEMS]));
crate::shop!(Three, plan(&[&ORDERS, &*ITEMS, &*NOTES]));

async fn serve_items() -> rest_source_testkit::Server {
    let items = Dataset::new("items", "/items", 3, |n| json!({ "id": n }));
    serve_also(vec![items]).await
}

#[tokio::test]
async fn failed_merge_keeps_committed_pages_and_resumes() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: Merging = connect(&server);
    server.faults().at(2, Fault::status(500));
    let error = shop.load(&scratch.open()).await.unwrap_err();
    assert_eq!(scratch.rows("SELECT count(*) FROM orders"), ["20"]);
    assert_eq!(error.errors[0].resource(), Some("orders"));
    assert_eq!(error.errors[0].report().unwrap().delivered, 20);
    let text = error.to_string();
    assert!(
        text.contains("20 records before it were committed"),
        "{text}"
    );
    assert_eq!(
        scratch.rows("SELECT state FROM _rest_source_state"),
        ["NULL"]
    );

    shop.load(&scratch.open()).await.unwrap();
    scratch.assert_equals(&server);
}

#[tokio::test]
async fn failed_append_adds_nothing() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: Appending = connect(&server);
    for failing in 0..4 {
        server.faults().at(failing, Fault::status(500));
        let error = shop.load(&scratch.open()).await.unwrap_err();
        assert!(!error.to_string().contains("committed"), "{error}");
        assert_eq!(scratch.rows("SELECT count(*) FROM orders"), ["0"]);
        server.faults().clear();
    }
    shop.load(&scratch.open()).await.unwrap();
    scratch.assert_equals(&server);
}

#[tokio::test]
async fn failed_replacement_keeps_the_old_rows() {
    let (server, scratch) = (serve().await, Scratch::new());
    let (replacing, merging): (Replacing, Merging) = (connect(&server), connect(&server));
    let database = scratch.open();
    replacing.load(&database).await.unwrap();
    let old = scratch.rows("SELECT * FROM orders");

    server
        .dataset("orders")
        .update(0, json!({ "status": "paid" }));
    server.faults().at(3, Fault::status(500));
    replacing.load(&database).await.unwrap_err();
    assert_eq!(scratch.rows("SELECT * FROM orders"), old);

    server.faults().at(3, Fault::status(500));
    merging.load(&database).full_refresh().await.unwrap_err();
    assert_eq!(scratch.rows("SELECT * FROM orders"), old);

    replacing.load(&database).await.unwrap();
    scratch.assert_equals(&server);
}

#[tokio::test]
async fn dropped_load_is_rolled_back_by_the_next() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: Appending = connect(&server);
    let database = scratch.open();
    server.faults().at(2, Fault::Slow(Duration::from_secs(60)));
    let load = shop.load(&database).into_future();
    assert!(
        tokio::time::timeout(Duration::from_millis(300), load)
            .await
            .is_err()
    );
    shop.load(&database).await.unwrap();
    scratch.assert_equals(&server);
}

#[tokio::test]
async fn other_resources_are_loaded_until_two_fail_at_their_origin() {
    let (server, scratch) = (serve_items().await, Scratch::new());
    let shop: Three = connect(&server);
    server
        .dataset("orders")
        .edit(12, |order| drop(order.remove("status")));
    let error = shop.load(&scratch.open()).await.unwrap_err();
    assert_eq!(*error.errors[0].kind(), ErrorKind::Schema);
    assert_eq!(error.loaded.resource("items").unwrap().rows, Some(3));
    let failed = &error.failed[0];
    assert_eq!(
        (failed.written, failed.rows),
        (12, Some(12)),
        "those before it are there"
    );
    let shown = error.to_string();
    assert!(
        shown.contains("\n  12 records before it were committed\n"),
        "{shown}"
    );
    let lines: Vec<_> = shown.lines().rev().take(3).collect();
    assert!(
        lines[0].starts_with("orders           12         12         12"),
        "{shown}"
    );
    assert!(
        lines[0].ends_with("  failed") && lines[2].starts_with("items "),
        "{shown}"
    );

    drop(server);
    let error = shop.load(&scratch.open()).await.unwrap_err();
    assert_eq!(*error.errors[0].kind(), ErrorKind::Transport);
    assert_eq!(error.errors.len(), 2);
    let not_tried: Vec<_> = error
        .not_tried
        .iter()
        .map(|one| one.resource.clone())
        .collect();
    assert_eq!(not_tried, ["notes"]);
    let shown = error.to_string();
    assert!(
        shown.contains("\nnot tried, because two resources failed at `http://127.0.0.1:"),
        "{shown}"
    );
    let error = rest_source::Error::from(error);
    assert!(
        error.to_string().contains("not loaded either: `notes`"),
        "{error}"
    );
}

#[tokio::test]
async fn slow_or_unauthorized_resource_does_not_stop_the_others() {
    for fault in [Fault::status(401), Fault::Reset] {
        let (server, scratch) = (serve_items().await, Scratch::new());
        let shop: Three = connect(&server);
        server.faults().at(0, fault);
        let error = shop.load(&scratch.open()).await.unwrap_err();
        assert_eq!(error.errors.len(), 1, "{error}");
        assert!(error.not_tried.is_empty(), "{error}");
        assert_eq!(error.loaded.resources.len(), 2);
    }
}

#[tokio::test]
async fn forbidden_resource_does_not_stop_the_others() {
    let items = Dataset::new("items", "/items", 3, |n| json!({ "id": n }));
    let (server, scratch) = (serve_also(vec![items]).await, Scratch::new());
    let shop: Two = connect(&server);
    server.faults().at(1, Fault::status(403));
    let database = scratch.open();
    let load = shop.load(&database).resources_at_once(1);
    let error = load.await.unwrap_err();
    assert_eq!(*error.errors[0].kind(), ErrorKind::Status(403));
    assert_eq!(error.loaded.resource("items").unwrap().rows, Some(3));
    assert!(error.not_tried.is_empty());
}

#[tokio::test]
async fn two_loads_of_one_resource_without_a_lock_duplicate_nothing() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: Appending = connect(&server);
    // The first has read its state and waits for its first page while the second loads all.
    server.faults().at(0, Fault::Slow(Duration::from_secs(1)));
    let (one, other) = (scratch.open(), scratch.open());
    let slow = shop.load(&one).no_lock().into_future();
    let quick = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        shop.load(&other).no_lock().await
    };
    let (slow, quick) = tokio::join!(slow, quick);
    quick.unwrap();
    let error = slow.unwrap_err().to_string();
    assert!(
        error.contains("another load has written this resource"),
        "{error}"
    );
    scratch.assert_equals(&server);
}

#[tokio::test]
async fn full_refresh_recovers_from_an_unreadable_state() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: Merging = connect(&server);
    shop.load(&scratch.open()).await.unwrap();
    scratch.execute("UPDATE _rest_source_state SET state = '{\"version\": 99}'");
    let error = shop.load(&scratch.open()).await.unwrap_err();
    assert_eq!(*error.errors[0].kind(), ErrorKind::State);
    assert!(error.to_string().contains("a full refresh"), "{error}");
    shop.load(&scratch.open()).full_refresh().await.unwrap();
    shop.load(&scratch.open()).await.unwrap();
    scratch.assert_equals(&server);
}
