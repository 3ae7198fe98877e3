//! Bodies and heads that are made to hurt: there is an error, or the truth, and in no case a panic.

use rest_source::ErrorKind;
use rest_source_testkit::Reply;
use serde_json::json;

use crate::world::{Run, fetch, source, things};

async fn untyped(body: String) -> Run {
    let spec = things("path: things, data_selector: data, paginator: single_page");
    fetch(&spec, move |_| Reply::status(200).body(body.clone())).await
}

async fn typed(record: &str) -> Run {
    let columns = "{ id: text, size: bigint, share: double, at: timestamp, day: date, \
                     raw: { data_type: json }, price: { data_type: decimal, precision: 9, scale: 2 }, \
                     list: { data_type: array, items: text } }";
    let spec = source(
        "concurrency: 1",
        "{ path: things, data_selector: data, paginator: single_page }",
        columns,
    );
    let body = format!("{{\"data\": [{record}]}}");
    fetch(&spec, move |_| Reply::status(200).body(body.clone())).await
}

#[tokio::test]
async fn half_a_surrogate_pair_is_a_bad_value_and_not_a_bad_page() {
    let run = typed(r#"{ "id": "a" }, { "id": "\ud83d" }"#).await;
    run.fails(
        &ErrorKind::Schema,
        &["$.data[1].id", "half a surrogate pair"],
    );
    let spec = source(
        "concurrency: 1",
        "{ path: things, data_selector: data, paginator: single_page }",
        "{ id: text }, schema_contract: { data_type: discard_row }",
    );
    let body = r#"{"data": [{"id": "a"}, {"id": "b\ud83d"}, {"id": "\ud83d\ude00"}]}"#;
    let run = fetch(&spec, move |_| Reply::status(200).body(body)).await;
    run.brings(&json!([{ "id": "a" }, { "id": "\u{1f600}" }]));
    assert_eq!(run.report.discarded_rows, 1);
}

#[tokio::test]
async fn nesting_without_end_is_an_error() {
    const DEPTH: usize = 200_000;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let (opened, closed) = (open.repeat(DEPTH), close.repeat(DEPTH));
        let nested = format!("{opened}1{closed}");
        for body in [
            nested.clone(),
            format!("{{\"data\": {nested}}}"),
            format!("{{\"other\": {nested}, \"data\": [1]}}"),
            format!("{{\"data\": [{{\"id\": {nested}}}]}}"),
            opened,
        ] {
            // What is not looked at may be skipped, and what is there may be had.
            let run = untyped(body).await;
            if run.end.is_err() {
                run.fails(&run.error().kind().clone(), &["/things"]);
            }
        }
        typed(&format!("{{\"id\": {nested}}}")).await.error();
        typed(&format!("{{\"raw\": {nested}}}")).await.error();
        typed(&format!("{{\"unknown\": {nested}}}")).await;
    }
}

#[tokio::test]
async fn a_key_that_stands_twice_on_the_way_to_the_records_is_an_error() {
    let run = untyped(r#"{"data": [1], "data": [2]}"#.to_owned()).await;
    run.fails(&ErrorKind::Response, &["the key `data` twice"]);
    typed(r#"{"id": "a", "id": "b"}"#)
        .await
        .fails(&ErrorKind::Schema, &["id", "twice"]);
}

#[tokio::test]
async fn numbers_out_of_all_bounds_are_errors_or_exact() {
    let long = "9".repeat(10_000);
    for record in [
        format!("{{\"size\": {long}}}"),
        format!("{{\"size\": -{long}}}"),
        "{\"size\": 1e999999999}".to_owned(),
        "{\"size\": 1e-999999999}".to_owned(),
        "{\"share\": 1e999}".to_owned(),
        format!("{{\"price\": {long}}}"),
        "{\"price\": 1e999999999}".to_owned(),
        "{\"price\": \"1e99\"}".to_owned(),
        "{\"price\": \"NaN\"}".to_owned(),
        "{\"at\": \"9999999-01-01T00:00:00Z\"}".to_owned(),
        "{\"at\": \"2026-02-30T00:00:00Z\"}".to_owned(),
        "{\"at\": \"2026-01-01T00:00:00\"}".to_owned(),
        "{\"day\": \"2026-13-01\"}".to_owned(),
        "{\"day\": \"\"}".to_owned(),
    ] {
        typed(&record)
            .await
            .fails(&ErrorKind::Schema, &["$.data[0]."]);
    }
    for invalid in [
        "01", "+1", ".5", "1.", "0x1", "NaN", "Infinity", "1_000", "--1",
    ] {
        let run = typed(&format!("{{\"size\": {invalid}}}")).await;
        run.fails(&ErrorKind::Response, &["not JSON"]);
    }
}

#[tokio::test]
async fn text_is_what_it_says_or_an_error() {
    typed(r#"{"id": "a\u0000\ud83d\ude00\\\"\/\b\f\n\r\t"}"#).await.brings(&json!([
        { "id": "a\0😀\\\"/\u{8}\u{c}\n\r\t", "size": null, "share": null, "at": null, "day": null,
          "raw": null, "price": null, "list": null }
    ]));
    for broken in [
        r"\ud800",
        r"\udc00\ud800",
        r"\x41",
        r"\u12",
        "\u{1}",
        "a\nb",
    ] {
        let run = typed(&format!("{{\"id\": \"{broken}\"}}")).await;
        run.error();
        assert!(run.records.is_empty(), "{broken}");
    }
    let long = "x".repeat(5 << 20);
    let run = typed(&format!("{{\"id\": \"{long}\", \"list\": [\"{long}\"]}}")).await;
    assert_eq!(run.records[0]["id"], json!(long));
    // An error does not quote all of it.
    let run = typed(&format!("{{\"size\": \"{long}\"}}")).await;
    run.fails(&ErrorKind::Schema, &["size"]);
    assert!(run.error().to_string().len() < 2_000);
}

#[tokio::test]
async fn a_head_without_end_is_an_error() {
    let spec = things("path: things, data_selector: data, paginator: single_page");
    let many = "X-Many: 1\r\n".repeat(500);
    let long = format!("X-Long: {}\r\n", "x".repeat(2 << 20));
    for headers in [many, long] {
        let bytes = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: 2\r\n\r\n[]");
        let run = fetch(&spec, move |_| Reply::raw(bytes.clone())).await;
        run.fails(&ErrorKind::Transport, &["cannot be read"]);
        assert_eq!(run.asked.len(), 1);
    }
}

#[tokio::test]
async fn headers_that_are_no_text_are_read_for_what_they_are() {
    // Latin-1, as the standard once had it.
    let mut bytes = b"HTTP/1.1 200 OK\r\nX-Next: gr\xfcn\r\nContent-Length: 11\r\n\r\n".to_vec();
    bytes.extend(b"{\"data\":[]}");
    let spec = things(
        "path: things, data_selector: data, paginator: { type: header_cursor, cursor_key: X-Next, maximum_pages: 2 }",
    );
    let run = fetch(&spec, move |_| Reply::raw(bytes.clone())).await;
    run.brings(&json!([]));
    run.asks(&["GET /things", "GET /things?cursor=gr%C3%BCn"]);
}

#[tokio::test]
async fn keys_of_all_kinds_are_keys() {
    let spec = source(
        "concurrency: 1",
        "{ path: things, data_selector: data, paginator: single_page }",
        "{ self: text, type: text, \"a b\": text, \"ü\": { data_type: text, rename: ue }, \"1h\": bigint, \"__proto__\": text }",
    );
    let record = json!({ "self": "s", "type": "t", "a b": "ab", "ü": "u", "1h": 1, "__proto__": "p", "": 0, "\0": 1 });
    let run = fetch(&spec, move |_| Reply::json(&json!({ "data": [record] }))).await;
    assert!(run.end.is_ok(), "{:?}", run.end);
    let values: Vec<String> = run.records[0]
        .as_object()
        .unwrap()
        .values()
        .map(ToString::to_string)
        .collect();
    for value in ["\"s\"", "\"t\"", "\"ab\"", "\"u\"", "1", "\"p\""] {
        assert!(
            values.iter().any(|found| found == value),
            "{value}: {values:?}"
        );
    }
    assert_eq!(run.report.undeclared_values, 2);
}
