//! The load: fetches the resources of a source and writes them to a destination, page by page.

use std::{
    future::{Future, IntoFuture},
    pin::{Pin, pin},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{
    StreamExt,
    future::{self, Either},
    stream::FuturesUnordered,
};
use rest_source::{
    Client, Connector, Error, ErrorKind, ParentCache, Result, Scalar,
    plan::{ResourcePlan, WriteDisposition},
    shared::{Ref, Text},
};
use tokio::sync::Notify;

use crate::{
    AppendedBy, Destination, LoadError, LoadRecord, LoadReport, LoadStatus, LockHolder, NotTried,
    Progress, Target, Writing,
    load_locks::run_id,
    pending_commit::MAX_ROWS,
    report::Reason,
    resource_load::{self, FailedResource, Outcome},
    resumption,
    run_locks::{ResourceLocks, Waiting},
    shared_failures::SharedFailures,
};

/// How many records of the history decide which resources a load with a budget begins with.
const MAX_HISTORY: u64 = 1000;

/// Loads a source into a destination. Implemented for every connector.
pub trait Load: Connector {
    /// Fetches every selected resource and writes it by its `write_disposition`: see the
    /// [crate's page](crate). No request is sent until the result is awaited.
    ///
    /// # Errors
    ///
    /// Awaiting it returns a [`LoadError`] when a resource could not be fetched or written.
    fn load<'a, D: Destination + ?Sized>(&'a self, destination: &'a D) -> Loading<'a, D> {
        Loading::new(self.client(), destination)
    }
}

impl<S: Connector> Load for S {}

/// A lazy load. Await it to run it.
#[expect(clippy::struct_excessive_bools, reason = "one for each option")]
#[must_use = "a load does nothing until it is awaited"]
pub struct Loading<'a, D: ?Sized> {
    pub(crate) client: &'a Client,
    pub(crate) destination: &'a D,
    pub(crate) full_refresh: bool,
    pub(crate) keep_state: bool,
    pub(crate) adopt: bool,
    pub(crate) stamp_rows: bool,
    keep_rejects: bool,
    takes_locks: bool,
    waiting: Mutex<Waiting<'a>>,
    /// `None`: only resources that are fetched in partitions are resumed, and all of a load within a budget.
    resume: Option<bool>,
    pub(crate) table_prefix: Text,
    pub(crate) since: Option<Scalar>,
    pub(crate) until: Option<Scalar>,
    only: Vec<String>,
    at_once: usize,
    pub(crate) commit_rows: u64,
    has_page: AtomicBool,
    /// Notified by the first page.
    first_page: Notify,
    on_progress: Mutex<Box<dyn FnMut(Progress) + Send + 'a>>,
}

impl<'a, D: Destination + ?Sized> Loading<'a, D> {
    /// A load of the client's source: like [`Load::load`], for a plan that is known only at run time.
    pub fn new(client: &'a Client, destination: &'a D) -> Self {
        Self {
            client,
            destination,
            full_refresh: false,
            keep_state: false,
            adopt: false,
            stamp_rows: false,
            keep_rejects: false,
            takes_locks: true,
            waiting: Mutex::default(),
            resume: None,
            table_prefix: Text::EMPTY,
            since: None,
            until: None,
            only: Vec::new(),
            at_once: usize::from(client.concurrency()),
            commit_rows: MAX_ROWS,
            has_page: AtomicBool::new(false),
            first_page: Notify::new(),
            on_progress: Mutex::new(Box::new(|_| ())),
        }
    }

    /// Fetches everything again, and replaces all stored rows.
    pub fn full_refresh(mut self) -> Self {
        self.full_refresh = true;
        self
    }

    /// Accepts rows and states of another request, for a change of path, parameter or setting that does not
    /// change which records exist. Also keeps the state of a table that a user emptied.
    pub fn keep_state(mut self) -> Self {
        self.keep_state = true;
        self
    }

    /// Lets this load and later ones change tables that no load created: add columns, and replace or delete rows.
    pub fn adopt(mut self) -> Self {
        self.adopt = true;
        self
    }

    /// Writes two more columns with each row: `_loaded_at`, when the load of its resource began, and `_load_id`, the
    /// identifier of the load. They are null in rows of loads without this option.
    pub fn stamp_rows(mut self) -> Self {
        self.stamp_rows = true;
        self
    }

    /// Keeps the records that `schema_contract: {data_type: discard_row}` sets aside, in the table `_rest_source_rejects`, with
    /// their reason and request. They are committed with their page. After the spec was mended,
    /// [`replay_rejects`](Self::replay_rejects) writes them. A record that is set aside again is kept once, and a load that
    /// replaces the rows of a resource replaces its kept records, too.
    pub fn keep_rejects(mut self) -> Self {
        self.keep_rejects = true;
        self
    }

    /// Waits for so long if another load has locked one of the resources, instead of failing at once. No request is sent
    /// meanwhile. `on_wait` is called with a line for each of these resources.
    pub fn wait(mut self, most: Duration, on_wait: impl FnMut(&str) + Send + 'a) -> Self {
        self.waiting = Mutex::new(Waiting::new(most, on_wait));
        self
    }

    /// Loads without the [lock](Destination::lock) of the resources, where the destination cannot hold one, such as behind
    /// a pooler of Postgres connections. Of two loads of a resource at the same time, one then fails when it commits.
    pub fn no_lock(mut self) -> Self {
        self.takes_locks = false;
        self
    }

    /// Resumes an interrupted load: goes on after its last stored page, if the spec, the request, the settings and the
    /// table are the same, and otherwise starts over. An interrupted load can be resumed if it was one with `resume`
    /// itself. Until the load is complete, rows that are appended or replace others are in staging tables.
    ///
    /// Resources that are fetched in partitions, such as children, are resumed without it, after the last complete
    /// partition, except by a [full refresh](Self::full_refresh). Loads within a [budget](rest_source::RunBudget) resume by
    /// default, because none of them may be able to finish alone. Incremental ones resume at their state in any case.
    /// [`ResourceReport::resumed`](crate::ResourceReport::resumed) says where a load went on.
    pub fn resume(mut self) -> Self {
        self.resume = Some(true);
        self
    }

    /// Starts over where an interrupted load could be [resumed](Self::resume), also for resources that are fetched in
    /// partitions.
    pub fn start_over(mut self) -> Self {
        self.resume = Some(false);
        self
    }

    /// Puts this before the names of all tables, so that several loads of a source can write to one destination. Each
    /// prefix has its own states.
    pub fn table_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.table_prefix = prefix.into().into();
        self
    }

    /// Fetches the records of incremental resources from this cursor value on, instead of those after the stored
    /// state: see [`Fetch::from`](rest_source::Fetch::from). It is an error for a resource whose rows are replaced, and for appended rows that
    /// have a state, because they would be appended again or left out.
    pub fn since(mut self, start: impl Into<Scalar>) -> Self {
        self.since = Some(start.into());
        self
    }

    /// Fetches the records of incremental resources before this cursor value: see [`Fetch::until`](rest_source::Fetch::until). It is an error
    /// for a resource whose rows are replaced.
    pub fn until(mut self, end: impl Into<Scalar>) -> Self {
        self.until = Some(end.into());
        self
    }

    /// Loads only this resource and others named by further calls, instead of all that are `selected`.
    pub fn resource(mut self, name: impl Into<String>) -> Self {
        self.only.push(name.into());
        self
    }

    /// Loads at most this many resources at the same time; by default as many as the source may have requests in
    /// flight. Before the first page has arrived, two are tried. A child begins after its parents have ended.
    pub fn resources_at_once(mut self, count: u16) -> Self {
        self.at_once = usize::from(count.max(1));
        self
    }

    /// Commits after this many rows, where rows can be committed before the last page; by default after 10,000. A load
    /// also commits once a second, and after 8 MiB of pages.
    pub fn commit_rows(mut self, count: u64) -> Self {
        self.commit_rows = count;
        self
    }

    /// Calls a function after every written page, and once a resource is loaded. The pages of several resources come in any order.
    pub fn on_progress(mut self, call: impl FnMut(Progress) + Send + 'a) -> Self {
        self.on_progress = Mutex::new(Box::new(call));
        self
    }

    /// Reports the progress of a resource.
    pub(crate) fn tell(&self, progress: &Progress) {
        let mut call = self
            .on_progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        call(progress.clone());
        if !self.has_page.swap(true, Ordering::Relaxed) {
            self.first_page.notify_one();
        }
    }

    async fn run(mut self) -> Result<LoadReport, LoadError> {
        let resources = self.resources()?;
        self.check_range(&resources)?;
        self.check_prefix()?;
        let run: Text = run_id().into();
        let parents = ParentCache::of(&resources);
        let names: Vec<String> = resources.iter().map(|one| one.name.to_string()).collect();
        let mut targets: Vec<Target> = resources
            .iter()
            .map(|one| self.target(one, &run, &names))
            .collect();
        if self.client.budget().is_limited() {
            self.sort_by_turn(&mut targets).await?;
        }
        let locks = self.lock(&targets, &run).await?;
        let mut queue = Queue::new(self.client, targets);
        let mut running = FuturesUnordered::new();
        loop {
            let has_page = self.has_page.load(Ordering::Relaxed);
            let at_once = if has_page {
                self.at_once
            } else {
                // An invalid credential or an unreachable origin is not tried with all resources.
                self.at_once.min(queue.failures.before_threshold())
            };
            while running.len() < at_once {
                let Some((at, target)) = queue.next() else {
                    break;
                };
                let (load, parents) = (&self, &parents);
                running.push(async move {
                    let done = resource_load::run(load, &target, parents).await;
                    (at, target, done)
                });
            }
            let first_page = pin!(self.first_page.notified());
            match future::select(running.next(), first_page).await {
                Either::Left((Some((at, target, done)), _)) => queue.ended(at, target, done),
                Either::Left((None, _)) => break,
                Either::Right(_) => {}
            }
        }
        drop(running);
        let not_recorded = self.record_not_tried(&queue).await.err();
        // The next load continues one whose budget is used up, and does not append the same resources again.
        let opened = if queue.is_out_of_budget() {
            &[]
        } else {
            queue.opened.as_slice()
        };
        let ended = self.destination.end(&run, opened).await;
        locks.release().await;
        queue.into_report(ended.err().or(not_recorded))
    }

    /// Puts those first whose last load began longest ago, so that a budget reaches all of them in some loads.
    async fn sort_by_turn(&self, targets: &mut [Target]) -> Result<()> {
        let history = self.destination.history(MAX_HISTORY).await?;
        let last_begun = |target: &Target| {
            let key = target.resource_key();
            let own = history
                .iter()
                .filter(|load| load.status != LoadStatus::NotTried && load.resource_key() == key);
            own.map(|load| load.started).max()
        };
        targets.sort_by_cached_key(last_begun);
        Ok(())
    }

    /// Records the resources that were not tried, so that the history shows them.
    async fn record_not_tried(&self, queue: &Queue<'_>) -> Result<()> {
        for (_, ended) in &queue.ended {
            if let Ended::NotTried(one, target) = ended {
                let record = LoadRecord::not_tried(target, self.client.now(), &one.reason);
                self.destination.record(&record).await?;
            }
        }
        Ok(())
    }

    /// Locks the resources that are written.
    pub(crate) async fn lock(&mut self, targets: &[Target], run: &Text) -> Result<ResourceLocks> {
        let written = targets.iter().filter(|target| {
            self.takes_locks && target.resource.write_disposition != WriteDisposition::Skip
        });
        let keys = written.map(Target::resource_key).collect();
        let holder = LockHolder::of_run(run.clone(), self.client.now());
        let waiting = self.waiting.get_mut();
        let waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        ResourceLocks::lock(self.destination, keys, &holder, waiting).await
    }

    /// How a resource is loaded, beside others of these names.
    pub(crate) fn target(
        &self,
        resource: &Ref<ResourcePlan>,
        run: &Text,
        names: &[String],
    ) -> Target {
        let columns = resource.table.columns.iter();
        let config = self.client.config();
        let setting = columns.filter_map(|column| {
            let value = config.get(usize::from(column.config?))?;
            Some((column.name.clone(), value.clone()))
        });
        Target {
            source: self.client.plan().name.clone(),
            table_prefix: self.table_prefix.clone(),
            resource: if self.table_prefix.is_empty() && resource.table_name.is_none() {
                resource.clone()
            } else {
                resource.with_stored_names(&self.table_prefix).into()
            },
            writing: self.writing(resource),
            only: names.to_vec(),
            full_refresh: self.full_refresh,
            keep_state: self.keep_state,
            request: self.client.fingerprint(resource),
            settings: setting.collect(),
            run: run.clone(),
            stamp: self.stamp_rows.then(|| self.client.now()),
            adopt: self.adopt,
            resume: self.resumes(resource),
            keep_rejects: self.keep_rejects,
        }
    }

    fn resumes(&self, resource: &ResourcePlan) -> bool {
        let by_default = || {
            self.client.budget().is_limited()
                || !self.full_refresh && resumption::is_in_partitions(resource)
        };
        self.destination.resumes()
            && resumption::is_resumable(resource)
            && self.resume.unwrap_or_else(by_default)
    }

    /// Why the caller's wish to resume has no effect for a resource.
    pub(crate) fn cannot_resume(&self, resource: &ResourcePlan) -> Option<&'static str> {
        if self.resume != Some(true) || resource.has_state() || resource.job.is_some() {
            // These resume at their state, or their job.
            return None;
        }
        if !self.destination.resumes() {
            return Some("started at the first page: the destination stores no position");
        }
        let why = "started at the first page: its requests depend on those before them";
        (!resumption::is_resumable(resource)).then_some(why)
    }

    /// The resources to load: in the order of the spec, parents before children.
    pub(crate) fn resources(&self) -> Result<Vec<Ref<ResourcePlan>>> {
        let all = self.client.plan().resources.iter();
        if self.only.is_empty() {
            return Ok(parents_first(all.filter(|resource| resource.selected)));
        }
        for name in &self.only {
            if !all.clone().any(|resource| resource.name == *name) {
                let names: Vec<_> = all.clone().map(|r| format!("`{}`", r.name)).collect();
                let source = &self.client.plan().name;
                return Err(Error::new(
                    ErrorKind::Config,
                    format!("`{source}` has no resource `{name}`"),
                )
                .with_help(format!("its resources are {}", names.join(", "))));
            }
        }
        let named =
            |resource: &&Ref<ResourcePlan>| self.only.iter().any(|name| *name == resource.name);
        Ok(parents_first(all.filter(named)))
    }

    /// Rejects a range that no resource has, or that would replace all rows by a part of the records.
    pub(crate) fn check_range(&self, resources: &[Ref<ResourcePlan>]) -> Result<()> {
        if self.since.is_none() && self.until.is_none() {
            return Ok(());
        }
        let wrong = |message: String, help: &str| {
            Err(Error::new(ErrorKind::Config, message).with_help(help.to_owned()))
        };
        let incremental = || resources.iter().filter(|one| one.incremental.is_some());
        let whole = resources.iter().find(|one| one.incremental.is_none());
        let is_named = !self.only.is_empty();
        if let Some(whole) = whole.filter(|_| is_named || incremental().next().is_none()) {
            let message = format!("`{}` is not `incremental`, so it has no range", whole.name);
            return wrong(message, "load it without a start and an end");
        }
        let replaced = incremental().find(|one| self.writing(one) == Writing::Replace);
        if let Some(replaced) = replaced {
            let name = &replaced.name;
            let message =
                format!("the rows of `{name}` are replaced, and a range is only a part of them");
            return wrong(message, "load it without a start and an end");
        }
        Ok(())
    }

    pub(crate) fn check_prefix(&self) -> Result<()> {
        let prefix = &*self.table_prefix;
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        if prefix.chars().all(is_plain) && !prefix.starts_with(|first: char| first.is_ascii_digit())
        {
            return Ok(());
        }
        let message = format!("`{prefix}` is not a valid prefix of table names");
        Err(Error::new(ErrorKind::Config, message)
            .with_help("a prefix is made of letters, digits and `_`, and begins with no digit"))
    }

    fn writing(&self, resource: &ResourcePlan) -> Writing {
        match resource.write_disposition {
            _ if self.full_refresh => Writing::Replace,
            WriteDisposition::Replace => Writing::Replace,
            WriteDisposition::Merge if resource.replaces_groups() => Writing::ReplaceGroups,
            WriteDisposition::Merge => Writing::Merge,
            WriteDisposition::Append | WriteDisposition::Skip => Writing::Append,
        }
    }
}

/// The resources of a load: those that wait, and what became of the others.
struct Queue<'a> {
    /// In the order of the spec, parents before children. `None`: started, or not tried.
    waiting: Vec<Option<Target>>,
    /// The names of resources that wait or run.
    unfinished: Vec<Text>,
    running: Vec<Ref<ResourcePlan>>,
    /// Resources whose records the cache of parents has, or that could not be fetched.
    fetched: Vec<Text>,
    /// Resources whose children cannot be fetched.
    unfetched: Vec<Text>,
    failures: SharedFailures<'a>,
    client: &'a Client,
    /// The targets that the destination opened.
    opened: Vec<Target>,
    /// The outcomes, with the positions of the resources.
    ended: Vec<(usize, Ended)>,
}

/// What became of a resource.
enum Ended {
    Done(Text, Outcome),
    Failed(Box<FailedResource>),
    NotTried(NotTried, Box<Target>),
    Skipped(Text),
}

impl<'a> Queue<'a> {
    fn new(client: &'a Client, targets: Vec<Target>) -> Self {
        Self {
            unfinished: targets
                .iter()
                .map(|one| one.resource.name.clone())
                .collect(),
            waiting: targets.into_iter().map(Some).collect(),
            running: Vec::new(),
            fetched: Vec::new(),
            unfetched: Vec::new(),
            failures: SharedFailures::new(client),
            client,
            opened: Vec::new(),
            ended: Vec::new(),
        }
    }

    /// Whether a running resource fetches a parent that this one needs too. The cache has it afterwards.
    fn shares_unfetched_parent(&self, resource: &ResourcePlan) -> bool {
        let mut running = self.running.iter().flat_map(|one| ancestors(one));
        running.any(|name| {
            !self.fetched.contains(&name) && ancestors(resource).any(|ancestor| ancestor == name)
        })
    }

    /// The next resource to load: the first one whose ancestors have ended.
    fn next(&mut self) -> Option<(usize, Target)> {
        for at in 0..self.waiting.len() {
            let Some(target) = &self.waiting[at] else {
                continue;
            };
            let resource = target.resource.clone();
            if ancestors(&resource).any(|name| self.unfinished.contains(&name))
                || self.shares_unfetched_parent(&resource)
            {
                continue;
            }
            let parent = ancestors(&resource).find(|name| self.unfetched.contains(name));
            // The parent of a load within a budget may have failed by it.
            let budget = self.client.spent_budget().map(Reason::Budget);
            let reason = budget
                .or_else(|| parent.map(Reason::Parent))
                .or_else(|| self.failures.reason(&resource));
            let target = self.waiting[at].take()?;
            let ended = if resource.write_disposition == WriteDisposition::Skip {
                Ended::Skipped(resource.name.clone())
            } else if let Some(reason) = reason {
                let not_tried = NotTried {
                    resource: resource.name.clone(),
                    reason,
                };
                Ended::NotTried(not_tried, Box::new(target))
            } else {
                self.running.push(resource);
                return Some((at, target));
            };
            self.unfinished.retain(|name| *name != resource.name);
            self.ended.push((at, ended));
        }
        None
    }

    /// Stores the outcome of a resource.
    fn ended(&mut self, at: usize, target: Target, done: Result<Outcome, FailedResource>) {
        let resource = target.resource.clone();
        self.unfinished.retain(|name| *name != resource.name);
        self.running.retain(|one| one.name != resource.name);
        self.fetched.extend(ancestors(&resource));
        if resource.incremental.is_none() {
            self.fetched.push(resource.name.clone());
        }
        let ended = match done {
            Ok(outcome) => {
                if matches!(outcome, Outcome::Loaded(_)) {
                    self.failures.succeeded(&resource);
                }
                self.opened.push(target);
                Ended::Done(resource.name.clone(), outcome)
            }
            Err(failed) => {
                if failed.affects_children() {
                    // The error names the parent if the child's fetch requested it.
                    let named = failed.error.resource().map(|name| name.to_owned().into());
                    self.unfetched.extend(named);
                    self.unfetched.push(resource.name.clone());
                }
                self.failures.failed(&resource, &failed.error);
                if failed.is_opened {
                    self.opened.push(target);
                }
                Ended::Failed(Box::new(failed))
            }
        };
        self.ended.push((at, ended));
    }

    /// Whether the load ended before its last resource because its budget was used up.
    fn is_out_of_budget(&self) -> bool {
        self.ended.iter().any(|(_, ended)| match ended {
            Ended::NotTried(one, _) => matches!(one.reason, Reason::Budget(_)),
            Ended::Failed(failed) => *failed.error.kind() == ErrorKind::Budget,
            Ended::Done(..) | Ended::Skipped(_) => false,
        })
    }

    /// The report, or the errors with the report of the rest. `last` is an error after the last resource.
    #[expect(clippy::result_large_err, reason = "it is returned once")]
    fn into_report(mut self, last: Option<Error>) -> Result<LoadReport, LoadError> {
        self.ended.sort_by_key(|(at, _)| *at);
        let mut outcome = LoadError::default();
        let loaded = &mut outcome.loaded;
        for (_, ended) in self.ended {
            match ended {
                Ended::Done(_, Outcome::Loaded(report)) => loaded.resources.push(*report),
                Ended::Done(name, Outcome::AlreadyAppended(AppendedBy::KilledLoad)) => {
                    loaded.appended_by_killed_load.push(name);
                }
                Ended::Done(name, Outcome::AlreadyAppended(AppendedBy::LaterLoad)) => {
                    loaded.appended_after_kill.push(name);
                }
                Ended::Failed(failed) => {
                    outcome.errors.push(failed.error);
                    outcome.failed.extend(failed.report);
                }
                Ended::NotTried(one, _) => outcome.not_tried.push(one),
                Ended::Skipped(name) => loaded.skipped.push(name),
            }
        }
        outcome.errors.extend(last);
        let reasons = outcome.not_tried.iter().map(|one| &one.reason);
        if outcome.errors.is_empty()
            && let Some(Reason::Budget(spent)) = reasons.max()
        {
            // It ended between two resources.
            let error = Error::new(ErrorKind::Budget, spent.clone());
            outcome.errors.push(
                error.with_help(
                    "raise the budget, or load the others by `--resource` (`resource()`)",
                ),
            );
        }
        if outcome.errors.is_empty() {
            return Ok(outcome.loaded);
        }
        Err(outcome)
    }
}

fn parents_first<'a>(
    resources: impl Iterator<Item = &'a Ref<ResourcePlan>>,
) -> Vec<Ref<ResourcePlan>> {
    let mut resources: Vec<_> = resources.cloned().collect();
    resources.sort_by_key(|resource| ancestors(resource).count());
    resources
}

/// The names of the resource's ancestors, from its parents on.
fn ancestors(resource: &ResourcePlan) -> impl Iterator<Item = Text> + use<> {
    let mut names = Vec::new();
    let mut waiting = vec![resource];
    while let Some(one) = waiting.pop() {
        for parent in one.parent.iter().flat_map(|parents| parents.resources()) {
            names.push(parent.name.clone());
            waiting.push(parent);
        }
    }
    names.into_iter()
}

impl<'a, D: Destination + ?Sized> IntoFuture for Loading<'a, D> {
    type Output = Result<LoadReport, LoadError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
