//! The records of the parent, one after the other.

use std::vec;

use crate::{
    Completeness, Page, Report, Result, Rows,
    completeness::Reason,
    fetch::{Job, Pages},
    parent::ParentRecord,
    plan::ParentPlan,
};

/// The parents that are still to come.
pub(super) struct Parents {
    /// The resource of the children.
    child: &'static str,
    plan: &'static ParentPlan,
    source: Source,
    end: Option<Result<()>>,
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
        hides: bool,
    },
}

impl Parents {
    /// All of them, for this fetch of their children.
    pub(super) fn new(job: &Job, plan: &'static ParentPlan) -> Self {
        let family = job.family.as_ref();
        if let Some(known) = family.and_then(|family| family.take(job.resource)) {
            return Self {
                child: job.resource.name,
                plan,
                source: Source::Known {
                    records: known.records.into_iter(),
                    hides: known.hides,
                },
                end: Some(Ok(())),
            };
        }
        // Where there is a limit, few of them may be enough.
        let mut fetch = job
            .client
            .rows(plan.resource)
            .concurrency(job.concurrency)
            .allow_incomplete()
            .one_by_one(job.one_by_one || job.limit.is_some());
        if let Some(family) = family {
            fetch = fetch.within(family);
        }
        let pages = Box::new(fetch.pages());
        Self {
            child: job.resource.name,
            plan,
            source: Source::Fetched { pages, page: None },
            end: None,
        }
    }

    /// The next parent of those that are here.
    pub(super) fn take(&mut self) -> Option<ParentRecord> {
        let page = match &mut self.source {
            Source::Known { records, .. } => return records.next(),
            Source::Fetched { page, .. } => page,
        };
        let (rows, at) = page.as_mut()?;
        let row = rows.get(*at);
        let parent = row.map(|row| ParentRecord::of_row(self.plan, row));
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
                let error = error.with_detail(format!("fetched for `{}`", self.child));
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
        let is_whole = match &self.source {
            Source::Fetched { pages, .. } => pages.completeness(),
            Source::Known { records, hides } if records.as_slice().is_empty() => {
                let mut completeness = Completeness::COMPLETE;
                completeness.has_set_aside = *hides;
                Some(completeness)
            }
            Source::Known { .. } => None,
        };
        is_whole.unwrap_or_else(|| {
            let mut completeness = Completeness::COMPLETE;
            completeness.add(Reason::Limit(limit.unwrap_or_default()));
            completeness
        })
    }

    pub(super) fn report(&self) -> Report {
        match &self.source {
            Source::Fetched { pages, .. } => pages.report(),
            Source::Known { .. } => {
                let mut report = Report::default();
                let parent = self.plan.resource.name;
                report.note(format!("`{parent}` had been fetched before, for all"));
                report
            }
        }
    }
}
