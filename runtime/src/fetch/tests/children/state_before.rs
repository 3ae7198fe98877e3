//! What a fetch for all parents says is safe before its end.

use std::sync::LazyLock;

use super::{incremental::NEW_COMMENTS, *};

static NEW: LazyLock<ResourcePlan> = LazyLock::new(|| NEW_COMMENTS.clone());

/// Posts with a comment each, the number of the post as its time, but for those that hold none.
fn posts(number: i64, empty: &'static [i64]) -> Api {
    Api::new(move |request| {
        let records: Vec<_> = match segments(request).as_slice() {
            [_] => (0..number)
                .map(|n| json!({ "id": n.to_string() }))
                .collect(),
            [_, post, _] => {
                let at: i64 = post.parse().unwrap();
                let comment = json!({ "id": format!("{post}.0"), "at": at });
                let is_there = !empty.contains(&at);
                is_there.then_some(comment).into_iter().collect()
            }
            _ => unreachable!(),
        };
        page(&records, request)
    })
}

#[tokio::test]
async fn page_has_the_state_before_it() {
    let shop = shop(posts(4, &[1]));
    let mut pages = shop.client.rows(&*NEW).pages();
    let mut known = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert!(page.state().is_none());
        let before = page.state_before().cloned();
        assert_eq!(before, pages.state());
        known.push(before);
    }
    let cursors: Vec<_> = known
        .iter()
        .map(|state| state.as_ref().map(|state| state.cursor().to_owned()))
        .collect();
    assert_eq!(cursors, [None, Some("0".to_owned()), Some("2".to_owned())]);

    // From there, nothing is missing, and only of the last parent anything comes again.
    let last = known.pop().flatten().unwrap();
    let last = State::from_json(&last.to_json()).unwrap();
    assert_eq!(rows(shop.client.rows(&*NEW).since(last)).await, ["3.0 3 3"]);
}

#[tokio::test]
async fn states_are_rarer_with_more_parents() {
    let shop = shop(posts(400, &[]));
    let mut pages = shop.client.rows(&*NEW).pages();
    let mut known = 0;
    while let Some(page) = pages.next().await {
        known += u64::from(page.unwrap().state_before().is_some());
    }
    assert!((16..80).contains(&known), "{known}");
}

#[tokio::test]
async fn no_state_is_delivered_that_would_redeliver_records() {
    static OPEN: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        paginator: Paginator {
            maximum_pages: Some(1),
            kind: Pages::Offset(Offset::new(1)),
            ends: Ends::COUNTED,
            ..Paginator::DEFAULT
        },
        ..NEW_COMMENTS.clone()
    });
    let shop = shop(posts(3, &[]));
    let mut pages = shop.client.rows(&*OPEN).pages();
    while let Some(page) = pages.next().await {
        assert!(page.unwrap().state_before().is_none());
    }
    assert!(redelivers(&pages));
}
