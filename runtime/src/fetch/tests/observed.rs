//! What a fetch tells while it runs: to `tracing`, and to whoever wants to know how far it is.

use std::sync::{Arc, Mutex};

use tracing::instrument::WithSubscriber as _;

use super::*;
use crate::testing::journal::Journal;

#[tokio::test]
async fn fetch_emits_spans_and_events() {
    let shop = shop(failing(3, &[503], &[]));
    let (journal, _guard) = Journal::listen();
    shop.fetch(&PLAIN).all().await.unwrap();
    assert_eq!(
        journal.text().replace(env!("CARGO_PKG_VERSION"), "VERSION"),
        r#"INFO fetch source="shop" resource="things"
DEBUG attempt page=1 attempt=1 request=1
TRACE - message=request request="GET https://api.example.com/things?offset=0&limit=2" headers="Accept: application/json, User-Agent: rest-source/VERSION, X-Token"
DEBUG - message=response request="GET https://api.example.com/things?offset=0&limit=2" status=503 bytes=22 elapsed_seconds=0.0
TRACE - message=response headers request="GET https://api.example.com/things?offset=0&limit=2" headers=""
WARN - message=wait page=1 why="answered 503" wait_seconds=2.0
DEBUG attempt page=1 attempt=2 request=2
TRACE - message=request request="GET https://api.example.com/things?offset=0&limit=2" headers="Accept: application/json, User-Agent: rest-source/VERSION, X-Token"
DEBUG - message=response request="GET https://api.example.com/things?offset=0&limit=2" status=200 bytes=53 elapsed_seconds=0.0
TRACE - message=response headers request="GET https://api.example.com/things?offset=0&limit=2" headers="content-type: application/json"
TRACE - message=next position="offset 2"
DEBUG - message=page received=2 kept=2
DEBUG attempt page=2 attempt=1 request=3
TRACE - message=request request="GET https://api.example.com/things?offset=2&limit=2" headers="Accept: application/json, User-Agent: rest-source/VERSION, X-Token"
DEBUG - message=response request="GET https://api.example.com/things?offset=2&limit=2" status=200 bytes=37 elapsed_seconds=0.0
TRACE - message=response headers request="GET https://api.example.com/things?offset=2&limit=2" headers="content-type: application/json"
DEBUG - message=page received=1 kept=1
INFO - message=ended reason="a page of 1 record, less than 2, reached `total`" received=3 pages=2 requests=3
"#
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscriber_of_the_first_poll_receives_the_events_of_all_tasks() {
    let journal = Journal::default();
    // It keeps events on for threads without a subscriber.
    let (_, _guard) = Journal::listen();
    let shop = shop(failing(3, &[503], &[]));
    let all = async { tokio::spawn(shop.fetch(&PLAIN).all().with_current_subscriber()).await };
    all.with_subscriber(journal.clone()).await.unwrap().unwrap();
    let text = journal.text();
    assert_eq!(
        text.matches("message=response request=").count(),
        3,
        "{text}"
    );
}

#[tokio::test]
async fn held_request_emits_an_event() {
    let shop = shop(failing(3, &[429], &[("Retry-After", "3600")]));
    shop.fetch(&PLAIN).all().await.unwrap_err();
    let (journal, _guard) = Journal::listen();
    shop.fetch(&PLAIN).all().await.unwrap_err();
    let told = journal.text();
    assert!(
        told.contains("message=not sent wait_seconds=3600.0"),
        "{told}"
    );
}

#[tokio::test]
async fn events_contain_no_secret() {
    let next = format!("/things?page=2&echo={SECRET}");
    let last = format!("bad {SECRET}");
    let shop = shop(Api::new(move |request| {
        match request.url.contains("page=2") {
            false => answer(200, &[], &json!({ "data": [], "next": next }).to_string()),
            true if request.url.contains("moved") => answer(400, &[], &last),
            true => answer(
                302,
                &[("Location", &format!("/moved?page=2&key={SECRET}"))],
                "",
            ),
        }
    }));
    let (journal, _guard) = Journal::listen();
    let error = shop.fetch(&LINKED).all().await.unwrap_err();
    let told = journal.text();
    assert!(
        told.contains("redirected") && told.contains("failed"),
        "{told}"
    );
    assert!(told.contains("echo=[secret]"), "{told}");
    assert!(shop.api.urls().iter().any(|url| url.contains(SECRET)));
    assert!(!told.contains(SECRET), "{told}\n{error}");
}

#[tokio::test]
async fn progress_is_reported_after_every_page_and_at_the_end() {
    let shop = shop(failing(3, &[503], &[]));
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let mut stream = shop
        .fetch(&PLAIN)
        .on_progress(move |report| {
            tell.lock()
                .unwrap()
                .push((report.delivered, report.retries));
        })
        .stream();
    stream.next().await.unwrap().unwrap();
    assert_eq!(told.lock().unwrap().as_slice(), [(2, 1)]);
    while stream.next().await.is_some() {}
    assert_eq!(told.lock().unwrap()[1..], [(3, 1), (3, 1)]);
}
