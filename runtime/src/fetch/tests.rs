//! Whole fetches against an API in memory, by a clock that does not wait.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use futures_util::FutureExt;
use serde_json::{Value, json};

use super::Fetch;
use crate::{
    Cells, Client, Column, CursorValue, ErrorKind, Path, Position, Record, State, Step, Table,
    Type,
    clock::manual::ManualClock,
    plan::{
        Ends, Incremental, Offset, OnMissing, Pages, Paginator, Param, Part, ResourcePlan,
        RowOrder, SecretPlan, Selector, SourcePlan, Template,
    },
    testing::{Answer, Api, answer, client, failure},
    transport::{Request, TransportErrorKind},
};

const SECOND: Duration = Duration::from_secs(1);

static TABLE: Table = Table::new(
    "things",
    &[
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

const THINGS: ResourcePlan = ResourcePlan {
    name: "things",
    table: &TABLE,
    path: Template(&[Part::Text("/things")]),
    paginator: Paginator::new(Pages::Offset(Offset::new(2))),
    selector: Selector::Path(Path(&[Step::Key("data")])),
    ..ResourcePlan::DEFAULT
};

static PLAIN: ResourcePlan = THINGS;

/// Only what is new, by `at`.
const fn new_things(row_order: Option<RowOrder>, on_missing: OnMissing) -> ResourcePlan {
    ResourcePlan {
        incremental: Some(Incremental {
            start_param: Some("since"),
            end_param: Some("until"),
            row_order,
            on_missing,
            ..Incremental::new(1)
        }),
        ..THINGS
    }
}

static NEW: ResourcePlan = new_things(None, OnMissing::Raise);
static NEW_ASCENDING: ResourcePlan = new_things(Some(RowOrder::Ascending), OnMissing::Raise);
static NEW_DESCENDING: ResourcePlan = new_things(Some(RowOrder::Descending), OnMissing::Raise);
static NEW_OR_WITHOUT: ResourcePlan = new_things(None, OnMissing::Include);
static ONLY_NEW: ResourcePlan = new_things(None, OnMissing::Exclude);

static COUNTED: ResourcePlan = ResourcePlan {
    paginator: Paginator::new(Pages::Offset(Offset {
        ends: Ends {
            total_path: Some(Path(&[Step::Key("total")])),
            ..Ends::DEFAULT
        },
        ..Offset::new(2)
    })),
    ..THINGS
};

static PLAN: SourcePlan = SourcePlan {
    name: "shop",
    spec: "specs/shop.yaml",
    base_url: Template(&[Part::Text("https://api.example.com")]),
    secrets: &[SecretPlan {
        name: "token",
        env: "SHOP_TOKEN",
        description: None,
    }],
    headers: &[Param {
        name: "X-Token",
        value: Template(&[Part::Secret(0)]),
    }],
    ..SourcePlan::DEFAULT
};

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
    let clock = ManualClock::default();
    let client = client(&PLAN, &[SECRET], Vec::new(), &api, &clock).unwrap();
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

#[tokio::test]
async fn all_records_come_in_order_and_nothing_is_asked_twice() {
    let shop = shop(failing(5, &[], &[]));
    let mut stream = shop.fetch(&PLAIN).concurrency(1).stream();
    let mut things = Vec::new();
    while let Some(thing) = stream.next().await {
        things.push(thing.unwrap());
    }
    assert_eq!(ids(&things), [0, 1, 2, 3, 4]);
    assert_eq!(shop.asked(), ["offset=0", "offset=2", "offset=4"]);
    let report = stream.report();
    assert_eq!((report.delivered, report.pages, report.requests), (5, 3, 3));
    assert_eq!(report.bytes, 144);
    assert_eq!(
        report.notes,
        ["ended: a page of 1 record, less than 2, reached `total`"]
    );
    assert!(stream.next().await.is_none(), "it is over for good");
}

#[tokio::test]
async fn pages_side_by_side_bring_the_same_in_the_same_order() {
    for concurrency in [1, 3, 16] {
        let shop = shop(failing(25, &[], &[]));
        let things = shop
            .fetch(&COUNTED)
            .concurrency(concurrency)
            .all()
            .await
            .unwrap();
        assert_eq!(ids(&things), (0..25).collect::<Vec<_>>());
        assert_eq!(shop.api.requests().len(), 13);
    }
}

#[tokio::test]
async fn three_failures_are_retried_after_two_four_and_eight_seconds() {
    let shop = shop(failing(1, &[503, 0, 500], &[]));
    assert_eq!(shop.fetch(&PLAIN).all().await.unwrap().len(), 1);
    assert_eq!(shop.clock.waits(), [2 * SECOND, 4 * SECOND, 8 * SECOND]);
    assert_eq!(shop.asked(), ["offset=0"; 4]);
}

#[tokio::test]
async fn the_fourth_failure_ends_with_an_error_that_says_so() {
    let shop = shop(failing(1, &[503; 9], &[]));
    let mut stream = shop.fetch(&PLAIN).stream();
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Status(503));
    assert_eq!(
        error.to_string(),
        "`things`: answered 503 four times\n  \
         --> GET https://api.example.com/things?offset=0&limit=2 (503, 22 B, request 4)\n  \
         body: sorry, [secret]"
    );
    assert_eq!(error.report().unwrap().requests, 4);
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_server_that_says_when_is_asked_then() {
    let shop = shop(failing(1, &[429], &[("Retry-After", "7")]));
    shop.fetch(&PLAIN).all().await.unwrap();
    assert_eq!(shop.clock.waits(), [7 * SECOND]);
}

#[tokio::test]
async fn a_forbidden_that_names_a_wait_is_a_throttle_and_another_is_not() {
    let throttled = shop(failing(
        1,
        &[403],
        &[("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "9")],
    ));
    throttled.fetch(&PLAIN).all().await.unwrap();
    assert_eq!(throttled.clock.waits(), [9 * SECOND]);
    let forbidden = shop(failing(1, &[403], &[]));
    let error = forbidden.fetch(&PLAIN).all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Auth);
    assert_eq!(forbidden.asked().len(), 1);
}

#[tokio::test]
async fn a_wait_longer_than_allowed_ends_with_the_time_and_the_place_to_go_on_from() {
    let records = records(5);
    let shop = shop(Api::new(move |request| match offset_of(request) {
        2 => answer(429, &[("Retry-After", "3600")], ""),
        _ => page(&records, request),
    }));
    let mut stream = shop.fetch(&PLAIN).stream();
    assert_eq!(stream.next().await.unwrap().unwrap().id, 0);
    assert_eq!(stream.next().await.unwrap().unwrap().id, 1);
    let error = stream.next().await.unwrap().unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::RateLimit { .. }),
        "{error}"
    );
    assert_eq!(error.position(), Some(&Position::Offset(2)));
    assert!(shop.clock.waits().is_empty());
}

#[tokio::test]
async fn a_fetch_goes_on_from_a_position() {
    let shop = shop(failing(5, &[], &[]));
    let things = shop
        .fetch(&PLAIN)
        .from(Position::Offset(2))
        .all()
        .await
        .unwrap();
    assert_eq!(ids(&things), [2, 3, 4]);
    let error = shop
        .fetch(&PLAIN)
        .from(Position::Page(1))
        .all()
        .await
        .unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Paging);
}

#[tokio::test]
async fn records_before_a_bad_one_are_delivered_and_then_the_error() {
    let shop = shop(Api::new(|_| {
        answer(200, &[], r#"{"data":[{"id":1},{"id":2},{"id":null}]}"#)
    }));
    let mut stream = shop.fetch(&PLAIN).stream();
    assert_eq!(stream.next().await.unwrap().unwrap().id, 1);
    assert_eq!(stream.next().await.unwrap().unwrap().id, 2);
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Schema);
    let text = error.to_string();
    for wanted in [
        "`things`",
        "?offset=0&limit=2 (200, 40 B, request 1)",
        "$.data[2].id",
        "shop.yaml:10",
    ] {
        assert!(text.contains(wanted), "{text}");
    }
    assert_eq!(error.report().unwrap().delivered, 2);
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_success_that_is_no_json_shows_what_it_is() {
    let shop = shop(Api::new(|_| {
        answer(
            200,
            &[("Content-Type", "text/html")],
            &format!("<html>\n<p>{SECRET}"),
        )
    }));
    let error = shop.fetch(&PLAIN).all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Response);
    let text = error.to_string();
    assert!(text.contains("content type: text/html"), "{text}");
    assert!(text.contains("body: <html> <p>[secret]"), "{text}");
}

#[tokio::test]
async fn no_content_is_an_empty_page() {
    let shop = shop(Api::new(|_| answer(204, &[], "")));
    assert!(shop.fetch(&COUNTED).all().await.unwrap().is_empty());
    assert_eq!(shop.asked().len(), 1);
}

#[tokio::test]
async fn a_server_that_ignores_the_offset_is_a_paging_error_that_names_both_requests() {
    let shop = shop(Api::new(|_| {
        answer(200, &[], r#"{"data":[{"id":1},{"id":2}]}"#)
    }));
    let mut pages = shop.fetch(&PLAIN).pages();
    assert_eq!(pages.next().await.unwrap().unwrap().len(), 2);
    let error = pages.next().await.unwrap().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Paging);
    let text = error.to_string();
    assert!(
        text.contains("offset=0") && text.contains("offset=2"),
        "{text}"
    );
}

#[tokio::test]
async fn a_total_that_is_not_there_is_a_paging_error_after_its_page() {
    let shop = shop(Api::new(|_| {
        answer(200, &[], r#"{"data":[{"id":1},{"id":2}]}"#)
    }));
    let mut pages = shop.fetch(&COUNTED).pages();
    assert_eq!(pages.next().await.unwrap().unwrap().len(), 2);
    let error = pages.next().await.unwrap().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Paging);
    assert!(
        error.to_string().contains("`$.total` is missing"),
        "{error}"
    );
}

#[tokio::test]
async fn a_limit_and_the_first_ask_for_no_page_too_many() {
    let shop = shop(failing(50, &[], &[]));
    assert_eq!(shop.fetch(&PLAIN).first().await.unwrap().unwrap().id, 0);
    assert_eq!(shop.asked(), ["offset=0"]);
    let things = shop.fetch(&PLAIN).limit(3).all().await.unwrap();
    assert_eq!(ids(&things), [0, 1, 2]);
    assert_eq!(shop.asked().len(), 3);
}

#[tokio::test]
async fn a_stream_that_is_dropped_ends_its_requests() {
    let shop = shop(failing(1_000, &[], &[]));
    let mut stream = shop.fetch(&PLAIN).stream();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    tokio::task::yield_now().await;
    let asked = shop.asked().len();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(shop.asked().len(), asked);
}

#[tokio::test]
async fn a_stream_that_is_not_read_is_not_fetched_far_ahead() {
    let shop = shop(failing(1_000, &[], &[]));
    let mut pages = shop.fetch(&COUNTED).concurrency(2).pages();
    pages.next().await.unwrap().unwrap();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    // The one taken, one in the channel, one that waits for it, and two in the window.
    assert!(shop.asked().len() <= 5, "{:?}", shop.asked());
}

#[test]
fn without_a_runtime_there_is_an_error_and_no_panic() {
    let shop = shop(failing(1, &[], &[]));
    let error = shop
        .fetch(&PLAIN)
        .all()
        .now_or_never()
        .unwrap()
        .unwrap_err();
    assert!(error.to_string().contains("tokio runtime"), "{error}");
}

#[tokio::test]
async fn rows_come_without_a_record_type() {
    let shop = shop(failing(3, &[], &[]));
    let mut pages = shop.client.rows(&PLAIN).pages();
    let mut rows = 0;
    while let Some(page) = pages.next().await {
        rows += page.unwrap().rows().len();
    }
    assert_eq!(rows, 3);
}

/// Fetches, and gives the ids and the state afterwards.
async fn new(fetch: Fetch<Thing>) -> (Vec<i64>, Option<State>) {
    let mut stream = fetch.stream();
    let mut things = Vec::new();
    while let Some(thing) = stream.next().await {
        things.push(thing.unwrap());
    }
    (ids(&things), stream.state())
}

fn at(values: &[(i64, i64)]) -> Api {
    let records: Vec<Value> = values
        .iter()
        .map(|(id, at)| json!({ "id": id, "at": at }))
        .collect();
    Api::new(move |request| page(&records, request))
}

#[tokio::test]
async fn the_next_fetch_starts_where_this_one_came_to_and_knows_what_it_saw() {
    let first = shop(at(&[(1, 10), (2, 30), (3, 30), (4, 20)]));
    let (ids, state) = new(first.fetch(&NEW)).await;
    assert_eq!(ids, [1, 2, 3, 4]);
    assert!(
        first.asked()[0].starts_with("offset=0"),
        "{:?}",
        first.asked()
    );
    let state = State::from_json(&state.unwrap().to_json()).unwrap();
    assert_eq!(state.cursor(), "30");

    // The server ignores `since`: what is too old is dropped here, and what was seen at 30.
    let second = shop(at(&[(1, 10), (2, 30), (3, 30), (5, 30), (6, 31)]));
    let (ids, state) = new(second.fetch(&NEW).since(state.clone())).await;
    assert_eq!(ids, [5, 6]);
    assert!(
        second.asked()[0].contains("since=30"),
        "{:?}",
        second.asked()
    );
    assert_eq!(state.unwrap().cursor(), "31");
}

#[tokio::test]
async fn a_fetch_that_finds_nothing_new_keeps_the_state() {
    let shop = shop(at(&[(1, 10)]));
    let (_, state) = new(shop.fetch(&NEW)).await;
    let (ids, again) = new(shop.fetch(&NEW).since(state.clone().unwrap())).await;
    assert_eq!((ids, again), (vec![], state.clone()));
    let (ids, _) = new(shop.fetch(&NEW).since(state.unwrap()).full_refresh()).await;
    assert_eq!(ids, [1]);
}

#[tokio::test]
async fn an_end_leaves_out_what_is_at_it_or_after() {
    let shop = shop(at(&[(1, 10), (2, 20), (3, 30)]));
    let mut stream = shop.fetch(&NEW).until(20).stream();
    assert_eq!(stream.next().await.unwrap().unwrap().id, 1);
    assert!(stream.next().await.is_none());
    assert_eq!(stream.report().outside_range, 2);
    assert!(shop.asked()[0].contains("until=20"), "{:?}", shop.asked());
    assert_eq!(stream.state().unwrap().cursor(), "10");
}

#[tokio::test]
async fn a_fetch_that_did_not_see_all_keeps_the_old_state_unless_the_order_is_known() {
    let values = [(1, 10), (2, 20), (3, 30)];
    let (ids, state) = new(shop(at(&values)).fetch(&NEW).limit(2)).await;
    assert_eq!((ids, state), (vec![1, 2], None));
    let (_, state) = new(shop(at(&values)).fetch(&NEW_ASCENDING).limit(2)).await;
    assert_eq!(state.unwrap().cursor(), "20");
}

#[tokio::test]
async fn a_page_in_ascending_order_can_be_committed_by_itself() {
    let shop = shop(at(&[(1, 10), (2, 20), (3, 30)]));
    let mut pages = shop.fetch(&NEW_ASCENDING).pages();
    let page = pages.next().await.unwrap().unwrap();
    assert_eq!(page.state().unwrap().cursor(), "20");
    let mut pages = shop.fetch(&NEW).pages();
    assert!(pages.next().await.unwrap().unwrap().state().is_none());
}

#[tokio::test]
async fn what_is_past_the_range_ends_an_ordered_fetch_early() {
    let values: Vec<(i64, i64)> = (0..100).map(|n| (n, 1_000 - n)).collect();
    let (_, state) = new(shop(at(&values[50..])).fetch(&NEW_DESCENDING)).await;
    let shop = shop(at(&values));
    let (ids, state) = new(shop
        .fetch(&NEW_DESCENDING)
        .concurrency(1)
        .since(state.unwrap()))
    .await;
    assert_eq!(ids, (0..50).collect::<Vec<_>>());
    assert!(shop.asked().len() < 35, "{}", shop.asked().len());
    assert_eq!(state.unwrap().cursor(), "1000");
}

#[tokio::test]
async fn an_order_that_is_not_kept_is_an_error() {
    let shop = shop(at(&[(1, 10), (2, 30), (3, 20)]));
    let error = shop.fetch(&NEW_ASCENDING).all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Response);
    assert!(error.to_string().contains("20 after 30"), "{error}");
}

#[tokio::test]
async fn a_record_without_a_cursor_value_is_treated_as_the_spec_says() {
    let api = || {
        Api::new(|_| {
            answer(
                200,
                &[],
                r#"{"total":2,"data":[{"id":1,"at":5},{"id":2,"at":null}]}"#,
            )
        })
    };
    let counted = |resource| shop(api()).fetch(resource).limit(2);
    let error = counted(&NEW).all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Schema);
    assert!(error.to_string().contains("its key: [\"2\"]"), "{error}");
    assert_eq!(ids(&counted(&NEW_OR_WITHOUT).all().await.unwrap()), [1, 2]);
    let only: Vec<i64> = ids(&shop(api()).fetch(&ONLY_NEW).limit(1).all().await.unwrap());
    assert_eq!(only, [1]);
}

#[tokio::test]
async fn a_state_or_an_end_that_does_not_fit_is_refused_before_anything_is_asked() {
    let shop = shop(at(&[(1, 10)]));
    let (_, state) = new(shop.fetch(&NEW)).await;
    let asked = shop.asked().len();
    let state = state.unwrap();
    let of_other = State::from_json(&state.to_json().replace("things", "others")).unwrap();
    for (fetch, kind) in [
        (shop.fetch(&NEW).since(of_other), ErrorKind::State),
        (shop.fetch(&PLAIN).since(state), ErrorKind::State),
        (shop.fetch(&PLAIN).until(5), ErrorKind::Config),
        (shop.fetch(&NEW).until("soon"), ErrorKind::Config),
        (
            shop.fetch(&NEW).until(CursorValue::Double(0.5)),
            ErrorKind::Config,
        ),
    ] {
        assert_eq!(*fetch.all().await.unwrap_err().kind(), kind);
    }
    assert_eq!(shop.asked().len(), asked);
}
