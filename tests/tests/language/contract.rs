//! Responses outside the schema: what the contract makes of them, and that it is counted.

use rest_source::ErrorKind;
use rest_source_testkit::Reply;
use serde_json::{Value, json};

use crate::world::{Run, fetch, source};

const COLUMNS: &str = "{ id: text!, size: bigint, name: text }";

/// Three records, the second of them this one, under a contract.
async fn under(contract: &str, columns: &str, second: Value) -> Run {
    let spec = source(
        "concurrency: 1",
        "{ path: things, paginator: single_page }",
        &format!("{columns}, schema_contract: {{ {contract} }}"),
    );
    let page = json!([{ "id": "a" }, second, { "id": "c" }]);
    fetch(&spec, move |_| Reply::json(&page)).await
}

/// A record with nothing but its id.
fn bare(id: &str) -> Value {
    json!({ "id": id, "size": null, "name": null })
}

#[tokio::test]
async fn an_undeclared_key_is_left_out_and_counted() {
    for contract in ["", "columns: discard_value"] {
        let run = under(
            contract,
            COLUMNS,
            json!({ "id": "b", "new": 1, "x": { "y": 2 } }),
        )
        .await;
        run.brings(&json!([bare("a"), bare("b"), bare("c")]));
        assert_eq!(run.report.undeclared_values, 2);
        assert!(run.notes().contains("new"), "{}", run.notes());
    }
}

#[tokio::test]
async fn an_undeclared_key_is_an_error_where_columns_are_frozen() {
    let run = under("columns: freeze", COLUMNS, json!({ "id": "b", "new": 1 })).await;
    run.fails(&ErrorKind::Schema, &["$[1].new", "things"]);
    assert_eq!(run.records, [bare("a")], "what came before is delivered");
    under("columns: freeze", COLUMNS, json!({ "id": "b" }))
        .await
        .brings(&json!([bare("a"), bare("b"), bare("c")]));
}

#[tokio::test]
async fn an_undeclared_key_is_kept_where_columns_evolve() {
    let run = under(
        "columns: evolve",
        COLUMNS,
        json!({ "id": "b", "new": 1, "x": { "y": [2] } }),
    )
    .await;
    assert!(run.end.is_ok(), "{:?}", run.end);
    assert_eq!(
        run.records[1]["extra"],
        json!({ "new": 1, "x": { "y": [2] } })
    );
    assert_eq!(run.report.undeclared_values, 0, "it is not left out");
}

#[tokio::test]
async fn a_value_of_another_type_is_an_error_that_names_all_of_its_places() {
    for contract in ["", "data_type: freeze"] {
        let run = under(
            contract,
            COLUMNS,
            json!({ "id": null, "size": "7", "name": 7 }),
        )
        .await;
        run.fails(
            &ErrorKind::Schema,
            &[
                "$[1].id",
                "null",
                "$[1].size",
                "\"7\"",
                "bigint",
                "$[1].name",
                "text",
                "GET http",
            ],
        );
        assert_eq!(run.records, [bare("a")]);
    }
    let run = under("", COLUMNS, json!({ "size": 7 })).await;
    run.fails(&ErrorKind::Schema, &["$[1].id", "nothing"]);
    let run = under("", COLUMNS, json!(["b"])).await;
    run.fails(&ErrorKind::Schema, &["$[1]"]);
}

#[tokio::test]
async fn a_row_outside_the_schema_is_set_aside_and_counted() {
    for second in [
        json!({ "id": null }),
        json!({ "size": 7 }),
        json!({ "id": "b", "size": 1.5 }),
        json!({ "id": "b", "size": 9_223_372_036_854_775_808_u64 }),
        json!(7),
        json!(null),
        json!([]),
    ] {
        let run = under("data_type: discard_row", COLUMNS, second.clone()).await;
        run.brings(&json!([bare("a"), bare("c")]));
        let report = &run.report;
        assert_eq!(
            (report.received, report.delivered, report.discarded_rows),
            (3, 2, 1),
            "{second}"
        );
    }
}

#[tokio::test]
async fn a_value_outside_the_schema_is_null_where_it_may_be() {
    let run = under(
        "data_type: discard_value",
        COLUMNS,
        json!({ "id": "b", "size": "7", "name": [] }),
    )
    .await;
    run.brings(&json!([bare("a"), { "id": "b", "size": null, "name": null }, bare("c")]));
    assert_eq!(run.report.discarded_values, 2);
    assert!(run.notes().contains("size"), "{}", run.notes());
    let run = under("data_type: discard_value", COLUMNS, json!({ "id": 7 })).await;
    run.fails(&ErrorKind::Schema, &["$[1].id"]);
}

#[tokio::test]
async fn the_two_halves_of_a_contract_are_told_apart() {
    let both = json!({ "id": null, "new": 1 });
    let run = under(
        "columns: freeze, data_type: discard_row",
        COLUMNS,
        both.clone(),
    )
    .await;
    run.fails(&ErrorKind::Schema, &["$[1].new"]);
    let run = under(
        "columns: discard_value, data_type: discard_row",
        COLUMNS,
        both,
    )
    .await;
    run.brings(&json!([bare("a"), bare("c")]));
    assert_eq!(run.report.discarded_rows, 1);
}

#[tokio::test]
async fn integers_are_exact_and_numbers_no_text() {
    let columns = "{ id: text!, size: bigint, share: double, price: { data_type: decimal, precision: 5, scale: 2 } }";
    let page = r#"[
        {"id": "a", "size": 7.0, "share": 1, "price": 1.10},
        {"id": "b", "size": 1e1, "share": 1e2, "price": "1.10"},
        {"id": "c", "size": 9223372036854775807, "share": -0.0, "price": 2}
    ]"#;
    let spec = source(
        "concurrency: 1",
        "{ path: things, paginator: single_page }",
        columns,
    );
    let run = fetch(&spec, move |_| Reply::status(200).body(page)).await;
    let [first, second, third] = &run.records[..] else {
        panic!("{:?}", run.end)
    };
    assert_eq!((&first["size"], &second["size"]), (&json!(7), &json!(10)));
    assert_eq!(third["size"], json!(i64::MAX));
    assert_eq!(
        (&first["price"], &second["price"]),
        (&json!("1.10"), &json!("1.10"))
    );
    for (value, says) in [
        (r#""size": 7.5"#, "7.5"),
        (r#""size": 1e40"#, "1e40"),
        (r#""size": true"#, "true"),
        (r#""share": "1""#, "\"1\""),
        (r#""price": 1.234"#, "1.234"),
        (r#""price": 1234.5"#, "1234.5"),
    ] {
        let page = format!(r#"[{{"id": "a", {value}}}]"#);
        let run = fetch(&spec, move |_| Reply::status(200).body(page.clone())).await;
        run.fails(&ErrorKind::Schema, &[says]);
    }
}

#[tokio::test]
async fn untyped_records_are_what_came() {
    let spec = source(
        "concurrency: 1",
        "{ path: things, paginator: single_page }",
        "json",
    );
    let page = json!([{ "a": 1.50, "b": [null] }, "text", 7, null]);
    let run = fetch(&spec, {
        let page = page.clone();
        move |_| Reply::json(&page)
    })
    .await;
    run.brings(&page);
    assert_eq!(run.report.undeclared_values, 0);
}
