//! A spec that changed over a database that did not.

use std::sync::LazyLock;

use rest_source::{
    Column, Table, Type,
    plan::{ResourcePlan, SourcePlan},
    shared::{Ref::Static, list},
};
use rest_source_load::{Load, Sqlite};
use serde_json::json;

use crate::shop::{ORDERS, Scratch, connect, plan, serve};

static WIDER: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    table: Static(
        const {
            &Table::new(
                "orders",
                list![
                    Column::new("id", Type::Bigint).primary_key(),
                    Column::new("note", Type::Text),
                    Column::new("status", Type::Text).nullable(),
                    Column::new("changed_at", Type::TIMESTAMP),
                ],
            )
        },
    ),
    ..ORDERS
});
static RETYPED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    table: Static(
        const {
            &Table::new(
                "orders",
                list![
                    Column::new("id", Type::Bigint).primary_key(),
                    Column::new("status", Type::Text),
                    Column::new("changed_at", Type::Text),
                ],
            )
        },
    ),
    ..ORDERS
});
static KEYLESS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    table: Static(const { &Table::new("orders", list![Column::new("id", Type::Bigint)]) }),
    ..ORDERS
});
static RESERVED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("_rest_source_state"),
    table: Table::new("_REST_source_state", ORDERS.table.columns.clone()).into(),
    ..ORDERS
});

crate::shop!(Before, plan(&[&ORDERS]));
crate::shop!(Wider, plan(&[&*WIDER]));
crate::shop!(Retyped, plan(&[&*RETYPED]));
crate::shop!(Keyless, plan(&[&*KEYLESS]));
crate::shop!(Reserved, plan(&[&*RESERVED]));
crate::shop!(
    Other,
    SourcePlan {
        name: Static("other_shop"),
        ..plan(&[&ORDERS])
    }
);

#[tokio::test]
async fn table_gains_columns_and_accepts_nulls_as_the_spec_does() {
    let (server, scratch) = (serve().await, Scratch::new());
    connect::<Before>(&server)
        .load(&scratch.open())
        .await
        .unwrap();
    for at in 0..34 {
        server
            .dataset("orders")
            .update(at, json!({ "status": null, "note": "hello" }));
    }
    server.dataset("orders").truncate(34);
    connect::<Wider>(&server)
        .load(&scratch.open())
        .await
        .unwrap();
    let rows = scratch.rows("SELECT id, status, note FROM orders ORDER BY id DESC LIMIT 2");
    assert_eq!(rows, ["34 | open 34 | NULL", "33 | NULL | hello"]);
}

#[tokio::test]
async fn changed_type_is_an_error_with_advice() {
    let (server, scratch) = (serve().await, Scratch::new());
    connect::<Before>(&server)
        .load(&scratch.open())
        .await
        .unwrap();
    let after: Retyped = connect(&server);
    let error = after.load(&scratch.open()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`orders`: the table `orders` does not fit the spec: its column `changed_at` holds \
         timestamp, the spec's holds text\n  help: a full refresh creates the table again and \
         fetches everything; to keep its rows, rename the table first"
    );
    scratch.assert_equals(&server);

    after.load(&scratch.open()).full_refresh().await.unwrap();
    after.load(&scratch.open()).await.unwrap();
    let rows = scratch.rows("SELECT changed_at FROM orders WHERE id = 1");
    assert_eq!(rows, ["2026-01-01T00:01:00Z"], "as the server wrote it");
}

#[tokio::test]
async fn two_sources_cannot_share_a_table() {
    let (server, scratch) = (serve().await, Scratch::new());
    let (shop, other): (Before, Other) = (connect(&server), connect(&server));
    shop.load(&scratch.open()).await.unwrap();
    let database = scratch.open();
    let error = other.load(&database).await.unwrap_err().to_string();
    assert!(
        error.contains("the table `orders` belongs to another resource, `shop.orders`"),
        "{error}"
    );
    assert!(other.load(&database).full_refresh().await.is_err());

    // It did not keep the lock.
    shop.load(&scratch.open()).await.unwrap();
    scratch.assert_equals(&server);
}

#[tokio::test]
async fn unsupported_resources_are_rejected() {
    let (server, scratch) = (serve().await, Scratch::new());
    let keyless = connect::<Keyless>(&server)
        .load(&scratch.open())
        .await
        .unwrap_err();
    assert!(
        keyless.to_string().contains("no primary key to merge by"),
        "{keyless}"
    );
    let reserved = connect::<Reserved>(&server)
        .load(&scratch.open())
        .await
        .unwrap_err();
    assert!(
        reserved.to_string().contains("begin with `_rest_source_`"),
        "{reserved}"
    );

    scratch.execute("CREATE VIEW orders AS SELECT 1 AS id, 'a' AS status, 'b' AS changed_at");
    assert!(
        connect::<Before>(&server)
            .load(&scratch.open())
            .await
            .is_err()
    );
    std::fs::write(
        scratch.path.with_extension("txt"),
        "no database".repeat(1000),
    )
    .unwrap();
    let error = Sqlite::open(scratch.path.with_extension("txt"))
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("cannot open the database `"), "{error}");
}
