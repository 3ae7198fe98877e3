//! What takes the place of other rows has to be all of it.

use std::sync::LazyLock;

use rest_source::{
    Column, ErrorKind, Table, Type,
    plan::{
        Action, Offset, Pages, Paginator, Part, ResourcePlan, ResponseAction, Template,
        WriteDisposition,
    },
    shared::{Ref::Static, list},
};
use rest_source_load::Load;
use rest_source_testkit::{Dataset, Fault};
use serde_json::json;

use crate::shop::{BY_STATUS, OF_AN_ORDER, ORDERS, Scratch, connect, plan, serve, serve_also};

const GONE: &[ResponseAction] = &[ResponseAction {
    statuses: list![(410, 410)],
    action: Action::Ignore,
    ..ResponseAction::DEFAULT
}];
static CAPPED: LazyLock<Paginator> = LazyLock::new(|| Paginator {
    maximum_pages: Some(2),
    ..ORDERS.paginator
});
static REPLACED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    write_disposition: WriteDisposition::Replace,
    response_actions: Static(GONE),
    ..ORDERS
});
static CAPPED_REPLACED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    paginator: CAPPED.clone(),
    ..REPLACED.clone()
});
static MERGED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    write_disposition: WriteDisposition::Merge,
    ..REPLACED.clone()
});
/// All open orders, and all others.
static GROUPED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    table: Static(&BY_STATUS),
    ..MERGED.clone()
});
static CAPPED_GROUPED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    paginator: CAPPED.clone(),
    ..GROUPED.clone()
});
static ITEMS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("items"),
    table: Static(
        const {
            &Table::new(
                "items",
                list![Column::new("id", Type::Bigint).primary_key()],
            )
        },
    ),
    path: Template(list![
        Part::Text(Static("orders/")),
        Part::Parent(0),
        Part::Text(Static("/items"))
    ]),
    paginator: Paginator {
        maximum_pages: Some(2),
        ..Paginator::new(Pages::Offset(Offset::new(2)))
    },
    parallelized: false,
    parent: Some(Static(&OF_AN_ORDER)),
    ..REPLACED.clone()
});

crate::shop!(Replacing, plan(&[&*REPLACED]));
crate::shop!(CappedReplacing, plan(&[&*CAPPED_REPLACED]));
crate::shop!(Merging, plan(&[&*MERGED]));
crate::shop!(Grouping, plan(&[&*GROUPED]));
crate::shop!(CappedGrouping, plan(&[&*CAPPED_GROUPED]));
crate::shop!(OfEach, plan(&[&ORDERS, &*ITEMS]));

const NUMBER: &str = "SELECT count(*) FROM orders";

#[tokio::test]
async fn ignored_page_fails_a_replacement() {
    let (server, scratch) = (serve().await, Scratch::new());
    let (replacing, merging): (Replacing, Merging) = (connect(&server), connect(&server));
    replacing.load(&scratch.open()).await.unwrap();
    server.faults().at(2, Fault::status(410));
    let error = replacing.load(&scratch.open()).await.unwrap_err();
    assert_eq!(*error.errors[0].kind(), ErrorKind::Incomplete, "{error}");
    assert_eq!(scratch.rows(NUMBER), ["35"]);
    server.log().clear();
    server.faults().at(2, Fault::status(410));
    let refreshed = merging.load(&scratch.open()).full_refresh().await;
    refreshed.unwrap_err();
    assert_eq!(scratch.rows(NUMBER), ["35"]);
    // Where it is no replacement, what came is merged.
    server.log().clear();
    server.faults().at(2, Fault::status(410));
    let error = merging.load(&scratch.open()).await.unwrap_err();
    assert_eq!(*error.errors[0].kind(), ErrorKind::Incomplete, "{error}");
    assert_eq!(error.failed[0].fetched.delivered, 20);
    // An ignored first page replaces nothing.
    server.faults().clear();
    server.log().clear();
    server.faults().at(0, Fault::status(410));
    replacing.load(&scratch.open()).await.unwrap();
    assert_eq!(scratch.rows(NUMBER), ["35"]);
}

#[tokio::test]
async fn first_load_with_an_ignored_first_page_leaves_an_empty_table() {
    let (server, scratch) = (serve().await, Scratch::new());
    let replacing: Replacing = connect(&server);
    server.faults().at(0, Fault::status(410));
    let report = replacing.load(&scratch.open()).await.unwrap();
    assert_eq!(report.resource("orders").unwrap().rows, Some(0));
    server.faults().clear();
    replacing.load(&scratch.open()).await.unwrap();
    assert_eq!(scratch.rows(NUMBER), ["35"]);
}

#[tokio::test]
async fn replacement_bounded_by_a_maximum_is_whole() {
    let (server, scratch) = (serve().await, Scratch::new());
    let (all, capped): (Replacing, CappedReplacing) = (connect(&server), connect(&server));
    all.load(&scratch.open()).await.unwrap();
    capped.load(&scratch.open()).await.unwrap();
    assert_eq!(scratch.rows(NUMBER), ["20"]);
}

#[tokio::test]
async fn groups_are_not_replaced_by_parts() {
    let (server, scratch) = (serve().await, Scratch::new());
    for order in 0..35 {
        server
            .dataset("orders")
            .update(order, json!({ "status": "open" }));
    }
    let (all, capped): (Grouping, CappedGrouping) = (connect(&server), connect(&server));
    all.load(&scratch.open()).await.unwrap();
    let error = capped.load(&scratch.open()).await.unwrap_err().to_string();
    let expected = "`orders`: the fetch may have ended within a group of the `merge_key`\n  \
         ended: `maximum_pages` 2\n  \
         help: ";
    assert!(error.starts_with(expected), "{error}");
    assert_eq!(scratch.rows(NUMBER), ["35"]);
    server.log().clear();
    server.faults().at(2, Fault::status(410));
    all.load(&scratch.open()).await.unwrap_err();
    assert_eq!(scratch.rows(NUMBER), ["35"]);
    // A full refresh is of all groups that the maximum allows.
    server.faults().clear();
    capped.load(&scratch.open()).full_refresh().await.unwrap();
    assert_eq!(scratch.rows(NUMBER), ["20"]);
}

#[tokio::test]
async fn missing_page_of_one_parent_fails_the_replacement() {
    let items = |order: u64, number| {
        let (name, path) = [
            ("items_0", "/orders/0/items"),
            ("items_1", "/orders/1/items"),
        ][usize::try_from(order).unwrap()];
        Dataset::new(name, path, number, move |n| json!({ "id": 10 * order + n }))
    };
    let server = serve_also(vec![items(0, 6), items(1, 3)]).await;
    server.dataset("orders").truncate(2);
    let (shop, scratch): (OfEach, _) = (connect(&server), Scratch::new());
    shop.load(&scratch.open()).await.unwrap();
    let number = "SELECT count(*) FROM items";
    assert_eq!(scratch.rows(number), ["7"]);
    // After the orders, two pages of the items of each: the last of all is missing.
    server.log().clear();
    server.faults().at(4, Fault::status(410));
    shop.load(&scratch.open()).await.unwrap_err();
    assert_eq!(scratch.rows(number), ["7"]);
    // One that has no items is one thing, a maximum for another is another.
    server.faults().clear();
    server.log().clear();
    server.faults().at(3, Fault::status(410));
    shop.load(&scratch.open()).await.unwrap();
    assert_eq!(scratch.rows(number), ["4"]);
}
