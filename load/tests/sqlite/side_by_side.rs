//! Several loads into one file: none holds a lock while it waits for its API.

use std::time::Duration;

use rest_source::{
    Column, Table, Type,
    plan::{Part, ResourcePlan, Template, WriteDisposition},
};
use rest_source_load::Load;
use rest_source_tests::{Dataset, Fault};
use rusqlite::Connection;
use serde_json::json;

use crate::shop::{BY_STATUS, ORDERS, Scratch, connect, plan, serve_also};

const fn orders(disposition: WriteDisposition) -> ResourcePlan {
    ResourcePlan {
        write_disposition: disposition,
        ..ORDERS
    }
}

const APPENDED: ResourcePlan = orders(WriteDisposition::Append);
const REPLACED: ResourcePlan = orders(WriteDisposition::Replace);
const GROUPED: ResourcePlan = ResourcePlan {
    table: &BY_STATUS,
    ..ORDERS
};
const ITEMS: ResourcePlan = ResourcePlan {
    name: "items",
    table: &Table::new("items", &[Column::new("id", Type::Bigint).primary_key()]),
    path: Template(&[Part::Text("items")]),
    ..orders(WriteDisposition::Append)
};

crate::shop!(Merging, plan(&[&ORDERS]));
crate::shop!(Appending, plan(&[&APPENDED]));
crate::shop!(Replacing, plan(&[&REPLACED]));
crate::shop!(Grouping, plan(&[&GROUPED]));
crate::shop!(Items, plan(&[&ITEMS]));

async fn does_not_lock<S>()
where
    S: Load<Secrets = (), Config = crate::shop::Url> + Sync,
{
    let items = Dataset::new("items", "/items", 3, |n| json!({ "id": n }));
    let (server, scratch) = (serve_also(vec![items]).await, Scratch::new());
    let (slow, quick): (S, Items) = (connect(&server), connect(&server));
    // It has written two pages when the third keeps it waiting.
    server
        .faults()
        .at(2, Fault::Slow(Duration::from_millis(1_500)));
    let mut database = scratch.open();
    let slow = slow.load(&mut database).into_future();
    let others = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        // Whoever does not wait for a lock gets it.
        let other = Connection::open(&scratch.path).unwrap();
        other.busy_timeout(Duration::ZERO).unwrap();
        let taken = "CREATE TABLE other (id); INSERT INTO other VALUES (1)";
        other
            .execute_batch(&format!("BEGIN IMMEDIATE; {taken}; COMMIT"))
            .unwrap();
        quick.load(&mut scratch.open()).await.unwrap();
    };
    let (slow, ()) = tokio::join!(slow, others);
    slow.unwrap();
    scratch.assert_equals(&server);
    assert_eq!(scratch.rows("SELECT count(*) FROM items"), ["3"]);
}

#[tokio::test]
async fn a_load_that_merges_does_not_lock_the_database_while_it_waits() {
    does_not_lock::<Merging>().await;
}

#[tokio::test]
async fn a_load_that_appends_does_not_lock_the_database_while_it_waits() {
    does_not_lock::<Appending>().await;
}

#[tokio::test]
async fn a_load_that_replaces_does_not_lock_the_database_while_it_waits() {
    does_not_lock::<Replacing>().await;
}

#[tokio::test]
async fn a_load_that_replaces_groups_does_not_lock_the_database_while_it_waits() {
    does_not_lock::<Grouping>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_beyond_what_memory_holds_are_staged_in_order() {
    // Each page is about 5 MB, so that all but the last one or two are staged on disk.
    let big = |n: u64| {
        let status = format!("{n}").repeat(500_000);
        json!({ "id": n, "status": status, "changed_at": "2026-01-01T00:00:00Z" })
    };
    let server = {
        let orders = Dataset::new("orders", "/orders", 35, big);
        let api = rest_source_tests::Api::new(rest_source_tests::Access::Open, vec![orders]);
        rest_source_tests::Server::start(api).await.unwrap()
    };
    let expected: Vec<String> = (0..35).map(|n| n.to_string()).collect();
    let ids = "SELECT id FROM orders ORDER BY rowid";
    let scratch = Scratch::new();
    let (appending, replacing): (Appending, Replacing) = (connect(&server), connect(&server));
    appending.load(&mut scratch.open()).await.unwrap();
    assert_eq!(scratch.rows(ids), expected);
    let scratch = Scratch::new();
    for _ in 0..2 {
        replacing.load(&mut scratch.open()).await.unwrap();
        assert_eq!(scratch.rows(ids), expected);
    }
    let scratch = Scratch::new();
    let grouping: Grouping = connect(&server);
    for _ in 0..2 {
        grouping.load(&mut scratch.open()).await.unwrap();
        assert_eq!(scratch.rows(ids), expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_file_may_be_opened_by_many_at_once() {
    let scratch = Scratch::new();
    let open = |_| {
        let path = scratch.path.clone();
        tokio::task::spawn_blocking(move || rest_source_load::Sqlite::open(path).map(drop))
    };
    let opened: Vec<_> = (0..16).map(open).collect();
    for opened in opened {
        opened.await.unwrap().unwrap();
    }
}
