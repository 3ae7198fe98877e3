//! Where pages end, and what is said where they do not, or not as they should.

use rest_source::ErrorKind;
use rest_source_tests::{Asked, Reply};
use serde_json::json;

use crate::world::{World, fetch, in_turn, numbers, paged, source, things, with};

#[tokio::test]
async fn a_status_of_the_end_is_one_past_the_first_page() {
    let spec = paged("{ type: page_number, stop_on_status: [404, 410] }");
    for status in [404, 410] {
        let run = fetch(
            &spec,
            in_turn([Reply::json(&numbers(0, 2)), Reply::status(status)]),
        )
        .await;
        run.brings(&json!([0, 1]));
        let run = fetch(&spec, in_turn([Reply::status(status)])).await;
        run.fails(&ErrorKind::Status(status), &[&format!("answered {status}")]);
    }
    let run = fetch(
        &spec,
        in_turn([Reply::json(&numbers(0, 2)), Reply::status(400)]),
    )
    .await;
    run.fails(&ErrorKind::Status(400), &["page=1"]);
    assert_eq!(run.records.len(), 2);
}

#[tokio::test]
async fn a_declared_total_is_believed_and_has_to_be_there() {
    for (total, says) in [
        (json!({}), "is missing"),
        (json!({ "count": null }), "is null"),
        (json!({ "count": "many" }), "\"many\""),
        (json!({ "count": -1 }), "-1"),
        (json!({ "count": 1.5 }), "1.5"),
        (json!({ "count": [3] }), "a list"),
        (json!({ "count": 1 }), "total is 1, but 2 records have come"),
    ] {
        let run = fetch(&paged("{ type: offset, limit: 2, total_path: count }"), {
            let page = with(numbers(0, 2), total);
            move |_| Reply::json(&page)
        })
        .await;
        run.fails(&ErrorKind::Paging, &[says]);
        assert_eq!(run.records.len(), 2, "what came is delivered before {says}");
    }
    for total in [json!("3"), json!(3.0), json!(3)] {
        let run = fetch(&paged("{ type: offset, limit: 2, total_path: count }"), {
            move |asked: &Asked| {
                let from = asked.number_in("offset").unwrap_or(0);
                Reply::json(&with(
                    numbers(from, (from + 2).min(3)),
                    json!({ "count": total }),
                ))
            }
        })
        .await;
        run.brings(&json!([0, 1, 2]));
        assert_eq!(run.asked.len(), 2);
    }
    let spec = paged("{ type: offset, limit: 2, total_header: X-Total }");
    let run = fetch(&spec, |_| Reply::json(&numbers(0, 2))).await;
    run.fails(&ErrorKind::Paging, &["header `X-Total` is missing"]);
    let run = fetch(&spec, |_| {
        Reply::json(&numbers(0, 2)).header("X-Total", "all")
    })
    .await;
    run.fails(&ErrorKind::Paging, &["header `X-Total` is \"all\""]);
}

#[tokio::test]
async fn a_declared_total_may_change_between_pages() {
    // A record is added, one is taken away, while the pages are fetched.
    for (totals, records) in [([4, 5, 5], 5), ([5, 5, 4], 4), ([2, 2, 2], 2)] {
        let run = fetch(
            &paged("{ type: offset, limit: 2, total_path: count }"),
            move |asked| {
                let from = asked.number_in("offset").unwrap_or(0);
                let total = totals[asked.number.min(2)];
                Reply::json(&with(
                    numbers(from.min(total), (from + 2).min(total)),
                    json!({ "count": total }),
                ))
            },
        )
        .await;
        run.brings(&json!((0..records).collect::<Vec<_>>()));
    }
}

#[tokio::test]
async fn a_declared_total_that_is_too_large_ends_with_an_empty_page_and_is_noted() {
    let spec = paged("{ type: offset, limit: 2, total_path: count }");
    let run = fetch(&spec, |asked| {
        let from = asked.number_in("offset").unwrap_or(0).min(3);
        Reply::json(&with(
            numbers(from, (from + 2).min(3)),
            json!({ "count": 10 }),
        ))
    })
    .await;
    run.brings(&json!([0, 1, 2]));
    assert!(
        run.notes().contains("the total is 10 and only 3 came"),
        "{}",
        run.notes()
    );
}

#[tokio::test]
async fn a_flag_of_more_has_to_be_one() {
    let spec = paged("{ type: offset, limit: 2, has_more_path: more }");
    for (flag, says) in [
        (json!({}), "is missing"),
        (json!({ "more": "perhaps" }), "perhaps"),
        (json!({ "more": 2 }), "is 2"),
    ] {
        let page = with(numbers(0, 2), flag);
        let run = fetch(&spec, move |_| Reply::json(&page)).await;
        run.fails(&ErrorKind::Paging, &["flag at `$.more`", says]);
    }
    for (yes, no) in [(json!("true"), json!("false")), (json!(1), json!(0))] {
        let run = fetch(
            &spec,
            in_turn([
                Reply::json(&with(numbers(0, 2), json!({ "more": yes }))),
                Reply::json(&with(numbers(2, 4), json!({ "more": no }))),
            ]),
        )
        .await;
        run.brings(&json!([0, 1, 2, 3]));
    }
}

#[tokio::test]
async fn what_ends_the_pages_ends_them_without_the_flag_too() {
    // The page that starts at this record does not say whether it is the last.
    for (paginator, silent) in [
        ("{ type: offset, limit: 2, has_more_path: more }", 4),
        (
            "{ type: offset, limit: 2, has_more_path: more, total_path: count }",
            2,
        ),
        (
            "{ type: offset, limit: 2, has_more_path: more, maximum_offset: 4 }",
            2,
        ),
        ("{ type: page_number, has_more_path: more }", 4),
        (
            "{ type: page_number, has_more_path: more, total_path: pages }",
            2,
        ),
        (
            "{ type: page_number, has_more_path: more, maximum_page: 2 }",
            2,
        ),
    ] {
        let run = fetch(&paged(paginator), move |asked| {
            let page = asked.number_in("page").map(|page| 2 * page);
            let from = page.or(asked.number_in("offset")).unwrap_or(0);
            let said = if from == silent {
                json!({})
            } else {
                json!({ "more": true })
            };
            let page = with(numbers(from, (from + 2).min(4)), said);
            Reply::json(&with(page, json!({ "count": 4, "pages": 2 })))
        })
        .await;
        run.brings(&json!([0, 1, 2, 3]));
    }
}

#[tokio::test]
async fn a_cap_moves_the_offset_by_what_came_and_is_noted() {
    for end in ["total_path: count", "has_more_path: more"] {
        let run = fetch(
            &paged(&format!("{{ type: offset, limit: 5, {end} }}")),
            |asked| {
                let from = asked.number_in("offset").unwrap_or(0);
                let page = numbers(from, (from + 2).min(5));
                Reply::json(&with(page, json!({ "count": 5, "more": from + 2 < 5 })))
            },
        )
        .await;
        run.brings(&json!([0, 1, 2, 3, 4]));
        run.asks(&[
            "GET /things?offset=0&limit=5",
            "GET /things?offset=2&limit=5",
            "GET /things?offset=4&limit=5",
        ]);
        assert!(
            run.notes()
                .contains("does not honour the page size 5: it gave 2"),
            "{}",
            run.notes()
        );
    }
}

#[tokio::test]
async fn a_total_that_counts_the_page_is_no_end_where_more_is_said_to_come() {
    for paginator in [
        "{ type: offset, limit: 5, has_more_path: more }",
        "{ type: page_number, page_size: 5, page_size_param: size, has_more_path: more }",
    ] {
        let run = fetch(&paged(paginator), |asked| {
            let page = asked.number_in("page").map(|page| 2 * page);
            let from = page.or(asked.number_in("offset")).unwrap_or(0);
            // Two records a page, whatever is asked, and a total of these.
            let more = json!({ "total": 2, "more": from + 2 < 6 });
            Reply::json(&with(numbers(from, from + 2), more))
        })
        .await;
        run.brings(&json!([0, 1, 2, 3, 4, 5]));
        assert_eq!(run.asked.len(), 3, "{paginator}");
    }
}

#[tokio::test]
async fn what_is_asked_for_past_the_end_by_a_wrong_hint_is_no_error() {
    // Side by side, pages are asked for that are not there, and refused.
    for refusal in [
        Reply::status(400),
        Reply::status(503),
        Reply::status(429).header("Retry-After", "3600"),
    ] {
        let spec = source(
            "concurrency: 8",
            "{ path: things, data_selector: data, paginator: { type: offset, limit: 10 } }",
            "json",
        );
        let run = fetch(&spec, move |asked| {
            match asked.number_in("offset").unwrap() {
                from if from > 25 => refusal.clone(),
                from => Reply::json(&with(
                    numbers(from, (from + 10).min(25)),
                    json!({ "total": 1000 }),
                )),
            }
        })
        .await;
        run.brings(&json!((0..25).collect::<Vec<_>>()));
    }
}

#[tokio::test]
async fn cursors_in_a_circle_are_an_error_that_names_both_requests() {
    // a, b, …, and then a again.
    for length in [1, 2, 900] {
        let run = fetch(
            &paged("{ type: cursor, cursor_path: next }"),
            move |asked| {
                let at = asked.number;
                Reply::json(&json!({ "data": [at], "next": format!("c{}", at % length) }))
            },
        )
        .await;
        run.fails(
            &ErrorKind::Paging,
            &["in a circle", "it leads to: cursor c0", "(200,"],
        );
        assert_eq!(
            run.records.len(),
            length + 1,
            "what came before is delivered"
        );
    }
}

#[tokio::test]
async fn the_most_pages_end_what_would_go_in_a_circle_after_them() {
    for (most, fails) in [(1, false), (2, false), (3, true)] {
        let spec = paged(&format!("{{ type: json_link, maximum_pages: {most} }}"));
        let run = fetch(&spec, |asked| {
            let at = asked.number;
            Reply::json(&with(
                numbers(at, at + 1),
                json!({ "next": "/things?page=2" }),
            ))
        })
        .await;
        if fails {
            run.fails(&ErrorKind::Paging, &["in a circle"]);
        } else {
            run.brings(&json!((0..most).collect::<Vec<_>>()));
            assert!(run.notes().contains("`maximum_pages`"), "{}", run.notes());
        }
    }
}

#[tokio::test]
async fn the_same_page_twice_is_an_error_though_the_offset_moved() {
    for paginator in ["{ type: offset, limit: 2 }", "{ type: page_number }"] {
        let run = fetch(&paged(paginator), |_| Reply::json(&numbers(0, 2))).await;
        let [first, second] = &run.asked[..] else {
            panic!("{:?}", run.asked)
        };
        let target = |line: &str| line.replace("GET ", "");
        run.fails(
            &ErrorKind::Paging,
            &[
                "two pages in a row have the same records",
                &target(first),
                &target(second),
            ],
        );
        assert_eq!(run.records.len(), 2);
    }
}

#[tokio::test]
async fn the_same_page_from_another_cursor_or_link_is_no_error() {
    // Three events that are alike, one a page.
    for paginator in [
        "{ type: cursor, cursor_path: next }",
        "{ type: cursor, cursor_path: number }",
        "{ type: json_link, next_url_path: link }",
        "{ type: header_cursor, cursor_key: X-Next }",
        "header_link",
    ] {
        let run = fetch(&paged(paginator), |asked| match asked.number {
            2 => Reply::json(&numbers(7, 8)),
            at => Reply::json(&with(
                numbers(7, 8),
                json!({ "next": format!("c{at}"), "number": at, "link": format!("/things?n={at}") }),
            ))
            .header("X-Next", format!("c{at}"))
            .header("Link", format!("</things?n={at}>; rel=next")),
        })
        .await;
        run.brings(&json!([7, 7, 7]));
        assert_eq!(run.asked.len(), 3, "{paginator}");
    }
}

#[tokio::test]
async fn the_same_page_from_ever_other_cursors_is_an_error_in_the_end() {
    let spec = paged("{ type: cursor, cursor_path: next }");
    let run = fetch(&spec, |asked| {
        Reply::json(&with(numbers(7, 8), json!({ "next": asked.number })))
    })
    .await;
    run.fails(
        &ErrorKind::Paging,
        &[
            "1000 pages in a row have the same records",
            "cursor=997",
            "cursor=998",
        ],
    );
    assert_eq!(run.asked.len(), 1_000);
}

#[tokio::test]
async fn the_same_records_twice_are_an_error_whatever_stands_beside_them() {
    for (selector, ends) in [
        ("data", ""),
        ("data", ", total_path: total"),
        ("deep.data", ", has_more_path: more"),
        ("\"$.data[*]\"", ""),
        ("\"$.deep.data[0:2]\"", ""),
    ] {
        let spec = things(&format!(
            "path: things, data_selector: {selector}, paginator: {{ type: offset, limit: 2{ends} }}"
        ));
        let run = fetch(&spec, |asked| {
            let data = json!([{ "id": 1 }, { "id": 2 }]);
            Reply::json(&json!({
                "asked": asked.number, "data": data, "deep": { "data": data, "more": true },
                "more": true, "request_id": asked.number, "total": 6,
            }))
        })
        .await;
        run.fails(&ErrorKind::Paging, &["the same records", "offset=2"]);
        assert_eq!(
            (run.records.len(), run.asked.len()),
            (2, 2),
            "{selector}{ends}"
        );
    }
}

#[tokio::test]
async fn records_that_differ_in_what_no_column_takes_are_not_the_same() {
    let spec = source(
        "concurrency: 1",
        "{ path: things, paginator: { type: offset, limit: 1 } }",
        "{ status: text }",
    );
    let run = fetch(&spec, |asked| match asked.number {
        3 => Reply::json(&json!([])),
        id => Reply::json(&json!([{ "id": id, "status": "open" }])),
    })
    .await;
    run.brings(&json!([{ "status": "open" }, { "status": "open" }, { "status": "open" }]));
}

#[tokio::test]
async fn a_first_page_that_is_empty_though_the_total_says_otherwise_is_an_error() {
    let empty = |_: &Asked| Reply::json(&json!({ "data": [], "total": 4 }));
    let from_zero = paged("{ type: page_number, total_path: total }");
    let run = fetch(&from_zero, empty).await;
    run.fails(
        &ErrorKind::Paging,
        &[
            "page 0 is empty, though the total is 4 pages",
            "`base_page: 1`",
        ],
    );
    let one = |_: &Asked| Reply::json(&json!({ "data": [], "total": 1 }));
    fetch(&from_zero, one).await.fails(
        &ErrorKind::Paging,
        &["though the total is 1 page\n", "`base_page: 1`"],
    );
    let from_one = "{ type: page_number, base_page: 1, total_path: total }";
    let run = fetch(&paged(from_one), empty).await;
    run.fails(&ErrorKind::Paging, &["page 1 is empty", "`total_path`"]);
    assert!(!run.error().to_string().contains("base_page: 1"));
    // Many an API says of nothing that it is one page.
    fetch(&paged(from_one), one).await.brings(&json!([]));

    let run = fetch(
        &paged("{ type: offset, limit: 2, total_path: total }"),
        empty,
    )
    .await;
    run.fails(
        &ErrorKind::Paging,
        &[
            "offset 0 is empty, though the total is 4",
            "`data_selector`",
        ],
    );
}

#[tokio::test]
async fn an_empty_page_before_the_total_is_noted_past_the_first() {
    // The rest was deleted meanwhile.
    let spec = paged("{ type: page_number, base_page: 1, total_path: total }");
    let run = fetch(&spec, |asked| {
        let last = 2 - asked.number.min(1) * 2;
        Reply::json(&with(numbers(0, last), json!({ "total": 4 })))
    })
    .await;
    run.brings(&json!([0, 1]));
    assert!(
        run.notes()
            .contains("an empty page, though the total is 4 pages"),
        "{}",
        run.notes()
    );
}

#[tokio::test]
async fn page_0_that_is_the_same_as_page_1_may_be_page_1() {
    let spec = paged("page_number");
    let run = fetch(&spec, |_| Reply::json(&numbers(0, 2))).await;
    run.fails(&ErrorKind::Paging, &["`base_page: 1`"]);
    let spec = paged("{ type: page_number, base_page: 1 }");
    let run = fetch(&spec, |_| Reply::json(&numbers(0, 2))).await;
    assert!(!run.error().to_string().contains("base_page"));
}

#[tokio::test]
async fn records_are_the_same_at_every_concurrency() {
    for concurrency in [1, 2, 5, 16] {
        for paginator in [
            "{ type: offset, limit: 2, total_path: count }",
            "{ type: offset, limit: 2 }",
            "{ type: page_number, total_path: pages }",
            "{ type: page_number }",
        ] {
            let spec = source(
                &format!("concurrency: {concurrency}"),
                &format!("{{ path: things, data_selector: data, paginator: {paginator} }}"),
                "json",
            );
            let world = World::new(&spec, |asked| {
                let from = match asked.number_in("page") {
                    Some(page) => 2 * page,
                    None => asked.number_in("offset").unwrap_or(0),
                };
                let page = numbers(from.min(41), (from + 2).min(41));
                Reply::json(&with(page, json!({ "count": 41, "pages": 21 })))
            })
            .await;
            world
                .run()
                .await
                .brings(&json!((0..41).collect::<Vec<_>>()));
            let mut asked = world.asked();
            asked.sort();
            asked.dedup();
            assert_eq!(asked.len(), world.asked().len(), "nothing is asked twice");
            let declared = paginator.contains("total_path");
            assert_eq!(asked.len(), if declared { 21 } else { 22 }, "{paginator}");
        }
    }
}
