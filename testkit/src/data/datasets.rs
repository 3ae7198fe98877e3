//! The API of `specs/datasets.yaml`.

use serde_json::{Value, json};

use super::{Dice, key, sparse};
use crate::{Api, Dataset};

/// A catalogue behind a key.
pub fn datasets() -> Api {
    let data = Dataset::new("resource_name", "/v1/resource", 215, dataset);
    Api::new(key(), vec![data])
}

fn dataset(n: u64) -> Value {
    let dice = &mut Dice::new("datasets", n);
    let fields: Vec<Value> = (0..dice.below(4))
        .map(|at| {
            let field = json!({
                "name": format!("field_{at}"),
                "type": dice.one_of(&["text", "number"]),
                "nullable": dice.bool(),
                "description": dice.text(),
            });
            sparse(field, &["description"], dice)
        })
        .collect();
    let mut row = json!({
        "id": format!("dataset-{n}"),
        "analytics_id": format!("analytics-{n}"),
        "name": dice.text(),
        "title": dice.text(),
        "row_count": dice.integer(),
        "byte_count": dice.integer(),
        "completeness": dice.double(),
        "quality": dice.double(),
        "is_public": dice.bool(),
        "deprecated": dice.bool(),
        "price": dice.money(),
        "created_on": dice.date(),
        "refreshed_at": dice.timestamp(),
        "checksum": dice.base64(),
        "type": dice.one_of(&["table", "view", "stream", "materialized view"]),
        "fields": fields,
    });
    let owner = json!({ "customer_id": dice.text(), "email": "someone@example.org" });
    row["owner"] = sparse(owner, &["email"], dice);
    let nullable = [
        "title",
        "byte_count",
        "completeness",
        "deprecated",
        "price",
        "refreshed_at",
        "checksum",
        "type",
        "owner",
    ];
    sparse(row, &nullable, dice)
}
