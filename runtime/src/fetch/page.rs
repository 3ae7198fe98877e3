//! One page, as it is delivered.

use std::{fmt, iter::FusedIterator, marker::PhantomData};

use crate::{Record, Result, Rows, State};

/// The records of one page that belong to the fetch.
///
/// A page made of records can be iterated over, by value or by reference.
pub struct Page<T> {
    rows: Rows,
    before: Option<State>,
    after: Option<State>,
    records: PhantomData<fn() -> T>,
}

impl<T> Page<T> {
    pub(super) fn new(rows: Rows, before: Option<State>, after: Option<State>) -> Self {
        Self {
            rows,
            before,
            after,
            records: PhantomData,
        }
    }

    /// Its rows, as they were decoded.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Its rows, for itself.
    pub fn into_rows(self) -> Rows {
        self.rows
    }

    /// How many records it has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// What the next fetch may start from once this page and those before it are safe.
    ///
    /// Only where the API gives its records in ascending order of the cursor (`row_order: asc`) and
    /// the next fetch includes where it starts (not `range_start: open`): otherwise a later page could
    /// still bring a record that the next fetch leaves out. The state is then known at the end, by
    /// [`Pages::state`](crate::Pages::state). Never for a fetch for all records of a parent.
    pub fn state(&self) -> Option<&State> {
        self.after.as_ref()
    }

    /// What the next fetch may start from once the pages before this one are safe.
    ///
    /// Known from time to time in a fetch for all records of a parent: it is past those of whom all came,
    /// and where the fetch began for the others, that of this page among them. Of ten thousand parents
    /// it is given some hundred times, as it grows with them.
    pub fn state_before(&self) -> Option<&State> {
        self.before.as_ref()
    }

    /// Both states, for themselves.
    pub(super) fn take_states(&mut self) -> (Option<State>, Option<State>) {
        (self.before.take(), self.after.take())
    }
}

impl<T: Record> Page<T> {
    /// Its records, in order.
    pub fn iter(&self) -> PageRecords<T> {
        PageRecords {
            rows: self.rows.clone(),
            at: 0,
            records: PhantomData,
        }
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
        PageRecords {
            rows: self.rows,
            at: 0,
            records: PhantomData,
        }
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
    records: PhantomData<fn() -> T>,
}

impl<T: Record> Iterator for PageRecords<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        let row = self.rows.get(self.at)?;
        self.at += 1;
        Some(row.record())
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
