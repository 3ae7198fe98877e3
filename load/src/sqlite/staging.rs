//! Staging of pages that cannot be committed yet: the newest in memory, the others in a temporary table.
//!
//! The temporary table belongs to this connection and has its own file. Writing to it takes no lock on the
//! database, however long the next page takes to arrive.

use rest_source::{Result, Rows};
use rusqlite::Connection;

use super::{
    bind::bind_columns,
    child_tables::{Child, ChildWriter},
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
    pub(super) fn push(
        &mut self,
        db: &Connection,
        target: &Target,
        children: &[Child],
        rows: &Rows,
    ) -> Result<()> {
        let bytes = rows.page_bytes();
        if !self.pages.is_empty() && self.bytes + bytes > MAX_BYTES {
            self.spill(db, target, children)?;
        }
        self.bytes += bytes;
        self.pages.push(rows.clone());
        Ok(())
    }

    /// Whether any row is staged.
    pub(super) fn has_rows(&self) -> bool {
        self.has_table || self.pages.iter().any(|rows| !rows.is_empty())
    }

    /// Moves the pages in memory to the temporary tables.
    fn spill(&mut self, db: &Connection, target: &Target, children: &[Child]) -> Result<()> {
        if !self.has_table {
            let mut statements = vec![create(target)];
            statements.extend(children.iter().map(Child::create_staging));
            run(db, &statements)?;
            self.has_table = true;
        }
        let transaction = db.is_autocommit();
        if transaction {
            // One that writes only to the temporary tables.
            run(db, &["BEGIN".to_owned()])?;
        }
        let written = stage(db, target, children, &self.pages);
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
        children: &[Child],
        statements: &RowStatements,
    ) -> Result<()> {
        if self.has_table {
            run(db, &publish_table(target, children))?;
        }
        write(db, target, children, statements, &self.pages)
    }

    /// Replaces the groups of the staged rows, within the caller's transaction. Of several rows with one
    /// primary key the last is written, whichever group the stored row belongs to.
    pub(super) fn publish_groups(
        &mut self,
        db: &Connection,
        target: &Target,
        children: &[Child],
    ) -> Result<()> {
        self.spill(db, target, children)?;
        let table = quote(&target.resource.table.name);
        let (names, order) = (names(target), order_column(target));
        let merge_key: Vec<String> = target.merge_key().map(quote).collect();
        let key: Vec<String> = target.key().map(quote).collect();
        let delete = |key: &[String]| {
            let key = key.join(", ");
            format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {TABLE})")
        };
        let group = merge_key.join(", ");
        let stored = format!("{table} WHERE ({group}) IN (SELECT {group} FROM {TABLE})");
        let of_children = children
            .iter()
            .flat_map(|child| [child.delete_of(&stored), child.delete_of(TABLE)]);
        let mut statements: Vec<String> = of_children.collect();
        statements.push(delete(&merge_key));
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
        let records = format!("SELECT {order} FROM {TABLE}{last}");
        statements.extend(children.iter().map(|child| child.publish(&records)));
        run(db, &statements)
    }

    /// Discards everything.
    pub(super) fn clear(&mut self, db: &Connection, children: &[Child]) -> Result<()> {
        self.pages.clear();
        self.bytes = 0;
        self.has_table = false;
        let mut statements = vec![format!("DROP TABLE IF EXISTS {TABLE}")];
        statements.extend(children.iter().map(Child::drop_staging));
        run(db, &statements)
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

/// The statements that write the temporary tables to the tables. With deletions and child tables, the last row of a
/// key decides.
fn publish_table(target: &Target, children: &[Child]) -> Vec<String> {
    let (names, order) = (names(target), order_column(target));
    let rows = |condition: &str| {
        upsert(
            target,
            &format!("SELECT {names} FROM {TABLE} WHERE {condition} ORDER BY {order}"),
        )
    };
    let deletions = deletions(target);
    if deletions.is_none() && children.is_empty() {
        return vec![rows("true")];
    }
    let key: Vec<String> = target.key().map(quote).collect();
    let key = key.join(", ");
    let mut statements = Vec::new();
    let mut condition = "true".to_owned();
    if !key.is_empty() {
        condition = format!("{order} IN (SELECT max({order}) FROM {TABLE} GROUP BY {key})");
        statements.extend(children.iter().map(|child| child.delete_of(TABLE)));
    }
    if let Some((is_deletion, is_kept)) = deletions {
        if !key.is_empty() {
            statements.push(format!(
                "DELETE FROM {} WHERE ({key}) IN (SELECT {key} FROM {TABLE} WHERE {condition} AND {is_deletion})",
                quote(&target.resource.table.name)
            ));
        }
        condition = format!("{condition} AND {is_kept}");
    }
    statements.push(rows(&condition));
    let records = format!("SELECT {order} FROM {TABLE} WHERE {condition}");
    statements.extend(children.iter().map(|child| child.publish(&records)));
    statements
}

/// Writes rows in their order: each is inserted, or deletes the stored row of its key, with the rows of its lists.
fn write(
    db: &Connection,
    target: &Target,
    children: &[Child],
    statements: &RowStatements,
    pages: &[Rows],
) -> Result<()> {
    if pages.is_empty() {
        return Ok(());
    }
    let mut insert = db.prepare_cached(&statements.insert).map_err(failed)?;
    let mut delete = match &statements.delete {
        Some((sql, key)) => Some((db.prepare_cached(sql).map_err(failed)?, key)),
        None => None,
    };
    let mut children: Vec<ChildWriter<'_, '_>> = children
        .iter()
        .map(|child| ChildWriter::publishing(db, child))
        .collect::<Result<_>>()?;
    let has_deletions = target.hard_delete().is_some();
    let mut text = String::new();
    for row in pages.iter().flatten() {
        let is_deletion = has_deletions && target.is_deletion(row);
        let written = match &mut delete {
            _ if !is_deletion => bind_columns(&mut insert, row, &statements.columns, &mut text)
                .and_then(|()| insert.raw_execute()),
            Some((delete, key)) => {
                bind_columns(delete, row, key, &mut text).and_then(|()| delete.raw_execute())
            }
            None => Ok(0),
        };
        written.map_err(failed)?;
        for child in &mut children {
            child.write(row, None, is_deletion, &mut text)?;
        }
    }
    Ok(())
}

/// Writes rows to the temporary tables.
fn stage(db: &Connection, target: &Target, children: &[Child], pages: &[Rows]) -> Result<()> {
    if pages.is_empty() {
        return Ok(());
    }
    let statements = RowStatements::new(target);
    let mut insert = db.prepare_cached(&insert(target)).map_err(failed)?;
    let mut children: Vec<ChildWriter<'_, '_>> = children
        .iter()
        .map(|child| ChildWriter::staging(db, child))
        .collect::<Result<_>>()?;
    let mut text = String::new();
    for row in pages.iter().flatten() {
        bind_columns(&mut insert, row, &statements.columns, &mut text)
            .and_then(|()| insert.raw_execute())
            .map_err(failed)?;
        let order = db.last_insert_rowid();
        let is_deletion = target.is_deletion(row);
        for child in &mut children {
            child.write(row, Some(order), is_deletion, &mut text)?;
        }
    }
    Ok(())
}

/// The statement that creates the temporary table.
fn create(target: &Target) -> String {
    let columns = columns(&target.resource.table).into_iter();
    let columns: Vec<String> = columns.map(definition).collect();
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
        sqlite::{
            child_tables::children,
            table::{RowStatements, create},
        },
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
        let children = children(target);
        let mut staging = Staging::default();
        for (at, page) in pages.iter().enumerate() {
            let rows = Rows::from_page(*page, &target.resource).unwrap();
            staging.push(&db, target, &children, &rows).unwrap();
            if at < spilled {
                staging.spill(&db, target, &children).unwrap();
            }
        }
        if target.writing == Writing::ReplaceGroups {
            staging.publish_groups(&db, target, &children).unwrap();
        } else {
            let statements = RowStatements::new(target);
            staging
                .publish(&db, target, &children, &statements)
                .unwrap();
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

    /// The rows of the child table after these pages, of which so many were moved to the temporary tables.
    fn lines(writing: Writing, spilled: usize) -> Vec<String> {
        let object = Table::new("lines", vec![Column::new("sku", Type::Text)].into());
        let element = Column::new("lines", Type::Object(object.into()));
        let mut columns = vec![
            Column::new("id", Type::Bigint).primary_key(),
            Column::new("day", Type::Text),
            Column::new("gone", Type::Bool).nullable(),
            Column::new("lines", Type::Array(element.into()))
                .nullable()
                .table("lines"),
        ];
        if writing == Writing::ReplaceGroups {
            columns[1] = Column::new("day", Type::Text).merge_key();
        }
        let target = target(columns, writing);
        let children = children(&target);
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(&create(&target)).unwrap();
        db.execute_batch(&create(&children[0].target)).unwrap();
        db.execute_batch(
            "INSERT INTO orders VALUES (1, 'a', NULL), (2, 'a', NULL), (3, 'a', NULL);
             INSERT INTO lines VALUES (1, 0, 'old'), (2, 0, 'old'), (3, 0, 'old')",
        )
        .unwrap();
        let pages = [
            r#"[{"id": 1, "day": "a", "lines": [{"sku": "x"}]}, {"id": 4, "day": "a", "lines": [{"sku": "y"}, {"sku": "z"}]}]"#,
            r#"[{"id": 1, "day": "a", "lines": [{"sku": "w"}]}, {"id": 2, "day": "a", "gone": true, "lines": [{"sku": "v"}]}]"#,
        ];
        let mut staging = Staging::default();
        for (at, page) in pages.iter().enumerate() {
            let rows = Rows::from_page(*page, &target.resource).unwrap();
            staging.push(&db, &target, &children, &rows).unwrap();
            if at < spilled {
                staging.spill(&db, &target, &children).unwrap();
            }
        }
        if writing == Writing::ReplaceGroups {
            staging.publish_groups(&db, &target, &children).unwrap();
        } else {
            let statements = RowStatements::new(&target);
            staging
                .publish(&db, &target, &children, &statements)
                .unwrap();
        }
        let sql = "SELECT _orders_id || ' ' || _position || ' ' || sku FROM lines ORDER BY 1";
        let mut query = db.prepare(sql).unwrap();
        let rows = query.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    #[test]
    fn lists_are_replaced_with_the_last_row_of_their_record_wherever_it_is_staged() {
        for spilled in 0..=2 {
            let merged = lines(Writing::Merge, spilled);
            assert_eq!(
                merged,
                ["1 0 w", "3 0 old", "4 0 y", "4 1 z"],
                "{spilled} spilled"
            );
            // The third record is not in its group any more.
            let grouped = lines(Writing::ReplaceGroups, spilled);
            assert_eq!(grouped, ["1 0 w", "4 0 y", "4 1 z"], "{spilled} spilled");
        }
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
