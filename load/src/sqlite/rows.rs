//! Writing of rows, one after the other, with cells bound from the page.

use rest_source::{Result, Row, Rows};
use rusqlite::{CachedStatement, Connection, Statement, types::Value};

use super::{
    bind::{bind_from, stored_values},
    database::failed,
};
use crate::sql::{Child, RowStatements, WritePlan};

/// Writes rows in their order: each is inserted, or deletes the stored row of its key, with the rows of its lists.
pub(super) fn write(db: &Connection, plan: &WritePlan, pages: &[Rows]) -> Result<()> {
    let WritePlan {
        target, statements, ..
    } = plan;
    let mut insert = RowInserter::new(db, plan)?;
    let mut delete = match &statements.delete {
        Some((sql, key)) => Some((db.prepare_cached(sql).map_err(failed)?, key)),
        None => None,
    };
    let mut children: Vec<ChildWriter<'_, '_>> = plan
        .children
        .iter()
        .map(|child| ChildWriter::publishing(db, child))
        .collect::<Result<_>>()?;
    let has_deletions = target.hard_delete().is_some();
    let mut text = String::new();
    for row in pages.iter().flatten() {
        let is_deletion = has_deletions && target.is_deletion(row);
        if !is_deletion {
            insert.write(row, &mut text)?;
        } else if let Some((delete, key)) = &mut delete {
            // Rows of its key may be among those before it.
            insert.flush(&mut text)?;
            bind_from(delete, 1, stored_values(plan, row, key), &mut text)
                .and_then(|_| delete.raw_execute())
                .map_err(failed)?;
        }
        for child in &mut children {
            child.write(plan, row, None, is_deletion, &mut text)?;
        }
    }
    insert.flush(&mut text)
}

/// Inserts rows, several by one statement: that takes less time than a statement for each.
struct RowInserter<'d, 'p> {
    plan: &'p WritePlan,
    one: CachedStatement<'d>,
    /// `None` where the row of a record has to be there before those of its lists.
    batch: Option<CachedStatement<'d>>,
    held: Vec<Row<'p>>,
}

impl<'d, 'p> RowInserter<'d, 'p> {
    fn new(db: &'d Connection, plan: &'p WritePlan) -> Result<Self> {
        let statements = &plan.statements;
        let batch = plan.children.is_empty();
        let batch = batch.then(|| db.prepare_cached(&statements.insert_batch));
        Ok(Self {
            plan,
            one: db.prepare_cached(&statements.insert).map_err(failed)?,
            batch: batch.transpose().map_err(failed)?,
            held: Vec::with_capacity(RowStatements::BATCH),
        })
    }

    fn write(&mut self, row: Row<'p>, text: &mut String) -> Result<()> {
        self.held.push(row);
        let Some(batch) = &mut self.batch else {
            return self.flush(text);
        };
        if self.held.len() < RowStatements::BATCH {
            return Ok(());
        }
        insert(batch, self.plan, &self.held, text)?;
        self.held.clear();
        Ok(())
    }

    /// Inserts the rows of a batch that is not full.
    fn flush(&mut self, text: &mut String) -> Result<()> {
        for row in self.held.drain(..) {
            insert(&mut self.one, self.plan, &[row], text)?;
        }
        Ok(())
    }
}

/// Inserts as many rows as the statement has.
fn insert(
    statement: &mut Statement<'_>,
    plan: &WritePlan,
    rows: &[Row<'_>],
    text: &mut String,
) -> Result<()> {
    let mut next = 1;
    for row in rows {
        let values = stored_values(plan, *row, &plan.statements.columns);
        next = bind_from(statement, next, values, text).map_err(failed)?;
    }
    statement.raw_execute().map_err(failed)?;
    Ok(())
}

/// Writes rows to the staging tables. `order` is the number of the first row.
pub(super) fn stage(db: &Connection, plan: &WritePlan, order: i64, pages: &[Rows]) -> Result<()> {
    let columns = &plan.statements.columns;
    let parameters = vec!["?"; columns.len() + 1].join(", ");
    let sql = format!(
        "INSERT INTO {} ({}, {}) VALUES ({parameters})",
        plan.staging_table(),
        plan.order_column(),
        plan.names()
    );
    let mut insert = db.prepare_cached(&sql).map_err(failed)?;
    let mut children: Vec<ChildWriter<'_, '_>> = plan
        .children
        .iter()
        .map(|child| ChildWriter::staging(db, child))
        .collect::<Result<_>>()?;
    let mut text = String::new();
    for (row, order) in pages.iter().flatten().zip(order..) {
        let values = stored_values(plan, row, columns);
        insert
            .raw_bind_parameter(1, order)
            .and_then(|()| bind_from(&mut insert, 2, values, &mut text))
            .and_then(|_| insert.raw_execute())
            .map_err(failed)?;
        let is_deletion = plan.target.is_deletion(row);
        for child in &mut children {
            child.write(plan, row, Some(order), is_deletion, &mut text)?;
        }
    }
    Ok(())
}

/// The prepared statements of one child table.
pub(super) struct ChildWriter<'d, 'c> {
    child: &'c Child,
    delete: Option<CachedStatement<'d>>,
    insert: CachedStatement<'d>,
}

impl<'d, 'c> ChildWriter<'d, 'c> {
    /// Writes to the table.
    pub(super) fn publishing(db: &'d Connection, child: &'c Child) -> Result<Self> {
        Ok(Self {
            delete: if child.replaces() {
                Some(db.prepare_cached(&child.delete()).map_err(failed)?)
            } else {
                None
            },
            insert: db
                .prepare_cached(&insert_element(&child.name(), "", child, &child.stamps()))
                .map_err(failed)?,
            child,
        })
    }

    /// Writes to the staging table.
    pub(super) fn staging(db: &'d Connection, child: &'c Child) -> Result<Self> {
        Ok(Self {
            delete: None,
            insert: db
                .prepare_cached(&insert_element(
                    child.staging_table(),
                    "_rest_source_record, ",
                    child,
                    &[],
                ))
                .map_err(failed)?,
            child,
        })
    }

    /// Replaces the rows of a record. `order` is that of the record's staged row. A deleted record has none.
    pub(super) fn write(
        &mut self,
        plan: &WritePlan,
        row: Row<'_>,
        order: Option<i64>,
        is_deletion: bool,
        text: &mut String,
    ) -> Result<()> {
        let link = &self.child.table.link;
        if let Some(delete) = &mut self.delete {
            bind_from(delete, 1, stored_values(plan, row, link), text)
                .and_then(|_| delete.raw_execute())
                .map_err(failed)?;
        }
        if is_deletion {
            return Ok(());
        }
        for (position, element) in (0_i64..).zip(row.elements(self.child.table.column)) {
            let insert = &mut self.insert;
            let mut bind = || {
                let mut next = 1;
                if let Some(order) = order {
                    insert.raw_bind_parameter(next, order)?;
                    next += 1;
                }
                next = bind_from(insert, next, stored_values(plan, row, link), text)?;
                insert.raw_bind_parameter(next, Value::Integer(position))?;
                bind_from(insert, next + 1, element.values(), text)?;
                insert.raw_execute()
            };
            bind().map_err(failed)?;
        }
        Ok(())
    }
}

/// The statement that writes one row of a child table to a table that has this column before the others, and after them
/// those of the stamps.
fn insert_element(table: &str, first: &str, child: &Child, stamps: &[(String, String)]) -> String {
    let columns = child.table.table.columns.len() + usize::from(!first.is_empty());
    let mut values = vec!["?"; columns];
    let mut names = child.names();
    for (name, value) in stamps {
        names = format!("{names}, {name}");
        values.push(value);
    }
    let values = values.join(", ");
    format!("INSERT INTO {table} ({first}{names}) VALUES ({values})")
}
