//! Changes of a spec that a stored table follows: renamed columns and wider types.

use rest_source::{Column, Result};

use super::{
    database::{Database, StoredColumn, as_flag},
    table::{quote, stored_as},
};
use crate::Target;

/// The largest integer up to which a double has every integer.
const EXACT_IN_DOUBLE: i64 = 1 << 53;

/// The statement that renames the stored column of the old name, if it has not been renamed yet, or of a name that
/// differs by case, where that is another name. The stored columns have the new name from then on.
///
/// # Errors
///
/// Why it cannot be renamed: the table has both names.
pub(super) fn rename(
    table: &str,
    column: &Column,
    stored: &mut [StoredColumn],
    ignores_case: bool,
) -> Result<Option<String>, String> {
    let differs_by_case = !ignores_case && stored.iter().all(|one| one.name != *column.name);
    if differs_by_case && let Some(found) = stored.iter_mut().find(|one| one.is(&column.name)) {
        return Ok(Some(rename_to(table, found, column)));
    }
    let Some(old) = &column.renamed_from else {
        return Ok(None);
    };
    let has_new = stored.iter().any(|stored| stored.is(&column.name));
    let Some(found) = stored.iter_mut().find(|stored| stored.is(old)) else {
        return Ok(None);
    };
    if has_new {
        return Err(format!(
            "it has a column `{}` and a column `{old}`, from which the spec renames it: drop one of them, or remove \
             `renamed_from`",
            column.name
        ));
    }
    Ok(Some(rename_to(table, found, column)))
}

fn rename_to(table: &str, found: &mut StoredColumn, column: &Column) -> String {
    let (table, from, to) = (quote(table), quote(&found.name), quote(&column.name));
    found.name = column.name.to_string();
    format!("ALTER TABLE {table} RENAME COLUMN {from} TO {to}")
}

/// The statements that widen the type of a stored column, where every value keeps its meaning. `present_name` is its
/// name before it is renamed.
///
/// # Errors
///
/// The inner error: why it cannot be widened, for the end of a message.
pub(super) fn widen(
    db: &mut dyn Database,
    target: &Target,
    column: &Column,
    (stored, present_name): (&StoredColumn, &str),
    was: Option<&str>,
) -> Result<Result<Vec<String>, &'static str>> {
    let now = stored_as(&column.data_type);
    let Some(was) = was.filter(|was| is_wider(was, now)) else {
        return Ok(Err(""));
    };
    // The state and the tables of lists hold values of the old type.
    if stored.key > 0 {
        return Ok(Err(", and the type of a key column cannot be widened"));
    }
    if is_cursor(target, &column.name) {
        return Ok(Err(", and the type of the cursor cannot be widened"));
    }
    let table = &target.resource.table.name;
    if (was, now) == ("bigint", "double") {
        let name = quote(present_name);
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM {} WHERE {name} NOT BETWEEN -{EXACT_IN_DOUBLE} AND {EXACT_IN_DOUBLE})",
            quote(table)
        );
        let found = db.query(&sql, &[])?;
        if found.first().is_some_and(|row| as_flag(row.first())) {
            return Ok(Err(
                ", which does not have all of its integers: use decimal",
            ));
        }
    }
    let widened = db.change_type(table, column, was)?;
    Ok(widened.ok_or(""))
}

/// Whether each value of the first stored form is a value of the second.
fn is_wider(was: &str, now: &str) -> bool {
    matches!(
        (was, now),
        ("bigint", "double" | "decimal" | "text")
            | ("decimal" | "bool" | "date" | "time", "text")
            | ("date", "timestamp")
    )
}

fn is_cursor(target: &Target, column: &str) -> bool {
    let incremental = target.resource.incremental.as_ref();
    let at = incremental.and_then(|incremental| incremental.column);
    let cursor = at.and_then(|at| target.resource.table.columns.get(usize::from(at)));
    cursor.is_some_and(|cursor| cursor.name == *column)
}
