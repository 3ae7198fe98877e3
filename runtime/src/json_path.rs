//! JSONPath queries (RFC 9535) over a tree of JSON values: the feature `queries`.

use serde_json::Value;
pub(crate) use serde_json_path::{LocatedNodeList, NormalizedPath, PathElement};

use crate::{Error, ErrorKind, Result};

/// A query that was parsed.
#[derive(Debug, Default)]
pub(crate) struct JsonPath(serde_json_path::JsonPath);

impl JsonPath {
    /// Parses a query, the value of `key`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if it is not a valid query, which `check` rejects.
    pub(crate) fn parse(key: &str, query: &str) -> Result<Self> {
        let path = serde_json_path::JsonPath::parse(query);
        path.map(Self).map_err(|error| {
            let message = format!("`{key}: {query}` is not a valid JSONPath: {error}");
            Error::new(ErrorKind::Config, message)
        })
    }

    /// The values that it finds.
    pub(crate) fn values<'t>(&self, tree: &'t Value) -> Vec<&'t Value> {
        self.0.query(tree).all()
    }

    /// The values that it finds, with their places.
    pub(crate) fn located<'t>(&self, tree: &'t Value) -> LocatedNodeList<'t> {
        self.0.query_located(tree)
    }
}
