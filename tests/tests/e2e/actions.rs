//! Responses that mean what the spec says of them, over HTTP.

use rest_source::{ErrorKind, Result};
use rest_source_testkit::{Fault, Server, data};

use crate::sources::{forgiving, forgiving::Stories};

async fn serve() -> Server {
    Server::start(data::media_insights()).await.unwrap()
}

/// All stories, one request after the other.
async fn stories(server: &Server) -> (Vec<Stories>, Result<()>, rest_source::Report) {
    let mut stream = forgiving(server.url()).stories().concurrency(1).stream();
    let mut stories = Vec::new();
    while let Some(story) = stream.next().await {
        match story {
            Ok(story) => stories.push(story),
            Err(error) => return (stories, Err(error), stream.report()),
        }
    }
    (stories, Ok(()), stream.report())
}

#[tokio::test]
async fn what_is_ignored_ends_the_stories_and_what_is_retried_loses_none() {
    let server = serve().await;
    server.faults().at(2, Fault::status(404));
    let (records, outcome, report) = stories(&server).await;
    assert_eq!(*outcome.unwrap_err().kind(), ErrorKind::Incomplete);
    assert_eq!((records.len(), report.ignored), (200, 1), "{report}");
    assert!(
        report.to_string().contains("1 response ignored"),
        "{report}"
    );

    let server = serve().await;
    server.faults().at(2, Fault::status(409));
    let (records, outcome, report) = stories(&server).await;
    outcome.unwrap();
    assert_eq!(records.len(), server.dataset("stories").len());
    assert_eq!((report.retries, report.ignored), (1, 0));
}

#[tokio::test]
async fn nothing_where_the_records_should_be_is_what_the_spec_says() {
    let server = serve().await;
    server
        .faults()
        .at(1, Fault::Body(r#"{"data": null}"#.to_owned()));
    let (records, outcome, _) = stories(&server).await;
    let error = outcome.unwrap_err().to_string();
    assert_eq!(records.len(), 100);
    assert!(error.contains("there is nothing for this plan"), "{error}");
}

#[tokio::test]
async fn an_error_with_status_200_is_the_error_that_the_spec_says() {
    let server = serve().await;
    let body = r#"{"error": {"code": "expired"}, "data": []}"#;
    server.faults().at(1, Fault::Body(body.to_owned()));
    let (records, outcome, _) = stories(&server).await;
    let error = outcome.unwrap_err();
    assert_eq!((records.len(), error.kind()), (100, &ErrorKind::Response));
    assert!(
        error.to_string().contains("the plan has expired"),
        "{error}"
    );
    assert!(error.to_string().contains("forgiving.yaml:"), "{error}");
}
