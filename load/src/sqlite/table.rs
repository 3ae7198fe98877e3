//! A resource's table: how it is made, what has become of the one that is there, and the statement
//! that writes a row.

use rest_source::{Column, Table, Type};
use rusqlite::{Connection, Result};

use super::state::KnownTable;
use crate::{Target, Writing};

/// The column of a resource without columns: the whole record.
static RECORD: Column = Column::record();

/// The columns that are stored.
pub(super) fn columns(table: &Table) -> &[Column] {
    if table.columns.is_empty() {
        std::slice::from_ref(&RECORD)
    } else {
        &table.columns
    }
}

/// What the table that is there is to the one that is wanted.
#[derive(Debug, PartialEq)]
pub(super) enum Fit {
    /// There is none.
    Absent,
    /// It serves, after these statements.
    After(Vec<String>),
    /// It does not serve: why.
    Never(String),
}

/// Looks at the table that is there.
pub(super) fn fit(db: &Connection, target: &Target, known: Option<&KnownTable>) -> Result<Fit> {
    let table = &target.resource.table;
    let stored = stored(db, &table.name)?;
    if stored.is_empty() {
        return Ok(Fit::Absent);
    }
    if let Some(reason) = another_key(target, &stored) {
        return Ok(Fit::Never(reason));
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
                // The rows that are there have no value for it.
                definition(&column.clone().nullable())
            )),
            Some(stored) => {
                let now = stored_as(&column.data_type);
                let was = known.and_then(|known| known.type_of(&column.name));
                if was.is_some_and(|was| was != now)
                    || !stored
                        .sql_type
                        .eq_ignore_ascii_case(sql_type(&column.data_type))
                {
                    return Ok(Fit::Never(format!(
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
            .filter(|stored| stored.refuses_null() && takes_null(table, &stored.name))
            .map(|stored| {
                let (table, column) = (quote(&table.name), quote(&stored.name));
                format!("ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL")
            }),
    );
    Ok(Fit::After(statements))
}

/// Why the stored table's key is not the one that is wanted, if it is not.
fn another_key(target: &Target, stored: &[Stored]) -> Option<String> {
    let mut there: Vec<_> = stored.iter().filter(|column| column.key > 0).collect();
    there.sort_by_key(|column| column.key);
    let there: Vec<_> = there.iter().map(|column| column.name.as_str()).collect();
    let wanted: Vec<_> = target.key().collect();
    let list = |names: &[&str]| match names {
        [] => "no key".to_owned(),
        names => format!("the key {}", names.join(", ")),
    };
    (there != wanted).then(|| format!("it has {}, not {}", list(&there), list(&wanted)))
}

/// Whether a null may be written to a column: also where the spec does not have it any more.
fn takes_null(table: &Table, name: &str) -> bool {
    columns(table)
        .iter()
        .find(|column| column.name.eq_ignore_ascii_case(name))
        .is_none_or(|column| column.nullable)
}

/// A column of a table that is there.
struct Stored {
    name: String,
    sql_type: String,
    not_null: bool,
    has_default: bool,
    /// Its place in the key, from 1; 0 where it is not in it.
    key: u32,
}

impl Stored {
    fn refuses_null(&self) -> bool {
        self.not_null && !self.has_default && self.key == 0
    }
}

fn stored(db: &Connection, table: &str) -> Result<Vec<Stored>> {
    db.prepare(
        "SELECT name, type, \"notnull\", dflt_value IS NOT NULL, pk FROM pragma_table_info(?1)",
    )?
    .query_map([table], |row| {
        Ok(Stored {
            name: row.get(0)?,
            sql_type: row.get(1)?,
            not_null: row.get(2)?,
            has_default: row.get(3)?,
            key: row.get(4)?,
        })
    })?
    .collect()
}

/// The statement that makes the table.
pub(super) fn create(target: &Target) -> String {
    let table = &target.resource.table;
    let mut parts: Vec<String> = columns(table).iter().map(definition).collect();
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

/// What a column's values are in the database: types that are stored alike have one word.
pub(super) fn stored_as(data_type: &Type) -> &'static str {
    match data_type {
        Type::Text | Type::Enum { .. } => "text",
        Type::Json | Type::Object(_) | Type::Array(_) | Type::Map(_) | Type::Union(_) => "json",
        other => other.word(),
    }
}

/// The statement that writes a row, with a parameter for each column.
pub(super) fn insert(target: &Target) -> String {
    upsert(target, &values(target))
}

/// `VALUES`, with a parameter for each column.
pub(super) fn values(target: &Target) -> String {
    let parameters = vec!["?"; columns(&target.resource.table).len()].join(", ");
    format!("VALUES ({parameters})")
}

/// The names of the columns, in quotes.
pub(super) fn names(target: &Target) -> String {
    let columns = columns(&target.resource.table).iter();
    let names: Vec<String> = columns.map(|column| quote(&column.name)).collect();
    names.join(", ")
}

/// The statement that writes these rows. Where rows have a key and are not appended, a row takes the
/// place of the one that has its key.
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
    let names = columns(table).iter().map(|column| quote(&column.name));
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

/// The statements of the indexes and triggers that a person made on the table.
pub(super) fn built_on(db: &Connection, target: &Target) -> Result<Vec<String>> {
    db.prepare(
        "SELECT sql FROM sqlite_master
         WHERE tbl_name = ?1 COLLATE NOCASE AND type IN ('index', 'trigger') AND sql IS NOT NULL",
    )?
    .query_map([&*target.resource.table.name], |row| row.get(0))?
    .collect()
}

/// A name as an identifier, whatever is in it.
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

    /// What the table that `BEFORE` made is to this one.
    fn fit_of(columns: Vec<Column>) -> Fit {
        let table = Table::new("order", columns.into()).into();
        let db = made(WriteDisposition::Merge);
        fit(&db, &target(table, WriteDisposition::Merge), None).unwrap()
    }

    #[test]
    fn a_table_has_the_types_the_key_and_the_names_of_the_spec() {
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
            insert(&target),
            r#"INSERT INTO "order" ("id", "na""me", "open", "tags") VALUES (?, ?, ?, ?) "#
                .to_owned()
                + r#"ON CONFLICT ("id") DO UPDATE SET "na""me" = excluded."na""me", "#
                + r#""open" = excluded."open", "tags" = excluded."tags""#
        );
        let db = made(WriteDisposition::Merge);
        assert_eq!(fit(&db, &target, None).unwrap(), Fit::After(vec![]));
    }

    #[test]
    fn an_appended_table_has_no_key() {
        let target = target(Static(&BEFORE), WriteDisposition::Append);
        assert!(!create(&target).contains("PRIMARY KEY"));
        assert!(!insert(&target).contains("CONFLICT"));
        let db = made(WriteDisposition::Append);
        assert_eq!(fit(&db, &target, None).unwrap(), Fit::After(vec![]));
    }

    #[test]
    fn a_table_is_widened_and_its_columns_may_become_nullable() {
        let fit = fit_of(vec![
            Column::new("id", Type::Bigint).primary_key(),
            Column::new("na\"me", Type::Text).nullable(),
            Column::new("open", Type::Bool).nullable(),
            Column::new("paid", Type::Bool),
        ]);
        let Fit::After(statements) = fit else {
            panic!("{fit:?}");
        };
        assert_eq!(
            statements,
            [
                r#"ALTER TABLE "order" ADD COLUMN "paid" INTEGER CHECK ("paid" IN (0, 1))"#,
                r#"ALTER TABLE "order" ALTER COLUMN "na""me" DROP NOT NULL"#,
                // The spec does not have it any more.
                r#"ALTER TABLE "order" ALTER COLUMN "tags" DROP NOT NULL"#,
            ]
        );
        let db = made(WriteDisposition::Merge);
        db.execute_batch(&statements.join(";")).unwrap();
        db.execute_batch(r#"INSERT INTO "order" ("id") VALUES (1)"#)
            .unwrap();
    }

    #[test]
    fn another_type_and_another_key_do_not_fit() {
        let retyped = fit_of(vec![Column::new("id", Type::Text).primary_key()]);
        let reason = "its column `id` holds INTEGER, the spec's holds text";
        assert_eq!(retyped, Fit::Never(reason.to_owned()));

        let rekeyed = fit_of(vec![
            Column::new("id", Type::Bigint).primary_key(),
            Column::new("na\"me", Type::Text).primary_key(),
        ]);
        let reason = "it has the key id, not the key id, na\"me";
        assert_eq!(rekeyed, Fit::Never(reason.to_owned()));

        let db = made(WriteDisposition::Merge);
        let appended = fit(
            &db,
            &target(Static(&BEFORE), WriteDisposition::Append),
            None,
        )
        .unwrap();
        assert_eq!(
            appended,
            Fit::Never("it has the key id, not no key".to_owned())
        );
    }

    #[test]
    fn what_is_stored_alike_may_change_and_what_is_remembered_may_not() {
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
        let known = KnownTable {
            columns: "id bigint\nna\"me text\nopen bool\ntags json\n".to_owned(),
            made: true,
        };
        let db = made(WriteDisposition::Merge);
        let target = target(Static(&AFTER), WriteDisposition::Merge);
        assert_eq!(fit(&db, &target, None).unwrap(), Fit::After(vec![]));
        let reason = "its column `open` holds bool, the spec's holds bigint";
        assert_eq!(
            fit(&db, &target, Some(&known)).unwrap(),
            Fit::Never(reason.to_owned())
        );
    }
}
