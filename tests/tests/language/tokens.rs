//! Token endpoints: what is asked of them, what they may answer, and when there is another token.

use std::{sync::Mutex, time::Duration};

use rest_source::ErrorKind;
use rest_source_testkit::{Asked, Mishap, Place, Reply};
use serde_json::{Value, json};

use crate::world::{Run, World, in_turn, source};

/// A source of pages of one number by a token of `/token`, with more fields of its `auth`.
fn spec(auth: &str, client: &str) -> String {
    source(
        &format!(
            "auth: {{ type: oauth2_client_credentials, access_token_url: \"$BASE/token\", client_id: me, \
             client_secret: \"{{secrets.word}}\", {auth} }}, {client}"
        ),
        "{ path: things, data_selector: data, paginator: { type: page_number, maximum_page: 3, total_path: pages } }",
        "json",
    )
}

/// Tokens `t0`, `t1`, … by the number of the request.
fn token(asked: &Asked) -> Reply {
    granted(&format!("t{}", asked.number), &json!(3_600))
}

fn granted(token: &str, expires_in: &Value) -> Reply {
    Reply::json(&json!({ "access_token": token, "token_type": "Bearer", "expires_in": expires_in }))
}

fn page(asked: &Asked) -> Reply {
    Reply::json(&json!({ "data": [asked.number_in("page")], "pages": 3 }))
}

/// Answers for tokens by one function, for pages by another.
fn api(
    tokens: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    pages: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> impl Fn(&Asked) -> Reply + Send + Sync + 'static {
    move |asked| match asked.path() {
        "/token" => tokens(asked),
        _ => pages(asked),
    }
}

/// A run in which the token endpoint answers these, one after the other.
async fn answered(replies: Vec<Reply>) -> (Run, Vec<Asked>) {
    let world = World::new(&spec("", "concurrency: 1"), api(in_turn(replies), page)).await;
    (world.run().await, world.server.asked())
}

fn of<'a>(asked: &'a [Asked], path: &str) -> Vec<&'a Asked> {
    asked.iter().filter(|one| one.path() == path).collect()
}

fn all() -> Value {
    json!([0, 1, 2])
}

#[tokio::test]
async fn a_setting_in_the_path_of_the_token_url_is_one_segment_of_it() {
    let tenant = "config: { tenant: { type: text, default: a?b } }\n";
    let spec = spec("", "").replace("/token", "/{config.tenant}/token");
    let world = World::new(&format!("{tenant}{spec}"), |asked| match asked.path() {
        "/a%3Fb/token" => token(asked),
        _ => page(asked),
    })
    .await;
    world.run().await.brings(&all());
}

#[tokio::test]
async fn a_client_asks_for_one_token_by_its_form_or_by_basic() {
    let world = World::new(
        &spec(
            "scope: read all, audience: api, access_token_request_data: { resource: \"a&b\" }",
            "",
        ),
        api(token, page),
    )
    .await;
    world.run().await.brings(&all());
    let asked = world.server.asked();
    let tokens = of(&asked, "/token");
    assert_eq!(tokens.len(), 1, "one for the whole source");
    assert_eq!(tokens[0].line(), "POST /token");
    assert_eq!(
        tokens[0].body,
        "grant_type=client_credentials&client_id=me&client_secret=s3cret-word&scope=read+all&audience=api&resource=a%26b"
    );
    assert_eq!(tokens[0].header("authorization"), None);
    for page in of(&asked, "/things") {
        assert_eq!(page.header("authorization"), Some("Bearer t0"));
    }
    let world = World::new(&spec("client_authentication: basic", ""), api(token, page)).await;
    world.run().await.brings(&all());
    let asked = world.server.asked();
    assert_eq!(asked[0].body, "grant_type=client_credentials");
    assert_eq!(
        asked[0].header("authorization"),
        Some("Basic bWU6czNjcmV0LXdvcmQ=")
    );
}

#[tokio::test]
async fn an_endpoint_that_may_answer_later_is_asked_again() {
    for reply in [
        Reply::status(500),
        Reply::status(503).header("Retry-After", "2"),
        Reply::status(429),
        Reply::status(408),
        token(&asked_nothing()).mishap(Place::BeforeHead, Mishap::Reset),
        token(&asked_nothing()).mishap(Place::InHead, Mishap::Closed),
        token(&asked_nothing()).mishap(Place::InBody, Mishap::Reset),
    ] {
        let (run, asked) = answered(vec![reply, granted("good", &json!(60))]).await;
        run.brings(&all());
        run.waits(&[2]);
        assert_eq!(of(&asked, "/token").len(), 2);
        assert_eq!(
            of(&asked, "/things")[0].header("authorization"),
            Some("Bearer good")
        );
    }
    let (run, asked) = answered(vec![Reply::status(503)]).await;
    run.fails(
        &ErrorKind::Status(503),
        &["token endpoint answered 503", "after 4 requests"],
    );
    assert_eq!(
        (of(&asked, "/token").len(), of(&asked, "/things").len()),
        (4, 0)
    );
    let (run, asked) = answered(vec![Reply::status(429).header("Retry-After", "3600")]).await;
    assert!(matches!(run.error().kind(), ErrorKind::RateLimit { .. }));
    assert_eq!(asked.len(), 1, "it is not asked earlier than told");
}

fn asked_nothing() -> Asked {
    Asked {
        number: 0,
        method: String::new(),
        target: String::new(),
        headers: Vec::new(),
        body: String::new(),
    }
}

#[tokio::test]
async fn an_endpoint_that_is_slow_is_given_up_on_and_asked_again() {
    let slow =
        granted("late", &json!(60)).mishap(Place::InBody, Mishap::Pause(Duration::from_secs(1)));
    let client = "concurrency: 1, timeout: { request: 250ms }";
    let world = World::new(
        &spec("", client),
        api(in_turn([slow, granted("good", &json!(60))]), page),
    )
    .await;
    world.run().await.brings(&all());
    assert_eq!(of(&world.server.asked(), "/token").len(), 2);
}

#[tokio::test]
async fn what_is_no_token_is_an_error_of_auth_that_says_why() {
    let json = |body: Value| Reply::json(&body);
    for (reply, says) in [
        (json(json!({})), "without `access_token`"),
        (
            json(json!({ "access_token": null })),
            "without `access_token`",
        ),
        (
            json(json!({ "access_token": "" })),
            "without `access_token`",
        ),
        (
            json(json!({ "access_token": 7 })),
            "`access_token` is a number, expected text",
        ),
        (json(json!(["t"])), "did not answer with a JSON object"),
        (
            json(json!({ "access_token": "a\r\nX-Evil: 1" })),
            "a token that cannot be sent",
        ),
        (
            Reply::status(200).body("<html>Sign in</html>"),
            "did not answer with a JSON object",
        ),
        (Reply::status(200), "did not answer with a JSON object"),
        (Reply::status(204), "did not answer with a JSON object"),
        (
            json(json!({ "error": "invalid_client", "error_description": "no such client" })),
            "`invalid_client`",
        ),
        (
            Reply::status(400)
                .body(r#"{"error":"invalid_scope","error_description":"not s3cret-word"}"#),
            "`invalid_scope`",
        ),
        (
            json(json!({ "access_token": "t", "token_type": "MAC" })),
            "`token_type` is `MAC`",
        ),
        (
            Reply::status(200)
                .header("Content-Type", "text/html")
                .body("<html>Sign in</html>"),
            "content type: text/html",
        ),
        (Reply::status(400).body("no"), "answered 400"),
        (Reply::status(401), "answered 401"),
        (Reply::status(403), "answered 403"),
        (Reply::status(404).body("<html>"), "answered 404"),
    ] {
        let (run, asked) = answered(vec![reply]).await;
        run.fails(&ErrorKind::Auth, &["token endpoint", says, "/token"]);
        assert_eq!(
            asked.len(),
            1,
            "it is not asked again, and no page is: {says}"
        );
    }
}

#[tokio::test]
async fn a_redirect_of_the_endpoint_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let (run, asked) = answered(vec![Reply::status(status).header("Location", "/other")]).await;
        run.fails(
            &ErrorKind::Auth,
            &[
                &format!("answered {status}, a redirect"),
                "the endpoint's own URL",
            ],
        );
        assert_eq!(asked.len(), 1);
    }
}

#[tokio::test]
async fn a_life_may_be_a_number_text_or_missing() {
    // A token of this life is renewed after so many seconds, and not before.
    for (expires_in, renewed) in [
        (json!(600), 540),
        (json!("600"), 540),
        (json!(600.5), 541),
        (json!(100), 90),
        (json!(null), 3_540),
        (json!("soon"), 3_540),
        (json!(0), 3_540),
        (json!(-1), 3_540),
    ] {
        let world = World::new(&spec("", "concurrency: 1"), {
            let expires_in = expires_in.clone();
            api(
                move |asked| granted(&format!("t{}", asked.number), &expires_in),
                page,
            )
        })
        .await;
        let tokens = || of(&world.server.asked(), "/token").len();
        world.run().await.brings(&all());
        world.clock.advance(Duration::from_secs(renewed - 1));
        world.run().await.brings(&all());
        assert_eq!(tokens(), 1, "{expires_in}");
        world.clock.advance(Duration::from_secs(1));
        world.run().await.brings(&all());
        assert_eq!(tokens(), 2, "{expires_in}");
    }
    let world = World::new(
        &spec("default_token_expiration: 100", "concurrency: 1"),
        api(|_| Reply::json(&json!({ "access_token": "t" })), page),
    )
    .await;
    world.run().await.brings(&all());
    world.clock.advance(Duration::from_secs(90));
    world.run().await.brings(&all());
    assert_eq!(of(&world.server.asked(), "/token").len(), 2);
}

#[tokio::test]
async fn a_renewal_that_fails_early_keeps_the_token_and_one_that_fails_late_is_an_error() {
    let world = World::new(
        &spec("", "concurrency: 1, retry: { max_retries: 0 }"),
        api(
            in_turn([granted("old", &json!(600)), Reply::status(503)]),
            page,
        ),
    )
    .await;
    world.run().await.brings(&all());
    world.clock.advance(Duration::from_secs(560));
    world.run().await.brings(&all());
    let pages = world.server.asked();
    assert!(
        of(&pages, "/things")
            .iter()
            .all(|one| one.header("authorization") == Some("Bearer old"))
    );
    world.clock.advance(Duration::from_secs(60));
    world
        .run()
        .await
        .fails(&ErrorKind::Status(503), &["token endpoint"]);
}

#[tokio::test]
async fn a_401_renews_the_token_once_however_many_requests_met_it() {
    for concurrency in [1, 3] {
        // From the second page on the first token is over.
        let pages = |asked: &Asked| match asked.number_in("page") {
            Some(1 | 2) if asked.header("authorization") == Some("Bearer t0") => Reply::status(401),
            _ => page(asked),
        };
        let world = World::new(
            &spec("", &format!("concurrency: {concurrency}")),
            api(token, pages),
        )
        .await;
        let run = world.run().await;
        run.brings(&all());
        let asked = world.server.asked();
        assert_eq!(of(&asked, "/token").len(), 2, "{:?}", run.asked);
        assert_eq!(run.report.retries, if concurrency == 1 { 1 } else { 2 });
        assert_eq!(run.report.requests, of(&asked, "/things").len() as u64);
        assert!(run.waits.is_empty(), "that is no failure to wait after");
    }
}

#[tokio::test]
async fn a_second_401_is_the_answer() {
    let world = World::new(
        &spec("", "concurrency: 1"),
        api(token, |_| Reply::status(401)),
    )
    .await;
    let run = world.run().await;
    run.fails(&ErrorKind::Auth, &["answered 401"]);
    let asked = world.server.asked();
    assert_eq!(
        (of(&asked, "/token").len(), of(&asked, "/things").len()),
        (2, 2)
    );
}

#[tokio::test]
async fn a_rule_renews_a_token_and_says_when_that_is_of_no_help() {
    let spec = spec("", "concurrency: 1").replace(
        "data_selector: data,",
        "data_selector: data, response_actions: [{ json: { error: session }, action: refresh_auth }],",
    );
    let stale = |asked: &Asked| match asked.header("authorization") {
        Some("Bearer t0") => Reply::json(&json!({ "error": "session" })),
        _ => page(asked),
    };
    let world = World::new(&spec, api(token, stale)).await;
    world.run().await.brings(&all());
    assert_eq!(of(&world.server.asked(), "/token").len(), 2);
    let never = |_: &Asked| Reply::json(&json!({ "error": "session" }));
    let world = World::new(&spec, api(token, never)).await;
    world
        .run()
        .await
        .fails(&ErrorKind::Auth, &["new credentials are of no help"]);
    assert_eq!(of(&world.server.asked(), "/things").len(), 2);
}

#[tokio::test]
async fn a_rotated_refresh_token_is_given_to_keep_before_it_is_used() {
    let spec = spec("refresh_token: \"{secrets.first}\"", "concurrency: 1")
        .replace("oauth2_client_credentials", "oauth2_refresh_token");
    // The second answer gives the token that was used again.
    let refresh = ["s3cret-r1", "s3cret-r1", "s3cret-r2"];
    let rotating = in_turn(refresh.map(|token| {
        Reply::json(&json!({ "access_token": "t", "expires_in": 100, "refresh_token": token }))
    }));
    let world = World::new(&spec, api(rotating, page)).await;
    for _ in 0..3 {
        world.run().await.brings(&all());
        world.clock.advance(Duration::from_secs(200));
    }
    let form = "grant_type=refresh_token&client_id=me&client_secret=s3cret-word&refresh_token=";
    let sent = ["s3cret-first", "s3cret-r1", "s3cret-r1"].map(|token| format!("{form}{token}"));
    let asked = world.server.asked();
    let forms: Vec<&str> = of(&asked, "/token")
        .iter()
        .map(|one| one.body.as_str())
        .collect();
    assert_eq!(forms, sent);
    assert_eq!(*world.kept.lock().unwrap(), ["s3cret-r1", "s3cret-r2"]);
}

#[tokio::test]
async fn a_token_that_ends_at_once_is_asked_for_again_and_again() {
    // Each page is there at the second attempt, two seconds later.
    let refused = Mutex::new(Vec::new());
    let pages = move |asked: &Asked| {
        let mut refused = refused.lock().unwrap();
        if refused.contains(&asked.target) {
            return page(asked);
        }
        refused.push(asked.target.clone());
        Reply::status(503)
    };
    let short = |asked: &Asked| granted(&format!("t{}", asked.number), &json!(1));
    let world = World::new(&spec("", "concurrency: 1"), api(short, pages)).await;
    world.run().await.brings(&all());
    let asked = world.server.asked();
    assert_eq!(
        of(&asked, "/token").len(),
        4,
        "the first, and after each wait"
    );
    for pair in asked.windows(2) {
        if let ("/token", "/things") = (pair[0].path(), pair[1].path()) {
            let token = format!("Bearer t{}", pair[0].number);
            assert_eq!(pair[1].header("authorization"), Some(&*token));
        }
    }
}

#[tokio::test]
async fn fetches_that_begin_together_ask_for_one_token() {
    let late = |asked: &Asked| {
        token(asked).mishap(Place::BeforeHead, Mishap::Pause(Duration::from_millis(30)))
    };
    let world = World::new(&spec("", "concurrency: 8"), api(late, page)).await;
    let runs = (0..8).map(|_| world.run());
    for run in futures_util::future::join_all(runs).await {
        run.brings(&all());
    }
    assert_eq!(of(&world.server.asked(), "/token").len(), 1);
}

#[tokio::test]
async fn the_source_gives_its_leave_after_the_wait_for_a_token() {
    let replies = in_turn([Reply::status(503), granted("t", &json!(3_600))]);
    let limited = spec("", "concurrency: 1, rate_limit: { requests: 1, per: 10s }");
    let world = World::new(&limited, api(replies, page)).await;
    let run = world.run().await;
    run.brings(&all());
    // Once for the token; then the pages are ten seconds apart, the first two as well.
    run.waits(&[2, 10, 10]);
}
