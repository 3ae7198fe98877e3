//! The records of a resource that is its own parent, level by level.

use std::collections::{HashSet, VecDeque};

use super::{Lists, Partition, PartitionSource};
use crate::{
    Completeness, Error, ErrorKind, Report, Result, Rows,
    completeness::Reason,
    fetch::FetchSpec,
    incremental::{KeyHash, PartitionCheckpoints, Request},
    parent::{ParentCondition, ParentRecord, null_field, null_field_error, of_tree},
    plan::{OnNullParent, ParentPlan, ResourcePlan},
    shared::Ref,
};

/// The most memory that the records take whose children were not requested yet, in bytes.
const MOST_BYTES: usize = 64 << 20;

/// The most records whose keys are remembered, so that each is expanded once.
const MOST_RECORDS: usize = 4_000_000;

/// The first records of a tree, and the records below each record that was delivered.
pub(super) struct TreePartitions {
    resource: Ref<ResourcePlan>,
    /// The request for the first records.
    root: Ref<ResourcePlan>,
    /// Its own records, as the parents of those below them.
    plan: ParentPlan,
    condition: Option<ParentCondition>,
    maximum_depth: u32,
    /// The fields of a record that the requests for those below it need.
    needed: Vec<usize>,
    is_started: bool,
    /// The records whose children were not requested yet, level by level, and the memory that they take.
    waiting: VecDeque<Partition>,
    bytes: usize,
    /// Hashes of the records that were expanded. A record may be below several others, or below itself.
    expanded: HashSet<KeyHash>,
    error: Option<Error>,
    /// Whether the records of the last level may have others below them.
    is_cut: bool,
    fetched: u64,
    repeated: u64,
    skipped: u64,
    filtered: u64,
}

impl TreePartitions {
    /// The tree of a resource.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the resource is not a tree, or its records are fetched without its columns.
    pub(super) fn new(spec: &FetchSpec) -> Result<Self> {
        let resource = &spec.resource;
        let not_a_tree = || Error::new(ErrorKind::Config, "the resource is not a tree");
        let tree = resource.tree.as_ref().ok_or_else(not_a_tree)?;
        if !spec.table.is(&resource.table) {
            let message = "the records of a tree are fetched by its columns, and these are others";
            return Err(Error::new(ErrorKind::Config, message)
                .with_help("fetch them as `Rows`, or as the generated struct"));
        }
        Ok(Self {
            resource: resource.clone(),
            root: resource.root().ok_or_else(not_a_tree)?.into(),
            plan: of_tree(resource).ok_or_else(not_a_tree)?,
            condition: ParentCondition::of(resource)?,
            maximum_depth: tree.maximum_depth,
            needed: resource.parent_fields(),
            is_started: false,
            waiting: VecDeque::new(),
            bytes: 0,
            expanded: HashSet::new(),
            error: None,
            is_cut: false,
            fetched: 0,
            repeated: 0,
            skipped: 0,
            filtered: 0,
        })
    }

    /// Adds the records of a page of a partition.
    fn add_all(&mut self, above: &Partition, rows: &Rows) -> Result<()> {
        for row in rows {
            let condition = self.condition.as_ref();
            if condition.is_some_and(|condition| !condition.holds(row)) {
                self.filtered += 1;
                continue;
            }
            for record in ParentRecord::of_row(&self.plan, row)? {
                self.add(above, record)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, above: &Partition, mut record: ParentRecord) -> Result<()> {
        if let Some(field) = null_field(&self.plan, &self.needed, &record) {
            return match self.resource.on_null_parent {
                OnNullParent::Skip => {
                    self.skipped += 1;
                    Ok(())
                }
                OnNullParent::Error => Err(null_field_error(&field, &record)),
            };
        }
        if let Some(above) = &above.record {
            record.inherit_lists(above);
        }
        let key = KeyHash::of([record.key.values.as_str()]);
        if self.expanded.contains(&key) {
            self.repeated += 1;
            return Ok(());
        }
        if above.level >= self.maximum_depth {
            self.is_cut = true;
            return Ok(());
        }
        self.bytes += record.bytes();
        if self.expanded.len() >= MOST_RECORDS || self.bytes > MOST_BYTES {
            return Err(self.too_large());
        }
        self.expanded.insert(key);
        self.waiting.push_back(Partition {
            record: Some(record),
            range: None,
            level: above.level + 1,
        });
        Ok(())
    }

    /// Where the tree was cut off, if it was.
    fn cut(&self) -> Option<String> {
        let depth = self.maximum_depth;
        let cut = || format!("`maximum_depth` {depth}, where records may have others below them");
        self.is_cut.then(cut)
    }

    fn too_large(&self) -> Error {
        let message = format!(
            "the tree has too many records: {} were expanded, and {} wait to be",
            self.expanded.len(),
            self.waiting.len()
        );
        Error::new(ErrorKind::Config, message).with_help(format!(
            "at most {MOST_RECORDS} are expanded, and those that wait take at most {} MiB: fetch parts of the tree, by \
             `partitions` or a narrower `root`",
            MOST_BYTES >> 20
        ))
    }
}

impl PartitionSource for TreePartitions {
    fn name(&self) -> String {
        format!("`{}`", self.resource.name)
    }

    fn checkpoints(&self, _: Request<'_>, _: &Lists) -> Result<Option<PartitionCheckpoints>> {
        // A tree has no `incremental`.
        Ok(None)
    }

    fn take(&mut self) -> Option<Partition> {
        let is_first = !std::mem::replace(&mut self.is_started, true);
        is_first.then_some(Partition {
            record: None,
            range: None,
            level: 1,
        })
    }

    fn take_grown(&mut self) -> Option<Partition> {
        if self.error.is_some() {
            return None;
        }
        let partition = self.waiting.pop_front()?;
        let bytes = partition.record.as_ref().map(ParentRecord::bytes);
        self.bytes = self.bytes.saturating_sub(bytes.unwrap_or_default());
        self.fetched += 1;
        Some(partition)
    }

    fn grow(&mut self, above: &Partition, rows: &Rows) {
        if self.error.is_none() {
            self.error = self.add_all(above, rows).err();
        }
    }

    fn resource_of(&self, partition: &Partition) -> Option<Ref<ResourcePlan>> {
        (partition.level == 1).then(|| self.root.clone())
    }

    async fn advance(&mut self) {}

    fn is_exhausted(&self) -> bool {
        // Further partitions are those of delivered pages.
        self.is_started
    }

    fn take_error(&mut self) -> Result<()> {
        self.error.take().map_or(Ok(()), Err)
    }

    fn completeness(&self, _: Option<u64>) -> Vec<(String, Completeness)> {
        let mut completeness = Completeness::COMPLETE;
        if let Some(cut) = self.cut() {
            completeness.add(Reason::Maximum(cut));
        }
        vec![(self.name(), completeness)]
    }

    fn add_to(&self, report: &mut Report) {
        report.parents = self.fetched;
        report.skipped_parents = self.skipped;
        report.filtered_parents = self.filtered;
        report.repeated_parents = self.repeated;
        if let Some(cut) = self.cut() {
            report.note(format!("bounded: {cut}"));
        }
    }

    fn no_position(&self) -> Error {
        let message = "a fetch of a tree has no position to be resumed from";
        Error::new(ErrorKind::Config, message).with_help("fetch it from the start")
    }
}
