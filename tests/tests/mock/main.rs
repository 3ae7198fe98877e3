//! The API in memory that every source has for its users' tests.

#![cfg(test)]

mod access;
mod agree;
mod bodies;
mod changes;
mod everything;
mod faults;
mod jobs;
mod made;
mod paging;
mod records;
mod specs;
mod written;

use rest_source::{
    Client, Path, Result, Rows,
    plan::{ResourcePlan, Selector},
    shared::{Ref, list},
};
use serde_json::Value;

/// The rows of a resource as they come, page after page.
async fn fetched(client: &Client, plan: impl Into<Ref<ResourcePlan>>) -> Result<Vec<String>> {
    let mut pages = client.rows(plan).pages();
    let mut rows = Vec::new();
    while let Some(page) = pages.next().await {
        rows.extend(page?.rows().iter().map(|row| format!("{row:?}")));
    }
    Ok(rows)
}

/// The rows that records are, all in one page and nothing around them.
fn as_one_page(records: &[Value], plan: &ResourcePlan) -> Vec<String> {
    let bare = ResourcePlan {
        selector: Selector::Path(Path(list![])),
        ..plan.clone()
    };
    let rows = Rows::from_page(Value::from(records).to_string(), &bare).unwrap();
    rows.iter().map(|row| format!("{row:?}")).collect()
}
