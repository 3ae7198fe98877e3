//! How a record of a user's crate is made from what was decoded.

use crate::{cell::Cells, schema::Table};

/// A struct with a field per column: what a resource's records become.
///
/// `#[rest_source]` implements it. By hand, take the cells in the order of the table's columns:
///
/// ```
/// use rest_source::{Cells, Column, Record, Table, Type, shared::list};
///
/// struct Story {
///     id: String,
///     views: Option<i64>,
/// }
///
/// impl Record for Story {
///     const TABLE: &'static Table = &Table::new("stories", list![
///         Column::new("id", Type::Text).primary_key(),
///         Column::new("views", Type::Bigint).nullable(),
///     ]);
///
///     fn from_cells(cells: &mut Cells<'_>) -> Self {
///         Self { id: cells.take(), views: cells.take() }
///     }
/// }
/// ```
pub trait Record: Sized + Send + 'static {
    /// The columns, in the order in which [`from_cells`](Self::from_cells) takes them.
    const TABLE: &'static Table;

    /// Makes a record of one row, taking one cell a column.
    ///
    /// The cells were checked against [`TABLE`](Self::TABLE), so there is nothing left to fail.
    /// A field whose type is not its column's gets an empty value, and the fetch ends with an error
    /// that says so.
    fn from_cells(cells: &mut Cells<'_>) -> Self;
}
