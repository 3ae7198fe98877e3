//! Cursors whose order is not plain: in the future, in an hour that comes twice, and as text.

use std::sync::LazyLock;

use super::*;
use crate::{
    Rows, TimeFormat,
    plan::{FutureCursor, WriteDisposition},
    shared::{Ref::Static, list},
};

const LOCAL: TimeFormat = TimeFormat::Pattern {
    pattern: Static("%Y-%m-%d %H:%M:%S"),
    zone: Some(Static("Europe/Berlin")),
};

static EVENTS: Table = Table::new("events", list![ID, Column::new("at", Type::TIMESTAMP)]);
static LOCAL_EVENTS: Table = Table::new(
    "events",
    list![ID, Column::new("at", Type::Timestamp(LOCAL))],
);
static TEXT_EVENTS: Table = Table::new("events", list![ID, Column::new("at", Type::Text)]);

const ID: Column = Column::new("id", Type::Bigint).primary_key();

fn events(table: &'static Table, incremental: Incremental) -> ResourcePlan {
    ResourcePlan {
        name: Static("events"),
        table: Static(table),
        paginator: Paginator::DEFAULT,
        incremental: Some(Incremental {
            start_param: Some(Static("since")),
            ..incremental
        }),
        ..THINGS.clone()
    }
}

fn merged(resource: &ResourcePlan) -> ResourcePlan {
    ResourcePlan {
        write_disposition: WriteDisposition::Merge,
        ..resource.clone()
    }
}

static APPENDED: LazyLock<ResourcePlan> = LazyLock::new(|| events(&EVENTS, Incremental::new(1)));
static MERGED: LazyLock<ResourcePlan> = LazyLock::new(|| merged(&APPENDED));
static KEPT: LazyLock<ResourcePlan> = LazyLock::new(|| {
    events(
        &EVENTS,
        Incremental {
            future_cursor: Some(FutureCursor::Keep),
            column: Some(1),
            ..Incremental::DEFAULT
        },
    )
});

/// Serves these events in one page.
fn serving(events: &[(i64, &str)]) -> Shop {
    let records: Vec<Value> = events
        .iter()
        .map(|(id, at)| json!({ "id": id, "at": at }))
        .collect();
    let body = json!({ "data": records }).to_string();
    shop(Api::new(move |_| answer(200, &[], &body)))
}

struct Got {
    ids: Vec<String>,
    state: Option<State>,
    notes: String,
    error: Option<String>,
}

async fn get(fetch: Fetch<Rows>) -> Got {
    let mut pages = fetch.pages();
    let (mut ids, mut error) = (Vec::new(), None);
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => ids.extend(page.rows().iter().map(|row| row.value(0).to_string())),
            Err(failed) => error = Some(failed.to_string()),
        }
    }
    Got {
        ids,
        state: pages.state(),
        notes: pages.report().notes.join("\n"),
        error,
    }
}

const PAST: &str = "2026-11-21T09:30:00Z";
const FUTURE: &str = "2099-01-01T00:00:00Z";
/// The time of the clock.
const NOW: &str = "2027-01-15T08:00:00Z";

#[tokio::test]
async fn a_merged_state_stays_at_the_time_of_the_fetch() {
    let shop = serving(&[(1, PAST), (2, FUTURE)]);
    let got = get(shop.client.rows(&*MERGED).for_upsert()).await;
    assert_eq!(got.ids, ["1", "2"]);
    let state = got.state.unwrap();
    assert_eq!(state.cursor(), NOW);
    assert!(
        got.notes
            .contains("1 record has a `at` in the future, up to 2099"),
        "{}",
        got.notes
    );
    // A later record is delivered, and the future one again.
    let later = serving(&[(2, FUTURE), (3, "2027-01-15T08:00:01Z")]);
    let got = get(later.client.rows(&*MERGED).since(state).for_upsert()).await;
    assert_eq!(got.ids, ["2", "3"]);
}

#[tokio::test]
async fn an_appended_record_in_the_future_is_an_error() {
    let shop = serving(&[(1, PAST), (2, FUTURE)]);
    let got = get(shop.client.rows(&*APPENDED)).await;
    assert_eq!(got.ids, ["1"]);
    assert_eq!(got.state, None);
    let error = got.error.unwrap();
    assert!(
        error.contains("2099-01-01") && error.contains("future_cursor: keep"),
        "{error}"
    );
}

#[tokio::test]
async fn a_kept_cursor_in_the_future_is_reported() {
    let shop = serving(&[(1, PAST), (2, FUTURE)]);
    let got = get(shop.client.rows(&*KEPT)).await;
    let state = got.state.unwrap();
    assert_eq!((got.ids.len(), state.cursor()), (2, FUTURE));
    assert!(got.notes.contains("are not fetched"), "{}", got.notes);
    // A state that got there before is refused where such cursors are an error, and capped by an upsert.
    let refused = get(shop.client.rows(&*APPENDED).since(state.clone())).await;
    assert!(
        refused
            .error
            .unwrap()
            .contains("the saved state is at `at` 2099")
    );
    let capped = get(shop.client.rows(&*MERGED).since(state).for_upsert()).await;
    assert_eq!(capped.state.unwrap().cursor(), NOW);
    assert!(
        capped.notes.contains("the saved state was at `at` 2099"),
        "{}",
        capped.notes
    );
}

static LOCAL_TIMES: LazyLock<ResourcePlan> = LazyLock::new(|| {
    events(
        &LOCAL_EVENTS,
        Incremental {
            format: LOCAL,
            column: Some(1),
            ..Incremental::DEFAULT
        },
    )
});
static LOCAL_APPENDED: LazyLock<ResourcePlan> = LazyLock::new(|| LOCAL_TIMES.clone());
static LOCAL_MERGED: LazyLock<ResourcePlan> = LazyLock::new(|| merged(&LOCAL_TIMES));
static LOCAL_IN_ORDER: LazyLock<ResourcePlan> = LazyLock::new(|| {
    events(
        &LOCAL_EVENTS,
        Incremental {
            format: LOCAL,
            row_order: Some(RowOrder::Ascending),
            column: Some(1),
            ..Incremental::DEFAULT
        },
    )
});

#[tokio::test]
async fn records_in_a_repeated_hour_are_delivered_once() {
    let first = [(1, "2024-10-27 01:30:00"), (2, "2024-10-27 02:40:00")];
    let second = [
        (2, "2024-10-27 02:40:00"),
        (3, "2024-10-27 02:10:00"),
        (4, "2024-10-27 02:50:00"),
    ];
    let third = [
        &second[..],
        &[(5, "2024-10-27 02:20:00"), (6, "2024-10-27 03:05:00")],
    ]
    .concat();
    for resource in [&*LOCAL_APPENDED, &*LOCAL_IN_ORDER, &*LOCAL_MERGED] {
        let is_upsert = resource.write_disposition == WriteDisposition::Merge;
        let mut state = None;
        let mut delivered = Vec::new();
        for events in [&first[..], &second[..], &third[..], &third[..]] {
            let shop = serving(events);
            let mut fetch = shop.client.rows(resource);
            if is_upsert {
                fetch = fetch.for_upsert();
            }
            if let Some(state) = state {
                fetch = fetch.since(state);
            }
            let got = get(fetch).await;
            assert_eq!(got.error, None);
            delivered.extend(got.ids);
            state = got.state;
            if events.len() == 3 {
                let asked = &shop.api.urls()[0];
                assert!(asked.contains("since=2024-10-27%2002:00:00"), "{asked}");
            }
        }
        if is_upsert {
            delivered.sort();
            delivered.dedup();
        }
        assert_eq!(
            delivered,
            ["1", "2", "3", "4", "5", "6"],
            "{:?}",
            resource.write_disposition
        );
    }
}

static TEXT: LazyLock<ResourcePlan> = LazyLock::new(|| events(&TEXT_EVENTS, Incremental::new(1)));

#[tokio::test]
async fn text_cursor_of_another_shape_is_an_error() {
    for (first, second) in [("9", "10"), ("2024-9-1", "2024-10-1")] {
        let shop = serving(&[(1, first)]);
        let state = get(shop.client.rows(&*TEXT)).await.state.unwrap();
        let got = get(serving(&[(2, second)]).client.rows(&*TEXT).since(state)).await;
        let error = got.error.unwrap();
        assert!(
            error.contains(&format!("`{second}`, where another record has `{first}`")),
            "{error}"
        );
    }
}
