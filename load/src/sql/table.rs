//! The SQL of a resource's table: `CREATE`, the comparison with the existing table, and `INSERT`.

use rest_source::{Column, Result, Table, Type};

use super::{
    database::{Database, StoredColumn},
    schema_changes,
    state::RecordedTable,
};
use crate::{Target, Writing, timestamp_text};

/// The only column of an untyped resource: the whole record.
static RECORD: Column = Column::record();

/// The stored columns: all but lists that are tables of their own.
pub fn columns(table: &Table) -> Vec<&Column> {
    if table.columns.is_empty() {
        return vec![&RECORD];
    }
    let columns = table.columns.iter();
    columns.filter(|column| column.table.is_none()).collect()
}

/// The positions of the stored columns.
fn positions(table: &Table) -> Vec<usize> {
    if table.columns.is_empty() {
        return vec![0];
    }
    let columns = table.columns.iter().enumerate();
    let stored = columns.filter(|(_, column)| column.table.is_none());
    stored.map(|(at, _)| at).collect()
}

/// How an existing table compares with the one that the spec needs.
#[derive(Debug, PartialEq)]
pub(super) enum TableFit {
    /// The table does not exist.
    Missing,
    /// It fits after these statements, possibly none.
    Alter(Vec<String>),
    /// It cannot be altered to fit, for this reason.
    Incompatible(String),
}

/// Compares the existing table with the target.
pub(super) fn compare(
    db: &mut dyn Database,
    target: &Target,
    recorded: Option<&RecordedTable>,
) -> Result<TableFit> {
    compare_in_words(db, target, recorded, &mut Vec::new())
}

/// The same, and adds what the statements do to `changes`, in words.
pub(super) fn compare_in_words(
    db: &mut dyn Database,
    target: &Target,
    recorded: Option<&RecordedTable>,
    changes: &mut Vec<String>,
) -> Result<TableFit> {
    let table = &target.resource.table;
    let mut stored = db.stored_columns(&table.name)?;
    if stored.is_empty() {
        return Ok(TableFit::Missing);
    }
    let ignores_case = db.ignores_case();
    let before = stored.clone();
    let mut statements = Vec::new();
    let stamps = stamps(target);
    let wanted = columns(table).into_iter();
    let wanted: Vec<&Column> = wanted
        .chain(stamps.iter().map(|(column, _)| column))
        .collect();
    for column in &wanted {
        match schema_changes::rename(&table.name, column, &mut stored, ignores_case) {
            Ok(None) => {}
            Ok(Some(renamed)) => {
                changes.push(format!("rename a column to `{}`", column.name));
                statements.push(renamed);
            }
            Err(reason) => return Ok(TableFit::Incompatible(reason)),
        }
    }
    if let Some(reason) = key_difference(target, &stored) {
        return Ok(TableFit::Incompatible(reason));
    }
    for column in &wanted {
        let found = stored.iter().zip(&before);
        let Some((stored, before)) = found
            .into_iter()
            .find(|(stored, _)| stored.is(&column.name))
        else {
            changes.push(format!("add the column `{}`", column.name));
            statements.push(format!(
                "ALTER TABLE {} ADD COLUMN {}",
                quote(&table.name),
                // Existing rows have no value for it.
                db.definition(&Column::clone(column).nullable())
            ));
            continue;
        };
        let now = stored_as(&column.data_type);
        let was = recorded.and_then(|recorded| recorded.type_of(column));
        let sql_type = db.sql_type(&column.data_type);
        let has_sql_type = stored.sql_type.eq_ignore_ascii_case(&sql_type);
        if was.is_none_or(|was| was == now) && has_sql_type {
            continue;
        }
        match schema_changes::widen(db, target, column, (stored, &before.name), was)? {
            Ok(widened) => {
                let was = was.unwrap_or(&stored.sql_type);
                changes.push(format!(
                    "widen the column `{}` from {was} to {now}",
                    column.name
                ));
                statements.extend(widened);
            }
            Err(why) => {
                return Ok(TableFit::Incompatible(format!(
                    "its column `{}` holds {}, the spec's holds {now}{why}",
                    column.name,
                    was.unwrap_or(&stored.sql_type),
                )));
            }
        }
    }
    for stored in &stored {
        if stored.rejects_null() && may_be_null(target, &stored.name) {
            let (table, column) = (quote(&table.name), quote(&stored.name));
            changes.push(format!("allow null in the column `{}`", stored.name));
            statements.push(format!(
                "ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL"
            ));
        }
    }
    Ok(TableFit::Alter(statements))
}

/// How the stored table's primary key differs from the target's, if it does.
fn key_difference(target: &Target, stored: &[StoredColumn]) -> Option<String> {
    let mut found: Vec<_> = stored.iter().filter(|column| column.key > 0).collect();
    found.sort_by_key(|column| column.key);
    let found: Vec<_> = found.iter().map(|column| column.name.as_str()).collect();
    let wanted: Vec<_> = target.key().collect();
    let list = |names: &[&str]| match names {
        [] => "no key".to_owned(),
        names => format!("the key {}", names.join(", ")),
    };
    (found != wanted).then(|| format!("it has {}, not {}", list(&found), list(&wanted)))
}

/// Whether a load may write a null to a column. True also for a column that the spec no longer declares.
fn may_be_null(target: &Target, name: &str) -> bool {
    columns(&target.resource.table)
        .into_iter()
        .find(|column| column.name.eq_ignore_ascii_case(name))
        .is_none_or(|column| column.nullable)
}

/// The columns that say which load wrote a row, and their values as SQL literals; none unless the caller wants them.
/// Rows of loads without them have null.
pub(super) fn stamps(target: &Target) -> Vec<(Column, String)> {
    let Some(time) = target.stamp else {
        return Vec::new();
    };
    let stamp = |name: &'static str, data_type: Type, value: &str| {
        let literal = format!("'{}'", value.replace('\'', "''"));
        (Column::new(name, data_type).nullable(), literal)
    };
    vec![
        stamp(Target::LOADED_AT, Type::TIMESTAMP, &timestamp_text(time)),
        stamp(Target::LOAD_ID, Type::Text, &target.run),
    ]
}

/// The statements that create the table.
pub(super) fn create(db: &dyn Database, target: &Target) -> Vec<String> {
    let table = &target.resource.table;
    let mut parts = definitions(db, table);
    parts.extend(
        stamps(target)
            .iter()
            .map(|(column, _)| db.definition(column)),
    );
    let key: Vec<String> = target.key().map(quote).collect();
    if !key.is_empty() {
        parts.push(format!("PRIMARY KEY ({})", key.join(", ")));
    }
    db.create_table(&table.name, &parts)
}

/// The definitions of the stored columns.
pub(super) fn definitions(db: &dyn Database, table: &Table) -> Vec<String> {
    let columns = columns(table).into_iter();
    columns.map(|column| db.definition(column)).collect()
}

/// The definition of a column of this SQL type.
pub(super) fn definition(column: &Column, sql_type: &str) -> String {
    let name = quote(&column.name);
    let not_null = if column.nullable { "" } else { " NOT NULL" };
    format!("{name} {sql_type}{not_null}")
}

/// The stored form of a type. Types of the same stored form may replace each other.
pub fn stored_as(data_type: &Type) -> &'static str {
    match data_type {
        Type::Text | Type::Enum { .. } => "text",
        Type::Json | Type::Object(_) | Type::Array(_) | Type::Map(_) | Type::Union(_) => "json",
        other => other.word(),
    }
}

/// The statements that write rows. Their parameters are `?`.
#[derive(Debug)]
pub struct RowStatements {
    /// `INSERT` of one row, with a parameter for each column.
    pub insert: String,
    /// `INSERT` of [`BATCH`](Self::BATCH) rows likewise.
    pub insert_batch: String,
    /// The positions of these columns in a row.
    pub columns: Vec<usize>,
    /// `DELETE`, with a parameter for each column of the key, and the positions of these columns. `None` if no
    /// row is a deletion, or if the rows have no key.
    pub delete: Option<(String, Vec<usize>)>,
}

impl RowStatements {
    /// The rows of a batch. More are not faster, and a row has at most 2,000 columns, a statement 32,766 parameters.
    pub const BATCH: usize = 10;

    pub(super) fn new(db: &dyn Database, target: &Target) -> Self {
        let table = &target.resource.table;
        let key: Vec<usize> = target
            .key()
            .filter_map(|name| table.position(name))
            .collect();
        let conditions: Vec<String> = target
            .key()
            .map(|name| format!("{} = ?", quote(name)))
            .collect();
        let has_deletions = target.hard_delete().is_some() && !key.is_empty();
        let delete = format!(
            "DELETE FROM {} WHERE {}",
            quote(&table.name),
            conditions.join(" AND ")
        );
        Self {
            insert: upsert_values(db, target, 1),
            insert_batch: upsert_values(db, target, Self::BATCH),
            columns: positions(table),
            delete: has_deletions.then_some((delete, key)),
        }
    }
}

/// The SQL condition for staged rows that are deletions, and for those that are not; `None` if none is.
pub(super) fn deletions(target: &Target) -> Option<(String, String)> {
    let (column, mark) = target.hard_delete()?;
    let name = quote(&column.name);
    if mark.values.is_empty() {
        let (is, is_not) = match column.data_type {
            Type::Bool => ("IS TRUE", "IS NOT TRUE"),
            _ => ("IS NOT NULL", "IS NULL"),
        };
        return Some((format!("{name} {is}"), format!("{name} {is_not}")));
    }
    let values = mark.values.iter();
    let values: Vec<String> = values
        .map(|value| literal(&column.data_type, value))
        .collect();
    let is_marked = format!("({name} IN ({}))", values.join(", "));
    Some((
        format!("{is_marked} IS TRUE"),
        format!("{is_marked} IS NOT TRUE"),
    ))
}

/// A value of a column in SQL: the checks of a spec reject a text with NUL.
fn literal(data_type: &Type, value: &str) -> String {
    match data_type {
        Type::Bigint | Type::Bool => value.to_owned(),
        _ => format!("'{}'", value.replace('\'', "''")),
    }
}

/// The quoted names of the columns.
pub(super) fn names(target: &Target) -> String {
    let columns = columns(&target.resource.table).into_iter();
    let names: Vec<String> = columns.map(|column| quote(&column.name)).collect();
    names.join(", ")
}

/// The beginning of an `INSERT` statement, up to the names of the columns.
fn insert_into(target: &Target) -> String {
    let table = quote(&target.resource.table.name);
    let stamps = stamps(target).into_iter();
    let names = with_stamps(
        &names(target),
        stamps.map(|(column, _)| quote(&column.name)),
    );
    // `excluded` is the new row, also where that is the name of the table.
    format!("INSERT INTO {table} AS stored ({names})")
}

/// What is inserted into these columns: values of the record, and those of the stamps.
fn inserted(target: &Target, record: &str) -> String {
    with_stamps(record, stamps(target).into_iter().map(|(_, value)| value))
}

/// These names or values, and the stamps' after them.
fn with_stamps(first: &str, stamps: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = std::iter::once(first.to_owned()).chain(stamps).collect();
    all.join(", ")
}

/// The `INSERT` statement for rows of another table of the same columns: `from` is its `FROM` clause.
pub(super) fn insert(target: &Target, from: &str) -> String {
    let values = inserted(target, &names(target));
    format!("{} SELECT {values} {from}", insert_into(target))
}

/// Like [`insert`], with an upsert by primary key, unless rows are appended or have no key.
pub(super) fn upsert(db: &dyn Database, target: &Target, from: &str) -> String {
    insert(target, from) + &on_conflict(db, target)
}

/// The `INSERT` statement for so many rows, with a parameter `?` for each column, with an upsert likewise.
fn upsert_values(db: &dyn Database, target: &Target, rows: usize) -> String {
    let parameters = vec!["?"; columns(&target.resource.table).len()].join(", ");
    let row = format!("({})", inserted(target, &parameters));
    let values = vec![row; rows].join(", ");
    format!("{} VALUES {values}", insert_into(target)) + &on_conflict(db, target)
}

/// The `ON CONFLICT` clause of an upsert by primary key; empty if rows are appended or have no key.
fn on_conflict(db: &dyn Database, target: &Target) -> String {
    let key: Vec<String> = target.key().map(quote).collect();
    if key.is_empty() || target.writing == Writing::Append {
        return String::new();
    }
    let stamps = stamps(target);
    let columns = columns(&target.resource.table).into_iter();
    let columns = columns.chain(stamps.iter().map(|(column, _)| column));
    let names = columns.map(|column| quote(&column.name));
    let names: Vec<String> = names.filter(|name| !key.contains(name)).collect();
    let key = key.join(", ");
    if names.is_empty() {
        return format!(" ON CONFLICT ({key}) DO NOTHING");
    }
    let of = |row: &str| -> Vec<String> {
        let columns = names.iter().map(|name| format!("{row}.{name}"));
        columns.collect()
    };
    let (stored, new) = (of("stored"), of("excluded"));
    let updates = names.iter().zip(&new);
    let updates: Vec<String> = updates
        .map(|(name, new)| format!("{name} = {new}"))
        .collect();
    let updates = updates.join(", ");
    // The stamps of each load differ.
    let differs = db.differs(&stored, &new).filter(|_| stamps.is_empty());
    let condition = differs.map_or_else(String::new, |differs| format!(" WHERE {differs}"));
    format!(" ON CONFLICT ({key}) DO UPDATE SET {updates}{condition}")
}

/// Quotes a name as an SQL identifier.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
