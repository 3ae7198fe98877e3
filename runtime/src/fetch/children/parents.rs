//! The records of the parent, one after the other.

use crate::{
    Page, Report, Result, Rows,
    fetch::{Job, Pages},
    parent::ParentRecord,
    plan::ParentPlan,
};

/// The parents that are still to come.
pub(super) struct Parents {
    plan: &'static ParentPlan,
    pages: Pages<Rows>,
    /// A page of them, and how many of it were taken.
    page: Option<(Rows, usize)>,
    end: Option<Result<()>>,
}

impl Parents {
    /// All of them, for this fetch of their children.
    pub(super) fn new(job: &Job, plan: &'static ParentPlan) -> Self {
        let fetch = job.client.rows(plan.resource).concurrency(job.concurrency);
        Self {
            plan,
            pages: fetch.pages(),
            page: None,
            end: None,
        }
    }

    /// The next parent of those that are here.
    pub(super) fn take(&mut self) -> Option<ParentRecord> {
        let (rows, at) = self.page.as_mut()?;
        let row = rows.get(*at);
        let parent = row.map(|row| ParentRecord::of_row(self.plan, row));
        *at += 1;
        if parent.is_none() {
            self.page = None;
        }
        parent
    }

    /// The next page of them. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Option<Result<Page<Rows>>> {
        self.pages.next().await
    }

    pub(super) fn receive(&mut self, page: Option<Result<Page<Rows>>>) {
        match page {
            Some(Ok(page)) => self.page = Some((page.into_rows(), 0)),
            Some(Err(error)) => self.end = Some(Err(error.without_position())),
            None => self.end = Some(Ok(())),
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

    /// Whether they are over, and all there are were seen.
    pub(super) fn are_complete(&self) -> bool {
        self.pages.is_complete()
    }

    pub(super) fn report(&self) -> Report {
        self.pages.report()
    }
}
