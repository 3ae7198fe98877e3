//! How only what is new is asked for.

use std::time::Duration;

use super::Template;
use crate::{
    schema::{Path, TimeFormat},
    shared::{Ref, Text},
};

declare! {
    /// How to ask only for what is new.
    pub struct Incremental {
        /// Position of the cursor column in the table. Without one, the state is the end of the last complete
        /// window.
        pub column: Option<u16> = None,
        /// Where a first fetch starts: a text in the cursor's own form in a response, or one placeholder.
        pub initial_value: Option<Template> = None,
        /// Where every fetch ends, likewise.
        pub end_value: Option<Template> = None,
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
        /// The windows that the range is cut into, each fetched by requests of its own.
        pub windows: Option<Windows> = None,
        /// Where the API says at what the next fetch starts, for a resource without a cursor column.
        pub change_token: Option<ChangeToken> = None,
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
            column: Some(column),
            ..Self::DEFAULT
        }
    }
}

declare! {
    /// The windows that a range is cut into. They follow each other without a gap or an overlap.
    #[derive(Copy, Eq)]
    pub struct Windows {
        /// The length of a window; the last may be shorter.
        pub step: WindowStep,
        /// Position of the setting by whose value `step` is multiplied.
        pub step_setting: Option<u16>,
        /// The shortest distance of two values that the API tells apart: `1s`, or `1d` where it takes days.
        /// An end that the API includes is sent this much before the next window's start.
        pub granularity: Option<Duration>,
    }
}

declare! {
    /// The length of a window.
    #[derive(Copy, Eq)]
    pub enum WindowStep {
        /// This time.
        Duration(Duration),
        /// Whole months of the calendar.
        Months(u32),
    }
}

declare! {
    /// The token at which the next fetch starts, which the API gives in the last page.
    pub struct ChangeToken {
        /// Where the token is.
        pub path: Path,
        /// Whether it is the URL of the next fetch's first request, and not a value in it.
        pub is_link: bool,
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
        /// As many of these units as the setting at this position of
        /// [`SourcePlan::config`](super::SourcePlan::config) says.
        Setting {
            /// The position of the setting.
            setting: u16,
            /// The unit.
            unit: Ref<Lag>,
        },
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
