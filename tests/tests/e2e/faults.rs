//! What goes wrong between here and there, over real sockets: what is asked again, after how long,
//! and what is said when it is of no use.

use std::time::Duration;

use rest_source::{Clock, ErrorKind};
use rest_source_testkit::{Fault, Server, Wait, data};

use crate::{
    agree::assert_same,
    printed::shown,
    sources::{analytics_oauth2, impatient, media, timed_media},
};

async fn serve() -> Server {
    Server::start(data::media_insights()).await.unwrap()
}

/// Asserts that all stories come, by five requests and as many as are repeated.
async fn assert_all_come(server: &Server, repeated: u64) {
    let stories = media(server.url()).stories().concurrency(1);
    let mut pages = stories.pages();
    let mut records = Vec::new();
    while let Some(page) = pages.next().await {
        records.extend(page.unwrap().into_iter().map(Result::unwrap));
    }
    assert_same(&records, &server.dataset("stories").rows());
    let report = pages.report();
    assert_eq!(
        (report.requests, report.retries),
        (4 + repeated, repeated),
        "{report}"
    );
}

#[tokio::test]
async fn each_is_asked_again_and_all_records_come() {
    for fault in [
        Fault::status(429),
        Fault::status(500),
        Fault::status(502),
        Fault::status(503),
        Fault::status(504),
        Fault::too_many_requests(Wait::Seconds(1)),
        Fault::Truncated,
        Fault::Reset,
    ] {
        for at in [0, 2, 3] {
            let server = serve().await;
            server.faults().at(at, fault.clone());
            assert_all_come(&server, 1).await;
        }
    }
}

#[tokio::test]
async fn faults_now_and_then_lose_nothing_side_by_side() {
    let server = serve().await;
    // No more of them than one request is repeated, since one request may meet them all.
    server.faults().at(1, Fault::Truncated);
    server.faults().at(3, Fault::Reset);
    server
        .faults()
        .at(4, Fault::too_many_requests(Wait::Seconds(1)));
    let insights = media(server.url()).story_insights().concurrency(4);
    let records = insights.all().await.unwrap();
    assert_same(&records, &server.dataset("story_insights").rows());
}

#[tokio::test]
async fn three_refusals_are_waited_out() {
    let server = serve().await;
    let (source, clock) = timed_media(server.url());
    server.faults().next(3, &Fault::status(503));
    source.stories().first().await.unwrap().unwrap();
    assert_eq!(
        server.log().offsets("/v1/stories"),
        [0, 0, 0, 0],
        "four requests"
    );
    let mut waits = clock.waits();
    waits.retain(|wait| !wait.is_zero());
    assert_eq!(waits.len(), 3, "{waits:?}");
    for (wait, seconds) in waits.iter().zip([2, 4, 8]) {
        let longest = Duration::from_secs(seconds);
        assert!((longest / 2..=longest).contains(wait), "{waits:?}");
    }
}

#[tokio::test]
async fn the_fourth_is_an_error_that_says_so() {
    let server = serve().await;
    server.faults().next(4, &Fault::status(503));
    let error = media(server.url()).stories().all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Status(503));
    assert_eq!(error.resource(), Some("stories"));
    assert_eq!(server.log().all().len(), 4);
    let error = shown(&error);
    assert!(
        error.contains("503") && error.contains("/v1/stories?"),
        "{error}"
    );
}

#[tokio::test]
async fn the_servers_word_on_when_is_kept() {
    for wait in [Wait::Seconds(20), Wait::Date(21)] {
        let server = serve().await;
        let (source, clock) = timed_media(server.url());
        server.faults().at(0, Fault::too_many_requests(wait));
        let before = clock.elapsed();
        source.stories().first().await.unwrap().unwrap();
        let waited = clock.elapsed().saturating_sub(before);
        let asked = Duration::from_secs(20);
        assert!(waited >= asked, "{waited:?} for {wait:?}");
    }
}

#[tokio::test]
async fn a_wait_past_the_longest_is_an_error_with_the_time() {
    let server = serve().await;
    server
        .faults()
        .at(1, Fault::too_many_requests(Wait::Seconds(3600)));
    let source = media(server.url());
    let error = source.stories().concurrency(1).all().await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::RateLimit { .. }),
        "{error}"
    );
    assert_eq!(
        server.log().all().len(),
        2,
        "it is not asked earlier than told"
    );
    shown(&error);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_after_quick_retries() {
    let server = serve().await;
    let source = media(server.url());
    drop(server);
    let error = source.stories().all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Transport);
    assert!(error.to_string().contains("(tried 3 times)"), "{error}");
    shown(&error);
}

#[tokio::test]
async fn a_body_that_is_late_is_asked_for_again() {
    let server = serve().await;
    let source = impatient(server.url());
    server.faults().at(1, Fault::Slow(Duration::from_secs(5)));
    assert_eq!(source.stories().all().await.unwrap().len(), 300);
    server
        .faults()
        .next(4, &Fault::Slow(Duration::from_secs(5)));
    let error = source.stories().all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Transport);
    shown(&error);
}

#[tokio::test]
async fn credentials_that_are_not_taken_are_not_tried_again() {
    let server = serve().await;
    let source = media::Source::builder()
        .secrets(media::Secrets {
            api_key: "a wrong s3cret key".into(),
        })
        .config(media::Config {
            base_url: server.url().to_owned(),
        })
        .build()
        .unwrap();
    let error = source.stories().all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Auth);
    assert_eq!(server.log().all().len(), 1);
    let error = shown(&error);
    assert!(
        !error.contains("wrong") && !error.contains("s3cret key"),
        "{error}"
    );
}

#[tokio::test]
async fn a_token_endpoint_that_refuses_is_an_error_of_auth() {
    let server = Server::start(data::media_insights()).await.unwrap();
    let error = analytics_oauth2(server.url())
        .resource_name()
        .all()
        .await
        .unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Auth);
    assert_eq!(server.log().all().len(), 1);
    shown(&error);
}

#[tokio::test]
async fn what_is_no_page_is_an_error_that_shows_it() {
    for (body, says) in [
        ("<html>busy</html>", "<html>busy"),
        ("", ""),
        (r#"{"records": []}"#, "records"),
        (r#"{"data": {"id": 1}}"#, "data"),
    ] {
        let server = serve().await;
        server.faults().at(0, Fault::Body(body.to_owned()));
        let error = media(server.url()).stories().all().await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Response, "{body}");
        let error = shown(&error);
        assert!(error.contains(says), "{error}");
    }
}
