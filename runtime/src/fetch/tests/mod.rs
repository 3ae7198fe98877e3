//! Whole fetches against an API in memory, by a clock that does not wait.

mod actions;
mod budget;
mod children;
mod columns;
mod cursors;
mod failures;
mod incremental;
mod jobs;
mod observed;
mod origin;
mod paging;
mod quota;
#[cfg(feature = "queries")]
mod raw_rows;
mod steps;

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt;
use serde_json::{Value, json};

use super::Fetch;
use crate::{
    Cells, Client, Column, ErrorKind, Path, Position, Record, Scalar, State, Step, Table, Type,
    clock::manual::ManualClock,
    hooks::Hooks,
    paginator::{Draft, End, Next, PageFacts, Paginate, Probe},
    plan::{
        Auth, Ends, Incremental, Location, Offset, OnMissing, Pages, Paginator, Param, Part,
        ResourcePlan, RowOrder, SecretPlan, Selector, SourcePlan, Template,
    },
    shared::{Ref::Static, list},
    testing::{Answer, Api, answer, client, client_with, failure},
    transport::{Request, TransportErrorKind},
};

const SECOND: Duration = Duration::from_secs(1);

static TABLE: Table = Table::new(
    "things",
    list![
        Column::new("id", Type::Bigint).primary_key().at(10),
        Column::new("at", Type::Bigint).nullable().at(11),
    ],
);

#[derive(Debug, PartialEq)]
struct Thing {
    id: i64,
    at: Option<i64>,
}

impl Record for Thing {
    const TABLE: &'static Table = &TABLE;

    fn from_cells(cells: &mut Cells<'_>) -> Self {
        Self {
            id: cells.take(),
            at: cells.take(),
        }
    }
}

static THINGS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("things"),
    table: Static(&TABLE),
    path: Template(list![Part::Text(Static("/things"))]),
    paginator: Paginator::new(Pages::Offset(Offset::new(2))),
    selector: Selector::Path(Path(list![Step::Key(Static("data"))])),
    ..ResourcePlan::DEFAULT
});

static PLAIN: LazyLock<ResourcePlan> = LazyLock::new(|| THINGS.clone());

/// Only what is new, by `at`.
fn new_things(row_order: Option<RowOrder>, on_missing: OnMissing) -> ResourcePlan {
    ResourcePlan {
        incremental: Some(Incremental {
            start_param: Some(Static("since")),
            end_param: Some(Static("until")),
            row_order,
            on_missing,
            column: Some(1),
            ..Incremental::DEFAULT
        }),
        ..THINGS.clone()
    }
}

static NEW: LazyLock<ResourcePlan> = LazyLock::new(|| new_things(None, OnMissing::Raise));
static NEW_ASCENDING: LazyLock<ResourcePlan> =
    LazyLock::new(|| new_things(Some(RowOrder::Ascending), OnMissing::Raise));
/// After the last, that not included.
static NEW_AFTER: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    incremental: Some(Incremental {
        row_order: Some(RowOrder::Ascending),
        start_closed: false,
        column: Some(1),
        ..Incremental::DEFAULT
    }),
    ..THINGS.clone()
});
static NEW_DESCENDING: LazyLock<ResourcePlan> =
    LazyLock::new(|| new_things(Some(RowOrder::Descending), OnMissing::Raise));
static NEW_OR_WITHOUT: LazyLock<ResourcePlan> =
    LazyLock::new(|| new_things(None, OnMissing::Include));
static ONLY_NEW: LazyLock<ResourcePlan> = LazyLock::new(|| new_things(None, OnMissing::Exclude));

static COUNTED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    paginator: Paginator {
        ends: Ends {
            total_path: Some(Path(list![Step::Key(Static("total"))])),
            ..Ends::COUNTED
        },
        kind: Pages::Offset(Offset::new(2)),
        ..Paginator::DEFAULT
    },
    ..THINGS.clone()
});

/// By the day before, for as long as the response names one.
struct ByDay;

impl Paginate for ByDay {
    fn probes(&self) -> Vec<Path> {
        vec![Path(list![Step::Key(Static("before"))])]
    }

    fn apply(&self, position: &Position, draft: &mut Draft) -> crate::Result<()> {
        if let Position::Cursor(day) = position {
            draft.set_query("day", day);
        }
        Ok(())
    }

    fn next(&self, _: &Position, page: &PageFacts<'_>) -> crate::Result<Next> {
        Ok(match page.probes {
            [Probe::Text(day)] => Next::Page(Position::Cursor(day.clone()), None),
            _ => Next::End(End::complete("the first day")),
        })
    }
}

static DAILY: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    paginator: Paginator::new(Pages::Custom {
        rust: Static("crate::ByDay"),
    }),
    ..THINGS.clone()
});

static HOOKS: Hooks = Hooks {
    paginators: &[("crate::ByDay", &ByDay)],
    ..Hooks::NONE
};

/// By the link at `next`, with the secret in the query.
static LINKED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    auth: Some(Static(
        const {
            &Auth::ApiKey {
                name: Static("key"),
                api_key: Template(list![Part::Secret(0)]),
                location: Location::Query,
            }
        },
    )),
    paginator: Paginator::new(Pages::JsonLink {
        next_url_path: Selector::Path(Path(list![Step::Key(Static("next"))])),
    }),
    ..THINGS.clone()
});

static PLAN: LazyLock<SourcePlan> = LazyLock::new(|| SourcePlan {
    name: Static("shop"),
    spec: Static("specs/shop.yaml"),
    base_url: Template(list![Part::Text(Static("https://api.example.com"))]),
    secrets: list![SecretPlan {
        name: Static("token"),
        env: Static("SHOP_TOKEN"),
        description: None,
    }],
    headers: list![Param {
        name: Static("X-Token"),
        value: Template(list![Part::Secret(0)]),
    }],
    resources: vec![Static(&*LINKED)].into(),
    ..SourcePlan::DEFAULT
});

const SECRET: &str = "hush-hush-hush";

fn offset_of(request: &Request) -> usize {
    let url = url::Url::parse(&request.url).unwrap();
    let mut pairs = url.query_pairs();
    pairs
        .find(|(name, _)| name == "offset")
        .unwrap()
        .1
        .parse()
        .unwrap()
}

/// Serves these records, two a page.
fn page(records: &[Value], request: &Request) -> Answer {
    let start = offset_of(request).min(records.len());
    let end = (start + 2).min(records.len());
    let body = json!({ "data": records[start..end], "total": records.len() });
    answer(
        200,
        &[("Content-Type", "application/json")],
        &body.to_string(),
    )
}

fn records(number: i64) -> Vec<Value> {
    (0..number)
        .map(|id| json!({ "id": id, "at": id * 10 }))
        .collect()
}

/// Serves so many records, after these answers: a status, or 0 for a connection that breaks off.
fn failing(number: i64, first: &'static [u16], headers: &'static [(&str, &str)]) -> Api {
    let records = records(number);
    let asked = AtomicUsize::new(0);
    Api::new(
        move |request| match first.get(asked.fetch_add(1, Ordering::Relaxed)) {
            Some(0) => failure(TransportErrorKind::Interrupted),
            Some(status) => answer(*status, headers, &format!("sorry,\n {SECRET}")),
            None => page(&records, request),
        },
    )
}

struct Shop {
    client: Client,
    api: Api,
    clock: ManualClock,
}

fn shop(api: Api) -> Shop {
    shop_with(&HOOKS, api)
}

fn shop_with(hooks: &'static Hooks, api: Api) -> Shop {
    let clock = ManualClock::default();
    let client = client_with(hooks, &*PLAN, &[SECRET], Vec::new(), &api, &clock).unwrap();
    Shop { client, api, clock }
}

impl Shop {
    fn fetch(&self, resource: &'static ResourcePlan) -> Fetch<Thing> {
        self.client.fetch(resource)
    }

    /// What was asked for, without the origin and the limit.
    fn asked(&self) -> Vec<String> {
        let urls = self.api.urls().into_iter();
        urls.map(|url| {
            let url = url.replace("https://api.example.com/things?", "");
            url.replace("&limit=2", "").replace("limit=2", "")
        })
        .collect()
    }
}

fn ids(things: &[Thing]) -> Vec<i64> {
    things.iter().map(|thing| thing.id).collect()
}

/// Whether the next fetch delivers records of this one again.
fn redelivers<T>(pages: &super::Pages<T>) -> bool {
    pages
        .completeness()
        .is_some_and(|completeness| completeness.redelivers())
}
