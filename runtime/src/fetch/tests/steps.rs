//! Records that go through functions of the user's own.

use std::sync::LazyLock;

use super::{
    children::{POSTS, POSTS_TABLE},
    *,
};
use crate::{
    EncodeRow, RowWriter, Rows,
    hooks::{StepFn, Steps, StepsHook},
    plan::{ParentField, ParentPlan, ProcessingStep},
};

impl EncodeRow for Thing {
    fn encode_row(&self, cells: &mut RowWriter<'_>) {
        cells.write(&self.id);
        cells.write(&self.at);
    }
}

/// Leaves out every third thing, and makes two of each: by its `id`, and by that past a thousand.
static TWO_OF_EACH: Hooks = Hooks {
    steps: &[(
        "things",
        StepsHook::of(&Steps::<Thing>(&[
            StepFn::Filter(|thing| thing.id % 3 != 0),
            StepFn::YieldMap(|thing| {
                let past = Thing {
                    id: thing.id + 1000,
                    ..thing
                };
                vec![thing, past]
            }),
        ])),
    )],
    ..Hooks::NONE
};

/// The names of the same in a plan.
const STEPS: &[ProcessingStep] = &[
    ProcessingStep::Filter(Static("crate::is_no_third")),
    ProcessingStep::YieldMap(Static("crate::two_of_each")),
];

static STEPPED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    processing_steps: Static(STEPS),
    ..COUNTED.clone()
});
static NEW_STEPPED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    processing_steps: Static(STEPS),
    ..NEW_ASCENDING.clone()
});

fn stepped(number: i64) -> Shop {
    stepped_by(&TWO_OF_EACH, number)
}

fn stepped_by(hooks: &'static Hooks, number: i64) -> Shop {
    let records = records(number);
    shop_with(hooks, Api::new(move |request| page(&records, request)))
}

#[tokio::test]
async fn steps_apply_to_every_way_of_fetching() {
    let expected = [1, 1001, 2, 1002, 4, 1004, 5, 1005];
    let shop = stepped(6);
    let fetch = || shop.fetch(&STEPPED);
    assert_eq!(ids(&fetch().all().await.unwrap()), expected);
    assert_eq!(fetch().first().await.unwrap().unwrap().id, 1);
    let mut stream = fetch().stream();
    for id in expected {
        assert_eq!(stream.next().await.unwrap().unwrap().id, id);
    }
    assert!(stream.next().await.is_none());
    let mut pages = shop.client.rows(&*STEPPED).pages();
    let mut rows = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert!(!page.is_empty());
        rows.extend(
            page.rows()
                .records::<Thing>()
                .map(|thing| thing.unwrap().id),
        );
    }
    assert_eq!(rows, expected);
    let report = pages.report();
    assert_eq!(
        (report.received, report.filtered, report.delivered),
        (6, 2, 8)
    );
    assert!(
        report
            .to_string()
            .contains("\n  2 records left out by `processing_steps`"),
        "{report}"
    );
}

#[tokio::test]
async fn limit_counts_records_after_the_steps() {
    for (limit, pages) in [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)] {
        let shop = stepped(60);
        let things = shop.fetch(&STEPPED).limit(limit).all().await.unwrap();
        assert_eq!(things.len() as u64, limit);
        assert_eq!(shop.asked().len(), pages, "{limit}");
    }
}

#[tokio::test]
async fn state_and_paging_use_records_before_the_steps() {
    let shop = stepped(7);
    let mut stream = shop.fetch(&NEW_STEPPED).stream();
    while let Some(thing) = stream.next().await {
        thing.unwrap();
    }
    // The last is left out, and known all the same.
    let state = stream.state().unwrap();
    assert!(state.to_json().contains("\"60\""), "{}", state.to_json());
    let again = shop.fetch(&NEW_STEPPED).since(state);
    assert!(again.all().await.unwrap().is_empty());

    // Of a record that was cut off, something is still to come; of one that is left out, nothing.
    for (limit, at) in [(1, "0"), (2, "10"), (3, "10"), (4, "30")] {
        let mut stream = shop.fetch(&NEW_STEPPED).limit(limit).stream();
        while let Some(thing) = stream.next().await {
            thing.unwrap();
        }
        let state = stream.state().unwrap().to_json();
        assert!(state.contains(&format!("\"{at}\"")), "{limit}: {state}");
    }
}

#[tokio::test]
async fn children_use_parents_after_their_steps() {
    static SHORTENED: Hooks = Hooks {
        steps: &[(
            "posts",
            StepsHook::of(&Steps::<Post>(&[
                StepFn::Filter(|post| post.id != "1"),
                StepFn::Map(|post| Post {
                    id: format!("{}x", post.id),
                }),
            ])),
        )],
        ..Hooks::NONE
    };
    static SHORT: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        processing_steps: list![
            ProcessingStep::Filter(Static("crate::is_shown")),
            ProcessingStep::Map(Static("crate::shortened")),
        ],
        ..POSTS.clone()
    });
    static OF_SHORT: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        name: Static("comments"),
        path: Template(list![
            Part::Text(Static("/posts/")),
            Part::Parent(0),
            Part::Text(Static("/comments")),
        ]),
        parent: Some(
            ParentPlan {
                resource: Static(&*SHORT),
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
    let api = Api::new(|request| {
        let posts: Vec<Value> = if request.url.contains("/comments") {
            Vec::new()
        } else {
            (0..3).map(|n| json!({ "id": n.to_string() })).collect()
        };
        page(&posts, request)
    });
    let shop = shop_with(&SHORTENED, api);
    let mut pages = shop.client.rows(&*OF_SHORT).pages();
    assert!(pages.next().await.is_none());
    let asked: Vec<String> = shop.api.urls();
    let asked = asked.iter().filter(|url| url.contains("/comments"));
    let asked: Vec<&str> = asked.filter_map(|url| url.split('/').nth(4)).collect();
    assert_eq!(asked, ["0x", "2x"]);
    assert_eq!(pages.report().of_parents.unwrap().filtered, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_panic_in_a_step_of_one_partition_ends_the_fetch() {
    static PANICKING: Hooks = Hooks {
        steps: &[(
            "things",
            StepsHook::of(&Steps::<Thing>(&[StepFn::Filter(|thing| {
                assert!(thing.id < 900, "the step panics");
                true
            })])),
        )],
        ..Hooks::NONE
    };
    static OF_POSTS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        path: Template(list![
            Part::Text(Static("/posts/")),
            Part::Parent(0),
            Part::Text(Static("/things")),
        ]),
        parent: Some(
            ParentPlan {
                resource: Static(&*POSTS),
                others: crate::shared::List::EMPTY,
                fields: list![ParentField {
                    column: 0,
                    path: Path(list![]),
                    ..ParentField::DEFAULT
                }],
            }
            .into(),
        ),
        processing_steps: list![ProcessingStep::Filter(Static("crate::panics"))],
        ..THINGS.clone()
    });
    let api = Api::new(|request| {
        let of_post = request.url.split('/').nth(4);
        let records: Vec<Value> = match of_post {
            Some(post) => vec![json!({ "id": post.parse::<i64>().unwrap(), "at": 1 })],
            None => (0..1_000).map(|n| json!({ "id": n.to_string() })).collect(),
        };
        page(&records, request)
    });
    let shop = shop_with(&PANICKING, api);
    let mut pages = shop.client.rows(&*OF_POSTS).concurrency(8).pages();
    let mut received = 0;
    let error = loop {
        match pages.next().await.expect("the fetch does not end well") {
            Ok(page) => received += page.len(),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("panicked"), "{error}");
    assert!(received <= 900, "{received}");
    assert!(pages.next().await.is_none());
}

/// A post, of which only the `id` is read.
struct Post {
    id: String,
}

impl Record for Post {
    const TABLE: &'static Table = &POSTS_TABLE;

    fn from_cells(cells: &mut Cells<'_>) -> Self {
        let id = cells.take();
        let _: (
            Option<String>,
            Option<crate::__private::Skip>,
            Option<Vec<String>>,
        ) = (cells.take(), cells.take(), cells.take());
        Self { id }
    }
}

impl EncodeRow for Post {
    fn encode_row(&self, cells: &mut RowWriter<'_>) {
        cells.write(&self.id);
        cells.keep();
        cells.keep();
        cells.keep();
    }
}

#[tokio::test]
async fn record_that_does_not_fit_ends_the_fetch_after_its_page() {
    static NEVER_NULL: Table = Table::new(
        "things",
        list![
            Column::new("id", Type::Bigint).primary_key(),
            Column::new("at", Type::Bigint),
        ],
    );
    static BROKEN: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        table: Static(&NEVER_NULL),
        processing_steps: list![ProcessingStep::Map(Static("crate::without_the_third"))],
        ..THINGS.clone()
    });
    static NULL_AT_THE_THIRD: Hooks = Hooks {
        steps: &[(
            "things",
            StepsHook::of(&Steps::<Thing>(&[StepFn::Map(|thing| Thing {
                at: (thing.id != 3).then_some(1),
                ..thing
            })])),
        )],
        ..Hooks::NONE
    };
    let shop = stepped_by(&NULL_AT_THE_THIRD, 6);
    let mut pages = shop.client.rows(&*BROKEN).pages();
    let page = |page: Option<crate::Result<crate::Page<Rows>>>| page.unwrap().unwrap().len();
    assert_eq!(page(pages.next().await), 2);
    assert_eq!(page(pages.next().await), 1);
    let error = pages.next().await.unwrap().unwrap_err();
    insta::assert_snapshot!(error.to_string(), @r"
    `things`: the processing steps made a record that does not fit its columns: `at` is never null
      --> GET https://api.example.com/things?offset=2&limit=2 (200, 54 B, request 2)
    ");
}

#[tokio::test]
async fn records_that_the_steps_drop_are_not_delivered_again() {
    static NOTHING: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        processing_steps: list![ProcessingStep::Filter(Static("crate::is_late"))],
        paginator: Paginator {
            maximum_pages: Some(1),
            ..THINGS.paginator.clone()
        },
        ..NEW.clone()
    });
    static LATE: Hooks = Hooks {
        steps: &[(
            "things",
            StepsHook::of(&Steps::<Thing>(&[StepFn::Filter(|thing| thing.id > 100)])),
        )],
        ..Hooks::NONE
    };
    let shop = stepped_by(&LATE, 6);
    let mut pages = shop.client.rows(&*NOTHING).pages();
    assert!(pages.next().await.is_none());
    assert_eq!((pages.report().filtered, redelivers(&pages)), (2, false));
}
