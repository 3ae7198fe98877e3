//! The writer of one resource.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use rest_source::{Error, ErrorKind, Fingerprint, Result, Rows, State};
use rest_source_load::{BoxFuture, Opened, Target, Writer, Writing};

use crate::{
    options::Options,
    output::{Output, WritePlan},
    prepare::{self, Found},
    publish::Commit,
    storage::Storage,
    unfinished,
};

/// The most bytes of pages held in memory until a commit.
const MAX_BYTES: usize = 8 << 20;

/// After so many rows, held back commits are published.
const MAX_ROWS: u64 = 1_000_000;

/// Writes one resource.
pub(crate) struct FilesWriter(Arc<Mutex<Resource>>);

/// The open resource.
struct Resource {
    storage: Arc<dyn Storage>,
    plan: Arc<WritePlan>,
    found: Found,
    /// Pages since the last commit.
    pages: Vec<Rows>,
    bytes: usize,
    /// Written files: of the commits that are held back, or of pages since the last commit.
    output: Output,
    held: Option<Held>,
    /// Rows of commits that were held back and could not be published.
    lost: u64,
}

/// Commits that are held back, to be published together.
struct Held {
    state: Option<String>,
    rows: u64,
    since: Instant,
}

/// Checks the tables of the resource, and reads its last commit.
pub(crate) fn open(
    storage: Arc<dyn Storage>,
    options: &Options,
    target: &Target,
) -> Result<Opened> {
    storage.lock(&target.run)?;
    let layouts = WritePlan::layouts(target, options);
    let mut found = prepare::prepare(&*storage, target, &layouts, options)?;
    let already_appended = unfinished::appended(&*storage, &found.manifest, target)?;
    let part = found
        .manifest
        .parts
        .get(&target.part())
        .cloned()
        .unwrap_or_default();
    // A replacing load does not need the state, nor a full refresh the request, so they also recover from
    // unreadable ones.
    let state = part.state.filter(|_| target.writing != Writing::Replace);
    let state = state.as_deref().map(State::from_json).transpose()?;
    let request = part.request.filter(|_| !target.full_refresh);
    let request = request.as_deref().map(Fingerprint::from_json).transpose();
    let request = request.map_err(|error| {
        error.with_help("a full refresh replaces the rows and what is stored of their request")
    })?;
    let notes = std::mem::take(&mut found.notes);
    let staging = storage.staging(&target.resource.table.name)?;
    let plan = WritePlan::new(target, options, layouts, found.manifest.seed, staging);
    let plan = Arc::new(plan);
    let mut opened = Opened::new(FilesWriter(Arc::new(Mutex::new(Resource {
        storage,
        output: Output::new(Arc::clone(&plan)),
        plan,
        found,
        pages: Vec::new(),
        bytes: 0,
        held: None,
        lost: 0,
    }))));
    opened.state = state;
    opened.request = request;
    opened.already_appended = already_appended;
    opened.notes = notes;
    Ok(opened)
}

impl FilesWriter {
    /// Runs blocking work on one of tokio's blocking threads.
    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Resource) -> Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        let resource = Arc::clone(&self.0);
        Box::pin(blocking(move || work(&mut lock(&resource))))
    }
}

/// Runs blocking work on one of tokio's blocking threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| {
        let message = "the runtime shut down while files were written";
        Err(Error::new(ErrorKind::Destination, message))
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Writer for FilesWriter {
    fn write<'a>(&'a mut self, rows: &'a Rows) -> BoxFuture<'a, Result<u64>> {
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let rows = rows.clone();
        // Most pages only wait in memory for their commit, which needs no thread.
        if let Ok(mut resource) = self.0.try_lock()
            && resource.bytes + rows.page_bytes() <= MAX_BYTES
        {
            resource.hold(rows);
            return Box::pin(std::future::ready(Ok(count)));
        }
        self.run(move |resource| resource.write(rows).map(|()| count))
    }

    fn commit<'a>(&'a mut self, state: Option<&'a State>) -> BoxFuture<'a, Result<()>> {
        let state = state.map(State::to_json);
        self.run(move |resource| resource.commit(state, false))
    }

    fn complete<'a>(&'a mut self, state: Option<&'a State>) -> BoxFuture<'a, Result<()>> {
        let state = state.map(State::to_json);
        self.run(move |resource| resource.commit(state, true))
    }

    fn roll_back(&mut self) -> BoxFuture<'_, Result<()>> {
        self.run(Resource::roll_back)
    }

    fn lost_rows(&self) -> u64 {
        lock(&self.0).lost
    }

    fn count(&mut self) -> BoxFuture<'_, Result<u64>> {
        self.run(|resource| {
            resource.publish_held()?;
            let table = resource
                .found
                .manifest
                .table(&resource.plan.target.resource.table.name);
            Ok(table
                .into_iter()
                .flat_map(|table| &table.files)
                .map(|file| file.rows)
                .sum())
        })
    }
}

impl Resource {
    /// Keeps a page in memory.
    fn hold(&mut self, rows: Rows) {
        self.bytes += rows.page_bytes();
        self.pages.push(rows);
    }

    fn write(&mut self, rows: Rows) -> Result<()> {
        self.hold(rows);
        if self.bytes > MAX_BYTES {
            // Rows of no commit would be published with them.
            self.publish_held()?;
            self.write_pages()?;
        }
        Ok(())
    }

    /// Moves the pages from memory to files.
    fn write_pages(&mut self) -> Result<()> {
        let pages = std::mem::take(&mut self.pages);
        self.bytes = 0;
        let written = pages.iter().try_for_each(|page| self.output.write(page));
        if written.is_err() {
            // The files hold rows that no commit covers, beside those of the commits that are held back.
            self.lost += self.held.take().map_or(0, |held| held.rows);
            self.output.clear();
        }
        written
    }

    fn commit(&mut self, state: Option<String>, complete: bool) -> Result<()> {
        self.write_pages()?;
        let before = self.held.take();
        let since = before.as_ref().map_or_else(Instant::now, |held| held.since);
        let held_rows = before.as_ref().map_or(0, |held| held.rows);
        let state = state.or_else(|| before?.state);
        let rows = self.output.rows();
        let is_due =
            complete || rows >= MAX_ROWS || since.elapsed() >= self.plan.options.publish_every;
        if is_due {
            return self.publish(state, held_rows, complete);
        }
        self.held = Some(Held { state, rows, since });
        Ok(())
    }

    /// Publishes the commits that are held back, if there are some.
    fn publish_held(&mut self) -> Result<()> {
        match self.held.take() {
            Some(held) => self.publish(held.state, held.rows, false),
            None => Ok(()),
        }
    }

    /// Publishes the written files. `held` of their rows are of commits that were held back.
    fn publish(&mut self, state: Option<String>, held: u64, complete: bool) -> Result<()> {
        let commit = Commit {
            storage: &*self.storage,
            plan: &self.plan,
            output: &mut self.output,
            state,
            complete,
        };
        let published = commit.publish(&mut self.found);
        self.output.clear();
        if published.is_err() {
            self.lost += held;
        }
        published
    }

    fn roll_back(&mut self) -> Result<()> {
        self.pages.clear();
        self.bytes = 0;
        if self.held.is_some() {
            return self.publish_held();
        }
        self.output.clear();
        Ok(())
    }
}
