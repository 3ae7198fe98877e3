//! Logs: `-v`, `-vv`, `--log-format` and `RUST_LOG`.

use std::time::SystemTime;

use rest_source_cli::{Context, Output};
use rest_source_testkit::{Asked, ManualClock, Reply, Scripted};
use serde_json::{Value, json};

use crate::shell::{Ran, Shell, snapshot};

pub(crate) const SECRET: &str = "s3cret-of-the-house";
pub(crate) const ISSUED: &str = "issued-t0ken-of-today";

pub(crate) const BEARER: &str = "{ type: bearer, token: \"{secrets.key}\" }";

/// A spec with these credentials and this further part of its endpoint.
pub(crate) fn spec(auth: &str, endpoint: &str) -> String {
    let auth = match auth {
        "" => String::new(),
        auth => format!("  auth: {auth}\n"),
    };
    format!(
        "\
name: wire
config: {{ base_url: text }}
client:
  base_url: \"{{config.base_url}}\"
{auth}resources:
  - name: things
    endpoint:
      path: things
      data_selector: items
      paginator: {{ type: json_link, next_url_path: next }}
{endpoint}
    columns: {{ id: bigint! }}
"
    )
}

/// Serves a redirect, a failure, and two pages. Everything repeats the credentials of its request: the location, the link
/// of the next page, headers and bodies.
pub(crate) fn answer(asked: &Asked) -> Reply {
    let echo = format!("{:?} {} {}", asked.headers, asked.target, asked.body);
    let query = format!("echo={SECRET}&token={ISSUED}");
    let reply = match (asked.path(), asked.param("page")) {
        ("/token", _) => Reply::json(&json!({ "access_token": ISSUED, "expires_in": 3600 })),
        ("/things", None) => Reply::status(307).header("Location", format!("/moved?{query}")),
        ("/moved", None) => {
            let next = format!("/things?page=2&{query}");
            Reply::json(&json!({ "items": [{ "id": 1 }], "next": next, "echo": echo }))
        }
        ("/things", Some("2")) if asked.number.is_multiple_of(2) => {
            Reply::status(429).header("Retry-After", "0").body(&*echo)
        }
        ("/things", Some("2")) => {
            let next = format!("/things?page=3&{query}");
            Reply::json(&json!({ "items": [{ "id": 2 }], "next": next, "echo": echo }))
        }
        _ => Reply::status(418).body(&*echo),
    };
    reply
        .header("Set-Cookie", "session=another-s3cret")
        .header("X-Echo", SECRET)
        .header("Server", SECRET)
}

pub(crate) fn shell(server: &Scripted, spec: &str) -> Shell {
    let shell = Shell::new().with("WIRE_BASE_URL", server.url());
    let names = ["KEY", "USER", "PASSWORD", "REFRESH"];
    let shell = names.iter().fold(shell, |shell, name| {
        shell.with(&format!("WIRE_{name}"), SECRET)
    });
    shell.write("wire.yaml", spec);
    shell
}

/// A context in which waits end at once.
fn context(server: &Scripted) -> (Output, Context) {
    let output = Output::default();
    let context = Context::default()
        .output(&output)
        .clock(ManualClock::starting_at(SystemTime::UNIX_EPOCH))
        .variable("WIRE_BASE_URL", server.url());
    let names = ["KEY", "USER", "PASSWORD", "REFRESH"];
    let context = names.iter().fold(context, |context, name| {
        context.variable(format!("WIRE_{name}"), SECRET)
    });
    (output, context)
}

/// The credentials of the sources, and where requests hold secrets in other places.
pub(crate) fn kinds(url: &str) -> Vec<(String, &'static str)> {
    let key = "{secrets.key}";
    let client =
        format!("access_token_url: \"{url}/token\", client_id: me, client_secret: \"{key}\"");
    let login = format!(
        "type: session_login, path: /token, json: {{ password: \"{key}\" }}, token_path: access_token"
    );
    [
        (
            format!("{{ type: api_key, name: X-Key, api_key: \"{key}\", location: header }}"),
            "",
        ),
        (
            format!("{{ type: api_key, name: opens, api_key: \"{key}\", location: query }}"),
            "",
        ),
        (BEARER.to_owned(), ""),
        (
            "{ type: http_basic, username: \"{secrets.user}\", password: \"{secrets.password}\" }"
                .to_owned(),
            "",
        ),
        (
            format!("{{ type: oauth2_client_credentials, {client} }}"),
            "",
        ),
        (
            format!(
                "{{ type: oauth2_refresh_token, {client}, refresh_token: \"{{secrets.refresh}}\" }}"
            ),
            "",
        ),
        (format!("{{ {login}, query: access }}"), ""),
        (
            String::new(),
            "      headers: { X-Depot: \"depot {secrets.key}\" }",
        ),
        (String::new(), "      params: { house: \"{secrets.key}\" }"),
        (
            String::new(),
            "      method: POST\n      json: { house: \"{secrets.key}\" }",
        ),
    ]
    .into()
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_hold_no_secret_that_is_sent_or_echoed() {
    use base64::Engine as _;

    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{SECRET}:{SECRET}"));
    let url = Scripted::start(|_| Reply::status(500)).await.unwrap();
    for (auth, endpoint) in kinds(url.url()) {
        // Without a request for it, the token in a link is as any cursor.
        let is_issued = auth.contains("/token");
        let secrets = [SECRET, "another-s3cret", &basic, ISSUED];
        let secrets = &secrets[..if is_issued { 4 } else { 3 }];
        for more in [&["--log-format", "text"], &["--log-format", "json"]] {
            let server = Scripted::start(answer).await.unwrap();
            let spec = spec(&auth.replace(url.url(), server.url()), endpoint);
            let shell = shell(&server, &spec);
            let file = shell.path("wire.yaml").display().to_string();
            let database = format!("sqlite:{}", shell.path("out.db").display());
            let commands: [&[&str]; 2] = [
                &["rest-source", "fetch", &file, "things", "-vv"],
                &["rest-source", "load", &file, "--to", &database, "-vv"],
            ];
            for command in commands {
                let (output, context) = context(&server);
                let args = [command, more].concat();
                let code = rest_source_cli::run(args, &context).await;
                let said = output.stdout() + &output.stderr();
                assert_eq!(code, 3, "{spec}\n{said}");
                for secret in secrets {
                    assert!(!said.contains(*secret), "{secret}\n{spec}\n{said}");
                }
                assert!(said.contains("redirected"), "{spec}\n{said}");
                assert!(said.contains("echo=[secret]"), "{spec}\n{said}");
                assert!(said.contains("418"), "{spec}\n{said}");
                if is_issued {
                    assert!(
                        said.contains("POST http") && said.contains("/token"),
                        "{said}"
                    );
                }
            }
            let sent = |asked: &Asked| {
                let sent = format!("{:?}{}{}", asked.headers, asked.target, asked.body);
                sent.contains(SECRET) || sent.contains(ISSUED) || sent.contains(&basic)
            };
            assert!(server.asked().iter().any(sent), "{spec}");
        }
    }
}

/// The output of a run, with times and durations replaced.
fn without_times(ran: &Ran) -> Ran {
    let mut ran = ran.clone();
    let lines = ran.stderr.lines().map(|line| {
        if let Some((before, _)) = line.split_once("after ")
            && line.ends_with(" of waiting")
        {
            return format!("{before}after … s of waiting\n");
        }
        let words = line.split(' ').map(|word| {
            if word.starts_with("20") && word.ends_with('Z') {
                "TIME".to_owned()
            } else if let Some((name @ ("elapsed_seconds" | "wait_seconds"), _)) =
                word.split_once('=')
            {
                format!("{name}=…")
            } else {
                word.to_owned()
            }
        });
        words.collect::<Vec<_>>().join(" ") + "\n"
    });
    ran.stderr = lines.collect();
    ran
}

#[tokio::test(flavor = "multi_thread")]
async fn verbose_shows_responses_waits_tokens_and_pages() {
    let server = Scripted::start(|asked| match (asked.path(), asked.number) {
        ("/token", _) => Reply::json(&json!({ "access_token": ISSUED, "expires_in": 3600 })),
        (_, 1) => Reply::status(429).header("Retry-After", "0"),
        _ => Reply::json(&json!({ "items": [{ "id": 1 }, { "id": 2 }] })),
    })
    .await
    .unwrap();
    let auth = format!(
        "{{ type: oauth2_client_credentials, access_token_url: \"{}/token\", client_id: me, client_secret: \"{{secrets.key}}\" }}",
        server.url()
    );
    let shell = shell(&server, &spec(&auth, ""));
    let ran = shell.run(&["fetch", "wire.yaml", "things", "-v", "--format", "jsonl"]);
    snapshot("logs-verbose", &without_times(&ran));
    let quiet = shell.run(&["fetch", "wire.yaml", "things", "--format", "jsonl"]);
    assert_eq!(quiet.stderr.lines().count(), 2, "{quiet}");
}

/// The events of a log of JSON.
fn events(stderr: &str) -> Vec<Value> {
    let lines = stderr.lines().filter(|line| line.starts_with('{'));
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_as_json_have_the_documented_fields() {
    let server = Scripted::start(answer).await.unwrap();
    let shell = shell(&server, &spec(BEARER, ""));
    let args = [
        "load",
        "wire.yaml",
        "--to",
        "sqlite:out.db",
        "-vv",
        "--log-format",
        "json",
    ];
    let ran = shell.run(&args);
    let events = events(&ran.stderr);
    let named = |name: &str| {
        let found: Vec<_> = events
            .iter()
            .filter(|event| event["message"] == name)
            .collect();
        assert!(!found.is_empty(), "{name}\n{ran}");
        found
    };
    for event in &events {
        assert!(
            event["timestamp"].as_str().unwrap().ends_with('Z'),
            "{event}"
        );
        assert_eq!(event["spans"][0]["name"], "fetch", "{event}");
        assert_eq!(event["spans"][0]["source"], "wire", "{event}");
        assert_eq!(event["spans"][0]["resource"], "things", "{event}");
    }
    for event in named("response") {
        assert!(
            event["request"]
                .as_str()
                .unwrap()
                .starts_with("GET http://"),
            "{event}"
        );
        assert!(
            event["elapsed_seconds"].is_f64() && event["bytes"].is_u64(),
            "{event}"
        );
        assert_eq!(event["spans"][1]["name"], "attempt", "{event}");
        assert!(event["spans"][1]["page"].is_u64() && event["spans"][1]["attempt"].is_u64());
    }
    for event in named("response headers") {
        let headers = event["headers"].as_str().unwrap();
        assert!(headers.contains("set-cookie"), "{event}");
        assert!(event["request"].is_string(), "{event}");
    }
    let statuses: Vec<_> = named("response")
        .iter()
        .map(|event| event["status"].as_u64())
        .collect();
    assert_eq!(statuses, [307, 200, 429, 200, 418].map(Some), "{ran}");
    assert_eq!(named("wait")[0]["why"], "answered 429");
    assert!(named("wait")[0]["wait_seconds"].is_f64());
    assert_eq!(named("page")[0]["kept"], 1);
    assert!(
        named("next")[0]["position"]
            .as_str()
            .unwrap()
            .starts_with("url ")
    );
    assert_eq!(named("failed")[0]["level"], "WARN");
}

#[tokio::test(flavor = "multi_thread")]
async fn rust_log_filters_and_other_libraries_stay_silent() {
    let server = Scripted::start(answer).await.unwrap();
    let log = |directives: &str| {
        let shell = shell(&server, &spec(BEARER, "")).with("RUST_LOG", directives);
        shell.run(&["fetch", "wire.yaml", "things", "--log-format", "json"])
    };
    let warnings = log("warn");
    assert!(
        events(&warnings.stderr)
            .iter()
            .all(|event| event["level"] == "WARN"),
        "{warnings}"
    );
    assert!(!events(&warnings.stderr).is_empty(), "{warnings}");
    let all = log("trace");
    assert!(
        events(&all.stderr)
            .iter()
            .all(|event| event["spans"][0]["name"] == "fetch"),
        "{all}"
    );
    assert!(!log("trace").to_string().contains(SECRET));
    let other = log("rest_source[fetch{resource=others}]=debug");
    assert!(events(&other.stderr).is_empty(), "{other}");
    let one = log("rest_source[fetch{resource=things}]=debug");
    assert!(!events(&one.stderr).is_empty(), "{one}");
    let before = server.asked().len();
    let invalid = log("a=b=c");
    assert_eq!(
        (invalid.code, server.asked().len()),
        (2, before),
        "{invalid}"
    );
    snapshot("logs-invalid", &invalid);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_runs_log_only_their_own_events() {
    let server = Scripted::start(|_| Reply::json(&json!({ "items": [{ "id": 1 }] })))
        .await
        .unwrap();
    let shell = shell(&server, &spec(BEARER, ""));
    let file = shell.path("wire.yaml").display().to_string();
    let runs = (0..8).map(|number| {
        let file = file.clone();
        let (output, context) = context(&server);
        tokio::spawn(async move {
            let level = ["-v", "--names=columns"][number % 2];
            let args = ["rest-source", "fetch", &file, "things", level];
            assert_eq!(
                rest_source_cli::run(args, &context).await,
                0,
                "{}",
                output.stderr()
            );
            (number, output.stderr())
        })
    });
    // `tracing` may leave out an event for one subscriber while another one is registered. A process has one.
    let mut logged = 0;
    for run in runs.collect::<Vec<_>>() {
        let (number, stderr) = run.await.unwrap();
        let responses = stderr.matches("response").count();
        assert!(responses <= 1 - number % 2, "{stderr}");
        logged += responses;
    }
    assert!(logged > 0);
}

/// Variables for a collector are often set for all programs of a machine.
#[cfg(not(feature = "otlp"))]
#[tokio::test(flavor = "multi_thread")]
async fn collector_without_its_feature_is_a_warning_that_names_it() {
    let server = Scripted::start(|_| Reply::json(&json!({ "items": [] }))).await;
    let server = server.unwrap();
    let traced = || {
        shell(&server, &spec(BEARER, "")).with("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    };
    let ran = traced().run(&["fetch", "wire.yaml", "things"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stderr.contains("without the feature `otlp`"), "{ran}");
    let off = traced().with("OTEL_TRACES_EXPORTER", "none");
    let ran = off.run(&["fetch", "wire.yaml", "things"]);
    assert!(!ran.stderr.contains("otlp"), "{ran}");
}
