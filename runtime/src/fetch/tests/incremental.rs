//! Only what is new.

use std::sync::LazyLock;

use super::*;
use crate::{
    plan::WriteDisposition,
    state::{MAX_KEYS, MAX_WHOLE_KEYS},
};

/// Fetches, and gives the ids and the state afterwards.
async fn new(fetch: Fetch<Thing>) -> (Vec<i64>, Option<State>) {
    let mut stream = fetch.stream();
    let mut things = Vec::new();
    while let Some(thing) = stream.next().await {
        things.push(thing.unwrap());
    }
    (ids(&things), stream.state())
}

fn at(values: &[(i64, i64)]) -> Api {
    let records: Vec<Value> = values
        .iter()
        .map(|(id, at)| json!({ "id": id, "at": at }))
        .collect();
    Api::new(move |request| page(&records, request))
}

#[tokio::test]
async fn next_fetch_resumes_at_the_cursor_and_skips_delivered_records() {
    let first = shop(at(&[(1, 10), (2, 30), (3, 30), (4, 20)]));
    let (ids, state) = new(first.fetch(&NEW)).await;
    assert_eq!(ids, [1, 2, 3, 4]);
    assert!(
        first.asked()[0].starts_with("offset=0"),
        "{:?}",
        first.asked()
    );
    let state = State::from_json(&state.unwrap().to_json()).unwrap();
    assert_eq!(state.cursor(), "30");

    // The server ignores `since`: what is too old is dropped here, and what was seen at 30.
    let second = shop(at(&[(1, 10), (2, 30), (3, 30), (5, 30), (6, 31)]));
    let (ids, state) = new(second.fetch(&NEW).since(state.clone())).await;
    assert_eq!(ids, [5, 6]);
    assert!(
        second.asked()[0].contains("since=30"),
        "{:?}",
        second.asked()
    );
    assert_eq!(state.unwrap().cursor(), "31");
}

#[tokio::test]
async fn upsert_receives_boundary_records_and_older_ones_that_the_api_returned() {
    let first = shop(at(&[(1, 10), (2, 30)]));
    let state = new(first.fetch(&NEW)).await.1.unwrap();
    let again = shop(at(&[(1, 10), (2, 30), (3, 30), (4, 31)]));
    let (ids, next) = new(again.fetch(&NEW).since(state.clone()).for_upsert()).await;
    // The start was sent, so that the API decides; a stream decides by the cursor.
    assert_eq!(ids, [1, 2, 3, 4]);
    assert_eq!(next.unwrap().cursor(), "31");
    assert_eq!(new(again.fetch(&NEW).since(state.clone())).await.0, [3, 4]);
    let unsent = again.fetch(&UNSENT).since(state).keep_state();
    assert_eq!(new(unsent.for_upsert()).await.0, [2, 3, 4]);
}

static UNSENT: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    incremental: Some(Incremental::new(1)),
    ..THINGS.clone()
});

/// One parameter that holds both ends.
static BOTH_ENDS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    params: list![Param {
        name: Static("filter"),
        value: Template(list![
            Part::IncrementalStart,
            Part::Text(Static("..")),
            Part::IncrementalEnd,
        ]),
    }],
    incremental: Some(Incremental::new(1)),
    ..THINGS.clone()
});

#[tokio::test]
async fn a_parameter_of_both_ends_needs_an_end() {
    let shop = shop(at(&[(1, 10)]));
    let error = shop.fetch(&BOTH_ENDS).all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Config);
    assert!(
        error
            .to_string()
            .contains("the parameter `filter` holds both ends"),
        "{error}"
    );
    assert!(shop.asked().is_empty());
    assert_eq!(
        shop.fetch(&BOTH_ENDS).until(20).all().await.unwrap().len(),
        1
    );
}

#[tokio::test]
async fn a_fetch_that_finds_nothing_new_keeps_the_state() {
    let shop = shop(at(&[(1, 10)]));
    let (_, state) = new(shop.fetch(&NEW)).await;
    let (ids, again) = new(shop.fetch(&NEW).since(state.clone().unwrap())).await;
    assert_eq!((ids, again), (vec![], state.clone()));
    let (ids, _) = new(shop.fetch(&NEW).since(state.unwrap()).full_refresh()).await;
    assert_eq!(ids, [1]);
}

#[tokio::test]
async fn end_leaves_out_records_at_it_or_after() {
    let shop = shop(at(&[(1, 10), (2, 20), (3, 30)]));
    let mut stream = shop.fetch(&NEW).until(20).stream();
    assert_eq!(stream.next().await.unwrap().unwrap().id, 1);
    assert!(stream.next().await.is_none());
    assert_eq!(stream.report().outside_range, 2);
    assert!(shop.asked()[0].contains("until=20"), "{:?}", shop.asked());
    assert_eq!(stream.state().unwrap().cursor(), "10");
}

#[tokio::test]
async fn bounded_fetch_keeps_the_old_state_unless_the_order_is_known() {
    let values = [(1, 10), (2, 20), (3, 30)];
    let (ids, state) = new(shop(at(&values)).fetch(&NEW).limit(2)).await;
    assert_eq!((ids, state), (vec![1, 2], None));
    let (_, state) = new(shop(at(&values)).fetch(&NEW_ASCENDING).limit(2)).await;
    assert_eq!(state.unwrap().cursor(), "20");
}

#[tokio::test]
async fn redelivery_is_known_after_the_end() {
    let values = [(1, 10), (2, 20), (3, 30)];
    for (resource, limit, repeats) in [
        (&*NEW, 5, false),
        (&*NEW, 2, true),
        (&*NEW, 0, false),
        (&*NEW_ASCENDING, 2, false),
        (&*NEW_AFTER, 2, true),
        (&*PLAIN, 2, false),
    ] {
        let mut pages = shop(at(&values)).fetch(resource).limit(limit).pages();
        while let Some(page) = pages.next().await {
            page.unwrap();
            assert!(!redelivers(&pages));
        }
        assert_eq!(redelivers(&pages), repeats, "{resource:?}, {limit}");
    }
}

#[tokio::test]
async fn a_page_in_ascending_order_can_be_committed_by_itself() {
    let shop = shop(at(&[(1, 10), (2, 20), (3, 30)]));
    let mut pages = shop.fetch(&NEW_ASCENDING).pages();
    let page = pages.next().await.unwrap().unwrap();
    assert_eq!(page.state().unwrap().cursor(), "20");
    let mut pages = shop.fetch(&NEW).pages();
    assert!(pages.next().await.unwrap().unwrap().state().is_none());
}

#[tokio::test]
async fn open_start_has_no_state_for_a_page() {
    // The next fetch leaves out all that is at 20, also what was not given yet.
    let values = [(1, 10), (2, 20), (3, 20), (4, 30)];
    let mut pages = shop(at(&values)).fetch(&NEW_AFTER).pages();
    assert!(pages.next().await.unwrap().unwrap().state().is_none());
    assert!(pages.state().is_none());
    let (ids, state) = new(shop(at(&values)).fetch(&NEW_AFTER).limit(2)).await;
    assert_eq!((ids, state), (vec![1, 2], None));
    let (_, state) = new(shop(at(&values)).fetch(&NEW_AFTER)).await;
    assert_eq!(state.unwrap().cursor(), "30");
}

#[tokio::test]
async fn state_does_not_move_past_delivered_records() {
    let shop = shop(at(&[(1, 10), (2, 20), (3, 30), (4, 40), (5, 50)]));
    let mut stream = shop.fetch(&NEW_ASCENDING).stream();
    let mut states = Vec::new();
    while let Some(thing) = stream.next().await {
        thing.unwrap();
        states.push(stream.state().map(|state| state.cursor().to_owned()));
    }
    let states: Vec<_> = states.iter().map(Option::as_deref).collect();
    let expected = [None, Some("20"), Some("20"), Some("40"), Some("50")];
    assert_eq!(states, expected);
    assert_eq!(stream.state().unwrap().cursor(), "50");
}

#[tokio::test]
async fn record_past_the_range_ends_an_ordered_fetch() {
    let values: Vec<(i64, i64)> = (0..100).map(|n| (n, 1_000 - n)).collect();
    let (_, state) = new(shop(at(&values[50..])).fetch(&NEW_DESCENDING)).await;
    let shop = shop(at(&values));
    let (ids, state) = new(shop
        .fetch(&NEW_DESCENDING)
        .concurrency(1)
        .since(state.unwrap()))
    .await;
    assert_eq!(ids, (0..50).collect::<Vec<_>>());
    assert!(shop.asked().len() < 35, "{}", shop.asked().len());
    assert_eq!(state.unwrap().cursor(), "1000");
}

#[tokio::test]
async fn records_out_of_row_order_are_an_error() {
    let shop = shop(at(&[(1, 10), (2, 30), (3, 20)]));
    let error = shop.fetch(&NEW_ASCENDING).all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Response);
    assert!(error.to_string().contains("20 after 30"), "{error}");
}

#[tokio::test]
async fn a_record_without_a_cursor_value_is_treated_as_the_spec_says() {
    let api = || {
        Api::new(|_| {
            answer(
                200,
                &[],
                r#"{"total":2,"data":[{"id":1,"at":5},{"id":2,"at":null}]}"#,
            )
        })
    };
    let counted = |resource| shop(api()).fetch(resource).limit(2);
    let error = counted(&*NEW).all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Schema);
    assert!(error.to_string().contains("its key: [\"2\"]"), "{error}");
    assert_eq!(ids(&counted(&*NEW_OR_WITHOUT).all().await.unwrap()), [1, 2]);
    let only: Vec<i64> = ids(&shop(api()).fetch(&ONLY_NEW).limit(1).all().await.unwrap());
    assert_eq!(only, [1]);
}

#[tokio::test]
async fn state_or_end_of_another_type_is_refused_before_the_first_request() {
    let shop = shop(at(&[(1, 10)]));
    let (_, state) = new(shop.fetch(&NEW)).await;
    let asked = shop.asked().len();
    let state = state.unwrap();
    let of_other = State::from_json(&state.to_json().replace("things", "others")).unwrap();
    for (fetch, kind) in [
        (shop.fetch(&NEW).since(of_other), ErrorKind::State),
        (shop.fetch(&PLAIN).since(state), ErrorKind::State),
        (shop.fetch(&PLAIN).until(5), ErrorKind::Config),
        (shop.fetch(&NEW).until("soon"), ErrorKind::Config),
        (
            shop.fetch(&NEW).until(Scalar::Double(0.5)),
            ErrorKind::Config,
        ),
    ] {
        assert_eq!(*fetch.all().await.unwrap_err().kind(), kind);
    }
    assert_eq!(shop.asked().len(), asked);
}

static AT_ONCE_IN_ORDER: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    paginator: Paginator::DEFAULT,
    ..new_things(Some(RowOrder::Ascending), OnMissing::Raise)
});
static AT_ONCE: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    paginator: Paginator::DEFAULT,
    ..new_things(None, OnMissing::Raise)
});

#[tokio::test]
async fn saved_keys_are_bounded_and_further_records_are_delivered_again() {
    let body = |number: i64| {
        let things = (0..number).map(|id| json!({ "id": id, "at": 7 }));
        json!({ "data": things.collect::<Vec<_>>() }).to_string()
    };
    let most = i64::try_from(MAX_KEYS).unwrap();
    let shop = shop(Api::new(move |_| answer(200, &[], &body(most + 3))));
    let mut pages = shop.fetch(&AT_ONCE).pages();
    while let Some(page) = pages.next().await {
        page.unwrap();
    }
    let notes = pages.report().notes;
    assert!(
        notes
            .iter()
            .any(|note| note.starts_with(&format!("more than {MAX_KEYS} records"))),
        "{notes:?}"
    );
    let (ids, state) = new(shop.fetch(&AT_ONCE).since(pages.state().unwrap())).await;
    assert_eq!(ids, [most, most + 1, most + 2]);
    let state: Value = serde_json::from_str(&state.unwrap().to_json()).unwrap();
    assert_eq!(state["seen"].as_array().unwrap().len(), MAX_KEYS);
}

#[tokio::test]
async fn many_keys_at_one_cursor_are_saved_as_digests() {
    let number = i64::try_from(MAX_WHOLE_KEYS).unwrap() + 500;
    let body = move |number: i64| {
        let things = (0..number).map(|id| json!({ "id": id, "at": 7 }));
        json!({ "data": things.collect::<Vec<_>>() }).to_string()
    };
    for resource in [&*AT_ONCE, &*AT_ONCE_IN_ORDER] {
        let shop = shop(Api::new(move |_| answer(200, &[], &body(number))));
        let mut pages = shop.fetch(resource).pages();
        while let Some(page) = pages.next().await {
            page.unwrap();
        }
        assert!(!redelivers(&pages));
        let state = State::from_json(&pages.state().unwrap().to_json()).unwrap();
        let (ids, state) = new(shop.fetch(resource).since(state)).await;
        assert!(ids.is_empty(), "{ids:?}");
        let more = super::shop(Api::new(move |_| answer(200, &[], &body(number + 1))));
        assert_eq!(
            new(more.fetch(resource).since(state.unwrap())).await.0,
            [number]
        );
    }
}

#[tokio::test]
async fn page_out_of_order_has_no_state_past_missing_records() {
    // The first page holds the order, the second breaks it after a record that is given.
    let values = [(1, 10), (2, 20), (3, 40), (4, 30)];
    let shop = shop(at(&values));
    let mut pages = shop.fetch(&NEW_ASCENDING).pages();
    let page = pages.next().await.unwrap().unwrap();
    assert_eq!(page.state().unwrap().cursor(), "20");
    let page = pages.next().await.unwrap().unwrap();
    assert_eq!((page.len(), page.state()), (1, None));
    let error = pages.next().await.unwrap().unwrap_err();
    assert_eq!(pages.state().unwrap().cursor(), "20");
    assert!(!error.to_string().contains("full_refresh"), "{error}");
}

#[tokio::test]
async fn record_behind_the_state_has_a_help_to_fetch_it() {
    let shop = shop(at(&[(1, 10), (2, 20), (3, 15)]));
    let mut pages = shop.fetch(&NEW_ASCENDING).pages();
    pages.next().await.unwrap().unwrap();
    let error = pages.next().await.unwrap().unwrap_err();
    let help = "`full_refresh()` brings what the states of the pages before have passed";
    assert!(error.to_string().contains(help), "{error}");
}

/// Things without a key, of these columns.
fn keyless(table: Table, cursor: u16) -> ResourcePlan {
    ResourcePlan {
        table: table.into(),
        incremental: Some(Incremental::new(cursor)),
        ..THINGS.clone()
    }
}

const AT: Column = Column::new("at", Type::Bigint);
const NAME: Column = Column::new("name", Type::Text);
const NOTE: Column = Column::new("note", Type::Text).nullable();

static NAMED: LazyLock<ResourcePlan> =
    LazyLock::new(|| keyless(Table::new("things", list![NAME, AT]), 1));
static NOTED: LazyLock<ResourcePlan> =
    LazyLock::new(|| keyless(Table::new("things", list![AT, NOTE, NAME]), 0));
static NAMELESS: LazyLock<ResourcePlan> =
    LazyLock::new(|| keyless(Table::new("things", list![AT]), 0));
static BY_NAME: LazyLock<ResourcePlan> =
    LazyLock::new(|| keyless(Table::new("things", list![NAME.primary_key(), AT]), 1));
static BY_AT_TOO: LazyLock<ResourcePlan> = LazyLock::new(|| {
    keyless(
        Table::new("things", list![NAME.primary_key(), AT.primary_key()]),
        1,
    )
});
static MERGED_BY_AT_TOO: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    write_disposition: WriteDisposition::Merge,
    ..BY_AT_TOO.clone()
});

fn named(things: &'static [(&str, i64, Option<&str>)]) -> Shop {
    let records: Vec<Value> = things
        .iter()
        .map(|(name, at, note)| json!({ "name": name, "at": at, "note": note }))
        .collect();
    shop(Api::new(move |request| page(&records, request)))
}

/// Fetches rows since a state, and gives their number, the error's text, and the state afterwards.
async fn named_since(
    shop: &Shop,
    resource: &'static ResourcePlan,
    state: Option<&State>,
) -> (usize, Option<crate::Error>, Option<State>) {
    let mut fetch = shop.client.rows(resource);
    if let Some(state) = state {
        fetch = fetch.since(State::from_json(&state.to_json()).unwrap());
    }
    let mut pages = fetch.pages();
    let (mut number, mut error) = (0, None);
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => number += page.len(),
            Err(met) => error = Some(met),
        }
    }
    (number, error, pages.state())
}

const TWO_NAMES: &[(&str, i64, Option<&str>)] = &[("a", 10, None), ("b", 30, None)];

#[tokio::test]
async fn records_without_a_key_are_recognised_with_further_columns() {
    let shop = named(TWO_NAMES);
    let (_, _, state) = named_since(&shop, &NAMED, None).await;
    for (resource, new) in [(&*NAMED, 0), (&*NOTED, 0)] {
        let (number, error, again) = named_since(&shop, resource, state.as_ref()).await;
        assert_eq!((number, error.is_none()), (new, true), "{error:?}");
        let (number, ..) = named_since(&shop, resource, again.as_ref()).await;
        assert_eq!(number, 0);
    }
}

#[tokio::test]
async fn unrecognised_records_without_a_key_are_an_error() {
    let (_, _, state) = named_since(&named(TWO_NAMES), &NAMED, None).await;
    let noted = named(&[("a", 10, None), ("b", 30, Some("new")), ("c", 30, None)]);
    let (number, error, _) = named_since(&noted, &NOTED, state.as_ref()).await;
    let error = error.unwrap();
    assert_eq!((number, error.kind()), (0, &ErrorKind::State));
    let said = error.to_string();
    assert!(
        said.contains("`note`") && said.contains("a full refresh"),
        "{said}"
    );

    let (number, error, _) = named_since(&named(TWO_NAMES), &NAMELESS, state.as_ref()).await;
    let said = error.unwrap().to_string();
    let expected = "the saved state identifies records by `at`, `name`, the spec by `at`";
    assert_eq!(number, 0);
    assert!(
        said.contains(expected) && said.contains("a full refresh"),
        "{said}"
    );
}

#[tokio::test]
async fn state_of_another_key_is_refused_for_an_append() {
    let shop = named(TWO_NAMES);
    let (_, _, state) = named_since(&shop, &BY_NAME, None).await;
    assert_eq!(named_since(&shop, &BY_NAME, state.as_ref()).await.0, 0);
    for other in [&*BY_AT_TOO, &*NAMED] {
        let (number, error, _) = named_since(&shop, other, state.as_ref()).await;
        assert_eq!((number, error.unwrap().kind()), (0, &ErrorKind::State));
    }
    // What is merged may come again.
    let (number, error, _) = named_since(&shop, &MERGED_BY_AT_TOO, state.as_ref()).await;
    assert_eq!((number, error.is_none()), (1, true));
}
