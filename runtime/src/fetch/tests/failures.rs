//! What an API refuses, breaks off and gets wrong.

use std::sync::LazyLock;

use super::*;
use crate::{
    Clock,
    plan::Retry,
    shared::{Ref::Static, list},
    transport::TransportError,
};

#[tokio::test]
async fn three_failures_are_retried_after_two_four_and_eight_seconds() {
    let shop = shop(failing(1, &[503, 0, 500], &[]));
    assert_eq!(shop.fetch(&PLAIN).all().await.unwrap().len(), 1);
    assert_eq!(shop.clock.waits(), [2 * SECOND, 4 * SECOND, 8 * SECOND]);
    assert_eq!(shop.asked(), ["offset=0"; 4]);
}

#[tokio::test]
async fn the_fourth_failure_ends_with_an_error_that_says_so() {
    let shop = shop(failing(1, &[503; 9], &[]));
    let mut stream = shop.fetch(&PLAIN).stream();
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Status(503));
    assert_eq!(
        error.to_string(),
        "`things`: answered 503 four times\n  \
         --> GET https://api.example.com/things?offset=0&limit=2 (503, 22 B, request 4)\n  \
         body: sorry, [secret]"
    );
    assert_eq!(error.report().unwrap().requests, 4);
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let shop = shop(failing(1, &[429], &[("Retry-After", "7")]));
    shop.fetch(&PLAIN).all().await.unwrap();
    assert_eq!(shop.clock.waits(), [7 * SECOND]);
}

#[tokio::test]
async fn a_redirect_is_a_request_and_no_retry() {
    let records = records(1);
    let shop = shop(Api::new(move |request| {
        if request.url.contains("moved") {
            return page(&records, request);
        }
        let query = request.url.split_once('?').unwrap().1;
        answer(307, &[("Location", &format!("/moved?{query}"))], "")
    }));
    let mut pages = shop.fetch(&PLAIN).pages();
    while let Some(page) = pages.next().await {
        page.unwrap();
    }
    let report = pages.report();
    assert_eq!(report.requests, shop.api.urls().len() as u64);
    assert_eq!((report.pages, report.retries), (1, 0));
}

#[tokio::test]
async fn forbidden_with_a_wait_is_a_throttle() {
    let throttled = shop(failing(
        1,
        &[403],
        &[("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "9")],
    ));
    throttled.fetch(&PLAIN).all().await.unwrap();
    assert_eq!(throttled.clock.waits(), [9 * SECOND]);
    let forbidden = shop(failing(1, &[403], &[]));
    let error = forbidden.fetch(&PLAIN).all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Status(403));
    assert_eq!(forbidden.asked().len(), 1);
}

#[tokio::test]
async fn wait_longer_than_allowed_ends_with_the_time_and_the_position() {
    let records = records(5);
    let shop = shop(Api::new(move |request| match offset_of(request) {
        2 => answer(429, &[("Retry-After", "3600")], ""),
        _ => page(&records, request),
    }));
    let mut stream = shop.fetch(&PLAIN).stream();
    assert_eq!(stream.next().await.unwrap().unwrap().id, 0);
    assert_eq!(stream.next().await.unwrap().unwrap().id, 1);
    let error = stream.next().await.unwrap().unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::RateLimit { .. }),
        "{error}"
    );
    assert_eq!(error.position(), Some(&Position::Offset(2)));
    assert!(shop.clock.waits().is_empty());
    // Not everyone who meets it has a position: a load has not, nor a fetch for all parents.
    let help = "help: fetch again then, or raise `max_delay`; a fetch may be resumed from the error's position";
    assert!(error.to_string().ends_with(help), "{error}");
}

#[tokio::test]
async fn records_before_an_invalid_one_are_delivered_before_the_error() {
    let shop = shop(Api::new(|_| {
        answer(200, &[], r#"{"data":[{"id":1},{"id":2},{"id":null}]}"#)
    }));
    let mut stream = shop.fetch(&PLAIN).stream();
    assert_eq!(stream.next().await.unwrap().unwrap().id, 1);
    assert_eq!(stream.next().await.unwrap().unwrap().id, 2);
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Schema);
    let text = error.to_string();
    for wanted in [
        "`things`",
        "?offset=0&limit=2 (200, 40 B, request 1)",
        "$.data[2].id",
        "shop.yaml:10",
    ] {
        assert!(text.contains(wanted), "{text}");
    }
    assert_eq!(error.report().unwrap().delivered, 2);
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn not_found_has_a_help_for_both_causes() {
    let shop = shop(Api::new(|_| answer(404, &[], "no such thing")));
    let error = shop.fetch(&PLAIN).all().await.unwrap_err();
    let help = "help: check `base_url` and the resource's `path`, or `ignore` it by a rule of `response_actions`";
    assert!(error.to_string().ends_with(help), "{error}");
}

#[tokio::test]
async fn success_that_is_not_json_shows_its_start() {
    let shop = shop(Api::new(|_| {
        answer(
            200,
            &[("Content-Type", "text/html")],
            &format!("<html>\n<p>{SECRET}"),
        )
    }));
    let error = shop.fetch(&PLAIN).all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Response);
    let text = error.to_string();
    assert!(text.contains("content type: text/html"), "{text}");
    assert!(text.contains("body: <html> <p>[secret]"), "{text}");
}

#[tokio::test]
async fn a_server_that_ignores_the_offset_is_a_paging_error_that_names_both_requests() {
    let shop = shop(Api::new(|_| {
        answer(200, &[], r#"{"data":[{"id":1},{"id":2}]}"#)
    }));
    let mut pages = shop.fetch(&PLAIN).pages();
    assert_eq!(pages.next().await.unwrap().unwrap().len(), 2);
    let error = pages.next().await.unwrap().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Paging);
    let text = error.to_string();
    assert!(
        text.contains("offset=0") && text.contains("offset=2"),
        "{text}"
    );
}

#[tokio::test]
async fn missing_total_is_a_paging_error_after_its_page() {
    let shop = shop(Api::new(|_| {
        answer(200, &[], r#"{"data":[{"id":1},{"id":2}]}"#)
    }));
    let mut pages = shop.fetch(&COUNTED).pages();
    assert_eq!(pages.next().await.unwrap().unwrap().len(), 2);
    let error = pages.next().await.unwrap().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Paging);
    assert!(
        error.to_string().contains("`$.total` is missing"),
        "{error}"
    );
}

#[tokio::test]
async fn a_429_makes_every_fetch_of_the_source_wait() {
    let clock = ManualClock::default();
    let (records, asked) = (records(2), AtomicUsize::new(0));
    let time = clock.clone();
    let times = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&times);
    let api = Api::new(move |request| {
        seen.lock().unwrap().push(time.elapsed());
        match asked.fetch_add(1, Ordering::Relaxed) {
            0 => answer(429, &[("Retry-After", "30")], ""),
            _ => page(&records, request),
        }
    });
    let client = client(&*PLAN, &[SECRET], Vec::new(), &api, &clock).unwrap();
    let mut first = client.fetch::<Thing>(&*PLAIN).pages();
    // Until the 429 has come, and its fetch waits.
    let polled = first.next().now_or_never();
    assert!(polled.is_none());
    while times.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    tokio::task::yield_now().await;
    let other = client.fetch::<Thing>(&*COUNTED).all().await.unwrap();
    assert_eq!(other.len(), 2);
    first.next().await.unwrap().unwrap();
    let times = times.lock().unwrap();
    assert!(
        times[1..].iter().all(|time| *time >= 30 * SECOND),
        "{times:?}"
    );
}

#[tokio::test]
async fn wait_in_the_body_is_honoured_where_the_spec_names_it() {
    static PATIENT: LazyLock<SourcePlan> = LazyLock::new(|| SourcePlan {
        retry: Retry {
            retry_after_path: Some(Path(list![
                Step::Key(Static("error")),
                Step::Key(Static("retry_in"))
            ])),
            retry_after_unit: crate::plan::WaitUnit::Milliseconds,
            ..Retry::DEFAULT
        },
        ..PLAN.clone()
    });
    let (records, asked) = (records(1), AtomicUsize::new(0));
    let api = Api::new(move |request| match asked.fetch_add(1, Ordering::Relaxed) {
        0 => answer(503, &[], r#"{"error":{"retry_in":12500}}"#),
        1 => answer(503, &[], r#"{"error":{"retry_in":"soon"}}"#),
        _ => page(&records, request),
    });
    let clock = ManualClock::default();
    let client = client(&*PATIENT, &[SECRET], Vec::new(), &api, &clock).unwrap();
    client.fetch::<Thing>(&*PLAIN).all().await.unwrap();
    assert_eq!(clock.waits(), [Duration::from_millis(12_500), 4 * SECOND]);
}

#[tokio::test]
async fn a_wait_as_a_date_is_measured_by_the_servers_own_clock() {
    let shop = shop(failing(
        1,
        &[503],
        &[
            ("Date", "Sat, 01 Jan 2000 00:00:00 GMT"),
            ("Retry-After", "Sat, 01 Jan 2000 00:00:25 GMT"),
        ],
    ));
    shop.fetch(&PLAIN).all().await.unwrap();
    assert_eq!(shop.clock.waits(), [25 * SECOND]);
}

#[tokio::test]
async fn a_thousand_pages_with_faults_bring_every_record_once() {
    const FAULTS: [u16; 7] = [429, 500, 502, 503, 504, 0, 1];
    let records = records(2_000);
    let attempts = std::sync::Mutex::new(std::collections::HashMap::new());
    let shop = shop(Api::new(move |request| {
        let offset = offset_of(request);
        let mut attempts = attempts.lock().unwrap();
        let attempt = attempts.entry(offset).or_insert(0_usize);
        *attempt += 1;
        // Up to three faults a page, another number and other ones for each.
        if *attempt > offset / 2 % 4 {
            return page(&records, request);
        }
        match FAULTS[(offset / 2 + *attempt) % FAULTS.len()] {
            0 => failure(TransportErrorKind::Interrupted),
            1 => failure(TransportErrorKind::Timeout),
            status => answer(status, &[], "sorry"),
        }
    }));
    let mut stream = shop.fetch(&COUNTED).concurrency(8).stream();
    let mut next = 0;
    while let Some(thing) = stream.next().await {
        assert_eq!(thing.unwrap().id, next);
        next += 1;
    }
    assert_eq!(next, 2_000);
    let report = stream.report();
    assert_eq!((report.pages, report.retries), (1_000, 1_500));
    assert_eq!(report.requests, 2_500);
}

/// Things as they are, by their `id`.
static KEYED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    table: Static(
        const {
            &Table::new(
                "things",
                list![
                    Column::new("id", Type::Scalar).primary_key().at(12),
                    Column::record(),
                ],
            )
        },
    ),
    ..THINGS.clone()
});

#[tokio::test]
async fn untyped_records_stream_up_to_the_first_without_a_key() {
    let mut records = records(4);
    records[3] = json!({ "at": 30 });
    let shop = shop(Api::new(move |request| page(&records, request)));
    let mut stream = shop.client.fetch::<crate::Json>(&*KEYED).stream();
    for id in 0..3 {
        assert_eq!(stream.next().await.unwrap().unwrap()["id"], id);
    }
    let error = stream.next().await.unwrap().unwrap_err();
    insta::assert_snapshot!(error.to_string(), @r"
    `things`: 1 value does not fit specs/shop.yaml
      --> GET https://api.example.com/things?offset=2&limit=2 (200, 47 B, request 2)
      $.data[1].id  expected text, bigint or bool, not null  found nothing  specs/shop.yaml:12
      help: `id` is a key, so it has to be there; `schema_contract: {data_type: discard_row}` sets such rows aside
    ");
    assert!(stream.next().await.is_none());
}

/// The texts of an error and of those beneath it, as they are shown in both ways.
fn chain(error: &dyn std::error::Error) -> Vec<String> {
    std::iter::successors(Some(error), |error| error.source())
        .map(|error| format!("{error} {error:?}"))
        .collect()
}

#[tokio::test]
async fn error_has_its_cause_as_source() {
    let unreached = shop(Api::new(|_| failure(TransportErrorKind::Interrupted)));
    let error = unreached.fetch(&PLAIN).all().await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap();
    let source = source.downcast_ref::<TransportError>().unwrap();
    assert_eq!(source.kind, TransportErrorKind::Interrupted);

    for body in ["[1, 2", "[1, oops]"] {
        let broken = shop(Api::new(move |_| answer(200, &[], body)));
        let error = broken.fetch(&PLAIN).all().await.unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("line 1 column"), "{source}");
    }

    let refused = shop(Api::new(|_| answer(404, &[], "")));
    let error = refused.fetch(&PLAIN).all().await.unwrap_err();
    assert!(std::error::Error::source(&error).is_none());
}

#[tokio::test]
async fn no_secret_is_in_the_chain_of_sources() {
    let shop = shop(Api::new(|_| {
        Err(TransportError::new(
            TransportErrorKind::Protocol,
            format!("cannot read https://api.example.com/?key={SECRET}"),
        ))
    }));
    let error = shop.fetch(&PLAIN).all().await.unwrap_err();
    let texts = chain(&error);
    assert_eq!(texts.len(), 2);
    assert!(
        texts.iter().all(|text| text.contains("key=[secret]")),
        "{texts:?}"
    );
    assert!(!texts.concat().contains(SECRET), "{texts:?}");
}
