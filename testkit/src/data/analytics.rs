//! The APIs of `specs/analytics_api_key.yaml` and `specs/analytics_oauth2.yaml`.

use serde_json::{Value, json};

use super::{CLIENT_ID, CLIENT_SECRET, Dice, key, sparse};
use crate::{Access, Api, Dataset};

/// One resource behind a key.
pub fn analytics_api_key() -> Api {
    let data = Dataset::new("resource_name", "/v1/resource", 420, measurement);
    Api::new(key(), vec![data])
}

/// One resource behind OAuth 2.0 client credentials.
pub fn analytics_oauth2() -> Api {
    let access = Access::Token {
        client_id: CLIENT_ID.to_owned(),
        client_secret: CLIENT_SECRET.to_owned(),
    };
    let data = Dataset::new("resource_name", "/v1/resource", 505, check);
    Api::new(access, vec![data])
}

fn measurement(n: u64) -> Value {
    let dice = &mut Dice::new("analytics_api_key", n);
    let row = json!({
        "id": format!("record-{n}"),
        "name": dice.text(),
        "customer_id": format!("customer-{}", n % 17),
        "value": dice.double(),
        "previous_value": dice.double(),
        "count": dice.integer(),
        "rank": dice.integer(),
        "is_estimate": dice.bool(),
        "reviewed": dice.bool(),
        "amount": dice.decimal(),
        "day": dice.date(),
        "current_timestamp": dice.timestamp(),
        "dimensions": { "region": dice.text(), "a b": dice.text(), "nothing": null },
        "series": dice.some(4, |dice| dice.below(9).checked_sub(2).map(|_| dice.double())),
    });
    let nullable = [
        "name",
        "previous_value",
        "rank",
        "reviewed",
        "current_timestamp",
        "dimensions",
    ];
    sparse(row, &nullable, dice)
}

fn check(n: u64) -> Value {
    let dice = &mut Dice::new("analytics_oauth2", n);
    let mut row = json!({
        "id": format!("record-{n}"),
        "analytics_id": format!("analytics-{:x}", n * 7919),
        "name": dice.text(),
        "value": dice.double(),
        "previous_value": dice.double(),
        "count": dice.integer(),
        "rank": dice.integer(),
        "is_estimate": dice.bool(),
        "reviewed": dice.bool(),
        "created_at": dice.timestamp(),
        "checked_at": dice.timestamp(),
        "day": dice.date(),
        "notes": dice.some(3, Dice::text),
    });
    let origin = json!({ "system": dice.text(), "version": dice.text() });
    row["origin"] = sparse(origin, &["version"], dice);
    let nullable = [
        "name",
        "previous_value",
        "rank",
        "reviewed",
        "checked_at",
        "day",
        "origin",
    ];
    sparse(row, &nullable, dice)
}
