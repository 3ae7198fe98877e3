//! Keys of records that are taken as they are, and rows that are replaced in groups.

use std::{sync::LazyLock, time::Duration};

use rest_source::{
    Column, ErrorKind, Table, Type,
    plan::{Incremental, Part, ResourcePlan, RowOrder, Template},
    shared::{Ref::Static, list},
};
use rest_source_load::Load;
use rest_source_testkit::{Dataset, Fault};
use serde_json::json;

use crate::shop::{ORDERS, Scratch, connect, plan, serve, serve_also};

static EVENTS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("events"),
    table: Static(
        const {
            &Table::new(
                "events",
                list![
                    Column::new("id", Type::Scalar).primary_key().at(12),
                    Column::record(),
                ],
            )
        },
    ),
    path: Template(list![Part::Text(Static("events"))]),
    ..ORDERS
});
/// Those of `shop::ORDERS`, as they are.
static AS_THEY_ARE: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("orders"),
    table: Table::new("orders", EVENTS.table.columns.clone()).into(),
    ..ORDERS
});

crate::shop!(Events, plan(&[&*EVENTS]));
crate::shop!(AsTheyAre, plan(&[&*AS_THEY_ARE]));

/// Events by a number, a text of the same digits, and another text.
fn events() -> Dataset {
    let ids = [json!(7), json!("7"), json!("a")];
    Dataset::new("events", "/events", 3, move |n| {
        let at = usize::try_from(n).unwrap();
        json!({ "id": ids[at], "name": format!("event {n}") })
    })
}

#[tokio::test]
async fn untyped_records_are_merged_by_their_key_columns() {
    let (server, scratch) = (serve_also(vec![events()]).await, Scratch::new());
    let shop: Events = connect(&server);
    shop.load(&scratch.open()).await.unwrap();
    let query = "SELECT typeof(id), id, record ->> '$.name' FROM events ORDER BY id";
    assert_eq!(
        scratch.rows(query),
        [
            "integer | 7 | event 0",
            "text | 7 | event 1",
            "text | a | event 2"
        ]
    );

    server.dataset("events").update(1, json!({ "name": "new" }));
    shop.load(&scratch.open()).await.unwrap();
    assert_eq!(
        scratch.rows(query),
        [
            "integer | 7 | event 0",
            "text | 7 | new",
            "text | a | event 2"
        ]
    );
    assert_eq!(
        scratch.rows("SELECT sql FROM sqlite_schema WHERE name = 'events'"),
        [
            "CREATE TABLE \"events\" (\n    \"id\" ANY NOT NULL,\n    \"record\" TEXT NOT NULL,\n    \
          PRIMARY KEY (\"id\")\n) STRICT"
        ]
    );
}

#[tokio::test]
async fn record_without_its_key_is_an_error() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: AsTheyAre = connect(&server);
    server.dataset("orders").edit(12, |order| {
        order.remove("id");
    });
    let error = shop.load(&scratch.open()).await.unwrap_err();
    let error = &error.errors[0];
    assert_eq!(
        (error.kind(), error.resource()),
        (&ErrorKind::Schema, Some("orders"))
    );
    let said = error.to_string();
    assert!(said.contains("$.data[2].id"), "{said}");
    assert!(said.contains("offset=10"), "{said}");
    assert_eq!(scratch.rows("SELECT count(*) FROM orders"), ["12"]);
}

#[tokio::test]
async fn full_refresh_creates_the_table_with_a_new_key() {
    static WITHOUT: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        table: Static(const { &Table::new("orders", list![]) }),
        write_disposition: rest_source::plan::WriteDisposition::Append,
        ..AS_THEY_ARE.clone()
    });
    crate::shop!(Without, plan(&[&*WITHOUT]));
    let (server, scratch) = (serve().await, Scratch::new());
    connect::<Without>(&server)
        .load(&scratch.open())
        .await
        .unwrap();
    let shop: AsTheyAre = connect(&server);
    let error = shop.load(&scratch.open()).await.unwrap_err();
    assert!(
        error.to_string().contains("it has no key, not the key id"),
        "{error}"
    );
    shop.load(&scratch.open()).full_refresh().await.unwrap();
    assert_eq!(
        scratch.rows("SELECT count(*), max(id) FROM orders"),
        ["35 | 34"]
    );
}

/// What each page was visited, a group of rows for a day; with a key of its own where `KEYED`.
const VISITS: &[Column] = &[
    Column::new("day", Type::Text).merge_key(),
    Column::new("page", Type::Text),
    Column::new("visits", Type::Bigint),
];
const KEYED_VISITS: &[Column] = &[
    Column::new("id", Type::Bigint).primary_key(),
    Column::new("day", Type::Text).merge_key(),
    Column::new("visits", Type::Bigint),
];
static BY_DAY: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("visits"),
    table: Static(const { &Table::new("visits", Static(VISITS)) }),
    path: Template(list![Part::Text(Static("visits"))]),
    ..ORDERS
});
static KEYED_BY_DAY: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    table: Static(const { &Table::new("visits", Static(KEYED_VISITS)) }),
    ..BY_DAY.clone()
});
static NEW_BY_DAY: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    incremental: Some(Incremental {
        row_order: Some(RowOrder::Ascending),
        column: Some(0),
        ..Incremental::DEFAULT
    }),
    ..BY_DAY.clone()
});

crate::shop!(ByDay, plan(&[&*BY_DAY]));
crate::shop!(KeyedByDay, plan(&[&*KEYED_BY_DAY]));
crate::shop!(NewByDay, plan(&[&*NEW_BY_DAY]));

/// Three pages of visits: the first day has eleven rows, the second fourteen.
fn visits() -> Dataset {
    Dataset::new("visits", "/visits", 25, |n| {
        let day = if n < 11 { "2026-01-01" } else { "2026-01-02" };
        json!({ "id": n, "day": day, "page": format!("/{n}"), "visits": n * 10 })
    })
}

const DAYS: &str = "SELECT day, count(*), sum(visits) FROM visits GROUP BY day ORDER BY day";

#[tokio::test]
async fn rows_replace_their_group_and_no_other() {
    let (server, scratch) = (serve_also(vec![visits()]).await, Scratch::new());
    let shop: ByDay = connect(&server);
    let database = scratch.open();
    let report = shop.load(&database).await.unwrap();
    let all = ["2026-01-01 | 11 | 550", "2026-01-02 | 14 | 2450"];
    assert_eq!(scratch.rows(DAYS), all, "a group that came in two pages");
    let visits = report.resource("visits").unwrap();
    assert_eq!((visits.written, visits.rows), (25, Some(25)));

    // Only the second day comes, with a row less; a day that is there already is not asked for.
    scratch.execute("INSERT INTO visits VALUES ('2025-12-31', '/', 5)");
    let held = server.dataset("visits");
    held.remove(24);
    for _ in 0..11 {
        held.remove(0);
    }
    shop.load(&database).await.unwrap();
    assert_eq!(
        scratch.rows(DAYS),
        [
            "2025-12-31 | 1 | 5",
            "2026-01-01 | 11 | 550",
            "2026-01-02 | 13 | 2210"
        ]
    );

    // A load of nothing replaces nothing, and a full refresh everything.
    held.truncate(0);
    shop.load(&database).await.unwrap();
    assert_eq!(scratch.rows("SELECT count(*) FROM visits"), ["25"]);
    shop.load(&database).full_refresh().await.unwrap();
    assert_eq!(scratch.rows("SELECT count(*) FROM visits"), ["0"]);
}

#[tokio::test]
async fn last_row_of_each_primary_key_wins_across_groups() {
    let (server, scratch) = (serve_also(vec![visits()]).await, Scratch::new());
    let shop: KeyedByDay = connect(&server);
    let database = scratch.open();
    // One key in two days of one load, and in two pages.
    let held = server.dataset("visits");
    held.insert(json!({ "id": 0, "day": "2026-01-02", "visits": 7 }));
    shop.load(&database).await.unwrap();
    let zero = "SELECT day, visits FROM visits WHERE id = 0";
    assert_eq!(scratch.rows(zero), ["2026-01-02 | 7"]);
    assert_eq!(scratch.rows("SELECT count(*) FROM visits"), ["25"]);

    // The row of a key moves to another day, which comes without the one that it leaves.
    held.truncate(0);
    held.insert(json!({ "id": 0, "day": "2026-01-03", "visits": 8 }));
    shop.load(&database).await.unwrap();
    assert_eq!(scratch.rows(zero), ["2026-01-03 | 8"]);
    assert_eq!(
        scratch.rows("SELECT day, count(*) FROM visits GROUP BY day ORDER BY day"),
        ["2026-01-01 | 10", "2026-01-02 | 14", "2026-01-03 | 1"]
    );
}

#[tokio::test]
async fn failed_load_leaves_every_group_unchanged() {
    let (server, scratch) = (serve_also(vec![visits()]).await, Scratch::new());
    let shop: ByDay = connect(&server);
    let database = scratch.open();
    shop.load(&database).await.unwrap();
    let before = scratch.rows(DAYS);
    for row in 0..25 {
        server.dataset("visits").update(row, json!({ "visits": 1 }));
    }
    for failing in 0..3 {
        server.faults().at(failing, Fault::status(500));
        shop.load(&database).await.unwrap_err();
        assert_eq!(scratch.rows(DAYS), before, "page {failing}");
        server.faults().clear();
    }
    server.faults().at(2, Fault::Slow(Duration::from_secs(60)));
    let load = shop.load(&database).into_future();
    let dropped = tokio::time::timeout(Duration::from_millis(300), load).await;
    assert!(dropped.is_err());
    assert_eq!(scratch.rows(DAYS), before);
    server.faults().clear();
    shop.load(&database).await.unwrap();
    assert_eq!(
        scratch.rows(DAYS),
        ["2026-01-01 | 11 | 11", "2026-01-02 | 14 | 14"]
    );
}

#[tokio::test]
async fn group_at_the_cursor_is_fetched_again_whole() {
    let (server, scratch) = (serve_also(vec![visits()]).await, Scratch::new());
    let shop: NewByDay = connect(&server);
    let database = scratch.open();
    shop.load(&database).await.unwrap();
    // One more row of the last day: the others of that day are not taken for known.
    server
        .dataset("visits")
        .insert(json!({ "id": 25, "day": "2026-01-02", "page": "/new", "visits": 1 }));
    let report = shop.load(&database).await.unwrap();
    assert_eq!(
        scratch.rows(DAYS),
        ["2026-01-01 | 11 | 550", "2026-01-02 | 15 | 2451"]
    );
    assert_eq!(report.resource("visits").unwrap().written, 15);
}

#[tokio::test]
async fn cursor_outside_the_merge_key_is_rejected() {
    static BY_VISITS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        incremental: Some(Incremental::new(2)),
        ..BY_DAY.clone()
    });
    crate::shop!(ByVisits, plan(&[&*BY_VISITS]));
    let (server, scratch) = (serve_also(vec![visits()]).await, Scratch::new());
    let shop: ByVisits = connect(&server);
    let error = shop.load(&scratch.open()).await.unwrap_err();
    let expected = "`visits`: an incremental load would delete rows that it does not fetch: \
         the `merge_key` does not contain the cursor `visits`\n  \
         help: add `visits` to the `merge_key`; or merge by a `primary_key` alone; or remove `incremental`";
    assert_eq!(error.to_string(), expected);
    assert!(server.log().all().is_empty());
}
