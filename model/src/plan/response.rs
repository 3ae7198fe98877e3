//! What a response is taken for.

use super::JsonPlan;
use crate::{
    schema::Path,
    shared::{List, Text},
};

declare! {
    /// Where a page's records are.
    #[derive(Eq)]
    pub enum Selector {
        /// At this place: the elements of a list, or an object as one record.
        Path(Path),
        /// The elements of every list, or every object, that this query finds (RFC 9535). Slower: the
        /// page is read into a tree first.
        ///
        /// It may find no record, and still has to find what it looks into. Keys and indexes before its
        /// first wildcard, filter, slice or descent are as those of a path. A slice wants a list; a
        /// wildcard or a filter wants a list or an object, for a filter one with an object or a list in it,
        /// or an empty one. A key after them has to be in one at least of the values that they gave, if
        /// they gave any; `..key`, somewhere below. Null is nothing, and is no error.
        Query(Text),
    }
}

declare! {
    /// A rule about certain responses. Every condition must hold, and there is one at least.
    pub struct ResponseAction {
        /// Its line in the spec, from 1.
        pub line: u32,
        /// The statuses it is for, as inclusive ranges; empty for any.
        pub statuses: List<(u16, u16)>,
        /// A text that the body has in it.
        pub content: Option<Text>,
        /// What the body, as JSON, has at these places.
        pub json: List<JsonCondition>,
        /// What these headers are.
        pub headers: List<(Text, Text)>,
        /// What else holds for values of the body and headers.
        pub comparisons: List<Comparison>,
        /// What it means.
        pub action: Action,
    }
}

impl ResponseAction {
    /// Ignores every response.
    pub const DEFAULT: Self = Self {
        line: 0,
        statuses: List::EMPTY,
        content: None,
        json: List::EMPTY,
        headers: List::EMPTY,
        comparisons: List::EMPTY,
        action: Action::Ignore,
    };
}

impl ResponseAction {
    /// Whether one of its conditions is about the body.
    pub fn looks_at_body(&self) -> bool {
        let mut comparisons = self.comparisons.iter();
        self.content.is_some()
            || !self.json.is_empty()
            || comparisons.any(|comparison| matches!(comparison.value, Tested::Json(_)))
    }
}

declare! {
    /// What a body has at a place.
    pub struct JsonCondition {
        /// The place.
        pub path: Path,
        /// Scalars, any of which will do.
        pub values: List<JsonPlan>,
    }
}

declare! {
    /// A condition on one value of a response.
    #[derive(Eq)]
    pub struct Comparison {
        /// The value.
        pub value: Tested,
        /// What holds for it.
        pub test: Test,
    }
}

declare! {
    /// The value that a [`Comparison`] is about. Without it the condition does not hold.
    #[derive(Eq)]
    pub enum Tested {
        /// A scalar at a place of the body, as JSON.
        Json(Path),
        /// A header.
        Header(Text),
    }
}

declare! {
    /// What holds for a value. Numbers are compared by their value, in a text too.
    #[derive(Eq)]
    pub enum Test {
        /// It is more than this number.
        Above(Text),
        /// It is at least this number.
        AtLeast(Text),
        /// It is less than this number.
        Below(Text),
        /// It is at most this number.
        AtMost(Text),
        /// It is one of these texts, numbers or words.
        In(List<Text>),
        /// This regular expression has a match in it.
        Matches(Text),
    }
}

declare! {
    /// What a response means.
    #[derive(Eq)]
    pub enum Action {
        /// The end, of this resource or this parent's part; what came before is kept. Past the first
        /// page it may hide records, and the state does not pass them.
        Ignore,
        /// The end of this parent's part, to which nothing is missing.
        SkipParent,
        /// A page, whatever its status.
        Success,
        /// The cursor or link has expired: to start again at the first page.
        Restart,
        /// To ask again, as [`Retry`](super::Retry) says.
        Retry {
            /// Whether it is ignored after the last attempt, and no error. It may hide records then, and
            /// the state does not pass them.
            then_ignore: bool,
        },
        /// To ask once more, with new credentials.
        RefreshAuth,
        /// The window is too large for the API: its halves are fetched instead.
        SplitWindow,
        /// An error.
        Fail {
            /// What it says.
            message: Option<Text>,
        },
    }
}
