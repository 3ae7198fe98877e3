//! What a value of each type is in the database.

use std::sync::LazyLock;

use rest_source::{
    Column, Table, Type,
    plan::{ColumnsContract, Part, ResourcePlan, SchemaContract, Template, WriteDisposition},
    shared::{Ref::Static, list},
};
use rest_source_load::Load;
use rest_source_testkit::Dataset;
use serde_json::json;

use crate::shop::{ORDERS, Scratch, connect, plan, serve_also};

const ALL: &[Column] = &[
    Column::new("id", Type::Bigint).primary_key(),
    Column::new("text", Type::Text),
    Column::new("double", Type::Double),
    Column::new("bool", Type::Bool),
    Column::new("timestamp", Type::TIMESTAMP),
    Column::new("date", Type::DATE),
    Column::new("time", Type::Time),
    Column::new(
        "decimal",
        Type::Decimal {
            precision: 0,
            scale: 0,
        },
    ),
    Column::new("binary", Type::Binary),
    Column::new("json", Type::Json),
    Column::new(
        "array",
        Type::Array(Static(const { &Column::new("items", Type::Double) })),
    ),
    Column::new(
        "kind",
        Type::Enum {
            values: list![Static("a")],
            closed: false,
        },
    ),
    Column::new("nothing", Type::Text).nullable(),
    Column::new("absent", Type::Text).nullable().explicit(),
];
static TYPES: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("types"),
    table: Static(const { &Table::new("types", Static(ALL)) }),
    path: Template(list![Part::Text(Static("types"))]),
    ..ORDERS
});
static UNTYPED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("untyped"),
    table: Static(const { &Table::new("untyped", list![]) }),
    write_disposition: WriteDisposition::Replace,
    path: Template(list![Part::Text(Static("types"))]),
    ..ORDERS
});

static EVOLVING: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("evolving"),
    table: Static(
        const {
            &Table::new(
                "evolving",
                list![
                    Column::new("id", Type::Bigint).primary_key(),
                    Column::extra(),
                ],
            )
        },
    ),
    schema_contract: SchemaContract {
        columns: ColumnsContract::Evolve,
        ..SchemaContract::DEFAULT
    },
    path: Template(list![Part::Text(Static("types"))]),
    ..ORDERS
});

crate::shop!(Typed, plan(&[&*TYPES]));
crate::shop!(Untyped, plan(&[&*UNTYPED]));
crate::shop!(Evolving, plan(&[&*EVOLVING]));

fn types() -> Dataset {
    Dataset::new("types", "/types", 1, |_| {
        json!({
            "id": i64::MIN,
            "text": "it's 🦀 \"quoted\"",
            "double": 7,
            "bool": true,
            "timestamp": "2026-11-21T09:30:00.5+02:00",
            "date": "2026-11-21",
            "time": "09:30:00.25",
            "decimal": "12345678901234567890.10",
            "binary": "3q2+7w==",
            "json": { "a": [1, null] },
            "array": [1.5, 2],
            "kind": "b",
            "nothing": null,
        })
    })
}

#[tokio::test]
async fn every_type_is_stored_as_documented() {
    let (server, scratch) = (serve_also(vec![types()]).await, Scratch::new());
    connect::<Typed>(&server)
        .load(&scratch.open())
        .await
        .unwrap();
    let expected = [
        ("id", "integer", "-9223372036854775808"),
        ("text", "text", "it's 🦀 \"quoted\""),
        ("double", "real", "7.0"),
        ("bool", "integer", "1"),
        ("timestamp", "text", "2026-11-21T07:30:00.500000+00:00"),
        ("date", "text", "2026-11-21"),
        ("time", "text", "09:30:00.25"),
        ("decimal", "text", "12345678901234567890.1"),
        ("binary", "blob", "[de, ad, be, ef]"),
        ("json", "text", r#"{"a":[1,null]}"#),
        ("array", "text", "[1.5,2]"),
        ("kind", "text", "b"),
        ("nothing", "null", "NULL"),
        ("absent", "null", "NULL"),
    ];
    for (column, class, value) in expected {
        let stored = scratch.rows(&format!(
            "SELECT typeof(\"{column}\"), \"{column}\" FROM types"
        ));
        assert_eq!(stored, [format!("{class} | {value}")], "{column}");
    }
}

#[tokio::test]
async fn untyped_record_is_one_json_column() {
    let (server, scratch) = (serve_also(vec![types()]).await, Scratch::new());
    connect::<Untyped>(&server)
        .load(&scratch.open())
        .await
        .unwrap();
    let stored = scratch.rows("SELECT record ->> '$.json.a[0]', record ->> '$.kind' FROM untyped");
    assert_eq!(stored, ["1 | b"]);
}

#[tokio::test]
async fn undeclared_keys_are_kept_as_json() {
    let (server, scratch) = (serve_also(vec![types()]).await, Scratch::new());
    // A table from before it was kept.
    scratch.execute("CREATE TABLE evolving (id INTEGER NOT NULL, PRIMARY KEY (id)) STRICT");
    connect::<Evolving>(&server)
        .load(&scratch.open())
        .await
        .unwrap();
    let stored = scratch.rows(
        "SELECT typeof(extra), extra ->> '$.kind', extra ->> '$.json.a[0]', extra -> '$.id' FROM evolving",
    );
    assert_eq!(stored, ["text | b | 1 | NULL"]);
}
