//! How far the children of each parent have come.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock, Mutex},
};

use super::{
    incremental::{NEW_COMMENTS, of},
    *,
};
use crate::{
    plan::{Action, DataTypeContract, Lag, ResponseAction, SchemaContract},
    shared::{Ref::Static, list},
    state::{MAX_KEYS_OF_ALL, MAX_PARTITIONS},
};

pub(super) static NEW: LazyLock<ResourcePlan> = LazyLock::new(|| NEW_COMMENTS.clone());
static IN_ORDER: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    incremental: Some(Incremental {
        row_order: Some(RowOrder::Ascending),
        start_param: Some(Static("since")),
        column: Some(1),
        ..Incremental::DEFAULT
    }),
    ..NEW_COMMENTS.clone()
});
static TWO: LazyLock<Paginator> = LazyLock::new(|| Paginator {
    maximum_pages: Some(1),
    kind: Pages::Offset(Offset::new(2)),
    ends: Ends::COUNTED,
    ..Paginator::DEFAULT
});
pub(super) static CUT_OFF: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    paginator: TWO.clone(),
    ..NEW.clone()
});
pub(super) static CUT_OFF_IN_ORDER: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    paginator: TWO.clone(),
    ..IN_ORDER.clone()
});
/// Posts in their order, and when each of their comments was made. The API filters nothing.
#[derive(Clone, Default)]
pub(super) struct Blog(Arc<Mutex<Vec<Post>>>);

type Post = (String, Vec<i64>);

impl Blog {
    pub(super) fn new(posts: &[(&str, &[i64])]) -> Self {
        let blog = Self::default();
        blog.set(posts);
        blog
    }

    pub(super) fn set(&self, posts: &[(&str, &[i64])]) {
        let posts = posts.iter().map(|(id, at)| ((*id).to_owned(), at.to_vec()));
        *self.0.lock().unwrap() = posts.collect();
    }

    /// A comment is called by its post and when it was made.
    fn answer(&self, request: &Request) -> Answer {
        let posts = self.0.lock().unwrap();
        let records: Vec<Value> = match segments(request).as_slice() {
            [_] => posts.iter().map(|(id, _)| json!({ "id": id })).collect(),
            [_, post, _] => posts
                .iter()
                .filter(|(id, _)| id == post)
                .flat_map(|(id, at)| at.iter().map(move |at| (id, at)))
                .map(|(id, at)| json!({ "id": format!("{id}@{at}"), "at": at }))
                .collect(),
            _ => unreachable!(),
        };
        page(&records, request)
    }

    pub(super) fn shop(&self) -> Shop {
        let blog = self.clone();
        shop(Api::new(move |request| blog.answer(request)))
    }

    /// The same, but of the comments on this post, it answers so.
    pub(super) fn shop_but(&self, post: &'static str, status: u16) -> Shop {
        let blog = self.clone();
        shop(Api::new(move |request| {
            match segments(request).as_slice() {
                [_, of, _] if of == post => answer(status, &[], "no"),
                _ => blog.answer(request),
            }
        }))
    }
}

/// What a fetch came to.
pub(super) struct Outcome {
    /// The ids of the records, or their cursors where they have none.
    pub(super) ids: Vec<String>,
    pub(super) state: Option<State>,
    pub(super) repeats: bool,
    pub(super) notes: String,
    pub(super) error: Option<ErrorKind>,
}

impl Outcome {
    pub(super) fn state(&self) -> State {
        let state = self.state.as_ref().unwrap();
        let read = State::from_json(&state.to_json()).unwrap();
        assert_eq!(read, *state);
        read
    }

    /// For each parent in the state, its cursor.
    fn cursors(&self) -> BTreeMap<String, String> {
        let state: Value = serde_json::from_str(&self.state().to_json()).unwrap();
        let parents = state["partitions"].as_object().unwrap().iter();
        parents
            .map(|(key, mark)| (key.clone(), mark["value"].as_str().unwrap().to_owned()))
            .collect()
    }

    #[track_caller]
    pub(super) fn assert_cursors(&self, expected: &[(&str, &str)]) {
        let expected = expected
            .iter()
            .map(|(id, at)| (json!([id]).to_string(), (*at).to_owned()));
        assert_eq!(self.cursors(), expected.collect());
    }
}

pub(super) async fn fetch(fetch: Fetch<crate::Rows>) -> Outcome {
    let mut pages = fetch.pages();
    let (mut ids, mut error) = (Vec::new(), None);
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => ids.extend(page.rows().iter().map(|row| row.value(0).to_string())),
            Err(met) => error = Some(met.kind().clone()),
        }
    }
    Outcome {
        ids,
        state: pages.state(),
        repeats: redelivers(&pages),
        notes: pages.report().notes.join("\n"),
        error,
    }
}

pub(super) fn since(shop: &Shop, state: State) -> Fetch<crate::Rows> {
    shop.client.rows(&*NEW).since(state)
}

#[tokio::test]
async fn a_parent_that_appears_later_is_fetched_from_the_start() {
    let blog = Blog::new(&[("a", &[5, 9])]);
    let first = fetch(blog.shop().client.rows(&*NEW)).await;
    blog.set(&[("a", &[5, 9, 10]), ("b", &[2, 3])]);
    let shop = blog.shop();
    let second = fetch(since(&shop, first.state())).await;
    assert_eq!(second.ids, ["a@10", "b@2", "b@3"]);
    second.assert_cursors(&[("a", "10"), ("b", "3")]);
    assert_eq!(second.state().cursor(), "10");
    let asked: Vec<bool> = first_of_each(&shop)
        .iter()
        .map(|request| request.url.contains("since=9"))
        .collect();
    assert_eq!(asked, [true, false]);

    let third = fetch(since(&shop, second.state())).await;
    assert_eq!((third.ids.len(), third.state), (0, second.state));
}

#[tokio::test]
async fn a_lag_goes_back_for_each_parent_from_its_own_cursor() {
    static LAGGING: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        incremental: Some(Incremental {
            lag: Some(Lag::Integer(2)),
            initial_value: Some(Template(list![Part::Text(Static("1"))])),
            column: Some(1),
            ..Incremental::DEFAULT
        }),
        ..NEW_COMMENTS.clone()
    });
    let blog = Blog::new(&[("a", &[0, 5, 9]), ("b", &[3])]);
    let first = fetch(blog.shop().client.rows(&*LAGGING)).await;
    assert_eq!(first.ids, ["a@5", "a@9", "b@3"]);
    blog.set(&[("a", &[6, 7, 9]), ("b", &[0, 1, 3]), ("c", &[0, 1])]);
    let shop = blog.shop();
    let second = fetch(shop.client.rows(&*LAGGING).since(first.state())).await;
    assert_eq!(second.ids, ["a@7", "b@1", "c@1"]);
}

#[tokio::test]
async fn partition_that_is_cut_off_keeps_its_cursor() {
    let blog = Blog::new(&[("a", &[1, 4]), ("b", &[5])]);
    let first = fetch(blog.shop().client.rows(&*NEW)).await;
    blog.set(&[("a", &[1, 4, 9]), ("b", &[6])]);
    let second = fetch(blog.shop().client.rows(&*CUT_OFF).since(first.state())).await;
    // What is known is left out of the first page, so that nothing of it comes again.
    assert_eq!(
        (second.ids, second.repeats),
        (vec!["b@6".to_owned()], false)
    );
    assert!(
        second
            .notes
            .contains("`posts` with `id` \"a\" ended: `maximum_pages` 1")
    );

    blog.set(&[("a", &[9, 8, 7]), ("b", &[6])]);
    let shop = blog.shop();
    let cut_off = fetch(shop.client.rows(&*CUT_OFF).since(first.state())).await;
    assert_eq!(cut_off.ids, ["a@9", "a@8", "b@6"]);
    cut_off.assert_cursors(&[("a", "4"), ("b", "6")]);
    assert!(cut_off.repeats);
    let whole = fetch(since(&shop, cut_off.state())).await;
    assert_eq!(whole.ids, ["a@9", "a@8", "a@7"]);
    assert!(!whole.repeats);
}

#[tokio::test]
async fn partition_that_is_cut_off_in_order_resumes_there() {
    let blog = Blog::new(&[("a", &[0, 1, 2, 3]), ("b", &[9])]);
    let shop = blog.shop();
    let first = fetch(shop.client.rows(&*CUT_OFF_IN_ORDER)).await;
    assert_eq!(first.ids, ["a@0", "a@1", "b@9"]);
    first.assert_cursors(&[("a", "1"), ("b", "9")]);
    assert!(!first.repeats);
    let second = fetch(shop.client.rows(&*IN_ORDER).since(first.state())).await;
    assert_eq!(second.ids, ["a@2", "a@3"]);
}

#[tokio::test]
async fn ignored_partition_moves_its_cursor_unless_it_was_retried() {
    const RULE: ResponseAction = ResponseAction {
        action: Action::Ignore,
        ..ResponseAction::DEFAULT
    };
    static FORGIVING: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
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
        ..NEW_COMMENTS.clone()
    });
    let blog = Blog::new(&[("a", &[5]), ("b", &[6])]);
    let first = fetch(blog.shop().client.rows(&*NEW)).await;
    blog.set(&[("a", &[7]), ("b", &[8])]);
    for status in [404, 410] {
        let shop = blog.shop_but("a", status);
        let second = fetch(shop.client.rows(&*FORGIVING).since(first.state())).await;
        assert_eq!((second.ids.len(), second.repeats), (1, false));
        second.assert_cursors(&[("a", "5"), ("b", "8")]);
        let third = fetch(since(&blog.shop(), second.state())).await;
        assert_eq!(third.ids, ["a@7"]);
    }
}

#[tokio::test]
async fn parent_that_fails_keeps_its_cursor_and_the_others_move() {
    let blog = Blog::new(&[("a", &[5]), ("b", &[6]), ("c", &[7])]);
    let first = fetch(blog.shop().client.rows(&*NEW)).await;
    blog.set(&[("a", &[5, 8]), ("b", &[9]), ("c", &[10])]);
    let failed = fetch(since(&blog.shop_but("b", 400), first.state())).await;
    assert_eq!(failed.error, Some(ErrorKind::Status(400)));
    assert_eq!(failed.ids, ["a@8", "c@10"]);
    failed.assert_cursors(&[("a", "8"), ("b", "6"), ("c", "10")]);
    let next = fetch(since(&blog.shop(), failed.state())).await;
    assert_eq!(next.ids, ["b@9"]);
}

#[tokio::test]
async fn upsert_removes_the_cursor_of_an_absent_parent() {
    static FEW_POSTS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        paginator: TWO.clone(),
        ..POSTS.clone()
    });
    static OF_FEW: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        parent: Some(
            ParentPlan {
                resource: Static(&*FEW_POSTS),
                others: crate::shared::List::EMPTY,
                fields: list![field(0, &[]), field(1, &[]), field(2, &[]), field(3, &[])],
            }
            .into(),
        ),
        headers: list![],
        ..NEW_COMMENTS.clone()
    });
    let blog = Blog::new(&[("a", &[1]), ("b", &[2]), ("c", &[3])]);
    let first = fetch(blog.shop().client.rows(&*NEW)).await;
    blog.set(&[("x", &[]), ("c", &[3, 4]), ("b", &[2])]);
    let few = blog.shop().client.rows(&*OF_FEW).since(first.state());
    let few = fetch(few.for_upsert()).await;
    few.assert_cursors(&[("a", "1"), ("b", "2"), ("c", "4")]);
    let all = fetch(since(&blog.shop(), few.state()).for_upsert()).await;
    all.assert_cursors(&[("b", "2"), ("c", "4")]);
    blog.set(&[]);
    let none = fetch(since(&blog.shop(), all.state()).for_upsert()).await;
    none.assert_cursors(&[]);
    assert_eq!(none.state().cursor(), "4");
    // The state is still one to go on from.
    blog.set(&[("b", &[2])]);
    assert_eq!(fetch(since(&blog.shop(), none.state())).await.ids, ["b@2"]);
}

#[tokio::test]
async fn parent_that_returns_delivers_only_new_records() {
    let blog = Blog::new(&[("a", &[1]), ("b", &[2])]);
    let first = fetch(blog.shop().client.rows(&*NEW)).await;
    blog.set(&[("a", &[1])]);
    let second = fetch(since(&blog.shop(), first.state())).await;
    blog.set(&[("a", &[1]), ("b", &[2, 3])]);
    let third = fetch(since(&blog.shop(), second.state())).await;
    assert_eq!((second.ids.len(), third.ids), (0, vec!["b@3".to_owned()]));
}

#[tokio::test]
async fn absent_parents_make_room_for_others() {
    let names = |from: usize| -> Vec<String> {
        (from..from + MAX_PARTITIONS)
            .map(|n| n.to_string())
            .collect()
    };
    let blog = Blog::default();
    let set = |names: &[String]| {
        let posts: Vec<(&str, &[i64])> =
            names.iter().map(|name| (name.as_str(), &[1][..])).collect();
        blog.set(&posts);
    };
    set(&names(0));
    let first = fetch(blog.shop().client.rows(&*NEW)).await;
    set(&names(10));
    let second = fetch(since(&blog.shop(), first.state())).await;
    assert_eq!((second.ids.len(), second.repeats), (10, false));
    assert!(
        second
            .notes
            .contains("10 that were not in this fetch were removed"),
        "{}",
        second.notes
    );
    assert!(
        fetch(since(&blog.shop(), second.state()))
            .await
            .ids
            .is_empty()
    );
}

/// Posts of which one in no language is set aside, and a list that is not there is one of nothing.
static HIDING_POSTS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    table: Static(
        const {
            &Table::new(
                "posts",
                list![
                    Column::new("id", Type::Text).primary_key(),
                    Column::new("lang", Type::Text),
                ],
            )
        },
    ),
    schema_contract: SchemaContract {
        data_type: DataTypeContract::DiscardRow,
        ..SchemaContract::DEFAULT
    },
    response_actions: list![ResponseAction {
        statuses: list![(404, 404)],
        action: Action::Ignore,
        ..ResponseAction::DEFAULT
    }],
    ..POSTS.clone()
});
static OF_HIDING: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    params: list![],
    headers: list![],
    parent: Some(
        ParentPlan {
            resource: Static(&*HIDING_POSTS),
            others: crate::shared::List::EMPTY,
            fields: list![field(0, &[])],
        }
        .into(),
    ),
    ..NEW_COMMENTS.clone()
});

#[tokio::test]
async fn parent_that_is_set_aside_once_keeps_its_cursor() {
    let blog = Blog::new(&[("a", &[1, 4]), ("b", &[2])]);
    let listing = |list: (u16, &'static str)| {
        let blog = blog.clone();
        shop(Api::new(move |request| {
            match segments(request).as_slice() {
                [_] if offset_of(request) == 0 => answer(list.0, &[], list.1),
                [_] => answer(200, &[], r#"{"data":[],"total":2}"#),
                _ => blog.answer(request),
            }
        }))
    };
    let whole = (
        200,
        r#"{"data":[{"id":"a","lang":"en"},{"id":"b","lang":"en"}],"total":2}"#,
    );
    let first = fetch(listing(whole).client.rows(&*OF_HIDING)).await;
    first.assert_cursors(&[("a", "4"), ("b", "2")]);
    let set_aside = (
        200,
        r#"{"data":[{"id":"a","lang":"en"},{"id":"b"}],"total":2}"#,
    );
    for hidden in [(404, ""), set_aside] {
        let shop = listing(hidden);
        let since = || {
            let fetch = shop.client.rows(&*OF_HIDING).since(first.state());
            fetch.for_upsert()
        };
        let then = fetch(since()).await;
        then.assert_cursors(&[("a", "4"), ("b", "2")]);
        // The same where the posts had been seen before.
        let parent_cache = crate::ParentCache::of(&[Static(&*HIDING_POSTS), Static(&*OF_HIDING)]);
        fetch(shop.client.rows(&*HIDING_POSTS).parent_cache(&parent_cache)).await;
        let lists = || {
            shop.api
                .urls()
                .iter()
                .filter(|url| url.contains("/posts?"))
                .count()
        };
        let before = lists();
        let then = fetch(since().parent_cache(&parent_cache)).await;
        assert_eq!(lists(), before);
        then.assert_cursors(&[("a", "4"), ("b", "2")]);
    }
    // One that is gone is forgotten by an upsert.
    let gone = (200, r#"{"data":[{"id":"a","lang":"en"}],"total":1}"#);
    let shop = listing(gone);
    let then = shop.client.rows(&*OF_HIDING).since(first.state());
    let then = fetch(then.for_upsert()).await;
    then.assert_cursors(&[("a", "4")]);
}

#[tokio::test]
async fn parents_with_a_long_common_prefix_are_two() {
    let long = |end: &str| format!("{}{end}", "x".repeat(100));
    let (one, other) = (long("1"), long("2"));
    let blog = Blog::new(&[(&one, &[9])]);
    let shop = blog.shop();
    let state = fetch(of(&shop, &NEW, &one)).await.state();
    let foreign = fetch(of(&shop, &NEW, &other).since(state.clone())).await;
    assert_eq!(foreign.error, Some(ErrorKind::State));
    let again = fetch(of(&shop, &NEW, &one).since(state)).await;
    assert_eq!(again.ids.len(), 0);

    let first = fetch(shop.client.rows(&*NEW)).await;
    blog.set(&[(&one, &[9]), (&other, &[3])]);
    let second = fetch(since(&shop, first.state())).await;
    assert_eq!(second.ids, [format!("{other}@3")]);
}

#[tokio::test]
async fn one_parent_resumes_at_the_state_of_all_and_moves_its_cursor() {
    let blog = Blog::new(&[("a", &[5]), ("b", &[6])]);
    let shop = blog.shop();
    let all = fetch(shop.client.rows(&*NEW)).await;
    blog.set(&[("a", &[5, 7]), ("b", &[6, 8]), ("c", &[1])]);
    let one = fetch(of(&shop, &NEW, "a").since(all.state())).await;
    assert_eq!(one.ids, ["a@7"]);
    one.assert_cursors(&[("a", "7"), ("b", "6")]);
    assert_eq!(one.state().cursor(), "7");
    let new = fetch(of(&shop, &NEW, "c").since(one.state())).await;
    assert_eq!(new.ids, ["c@1"]);
    new.assert_cursors(&[("a", "7"), ("b", "6"), ("c", "1")]);
    let rest = fetch(since(&shop, new.state())).await;
    assert_eq!(rest.ids, ["b@8"]);
}

#[tokio::test]
async fn state_with_other_key_columns_is_refused() {
    static BY_LANG: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        table: Static(
            const {
                &Table::new(
                    "posts",
                    list![
                        Column::new("id", Type::Text),
                        Column::new("lang", Type::Text).primary_key(),
                    ],
                )
            },
        ),
        ..POSTS.clone()
    });
    static OTHER: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        parent: Some(
            ParentPlan {
                resource: Static(&*BY_LANG),
                others: crate::shared::List::EMPTY,
                fields: list![field(0, &[])],
            }
            .into(),
        ),
        headers: list![],
        params: list![],
        ..NEW_COMMENTS.clone()
    });
    let blog = Blog::new(&[("a", &[5])]);
    let shop = blog.shop();
    let state = fetch(shop.client.rows(&*NEW)).await.state();
    let asked = shop.api.requests().len();
    let mut pages = shop.client.rows(&*OTHER).since(state).keep_state().pages();
    let error = pages.next().await.unwrap().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::State);
    let expected =
        "`comments`: the state identifies the records of `posts` by `id`, the fetch by `lang`";
    assert!(error.to_string().starts_with(expected), "{error}");
    assert_eq!(shop.api.requests().len(), asked);
}

#[tokio::test]
async fn full_state_is_noted_by_a_fetch_for_one_parent() {
    let keys: Vec<String> = (0..MAX_KEYS_OF_ALL / 5).map(|n| n.to_string()).collect();
    let parents: serde_json::Map<String, Value> = (0..5)
        .map(|n| {
            (
                json!([n.to_string()]).to_string(),
                json!({ "value": "5", "seen": keys }),
            )
        })
        .collect();
    let full = json!({
        "version": 3, "resource": "comments", "by": ["id"], "partitions": parents,
        "cursor": { "column": "at", "type": "bigint", "value": "5" },
        "seen_by": { "key": ["id"] }, "request": {}, "start": null,
    });
    let full = State::from_json(&full.to_string()).unwrap();
    let shop = Blog::new(&[("a", &[7])]).shop();
    for resource in [&*NEW, &*IN_ORDER] {
        let one = fetch(of(&shop, resource, "a").since(full.clone()).keep_state()).await;
        assert_eq!(one.ids, ["a@7"]);
        assert!(one.repeats);
        let note = format!("a state saves {MAX_KEYS_OF_ALL} records at the cursors of all parents");
        assert!(one.notes.contains(&note), "{}", one.notes);
    }
}

#[tokio::test]
async fn parents_beyond_the_maximum_start_over_and_are_noted() {
    static AT_ONCE: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        paginator: Paginator::DEFAULT,
        ..POSTS.clone()
    });
    static MANY: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        parent: Some(
            ParentPlan {
                resource: Static(&*AT_ONCE),
                others: crate::shared::List::EMPTY,
                fields: list![field(0, &[])],
            }
            .into(),
        ),
        params: list![],
        headers: list![],
        paginator: Paginator::DEFAULT,
        ..NEW_COMMENTS.clone()
    });
    let shop = shop(Api::new(|request| {
        let records = match segments(request).as_slice() {
            [_] => (0..MAX_PARTITIONS + 2)
                .map(|n| json!({ "id": n.to_string() }))
                .collect(),
            [_, post, _] => vec![json!({ "id": post, "at": 7 })],
            _ => unreachable!(),
        };
        answer(200, &[], &json!({ "data": records }).to_string())
    }));
    let first = fetch(shop.client.rows(&*MANY)).await;
    assert_eq!(
        (first.ids.len(), first.cursors().len()),
        (MAX_PARTITIONS + 2, MAX_PARTITIONS)
    );
    let expected = format!(
        "a state saves the cursors of {MAX_PARTITIONS} records of `posts`, and not of 2 more: the next fetch \
         delivers all of their children again"
    );
    assert!(first.notes.contains(&expected), "{}", first.notes);
    assert!(first.repeats);
    let second = fetch(shop.client.rows(&*MANY).since(first.state())).await;
    let further = [MAX_PARTITIONS, MAX_PARTITIONS + 1].map(|n| n.to_string());
    assert_eq!(second.ids, further);
    assert_eq!(second.state(), first.state());
    let one = fetch(of(&shop, &MANY, &further[0]).since(first.state())).await;
    assert_eq!((one.ids.len(), one.repeats), (1, true));
    assert!(
        one.notes.contains(&format!(
            "a state saves the cursors of {MAX_PARTITIONS} parents"
        )),
        "{}",
        one.notes
    );
}
