//! A fetch for all records of a parent: one fetch for each, side by side, delivered in their order.
//!
//! The parents stream, as fast as their children are begun. So many parts as there may be requests at
//! a time are under way; each holds the pages that it may ask for side by side and two more, so that
//! memory is bounded whatever the number of parents.

mod parents;

use std::collections::VecDeque;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc;
use tracing::Instrument;

use self::parents::Parents;
use super::{
    Job,
    driver::{self, Ended},
    streams::{Delivery, SharedReport},
    trace,
};
use crate::{
    Completeness, Error, ErrorKind, Report, Result,
    completeness::{Caveat, Reason},
    incremental::{PerParent, Sieve},
    parent::ParentRecord,
    plan::ParentPlan,
    report::count,
    shared::Ref,
};

/// Fetches to the end, or until the stream is dropped.
pub(super) async fn run(
    job: Job,
    plan: Ref<ParentPlan>,
    stream: mpsc::Sender<Delivery>,
    report: SharedReport,
) {
    let last = match Children::new(&job, &plan, &report) {
        Ok(mut children) => {
            let outcome = children.run(&stream).await;
            children.over(outcome)
        }
        Err(error) => Delivery::Failure {
            error: job.error(error),
            state: None,
        },
    };
    if let Delivery::Failure { error, .. } = &last {
        trace::failed(error);
    }
    // The stream may be gone: there is no one to tell then.
    let _ = stream.send(last).await;
}

/// The children of all parents.
struct Children<'a> {
    job: &'a Job,
    plan: &'a ParentPlan,
    parents: Parents,
    /// Those under way, in the parents' order.
    parts: VecDeque<Part>,
    begun: u64,
    /// How far each parent has come, where that matters.
    reached: Option<PerParent>,
    /// What is missing of the parts that are over.
    completeness: Completeness,
    /// Records still wanted, where there is a limit.
    wanted: Option<u64>,
    /// What is over and done with.
    done: Report,
    report: &'a SharedReport,
}

/// The fetch for one parent.
struct Part {
    number: u64,
    /// What tells the parent from others, and what it is called.
    key: String,
    parent: String,
    deliveries: mpsc::Receiver<Delivery>,
    outcome: Option<Result<Option<Ended>>>,
    report: SharedReport,
}

impl<'a> Children<'a> {
    fn new(job: &'a Job, plan: &'a Ref<ParentPlan>, report: &'a SharedReport) -> Result<Self> {
        if job.resume.is_some() {
            let message = "a fetch for all parents has no position to be resumed from";
            return Err(Error::new(ErrorKind::Config, message)
                .with_help("fetch for one parent, by `of`, or from the start"));
        }
        let reached = PerParent::new(job.incremental(), plan)?;
        // Whether the records can be sifted is known before anything is asked.
        let range = reached.as_ref().map(|reached| reached.range().clone());
        let steps = job.client.hooks().steps(&job.resource)?;
        Sieve::new(&job.resource, &job.table, range, steps)?;
        Ok(Self {
            parents: Parents::new(job, plan),
            job,
            plan,
            reached,
            parts: VecDeque::new(),
            begun: 0,
            completeness: Completeness::COMPLETE,
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
                self.cut_off();
                let limit = count(self.job.limit.unwrap_or_default(), "record");
                self.ended(&format!("the limit of {limit}"));
                return Ok(());
            }
            while self.has_room()
                && let Some(parent) = self.parents.take()
            {
                running.push(self.begin(parent));
            }
            let wants_parents = self.has_room() && !self.parents.are_over();
            if delivery.is_none() && self.parts.is_empty() && !wants_parents {
                self.ended(&format!("after the last of `{}`", self.plan.resource.name));
                return self.parents.take_end();
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
                page = self.parents.next(), if wants_parents => {
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
            usize::from(self.job.concurrency())
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
            key: parent.key.values.clone(),
            parent: parent.name.clone(),
            deliveries,
            outcome: None,
            report: report.clone(),
        });
        let reached = self.reached.as_mut();
        let range = reached.map(|reached| reached.begin(&parent));
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
        let Delivery::Page { rows, .. } = page else {
            return None;
        };
        if let Some(wanted) = &mut self.wanted {
            *wanted = wanted.saturating_sub(rows.len() as u64);
        }
        self.count();
        let reached = self
            .reached
            .as_mut()
            .filter(|_| !self.completeness.redelivers());
        Some(Delivery::Page {
            rows,
            before: reached.and_then(PerParent::state_so_far).map(Box::new),
            // Of this parent more may come.
            after: None,
        })
    }

    /// The first part is over, and what it brought was delivered.
    fn end(&mut self) -> Result<()> {
        let Some(part) = self.parts.pop_front() else {
            return Ok(());
        };
        self.done.add(&part.report.lock());
        let Some(ended) = part.outcome.transpose()?.flatten() else {
            self.cut_off();
            return Ok(());
        };
        self.completeness.merge(&ended.completeness, &part.parent);
        let is_complete = ended.completeness.is_complete();
        if !is_complete {
            self.done
                .note(format!("{} ended: {}", part.parent, ended.reason));
        }
        if let Some(reached) = &mut self.reached {
            if ended.moves_state() {
                reached.end(
                    &part.key,
                    ended.sieve,
                    &ended.completeness,
                    &mut self.completeness,
                );
            } else {
                self.completeness.warn(Caveat::Redelivery);
            }
        }
        self.count();
        Ok(())
    }

    /// A part is not gone on with, though some of it may have been delivered.
    fn cut_off(&mut self) {
        let limit = self.job.limit.unwrap_or_default();
        self.completeness.add(Reason::Limit(limit));
        if self.reached.is_some() {
            self.completeness.warn(Caveat::Redelivery);
        }
    }

    /// What is said at the end, however it came.
    fn over(mut self, outcome: Result<()>) -> Delivery {
        let mut of_parents = self.parents.completeness(self.job.limit);
        if self.wanted == Some(0) {
            of_parents.add(Reason::Limit(self.job.limit.unwrap_or_default()));
        }
        // A parent that was set aside still exists.
        let all_seen =
            of_parents.is_complete() && !of_parents.has_hidden_records() && outcome.is_ok();
        if let Some(reached) = &mut self.reached {
            reached.finish(all_seen, &mut self.completeness);
        }
        // What the next fetch will do comes before what became of single parents, of which there may be
        // too many to be told.
        let mut done = Report::default();
        let notes = self.reached.as_ref().map(PerParent::notes);
        for note in notes.unwrap_or_default() {
            done.note(note);
        }
        done.add(&self.done);
        self.done = done;
        self.count();
        let mut completeness = self.completeness;
        completeness.merge_parents(&of_parents, &format!("`{}`", self.plan.resource.name));
        let state = self.reached.and_then(PerParent::state);
        match outcome {
            Ok(()) => Delivery::End {
                state,
                completeness,
            },
            Err(error) => Delivery::Failure { error, state },
        }
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
        all.skipped_parents = self.parents.skipped();
        all.repeated_parents = self.parents.repeated();
        all.of_parents = Some(Box::new(self.parents.report()));
        let mut report = self.report.lock();
        all.delivered = report.delivered;
        *report = all;
    }
}

/// The next page of a part; nothing at its end, and never anything of no part.
async fn receive(part: Option<&mut Part>) -> Option<Delivery> {
    match part {
        Some(part) => part.deliveries.recv().await,
        None => std::future::pending().await,
    }
}
