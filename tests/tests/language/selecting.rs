//! Where in a response the records are.

use rest_source::ErrorKind;
use rest_source_testkit::Reply;
use serde_json::{Value, json};

use crate::world::{Run, fetch, in_turn, source, things};

/// A single page, its records where `selector` says.
async fn single(selector: &str, body: Value) -> Run {
    let spec = things(&format!("path: things, paginator: single_page {selector}"));
    fetch(&spec, move |_| Reply::json(&body)).await
}

/// The first of pages, the next being empty.
async fn first_of(selector: &str, body: Value) -> Run {
    let spec = things(&format!(
        "path: things, paginator: {{ type: json_link, next_url_path: after }} {selector}"
    ));
    fetch(&spec, move |_| Reply::json(&body)).await
}

#[tokio::test]
async fn without_a_selector_the_root_is_a_list_or_one_record() {
    single("", json!([1, { "a": 2 }, [3], null]))
        .await
        .brings(&json!([1, { "a": 2 }, [3], null]));
    single("", json!([])).await.brings(&json!([]));
    single("", json!({ "data": [1] }))
        .await
        .brings(&json!([{ "data": [1] }]));
    first_of("", json!([1, 2])).await.brings(&json!([1, 2]));
    let run = first_of(
        "",
        json!({ "more": { "items": [2] }, "data": [1], "size": 1 }),
    )
    .await;
    run.fails(
        &ErrorKind::Response,
        &[
            "in it: the lists `$.data`, `$.more.items`",
            "help: `data_selector: data`",
        ],
    );
    for body in [json!(1), json!("text"), json!(true)] {
        single("", body.clone()).await.error();
        first_of("", body).await.error();
    }
}

/// A single page of typed records, without a selector.
async fn typed(columns: &str, body: Value) -> Run {
    let endpoint = "{ path: things, paginator: single_page }";
    let spec = source("concurrency: 1", endpoint, columns);
    fetch(&spec, move |_| Reply::json(&body)).await
}

#[tokio::test]
async fn a_root_with_none_of_the_columns_is_no_record() {
    let body = json!({ "data": [{ "id": 1 }, { "id": 2 }], "total": 2 });
    for columns in [
        "{ id: bigint, name: text }",
        "{ id: bigint, city: { data_type: text, from: address.city } }",
    ] {
        let run = typed(columns, body.clone()).await;
        run.fails(
            &ErrorKind::Response,
            &[
                "the response has an object at `$` with none of the columns",
                "in it: the list `$.data`",
                "help: `data_selector: data`",
            ],
        );
        assert_eq!(run.records, [] as [Value; 0]);
    }
    let run = typed("{ id: bigint }", json!({ "result": { "id": 1 } })).await;
    run.fails(
        &ErrorKind::Response,
        &["there is no list in it: it has the key `result`"],
    );
    // One of them is enough, though it is null; and an object without keys says nothing else.
    for (body, record) in [
        (
            json!({ "id": null, "data": [] }),
            json!({ "id": null, "name": null }),
        ),
        (json!({}), json!({ "id": null, "name": null })),
    ] {
        typed("{ id: bigint, name: text }", body)
            .await
            .brings(&json!([record]));
    }
}

#[tokio::test]
async fn where_a_key_is_missing_beside_lists_the_help_names_the_selector_first() {
    let body = json!({ "data": [{ "id": 1 }], "total": 1 });
    let run = typed("{ id: bigint!, total: bigint }", body).await;
    run.fails(
        &ErrorKind::Schema,
        &[
            "$.id",
            "help: `data_selector: data`, if the records are in there; or else",
        ],
    );
    let run = typed("{ id: bigint!, total: bigint }", json!({ "total": 1 })).await;
    assert!(!run.error().to_string().contains("`data_selector"));
}

#[tokio::test]
async fn a_place_is_a_path_with_or_without_its_root() {
    let body = json!({
        "data": [1], "a": { "b": [2], "b c": [{ "d": [3] }, { "d": [4, 5] }] }, "a.b": [6],
    });
    for (selector, records) in [
        ("data", json!([1])),
        ("$.data", json!([1])),
        ("a.b", json!([2])),
        ("$.a.b", json!([2])),
        ("$['a']['b']", json!([2])),
        ("$['a.b']", json!([6])),
        ("$.a['b c'][1].d", json!([4, 5])),
        ("$.a['b c'][-1].d", json!([4, 5])),
        // A query's matches are the records, whatever their number.
        ("$.a['b c'][*].d[*]", json!([3, 4, 5])),
        // One that is a list holds records, wherever it is.
        ("$.a['b c'][*].d", json!([3, 4, 5])),
        ("$.a['b c'][0:1].d", json!([3])),
        ("$..d[0]", json!([3, 4])),
        ("$.a['b c'][?@.d[1] == 5].d", json!([4, 5])),
        ("$.data[*]", json!([1])),
    ] {
        let written = format!(", data_selector: \"{selector}\"");
        let run = single(&written, body.clone()).await;
        assert!(run.end.is_ok(), "{selector}: {:?}", run.end);
        assert_eq!(json!(run.records), records, "{selector}");
        let run = first_of(&written, body.clone()).await;
        assert_eq!(
            json!(run.records),
            records,
            "{selector} where there are pages"
        );
    }
}

#[tokio::test]
async fn an_object_is_one_record_of_a_single_page_and_no_page_of_many() {
    let body = json!({ "data": { "id": 1 } });
    single(", data_selector: data", body.clone())
        .await
        .brings(&json!([{ "id": 1 }]));
    first_of(", data_selector: data", body)
        .await
        .fails(&ErrorKind::Response, &["data", "object"]);
}

#[tokio::test]
async fn null_is_nothing_and_a_scalar_no_place_of_records() {
    for selector in [
        ", data_selector: data",
        ", data_selector: data, data_selector_required: false",
    ] {
        single(selector, json!({ "data": null }))
            .await
            .brings(&json!([]));
        first_of(selector, json!({ "data": null }))
            .await
            .brings(&json!([]));
        for scalar in [json!(1), json!("x"), json!(false)] {
            let run = first_of(selector, json!({ "data": scalar })).await;
            run.fails(&ErrorKind::Response, &["data"]);
        }
    }
}

#[tokio::test]
async fn a_selector_that_finds_nothing_is_an_error_on_every_page_unless_it_may() {
    let missing = || {
        in_turn([
            Reply::json(&json!({ "data": [1] })),
            Reply::json(&json!({ "items": [2], "meta": {} })),
        ])
    };
    let spec = |required: &str| {
        things(&format!(
            "path: things, data_selector: data, paginator: {{ type: page_number, maximum_pages: 2 }} {required}"
        ))
    };
    let run = fetch(&spec(""), missing()).await;
    run.fails(&ErrorKind::Response, &["data", "items", "meta"]);
    assert_eq!(run.records, [json!(1)], "what came before is delivered");
    let run = fetch(&spec(", data_selector_required: false"), missing()).await;
    run.brings(&json!([1]));
    for (selector, body, says) in [
        ("a.b", json!({ "a": {} }), "a"),
        ("a.b", json!({ "a": [1] }), "a"),
        ("$.a[*].b", json!({ "c": 1 }), "c"),
        ("data", json!([1, 2]), "data"),
    ] {
        let run = single(&format!(", data_selector: \"{selector}\""), body.clone()).await;
        run.fails(&ErrorKind::Response, &[says]);
        let run = single(
            &format!(", data_selector: \"{selector}\", data_selector_required: false"),
            body,
        )
        .await;
        run.brings(&json!([]));
    }
}

#[tokio::test]
async fn a_wildcard_or_a_filter_over_a_list_that_is_there_may_select_nothing() {
    for (selector, body) in [
        ("$.data[*]", json!({ "data": [] })),
        (
            "$.data[?@.kind == 'a']",
            json!({ "data": [{ "kind": "b" }] }),
        ),
        ("$.data[*].id", json!({ "data": [] })),
        ("$.data[0:2]", json!({ "data": [] })),
    ] {
        let run = single(&format!(", data_selector: \"{selector}\""), body).await;
        assert!(run.end.is_ok(), "{selector}: {:?}", run.end);
        run.brings(&json!([]));
    }
}

#[tokio::test]
async fn a_query_that_has_nothing_to_look_into_is_an_error_unless_it_may() {
    for (selector, body, says) in [
        (
            "$..items",
            json!({ "error": "bad" }),
            "`$` has the key `error`",
        ),
        (
            "$..x[*]",
            json!({ "error": "bad" }),
            "`$` has the key `error`",
        ),
        (
            "data[*]",
            json!({ "data": 5 }),
            "`$.data` is neither an object nor a list",
        ),
        (
            "data[?@.id > 1]",
            json!({ "data": "quota exceeded" }),
            "`$.data` is neither an object nor a list",
        ),
        (
            "data[1:]",
            json!({ "data": { "id": 1 } }),
            "`$.data` has the key `id`",
        ),
        (
            "*.items",
            json!({ "a": 1 }),
            "`$.a` is neither an object nor a list",
        ),
        (
            "data['a','b']",
            json!({ "data": {} }),
            "`$.data` is an object without keys",
        ),
    ] {
        let written = format!(", data_selector: \"{selector}\"");
        let run = first_of(&written, body.clone()).await;
        run.fails(&ErrorKind::Response, &["has nothing at", says]);
        let optional = format!("{written}, data_selector_required: false");
        first_of(&optional, body).await.brings(&json!([]));
    }
}

#[tokio::test]
async fn records_are_counted_before_they_are_set_aside() {
    // The second of the first page is: the offset moves by what came, and not by what was kept.
    let spec = source(
        "concurrency: 1",
        "{ path: things, data_selector: data, paginator: { type: offset, limit: 2, total_path: count } }",
        "{ id: bigint! }, schema_contract: { data_type: discard_row }",
    );
    let run = fetch(&spec, |asked| {
        let from = asked.number_in("offset").unwrap_or(0);
        let record = |n: usize| {
            if n == 1 {
                json!({ "id": null })
            } else {
                json!({ "id": n })
            }
        };
        let data: Vec<Value> = (from..(from + 2).min(5)).map(record).collect();
        Reply::json(&json!({ "data": data, "count": 5 }))
    })
    .await;
    run.brings(&json!([{ "id": 0 }, { "id": 2 }, { "id": 3 }, { "id": 4 }]));
    run.asks(&[
        "GET /things?offset=0&limit=2",
        "GET /things?offset=2&limit=2",
        "GET /things?offset=4&limit=2",
    ]);
    assert_eq!(
        (
            run.report.received,
            run.report.delivered,
            run.report.discarded_rows
        ),
        (5, 4, 1)
    );
}

/// The rows of an API that counts from 0, in pages of an offset.
async fn by_offset(endpoint: &str, rows: Vec<Value>) -> Run {
    let spec = things(&format!(
        "path: things, paginator: {{ type: offset, limit: 3 }}, {endpoint}"
    ));
    fetch(&spec, move |asked| {
        let offset: usize = asked.param("offset").unwrap().parse().unwrap();
        let page = rows.iter().skip(offset).take(3).collect::<Vec<_>>();
        Reply::json(&json!({ "data": page, "results": [{ "data": page }] }))
    })
    .await
}

#[tokio::test]
async fn an_offset_advances_by_the_rows_and_not_by_the_records_of_a_page() {
    let row = |id: usize| json!({ "id": id, "items": vec![id; id % 3] });
    let rows: Vec<Value> = [0, 1, 2, 3, 3, 3, 4, 5].map(row).to_vec();
    for (endpoint, expected) in [
        (
            "data_selector: \"data[*].items[*]\"",
            json!([1, 2, 2, 4, 5, 5]),
        ),
        ("data_selector: \"$..items[*]\", rows_path: data", json!([])),
        (
            "data_selector: \"$.results[*].data[*].items\", rows_path: \"results[0].data\"",
            json!([1, 2, 2, 4, 5, 5]),
        ),
    ] {
        let run = by_offset(endpoint, rows.clone()).await;
        if expected != json!([]) {
            run.brings(&expected);
        }
        assert_eq!(run.asked.len(), 4, "{:?}", run.asked);
        assert_eq!(run.report.received, 8);
    }
    let run = by_offset("data_selector: \"data[?@.id == 4]\"", rows).await;
    run.brings(&json!([row(4)]));
    assert!(
        run.report
            .to_string()
            .contains("1 record selected from 8 rows"),
        "{}",
        run.report
    );
}
