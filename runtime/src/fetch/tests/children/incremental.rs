//! Only what is new of children.

use std::sync::LazyLock;

use super::*;
use crate::{
    fetch::FetchSpec,
    parent::ParentRecord,
    shared::{Ref::Static, list},
};

pub(super) static NEW_COMMENTS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    table: Static(
        const {
            &Table::new(
                "comments",
                list![
                    ID,
                    Column::new("at", Type::Bigint),
                    Column::new("_posts_id", Type::Text).parent(0),
                ],
            )
        },
    ),
    incremental: Some(Incremental {
        start_param: Some(Static("since")),
        column: Some(1),
        ..Incremental::DEFAULT
    }),
    ..COMMENTS.clone()
});

#[tokio::test]
async fn new_records_are_recognised_over_all_parents() {
    static NEW: LazyLock<ResourcePlan> = LazyLock::new(|| NEW_COMMENTS.clone());
    let shop = shop(Api::new(|request| {
        let records = match segments(request).as_slice() {
            [_] => vec![
                json!({ "id": "5" }),
                json!({ "id": "9" }),
                json!({ "id": "7" }),
            ],
            [_, post, _] => {
                let at: i64 = post.parse().unwrap();
                vec![
                    json!({ "id": format!("{post}.0"), "at": at }),
                    json!({ "id": format!("{post}.1"), "at": 9 }),
                ]
            }
            _ => unreachable!(),
        };
        page(&records, request)
    }));
    let mut pages = shop.client.rows(&*NEW).pages();
    while let Some(page) = pages.next().await {
        assert!(page.unwrap().state().is_none());
    }
    let state = pages.state().unwrap();
    assert_eq!(state.cursor(), "9");

    let again = rows(shop.client.rows(&*NEW).since(state)).await;
    assert_eq!(again, Vec::<String>::new());
    let asked = first_of_each(&shop);
    assert!(
        asked[3..]
            .iter()
            .all(|request| request.url.contains("since=9"))
    );
}

/// The children of the post with this id.
pub(super) fn of(shop: &Shop, resource: &'static ResourcePlan, id: &str) -> Fetch<crate::Rows> {
    let fetch = shop.client.rows(resource);
    let parent = ParentRecord::of_values(&resource.parent.clone().unwrap(), vec![id.to_scalar()]);
    let spec = FetchSpec {
        parent: Some(parent),
        ..fetch.spec.clone()
    };
    Fetch { spec, ..fetch }
}

#[tokio::test]
async fn state_of_one_parent_covers_that_parent_only() {
    static NEW: LazyLock<ResourcePlan> = LazyLock::new(|| NEW_COMMENTS.clone());
    let shop = shop(Api::new(|request| {
        page(&[json!({ "id": "x", "at": 3 })], request)
    }));
    let of = |id: &str| of(&shop, &NEW, id);
    let mut pages = of("7").pages();
    while pages.next().await.is_some() {}
    let state = State::from_json(&pages.state().unwrap().to_json()).unwrap();
    assert!(rows(of("7").since(state.clone())).await.is_empty());
    for other in [of("8"), shop.client.rows(&*NEW)] {
        let error = other.since(state.clone()).pages().next().await.unwrap();
        let error = error.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::State);
        assert!(
            error.to_string().contains("`posts` with `id` \"7\""),
            "{error}"
        );
    }
}

#[tokio::test]
async fn equal_records_without_a_key_belong_to_their_parents() {
    static KEYLESS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        table: Static(const { &Table::new("likes", list![Column::new("at", Type::Bigint)]) }),
        incremental: Some(Incremental::new(0)),
        ..NEW_COMMENTS.clone()
    });
    let posts = std::sync::Arc::new(AtomicUsize::new(1));
    let number = posts.clone();
    let shop = shop(Api::new(move |request| {
        let records = match segments(request).len() {
            1 => (0..number.load(Ordering::Relaxed))
                .map(|n| json!({ "id": n.to_string() }))
                .collect(),
            _ => vec![json!({ "at": 5 })],
        };
        page(&records, request)
    }));
    let mut pages = shop.client.rows(&*KEYLESS).pages();
    while pages.next().await.is_some() {}
    posts.store(2, Ordering::Relaxed);
    let new = rows(shop.client.rows(&*KEYLESS).since(pages.state().unwrap())).await;
    assert_eq!(new, ["5"]);
}
