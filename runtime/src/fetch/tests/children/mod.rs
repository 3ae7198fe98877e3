//! Resources that are fetched for the records of another.

mod any_generations;
mod incremental;
mod parent_cache;
mod per_partition;
mod state_before;

use std::sync::LazyLock;

use super::*;
use crate::{
    plan::{Body, JsonPlan, Method, OnNullParent, ParentField, ParentPlan},
    value::ToScalar,
};

pub(super) static POSTS_TABLE: Table = Table::new(
    "posts",
    list![
        Column::new("id", Type::Text).primary_key(),
        Column::new("lang", Type::Text).nullable(),
        Column::new(
            "author",
            Type::Object(Static(
                const { &Table::new("author", list![Column::new("name", Type::Text)]) }
            )),
        )
        .nullable(),
        Column::new(
            "tags",
            Type::Array(Static(const { &Column::new("tag", Type::Text) }))
        )
        .nullable(),
    ],
);

/// A post, of a blog with comments and replies to them.
pub(super) static POSTS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("posts"),
    table: Static(&POSTS_TABLE),
    path: Template(list![Part::Text(Static("/posts"))]),
    ..THINGS.clone()
});

const fn field(column: u16, path: &'static [Step]) -> ParentField {
    ParentField {
        column,
        path: Path(Static(path)),
        ..ParentField::DEFAULT
    }
}

const ID: Column = Column::new("id", Type::Text).primary_key();
const COMMENT: &[Column] = &[
    ID,
    Column::new("_posts_id", Type::Text).parent(0),
    Column::new("_posts_lang", Type::Text).nullable().parent(1),
];

static COMMENTS_TABLE: Table = Table::new("comments", Static(COMMENT));

static COMMENTS_PLAN: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("comments"),
    table: Static(&COMMENTS_TABLE),
    path: Template(list![
        Part::Text(Static("/posts/")),
        Part::Parent(0),
        Part::Text(Static("/comments")),
    ]),
    parent: Some(
        ParentPlan {
            resource: Static(&*POSTS),
            others: crate::shared::List::EMPTY,
            fields: list![
                field(0, &[]),
                field(1, &[]),
                field(2, &[Step::Key(Static("name"))]),
                field(3, &[Step::Index(-1)]),
            ],
        }
        .into(),
    ),
    ..THINGS.clone()
});

static COMMENTS: LazyLock<ResourcePlan> = LazyLock::new(|| COMMENTS_PLAN.clone());

/// Those of a parent's language and author.
static FILTERED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    params: list![Param {
        name: Static("lang"),
        value: Template(list![Part::Parent(1)]),
    }],
    headers: list![Param {
        name: Static("X-Author"),
        value: Template(list![Part::Text(Static("by ")), Part::Parent(2)]),
    }],
    ..COMMENTS_PLAN.clone()
});

static STRICT: LazyLock<ResourcePlan> = LazyLock::new(|| FILTERED.clone());

static SKIPPING: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    on_null_parent: OnNullParent::Skip,
    ..FILTERED.clone()
});

static POSTED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    method: Method::Post,
    body: Body::Json(JsonPlan::Object(list![
        (
            Static("lang"),
            JsonPlan::Text(Template(list![Part::Parent(1)]))
        ),
        (
            Static("tag"),
            JsonPlan::Text(Template(list![Part::Parent(3)]))
        ),
    ])),
    ..COMMENTS.clone()
});

static REPLIES: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("replies"),
    table: Static(
        const {
            &Table::new(
                "replies",
                list![ID, Column::new("_comments__posts_id", Type::Text).parent(1)],
            )
        },
    ),
    path: Template(list![
        Part::Text(Static("/posts/")),
        Part::Parent(1),
        Part::Text(Static("/comments/")),
        Part::Parent(0),
        Part::Text(Static("/replies")),
    ]),
    parent: Some(
        ParentPlan {
            resource: Static(&*COMMENTS),
            others: crate::shared::List::EMPTY,
            fields: list![field(0, &[]), field(1, &[])],
        }
        .into(),
    ),
    ..THINGS.clone()
});

/// The segments of a request's path.
fn segments(request: &Request) -> Vec<String> {
    let url = url::Url::parse(&request.url).unwrap();
    url.path_segments().unwrap().map(str::to_owned).collect()
}

/// So many posts `0`, `1`, …, each with as many comments as its number, up to three, each of these
/// with as many replies.
fn blog(posts: i64) -> impl Fn(&Request) -> Answer + Send + Sync {
    let name = |prefix: &str, n: i64| {
        let id = if prefix.is_empty() {
            n.to_string()
        } else {
            format!("{prefix}.{n}")
        };
        json!({ "id": id })
    };
    move |request| {
        let segments = segments(request);
        let records: Vec<Value> = match segments.as_slice() {
            [_] => (0..posts).map(|n| name("", n)).collect(),
            [.., parent, _] => {
                let last: i64 = parent.rsplit('.').next().unwrap().parse().unwrap();
                (0..last.min(3)).map(|n| name(parent, n)).collect()
            }
            _ => unreachable!(),
        };
        page(&records, request)
    }
}

async fn rows(fetch: Fetch<crate::Rows>) -> Vec<String> {
    let mut pages = fetch.pages();
    let mut shown = Vec::new();
    while let Some(page) = pages.next().await {
        for row in page.unwrap().rows() {
            let cells: Vec<String> = row.values().map(|value| value.to_string()).collect();
            shown.push(cells.join(" "));
        }
    }
    shown
}

/// What `blog` holds, in the order of the parents.
fn comments(posts: i64) -> Vec<String> {
    let of = |post: i64| (0..post.min(3)).map(move |n| format!("{post}.{n}"));
    (0..posts).flat_map(of).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn partitions_fetched_on_several_threads_are_delivered_in_order() {
    let expected = rows(shop(Api::new(blog(300))).client.rows(&*COMMENTS)).await;
    for concurrency in [2, 16] {
        let shop = shop(Api::new(blog(300)));
        let fetch = shop.client.rows(&*COMMENTS).concurrency(concurrency);
        assert_eq!(rows(fetch).await, expected, "{concurrency}");
        // The parents are requested beside their children.
        assert!(shop.api.most_in_flight() <= 2 * usize::from(concurrency));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dropping_the_stream_ends_the_tasks_of_all_partitions() {
    let shop = shop(Api::new(blog(300)));
    let mut pages = shop.client.rows(&*COMMENTS).concurrency(16).pages();
    pages.next().await.unwrap().unwrap();
    let alive = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    assert!(alive() > 1);
    drop(pages);
    // An aborted task ends when it is next polled.
    while alive() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn children_come_in_the_order_of_their_parents_at_every_concurrency() {
    let expected: Vec<String> = comments(11)
        .iter()
        .map(|id| format!("{id} {} ", id.split('.').next().unwrap()))
        .collect();
    for concurrency in [1, 2, 3, 8, 64] {
        let shop = shop(Api::new(blog(11)));
        let fetch = shop.client.rows(&*COMMENTS).concurrency(concurrency);
        assert_eq!(rows(fetch).await, expected, "{concurrency}");
    }
}

/// One comment page at a time, of parents whose pages come side by side.
static QUIET_COMMENTS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    parallelized: false,
    ..COMMENTS.clone()
});

#[tokio::test]
async fn partitions_without_parallelism_follow_each_other() {
    let of = |request: &Request| match segments(request).as_slice() {
        [_] => None,
        [.., parent, _] => Some(parent.clone()),
        _ => unreachable!(),
    };
    let parents = |api: &Api| -> Vec<String> {
        let mut parents: Vec<String> = api.requests().iter().filter_map(of).collect();
        parents.dedup();
        parents
    };
    let in_order: Vec<String> = (0..11).map(|post| post.to_string()).collect();
    let beside = shop(Api::new(blog(11)));
    rows(beside.client.rows(&*COMMENTS).concurrency(8)).await;
    assert_ne!(parents(&beside.api), in_order);
    let quiet = shop(Api::new(blog(11)));
    rows(quiet.client.rows(&*QUIET_COMMENTS).concurrency(8)).await;
    assert_eq!(parents(&quiet.api), in_order);
}

#[tokio::test]
async fn a_child_may_have_children() {
    let shop = shop(Api::new(blog(4)));
    let replies = rows(shop.client.rows(&*REPLIES)).await;
    assert_eq!(replies, ["2.1.0 2", "3.1.0 3", "3.2.0 3", "3.2.1 3"]);
    let asked = shop.api.urls();
    assert_eq!(
        asked.iter().filter(|url| url.contains("/posts?")).count(),
        3,
        "the posts are fetched once: {asked:#?}"
    );
}

#[tokio::test]
async fn the_report_adds_up() {
    let shop = shop(Api::new(blog(4)));
    let mut pages = shop.client.rows(&*COMMENTS).pages();
    while let Some(page) = pages.next().await {
        page.unwrap();
    }
    let report = pages.report();
    assert_eq!(
        (report.parents, report.delivered, report.received),
        (4, 6, 6)
    );
    let of_parents = report.of_parents.as_ref().unwrap();
    assert_eq!((of_parents.delivered, of_parents.requests), (4, 3));
    assert_eq!(
        report.requests + of_parents.requests,
        shop.api.requests().len() as u64
    );
    insta::assert_snapshot!(report.to_string());
}

#[tokio::test]
async fn fetching_ahead_is_bounded_whatever_the_number_of_parents() {
    let ahead = async |posts: i64| {
        let shop = shop(Api::new(blog(posts)));
        let mut pages = shop.client.rows(&*COMMENTS).concurrency(3).pages();
        pages.next().await.unwrap().unwrap();
        // Whatever runs on its own comes to rest.
        for _ in 0..10_000 {
            tokio::task::yield_now().await;
        }
        shop.api.requests().len()
    };
    let (some, many) = (ahead(50).await, ahead(5_000).await);
    assert_eq!(some, many);
    assert!(many < 40, "{many}");
}

#[tokio::test]
async fn dropped_stream_sends_no_more_requests() {
    let shop = shop(Api::new(blog(500)));
    let mut pages = shop.client.rows(&*REPLIES).pages();
    pages.next().await.unwrap().unwrap();
    drop(pages);
    tokio::task::yield_now().await;
    let asked = shop.api.requests().len();
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(shop.api.requests().len(), asked);
}

/// Serves these posts; each has one comment.
fn one_each(posts: Value) -> Api {
    Api::new(move |request| {
        let records = match segments(request).as_slice() {
            [_] => posts.as_array().unwrap().clone(),
            _ => vec![json!({ "id": "c" })],
        };
        page(&records, request)
    })
}

/// The first request for each comment.
fn first_of_each(shop: &Shop) -> Vec<Request> {
    let requests = shop.api.requests().into_iter();
    let first =
        |request: &Request| request.url.contains("/comments") && request.url.contains("offset=0");
    requests.filter(first).collect()
}

fn some_without_author() -> Api {
    one_each(json!([
        { "id": "a", "lang": "en", "author": { "name": "Ann" } },
        { "id": "b", "lang": "en", "author": null },
        { "id": "c" },
        { "id": "d", "lang": "de", "author": { "name": "Dan" } },
    ]))
}

#[tokio::test]
async fn a_null_that_a_request_needs_is_an_error_after_the_parents_before_it() {
    let shop = shop(some_without_author());
    let mut pages = shop.client.rows(&*STRICT).concurrency(4).pages();
    assert_eq!(pages.next().await.unwrap().unwrap().len(), 1);
    let error = pages.next().await.unwrap().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Schema);
    assert!(
        error
            .to_string()
            .contains("`author.name` is null in `posts` with `id` \"b\""),
        "{error}"
    );
    assert_eq!(
        first_of_each(&shop).len(),
        1,
        "no request without its filter"
    );
}

#[tokio::test]
async fn a_parent_with_a_null_that_a_request_needs_may_be_skipped() {
    let shop = shop(some_without_author());
    let mut pages = shop.client.rows(&*SKIPPING).concurrency(1).pages();
    let mut delivered = 0;
    while let Some(page) = pages.next().await {
        delivered += page.unwrap().len();
    }
    let report = pages.report();
    assert_eq!(
        (delivered, report.parents, report.skipped_parents),
        (2, 2, 2)
    );
    assert!(report.to_string().contains("2 parents skipped"), "{report}");
    assert_eq!(first_of_each(&shop).len(), 2);
}

#[tokio::test]
async fn a_null_in_a_body_is_an_error_and_a_list_is_reached_into() {
    let shop = shop(one_each(json!([
        { "id": "a", "lang": "en", "tags": ["x", "y"] },
        { "id": "b", "lang": "en", "tags": [] },
    ])));
    let mut pages = shop.client.rows(&*POSTED).concurrency(1).pages();
    assert!(pages.next().await.unwrap().is_ok());
    let error = pages.next().await.unwrap().unwrap_err().to_string();
    assert!(error.contains("`tags[-1]` is null"), "{error}");
    let bodies: Vec<String> = first_of_each(&shop)
        .into_iter()
        .map(|request| String::from_utf8(request.body).unwrap())
        .collect();
    assert_eq!(bodies, [r#"{"lang":"en","tag":"y"}"#]);
}

#[tokio::test]
async fn repeated_parent_is_fetched_once() {
    // A list that changes while it is read contains a post twice, with another author.
    let post = |id, author| json!({ "id": id, "lang": "en", "author": { "name": author } });
    let shop = shop(one_each(json!([
        post("a", "Ann"),
        post("b", "Ann"),
        post("b", "Ann"),
        post("c", "Ann"),
        post("a", "Bea"),
    ])));
    let mut pages = shop.client.rows(&*STRICT).concurrency(1).pages();
    while let Some(page) = pages.next().await {
        page.unwrap();
    }
    let report = pages.report();
    assert_eq!((report.parents, report.repeated_parents), (3, 2));
    assert_eq!(first_of_each(&shop).len(), 3);
}

#[tokio::test]
async fn an_id_stays_one_segment_of_the_path() {
    for (id, segment) in [
        ("../x", "..%2Fx"),
        ("a/b", "a%2Fb"),
        ("%2e", "%252e"),
        ("%2e%2e", "%252e%252e"),
        ("a?b#c", "a%3Fb%23c"),
        ("//evil.example", "%2F%2Fevil.example"),
        ("é ", "%C3%A9%20"),
        ("...", "..."),
    ] {
        let shop = shop(one_each(json!([{ "id": id }])));
        assert_eq!(
            rows(shop.client.rows(&*COMMENTS)).await,
            [format!("c {id} ")]
        );
        let url = &first_of_each(&shop)[0].url;
        let expected = format!("https://api.example.com/posts/{segment}/comments?");
        assert!(url.starts_with(&expected), "{url}");
    }
}

#[tokio::test]
async fn id_that_changes_the_path_is_an_error_of_its_record() {
    for id in ["", ".", ".."] {
        let shop = shop(one_each(
            json!([{ "id": "a" }, { "id": id }, { "id": "z" }]),
        ));
        let mut pages = shop.client.rows(&*COMMENTS).pages();
        for _ in 0..2 {
            assert_eq!(pages.next().await.unwrap().unwrap().len(), 1, "{id:?}");
        }
        let error = pages.next().await.unwrap().unwrap_err();
        assert_eq!(error.resource(), Some("comments"));
        let expected = format!("parent: `posts` with `id` {id:?}");
        assert!(error.to_string().contains(&expected), "{error}");
        assert!(pages.next().await.is_none());
        let asked = shop.api.urls();
        let strange = asked
            .iter()
            .find(|url| !url.contains("/posts?") && !url.contains("/comments"));
        assert_eq!(strange, None);
    }
}

#[tokio::test]
async fn an_error_names_its_parent_after_all_that_came_before() {
    let blog = blog(9);
    let shop = shop(Api::new(move |request| {
        let is_fourth = segments(request).get(1).is_some_and(|id| id == "4");
        if is_fourth && offset_of(request) > 0 {
            return answer(404, &[], "gone");
        }
        blog(request)
    }));
    let mut records = Vec::new();
    let mut pages = shop.client.rows(&*COMMENTS).concurrency(4).pages();
    let error = loop {
        match pages.next().await.unwrap() {
            Ok(page) => records.push(page.len()),
            Err(error) => break error,
        }
    };
    assert_eq!(records, [1, 2, 2, 1, 2]);
    assert_eq!(*error.kind(), ErrorKind::Status(404));
    assert!(error.position().is_none());
    let report = error.report().unwrap();
    assert_eq!(report.delivered, 8);
    let of_parents = report.of_parents.as_ref().unwrap().requests;
    assert_eq!(
        report.requests + of_parents,
        shop.api.requests().len() as u64
    );
    insta::assert_snapshot!(error.to_string().split(" (404").next().unwrap());
    assert!(
        error
            .to_string()
            .contains("parent: `posts` with `id` \"4\""),
        "{error}"
    );
}

#[tokio::test]
async fn error_of_the_parents_comes_after_earlier_children() {
    let blog = blog(9);
    let shop = shop(Api::new(move |request| match segments(request).len() {
        1 if offset_of(request) >= 4 => answer(403, &[], "no"),
        _ => blog(request),
    }));
    let mut records = Vec::new();
    let mut pages = shop.client.rows(&*COMMENTS).concurrency(2).pages();
    let error = loop {
        match pages.next().await.unwrap() {
            Ok(page) => records.push(page.len()),
            Err(error) => break error,
        }
    };
    assert_eq!(records, [1, 2, 2, 1]);
    assert_eq!(
        (error.resource(), error.kind()),
        (Some("posts"), &ErrorKind::Status(403))
    );
    assert_eq!(error.report().unwrap().parents, 4);
}

#[tokio::test]
async fn limit_requests_no_further_children() {
    let shop = shop(Api::new(blog(50)));
    let rows = rows(shop.client.rows(&*COMMENTS).limit(4)).await;
    assert_eq!(rows, ["1.0 1 ", "2.0 2 ", "2.1 2 ", "3.0 3 "]);
    let of = |url: &String| url.contains("/posts/4/");
    assert!(!shop.api.urls().iter().any(of), "{:#?}", shop.api.urls());
}

#[tokio::test]
async fn each_partition_has_its_own_loop_guard() {
    // Every post has the same comments, byte for byte.
    let shop = shop(Api::new(|request| {
        let records = match segments(request).len() {
            1 => json!([{ "id": "a" }, { "id": "b" }, { "id": "c" }]),
            _ => json!([{ "id": "same" }]),
        };
        page(records.as_array().unwrap(), request)
    }));
    assert_eq!(rows(shop.client.rows(&*COMMENTS)).await.len(), 3);
}

/// Comments that say how many there are, and end where there is no such page.
static COUNTED_COMMENTS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    paginator: Paginator {
        stop_on_status: list![(404, 404)],
        ..COUNTED.paginator.clone()
    },
    ..COMMENTS.clone()
});

#[tokio::test]
async fn partition_that_ends_early_frees_its_permits() {
    static TWO_AT_A_TIME: LazyLock<SourcePlan> = LazyLock::new(|| SourcePlan {
        concurrency: 2,
        ..PLAN.clone()
    });
    // The first post has many comments, and the others say they have: there is no third page.
    let api = Api::new(|request| {
        let segments = segments(request);
        let number = match segments.as_slice() {
            [_] => 8,
            _ => 60,
        };
        let is_first = segments.get(1).is_none_or(|post| post == "0");
        if !is_first && offset_of(request) >= 4 {
            return answer(404, &[], "no such page");
        }
        let records: Vec<Value> = (0..number)
            .map(|n| json!({ "id": n.to_string() }))
            .collect();
        page(&records, request)
    });
    let clock = ManualClock::default();
    let client = client(&*TWO_AT_A_TIME, &[SECRET], Vec::new(), &api, &clock).unwrap();
    for concurrency in [2, 4, 8] {
        let fetch = client.rows(&*COUNTED_COMMENTS).concurrency(concurrency);
        let fetch = fetch.allow_incomplete();
        let rows = tokio::time::timeout(Duration::from_secs(20), rows(fetch)).await;
        let rows = rows.expect("parts that are over keep the source's places");
        assert_eq!(rows.len(), 60 + 7 * 4, "{concurrency}");
    }
}

struct Post {
    id: String,
}

#[derive(Debug, PartialEq)]
struct Comment {
    id: String,
    post: String,
}

impl Record for Comment {
    const TABLE: &'static Table = &COMMENTS_TABLE;

    fn from_cells(cells: &mut Cells<'_>) -> Self {
        let (id, post) = (cells.take(), cells.take());
        let _: Option<String> = cells.take();
        Self { id, post }
    }
}

#[tokio::test]
async fn children_of_one_parent_need_no_other() {
    use crate::Scalar;
    let shop = shop(Api::new(blog(50)));
    let take = |post: &Post| {
        let none = || Scalar::Null;
        vec![post.id.to_scalar(), none(), none(), none()]
    };
    let fetch = shop.client.children::<Comment, Post>(&*COMMENTS, take);
    let comments = fetch.of(&Post { id: "2".to_owned() }).all().await.unwrap();
    let comment = |id: &str| Comment {
        id: id.to_owned(),
        post: "2".to_owned(),
    };
    assert_eq!(comments, [comment("2.0"), comment("2.1")]);
    assert!(
        shop.api
            .urls()
            .iter()
            .all(|url| url.contains("/posts/2/comments"))
    );
}

#[tokio::test]
async fn fetch_for_all_parents_cannot_resume_at_a_position() {
    let shop = shop(Api::new(blog(2)));
    let fetch = shop.client.rows(&*COMMENTS).resume(Position::Offset(2));
    let error = fetch.pages().next().await.unwrap().unwrap_err();
    assert_eq!(
        (error.kind(), error.resource()),
        (&ErrorKind::Config, Some("comments"))
    );
    assert!(shop.api.requests().is_empty());
}
