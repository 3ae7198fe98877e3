//! What a page becomes, and what is said of one that does not fit.

mod extra;
mod fast;
mod faults;
mod keyed;
mod lines;
mod property;
mod selecting;
mod shared;
mod size;
mod types;
mod unread;

use super::{
    Decoded,
    both_passes::{DATA, PAGED, shape},
    decode,
};
use crate::{
    error::Error,
    plan::{ResourcePlan, SchemaContract},
    schema::{Column, Path, Step, Table, Type},
    shared::{Ref::Static, Text, list},
    value::Value,
};

/// A page of one column.
static ID: Table = Table::new(
    "stories",
    list![Column::new("id", Type::Bigint).primary_key().at(31)],
);

fn page(table: &'static Table, body: &str) -> Result<Decoded, Error> {
    decode(body.into(), &shape(&PAGED, table, &[]))
}

fn page_under(contract: SchemaContract, table: &'static Table, body: &str) -> Decoded {
    let resource = ResourcePlan {
        schema_contract: contract,
        ..PAGED.clone()
    };
    decode(body.into(), &shape(&resource, table, &[])).unwrap()
}

/// The rows, as text.
fn rows(decoded: &Decoded) -> Vec<String> {
    let show = |value| match value {
        Value::Absent => "-".to_owned(),
        Value::Null => "null".to_owned(),
        value => value.to_string(),
    };
    let rows = decoded.rows.iter();
    rows.map(|row| row.values().map(show).collect::<Vec<_>>().join(" | "))
        .collect()
}

/// The rows of a page that fits.
fn fitting(table: &'static Table, body: &str) -> Vec<String> {
    let decoded = page(table, body).unwrap();
    if let Some(failure) = decoded.failure {
        panic!("{failure}");
    }
    rows(&decoded)
}

fn failure(table: &'static Table, body: &str) -> String {
    page(table, body).unwrap().failure.unwrap().to_string()
}

fn error(resource: &ResourcePlan, body: &str) -> String {
    decode(body.into(), &shape(resource, &ID, &[]))
        .unwrap_err()
        .to_string()
}
