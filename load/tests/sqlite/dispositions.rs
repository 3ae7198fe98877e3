//! What each `write_disposition` does, and a full refresh.

use std::sync::LazyLock;

use rest_source::plan::{ResourcePlan, WriteDisposition};
use rest_source_load::Load;
use serde_json::json;

use crate::shop::{CHANGED_ORDERS, ORDERS, Scratch, connect, order, plan, serve};

static APPENDED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    write_disposition: WriteDisposition::Append,
    ..CHANGED_ORDERS.clone()
});
static REPLACED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    write_disposition: WriteDisposition::Replace,
    ..CHANGED_ORDERS.clone()
});
static SKIPPED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    write_disposition: WriteDisposition::Skip,
    ..ORDERS
});
static UNSELECTED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    selected: false,
    ..ORDERS
});

crate::shop!(Merging, plan(&[&ORDERS]));
crate::shop!(MergingChanges, plan(&[&*CHANGED_ORDERS]));
crate::shop!(Appending, plan(&[&*APPENDED]));
crate::shop!(Replacing, plan(&[&*REPLACED]));
crate::shop!(Skipping, plan(&[&*SKIPPED]));
crate::shop!(Unselected, plan(&[&*UNSELECTED]));

#[tokio::test]
async fn merge_upserts_by_primary_key() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: Merging = connect(&server);
    let report = shop.load(&scratch.open()).await.unwrap();
    scratch.assert_equals(&server);
    let orders = report.resource("orders").unwrap();
    assert_eq!(
        (orders.fetched.delivered, orders.written, orders.rows),
        (35, 35, Some(35))
    );

    server
        .dataset("orders")
        .update(3, json!({ "status": "paid" }));
    server.dataset("orders").insert(order(99, "new"));
    let report = shop.load(&scratch.open()).await.unwrap();
    scratch.assert_equals(&server);
    let orders = report.resource("orders").unwrap();
    assert_eq!((orders.written, orders.rows), (36, Some(36)));
}

#[tokio::test]
async fn merge_writes_rows_that_changed() {
    const UPDATES: &str = "SELECT DISTINCT id FROM updates ORDER BY id";
    const LOADS: &str = "SELECT DISTINCT _load_id FROM orders";
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: Merging = connect(&server);
    shop.load(&scratch.open()).await.unwrap();
    scratch.execute(
        "CREATE TABLE updates (id);
         CREATE TRIGGER updated AFTER UPDATE ON orders BEGIN INSERT INTO updates VALUES (new.id); END",
    );
    shop.load(&scratch.open()).await.unwrap();
    assert_eq!(scratch.rows(UPDATES), [""; 0]);

    let orders = server.dataset("orders");
    orders.update(3, json!({ "status": "Paid" }));
    shop.load(&scratch.open()).await.unwrap();
    orders.update(3, json!({ "status": "paid" }));
    orders.update(4, json!({ "status": " " }));
    shop.load(&scratch.open()).await.unwrap();
    scratch.assert_equals(&server);
    orders.update(4, json!({ "status": "" }));
    let report = shop.load(&scratch.open()).await.unwrap();
    scratch.assert_equals(&server);
    assert_eq!(scratch.rows("SELECT count(*) FROM updates"), ["4"]);
    assert_eq!(scratch.rows(UPDATES), ["3", "4"]);
    // The report counts the records of the load.
    assert_eq!(report.resource("orders").unwrap().written, 35);

    // Stamps differ in each load.
    shop.load(&scratch.open()).stamp_rows().await.unwrap();
    let first = scratch.rows(LOADS);
    shop.load(&scratch.open()).stamp_rows().await.unwrap();
    let second = scratch.rows(LOADS);
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_ne!(first, second);
}

#[tokio::test]
async fn incremental_load_fetches_new_records_only() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: MergingChanges = connect(&server);
    shop.load(&scratch.open()).await.unwrap();
    assert!(
        server
            .log()
            .all()
            .iter()
            .all(|request| request.param("since").is_none())
    );

    server
        .dataset("orders")
        .update(3, json!({ "status": "paid" }));
    server.dataset("orders").insert(order(99, "new"));
    server.log().clear();
    let report = shop.load(&scratch.open()).await.unwrap();
    scratch.assert_equals(&server);
    let requests = server.log().all();
    assert!(
        requests
            .iter()
            .all(|r| r.param("since") == Some("2026-01-01T00:34:00Z")),
        "{requests:?}"
    );
    // The newest of the last time comes again, and is upserted.
    let orders = report.resource("orders").unwrap();
    assert_eq!(
        (orders.fetched.received, orders.written, orders.rows),
        (3, 3, Some(36))
    );
}

#[tokio::test]
async fn append_adds_new_records_once() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: Appending = connect(&server);
    for _ in 0..3 {
        shop.load(&scratch.open()).await.unwrap();
    }
    scratch.assert_equals(&server);

    // A record that changed is there once more: it is a history.
    server
        .dataset("orders")
        .update(3, json!({ "status": "paid" }));
    let report = shop.load(&scratch.open()).await.unwrap();
    assert_eq!(report.resource("orders").unwrap().rows, Some(36));
    let history = scratch.rows("SELECT status FROM orders WHERE id = 3 ORDER BY changed_at");
    assert_eq!(history, ["open 3", "paid"]);
}

#[tokio::test]
async fn replace_leaves_exactly_the_servers_rows() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: Replacing = connect(&server);
    shop.load(&scratch.open()).await.unwrap();
    scratch.assert_equals(&server);

    server.dataset("orders").remove(4);
    server.log().clear();
    shop.load(&scratch.open()).await.unwrap();
    scratch.assert_equals(&server);
    assert!(
        server
            .log()
            .all()
            .iter()
            .all(|request| request.param("since").is_none())
    );

    server.dataset("orders").truncate(0);
    shop.load(&scratch.open()).await.unwrap();
    scratch.assert_equals(&server);
}

#[tokio::test]
async fn skipped_and_unselected_resources_are_not_fetched() {
    let (server, scratch) = (serve().await, Scratch::new());
    let report = connect::<Skipping>(&server)
        .load(&scratch.open())
        .await
        .unwrap();
    assert_eq!(report.skipped, ["orders"]);
    let shop: Unselected = connect(&server);
    let report = shop.load(&scratch.open()).await.unwrap();
    assert_eq!(report.resources, []);
    assert!(server.log().all().is_empty());

    shop.load(&scratch.open()).resource("orders").await.unwrap();
    scratch.assert_equals(&server);
}

#[tokio::test]
async fn unknown_resource_is_an_error_with_the_names() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: Merging = connect(&server);
    let error = shop
        .load(&scratch.open())
        .resource("order")
        .await
        .unwrap_err();
    let expected = "`shop` has no resource `order`\n  help: its resources are `orders`";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn full_refresh_fetches_everything_again() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: MergingChanges = connect(&server);
    shop.load(&scratch.open()).await.unwrap();
    server.dataset("orders").remove(4);
    server.dataset("orders").edit(5, |order| {
        order.insert("status".to_owned(), "changed without a trace".into());
    });
    server.log().clear();
    shop.load(&scratch.open()).full_refresh().await.unwrap();
    scratch.assert_equals(&server);
    assert!(
        server
            .log()
            .all()
            .iter()
            .all(|request| request.param("since").is_none())
    );

    // The next load goes on from there.
    server.log().clear();
    let report = shop.load(&scratch.open()).await.unwrap();
    assert_eq!(report.resource("orders").unwrap().written, 1);
    assert!(
        server
            .log()
            .all()
            .iter()
            .all(|request| request.param("since").is_some())
    );
}

#[tokio::test]
async fn progress_is_reported_for_each_page_and_at_the_end() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: Merging = connect(&server);
    let mut seen = Vec::new();
    let database = scratch.open();
    shop.load(&database)
        .on_progress(|p| seen.push((p.pages, p.rows, p.loaded.is_some())))
        .await
        .unwrap();
    let pages = [(1, 10), (2, 20), (3, 30), (4, 35)];
    let mut expected: Vec<_> = pages.map(|(page, rows)| (page, rows, false)).into();
    expected.push((4, 35, true));
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn report_lists_resources_and_counts() {
    let (server, scratch) = (serve().await, Scratch::new());
    server.dataset("orders").edit(3, |order| {
        order.insert("undeclared".to_owned(), true.into());
    });
    let shop: Merging = connect(&server);
    let report = shop.load(&scratch.open()).await.unwrap();
    assert_eq!(
        report.to_string(),
        "resource    fetched    written   in table  requests\n\
         orders           35         35         35         4\n  \
           1 omitted: values of undeclared keys"
    );
    assert!(format!("{report:#}").contains("\n  note: "), "{report:#}");
}
