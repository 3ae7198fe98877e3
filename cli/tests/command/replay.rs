//! `test`: fetches that `fetch --save` kept are replayed without a network.

use std::sync::atomic::{AtomicUsize, Ordering};

use rest_source_testkit::{Reply, Scripted};
use serde_json::json;

use crate::shell::{Ran, Shell};

const SPEC: &str = "\
name: wire
config: { base_url: text, region: { type: text, default: eu } }
client:
  base_url: \"{config.base_url}\"
  auth: { type: oauth2_client_credentials, access_token_url: \"{config.base_url}/token\", client_id: me, client_secret: \"{secrets.key}\" }
resources:
  - name: things
    endpoint:
      path: things
      params: { region: \"{config.region}\", before: \"{now}\" }
      data_selector: items
      paginator: { type: json_link, next_url_path: next }
      response_actions:
        - { status_code: 404, action: ignore }
    primary_key: id
    columns: { id: bigint!, name: text }
  - name: parts
    endpoint:
      path: \"things/{resources.things.id}/parts\"
      paginator: single_page
      response_actions:
        - { status_code: 404, action: ignore }
    columns: { part: text! }
";

/// Things in two pages, the second after a failure; only the first thing has parts.
async fn serve() -> Scripted {
    let failures = AtomicUsize::new(0);
    Scripted::start(move |asked| match asked.path() {
        "/token" => Reply::json(&json!({ "access_token": "issued-t0ken", "expires_in": 3600 })),
        "/things" if asked.param("page").is_none() => {
            let next = format!("{}&page=2&access_token=LEAK", asked.target);
            Reply::json(&json!({ "items": [{ "id": 1, "name": "a" }], "next": next }))
        }
        "/things" if failures.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) => {
            Reply::status(503).header("Retry-After", "1")
        }
        "/things" => Reply::json(&json!({ "items": [{ "id": 2 }, { "id": 3 }] })),
        "/things/1/parts" => Reply::json(&json!([{ "part": "x" }, { "part": "y" }])),
        _ => Reply::status(404),
    })
    .await
    .unwrap()
}

/// A shell with saved fetches of both resources, whose server is gone.
async fn saved() -> Shell {
    let server = serve().await;
    let shell = Shell::new()
        .with("WIRE_BASE_URL", server.url())
        .with("WIRE_KEY", "s3cret-of-the-house");
    shell.write("wire.yaml", SPEC);
    for resource in ["things", "parts"] {
        let args = [
            "fetch",
            "wire.yaml",
            resource,
            "--save",
            "kept",
            "--config",
            "region=us",
        ];
        let ran = shell.run(&args);
        assert_eq!(ran.code, 0, "{ran}");
    }
    drop(server);
    let shell = shell.without_variables();
    let written = test(&shell, &["--update"]);
    assert_eq!(written.code, 0, "{written}");
    shell
}

fn test(shell: &Shell, more: &[&str]) -> Ran {
    shell.run(&[&["test", "wire.yaml", "--from", "kept"], more].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_fetch_is_replayed_with_its_retries_settings_and_time() {
    let shell = saved().await;
    assert_eq!(
        shell.read("kept/things.records.jsonl"),
        "{\"id\":1,\"name\":\"a\"}\n{\"id\":2,\"name\":null}\n{\"id\":3,\"name\":null}\n"
    );
    assert_eq!(
        shell.read("kept/parts.records.jsonl"),
        "{\"part\":\"x\"}\n{\"part\":\"y\"}\n"
    );
    let ran = test(&shell, &[]);
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(
        ran.stderr,
        "parts: 2 records as expected\nthings: 3 records as expected\n"
    );
    for file in std::fs::read_dir(shell.path("kept")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for secret in ["s3cret-of-the-house", "issued-t0ken"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_records_fail_the_test_with_a_diff() {
    let shell = saved().await;
    let changed = SPEC.replace(
        "id: bigint!, name: text",
        "id: bigint!, size: { data_type: text, value: small }",
    );
    shell.write("wire.yaml", &changed);
    let ran = test(&shell, &["things"]);
    assert_eq!(ran.code, 1, "{ran}");
    assert!(
        ran.stderr.contains("  -{\"id\":1,\"name\":\"a\"}\n")
            && ran.stderr.contains("  +{\"id\":1,\"size\":\"small\"}\n")
            && ran.stderr.contains("--update"),
        "{ran}"
    );
    let updated = test(&shell, &["things", "--update"]);
    assert_eq!(updated.code, 0, "{updated}");
    assert_eq!(test(&shell, &["things"]).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_requests_fail_the_test() {
    let shell = saved().await;
    for (from, to, expected) in [
        (
            "region: \"{config.region}\"",
            "area: \"{config.region}\"",
            "no saved response answers `GET ",
        ),
        (
            "type: json_link, next_url_path: next",
            "type: single_page",
            "does not send all requests",
        ),
    ] {
        shell.write("wire.yaml", &SPEC.replace(from, to));
        let ran = test(&shell, &["things"]);
        assert_eq!(ran.code, 1, "{ran}");
        assert!(ran.stderr.contains(expected), "{ran}");
        assert!(ran.stderr.contains("saved, but not sent: `GET "), "{ran}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named_with_the_command_that_makes_it() {
    let shell = saved().await;
    std::fs::remove_file(shell.path("kept/things.records.jsonl")).unwrap();
    let ran = test(&shell, &["things"]);
    assert_eq!(ran.code, 2, "{ran}");
    assert!(ran.stderr.contains("--update"), "{ran}");
    std::fs::remove_file(shell.path("kept/things.fetch.json")).unwrap();
    let ran = test(&shell, &["things"]);
    assert_eq!(ran.code, 2, "{ran}");
    let help = "rest-source fetch wire.yaml things --save kept";
    assert!(ran.stderr.contains(help), "{ran}");
}
