//! What there is of the slow way to records without the feature `queries`.

use super::matches::Search;
use crate::{Result, json_path::JsonPath, shared::Text};

/// A query, none of which is parsed.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) text: Text,
    path: JsonPath,
}

impl Query {
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) that names the feature.
    pub(super) fn new(key: &str, text: &Text) -> Result<Self> {
        let path = JsonPath::parse(key, text)?;
        let text = text.clone();
        Ok(Self { text, path })
    }

    pub(super) fn find<'t>(&self, _: &'t str, _: bool) -> serde_json::Result<Search<'t>> {
        match self.path {}
    }

    pub(super) fn values<'t>(&self, _: &'t str) -> serde_json::Result<Vec<&'t str>> {
        match self.path {}
    }

    pub(super) fn chooses_elements(&self) -> bool {
        match self.path {}
    }
}
