//! Staging of pages that cannot be committed yet: the newest in memory, the others in a temporary table.
//!
//! The temporary table belongs to this connection and has its own file. Writing to it takes no lock on the
//! database, however long the next page takes to arrive.

use rest_source::{Result, Rows};
use rusqlite::Connection;

use super::{
    bind::{bind, bind_columns},
    table::{RowStatements, columns, definition, deletions, names, quote, upsert, values},
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
        let written = insert_all(db, &insert(target), &self.pages);
        if transaction {
            run(db, &["COMMIT".to_owned()])?;
        }
        written?;
        self.pages.clear();
        self.bytes = 0;
        Ok(())
    }

    /// Writes everything to the table, within the caller's transaction. `statements` write one row.
    pub(super) fn publish(
        &self,
        db: &Connection,
        target: &Target,
        statements: &RowStatements,
    ) -> Result<()> {
        if self.has_table {
            run(db, &publish_table(target))?;
        }
        write(db, target, statements, &self.pages)
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
        if let Some((_, is_kept)) = deletions(target) {
            let and = if last.is_empty() { "WHERE" } else { "AND" };
            last = format!("{last} {and} {is_kept}");
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

/// The statements that write the temporary table to the table. With deletions, the last row of a key decides.
fn publish_table(target: &Target) -> Vec<String> {
    let (names, order) = (names(target), order_column(target));
    let rows = |condition: &str| {
        upsert(
            target,
            &format!("SELECT {names} FROM {TABLE} WHERE {condition} ORDER BY {order}"),
        )
    };
    let Some((is_deletion, is_kept)) = deletions(target) else {
        return vec![rows("true")];
    };
    let key: Vec<String> = target.key().map(quote).collect();
    if key.is_empty() {
        return vec![rows(&is_kept)];
    }
    let key = key.join(", ");
    let is_last = format!("{order} IN (SELECT max({order}) FROM {TABLE} GROUP BY {key})");
    let delete = format!(
        "DELETE FROM {} WHERE ({key}) IN (SELECT {key} FROM {TABLE} WHERE {is_last} AND {is_deletion})",
        quote(&target.resource.table.name)
    );
    vec![delete, rows(&format!("{is_last} AND {is_kept}"))]
}

/// Writes rows in their order: each is inserted, or deletes the stored row of its key.
fn write(
    db: &Connection,
    target: &Target,
    statements: &RowStatements,
    pages: &[Rows],
) -> Result<()> {
    if target.hard_delete().is_none() {
        return insert_all(db, &statements.insert, pages);
    }
    let mut insert = db.prepare_cached(&statements.insert).map_err(failed)?;
    let mut delete = match &statements.delete {
        Some((sql, key)) => Some((db.prepare_cached(sql).map_err(failed)?, key)),
        None => None,
    };
    let mut text = String::new();
    for row in pages.iter().flatten() {
        let written = match &mut delete {
            _ if !target.is_deletion(row) => {
                bind(&mut insert, row, &mut text).and_then(|()| insert.raw_execute())
            }
            Some((delete, key)) => {
                bind_columns(delete, row, key, &mut text).and_then(|()| delete.raw_execute())
            }
            None => Ok(0),
        };
        written.map_err(failed)?;
    }
    Ok(())
}

fn insert_all(db: &Connection, insert: &str, pages: &[Rows]) -> Result<()> {
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

#[cfg(test)]
mod tests {
    use rest_source::{
        Column, Fingerprint, Rows, Table, Type,
        plan::{ResourcePlan, WriteDisposition},
    };
    use rusqlite::Connection;

    use super::Staging;
    use crate::{
        Target, Writing,
        sqlite::table::{RowStatements, create},
    };

    fn target(columns: Vec<Column>, writing: Writing) -> Target {
        let resource = ResourcePlan {
            name: "orders".into(),
            table: Table::new("orders", columns.into()).into(),
            write_disposition: WriteDisposition::Merge,
            hard_delete: Some(2),
            ..ResourcePlan::DEFAULT
        };
        Target {
            source: "shop".into(),
            resource: resource.into(),
            writing,
            only: Vec::new(),
            full_refresh: false,
            keep_state: false,
            request: Fingerprint::default(),
            settings: Vec::new(),
        }
    }

    /// The ids in the table after these pages, of which so many were moved to the temporary table.
    fn ids(target: &Target, pages: &[&str], spilled: usize) -> Vec<i64> {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(&create(target)).unwrap();
        db.execute_batch("INSERT INTO orders VALUES (1, 'a', NULL), (2, 'a', NULL)")
            .unwrap();
        let mut staging = Staging::default();
        for (at, page) in pages.iter().enumerate() {
            let rows = Rows::from_page(*page, &target.resource).unwrap();
            staging.push(&db, target, &rows).unwrap();
            if at < spilled {
                staging.spill(&db, target).unwrap();
            }
        }
        if target.writing == Writing::ReplaceGroups {
            staging.publish_groups(&db, target).unwrap();
        } else {
            let statements = RowStatements::new(target);
            staging.publish(&db, target, &statements).unwrap();
        }
        let mut query = db.prepare("SELECT id FROM orders ORDER BY id").unwrap();
        let ids = query.query_map([], |row| row.get(0)).unwrap();
        ids.map(Result::unwrap).collect()
    }

    const PAGES: [&str; 3] = [
        r#"[{"id": 1, "day": "a", "gone": true}, {"id": 3, "day": "a"}, {"id": 4, "day": "a"}]"#,
        r#"[{"id": 1, "day": "a", "gone": false}, {"id": 2, "day": "a", "gone": true}]"#,
        r#"[{"id": 3, "day": "b", "gone": true}, {"id": 9, "day": "b", "gone": true}]"#,
    ];

    #[test]
    fn deletions_take_effect_in_order_wherever_rows_are_staged() {
        let columns = || {
            vec![
                Column::new("id", Type::Bigint).primary_key(),
                Column::new("day", Type::Text),
                Column::new("gone", Type::Bool).nullable(),
            ]
        };
        let merged = target(columns(), Writing::Merge);
        for spilled in 0..=PAGES.len() {
            assert_eq!(ids(&merged, &PAGES, spilled), [1, 4], "{spilled} spilled");
        }
        let mut grouped = columns();
        grouped[1] = Column::new("day", Type::Text).merge_key();
        assert_eq!(
            ids(&target(grouped.clone(), Writing::ReplaceGroups), &PAGES, 1),
            [1, 4]
        );
        // Without a primary key, a deletion is a row that its group does not have.
        grouped[0] = Column::new("id", Type::Bigint);
        assert_eq!(
            ids(&target(grouped, Writing::ReplaceGroups), &PAGES, 0),
            [1, 3, 4]
        );
    }

    #[test]
    fn a_value_that_is_not_null_marks_a_deletion() {
        let columns = vec![
            Column::new("id", Type::Bigint).primary_key(),
            Column::new("day", Type::Text),
            Column::new("gone", Type::Text).nullable(),
        ];
        let target = target(columns, Writing::Merge);
        let pages = [
            r#"[{"id": 1, "day": "a", "gone": ""}, {"id": 2, "day": "a", "gone": null}]"#,
            r#"[{"id": 3, "day": "a", "gone": "today"}]"#,
        ];
        for spilled in 0..=pages.len() {
            assert_eq!(ids(&target, &pages, spilled), [2], "{spilled} spilled");
        }
    }
}
