//! Raw rows: what the API paged. Its offsets, limits and totals count them.
//!
//! They are the selected records, except where the selector is a query: it chooses among the rows, or
//! takes several records from one row.

use serde::de::{IgnoredAny, MapAccess, SeqAccess};

use super::{
    fault::Found,
    fingerprint::{fingerprint, fold},
    matches::{Match, Matches},
    query::Query,
    selector,
    visit::{Visit, visit},
};
use crate::{
    error::{Error, ErrorKind, Result},
    plan::{Pages, Paginator, Selector},
    schema::Path,
};

/// The raw rows of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RawRows {
    pub(super) count: u64,
    /// The fingerprint of their text.
    pub(super) fingerprint: u64,
    /// What stands where they should be.
    pub(super) holder: Holder,
}

/// What stands where the raw rows of a page should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    Nothing,
    Null,
    Value,
}

impl Holder {
    /// What this text is.
    pub(super) fn of(raw: &str) -> Self {
        if raw == "null" {
            Self::Null
        } else {
            Self::Value
        }
    }
}

impl RawRows {
    /// Of a page that has nothing where they should be.
    pub(super) const NOTHING: Self = Self {
        count: 0,
        fingerprint: 0,
        holder: Holder::Nothing,
    };
}

/// Where a spec says that the raw rows are (`rows_path`).
#[derive(Debug)]
pub(super) enum RowsPath {
    Path(Path),
    Query(Query),
}

impl RowsPath {
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where it is not a valid JSONPath.
    pub(super) fn new(selector: &Selector) -> Result<Self> {
        Ok(match selector {
            Selector::Path(path) => Self::Path(path.clone()),
            Selector::Query(text) => Self::Query(Query::new("rows_path", text)?),
        })
    }

    /// The raw rows of a page. A page that lacks them has none, unless `required`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Response`] where they are required and missing, or are not a list.
    pub(super) fn read(&self, json: &str, required: bool) -> serde_json::Result<Result<RawRows>> {
        Ok(match self {
            Self::Path(path) => match selector::at(json, path) {
                Some(raw) => match elements(raw)? {
                    Some(count) => Ok(RawRows {
                        count,
                        fingerprint: fingerprint(raw),
                        holder: Holder::of(raw),
                    }),
                    None => Err(not_a_list(&path.to_string())),
                },
                None if required => Err(missing(selector::nothing_at(json, path))),
                None => Ok(RawRows::NOTHING),
            },
            Self::Query(query) => match query.find(json, false)?.matches {
                Matches::Found(found) => {
                    let mut rows = RawRows {
                        holder: Holder::Value,
                        ..RawRows::NOTHING
                    };
                    for Match { raw, .. } in found {
                        rows.count += elements(raw)?.unwrap_or(1);
                        rows.fingerprint = fold(rows.fingerprint, fingerprint(raw));
                    }
                    Ok(rows)
                }
                Matches::Lacking { place, raw } if required => {
                    Err(missing(selector::nothing_for(&query.text, &place, raw)))
                }
                Matches::Lacking { .. } => Ok(RawRows::NOTHING),
            },
        })
    }
}

/// Whether a fetch goes wrong where the number of raw rows is not known: they move the offset, an empty
/// page is the end, or a total counts them.
pub(super) const fn are_counted(paginator: &Paginator) -> bool {
    let ends = &paginator.ends;
    match &paginator.kind {
        Pages::Offset(_) | Pages::Number(_) => true,
        _ => ends.stop_after_empty_page || ends.total_path.is_some() || ends.total_header.is_some(),
    }
}

/// The error of a page whose selector does not tell which rows the API paged.
pub(super) fn ambiguous(query: &str) -> Error {
    Error::new(
        ErrorKind::Response,
        format!("cannot tell which rows the API counts, by `data_selector: {query}`"),
    )
    .with_detail("it goes through an object to what is within its values")
    .with_help("`rows_path` names the list whose elements the API counts")
}

fn missing(error: Error) -> Error {
    error.with_help("`rows_path` names the list whose elements the API counts")
}

fn not_a_list(path: &str) -> Error {
    Error::new(
        ErrorKind::Response,
        format!("`rows_path` leads to `{path}`, which is neither a list nor an object"),
    )
    .with_help("`rows_path` names the list whose elements the API counts")
}

/// How many elements a list has, or values an object; null has none. Nothing of another scalar.
fn elements(raw: &str) -> serde_json::Result<Option<u64>> {
    visit(&mut serde_json::Deserializer::from_str(raw), Elements)
}

struct Elements;

impl<'de> Visit<'de> for Elements {
    type Value = Option<u64>;

    fn other(self, found: Found<'_>) -> Option<u64> {
        matches!(found, Found::Null).then_some(0)
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Option<u64>, A::Error> {
        let mut count = 0;
        while list.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Some(count))
    }

    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<u64>, A::Error> {
        let mut count = 0;
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Some(count))
    }
}
