//! The SQL of a resource's table: `CREATE`, the comparison with the existing table, and `INSERT`.

use rest_source::{Column, Table, Type};
use rusqlite::{Connection, OptionalExtension, Result};

use super::state::RecordedTable;
use crate::{Target, Writing};

/// The only column of an untyped resource: the whole record.
static RECORD: Column = Column::record();

/// The stored columns: all but lists that are tables of their own.
pub(super) fn columns(table: &Table) -> Vec<&Column> {
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

/// What has the name of a resource's table in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existing {
    Table { is_strict: bool },
    View,
}

/// What has the table's name in the database, if anything.
pub(super) fn existing(db: &Connection, name: &str) -> Result<Option<Existing>> {
    db.query_row(
        "SELECT type = 'view', strict FROM pragma_table_list(?1) WHERE schema = 'main'",
        [name],
        |row| {
            let is_view = row.get(0)?;
            let is_strict = row.get(1)?;
            Ok(if is_view {
                Existing::View
            } else {
                Existing::Table { is_strict }
            })
        },
    )
    .optional()
}

/// Compares the existing table with the target.
pub(super) fn compare(
    db: &Connection,
    target: &Target,
    recorded: Option<&RecordedTable>,
) -> Result<TableFit> {
    let table = &target.resource.table;
    let stored = stored_columns(db, &table.name)?;
    if stored.is_empty() {
        return Ok(TableFit::Missing);
    }
    if let Some(reason) = key_difference(target, &stored) {
        return Ok(TableFit::Incompatible(reason));
    }

    let mut statements = Vec::new();
    for column in columns(table) {
        match stored
            .iter()
            .find(|s| s.name.eq_ignore_ascii_case(&column.name))
        {
            None => statements.push(format!(
                "ALTER TABLE {} ADD COLUMN {}",
                quote(&table.name),
                // Existing rows have no value for it.
                definition(&Column::clone(column).nullable())
            )),
            Some(stored) => {
                let now = stored_as(&column.data_type);
                let was = recorded.and_then(|recorded| recorded.type_of(&column.name));
                if was.is_some_and(|was| was != now)
                    || !stored
                        .sql_type
                        .eq_ignore_ascii_case(sql_type(&column.data_type))
                {
                    return Ok(TableFit::Incompatible(format!(
                        "its column `{}` holds {}, the spec's holds {now}",
                        column.name,
                        was.unwrap_or(&stored.sql_type),
                    )));
                }
            }
        }
    }
    statements.extend(
        stored
            .iter()
            .filter(|stored| stored.rejects_null() && may_be_null(table, &stored.name))
            .map(|stored| {
                let (table, column) = (quote(&table.name), quote(&stored.name));
                format!("ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL")
            }),
    );
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
fn may_be_null(table: &Table, name: &str) -> bool {
    columns(table)
        .into_iter()
        .find(|column| column.name.eq_ignore_ascii_case(name))
        .is_none_or(|column| column.nullable)
}

/// A column of an existing table.
struct StoredColumn {
    name: String,
    sql_type: String,
    not_null: bool,
    has_default: bool,
    /// Its position in the primary key, from 1; 0 if it is not part of it.
    key: u32,
}

impl StoredColumn {
    fn rejects_null(&self) -> bool {
        self.not_null && !self.has_default && self.key == 0
    }
}

fn stored_columns(db: &Connection, table: &str) -> Result<Vec<StoredColumn>> {
    db.prepare(
        "SELECT name, type, \"notnull\", dflt_value IS NOT NULL, pk FROM pragma_table_info(?1)",
    )?
    .query_map([table], |row| {
        Ok(StoredColumn {
            name: row.get(0)?,
            sql_type: row.get(1)?,
            not_null: row.get(2)?,
            has_default: row.get(3)?,
            key: row.get(4)?,
        })
    })?
    .collect()
}

/// The `CREATE TABLE` statement.
pub(super) fn create(target: &Target) -> String {
    let table = &target.resource.table;
    let mut parts: Vec<String> = columns(table).into_iter().map(definition).collect();
    let key: Vec<String> = target.key().map(quote).collect();
    if !key.is_empty() {
        parts.push(format!("PRIMARY KEY ({})", key.join(", ")));
    }
    let name = quote(&table.name);
    format!(
        "CREATE TABLE {name} (\n    {}\n) STRICT",
        parts.join(",\n    ")
    )
}

pub(super) fn definition(column: &Column) -> String {
    let name = quote(&column.name);
    let not_null = if column.nullable { "" } else { " NOT NULL" };
    let check = match column.data_type {
        Type::Bool => format!(" CHECK ({name} IN (0, 1))"),
        _ => String::new(),
    };
    format!("{name} {}{not_null}{check}", sql_type(&column.data_type))
}

fn sql_type(data_type: &Type) -> &'static str {
    match stored_as(data_type) {
        "bigint" | "bool" => "INTEGER",
        "double" => "REAL",
        "binary" => "BLOB",
        "scalar" => "ANY",
        _ => "TEXT",
    }
}

/// The stored form of a type. Types of the same stored form may replace each other.
pub(super) fn stored_as(data_type: &Type) -> &'static str {
    match data_type {
        Type::Text | Type::Enum { .. } => "text",
        Type::Json | Type::Object(_) | Type::Array(_) | Type::Map(_) | Type::Union(_) => "json",
        other => other.word(),
    }
}

/// The statements that write one row.
#[derive(Debug)]
pub(super) struct RowStatements {
    /// `INSERT`, with a parameter for each column.
    pub(super) insert: String,
    /// The positions of these columns in a row.
    pub(super) columns: Vec<usize>,
    /// `DELETE`, with a parameter for each column of the key, and the positions of these columns. `None` if no
    /// row is a deletion, or if the rows have no key.
    pub(super) delete: Option<(String, Vec<usize>)>,
}

impl RowStatements {
    pub(super) fn new(target: &Target) -> Self {
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
            insert: upsert(target, &values(target)),
            columns: positions(table),
            delete: has_deletions.then_some((delete, key)),
        }
    }
}

/// The SQL condition for staged rows that are deletions, and for those that are not; `None` if none is.
pub(super) fn deletions(target: &Target) -> Option<(String, String)> {
    let (_, column) = target.hard_delete()?;
    let name = quote(&column.name);
    let (is, is_not) = match column.data_type {
        Type::Bool => ("IS TRUE", "IS NOT TRUE"),
        _ => ("IS NOT NULL", "IS NULL"),
    };
    Some((format!("{name} {is}"), format!("{name} {is_not}")))
}

/// `VALUES`, with a parameter for each column.
pub(super) fn values(target: &Target) -> String {
    let parameters = vec!["?"; columns(&target.resource.table).len()].join(", ");
    format!("VALUES ({parameters})")
}

/// The quoted names of the columns.
pub(super) fn names(target: &Target) -> String {
    let columns = columns(&target.resource.table).into_iter();
    let names: Vec<String> = columns.map(|column| quote(&column.name)).collect();
    names.join(", ")
}

/// The `INSERT` statement of these rows: an upsert by primary key, unless rows are appended or have no key.
pub(super) fn upsert(target: &Target, rows: &str) -> String {
    let table = &target.resource.table;
    let insert = format!(
        "INSERT INTO {} ({}) {rows}",
        quote(&table.name),
        names(target)
    );
    let key: Vec<String> = target.key().map(quote).collect();
    if key.is_empty() || target.writing == Writing::Append {
        return insert;
    }
    let names = columns(table).into_iter();
    let names = names.map(|column| quote(&column.name));
    let updates: Vec<String> = names
        .filter(|name| !key.contains(name))
        .map(|name| format!("{name} = excluded.{name}"))
        .collect();
    let action = match updates.as_slice() {
        [] => "NOTHING".to_owned(),
        updates => format!("UPDATE SET {}", updates.join(", ")),
    };
    format!("{insert} ON CONFLICT ({}) DO {action}", key.join(", "))
}

/// The `CREATE` statements of the table's indexes and triggers, which users added.
pub(super) fn dependent_objects(db: &Connection, target: &Target) -> Result<Vec<String>> {
    db.prepare(
        "SELECT sql FROM sqlite_master
         WHERE tbl_name = ?1 COLLATE NOCASE AND type IN ('index', 'trigger') AND sql IS NOT NULL",
    )?
    .query_map([&*target.resource.table.name], |row| row.get(0))?
    .collect()
}

/// Quotes a name as an SQL identifier.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use rest_source::{
        plan::{ResourcePlan, WriteDisposition},
        shared::{Ref, Ref::Static, list},
    };

    use super::*;

    static BEFORE: Table = Table::new(
        "order",
        list![
            Column::new("id", Type::Bigint).primary_key(),
            Column::new("na\"me", Type::Text),
            Column::new("open", Type::Bool).nullable(),
            Column::new(
                "tags",
                Type::Array(Static(const { &Column::new("tags", Type::Text) }))
            ),
        ],
    );

    fn target(table: Ref<Table>, disposition: WriteDisposition) -> Target {
        let resource = ResourcePlan {
            name: table.name.clone(),
            table,
            write_disposition: disposition,
            ..ResourcePlan::DEFAULT
        };
        Target {
            source: Static("shop"),
            resource: resource.into(),
            writing: match disposition {
                WriteDisposition::Merge => Writing::Merge,
                _ => Writing::Append,
            },
            only: Vec::new(),
            full_refresh: false,
            keep_state: false,
            request: rest_source::Fingerprint::default(),
            settings: Vec::new(),
        }
    }

    fn made(disposition: WriteDisposition) -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(&create(&target(Static(&BEFORE), disposition)))
            .unwrap();
        db
    }

    /// Compares the table created from `BEFORE` with these columns.
    fn compare_to(columns: Vec<Column>) -> TableFit {
        let table = Table::new("order", columns.into()).into();
        let db = made(WriteDisposition::Merge);
        compare(&db, &target(table, WriteDisposition::Merge), None).unwrap()
    }

    #[test]
    fn create_and_insert_follow_the_spec() {
        let target = target(Static(&BEFORE), WriteDisposition::Merge);
        assert_eq!(
            create(&target),
            r#"CREATE TABLE "order" (
    "id" INTEGER NOT NULL,
    "na""me" TEXT NOT NULL,
    "open" INTEGER CHECK ("open" IN (0, 1)),
    "tags" TEXT NOT NULL,
    PRIMARY KEY ("id")
) STRICT"#
        );
        assert_eq!(
            RowStatements::new(&target).insert,
            r#"INSERT INTO "order" ("id", "na""me", "open", "tags") VALUES (?, ?, ?, ?) "#
                .to_owned()
                + r#"ON CONFLICT ("id") DO UPDATE SET "na""me" = excluded."na""me", "#
                + r#""open" = excluded."open", "tags" = excluded."tags""#
        );
        let db = made(WriteDisposition::Merge);
        assert_eq!(
            compare(&db, &target, None).unwrap(),
            TableFit::Alter(vec![])
        );
    }

    #[test]
    fn an_appended_table_has_no_key() {
        let target = target(Static(&BEFORE), WriteDisposition::Append);
        assert!(!create(&target).contains("PRIMARY KEY"));
        assert!(!RowStatements::new(&target).insert.contains("CONFLICT"));
        let db = made(WriteDisposition::Append);
        assert_eq!(
            compare(&db, &target, None).unwrap(),
            TableFit::Alter(vec![])
        );
    }

    #[test]
    fn missing_columns_are_added_and_not_null_is_dropped() {
        let fit = compare_to(vec![
            Column::new("id", Type::Bigint).primary_key(),
            Column::new("na\"me", Type::Text).nullable(),
            Column::new("open", Type::Bool).nullable(),
            Column::new("paid", Type::Bool),
        ]);
        let TableFit::Alter(statements) = fit else {
            panic!("{fit:?}");
        };
        assert_eq!(
            statements,
            [
                r#"ALTER TABLE "order" ADD COLUMN "paid" INTEGER CHECK ("paid" IN (0, 1))"#,
                r#"ALTER TABLE "order" ALTER COLUMN "na""me" DROP NOT NULL"#,
                // The spec no longer declares it.
                r#"ALTER TABLE "order" ALTER COLUMN "tags" DROP NOT NULL"#,
            ]
        );
        let db = made(WriteDisposition::Merge);
        db.execute_batch(&statements.join(";")).unwrap();
        db.execute_batch(r#"INSERT INTO "order" ("id") VALUES (1)"#)
            .unwrap();
    }

    #[test]
    fn changed_type_or_key_is_incompatible() {
        let retyped = compare_to(vec![Column::new("id", Type::Text).primary_key()]);
        let reason = "its column `id` holds INTEGER, the spec's holds text";
        assert_eq!(retyped, TableFit::Incompatible(reason.to_owned()));

        let rekeyed = compare_to(vec![
            Column::new("id", Type::Bigint).primary_key(),
            Column::new("na\"me", Type::Text).primary_key(),
        ]);
        let reason = "it has the key id, not the key id, na\"me";
        assert_eq!(rekeyed, TableFit::Incompatible(reason.to_owned()));

        let db = made(WriteDisposition::Merge);
        let appended = compare(
            &db,
            &target(Static(&BEFORE), WriteDisposition::Append),
            None,
        )
        .unwrap();
        assert_eq!(
            appended,
            TableFit::Incompatible("it has the key id, not no key".to_owned())
        );
    }

    #[test]
    fn type_may_change_only_within_its_stored_form() {
        const REELS: Type = Type::Enum {
            values: list![Static("reel")],
            closed: false,
        };
        static AFTER: Table = Table::new(
            "order",
            list![
                Column::new("id", Type::Bigint).primary_key(),
                Column::new("na\"me", REELS),
                Column::new("open", Type::Bigint),
                Column::new("tags", Type::Json),
            ],
        );
        let recorded = RecordedTable {
            columns: "id bigint\nna\"me text\nopen bool\ntags json\n".to_owned(),
            created_by_load: true,
        };
        let db = made(WriteDisposition::Merge);
        let target = target(Static(&AFTER), WriteDisposition::Merge);
        assert_eq!(
            compare(&db, &target, None).unwrap(),
            TableFit::Alter(vec![])
        );
        let reason = "its column `open` holds bool, the spec's holds bigint";
        assert_eq!(
            compare(&db, &target, Some(&recorded)).unwrap(),
            TableFit::Incompatible(reason.to_owned())
        );
    }
}
