//! Pages, their order and their number.

use std::sync::LazyLock;

use super::*;
use crate::{
    plan::{Body, Cursor, JsonPlan, Method, PageNumber, SentCursor, Slot},
    shared::{Ref::Static, list},
};

#[tokio::test]
async fn records_arrive_in_order_and_no_page_is_requested_twice() {
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
async fn concurrent_pages_are_delivered_in_order() {
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
async fn fetch_resumes_at_a_position() {
    let shop = shop(failing(5, &[], &[]));
    let things = shop
        .fetch(&PLAIN)
        .resume(Position::Offset(2))
        .all()
        .await
        .unwrap();
    assert_eq!(ids(&things), [2, 3, 4]);
    let error = shop
        .fetch(&PLAIN)
        .resume(Position::Page(1))
        .all()
        .await
        .unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Paging);
}

#[tokio::test]
async fn no_content_is_an_empty_page() {
    let shop = shop(Api::new(|_| answer(204, &[], "")));
    assert!(shop.fetch(&COUNTED).all().await.unwrap().is_empty());
    assert_eq!(shop.asked().len(), 1);
}

#[tokio::test]
async fn limit_and_first_request_no_further_page() {
    let shop = shop(failing(50, &[], &[]));
    assert_eq!(shop.fetch(&PLAIN).first().await.unwrap().unwrap().id, 0);
    assert_eq!(shop.asked(), ["offset=0"]);
    let things = shop.fetch(&PLAIN).limit(3).all().await.unwrap();
    assert_eq!(ids(&things), [0, 1, 2]);
    assert_eq!(shop.asked().len(), 3);
}

#[tokio::test]
async fn dropping_the_stream_ends_its_requests() {
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
async fn unread_stream_is_not_fetched_far_ahead() {
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
    let mut pages = shop.client.rows(&*PLAIN).pages();
    let mut rows = 0;
    while let Some(page) = pages.next().await {
        rows += page.unwrap().rows().len();
    }
    assert_eq!(rows, 3);
}

#[tokio::test]
async fn key_echoed_in_a_next_link_is_sent_once_and_redacted() {
    let shop = shop(Api::new(|request| {
        match request.url.split("page=").nth(1) {
            None => {
                let next = format!("{}&page=2", request.url);
                answer(
                    200,
                    &[],
                    &json!({ "data": [{ "id": 1 }], "next": next }).to_string(),
                )
            }
            Some(_) => answer(404, &[], "gone"),
        }
    }));
    let mut stream = shop.fetch(&LINKED).stream();
    stream.next().await.unwrap().unwrap();
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(
        shop.api.urls(),
        [
            format!("https://api.example.com/things?key={SECRET}"),
            format!("https://api.example.com/things?key={SECRET}&page=2"),
        ]
    );
    let position = error.position().unwrap();
    assert_eq!(
        position.to_json(),
        r#"{"url":"https://api.example.com/things?key=&page=2"}"#
    );
    assert!(!error.to_string().contains(SECRET), "{error}");
}

#[tokio::test]
async fn repeated_link_is_a_paging_error_that_names_both_requests() {
    let shop = shop(Api::new(|request| {
        let (page, next) = match &request.url {
            url if url.contains("page=2") => (2, 3),
            url if url.contains("page=3") => (3, 2),
            _ => (1, 2),
        };
        let body = json!({ "data": [{ "id": page }], "next": format!("/things?page={next}") });
        answer(200, &[], &body.to_string())
    }));
    let error = shop.fetch(&LINKED).all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Paging);
    let text = error.to_string();
    assert!(
        text.contains("request 1)") && text.contains("request 3)"),
        "{text}"
    );
    assert_eq!(shop.api.requests().len(), 3);
}

#[tokio::test]
async fn custom_paginator_pages_as_the_built_in_ones() {
    let shop = shop(Api::new(|request| {
        let day = request
            .url
            .split("day=")
            .nth(1)
            .map_or(3, |day| day.parse().unwrap());
        let before = Some(day - 1)
            .filter(|day| *day > 0)
            .map(|day: i64| day.to_string());
        answer(
            200,
            &[],
            &json!({ "data": [{ "id": day }], "before": before }).to_string(),
        )
    }));
    let things = shop.fetch(&DAILY).all().await.unwrap();
    assert_eq!(ids(&things), [3, 2, 1]);
}

/// A POST, paged in its body.
fn posted(kind: Pages) -> ResourcePlan {
    ResourcePlan {
        method: Method::Post,
        body: Body::Json(JsonPlan::Object(list![(
            Static("query"),
            JsonPlan::Number(Static("7"))
        )])),
        paginator: Paginator::new(kind),
        ..THINGS.clone()
    }
}

const fn slot(key: &'static [Step]) -> Slot {
    Slot::Body(Path(Static(key)))
}

static POSTED_OFFSET: LazyLock<ResourcePlan> = LazyLock::new(|| {
    posted(Pages::Offset(Offset {
        offset_slot: slot(&[Step::Key(Static("page")), Step::Key(Static("from"))]),
        limit_slot: slot(&[Step::Key(Static("page")), Step::Key(Static("size"))]),
        limit: 2,
        ..Offset::DEFAULT
    }))
});
static POSTED_NUMBER: LazyLock<ResourcePlan> = LazyLock::new(|| {
    posted(Pages::Number(PageNumber {
        base_page: 1,
        page: 1,
        page_slot: slot(&[Step::Key(Static("page"))]),
        page_size: Some(2),
        page_size_slot: Some(Slot::Query(Static("size"))),
        ..PageNumber::DEFAULT
    }))
});
static POSTED_CURSOR: LazyLock<ResourcePlan> = LazyLock::new(|| {
    posted(Pages::Cursor(Cursor {
        cursor_path: Selector::Path(Path(list![Step::Key(Static("next"))])),
        cursor: SentCursor {
            slot: slot(&[Step::Key(Static("after"))]),
            ..SentCursor::DEFAULT
        },
        ..Cursor::DEFAULT
    }))
});

#[tokio::test]
async fn a_post_is_paged_in_its_body() {
    let bodies = async |resource| {
        let asked = AtomicUsize::new(0);
        let shop = shop(Api::new(move |_| {
            match asked.fetch_add(1, Ordering::Relaxed) {
                0 => answer(200, &[], r#"{"data":[{"id":1},{"id":2}],"next":"n"}"#),
                _ => answer(200, &[], r#"{"data":[],"next":null}"#),
            }
        }));
        assert_eq!(shop.fetch(resource).all().await.unwrap().len(), 2);
        let requests = shop.api.requests().into_iter();
        let bodies = requests.map(|request| String::from_utf8(request.body).unwrap());
        bodies.collect::<Vec<_>>()
    };
    assert_eq!(
        bodies(&*POSTED_OFFSET).await,
        [
            r#"{"page":{"from":0,"size":2},"query":7}"#,
            r#"{"page":{"from":2,"size":2},"query":7}"#
        ]
    );
    assert_eq!(
        bodies(&*POSTED_NUMBER).await,
        [r#"{"page":1,"query":7}"#, r#"{"page":2,"query":7}"#]
    );
    assert_eq!(
        bodies(&*POSTED_CURSOR).await,
        [r#"{"query":7}"#, r#"{"after":"n","query":7}"#]
    );
}

#[tokio::test]
async fn lines_of_json_are_records_by_their_content_type() {
    static LINES: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        selector: Selector::Path(Path(list![])),
        ..THINGS.clone()
    });
    let shop = shop(Api::new(|request| {
        let body = match offset_of(request) {
            0 => "{\"id\": 0}\n{\"id\": 1}\n",
            2 => "{\"id\": 2}\n",
            _ => "",
        };
        answer(200, &[("Content-Type", "application/x-ndjson")], body)
    }));
    let things = shop.fetch(&LINES).all().await.unwrap();
    assert_eq!(ids(&things), [0, 1, 2]);
    assert_eq!(shop.asked(), ["offset=0", "offset=2", "offset=3"]);
}

/// As `COUNTED`, whose pages are asked for side by side, but one at a time.
static ALONE: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("alone"),
    parallelized: false,
    ..COUNTED.clone()
});

#[tokio::test]
async fn resource_without_parallelism_requests_one_page_at_a_time() {
    let records = records(20);
    let api = || {
        let records = records.clone();
        Api::new(move |request| page(&records, request))
    };
    let beside = shop(api());
    beside.fetch(&COUNTED).concurrency(4).all().await.unwrap();
    assert_eq!(beside.api.most_in_flight(), 4);
    let alone = shop(api());
    let things = alone.fetch(&ALONE).concurrency(4).all().await.unwrap();
    assert_eq!((things.len(), alone.api.most_in_flight()), (20, 1));
}

#[tokio::test]
async fn fetches_of_a_resource_that_is_not_parallelized_take_turns() {
    static ONE_AT_A_TIME: LazyLock<SourcePlan> = LazyLock::new(|| SourcePlan {
        resources: vec![Static(&*ALONE)].into(),
        ..PLAN.clone()
    });
    let records = records(6);
    let api = Api::new(move |request| page(&records, request));
    let clock = ManualClock::default();
    let client = client(&*ONE_AT_A_TIME, &[SECRET], Vec::new(), &api, &clock).unwrap();
    let (first, second) = tokio::join!(
        client.fetch::<Thing>(&*ALONE).all(),
        client.fetch::<Thing>(&*ALONE).all()
    );
    assert_eq!((first.unwrap().len(), second.unwrap().len()), (6, 6));
    assert_eq!(api.most_in_flight(), 1);
}
