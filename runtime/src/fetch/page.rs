//! A delivered page.

use std::{fmt, iter::FusedIterator, marker::PhantomData};

use super::PagingCheckpoint;
use crate::{Record, Result, Rows, State, rows::RecordCells};

/// The records of one page that passed the filters of the fetch.
///
/// A page of records can be iterated over, by value or by reference.
pub struct Page<T> {
    rows: Rows,
    before: Option<State>,
    after: Option<State>,
    checkpoint: Option<PagingCheckpoint>,
    records: PhantomData<fn() -> T>,
}

impl<T> Page<T> {
    pub(super) fn new(rows: Rows, before: Option<State>, after: Option<State>) -> Self {
        Self {
            rows,
            before,
            after,
            checkpoint: None,
            records: PhantomData,
        }
    }

    pub(super) fn with_checkpoint(self, checkpoint: Option<PagingCheckpoint>) -> Self {
        Self { checkpoint, ..self }
    }

    /// The decoded rows.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The decoded rows, owned.
    pub fn into_rows(self) -> Rows {
        self.rows
    }

    /// The number of records.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether the page has no records.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The state to resume at once this page and the pages before it are stored.
    ///
    /// It is only known if the API returns its records in ascending order of the cursor (`row_order: asc`)
    /// and the next fetch includes its start (not `range_start: open`). Otherwise a later page could bring
    /// a record that the next fetch leaves out, and the state is known at the end, by
    /// [`Pages::state`](crate::Pages::state). It is never known for all records of a parent.
    pub fn state(&self) -> Option<&State> {
        self.after.as_ref()
    }

    /// The state to resume at once the pages before this one are stored.
    ///
    /// For child resources: known periodically, after all children of a parent have been fetched. It
    /// resumes after the parents whose children are complete, and at the old cursors of the others. With
    /// ten thousand parents it is known some hundred times, because the state grows with them.
    pub fn state_before(&self) -> Option<&State> {
        self.before.as_ref()
    }

    /// Where a later fetch goes on once this page and the pages before it are stored, of a fetch
    /// [with checkpoints](crate::Fetch::with_checkpoints). A page without records may have one.
    pub fn checkpoint(&self) -> Option<&PagingCheckpoint> {
        self.checkpoint.as_ref()
    }

    /// Both states, owned.
    pub(super) fn take_states(&mut self) -> (Option<State>, Option<State>) {
        (self.before.take(), self.after.take())
    }
}

impl<T: Record> Page<T> {
    /// An iterator over the records, in order.
    pub fn iter(&self) -> PageRecords<T> {
        PageRecords::new(self.rows.clone())
    }
}

impl<T> fmt::Debug for Page<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Page").field(&self.rows).finish()
    }
}

impl<T: Record> IntoIterator for Page<T> {
    type Item = Result<T>;
    type IntoIter = PageRecords<T>;

    fn into_iter(self) -> PageRecords<T> {
        PageRecords::new(self.rows)
    }
}

impl<T: Record> IntoIterator for &Page<T> {
    type Item = Result<T>;
    type IntoIter = PageRecords<T>;

    fn into_iter(self) -> PageRecords<T> {
        self.iter()
    }
}

/// An iterator over the records of a [`Page`].
pub struct PageRecords<T> {
    rows: Rows,
    at: usize,
    cells: RecordCells,
    records: PhantomData<fn() -> T>,
}

impl<T: Record> PageRecords<T> {
    fn new(rows: Rows) -> Self {
        Self {
            at: 0,
            cells: RecordCells::of::<T>(rows.table()),
            rows,
            records: PhantomData,
        }
    }
}

impl<T: Record> Iterator for PageRecords<T> {
    type Item = Result<T>;

    #[inline]
    fn next(&mut self) -> Option<Result<T>> {
        let row = self.rows.get(self.at)?;
        self.at += 1;
        Some(row.record_of(self.cells))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.rows.len() - self.at;
        (left, Some(left))
    }
}

impl<T: Record> ExactSizeIterator for PageRecords<T> {}
impl<T: Record> FusedIterator for PageRecords<T> {}

impl<T> fmt::Debug for PageRecords<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PageRecords({} of {})", self.at, self.rows.len())
    }
}
