//! The load of one resource: fetches its pages, writes them, and decides what is committed.

use std::{
    pin::pin,
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};

use futures_util::future::{self, Either};
use rest_source::{
    Error, ErrorKind, Fetch, Fingerprint, Page, Pages, ParentCache, Position, Report, Result, Rows,
    RunningJobs, State, Timestamp,
    plan::{ResourcePlan, WriteDisposition},
};

use crate::{
    AppendedBy, Destination, LoadRecord, LoadStatus, Progress, ResourceReport, Target, Writer,
    Writing, append_checks,
    load::Loading,
    pending_commit::PendingCommit,
    rejects::not_kept,
    replace_checks,
    report::Reason,
    resumption::{self, Resumption},
};

/// The outcome of a resource that did not fail.
pub(crate) enum Outcome {
    Loaded(Box<ResourceReport>),
    AlreadyAppended(AppendedBy),
}

/// A resource that could not be loaded.
pub(crate) struct FailedResource {
    pub(crate) error: Error,
    /// `None` if the destination could not open it.
    pub(crate) report: Option<ResourceReport>,
    /// Whether the fetch failed; otherwise the destination failed.
    is_of_fetch: bool,
    /// Whether the destination opened it.
    pub(crate) is_opened: bool,
}

impl FailedResource {
    /// The load failed before its fetch began.
    fn unopened(error: Error) -> Self {
        Self {
            error,
            report: None,
            is_of_fetch: false,
            is_opened: false,
        }
    }

    /// Whether a child's fetch, which needs all records of this resource, would fail with the same error.
    pub(crate) fn affects_children(&self) -> bool {
        // A child's fetch requests its parents without a state.
        self.is_of_fetch && *self.error.kind() != ErrorKind::State
    }
}

/// Loads one resource, and records it in the destination's history.
pub(crate) async fn run<D: Destination + ?Sized>(
    loading: &Loading<'_, D>,
    target: &Target,
    parents: &ParentCache,
) -> Result<Outcome, FailedResource> {
    let resource = &target.resource;
    let record = LoadRecord::new(target, now(loading));
    let recorded = loading.destination.record(&record).await;
    if let Err(error) = recorded {
        return Err(FailedResource::unopened(named(error, resource)));
    }
    let mut running = RunningLoad {
        destination: loading.destination,
        record: Some(record),
        committed: AtomicU64::new(0),
    };
    let load = ResourceLoad {
        loading,
        target,
        resumption: Resumption::new(target, loading.client),
        committed: &running.committed,
    };
    let done = load.run(parents).await;
    let Some(mut record) = running.record.take() else {
        return done;
    };
    match &done {
        Ok(Outcome::Loaded(report)) => record.end(LoadStatus::Loaded, Some(report), None),
        // The killed load recorded its rows.
        Ok(Outcome::AlreadyAppended(_)) => record.end(LoadStatus::Loaded, None, None),
        Err(failed) => {
            let status = match failed.error.kind() {
                ErrorKind::Incomplete | ErrorKind::Budget => LoadStatus::Incomplete,
                _ => LoadStatus::Failed,
            };
            record.end(status, failed.report.as_ref(), Some(&failed.error));
        }
    }
    record.ended = Some(now(loading));
    match (loading.destination.record(&record).await, done) {
        (Err(error), Ok(Outcome::Loaded(report))) => Err(FailedResource {
            error: named(error, resource),
            report: Some(*report),
            is_of_fetch: false,
            is_opened: true,
        }),
        // The first error is the one to report.
        (_, done) => done,
    }
}

/// Prepares a resource for a load in parts by several processes. Returns the fetch that they divide, and notes.
///
/// # Errors
///
/// As those of a load that opens it.
pub(crate) async fn open_for_parts<D: Destination + ?Sized>(
    loading: &Loading<'_, D>,
    target: &Target,
) -> Result<(Fetch<Rows>, Vec<String>)> {
    let load = ResourceLoad {
        loading,
        target,
        resumption: Resumption::new(target, loading.client),
        committed: &AtomicU64::new(0),
    };
    if let Ok(opened) = load.open().await? {
        return Ok((opened.fetch, opened.notes));
    }
    let message = "a killed load has appended this resource, and other resources of it are missing";
    Err(Error::new(ErrorKind::Destination, message)
        .with_help("complete that load by `rest-source load`, and plan the work then"))
}

/// The fetch that several processes divide, of the records after this state.
pub(crate) fn fetch_of_parts<D: Destination + ?Sized>(
    loading: &Loading<'_, D>,
    target: &Target,
    state: Option<State>,
) -> Fetch<Rows> {
    let load = ResourceLoad {
        loading,
        target,
        resumption: Resumption::new(target, loading.client),
        committed: &AtomicU64::new(0),
    };
    load.in_range(
        load.fetch_since(state),
        target.resource.incremental.is_some(),
    )
}

/// Checks that a part was fetched to its end, and that its rows can be published with those of the others.
///
/// # Errors
///
/// As those of a load that ends.
pub(crate) fn check_part(target: &Target, pages: &Pages<Rows>) -> Result<()> {
    let fetched = pages.report();
    let completeness = pages.completeness().unwrap_or_default();
    if let Some(error) = completeness.to_error() {
        return Err(error);
    }
    let is_appended = target.resource.write_disposition == WriteDisposition::Append;
    if is_appended && completeness.redelivers() {
        return Err(append_checks::would_repeat(&target.resource, &fetched));
    }
    replace_checks::check_groups_are_whole(target.writing, &completeness, &fetched)?;
    replace_checks::check_parts(target, &completeness, &fetched)
}

/// The load of a resource that has begun. If it is dropped, the load was interrupted.
struct RunningLoad<'a, D: Destination + ?Sized> {
    destination: &'a D,
    /// `None` when it has ended.
    record: Option<LoadRecord>,
    committed: AtomicU64,
}

impl<D: Destination + ?Sized> Drop for RunningLoad<'_, D> {
    fn drop(&mut self) {
        if let Some(mut record) = self.record.take() {
            record.status = LoadStatus::Interrupted;
            record.rows = self.committed.load(Ordering::Relaxed);
            record.ended = Timestamp::try_from(SystemTime::now()).ok();
            self.destination.record_interruption(record);
        }
    }
}

fn now<D: ?Sized>(loading: &Loading<'_, D>) -> Timestamp {
    loading.client.now()
}

impl LoadRecord {
    fn new(target: &Target, started: Timestamp) -> Self {
        Self {
            run: target.run.clone(),
            source: target.scope().into(),
            resource: target.resource.name.clone(),
            part: target.part(),
            started,
            ended: None,
            rows: 0,
            requests: 0,
            waited: std::time::Duration::ZERO,
            status: LoadStatus::Running,
            error: None,
        }
    }

    /// A resource that a load did not try.
    pub(crate) fn not_tried(target: &Target, at: Timestamp, reason: &Reason) -> Self {
        Self {
            ended: Some(at),
            status: LoadStatus::NotTried,
            error: Some(reason.to_string()),
            ..Self::new(target, at)
        }
    }

    fn end(&mut self, status: LoadStatus, report: Option<&ResourceReport>, error: Option<&Error>) {
        self.status = status;
        self.error = error.map(ToString::to_string);
        if let Some(report) = report {
            self.rows = report.written;
            self.requests = report.fetched.requests;
            self.waited = report.fetched.waited;
        }
    }
}

/// The load of one resource.
struct ResourceLoad<'r, 'a, D: ?Sized> {
    loading: &'r Loading<'a, D>,
    target: &'r Target,
    resumption: Resumption<'r>,
    /// Committed records.
    committed: &'r AtomicU64,
}

/// What a load waited for.
enum Next {
    Page(Box<Page<Rows>>),
    /// Something else happened.
    Again,
    End,
}

/// An open resource, ready to be fetched.
struct OpenResource {
    writer: Box<dyn Writer>,
    jobs: RunningJobs,
    fetch: Fetch<Rows>,
    /// Notes for the report.
    notes: Vec<String>,
    /// Where the load goes on, or why it starts over, for the report.
    resumed: Option<String>,
    /// The page at which the fetch starts, of an interrupted load.
    resumed_at: Option<Position>,
    /// Whether it goes on after pages of an interrupted load.
    goes_on: bool,
}

impl<D: Destination + ?Sized> ResourceLoad<'_, '_, D> {
    async fn run(&self, parents: &ParentCache) -> Result<Outcome, FailedResource> {
        let resource = &self.target.resource;
        let opened = match self.open().await {
            Ok(Ok(opened)) => opened,
            Ok(Err(by)) => return Ok(Outcome::AlreadyAppended(by)),
            Err(error) => return Err(FailedResource::unopened(named(error, resource))),
        };
        let mut pages = opened.fetch.parent_cache(parents).pages();
        let mut state = LoadState::new(
            resource,
            opened.writer,
            opened.jobs,
            self.loading.commit_rows,
        );
        state.resumed = opened.resumed;
        state.resumed_at = opened.resumed_at;
        state.goes_on = opened.goes_on;
        state.start = pages.state().map(|state| state.to_json());
        let mut written = self.load_pages(&mut pages, &mut state).await;
        let mut requests = 0;
        if let Some(why) = expired(&state, &pages, &written) {
            requests = pages.report().requests;
            state.start_over(why);
            written = match state.writer.roll_back().await {
                Ok(()) => {
                    pages = self.whole_fetch().parent_cache(parents).pages();
                    self.load_pages(&mut pages, &mut state).await
                }
                Err(error) => Err(error),
            };
        }
        let mut fetched = pages.report();
        fetched.requests += requests;
        state.note_deletions(self.target);
        if self.target.keep_rejects && fetched.discarded_rows > 0 {
            let note =
                "the records set aside are in `_rest_source_rejects`, for `rest-source rejects`";
            state.notes.push(note.to_owned());
        }
        let notes = opened.notes.into_iter().chain(state.notes.drain(..));
        fetched.notes.splice(0..0, notes);
        match written {
            Ok(rows) => {
                state.progress.loaded.clone_from(&fetched.completeness);
                self.loading.tell(&state.progress);
                Ok(Outcome::Loaded(Box::new(ResourceReport {
                    resource: resource.name.clone(),
                    fetched,
                    written: state.progress.rows,
                    rows: Some(rows),
                    resumed: state.resumed,
                })))
            }
            Err(error) => Err(self.failed(error, &pages, fetched, state).await),
        }
    }

    /// Writes all pages and completes the resource. Returns the rows in its table.
    async fn load_pages(&self, pages: &mut Pages<Rows>, state: &mut LoadState) -> Result<u64> {
        self.write(pages, state).await?;
        self.finish(pages, state).await
    }

    /// Keeps or discards what a failed load has written.
    async fn failed(
        &self,
        error: Error,
        pages: &Pages<Rows>,
        fetched: Report,
        mut state: LoadState,
    ) -> FailedResource {
        let resource = &self.target.resource;
        // Merged rows are kept, and with them the states of completed parents.
        let fetch_state = pages.state();
        let is_incomplete = *error.kind() == ErrorKind::Incomplete;
        let is_stored =
            (state.fetch_failed || is_incomplete) && self.commit_pending(&mut state).await.is_ok();
        let is_kept = is_stored
            && self.target.writing == Writing::Merge
            && state.writer.commit(fetch_state.as_ref()).await.is_ok();
        // The first error is the one to report.
        let mut is_suspended = false;
        // After pages that repeat, nobody knows which of the stored ones were right.
        let is_lost = *error.kind() == ErrorKind::Paging;
        if self.target.resume && state.fetch_failed && !is_lost {
            is_suspended = state.writer.suspend().await.is_ok();
        } else if !is_kept || self.target.resume {
            let _ = state.writer.roll_back().await;
        }
        let committed = self.committed.load(Ordering::Relaxed);
        let committed = committed.saturating_sub(state.writer.lost_rows());
        if resource.job.is_some() && state.fetch_failed && !error.is_retryable() {
            // The same job would fail the next load too.
            let none = RunningJobs::default().to_json();
            let _ = state.writer.save_jobs(&none).await;
        }
        let error = named(error, resource);
        let error = match committed {
            0 => error,
            _ if is_incomplete => error,
            1 => error.with_detail("1 record before it was committed"),
            count => error.with_detail(format!("{count} records before it were committed")),
        };
        let error = match error.kind() {
            ErrorKind::Budget => {
                let has_moved = fetch_state.map(|state| state.to_json()) != state.start;
                let is_stored = is_suspended && (state.progress.pages > 0 || state.goes_on);
                error.with_detail(self.next_start(is_suspended, has_moved, is_stored))
            }
            _ => error,
        };
        FailedResource {
            error: match error.report() {
                Some(_) => error,
                None => error.with_report(fetched.clone()),
            },
            report: Some(ResourceReport {
                resource: resource.name.clone(),
                fetched,
                written: committed,
                // A destination that cannot be reached does not say.
                rows: state.writer.count().await.ok(),
                resumed: state.resumed,
            }),
            is_of_fetch: state.fetch_failed,
            is_opened: true,
        }
    }

    /// Where the next load starts, after one whose budget was used up.
    fn next_start(&self, is_suspended: bool, has_moved: bool, is_stored: bool) -> &'static str {
        let has_state = self.target.resource.has_state() && self.target.writing != Writing::Replace;
        if has_state && has_moved {
            "the next load goes on from the state that was stored"
        } else if has_state && !is_suspended {
            "the state did not move, so the next load fetches the same records again: raise the budget, or say \
             `row_order: asc`, where the API gives the oldest records first"
        } else if is_stored {
            "its pages are stored: the next load goes on after them, with a budget or with `--resume` (`resume()`)"
        } else {
            "the next load starts at the first page"
        }
    }

    /// Opens the resource; `Err` if it was already appended.
    async fn open(&self) -> Result<Result<OpenResource, AppendedBy>> {
        let (loading, target) = (self.loading, self.target);
        let resource = &target.resource;
        match target.writing {
            Writing::Append => append_checks::check(resource)?,
            Writing::ReplaceGroups => replace_checks::check_groups(resource)?,
            Writing::Merge | Writing::Replace => {}
        }
        if target.hard_delete().is_some() && !loading.destination.deletes_rows() {
            let message = "the destination cannot delete rows, and the resource has `hard_delete`";
            return Err(Error::new(ErrorKind::Destination, message).with_help(
                "a destination that does says so by `Destination::deletes_rows`; or leave `hard_delete` out",
            ));
        }
        if !target.child_tables().is_empty() && !loading.destination.writes_child_tables() {
            let message =
                "the destination has no child tables, and the resource has a list `as: table`";
            return Err(Error::new(ErrorKind::Destination, message).with_help(
                "a destination that does says so by `Destination::writes_child_tables`; or use `items`",
            ));
        }
        if target.keep_rejects && !loading.destination.keeps_rejects() {
            return Err(not_kept().with_help(
                "a database does: SQLite, Postgres or DuckDB; or load without `--keep-rejects` (`keep_rejects()`)",
            ));
        }
        let stamp = target.stamp_column_of_spec();
        if let Some(name) = stamp {
            let message =
                format!("the spec has a column `{name}`, which `--stamp-rows` writes, too");
            return Err(Error::new(ErrorKind::Config, message).with_help(
                "give the column another name, and its key by `from`; or load without `--stamp-rows` (`stamp_rows()`)",
            ));
        }
        let mut opened = loading.destination.open(target).await?;
        if let Some(stored) = &opened.request {
            check_request(target, stored)?;
        }
        let is_incremental = resource.incremental.is_some();
        if loading.since.is_some() && target.writing == Writing::Append && opened.state.is_some() {
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
        if appends_again && opened.writer.count().await? > 0 {
            notes.push(format!(
                "no state was stored with the rows of `{}`: all records were fetched and appended again",
                resource.table.name
            ));
        }
        let checkpoint = opened.checkpoint.take().filter(|_| target.resume);
        let (checkpoint, resumed) = match checkpoint.map(|stored| self.resumption.read(stored)) {
            Some(Ok(checkpoint)) => {
                let resumed = resumption::describe(&checkpoint);
                (Some(checkpoint), Some(resumed))
            }
            Some(Err(why)) => {
                opened.writer.roll_back().await?;
                (None, Some(format!("started over: {why}")))
            }
            None => (None, loading.cannot_resume(resource).map(str::to_owned)),
        };
        let fetch = self.fetch_since(opened.state);
        // Unreadable ones are created anew, and so are those of a full refresh.
        let stored = opened.jobs.filter(|_| !target.full_refresh);
        let jobs = stored.and_then(|jobs| RunningJobs::from_json(&jobs).ok());
        let jobs = jobs.unwrap_or_default();
        let fetch = self.in_range(fetch.running_jobs(&jobs), is_incremental);
        let resumed_at = checkpoint.as_ref().and_then(|one| one.position.clone());
        Ok(Ok(OpenResource {
            writer: opened.writer,
            goes_on: checkpoint.is_some(),
            fetch: match checkpoint {
                Some(checkpoint) => fetch.resume_at(checkpoint),
                None => fetch,
            },
            jobs,
            notes,
            resumed,
            resumed_at,
        }))
    }

    /// The fetch of all records. `finish` decides by the completeness what is committed.
    fn whole_fetch(&self) -> Fetch<Rows> {
        let target = self.target;
        // The target has the names of the destination.
        let all = &self.loading.client.plan().resources;
        let named = all.iter().find(|one| one.name == target.resource.name);
        let resource = named.unwrap_or(&target.resource);
        let mut fetch = self.loading.client.rows(resource).allow_incomplete();
        if target.resource.write_disposition == WriteDisposition::Merge {
            fetch = fetch.for_upsert();
        }
        if target.writing == Writing::Replace {
            fetch = fetch.full_refresh();
        }
        if target.keep_rejects {
            fetch = fetch.keep_rejects();
        }
        if target.resume {
            fetch = fetch.with_checkpoints();
        }
        fetch
    }

    /// The fetch of the records after this state.
    fn fetch_since(&self, state: Option<State>) -> Fetch<Rows> {
        let (target, fetch) = (self.target, self.whole_fetch());
        // A resource that no longer has a state has no use for a stored one.
        let state = state.filter(|_| target.resource.has_state());
        match (target.writing, state) {
            // A replacement needs all records.
            (Writing::Replace, _) | (_, None) => fetch,
            // The stored rows are of the same request, or `keep_state` accepted them.
            (_, Some(state)) if target.keep_state => fetch.since(state).keep_state(),
            (_, Some(state)) => fetch.since(state),
        }
    }

    /// The fetch of the range that the caller chose.
    fn in_range(&self, mut fetch: Fetch<Rows>, is_incremental: bool) -> Fetch<Rows> {
        if !is_incremental {
            return fetch;
        }
        if let Some(since) = &self.loading.since {
            fetch = fetch.from(since.clone());
        }
        if let Some(until) = &self.loading.until {
            fetch = fetch.until(until.clone());
        }
        fetch
    }

    /// Writes the pages, and commits those that can be committed before the last page.
    async fn write(&self, pages: &mut Pages<Rows>, state: &mut LoadState) -> Result<()> {
        let target = self.target;
        loop {
            let page = match self.next_page(pages, state).await? {
                Next::Page(page) => page,
                Next::Again => continue,
                Next::End => break,
            };
            let before = page.state_before();
            if before.is_some() && may_commit(target.writing, true) {
                state.pending.hold(before);
            }
            if state.pending.precedes(&page, target.writing) {
                self.commit_pending(state).await?;
            }
            let has_rejects = !page.rows().rejects().is_empty();
            if page.is_empty() && page.checkpoint().is_some() && !has_rejects {
                self.hold_checkpoint(&page, state);
                if state.pending.is_due() {
                    self.commit_pending(state).await?;
                }
                continue;
            }
            if target.hard_delete().is_some() {
                let rows = page.rows().iter();
                state.deletions += rows.filter(|row| target.is_deletion(*row)).count();
            }
            state.progress.rows += match state.writer.write(page.rows()).await {
                Ok(rows) => rows,
                Err(error) => {
                    // The rows before it stay. The first error is the one to report.
                    let _ = self.commit_pending(state).await;
                    return Err(error);
                }
            };
            state.progress.pages += 1;
            state.pending.add_rows(page.rows());
            if page.checkpoint().is_some() {
                self.hold_checkpoint(&page, state);
            } else if may_commit(target.writing, page.state().is_some()) {
                state.pending.hold(page.state());
            }
            if state.pending.is_due() {
                self.commit_pending(state).await?;
            }
            self.loading.tell(&state.progress);
        }
        if target.writing == Writing::Append {
            // These rows stay whatever is found at the end.
            self.commit_pending(state).await?;
        }
        if state.resumed_at.is_some() && pages.report().pages == 0 {
            let message = "no page arrived where an interrupted load is resumed";
            return Err(Error::new(ErrorKind::Incomplete, message));
        }
        Ok(())
    }

    /// Waits for the next page. Meanwhile stores jobs that change, and commits what was held back for long enough.
    async fn next_page(&self, pages: &mut Pages<Rows>, state: &mut LoadState) -> Result<Next> {
        let changed = {
            let (jobs, due) = (pin!(state.jobs.changed()), pin!(state.pending.due()));
            match future::select(pin!(pages.next()), future::select(jobs, due)).await {
                Either::Left((Some(Ok(page)), _)) => return Ok(Next::Page(Box::new(page))),
                Either::Left((Some(Err(error)), _)) => Err(error),
                Either::Left((None, _)) => return Ok(Next::End),
                Either::Right((Either::Left(_), _)) => Ok(true),
                Either::Right((Either::Right(_), _)) => Ok(false),
            }
        };
        match changed {
            Ok(true) => state.writer.save_jobs(&state.jobs.to_json()).await?,
            Ok(false) => self.commit_pending(state).await?,
            Err(error) => {
                state.fetch_failed = true;
                return Err(error);
            }
        }
        Ok(Next::Again)
    }

    /// Holds back where the next load goes on, with the rows before.
    fn hold_checkpoint(&self, page: &Page<Rows>, state: &mut LoadState) {
        if let Some(checkpoint) = page.checkpoint() {
            let text = self.resumption.text(checkpoint);
            let partitions = &checkpoint.partitions;
            state.pending.hold_checkpoint(text, partitions);
        }
    }

    /// Commits what was held back.
    async fn commit_pending(&self, state: &mut LoadState) -> Result<()> {
        let has_checkpoint = self.target.resume;
        let is_committed = state.pending.commit(&mut *state.writer).await?;
        // Other rows with a checkpoint are staged.
        if is_committed && (!has_checkpoint || self.target.writing == Writing::Merge) {
            self.committed.store(state.progress.rows, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Checks the completeness of the fetch, commits the rest and counts the rows.
    async fn finish(&self, pages: &Pages<Rows>, state: &mut LoadState) -> Result<u64> {
        let target = self.target;
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
        // What an interrupted load staged replaces the rows.
        let has_pages = fetched.pages > 0 || state.goes_on;
        if target.writing == Writing::Replace && !has_pages && is_ignored {
            // No page arrived that could replace the rows.
            state.writer.roll_back().await?;
            state.notes.push(
                "no page arrived because responses were ignored: the rows of the table were kept"
                    .to_owned(),
            );
            return state.writer.count().await;
        }
        replace_checks::check_parts(target, &completeness, &fetched)?;
        state.writer.complete(pages.state().as_ref()).await?;
        state.writer.count().await
    }
}

/// Rejects a table with rows of another request.
pub(crate) fn check_request(target: &Target, stored: &Fingerprint) -> Result<()> {
    let differences = stored.differences(&target.request);
    if differences.is_empty() || target.keep_state || target.full_refresh {
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

/// The state of the load, between two pages.
struct LoadState {
    writer: Box<dyn Writer>,
    /// The jobs that the API runs for the fetch.
    jobs: RunningJobs,
    progress: Progress,
    pending: PendingCommit,
    fetch_failed: bool,
    /// Written rows that are deletions.
    deletions: usize,
    /// Notes for the report.
    notes: Vec<String>,
    /// Where the load went on, or why it started over.
    resumed: Option<String>,
    /// The page at which the fetch started, of an interrupted load.
    resumed_at: Option<Position>,
    /// Whether it goes on after pages of an interrupted load.
    goes_on: bool,
    /// The state at which the fetch started.
    start: Option<String>,
}

impl LoadState {
    fn new(
        resource: &ResourcePlan,
        writer: Box<dyn Writer>,
        jobs: RunningJobs,
        commit_rows: u64,
    ) -> Self {
        Self {
            writer,
            jobs,
            progress: Progress {
                resource: resource.name.clone(),
                pages: 0,
                rows: 0,
                loaded: None,
            },
            pending: PendingCommit::new(commit_rows),
            fetch_failed: false,
            deletions: 0,
            notes: Vec::new(),
            resumed: None,
            resumed_at: None,
            goes_on: false,
            start: None,
        }
    }

    /// Goes back to the first page.
    fn start_over(&mut self, why: String) {
        self.resumed = Some(why);
        self.resumed_at = None;
        self.goes_on = false;
        self.fetch_failed = false;
        self.pending.clear();
    }

    fn note_deletions(&mut self, target: &Target) {
        if let (Some((column, _)), 1..) = (target.hard_delete(), self.deletions) {
            let records = match self.deletions {
                1 => "1 record".to_owned(),
                count => format!("{count} records"),
            };
            let note = format!("{records} marked as deleted by `{}`", column.name);
            self.notes.push(note);
        }
    }
}

/// Why a resumed load has to start over, if it has to: nothing arrived at its position, because the API does not know
/// that any more.
fn expired(state: &LoadState, pages: &Pages<Rows>, written: &Result<u64>) -> Option<String> {
    let position = state.resumed_at.as_ref()?;
    let error = written.as_ref().err()?;
    let why = match error.kind() {
        // These say nothing about the position.
        ErrorKind::Status(401 | 403 | 407 | 408 | 425 | 429) => return None,
        ErrorKind::Status(status @ 400..500) => format!("it answered {status}"),
        ErrorKind::Incomplete => "no page arrived".to_owned(),
        _ => return None,
    };
    let position = resumption::shown(position);
    let has_nothing = pages.report().pages == 0 || pages.report().received == 0;
    has_nothing.then(|| format!("started over: the API does not go on at {position}: {why}"))
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
pub(crate) fn named(error: Error, resource: &ResourcePlan) -> Error {
    match error.resource() {
        Some(_) => error,
        None => error.with_resource(&resource.name),
    }
}
