//! Where a fetch starts and ends.

use std::time::Duration;

use super::schema::TimeFormat;

#[derive(Clone, Debug, PartialEq)]
pub struct Incremental {
    /// Position in the columns of the resource's struct.
    pub column: usize,
    pub initial_value: Option<String>,
    pub end_value: Option<String>,
    pub start_param: Option<String>,
    pub end_param: Option<String>,
    pub lag: Option<Lag>,
    pub format: TimeFormat,
    pub start_closed: bool,
    pub end_closed: bool,
    pub row_order: Option<RowOrder>,
    pub on_missing: OnMissing,
    /// None where the write disposition decides.
    pub future_cursor: Option<FutureCursor>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Lag {
    Duration(Duration),
    Days(u32),
    Integer(i64),
    Double(f64),
    /// Plain digits, with a point or without.
    Decimal(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowOrder {
    Ascending,
    Descending,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnMissing {
    #[default]
    Raise,
    Include,
    Exclude,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FutureCursor {
    Cap,
    Keep,
    Error,
}
