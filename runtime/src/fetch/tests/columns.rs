//! Fetches of some columns of a table.

use super::*;
use crate::Rows;

static WIDE: Table = Table::new(
    "things",
    list![
        Column::new("id", Type::Bigint).primary_key(),
        Column::new("at", Type::Bigint).nullable(),
        Column::new("note", Type::Text),
        Column::new("other", Type::Text),
    ],
);

/// Its values of `other` violate the schema, so that they cannot be read.
fn wide() -> Api {
    let records: Vec<Value> = (0..3)
        .map(|id| json!({ "id": id, "at": id * 10, "note": format!("n{id}"), "other": [1] }))
        .collect();
    Api::new(move |request| page(&records, request))
}

async fn cells(fetch: Fetch<Rows>) -> Result<Vec<String>, crate::Error> {
    let mut pages = fetch.pages();
    let mut shown = Vec::new();
    while let Some(page) = pages.next().await {
        for row in page?.rows() {
            let values = row.values().map(|value| match value {
                crate::Value::Null => "null".to_owned(),
                value => value.to_string(),
            });
            shown.push(values.collect::<Vec<_>>().join(" "));
        }
    }
    Ok(shown)
}

fn plan(resource: &ResourcePlan) -> ResourcePlan {
    ResourcePlan {
        table: Static(&WIDE),
        ..resource.clone()
    }
}

#[tokio::test]
async fn only_the_named_columns_the_key_and_the_cursor_are_read() {
    let shop = shop(wide());
    let read = |plan: ResourcePlan| cells(shop.client.rows(plan).only_columns([2]));
    let ids = ["0 null n0 null", "1 null n1 null", "2 null n2 null"];
    assert_eq!(read(plan(&PLAIN)).await.unwrap(), ids);
    let with_cursor = ["0 0 n0 null", "1 10 n1 null", "2 20 n2 null"];
    assert_eq!(read(plan(&NEW)).await.unwrap(), with_cursor);
}

#[tokio::test]
async fn all_columns_are_read_where_the_fetch_needs_them() {
    static KEYLESS: Table = Table::new(
        "things",
        list![
            Column::new("id", Type::Bigint),
            Column::new("other", Type::Text).nullable(),
        ],
    );
    let keyless = ResourcePlan {
        table: Static(&KEYLESS),
        ..PLAIN.clone()
    };
    let shop = shop(wide());
    let error = cells(shop.client.rows(keyless).only_columns([0]))
        .await
        .unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Schema);
}
