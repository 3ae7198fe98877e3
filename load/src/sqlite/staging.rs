//! Staging of pages that cannot be committed yet: the newest in memory, the others in a temporary table.
//!
//! The temporary table belongs to this connection and has its own file. Writing to it takes no lock on the
//! database, however long the next page takes to arrive.

use rest_source::{Result, Rows};
use rusqlite::Connection;

use super::{
    bind::bind,
    table::{columns, definition, names, quote, upsert, values},
    writer::{failed, run},
};
use crate::Target;

const TABLE: &str = "temp._rest_source_staging";
/// The most bytes of pages held in memory.
const MAX_BYTES: usize = 8 << 20;

/// The uncommitted pages of one resource.
#[derive(Debug, Default)]
pub(super) struct Staging {
    pages: Vec<Rows>,
    bytes: usize,
    has_table: bool,
}

impl Staging {
    /// Adds a page.
    pub(super) fn push(&mut self, db: &Connection, target: &Target, rows: &Rows) -> Result<()> {
        let bytes = rows.page_bytes();
        if !self.pages.is_empty() && self.bytes + bytes > MAX_BYTES {
            self.spill(db, target)?;
        }
        self.bytes += bytes;
        self.pages.push(rows.clone());
        Ok(())
    }

    /// Whether any row is staged.
    pub(super) fn has_rows(&self) -> bool {
        self.has_table || self.pages.iter().any(|rows| !rows.is_empty())
    }

    /// Moves the pages in memory to the temporary table.
    fn spill(&mut self, db: &Connection, target: &Target) -> Result<()> {
        if !self.has_table {
            run(db, &[create(target)])?;
            self.has_table = true;
        }
        let transaction = db.is_autocommit();
        if transaction {
            // One that writes only to the temporary table.
            run(db, &["BEGIN".to_owned()])?;
        }
        let written = write(db, &insert(target), &self.pages);
        if transaction {
            run(db, &["COMMIT".to_owned()])?;
        }
        written?;
        self.pages.clear();
        self.bytes = 0;
        Ok(())
    }

    /// Writes everything to the table, within the caller's transaction. `insert_row` is the statement for
    /// one row.
    pub(super) fn publish(&self, db: &Connection, target: &Target, insert_row: &str) -> Result<()> {
        if self.has_table {
            let (names, order) = (names(target), order_column(target));
            let select = format!("SELECT {names} FROM {TABLE} WHERE true ORDER BY {order}");
            run(db, &[upsert(target, &select)])?;
        }
        write(db, insert_row, &self.pages)
    }

    /// Replaces the groups of the staged rows, within the caller's transaction. Of several rows with one
    /// primary key the last is written, whichever group the stored row belongs to.
    pub(super) fn publish_groups(&mut self, db: &Connection, target: &Target) -> Result<()> {
        self.spill(db, target)?;
        let table = quote(&target.resource.table.name);
        let (names, order) = (names(target), order_column(target));
        let merge_key: Vec<String> = target.merge_key().map(quote).collect();
        let key: Vec<String> = target.key().map(quote).collect();
        let delete = |key: &[String]| {
            let key = key.join(", ");
            format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {TABLE})")
        };
        let mut statements = vec![delete(&merge_key)];
        let mut last = String::new();
        if !key.is_empty() {
            statements.push(delete(&key));
            let key = key.join(", ");
            last = format!(" WHERE {order} IN (SELECT max({order}) FROM {TABLE} GROUP BY {key})");
        }
        statements.push(format!(
            "INSERT INTO {table} ({names}) SELECT {names} FROM {TABLE}{last} ORDER BY {order}"
        ));
        run(db, &statements)
    }

    /// Discards everything.
    pub(super) fn clear(&mut self, db: &Connection) -> Result<()> {
        self.pages.clear();
        self.bytes = 0;
        self.has_table = false;
        run(db, &[format!("DROP TABLE IF EXISTS {TABLE}")])
    }
}

/// The name of the column that holds the order of arrival: `_rest_source_order`, with underscores until no column
/// of the resource has the name.
fn order_column(target: &Target) -> String {
    let mut name = "_rest_source_order".to_owned();
    let columns = columns(&target.resource.table);
    while columns
        .iter()
        .any(|column| column.name.eq_ignore_ascii_case(&name))
    {
        name.push('_');
    }
    name
}

fn write(db: &Connection, insert: &str, pages: &[Rows]) -> Result<()> {
    if pages.is_empty() {
        return Ok(());
    }
    let mut insert = db.prepare_cached(insert).map_err(failed)?;
    let mut text = String::new();
    for row in pages.iter().flatten() {
        bind(&mut insert, row, &mut text)
            .and_then(|()| insert.raw_execute())
            .map_err(failed)?;
    }
    Ok(())
}

/// The statement that creates the temporary table.
fn create(target: &Target) -> String {
    let columns = columns(&target.resource.table).iter().map(definition);
    let columns: Vec<String> = columns.collect();
    let order = order_column(target);
    format!(
        "CREATE TEMPORARY TABLE _rest_source_staging ({order} INTEGER PRIMARY KEY, {}) STRICT",
        columns.join(", ")
    )
}

/// The statement that writes a row to it, with a parameter for each column.
fn insert(target: &Target) -> String {
    format!("INSERT INTO {TABLE} ({}) {}", names(target), values(target))
}
