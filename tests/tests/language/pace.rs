//! How fast a source asks, and how much at a time.

use std::time::Duration;

use rest_source_testkit::{Asked, Mishap, Place, Reply};
use serde_json::json;

use crate::world::{World, numbers, source, with};

const PAUSE: Duration = Duration::from_millis(25);

/// Forty numbers in pages of two, each some milliseconds late.
fn slowly(asked: &Asked) -> Reply {
    let from = asked.number_in("offset").unwrap_or(0);
    let page = with(
        numbers(from.min(40), (from + 2).min(40)),
        json!({ "count": 40 }),
    );
    Reply::json(&page).mishap(Place::BeforeHead, Mishap::Pause(PAUSE))
}

fn spec(client: &str) -> String {
    source(
        client,
        "{ path: things, data_selector: data, paginator: { type: offset, limit: 2, total_path: count } }",
        "json",
    )
}

#[tokio::test]
async fn no_more_requests_are_in_flight_than_allowed_and_no_fewer_are_used() {
    for (client, most) in [
        ("", 4),
        ("concurrency: 1", 1),
        ("concurrency: 3", 3),
        ("concurrency: 8", 8),
    ] {
        let world = World::new(&spec(client), slowly).await;
        world
            .run()
            .await
            .brings(&json!((0..40).collect::<Vec<_>>()));
        assert_eq!(world.server.most_at_once(), most, "{client}");
        assert_eq!(world.asked().len(), 20);
    }
}

#[tokio::test]
async fn all_fetches_of_a_source_share_its_limit() {
    let world = World::new(&spec("concurrency: 3"), slowly).await;
    let fetches = (0..4).map(|_| world.run());
    for run in futures_util::future::join_all(fetches).await {
        run.brings(&json!((0..40).collect::<Vec<_>>()));
    }
    assert_eq!(world.server.most_at_once(), 3);
    assert_eq!(world.asked().len(), 80);
}

#[tokio::test]
async fn a_fetch_may_ask_for_fewer_at_a_time_and_not_for_more() {
    for (asked, most) in [(1, 1), (2, 2), (9, 3), (0, 1)] {
        let world = World::new(&spec("concurrency: 3"), slowly).await;
        world.run_as(|fetch| fetch.concurrency(asked)).await;
        assert_eq!(world.server.most_at_once(), most);
    }
}

#[tokio::test]
async fn so_many_requests_are_sent_in_a_time_and_no_more() {
    let world = World::new(
        &spec("concurrency: 1, rate_limit: { requests: 5, per: 1m }"),
        slowly,
    )
    .await;
    let run = world.run().await;
    run.brings(&json!((0..40).collect::<Vec<_>>()));
    // Twenty requests: five at once, and three times five a minute later.
    run.waits(&[60, 60, 60]);
    assert_eq!(run.report.waited, Duration::from_secs(180));
}

#[tokio::test]
async fn repeated_and_redirected_requests_count_for_the_rate() {
    let world = World::new(
        &spec("concurrency: 1, rate_limit: { requests: 2, per: 1h }, retry: { backoff_factor: 0 }"),
        |asked| match asked.number {
            0 => Reply::status(503),
            1 => Reply::status(302).header("Location", "/elsewhere?offset=0"),
            _ => Reply::json(&json!({ "data": [0], "count": 1 })),
        },
    )
    .await;
    let run = world.run().await;
    run.brings(&json!([0]));
    run.waits(&[3_600]);
    assert_eq!((run.report.requests, run.report.retries), (3, 1));
}

#[tokio::test]
async fn a_consumer_that_stops_reading_stops_the_fetching() {
    let world = World::new(&spec("concurrency: 2"), slowly).await;
    let mut pages = world.client.rows(world.resource("things")).pages();
    pages.next().await.unwrap().unwrap();
    tokio::time::sleep(20 * PAUSE).await;
    let asked = world.asked().len();
    assert!(asked < 10, "{asked} pages are fetched for one that is read");
    drop(pages);
    tokio::time::sleep(20 * PAUSE).await;
    assert_eq!(world.asked().len(), asked);
}

#[tokio::test]
async fn a_429_stops_every_worker_of_the_source() {
    let world = World::new(&spec("concurrency: 4"), |asked| match asked.number {
        2 => Reply::status(429).header("Retry-After", "30"),
        _ => slowly(asked),
    })
    .await;
    let run = world.run().await;
    run.brings(&json!((0..40).collect::<Vec<_>>()));
    // All that waited, waited for the same time.
    let longest = run.waits.iter().max().unwrap();
    assert_eq!(*longest, Duration::from_secs(30), "{:?}", run.waits);
    assert_eq!(run.report.retries, 1);
}
