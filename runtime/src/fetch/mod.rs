//! Fetching a resource: what to fetch, and the streams that it comes in.

mod attempt;
mod children;
mod driver;
mod family;
mod guard;
mod machine;
mod origin;
mod page;
mod page_fingerprint;
mod refusal;
mod streams;
mod trace;

use std::{fmt, marker::PhantomData, sync::Mutex};

use tokio::sync::mpsc;

use self::streams::{Delivery, OnProgress, SharedReport};
pub use self::{
    family::Family,
    page::{Page, PageRecords},
    streams::{Pages, Records},
};
use crate::{
    Client, Error, Position, Record, Report, Result, Rows, Scalar, State, incremental,
    parent::ParentRecord, plan::ResourcePlan, schema::Table, shared::Ref,
};

/// What is to be fetched of a resource. Nothing is sent until its stream is first asked.
///
/// `T` is the type of the records, or [`Rows`] where they are wanted as they were decoded.
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
/// # What it logs
///
/// It tells its course by [`tracing`](https://docs.rs/tracing), all of it with the target
/// `rest_source`. No secret is in it, and nothing is made of it where no one listens.
///
/// | span | level | fields |
/// |---|---|---|
/// | `fetch` | info | `source`, `resource`; within the span that was current when it began |
/// | `part` | debug | `parent`: the part of a child's `fetch` that is for one record of the parent |
/// | `attempt` | debug | `page` and `attempt`, both from 1, and `request`, its number in the fetch |
///
/// | event | level | in | fields |
/// |---|---|---|---|
/// | `request` | debug | `attempt` | `request`, that is to be sent: method and URL |
/// | `not sent` | debug | `attempt` | `wait`: how long the API wants to be left alone, which is longer than `max_delay` |
/// | `redirected` | debug | `attempt` | `to` |
/// | `response` | debug | `attempt` | `status`, `bytes` |
/// | `token` | debug | `attempt` | `why` one was fetched: `first`, `early`, before the last ended, `over`, after that, or `refused`, by a 401, say; `life`: how long it holds |
/// | `token failed` | warn | `attempt` | `why`, `error`; after `early`, the one there is is used on |
/// | `the token endpoint gave a new refresh token …` | warn | `attempt` | no one keeps it: there is no [`on_refresh_token`](crate::Builder::on_refresh_token) |
/// | `waited …` | debug | `attempt` | `waited`: for the source's pace, or for a token |
/// | `wait` | warn | `fetch` | `page`, `why`, `wait`: a request is made again after that |
/// | `page` | debug | `fetch` | `received`, and `kept`: those that belong to the fetch |
/// | `ended` | info | `fetch` | `reason`, `received`, `pages`, `requests` |
/// | `failed` | warn | `fetch` | `error` |
#[must_use = "nothing is fetched until a stream of it is asked"]
pub struct Fetch<T, Parent = ()> {
    job: Job,
    parent: Parent,
    on_progress: Option<OnProgress>,
    records: PhantomData<fn() -> T>,
}

/// That a [`Fetch`] is for all records `P` of a parent, and may be for [one](Fetch::of) of them.
#[derive(Debug)]
pub struct Of<P>(fn(&P) -> Vec<Scalar>);

/// A fetch without the type of its records.
#[derive(Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are independent of each other, as the caller's methods are"
)]
pub(crate) struct Job {
    pub(crate) client: Client,
    pub(crate) resource: Ref<ResourcePlan>,
    pub(crate) table: Ref<Table>,
    pub(crate) since: Option<State>,
    /// Whether `since` may belong to another request.
    pub(crate) keep_state: bool,
    pub(crate) until: Option<Scalar>,
    pub(crate) resume: Option<Position>,
    pub(crate) limit: Option<u64>,
    /// Whether a fetch that is incomplete ends without an error.
    pub(crate) allow_incomplete: bool,
    pub(crate) concurrency: u16,
    /// Whether no page is asked for before the one before it was taken: it may not be needed.
    pub(crate) one_by_one: bool,
    /// The one record of the parent that it is for, where it is not for all of them.
    pub(crate) parent: Option<ParentRecord>,
    pub(crate) family: Option<Family>,
    /// Whether its records are upserted: see [`Fetch::for_upsert`].
    pub(crate) is_upsert: bool,
}

impl Client {
    /// The records of a resource, as `T`.
    pub fn fetch<T: Record>(&self, resource: impl Into<Ref<ResourcePlan>>) -> Fetch<T> {
        self.fetch_as(resource.into(), T::TABLE, ())
    }

    /// The records of a child, for all records of its parent `P`: [`Fetch::of`] makes it one.
    ///
    /// `take` gives what the child takes of a record, in the order of
    /// [`ParentPlan::fields`](crate::plan::ParentPlan::fields).
    pub fn children<T: Record, P>(
        &self,
        resource: impl Into<Ref<ResourcePlan>>,
        take: fn(&P) -> Vec<Scalar>,
    ) -> Fetch<T, Of<P>> {
        self.fetch_as(resource.into(), T::TABLE, Of(take))
    }

    /// The rows of a resource, for those that need no record: destinations, for one.
    pub fn rows(&self, resource: impl Into<Ref<ResourcePlan>>) -> Fetch<Rows> {
        let resource = resource.into();
        let table = resource.table.clone();
        Fetch::new(Job::new(self, resource, table), ())
    }

    fn fetch_as<T, Parent>(
        &self,
        resource: Ref<ResourcePlan>,
        own: &'static Table,
        parent: Parent,
    ) -> Fetch<T, Parent> {
        // What needs no `T` is compiled once, and not for each record of a user's.
        Fetch::new(Job::of(self, resource, own), parent)
    }
}

impl<T, Parent> Fetch<T, Parent> {
    fn new(job: Job, parent: Parent) -> Self {
        Self {
            job,
            parent,
            on_progress: None,
            records: PhantomData,
        }
    }
}

impl<T, P> Fetch<T, Of<P>> {
    /// Only for this record of the parent.
    ///
    /// The [`State`] of such a fetch is of this parent alone. [`since`](Self::since) takes one like
    /// it, or that of a fetch for all: then it starts from what that says of this parent, and gives it
    /// back with this parent's part brought forward, where the child takes the whole key of its parent.
    pub fn of(mut self, parent: &P) -> Fetch<T> {
        if let Some(plan) = &self.job.resource.parent {
            let values = self.parent.0(parent);
            self.job.parent = Some(ParentRecord::of_values(plan, values));
        }
        Fetch {
            job: self.job,
            parent: (),
            on_progress: self.on_progress,
            records: self.records,
        }
    }
}

impl<T, Parent> Fetch<T, Parent> {
    /// Everything, whatever an earlier fetch has seen: takes back [`since`](Self::since). A resource
    /// with an `initial_value` starts there.
    pub fn full_refresh(mut self) -> Self {
        self.job.since = None;
        self
    }

    /// Only what is new since the fetch that gave this state.
    ///
    /// A state of another resource, a state that was saved for another request (another setting or
    /// parameter, say), and a state for a resource without `incremental` are an error when the stream is
    /// first polled.
    pub fn since(mut self, state: State) -> Self {
        self.job.since = Some(state);
        self
    }

    /// Accepts a state that was saved for another request: for a path, parameter or setting that
    /// changed without changing which records there are.
    pub fn keep_state(mut self) -> Self {
        self.job.keep_state = true;
        self
    }

    /// Only what is before this cursor value, or at it where the spec says `range_end: closed`; in
    /// place of the spec's `end_value`.
    ///
    /// A value that is not of the cursor's type, or any value for a resource without `incremental`,
    /// is an error when the fetch is first asked.
    pub fn until(mut self, end: impl Into<Scalar>) -> Self {
        self.job.until = Some(end.into());
        self
    }

    /// From this page on: where an earlier fetch broke off, by
    /// [`Error::position`](crate::Error::position).
    pub fn resume(mut self, position: Position) -> Self {
        self.job.resume = Some(position);
        self
    }

    /// At most this many records. No page is asked for that is not needed for them.
    pub fn limit(mut self, records: u64) -> Self {
        self.job.limit = Some(records);
        self
    }

    /// Ends without an error where the fetch is incomplete:
    /// [`Pages::completeness`] tells what is missing.
    pub fn allow_incomplete(mut self) -> Self {
        self.job.allow_incomplete = true;
        self
    }

    /// Together with other fetches that share what they see of parents: see [`Family`].
    pub fn within(mut self, family: &Family) -> Self {
        self.job.family = Some(family.clone());
        self
    }

    /// For a consumer that upserts by the primary key: records at and after the state's cursor are delivered
    /// again, changed or not. So are records with an older cursor that the API returned for the start it
    /// was sent, because its own filter decides what is new.
    ///
    /// Otherwise the records at the state's cursor that an earlier fetch delivered are recognised by their key
    /// and left out, and older ones too.
    pub fn for_upsert(mut self) -> Self {
        self.job.is_upsert = true;
        self
    }

    /// At most this many requests at a time, in place of the spec's number; 0 counts as 1. The
    /// source's own limit, over all its fetches, stands, and so does `parallelized: false`.
    pub fn concurrency(mut self, requests: u16) -> Self {
        self.job.concurrency = requests.max(1);
        self
    }

    /// With no page asked for before the one before it was taken, where so it is.
    pub(crate) fn one_by_one(mut self, is_so: bool) -> Self {
        self.job.one_by_one = is_so;
        self
    }

    /// Calls this with the report so far after every page that is delivered, and at the end, whatever it is: for a
    /// progress bar, say. It is called by whoever asks the stream, before he has the page.
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

    /// The pages, as a stream.
    pub fn pages(self) -> Pages<T> {
        Pages::new(self.job, self.on_progress)
    }
}

impl<T: Record, Parent> Fetch<T, Parent> {
    /// The records, as a stream.
    pub fn stream(self) -> Records<T> {
        Records::new(self.pages())
    }

    /// All records, in memory at once.
    ///
    /// # Errors
    ///
    /// The first that the stream meets, [`ErrorKind::Incomplete`](crate::ErrorKind::Incomplete) after the
    /// last record among them; the records before it are lost.
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

    /// The first record, with no more requests than it takes.
    ///
    /// # Errors
    ///
    /// As of the stream.
    pub async fn first(self) -> Result<Option<T>> {
        self.limit(1).stream().next().await.transpose()
    }
}

impl<T, Parent> fmt::Debug for Fetch<T, Parent> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Job {
            client, resource, ..
        } = &self.job;
        write!(f, "Fetch({}.{})", client.plan().name, resource.name)
    }
}

impl Job {
    fn new(client: &Client, resource: Ref<ResourcePlan>, table: Ref<Table>) -> Self {
        Self {
            client: client.clone(),
            resource,
            table,
            since: None,
            keep_state: false,
            until: None,
            resume: None,
            limit: None,
            allow_incomplete: false,
            concurrency: client.concurrency(),
            one_by_one: false,
            parent: None,
            family: None,
            is_upsert: false,
        }
    }

    /// For records of this table of their own. Those that are taken as they are leave it to the resource,
    /// which may have a key of them.
    fn of(client: &Client, resource: Ref<ResourcePlan>, own: &'static Table) -> Self {
        let table = if own.is_untyped() && resource.table.is_untyped() {
            resource.table.clone()
        } else {
            own.into()
        };
        Self::new(client, resource, table)
    }

    /// Fetches, for all records of the parent where it has one, in one task.
    async fn run(self, stream: mpsc::Sender<Delivery>, report: SharedReport) {
        let parents = self.resource.parent.clone();
        match parents.filter(|_| self.parent.is_none()) {
            Some(parents) => children::run(self, parents, stream, report).await,
            None => driver::run(self, stream, report).await,
        }
    }

    /// The most requests of the resource itself in flight. Its parent's are as many as they may be.
    fn concurrency(&self) -> u16 {
        if self.resource.parallelized && !self.one_by_one {
            self.concurrency
        } else {
            1
        }
    }

    /// What is asked for, where it is incremental.
    fn incremental(&self) -> incremental::Request<'_> {
        incremental::Request {
            resource: &self.resource,
            table: &self.table,
            state: self.since.as_ref(),
            until: self.until.clone(),
            is_upsert: self.is_upsert,
            now: self.client.clock().now(),
        }
    }

    /// An error of this fetch, its texts without secrets.
    fn error(&self, mut error: Error) -> Error {
        if let Some(parent) = &self.parent {
            error = error.with_detail(format!("parent: {}", parent.name));
        }
        error
            .with_resource(self.resource.name.clone())
            .map_text(|text| self.client.redact(text))
    }
}

#[cfg(test)]
mod tests;
