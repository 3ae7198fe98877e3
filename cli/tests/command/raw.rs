//! `fetch --raw`, `--save` and `--pages`: what they show and keep, and that no secret is in it.

use std::fs;

use rest_source_testkit::{Reply, Scripted};
use serde_json::{Value, json};

use crate::shell::{Ran, Shell};

const SECRET: &str = "s3cret-of-the-house";
const ISSUED: &str = "issued-t0ken-of-today";

/// A spec with these credentials and this further part of its endpoint.
fn spec(auth: &str, endpoint: &str) -> String {
    format!(
        "\
name: wire
config: {{ base_url: text }}
client:
  base_url: \"{{config.base_url}}\"
  auth: {auth}
resources:
  - name: things
    endpoint:
      path: things
      data_selector: items
      paginator: {{ type: page_number, base_page: 1, total_path: pages }}
{endpoint}
    columns: {{ id: bigint! }}
"
    )
}

/// Serves two pages that repeat the credentials of their request, and tokens.
async fn serve() -> Scripted {
    Scripted::start(|asked| {
        if asked.path() == "/token" {
            return Reply::json(&json!({ "access_token": ISSUED, "expires_in": 3600 }))
                .header("Set-Cookie", "session=another-s3cret");
        }
        let echo = format!("{:?} {} {}", asked.headers, asked.target, asked.body);
        let first = if asked.param("page") == Some("2") {
            3
        } else {
            1
        };
        let items = json!([{ "id": first }, { "id": first + 1 }]);
        Reply::json(&json!({ "items": items, "pages": 2, "echo": echo }))
            .header("Set-Cookie", "session=another-s3cret")
            .header("X-Request-Id", "7")
    })
    .await
    .unwrap()
}

/// A shell with this spec, for this server.
fn shell(server: &Scripted, spec: &str) -> Shell {
    let shell = Shell::new().with("WIRE_BASE_URL", server.url());
    let shell = ["KEY", "USER", "PASSWORD", "REFRESH"]
        .iter()
        .fold(shell, |shell, name| {
            shell.with(&format!("WIRE_{name}"), SECRET)
        });
    shell.write("wire.yaml", spec);
    shell
}

#[track_caller]
fn assert_without_secrets(text: &str, case: &str) {
    use base64::Engine as _;

    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{SECRET}:{SECRET}"));
    for secret in [SECRET, ISSUED, "another-s3cret", basic.as_str()] {
        assert!(!text.contains(secret), "{case}\n{text}");
    }
}

/// All files of a folder as one text.
fn files(shell: &Shell, folder: &str) -> String {
    let files = fs::read_dir(shell.path(folder)).unwrap();
    let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    texts.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_and_saved_exchanges_hold_no_secret() {
    let server = serve().await;
    let key = "{secrets.key}";
    let token_url = format!("{}/token", server.url());
    let cases = [
        (
            format!("{{ type: api_key, name: X-Key, api_key: \"{key}\", location: header }}"),
            "",
        ),
        (
            format!("{{ type: api_key, name: opens, api_key: \"{key}\", location: query }}"),
            "",
        ),
        (
            format!("{{ type: api_key, name: sid, api_key: \"{key}\", location: cookie }}"),
            "",
        ),
        (format!("{{ type: bearer, token: \"{key}\" }}"), ""),
        (
            "{ type: http_basic, username: \"{secrets.user}\", password: \"{secrets.password}\" }"
                .to_owned(),
            "",
        ),
        (
            format!(
                "{{ type: oauth2_client_credentials, access_token_url: \"{token_url}\", client_id: me, client_secret: \"{key}\" }}"
            ),
            "",
        ),
        (
            format!(
                "{{ type: oauth2_refresh_token, access_token_url: \"{token_url}\", client_id: me, client_secret: \"{key}\", refresh_token: \"{{secrets.refresh}}\" }}"
            ),
            "",
        ),
        (
            format!(
                "{{ type: session_login, path: /token, json: {{ password: \"{key}\" }}, token_path: access_token, query: access }}"
            ),
            "",
        ),
        (
            format!(
                "{{ type: session_login, path: /token, json: {{ password: \"{key}\" }}, token_path: access_token, body_path: auth.token }}"
            ),
            "      method: POST\n      json: { filter: all }",
        ),
        (
            "null".to_owned(),
            "      headers: { X-Depot: \"depot {secrets.key}\" }",
        ),
        (
            "null".to_owned(),
            "      params: { house: \"{secrets.key}\" }",
        ),
        (
            "null".to_owned(),
            "      method: POST\n      json: { house: \"{secrets.key}\" }",
        ),
    ];
    for (auth, endpoint) in &cases {
        let mut spec = spec(auth, endpoint);
        if auth == "null" {
            spec = spec.replace("  auth: null\n", "");
        }
        let shell = shell(&server, &spec);
        let raw = shell.run(&["fetch", "wire.yaml", "things", "--raw", "--save", "pages"]);
        assert_eq!(raw.code, 0, "{spec}\n{raw}");
        assert!(raw.stdout.contains("[secret]"), "{spec}\n{raw}");
        assert!(
            raw.stdout.contains("X-Request-Id: 7") || raw.stdout.contains("x-request-id: 7"),
            "{raw}"
        );
        assert_without_secrets(&raw.to_string(), &spec);
        assert_without_secrets(&files(&shell, "pages"), &spec);
    }
}

fn run(shell: &Shell, args: &[&str]) -> Ran {
    let ran = shell.run(&[&["fetch", "wire.yaml", "things"], args].concat());
    assert_eq!(ran.code, 0, "{ran}");
    ran
}

const BEARER: &str = "{ type: bearer, token: \"{secrets.key}\" }";

#[tokio::test(flavor = "multi_thread")]
async fn raw_shows_one_page_and_the_next_request_which_is_not_sent() {
    let server = serve().await;
    let shell = shell(&server, &spec(BEARER, ""));
    let raw = run(&shell, &["--raw"]);
    let next = format!(
        "paginator: the next request is GET {}/things?page=2",
        server.url()
    );
    for shown in [
        "selector: `$.items` found 2 records in 2 rows of 1 pages",
        "\"pages\":2",
        "response 1: status 200",
        &next,
    ] {
        assert!(raw.stdout.contains(shown), "{shown}\n{raw}");
    }
    assert_eq!(server.asked().len(), 1);
    let both = run(&shell, &["--raw", "--pages", "2"]);
    assert!(
        both.stdout.contains("paginator: there is no next page"),
        "{both}"
    );
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_shows_the_exchange_that_failed() {
    let server = Scripted::start(|_| Reply::status(404).body(format!("no such {SECRET}\x1b[2J")))
        .await
        .unwrap();
    let shell = shell(&server, &spec(BEARER, ""));
    let raw = shell.run(&["fetch", "wire.yaml", "things", "--raw"]);
    assert_eq!(raw.code, 3, "{raw}");
    assert!(raw.stdout.contains("response 1: status 404"), "{raw}");
    assert!(raw.stdout.contains("no such [secret]\\u{1b}[2J"), "{raw}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_limit_the_requests_and_save_keeps_the_bodies_as_received() {
    let server = serve().await;
    let shell = shell(&server, &spec(BEARER, ""));
    let one = run(
        &shell,
        &["--pages", "1", "--save", "pages", "--format", "jsonl"],
    );
    assert_eq!(one.stdout, "{\"id\":1}\n{\"id\":2}\n");
    assert_eq!(server.asked().len(), 1);
    let saved: Value =
        serde_json::from_str(&shell.read("pages/things-0001.exchange.json")).unwrap();
    assert_eq!(saved["response"]["status"], 200);
    let url = saved["request"]["url"].as_str().unwrap();
    assert!(url.ends_with("/things?page=1"), "{url}");
    let body: Value = serde_json::from_str(&shell.read("pages/things-0001.json")).unwrap();
    assert_eq!(body["items"], json!([{ "id": 1 }, { "id": 2 }]));
    // Pages of two fetches are not mixed.
    let again = shell.run(&["fetch", "wire.yaml", "things", "--save", "pages"]);
    assert_eq!(again.code, 2, "{again}");
    assert!(
        again.stderr.contains("has pages of `things` already"),
        "{again}"
    );
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn base_url_is_where_the_command_sends_its_requests() {
    let server = serve().await;
    let shell = shell(&server, &spec(BEARER, "")).with("WIRE_BASE_URL", "https://api.example.com");
    let fetched = run(&shell, &["--base-url", server.url(), "--format", "jsonl"]);
    assert_eq!(fetched.stdout.lines().count(), 4, "{fetched}");
    let refused = shell.run(&[
        "fetch",
        "wire.yaml",
        "things",
        "--base-url",
        "http://api.example.com",
    ]);
    assert_eq!(refused.code, 3, "{refused}");
    assert!(refused.stderr.contains("plain http"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_a_limit_of_requests_also_where_the_number_of_pages_is_known() {
    let server = Scripted::start(|asked| {
        let page: i64 = asked.param("page").unwrap_or("1").parse().unwrap();
        let link = "<https://api.example.com/things?page=2&token=LEAK,LINK>; rel=\"next\"";
        Reply::json(&json!({ "items": [{ "id": page }], "pages": 6 })).header("Link", link)
    })
    .await
    .unwrap();
    let shell = shell(
        &server,
        &spec("{ type: bearer, token: \"{secrets.key}\" }", ""),
    );
    let ran = shell.run(&[
        "fetch",
        "wire.yaml",
        "things",
        "--pages",
        "3",
        "--save",
        "kept",
    ]);
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(server.asked().len(), 3, "{ran}");
    assert!(ran.stderr.contains("3 pages saved"), "{ran}");
    let kept = files(&shell, "kept");
    assert!(
        kept.contains("token=[secret]") && !kept.contains("LEAK") && !kept.contains(",LINK"),
        "{kept}"
    );
}
