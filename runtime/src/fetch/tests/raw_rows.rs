//! Offsets advance by the rows that the API pages, whatever a selector makes of them.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::{
    Rows,
    plan::PageNumber,
    shared::{Ref::Static, Text, list},
};

/// A row of the API: whether it is active, and the ids of its items.
type ApiRow = (bool, Vec<i64>);

const QUERIES: [&str; 8] = [
    "$.data[*].items[*]",
    "$.data[*].items",
    "$.data[?@.active == true].items[*]",
    "$.data[?@.active == true]",
    "$.data[*].items[?@.id > 30]",
    "$.data[*]..items[0]",
    "$.data[?@.id >= 40]",
    "$.data.*.items[*]",
];

fn resource(query: &'static str, limit: u64, total: Option<Path>, short: bool) -> ResourcePlan {
    ResourcePlan {
        paginator: Paginator {
            ends: Ends {
                total_path: total,
                stop_after_short_page: short,
                ..Ends::COUNTED
            },
            kind: Pages::Offset(Offset::new(limit)),
            ..Paginator::DEFAULT
        },
        selector: Selector::Query(Text::of(query)),
        ..THINGS.clone()
    }
}

fn row(at: usize, (active, items): &ApiRow) -> Value {
    let items: Vec<Value> = items.iter().map(|id| json!({ "id": id })).collect();
    json!({ "id": at, "active": active, "items": items })
}

fn rows() -> impl Strategy<Value = Vec<ApiRow>> {
    let items = prop::collection::vec(0..60_i64, 0..4);
    // Many rows of which nothing is selected, next to each other.
    let row = prop_oneof![Just((false, Vec::new())), (any::<bool>(), items)];
    prop::collection::vec(row, 0..30)
}

proptest! {
    #[test]
    fn every_selected_record_of_every_row_is_delivered(
        rows in rows(),
        query in prop::sample::select(&QUERIES[..]),
        limit in 1..9_u64,
        total in 0..4_u8,
        concurrency in 1..5_u16,
    ) {
        let rows: Vec<Value> = rows.iter().enumerate().map(|(at, one)| row(at, one)).collect();
        let path = (total == 1).then_some(Path(list![Step::Key(Static("count"))]));
        let resource = resource(query, limit, path, total == 2);
        let resource: &'static ResourcePlan = Box::leak(Box::new(resource));

        let whole = json!({ "data": rows }).to_string();
        let expected = Rows::from_page(whole, resource).unwrap();
        let expected: Vec<i64> = expected.records::<Thing>().map(|thing| thing.unwrap().id).collect();

        let answer = move |request: &Request| {
            let start = offset_of(request).min(rows.len());
            let end = start.saturating_add(usize::try_from(limit).unwrap()).min(rows.len());
            let name = if total == 3 { "total" } else { "count" };
            let body = json!({ "data": rows[start..end], name: rows.len() });
            answer(200, &[("Content-Type", "application/json")], &body.to_string())
        };
        let shop = shop(Api::new(answer));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (things, report) = runtime.block_on(async {
            let mut stream = shop.fetch(resource).concurrency(concurrency).stream();
            let mut things = Vec::new();
            while let Some(thing) = stream.next().await {
                things.push(thing.unwrap());
            }
            (things, stream.report())
        });
        prop_assert_eq!(ids(&things), expected);
        prop_assert_eq!(report.selected, report.delivered);
    }
}

#[tokio::test]
async fn page_without_selected_records_is_not_the_last() {
    static FILTERED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        selector: Selector::Query(Static("$.data[?@.id > 6]")),
        ..COUNTED.clone()
    });
    static FILTERED_BY_PAGE: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        paginator: Paginator::new(Pages::Number(PageNumber::DEFAULT)),
        ..FILTERED.clone()
    });
    for concurrency in [1, 4] {
        let shop = shop(failing(9, &[], &[]));
        let mut stream = shop.fetch(&FILTERED).concurrency(concurrency).stream();
        let mut things = Vec::new();
        while let Some(thing) = stream.next().await {
            things.push(thing.unwrap());
        }
        assert_eq!(ids(&things), [7, 8]);
        let report = stream.report();
        assert_eq!((report.received, report.selected), (9, 2));
        let text = report.to_string();
        assert!(text.contains("2 records selected from 9 rows"), "{text}");
    }
    let records = records(9);
    let numbered = move |request: &Request| {
        let number: usize = request.url.split_once("page=").unwrap().1.parse().unwrap();
        let chunk = records.chunks(2).nth(number).unwrap_or_default();
        answer(200, &[], &json!({ "data": chunk }).to_string())
    };
    let things = shop(Api::new(numbered))
        .fetch(&FILTERED_BY_PAGE)
        .all()
        .await;
    assert_eq!(ids(&things.unwrap()), [7, 8]);
}
