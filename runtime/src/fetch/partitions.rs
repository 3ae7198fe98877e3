//! Fetches the partitions of a resource side by side, and delivers them in order.
//!
//! A [`PartitionSource`] yields the partitions. Each is fetched by a task of its own, at most as many at a
//! time as requests are allowed, so that pages are decoded on several cores. A task holds the pages that it
//! requests side by side and two more, so that memory is bounded whatever the number of partitions.

mod parents;

use std::{collections::VecDeque, panic};

use tokio::{
    sync::mpsc,
    task::{JoinError, JoinSet},
};
use tracing::Instrument;

use self::parents::ParentPartitions;
use super::{
    FetchSpec,
    driver::{self, FetchEnd},
    streams::{Delivery, SharedReport},
    trace,
};
use crate::{
    Completeness, Error, ErrorKind, Report, Result,
    completeness::{Caveat, Reason},
    incremental::{CursorRange, PartitionCheckpoints, RecordFilter},
    parent::ParentRecord,
    partition::{PartitionKey, PartitionValues},
    plan::ParentPlan,
    report::count,
    shared::Ref,
};

/// A part of a resource that is fetched by requests of its own. It has a cursor of its own in the state.
#[derive(Clone, Debug)]
struct Partition {
    /// Identifies the partition among those of its resource, and its cursor in the state. Partitions
    /// with one key share the cursor.
    key: PartitionKey,
    /// The values that its requests and records take.
    values: PartitionValues,
    /// The cursor values that it covers, where the resource is incremental.
    range: Option<CursorRange>,
}

/// The partitions of a fetch, in the order in which they are delivered.
trait PartitionSource {
    /// The name of the partitions in messages: `` `posts` ``.
    fn name(&self) -> String;

    /// The columns of the partitions' keys.
    fn key_columns(&self) -> Vec<String>;

    /// The next partition that has arrived. Its range is set by the fetch.
    fn take(&mut self) -> Option<Partition>;

    /// Waits for more partitions to arrive. Dropping the future loses nothing.
    fn advance(&mut self) -> impl Future<Output = ()> + Send;

    /// Whether no more partitions arrive.
    fn is_exhausted(&self) -> bool;

    /// The error that ended the source.
    fn take_error(&mut self) -> Result<()>;

    /// Whether all partitions arrived, once no more are taken. `limit` is the limit that left some out.
    fn completeness(&self, limit: Option<u64>) -> Completeness;

    /// Adds the source's own work to the report of the fetch.
    fn add_to(&self, report: &mut Report);
}

/// Fetches the children of all parents to the end, or until the stream is dropped.
pub(super) async fn run(
    spec: FetchSpec,
    plan: Ref<ParentPlan>,
    stream: mpsc::Sender<Delivery>,
    report: SharedReport,
) {
    let last = match Runner::new(&spec, ParentPartitions::new(&spec, &plan), &report) {
        Ok(mut runner) => {
            let outcome = runner.run(&stream).await;
            runner.finish(outcome)
        }
        Err(error) => Delivery::Failure {
            error: spec.error(error),
            state: None,
        },
    };
    if let Delivery::Failure { error, .. } = &last {
        trace::failed(error);
    }
    // The stream may be gone.
    let _ = stream.send(last).await;
}

/// Fetches the partitions of a source.
struct Runner<'a, S> {
    spec: &'a FetchSpec,
    source: S,
    /// Partitions in flight, in order.
    running: VecDeque<Running>,
    /// How many were started.
    started: u64,
    /// The cursors of the partitions, where the resource is incremental.
    checkpoints: Option<PartitionCheckpoints>,
    /// What the finished partitions did not deliver.
    completeness: Completeness,
    /// Records still wanted, where there is a limit.
    wanted: Option<u64>,
    /// The reports of the finished partitions.
    done: Report,
    report: &'a SharedReport,
}

/// A partition in flight.
struct Running {
    number: u64,
    key: String,
    name: String,
    deliveries: mpsc::Receiver<Delivery>,
    /// Whether all of its pages were received.
    is_drained: bool,
    outcome: Option<Result<Option<FetchEnd>>>,
    report: SharedReport,
}

impl Running {
    fn has_failed(&self) -> bool {
        matches!(self.outcome, Some(Err(_)))
    }
}

/// The tasks that fetch partitions: the number of each, and how it ended. Dropping them aborts them.
type Tasks = JoinSet<(u64, Result<Option<FetchEnd>>)>;

impl<'a, S: PartitionSource> Runner<'a, S> {
    fn new(spec: &'a FetchSpec, source: S, report: &'a SharedReport) -> Result<Self> {
        if spec.resume.is_some() {
            let message = "a fetch for all parents has no position to be resumed from";
            return Err(Error::new(ErrorKind::Config, message)
                .with_help("fetch for one parent, by `of`, or from the start"));
        }
        let request = spec.incremental();
        let checkpoints = PartitionCheckpoints::new(request, source.key_columns(), source.name())?;
        // An error in the table or the range comes before the first request.
        let range = checkpoints.as_ref().map(|all| all.range().clone());
        let steps = spec.client.hooks().steps(&spec.resource)?;
        RecordFilter::new(&spec.resource, &spec.table, range, steps)?;
        Ok(Self {
            source,
            spec,
            checkpoints,
            running: VecDeque::new(),
            started: 0,
            completeness: Completeness::COMPLETE,
            wanted: spec.limit,
            done: Report::default(),
            report,
        })
    }

    async fn run(&mut self, stream: &mpsc::Sender<Delivery>) -> Result<()> {
        let mut tasks = Tasks::new();
        let outcome = self.deliver(&mut tasks, stream).await;
        // No request is sent, and no report changes, after the last delivery.
        tasks.shutdown().await;
        outcome
    }

    async fn deliver(&mut self, tasks: &mut Tasks, stream: &mpsc::Sender<Delivery>) -> Result<()> {
        // The page that waits for room in the stream.
        let mut delivery: Option<Delivery> = None;
        loop {
            if delivery.is_none() && self.wanted == Some(0) {
                self.cut_off();
                let limit = count(self.spec.limit.unwrap_or_default(), "record");
                self.note_end(&format!("the limit of {limit}"));
                return Ok(());
            }
            while self.has_room()
                && let Some(partition) = self.source.take()
            {
                self.start(partition, tasks);
            }
            let wants_more = self.has_room() && !self.source.is_exhausted();
            if delivery.is_none() {
                let front = self.running.front();
                if front.is_some_and(|front| front.is_drained && front.outcome.is_some()) {
                    self.finish_first()?;
                    continue;
                }
                if front.is_none() && !wants_more {
                    self.note_end(&format!("after the last of {}", self.source.name()));
                    return self.source.take_error();
                }
            }
            tokio::select! {
                biased;
                permit = stream.reserve(), if delivery.is_some() => match (permit, delivery.take()) {
                    (Ok(permit), Some(delivery)) => permit.send(delivery),
                    // The stream was dropped.
                    _ => return Ok(()),
                },
                page = receive(self.running.front_mut()), if delivery.is_none() => {
                    delivery = page.and_then(|page| self.pass(page));
                }
                Some(joined) = tasks.join_next(), if !tasks.is_empty() => {
                    let (number, outcome) = joined.map_err(resume_panic)?;
                    if let Some(run) = self.running.iter_mut().find(|run| run.number == number) {
                        run.outcome = Some(outcome);
                    }
                }
                () = self.source.advance(), if wants_more => self.count(),
            }
        }
    }

    /// Whether one more partition may be started. With a limit they follow each other, so that no
    /// request is sent for records that are not wanted.
    fn has_room(&self) -> bool {
        let most = if self.wanted.is_some() {
            1
        } else {
            usize::from(self.spec.concurrency())
        };
        self.running.len() < most && !self.running.iter().any(Running::has_failed)
    }

    fn start(&mut self, mut partition: Partition, tasks: &mut Tasks) {
        if let Some(checkpoints) = &mut self.checkpoints {
            partition.range = Some(checkpoints.start(&partition.key.values));
        }
        let span = trace::partition(self.spec, &partition.values);
        let Partition { key, values, range } = partition;
        let (sender, deliveries) = mpsc::channel(1);
        let report = SharedReport::default();
        let number = self.started;
        self.started += 1;
        self.running.push_back(Running {
            number,
            key: key.values.clone(),
            name: values.name.clone(),
            deliveries,
            is_drained: false,
            outcome: None,
            report: report.clone(),
        });
        let spec = FetchSpec {
            parent: Some(ParentRecord { key, values }),
            limit: self.wanted,
            ..self.spec.clone()
        };
        let fetch = async move {
            let outcome = driver::fetch(&spec, range, &sender, &report).await;
            let outcome = outcome.map_err(|error| spec.error(error.without_position()));
            (number, outcome)
        };
        tasks.spawn(fetch.instrument(span));
    }

    /// Takes a page of the first partition.
    fn pass(&mut self, page: Delivery) -> Option<Delivery> {
        let Delivery::Page { rows, .. } = page else {
            return None;
        };
        if let Some(wanted) = &mut self.wanted {
            *wanted = wanted.saturating_sub(rows.len() as u64);
        }
        self.count();
        let checkpoints = self
            .checkpoints
            .as_mut()
            .filter(|_| !self.completeness.redelivers());
        let before = checkpoints.and_then(PartitionCheckpoints::state_so_far);
        Some(Delivery::Page {
            rows,
            before: before.map(Box::new),
            // More pages of the partition may follow.
            after: None,
        })
    }

    /// The first partition has ended, and its records were delivered.
    fn finish_first(&mut self) -> Result<()> {
        let Some(run) = self.running.pop_front() else {
            return Ok(());
        };
        self.done.add(&run.report.lock());
        let Some(ended) = run.outcome.transpose()?.flatten() else {
            self.cut_off();
            return Ok(());
        };
        self.completeness.merge(&ended.completeness, &run.name);
        if !ended.completeness.is_complete() {
            self.done
                .note(format!("{} ended: {}", run.name, ended.reason));
        }
        if let Some(checkpoints) = &mut self.checkpoints {
            if ended.moves_state() {
                let part = &ended.completeness;
                checkpoints.end(&run.key, ended.filter, part, &mut self.completeness);
            } else {
                self.completeness.warn(Caveat::Redelivery);
            }
        }
        self.count();
        Ok(())
    }

    /// The first partition is abandoned. Some of its records may have been delivered.
    fn cut_off(&mut self) {
        let limit = self.spec.limit.unwrap_or_default();
        self.completeness.add(Reason::Limit(limit));
        if self.checkpoints.is_some() {
            self.completeness.warn(Caveat::Redelivery);
        }
    }

    /// The last delivery.
    fn finish(mut self, outcome: Result<()>) -> Delivery {
        let mut of_source = self.source.completeness(self.spec.limit);
        if self.wanted == Some(0) {
            of_source.add(Reason::Limit(self.spec.limit.unwrap_or_default()));
        }
        // A partition that was set aside still exists.
        let all_seen =
            of_source.is_complete() && !of_source.has_hidden_records() && outcome.is_ok();
        if let Some(checkpoints) = &mut self.checkpoints {
            checkpoints.finish(all_seen, &mut self.completeness);
        }
        // Notes on the state come first: those on single partitions may be too many to be kept.
        let mut done = Report::default();
        let notes = self.checkpoints.as_ref().map(PartitionCheckpoints::notes);
        for note in notes.unwrap_or_default() {
            done.note(note);
        }
        done.add(&self.done);
        self.done = done;
        self.count();
        let mut completeness = self.completeness;
        completeness.merge_parents(&of_source, &self.source.name());
        let state = self.checkpoints.and_then(PartitionCheckpoints::state);
        match outcome {
            Ok(()) => Delivery::End {
                state,
                completeness,
            },
            Err(error) => Delivery::Failure { error, state },
        }
    }

    /// Notes why the fetch ended.
    fn note_end(&mut self, reason: &str) {
        self.done.note(format!("ended: {reason}"));
        self.count();
        trace::ended(self.spec, reason, &self.report.lock());
    }

    /// Updates the report.
    fn count(&self) {
        let mut all = self.done.clone();
        for run in &self.running {
            all.add(&run.report.lock());
        }
        all.parents = self.started;
        self.source.add_to(&mut all);
        let mut report = self.report.lock();
        all.delivered = report.delivered;
        *report = all;
    }
}

/// The next page of a partition; `None` when it has no more. Pending without a partition, or after its
/// last page.
async fn receive(run: Option<&mut Running>) -> Option<Delivery> {
    match run {
        Some(run) if !run.is_drained => {
            let page = run.deliveries.recv().await;
            run.is_drained = page.is_none();
            page
        }
        _ => std::future::pending().await,
    }
}

/// Continues the panic of a task, so that the fetch ends as if it were its own.
fn resume_panic(error: JoinError) -> Error {
    match error.try_into_panic() {
        Ok(panic) => panic::resume_unwind(panic),
        Err(_) => Error::new(
            ErrorKind::Transport,
            "a task of the fetch was cancelled: its runtime was shut down",
        ),
    }
}
