//! The values that a query finds in a page.

use super::raw_rows::RawRows;

/// What a query finds in a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Search<'t> {
    pub(super) matches: Matches<'t>,
    /// The rows that it chooses among; nothing where it does not tell which these are.
    pub(super) rows: Option<RawRows>,
    /// The place and text of a value other than null, found by a key, in which the query chooses as in a list.
    pub(super) misfit: Option<(String, &'t str)>,
    /// A key that stands twice in an object that was searched, so that a value may be missing.
    pub(super) twice: Option<String>,
}

/// What a query comes to.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "queries"),
    allow(dead_code, reason = "nothing finds any")
)]
pub(super) enum Matches<'t> {
    Found(Vec<Match<'t>>),
    /// There is nothing to look into: this place, with this text, is as far as the query comes.
    Lacking {
        place: String,
        raw: &'t str,
    },
}

/// One value that a query finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Match<'t> {
    /// Its place.
    pub(super) path: String,
    /// The last key of its place, where it is asked for.
    pub(super) key: Option<String>,
    /// Its text.
    pub(super) raw: &'t str,
}
