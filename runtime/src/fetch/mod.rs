//! Fetches: lazy requests for the records of a resource, and the streams that deliver them.

mod attempt;
mod driver;
mod failed_attempt;
mod guard;
mod job;
mod machine;
mod next_start;
mod origin;
mod page;
mod page_fingerprint;
mod paging_checkpoint;
mod parent_cache;
mod part;
mod partitions;
mod rejects;
mod running_jobs;
mod streamed;
mod streams;
mod trace;

use std::{
    fmt,
    marker::PhantomData,
    slice,
    sync::{Arc, Mutex},
    time::SystemTime,
};

use tokio::sync::mpsc;

use self::streams::{Delivery, OnProgress, SharedReport};
pub use self::{
    page::{Page, PageRecords},
    paging_checkpoint::PagingCheckpoint,
    parent_cache::ParentCache,
    part::FetchPart,
    running_jobs::RunningJobs,
    streams::{Pages, Records},
};
use crate::{
    Client, Error, Position, Record, Report, Result, Rows, Scalar, State, Timestamp,
    decode::{PageShape, Probes},
    incremental,
    parent::ParentRecord,
    plan::{self, Incremental, Lag, ParentSelection, ResourcePlan, Template},
    schema::{Column, Table},
    shared::Ref,
    template::{Bounds, Scope},
};

/// A lazy request for a resource's records. No request is sent until the stream is polled.
///
/// `T` is the type of the records, or [`Rows`] for decoded rows.
///
/// ```no_run
/// # async fn example(stories: rest_source::Fetch<rest_source::Json>) -> rest_source::Result<()> {
/// let mut stories = stories.limit(500).stream();
/// while let Some(story) = stories.next().await {
///     println!("{}", story?);
/// }
/// println!("{}", stories.report());
/// # Ok(())
/// # }
/// ```
///
/// # Tracing
///
/// A fetch emits [`tracing`](https://docs.rs/tracing) spans and events with the target `rest_source`. They
/// contain no secrets, and are only built for an enabled subscriber: the one that is current when the stream is first
/// polled. `headers` has the names of all headers, and the values of those that hold no credential.
///
/// | span | level | fields |
/// |---|---|---|
/// | `fetch` | info | `source`, `resource`; a child of the span that was current at the first poll |
/// | `part` | debug | `parent`: the partition of a child's `fetch` for one record of the parent |
/// | `attempt` | debug | `page` and `attempt`, both from 1, and `request`, its number in the fetch |
///
/// | event | level | in | fields |
/// |---|---|---|---|
/// | `request` | trace | `attempt` | it is sent now. `request`: method and URL, without credentials; `headers` |
/// | `response` | debug | `attempt` | `request`, `status`, `elapsed_seconds`; `bytes` of the body, if that is not streamed |
/// | `response headers` | trace | `attempt` | `request`; `headers` of the response before it |
/// | `no response` | debug | `attempt` | `request`, `error`, `elapsed_seconds` |
/// | `redirected` | debug | `attempt` | `to` |
/// | `not sent` | debug | `attempt` | `wait_seconds`: another request was told to wait this long, longer than `max_delay` |
/// | `wait` | debug | `attempt`, `fetch` | `why`, `wait_seconds`: before the request, by a rate limit or for a job |
/// | `wait` | warn | `attempt`, `fetch` | `why`, `wait_seconds`, and the `page` unless it is for a token: the request failed, and is sent again after that |
/// | `token` | debug | `attempt` | `why` one was fetched: `first`, `early` (before the last expired), `over` (after that) or `refused` (by a 401, for example); `life_seconds`: how long it is valid, if the API says so |
/// | `token failed` | warn | `attempt` | `why`, `error`; after `early`, the current token stays in use |
/// | `the token endpoint gave a new refresh token …` | warn | `attempt` | it is lost: there is no [`on_refresh_token`](crate::Builder::on_refresh_token) |
/// | `page` | debug | `fetch` | `received`, and `kept`: the records that passed the filters; the declared `total` of records, if there is one |
/// | `next` | trace | `fetch` | `position` of the page after that one |
/// | `ended` | info | `fetch` | `reason`, `received`, `pages`, `requests` |
/// | `failed` | warn | `fetch` | `error` |
#[must_use = "no request is sent until a stream of the fetch is polled"]
pub struct Fetch<T, Parent = ()> {
    spec: FetchSpec,
    parent: Parent,
    on_progress: Option<OnProgress>,
    records: PhantomData<fn() -> T>,
}

/// Marks a [`Fetch`] of a child, for all records `P` of its parent or for [one](Fetch::of) of them.
#[derive(Debug)]
pub struct ForParents<P>(fn(&P) -> Vec<Scalar>);

/// The parameters of a fetch.
#[derive(Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are independent of each other, as the caller's methods are"
)]
pub(crate) struct FetchSpec {
    pub(crate) client: Client,
    pub(crate) resource: Ref<ResourcePlan>,
    pub(crate) table: Ref<Table>,
    pub(crate) since: Option<State>,
    /// Whether a state of another request is accepted.
    pub(crate) keep_state: bool,
    pub(crate) from: Option<Scalar>,
    pub(crate) until: Option<Scalar>,
    pub(crate) resume: Option<Position>,
    /// Whether its pages tell where a later fetch goes on.
    pub(crate) has_checkpoints: bool,
    /// What earlier fetches delivered of it.
    pub(crate) before: Option<Arc<PagingCheckpoint>>,
    pub(crate) limit: Option<u64>,
    /// Whether an incomplete fetch ends without an error.
    pub(crate) allow_incomplete: bool,
    pub(crate) concurrency: u16,
    /// Whether a page is requested only after the page before it was taken.
    pub(crate) one_by_one: bool,
    /// The record of the parent to fetch children of; `None` for all records.
    pub(crate) parent: Option<ParentRecord>,
    pub(crate) parent_cache: Option<ParentCache>,
    /// Whether the consumer upserts: see [`Fetch::for_upsert`].
    pub(crate) is_upsert: bool,
    /// Whether records that are set aside are kept: see [`Fetch::keep_rejects`].
    pub(crate) keep_rejects: bool,
    /// The values of the job whose records are fetched.
    pub(crate) job: Option<Arc<[Scalar]>>,
    /// The jobs of earlier fetches, and those that this one creates.
    pub(crate) jobs: Option<RunningJobs>,
    /// For each column whether its values are skipped: see [`Fetch::only_columns`].
    pub(crate) unread: Arc<[bool]>,
    /// Whether all records are fetched: see [`Fetch::full_refresh`].
    pub(crate) is_full_refresh: bool,
    /// Whether a POST is sent once, whatever the retry plan says.
    pub(crate) is_sent_once: bool,
    /// When the fetch began: for all of its requests, and those for its parents.
    pub(crate) began: Option<SystemTime>,
    /// The part that is fetched, of a fetch that several processes share.
    pub(crate) part: Option<Arc<FetchPart>>,
}

impl Client {
    /// A fetch of a resource's records as `T`.
    pub fn fetch<T: Record>(&self, resource: impl Into<Ref<ResourcePlan>>) -> Fetch<T> {
        self.fetch_as(resource.into(), T::TABLE, ())
    }

    /// A fetch of a child's records, for all records of its parent `P`. [`Fetch::of`] restricts it to one.
    ///
    /// `take` returns the values that the child takes of a parent's record, in the order of
    /// [`ParentPlan::fields`](crate::plan::ParentPlan::fields).
    pub fn children<T: Record, P>(
        &self,
        resource: impl Into<Ref<ResourcePlan>>,
        take: fn(&P) -> Vec<Scalar>,
    ) -> Fetch<T, ForParents<P>> {
        self.fetch_as(resource.into(), T::TABLE, ForParents(take))
    }

    /// A fetch of a resource's decoded rows, for example for a destination.
    pub fn rows(&self, resource: impl Into<Ref<ResourcePlan>>) -> Fetch<Rows> {
        let resource = resource.into();
        let table = resource.table.clone();
        Fetch::new(FetchSpec::new(self, resource, table), ())
    }

    /// The cursor values between which a resource is fetched without a state: its `initial_value`, unless that is a
    /// token, and its `end_value`. `None` stands for one that it does not have.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if a value does not have the cursor's type.
    pub fn cursor_range(
        &self,
        resource: impl Into<Ref<ResourcePlan>>,
    ) -> Result<(Option<Scalar>, Option<Scalar>)> {
        let resource = resource.into();
        let table = resource.table.clone();
        let mut spec = FetchSpec::new(self, resource, table);
        spec.is_full_refresh = true;
        incremental::CursorRange::declared(&spec.resource, spec.range_ends())
    }

    fn fetch_as<T, Parent>(
        &self,
        resource: Ref<ResourcePlan>,
        own: &'static Table,
        parent: Parent,
    ) -> Fetch<T, Parent> {
        // The part that does not depend on `T` is compiled once.
        Fetch::new(FetchSpec::of(self, resource, own), parent)
    }
}

impl<T, Parent> Fetch<T, Parent> {
    fn new(spec: FetchSpec, parent: Parent) -> Self {
        Self {
            spec,
            parent,
            on_progress: None,
            records: PhantomData,
        }
    }
}

impl<T, P> Fetch<T, ForParents<P>> {
    /// Fetches only the children of this record of the parent.
    ///
    /// The [`State`] of such a fetch covers this parent only. [`since`](Self::since) takes such a state, or
    /// the state of a fetch for all parents: the fetch then starts at this parent's cursor, and returns the
    /// whole state with that cursor moved, if the child takes the whole key of its parent.
    pub fn of(mut self, parent: &P) -> Fetch<T> {
        if let Some(plan) = &self.spec.resource.parent {
            let values = self.parent.0(parent);
            let record = ParentRecord::of_values(plan, values);
            let is_batch = self.spec.resource.batch.is_some();
            let batch = is_batch.then(|| ParentRecord::of_batch(slice::from_ref(&record)));
            self.spec.parent = batch.flatten().or(Some(record));
        }
        Fetch {
            spec: self.spec,
            parent: (),
            on_progress: self.on_progress,
            records: self.records,
        }
    }
}

impl<T, Parent> Fetch<T, Parent> {
    /// Fetches all records: undoes [`since`](Self::since). A resource with an `initial_value` starts there, unless that
    /// is a token: the API would leave out what is before it.
    pub fn full_refresh(mut self) -> Self {
        self.spec.since = None;
        self.spec.is_full_refresh = true;
        self
    }

    /// Resumes at the state of an earlier fetch: delivers only newer records.
    ///
    /// It is an error on the first poll if the state belongs to another resource or another request
    /// (another setting or parameter, for example), or if the resource has no `incremental`.
    pub fn since(mut self, state: State) -> Self {
        self.spec.since = Some(state.with_present_names(&self.spec.resource));
        self
    }

    /// Resumes the jobs of an earlier fetch that are not older than their `timeout`, and remembers those that this one
    /// creates. A job that has failed, or that the API no longer has, is created anew. For a resource with a `job`.
    pub fn running_jobs(mut self, jobs: &RunningJobs) -> Self {
        self.spec.jobs = Some(jobs.clone());
        self
    }

    /// Accepts a state that was saved for another request, for example before a path or parameter changed
    /// that does not change the records.
    pub fn keep_state(mut self) -> Self {
        self.spec.keep_state = true;
        self
    }

    /// Fetches the records from this cursor value on, instead of those after the state's cursor or the spec's
    /// `initial_value`. Records that an earlier fetch delivered are delivered again.
    ///
    /// The state stays whole. It never moves back: from an earlier start, it keeps its cursor. It never moves over
    /// records that were not fetched: from a start after its cursor, it does not move, and the report says so. A
    /// fetch without a state returns one that begins at this start.
    ///
    /// It is an error on the first poll if the value does not have the cursor's type, or if the resource
    /// has no `incremental`.
    pub fn from(mut self, start: impl Into<Scalar>) -> Self {
        self.spec.from = Some(start.into());
        self
    }

    /// Fetches only records before this cursor value, or at it with `range_end: closed`. Replaces the
    /// spec's `end_value`.
    ///
    /// It is an error on the first poll if the value does not have the cursor's type, or if the resource
    /// has no `incremental`.
    pub fn until(mut self, end: impl Into<Scalar>) -> Self {
        self.spec.until = Some(end.into());
        self
    }

    /// Starts at this page: where an earlier fetch failed, by [`Error::position`](crate::Error::position).
    pub fn resume(mut self, position: Position) -> Self {
        self.spec.resume = Some(position);
        self
    }

    /// Lets pages tell where a later fetch goes on: see [`Page::checkpoint`]. For resources without a state, a job, a
    /// tree or a `batch`.
    pub fn with_checkpoints(mut self) -> Self {
        self.spec.has_checkpoints = true;
        self
    }

    /// Goes on after the pages or the partitions of an earlier fetch. `checkpoint` is the one of its last stored page,
    /// with the partitions of all of its checkpoints.
    pub fn resume_at(mut self, checkpoint: PagingCheckpoint) -> Self {
        self.spec.resume.clone_from(&checkpoint.position);
        self.spec.before = Some(Arc::new(checkpoint));
        self
    }

    /// Fetches at most this many records, with no more requests than they need.
    pub fn limit(mut self, records: u64) -> Self {
        self.spec.limit = Some(records);
        self
    }

    /// Ends an incomplete fetch without an error: [`Pages::completeness`] tells what is missing.
    pub fn allow_incomplete(mut self) -> Self {
        self.spec.allow_incomplete = true;
        self
    }

    /// Shares parent records with other fetches: see [`ParentCache`].
    pub fn parent_cache(mut self, cache: &ParentCache) -> Self {
        self.spec.parent_cache = Some(cache.clone());
        self
    }

    /// Delivers records for a consumer that upserts by the primary key. Records at and after the state's
    /// cursor are delivered again, changed or not, and so are older records that the API returned for the
    /// start it was sent: the API's own filter decides what is new.
    ///
    /// Without it, records that an earlier fetch delivered are recognised by their key and left out, and so
    /// are older ones.
    pub fn for_upsert(mut self) -> Self {
        self.spec.is_upsert = true;
        self
    }

    /// Sends at most this many requests at a time, instead of the spec's number; 0 counts as 1. The limit
    /// over all fetches of the source and `parallelized: false` still apply.
    pub fn concurrency(mut self, requests: u16) -> Self {
        self.spec.concurrency = requests.max(1);
        self
    }

    /// Shares the time at which another fetch began.
    pub(crate) fn began_at(mut self, began: Option<SystemTime>) -> Self {
        self.spec.began = began;
        self
    }

    /// Accepts a state of another request, if so.
    pub(crate) fn keeps_state(mut self, is_so: bool) -> Self {
        self.spec.keep_state = is_so;
        self
    }

    /// Requests a page only after the page before it was taken.
    pub(crate) fn one_by_one(mut self, is_so: bool) -> Self {
        self.spec.one_by_one = is_so;
        self
    }

    /// Calls this function with the report so far after each delivered page and at the end, for example for
    /// a progress bar. The task that polls the stream calls it, before it receives the page.
    ///
    /// ```no_run
    /// # async fn example(stories: rest_source::Fetch<rest_source::Json>) -> rest_source::Result<()> {
    /// let stories = stories
    ///     .on_progress(|report| eprint!("\r{} records", report.delivered))
    ///     .all()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_progress(mut self, call: impl FnMut(&Report) + Send + 'static) -> Self {
        self.on_progress = Some(Mutex::new(Box::new(call)));
        self
    }

    /// A stream of the pages.
    pub fn pages(self) -> Pages<T> {
        Pages::new(self.spec, self.on_progress)
    }
}

impl<Parent> Fetch<Rows, Parent> {
    /// Reads only the columns at these positions of the table. Values of the other columns are skipped and not checked;
    /// their cells are null.
    ///
    /// Columns that the fetch needs are read all the same: the primary key and the cursor. All columns are read for
    /// records that go through `processing_steps`, `explode` or a [`ParentCache`], of a tree, and of several pages
    /// without a primary key, which are told apart by all of their columns.
    ///
    /// ```no_run
    /// # async fn example(stories: rest_source::Fetch<rest_source::Rows>) -> rest_source::Result<()> {
    /// let mut pages = stories.only_columns([0, 3]).pages();
    /// while let Some(page) = pages.next().await {
    ///     println!("{} rows", page?.rows().len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn only_columns(mut self, positions: impl IntoIterator<Item = usize>) -> Self {
        let mut unread = vec![true; self.spec.table.columns.len()];
        for at in positions {
            if let Some(unread) = unread.get_mut(at) {
                *unread = false;
            }
        }
        self.spec.unread = unread.into();
        self
    }
}

impl<T: Record, Parent> Fetch<T, Parent> {
    /// A stream of the records.
    pub fn stream(self) -> Records<T> {
        Records::new(self.pages())
    }

    /// Collects all records in memory.
    ///
    /// # Errors
    ///
    /// The first error of the stream, which may be [`ErrorKind::Incomplete`](crate::ErrorKind::Incomplete)
    /// after the last record. The records before it are lost.
    pub async fn all(self) -> Result<Vec<T>> {
        let mut pages = self.pages();
        let mut records = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page?;
            records.reserve(page.len());
            for record in page {
                records.push(record?);
            }
        }
        Ok(records)
    }

    /// The first record, with as few requests as possible.
    ///
    /// # Errors
    ///
    /// The first error of the stream.
    pub async fn first(self) -> Result<Option<T>> {
        self.limit(1).stream().next().await.transpose()
    }
}

impl<T, Parent> fmt::Debug for Fetch<T, Parent> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FetchSpec {
            client, resource, ..
        } = &self.spec;
        write!(f, "Fetch({}.{})", client.plan().name, resource.name)
    }
}

impl FetchSpec {
    fn new(client: &Client, resource: Ref<ResourcePlan>, table: Ref<Table>) -> Self {
        Self {
            client: client.clone(),
            resource,
            table,
            since: None,
            keep_state: false,
            from: None,
            until: None,
            resume: None,
            has_checkpoints: false,
            before: None,
            limit: None,
            allow_incomplete: false,
            concurrency: client.concurrency(),
            one_by_one: false,
            parent: None,
            parent_cache: None,
            is_upsert: false,
            keep_rejects: false,
            job: None,
            jobs: None,
            unread: Arc::default(),
            is_full_refresh: false,
            is_sent_once: false,
            began: None,
            part: None,
        }
    }

    /// How its pages are read.
    fn page_shape(&self, probes: &Probes) -> Result<PageShape> {
        let unread = self.unread_columns();
        let spec = &self.client.plan().spec;
        PageShape::without_columns(&unread, &self.resource, self.table.clone(), probes, spec)
    }

    /// For each column whether its values are skipped: those that nobody asked for, and that the fetch itself does not
    /// need. Empty if all are read.
    fn unread_columns(&self) -> Vec<bool> {
        let resource = &self.resource;
        let has_key = self.table.primary_key().next().is_some();
        let is_paged = resource.paginator.kind != plan::Pages::Single;
        let reads_all = !resource.processing_steps.is_empty()
            || resource.explode.is_some()
            || resource.tree.is_some()
            || self.parent_cache.is_some()
            || !has_key && (is_paged || resource.has_state());
        if reads_all {
            return Vec::new();
        }
        let cursor = resource.incremental.as_ref().and_then(|plan| plan.column);
        let columns = self.unread.iter().zip(&*self.table.columns).enumerate();
        let is_needed = |at: usize, column: &Column| {
            column.primary_key || cursor.is_some_and(|cursor| usize::from(cursor) == at)
        };
        columns
            .map(|(at, (is_unread, column))| *is_unread && !is_needed(at, column))
            .collect()
    }

    /// When the fetch began.
    fn began(&self) -> Timestamp {
        let began = self.began.unwrap_or_else(|| self.client.clock().now());
        Timestamp::try_from(began).unwrap_or(Timestamp::EPOCH)
    }

    /// The parameters of a fetch of records with this table. Untyped records use the table of the resource,
    /// which may have a key.
    fn of(client: &Client, resource: Ref<ResourcePlan>, own: &'static Table) -> Self {
        let table = if own.is_untyped() && resource.table.is_untyped() {
            resource.table.clone()
        } else {
            own.into()
        };
        Self::new(client, resource, table)
    }

    /// Runs the fetch to its end: for all records of the parent, if the resource has one, for each combination of its
    /// lists, and in windows, if its range is cut.
    async fn run(mut self, stream: mpsc::Sender<Delivery>, report: SharedReport) {
        self.began.get_or_insert(self.client.clock().now());
        if let Some(part) = self.part.clone().filter(|part| part.is_divided()) {
            return Box::pin(partitions::run_part(self, &part, stream, report)).await;
        }
        let parents = self.resource.parent.clone();
        let parents = parents.filter(|_| self.parent.is_none());
        let incremental = self.resource.incremental.as_ref();
        let has_windows = incremental.is_some_and(|plan| plan.windows.is_some());
        if self.resource.tree.is_some() {
            partitions::run_tree(self, stream, report).await;
        } else if let Some(parents) = parents {
            Box::pin(partitions::run_children(self, parents, stream, report)).await;
        } else if has_windows || !self.resource.partitions.is_empty() {
            Box::pin(partitions::run_one(self, stream, report)).await;
        } else {
            Box::pin(driver::run(self, stream, report)).await;
        }
    }

    /// Whether its state is that of its parents: it is fetched for those that are new or changed.
    fn resumes_parents(&self) -> bool {
        self.resource.parents == ParentSelection::Changed && self.parent.is_none()
    }

    /// Whether its resource has checkpoints: it has neither a state nor the like to resume at, and its requests do not
    /// depend on those before them.
    fn tells_checkpoints(&self) -> bool {
        let resource = &self.resource;
        self.has_checkpoints
            && !resource.has_state()
            && resource.job.is_none()
            && resource.tree.is_none()
            && resource.batch.is_none()
    }

    /// The maximum of requests in flight for the resource itself. Its parent has its own.
    fn concurrency(&self) -> u16 {
        if self.resource.parallelized && !self.one_by_one {
            self.concurrency
        } else {
            1
        }
    }

    /// The values of the placeholders of its requests, within these bounds.
    fn scope<'a>(&'a self, bounds: &'a Bounds) -> Scope<'a> {
        let values = self.parent.as_ref().map(|parent| &parent.values);
        Scope {
            partition: values.map_or(&[][..], |values| &values.lists),
            job: self.job.as_deref().unwrap_or_default(),
            ..self.client.scope(
                bounds,
                values.map_or(&[][..], |values| values.sent()),
                self.began(),
            )
        }
    }

    /// The parameters of an incremental fetch.
    fn incremental(&self) -> incremental::Request<'_> {
        incremental::Request {
            resource: &self.resource,
            table: &self.table,
            state: self.since.as_ref().filter(|_| !self.resumes_parents()),
            ends: self.range_ends(),
            is_upsert: self.is_upsert,
            now: self.began.unwrap_or_else(|| self.client.clock().now()),
        }
    }

    /// The values of the range, those of the spec with their placeholders replaced.
    fn range_ends(&self) -> incremental::RangeEnds {
        let plan = self.resource.incremental.as_ref();
        let setting = |at: u16| self.client.config().get(usize::from(at)).cloned();
        let setting_of_lag = |plan: &Incremental| match &plan.lag {
            Some(Lag::Setting { setting: at, .. }) => setting(*at),
            _ => None,
        };
        let setting_of_step = |plan: &Incremental| plan.windows?.step_setting.and_then(setting);
        let value = |template: Option<&Template>| {
            let bounds = Bounds::default();
            let scope = self.client.scope(&bounds, &[], self.began());
            match &*template?.0 {
                [part] => scope.value(part),
                _ => scope.text(template?).map(Scalar::Text),
            }
        };
        incremental::RangeEnds {
            initial: value(plan.and_then(|plan| {
                let is_left_out = self.is_full_refresh && plan.change_token.is_some();
                plan.initial_value.as_ref().filter(|_| !is_left_out)
            })),
            end: value(plan.and_then(|plan| plan.end_value.as_ref())),
            lag: plan.and_then(|plan| plan.lag.clone()),
            lag_setting: plan.and_then(setting_of_lag),
            step_setting: plan.and_then(setting_of_step),
            from: self.from.clone(),
            until: self.until.clone(),
        }
    }

    /// Adds the resource and the parent to an error, and redacts its texts.
    fn error(&self, mut error: Error) -> Error {
        if let Some(parent) = &self.parent {
            let kind = if parent.values.lists.is_empty() {
                "parent"
            } else {
                "partition"
            };
            error = error.with_detail(format!("{kind}: {}", parent.values.name));
        }
        error
            .with_resource(self.resource.name.clone())
            .map_text(|text| self.client.redact(text))
    }
}

#[cfg(test)]
mod tests;
