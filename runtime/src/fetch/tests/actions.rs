//! Responses that mean what the resource's rules say.

use std::sync::LazyLock;

use super::*;
use crate::plan::{Action, JsonCondition, ResponseAction};

const RULE: ResponseAction = ResponseAction {
    line: 7,
    action: Action::Ignore,
    ..ResponseAction::DEFAULT
};

/// The things, with these rules.
fn ruled(rules: &'static [ResponseAction]) -> ResourcePlan {
    ResourcePlan {
        response_actions: Static(rules),
        ..THINGS.clone()
    }
}

static RULED: LazyLock<ResourcePlan> = LazyLock::new(|| {
    ruled(&[
        ResponseAction {
            statuses: list![(503, 503)],
            content: Some(Static("for good")),
            ..RULE
        },
        ResponseAction {
            statuses: list![(400, 403)],
            action: Action::Fail {
                message: Some(Static("the shop is closed")),
            },
            ..RULE
        },
        ResponseAction {
            statuses: list![(404, 404)],
            action: Action::Retry { then_ignore: true },
            ..RULE
        },
        ResponseAction {
            statuses: list![(409, 409)],
            action: Action::Retry { then_ignore: false },
            ..RULE
        },
        ResponseAction {
            json: list![JsonCondition {
                path: Path(list![Step::Key(Static("ok"))]),
                values: list![crate::plan::JsonPlan::Bool(false)],
            }],
            action: Action::Fail { message: None },
            ..RULE
        },
    ])
});

/// Serves five records, but from the second page on this.
fn answering(status: u16, body: &'static str, times: usize) -> Api {
    let records = records(5);
    let asked = AtomicUsize::new(0);
    Api::new(move |request| {
        let is_first = offset_of(request) == 0;
        if is_first || asked.fetch_add(1, Ordering::Relaxed) >= times {
            return page(&records, request);
        }
        answer(status, &[], body)
    })
}

/// What came of a fetch: how many records, what ended it, and its report.
async fn fetched(shop: &Shop) -> (usize, Option<crate::Error>, crate::Report) {
    let mut stream = shop.fetch(&RULED).concurrency(1).stream();
    let mut records = 0;
    let mut error = None;
    while let Some(record) = stream.next().await {
        match record {
            Ok(_) => records += 1,
            Err(failure) => error = Some(failure),
        }
    }
    (records, error, stream.report())
}

#[tokio::test]
async fn ignored_response_ends_the_fetch_keeps_records_and_is_counted() {
    let shop = shop(answering(503, "down for good", 9));
    let (records, error, report) = fetched(&shop).await;
    assert_eq!(
        (records, error.unwrap().kind()),
        (2, &ErrorKind::Incomplete)
    );
    assert_eq!((report.requests, report.retries, report.ignored), (2, 0, 1));
    let note = "ignored by specs/shop.yaml:7: GET https://api.example.com/things?offset=2&limit=2 \
                (503, 13 B, request 2)";
    assert!(report.notes.contains(&note.to_owned()), "{report}");
}

#[tokio::test]
async fn rule_that_does_not_match_changes_nothing() {
    let shop = shop(answering(503, "busy", 1));
    let (records, error, report) = fetched(&shop).await;
    assert!(error.is_none());
    assert_eq!((records, report.retries, report.ignored), (5, 1, 0));
}

#[tokio::test]
async fn rule_retries_a_status_that_is_not_retried_by_default() {
    for status in [404, 409] {
        let shop = shop(answering(status, "soon", 2));
        let (records, error, report) = fetched(&shop).await;
        assert!(error.is_none());
        assert_eq!((records, report.retries), (5, 2), "{status}");
        assert_eq!(shop.clock.waits(), [2 * SECOND, 4 * SECOND]);
    }
}

#[tokio::test]
async fn last_retry_is_an_error_or_ignored() {
    let (records, error, report) = fetched(&shop(answering(404, "never", 9))).await;
    assert_eq!(*error.unwrap().kind(), ErrorKind::Incomplete);
    assert_eq!((records, report.requests, report.ignored), (2, 5, 1));
    let (records, error, report) = fetched(&shop(answering(409, "never", 9))).await;
    assert_eq!(*error.unwrap().kind(), ErrorKind::Status(409));
    assert_eq!((records, report.requests, report.ignored), (2, 5, 0));
}

static RULED_NEW: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    response_actions: list![
        ResponseAction {
            statuses: list![(404, 404)],
            ..RULE
        },
        ResponseAction {
            statuses: list![(410, 410)],
            action: Action::Retry { then_ignore: true },
            ..RULE
        },
    ],
    ..new_things(None, OnMissing::Raise)
});

#[tokio::test]
async fn ignored_response_past_the_first_page_keeps_the_old_state() {
    for status in [404, 410] {
        let shop = shop(answering(status, "gone", 9));
        let mut stream = shop.fetch(&RULED_NEW).allow_incomplete().stream();
        let mut records = 0;
        while let Some(record) = stream.next().await {
            record.unwrap();
            records += 1;
        }
        assert_eq!((records, stream.state()), (2, None), "{status}");
    }
}

#[tokio::test]
async fn rule_that_fails_names_itself_and_its_request() {
    let (records, error, _) = fetched(&shop(answering(403, "keep out", 9))).await;
    let error = error.unwrap();
    assert_eq!((records, error.kind()), (2, &ErrorKind::Status(403)));
    assert_eq!(
        error.to_string(),
        "`things`: the shop is closed\n  \
         --> GET https://api.example.com/things?offset=2&limit=2 (403, 8 B, request 2)\n  \
         by the rule at specs/shop.yaml:7\n  \
         body: keep out"
    );
    let (_, error, _) = fetched(&shop(answering(200, r#"{"ok":false,"data":[]}"#, 9))).await;
    assert_eq!(
        *error.unwrap().kind(),
        ErrorKind::Response,
        "before the 2xx test"
    );
}
