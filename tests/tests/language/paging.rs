//! The paginators: what each sends, and what ends it.

use rest_source::ErrorKind;
use rest_source_testkit::{Asked, Reply};
use serde_json::json;

use crate::world::{World, fetch, in_turn, numbers, paged, things, with};

/// Pages of a list of numbers, by `offset` and `limit`, or by `skip` and `take`.
fn list(length: usize) -> impl Fn(&Asked) -> Reply {
    move |asked| {
        let from = asked.number_in("offset").or(asked.number_in("skip"));
        let most = asked.number_in("limit").or(asked.number_in("take"));
        let from = from.unwrap_or(0).min(length);
        let to = (from + most.unwrap_or(length)).min(length);
        Reply::json(&with(numbers(from, to), json!({ "count": length })))
    }
}

/// Pages of two numbers each, by a number in `page` that starts at `base`.
fn numbered(base: usize, length: usize) -> impl Fn(&Asked) -> Reply {
    move |asked| {
        let page = asked.number_in("page").unwrap_or(base) - base;
        let from = (2 * page).min(length);
        Reply::json(&with(
            numbers(from, (from + 2).min(length)),
            json!({ "pages": length.div_ceil(2), "more": from + 2 < length }),
        ))
    }
}

#[tokio::test]
async fn a_single_page_is_one_request_whatever_it_says() {
    let spec = things("path: things, data_selector: data, paginator: single_page");
    let run = fetch(&spec, |_| {
        Reply::json(&with(
            numbers(0, 2),
            json!({ "next": "/things?page=2", "total": 9 }),
        ))
    })
    .await;
    run.brings(&json!([0, 1]));
    run.asks(&["GET /things"]);
}

#[tokio::test]
async fn an_offset_moves_by_what_came_to_an_empty_page() {
    let run = fetch(&paged("{ type: offset, limit: 2 }"), list(3)).await;
    run.brings(&json!([0, 1, 2]));
    run.asks(&[
        "GET /things?offset=0&limit=2",
        "GET /things?offset=2&limit=2",
        "GET /things?offset=3&limit=2",
    ]);
}

#[tokio::test]
async fn an_offset_starts_where_it_is_told_under_other_names() {
    let spec = paged(
        "{ type: offset, limit: 2, base_offset: 0, offset: 1, offset_param: skip, limit_param: take, \
         total_path: count }",
    );
    let run = fetch(&spec, list(4)).await;
    run.brings(&json!([1, 2, 3]));
    run.asks(&["GET /things?skip=1&take=2", "GET /things?skip=3&take=2"]);
}

#[tokio::test]
async fn each_end_of_an_offset_stops_it_and_the_first_to_say_so_does() {
    let requests = |count: usize| {
        let request = |page: usize| format!("GET /things?offset={}&limit=2", 2 * page);
        (0..count).map(request).collect::<Vec<_>>()
    };
    for (ends, count, records, complete) in [
        ("total_path: count", 3, 6, true),
        ("total_header: X-Total", 3, 6, true),
        ("has_more_path: more", 2, 4, true),
        ("maximum_offset: 4", 2, 4, false),
        ("maximum_offset: 3", 2, 4, false),
        ("maximum_pages: 1", 1, 2, false),
        ("stop_after_short_page: true", 4, 6, true),
        // More ends than one, joined by or.
        ("total_path: count, maximum_offset: 2", 1, 2, false),
        ("has_more_path: more, maximum_offset: 2", 1, 2, false),
        ("has_more_path: more, maximum_pages: 9", 2, 4, true),
    ] {
        let spec = paged(&format!("{{ type: offset, limit: 2, {ends} }}"));
        let run = fetch(&spec, |asked| {
            let from = asked.number_in("offset").unwrap_or(0);
            let page = numbers(from.min(6), (from + 2).min(6));
            // It says that there is no more after four, and in all that there are six.
            Reply::json(&with(page, json!({ "count": 6, "more": from < 2 }))).header("X-Total", "6")
        })
        .await;
        run.brings(&json!((0..records).collect::<Vec<_>>()));
        assert_eq!(run.asked, requests(count), "{ends}");
        let reached = run.notes().contains("maximum_");
        assert_eq!(reached, !complete, "{ends}: {}", run.notes());
    }
}

#[tokio::test]
async fn an_empty_page_that_is_no_end_needs_another() {
    let spec = paged("{ type: page_number, stop_after_empty_page: false, has_more_path: more }");
    let run = fetch(&spec, |asked| match asked.number_in("page") {
        Some(1) => Reply::json(&json!({ "data": [], "more": true })),
        Some(page) => Reply::json(&json!({ "data": [page], "more": page < 2 })),
        None => Reply::status(400),
    })
    .await;
    run.brings(&json!([0, 2]));
    run.asks(&[
        "GET /things?page=0",
        "GET /things?page=1",
        "GET /things?page=2",
    ]);
}

#[tokio::test]
async fn a_total_that_no_page_reaches_is_incomplete() {
    let spec = paged("{ type: offset, limit: 2, stop_after_empty_page: false, total_path: count }");
    let run = fetch(&spec, |asked| match asked.number_in("offset") {
        Some(0) => Reply::json(&json!({ "data": [0, 1], "count": 5 })),
        _ => Reply::json(&json!({ "data": [], "count": 5 })),
    })
    .await;
    run.fails(&ErrorKind::Incomplete, &["5 records, 2 arrived"]);
    assert_eq!(run.records, [json!(0), json!(1)]);
}

#[tokio::test]
async fn a_page_number_starts_at_its_base_or_past_it() {
    for (paginator, first, records) in [
        (
            "{ type: page_number, total_path: pages }",
            0,
            vec![0, 1, 2, 3, 4],
        ),
        (
            "{ type: page_number, base_page: 1, total_path: pages }",
            1,
            vec![0, 1, 2, 3, 4],
        ),
        (
            "{ type: page_number, base_page: 1, page: 2, total_path: pages }",
            2,
            vec![2, 3, 4],
        ),
        (
            "{ type: page_number, page: 1, total_path: pages }",
            1,
            vec![2, 3, 4],
        ),
    ] {
        let base = usize::from(paginator.contains("base_page: 1"));
        let run = fetch(&paged(paginator), numbered(base, 5)).await;
        run.brings(&json!(records));
        let last = 3 + base;
        let expected: Vec<String> = (first..last)
            .map(|page| format!("GET /things?page={page}"))
            .collect();
        assert_eq!(run.asked, expected, "{paginator}");
    }
}

#[tokio::test]
async fn an_offset_counts_from_its_base() {
    for (paginator, base, first) in [
        ("base_offset: 1, total_path: total", 1, 0),
        ("offset: 1, total_path: total", 1, 0),
        ("base_offset: 1, offset: 3, total_path: total", 1, 2),
        ("base_offset: 0, offset: 1, total_path: total", 0, 1),
        ("base_offset: 1", 1, 0),
        (
            "base_offset: 1, maximum_offset: 100, stop_after_short_page: true",
            1,
            0,
        ),
    ] {
        for records in 1..9 {
            for concurrency in [1, 4] {
                let spec = paged(&format!("{{ type: offset, limit: 3, {paginator} }}"));
                let world = World::new(&spec, move |asked| {
                    let start = (asked.number_in("offset").unwrap() - base).min(records);
                    let page: Vec<_> = (start..records).take(3).collect();
                    Reply::json(&json!({ "data": page, "total": records }))
                })
                .await;
                let run = world.run_as(|fetch| fetch.concurrency(concurrency)).await;
                let expected: Vec<_> = (first..records).collect();
                assert!(run.end.is_ok(), "{paginator}, {records}: {:?}", run.end);
                assert_eq!(run.records, expected, "{paginator}");
            }
        }
    }
}

#[tokio::test]
async fn a_page_size_is_sent_and_a_short_page_told_by_it() {
    let spec = paged(
        "{ type: page_number, base_page: 1, page_param: p, page_size: 2, page_size_param: size, \
         stop_after_short_page: true }",
    );
    let run = fetch(&spec, |asked| {
        let from = 2 * (asked.number_in("p").unwrap_or(1) - 1);
        Reply::json(&numbers(from.min(3), (from + 2).min(3)))
    })
    .await;
    run.brings(&json!([0, 1, 2]));
    run.asks(&["GET /things?p=1&size=2", "GET /things?p=2&size=2"]);
}

#[tokio::test]
async fn each_end_of_a_page_number_stops_it() {
    for (ends, requests, records) in [
        ("", 4, 5),
        ("total_path: pages", 3, 5),
        ("total_header: X-Pages", 3, 5),
        ("has_more_path: more", 3, 5),
        ("maximum_page: 2", 2, 4),
        ("maximum_pages: 1", 1, 2),
    ] {
        let spec = paged(&format!("{{ type: page_number, {ends} }}"));
        let answer = numbered(0, 5);
        let run = fetch(&spec, move |asked| answer(asked).header("X-Pages", "3")).await;
        run.brings(&json!((0..records).collect::<Vec<_>>()));
        assert_eq!(run.asked.len(), requests, "{ends}");
        assert_eq!(
            run.notes().contains("maximum_"),
            ends.contains("maximum"),
            "{ends}"
        );
    }
}

/// The bodies of the requests that a paginator makes of a POST with this body.
async fn posted(paginator: &str, body: &str) -> Vec<String> {
    let spec = things(&format!(
        "path: things, method: POST, data_selector: data, paginator: {paginator}, {body}"
    ));
    let world = World::new(&spec, |asked| match asked.number {
        0 => Reply::json(&with(numbers(0, 2), json!({ "cursors": { "next": "c1" } }))),
        _ => Reply::json(&json!({ "data": [] })),
    })
    .await;
    world.run().await.brings(&json!([0, 1]));
    let asked = world.server.asked();
    assert!(
        asked.iter().all(|one| one.line() == "POST /things"),
        "{asked:?}"
    );
    asked.into_iter().map(|one| one.body).collect()
}

#[tokio::test]
async fn pages_are_asked_for_in_the_body() {
    assert_eq!(
        posted(
            "{ type: offset, limit: 2, offset_body_path: paging.from, limit_body_path: paging.size }",
            "json: { q: x }",
        )
        .await,
        [
            r#"{"paging":{"from":0,"size":2},"q":"x"}"#,
            r#"{"paging":{"from":2,"size":2},"q":"x"}"#
        ]
    );
    assert_eq!(
        posted(
            "{ type: page_number, page_body_path: page, page_size: 2, page_size_body_path: size }",
            "json: {}",
        )
        .await,
        [r#"{"page":0,"size":2}"#, r#"{"page":1,"size":2}"#]
    );
    assert_eq!(
        posted(
            "{ type: cursor, cursor_body_path: after }",
            "json: { q: x }"
        )
        .await,
        [r#"{"q":"x"}"#, r#"{"after":"c1","q":"x"}"#]
    );
    assert_eq!(
        posted(
            "{ type: cursor, cursor_body_path: after }",
            "data: { q: x y }"
        )
        .await,
        ["q=x+y", "q=x+y&after=c1"]
    );
}

#[tokio::test]
async fn a_cursor_in_a_body_keeps_its_type() {
    let spec = things(
        "path: things, method: POST, json: {}, data_selector: data, \
         paginator: { type: cursor, cursor_path: next, cursor_body_path: after }",
    );
    for (cursor, body) in [
        (json!(17), r#"{"after":17}"#),
        (json!(-17), r#"{"after":-17}"#),
        (json!(u64::MAX), r#"{"after":18446744073709551615}"#),
        (json!(1.5), r#"{"after":1.5}"#),
        (json!("17"), r#"{"after":"17"}"#),
        (json!("a"), r#"{"after":"a"}"#),
    ] {
        let first = Reply::json(&json!({ "data": [0], "next": cursor }));
        let world = World::new(&spec, in_turn([first, Reply::json(&numbers(1, 2))])).await;
        world.run().await.brings(&json!([0, 1]));
        let asked = world.server.asked();
        assert_eq!((&*asked[0].body, &*asked[1].body), ("{}", body));
    }
}

#[tokio::test]
async fn a_cursor_is_sent_as_it_came_and_ends_with_nothing() {
    for last in [json!(null), json!(""), json!(false), json!({})] {
        let last = match last {
            json if json.is_object() => json!({ "data": [2] }),
            value => json!({ "data": [2], "cursors": { "next": value } }),
        };
        let run = fetch(
            &paged("{ type: cursor }"),
            in_turn([
                Reply::json(&json!({ "data": [0], "cursors": { "next": "a b+c/=&ü" } })),
                Reply::json(&json!({ "data": [1], "cursors": { "next": 17 } })),
                Reply::json(&last),
            ]),
        )
        .await;
        run.brings(&json!([0, 1, 2]));
        run.asks(&[
            "GET /things",
            "GET /things?cursor=a%20b%2Bc/%3D%26%C3%BC",
            "GET /things?cursor=17",
        ]);
    }
}

#[tokio::test]
async fn the_first_page_may_have_a_cursor_of_its_own() {
    for (place, asked) in [
        (
            "path: things, params: { cursor: \"*\" }",
            ["GET /things?cursor=%2A", "GET /things?cursor=c1"],
        ),
        (
            "path: \"things?cursor=a&x=y\"",
            ["GET /things?cursor=a&x=y", "GET /things?cursor=c1&x=y"],
        ),
    ] {
        let spec = things(&format!("{place}, data_selector: data, paginator: cursor"));
        let pages = [
            Reply::json(&json!({ "data": [0], "cursors": { "next": "c1" } })),
            Reply::json(&json!({ "data": [1], "cursors": {} })),
        ];
        let run = fetch(&spec, in_turn(pages)).await;
        run.brings(&json!([0, 1]));
        run.asks(&asked);
    }
}

#[tokio::test]
async fn a_cursor_stops_where_has_more_or_an_empty_page_says_so() {
    let page = |data: &[u8], more: bool| {
        Reply::json(&json!({ "data": data, "next": format!("c{}", data.len()), "more": more }))
    };
    let fields = "type: cursor, cursor_path: next, cursor_param: after";
    let run = fetch(
        &paged(&format!("{{ {fields}, has_more_path: more }}")),
        in_turn([page(&[0, 1], true), page(&[2], false)]),
    )
    .await;
    run.brings(&json!([0, 1, 2]));
    run.asks(&["GET /things", "GET /things?after=c2"]);

    let empty = || in_turn([page(&[0, 1], true), page(&[], true), page(&[9], true)]);
    let run = fetch(
        &paged(&format!("{{ {fields}, stop_after_empty_page: true }}")),
        empty(),
    )
    .await;
    run.brings(&json!([0, 1]));
    // An empty page with a cursor is not the end unless that is said: filters leave such pages.
    let run = fetch(
        &paged(&format!("{{ {fields}, maximum_pages: 3 }}")),
        empty(),
    )
    .await;
    run.brings(&json!([0, 1, 9]));
}

#[tokio::test]
async fn a_cursor_that_is_absent_is_the_end() {
    let spec = paged("{ type: cursor, cursor_path: next, has_more_path: more }");
    for last in [json!({}), json!({ "next": null }), json!({ "next": "" })] {
        let run = fetch(
            &spec,
            in_turn([
                Reply::json(&json!({ "data": [0], "next": "a", "more": true })),
                Reply::json(&with(json!({ "data": [1] }), last)),
            ]),
        )
        .await;
        run.brings(&json!([0, 1]));
    }
    // With a cursor the flag has to say something.
    let run = fetch(&spec, |_| Reply::json(&json!({ "data": [0], "next": "a" }))).await;
    run.fails(&ErrorKind::Paging, &["flag at `$.more` is missing"]);
}

#[tokio::test]
async fn a_cursor_of_a_header_ends_with_it() {
    for last in ["", " "] {
        let run = fetch(
            &paged("{ type: header_cursor, cursor_key: X-Next, cursor_param: after }"),
            in_turn([
                Reply::json(&numbers(0, 1)).header("X-Next", "a/b"),
                Reply::json(&numbers(1, 2)).header("x-next", "c"),
                Reply::json(&numbers(2, 3)).header("X-Next", last),
            ]),
        )
        .await;
        run.brings(&json!([0, 1, 2]));
        run.asks(&[
            "GET /things",
            "GET /things?after=a/b",
            "GET /things?after=c",
        ]);
    }
    let run = fetch(
        &paged("header_cursor"),
        in_turn([
            Reply::json(&numbers(0, 1)).header("next", "n"),
            Reply::json(&numbers(1, 2)),
        ]),
    )
    .await;
    run.brings(&json!([0, 1]));
    run.asks(&["GET /things", "GET /things?cursor=n"]);
}

#[tokio::test]
async fn an_endpoints_paginator_wins_over_a_defaults_over_the_sources() {
    let spec = "
client: { base_url: $BASE, concurrency: 1, paginator: { type: offset, limit: 3 } }
resource_defaults: { columns: json, endpoint: { DEFAULT data_selector: data } }
resources:
  - { name: things, endpoint: { path: things OWN } }
";
    for (default, own, asked) in [
        ("", "", "GET /things?offset=0&limit=3"),
        ("paginator: page_number,", "", "GET /things?page=0"),
        (
            "paginator: page_number,",
            ", paginator: single_page",
            "GET /things",
        ),
        // Maps are merged key by key, and an explicit null removes the default.
        (
            "paginator: { type: offset, limit: 5, offset_param: skip },",
            ", paginator: { limit: 7 }",
            "GET /things?skip=0&limit=7",
        ),
        (
            "paginator: page_number,",
            ", paginator: ~",
            "GET /things?offset=0&limit=3",
        ),
    ] {
        let spec = spec.replace("DEFAULT", default).replace("OWN", own);
        let run = fetch(&spec, |_| Reply::json(&json!({ "data": [] }))).await;
        run.asks(&[asked]);
    }
}

#[tokio::test]
async fn the_first_and_a_limit_ask_for_no_page_too_many() {
    let world = World::new(&paged("{ type: offset, limit: 2 }"), list(100)).await;
    world
        .run_as(|fetch| fetch.limit(3))
        .await
        .brings(&json!([0, 1, 2]));
    assert_eq!(world.asked().len(), 2);
}
