//! What the records of a resource go through before anyone has them: functions of the user's own
//! (`processing_steps`).

mod give;
mod json;
mod new_cells;
#[cfg(test)]
mod tests;
mod values;

use std::fmt;

use self::give::Given;
pub use self::new_cells::{Filled, NewCell, NewCells, ToCell, ToCells};
use crate::{Error, Record, Row, Rows};

/// The functions that the records of a resource go through, whatever the type of these.
///
/// A spec names them by their paths, and rustc holds them to the type of its records:
///
/// ```yaml
/// processing_steps:
///   - filter: crate::is_shown        # fn(&Story) -> bool
///   - map: crate::shortened          # fn(Story) -> Story
///   - yield_map: crate::by_language  # fn(Story) -> impl IntoIterator<Item = Story>
/// ```
///
/// They are called while a fetch reads its pages, each record going through all of them. Whoever
/// fetches gets what comes out, children of the resource and destinations included; `limit` counts that.
/// The paging, and the state of an incremental fetch, go by what came. What a step left as it was, a
/// destination gets as it was received; what it changed has to fit its column.
///
/// A generated `Source` has them in its table of [`Hooks`](crate::hooks::Hooks).
#[derive(Clone, Copy)]
pub struct StepsHook(&'static dyn Process);

impl StepsHook {
    /// Steps that may change records.
    pub const fn of<T: ToCells>(steps: &'static Steps<T>) -> Self {
        Self(steps)
    }

    /// Steps that only leave records out.
    pub const fn filters<T: Record>(filters: &'static Filters<T>) -> Self {
        Self(filters)
    }

    /// What becomes of these rows, as far as `wanted` rows are wanted.
    pub(crate) fn run(&self, rows: Rows, wanted: Option<u64>) -> Processed {
        self.0.run(rows, wanted)
    }
}

impl fmt::Debug for StepsHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StepsHook")
    }
}

/// One function that records go through.
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

impl<T: ToCells> Process for Steps<T> {
    fn run(&self, rows: Rows, wanted: Option<u64>) -> Processed {
        let (page, table, mut starts) = rows.into_parts();
        let mut given = Given::new(page);
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
