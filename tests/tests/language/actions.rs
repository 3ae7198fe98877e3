//! `response_actions`: what a response means, before anything else is made of it.

use rest_source::ErrorKind;
use rest_source_testkit::{Asked, Reply};
use serde_json::{Value, json};

use crate::world::{Run, World, fetch, in_turn, numbers, source};

/// Three pages, the second of which is answered like this, so many times, under these rules.
async fn second(rules: &str, times: usize, reply: Reply) -> Run {
    nth(2, rules, times, reply).await
}

async fn nth(page: usize, rules: &str, times: usize, reply: Reply) -> Run {
    let spec = source(
        "concurrency: 1, retry: { max_retries: 2 }, auth: { type: bearer, token: \"{secrets.token}\" }",
        &format!(
            "{{ path: things, data_selector: data, response_actions: {rules}, \
             paginator: {{ type: page_number, base_page: 1, maximum_pages: 3 }} }}"
        ),
        "json",
    );
    fetch(&spec, move |asked: &Asked| {
        let at = asked.number_in("page").unwrap();
        if at == page && (page..page + times).contains(&(asked.number + 1)) {
            return reply.clone();
        }
        Reply::json(&numbers(2 * at, 2 * at + 2))
    })
    .await
}

fn all() -> Value {
    json!([2, 3, 4, 5, 6, 7])
}

#[tokio::test]
async fn what_is_ignored_ends_the_pages_and_keeps_what_came() {
    for (rule, reply) in [
        ("{ status_code: 404, action: ignore }", Reply::status(404)),
        ("{ status_code: 4xx, action: ignore }", Reply::status(410)),
        (
            "{ status_code: [403, 5xx], action: ignore }",
            Reply::status(503),
        ),
        (
            "{ content: gone for good, action: ignore }",
            Reply::status(400).body("It is gone for good."),
        ),
        (
            "{ content: \"\\\"ok\\\":false\", action: ignore }",
            Reply::json(&json!({ "ok": false })),
        ),
        (
            "{ json: { ok: false }, action: ignore }",
            Reply::json(&json!({ "ok": false })),
        ),
        (
            "{ json: { $.error.code: [17, gone] }, action: ignore }",
            Reply::status(500).body(r#"{"error":{"code":17.0}}"#),
        ),
        (
            "{ json: { 'errors[0]': gone }, action: ignore }",
            Reply::status(200).body(r#"{"errors":["gone"]}"#),
        ),
        (
            "{ header: { X-State: archived }, action: ignore }",
            Reply::json(&numbers(0, 9)).header("x-state", "archived"),
        ),
        (
            "{ status_code: 400, content: a, json: { b: true }, header: { X-C: d }, action: ignore }",
            Reply::status(400)
                .header("X-C", "d")
                .body(r#"{"b":true,"a":0}"#),
        ),
    ] {
        let run = second(&format!("[{rule}]"), 1, reply.clone()).await;
        run.fails(&ErrorKind::Incomplete, &["ignored by spec.yaml:3"]);
        assert_eq!(run.records, [json!(2), json!(3)], "{rule}");
        assert_eq!((run.asked.len(), run.report.ignored), (2, 1), "{rule}");
        let run = nth(1, &format!("[{rule}]"), 1, reply).await;
        run.brings(&json!([]));
    }
}

#[tokio::test]
async fn every_condition_of_a_rule_has_to_hold() {
    let rule =
        "[{ status_code: 400, content: a, json: { b: true }, header: { X-C: d }, action: ignore }]";
    let body = r#"{"b":true,"a":0}"#;
    for reply in [
        Reply::status(422).header("X-C", "d").body(body),
        Reply::status(400).header("X-C", "D").body(body),
        Reply::status(400).body(body),
        Reply::status(400).header("X-C", "d").body(r#"{"b":true}"#),
        Reply::status(400)
            .header("X-C", "d")
            .body(r#"{"b":"true","a":0}"#),
        Reply::status(400).header("X-C", "d").body("a <b>true</b>"),
    ] {
        let run = second(rule, 1, reply).await;
        assert!(matches!(run.error().kind(), ErrorKind::Status(_)));
    }
}

#[tokio::test]
async fn a_rule_has_a_response_asked_again_whatever_its_status() {
    for reply in [
        Reply::status(409),
        Reply::json(&json!({ "status": "pending" })),
        Reply::status(404).body(r#"{"status":"pending"}"#),
    ] {
        let rules =
            "[{ json: { status: pending }, action: retry }, { status_code: 409, action: retry }]";
        let run = second(rules, 2, reply).await;
        run.brings(&all());
        run.waits(&[2, 4]);
        assert_eq!(run.report.retries, 2);
    }
}

#[tokio::test]
async fn a_response_that_is_asked_again_by_a_rule_may_say_when() {
    let rules = "[{ json: { status: pending }, action: retry }]";
    let pending = Reply::json(&json!({ "status": "pending" }));
    let run = second(rules, 1, pending.clone().header("Retry-After", "9")).await;
    run.brings(&all());
    run.waits(&[9]);
    let run = second(rules, 1, pending.header("Retry-After", "3600")).await;
    assert!(matches!(run.error().kind(), ErrorKind::RateLimit { .. }));
}

#[tokio::test]
async fn after_its_retries_a_response_is_an_error_or_ignored() {
    let run = second(
        "[{ status_code: 409, action: retry }]",
        9,
        Reply::status(409),
    )
    .await;
    run.fails(&ErrorKind::Status(409), &["answered 409 three times"]);
    let run = second(
        "[{ status_code: 409, action: retry, after_retries: fail }]",
        9,
        Reply::status(409),
    )
    .await;
    run.fails(&ErrorKind::Status(409), &["answered 409 three times"]);
    let run = second(
        "[{ status_code: 409, action: retry, after_retries: ignore }]",
        9,
        Reply::status(409),
    )
    .await;
    run.fails(&ErrorKind::Incomplete, &["page=2"]);
    assert_eq!(run.records, [json!(2), json!(3)]);
    assert_eq!((run.asked.len(), run.report.ignored), (4, 1));
}

#[tokio::test]
async fn a_failure_says_what_the_rule_says_and_is_not_asked_again() {
    let rules = "[{ json: { error: plan }, action: fail, message: This plan has no such data. }]";
    for (reply, kind) in [
        (
            Reply::json(&json!({ "error": "plan" })),
            ErrorKind::Response,
        ),
        (
            Reply::status(503).body(r#"{"error":"plan"}"#),
            ErrorKind::Status(503),
        ),
        (
            Reply::status(401).body(r#"{"error":"plan"}"#),
            ErrorKind::Auth,
        ),
    ] {
        let run = second(rules, 1, reply).await;
        run.fails(
            &kind,
            &["This plan has no such data.", "spec.yaml:3", "plan"],
        );
        assert_eq!(run.asked.len(), 2);
        assert_eq!(run.records.len(), 2);
    }
    let run = second(
        "[{ status_code: 503, action: fail }]",
        1,
        Reply::status(503),
    )
    .await;
    run.fails(&ErrorKind::Status(503), &["answered 503"]);
    assert_eq!(run.asked.len(), 2);
}

#[tokio::test]
async fn the_first_rule_that_matches_decides_before_retry_and_success() {
    let rules = "[{ status_code: 503, json: { final: true }, action: fail, message: Closed. }, \
                 { status_code: 503, action: ignore }]";
    let run = second(rules, 1, Reply::status(503).body(r#"{"final":true}"#)).await;
    run.fails(&ErrorKind::Status(503), &["Closed."]);
    let run = second(rules, 1, Reply::status(503)).await;
    run.fails(&ErrorKind::Incomplete, &["ignored by"]);
}

/// The children of four records, of which that of the third is answered like this, by these rules.
async fn child(rules: &str, retry: &str, third: Reply) -> Run {
    let spec = format!(
        "client: {{ base_url: \"$BASE\", concurrency: 1, paginator: single_page, retry: {{ max_retries: 1{retry} }} }}\n\
         resources:\n  - {{ name: posts, columns: {{ id: bigint! }} }}\n  \
         - {{ name: comments, columns: json, endpoint: {{ path: \"posts/{{resources.posts.id}}\", response_actions: {rules} }} }}\n"
    );
    fetch(&spec, move |asked| match asked.path() {
        "/posts" => Reply::json(&json!([{ "id": 1 }, { "id": 2 }, { "id": 3 }, { "id": 4 }])),
        "/posts/3" => third.clone(),
        path => Reply::json(&json!([path])),
    })
    .await
}

#[tokio::test]
async fn a_long_wait_of_what_is_ignored_holds_up_nothing_else() {
    let long = |status| Reply::status(status).header("Retry-After", "3600");
    for status in [503, 429] {
        let rule = format!("[{{ status_code: {status}, action: retry, after_retries: ignore }}]");
        let run = child(&rule, "", long(status)).await;
        run.brings(&json!(["/posts/1", "/posts/2", "/posts/4"]));
        run.waits(&[]);
        assert_eq!(run.report.ignored, 1);
    }
}

#[tokio::test]
async fn a_wait_closes_the_source_where_it_is_said_of_all_requests() {
    let in_body = ", retry_after_path: wait";
    let header = |status| Reply::status(status).header("Retry-After", "3600");
    let body = |status| Reply::status(status).body(r#"{"wait":3600}"#);
    for (rules, reply, closed) in [
        ("[]", header(429), true),
        ("[]", body(429), true),
        ("[]", header(503), true),
        ("[]", body(503), false),
        ("[{ status_code: 503, action: retry }]", header(503), false),
        ("[{ status_code: 429, action: retry }]", header(429), true),
    ] {
        let spec = source(
            &format!("concurrency: 1, retry: {{ max_retries: 1{in_body} }}"),
            &format!("{{ path: things, paginator: single_page, response_actions: {rules} }}"),
            "json",
        );
        let world = World::new(&spec, in_turn([reply, Reply::json(&json!([1]))])).await;
        let run = world.run().await;
        assert!(matches!(run.error().kind(), ErrorKind::RateLimit { .. }));
        let next = world.run().await;
        assert_eq!(next.end.is_err(), closed, "{rules}: {:?}", next.end);
    }
}
