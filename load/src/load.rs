//! A source into a destination: resource by resource, page by page.

use std::{future::IntoFuture, pin::Pin};

use rest_source::{
    Client, ConfigValue, Connector, Error, ErrorKind, Family, Fetch, Fingerprint, Pages, Result,
    Rows,
    plan::{ResourcePlan, WriteDisposition},
    shared::{Ref, Text},
};

use crate::{
    Destination, LoadError, LoadReport, NotTried, Progress, ResourceReport, Target, Writing,
    append, failures::Failures, report::Reason, whole,
};

/// Loads a source.
///
/// Every connector has it.
pub trait Load: Connector {
    /// Fetches every selected resource and writes it as its `write_disposition` says: see the
    /// [crate's page](crate). Nothing is sent until it is awaited.
    ///
    /// # Errors
    ///
    /// Awaiting it fails when a resource could not be fetched or written.
    fn load<'a, D: Destination>(&'a self, destination: &'a mut D) -> Loading<'a, D> {
        Loading::of(self.client(), destination)
    }
}

impl<S: Connector> Load for S {}

/// A load that has not begun. Await it to run it.
#[must_use = "a load does nothing until it is awaited"]
pub struct Loading<'a, D> {
    client: &'a Client,
    destination: &'a mut D,
    full_refresh: bool,
    keep_state: bool,
    only: Vec<String>,
    on_progress: Box<dyn FnMut(Progress) + Send + 'a>,
}

impl<'a, D: Destination> Loading<'a, D> {
    /// The load of the source that this client is of: [`Load::load`] where there is no more than the
    /// client, as of a plan that is known only at run time.
    pub fn of(client: &'a Client, destination: &'a mut D) -> Self {
        Self {
            client,
            destination,
            full_refresh: false,
            keep_state: false,
            only: Vec::new(),
            on_progress: Box::new(|_| ()),
        }
    }

    /// Starts over: everything is fetched again, and takes the place of all that was there.
    pub fn full_refresh(mut self) -> Self {
        self.full_refresh = true;
        self
    }

    /// Accepts rows and states of another request: for a path, parameter or setting that changed without
    /// changing which records there are. Goes on from the state of a table that was emptied, too.
    pub fn keep_state(mut self) -> Self {
        self.keep_state = true;
        self
    }

    /// Loads this resource, and others named so, instead of all that are `selected`.
    pub fn resource(mut self, name: impl Into<String>) -> Self {
        self.only.push(name.into());
        self
    }

    /// Calls this after every page that was written.
    pub fn on_progress(mut self, call: impl FnMut(Progress) + Send + 'a) -> Self {
        self.on_progress = Box::new(call);
        self
    }

    async fn run(mut self) -> Result<LoadReport, LoadError> {
        let resources = self.resources()?;
        let family = Family::of(&resources);
        let mut outcome = LoadError::default();
        let mut failures = Failures::new(self.client);
        // Those of which no child can be fetched.
        let mut lost: Vec<Text> = Vec::new();
        for resource in resources {
            let parent = ancestors(&resource).find(|name| lost.contains(name));
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
                Ok(Loaded::Now(report)) => {
                    failures.succeeded(&resource);
                    outcome.loaded.resources.push(*report);
                }
                Ok(Loaded::Before) => outcome.loaded.appended_before.push(resource.name.clone()),
                Ok(Loaded::Since) => outcome.loaded.appended_since.push(resource.name.clone()),
                Err(failed) => {
                    if failed.is_of_records() {
                        // The parent, where it was asked for within this fetch.
                        lost.extend(failed.error.resource().map(|name| name.to_owned().into()));
                        lost.push(resource.name.clone());
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

    /// The resources to load, in the order of the spec, but parents before their children.
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
        family: &Family,
    ) -> Result<Loaded, Failed> {
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
            Ok(Err(loaded)) => return Ok(loaded),
            Err(error) => return Err(Failed::to_write(named(error, resource))),
        };
        let mut pages = fetch.within(family).pages();
        let mut course = Course::new(resource);
        let written = self.write(&target, &mut pages, &mut course).await;
        let written = match written {
            Ok(()) => self.finish(&target, &pages, &mut course).await,
            Err(error) => Err(error),
        };
        let mut fetched = pages.report();
        fetched
            .notes
            .splice(0..0, notes.into_iter().chain(course.notes));
        match written {
            Ok(rows) => Ok(Loaded::Now(Box::new(ResourceReport {
                resource: resource.name.clone(),
                fetched,
                written: course.progress.rows,
                rows,
            }))),
            Err(error) => {
                // All that was given is merged; the parents of whom all came are not asked again.
                let state = pages.state();
                let is_incomplete = *error.kind() == ErrorKind::Incomplete;
                let is_kept = (course.broke_off || is_incomplete)
                    && target.writing == Writing::Merge
                    && self.destination.commit(state.as_ref()).await.is_ok();
                if !is_kept {
                    // It failed already; what matters is why.
                    let _ = self.destination.roll_back().await;
                }
                let error = named(error, resource);
                let error = match course.committed {
                    0 => error,
                    _ if is_incomplete => error,
                    1 => error.with_detail("1 record before it was committed"),
                    count => error.with_detail(format!("{count} records before it were committed")),
                };
                Err(Failed {
                    error: match error.report() {
                        Some(_) => error,
                        None => error.with_report(fetched.clone()),
                    },
                    report: Some(ResourceReport {
                        resource: resource.name.clone(),
                        fetched,
                        written: course.committed,
                        rows: self.destination.count().await.unwrap_or_default(),
                    }),
                    of_fetch: course.broke_off,
                })
            }
        }
    }

    /// The columns of a resource that are settings, and their values.
    fn settings(&self, resource: &ResourcePlan) -> Vec<(Text, ConfigValue)> {
        let columns = resource.table.columns.iter();
        let config = self.client.config();
        columns
            .filter_map(|column| {
                let value = config.get(usize::from(column.config?))?;
                Some((column.name.clone(), value.clone()))
            })
            .collect()
    }

    /// Opens a resource: how it is to be fetched, and what the report should note. `Err` where it was
    /// loaded already, by a load that was killed or since.
    async fn open(
        &mut self,
        target: &Target,
    ) -> Result<Result<(Fetch<Rows>, Vec<String>), Loaded>> {
        let resource = &target.resource;
        match target.writing {
            Writing::Append => append::check(resource)?,
            Writing::ReplaceGroups => whole::check_groups(resource)?,
            Writing::Merge | Writing::Replace => {}
        }
        let opened = self.destination.open(target).await?;
        if let Some(was) = &opened.request {
            self.check_request(target, was)?;
        }
        let is_incremental = resource.incremental.is_some();
        if opened.appended && target.writing == Writing::Append && !is_incremental {
            return Ok(Err(if opened.since {
                Loaded::Since
            } else {
                Loaded::Before
            }));
        }
        // What is missing decides what is committed: see `finish`.
        let mut fetch = self.client.rows(resource).allow_incomplete();
        if resource.write_disposition == WriteDisposition::Merge {
            fetch = fetch.for_upsert();
        }
        // A resource that is incremental no longer has no use for what it once came to.
        let state = opened.state.filter(|_| is_incremental);
        let fetch = match (target.writing, state) {
            // What takes the place of everything has to be everything.
            (Writing::Replace, _) => fetch.full_refresh(),
            // The rows of the table are of the same request, or were accepted.
            (_, Some(state)) if self.keep_state => fetch.since(state).keep_state(),
            (_, Some(state)) => fetch.since(state),
            (_, None) => fetch,
        };
        Ok(Ok((fetch, opened.notes)))
    }

    /// Refuses to mix rows of two requests in one table.
    fn check_request(&self, target: &Target, was: &Fingerprint) -> Result<()> {
        let differences = was.differences(&target.request);
        if differences.is_empty() || self.keep_state || self.full_refresh {
            return Ok(());
        }
        let table = &target.resource.table.name;
        let message = format!("the rows of the table `{table}` were loaded by another request");
        let error = Error::new(ErrorKind::State, message);
        let error = differences.into_iter().fold(error, Error::with_detail);
        Err(error.with_help(
            "load into another database; or replace the rows by `--full-refresh` (`full_refresh()`); or \
             go on beside them by `--keep-state` (`keep_state()`), if both ask for the same records; \
             `include_from_config` keeps the rows of several settings apart",
        ))
    }

    /// Writes the pages, and commits those that may be committed before the others came.
    async fn write(
        &mut self,
        target: &Target,
        pages: &mut Pages<Rows>,
        course: &mut Course,
    ) -> Result<()> {
        while let Some(page) = pages.next().await {
            let page = page.inspect_err(|_| course.broke_off = true)?;
            let before = page.state_before();
            if before.is_some() && may_commit(target.writing, true) {
                self.destination.commit(before).await?;
                course.committed = course.progress.rows;
            }
            course.progress.rows += self.destination.write(page.rows()).await?;
            course.progress.pages += 1;
            if may_commit(target.writing, page.state().is_some()) {
                self.destination.commit(page.state()).await?;
                course.committed = course.progress.rows;
            }
            (self.on_progress)(course.progress.clone());
        }
        Ok(())
    }

    /// Commits what is left, where the fetch brought what it should, and counts the rows.
    async fn finish(
        &mut self,
        target: &Target,
        pages: &Pages<Rows>,
        course: &mut Course,
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
        // The load after a full refresh appends to it.
        let is_appended = target.resource.write_disposition == WriteDisposition::Append;
        if is_appended && completeness.redelivers() {
            return Err(append::would_repeat(&target.resource, &fetched));
        }
        whole::check_groups_are_whole(target.writing, &completeness, &fetched)?;
        let may_hide = fetched.ignored > 0 || completeness.has_unfetched_parts();
        if target.writing == Writing::Replace && fetched.pages == 0 && may_hide {
            // Nothing arrived that could take the place of the rows.
            self.destination.roll_back().await?;
            course.notes.push(
                "no page arrived, since responses were ignored: the rows of the table were kept"
                    .to_owned(),
            );
            return self.destination.count().await;
        }
        whole::check_parts(target, &completeness, &fetched)?;
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

/// A resource that was loaded.
enum Loaded {
    Now(Box<ResourceReport>),
    /// By a load that was killed, which this one completes.
    Before,
    /// By a load of this resource since that one was killed.
    Since,
}

/// The progress of one resource within a load.
struct Course {
    progress: Progress,
    /// Records that were committed.
    committed: u64,
    /// Whether the fetch failed.
    broke_off: bool,
    /// What the report should note.
    notes: Vec<String>,
}

impl Course {
    fn new(resource: &ResourcePlan) -> Self {
        Self {
            progress: Progress {
                resource: resource.name.clone(),
                pages: 0,
                rows: 0,
            },
            committed: 0,
            broke_off: false,
            notes: Vec::new(),
        }
    }
}

/// A resource that was not loaded.
struct Failed {
    error: Error,
    /// What was done until then, where anything was.
    report: Option<ResourceReport>,
    /// Whether it could not be fetched; otherwise, not be written.
    of_fetch: bool,
}

impl Failed {
    /// It could not even be opened.
    fn to_write(error: Error) -> Self {
        Self {
            error,
            report: None,
            of_fetch: false,
        }
    }

    /// Whether a child, which is fetched for all records of this resource, would meet the same error.
    fn is_of_records(&self) -> bool {
        // All of them are asked for without a state.
        self.of_fetch && *self.error.kind() != ErrorKind::State
    }
}

fn parents_first<'a>(
    resources: impl Iterator<Item = &'a Ref<ResourcePlan>>,
) -> Vec<Ref<ResourcePlan>> {
    let mut resources: Vec<_> = resources.cloned().collect();
    resources.sort_by_key(|resource| ancestors(resource).count());
    resources
}

/// The name of the resource's parent, that of the parent's, and so on.
fn ancestors(resource: &ResourcePlan) -> impl Iterator<Item = Text> + '_ {
    let mut parents = std::iter::successors(Some(resource), |resource| {
        Some(&*resource.parent.as_ref()?.resource)
    });
    parents.next();
    parents.map(|resource| resource.name.clone())
}

/// Whether a page may be committed though others are still to come.
fn may_commit(writing: Writing, has_state: bool) -> bool {
    match writing {
        // Without a state it is fetched again after a failure, and merged into itself.
        Writing::Merge => true,
        // Without a state it would be there twice.
        Writing::Append => has_state,
        // Half of the new rows are not to be seen without the other half.
        Writing::Replace | Writing::ReplaceGroups => false,
    }
}

/// The error, of this resource unless it names another.
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
