//! The API of `specs/call_center_overview.yaml`.

use serde_json::{Value, json};

use super::{Dice, key, sparse};
use crate::{Api, Dataset};

/// Three overviews behind a key. Accounts and agents can be asked for what has changed.
pub fn call_center_overview() -> Api {
    Api::new(
        key(),
        vec![
            Dataset::new("account_overview", "/v1/account_overview", 230, account)
                .since("since", "current_timestamp"),
            Dataset::new("agents_overview", "/v1/agents_overview", 310, agent)
                .since("since", "current_timestamp"),
            Dataset::new(
                "current_queue_activity",
                "/v1/current_queue_activity",
                40,
                queue,
            ),
        ],
    )
}

fn account(n: u64) -> Value {
    let dice = &mut Dice::new("account_overview", n);
    let mut row = json!({
        "id": format!("account-{n}"),
        "name": dice.text(),
        "customer_id": format!("customer-{}", n / 3),
        "current_timestamp": dice.changed(),
        "total_calls": dice.integer(),
        "missed_calls": dice.integer(),
        "answer_rate": dice.double(),
        "is_active": dice.bool(),
        "on_trial": dice.bool(),
        "credit": dice.money(),
        "opened_on": dice.date(),
        "closed_on": dice.date(),
        "labels": dice.some(3, Dice::text),
    });
    let address = json!({ "city": dice.text(), "country": dice.text() });
    row["address"] = sparse(address, &["city"], dice);
    let nullable = [
        "missed_calls",
        "answer_rate",
        "on_trial",
        "credit",
        "closed_on",
        "address",
    ];
    sparse(row, &nullable, dice)
}

fn agent(n: u64) -> Value {
    let dice = &mut Dice::new("agents_overview", n);
    let row = json!({
        "id": n + 1,
        "name": dice.name(),
        "customer_id": format!("customer-{}", n / 5),
        "current_timestamp": dice.changed(),
        "status": dice.one_of(&["available", "busy", "wrap_up", "offline", "on a break"]),
        "calls_taken": dice.integer(),
        "average_handle_seconds": dice.double(),
        "satisfaction": dice.double(),
        "is_supervisor": dice.bool(),
        "do_not_disturb": dice.bool(),
        "shift_starts": dice.time(),
        "shift_ends": dice.time(),
        "hired_on": dice.date(),
        "skills": dice.some(4, Dice::text),
    });
    let nullable = [
        "customer_id",
        "average_handle_seconds",
        "do_not_disturb",
        "shift_ends",
        "hired_on",
        "skills",
    ];
    sparse(row, &nullable, dice)
}

fn queue(n: u64) -> Value {
    let dice = &mut Dice::new("current_queue_activity", n);
    let callers: Vec<Value> = (0..dice.below(4))
        .map(|position| {
            let caller = json!({
                "customer_id": format!("customer-{}", dice.below(100)),
                "position": position,
                "waited_seconds": dice.double(),
            });
            sparse(caller, &["waited_seconds"], dice)
        })
        .collect();
    let row = json!({
        "id": format!("queue-{n}"),
        "name": dice.text(),
        "current_timestamp": dice.timestamp(),
        "waiting": dice.integer(),
        "longest_wait_seconds": dice.double(),
        "service_level": dice.double(),
        "is_open": dice.bool(),
        "overflowing": dice.bool(),
        "next_opening": dice.timestamp(),
        "callers": callers,
    });
    let nullable = [
        "name",
        "longest_wait_seconds",
        "overflowing",
        "next_opening",
    ];
    sparse(row, &nullable, dice)
}
