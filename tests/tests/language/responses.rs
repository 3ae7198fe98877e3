//! Answers that are none, or not what they seem: what is asked again, and what is said of the rest.

use std::{io::Write, time::Duration};

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use rest_source::ErrorKind;
use rest_source_testkit::{Asked, Mishap, Place, Reply};
use serde_json::json;

use crate::world::{Run, fetch, in_turn, numbers, paged, source, things, with};

/// Longer than `impatient` waits.
const PAUSE: Duration = Duration::from_secs(1);

fn single() -> String {
    things("path: things, data_selector: data, paginator: single_page")
}

/// A source that waits for no response longer than a test can.
fn impatient() -> String {
    source(
        "timeout: { request: 250ms }",
        "{ path: things, data_selector: data, paginator: single_page }",
        "json",
    )
}

fn page() -> Reply {
    Reply::json(&numbers(0, 2))
}

/// One such answer, then the page.
async fn once(reply: Reply) -> Run {
    fetch(&single(), in_turn([reply, page()])).await
}

/// It is not asked again, and the error of the response says this.
async fn refused(reply: Reply, says: &[&str]) {
    let run = once(reply).await;
    run.fails(&ErrorKind::Response, says);
    assert_eq!(run.asked.len(), 1, "another attempt could not better it");
}

#[tokio::test]
async fn a_connection_that_ends_is_asked_again_wherever_it_does() {
    for place in Place::ALL {
        for mishap in [Mishap::Reset, Mishap::Closed] {
            let run = once(page().mishap(place, mishap)).await;
            run.brings(&json!([0, 1]));
            let whole = place == Place::AfterBody;
            assert_eq!(
                run.asked.len(),
                if whole { 1 } else { 2 },
                "{place:?} {mishap:?}"
            );
            assert_eq!(run.report.retries, u64::from(!whole));
        }
    }
}

#[tokio::test]
async fn a_connection_that_ends_every_time_is_an_error_that_says_so() {
    for place in [
        Place::BeforeHead,
        Place::InHead,
        Place::BeforeBody,
        Place::InBody,
    ] {
        let run = fetch(&single(), move |_| page().mishap(place, Mishap::Reset)).await;
        run.fails(
            &ErrorKind::Transport,
            &["broke off four times", "/things (request 4)"],
        );
        assert_eq!(run.asked.len(), 4, "{place:?}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_between_pages_loses_nothing() {
    // It is kept for the next request, which then meets its end.
    for mishap in [Mishap::Reset, Mishap::Closed] {
        let run = fetch(&paged("{ type: offset, limit: 2 }"), move |asked| {
            let from = asked.number_in("offset").unwrap_or(0);
            Reply::json(&numbers(from.min(9), (from + 2).min(9))).mishap(Place::AfterBody, mishap)
        })
        .await;
        run.brings(&json!((0..9).collect::<Vec<_>>()));
    }
}

#[tokio::test]
async fn a_response_that_is_late_is_asked_again() {
    for place in Place::ALL {
        let late = page().mishap(place, Mishap::Pause(PAUSE));
        let run = fetch(&impatient(), in_turn([late.clone(), page()])).await;
        run.brings(&json!([0, 1]));
        let whole = place == Place::AfterBody;
        assert_eq!(run.asked.len(), if whole { 1 } else { 2 }, "{place:?}");
    }
    let run = fetch(&impatient(), |_| {
        page().mishap(Place::InBody, Mishap::Pause(PAUSE))
    })
    .await;
    run.fails(
        &ErrorKind::Transport,
        &["gave no whole response in 250 ms four times"],
    );
}

#[tokio::test]
async fn the_time_of_a_request_is_that_of_its_whole_response() {
    // Each byte is in time, all of them are not.
    let trickle = Mishap::Trickle(Duration::from_millis(60));
    for place in [Place::BeforeHead, Place::InBody] {
        let late = page().mishap(place, trickle);
        let run = fetch(&impatient(), in_turn([late, page()])).await;
        run.brings(&json!([0, 1]));
        assert_eq!(run.asked.len(), 2, "{place:?}");
    }
}

#[tokio::test]
async fn a_body_shorter_than_its_length_broke_off_and_a_longer_one_is_cut() {
    let body = numbers(0, 2).to_string();
    let told = |length: usize| Reply::status(200).body(body.clone()).length(length);
    let run = once(told(body.len() + 5)).await;
    run.brings(&json!([0, 1]));
    assert_eq!(run.asked.len(), 2);
    // However long it says that it is.
    let short = told(body.len() - 3);
    let run = fetch(&single(), move |_| short.clone()).await;
    run.fails(&ErrorKind::Transport, &["broke off four times", "not JSON"]);
    refused(told(0), &["the response is empty"]).await;
}

#[tokio::test]
async fn json_that_ends_too_early_is_an_error_that_shows_it() {
    for (body, says) in [
        (r#"{"data": [0, 1]} trailing"#, "not JSON"),
        (r#"{"data": [0,, 1]}"#, "not JSON"),
        ("{\"data\": [0, 1]}\0", "not JSON"),
        ("callback({\"data\": [0]})", "not JSON"),
        (")]}', {\"data\": [0]}", "not JSON"),
        ("<html><body>Just a moment…</body></html>", "HTML or XML"),
        ("  \n<?xml version=\"1.0\"?><data/>", "HTML or XML"),
        ("id,name\n1,a", "not JSON"),
    ] {
        let shown: String = body.trim().chars().take(8).collect();
        let shown = shown.lines().next().unwrap();
        refused(Reply::status(200).body(body), &[says, shown]).await;
    }
}

#[tokio::test]
async fn json_that_ends_too_early_is_asked_for_again() {
    for body in [
        r#"{"data": [0, 1"#,
        r#"{"data": [0, 1]"#,
        r#"{"data": [0, {"a": "b"#,
    ] {
        let run = once(Reply::status(200).body(body)).await;
        run.brings(&json!([0, 1]));
        assert_eq!(run.asked.len(), 2, "{body}");
    }
}

#[tokio::test]
async fn html_with_a_200_is_an_error_that_shows_the_content_type() {
    let reply = Reply::status(200)
        .header("Content-Type", "text/html; charset=utf-8")
        .body("<!DOCTYPE html>\n<title>Sign in</title>");
    refused(
        reply,
        &[
            "HTML or XML",
            "content type: text/html; charset=utf-8",
            "body: <!DOCTYPE html> <title>Sign in",
        ],
    )
    .await;
}

#[tokio::test]
async fn an_error_with_a_200_is_an_error_that_lists_what_is_there() {
    for body in [
        json!({ "error": { "code": 17, "message": "expired" } }),
        json!({ "ok": false, "error": "expired" }),
        json!({}),
    ] {
        let shown = body.to_string();
        let keys: Vec<String> = body.as_object().unwrap().keys().cloned().collect();
        let mut says: Vec<&str> = keys.iter().map(String::as_str).collect();
        says.extend(["data", shown.get(..2).unwrap()]);
        refused(Reply::json(&body), &says).await;
    }
}

#[tokio::test]
async fn an_empty_200_is_an_error_and_a_204_is_an_empty_page() {
    for body in ["", " \r\n\t", "\u{feff}"] {
        refused(Reply::status(200).body(body), &["the response is empty"]).await;
    }
    let run = once(Reply::status(204)).await;
    run.brings(&json!([]));
    assert_eq!(run.asked.len(), 1);
    for paginator in [
        "{ type: offset, limit: 2 }",
        "{ type: offset, limit: 2, total_path: count }",
        "{ type: page_number, has_more_path: more }",
        "{ type: cursor }",
        "header_cursor",
        "header_link",
        "json_link",
    ] {
        fetch(&paged(paginator), |_| Reply::status(204))
            .await
            .brings(&json!([]));
    }
    // Past the first page, too.
    let run = fetch(
        &paged("{ type: offset, limit: 2 }"),
        in_turn([page(), Reply::status(204)]),
    )
    .await;
    run.brings(&json!([0, 1]));
}

#[tokio::test]
async fn a_204_before_records_is_a_missing_page() {
    // Page 2 has nothing, and those past the last neither.
    let gap = |asked: &Asked| match asked.number_in("page").unwrap() {
        at @ (0 | 1 | 3) => Reply::json(&with(
            numbers(2 * at, 2 * at + 2),
            json!({ "pages": 4, "more": true }),
        )),
        _ => Reply::status(204),
    };
    for (concurrency, ends, requests) in [
        // It is requested once more.
        (1, "total_path: pages", 5),
        (4, "total_path: pages", 5),
        (1, "has_more_path: more, maximum_page: 6", 7),
        (1, "maximum_pages: 5", 6),
    ] {
        let spec = source(
            &format!("concurrency: {concurrency}"),
            &format!(
                "{{ path: things, data_selector: data, paginator: \
                 {{ type: page_number, stop_after_empty_page: false, {ends} }} }}"
            ),
            "json",
        );
        let run = fetch(&spec, gap).await;
        run.fails(
            &ErrorKind::Incomplete,
            &["a page without content", "page=2"],
        );
        assert_eq!(json!(run.records), json!([0, 1, 2, 3, 6, 7]));
        assert_eq!(run.asked.len(), requests, "{ends}");
    }
    // Nothing ends these.
    let spec = paged("{ type: page_number, stop_after_empty_page: false, has_more_path: more }");
    let run = fetch(&spec, gap).await;
    run.fails(&ErrorKind::Paging, &["1000 pages in a row were empty"]);

    // An offset moves past it by the limit.
    let spec = paged("{ type: offset, limit: 2, total_path: count, stop_after_empty_page: false }");
    let page = |from| Reply::json(&with(numbers(from, from + 2), json!({ "count": 9 })));
    let run = fetch(&spec, in_turn([page(0), page(2), Reply::status(204)])).await;
    run.fails(&ErrorKind::Incomplete, &["9 records, 4 arrived"]);
    assert_eq!(run.records.len(), 4);
    let run = fetch(&spec, |_| Reply::status(204)).await;
    run.fails(&ErrorKind::Paging, &["total at `$.count` is missing"]);
}

#[tokio::test]
async fn the_body_counts_and_not_what_the_content_type_says() {
    for content_type in [
        "text/html",
        "text/plain; charset=utf-8",
        "application/vnd.api+json",
        "application/octet-stream",
        "nonsense",
        "",
    ] {
        let reply = Reply::status(200).body(numbers(0, 2).to_string());
        once(reply.header("Content-Type", content_type))
            .await
            .brings(&json!([0, 1]));
    }
    let none = Reply::status(200).body(numbers(0, 2).to_string());
    once(none).await.brings(&json!([0, 1]));
    for status in [200, 201, 203, 206, 299] {
        let reply = Reply::status(status).body(numbers(0, 2).to_string());
        once(reply).await.brings(&json!([0, 1]));
    }
}

#[tokio::test]
async fn a_body_is_utf_8_and_a_byte_order_mark_is_skipped() {
    let marked = format!("\u{feff}{}", numbers(0, 2));
    once(Reply::status(200).body(marked))
        .await
        .brings(&json!([0, 1]));
    let latin = b"{\"data\": [\"gr\xfc\xdfe\"]}".to_vec();
    refused(Reply::status(200).body(latin), &["not in UTF-8", "byte 13"]).await;
    let wide: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    refused(Reply::status(200).body(wide), &["not JSON"]).await;
    let text = json!({ "data": ["größe", "😀", "\u{0}", "\u{2028}"] });
    once(Reply::json(&text)).await.brings(&text["data"]);
    let escaped = r#"{"data": ["gr\u00f6\u00dfe", "\ud83d\ude00", "\u0000", "\u2028"]}"#;
    once(Reply::status(200).body(escaped))
        .await
        .brings(&text["data"]);
}

#[tokio::test]
async fn what_is_no_http_is_not_asked_again() {
    for bytes in [
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 999999 What\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n[]",
    ] {
        let run = once(Reply::raw(bytes)).await;
        run.fails(&ErrorKind::Transport, &["cannot be read"]);
        assert_eq!(run.asked.len(), 1, "{bytes:?}");
    }
}

#[tokio::test]
async fn a_body_of_any_framing_is_read() {
    let body = numbers(0, 2).to_string();
    let (first, second) = body.split_at(5);
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{first}\r\n{:x};ext=1\r\n{second}\r\n0\r\nX-Trailer: t\r\n\r\n",
        first.len(),
        second.len(),
    );
    let to_the_end = format!("HTTP/1.0 200 OK\r\n\r\n{body}");
    let hinted = format!(
        "HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    for bytes in [chunked, to_the_end, hinted] {
        let run = once(Reply::raw(bytes.clone())).await;
        run.brings(&json!([0, 1]));
        assert_eq!(run.asked.len(), 1, "{bytes}");
    }
    // A chunked body that ends without its last chunk broke off.
    let broken = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n",
        body.len()
    );
    let run = once(Reply::raw(broken)).await;
    run.brings(&json!([0, 1]));
    assert_eq!(run.asked.len(), 2);
}

/// A body in each of the usual encodings, by its name in `Content-Encoding`.
fn encoded(body: &[u8]) -> [(&'static str, Vec<u8>); 4] {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    let mut deflate = ZlibEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(body).unwrap();
    deflate.write_all(body).unwrap();
    let mut brotli = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
    brotli.write_all(body).unwrap();
    [
        ("gzip", gzip.finish().unwrap()),
        ("deflate", deflate.finish().unwrap()),
        ("br", brotli.into_inner()),
        ("zstd", zstd::encode_all(body, 3).unwrap()),
    ]
}

#[tokio::test]
async fn every_usual_compression_is_undone() {
    let body = numbers(0, 1_000).to_string();
    for (encoding, bytes) in encoded(body.as_bytes()) {
        let reply = Reply::status(200)
            .header("Content-Encoding", encoding)
            .body(bytes.clone());
        let run = once(reply.clone()).await;
        assert_eq!(run.records.len(), 1_000, "{encoding}");
        assert_eq!(
            run.report.bytes,
            body.len() as u64,
            "counted after decompression"
        );

        // A stream that breaks off is asked for again, whether the connection ended well or not.
        let cut = Reply::status(200)
            .header("Content-Encoding", encoding)
            .body(&bytes[..bytes.len() / 2]);
        for broken in [cut, reply.mishap(Place::InBody, Mishap::Closed)] {
            let run = once(broken).await;
            run.brings(&json!([0, 1]));
            assert_eq!(run.asked.len(), 2, "{encoding}");
        }
    }
}

#[tokio::test]
async fn what_is_not_as_compressed_as_it_says_is_not_asked_again() {
    for encoding in ["gzip", "deflate", "br", "zstd"] {
        let reply = Reply::status(200).header("Content-Encoding", encoding);
        let run = once(reply.body("\u{1}\u{ff}no such stream, but long enough")).await;
        run.fails(&ErrorKind::Transport, &["cannot be read"]);
        assert_eq!(run.asked.len(), 1, "{encoding}");
    }
    // A raw deflate stream, which some servers send by that name.
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::best());
    raw.write_all(numbers(0, 2).to_string().as_bytes()).unwrap();
    let reply = Reply::status(200).header("Content-Encoding", "deflate");
    let run = once(reply.body(raw.finish().unwrap())).await;
    run.fails(&ErrorKind::Transport, &["cannot be read"]);
}

#[tokio::test]
async fn a_bomb_is_given_up_at_the_most_bytes_of_a_response() {
    let spec = source(
        "max_response_bytes: 1 MiB",
        "{ path: things, data_selector: data, paginator: single_page }",
        "json",
    );
    // A page of 8 MiB that is some kilobytes on the wire.
    let mut bomb = br#"{"data": [], "padding": ""#.to_vec();
    bomb.resize(8 << 20, b'x');
    for (encoding, bytes) in encoded(&bomb) {
        assert!(bytes.len() < 1 << 14, "{encoding} makes {}", bytes.len());
        let run = fetch(&spec, move |_| {
            Reply::status(200)
                .header("Content-Encoding", encoding)
                .body(bytes.clone())
        })
        .await;
        run.fails(
            &ErrorKind::Response,
            &["longer than 1 MiB (`max_response_bytes`)"],
        );
        assert_eq!(run.asked.len(), 1, "{encoding}");
    }
}

#[tokio::test]
async fn a_response_is_as_long_as_may_be_and_no_longer() {
    let spec = |most: usize| {
        source(
            &format!("max_response_bytes: {most}"),
            "{ path: things, data_selector: data, paginator: single_page }",
            "json",
        )
    };
    let body = numbers(0, 100).to_string();
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    let whole = Reply::status(200).body(body.clone());
    for reply in [whole, Reply::raw(chunked)] {
        let answer = |reply: Reply| move |_: &Asked| reply.clone();
        let run = fetch(&spec(body.len()), answer(reply.clone())).await;
        assert_eq!(run.records.len(), 100);
        let run = fetch(&spec(body.len() - 1), answer(reply)).await;
        run.fails(&ErrorKind::Response, &["`max_response_bytes`"]);
        assert_eq!(run.asked.len(), 1);
    }
    // What is only announced is not waited for.
    let run = fetch(&spec(1_000), |_| {
        Reply::status(200)
            .body("[]")
            .length(1 << 40)
            .mishap(Place::InBody, Mishap::Pause(PAUSE))
    })
    .await;
    run.fails(&ErrorKind::Response, &["`max_response_bytes`"]);
}

#[tokio::test]
async fn pages_of_lines_are_records_by_their_content_type() {
    let lines = Reply::status(200)
        .header("Content-Type", "application/x-ndjson")
        .body("{\"id\": 1}\n\n{\"id\": 2}\n");
    let spec = things("path: things, paginator: single_page");
    let run = fetch(&spec, in_turn([lines])).await;
    run.brings(&json!([{ "id": 1 }, { "id": 2 }]));
}
