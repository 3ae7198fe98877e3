//! Reads records that fetches set aside again.

use super::Fetch;
use crate::{Client, Rows, decode::read_reject, error::Result, plan::ResourcePlan, reject::Reject};

impl Client {
    /// The rows of a record that an earlier fetch of this resource [set aside](Fetch::keep_rejects), as its spec says
    /// now, after its `processing_steps`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Schema`](crate::ErrorKind::Schema) where it still does not fit;
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where a column is read from around the record.
    pub fn read_reject(&self, resource: &ResourcePlan, reject: &Reject) -> Result<Rows> {
        let rows = read_reject(reject, resource, &self.plan().spec)?;
        rows.processed(resource, self.hooks())
    }
}

impl<T, Parent> Fetch<T, Parent> {
    /// Keeps the records that `schema_contract: {data_type: discard_row}` sets aside: [`Rows::rejects`] has those of a page.
    /// Pages whose records were all set aside are delivered, too.
    pub fn keep_rejects(mut self) -> Self {
        self.spec.keep_rejects = true;
        self
    }
}
