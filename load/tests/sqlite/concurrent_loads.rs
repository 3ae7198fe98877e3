//! Several loads into one file: none holds a lock while it waits for its API.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use rest_source::{
    Column, Table, Type,
    plan::{Part, ResourcePlan, Template, WriteDisposition},
    shared::{Ref::Static, list},
};
use rest_source_load::Load;
use rest_source_testkit::{Dataset, Fault};
use rusqlite::Connection;
use serde_json::json;

use crate::shop::{BY_STATUS, ORDERS, Scratch, connect, plan, serve_also};

fn orders(disposition: WriteDisposition) -> ResourcePlan {
    ResourcePlan {
        write_disposition: disposition,
        ..ORDERS
    }
}

static APPENDED: LazyLock<ResourcePlan> = LazyLock::new(|| orders(WriteDisposition::Append));
static REPLACED: LazyLock<ResourcePlan> = LazyLock::new(|| orders(WriteDisposition::Replace));
static GROUPED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    table: Static(&BY_STATUS),
    ..ORDERS
});
static MERGED_ITEMS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("items"),
    table: Static(
        const {
            &Table::new(
                "items",
                list![
                    Column::new("id", Type::Bigint).primary_key(),
                    Column::new("status", Type::Text),
                ],
            )
        },
    ),
    path: Template(list![Part::Text(Static("items"))]),
    ..ORDERS
});
static APPENDED_ITEMS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    write_disposition: WriteDisposition::Append,
    ..MERGED_ITEMS.clone()
});
static REPLACED_ITEMS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    write_disposition: WriteDisposition::Replace,
    ..MERGED_ITEMS.clone()
});
static GROUPED_ITEMS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    table: Static(
        const {
            &Table::new(
                "items",
                list![
                    Column::new("id", Type::Bigint).primary_key(),
                    Column::new("status", Type::Text).merge_key(),
                ],
            )
        },
    ),
    ..MERGED_ITEMS.clone()
});

crate::shop!(Merging, plan(&[&ORDERS]));
crate::shop!(Appending, plan(&[&*APPENDED]));
crate::shop!(Replacing, plan(&[&*REPLACED]));
crate::shop!(Grouping, plan(&[&*GROUPED]));
crate::shop!(MergingItems, plan(&[&*MERGED_ITEMS]));
crate::shop!(AppendingItems, plan(&[&*APPENDED_ITEMS]));
crate::shop!(ReplacingItems, plan(&[&*REPLACED_ITEMS]));
crate::shop!(GroupingItems, plan(&[&*GROUPED_ITEMS]));

/// Longer than a load waits for a lock.
const WAIT: Duration = Duration::from_secs(7);

/// Runs two loads into one file while one of them waits for its API.
async fn assert_no_lock_while_waiting<Slow, Quick>()
where
    Slow: Load<Secrets = (), Config = crate::shop::Url> + Sync,
    Quick: Load<Secrets = (), Config = crate::shop::Url> + Sync,
{
    let item = |n| json!({ "id": n, "status": "open" });
    let items = Dataset::new("items", "/items", 13, item);
    let (server, scratch) = (serve_also(vec![items]).await, Scratch::new());
    let (slow, quick): (Slow, Quick) = (connect(&server), connect(&server));
    // It has written two pages when the third keeps it waiting.
    server.faults().at(2, Fault::Slow(WAIT));
    let database = scratch.open();
    let slow = slow.load(&database).into_future();
    let begun = Instant::now();
    let others = async {
        while server.log().of("/orders").len() < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        // Whoever does not wait for a lock gets it.
        let other = Connection::open(&scratch.path).unwrap();
        other.busy_timeout(Duration::ZERO).unwrap();
        let taken = "CREATE TABLE other (id); INSERT INTO other VALUES (1)";
        other
            .execute_batch(&format!("BEGIN IMMEDIATE; {taken}; COMMIT"))
            .unwrap();
        quick.load(&scratch.open()).await.unwrap();
        assert!(
            begun.elapsed() < WAIT,
            "the quick load waited for the slow one"
        );
    };
    let (slow, ()) = tokio::join!(slow, others);
    slow.unwrap();
    scratch.assert_equals(&server);
    assert_eq!(scratch.rows("SELECT count(*) FROM items"), ["13"]);
}

#[tokio::test]
async fn merge_holds_no_lock_while_it_waits() {
    assert_no_lock_while_waiting::<Merging, MergingItems>().await;
}

#[tokio::test]
async fn append_holds_no_lock_while_it_waits() {
    assert_no_lock_while_waiting::<Appending, AppendingItems>().await;
}

#[tokio::test]
async fn replace_holds_no_lock_while_it_waits() {
    assert_no_lock_while_waiting::<Replacing, ReplacingItems>().await;
}

#[tokio::test]
async fn replacing_groups_holds_no_lock_while_it_waits() {
    assert_no_lock_while_waiting::<Grouping, GroupingItems>().await;
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
        let api = rest_source_testkit::Api::new(rest_source_testkit::Access::Open, vec![orders]);
        rest_source_testkit::Server::start(api).await.unwrap()
    };
    let expected: Vec<String> = (0..35).map(|n| n.to_string()).collect();
    let ids = "SELECT id FROM orders ORDER BY rowid";
    let scratch = Scratch::new();
    let (appending, replacing): (Appending, Replacing) = (connect(&server), connect(&server));
    appending.load(&scratch.open()).await.unwrap();
    assert_eq!(scratch.rows(ids), expected);
    let scratch = Scratch::new();
    for _ in 0..2 {
        replacing.load(&scratch.open()).await.unwrap();
        assert_eq!(scratch.rows(ids), expected);
    }
    let scratch = Scratch::new();
    let grouping: Grouping = connect(&server);
    for _ in 0..2 {
        grouping.load(&scratch.open()).await.unwrap();
        assert_eq!(scratch.rows(ids), expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn new_file_can_be_opened_by_many_at_once() {
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
