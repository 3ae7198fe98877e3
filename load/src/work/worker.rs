//! A worker: claims parts, fetches them, and publishes what is complete.

use std::{
    mem,
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures_util::{
    StreamExt as _,
    future::{self, Either},
    stream::FuturesUnordered,
};
use rest_source::{
    Client, Error, ErrorKind, Fetch, FetchPart, Report, Result, Rows, State, plan::ResourcePlan,
    shared::Ref,
};
use tokio::time::{Instant, sleep};

use super::{
    Claim, PartDone, WorkPlan, WorkProgress, WorkQueue, WorkStatus, named, options::WorkOptions,
    other_hash, other_version,
};
use crate::{
    LoadRecord, LoadStatus, Loading, Target, report::omitted, resource_load, resumption::Resumption,
};

/// How many bytes of pages a part holds before they are staged.
const MAX_BYTES: usize = 4 << 20;

/// Fetches parts of planned work, until all of it is published or has failed.
#[must_use = "a worker does nothing until it runs"]
pub struct Worker<'a, Q: ?Sized> {
    client: &'a Client,
    queue: &'a Q,
    name: String,
    lease: Duration,
    attempts: u32,
    parts_at_once: u16,
    poll: Duration,
}

/// What a worker did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkerReport {
    /// The parts that it fetched.
    pub parts: u64,
    /// Their rows.
    pub rows: u64,
    /// Its requests.
    pub requests: u64,
    /// Parts that another worker took over, since their leases expired.
    pub lost: u64,
    /// The resources that it published, with the rows of all parts.
    pub published: Vec<(String, u64)>,
    /// The resources that are published, by it or by others.
    pub complete: Vec<String>,
    /// The fetches of its parts, by resource.
    pub resources: Vec<WorkedResource>,
}

/// The parts of a resource that a worker fetched.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WorkedResource {
    /// Its name.
    pub resource: String,
    /// The reports of their fetches, added up.
    pub fetched: Report,
}

impl WorkedResource {
    /// What the fetches did not deliver, in a line each, as the report of a load says it.
    pub fn omitted(&self) -> impl Iterator<Item = String> {
        let counts = omitted(&self.fetched);
        counts.map(|(count, what)| format!("{}: {count} {what}", self.resource))
    }
}

/// The plan of a resource, checked against the spec.
struct Job<'a, Q: ?Sized> {
    plan: WorkPlan,
    target: Target,
    loading: Loading<'a, Q>,
    state: Option<State>,
}

impl<Q: WorkQueue + ?Sized> Job<'_, Q> {
    fn fetch(&self) -> Fetch<Rows> {
        resource_load::fetch_of_parts(&self.loading, &self.target, self.state.clone())
    }
}

/// How a part ended.
enum PartEnd {
    Done {
        resource: String,
        rows: u64,
        fetched: Box<Report>,
    },
    Lost,
    GivenBack,
}

/// What a worker did last.
enum Turn {
    Part(PartEnd),
    /// There was no part to claim.
    Idle(Published),
    /// There was none, and another turn looks for one.
    Parked,
}

/// What is published.
struct Published {
    /// The resources that this worker published, with their rows.
    rows: Vec<(String, u64)>,
    /// Whether all resources are published.
    is_complete: bool,
}

impl WorkerReport {
    fn add(&mut self, part: PartEnd) {
        match part {
            PartEnd::Done {
                resource,
                rows,
                fetched,
            } => {
                self.parts += 1;
                self.rows += rows;
                self.requests += fetched.requests;
                let mut known = self.resources.iter_mut();
                match known.find(|one| one.resource == resource) {
                    Some(one) => one.fetched.add(&fetched),
                    None => self.resources.push(WorkedResource {
                        resource,
                        fetched: *fetched,
                    }),
                }
            }
            PartEnd::Lost => self.lost += 1,
            PartEnd::GivenBack => {}
        }
    }
}

fn ids_to_names<Q: ?Sized>(jobs: &[Job<'_, Q>]) -> Vec<String> {
    jobs.iter().map(|job| job.plan.resource.clone()).collect()
}

impl<'a, Q: WorkQueue + ?Sized> Worker<'a, Q> {
    /// A worker of this name on the work of the client's source. The name is for messages.
    pub fn new(client: &'a Client, queue: &'a Q, name: impl Into<String>) -> Self {
        Self {
            client,
            queue,
            name: name.into(),
            lease: Duration::from_secs(60),
            attempts: 10,
            parts_at_once: client.concurrency(),
            poll: Duration::from_secs(1),
        }
    }

    /// How long a part belongs to the worker without a sign of life; 60 s by default. It gives signs three times in it.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease.max(Duration::from_millis(10));
        self
    }

    /// How often a part is fetched before its resource fails; 10 by default.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Fetches at most this many parts at the same time; by default as many as the source may have requests in flight.
    pub fn parts_at_once(mut self, count: u16) -> Self {
        self.parts_at_once = count.max(1);
        self
    }

    /// How often it looks for parts while others fetch the last ones; 1 s by default.
    pub fn poll(mut self, time: Duration) -> Self {
        self.poll = time;
        self
    }

    /// Fetches parts until all planned work of the source is published.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if there is no work, or it was planned with another spec; the error of a part that no attempt
    /// can fetch, such as an invalid credential; [`ErrorKind::Incomplete`] if the work on a resource failed.
    pub async fn run(self) -> Result<WorkerReport> {
        let jobs = self.jobs().await?;
        let ids: Vec<String> = jobs.iter().map(|job| job.plan.id.clone()).collect();
        let is_polling = AtomicBool::new(false);
        let turn = || self.turn(&jobs, &ids, &is_polling);
        let mut report = WorkerReport::default();
        let mut turns: FuturesUnordered<_> = (0..self.parts_at_once).map(|_| turn()).collect();
        // Those that found no part while another one looks for parts.
        let mut parked = 0;
        // The first error ends the worker: the parts that it has claimed go to others when their leases expire. Where its
        // budget is used up, they end soon, and are returned at once.
        while let Some(turn_ended) = turns.next().await {
            if let Err(error) = &turn_ended
                && *error.kind() == ErrorKind::Budget
            {
                while turns.next().await.is_some() {}
            }
            match turn_ended? {
                Turn::Part(part) => {
                    report.add(part);
                    turns.extend((0..=mem::take(&mut parked)).map(|_| turn()));
                }
                Turn::Parked => parked += 1,
                Turn::Idle(published) => {
                    report.published.extend(published.rows);
                    if published.is_complete {
                        report.complete = ids_to_names(&jobs);
                        break;
                    }
                    turns.push(turn());
                }
            }
        }
        Ok(report)
    }

    /// The unfinished plans of the source.
    async fn jobs(&self) -> Result<Vec<Job<'a, Q>>> {
        let source = &self.client.plan().name;
        let is_own = |status: &WorkStatus| {
            let planned = &status.plan.source;
            let rest = planned.strip_prefix(&**source);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mut plans = self.queue.plans().await?;
        plans.retain(is_own);
        if plans.is_empty() {
            let message = format!("no work on `{source}` was planned");
            return Err(Error::new(ErrorKind::Config, message)
                .with_help("plan it by `rest-source work plan`"));
        }
        // A worker that is started again finds its own work ended.
        if plans
            .iter()
            .all(|one| one.progress != WorkProgress::Running)
        {
            let last = plans.iter().map(|one| one.plan.planned).max();
            plans.retain(|one| {
                Some(one.plan.planned) >= last || one.progress == WorkProgress::Failed
            });
            return match plans
                .iter()
                .find(|one| one.progress == WorkProgress::Failed)
            {
                Some(failed) => Err(failed_work(failed)),
                None => Ok(Vec::new()),
            };
        }
        plans.retain(|one| one.progress == WorkProgress::Running);
        plans.into_iter().map(|one| self.job(one.plan)).collect()
    }

    fn job(&self, plan: WorkPlan) -> Result<Job<'a, Q>> {
        let (loading, target) = open(self.client, self.queue, &plan)?;
        let state = plan.state.as_deref().map(State::from_json).transpose()?;
        Ok(Job {
            plan,
            target,
            loading,
            state,
        })
    }

    /// Claims a part and fetches it; publishes what is complete if there is none.
    async fn turn(
        &self,
        jobs: &[Job<'a, Q>],
        ids: &[String],
        is_polling: &AtomicBool,
    ) -> Result<Turn> {
        let claimed = self
            .queue
            .claim(ids, &self.name, self.lease, self.attempts)
            .await?;
        let found = claimed.and_then(|claim| {
            let job = jobs.iter().find(|job| job.plan.id == claim.plan)?;
            Some((claim, job))
        });
        let Some((claim, job)) = found else {
            if is_polling.swap(true, Ordering::Relaxed) {
                return Ok(Turn::Parked);
            }
            let published = self.publish(jobs).await?;
            if !published.is_complete {
                sleep(self.poll).await;
            }
            is_polling.store(false, Ordering::Relaxed);
            return Ok(Turn::Idle(published));
        };
        let fetched = self.fetch(job, &claim).await;
        let error = match fetched {
            Ok(end) => return Ok(Turn::Part(end)),
            Err(error) => named(error, &job.plan.resource),
        };
        if *error.kind() == ErrorKind::Locked {
            return Ok(Turn::Part(PartEnd::Lost));
        }
        let is_own = is_of_worker(&error);
        let given_back = self
            .queue
            .give_back(&claim, &error.to_string(), self.attempts, !is_own)
            .await;
        if is_own {
            // The first error is the one to report.
            return Err(error);
        }
        given_back?;
        Ok(Turn::Part(PartEnd::GivenBack))
    }

    /// Fetches a part, and stages its rows.
    async fn fetch(&self, job: &Job<'a, Q>, claim: &Claim) -> Result<PartEnd> {
        let part = FetchPart::from_json(&claim.part)?;
        let mut pages = job.fetch().part(part).pages();
        let mut held: Vec<Rows> = Vec::new();
        let (mut bytes, mut staged, mut rows) = (0, 0, 0);
        let mut renewed = Instant::now();
        loop {
            let next = {
                let due = (self.lease / 3).saturating_sub(renewed.elapsed());
                match future::select(pin!(pages.next()), pin!(sleep(due))).await {
                    Either::Left((page, _)) => Some(page),
                    Either::Right(_) => None,
                }
            };
            match next {
                None => {
                    self.queue.renew(claim, self.lease).await?;
                    renewed = Instant::now();
                }
                Some(None) => break,
                Some(Some(page)) => {
                    let page = page?;
                    rows += page.rows().len() as u64;
                    bytes += page.rows().page_bytes();
                    held.push(page.rows().clone());
                    if bytes > MAX_BYTES {
                        self.queue.stage(&job.target, claim, staged, &held).await?;
                        (bytes, staged, renewed) = (0, rows, Instant::now());
                        held.clear();
                    }
                }
            }
        }
        resource_load::check_part(&job.target, &pages)?;
        let fetched = pages.report();
        let done = PartDone {
            staged,
            state: pages.state().map(|state| state.to_json()),
            requests: fetched.requests,
        };
        self.queue.finish(&job.target, claim, &held, &done).await?;
        Ok(PartEnd::Done {
            resource: job.plan.resource.clone(),
            rows,
            fetched: Box::new(fetched),
        })
    }

    /// Publishes the resources whose parts are all fetched.
    ///
    /// # Errors
    ///
    /// If the work on a resource failed, and that on no other goes on.
    async fn publish(&self, jobs: &[Job<'a, Q>]) -> Result<Published> {
        let mut published = Published {
            rows: Vec::new(),
            is_complete: true,
        };
        let mut failed = None;
        let all = self.queue.plans().await?;
        for job in jobs {
            let status = all.iter().find(|one| one.plan.id == job.plan.id);
            let Some(status) = status else {
                let message = "the work was discarded, and planned again";
                let error = Error::new(ErrorKind::Incomplete, message)
                    .with_help("start the worker again, for the new plan");
                failed = Some(named(error, &job.plan.resource));
                continue;
            };
            match status.progress {
                WorkProgress::Published => {}
                WorkProgress::Failed => failed = failed.or_else(|| Some(failed_work(status))),
                WorkProgress::Running if status.is_ready() => {
                    match self.publish_job(job, status).await {
                        Ok(None) => published.is_complete = false,
                        Ok(Some(rows)) => published.rows.push((job.plan.resource.clone(), rows)),
                        Err(error) => {
                            let error = named(error, &job.plan.resource);
                            self.queue.fail(&job.plan.id, &error.to_string()).await?;
                            failed = Some(error);
                        }
                    }
                }
                WorkProgress::Running => published.is_complete = false,
            }
        }
        match failed {
            // The other resources are published first.
            Some(error) if published.is_complete => Err(error),
            _ => Ok(published),
        }
    }

    async fn publish_job(&self, job: &Job<'a, Q>, status: &WorkStatus) -> Result<Option<u64>> {
        let of_parts = self.queue.part_states(&job.plan.id).await?;
        let of_parts = of_parts.iter().map(|text| State::from_json(text));
        let of_parts: Vec<State> = of_parts.collect::<Result<_>>()?;
        let state = job.fetch().merge_states(of_parts)?;
        let state = state.map(|state| state.to_json());
        let published = self.queue.publish(&job.target, &job.plan.id, state).await?;
        if let Some(rows) = published {
            let (source, resource) = (job.target.scope(), job.plan.resource.clone());
            let run = job.plan.run.clone();
            let mut record = LoadRecord::begun(run, source, resource, job.plan.planned);
            record.part.clone_from(&job.plan.part);
            record.rows = rows;
            record.requests = status.requests;
            record.status = LoadStatus::Loaded;
            record.ended = Some(self.client.now());
            self.queue.record(&record).await?;
        }
        Ok(published)
    }
}

/// The load and the target of a plan.
///
/// # Errors
///
/// [`ErrorKind::Config`] if it was planned with another spec, other settings or another version.
fn open<'a, Q: WorkQueue + ?Sized>(
    client: &'a Client,
    queue: &'a Q,
    plan: &WorkPlan,
) -> Result<(Loading<'a, Q>, Target)> {
    let unknown = || {
        let message = format!(
            "the spec has no resource `{}`, which was planned",
            plan.resource
        );
        Error::new(ErrorKind::Config, message).with_help(
            "run the worker with the spec that planned the work, or plan it again by `rest-source work plan --replace`",
        )
    };
    let mut all = client.plan().resources.iter();
    let resource: &Ref<ResourcePlan> = all
        .find(|one| *one.name == *plan.resource)
        .ok_or_else(unknown)?;
    if let Some(error) = other_version(plan) {
        return Err(named(error, &plan.resource));
    }
    let loading = WorkOptions::load(&plan.options, client, queue).ok_or_else(unknown)?;
    let mut target = loading.target(resource, &plan.run.clone().into(), &[]);
    if let Some(stamp) = &mut target.stamp {
        *stamp = plan.planned;
    }
    let hash = Resumption::new(&target, client).hash();
    match other_hash(plan, &hash) {
        Some(error) => Err(named(error, &plan.resource)),
        None => Ok((loading, target)),
    }
}

/// The target of a plan, as workers have it: for [`WorkQueue`]s of your own.
///
/// # Errors
///
/// [`ErrorKind::Config`] if it was planned with another spec, other settings or another version.
pub fn target<Q: WorkQueue + ?Sized>(
    client: &Client,
    queue: &Q,
    plan: &WorkPlan,
) -> Result<Target> {
    open(client, queue, plan).map(|(_, target)| target)
}

/// The error for the work on a resource that failed.
fn failed_work(status: &WorkStatus) -> Error {
    let plan = &status.plan;
    let why = status.error.as_deref().and_then(|why| why.lines().next());
    let why = why.unwrap_or("no reason was stored");
    let message = format!(
        "the work on `{}` failed, and nothing of it was published: {why}",
        plan.resource
    );
    Error::new(ErrorKind::Incomplete, message).with_help("plan it again by `rest-source work plan`")
}

/// Whether another worker may succeed where this one fails, so that this one ends: its secrets, its network or its limiter
/// are not those of others.
fn is_of_worker(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Auth
            | ErrorKind::Budget
            | ErrorKind::Config
            | ErrorKind::Destination
            | ErrorKind::Limiter
            | ErrorKind::Origin
    )
}
