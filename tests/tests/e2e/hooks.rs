//! Functions of the user's that read bodies, find partitions and decide what responses mean.

use std::{
    error::Error as _,
    fmt, io,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use rest_source::{
    Client, Clock as _, Connector, Error, ErrorKind, Json, Rows, Secret,
    hooks::{BoxError, DecodeBody, RecordSink, Verdict},
    plan::ResourcePlan,
    transport::{Headers, Response},
};
use rest_source_load::Load as _;
use rest_source_testkit::{Asked, Reply, Scripted};
use serde_json::json;

use crate::{sources::Hurried, stored::Database};

#[rest_source::rest_source("../../specs/hooked.yaml")]
mod hooked {}

/// The accounts that the API has, by the source itself.
async fn accounts(client: Client) -> rest_source::Result<Vec<String>> {
    let accounts = hooked::Source::from_client(client).accounts().all().await?;
    Ok(accounts.into_iter().map(|account| account.id).collect())
}

async fn shops(client: Client) -> Vec<i64> {
    let mut pages = client.rows(&client.plan().resources[0]).pages();
    let mut shops = Vec::new();
    while let Some(Ok(page)) = pages.next().await {
        shops.extend(page.rows().records::<Json>().map(|_| 7));
    }
    shops
}

async fn streets(_: Client) -> Vec<String> {
    tokio::task::yield_now().await;
    panic!("no streets")
}

/// Why a line is wrong.
#[derive(Debug)]
struct BadLine(String);

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a line without `=`: {}", self.0)
    }
}

impl std::error::Error for BadLine {}

/// Lines of `id=name`, with the cursor in a header.
fn lines(response: &Response) -> Result<Json, BadLine> {
    let text = String::from_utf8_lossy(&response.body);
    let mut orders = Vec::new();
    for line in text.lines() {
        assert_ne!(line, "panic", "the function panics");
        let (id, name) = line
            .split_once('=')
            .ok_or_else(|| BadLine(line.to_owned()))?;
        orders.push(json!({ "id": id.parse::<i64>().ok(), "name": name }));
    }
    Ok(json!({ "orders": orders, "next": response.headers.get("X-Next") }))
}

fn table(_: &Response) -> Vec<Json> {
    vec![json!({ "id": 1 }), json!({ "id": "two" })]
}

/// Samples of a time and a value, four bytes each.
#[derive(Default)]
struct Samples(Vec<u8>);

impl DecodeBody for Samples {
    fn push(&mut self, bytes: &[u8], records: &mut RecordSink<'_>) -> Result<(), BoxError> {
        self.0.extend_from_slice(bytes);
        let samples = self.0.chunks_exact(8);
        let rest = samples.remainder().to_vec();
        for sample in samples {
            let (at, value) = sample.split_at(4);
            let number = |bytes: &[u8]| bytes.try_into().map(u32::from_le_bytes);
            if number(at)? == 0 {
                return Err("a time of 0".into());
            }
            records.push(&json!({ "at": number(at)?, "value": number(value)? }))?;
        }
        self.0 = rest;
        Ok(())
    }

    fn finish(&mut self, _: &mut RecordSink<'_>) -> Result<(), BoxError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(io::Error::from(io::ErrorKind::UnexpectedEof).into())
        }
    }
}

/// A body of samples at these times.
fn samples(times: impl IntoIterator<Item = u32>) -> Vec<u8> {
    let bytes = times
        .into_iter()
        .flat_map(|at| [at.to_le_bytes(), (at * 2).to_le_bytes()]);
    bytes.flatten().collect()
}

/// What the API says in a header, by which the tests choose.
fn meaning(response: &Response) -> Result<Option<Verdict>, io::Error> {
    let Some(say) = response.headers.get("X-Say") else {
        return Ok(None);
    };
    let body = String::from_utf8_lossy(&response.body).into_owned();
    Ok(Some(match say {
        "success" => Verdict::success(),
        "ignore" => Verdict::ignore().because(body),
        "skip" => Verdict::skip_parent(),
        "retry" => Verdict::retry().after(Duration::from_secs(7)).because(body),
        "retry_then_ignore" => Verdict::retry_then_ignore(),
        "refresh" => Verdict::refresh_auth(),
        "fail" => Verdict::fail(body),
        "panic" => panic!("the function panics"),
        "error" => return Err(io::Error::other(body)),
        other => panic!("{other}"),
    }))
}

const KEY: &str = "a-secret-key";

struct Api {
    server: Scripted,
    source: hooked::Source,
    clock: Hurried,
}

impl Api {
    /// Tokens and accounts, and the responses of a test to all other requests, with the number of the request.
    async fn new(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let server = Scripted::start(move |asked| match asked.path() {
            "/token" => Reply::json(&json!({
                "access_token": format!("token-{}", asked.number), "token_type": "bearer",
            })),
            "/accounts" => Reply::json(&json!([{ "id": "a" }, { "id": "b" }, { "id": "a" }])),
            _ => answer(asked),
        })
        .await
        .unwrap();
        let clock = Hurried::default();
        let source = hooked::Source::builder()
            .secrets(hooked::Secrets {
                key: Secret::from(KEY),
            })
            .config(hooked::Config {
                base_url: server.url().to_owned(),
            })
            .clock(clock.clone())
            .jitter(|| 0.0)
            .build()
            .unwrap();
        Self {
            server,
            source,
            clock,
        }
    }

    /// The requests, those for tokens aside.
    fn asked(&self) -> Vec<String> {
        let asked = self.server.asked();
        let asked = asked.iter().filter(|asked| asked.path() != "/token");
        asked.map(Asked::line).collect()
    }

    /// The error of a fetch of all orders.
    async fn error(&self) -> Error {
        let error = self.source.orders().all().await.unwrap_err();
        assert_eq!(error.resource(), Some("orders"));
        let all = format!("{error} {error:?} {:?}", error.source());
        assert!(!all.contains(KEY), "{all}");
        error
    }
}

/// An error, without how many of the other partitions had failed by then.
fn shown(error: &Error, server: &Scripted) -> String {
    let text = error.to_string().replace(server.url(), "<server>");
    let lines = text.lines().filter(|line| !line.contains("more failed"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Says this, the first time that an order is asked for.
fn once(say: &'static str, status: u16, body: &'static str) -> impl Fn(&Asked) -> Reply {
    let said = AtomicBool::new(false);
    move |_| {
        if said.swap(true, Ordering::Relaxed) {
            Reply::status(200).body("1=one")
        } else {
            Reply::status(status).header("X-Say", say).body(body)
        }
    }
}

#[tokio::test]
async fn bodies_are_read_for_each_account_that_is_found() {
    let api = Api::new(
        |asked| match (asked.path().ends_with("/a"), asked.param("after")) {
            (true, None) => Reply::status(200)
                .header("X-Next", "p2")
                .body("1=one\n2=two"),
            _ => Reply::status(200).body("3=three"),
        },
    )
    .await;
    let mut pages = api.source.orders().pages();
    let mut rows = Vec::new();
    while let Some(page) = pages.next().await {
        for order in page.unwrap().iter().map(Result::unwrap) {
            rows.push((order.account, order.id, order.name.unwrap()));
        }
    }
    let row = |account: &str, id, name: &str| (account.to_owned(), id, name.to_owned());
    assert_eq!(
        rows,
        [
            row("a", 1, "one"),
            row("a", 2, "two"),
            row("a", 3, "three"),
            row("b", 3, "three")
        ]
    );
    assert_eq!(pages.report().partitions, 2);
    let mut asked = api.asked();
    asked.sort();
    assert_eq!(
        asked,
        [
            "GET /accounts",
            "GET /orders/a",
            "GET /orders/a?after=p2",
            "GET /orders/b"
        ]
    );

    let database = Database::new();
    let destination = database.open();
    let load = api.source.load(&destination).resource("orders");
    assert_eq!(
        load.await.unwrap().resource("orders").unwrap().rows,
        Some(4)
    );
}

#[tokio::test]
async fn numbers_may_be_found_and_nothing_may_be_found() {
    let api = Api::new(|_| Reply::json(&json!([{ "id": 1 }]))).await;
    assert_eq!(api.source.shops().all().await.unwrap().len(), 1);
    assert_eq!(api.asked(), ["GET /accounts", "GET /shops/7"]);

    let empty = Scripted::start(|asked| match asked.path() {
        "/token" => Reply::json(&json!({ "access_token": "t", "token_type": "bearer" })),
        _ => Reply::json(&json!([])),
    })
    .await
    .unwrap();
    let source = hooked::Source::builder()
        .secrets(hooked::Secrets {
            key: Secret::from(KEY),
        })
        .config(hooked::Config {
            base_url: empty.url().to_owned(),
        })
        .build()
        .unwrap();
    let mut pages = source.orders().pages();
    assert!(pages.next().await.is_none());
    let report = pages.report().to_string();
    assert!(
        report.contains("`super::accounts` found no values for the list `account`"),
        "{report}"
    );
}

#[tokio::test]
async fn the_error_of_a_function_names_it_and_keeps_its_source() {
    let api = Api::new(|_| Reply::status(200).body("a-secret-key is here")).await;
    let error = api.error().await;
    assert_eq!(*error.kind(), ErrorKind::Hook);
    insta::assert_snapshot!(shown(&error, &api.server), @r#"
    `orders`: `super::lines` failed: a line without `=`: [secret] is here
      --> GET <server>/orders/a (200, 20 B, request 1)
      content type: none
      body: [secret] is here
      partition: `account` "a"
    "#);
    let source = error.source().unwrap().to_string();
    assert_eq!(source, "a line without `=`: [secret] is here");

    let api = Api::new(once("error", 200, "no idea what a-secret-key means")).await;
    let error = api.error().await;
    assert_eq!(*error.kind(), ErrorKind::Hook);
    assert!(
        error
            .to_string()
            .contains("`super::meaning` failed: no idea what")
    );
    assert!(error.source().is_some());
}

#[tokio::test]
async fn a_fetch_within_a_function_fails_as_itself() {
    let server = Scripted::start(|asked| match asked.path() {
        "/token" => Reply::json(&json!({ "access_token": "t", "token_type": "bearer" })),
        _ => Reply::status(403),
    })
    .await
    .unwrap();
    let source = hooked::Source::builder()
        .secrets(hooked::Secrets {
            key: Secret::from(KEY),
        })
        .config(hooked::Config {
            base_url: server.url().to_owned(),
        })
        .build()
        .unwrap();
    let error = source.orders().all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Status(403));
    assert_eq!(error.resource(), Some("orders"));
    insta::assert_snapshot!(shown(&error, &server), @r"
    `orders`: answered 403
      --> GET <server>/accounts (403, 0 B, request 1)
      in `super::accounts`, of `accounts`
      help: check what the credentials may read
    ");
}

#[tokio::test]
async fn a_type_decodes_bodies_while_they_arrive() {
    let api = Api::new(|_| Reply::status(200).body(samples(1..=100_000))).await;
    let rows = api.source.samples().all().await.unwrap();
    assert_eq!(rows.len(), 100_000);
    assert!(rows.iter().all(|row| row.value == row.at * 2));
    let mut pages = api.source.samples().pages();
    let mut batches = 0;
    while let Some(page) = pages.next().await {
        batches += usize::from(!page.unwrap().is_empty());
    }
    assert!(batches > 5, "{batches}");
}

#[tokio::test]
async fn a_body_that_its_type_calls_cut_is_requested_again() {
    let is_first = AtomicBool::new(true);
    let api = Api::new(move |_| {
        let mut body = samples([7, 8]);
        if is_first.swap(false, Ordering::Relaxed) {
            body.truncate(11);
        }
        Reply::status(200).body(body)
    })
    .await;
    let rows = api.source.samples().all().await.unwrap();
    let times: Vec<i64> = rows.iter().map(|row| row.at).collect();
    assert_eq!(times, [7, 8]);
    assert_eq!(api.asked(), ["GET /samples", "GET /samples"]);

    let api = Api::new(|_| Reply::status(200).body(samples([7, 0]))).await;
    let mut records = api.source.samples().stream();
    assert_eq!(records.next().await.unwrap().unwrap().at, 7);
    let error = records.next().await.unwrap().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Hook);
    let text = error.to_string();
    assert!(
        text.contains("`super::Samples` failed: a time of 0"),
        "{text}"
    );
}

#[tokio::test]
async fn a_panic_ends_the_fetch() {
    for api in [
        Api::new(|_| Reply::status(200).body("panic")).await,
        Api::new(once("panic", 200, "")).await,
    ] {
        let error = api.error().await;
        assert_eq!(*error.kind(), ErrorKind::Hook);
        let text = error.to_string();
        assert!(text.contains("panicked: "), "{text}");
        assert!(text.contains("the function panics"), "{text}");
        assert!(text.contains("/orders/a"), "{text}");
    }
}

#[tokio::test]
async fn a_panic_while_partitions_are_found_ends_the_fetch() {
    let api = Api::new(|_| Reply::json(&json!([]))).await;
    let error = api.source.streets().all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Hook);
    assert_eq!(
        error.to_string(),
        "`streets`: `super::streets` panicked: no streets"
    );
}

#[tokio::test]
async fn a_function_decides_before_the_rules_and_the_status() {
    // Without a verdict, the rules and the status decide.
    let api = Api::new(|_| Reply::status(418)).await;
    assert!(api.error().await.to_string().contains("a teapot"));

    let api = Api::new(|_| Reply::status(418).header("X-Say", "success").body("1=one")).await;
    assert_eq!(api.source.orders().all().await.unwrap().len(), 2);

    let api = Api::new(|_| Reply::status(418).header("X-Say", "ignore").body("closed")).await;
    let mut pages = api.source.orders().pages();
    assert!(pages.next().await.is_none());
    let report = pages.report();
    assert_eq!(report.ignored, 2);
    assert!(
        report
            .to_string()
            .contains("ignored by `super::meaning` (closed): GET"),
        "{report}"
    );

    let api = Api::new(|_| {
        Reply::status(404)
            .header("X-Say", "fail")
            .body("the account of a-secret-key is unknown")
    })
    .await;
    let error = api.error().await;
    assert_eq!(*error.kind(), ErrorKind::Status(404));
    insta::assert_snapshot!(shown(&error, &api.server), @r#"
    `orders`: the account of [secret] is unknown
      --> GET <server>/orders/a (404, 38 B, request 1)
      by `super::meaning`
      body: the account of [secret] is unknown
      partition: `account` "a"
    "#);

    let api = Api::new(|_| Reply::status(200).header("X-Say", "skip")).await;
    let error = api.error().await;
    assert_eq!(*error.kind(), ErrorKind::Hook);
    assert!(error.to_string().contains("there is none"), "{error}");
}

#[tokio::test]
async fn a_retry_waits_as_long_as_the_function_says() {
    let api = Api::new(once("retry", 200, "busy")).await;
    let start = api.clock.elapsed();
    assert_eq!(api.source.orders().all().await.unwrap().len(), 2);
    let took = api.clock.elapsed().saturating_sub(start);
    assert!(took >= Duration::from_secs(7), "{took:?}");
    assert_eq!(api.asked().len(), 4);

    let api = Api::new(|_| Reply::status(200).header("X-Say", "retry").body("busy")).await;
    let error = api.error().await;
    assert!(error.to_string().contains("answered 200: busy"), "{error}");

    let api = Api::new(|_| Reply::status(200).header("X-Say", "retry_then_ignore")).await;
    let mut pages = api.source.orders().pages();
    assert!(pages.next().await.is_none());
    assert_eq!(pages.report().ignored, 2);
}

#[tokio::test]
async fn a_function_may_ask_for_new_credentials() {
    let api = Api::new(once("refresh", 200, "expired")).await;
    assert_eq!(api.source.orders().all().await.unwrap().len(), 2);
    let asked = api.server.asked();
    let tokens = asked.iter().filter(|asked| asked.path() == "/token");
    assert_eq!(tokens.count(), 2);
}

#[tokio::test]
async fn rows_that_arrive_while_they_are_read_are_judged_by_their_head_or_their_json() {
    let api = Api::new(|_| Reply::status(200).body("{\"id\":1}\n{\"id\":2}")).await;
    assert_eq!(api.source.rows().all().await.unwrap().len(), 2);
    let json = || Reply::status(200).header("Content-Type", "application/json");
    let api = Api::new(move |_| json().header("X-Say", "fail").body("{\"why\":\"quota\"}")).await;
    let error = api.source.rows().all().await.unwrap_err().to_string();
    assert!(error.contains("quota"), "{error}");
    let api = Api::new(|_| {
        Reply::status(200)
            .header("X-Say", "fail")
            .body("{\"id\":1}")
    })
    .await;
    let error = api.source.rows().all().await.unwrap_err().to_string();
    assert!(error.contains("by `super::meaning`"), "{error}");
}

#[tokio::test]
async fn a_page_of_a_function_is_checked_by_the_columns() {
    let api = Api::new(|_| Reply::status(200)).await;
    let error = api.source.tables().all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Schema);
    insta::assert_snapshot!(shown(&error, &api.server), @r#"
    `tables`: 1 value does not fit ../../specs/hooked.yaml
      --> GET <server>/tables (200, 0 B, request 1)
      $[1].id  expected bigint  found "two"  ../../specs/hooked.yaml:43
      help: another `data_type`, `format` or `decode` for `id`, or `schema_contract: {data_type: discard_row}` sets such rows aside
    "#);
}

#[test]
fn a_recorded_response_goes_through_the_function() {
    let plan: &ResourcePlan = &hooked::Source::plan().resources[1];
    let error = Rows::from_page("1=one", plan).unwrap_err().to_string();
    assert!(error.contains("`super::lines`"), "{error}");
    let response = Response {
        status: 200,
        headers: Headers::new(),
        body: b"1=one".to_vec(),
    };
    let rows = Rows::from_response(response, plan, hooked::Source::hooks()).unwrap();
    assert_eq!(rows.len(), 1);
}
