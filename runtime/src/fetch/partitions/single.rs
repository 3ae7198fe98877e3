//! A whole resource, or the children of one record of a parent, in parts: the combinations of its lists, and windows.

use super::{Lists, Partition, PartitionSource};
use crate::{
    Completeness, Error, ErrorKind, Report, Result,
    fetch::FetchSpec,
    incremental::{self, PartitionCheckpoints, Request},
    parent::ParentRecord,
};

/// A whole resource, or the children of one record of a parent.
pub(super) struct SinglePartition {
    parent: Option<ParentRecord>,
    is_taken: bool,
}

impl SinglePartition {
    pub(super) fn new(spec: &FetchSpec) -> Self {
        Self {
            parent: spec.parent.clone(),
            is_taken: false,
        }
    }
}

impl PartitionSource for SinglePartition {
    fn name(&self) -> String {
        "its parts".to_owned()
    }

    fn checkpoints(
        &self,
        request: Request<'_>,
        lists: &Lists,
    ) -> Result<Option<PartitionCheckpoints>> {
        let resource = request.resource;
        if !lists.is_empty() {
            let columns = self.parent.iter().flat_map(|parent| parent.key.by.clone());
            let columns = columns.chain(lists.names()).collect();
            return PartitionCheckpoints::new(request, columns, self.name());
        }
        let range = incremental::range(request, self.parent.as_ref())?;
        let key = self.parent.as_ref().map_or("", |parent| &parent.key.values);
        Ok(range.map(|range| PartitionCheckpoints::of_one(resource, range, key)))
    }

    fn take(&mut self) -> Option<Partition> {
        let is_first = !std::mem::replace(&mut self.is_taken, true);
        let record = self.parent.clone();
        is_first.then_some(Partition {
            record,
            range: None,
            level: 0,
        })
    }

    async fn advance(&mut self) {}

    fn has_all(&self) -> bool {
        self.parent.is_none()
    }

    fn is_exhausted(&self) -> bool {
        self.is_taken
    }

    fn take_error(&mut self) -> Result<()> {
        Ok(())
    }

    fn completeness(&self, _: Option<u64>) -> Vec<(String, Completeness)> {
        Vec::new()
    }

    fn add_to(&self, _: &mut Report) {}

    fn no_position(&self) -> Error {
        let message = "a fetch in partitions or windows has no position to be resumed from";
        Error::new(ErrorKind::Config, message).with_help(
            "resume by its state: it is after the last complete window of each partition",
        )
    }
}
