//! Of `errors.md`.

use std::sync::atomic::{AtomicU32, Ordering};

use rest_source::{Error, transport::Response};

use crate::{
    canned::{answer, source},
    shown::errors::{body_0, body_1, shop},
};

const FIRST: &str = r#"{"data": [
    {"id": "o1", "total": "9.50", "placed_at": "2026-11-21T09:30:00Z"},
    {"id": "o2", "total": 12, "note": "by phone"}
]}"#;

/// A shop that answers so, one request after the other, and so ever after.
fn answering(answers: Vec<Response>) -> shop::Source {
    let requests = AtomicU32::new(0);
    source((), move |_| {
        let at = requests.fetch_add(1, Ordering::Relaxed) as usize;
        answers[at.min(answers.len() - 1)].clone()
    })
}

async fn error(answers: Vec<Response>) -> Error {
    answering(answers).orders().all().await.unwrap_err()
}

pub(super) async fn exhausted() -> String {
    let answers = [503, 503, 500, 503].map(|status| answer(status, &[], "try again later"));
    error(answers.into()).await.to_string()
}

pub(super) async fn refused() -> String {
    let body = r#"{"error": "no such sort order"}"#;
    error(vec![answer(400, &[], body)]).await.to_string()
}

pub(super) async fn rate_limit() -> String {
    let headers = ["Retry-After: 900", "Date: Sat, 21 Nov 2026 09:30:00 GMT"];
    let answers = vec![answer(200, &[], FIRST), answer(429, &headers, "slow down")];
    error(answers).await.to_string()
}

pub(super) async fn fail() -> String {
    error(vec![answer(200, &[], r#"{"ok": false}"#)])
        .await
        .to_string()
}

pub(super) async fn schema() -> String {
    let bad =
        r#"{"data": [{"id": "o3", "total": null}, {"id": 4, "total": "1", "placed_at": "today"}]}"#;
    let answers = vec![answer(200, &[], FIRST), answer(200, &[], bad)];
    error(answers).await.to_string()
}

pub(super) async fn no_selector() -> String {
    let body = r#"{"records": [], "page": 1}"#;
    error(vec![answer(200, &[], body)]).await.to_string()
}

pub(super) async fn no_json() -> String {
    let page = "<html><title>Maintenance</title></html>";
    error(vec![answer(200, &["Content-Type: text/html"], page)])
        .await
        .to_string()
}

pub(super) async fn report() -> String {
    let answers = vec![
        answer(503, &[], ""),
        answer(200, &[], FIRST),
        answer(200, &[], r#"{"data": []}"#),
    ];
    let mut pages = answering(answers).orders().pages();
    while let Some(page) = pages.next().await {
        page.unwrap();
    }
    pages.report().to_string()
}

#[tokio::test]
async fn what_is_shown_runs() {
    let answers = || vec![answer(200, &[], FIRST), answer(200, &[], r#"{"data": []}"#)];
    body_0(answering(answers())).await.unwrap();
    body_0(answering(vec![answer(400, &[], "")])).await.unwrap();
    body_1(answering(answers())).await.unwrap();
}
