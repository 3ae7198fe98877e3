//! How only what is new is asked for.

use std::time::Duration;

use crate::{schema::TimeFormat, shared::Text};

/// How to ask only for what is new.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Incremental {
    /// Position of the cursor column in the table.
    pub column: u16,
    /// Where a first fetch starts, in the cursor's own form in a response.
    pub initial_value: Option<Text>,
    /// Where every fetch ends, likewise.
    pub end_value: Option<Text>,
    /// The parameter that carries the start.
    pub start_param: Option<Text>,
    /// The parameter that carries the end.
    pub end_param: Option<Text>,
    /// How far before the last start to start again.
    pub lag: Option<Lag>,
    /// How a time is sent.
    pub format: TimeFormat,
    /// Whether a value equal to the start belongs to the range.
    pub start_closed: bool,
    /// Whether a value equal to the end belongs to the range.
    pub end_closed: bool,
    /// The order in which the API gives its records, where it is known.
    pub row_order: Option<RowOrder>,
    /// What a record without a cursor value gets.
    pub on_missing: OnMissing,
    /// What a cursor after the time of the fetch does; by default, as the write disposition says: see
    /// [`ResourcePlan::future_cursor`](super::ResourcePlan::future_cursor).
    pub future_cursor: Option<FutureCursor>,
}

impl Incremental {
    /// The defaults of the language, over the first column.
    pub const DEFAULT: Self = Self {
        column: 0,
        initial_value: None,
        end_value: None,
        start_param: None,
        end_param: None,
        lag: None,
        format: TimeFormat::Rfc3339,
        start_closed: true,
        end_closed: false,
        row_order: None,
        on_missing: OnMissing::Raise,
        future_cursor: None,
    };

    /// The defaults of the language, over the column at this position.
    pub const fn new(column: u16) -> Self {
        Self {
            column,
            ..Self::DEFAULT
        }
    }
}

/// How far back an incremental fetch reaches.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Lag {
    /// For a timestamp.
    Duration(Duration),
    /// For a date.
    Days(u32),
    /// For a whole number.
    Integer(i64),
    /// For a floating-point number.
    Double(f64),
    /// For a decimal number: plain digits, with a point or without.
    Decimal(Text),
}

/// The order of records by their cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum RowOrder {
    /// The smallest first.
    Ascending,
    /// The largest first.
    Descending,
}

/// What a record without a cursor value gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum OnMissing {
    /// An error.
    #[default]
    Raise,
    /// It is kept.
    Include,
    /// It is left out, and counted.
    Exclude,
}

/// What a cursor after the time of the fetch does. Such values are sentinels (`9999-12-31`), planned
/// dates, or the times of a wrong clock; a state past them would skip every record up to then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum FutureCursor {
    /// The state stays at the time of the fetch: later fetches deliver such records again.
    Cap,
    /// The state moves to the future value: records before it that arrive later are not fetched.
    Keep,
    /// The fetch fails at such a record.
    Error,
}
