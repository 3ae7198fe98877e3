//! A fetch for all records of a parent: one fetch for each, side by side, delivered in their order.
//!
//! The parents stream, as fast as their children are begun. So many parts as there may be requests at
//! a time are under way; each holds the pages that it may ask for side by side and two more, so that
//! memory is bounded whatever the number of parents.

use std::collections::VecDeque;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc;
use tracing::Instrument;

use super::{
    Job, Pages,
    driver::{self, Ended},
    streams::{Delivery, SharedReport},
    trace,
};
use crate::{
    Error, ErrorKind, Page, Report, Result, Rows,
    incremental::{Range, Sieve},
    parent::ParentRecord,
    plan::ParentPlan,
    report::count,
};

/// Fetches to the end, or until the stream is dropped.
pub(super) async fn run(
    job: Job,
    plan: &'static ParentPlan,
    stream: mpsc::Sender<Delivery>,
    report: SharedReport,
) {
    let last = match fetch(&job, plan, &stream, &report).await {
        Ok(end) => end,
        Err(error) => {
            trace::failed(&error);
            Delivery::Failure(error)
        }
    };
    // The stream may be gone: there is no one to tell then.
    let _ = stream.send(last).await;
}

async fn fetch(
    job: &Job,
    plan: &'static ParentPlan,
    stream: &mpsc::Sender<Delivery>,
    report: &SharedReport,
) -> Result<Delivery> {
    let mut children = Children::new(job, plan, report).map_err(|error| job.error(error))?;
    let outcome = children.run(stream).await;
    if let Some(note) = children.sieve.note() {
        children.done.note(note);
    }
    children.count();
    outcome?;
    Ok(Delivery::End {
        state: if children.complete {
            children.sieve.state_at_end(true)
        } else {
            // Records in order are so within one parent only: what is missing of one may be earlier
            // than what came of another.
            None
        },
        complete: children.complete,
        repeats: children.sieve.repeats(children.complete),
    })
}

/// The children of all parents.
struct Children<'a> {
    job: &'a Job,
    plan: &'static ParentPlan,
    /// The same for all parts: fixed when the fetch began.
    range: Option<Range>,
    parents: Parents,
    /// Those under way, in the parents' order.
    parts: VecDeque<Part>,
    begun: u64,
    /// What the parts that are over came to.
    sieve: Sieve,
    complete: bool,
    /// Records still wanted, where there is a limit.
    wanted: Option<u64>,
    /// What is over and done with.
    done: Report,
    report: &'a SharedReport,
}

/// The parents that are still to come.
struct Parents {
    pages: Pages<Rows>,
    /// A page of them, and how many of it were taken.
    page: Option<(Rows, usize)>,
    end: Option<Result<()>>,
}

/// The fetch for one parent.
struct Part {
    number: u64,
    parent: String,
    deliveries: mpsc::Receiver<Delivery>,
    outcome: Option<Result<Option<Ended>>>,
    report: SharedReport,
}

impl<'a> Children<'a> {
    fn new(job: &'a Job, plan: &'static ParentPlan, report: &'a SharedReport) -> Result<Self> {
        if job.resume.is_some() {
            let message = "a fetch for all parents has no position to be resumed from";
            return Err(Error::new(ErrorKind::Config, message)
                .with_help("fetch for one parent, by `of`, or from the start"));
        }
        let range = Range::new(job.resource, job.since.clone(), job.until.clone(), None)?;
        let parents = job.client.rows(plan.resource).concurrency(job.concurrency);
        Ok(Self {
            sieve: Sieve::new(job.resource, job.table, range.clone())?,
            job,
            plan,
            range,
            parents: Parents {
                pages: parents.pages(),
                page: None,
                end: None,
            },
            parts: VecDeque::new(),
            begun: 0,
            complete: true,
            wanted: job.limit,
            done: Report::default(),
            report,
        })
    }

    async fn run(&mut self, stream: &mpsc::Sender<Delivery>) -> Result<()> {
        let mut running = FuturesUnordered::new();
        // What waits for the stream to have room.
        let mut delivery: Option<Delivery> = None;
        loop {
            if delivery.is_none() && self.wanted == Some(0) {
                self.complete = false;
                let limit = count(self.job.limit.unwrap_or_default(), "record");
                self.ended(&format!("the limit of {limit}"));
                return Ok(());
            }
            while self.has_room()
                && let Some(parent) = self.parents.take(self.plan)
            {
                running.push(self.begin(parent));
            }
            let wants_parents = self.has_room() && self.parents.end.is_none();
            if delivery.is_none() && self.parts.is_empty() && !wants_parents {
                self.ended(&format!("after the last of `{}`", self.plan.resource.name));
                self.complete &= self.parents.pages.is_complete();
                return self.parents.end.take().unwrap_or(Ok(()));
            }
            let front = self.parts.front_mut();
            tokio::select! {
                biased;
                permit = stream.reserve(), if delivery.is_some() => match (permit, delivery.take()) {
                    (Ok(permit), Some(delivery)) => permit.send(delivery),
                    // No one listens any more.
                    _ => return Ok(()),
                },
                page = receive(front), if delivery.is_none() => match page {
                    Some(page) => delivery = self.pass(page),
                    None => self.end()?,
                },
                Some((number, outcome)) = running.next(), if !running.is_empty() => {
                    if let Some(part) = self.parts.iter_mut().find(|part| part.number == number) {
                        part.outcome = Some(outcome);
                    }
                }
                page = self.parents.pages.next(), if wants_parents => {
                    self.parents.receive(page);
                    self.count();
                }
            }
        }
    }

    /// Whether one more part may be begun. Where there is a limit, they follow each other, so that
    /// nothing is asked for that is not wanted.
    fn has_room(&self) -> bool {
        let most = if self.wanted.is_some() {
            1
        } else {
            usize::from(self.job.concurrency)
        };
        let failed = |part: &Part| matches!(part.outcome, Some(Err(_)));
        self.parts.len() < most && !self.parts.iter().any(failed)
    }

    /// Begins the fetch for one parent.
    fn begin(
        &mut self,
        parent: ParentRecord,
    ) -> impl Future<Output = (u64, Result<Option<Ended>>)> + Send + use<> {
        let (sender, deliveries) = mpsc::channel(1);
        let report = SharedReport::default();
        let number = self.begun;
        self.begun += 1;
        self.parts.push_back(Part {
            number,
            parent: parent.name.clone(),
            deliveries,
            outcome: None,
            report: report.clone(),
        });
        let range = self.range.clone();
        let span = trace::part(self.job, &parent);
        let job = Job {
            parent: Some(parent),
            limit: self.wanted,
            ..self.job.clone()
        };
        async move {
            let outcome = driver::fetch(&job, range, &sender, &report).await;
            let outcome = outcome.map_err(|error| job.error(error.without_position()));
            (number, outcome)
        }
        .instrument(span)
    }

    /// A page of the first part, as it is delivered.
    fn pass(&mut self, page: Delivery) -> Option<Delivery> {
        let Delivery::Page(rows, _) = page else {
            return None;
        };
        if let Some(wanted) = &mut self.wanted {
            *wanted = wanted.saturating_sub(rows.len() as u64);
        }
        self.count();
        // A state before the end would leave out what other parents may still bring.
        Some(Delivery::Page(rows, None))
    }

    /// The first part is over, and what it brought was delivered.
    fn end(&mut self) -> Result<()> {
        let Some(part) = self.parts.pop_front() else {
            return Ok(());
        };
        self.done.add(&part.report.lock());
        let Some(Ended { end, sieve }) = part.outcome.transpose()?.flatten() else {
            self.complete = false;
            return Ok(());
        };
        if !end.complete {
            self.complete = false;
            self.done
                .note(format!("{} ended: {}", part.parent, end.reason));
        }
        self.sieve.absorb(sieve);
        self.count();
        Ok(())
    }

    /// Says why it is over.
    fn ended(&mut self, reason: &str) {
        self.done.note(format!("ended: {reason}"));
        self.count();
        trace::ended(self.job, reason, &self.report.lock());
    }

    /// Brings the report up to what was done.
    fn count(&self) {
        let mut all = self.done.clone();
        for part in &self.parts {
            all.add(&part.report.lock());
        }
        all.parents = self.begun;
        all.of_parents = Some(Box::new(self.parents.pages.report()));
        let mut report = self.report.lock();
        all.delivered = report.delivered;
        *report = all;
    }
}

impl Parents {
    /// The next parent of those that are here.
    fn take(&mut self, plan: &ParentPlan) -> Option<ParentRecord> {
        let (rows, at) = self.page.as_mut()?;
        let row = rows.get(*at);
        let parent = row.map(|row| ParentRecord::of_row(plan, row));
        *at += 1;
        if parent.is_none() {
            self.page = None;
        }
        parent
    }

    fn receive(&mut self, page: Option<Result<Page<Rows>>>) {
        match page {
            Some(Ok(page)) => self.page = Some((page.into_rows(), 0)),
            Some(Err(error)) => self.end = Some(Err(error.without_position())),
            None => self.end = Some(Ok(())),
        }
    }
}

/// The next page of a part; nothing at its end, and never anything of no part.
async fn receive(part: Option<&mut Part>) -> Option<Delivery> {
    match part {
        Some(part) => part.deliveries.recv().await,
        None => std::future::pending().await,
    }
}
