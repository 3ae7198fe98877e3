//! What is asked again, after how long, and when no more.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use rest_source::{ErrorKind, Position};
use rest_source_testkit::{Asked, Mishap, Place, Reply};
use serde_json::json;

use crate::world::{START, World, fetch, in_turn, numbers, paged, source, with};

const SPEC: &str =
    "path: things, data_selector: data, paginator: { type: offset, limit: 2, total_path: count }";

/// One page of two, all there is.
fn page() -> Reply {
    Reply::json(&json!({ "data": [0, 1], "count": 2 }))
}

/// A source with this `retry`.
fn retrying(retry: &str) -> String {
    source(
        &format!("concurrency: 1, retry: {{ {retry} }}"),
        &format!("{{ {SPEC} }}"),
        "json",
    )
}

/// So many of a reply, and then a page.
fn after(times: usize, reply: Reply) -> impl Fn(&Asked) -> Reply + Send + Sync {
    move |asked| match asked.number {
        at if at < times => reply.clone(),
        _ => page(),
    }
}

#[tokio::test]
async fn some_statuses_are_asked_again_and_all_others_are_not() {
    for status in [429, 500, 502, 503, 504] {
        let run = fetch(&retrying(""), after(1, Reply::status(status))).await;
        run.brings(&json!([0, 1]));
        run.waits(&[2]);
        assert_eq!(
            (run.report.requests, run.report.retries),
            (2, 1),
            "{status}"
        );
    }
    for status in [
        400, 402, 403, 404, 405, 408, 409, 410, 422, 451, 501, 505, 304, 300,
    ] {
        let run = fetch(&retrying(""), after(1, Reply::status(status))).await;
        run.fails(&ErrorKind::Status(status), &[&format!("answered {status}")]);
        assert_eq!(run.asked.len(), 1, "{status}");
    }
    let run = fetch(&retrying(""), after(1, Reply::status(401))).await;
    run.fails(&ErrorKind::Auth, &["answered 401"]);
    assert_eq!(run.asked.len(), 1);
}

#[tokio::test]
async fn the_statuses_are_those_that_are_listed() {
    for status in [409, 500, 501, 599] {
        let run = fetch(
            &retrying("statuses: [409, 5xx]"),
            after(1, Reply::status(status)),
        )
        .await;
        run.brings(&json!([0, 1]));
    }
    let run = fetch(
        &retrying("statuses: [409, 5xx]"),
        after(1, Reply::status(429)),
    )
    .await;
    run.fails(&ErrorKind::Status(429), &["answered 429"]);
    assert_eq!(run.asked.len(), 1);
}

#[tokio::test]
async fn the_most_retries_are_those_that_are_said() {
    for (retry, requests) in [
        ("", 4),
        ("max_retries: 0", 1),
        ("max_retries: 1", 2),
        ("max_retries: 6", 7),
    ] {
        let run = fetch(&retrying(retry), |_| Reply::status(503).body("not now")).await;
        run.fails(&ErrorKind::Status(503), &["answered 503", "body: not now"]);
        assert_eq!(run.asked.len(), requests, "{retry}");
        run.end.unwrap_err().position().unwrap();
    }
}

#[tokio::test]
async fn waits_double_up_to_the_longest() {
    let spec = retrying("max_retries: 6, backoff_factor: 1.5, max_delay: 9s");
    let run = fetch(&spec, |_| Reply::status(503)).await;
    let waits: Vec<u128> = run.waits.iter().map(Duration::as_millis).collect();
    assert_eq!(waits, [1_500, 3_000, 6_000, 9_000, 9_000, 9_000]);
    let run = fetch(&retrying("backoff_factor: 0"), |_| Reply::status(503)).await;
    assert!(run.waits.is_empty());
    assert_eq!(run.asked.len(), 4);
}

#[tokio::test]
async fn no_attempt_starts_past_the_time_for_all() {
    let run = fetch(
        &retrying("max_retries: 50, max_delay: 5s, max_elapsed: 20s"),
        |_| Reply::status(503),
    )
    .await;
    run.fails(&ErrorKind::Status(503), &["past `max_elapsed` (20 s)"]);
    run.waits(&[2, 4, 5, 5]);
}

/// The wait in whole seconds that an answer with this leads to; none where it is an error that
/// carries it.
async fn told(status: u16, headers: &[(&str, String)]) -> Result<u64, ErrorKind> {
    let mut reply = Reply::status(status);
    for (name, value) in headers {
        reply = reply.header(*name, value.as_str());
    }
    let run = fetch(&retrying("backoff_factor: 1"), after(1, reply)).await;
    match &run.end {
        Ok(()) => Ok(run.waits.iter().map(Duration::as_secs).sum()),
        Err(error) => Err(error.kind().clone()),
    }
}

async fn retry_after(value: &str) -> Result<u64, ErrorKind> {
    told(429, &[("Retry-After", value.to_owned())]).await
}

fn rate_limit(seconds: u64) -> ErrorKind {
    ErrorKind::RateLimit {
        retry_at: SystemTime::UNIX_EPOCH + Duration::from_secs(START + seconds),
    }
}

#[tokio::test]
async fn a_retry_after_is_waited_in_all_its_forms() {
    for (value, seconds) in [
        ("7", 7),
        ("  7  ", 7),
        ("60", 60),
        ("7.9", 7),
        ("0", 1),
        // The three forms of a date (RFC 9110, 5.6.7), by the client's clock where there is no other.
        ("Sat, 21 Nov 2026 09:30:20 GMT", 20),
        ("Saturday, 21-Nov-26 09:30:20 GMT", 20),
        ("Sat Nov 21 09:30:20 2026", 20),
        ("Sat, 21 Nov 2020 09:30:20 GMT", 1),
        ("5 seconds", 5),
        ("2026-11-21T09:30:20Z", 20),
        // What cannot be read says nothing.
        ("", 1),
        ("-5", 1),
        ("soon", 1),
        ("NaN", 1),
        ("5 fortnights", 1),
        ("Sat, 99 Nov 2026 09:30:20 GMT", 1),
    ] {
        assert_eq!(retry_after(value).await, Ok(seconds), "{value:?}");
    }
}

#[tokio::test]
async fn a_wait_in_milliseconds_is_more_precise_than_the_other() {
    for name in ["Retry-After-Ms", "x-ms-retry-after-ms"] {
        let both = [(name, "3000".to_owned()), ("Retry-After", "4".to_owned())];
        assert_eq!(told(429, &both).await, Ok(3), "{name}");
    }
}

#[tokio::test]
async fn a_wait_that_is_shorter_than_the_backoff_is_waited_nevertheless() {
    let run = fetch(
        &retrying("backoff_factor: 30"),
        after(2, Reply::status(503).header("Retry-After", "1")),
    )
    .await;
    run.brings(&json!([0, 1]));
    run.waits(&[1, 1]);
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_an_error_with_the_time() {
    assert_eq!(retry_after("61").await, Err(rate_limit(61)));
    assert_eq!(retry_after("86400").await, Err(rate_limit(86_400)));
    assert_eq!(
        retry_after("Sat, 21 Nov 2026 10:30:00 GMT").await,
        Err(rate_limit(3_600))
    );
    // Past all calendars.
    for value in ["99999999999999999999999999", "inf", "1e300"] {
        assert!(
            matches!(retry_after(value).await, Err(ErrorKind::RateLimit { .. })),
            "{value}"
        );
    }
}

#[tokio::test]
async fn waits_that_are_each_short_enough_may_be_too_long_together() {
    let spec = retrying("max_retries: 9, max_elapsed: 100s");
    let run = fetch(&spec, |_| Reply::status(429).header("Retry-After", "50")).await;
    // By then a hundred seconds have passed.
    run.fails(
        &rate_limit(150),
        &["longer than `max_elapsed` (100 s) leaves"],
    );
    run.waits(&[50, 50]);
    assert_eq!(run.error().position(), Some(&Position::Offset(0)));
    let run = fetch(&retrying("max_retries: 1"), |_| {
        Reply::status(429).header("Retry-After", "50")
    })
    .await;
    run.fails(&rate_limit(100), &["answered 429 twice"]);
}

#[tokio::test]
async fn the_last_attempt_says_when_to_ask_again_too() {
    let no_quota = |status| {
        let reply = Reply::status(status).header("RateLimit-Remaining", "0");
        reply.header("RateLimit-Reset", "50")
    };
    let told = |status| Reply::status(status).header("Retry-After", "50");
    for reply in [
        told(429),
        told(403),
        told(503),
        no_quota(429),
        no_quota(403),
        no_quota(503),
    ] {
        let run = fetch(&retrying("max_retries: 0"), {
            let reply = reply.clone();
            move |_| reply.clone()
        })
        .await;
        run.fails(
            &rate_limit(50),
            &[
                "and asks to wait 50 s; no retry is left",
                "ask again after 2026-11-21T09:30:50Z",
                "raise `max_retries`",
                "resumed from the error's position",
            ],
        );
        assert_eq!(run.error().position(), Some(&Position::Offset(0)));
        assert_eq!(run.asked.len(), 1);

        let once = source(
            "retry: { idempotent: false }",
            "{ path: things, method: POST, data_selector: data, paginator: single_page }",
            "json",
        );
        let run = fetch(&once, move |_| reply.clone()).await;
        run.fails(&rate_limit(50), &["asks to wait 50 s", "not repeated"]);
        assert!(!run.error().to_string().contains("max_retries"));
        assert_eq!(run.asked.len(), 1);
    }
    // These say nothing of a rate.
    for (reply, kind) in [
        (Reply::status(429), ErrorKind::Status(429)),
        (told(500), ErrorKind::Status(500)),
        (told(404), ErrorKind::Status(404)),
    ] {
        let run = fetch(&retrying("max_retries: 0"), move |_| reply.clone()).await;
        run.fails(&kind, &["answered"]);
    }
}

#[tokio::test]
async fn of_two_the_longer_is_waited() {
    for values in [["7", "20"], ["20", "7"], ["soon", "20"], ["20", "soon"]] {
        let headers = values.map(|value| ("Retry-After", value.to_owned()));
        assert_eq!(told(429, &headers).await, Ok(20), "{values:?}");
    }
}

#[tokio::test]
async fn a_date_is_measured_against_the_responses_own() {
    let headers = [
        ("Date", "Sat, 01 Jan 2000 00:00:00 GMT".to_owned()),
        ("Retry-After", "Sat, 01 Jan 2000 00:00:20 GMT".to_owned()),
    ];
    assert_eq!(told(503, &headers).await, Ok(20));
}

#[tokio::test]
async fn a_quotas_reset_is_waited_for_where_it_explains_the_status() {
    for (name, value) in [
        ("RateLimit-Reset", "20".to_owned()),
        ("X-RateLimit-Reset", (START + 20).to_string()),
        ("X-RateLimit-Reset", format!("{}000", START + 20)),
        ("X-Rate-Limit-Reset", "20".to_owned()),
        ("RateLimit", "limit=10, remaining=0, reset=20".to_owned()),
        ("RateLimit", "\"day\";r=0;t=20".to_owned()),
    ] {
        for status in [429, 503] {
            assert_eq!(
                told(status, &[(name, value.clone())]).await,
                Ok(20),
                "{name}: {value}"
            );
        }
        assert_eq!(
            told(500, &[(name, value.clone())]).await,
            Ok(1),
            "{name}: {value}"
        );
    }
    // Of the two the longer, unless what is left of the quota says that it is not meant.
    for (after, left, seconds) in [
        ("5", None, 20),
        ("0", Some("0"), 20),
        ("30", Some("0"), 30),
        ("5", Some("3"), 5),
    ] {
        let mut both = vec![
            ("Retry-After", after.to_owned()),
            ("RateLimit-Reset", "20".to_owned()),
        ];
        both.extend(left.map(|left| ("RateLimit-Remaining", left.to_owned())));
        for status in [403, 429, 503] {
            assert_eq!(told(status, &both).await, Ok(seconds), "{status}: {both:?}");
        }
    }
    // Nor does what is left explain a 503.
    let left = [
        ("RateLimit-Remaining", "3".to_owned()),
        ("RateLimit-Reset", "20".to_owned()),
    ];
    assert_eq!(told(503, &left).await, Ok(1));
    assert_eq!(told(429, &left).await, Ok(20));
}

#[tokio::test]
async fn a_403_without_quota_counts_as_a_429_and_another_does_not() {
    assert_eq!(told(403, &[("Retry-After", "20".to_owned())]).await, Ok(20));
    let used_up = [
        ("X-RateLimit-Remaining", "0".to_owned()),
        ("X-RateLimit-Reset", "20".to_owned()),
    ];
    assert_eq!(told(403, &used_up).await, Ok(20));
    assert_eq!(
        told(403, &[("X-RateLimit-Remaining", "0".to_owned())]).await,
        Ok(1)
    );
    let left = [
        ("X-RateLimit-Remaining", "5".to_owned()),
        ("X-RateLimit-Reset", "20".to_owned()),
    ];
    assert_eq!(told(403, &left).await, Err(ErrorKind::Status(403)));
    assert_eq!(told(403, &[]).await, Err(ErrorKind::Status(403)));
    // Where 429 is not asked again, nor is that.
    let run = fetch(
        &retrying("statuses: [503]"),
        after(1, Reply::status(403).header("Retry-After", "5")),
    )
    .await;
    run.fails(&ErrorKind::Status(403), &["answered 403"]);
}

#[tokio::test]
async fn a_success_without_quota_left_makes_the_next_request_wait() {
    let spec = paged("{ type: offset, limit: 2 }");
    let answers = |reset: u64| {
        let first = Reply::json(&numbers(0, 2)).header("X-RateLimit-Remaining", "0");
        in_turn([
            first.header("X-RateLimit-Reset", reset.to_string()),
            Reply::json(&numbers(2, 3)).header("X-RateLimit-Remaining", "1"),
            Reply::json(&numbers(3, 3)),
        ])
    };
    let run = fetch(&spec, answers(30)).await;
    run.brings(&json!([0, 1, 2]));
    run.waits(&[30]);

    let world = World::new(&spec, answers(3_600)).await;
    let run = world.run().await;
    run.fails(&rate_limit(3_600), &["no quota is left for 3600 s"]);
    assert_eq!(run.records, [json!(0), json!(1)], "what came is delivered");
    assert_eq!(run.asked.len(), 1, "it is not asked earlier than told");
    let position = run.error().position().unwrap().clone();
    assert_eq!(position, Position::Offset(2));
    world.clock.advance(Duration::from_secs(3_600));
    let run = world.run_as(|fetch| fetch.resume(position)).await;
    assert_eq!(run.records, [json!(2)]);
}

#[tokio::test]
async fn the_next_fetch_of_a_source_waits_for_the_quota_too() {
    let world = World::new(&retrying(""), |_| {
        page()
            .header("RateLimit-Remaining", "0")
            .header("RateLimit-Reset", "30")
    })
    .await;
    world.run().await.brings(&json!([0, 1]));
    assert!(
        world.clock.waits().is_empty(),
        "the last page ends the fetch"
    );
    let run = world.run().await;
    run.brings(&json!([0, 1]));
    run.waits(&[30]);
}

#[tokio::test]
async fn the_body_may_say_when() {
    let spec = |unit: &str| {
        let pager = "paginator: { type: offset, limit: 2, total_path: count }";
        source(
            &format!("retry: {{ backoff_factor: 1, retry_after_path: error.wait {unit} }}"),
            &format!("{{ path: things, data_selector: data, {pager} }}"),
            "json",
        )
    };
    for (unit, wait, seconds) in [
        ("", json!(20), 20),
        ("", json!("20"), 20),
        (", retry_after_unit: ms", json!(20_500), 20),
        ("", json!(-3), 1),
        ("", json!(null), 1),
        ("", json!("soon"), 1),
        ("", json!([20]), 1),
    ] {
        let body = json!({ "error": { "wait": wait } }).to_string();
        let run = fetch(&spec(unit), after(1, Reply::status(429).body(body))).await;
        run.brings(&json!([0, 1]));
        run.waits(&[seconds]);
    }
    // Of the header and the body the longer.
    let body = json!({ "error": { "wait": 5 } }).to_string();
    let reply = Reply::status(429).header("Retry-After", "9").body(body);
    fetch(&spec(""), after(1, reply)).await.waits(&[9]);
    let run = fetch(&spec(""), after(1, Reply::status(429).body("<html>"))).await;
    run.waits(&[1]);
}

#[tokio::test]
async fn a_post_is_asked_again_unless_it_may_not_be_repeated() {
    let spec = |client: &str, method: &str| {
        source(
            client,
            &format!(
                "{{ path: things, method: {method}, data_selector: data, paginator: single_page }}"
            ),
            "json",
        )
    };
    let broken = Reply::json(&numbers(0, 2)).mishap(Place::InBody, Mishap::Reset);
    for reply in [Reply::status(503), broken] {
        let run = fetch(&spec("concurrency: 1", "POST"), after(1, reply.clone())).await;
        run.brings(&json!([0, 1]));
        let once = "retry: { idempotent: false }";
        let run = fetch(&spec(once, "POST"), after(1, reply.clone())).await;
        run.error();
        assert_eq!(run.asked.len(), 1);
        let run = fetch(&spec(once, "GET"), after(1, reply)).await;
        run.brings(&json!([0, 1]));
    }
}

#[tokio::test]
async fn a_later_fetch_goes_on_where_one_failed() {
    for refusal in [
        Reply::status(500),
        Reply::status(429).header("Retry-After", "3600"),
    ] {
        for paginator in [
            "{ type: offset, limit: 2, total_path: count }",
            "{ type: page_number, total_path: pages }",
            "{ type: cursor, cursor_path: next }",
            "{ type: json_link, next_url_path: link }",
        ] {
            let failing = Arc::new(AtomicBool::new(true));
            let world = World::new(&paged(paginator), {
                let (failing, refusal) = (Arc::clone(&failing), refusal.clone());
                move |asked| {
                    let from = asked.number_in("offset").or(asked.number_in("cursor"));
                    let from = from
                        .or(asked.number_in("page").map(|page| 2 * page))
                        .unwrap_or(0);
                    if from == 4 && failing.load(Ordering::SeqCst) {
                        return refusal.clone();
                    }
                    let to = (from + 2).min(7);
                    let more = json!({
                        "count": 7, "pages": 4, "next": (to < 7).then_some(to),
                        "link": (to < 7).then(|| format!("/things?cursor={to}")),
                    });
                    Reply::json(&with(numbers(from, to), more))
                }
            })
            .await;
            let run = world.run().await;
            assert_eq!(json!(run.records), json!([0, 1, 2, 3]), "{paginator}");
            let position = run.error().position().unwrap().clone();
            failing.store(false, Ordering::SeqCst);
            world.clock.advance(Duration::from_secs(3_600));
            let run = world.run_as(|fetch| fetch.resume(position)).await;
            run.brings(&json!([4, 5, 6]));
        }
    }
}

#[tokio::test]
async fn what_a_page_costs_is_in_the_report() {
    let run = fetch(
        &retrying(""),
        in_turn([
            Reply::status(503),
            Reply::status(429).header("Retry-After", "9"),
            page(),
        ]),
    )
    .await;
    run.brings(&json!([0, 1]));
    let report = &run.report;
    assert_eq!((report.requests, report.retries, report.pages), (3, 2, 1));
    assert_eq!(report.waited, Duration::from_secs(11));
}
