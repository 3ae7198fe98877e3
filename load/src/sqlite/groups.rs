//! Rows in place of all that have their merge key: they wait in a table of their own until the last
//! has come, since a later page may hold more of a group that an earlier one began.

use super::table::{columns, definition, quote};
use crate::Target;

/// The table that they wait in, of this connection alone. A transaction that does not end leaves
/// nothing of it.
const WAITING: &str = "temp._rest_source_waiting";
/// Its column for the order in which they came.
const ORDER: &str = "_rest_source_order";

/// The statement that makes the table.
pub(super) fn create(target: &Target) -> String {
    let columns = columns(target.resource.table).iter().map(definition);
    let columns: Vec<String> = columns.collect();
    format!(
        "CREATE TEMPORARY TABLE _rest_source_waiting ({ORDER} INTEGER PRIMARY KEY, {}) STRICT",
        columns.join(", ")
    )
}

/// The statement that writes a row, with a parameter for each column.
pub(super) fn insert(target: &Target) -> String {
    let names = names(target);
    let values = vec!["?"; names.len()].join(", ");
    format!(
        "INSERT INTO {WAITING} ({}) VALUES ({values})",
        names.join(", ")
    )
}

/// The statements that put what waits in its place. Of the rows of one primary key the last is taken,
/// wherever the one that is there belongs.
pub(super) fn settle(target: &Target) -> Vec<String> {
    let table = quote(target.resource.table.name);
    let names = names(target).join(", ");
    let merge_key: Vec<String> = target.merge_key().map(quote).collect();
    let key: Vec<String> = target.key().map(quote).collect();
    let delete = |key: &[String]| {
        let key = key.join(", ");
        format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {WAITING})")
    };
    let mut statements = vec![delete(&merge_key)];
    let mut last = String::new();
    if !key.is_empty() {
        statements.push(delete(&key));
        let key = key.join(", ");
        last = format!(" WHERE {ORDER} IN (SELECT max({ORDER}) FROM {WAITING} GROUP BY {key})");
    }
    statements.push(format!(
        "INSERT INTO {table} ({names}) SELECT {names} FROM {WAITING}{last} ORDER BY {ORDER}"
    ));
    statements.push(format!("DROP TABLE {WAITING}"));
    statements
}

fn names(target: &Target) -> Vec<String> {
    let columns = columns(target.resource.table).iter();
    columns.map(|column| quote(column.name)).collect()
}
