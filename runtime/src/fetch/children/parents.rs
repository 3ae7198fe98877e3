//! The records of the parent, one after the other.

use std::{collections::HashSet, vec};

use crate::{
    Completeness, Page, Report, Result, Rows,
    completeness::{Caveat, Reason},
    fetch::{Job, Pages},
    incremental::KeyHash,
    parent::{ParentRecord, null_field, null_field_error},
    plan::{OnNullParent, ParentPlan, ResourcePlan},
    shared::Ref,
};

/// The parents that are still to come.
pub(super) struct Parents {
    /// The resource of the children.
    child: Ref<ResourcePlan>,
    plan: Ref<ParentPlan>,
    source: Source,
    end: Option<Result<()>>,
    /// The fields of a parent that the child's requests need.
    needed: Vec<usize>,
    /// Those that were taken, so that each is fetched for once.
    taken: HashSet<KeyHash>,
    repeated: u64,
    /// Those of which a needed field is null.
    skipped: u64,
}

/// Where they come from.
enum Source {
    Fetched {
        pages: Box<Pages<Rows>>,
        /// A page of them, and how many of it were taken.
        page: Option<(Rows, usize)>,
    },
    /// What an earlier fetch saw of them.
    Known {
        records: vec::IntoIter<ParentRecord>,
        completeness: Completeness,
    },
}

impl Parents {
    /// All of them, for this fetch of their children.
    pub(super) fn new(job: &Job, plan: &Ref<ParentPlan>) -> Self {
        let family = job.family.as_ref();
        if let Some(known) = family.and_then(|family| family.take(&job.resource)) {
            let source = Source::Known {
                records: known.records.into_iter(),
                completeness: known.completeness,
            };
            return Self::of(job, plan, source, Some(Ok(())));
        }
        // Where there is a limit, few of them may be enough.
        let mut fetch = job
            .client
            .rows(plan.resource.clone())
            .concurrency(job.concurrency)
            .allow_incomplete()
            .one_by_one(job.one_by_one || job.limit.is_some());
        if let Some(family) = family {
            fetch = fetch.within(family);
        }
        let pages = Box::new(fetch.pages());
        Self::of(job, plan, Source::Fetched { pages, page: None }, None)
    }

    fn of(job: &Job, plan: &Ref<ParentPlan>, source: Source, end: Option<Result<()>>) -> Self {
        Self {
            child: job.resource.clone(),
            plan: plan.clone(),
            source,
            end,
            needed: job.resource.parent_fields(),
            taken: HashSet::new(),
            repeated: 0,
            skipped: 0,
        }
    }

    /// The next parent of those that are here, each of them once.
    pub(super) fn take(&mut self) -> Option<ParentRecord> {
        if matches!(self.end, Some(Err(_))) {
            return None;
        }
        while let Some(parent) = self.take_any() {
            if !self.taken.insert(self.key_hash(&parent)) {
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

    /// What tells a parent's requests from others: its key, and what they take of it.
    fn key_hash(&self, parent: &ParentRecord) -> KeyHash {
        let needed = self.needed.iter().filter_map(|at| parent.values.get(*at));
        let needed: Vec<String> = needed.map(|value| value.to_json().to_string()).collect();
        let key = std::iter::once(parent.key.values.as_str());
        KeyHash::of(key.chain(needed.iter().map(String::as_str)))
    }

    fn take_any(&mut self) -> Option<ParentRecord> {
        let page = match &mut self.source {
            Source::Known { records, .. } => return records.next(),
            Source::Fetched { page, .. } => page,
        };
        let (rows, at) = page.as_mut()?;
        let row = rows.get(*at);
        let parent = row.map(|row| ParentRecord::of_row(&self.plan, row));
        *at += 1;
        if parent.is_none() {
            *page = None;
        }
        parent
    }

    /// The next page of them. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Option<Result<Page<Rows>>> {
        match &mut self.source {
            Source::Fetched { pages, .. } => pages.next().await,
            Source::Known { .. } => None,
        }
    }

    pub(super) fn receive(&mut self, received: Option<Result<Page<Rows>>>) {
        match (received, &mut self.source) {
            (Some(Ok(rows)), Source::Fetched { page, .. }) => *page = Some((rows.into_rows(), 0)),
            (Some(Err(error)), _) => {
                let error = error.with_detail(format!("fetched for `{}`", self.child.name));
                self.end = Some(Err(error.without_position()));
            }
            _ => self.end = Some(Ok(())),
        }
    }

    /// Whether no more of them come.
    pub(super) fn are_over(&self) -> bool {
        self.end.is_some()
    }

    /// How they ended.
    pub(super) fn take_end(&mut self) -> Result<()> {
        self.end.take().unwrap_or(Ok(()))
    }

    /// Whether all of them were seen, once no more are taken. Those that are left are bounded by the limit of
    /// the children.
    pub(super) fn completeness(&self, limit: Option<u64>) -> Completeness {
        let ended = match &self.source {
            Source::Fetched { pages, .. } => pages.completeness(),
            Source::Known {
                records,
                completeness,
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

    /// How many were left out because they had been taken before.
    pub(super) fn repeated(&self) -> u64 {
        self.repeated
    }

    /// How many were left out because a field that the requests need is null.
    pub(super) fn skipped(&self) -> u64 {
        self.skipped
    }

    pub(super) fn report(&self) -> Report {
        match &self.source {
            Source::Fetched { pages, .. } => pages.report(),
            Source::Known { .. } => {
                let mut report = Report::default();
                let parent = &self.plan.resource.name;
                report.note(format!("`{parent}` had been fetched before, for all"));
                report
            }
        }
    }
}
