//! What goes wrong where a test wants it to, and that no wait takes any time.

use std::time::{Duration, Instant};

use rest_source::ErrorKind;
use rest_source_mock::{Fault, Mock, Mocked, json};

use crate::paging::pages;

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn mock() -> Mock<pages::Source> {
    pages::Source::mock()
        .records("offset", (0..7).map(|id| json!({ "id": id })))
        .records("single", [json!({ "id": 1 })])
}

/// What comes of a fetch with this fault: the records or the error, the statuses, and the waits.
async fn with(fault: Fault) -> (Result<usize, ErrorKind>, Vec<Option<u16>>, Vec<Duration>) {
    let api = mock().fault(fault).start().unwrap();
    let fetched = api.source().offset().all().await;
    let statuses = api.requests().into_iter().map(|asked| asked.status);
    (
        fetched
            .map(|records| records.len())
            .map_err(|error| error.kind().clone()),
        statuses.collect(),
        api.waits(),
    )
}

#[tokio::test]
async fn a_429_is_waited_out_at_once() {
    let start = Instant::now();
    let busy = Fault::status(429).retry_after(secs(50));
    let (records, statuses, waits) = with(busy).await;
    assert_eq!(records, Ok(7));
    assert_eq!(statuses, [429, 200, 200, 200, 200].map(Some));
    assert_eq!(waits, [secs(50)]);
    assert!(start.elapsed() < secs(50));
}

#[tokio::test]
async fn four_times_503_is_once_too_often() {
    let (records, statuses, waits) = with(Fault::status(503).times(4)).await;
    assert_eq!(records, Err(ErrorKind::Status(503)));
    assert_eq!(statuses, [Some(503); 4]);
    assert_eq!(waits, [2, 4, 8].map(secs));
    let (records, ..) = with(Fault::status(503).times(3)).await;
    assert_eq!(records, Ok(7));
}

#[tokio::test]
async fn connections_fail_in_every_way_and_are_made_again() {
    for fault in [
        Fault::reset(),
        Fault::truncated(),
        Fault::unreachable(),
        Fault::timeout(),
    ] {
        let (records, statuses, waits) = with(fault.clone().after(1)).await;
        assert_eq!(records, Ok(7));
        assert_eq!(
            statuses,
            [Some(200), None, Some(200), Some(200), Some(200)],
            "{fault:?}"
        );
        assert_eq!(waits, [secs(2)]);
        let (records, ..) = with(fault.times(9)).await;
        assert_eq!(records, Err(ErrorKind::Transport));
    }
}

#[tokio::test]
async fn a_report_shows_what_was_waited_and_repeated() {
    let api = mock().fault(Fault::status(503).times(2)).start().unwrap();
    let mut things = api.source().offset().stream();
    while let Some(thing) = things.next().await {
        thing.unwrap();
    }
    let report = things.report();
    assert_eq!((report.requests, report.retries), (6, 2), "{report}");
    assert_eq!(report.waited, secs(6), "{report}");
}

#[tokio::test]
async fn a_response_is_as_bad_as_it_is_said_to_be() {
    let page = Fault::status(200)
        .header("Content-Type", "text/html")
        .body("<html>Sorry</html>");
    let (records, ..) = with(page).await;
    assert_eq!(records, Err(ErrorKind::Response));
    let (records, ..) = with(Fault::status(401)).await;
    assert_eq!(records, Err(ErrorKind::Auth));
}

#[tokio::test]
async fn a_fault_is_for_one_resource_and_may_come_later() {
    let api = mock()
        .fault(Fault::status(404).on("single"))
        .start()
        .unwrap();
    let source = api.source();
    assert_eq!(source.offset().all().await.unwrap().len(), 7);
    let error = source.single().all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Status(404));
    assert_eq!(source.single().all().await.unwrap().len(), 1);
    api.fault(Fault::status(403)).unwrap();
    assert_eq!(
        *source.offset().all().await.unwrap_err().kind(),
        ErrorKind::Status(403)
    );
}

#[tokio::test]
async fn a_fault_for_no_resource_is_a_mistake() {
    let lost = || Fault::status(404).on("offsets");
    let error = mock().fault(lost()).start().unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("`pages` has no resource `offsets`\n  help: it has `single`, `offset`"),
        "{error}"
    );
    let api = mock().start().unwrap();
    assert_eq!(*api.fault(lost()).unwrap_err().kind(), ErrorKind::Config);
}
