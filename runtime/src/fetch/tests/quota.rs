//! A quota that is used up for longer than `retry` allows to wait.

use std::sync::{Arc, LazyLock, Mutex};

use super::*;
use crate::{
    Clock, Error, Report,
    plan::{ParentField, ParentPlan, RateLimit, Retry},
};

/// A server that answers this to its first request, and these records after.
fn first(first: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Api {
    let (records, asked) = (records(2), AtomicUsize::new(0));
    Api::new(move |request| match asked.fetch_add(1, Ordering::Relaxed) {
        0 => first(request),
        _ => page(&records, request),
    })
}

fn retry_at(error: &Error) -> std::time::SystemTime {
    match error.kind() {
        ErrorKind::RateLimit { retry_at } => *retry_at,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn used_up_quota_holds_all_fetches_of_the_source() {
    for answered in [
        (429, ("Retry-After", "3600")),
        (503, ("Retry-After", "3600")),
        (429, ("RateLimit-Reset", "3600")),
    ] {
        let (status, header) = answered;
        let shop = shop(first(move |_| answer(status, &[header], "")));
        let error = shop.fetch(&PLAIN).all().await.unwrap_err();
        let told = retry_at(&error);
        shop.clock.advance(600 * SECOND);
        let error = shop.fetch(&COUNTED).all().await.unwrap_err();
        assert_eq!(retry_at(&error), told, "{answered:?}");
        let text = error.to_string();
        assert!(
            text.starts_with(
                "`things`: no quota is left for 3000 s, longer than `max_delay` (60 s)\n  \
                 ask again after "
            ),
            "{text}"
        );
        let Report {
            requests, retries, ..
        } = *error.report().unwrap();
        assert_eq!((requests, retries), (0, 0));
        assert_eq!(shop.asked().len(), 1);

        // What is left of it is no longer than may be waited.
        shop.clock.advance(2950 * SECOND);
        shop.fetch(&COUNTED).all().await.unwrap();
        assert_eq!(shop.clock.waits(), [50 * SECOND]);
    }
}

#[tokio::test]
async fn success_that_used_up_the_quota_holds_all_fetches() {
    let shop = shop(first(|_| {
        let body = json!({ "data": [{ "id": 1 }], "total": 1 }).to_string();
        let headers = [("RateLimit-Remaining", "0"), ("RateLimit-Reset", "3600")];
        answer(200, &headers, &body)
    }));
    assert_eq!(shop.fetch(&COUNTED).all().await.unwrap().len(), 1);
    let mut stream = shop.fetch(&COUNTED).stream();
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(
        retry_at(&error),
        std::time::UNIX_EPOCH + 1_800_003_600 * SECOND
    );
    assert_eq!(error.position(), Some(&Position::Offset(0)));
    assert_eq!(shop.asked().len(), 1);
}

#[tokio::test]
async fn throttle_after_the_last_retry_holds_all_fetches() {
    let shop = shop(failing(1, &[429; 4], &[("Retry-After", "20")]));
    let error = shop.fetch(&PLAIN).all().await.unwrap_err();
    assert_eq!(
        retry_at(&error),
        std::time::UNIX_EPOCH + 1_800_000_080 * SECOND
    );
    shop.fetch(&PLAIN).all().await.unwrap();
    assert_eq!(shop.clock.waits(), [20 * SECOND; 4]);
}

#[tokio::test]
async fn used_up_quota_holds_all_partitions() {
    static CHILDREN: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        name: Static("parts"),
        path: Template(list![Part::Text(Static("/things/")), Part::Parent(0)]),
        parent: Some(
            ParentPlan {
                resource: Static(&*COUNTED),
                others: crate::shared::List::EMPTY,
                fields: list![ParentField {
                    column: 0,
                    path: Path(list![]),
                    ..ParentField::DEFAULT
                }],
            }
            .into(),
        ),
        ..THINGS.clone()
    });
    // The first part has a hundred pages, the second is refused.
    let (things, many) = (records(9), records(200));
    let shop = shop(Api::new(move |request| {
        if request.url.contains("/things?") {
            page(&things, request)
        } else if request.url.contains("/things/0?") {
            page(&many, request)
        } else {
            answer(429, &[("Retry-After", "3600")], "")
        }
    }));
    let mut pages = shop.client.rows(&*CHILDREN).concurrency(2).pages();
    let error = loop {
        if let Err(error) = pages.next().await.unwrap() {
            break error;
        }
    };
    retry_at(&error);
    assert!(
        error
            .to_string()
            .contains("parent: `things` with `id` \"0\"")
    );
    let asked = shop.api.urls();
    assert!(asked.len() < 10, "{asked:#?}");
}

#[tokio::test]
async fn time_in_the_queue_does_not_count_for_retries() {
    static SLOW: LazyLock<SourcePlan> = LazyLock::new(|| SourcePlan {
        rate_limits: vec![RateLimit {
            requests: 1,
            per: Duration::from_secs(700),
        }]
        .into(),
        ..PLAN.clone()
    });
    // Longer than `max_elapsed`, before the first attempt at the second page.
    assert!(Retry::DEFAULT.max_elapsed < Duration::from_secs(700));
    let clock = ManualClock::default();
    let (records, failed) = (records(4), AtomicUsize::new(0));
    let (time, times) = (clock.clone(), Arc::new(Mutex::new(Vec::new())));
    let seen = Arc::clone(&times);
    let api = Api::new(move |request| {
        seen.lock().unwrap().push(time.elapsed().as_secs());
        if offset_of(request) == 2 && failed.fetch_add(1, Ordering::Relaxed) == 0 {
            return answer(503, &[], "");
        }
        page(&records, request)
    });
    let client = client(&*SLOW, &[SECRET], Vec::new(), &api, &clock).unwrap();
    let things = client.fetch::<Thing>(&*COUNTED).all().await.unwrap();
    assert_eq!(ids(&things), [0, 1, 2, 3]);
    assert_eq!(*times.lock().unwrap(), [0, 700, 1400]);
}
