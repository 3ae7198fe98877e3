//! The load: fetches the resources of a source and writes them to a destination, page by page.

use std::{future::IntoFuture, pin::Pin};

use rest_source::{
    Client, Connector, Error, ErrorKind, Fetch, Fingerprint, Pages, ParentCache, Result, Rows,
    Scalar,
    plan::{ResourcePlan, WriteDisposition},
    shared::{Ref, Text},
};

use crate::{
    AppendedBy, Destination, LoadError, LoadReport, NotTried, Progress, ResourceReport, Target,
    Writing, append_checks, replace_checks, report::Reason, shared_failures::SharedFailures,
};

/// Loads a source into a destination. Implemented for every connector.
pub trait Load: Connector {
    /// Fetches every selected resource and writes it by its `write_disposition`: see the
    /// [crate's page](crate). No request is sent until the result is awaited.
    ///
    /// # Errors
    ///
    /// Awaiting it returns a [`LoadError`] when a resource could not be fetched or written.
    fn load<'a, D: Destination>(&'a self, destination: &'a mut D) -> Loading<'a, D> {
        Loading::new(self.client(), destination)
    }
}

impl<S: Connector> Load for S {}

/// A lazy load. Await it to run it.
#[must_use = "a load does nothing until it is awaited"]
pub struct Loading<'a, D> {
    client: &'a Client,
    destination: &'a mut D,
    full_refresh: bool,
    keep_state: bool,
    since: Option<Scalar>,
    until: Option<Scalar>,
    only: Vec<String>,
    on_progress: Box<dyn FnMut(Progress) + Send + 'a>,
}

impl<'a, D: Destination> Loading<'a, D> {
    /// A load of the client's source: like [`Load::load`], for a plan that is known only at run time.
    pub fn new(client: &'a Client, destination: &'a mut D) -> Self {
        Self {
            client,
            destination,
            full_refresh: false,
            keep_state: false,
            since: None,
            until: None,
            only: Vec::new(),
            on_progress: Box::new(|_| ()),
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

    /// Fetches the records of incremental resources from this cursor value on, instead of those after the stored
    /// state: see [`Fetch::from`]. It is an error for a resource whose rows are replaced, and for appended rows that
    /// have a state, because they would be appended again or left out.
    pub fn since(mut self, start: impl Into<Scalar>) -> Self {
        self.since = Some(start.into());
        self
    }

    /// Fetches the records of incremental resources before this cursor value: see [`Fetch::until`]. It is an error
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

    /// Calls a function after every written page.
    pub fn on_progress(mut self, call: impl FnMut(Progress) + Send + 'a) -> Self {
        self.on_progress = Box::new(call);
        self
    }

    async fn run(mut self) -> Result<LoadReport, LoadError> {
        let resources = self.resources()?;
        self.check_range(&resources)?;
        let family = ParentCache::of(&resources);
        let mut outcome = LoadError::default();
        let mut failures = SharedFailures::new(self.client);
        // Resources whose children cannot be fetched.
        let mut unfetched: Vec<Text> = Vec::new();
        for resource in resources {
            let parent = ancestors(&resource).find(|name| unfetched.contains(name));
            let reason = parent
                .map(Reason::Parent)
                .or_else(|| failures.reason(&resource));
            if resource.write_disposition == WriteDisposition::Skip {
                outcome.loaded.skipped.push(resource.name.clone());
                continue;
            }
            if let Some(reason) = reason {
                outcome.not_tried.push(NotTried {
                    resource: resource.name.clone(),
                    reason,
                });
                continue;
            }
            match self.load(&resource, &family).await {
                Ok(Outcome::Loaded(report)) => {
                    failures.succeeded(&resource);
                    outcome.loaded.resources.push(*report);
                }
                Ok(Outcome::AlreadyAppended(by)) => {
                    let loaded = &mut outcome.loaded;
                    let names = match by {
                        AppendedBy::KilledLoad => &mut loaded.appended_by_killed_load,
                        AppendedBy::LaterLoad => &mut loaded.appended_after_kill,
                    };
                    names.push(resource.name.clone());
                }
                Err(failed) => {
                    if failed.affects_children() {
                        // The error names the parent if the child's fetch requested it.
                        unfetched
                            .extend(failed.error.resource().map(|name| name.to_owned().into()));
                        unfetched.push(resource.name.clone());
                    }
                    failures.failed(&resource, &failed.error);
                    outcome.errors.push(failed.error);
                    outcome.failed.extend(failed.report);
                }
            }
        }
        outcome.errors.extend(self.destination.end().await.err());
        if outcome.errors.is_empty() {
            return Ok(outcome.loaded);
        }
        Err(outcome)
    }

    /// The resources to load: in the order of the spec, parents before children.
    fn resources(&self) -> Result<Vec<Ref<ResourcePlan>>> {
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

    /// Loads one resource.
    async fn load(
        &mut self,
        resource: &Ref<ResourcePlan>,
        family: &ParentCache,
    ) -> Result<Outcome, FailedResource> {
        let target = Target {
            source: self.client.plan().name.clone(),
            resource: resource.clone(),
            writing: self.writing(resource),
            only: self.only.clone(),
            full_refresh: self.full_refresh,
            keep_state: self.keep_state,
            request: self.client.fingerprint(resource),
            settings: self.settings(resource),
        };
        let (fetch, notes) = match self.open(&target).await {
            Ok(Ok(opened)) => opened,
            Ok(Err(by)) => return Ok(Outcome::AlreadyAppended(by)),
            Err(error) => return Err(FailedResource::unopened(named(error, resource))),
        };
        let mut pages = fetch.parent_cache(family).pages();
        let mut state = LoadState::new(resource);
        let written = self.write(&target, &mut pages, &mut state).await;
        let written = match written {
            Ok(()) => self.finish(&target, &pages, &mut state).await,
            Err(error) => Err(error),
        };
        let mut fetched = pages.report();
        state.note_deletions(&target);
        fetched
            .notes
            .splice(0..0, notes.into_iter().chain(state.notes));
        match written {
            Ok(rows) => Ok(Outcome::Loaded(Box::new(ResourceReport {
                resource: resource.name.clone(),
                fetched,
                written: state.progress.rows,
                rows,
            }))),
            Err(error) => {
                // Merged rows are kept, and with them the states of completed parents.
                let fetch_state = pages.state();
                let is_incomplete = *error.kind() == ErrorKind::Incomplete;
                let is_kept = (state.fetch_failed || is_incomplete)
                    && target.writing == Writing::Merge
                    && self.destination.commit(fetch_state.as_ref()).await.is_ok();
                if !is_kept {
                    // The first error is the one to report.
                    let _ = self.destination.roll_back().await;
                }
                let error = named(error, resource);
                let error = match state.committed {
                    0 => error,
                    _ if is_incomplete => error,
                    1 => error.with_detail("1 record before it was committed"),
                    count => error.with_detail(format!("{count} records before it were committed")),
                };
                Err(FailedResource {
                    error: match error.report() {
                        Some(_) => error,
                        None => error.with_report(fetched.clone()),
                    },
                    report: Some(ResourceReport {
                        resource: resource.name.clone(),
                        fetched,
                        written: state.committed,
                        rows: self.destination.count().await.unwrap_or_default(),
                    }),
                    is_of_fetch: state.fetch_failed,
                })
            }
        }
    }

    /// The columns of a resource that hold settings, and their values.
    fn settings(&self, resource: &ResourcePlan) -> Vec<(Text, Scalar)> {
        let columns = resource.table.columns.iter();
        let config = self.client.config();
        columns
            .filter_map(|column| {
                let value = config.get(usize::from(column.config?))?;
                Some((column.name.clone(), value.clone()))
            })
            .collect()
    }

    /// Opens a resource. Returns its fetch and notes for the report, or `Err` if it was already appended.
    async fn open(
        &mut self,
        target: &Target,
    ) -> Result<Result<(Fetch<Rows>, Vec<String>), AppendedBy>> {
        let resource = &target.resource;
        match target.writing {
            Writing::Append => append_checks::check(resource)?,
            Writing::ReplaceGroups => replace_checks::check_groups(resource)?,
            Writing::Merge | Writing::Replace => {}
        }
        if target.hard_delete().is_some() && !self.destination.deletes_rows() {
            let message = "the destination cannot delete rows, and the resource has `hard_delete`";
            return Err(Error::new(ErrorKind::Destination, message).with_help(
                "a destination that does says so by `Destination::deletes_rows`; or leave `hard_delete` out",
            ));
        }
        if !target.child_tables().is_empty() && !self.destination.writes_child_tables() {
            let message =
                "the destination has no child tables, and the resource has a list `as: table`";
            return Err(Error::new(ErrorKind::Destination, message).with_help(
                "a destination that does says so by `Destination::writes_child_tables`; or use `items`",
            ));
        }
        let opened = self.destination.open(target).await?;
        if let Some(stored) = &opened.request {
            self.check_request(target, stored)?;
        }
        let is_incremental = resource.incremental.is_some();
        if self.since.is_some() && target.writing == Writing::Append && opened.state.is_some() {
            return Err(append_checks::of_chosen_start(resource));
        }
        if let Some(by) = opened.already_appended
            && target.writing == Writing::Append
            && !is_incremental
        {
            return Ok(Err(by));
        }
        let mut notes = opened.notes;
        let appends_again = target.writing == Writing::Append
            && is_incremental
            && opened.state.is_none()
            && opened.request.is_some();
        if appends_again && self.destination.count().await? > 0 {
            notes.push(format!(
                "no state was stored with the rows of `{}`: all records were fetched and appended again",
                resource.table.name
            ));
        }
        // `finish` decides by the completeness what is committed.
        let mut fetch = self.client.rows(resource).allow_incomplete();
        if resource.write_disposition == WriteDisposition::Merge {
            fetch = fetch.for_upsert();
        }
        // A resource that no longer has a state has no use for a stored one.
        let state = opened.state.filter(|_| resource.has_state());
        let fetch = match (target.writing, state) {
            // A replacement needs all records.
            (Writing::Replace, _) => fetch.full_refresh(),
            // The stored rows are of the same request, or `keep_state` accepted them.
            (_, Some(state)) if self.keep_state => fetch.since(state).keep_state(),
            (_, Some(state)) => fetch.since(state),
            (_, None) => fetch,
        };
        Ok(Ok((self.in_range(fetch, is_incremental), notes)))
    }

    /// The fetch of the range that the caller chose.
    fn in_range(&self, mut fetch: Fetch<Rows>, is_incremental: bool) -> Fetch<Rows> {
        if !is_incremental {
            return fetch;
        }
        if let Some(since) = &self.since {
            fetch = fetch.from(since.clone());
        }
        if let Some(until) = &self.until {
            fetch = fetch.until(until.clone());
        }
        fetch
    }

    /// Rejects a range that no resource has, or that would replace all rows by a part of the records.
    fn check_range(&self, resources: &[Ref<ResourcePlan>]) -> Result<()> {
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

    /// Rejects a table with rows of another request.
    fn check_request(&self, target: &Target, stored: &Fingerprint) -> Result<()> {
        let differences = stored.differences(&target.request);
        if differences.is_empty() || self.keep_state || self.full_refresh {
            return Ok(());
        }
        let table = &target.resource.table.name;
        let message = format!("the rows of the table `{table}` were loaded by another request");
        let error = Error::new(ErrorKind::State, message);
        let error = differences.into_iter().fold(error, Error::with_detail);
        Err(error.with_help(
            "load into another database; or replace the rows by `--full-refresh` (`full_refresh()`); or keep \
             them by `--keep-state` (`keep_state()`), if both requests return the same records; \
             `include_from_config` stores the rows of several settings in one table",
        ))
    }

    /// Writes the pages, and commits those that can be committed before the last page.
    async fn write(
        &mut self,
        target: &Target,
        pages: &mut Pages<Rows>,
        state: &mut LoadState,
    ) -> Result<()> {
        while let Some(page) = pages.next().await {
            let page = page.inspect_err(|_| state.fetch_failed = true)?;
            let before = page.state_before();
            if before.is_some() && may_commit(target.writing, true) {
                self.destination.commit(before).await?;
                state.committed = state.progress.rows;
            }
            if target.hard_delete().is_some() {
                let rows = page.rows().iter();
                state.deletions += rows.filter(|row| target.is_deletion(*row)).count();
            }
            state.progress.rows += self.destination.write(page.rows()).await?;
            state.progress.pages += 1;
            if may_commit(target.writing, page.state().is_some()) {
                self.destination.commit(page.state()).await?;
                state.committed = state.progress.rows;
            }
            (self.on_progress)(state.progress.clone());
        }
        Ok(())
    }

    /// Checks the completeness of the fetch, commits the rest and counts the rows.
    async fn finish(
        &mut self,
        target: &Target,
        pages: &Pages<Rows>,
        state: &mut LoadState,
    ) -> Result<u64> {
        let fetched = pages.report();
        let completeness = pages.completeness().unwrap_or_default();
        if let Some(error) = completeness.to_error() {
            return Err(error.with_detail(match target.writing {
                Writing::Merge => "the records that arrived were merged; the state did not move",
                Writing::Append | Writing::Replace | Writing::ReplaceGroups => {
                    "the records that arrived were not written"
                }
            }));
        }
        // The next load appends to the rows of a full refresh.
        let is_appended = target.resource.write_disposition == WriteDisposition::Append;
        if is_appended && completeness.redelivers() {
            return Err(append_checks::would_repeat(&target.resource, &fetched));
        }
        replace_checks::check_groups_are_whole(target.writing, &completeness, &fetched)?;
        // Either the first page was ignored at once, or no parent arrived. A page that is ignored after its
        // retries says nothing about the records.
        let is_ignored = completeness.has_unfetched_parts() == (fetched.ignored == 0);
        if target.writing == Writing::Replace && fetched.pages == 0 && is_ignored {
            // No page arrived that could replace the rows.
            self.destination.roll_back().await?;
            state.notes.push(
                "no page arrived because responses were ignored: the rows of the table were kept"
                    .to_owned(),
            );
            return self.destination.count().await;
        }
        replace_checks::check_parts(target, &completeness, &fetched)?;
        self.destination.complete(pages.state().as_ref()).await?;
        self.destination.count().await
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

/// The outcome of a resource that did not fail.
enum Outcome {
    Loaded(Box<ResourceReport>),
    AlreadyAppended(AppendedBy),
}

/// The state of the current resource's load.
struct LoadState {
    progress: Progress,
    /// Committed records.
    committed: u64,
    fetch_failed: bool,
    /// Written rows that are deletions.
    deletions: usize,
    /// Notes for the report.
    notes: Vec<String>,
}

impl LoadState {
    fn new(resource: &ResourcePlan) -> Self {
        Self {
            progress: Progress {
                resource: resource.name.clone(),
                pages: 0,
                rows: 0,
            },
            committed: 0,
            fetch_failed: false,
            deletions: 0,
            notes: Vec::new(),
        }
    }
}

impl LoadState {
    fn note_deletions(&mut self, target: &Target) {
        if let (Some((_, column)), 1..) = (target.hard_delete(), self.deletions) {
            let records = match self.deletions {
                1 => "1 record".to_owned(),
                count => format!("{count} records"),
            };
            let note = format!("{records} marked as deleted by `{}`", column.name);
            self.notes.push(note);
        }
    }
}

/// A resource that could not be loaded.
struct FailedResource {
    error: Error,
    /// `None` if the destination could not open it.
    report: Option<ResourceReport>,
    /// Whether the fetch failed; otherwise the destination failed.
    is_of_fetch: bool,
}

impl FailedResource {
    /// The destination could not open the resource.
    fn unopened(error: Error) -> Self {
        Self {
            error,
            report: None,
            is_of_fetch: false,
        }
    }

    /// Whether a child's fetch, which needs all records of this resource, would fail with the same error.
    fn affects_children(&self) -> bool {
        // A child's fetch requests its parents without a state.
        self.is_of_fetch && *self.error.kind() != ErrorKind::State
    }
}

fn parents_first<'a>(
    resources: impl Iterator<Item = &'a Ref<ResourcePlan>>,
) -> Vec<Ref<ResourcePlan>> {
    let mut resources: Vec<_> = resources.cloned().collect();
    resources.sort_by_key(|resource| ancestors(resource).count());
    resources
}

/// The names of the resource's ancestors, from its parent on.
fn ancestors(resource: &ResourcePlan) -> impl Iterator<Item = Text> + '_ {
    let mut parents = std::iter::successors(Some(resource), |resource| {
        Some(&*resource.parent.as_ref()?.resource)
    });
    parents.next();
    parents.map(|resource| resource.name.clone())
}

/// Whether a page may be committed before the last page has arrived.
fn may_commit(writing: Writing, has_state: bool) -> bool {
    match writing {
        // After a failure the page is fetched and merged again: an upsert is idempotent.
        Writing::Merge => true,
        // Without a state the page would be appended again after a failure.
        Writing::Append => has_state,
        // Readers must not see a partial replacement.
        Writing::Replace | Writing::ReplaceGroups => false,
    }
}

/// Adds the resource's name to the error, unless it names another resource.
fn named(error: Error, resource: &ResourcePlan) -> Error {
    match error.resource() {
        Some(_) => error,
        None => error.with_resource(&resource.name),
    }
}

impl<'a, D: Destination> IntoFuture for Loading<'a, D> {
    type Output = Result<LoadReport, LoadError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
