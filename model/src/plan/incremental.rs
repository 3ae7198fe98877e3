//! How only what is new is asked for.

use std::time::Duration;

use crate::{schema::TimeFormat, shared::Text};

declare! {
    /// How to ask only for what is new.
    pub struct Incremental {
        /// Position of the cursor column in the table.
        pub column: u16 = 0,
        /// Where a first fetch starts, in the cursor's own form in a response.
        pub initial_value: Option<Text> = None,
        /// Where every fetch ends, likewise.
        pub end_value: Option<Text> = None,
        /// The parameter that carries the start.
        pub start_param: Option<Text> = None,
        /// The parameter that carries the end.
        pub end_param: Option<Text> = None,
        /// How far before the last start to start again.
        pub lag: Option<Lag> = None,
        /// How a time is sent.
        pub format: TimeFormat = TimeFormat::Rfc3339,
        /// Whether a value equal to the start belongs to the range.
        pub start_closed: bool = true,
        /// Whether a value equal to the end belongs to the range.
        pub end_closed: bool = false,
        /// The order in which the API gives its records, where it is known.
        pub row_order: Option<RowOrder> = None,
        /// What a record without a cursor value gets.
        pub on_missing: OnMissing = OnMissing::Raise,
        /// What a cursor after the time of the fetch does; by default, as the write disposition says: see
        /// [`ResourcePlan::future_cursor`](super::ResourcePlan::future_cursor).
        pub future_cursor: Option<FutureCursor> = None,
    }
}

impl Incremental {
    /// The defaults of the language, over the column at this position.
    pub const fn new(column: u16) -> Self {
        Self {
            column,
            ..Self::DEFAULT
        }
    }
}

declare! {
    /// How far back an incremental fetch reaches.
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
}

declare! {
    /// The order of records by their cursor.
    #[derive(Copy, Eq)]
    pub enum RowOrder {
        /// The smallest first.
        Ascending,
        /// The largest first.
        Descending,
    }
}

declare! {
    /// What a record without a cursor value gets.
    #[derive(Copy, Default, Eq)]
    pub enum OnMissing {
        /// An error.
        #[default]
        Raise,
        /// It is kept.
        Include,
        /// It is left out, and counted.
        Exclude,
    }
}

declare! {
    /// What a cursor after the time of the fetch does. Such values are sentinels (`9999-12-31`), planned
    /// dates, or the times of a wrong clock; a state past them would skip every record up to then.
    #[derive(Copy, Eq)]
    pub enum FutureCursor {
        /// The state stays at the time of the fetch: later fetches deliver such records again.
        Cap,
        /// The state moves to the future value: records before it that arrive later are not fetched.
        Keep,
        /// The fetch fails at such a record.
        Error,
    }
}
