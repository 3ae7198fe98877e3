//! Children of which only what is new is asked for.

use std::{sync::LazyLock, time::Duration};

use rest_source::{
    Column, ErrorKind, Table, Type,
    plan::{Incremental, Offset, Pages, Paginator, Part, ResourcePlan, Template, WriteDisposition},
    shared::{Ref::Static, list},
};
use rest_source_load::Load;
use rest_source_testkit::{Dataset, Fault, Server};
use serde_json::json;
use tokio::sync::Notify;

use crate::shop::{OF_AN_ORDER, ORDERS, Scratch, connect, plan, serve_also};

static ITEMS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("items"),
    table: Static(
        const {
            &Table::new(
                "items",
                list![
                    Column::new("id", Type::Bigint).primary_key(),
                    Column::new("changed_at", Type::TIMESTAMP),
                ],
            )
        },
    ),
    path: Template(list![
        Part::Text(Static("orders/")),
        Part::Parent(0),
        Part::Text(Static("/items"))
    ]),
    incremental: Some(Incremental {
        start_param: Some(Static("since")),
        column: Some(1),
        ..Incremental::DEFAULT
    }),
    parent: Some(Static(&OF_AN_ORDER)),
    // Of one order after the other, so that a load may be dropped between two.
    parallelized: false,
    ..ORDERS
});
static APPENDED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    write_disposition: WriteDisposition::Append,
    ..ITEMS.clone()
});
static CUT_OFF: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    paginator: Paginator {
        maximum_pages: Some(1),
        ..Paginator::new(Pages::Offset(Offset::new(2)))
    },
    ..APPENDED.clone()
});

static NOTES: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("notes"),
    table: Table::new("notes", ITEMS.table.columns.clone()).into(),
    ..ITEMS.clone()
});

crate::shop!(Merging, plan(&[&ORDERS, &*ITEMS]));
crate::shop!(Appending, plan(&[&ORDERS, &*APPENDED]));
crate::shop!(Two, plan(&[&ORDERS, &*ITEMS, &*NOTES]));
crate::shop!(CuttingOff, plan(&[&ORDERS, &*CUT_OFF]));

/// A shop with three orders, each with three items; those of the last are the oldest.
async fn shop() -> Server {
    let items = |name, path, order: u64| {
        let item = move |n: u64| {
            let day = 10 - 3 * order + n;
            json!({ "id": 10 * order + n, "changed_at": format!("2026-01-0{day}T00:00:00Z") })
        };
        Dataset::new(name, path, 3, item).since("since", "changed_at")
    };
    let server = serve_also(vec![
        items("items_0", "/orders/0/items", 1),
        items("items_1", "/orders/1/items", 2),
        items("items_2", "/orders/2/items", 3),
    ])
    .await;
    server.dataset("orders").truncate(3);
    server
}

fn items(scratch: &Scratch) -> Vec<String> {
    scratch.rows("SELECT id FROM items ORDER BY id")
}

#[tokio::test]
async fn children_of_a_new_parent_are_loaded_from_the_start() {
    let (server, scratch) = (shop().await, Scratch::new());
    let shop: Appending = connect(&server);
    let orders = server.dataset("orders").rows();
    server.dataset("orders").truncate(2);
    shop.load(&scratch.open()).await.unwrap();
    assert_eq!(items(&scratch).len(), 6);
    let last = serde_json::Value::Object(orders[2].clone());
    server.dataset("orders").insert(last);
    server.dataset("items_0").insert(json!({ "id": 13 }));
    for _ in 0..2 {
        shop.load(&scratch.open()).await.unwrap();
        let expected = ["10", "11", "12", "13", "20", "21", "22", "30", "31", "32"];
        assert_eq!(items(&scratch), expected);
    }
}

#[tokio::test]
async fn bounded_fetch_of_one_parent_is_not_appended() {
    let (server, scratch) = (shop().await, Scratch::new());
    let shop: CuttingOff = connect(&server);
    let error = shop.load(&scratch.open()).await.unwrap_err();
    assert_eq!(*error.errors[0].kind(), ErrorKind::Destination);
    let error = error.to_string();
    assert!(
        error.contains("\n  `orders` with `id` \"0\" ended: `maximum_pages` 1\n"),
        "{error}"
    );
    assert!(items(&scratch).is_empty());
}

#[tokio::test]
async fn completed_parents_are_not_fetched_again_after_a_failure() {
    let (server, scratch) = (shop().await, Scratch::new());
    let shop: Merging = connect(&server);
    server
        .dataset("items_2")
        .edit(1, |item| drop(item.remove("changed_at")));
    shop.load(&scratch.open()).await.unwrap_err();
    // The first record before the bad one came, too.
    assert_eq!(items(&scratch), ["10", "11", "12", "20", "21", "22", "30"]);

    let changed_at = "2026-01-01T12:00:00Z";
    server.dataset("items_2").edit(1, |item| {
        item.insert("changed_at".to_owned(), changed_at.into());
    });
    server.log().clear();
    let report = shop.load(&scratch.open()).await.unwrap();
    assert_eq!(items(&scratch).len(), 9);
    // Three are new; those at the cursors of the two orders before are upserted again.
    assert_eq!(report.resource("items").unwrap().written, 5);
    let since = |path: &str| {
        let asked = server.log().of(path);
        asked[0].param("since").map(str::to_owned)
    };
    assert!(since("/orders/0/items").is_some() && since("/orders/1/items").is_some());
    assert_eq!(since("/orders/2/items"), None);
}

#[tokio::test]
async fn failed_load_appends_the_children_of_completed_parents() {
    let (server, scratch) = (shop().await, Scratch::new());
    let shop: Appending = connect(&server);
    server
        .dataset("items_2")
        .edit(1, |item| drop(item.remove("changed_at")));
    let error = shop.load(&scratch.open()).await.unwrap_err();
    // With the first page of the third order, the two before it are safe.
    assert_eq!(items(&scratch), ["10", "11", "12", "20", "21", "22"]);
    let error = error.to_string();
    assert!(
        error.contains("6 records before it were committed"),
        "{error}"
    );
    let changed_at = "2026-01-01T12:00:00Z";
    server.dataset("items_2").edit(1, |item| {
        item.insert("changed_at".to_owned(), changed_at.into());
    });
    shop.load(&scratch.open()).await.unwrap();
    assert_eq!(items(&scratch).len(), 9);
}

#[tokio::test]
async fn completed_parents_are_not_fetched_again_after_a_kill() {
    let (server, merged, appended) = (shop().await, Scratch::new(), Scratch::new());
    let merging: Merging = connect(&server);
    kill_in_the_second_parent(&merging, &merged, &server).await;
    assert_eq!(items(&merged), ["10", "11", "12", "20", "21", "22"]);
    assert_next_load_completes(&merging, &merged, &server).await;

    let appending: Appending = connect(&server);
    kill_in_the_second_parent(&appending, &appended, &server).await;
    // Those of the second order would come again.
    assert_eq!(items(&appended), ["10", "11", "12"]);
    assert_next_load_completes(&appending, &appended, &server).await;
}

/// Drops a load once the items of the second order are written; those of the third do not come.
async fn kill_in_the_second_parent<S: Load>(shop: &S, scratch: &Scratch, server: &Server) {
    server.faults().at(3, Fault::Slow(Duration::from_secs(60)));
    let written = Notify::new();
    let database = scratch.open();
    let load = shop.load(&database).commit_rows(1);
    let load = load.on_progress(|progress| {
        if progress.resource == "items" && progress.rows == 6 {
            written.notify_one();
        }
    });
    tokio::select! {
        biased;
        () = written.notified() => {}
        loaded = load.into_future() => panic!("{loaded:?}"),
    }
    server.faults().clear();
}

/// Loads the rest, and nothing of the first order.
async fn assert_next_load_completes<S: Load>(shop: &S, scratch: &Scratch, server: &Server) {
    server.log().clear();
    shop.load(&scratch.open()).await.unwrap();
    let expected = ["10", "11", "12", "20", "21", "22", "30", "31", "32"];
    assert_eq!(items(scratch), expected);
    let since = |path: &str| {
        let asked = server.log().of(path);
        asked[0].param("since").map(str::to_owned)
    };
    assert!(since("/orders/0/items").is_some());
    assert_eq!(since("/orders/2/items"), None);
}

#[tokio::test]
async fn parents_are_fetched_once_for_themselves_and_their_children() {
    let (server, scratch) = (shop().await, Scratch::new());
    let shop: Merging = connect(&server);
    let first_pages = || {
        let offsets = server.log().offsets("/orders");
        offsets.iter().filter(|offset| **offset == 0).count()
    };
    let report = shop.load(&scratch.open()).await.unwrap();
    assert_eq!(items(&scratch).len(), 9);
    assert_eq!(first_pages(), 1);
    let of_orders = report.resource("items").unwrap().fetched.of_parents.clone();
    assert_eq!(of_orders.unwrap().requests, 0);

    // The items of orders alone: there is no one to ask for those but their fetch.
    server.log().clear();
    let database = scratch.open();
    shop.load(&database).resource("items").await.unwrap();
    assert_eq!(first_pages(), 1);
}

#[tokio::test]
async fn failed_load_leaves_no_lock_when_its_state_cannot_be_stored() {
    let (server, scratch) = (shop().await, Scratch::new());
    let shop: Merging = connect(&server);
    let database = scratch.open();
    shop.load(&database).resource("orders").await.unwrap();
    scratch.execute(
        "CREATE TRIGGER no_state BEFORE UPDATE ON _rest_source_state WHEN new.state IS NOT NULL
         BEGIN SELECT raise(ABORT, 'no'); END",
    );
    server
        .dataset("items_2")
        .edit(1, |item| drop(item.remove("changed_at")));
    shop.load(&database).await.unwrap_err();
    // Another may write while the database is still open.
    scratch.execute("CREATE TABLE others (id INTEGER)");
}

/// What each order has of each day, replaced by the day.
static BY_DAY: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("items"),
    table: Static(
        const {
            &Table::new(
                "items",
                list![
                    Column::new("id", Type::Bigint),
                    Column::new("day", Type::Text).merge_key(),
                    Column::new("_orders_id", Type::Bigint).parent(0),
                ],
            )
        },
    ),
    ..ITEMS.clone()
});
/// The same, by the order and the day.
static BY_ORDER_AND_DAY: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    table: Static(
        const {
            &Table::new(
                "items",
                list![
                    Column::new("id", Type::Bigint),
                    Column::new("day", Type::Text).merge_key(),
                    Column::new("_orders_id", Type::Bigint)
                        .merge_key()
                        .parent(0),
                ],
            )
        },
    ),
    ..BY_DAY.clone()
});

crate::shop!(ByDay, plan(&[&ORDERS, &*BY_DAY]));
crate::shop!(ByOrderAndDay, plan(&[&ORDERS, &*BY_ORDER_AND_DAY]));

/// A shop with two orders: the first has an item of day 10, the second one of each day from 10 to 12.
async fn by_day() -> Server {
    let items = |name, path, number| {
        Dataset::new(
            name,
            path,
            number,
            |n| json!({ "id": n, "day": format!("{}", n + 10) }),
        )
    };
    let server = serve_also(vec![
        items("items_0", "/orders/0/items", 1),
        items("items_1", "/orders/1/items", 3),
    ])
    .await;
    server.dataset("orders").truncate(2);
    server
}

const OF_EACH: &str =
    "SELECT _orders_id, group_concat(day, ' ') FROM items GROUP BY _orders_id ORDER BY _orders_id";

#[tokio::test]
async fn group_of_several_parents_is_not_replaced_by_one() {
    let (server, scratch) = (by_day().await, Scratch::new());
    let shop: ByDay = connect(&server);
    let error = shop.load(&scratch.open()).await.unwrap_err();
    let expected = "`items`: an incremental load would delete rows that it does not fetch: \
         the `merge_key` does not contain the key of `orders`, and the children of each of its records are fetched at another time\n  \
         help: include the key of `orders` by `include_from_parent`, and add it to the `merge_key`; or merge \
         by a `primary_key` alone; or remove `incremental`";
    assert_eq!(error.errors[0].to_string(), expected);
    assert_eq!(*error.errors[0].kind(), ErrorKind::Destination);
    assert!(server.log().of("/orders/0/items").is_empty());
    // All of it is another matter.
    shop.load(&scratch.open()).full_refresh().await.unwrap();
    assert_eq!(scratch.rows(OF_EACH), ["0 | 10", "1 | 10 11 12"]);
}

#[tokio::test]
async fn group_of_one_parent_is_replaced() {
    let (server, scratch) = (by_day().await, Scratch::new());
    let shop: ByOrderAndDay = connect(&server);
    shop.load(&scratch.open()).await.unwrap();
    for day in 11..14 {
        let item = json!({ "id": day, "day": day.to_string() });
        server.dataset("items_0").insert(item);
    }
    shop.load(&scratch.open()).await.unwrap();
    assert_eq!(scratch.rows(OF_EACH), ["0 | 10 11 12 13", "1 | 10 11 12"]);
}

#[tokio::test]
async fn children_of_a_failed_parent_are_not_tried() {
    let (server, scratch) = (shop().await, Scratch::new());
    let shop: Merging = connect(&server);
    server.faults().at(0, Fault::status(500));
    let error = shop.load(&scratch.open()).await.unwrap_err();
    assert_eq!(server.log().of("/orders").len(), 1, "{error}");
    assert_eq!(error.errors.len(), 1);
    let not_tried = "\nnot tried, because `orders` could not be fetched: `items`";
    assert!(error.to_string().contains(not_tried), "{error}");

    // What could not be written may be fetched all the same.
    shop.load(&scratch.open()).await.unwrap();
    scratch.execute("DROP TABLE orders; CREATE TABLE orders (id TEXT)");
    let error = shop.load(&scratch.open()).await.unwrap_err();
    assert_eq!(error.errors[0].resource(), Some("orders"));
    assert!(error.not_tried.is_empty(), "{error}");
    assert!(error.loaded.resource("items").is_some(), "{error}");
}

#[tokio::test]
async fn failed_parent_fetched_only_for_its_children_is_reported_once() {
    let (server, scratch) = (shop().await, Scratch::new());
    let shop: Two = connect(&server);
    server.faults().at(0, Fault::status(500));
    let database = scratch.open();
    let loading = shop.load(&database).resource("items").resource("notes");
    let error = loading.await.unwrap_err();
    assert_eq!(server.log().of("/orders").len(), 1, "{error}");
    let error = error.to_string();
    assert!(error.contains("\n  fetched for `items`\n"), "{error}");
    let not_tried = "\nnot tried, because `orders` could not be fetched: `notes`";
    assert!(error.contains(not_tried), "{error}");
}
