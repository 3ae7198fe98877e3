//! The records of the parents of a child, as its partitions: each combination of one of each parent.

use super::{Lists, Partition, PartitionSource, parents::ParentRecords};
use crate::{
    Completeness, Error, ErrorKind, Report, Result, State,
    fetch::FetchSpec,
    incremental::{PartitionCheckpoints, Request},
    parent::{ParentRecord, key_columns},
    plan::ParentPlan,
    shared::Ref,
};

/// The most memory that the records of further parents take, in bytes.
const MOST_BYTES: usize = 64 << 20;

/// The combinations of the records of all parents that no child was fetched for yet. Those of the first parent are
/// streamed, those of the others are held.
pub(super) struct ParentPartitions {
    plan: Ref<ParentPlan>,
    first: ParentRecords,
    /// Where the fields of the first parent are among those of all.
    at: Vec<usize>,
    others: Vec<HeldParent>,
    /// The record of the first parent that is being combined, and the number of its next combination.
    current: Option<(ParentRecord, usize)>,
    /// Combinations that children were fetched for.
    combined: u64,
}

/// A parent whose records are held.
struct HeldParent {
    parent: ParentRecords,
    at: Vec<usize>,
    records: Vec<ParentRecord>,
}

impl HeldParent {
    /// Holds the records that have arrived. `bytes` is the memory that all held records take.
    fn hold(&mut self, bytes: &mut usize) {
        while let Some(record) = self.parent.take() {
            *bytes += record.bytes();
            if *bytes > MOST_BYTES {
                self.records = Vec::new();
                return self.parent.fail(too_large(&self.parent.name()));
            }
            self.records.push(record);
        }
    }
}

fn too_large(parent: &str) -> Error {
    let message = format!(
        "{parent} has too many records to be combined with those of another parent: they take more than {} MiB",
        MOST_BYTES >> 20
    );
    Error::new(ErrorKind::Config, message).with_help(
        "the records of the parent that the endpoint names first are streamed, and those of the others are held: name \
         the largest first, or let the API return fewer of the others",
    )
}

impl ParentPartitions {
    /// All combinations of the parents of the resource.
    pub(super) fn new(spec: &FetchSpec, plan: &Ref<ParentPlan>) -> Result<Self> {
        let mut parents = plan.each().into_iter();
        let (first, at) = parents.next().ok_or_else(no_parent)?;
        let first = ParentRecords::new(spec, first, &at)?;
        let others = parents.map(|(plan, at)| {
            Ok(HeldParent {
                parent: ParentRecords::new(spec, plan, &at)?,
                at,
                records: Vec::new(),
            })
        });
        let mut new = Self {
            plan: plan.clone(),
            first,
            at,
            others: others.collect::<Result<_>>()?,
            current: None,
            combined: 0,
        };
        new.hold();
        Ok(new)
    }

    /// Holds the records of further parents that have arrived.
    fn hold(&mut self) {
        let records = self.others.iter().flat_map(|other| &other.records);
        let mut bytes = records.map(ParentRecord::bytes).sum();
        for other in &mut self.others {
            other.hold(&mut bytes);
        }
    }

    /// Whether all records of the further parents are held.
    fn holds_all(&self) -> bool {
        let mut others = self.others.iter();
        others.all(|other| other.parent.is_exhausted())
    }

    fn all(&self) -> impl Iterator<Item = &ParentRecords> {
        std::iter::once(&self.first).chain(self.others.iter().map(|other| &other.parent))
    }

    /// The next combination. The last parent changes first.
    fn next_combination(&mut self) -> Option<ParentRecord> {
        let number: usize = self
            .others
            .iter()
            .map(|other| other.records.len())
            .product();
        loop {
            if let Some((first, next)) = &mut self.current
                && *next < number
            {
                let mut rest = *next;
                *next += 1;
                let mut parts = Vec::with_capacity(self.others.len() + 1);
                for other in self.others.iter().rev() {
                    let record = other.records.get(rest % other.records.len())?;
                    rest /= other.records.len();
                    parts.push((record, &*other.at));
                }
                parts.push((&*first, &*self.at));
                parts.reverse();
                return Some(ParentRecord::combined(&self.plan, &parts));
            }
            self.current = Some((self.first.take()?, 0));
        }
    }
}

fn no_parent() -> Error {
    Error::new(ErrorKind::Config, "the resource has no parent")
}

impl PartitionSource for ParentPartitions {
    fn name(&self) -> String {
        self.plan.names()
    }

    fn checkpoints(
        &self,
        request: Request<'_>,
        lists: &Lists,
    ) -> Result<Option<PartitionCheckpoints>> {
        let columns = key_columns(&self.plan).into_iter().chain(lists.names());
        PartitionCheckpoints::new(request, columns.collect(), self.name())
    }

    fn take(&mut self) -> Option<Partition> {
        if !self.holds_all() || self.others.iter().any(|other| other.parent.has_failed()) {
            return None;
        }
        let record = if self.others.is_empty() {
            self.first.take()?
        } else {
            self.next_combination()?
        };
        self.combined += 1;
        Some(Partition {
            record: Some(record),
            range: None,
            level: 0,
        })
    }

    async fn advance(&mut self) {
        let mut others = self.others.iter_mut();
        match others.find(|other| !other.parent.is_exhausted()) {
            Some(other) => {
                other.parent.advance().await;
                self.hold();
            }
            None => self.first.advance().await,
        }
    }

    fn is_exhausted(&self) -> bool {
        let mut others = self.others.iter();
        others.any(|other| other.parent.has_failed())
            || self.holds_all() && self.first.is_exhausted()
    }

    fn take_error(&mut self) -> Result<()> {
        for other in &mut self.others {
            other.parent.take_error()?;
        }
        self.first.take_error()
    }

    fn completeness(&self, limit: Option<u64>) -> Vec<(String, Completeness)> {
        let of = |parent: &ParentRecords| (parent.name(), parent.completeness(limit));
        self.all().map(of).collect()
    }

    fn parents_state(&self) -> Option<State> {
        self.first.state()
    }

    fn no_position(&self) -> Error {
        let message = "a fetch for all parents has no position to be resumed from";
        Error::new(ErrorKind::Config, message)
            .with_help("fetch for one parent, by `of`, or from the start")
    }

    fn add_to(&self, report: &mut Report) {
        for parent in self.all() {
            parent.add_to(report, !self.others.is_empty());
        }
        if !self.others.is_empty() {
            report.parents = self.combined;
        }
    }
}
