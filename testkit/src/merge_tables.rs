//! Merge tables: the rows that every destination has after the same loads.
//!
//! `merge_tables.yaml` has the cases. [`check_merge_tables`] runs them against a destination, and compares the rows that
//! a [`TestDestination`] reads back.

#![expect(clippy::panic, reason = "it is part of tests")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use rest_source::{Client, Column, Timestamp, Type};
use rest_source_load::{BoxFuture, Destination, Loading};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{ScriptedTransport, lock, response};

/// A destination under test: empty, and with a way to read back what loads stored.
pub trait TestDestination {
    /// Opens it, as a new process would.
    fn open(&self) -> BoxFuture<'_, Box<dyn Destination>>;

    /// Reads the rows of a table of a resource, in any order.
    fn rows<'a>(&'a self, resource: &'a str, table: &'a str) -> BoxFuture<'a, Vec<StoredRow>>;
}

/// The values of a row by their columns, as texts; null may be left out. Booleans may be `1` and `0`, timestamps and
/// decimals in any form, bytes are in base64, lists and objects JSON.
pub type StoredRow = BTreeMap<String, Option<String>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    resource: Value,
    loads: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    resource: Option<Value>,
    pages: Vec<Vec<Value>>,
    #[serde(default)]
    full_refresh: bool,
    fails: Option<String>,
    #[serde(default)]
    after: BTreeMap<String, Vec<BTreeMap<String, Value>>>,
}

/// Runs all cases, each against a destination that `create` makes for its name.
///
/// # Panics
///
/// When a table has other rows than it should: the message has all differences.
pub async fn check_merge_tables<D: TestDestination>(create: impl AsyncFn(&str) -> D) {
    let cases: Vec<Case> = serde_yaml::from_str(include_str!("merge_tables.yaml"))
        .unwrap_or_else(|error| panic!("merge_tables.yaml: {error}"));
    assert!(cases.len() > 20, "{}", cases.len());
    let mut differences = Vec::new();
    for case in cases {
        let destination = create(&case.name).await;
        differences.extend(check(case, &destination).await);
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Loads keys that differ beyond microseconds into a destination that does not store these digits.
///
/// # Panics
///
/// When the load does not fail.
pub async fn check_keys_beyond_microseconds(destination: &impl TestDestination) {
    for (key, data_type, moments) in [
        (
            "primary_key",
            "timestamp!",
            [
                "2026-01-01T00:00:00.0000001Z",
                "2026-01-01T00:00:00.0000002Z",
            ],
        ),
        (
            "primary_key",
            "time!",
            ["10:00:00.0000001", "10:00:00.0000002"],
        ),
        (
            "merge_key",
            "timestamp",
            [
                "2026-01-01T00:00:00.0000001Z",
                "2026-01-01T00:00:00.0000002Z",
            ],
        ),
    ] {
        let resource = json!({
            "name": "readings",
            key: "at",
            "write_disposition": "merge",
            "columns": { "at": data_type, "value": "bigint" },
        });
        let pages = vec![moments.map(|at| json!({ "at": at, "value": 1 })).to_vec()];
        let client = client(&resource, pages);
        let opened = destination.open().await;
        let load = Loading::new(&client, &*opened).full_refresh().await;
        let failure = load
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert!(
            failure.contains("`at` has digits beyond microseconds"),
            "{key}: {failure}"
        );
    }
}

/// Runs a case. Returns the differences.
async fn check(case: Case, destination: &impl TestDestination) -> Vec<String> {
    let mut differences = Vec::new();
    let mut resource = case.resource;
    let mut tables = BTreeMap::new();
    for (at, step) in case.loads.into_iter().enumerate() {
        let place = format!("{}, load {}", case.name, at + 1);
        resource = step.resource.unwrap_or(resource);
        let client = client(&resource, step.pages);
        let opened = destination.open().await;
        let mut load = Loading::new(&client, &*opened);
        if step.full_refresh {
            load = load.full_refresh();
        }
        let failure = load.await.err().map(|error| error.to_string());
        drop(opened);
        match (&step.fails, failure) {
            (None, None) => {}
            (Some(expected), Some(found)) if found.contains(expected) => {}
            (None, Some(found)) => differences.push(format!("{place} failed: {found}")),
            (expected, found) => {
                differences.push(format!("{place}: expected {expected:?}, found {found:?}"));
            }
        }
        tables.extend(step.after);
        let name = resource["name"].as_str().unwrap_or_default();
        let columns = columns(&client);
        for (table, expected) in &tables {
            let expected = expected.iter().map(|row| {
                let cells = row.iter().map(|(name, value)| (name.clone(), text(value)));
                normal(&cells.collect(), columns.get(table))
            });
            let found = destination.rows(name, table).await;
            let found = found.iter().map(|row| normal(row, columns.get(table)));
            let (expected, found) = (sorted(expected), sorted(found));
            if expected != found {
                differences.push(format!(
                    "{place}, table `{table}`:\n  expected {expected:?}\n  found    {found:?}"
                ));
            }
        }
    }
    differences
}

/// A client of the resource, whose API answers by these pages.
fn client(resource: &Value, pages: Vec<Vec<Value>>) -> Client {
    let spec = format!(
        "
name: tables
client:
  base_url: https://api.example.com
  paginator: {{ type: page_number, base_page: 1, total_path: pages }}
resource_defaults:
  endpoint: {{ data_selector: items }}
resources: [{resource}]
"
    );
    let count = pages.len();
    let pages = Arc::new(Mutex::new(pages.into_iter()));
    let transport = ScriptedTransport::new(move |_| {
        let items = lock(&pages).next().unwrap_or_default();
        let body = json!({ "pages": count, "items": items });
        Ok(response(200, &[], body.to_string()))
    });
    let builder = rest_source_dynamic::client("merge_tables.yaml", &spec)
        .unwrap_or_else(|error| panic!("{error}\n{spec}"));
    let built = builder.transport(transport).build();
    built.unwrap_or_else(|error| panic!("{error}\n{spec}"))
}

/// The columns of each table.
fn columns(client: &Client) -> BTreeMap<String, Vec<Column>> {
    let resources = client.plan().resources.iter();
    let tables = resources.flat_map(|resource| {
        let children = resource.child_tables().into_iter();
        let children = children.map(|child| child.table);
        std::iter::once(resource.table.clone()).chain(children)
    });
    let named = tables.map(|table| (table.name.to_string(), table.columns.to_vec()));
    named.collect()
}

/// A value of a case as a text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The row without nulls, each value in the one form of its column's type.
fn normal(row: &StoredRow, columns: Option<&Vec<Column>>) -> BTreeMap<String, String> {
    let cells = row.iter().filter_map(|(name, value)| {
        let columns = columns.map_or(&[][..], Vec::as_slice);
        let column = columns.iter().find(|column| column.name == *name);
        let value = value.clone()?;
        Some((
            name.clone(),
            column.map_or(value.clone(), |column| of_type(&column.data_type, value)),
        ))
    });
    cells.collect()
}

/// The one form of a value of this type.
fn of_type(data_type: &Type, value: String) -> String {
    match data_type {
        Type::Bool if value == "1" => "true".to_owned(),
        Type::Bool if value == "0" => "false".to_owned(),
        Type::Double => value
            .parse()
            .map_or(value, |number: f64| number.to_string()),
        Type::Timestamp(_) => value
            .replacen(' ', "T", 1)
            .replace(' ', "")
            .parse()
            .map_or(value, |at: Timestamp| at.to_string()),
        Type::Decimal { .. } | Type::Time if value.contains('.') => {
            value.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Type::Json | Type::Object(_) | Type::Array(_) | Type::Map(_) | Type::Union(_) => {
            let json: Result<Value, _> = serde_json::from_str(&value);
            json.map_or(value, |json| without_nulls(json).to_string())
        }
        _ => value,
    }
}

/// An object without its nulls: some destinations store absent values as null. Numbers as doubles.
fn without_nulls(json: Value) -> Value {
    match json {
        Value::Object(object) => object
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        Value::Array(list) => list.into_iter().map(without_nulls).collect(),
        Value::Number(number) if number.as_i64().is_none() => {
            number.as_f64().map_or(Value::Number(number), |double| {
                // -2.0 and -2 are one number.
                match double.to_string().parse::<i64>() {
                    Ok(integer) => integer.into(),
                    Err(_) => double.into(),
                }
            })
        }
        other => other,
    }
}

fn sorted(rows: impl Iterator<Item = BTreeMap<String, String>>) -> Vec<BTreeMap<String, String>> {
    let mut rows: Vec<_> = rows.collect();
    rows.sort();
    rows
}
