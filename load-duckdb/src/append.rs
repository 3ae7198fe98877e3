//! Rows to the staging tables, by DuckDB's appender.

use std::sync::Arc;

use duckdb::{
    Appender, Connection,
    arrow::{
        array::RecordBatch,
        datatypes::{Field, Schema},
        error::ArrowError,
    },
};
use rest_source::{Column, Error, ErrorKind, Item, Result, Rows};
use rest_source_load::sql::WritePlan;

use crate::{
    column::ColumnBuilder,
    errors::says,
    types::{Plain, Stored},
};

/// The rows of a batch.
const BATCH_ROWS: usize = 8_192;
/// The bytes after which a batch is appended, before it has all its rows.
const BATCH_BYTES: usize = 32 << 20;

/// Appends rows, and the elements of their lists, to the staging tables.
pub(crate) fn stage(db: &Connection, plan: &WritePlan, first: i64, pages: &[Rows]) -> Result<()> {
    let columns: Vec<_> = plan
        .statements
        .columns
        .iter()
        .map(|at| stored(plan, *at))
        .collect();
    let mut table = Batches::open(db, plan.staging_table(), [NUMBER], columns)?;
    for (row, order) in pages.iter().flatten().zip(first..) {
        let cells = plan.statements.columns.iter();
        let cells = cells.map(|at| Cell::Item(row.item(*at)));
        table.append([Cell::Number(order)].into_iter().chain(cells))?;
    }
    table.finish()?;
    for child in &plan.children {
        let link: Vec<_> = child
            .table
            .link
            .iter()
            .map(|at| stored(plan, *at))
            .collect();
        let own = child.table.table.columns.iter().skip(link.len() + 1);
        let own = own.map(of_column);
        let columns = link.iter().copied().chain([NUMBER]).chain(own).collect();
        let mut table = Batches::open(db, child.staging_table(), [NUMBER], columns)?;
        for (row, order) in pages.iter().flatten().zip(first..) {
            if plan.target.is_deletion(row) {
                continue;
            }
            for (element, position) in row.elements(child.table.column).zip(0_i64..) {
                let link = child.table.link.iter().map(|at| Cell::Item(row.item(*at)));
                let own = child.table.table.columns.len() - child.table.link.len() - 1;
                let own = (0..own).map(|at| Cell::Item(element.item(at)));
                let numbers = [Cell::Number(order)].into_iter();
                table.append(
                    numbers
                        .chain(link)
                        .chain([Cell::Number(position)])
                        .chain(own),
                )?;
            }
        }
        table.finish()?;
    }
    Ok(())
}

const NUMBER: Stored = Stored::Plain(Plain::Bigint);

/// How the column of the resource at this position is stored.
fn stored(plan: &WritePlan, at: usize) -> Stored {
    let columns = &plan.target.resource.table.columns;
    // The only column of an untyped resource is JSON.
    columns.get(at).map_or(Stored::Json, of_column)
}

fn of_column(column: &Column) -> Stored {
    Stored::of(&column.data_type)
}

/// A cell of a staging table.
enum Cell<'p> {
    Number(i64),
    Item(Item<'p>),
}

/// Rows on their way to a table.
struct Batches<'d> {
    appender: Appender<'d>,
    schema: Arc<Schema>,
    columns: Vec<ColumnBuilder>,
    rows: usize,
    bytes: usize,
}

impl<'d> Batches<'d> {
    /// Appends to a staging table of these columns.
    fn open(
        db: &'d Connection,
        table: &str,
        first: [Stored; 1],
        columns: Vec<Stored>,
    ) -> Result<Self> {
        let appender = match table.strip_prefix("temp.") {
            Some(temporary) => db.appender_to_catalog_and_db(temporary, "temp", "main"),
            None => db.appender(table),
        };
        let columns: Vec<Stored> = first.into_iter().chain(columns).collect();
        let fields = columns.iter().enumerate();
        // Columns are appended by position, and a null where there must be none is the table's error.
        let fields = fields.map(|(at, stored)| Field::new(at.to_string(), stored.arrow(), true));
        Ok(Self {
            appender: appender.map_err(says)?,
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            columns: columns.into_iter().map(ColumnBuilder::new).collect(),
            rows: 0,
            bytes: 0,
        })
    }

    /// Appends a row.
    fn append<'p>(&mut self, cells: impl Iterator<Item = Cell<'p>>) -> Result<()> {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            self.bytes += match cell {
                Cell::Number(number) => column.append_number(number)?,
                Cell::Item(item) => column.append(item)?,
            };
        }
        self.rows += 1;
        if self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES {
            self.send()?;
        }
        Ok(())
    }

    fn send(&mut self) -> Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        (self.rows, self.bytes) = (0, 0);
        let invalid = |error: ArrowError| {
            let message = format!("cannot make a batch of the rows: {error}");
            Error::new(ErrorKind::Destination, message)
        };
        let arrays = self.columns.iter_mut().map(ColumnBuilder::finish);
        let arrays = arrays.collect::<Result<_, _>>().map_err(invalid)?;
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays).map_err(invalid)?;
        self.appender.append_record_batch(batch).map_err(says)
    }

    fn finish(mut self) -> Result<()> {
        self.send()?;
        self.appender.flush().map_err(says)
    }
}
