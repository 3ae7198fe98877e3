//! Builder of record batches.

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, Schema, SchemaRef};
use rest_source::{Error, ErrorKind, Result, Row, Rows, Table};

use crate::{column::ColumnBuilder, types::columns};

/// Builds record batches from rows of one table.
///
/// ```
/// use rest_source::{Column, Rows, Table, Type, plan::ResourcePlan, shared::{Ref::Static, list}};
/// use rest_source_arrow::BatchBuilder;
///
/// static STORIES: Table = Table::new(
///     "stories",
///     list![Column::new("id", Type::Bigint), Column::new("title", Type::Text).nullable()],
/// );
/// let resource = ResourcePlan { table: Static(&STORIES), ..ResourcePlan::DEFAULT };
/// let rows = Rows::from_page(r#"[{"id": 1, "title": "First"}, {"id": 2}]"#, &resource)?;
///
/// let mut titles = BatchBuilder::with_columns(&STORIES, [1]);
/// for row in rows.iter() {
///     titles.append(row)?;
/// }
/// let batch = titles.finish()?;
/// assert_eq!((batch.num_rows(), batch.num_columns()), (2, 1));
/// # Ok::<(), rest_source::Error>(())
/// ```
#[derive(Debug)]
pub struct BatchBuilder {
    schema: SchemaRef,
    /// The positions of the columns in a row.
    positions: Vec<usize>,
    columns: Vec<ColumnBuilder>,
    rows: usize,
    bytes: usize,
}

impl BatchBuilder {
    /// A builder of batches with all columns of a table.
    pub fn new(table: &Table) -> Self {
        Self::with_columns(table, 0..columns(table).len())
    }

    /// A builder of batches with the columns at these positions of a table, in this order. Positions outside of the
    /// table are left out.
    pub fn with_columns(table: &Table, positions: impl IntoIterator<Item = usize>) -> Self {
        let all = columns(table);
        let chosen = positions.into_iter();
        let chosen = chosen.filter_map(|at| Some((at, *all.get(at)?)));
        let (positions, chosen): (Vec<_>, Vec<_>) = chosen.unzip();
        let fields: Vec<Field> = chosen.iter().map(|column| crate::field(column)).collect();
        Self {
            schema: Arc::new(Schema::new(fields)),
            positions,
            columns: chosen.into_iter().map(ColumnBuilder::new).collect(),
            rows: 0,
            bytes: 0,
        }
    }

    /// The schema of the batches.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Appends a row of the table.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Destination`] if a value does not fit its Arrow type: a timestamp outside of the years that
    /// nanoseconds reach, or a decimal with too many digits. The builder is unusable afterwards.
    pub fn append(&mut self, row: Row<'_>) -> Result<()> {
        for (column, at) in self.columns.iter_mut().zip(&self.positions) {
            self.bytes += column.append(row.item(*at))?;
        }
        self.rows += 1;
        Ok(())
    }

    /// The number of appended rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// About the bytes of the appended values.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Builds a batch of the appended rows, and starts the next one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Destination`] if a column that is not nullable has a null: the cells were read for other columns.
    pub fn finish(&mut self) -> Result<RecordBatch> {
        let arrays = self.columns.iter_mut().map(ColumnBuilder::finish);
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        (self.rows, self.bytes) = (0, 0);
        let batch = arrays
            .collect::<std::result::Result<_, _>>()
            .and_then(|arrays| {
                RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)
            });
        batch.map_err(|error| {
            let message = format!("cannot build an Arrow batch: {error}");
            Error::new(ErrorKind::Destination, message).with_source(&error)
        })
    }
}

/// The rows of a page as one record batch.
///
/// # Errors
///
/// As [`BatchBuilder::append`] and [`BatchBuilder::finish`].
pub fn batch(rows: &Rows) -> Result<RecordBatch> {
    let mut builder = BatchBuilder::new(rows.table());
    rows.iter().try_for_each(|row| builder.append(row))?;
    builder.finish()
}
