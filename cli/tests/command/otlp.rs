//! Spans that a run sends by OTLP, as a collector on loopback receives them.

use std::time::{Duration, Instant};

use rest_source_testkit::{Reply, Scripted};
use serde_json::json;

use self::collector::{Collector, Span};
use crate::{
    logs::{BEARER, ISSUED, SECRET, answer, kinds, shell, spec},
    shell::{Ran, Shell},
};

mod collector;
mod protobuf;

/// A shell that sends spans to this collector.
fn traced(shell: Shell, collector: &Collector) -> Shell {
    shell.with("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)
}

/// The spans below a parent as a tree, in the order of their starts, with their attributes and events.
fn tree(spans: &[Span], parent: &str, indent: usize) -> Vec<String> {
    let mut children: Vec<&Span> = spans.iter().filter(|span| span.parent == parent).collect();
    children.sort_by_key(|span| span.start);
    let mut lines = Vec::new();
    for span in children {
        let space = "  ".repeat(indent);
        lines.push(format!("{space}{}{}", span.name, span.shown()));
        let events = span.events.iter();
        lines.extend(events.map(|event| format!("{space}  - {event}")));
        lines.extend(tree(spans, &span.id, indent + 1));
    }
    lines
}

/// A token, a request that is sent again, and two records.
async fn server() -> Scripted {
    let server = Scripted::start(|asked| match (asked.path(), asked.number) {
        ("/token", _) => Reply::json(&json!({ "access_token": ISSUED, "expires_in": 3600 })),
        (_, 1) => Reply::status(429).header("Retry-After", "0"),
        _ => Reply::json(&json!({ "items": [{ "id": 1 }, { "id": 2 }] })),
    });
    server.await.unwrap()
}

fn oauth(server: &Scripted) -> String {
    format!(
        "{{ type: oauth2_client_credentials, access_token_url: \"{}/token\", client_id: me, \
         client_secret: \"{{secrets.key}}\" }}",
        server.url()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn run_is_a_tree_of_resources_attempts_and_requests() {
    let (server, collector) = (server().await, Collector::start(200));
    let shell = traced(shell(&server, &spec(&oauth(&server), "")), &collector);
    let ran = shell.run(&["load", "wire.yaml", "--to", "sqlite:out.db"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(!ran.stderr.contains("warning"), "{ran}");
    let spans = collector.spans();
    let resource = collector.resource();
    assert_eq!(resource["service.name"], "rest-source");
    assert_eq!(resource["service.version"], env!("CARGO_PKG_VERSION"));
    let text = tree(&spans, "", 0)
        .join("\n")
        .replace(server.url(), "http://SERVER");
    insta::assert_snapshot!(text);
    assert_eq!(
        text.lines().filter(|line| !line.contains(" - ")).count(),
        spans.len()
    );
    for span in &spans {
        assert!(span.start <= span.end, "{span:?}");
        assert_eq!(span.trace, spans[0].trace);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_hold_no_secret_that_is_sent_or_echoed() {
    let url = Scripted::start(|_| Reply::status(500)).await.unwrap();
    for (auth, endpoint) in kinds(url.url()) {
        let (server, collector) = (
            Scripted::start(answer).await.unwrap(),
            Collector::start(200),
        );
        let is_issued = auth.contains("/token");
        let spec = spec(&auth.replace(url.url(), server.url()), endpoint);
        let shell = traced(shell(&server, &spec), &collector);
        let ran = shell.run(&["fetch", "wire.yaml", "things", "-vv"]);
        assert_eq!(ran.code, 3, "{ran}");
        let sent = collector.text();
        assert!(sent.contains("rest-source fetch"), "{spec}");
        assert!(sent.contains("echo=[secret]"), "{spec}");
        for secret in [SECRET, "another-s3cret", ISSUED] {
            // Without a request for it, the token in a link is as any cursor.
            if secret != ISSUED || is_issued {
                assert!(!sent.contains(secret), "{secret}\n{spec}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_run_and_its_causes_have_the_status_of_an_error() {
    let server = Scripted::start(|_| Reply::status(418)).await.unwrap();
    let collector = Collector::start(200);
    let shell = traced(shell(&server, &spec(BEARER, "")), &collector)
        .with("OTEL_SERVICE_NAME", "nightly")
        .with(
            "TRACEPARENT",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        );
    let ran = shell.run(&["fetch", "wire.yaml", "things"]);
    assert_eq!(ran.code, 3, "{ran}");
    assert_eq!(collector.resource()["service.name"], "nightly");
    let spans = collector.spans();
    let of = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    let run = of("rest-source fetch");
    // The span of the program that started the run.
    assert_eq!(run.trace, "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(run.parent, "b7ad6b7169203331");
    assert_eq!(run.attributes["process.exit.code"], "3");
    assert_eq!(of("GET").attributes["error.type"], "418");
    for name in ["rest-source fetch", "fetch things", "GET"] {
        assert!(of(name).is_error, "{name}");
    }
}

/// The warnings of a run.
fn warnings(ran: &Ran) -> Vec<&str> {
    let lines = ran.stderr.lines();
    lines.filter(|line| line.starts_with("warning")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn collector_that_refuses_spans_is_one_warning() {
    let server = server().await;
    // Nothing listens at a port that was free a moment ago.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let refusing = format!("http://me:pa55@{}", closed.local_addr().unwrap());
    drop(closed);
    let unauthorized = Collector::start(401);
    for (url, why) in [
        (refusing.as_str(), "connect"),
        (&unauthorized.url, "it answered 401"),
    ] {
        let shell = shell(&server, &spec(BEARER, "")).with("OTEL_EXPORTER_OTLP_ENDPOINT", url);
        let shell = shell.with("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1");
        let ran = shell.run(&["fetch", "wire.yaml", "things", "--format", "jsonl"]);
        assert_eq!((ran.code, ran.stdout.lines().count()), (0, 2), "{ran}");
        let warnings = warnings(&ran);
        assert_eq!(warnings.len(), 1, "{ran}");
        assert!(warnings[0].contains("spans were not sent"), "{ran}");
        assert!(warnings[0].contains(why), "{ran}");
        assert!(!ran.stderr.contains("pa55"), "{ran}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn collector_that_does_not_answer_delays_the_end_only_for_a_while() {
    let server = server().await;
    let silent = Collector::silent();
    let shell = traced(shell(&server, &spec(BEARER, "")), &silent);
    let start = Instant::now();
    let ran = shell.run(&["fetch", "wire.yaml", "things", "--format", "jsonl"]);
    assert_eq!((ran.code, ran.stdout.lines().count()), (0, 2), "{ran}");
    assert_eq!(warnings(&ran).len(), 1, "{ran}");
    assert!(
        ran.stderr.contains("has not taken them within 5 s"),
        "{ran}"
    );
    // The bound is 5 s; a collector that never answers would block for ever.
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[tokio::test(flavor = "multi_thread")]
async fn unusable_variables_are_warnings_and_send_nothing() {
    let server = server().await;
    let collector = Collector::start(200);
    for (name, value, why) in [
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "collector:4317",
            "is not an http or https URL",
        ),
        (
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "grpc",
            "unsupported protocol `grpc`",
        ),
        (
            "OTEL_EXPORTER_OTLP_CERTIFICATE",
            "none.pem",
            "cannot use `none.pem`",
        ),
    ] {
        let shell = traced(shell(&server, &spec(BEARER, "")), &collector).with(name, value);
        let ran = shell.run(&["fetch", "wire.yaml", "things"]);
        assert_eq!(ran.code, 0, "{ran}");
        assert_eq!(warnings(&ran).len(), 1, "{ran}");
        assert!(warnings(&ran)[0].contains(why), "{ran}");
    }
    for (name, value) in [
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_TRACES_EXPORTER", "none"),
    ] {
        let shell = traced(shell(&server, &spec(BEARER, "")), &collector).with(name, value);
        let ran = shell.run(&["fetch", "wire.yaml", "things"]);
        assert_eq!((ran.code, warnings(&ran).len()), (0, 0), "{ran}");
    }
    assert!(collector.spans().is_empty());
}

/// A signal ends the waits of a fetch; its spans are sent all the same.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn interrupted_run_sends_its_spans() {
    let server = Scripted::start(|_| Reply::status(429).header("Retry-After", "50"))
        .await
        .unwrap();
    let collector = Collector::start(200);
    let shell = traced(shell(&server, &spec(BEARER, "")), &collector);
    let child = shell
        .command(&["fetch", "wire.yaml", "things"])
        .spawn()
        .unwrap();
    while server.asked().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let pid = child.id().to_string();
    let kill = std::process::Command::new("kill")
        .args(["-TERM", &pid])
        .status();
    assert!(kill.unwrap().success());
    let ran = child.wait_with_output().unwrap();
    assert_eq!(ran.status.code(), Some(143));
    let spans = collector.spans();
    let of = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    assert_eq!(
        of("rest-source fetch").attributes["process.exit.code"],
        "143"
    );
    assert_eq!(of("fetch things").parent, of("rest-source fetch").id);
}
