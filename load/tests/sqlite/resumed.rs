//! Loads that are killed again and again, and resumed: they send no page twice that was stored, and end equal to the
//! server.

use std::{cell::RefCell, sync::LazyLock, time::Duration};

use fastrand::Rng;
use rest_source::{
    Path, Step,
    plan::{
        Cursor, Offset, PageNumber, Pages, Paginator, Part, ResourcePlan, SentCursor, Slot,
        SourcePlan, Template, WriteDisposition,
    },
    shared::{Ref::Static, list},
};
use rest_source_load::{Load, LoadReport};
use rest_source_testkit::{Access, Api, Dataset, Fault, Paging, Server, Style, Total};
use serde_json::json;
use tokio::sync::Notify;

use crate::shop::{BY_STATUS, OF_AN_ORDER, ORDERS, Scratch, connect, plan};

thread_local! {
    static CHOSEN: RefCell<SourcePlan> = RefCell::new(plan(&[&ORDERS]));
}

crate::shop!(Chosen, CHOSEN.with(|plan| plan.borrow().clone()));

/// How pages follow each other, at the server and in the plan.
fn styles() -> Vec<(Style, Pages)> {
    let at = |key: &'static str| Path(vec![Step::Key(Static(key))].into());
    vec![
        (Style::Offset, Pages::Offset(Offset::new(10))),
        (
            Style::Page(1),
            Pages::Number(PageNumber {
                base_page: 1,
                page: 1,
                page_size: Some(10),
                page_size_slot: Some(Slot::Query(Static("limit"))),
                ..PageNumber::DEFAULT
            }),
        ),
        (
            Style::Cursor,
            Pages::Cursor(Cursor::new(at("cursor"), Static("cursor"))),
        ),
        (
            Style::HeaderCursor,
            Pages::HeaderCursor {
                cursor_key: Static("X-Next-Cursor"),
                cursor: SentCursor::param(Static("cursor")),
            },
        ),
        (
            Style::HeaderLink,
            Pages::HeaderLink {
                header: Static("Link"),
                rel: Static("next"),
            },
        ),
        (
            Style::JsonLink,
            Pages::JsonLink {
                next_url_path: rest_source::plan::Selector::Path(at("next")),
            },
        ),
    ]
}

fn orders(write_disposition: WriteDisposition, pages: Pages, by_status: bool) -> ResourcePlan {
    ResourcePlan {
        write_disposition,
        paginator: Paginator::new(pages),
        table: if by_status {
            Static(&BY_STATUS)
        } else {
            ORDERS.table.clone()
        },
        ..ORDERS
    }
}

async fn serve(style: Style) -> Server {
    let order = |n: u64| {
        json!({
            "id": n,
            "status": format!("open {}", n / 7),
            "changed_at": format!("2026-01-01T{:02}:{:02}:00Z", n / 60, n % 60),
        })
    };
    let orders = Dataset::new("orders", "/orders", 123, order);
    let paging = Paging {
        style,
        cap: 10,
        total: Total::Absent,
        ..Paging::default()
    };
    let api = Api::new(Access::Open, vec![orders]).paging(paging);
    let server = Server::start(api).await.unwrap();
    server
        .faults()
        .every(1, Fault::Slow(Duration::from_millis(6)));
    server
}

async fn load(server: &Server, scratch: &Scratch) -> LoadReport {
    let shop: Chosen = connect(server);
    shop.load(&scratch.open()).resume().await.unwrap()
}

/// Loads, and is dropped at a random moment after a random page. Returns the report if it ended before.
async fn kill(server: &Server, scratch: &Scratch, random: &mut Rng) -> Option<LoadReport> {
    let shop: Chosen = connect(server);
    let database = scratch.open();
    let (page, moment) = (random.u64(1..=5), Duration::from_millis(random.u64(..15)));
    let (mut pages, is_reached) = (0, Notify::new());
    let load = shop.load(&database).resume().commit_rows(1);
    let load = load.on_progress(|_| {
        pages += 1;
        if pages == page {
            is_reached.notify_one();
        }
    });
    let ended = tokio::select! {
        ended = load.into_future() => Some(ended.unwrap()),
        () = async { is_reached.notified().await; tokio::time::sleep(moment).await } => None,
    };
    drop(database);
    // A blocking thread may still hold the database, as no killed process does.
    tokio::time::sleep(Duration::from_millis(50)).await;
    ended
}

/// Kills up to so many loads, and loads to the end. Returns the report of the load that came there, or `None` if it
/// was killed between its end in the database and its report: the next load would append everything again.
async fn load_at_last(
    server: &Server,
    scratch: &Scratch,
    random: &mut Rng,
    kills: usize,
) -> Option<LoadReport> {
    for _ in 0..kills {
        if let Some(report) = kill(server, scratch, random).await {
            return Some(report);
        }
        if has_ended(scratch) {
            return None;
        }
    }
    Some(load(server, scratch).await)
}

/// Whether the last load has ended: it loaded all resources, and left none that the next load must not append again.
fn has_ended(scratch: &Scratch) -> bool {
    let loaded = "SELECT count(*) FROM _rest_source_loads WHERE status = 'loaded'
                  AND run = (SELECT run FROM _rest_source_loads ORDER BY rowid DESC LIMIT 1)";
    let unfinished = "SELECT count(*) FROM _rest_source_unfinished";
    let resources = CHOSEN.with(|chosen| chosen.borrow().resources.len());
    scratch.rows(loaded) == [resources.to_string()] && scratch.rows(unfinished) == ["0"]
}

fn requests(report: &LoadReport) -> u64 {
    let of = |one: &rest_source_load::ResourceReport| one.fetched.requests;
    report.resources.iter().map(of).sum()
}

#[tokio::test]
async fn killed_loads_go_on_after_their_last_stored_page() {
    let mut random = Rng::new();
    let seed = random.get_seed();
    for (style, pages) in styles() {
        let mut resumed = 0;
        for (disposition, by_status) in [
            (WriteDisposition::Append, false),
            (WriteDisposition::Merge, false),
            (WriteDisposition::Replace, false),
            (WriteDisposition::Merge, true),
        ] {
            let what = format!("{style:?}, {disposition:?}, by status: {by_status}, seed {seed}");
            let plan = plan(&[&orders(disposition, pages.clone(), by_status)]);
            CHOSEN.with(|chosen| *chosen.borrow_mut() = plan);
            let server = serve(style).await;
            let whole = requests(&load(&server, &Scratch::new()).await);
            let scratch = Scratch::new();
            let report = load_at_last(&server, &scratch, &mut random, 4).await;
            let stored = scratch.rows("SELECT id FROM orders ORDER BY id");
            let expected: Vec<String> = (0..123).map(|id| id.to_string()).collect();
            assert!(stored == expected, "{what}: {} rows", stored.len());
            if let Some(report) = report {
                let loaded = report.resources.first();
                if let Some(line) = loaded.and_then(|orders| orders.resumed.as_ref()) {
                    assert!(line.starts_with("continued at "), "{what}: {line}");
                    assert!(requests(&report) < whole, "{what}: {report}");
                    resumed += 1;
                }
            }
            let staging =
                "SELECT count(*) FROM sqlite_master WHERE name LIKE '_rest_source_staged%'";
            assert_eq!(scratch.rows(staging), ["0"], "{what}");
            let left = "SELECT count(*) FROM _rest_source_checkpoints WHERE point <> ''";
            assert_eq!(scratch.rows(left), ["0"], "{what}");
        }
        assert!(
            resumed > 0,
            "{style:?}: no load was killed after a page, seed {seed}"
        );
    }
}

static ITEMS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("items"),
    table: Static(
        const {
            &rest_source::Table::new(
                "items",
                list![rest_source::Column::new("id", rest_source::Type::Bigint).primary_key()],
            )
        },
    ),
    path: Template(list![
        Part::Text(Static("orders/")),
        Part::Parent(0),
        Part::Text(Static("/items"))
    ]),
    parent: Some(Static(&OF_AN_ORDER)),
    ..ORDERS
});

#[tokio::test]
async fn load_into_a_table_that_was_emptied_since_starts_over() {
    let orders = orders(
        WriteDisposition::Merge,
        Pages::Offset(Offset::new(10)),
        false,
    );
    CHOSEN.with(|chosen| *chosen.borrow_mut() = plan(&[&orders]));
    let (server, scratch) = (serve(Style::Offset).await, Scratch::new());
    let mut random = Rng::new();
    // A load that was killed before its first commit has stored no rows.
    while kill(&server, &scratch, &mut random).await.is_some()
        || scratch.rows("SELECT count(*) FROM orders") == ["0"]
    {}
    scratch.execute("DELETE FROM orders");
    let report = load(&server, &scratch).await;
    let orders = report.resource("orders").unwrap();
    assert_eq!(orders.resumed, None, "{report}");
    assert!(orders.fetched.notes[0].contains("was emptied"), "{report}");
    scratch.assert_equals(&server);
}

#[tokio::test]
async fn killed_loads_of_children_go_on_after_their_last_parent() {
    const PATHS: [&str; 12] = [
        "/orders/0/items",
        "/orders/1/items",
        "/orders/2/items",
        "/orders/3/items",
        "/orders/4/items",
        "/orders/5/items",
        "/orders/6/items",
        "/orders/7/items",
        "/orders/8/items",
        "/orders/9/items",
        "/orders/10/items",
        "/orders/11/items",
    ];
    let mut random = Rng::new();
    let seed = random.get_seed();
    let mut resumed = 0;
    for disposition in [
        WriteDisposition::Append,
        WriteDisposition::Merge,
        WriteDisposition::Replace,
    ] {
        let mut datasets = vec![Dataset::new(
            "orders",
            "/orders",
            12,
            |n| json!({ "id": n, "status": "a", "changed_at": "2026-01-01T00:00:00Z" }),
        )];
        for (at, path) in PATHS.into_iter().enumerate() {
            // Each fourth order has no items.
            let count = (at as u64 % 4) * 7;
            datasets.push(Dataset::new(
                path,
                path,
                count,
                move |n| json!({ "id": at as u64 * 100 + n }),
            ));
        }
        let server = Server::start(Api::new(Access::Open, datasets))
            .await
            .unwrap();
        server
            .faults()
            .every(1, Fault::Slow(Duration::from_millis(4)));
        let items = ResourcePlan {
            write_disposition: disposition,
            ..ITEMS.clone()
        };
        CHOSEN.with(|chosen| *chosen.borrow_mut() = plan(&[&ORDERS, &items]));
        let scratch = Scratch::new();
        let report = load_at_last(&server, &scratch, &mut random, 6).await;
        let what = format!("{disposition:?}, seed {seed}: {report:?}");
        let items = report.as_ref().and_then(|report| report.resource("items"));
        let line = items.and_then(|items| items.resumed.as_deref());
        resumed += usize::from(line.is_some_and(|line| line.starts_with("continued after ")));
        let mut expected = Vec::new();
        for (at, path) in PATHS.into_iter().enumerate() {
            let items = server.dataset(path).len();
            expected.extend((0..items).map(|n| (at * 100 + n).to_string()));
        }
        let stored = scratch.rows("SELECT id FROM items ORDER BY id");
        assert_eq!(stored, expected, "{what}");
    }
    assert!(
        resumed > 0,
        "no load was killed after a parent, seed {seed}"
    );
}
