//! Keys of records that are taken as they are.

use rest_source::{
    Column, ErrorKind, Table, Type,
    plan::{Part, ResourcePlan, Template},
};
use rest_source_load::Load;
use rest_source_tests::Dataset;
use serde_json::json;

use crate::shop::{ORDERS, Scratch, connect, plan, serve, serve_also};

const EVENTS: ResourcePlan = ResourcePlan {
    name: "events",
    table: &Table::new(
        "events",
        &[
            Column::new("id", Type::Scalar).primary_key().at(12),
            Column::record(),
        ],
    ),
    path: Template(&[Part::Text("events")]),
    ..ORDERS
};
/// Those of `shop::ORDERS`, as they are.
const AS_THEY_ARE: ResourcePlan = ResourcePlan {
    name: "orders",
    table: &Table::new("orders", EVENTS.table.columns),
    ..ORDERS
};

crate::shop!(Events, plan(&[&EVENTS]));
crate::shop!(AsTheyAre, plan(&[&AS_THEY_ARE]));

/// Events by a number, a text of the same digits, and another text.
fn events() -> Dataset {
    let ids = [json!(7), json!("7"), json!("a")];
    Dataset::new("events", "/events", 3, move |n| {
        let at = usize::try_from(n).unwrap();
        json!({ "id": ids[at], "name": format!("event {n}") })
    })
}

#[tokio::test]
async fn untyped_records_are_merged_by_their_key_which_has_columns_of_its_own() {
    let (server, scratch) = (serve_also(vec![events()]).await, Scratch::new());
    let shop: Events = connect(&server);
    shop.load(&mut scratch.open()).await.unwrap();
    let query = "SELECT typeof(id), id, record ->> '$.name' FROM events ORDER BY id";
    assert_eq!(
        scratch.rows(query),
        [
            "integer | 7 | event 0",
            "text | 7 | event 1",
            "text | a | event 2"
        ]
    );

    server.dataset("events").update(1, json!({ "name": "new" }));
    shop.load(&mut scratch.open()).await.unwrap();
    assert_eq!(
        scratch.rows(query),
        [
            "integer | 7 | event 0",
            "text | 7 | new",
            "text | a | event 2"
        ]
    );
    assert_eq!(
        scratch.rows("SELECT sql FROM sqlite_schema WHERE name = 'events'"),
        [
            "CREATE TABLE \"events\" (\n    \"id\" ANY NOT NULL,\n    \"record\" TEXT NOT NULL,\n    \
          PRIMARY KEY (\"id\")\n) STRICT"
        ]
    );
}

#[tokio::test]
async fn a_record_without_its_key_is_no_row() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: AsTheyAre = connect(&server);
    server.dataset("orders").edit(12, |order| {
        order.remove("id");
    });
    let error = shop.load(&mut scratch.open()).await.unwrap_err();
    let error = &error.errors[0];
    assert_eq!(
        (error.kind(), error.resource()),
        (&ErrorKind::Schema, Some("orders"))
    );
    let said = error.to_string();
    assert!(said.contains("$.data[2].id"), "{said}");
    assert!(said.contains("offset=10"), "{said}");
    assert_eq!(scratch.rows("SELECT count(*) FROM orders"), ["12"]);
}

#[tokio::test]
async fn a_key_that_is_new_makes_the_table_anew_by_a_full_refresh() {
    const WITHOUT: ResourcePlan = ResourcePlan {
        table: &Table::new("orders", &[]),
        write_disposition: rest_source::plan::WriteDisposition::Append,
        ..AS_THEY_ARE
    };
    crate::shop!(Without, plan(&[&WITHOUT]));
    let (server, scratch) = (serve().await, Scratch::new());
    connect::<Without>(&server)
        .load(&mut scratch.open())
        .await
        .unwrap();
    let shop: AsTheyAre = connect(&server);
    let error = shop.load(&mut scratch.open()).await.unwrap_err();
    assert!(
        error.to_string().contains("it has no key, not the key id"),
        "{error}"
    );
    shop.load(&mut scratch.open()).full_refresh().await.unwrap();
    assert_eq!(
        scratch.rows("SELECT count(*), max(id) FROM orders"),
        ["35 | 34"]
    );
}
