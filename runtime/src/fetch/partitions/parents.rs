//! The records of one parent of a child.

use std::{collections::HashSet, mem, vec};

use super::changed::parents_since;
use crate::{
    Completeness, Error, Page, Report, Result, Rows, Scalar, State,
    completeness::{Caveat, Reason},
    fetch::{FetchSpec, Pages},
    incremental::KeyHash,
    parent::{ParentCondition, ParentRecord, null_field, null_field_error},
    plan::{OnNullParent, ParentPlan, ResourcePlan},
    shared::Ref,
};

/// The records of a parent that no child was fetched for yet.
pub(super) struct ParentRecords {
    child: Ref<ResourcePlan>,
    /// The plan of this parent alone.
    plan: ParentPlan,
    condition: Option<ParentCondition>,
    source: Source,
    end: Option<Result<()>>,
    /// The fields of a parent that the child's requests need.
    needed: Vec<usize>,
    /// Hashes of the parents that were taken, so that each is taken once.
    taken: HashSet<KeyHash>,
    /// Parents that wait until their batch is full.
    batch: Vec<ParentRecord>,
    /// Parents that children were fetched for.
    fetched: u64,
    /// Parents that arrived again.
    repeated: u64,
    /// Parents whose needed field is null.
    skipped: u64,
    /// Parents for which the condition does not hold.
    filtered: u64,
}

/// Where the parents come from.
enum Source {
    /// Their own fetch.
    Fetched {
        pages: Box<Pages<Rows>>,
        /// A page of them, and how many of its rows were taken.
        page: Option<(Rows, usize)>,
        /// The records of the last row that was taken.
        elements: vec::IntoIter<ParentRecord>,
    },
    /// The cache of an earlier fetch.
    Cached {
        records: vec::IntoIter<ParentRecord>,
        completeness: Completeness,
        /// The state at the end of that fetch.
        state: Option<Box<State>>,
    },
}

impl ParentRecords {
    /// All records of a parent, whose fields are at these positions among those of all parents.
    pub(super) fn new(spec: &FetchSpec, plan: ParentPlan, at: &[usize]) -> Result<Self> {
        let parent_cache = spec.parent_cache.as_ref();
        let since = parents_since(spec, &plan)?;
        let cached = parent_cache
            .and_then(|cache| cache.take(&spec.resource, &plan.resource, since.as_ref()));
        let needed = spec.resource.parent_fields().into_iter();
        let (source, end) = if let Some(known) = cached {
            let source = Source::Cached {
                records: known.records.into_iter(),
                completeness: known.completeness,
                state: known.state.map(Box::new),
            };
            (source, Some(Ok(())))
        } else {
            // With a limit, a few parents may be enough.
            let mut fetch = spec
                .client
                .rows(plan.resource.clone())
                .concurrency(spec.concurrency)
                .allow_incomplete()
                .began_at(spec.began)
                .one_by_one(spec.one_by_one || spec.limit.is_some());
            if spec.resumes_parents() {
                // A parent that changed at the time of the state comes again.
                fetch = fetch.for_upsert().keeps_state(spec.keep_state);
            }
            if let Some(since) = since {
                fetch = fetch.since(since);
            }
            if let Some(parent_cache) = parent_cache {
                fetch = fetch.parent_cache(parent_cache);
            }
            let pages = Box::new(fetch.pages());
            let (page, elements) = (None, Vec::new().into_iter());
            let source = Source::Fetched {
                pages,
                page,
                elements,
            };
            (source, None)
        };
        Ok(Self {
            condition: ParentCondition::of(&spec.resource)?,
            child: spec.resource.clone(),
            needed: needed
                .filter_map(|field| at.iter().position(|at| *at == field))
                .collect(),
            plan,
            source,
            end,
            taken: HashSet::new(),
            batch: Vec::new(),
            fetched: 0,
            repeated: 0,
            skipped: 0,
            filtered: 0,
        })
    }

    /// The next parent whose key was not taken before. A list that changes while it is read may contain a parent
    /// twice, with other values.
    fn take_record(&mut self) -> Option<ParentRecord> {
        if matches!(self.end, Some(Err(_))) {
            return None;
        }
        while let Some(parent) = self.take_any() {
            if !self.taken.insert(self.identity(&parent)) {
                self.repeated += 1;
                continue;
            }
            let Some(field) = null_field(&self.plan, &self.needed, &parent) else {
                return Some(parent);
            };
            match self.child.on_null_parent {
                OnNullParent::Skip => self.skipped += 1,
                OnNullParent::Error => {
                    self.end = Some(Err(null_field_error(&field, &parent)));
                    return None;
                }
            }
        }
        None
    }

    /// What tells parents apart: the key, or in a batch the values that are sent.
    fn identity(&self, parent: &ParentRecord) -> KeyHash {
        if self.child.batch.is_none() {
            return KeyHash::of([parent.key.values.as_str()]);
        }
        let values: Vec<String> = parent
            .values
            .sent()
            .iter()
            .map(Scalar::to_json_text)
            .collect();
        KeyHash::of(values.iter().map(String::as_str))
    }

    /// The next batch: when it is full, or after the last parent.
    fn take_batch(&mut self, size: u32) -> Option<ParentRecord> {
        while let Some(parent) = self.take_record() {
            self.batch.push(parent);
            if self.batch.len() >= size as usize {
                break;
            }
        }
        let is_last = matches!(self.end, Some(Ok(())));
        if self.batch.len() < size as usize && !is_last {
            return None;
        }
        let batch = mem::take(&mut self.batch);
        self.fetched += batch.len() as u64;
        ParentRecord::of_batch(&batch)
    }

    fn take_any(&mut self) -> Option<ParentRecord> {
        let (page, elements) = match &mut self.source {
            Source::Cached { records, .. } => return records.next(),
            Source::Fetched { page, elements, .. } => (page, elements),
        };
        loop {
            if let Some(record) = elements.next() {
                return Some(record);
            }
            let (rows, at) = page.as_mut()?;
            let Some(row) = rows.get(*at) else {
                *page = None;
                return None;
            };
            *at += 1;
            let condition = self.condition.as_ref();
            if condition.is_some_and(|condition| !condition.holds(row)) {
                self.filtered += 1;
                continue;
            }
            match ParentRecord::of_row(&self.plan, row) {
                Ok(records) => *elements = records.into_iter(),
                Err(error) => {
                    self.end = Some(Err(error));
                    return None;
                }
            }
        }
    }

    fn receive(&mut self, received: Option<Result<Page<Rows>>>) {
        match (received, &mut self.source) {
            (Some(Ok(rows)), Source::Fetched { page, .. }) => *page = Some((rows.into_rows(), 0)),
            (Some(Err(error)), _) => {
                let error = error.with_detail(format!("fetched for `{}`", self.child.name));
                self.end = Some(Err(error.without_position()));
            }
            _ => self.end = Some(Ok(())),
        }
    }

    /// The next record, or the next batch of them.
    pub(super) fn take(&mut self) -> Option<ParentRecord> {
        if let Some(size) = self.child.batch {
            return self.take_batch(size);
        }
        let record = self.take_record()?;
        self.fetched += 1;
        Some(record)
    }

    /// Waits for more records to arrive. Dropping the future loses nothing.
    pub(super) async fn advance(&mut self) {
        let received = match &mut self.source {
            Source::Fetched { pages, .. } => pages.next().await,
            Source::Cached { .. } => None,
        };
        self.receive(received);
    }

    /// Whether no more records arrive.
    pub(super) fn is_exhausted(&self) -> bool {
        self.end.is_some()
    }

    pub(super) fn has_failed(&self) -> bool {
        matches!(self.end, Some(Err(_)))
    }

    pub(super) fn fail(&mut self, error: Error) {
        self.end = Some(Err(error));
    }

    pub(super) fn take_error(&mut self) -> Result<()> {
        self.end.take().unwrap_or(Ok(()))
    }

    /// The name of the parent in messages.
    pub(super) fn name(&self) -> String {
        format!("`{}`", self.plan.resource.name)
    }

    /// Whether all records arrived, once no more are taken. `limit` is the limit that left some out.
    pub(super) fn completeness(&self, limit: Option<u64>) -> Completeness {
        let ended = match &self.source {
            Source::Fetched { pages, .. } => pages.completeness(),
            Source::Cached {
                records,
                completeness,
                ..
            } => records.as_slice().is_empty().then(|| completeness.clone()),
        };
        let mut completeness = ended.unwrap_or_else(|| {
            let mut bounded = Completeness::COMPLETE;
            bounded.add(Reason::Limit(limit.unwrap_or_default()));
            bounded
        });
        // The schema contract may have made null the field that a parent was skipped for.
        if self.skipped > 0 && completeness.has_discarded_values() {
            completeness.warn(Caveat::UnfetchedPart);
        }
        completeness
    }

    /// The state of the parent's fetch, at its end.
    pub(super) fn state(&self) -> Option<State> {
        match &self.source {
            Source::Fetched { pages, .. } => pages.state(),
            Source::Cached { state, .. } => state.as_deref().cloned(),
        }
    }

    /// Adds the parent's own fetch to the report of its child's. Beside others the notes name the parent.
    pub(super) fn add_to(&self, report: &mut Report, has_others: bool) {
        report.parents += self.fetched;
        report.skipped_parents += self.skipped;
        report.filtered_parents += self.filtered;
        report.repeated_parents += self.repeated;
        let mut own = match &self.source {
            Source::Fetched { pages, .. } => pages.report(),
            Source::Cached { .. } => {
                let mut report = Report::default();
                report.note(format!("{} had been fetched before, for all", self.name()));
                report
            }
        };
        if has_others {
            for note in &mut own.notes {
                *note = format!("{}: {note}", self.name());
            }
        }
        let Some(others) = &mut report.of_parents else {
            report.of_parents = Some(Box::new(own));
            return;
        };
        let mut own = Some(&own);
        while let Some(report) = own {
            others.add(report);
            own = report.of_parents.as_deref();
        }
    }
}
