//! Only what is new of children.

use super::*;
use crate::{
    fetch::Job,
    parent::ParentRecord,
    plan::{Action, ResponseAction},
};

const NEW_COMMENTS: ResourcePlan = ResourcePlan {
    table: &Table::new(
        "comments",
        &[
            ID,
            Column::new("at", Type::Bigint),
            Column::new("_posts_id", Type::Text).parent(0),
        ],
    ),
    incremental: Some(Incremental {
        start_param: Some("since"),
        ..Incremental::new(1)
    }),
    ..COMMENTS
};

#[tokio::test]
async fn what_is_new_is_known_over_all_parents() {
    static NEW: ResourcePlan = NEW_COMMENTS;
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
    let mut pages = shop.client.rows(&NEW).pages();
    while let Some(page) = pages.next().await {
        assert!(page.unwrap().state().is_none());
    }
    let state = pages.state().unwrap();
    assert_eq!(state.cursor(), "9");
    assert_eq!(state.seen.len(), 4, "{state:?}");

    let again = rows(shop.client.rows(&NEW).since(state)).await;
    assert_eq!(again, Vec::<String>::new());
    let asked = first_of_each(&shop);
    assert!(
        asked[3..]
            .iter()
            .all(|request| request.url.contains("since=9"))
    );
}

#[tokio::test]
async fn what_is_new_of_one_parent_is_of_that_one_alone() {
    static NEW: ResourcePlan = NEW_COMMENTS;
    let shop = shop(Api::new(|request| {
        page(&[json!({ "id": "x", "at": 3 })], request)
    }));
    let of = |id: &str| {
        let all = shop.client.rows(&NEW).job;
        let parent = ParentRecord::of_values(NEW.parent.unwrap(), vec![id.to_parent_value()]);
        let job = Job {
            parent: Some(parent),
            ..all
        };
        Fetch::<crate::Rows> {
            job,
            ..shop.client.rows(&NEW)
        }
    };
    let mut pages = of("7").pages();
    while pages.next().await.is_some() {}
    let state = State::from_json(&pages.state().unwrap().to_json()).unwrap();
    assert!(rows(of("7").since(state.clone())).await.is_empty());
    for other in [of("8"), shop.client.rows(&NEW)] {
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
async fn records_without_a_key_that_are_alike_are_told_apart_by_their_parents() {
    static KEYLESS: ResourcePlan = ResourcePlan {
        table: &Table::new("likes", &[Column::new("at", Type::Bigint)]),
        incremental: Some(Incremental::new(0)),
        ..NEW_COMMENTS
    };
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
    let mut pages = shop.client.rows(&KEYLESS).pages();
    while pages.next().await.is_some() {}
    posts.store(2, Ordering::Relaxed);
    let new = rows(shop.client.rows(&KEYLESS).since(pages.state().unwrap())).await;
    assert_eq!(new, ["5"]);
}

#[tokio::test]
async fn a_part_that_was_cut_off_leaves_the_state_where_it_was() {
    static CUT: ResourcePlan = ResourcePlan {
        paginator: Paginator {
            maximum_pages: Some(1),
            ..Paginator::new(Pages::Offset(Offset::new(2)))
        },
        ..NEW_COMMENTS
    };
    let shop = shop(Api::new(|request| {
        let records = match segments(request).len() {
            1 => vec![json!({ "id": "1" }), json!({ "id": "2" })],
            _ => (0..3)
                .map(|n| json!({ "id": n.to_string(), "at": n }))
                .collect(),
        };
        page(&records, request)
    }));
    let mut pages = shop.client.rows(&CUT).pages();
    while pages.next().await.is_some() {}
    assert!(pages.state().is_none());
    let notes = pages.report().notes.join("\n");
    assert!(
        notes.contains("`posts` with `id` \"1\" ended: `maximum_pages` 1"),
        "{notes}"
    );
}

#[tokio::test]
async fn a_part_that_was_cut_off_leaves_the_state_though_each_part_is_in_order() {
    static CUT: ResourcePlan = ResourcePlan {
        paginator: Paginator {
            maximum_pages: Some(1),
            ..Paginator::new(Pages::Offset(Offset::new(2)))
        },
        incremental: Some(Incremental {
            row_order: Some(RowOrder::Ascending),
            ..Incremental::new(1)
        }),
        ..NEW_COMMENTS
    };
    let shop = shop(Api::new(|request| {
        // The first post has more than may be asked for; the second, what is later than all of it.
        let records = match segments(request).as_slice() {
            [_] => vec![json!({ "id": "1" }), json!({ "id": "2" })],
            [_, post, _] if post == "1" => (0..3)
                .map(|n| json!({ "id": n.to_string(), "at": n }))
                .collect(),
            _ => vec![json!({ "id": "x", "at": 9 })],
        };
        page(&records, request)
    }));
    let mut pages = shop.client.rows(&CUT).pages();
    while let Some(page) = pages.next().await {
        page.unwrap();
    }
    assert!(pages.state().is_none());
}

#[tokio::test]
async fn a_part_that_is_ignored_for_good_is_over_and_one_given_up_is_not() {
    const RULE: ResponseAction = ResponseAction::new(Action::Ignore);
    static FORGIVING: ResourcePlan = ResourcePlan {
        response_actions: &[
            ResponseAction {
                statuses: &[(404, 404)],
                ..RULE
            },
            ResponseAction {
                statuses: &[(410, 410)],
                action: Action::Retry { then_ignore: true },
                ..RULE
            },
        ],
        ..NEW_COMMENTS
    };
    for (status, cursor) in [(404, Some("9")), (410, None)] {
        let shop = shop(Api::new(move |request| {
            match segments(request).as_slice() {
                [_] => page(&[json!({ "id": "1" }), json!({ "id": "2" })], request),
                [_, post, _] if post == "1" => answer(status, &[], "gone"),
                _ => page(&[json!({ "id": "x", "at": 9 })], request),
            }
        }));
        let mut pages = shop.client.rows(&FORGIVING).pages();
        while let Some(page) = pages.next().await {
            page.unwrap();
        }
        let state = pages.state();
        assert_eq!(state.as_ref().map(State::cursor), cursor, "{status}");
    }
}
