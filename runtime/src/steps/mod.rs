//! Processing steps: the user's functions that a resource's records pass through (`processing_steps`).

mod changes;
mod json;
mod row_writer;
#[cfg(test)]
mod tests;
mod values;

use std::fmt;

use self::changes::ChangedPage;
pub use self::row_writer::{CellWriter, CellWritten, EncodeCell, EncodeRow, RowWriter};
use crate::{Error, Record, Row, Rows};

/// The processing steps of a resource, independent of the type of its records.
///
/// A spec names the functions by their paths, and rustc checks their types:
///
/// ```yaml
/// processing_steps:
///   - filter: crate::is_shown        # fn(&Story) -> bool
///   - map: crate::shortened          # fn(Story) -> Story
///   - yield_map: crate::by_language  # fn(Story) -> impl IntoIterator<Item = Story>
/// ```
///
/// A fetch calls them for each page. Each record passes through all of them. Consumers receive the result,
/// children of the resource and destinations included, and `limit` counts it. Paging and the state of an
/// incremental fetch use the records as received. A destination receives unchanged values as the API sent
/// them; a changed value must fit its column.
///
/// A generated `Source` has them in its table of [`Hooks`](crate::hooks::Hooks).
#[derive(Clone, Copy)]
pub struct StepsHook(&'static dyn Process);

impl StepsHook {
    /// Steps that may change records.
    pub const fn of<T: EncodeRow>(steps: &'static Steps<T>) -> Self {
        Self(steps)
    }

    /// Steps that only leave records out.
    pub const fn filters<T: Record>(filters: &'static Filters<T>) -> Self {
        Self(filters)
    }

    /// Runs the steps over rows, until `wanted` rows are left.
    pub(crate) fn run(&self, rows: Rows, wanted: Option<u64>) -> Processed {
        self.0.run(rows, wanted)
    }
}

impl fmt::Debug for StepsHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StepsHook")
    }
}

/// A processing step.
#[derive(Clone, Copy, Debug)]
pub enum StepFn<T> {
    /// Leaves out the records for which it does not hold.
    Filter(fn(&T) -> bool),
    /// Makes a record of each.
    Map(fn(T) -> T),
    /// Makes any number of records of each.
    YieldMap(fn(T) -> Vec<T>),
}

/// Functions in the order in which they are called, one record of the resource after the other.
#[derive(Clone, Copy, Debug)]
pub struct Steps<T: 'static>(pub &'static [StepFn<T>]);

/// Functions of which each has to hold for a record that is not left out.
#[derive(Clone, Copy, Debug)]
pub struct Filters<T: 'static>(pub &'static [fn(&T) -> bool]);

/// What became of rows.
#[derive(Debug)]
pub(crate) struct Processed {
    /// Those of the rows that came of which nothing is missing among those that are left.
    pub(crate) whole: Rows,
    /// What there is to deliver.
    pub(crate) left: Rows,
    /// Records that were left out, or of which nothing was made.
    pub(crate) filtered: u64,
    /// Whether more would be left than are wanted.
    pub(crate) cut: bool,
    /// What is wrong with what was made of the row after those that are whole.
    pub(crate) failure: Option<Error>,
}

trait Process: Sync {
    fn run(&self, rows: Rows, wanted: Option<u64>) -> Processed;
}

impl<T: Record> Process for Filters<T> {
    fn run(&self, mut rows: Rows, wanted: Option<u64>) -> Processed {
        let mut left = Vec::new();
        let (mut whole, mut filtered, mut cut, mut failure) = (0, 0, false, None);
        for (start, row) in rows.starts().iter().zip(&rows) {
            match row.record::<T>() {
                Ok(record) if !self.0.iter().all(|keep| keep(&record)) => filtered += 1,
                Ok(_) if is_enough(&left, wanted) => cut = true,
                Ok(_) => left.push(*start),
                Err(error) => failure = Some(error),
            }
            if cut || failure.is_some() {
                break;
            }
            whole += 1;
        }
        let left = rows.at(left);
        rows.truncate(whole);
        Processed {
            whole: rows,
            left,
            filtered,
            cut,
            failure,
        }
    }
}

impl<T: EncodeRow> Process for Steps<T> {
    fn run(&self, rows: Rows, wanted: Option<u64>) -> Processed {
        let (page, table, mut starts) = rows.into_parts();
        let mut given = ChangedPage::new(page);
        let mut left = Vec::new();
        let (mut whole, mut filtered, mut cut, mut failure) = (0, 0, false, None);
        'rows: for start in &starts {
            let record = match Row::new(&given.page, &table, *start).record::<T>() {
                Ok(record) => record,
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            };
            let before = left.len();
            for record in self.apply(record, &mut filtered) {
                if is_enough(&left, wanted) {
                    cut = true;
                    break 'rows;
                }
                match given.row(&record, &table, *start) {
                    Ok(start) => left.push(start),
                    Err(error) => {
                        left.truncate(before);
                        failure = Some(error);
                        break 'rows;
                    }
                }
            }
            whole += 1;
        }
        starts.truncate(whole);
        let whole = Rows::new(given.page, table, starts);
        Processed {
            left: whole.at(left),
            whole,
            filtered,
            cut,
            failure,
        }
    }
}

impl<T> Steps<T> {
    /// What becomes of a record; how many were left out is added to `filtered`.
    fn apply(&self, record: T, filtered: &mut u64) -> Vec<T> {
        let mut records = vec![record];
        for step in self.0 {
            match step {
                StepFn::Filter(keep) => records.retain(|record| {
                    let keeps = keep(record);
                    *filtered += u64::from(!keeps);
                    keeps
                }),
                StepFn::Map(change) => {
                    records = records.into_iter().map(change).collect();
                }
                StepFn::YieldMap(expand) => {
                    let made = records.into_iter().map(expand);
                    let made = made.inspect(|made| *filtered += u64::from(made.is_empty()));
                    records = made.flatten().collect();
                }
            }
        }
        records
    }
}

/// Whether there are as many as are wanted.
fn is_enough(left: &[u32], wanted: Option<u64>) -> bool {
    wanted.is_some_and(|wanted| left.len() as u64 >= wanted)
}
