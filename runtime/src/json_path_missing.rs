//! What there is of JSONPath queries without the feature `queries`.

use serde_json::Value;

use crate::{Error, ErrorKind, Result};

/// A query, none of which is parsed.
#[derive(Debug)]
pub(crate) enum JsonPath {}

impl JsonPath {
    /// # Errors
    ///
    /// [`ErrorKind::Config`] that names the feature.
    pub(crate) fn parse(key: &str, query: &str) -> Result<Self> {
        let message = format!("`{key}: {query}` needs the feature `queries` of `rest-source`");
        Err(Error::new(ErrorKind::Config, message)
            .with_help("enable it: `cargo add rest-source --features queries`"))
    }

    pub(crate) fn values<'t>(&self, _: &'t Value) -> Vec<&'t Value> {
        match *self {}
    }
}
