//! Where pages end, and what is said where they do not, or not as they should.

use std::sync::atomic::{AtomicUsize, Ordering};

use rest_source::ErrorKind;
use rest_source_testkit::{Asked, Reply};
use serde_json::{Value, json};

use crate::world::{World, fetch, in_turn, numbers, paged, source, with};

/// Records with a key, of pages that follow each other in this way.
fn keyed(paginator: &str) -> String {
    let endpoint = format!("{{ path: things, data_selector: data, paginator: {paginator} }}");
    source(
        "concurrency: 1",
        &endpoint,
        "{ id: bigint }, primary_key: id",
    )
}

fn keys(ids: [u32; 2]) -> Value {
    json!({ "data": ids.map(|id| json!({ "id": id })) })
}

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
        (
            json!({ "count": 1 }),
            "total is 1, but 2 records have been received",
        ),
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
async fn a_declared_total_that_is_not_reached_is_incomplete_unless_accepted() {
    let too_large = |asked: &Asked| {
        let from = asked.number_in("offset").unwrap_or(0).min(3);
        Reply::json(&with(
            numbers(from, (from + 2).min(3)),
            json!({ "count": 10 }),
        ))
    };
    let spec = paged("{ type: offset, limit: 2, total_path: count }");
    let run = fetch(&spec, too_large).await;
    run.fails(
        &ErrorKind::Incomplete,
        &[
            "`$.count` states 10 records, 3 arrived",
            "`accept_short_total: true`",
        ],
    );
    assert_eq!(run.records.len(), 3, "what arrived is delivered");
    let spec = paged("{ type: offset, limit: 2, total_path: count, accept_short_total: true }");
    fetch(&spec, too_large).await.brings(&json!([0, 1, 2]));
}

#[tokio::test]
async fn an_empty_page_below_a_total_is_requested_again_and_then_passed_over() {
    // The second page is hidden: once, or always.
    for (paginator, hides, fails) in [
        ("{ type: offset, limit: 2, total_path: count }", 1, false),
        ("{ type: offset, limit: 2, total_path: count }", 9, true),
        ("{ type: page_number, total_path: pages }", 1, false),
    ] {
        let hidden = AtomicUsize::new(0);
        let run = fetch(&paged(paginator), move |asked| {
            let page = asked.number_in("page").map(|page| 2 * page);
            let from = page.or(asked.number_in("offset")).unwrap_or(0);
            let is_hidden = from == 2 && hidden.fetch_add(1, Ordering::Relaxed) < hides;
            let records = if is_hidden {
                0..0
            } else {
                from..(from + 2).min(6)
            };
            let said = json!({ "count": 6, "pages": 3 });
            Reply::json(&with(numbers(records.start, records.end), said))
        })
        .await;
        if fails {
            run.fails(&ErrorKind::Incomplete, &["6 records, 4 arrived"]);
            assert_eq!(run.records.len(), 4, "{paginator}");
        } else {
            run.brings(&json!([0, 1, 2, 3, 4, 5]));
        }
    }
}

#[tokio::test]
async fn an_empty_page_goes_on_while_the_flag_says_more() {
    for paginator in [
        "{ type: offset, limit: 2, has_more_path: more }",
        "{ type: page_number, has_more_path: more }",
    ] {
        let run = fetch(&paged(paginator), |asked| {
            let page = asked.number_in("page").map(|page| 2 * page);
            let from = page.or(asked.number_in("offset")).unwrap_or(0);
            let to = if from == 2 { from } else { from + 2 };
            Reply::json(&with(numbers(from, to), json!({ "more": from < 6 })))
        })
        .await;
        run.brings(&json!([0, 1, 4, 5, 6, 7]));
    }
}

#[tokio::test]
async fn a_short_page_is_not_the_last_below_a_declared_total() {
    let spec = paged("{ type: offset, limit: 5, total_path: count, stop_after_short_page: true }");
    let run = fetch(&spec, |asked| {
        let from = asked.number_in("offset").unwrap_or(0);
        Reply::json(&with(numbers(from, from + 2), json!({ "count": 6 })))
    })
    .await;
    run.brings(&json!([0, 1, 2, 3, 4, 5]));
}

#[tokio::test]
async fn a_total_checks_links_and_cursors_too() {
    for paginator in [
        "{ type: json_link, total_path: count }",
        "{ type: cursor, cursor_path: next, total_path: count }",
        "{ type: header_link, total_header: X-Total }",
        "{ type: single_page, total_path: count }",
    ] {
        for (total, fails) in [(2, false), (5, true)] {
            let run = fetch(&paged(paginator), move |_| {
                let page = with(numbers(0, 2), json!({ "count": total }));
                Reply::json(&page).header("X-Total", total.to_string())
            })
            .await;
            if fails {
                run.fails(&ErrorKind::Incomplete, &["states 5 records, 2 arrived"]);
            } else {
                run.brings(&json!([0, 1]));
            }
        }
    }
}

#[tokio::test]
async fn a_flag_that_says_more_without_a_cursor_or_link_is_an_error() {
    for paginator in [
        "{ type: cursor, cursor_path: nxt, has_more_path: more }",
        "{ type: json_link, next_url_path: nxt, has_more_path: more }",
        "{ type: header_link, has_more_path: more }",
        "{ type: header_cursor, cursor_key: X-Nxt, has_more_path: more }",
    ] {
        let run = fetch(&paged(paginator), |_| {
            Reply::json(&with(numbers(0, 2), json!({ "more": true, "next": "c" })))
        })
        .await;
        run.fails(&ErrorKind::Paging, &["`$.more`", "misspelt"]);
        assert_eq!(run.records.len(), 2, "{paginator}");
    }
}

#[tokio::test]
async fn a_flag_may_be_left_out_where_it_is_false() {
    let pages = |first: Value| {
        in_turn([
            Reply::json(&with(numbers(0, 2), first)),
            Reply::json(&numbers(2, 4)),
        ])
    };
    let spec = paged("{ type: offset, limit: 2, has_more_path: more }");
    let run = fetch(&spec, pages(json!({ "more": true }))).await;
    run.brings(&json!([0, 1, 2, 3]));
    let spec = paged("{ type: offset, limit: 2, has_more_path: more, has_more_default: false }");
    fetch(&spec, pages(json!({}))).await.brings(&json!([0, 1]));
}

#[tokio::test]
async fn a_repeated_cursor_or_link_is_the_end_where_the_spec_says_so() {
    for paginator in [
        "{ type: cursor, cursor_path: next, end_on_repeat: true }",
        "{ type: json_link, next_url_path: link, end_on_repeat: true }",
        "{ type: header_cursor, cursor_key: X-Next, end_on_repeat: true }",
        "{ type: header_link, end_on_repeat: true }",
    ] {
        let run = fetch(&paged(paginator), |asked| {
            let at = asked.number.min(1);
            let next = json!({ "next": format!("c{at}"), "link": format!("/things?n={at}") });
            Reply::json(&with(numbers(asked.number, asked.number + 1), next))
                .header("X-Next", format!("c{at}"))
                .header("Link", format!("</things?n={at}>; rel=next"))
        })
        .await;
        run.brings(&json!([0, 1, 2]));
    }
}

#[tokio::test]
async fn an_empty_page_that_links_to_itself_is_the_end() {
    let run = fetch(&paged("header_link"), |asked| {
        let at = asked.number.min(2);
        let to = if at == 2 { 2 } else { at + 1 };
        Reply::json(&with(numbers(at.min(2), (at + 1).min(2)), json!({})))
            .header("Link", format!("</things?after={to}>; rel=next"))
    })
    .await;
    run.brings(&json!([0, 1]));
}

#[tokio::test]
async fn an_undeclared_total_that_is_not_reached_is_a_warning_that_names_it() {
    for (paginator, said, field) in [
        ("single_page", json!({ "total": 9 }), "`$.total` states 9"),
        (
            "header_link",
            json!({ "meta": { "total": 9 } }),
            "`$.meta.total`",
        ),
        (
            "{ type: cursor, cursor_path: next }",
            json!({ "total_count": 9 }),
            "`$.total_count`",
        ),
    ] {
        let run = fetch(&paged(paginator), move |_| {
            Reply::json(&with(numbers(0, 2), said.clone()))
        })
        .await;
        run.brings(&json!([0, 1]));
        assert!(run.notes().contains(field), "{}", run.notes());
    }
}

#[tokio::test]
async fn a_page_without_content_below_the_total_or_the_flag_is_incomplete() {
    for paginator in [
        "{ type: offset, limit: 2, total_path: count }",
        "{ type: offset, limit: 2, has_more_path: more }",
        "{ type: cursor, cursor_path: next, has_more_path: more }",
    ] {
        let run = fetch(&paged(paginator), |asked| match asked.number {
            0 => Reply::json(&with(
                numbers(0, 2),
                json!({ "count": 6, "more": true, "next": "c" }),
            )),
            _ => Reply::status(204),
        })
        .await;
        run.fails(&ErrorKind::Incomplete, &[]);
        assert_eq!(run.records.len(), 2, "{paginator}");
    }
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
            &["pagination loop", "it leads to: cursor c0", "(200,"],
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
            run.fails(&ErrorKind::Paging, &["pagination loop"]);
        } else {
            run.brings(&json!((0..most).collect::<Vec<_>>()));
            assert!(run.notes().contains("`maximum_pages`"), "{}", run.notes());
        }
    }
}

#[tokio::test]
async fn the_same_page_twice_is_an_error_though_the_offset_moved() {
    for paginator in ["{ type: offset, limit: 2 }", "{ type: page_number }"] {
        let run = fetch(&keyed(paginator), |_| Reply::json(&keys([0, 1]))).await;
        let [first, second] = &run.asked[..] else {
            panic!("{:?}", run.asked)
        };
        let target = |line: &str| line.replace("GET ", "");
        run.fails(
            &ErrorKind::Paging,
            &[
                "page 2 has the same records as page 1",
                &target(first),
                &target(second),
            ],
        );
        assert_eq!(run.records.len(), 2);
    }
}

#[tokio::test]
async fn the_same_keys_in_another_order_are_an_error() {
    let run = fetch(&keyed("{ type: offset, limit: 2 }"), |asked| {
        Reply::json(&keys(if asked.number % 2 == 0 {
            [0, 1]
        } else {
            [1, 0]
        }))
    })
    .await;
    run.fails(
        &ErrorKind::Paging,
        &["page 2 has the same records as page 1"],
    );
}

#[tokio::test]
async fn equal_pages_of_records_without_a_key_are_no_error() {
    // Readings that are all alike.
    let run = fetch(&paged("{ type: offset, limit: 2 }"), |asked| {
        Reply::json(&json!({ "data": if asked.number < 3 { vec![0, 0] } else { vec![] } }))
    })
    .await;
    run.brings(&json!([0, 0, 0, 0, 0, 0]));
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
            "page 101 has the same records as page 1",
            "cursor=98",
            "cursor=99",
        ],
    );
    assert_eq!(run.asked.len(), 101);
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
        let endpoint = format!(
            "{{ path: things, data_selector: {selector}, paginator: {{ type: offset, limit: 2{ends} }} }}"
        );
        let spec = source(
            "concurrency: 1",
            &endpoint,
            "{ id: bigint }, primary_key: id",
        );
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
    run.fails(
        &ErrorKind::Paging,
        &["page 1 is empty", "`total_path` names the number of pages"],
    );
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
async fn an_empty_page_before_the_total_of_pages_is_incomplete() {
    let spec = paged("{ type: page_number, base_page: 1, total_path: total }");
    let run = fetch(&spec, |asked| {
        let last = 2 - asked.number.min(1) * 2;
        Reply::json(&with(numbers(0, last), json!({ "total": 4 })))
    })
    .await;
    run.fails(
        &ErrorKind::Incomplete,
        &["`$.total` states 4 pages, 1 with records arrived"],
    );
    assert_eq!(run.records.len(), 2);
}

#[tokio::test]
async fn page_0_that_is_the_same_as_page_1_may_be_page_1() {
    let run = fetch(&keyed("page_number"), |_| Reply::json(&keys([0, 1]))).await;
    run.fails(&ErrorKind::Paging, &["`base_page: 1`"]);
    let spec = keyed("{ type: page_number, base_page: 1 }");
    let run = fetch(&spec, |_| Reply::json(&keys([0, 1]))).await;
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
