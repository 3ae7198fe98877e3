//! Fetches the partitions of a resource, and the windows of their ranges, side by side, and delivers them in order.
//!
//! A [`PartitionSource`] yields the partitions. The range of each is cut into windows, if the plan has some. Each
//! window, or whole partition, is fetched by a task of its own, at most as many at a time as requests are allowed,
//! so that pages are decoded on several cores. A task holds the pages that it requests side by side and two more,
//! so that memory is bounded whatever the number of partitions.

mod changed;
mod lists;
mod parents;
mod parts;
mod product;
mod running;
mod single;
mod tree;

use std::collections::{HashMap, VecDeque};

use tokio::sync::mpsc;
use tracing::instrument::{Instrument as _, WithSubscriber as _};

pub(super) use self::parts::{plan as plan_parts, run as run_part};
use self::{
    changed::PartsFetched,
    lists::Lists,
    product::ParentPartitions,
    running::{Running, Tasks, cannot_split, receive, resume_panic},
    single::SinglePartition,
    tree::TreePartitions,
};
use super::{
    FetchPart, FetchSpec, PagingCheckpoint,
    driver::{self, FetchEnd},
    part,
    streams::{Delivery, SharedReport},
    trace,
};
use crate::{
    Completeness, Error, ErrorKind, Report, Result, State, Timestamp,
    completeness::{Caveat, Reason},
    incremental::{CursorRange, PartitionCheckpoints, RecordFilter, Request, Windows},
    parent::ParentRecord,
    plan::{ParentPlan, ResourcePlan},
    report::count,
    rows::Rows,
    shared::Ref,
};

/// After so many partitions have failed the fetch ends: the others would fail too.
const MOST_FAILED: u64 = 10;

/// A part of a resource that is fetched by requests of its own: a partition, with a cursor of its own in the state,
/// or a window of its range.
#[derive(Clone, Debug)]
struct Partition {
    /// The record of the parent, where there is one.
    record: Option<ParentRecord>,
    /// The cursor values that it covers, where the resource is incremental.
    range: Option<CursorRange>,
    /// The level of a tree that its records are on, from 1; 0 without a tree.
    level: u32,
}

impl Partition {
    /// The key in the state. Partitions with one key share the cursor.
    fn key(&self) -> &str {
        self.record.as_ref().map_or("", |record| &record.key.values)
    }

    /// The name in messages: `` `posts` with `id` 7, 2026-01-01 to 2026-02-01 ``.
    fn name(&self) -> String {
        let record = self.record.as_ref().map(|record| &*record.values.name);
        let window = self.range.as_ref().filter(|range| range.window.is_some());
        let window = window.map(CursorRange::name);
        let parts = record.into_iter().chain(window.as_deref());
        parts.collect::<Vec<_>>().join(", ")
    }
}

/// The partitions of a fetch, in the order in which they are delivered.
trait PartitionSource {
    /// The name of the partitions in messages: `` `posts` ``.
    fn name(&self) -> String;

    /// The checkpoints of the partitions. `None` without `incremental`.
    fn checkpoints(
        &self,
        request: Request<'_>,
        lists: &Lists,
    ) -> Result<Option<PartitionCheckpoints>>;

    /// The next partition that has arrived. Its range is set by the fetch.
    fn take(&mut self) -> Option<Partition>;

    /// The next partition of a record that was delivered: of a tree, before further ones of `take`.
    fn take_grown(&mut self) -> Option<Partition> {
        None
    }

    /// Takes the records of a page of a partition: those of a tree have further ones below them.
    fn grow(&mut self, _above: &Partition, _rows: &Rows) {}

    /// The requests of a partition, where they are not those of the resource.
    fn resource_of(&self, _partition: &Partition) -> Option<Ref<ResourcePlan>> {
        None
    }

    /// Waits for more partitions to arrive. Dropping the future loses nothing.
    fn advance(&mut self) -> impl Future<Output = ()> + Send;

    /// Whether no more partitions arrive.
    fn is_exhausted(&self) -> bool;

    /// Whether it yields all partitions of the resource.
    fn has_all(&self) -> bool {
        true
    }

    /// The error that ended the source.
    fn take_error(&mut self) -> Result<()>;

    /// Whether all partitions arrived, once no more are taken: of each parent, with its name. `limit` is the limit
    /// that left some out.
    fn completeness(&self, limit: Option<u64>) -> Vec<(String, Completeness)>;

    /// Adds the source's own work to the report of the fetch.
    fn add_to(&self, report: &mut Report);

    /// The state of the parents that it yields, at its end.
    fn parents_state(&self) -> Option<State> {
        None
    }

    /// The error for a fetch that is to be resumed at a position.
    fn no_position(&self) -> Error;
}

/// Fetches the children of all parents to the end, or until the stream is dropped.
pub(super) async fn run_children(
    spec: FetchSpec,
    plan: Ref<ParentPlan>,
    stream: mpsc::Sender<Delivery>,
    report: SharedReport,
) {
    let source = ParentPartitions::new(&spec, &plan);
    run(spec, source, stream, report).await;
}

/// Fetches a tree to its leaves, or until the stream is dropped.
pub(super) async fn run_tree(
    spec: FetchSpec,
    stream: mpsc::Sender<Delivery>,
    report: SharedReport,
) {
    let source = TreePartitions::new(&spec);
    run(spec, source, stream, report).await;
}

/// Fetches the partitions and the windows of a resource, or of one record of its parent, to the end, or until the
/// stream is dropped.
pub(super) async fn run_one(spec: FetchSpec, stream: mpsc::Sender<Delivery>, report: SharedReport) {
    let source = Ok(SinglePartition::new(&spec));
    run(spec, source, stream, report).await;
}

async fn run<S: PartitionSource>(
    spec: FetchSpec,
    source: Result<S>,
    stream: mpsc::Sender<Delivery>,
    report: SharedReport,
) {
    let runner = async { Runner::new(&spec, source?, &report).await };
    let runner = tokio::select! {
        runner = runner => runner,
        // The stream was dropped.
        () = stream.closed() => return,
    };
    let last = match runner {
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
    /// The window that is fetched alone.
    window: Option<(Timestamp, Timestamp)>,
    lists: Lists,
    /// The partition whose windows are being started.
    current: Option<(Partition, Windows)>,
    /// Partitions and windows in flight, in order.
    running: VecDeque<Running>,
    /// How many were started.
    started: u64,
    /// How many combinations of the lists were started.
    partitions: u64,
    /// The cursors of the partitions, where the resource is incremental.
    checkpoints: Option<PartitionCheckpoints>,
    /// How often each partition was fetched by an earlier fetch, which this one resumes.
    fetched_before: HashMap<String, u32>,
    /// What the finished partitions did not deliver.
    completeness: Completeness,
    /// Which of them were fetched to their end.
    parts: PartsFetched,
    /// The error of the first partition that failed, and how many did.
    failed: Option<(Error, u64)>,
    /// Records still wanted, where there is a limit.
    wanted: Option<u64>,
    /// The reports of the finished partitions.
    done: Report,
    report: &'a SharedReport,
}

impl<'a, S: PartitionSource> Runner<'a, S> {
    async fn new(spec: &'a FetchSpec, source: S, report: &'a SharedReport) -> Result<Self> {
        let part = spec.part.as_deref();
        if spec.resume.is_some() {
            return Err(source.no_position());
        }
        let mut fetched_before: HashMap<String, u32> = HashMap::new();
        for key in spec.before.iter().flat_map(|before| &before.partitions) {
            *fetched_before.entry(key.clone()).or_default() += 1;
        }
        let request = spec.incremental();
        // The partitions of a part have the values of their lists.
        let mut lists = match part {
            Some(_) => Lists::none(),
            None => Lists::new(&spec.client, &spec.resource).await?,
        };
        let checkpoints = source.checkpoints(request, &lists)?;
        // An error in the table or the range comes before the first request.
        let range = checkpoints.as_ref().map(|all| all.range().clone());
        let steps = spec.client.hooks().steps(&spec.resource)?;
        RecordFilter::new(&spec.resource, &spec.table, range, steps)?;
        let mut done = Report::default();
        for note in lists.take_notes() {
            done.note(note);
        }
        Ok(Self {
            source,
            window: part.and_then(FetchPart::window),
            lists,
            spec,
            checkpoints,
            fetched_before,
            current: None,
            partitions: 0,
            running: VecDeque::new(),
            started: 0,
            completeness: Completeness::COMPLETE,
            parts: PartsFetched::default(),
            failed: None,
            wanted: spec.limit,
            done,
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
                return self.take_failure();
            }
            while self.has_room()
                && let Some(partition) = self.next_partition()?
            {
                let at = self.running.len();
                self.start(partition, at, tasks);
            }
            let wants_more = self.has_room() && !self.source.is_exhausted();
            if delivery.is_none() {
                let front = self.running.front();
                if front.is_some_and(|front| front.is_drained && front.outcome.is_some()) {
                    delivery = self.finish_first()?;
                    continue;
                }
                if front.is_none() && !wants_more {
                    let name = self.source.name();
                    self.note_end(&format!("after the last of {name}"));
                    self.source.take_error()?;
                    return self.take_failure();
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
                    self.on_end(number, outcome, tasks);
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

    /// The next window of the current partition, or the next partition.
    fn next_partition(&mut self) -> Result<Option<Partition>> {
        loop {
            if let Some((partition, windows)) = &mut self.current {
                if let Some(range) = windows.next() {
                    let range = Some(range);
                    return Ok(Some(Partition {
                        range,
                        ..partition.clone()
                    }));
                }
                self.current = None;
            }
            let Some(mut partition) = self.take() else {
                return Ok(None);
            };
            let checkpoints = self.checkpoints.as_mut();
            let range = checkpoints.map(|checkpoints| checkpoints.start(partition.key()));
            let windows = range.as_ref().map(Windows::new).transpose()?;
            let Some(windows) = windows.flatten() else {
                partition.range = range;
                return Ok(Some(partition));
            };
            if let Some(window) = self.window {
                partition.range = windows.only(window);
                if partition.range.is_none() {
                    return Err(part::lost_window(self.spec));
                }
                return Ok(Some(partition));
            }
            self.current = Some((partition, windows));
        }
    }

    /// The next partition: the next combination of the lists, of the source's next one.
    fn take(&mut self) -> Option<Partition> {
        loop {
            if let Some(partition) = self.source.take_grown() {
                return Some(partition);
            }
            if let Some(partition) = self.lists.next() {
                if self.was_fetched_before(&partition) {
                    continue;
                }
                self.partitions += u64::from(!self.lists.is_empty());
                return Some(partition);
            }
            let partition = self.source.take()?;
            self.lists.divide(partition);
        }
    }

    /// Whether an earlier fetch delivered the partition. Several partitions may have one key.
    fn was_fetched_before(&mut self, partition: &Partition) -> bool {
        if self.fetched_before.is_empty() {
            return false;
        }
        let left = self.fetched_before.get_mut(partition.key());
        left.is_some_and(|left| {
            let is_left = *left > 0;
            *left = left.saturating_sub(1);
            is_left
        })
    }

    /// Starts a task, in this place of the order.
    fn start(&mut self, partition: Partition, at: usize, tasks: &mut Tasks) {
        let span = trace::partition(self.spec, &partition.name());
        let (sender, deliveries) = mpsc::channel(1);
        let report = SharedReport::default();
        let number = self.started;
        self.started += 1;
        let resource = self.source.resource_of(&partition);
        let spec = FetchSpec {
            resource: resource.unwrap_or_else(|| self.spec.resource.clone()),
            parent: partition.record.clone(),
            limit: self.wanted,
            ..self.spec.clone()
        };
        let range = partition.range.clone();
        let run = Running {
            number,
            partition,
            deliveries,
            is_delivered: false,
            is_drained: false,
            outcome: None,
            report: report.clone(),
        };
        self.running.insert(at, run);
        let fetch = async move {
            let window = range.as_ref().filter(|range| range.window.is_some());
            let window = window.map(CursorRange::name);
            let outcome = driver::fetch(&spec, range, &sender, &report).await;
            let outcome = outcome.map_err(|error| {
                let error = window
                    .iter()
                    .fold(error.without_position(), |error, window| {
                        error.with_detail(format!("window: {window}"))
                    });
                spec.error(error)
            });
            (number, outcome)
        };
        tasks.spawn(fetch.instrument(span).with_current_subscriber());
    }

    /// The task with this number has ended. A window that is too large for the API is fetched in halves.
    fn on_end(&mut self, number: u64, outcome: Result<Option<FetchEnd>>, tasks: &mut Tasks) {
        let Some(at) = self.running.iter().position(|run| run.number == number) else {
            return;
        };
        let run = &mut self.running[at];
        let is_too_large =
            |error: &Error| *error.kind() == ErrorKind::WindowTooLarge && !run.is_delivered;
        let range = outcome.as_ref().err().filter(|error| is_too_large(error));
        let range = range.and(run.partition.range.as_ref());
        let halves = range.and_then(|range| range.window.as_ref()?.halves());
        let Some(halves) = halves else {
            run.outcome = Some(outcome.map_err(cannot_split));
            return;
        };
        let Some(run) = self.running.remove(at) else {
            return;
        };
        self.done.add(&run.report.lock());
        for (i, range) in halves.into_iter().enumerate() {
            let range = Some(range);
            let partition = Partition {
                range,
                ..run.partition.clone()
            };
            self.start(partition, at + i, tasks);
        }
    }

    /// Takes a page of the first partition.
    fn pass(&mut self, page: Delivery) -> Option<Delivery> {
        let Delivery::Page { rows, .. } = page else {
            return None;
        };
        if let Some(front) = self.running.front_mut() {
            front.is_delivered = true;
            self.source.grow(&front.partition, &rows);
        }
        if let Some(wanted) = &mut self.wanted {
            *wanted = wanted.saturating_sub(rows.len() as u64);
        }
        self.count();
        Some(self.page(rows))
    }

    /// A page with the state before it.
    fn page(&mut self, rows: Rows) -> Delivery {
        let checkpoints = self
            .checkpoints
            .as_mut()
            .filter(|_| !self.completeness.redelivers());
        let before = checkpoints.and_then(PartitionCheckpoints::state_so_far);
        Delivery::Page {
            rows,
            before: before.map(Box::new),
            // More pages of the partition may follow.
            after: None,
            checkpoint: None,
        }
    }

    /// The first partition has ended, and its records were delivered. After a window, an empty page has the state.
    fn finish_first(&mut self) -> Result<Option<Delivery>> {
        let Some(run) = self.running.pop_front() else {
            return Ok(None);
        };
        self.done.add(&run.report.lock());
        let outcome = match run.outcome.transpose() {
            Ok(outcome) => outcome.flatten(),
            Err(error) => {
                self.skip(&run.partition, run.is_delivered, error)?;
                return Ok(None);
            }
        };
        let Some(ended) = outcome else {
            self.cut_off();
            return Ok(None);
        };
        let name = run.partition.name();
        self.completeness.merge(&ended.completeness, &name);
        if !ended.completeness.is_complete() {
            self.done.note(format!("{name} ended: {}", ended.reason));
        }
        let part = &ended.completeness;
        let has_gap = !ended.moves_state() || part.is_incomplete() || part.has_unfetched_parts();
        if has_gap {
            self.parts.add_gap(name);
        }
        if self.spec.tells_checkpoints() && !has_gap && part.is_complete() {
            self.count();
            return Ok(Some(Delivery::Page {
                rows: Rows::empty(self.spec.table.clone()),
                before: None,
                after: None,
                checkpoint: Some(Box::new(PagingCheckpoint::after(run.partition.key()))),
            }));
        }
        let window = run.partition.range.as_ref();
        let window = window.filter(|range| range.window.is_some());
        if let Some(checkpoints) = &mut self.checkpoints {
            let (key, part) = (run.partition.key(), &ended.completeness);
            let whole = &mut self.completeness;
            if let Some(window) = window {
                let window = (key, window);
                checkpoints.end_window(window, ended.filter, run.is_delivered, part, whole);
            } else if ended.moves_state() {
                checkpoints.end(key, ended.filter, part, whole);
            } else {
                whole.warn(Caveat::Redelivery);
            }
        }
        self.count();
        let table = || self.spec.table.clone();
        let has_state = |page: &Delivery| {
            matches!(
                page,
                Delivery::Page {
                    before: Some(_),
                    ..
                }
            )
        };
        let empty = window.map(|_| Rows::empty(table()));
        Ok(empty.map(|rows| self.page(rows)).filter(has_state))
    }

    /// A partition has failed. The others are fetched all the same, unless they would fail too, or a consumer that
    /// appends has records of it, which the next fetch delivers again.
    fn skip(&mut self, failed: &Partition, is_delivered: bool, error: Error) -> Result<()> {
        let is_of_partition = matches!(
            error.kind(),
            ErrorKind::Status(_)
                | ErrorKind::Response
                | ErrorKind::Schema
                | ErrorKind::WindowTooLarge
        );
        let is_only = failed.record.is_none();
        let is_safe = self.spec.is_upsert || !is_delivered;
        let before = self.failed.as_ref().map_or(0, |(_, number)| *number);
        if is_only || !is_of_partition || !is_safe || before + 1 >= MOST_FAILED {
            return Err(self.failed.take().map_or(error, |(first, _)| first));
        }
        let key = failed.key();
        // Its windows follow each other.
        self.current
            .take_if(|(partition, _)| partition.key() == key);
        self.running.retain(|run| {
            let is_other = run.partition.key() != key;
            if !is_other {
                self.done.add(&run.report.lock());
            }
            is_other
        });
        let first = self.failed.take().map_or(error, |(first, _)| first);
        self.failed = Some((first, before + 1));
        self.completeness.warn(Caveat::UnfetchedPart);
        Ok(())
    }

    /// The error of the partitions that failed, if any did.
    fn take_failure(&mut self) -> Result<()> {
        self.failed.take().map_or(Ok(()), |(error, number)| {
            Err(match number {
                1 => error,
                _ => error.with_detail(format!("{} more failed", count(number - 1, "partition"))),
            })
        })
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
        let of_source = self.source.completeness(self.spec.limit);
        // A partition that was set aside still exists.
        let has_all =
            |(_, part): &(String, Completeness)| part.is_complete() && !part.has_hidden_records();
        let all_seen = self.source.has_all()
            && of_source.iter().all(has_all)
            && self.wanted != Some(0)
            && outcome.is_ok();
        if let Some(checkpoints) = &mut self.checkpoints {
            checkpoints.finish(all_seen, &mut self.completeness);
        }
        let of_parents = self.state_of_parents(outcome.is_ok());
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
        for (name, of_parent) in &of_source {
            completeness.merge_parents(of_parent, name);
        }
        if self.wanted == Some(0) {
            completeness.add(Reason::Limit(self.spec.limit.unwrap_or_default()));
        }
        let state = match self.checkpoints {
            Some(checkpoints) => checkpoints.state(),
            None => of_parents,
        };
        match outcome {
            Ok(()) => Delivery::End {
                state,
                completeness,
            },
            Err(error) => Delivery::Failure { error, state },
        }
    }

    /// The state of the parents, if the children of all of them were fetched.
    fn state_of_parents(&mut self, is_success: bool) -> Option<State> {
        let is_whole = is_success && self.wanted != Some(0);
        if !is_whole || !self.spec.resumes_parents() {
            return None;
        }
        let parents = self.source.parents_state();
        let state = self.parts.state(&self.spec.resource.name, parents);
        state.unwrap_or_else(|note| {
            self.done.note(note);
            None
        })
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
        all.partitions = self.partitions;
        self.source.add_to(&mut all);
        let mut report = self.report.lock();
        all.delivered = report.delivered;
        *report = all;
    }
}
