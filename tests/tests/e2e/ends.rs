//! Where pages end: all records come, and no request is made for nothing for ever.

use rest_source::ErrorKind;
use rest_source_testkit::{Paging, Server, ShortPage, Total, data};

use crate::{agree::assert_same, printed::shown, sources::media};

/// Asserts that all of so many stories come when they are cut this way, and gives the offsets that
/// it took.
async fn assert_all_come(rows: usize, paging: Paging) -> Vec<usize> {
    let server = Server::start(data::media_insights().paging(paging))
        .await
        .unwrap();
    let stories = server.dataset("stories");
    stories.truncate(rows);
    let records = media(server.url()).stories().all().await.unwrap();
    assert_same(&records, &stories.rows());
    let mut offsets = server.log().offsets(stories.path());
    offsets.sort_unstable();
    offsets
}

fn total(total: Total) -> Paging {
    Paging {
        total,
        ..Paging::default()
    }
}

#[tokio::test]
async fn with_a_total_the_last_page_is_known_unless_it_is_full() {
    assert_eq!(
        assert_all_come(250, total(Total::Right)).await,
        [0, 100, 200]
    );
    // The total is a hint: it may mean something else.
    assert_eq!(
        assert_all_come(300, total(Total::Right)).await,
        [0, 100, 200, 300]
    );
}

#[tokio::test]
async fn without_a_total_an_empty_page_is_the_last() {
    assert_eq!(
        assert_all_come(250, total(Total::Absent)).await,
        [0, 100, 200, 250]
    );
    assert_eq!(
        assert_all_come(300, total(Total::Absent)).await,
        [0, 100, 200, 300]
    );
    assert_eq!(assert_all_come(99, total(Total::Absent)).await, [0, 99]);
    assert_eq!(assert_all_come(0, total(Total::Absent)).await, [0]);
}

#[tokio::test]
async fn a_total_that_means_something_else_loses_nothing() {
    for wrong in [0, 1, 100, 150, 250, 400, 100_000] {
        for rows in [0, 1, 100, 250, 300] {
            let offsets = assert_all_come(rows, total(Total::Wrong(wrong))).await;
            assert!(offsets.len() <= 12, "{wrong} for {rows}: {offsets:?}");
        }
    }
}

#[tokio::test]
async fn a_short_page_in_the_middle_is_gone_past_by_what_came() {
    for shown in [Total::Right, Total::Absent] {
        let short_page = Some(ShortPage {
            offset: 100,
            rows: 40,
        });
        assert_all_come(
            300,
            Paging {
                short_page,
                ..total(shown)
            },
        )
        .await;
    }
}

#[tokio::test]
async fn a_server_with_a_cap_gives_all_and_the_report_says_so() {
    for shown in [Total::Right, Total::Absent] {
        assert_all_come(
            300,
            Paging {
                cap: 30,
                ..total(shown)
            },
        )
        .await;
    }
    let paging = Paging {
        cap: 30,
        ..Paging::default()
    };
    let server = Server::start(data::media_insights().paging(paging))
        .await
        .unwrap();
    let mut pages = media(server.url()).stories().pages();
    while let Some(page) = pages.next().await {
        page.unwrap();
    }
    let report = pages.report().to_string();
    assert!(
        report.contains("does not honour the page size 100: it gave 30"),
        "{report}"
    );
}

#[tokio::test]
async fn a_server_that_ignores_the_offset_is_an_error_that_names_both_requests() {
    let paging = Paging {
        ignores_offset: true,
        ..total(Total::Absent)
    };
    let server = Server::start(data::media_insights().paging(paging))
        .await
        .unwrap();
    let error = media(server.url()).stories().all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Paging);
    let error = shown(&error);
    assert!(
        error.contains("offset=0") && error.contains("offset=100"),
        "{error}"
    );
    assert!(server.log().all().len() <= 3);
}
