//! What is appended is there once: a load that cannot promise that changes nothing.

use std::sync::LazyLock;

use rest_source::{
    Column, ErrorKind, Table, Type,
    plan::{
        Action, Incremental, Lag, Offset, OnMissing, Pages, Paginator, Part, ResourcePlan,
        ResponseAction, RowOrder, Template, WriteDisposition,
    },
    shared::{Ref::Static, list},
};
use rest_source_load::{Load, LoadError};
use rest_source_testkit::{Dataset, Fault, Paging, Server, Total};
use serde_json::json;

use crate::shop::{CHANGED_ORDERS, Scratch, connect, plan, serve, serve_also};

static APPENDED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    write_disposition: WriteDisposition::Append,
    ..CHANGED_ORDERS.clone()
});
static CUT_OFF: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    paginator: Paginator {
        maximum_pages: Some(2),
        ..Paginator::new(Pages::Offset(Offset::new(10)))
    },
    ..APPENDED.clone()
});
static CUT_OFF_IN_ORDER: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    incremental: Some(Incremental {
        start_param: Some(Static("since")),
        row_order: Some(RowOrder::Ascending),
        column: Some(2),
        ..Incremental::DEFAULT
    }),
    ..CUT_OFF.clone()
});
static IGNORED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    response_actions: list![ResponseAction {
        statuses: list![(410, 410)],
        action: Action::Ignore,
        ..ResponseAction::DEFAULT
    }],
    ..APPENDED.clone()
});
static MERGED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    write_disposition: WriteDisposition::Merge,
    ..CUT_OFF.clone()
});
static LAGGING: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    incremental: Some(Incremental {
        lag: Some(Lag::Days(1)),
        column: Some(2),
        ..Incremental::DEFAULT
    }),
    ..APPENDED.clone()
});
static WITHOUT: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    incremental: Some(Incremental {
        on_missing: OnMissing::Include,
        column: Some(2),
        ..Incremental::DEFAULT
    }),
    ..APPENDED.clone()
});
static TICKS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("ticks"),
    table: Static(
        const {
            &Table::new(
                "ticks",
                list![
                    Column::new("id", Type::Bigint).primary_key(),
                    Column::new("at", Type::Bigint),
                ],
            )
        },
    ),
    path: Template(list![Part::Text(Static("ticks"))]),
    paginator: Paginator::new(Pages::Offset(Offset::new(1_000))),
    incremental: Some(Incremental {
        start_param: Some(Static("since")),
        column: Some(1),
        ..Incremental::DEFAULT
    }),
    ..APPENDED.clone()
});
static TICKS_IN_ORDER: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    incremental: Some(Incremental {
        start_param: Some(Static("since")),
        row_order: Some(RowOrder::Ascending),
        column: Some(1),
        ..Incremental::DEFAULT
    }),
    ..TICKS.clone()
});

crate::shop!(CutOff, plan(&[&*CUT_OFF]));
crate::shop!(CutOffInOrder, plan(&[&*CUT_OFF_IN_ORDER]));
crate::shop!(Ignoring, plan(&[&*IGNORED]));
crate::shop!(Merging, plan(&[&*MERGED]));
crate::shop!(Lagging, plan(&[&*LAGGING]));
crate::shop!(Without, plan(&[&*WITHOUT]));
crate::shop!(Ticking, plan(&[&*TICKS]));
crate::shop!(TickingInOrder, plan(&[&*TICKS_IN_ORDER]));

/// Loads, and asserts that nothing came of it.
async fn refused<S: Load>(shop: &S, scratch: &Scratch) -> LoadError {
    let error = assert_nothing_written(shop, scratch).await;
    assert_eq!(*error.errors[0].kind(), ErrorKind::Destination, "{error}");
    error
}

async fn assert_nothing_written<S: Load>(shop: &S, scratch: &Scratch) -> LoadError {
    let error = shop.load(&scratch.open()).await.unwrap_err();
    let tables =
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'";
    for table in scratch.rows(tables) {
        let rows = scratch.rows(&format!("SELECT count(*) FROM {table}"));
        assert_eq!(rows, ["0"], "{table}");
    }
    error
}

#[tokio::test]
async fn bounded_fetch_in_unknown_order_is_not_appended() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: CutOff = connect(&server);
    for _ in 0..2 {
        let error = refused(&shop, &scratch).await;
        assert_eq!(error.errors[0].report().unwrap().delivered, 20);
        let expected = "`orders`: the next load would append some of these records again\n  \
             `maximum_pages` 2 ended the fetch and the state did not move: the next fetch reads the same pages \
             again. Raise it, or say `row_order: asc`, where the API gives the oldest records first\n  \
             ended: `maximum_pages` 2\n  \
             help: say `write_disposition: merge`, with a `primary_key`, which stores each record \
             once; or `row_order: asc`, if the API returns records in that order: the next \
             load then resumes where this one stopped";
        assert_eq!(error.errors[0].to_string(), expected);
    }
    // All of it in one fetch is another matter.
    server.dataset("orders").truncate(15);
    shop.load(&scratch.open()).await.unwrap();
    scratch.assert_equals(&server);
}

#[tokio::test]
async fn bounded_full_refresh_of_an_appended_resource_fails() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: CutOff = connect(&server);
    let error = shop.load(&scratch.open()).full_refresh().await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("would append some of these records again"),
        "{error}"
    );
    assert_eq!(scratch.rows("SELECT count(*) FROM orders"), ["0"]);
    // In order, the next load goes on from there.
    let shop: CutOffInOrder = connect(&server);
    let refresh = shop.load(&scratch.open()).full_refresh().await;
    refresh.unwrap();
    assert_eq!(scratch.rows("SELECT count(*) FROM orders"), ["20"]);
    shop.load(&scratch.open()).await.unwrap();
    scratch.assert_equals(&server);
}

#[tokio::test]
async fn bounded_fetch_in_ascending_order_is_appended() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: CutOffInOrder = connect(&server);
    for rows in ["20", "35", "35"] {
        shop.load(&scratch.open()).await.unwrap();
        assert_eq!(scratch.rows("SELECT count(*) FROM orders"), [rows]);
    }
    scratch.assert_equals(&server);
}

#[tokio::test]
async fn bounded_fetch_is_merged_and_fetched_again() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: Merging = connect(&server);
    for _ in 0..2 {
        shop.load(&scratch.open()).await.unwrap();
        assert_eq!(scratch.rows("SELECT count(*) FROM orders"), ["20"]);
    }
}

#[tokio::test]
async fn records_before_an_ignored_page_are_not_appended() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: Ignoring = connect(&server);
    server.faults().at(2, Fault::status(410));
    let error = assert_nothing_written(&shop, &scratch).await;
    assert_eq!(*error.errors[0].kind(), ErrorKind::Incomplete, "{error}");
    // Where there is no page at all, nothing comes again.
    server.faults().clear();
    server.log().clear();
    server.faults().at(0, Fault::status(410));
    shop.load(&scratch.open()).await.unwrap();
    server.faults().clear();
    shop.load(&scratch.open()).await.unwrap();
    scratch.assert_equals(&server);
}

#[tokio::test]
async fn resource_that_redelivers_on_every_load_is_rejected() {
    let (server, scratch) = (serve().await, Scratch::new());
    let lagging = refused(&connect::<Lagging>(&server), &scratch).await;
    let expected = "`orders`: every load would append some records again: \
         those within the `lag`\n  \
         help: say `write_disposition: merge`, with a `primary_key`, which stores each record once";
    assert_eq!(lagging.to_string(), expected);
    let without = refused(&connect::<Without>(&server), &scratch).await;
    let expected = "those without a cursor value, by `on_cursor_value_missing: include`";
    assert!(without.to_string().contains(expected), "{without}");
    assert!(server.log().all().is_empty());
}

/// A server with so many records, the first of them all of one cursor value.
async fn ticking(alike: u64, number: u64) -> Server {
    let tick = move |n: u64| json!({ "id": n, "at": n.saturating_sub(alike - 1) });
    let ticks = Dataset::new("ticks", "/ticks", number, tick).since("since", "at");
    let server = serve_also(vec![ticks]).await;
    // One page after the other.
    server.set_paging(Paging {
        total: Total::Absent,
        ..Paging::default()
    });
    server
}

#[tokio::test]
async fn many_records_of_one_cursor_value_are_appended_once() {
    let (server, scratch) = (ticking(12_000, 12_000).await, Scratch::new());
    let unordered: Ticking = connect(&server);
    for _ in 0..2 {
        unordered.load(&scratch.open()).await.unwrap();
        let rows = scratch.rows("SELECT count(*), count(DISTINCT id) FROM ticks");
        assert_eq!(rows, ["12000 | 12000"]);
    }
    // The same in order.
    let scratch = Scratch::new();
    let in_order: TickingInOrder = connect(&server);
    for _ in 0..2 {
        in_order.load(&scratch.open()).await.unwrap();
        assert_eq!(scratch.rows("SELECT count(*) FROM ticks"), ["12000"]);
    }
}

#[tokio::test]
async fn records_beyond_the_remembered_of_one_cursor_value_are_committed_with_the_next() {
    let (server, scratch) = (ticking(12_000, 20_001).await, Scratch::new());
    let shop: TickingInOrder = connect(&server);
    // Eleven pages of one value, of which ten can be remembered.
    server.faults().at(11, Fault::status(500));
    shop.load(&scratch.open()).await.unwrap_err();
    let rows = scratch.rows("SELECT count(*) FROM ticks");
    assert_eq!(rows, ["10000"]);
    server.faults().clear();
    for _ in 0..2 {
        shop.load(&scratch.open()).await.unwrap();
        let rows = scratch.rows("SELECT count(*), count(DISTINCT id) FROM ticks");
        assert_eq!(rows, ["20001 | 20001"]);
    }
}

#[tokio::test]
async fn records_without_a_key_are_not_appended_again_after_a_change_of_columns() {
    const AT: Column = Column::new("changed_at", Type::TIMESTAMP);
    static BY_STATUS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        table: Static(
            const { &Table::new("orders", list![Column::new("status", Type::Text), AT]) },
        ),
        incremental: Some(Incremental::new(1)),
        ..APPENDED.clone()
    });
    static WITH_NOTE: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        table: Static(
            const {
                &Table::new(
                    "orders",
                    list![
                        AT,
                        Column::new("note", Type::Text).nullable(),
                        Column::new("status", Type::Text),
                    ],
                )
            },
        ),
        incremental: Some(Incremental::new(0)),
        ..APPENDED.clone()
    });
    static WITH_ID: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        table: Static(
            const {
                &Table::new(
                    "orders",
                    list![
                        Column::new("id", Type::Bigint).nullable(),
                        AT,
                        Column::new("status", Type::Text),
                    ],
                )
            },
        ),
        incremental: Some(Incremental::new(1)),
        ..APPENDED.clone()
    });
    crate::shop!(ByStatus, plan(&[&*BY_STATUS]));
    crate::shop!(WithNote, plan(&[&*WITH_NOTE]));
    crate::shop!(WithId, plan(&[&*WITH_ID]));
    let (server, scratch) = (serve().await, Scratch::new());
    let number = "SELECT count(*) FROM orders";
    connect::<ByStatus>(&server)
        .load(&scratch.open())
        .await
        .unwrap();
    // A column that is null in what was appended says nothing against it.
    connect::<WithNote>(&server)
        .load(&scratch.open())
        .await
        .unwrap();
    assert_eq!(scratch.rows(number), ["35"]);
    let shop: WithId = connect(&server);
    let error = shop.load(&scratch.open()).await.unwrap_err();
    assert_eq!(*error.errors[0].kind(), ErrorKind::State, "{error}");
    assert_eq!(scratch.rows(number), ["35"]);
    shop.load(&scratch.open()).full_refresh().await.unwrap();
    shop.load(&scratch.open()).await.unwrap();
    assert_eq!(scratch.rows(number), ["35"]);
}
