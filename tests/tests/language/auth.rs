//! How each kind of credentials is sent.

use base64::{Engine, engine::general_purpose::STANDARD};
use rest_source::ErrorKind;
use rest_source_testkit::{Asked, Reply};
use serde_json::json;

use crate::world::{World, fetch, numbers, source, with};

/// The one request with this `auth`.
async fn asked_with(auth: &str) -> Asked {
    let spec = source(
        &format!("auth: {auth}"),
        "{ path: things, params: { q: x }, paginator: single_page }",
        "json",
    );
    let world = World::new(&spec, |_| Reply::json(&json!([]))).await;
    world.run().await.brings(&json!([]));
    world.server.asked().remove(0)
}

#[tokio::test]
async fn a_key_stands_in_a_header_a_parameter_or_a_cookie() {
    let asked = asked_with("{ type: api_key, api_key: \"{secrets.key}\" }").await;
    assert_eq!(asked.header("authorization"), Some("s3cret-key"));
    let asked =
        asked_with("{ type: api_key, name: X-Key, api_key: \"Token {secrets.key}\" }").await;
    assert_eq!(asked.header("x-key"), Some("Token s3cret-key"));
    assert_eq!(asked.header("authorization"), None);
    for location in ["query", "param"] {
        let auth = format!(
            "{{ type: api_key, name: key, api_key: \"{{secrets.key}}\", location: {location} }}"
        );
        assert_eq!(asked_with(&auth).await.target, "/things?q=x&key=s3cret-key");
    }
    let auth = "{ type: api_key, name: session, api_key: \"{secrets.key}\", location: cookie }";
    assert_eq!(
        asked_with(auth).await.header("cookie"),
        Some("session=s3cret-key")
    );
}

#[tokio::test]
async fn a_bearer_token_and_a_password_are_sent_as_their_standards_say() {
    let asked = asked_with("{ type: bearer, token: \"{secrets.token}\" }").await;
    assert_eq!(asked.header("authorization"), Some("Bearer s3cret-token"));
    let asked =
        asked_with("{ type: http_basic, username: grün, password: \"{secrets.word}:ü\" }").await;
    let (scheme, given) = asked
        .header("authorization")
        .unwrap()
        .split_once(' ')
        .unwrap();
    assert_eq!(scheme, "Basic");
    let given = STANDARD.decode(given).unwrap();
    assert_eq!(String::from_utf8(given).unwrap(), "grün:s3cret-word:ü");
    let asked =
        asked_with("{ type: http_basic, username: \"{secrets.key}\", password: \"\" }").await;
    assert_eq!(
        asked.header("authorization"),
        Some(&*format!("Basic {}", STANDARD.encode("s3cret-key:")))
    );
}

#[tokio::test]
async fn an_endpoints_auth_wins_over_a_defaults_over_the_sources() {
    let spec = "
client:
  base_url: $BASE
  auth: { type: bearer, token: '{secrets.of_client}' }
  paginator: single_page
resource_defaults: DEFAULTS
resources:
  - { name: plain, columns: json, endpoint: plain }
  - name: own
    columns: json
    endpoint: { path: own, auth: { type: bearer, token: '{secrets.own}' } }
  - { name: open, columns: json, endpoint: { path: open, auth: ~ } }
";
    let of_defaults = "{ endpoint: { auth: { type: bearer, token: '{secrets.of_defaults}' } } }";
    for (defaults, plain) in [
        ("{ selected: true }", Some("Bearer s3cret-of_client")),
        (of_defaults, Some("Bearer s3cret-of_defaults")),
    ] {
        let world = World::new(&spec.replace("DEFAULTS", defaults), |_| {
            Reply::json(&json!([]))
        })
        .await;
        for resource in &world.client.plan().resources {
            let mut pages = world.client.rows(resource).pages();
            while let Some(page) = pages.next().await {
                page.unwrap();
            }
        }
        let sent: Vec<_> = world.server.asked();
        let sent: Vec<_> = sent
            .iter()
            .map(|asked| asked.header("authorization"))
            .collect();
        assert_eq!(sent, [plain, Some("Bearer s3cret-own"), None], "{defaults}");
    }
}

#[tokio::test]
async fn secrets_may_stand_in_parameters_headers_and_bodies() {
    let spec = source(
        "headers: { X-Tenant: \"t {secrets.tenant}\" }",
        "{ path: things, method: POST, params: { key: \"{secrets.key}\" }, \
           headers: { X-Key: \"{secrets.key}\" }, json: { key: \"{secrets.key}\" }, paginator: single_page }",
        "json",
    );
    let world = World::new(&spec, |_| Reply::json(&json!([]))).await;
    world.run().await.brings(&json!([]));
    let asked = world.server.asked().remove(0);
    assert_eq!(asked.target, "/things?key=s3cret-key");
    assert_eq!(asked.header("x-tenant"), Some("t s3cret-tenant"));
    assert_eq!(asked.header("x-key"), Some("s3cret-key"));
    assert_eq!(asked.body, r#"{"key":"s3cret-key"}"#);
}

#[tokio::test]
async fn a_key_in_the_query_is_there_once_on_every_page_also_where_a_link_has_it() {
    let spec = source(
        "auth: { type: api_key, name: key, api_key: \"{secrets.key}\", location: query }",
        "{ path: things, data_selector: data, paginator: json_link }",
        "json",
    );
    let run = fetch(&spec, |asked| {
        let next = [
            "/things?key=s3cret-key&page=2",
            "/things?page=3&key=s3cret-key&key=other",
            "/things?page=4",
        ];
        let at = asked.number;
        Reply::json(&with(numbers(at, at + 1), json!({ "next": next.get(at) })))
    })
    .await;
    run.brings(&json!([0, 1, 2, 3]));
    run.asks(&[
        "GET /things?key=s3cret-key",
        "GET /things?key=s3cret-key&page=2",
        "GET /things?page=3&key=s3cret-key",
        "GET /things?page=4&key=s3cret-key",
    ]);
}

#[tokio::test]
async fn a_key_that_a_response_echoes_is_shown_nowhere() {
    let spec = source(
        "auth: { type: api_key, name: key, api_key: \"{secrets.key}\", location: query }, retry: { max_retries: 0 }",
        "{ path: things, data_selector: data, paginator: json_link }",
        "json",
    );
    // The harness looks for it in every error.
    for reply in [
        Reply::status(500).body("no such key: s3cret-key"),
        Reply::status(200).body("s3cret-key is no JSON"),
        Reply::json(&json!({ "s3cret-key": 1 })),
        Reply::json(&json!({ "data": [], "next": "http://[s3cret-key" })),
        Reply::json(&json!({ "data": [], "next": "http://s3cret-key.example/" })),
        Reply::status(302).header("Location", "http://s3cret-key.example/"),
        Reply::json(&json!({ "data": [0], "next": "/things?key=s3cret-key" })),
    ] {
        let run = fetch(&spec, move |_| reply.clone()).await;
        run.error();
    }
    // Nor in what a report says of what was left out.
    let ignoring = spec.replace(
        "data_selector: data,",
        "data_selector: data, response_actions: [{ status_code: 404, action: ignore }],",
    );
    let run = fetch(&ignoring, |_| {
        Reply::status(404).body("no such key: s3cret-key")
    })
    .await;
    assert_eq!(run.report.ignored, 1, "{}", run.notes());
    let typed = spec.replace("columns: json", "columns: { id: bigint }");
    let page = json!({ "data": [{ "id": 1, "s3cret-key": 1, "x": "s3cret-key" }] });
    let run = fetch(&typed, move |_| Reply::json(&page)).await;
    run.brings(&json!([{ "id": 1 }]));
    assert_eq!(run.report.undeclared_values, 2, "{}", run.notes());
    let run = fetch(&typed, |_| {
        Reply::json(&json!({ "data": [{ "id": "s3cret-key" }] }))
    })
    .await;
    run.fails(&ErrorKind::Schema, &["$.data[0].id"]);
}

#[tokio::test]
async fn a_401_names_the_variables_of_the_credentials_and_no_values() {
    for (client, names) in [
        (
            "auth: { type: bearer, token: \"{secrets.token}\" }",
            "check the credentials: `SPEC_TOKEN`",
        ),
        (
            "auth: { type: http_basic, username: \"{secrets.who}\", password: \"{secrets.word}-{secrets.who}\" }",
            "check the credentials: `SPEC_WHO`, `SPEC_WORD`",
        ),
        (
            "concurrency: 1",
            "the resource has no `auth`, so that no credentials were sent: add it, here or in `client`",
        ),
    ] {
        let spec = source(client, "{ path: things, paginator: single_page }", "json");
        let run = fetch(&spec, |_| Reply::status(401)).await;
        run.fails(&ErrorKind::Auth, &["answered 401"]);
        let text = run.error().to_string();
        assert!(text.ends_with(&format!("help: {names}")), "{text}");
    }
}

/// What the fields of an answer to a challenge are.
fn answered(asked: &Asked) -> Option<(String, String)> {
    let answer = asked.header("authorization")?.strip_prefix("Digest ")?;
    let field = |name: &str| {
        let after = answer.split(&format!("{name}=")).nth(1)?;
        Some(after.split(',').next()?.trim_matches('"').to_owned())
    };
    Some((field("nonce")?, field("nc")?))
}

#[tokio::test]
async fn a_challenge_is_answered_until_the_api_says_that_it_is_stale() {
    let spec = source(
        "auth: { type: http_digest, username: me, password: \"{secrets.word}\" }",
        "{ path: things, data_selector: data, paginator: { type: offset, limit: 1 } }",
        "json",
    );
    let world = World::new(&spec, |asked| {
        let challenge = |nonce: &str, stale: &str| {
            Reply::status(401).header(
                "WWW-Authenticate",
                format!("Digest realm=\"things\", nonce=\"{nonce}\", qop=\"auth\", algorithm=SHA-256{stale}"),
            )
        };
        match answered(asked) {
            None => challenge("first", ""),
            Some((nonce, count)) if nonce == "first" && count == "00000003" => {
                challenge("second", ", stale=true")
            }
            Some(_) if asked.number_in("offset") == Some(4) => Reply::json(&numbers(0, 0)),
            Some(_) => Reply::json(&numbers(0, 1)),
        }
    })
    .await;
    let run = world.run_as(|fetch| fetch.concurrency(1)).await;
    run.brings(&json!([0, 0, 0, 0]));
    let asked = world.server.asked();
    let answers: Vec<_> = asked.iter().map(answered).collect();
    let of = |nonce: &str, count: &str| Some((nonce.to_owned(), count.to_owned()));
    assert_eq!(
        answers,
        [
            None,
            of("first", "00000001"),
            of("first", "00000002"),
            of("first", "00000003"),
            of("second", "00000001"),
            of("second", "00000002"),
            of("second", "00000003"),
        ]
    );
}

#[tokio::test]
async fn a_rejected_password_is_sent_once() {
    let spec = source(
        "auth: { type: http_digest, username: me, password: \"{secrets.word}\" }",
        "{ path: things, paginator: single_page }",
        "json",
    );
    let world = World::new(&spec, |_| {
        Reply::status(401).header(
            "WWW-Authenticate",
            "Digest realm=\"r\", nonce=\"n\", qop=\"auth\"",
        )
    })
    .await;
    let run = world.run().await;
    run.fails(&ErrorKind::Auth, &["check the credentials: `SPEC_WORD`"]);
    assert_eq!(world.server.asked().len(), 2);
}
