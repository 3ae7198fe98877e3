//! A source into a destination: resource by resource, page by page.

use std::{future::IntoFuture, pin::Pin};

use rest_source::{
    Client, Connector, Error, ErrorKind, Family, Result,
    plan::{ResourcePlan, WriteDisposition},
};

use crate::{
    Destination, LoadError, LoadReport, NotTried, Progress, ResourceReport, Target, Writing,
    append, whole,
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
            only: Vec::new(),
            on_progress: Box::new(|_| ()),
        }
    }

    /// Starts over: everything is fetched again, and takes the place of all that was there.
    pub fn full_refresh(mut self) -> Self {
        self.full_refresh = true;
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
        let mut report = LoadReport::default();
        let mut errors = Vec::new();
        let mut not_tried = Vec::new();
        let resources = self.resources()?;
        let family = Family::of(&resources);
        // Those of which no child can be fetched.
        let mut lost: Vec<&str> = Vec::new();
        for resource in resources {
            if errors.last().is_some_and(would_repeat) {
                not_tried.push(NotTried {
                    resource: resource.name,
                    parent: None,
                });
            } else if let Some(parent) = ancestors(resource).find(|name| lost.contains(name)) {
                not_tried.push(NotTried {
                    resource: resource.name,
                    parent: Some(parent),
                });
            } else if resource.write_disposition == WriteDisposition::Skip {
                report.skipped.push(resource.name);
            } else {
                match self.load(resource, &family).await {
                    Ok(loaded) => report.resources.push(loaded),
                    Err(failed) => {
                        if failed.is_of_records() {
                            // The parent, where it was asked for within this fetch.
                            lost.extend(failed.error.resource());
                            lost.push(resource.name);
                        }
                        errors.push(failed.error);
                    }
                }
            }
        }
        if errors.is_empty() {
            return Ok(report);
        }
        Err(LoadError {
            errors,
            not_tried,
            loaded: report,
        })
    }

    /// The resources to load, in the order of the spec, but parents before their children.
    fn resources(&self) -> Result<Vec<&'static ResourcePlan>> {
        let all = self.client.plan().resources.iter().copied();
        if self.only.is_empty() {
            return Ok(parents_first(all.filter(|resource| resource.selected)));
        }
        for name in &self.only {
            if !all.clone().any(|resource| resource.name == name) {
                let names: Vec<_> = all.clone().map(|r| format!("`{}`", r.name)).collect();
                let source = self.client.plan().name;
                return Err(Error::new(
                    ErrorKind::Config,
                    format!("`{source}` has no resource `{name}`"),
                )
                .with_help(format!("its resources are {}", names.join(", "))));
            }
        }
        let named = |resource: &&ResourcePlan| self.only.iter().any(|name| name == resource.name);
        Ok(parents_first(all.filter(named)))
    }

    /// Loads one resource.
    async fn load(
        &mut self,
        resource: &'static ResourcePlan,
        family: &Family,
    ) -> Result<ResourceReport, Failed> {
        let target = Target {
            source: self.client.plan().name,
            resource,
            writing: self.writing(resource),
        };
        let named = |error: Error| match error.resource() {
            Some(_) => error,
            None => error.with_resource(resource.name),
        };
        let unwritten = |error: Error| Failed {
            error: named(error),
            of_fetch: false,
        };
        match target.writing {
            Writing::Append => append::check(resource).map_err(unwritten)?,
            Writing::ReplaceGroups => whole::check_groups(resource).map_err(unwritten)?,
            Writing::Merge | Writing::Replace => {}
        }
        let stored = self.destination.open(&target).await.map_err(unwritten)?;
        // A resource that is incremental no longer has no use for what it once came to.
        let stored = stored.filter(|_| resource.incremental.is_some());
        let fetch = self.client.rows(resource).within(family);
        let mut pages = match (target.writing, stored) {
            // What takes the place of everything has to be everything.
            (Writing::Replace, _) => fetch.full_refresh(),
            (_, Some(state)) => fetch.since(state),
            (_, None) => fetch,
        }
        .pages();

        let mut progress = Progress {
            resource: resource.name,
            pages: 0,
            rows: 0,
        };
        let mut broke_off = false;
        let mut committed = 0;
        let written = async {
            while let Some(page) = pages.next().await {
                let page = page.inspect_err(|_| broke_off = true)?;
                let before = page.state_before();
                if before.is_some() && may_commit(target.writing, true) {
                    self.destination.commit(before).await?;
                    committed = progress.rows;
                }
                progress.rows += self.destination.write(page.rows()).await?;
                progress.pages += 1;
                if may_commit(target.writing, page.state().is_some()) {
                    self.destination.commit(page.state()).await?;
                    committed = progress.rows;
                }
                (self.on_progress)(progress);
            }
            // The load after a full refresh appends to it.
            if resource.write_disposition == WriteDisposition::Append && pages.repeats() {
                return Err(append::would_repeat(&pages.report()));
            }
            whole::check_fetch(target.writing, &pages)?;
            self.destination.commit(pages.state().as_ref()).await?;
            self.destination.count().await
        }
        .await;
        match written {
            Ok(rows) => Ok(ResourceReport {
                resource: resource.name,
                fetched: pages.report(),
                written: progress.rows,
                rows,
            }),
            Err(error) => {
                // All that was given is merged; the parents of whom all came are not asked again.
                let is_kept = broke_off
                    && target.writing == Writing::Merge
                    && self
                        .destination
                        .commit(pages.state().as_ref())
                        .await
                        .is_ok();
                if !is_kept {
                    // It failed already; what matters is why.
                    let _ = self.destination.roll_back().await;
                }
                let error = match committed {
                    0 => named(error),
                    1 => named(error).with_detail("1 row before it was committed"),
                    rows => {
                        named(error).with_detail(format!("{rows} rows before it were committed"))
                    }
                };
                Err(Failed {
                    error: match error.report() {
                        Some(_) => error,
                        None => error.with_report(pages.report()),
                    },
                    of_fetch: broke_off,
                })
            }
        }
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

/// A resource that was not loaded.
struct Failed {
    error: Error,
    /// Whether it could not be fetched; otherwise, not be written.
    of_fetch: bool,
}

impl Failed {
    /// Whether a child, which is fetched for all records of this resource, would meet the same error.
    fn is_of_records(&self) -> bool {
        // All of them are asked for without a state.
        self.of_fetch && *self.error.kind() != ErrorKind::State
    }
}

fn parents_first(
    resources: impl Iterator<Item = &'static ResourcePlan>,
) -> Vec<&'static ResourcePlan> {
    let mut resources: Vec<_> = resources.collect();
    resources.sort_by_key(|resource| ancestors(resource).count());
    resources
}

/// The name of the resource's parent, that of the parent's, and so on.
fn ancestors(resource: &'static ResourcePlan) -> impl Iterator<Item = &'static str> {
    let parent = |resource: &&'static ResourcePlan| Some(resource.parent?.resource);
    std::iter::successors(parent(&resource), parent).map(|resource| resource.name)
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

/// Whether the other resources of the source would meet the same error.
fn would_repeat(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Auth | ErrorKind::Origin | ErrorKind::Transport | ErrorKind::RateLimit { .. }
    )
}

impl<'a, D: Destination> IntoFuture for Loading<'a, D> {
    type Output = Result<LoadReport, LoadError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
