//! Fetches whose run has a budget.

use super::*;
use crate::RunBudget;

fn shop_within(budget: RunBudget, api: Api) -> Shop {
    let clock = ManualClock::default();
    let client = Client::builder(&*PLAN)
        .hooks(&HOOKS)
        .transport(api.clone())
        .clock(clock.clone())
        .jitter(|| 0.0)
        .secret("token", SECRET)
        .budget(budget)
        .build()
        .unwrap();
    Shop { client, api, clock }
}

/// Fetches records in pages of two. Returns their ids, and the error that ended the fetch.
async fn fetched(budget: RunBudget, api: Api) -> (Shop, Vec<i64>, Option<crate::Error>) {
    let shop = shop_within(budget, api);
    let mut things = Vec::new();
    let mut stream = shop.fetch(&PLAIN).stream();
    let mut failure = None;
    while let Some(thing) = stream.next().await {
        match thing {
            Ok(thing) => things.push(thing.id),
            Err(error) => failure = Some(error),
        }
    }
    (shop, things, failure)
}

#[tokio::test]
async fn no_more_requests_are_sent_than_the_budget_has_and_their_records_are_delivered() {
    let (shop, whole, _) = fetched(RunBudget::new(), failing(5, &[], &[])).await;
    let needed = shop.asked().len() as u64;
    assert!(needed >= 3 && whole.len() == 5);
    for requests in 1..=needed + 1 {
        let budget = RunBudget::new().max_requests(requests);
        let (shop, things, failure) = fetched(budget.clone(), failing(5, &[], &[])).await;
        let sent = requests.min(needed);
        assert_eq!((shop.asked().len() as u64, budget.sent()), (sent, sent));
        let Some(error) = failure else {
            assert!(requests >= needed);
            assert_eq!(things, whole);
            continue;
        };
        assert!(requests < needed, "{error}");
        assert_eq!(*error.kind(), ErrorKind::Budget);
        assert!(error.is_retryable());
        assert_eq!(error.report().unwrap().requests, requests);
        // The rest is fetched from the position of the error.
        let rest = shop_within(RunBudget::new(), failing(5, &[], &[]));
        let position = error.position().unwrap().clone();
        let rest = rest.fetch(&PLAIN).resume(position).all().await.unwrap();
        assert_eq!([things, ids(&rest)].concat(), whole);
    }
}

#[tokio::test]
async fn retries_count_and_none_is_waited_for_that_may_not_be_sent() {
    let api = || failing(5, &[503, 0, 503], &[]);
    let (shop, things, failure) = fetched(RunBudget::new().max_requests(2), api()).await;
    assert!(things.is_empty());
    let error = failure.unwrap();
    assert_eq!(*error.kind(), ErrorKind::Budget);
    let text = error.to_string();
    assert!(
        text.contains("the budget of 2 requests is used up"),
        "{text}"
    );
    assert!(
        text.contains("failed twice: answered 503 once, broke off once"),
        "{text}"
    );
    assert_eq!(shop.clock.waits(), [2 * SECOND]);

    // The third attempt would be at 6 s.
    let (shop, _, failure) = fetched(RunBudget::new().max_time(5 * SECOND), api()).await;
    assert_eq!(*failure.unwrap().kind(), ErrorKind::Budget);
    assert_eq!(shop.asked().len(), 2);
    assert_eq!(shop.clock.waits(), [2 * SECOND]);

    let (_, things, failure) = fetched(RunBudget::new().max_time(14 * SECOND), api()).await;
    assert!(failure.is_none());
    assert_eq!(things.len(), 5);
}

#[tokio::test]
async fn quota_that_returns_after_the_time_ends_the_fetch_at_once() {
    let records = records(5);
    let api = Api::new(move |request| {
        let start = offset_of(request);
        let body = json!({ "data": records[start..start + 2] }).to_string();
        let left = if start == 0 { "1" } else { "0" };
        let headers = [("RateLimit-Remaining", left), ("RateLimit-Reset", "30")];
        answer(200, &headers, &body)
    });
    let (shop, things, failure) = fetched(RunBudget::new().max_time(20 * SECOND), api).await;
    assert_eq!(*failure.unwrap().kind(), ErrorKind::Budget);
    assert_eq!(things, [0, 1, 2, 3]);
    assert!(shop.clock.waits().is_empty());
}

/// The undeclared total says that records follow an empty page. The request past it is not sent, and so does not say
/// that the page was the last.
#[tokio::test]
async fn empty_page_before_the_end_of_the_budget_is_not_the_last() {
    let records = records(6);
    let api = Api::new(move |request| match offset_of(request) {
        2 => answer(200, &[], &json!({ "data": [], "total": 6 }).to_string()),
        _ => page(&records, request),
    });
    let (_, things, failure) = fetched(RunBudget::new().max_requests(2), api).await;
    assert_eq!(things, [0, 1]);
    assert_eq!(*failure.unwrap().kind(), ErrorKind::Budget);
}
