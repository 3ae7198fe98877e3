//! What a fetch did.

use std::{fmt, time::Duration};

/// What a fetch did: everything that was asked, received, and not delivered.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// Requests for pages, the repeated ones included.
    pub requests: u64,
    /// Requests that were made again.
    pub retries: u64,
    /// Time spent waiting between attempts.
    pub waited: Duration,
    /// Bytes of the bodies, after decompression.
    pub bytes: u64,
    /// Pages received.
    pub pages: u64,
    /// Records received, before any filter.
    pub received: u64,
    /// Records delivered.
    pub delivered: u64,
    /// Records set aside by `schema_contract: {data_type: discard_row}`.
    pub discarded_rows: u64,
    /// Values made null by `schema_contract: {data_type: discard_value}`.
    pub discarded_values: u64,
    /// Values of undeclared keys.
    pub undeclared_values: u64,
    /// Records outside the range of an incremental fetch, or already seen.
    pub outside_range: u64,
    /// What is worth knowing: why it ended, a limit that was not honoured, the first few examples of
    /// what was left out.
    pub notes: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} records in {} pages, {} requests",
            self.delivered, self.pages, self.requests
        )
    }
}
