//! The streams that deliver a fetch: pages and records.

use std::{
    fmt,
    future::poll_fn,
    marker::PhantomData,
    mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use tokio::{runtime::Handle, sync::mpsc, task::AbortHandle};
use tracing::instrument::{Instrument as _, WithSubscriber as _};

use super::{FetchSpec, Page, PageRecords, PagingCheckpoint, parent_cache::ParentRecorder, trace};
use crate::{
    Completeness, Error, ErrorKind, Record, Report, Result, Rows, State,
    shared::Text,
    state::{Origin, Start},
};

/// A message from the task of a fetch to its stream.
pub(super) enum Delivery {
    Page {
        rows: Rows,
        /// The state to resume at once the pages before this one are stored.
        before: Option<Box<State>>,
        /// The state to resume at once this page is stored.
        after: Option<State>,
        /// Where a later fetch goes on once this page is stored.
        checkpoint: Option<Box<PagingCheckpoint>>,
    },
    /// The end of the fetch.
    End {
        /// The state to resume at, if it moved since the last page.
        state: Option<State>,
        completeness: Completeness,
    },
    /// The error that ended the fetch, and the state to resume at, if it moved since the last page.
    Failure { error: Error, state: Option<State> },
}

/// The report, which the task and the stream update.
#[derive(Clone, Default)]
pub(super) struct SharedReport(Arc<Mutex<Report>>);

impl SharedReport {
    pub(super) fn lock(&self) -> MutexGuard<'_, Report> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream of the pages of a fetch, in order; also by [`next`](Self::next).
///
/// The first poll, within a tokio runtime, starts a task that fetches ahead: a few pages, or, if the total
/// is known, twice as many as there may be requests in flight. Dropping the stream aborts the task and its
/// requests. Pages before an error are delivered, then the error, then the stream ends. An
/// [incomplete](Completeness) fetch yields such an error after its last page, unless
/// [`allow_incomplete`](crate::Fetch::allow_incomplete) was called.
pub struct Pages<T> {
    stage: Stage,
    report: SharedReport,
    state: Option<State>,
    /// The request that its states belong to.
    origin: Origin,
    /// A note on records that no fetch up to the state requested.
    gap: Option<String>,
    /// The start of the state once the fetch is complete, if that is earlier than before.
    earlier_start: Option<Start>,
    resource: Text,
    allow_incomplete: bool,
    on_progress: Option<OnProgress>,
    records: PhantomData<fn() -> T>,
}

/// The function of [`Fetch::on_progress`](crate::Fetch::on_progress). The mutex is never contended: it
/// makes the stream `Sync`.
pub(super) type OnProgress = Mutex<Box<dyn FnMut(&Report) + Send>>;

enum Stage {
    Ready(Box<FetchSpec>),
    Running {
        deliveries: mpsc::Receiver<Delivery>,
        /// Caches the rows for the fetches of children.
        recorder: Option<Box<ParentRecorder>>,
        _task: AbortOnDrop,
    },
    FetchEnd,
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<T> Pages<T> {
    pub(super) fn new(spec: FetchSpec, on_progress: Option<OnProgress>) -> Self {
        Self {
            report: SharedReport::default(),
            state: spec.since.clone(),
            resource: spec.resource.name.clone(),
            allow_incomplete: spec.allow_incomplete,
            stage: Stage::Ready(Box::new(spec)),
            origin: Origin::default(),
            gap: None,
            earlier_start: None,
            on_progress,
            records: PhantomData,
        }
    }

    /// The next page; `None` at the end. Cancel safe.
    pub async fn next(&mut self) -> Option<Result<Page<T>>> {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// The report so far; after the end, the whole report.
    pub fn report(&self) -> Report {
        self.report.lock().clone().with_absent_columns()
    }

    /// The state for the next fetch, by [`Fetch::since`](crate::Fetch::since). It moves at the end of a
    /// [complete](Self::completeness) fetch; before that it is the state that this fetch started from.
    ///
    /// It moves earlier where [`Page::state`] is known: it is then the state of the last page delivered. In
    /// a fetch for all records of a parent it moves for each parent alone: after an error it includes the
    /// parents whose children are complete, and before the end it is that of [`Page::state_before`]. With
    /// `parents: changed` it moves once the children of all of these parents are complete. `None` without
    /// `incremental` and `parents: changed`.
    pub fn state(&self) -> Option<State> {
        self.state.clone()
    }

    /// Whether all records arrived; `None` before the end and after an error that ended the fetch early.
    pub fn completeness(&self) -> Option<Completeness> {
        self.report.lock().completeness.clone()
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Page<T>>>> {
        let (deliveries, recorder) = match &mut self.stage {
            Stage::Running {
                deliveries,
                recorder,
                ..
            } => (deliveries, recorder),
            Stage::FetchEnd => return Poll::Ready(None),
            Stage::Ready(_) => match self.start() {
                Ok(()) => return self.poll(cx),
                Err(error) => return Poll::Ready(Some(Err(error))),
            },
        };
        Poll::Ready(match ready!(deliveries.poll_recv(cx)) {
            Some(Delivery::Page {
                rows,
                before,
                after,
                checkpoint,
            }) => {
                if let Some(recorder) = recorder {
                    recorder.record(&rows);
                }
                self.report.lock().delivered += rows.len() as u64;
                let before = before.map(|state| state.with_origin(self.origin.clone()));
                let after = after.map(|state| state.with_origin(self.origin.clone()));
                if let Some(state) = after.as_ref().or(before.as_ref()) {
                    self.state = Some(state.clone());
                }
                self.progress();
                let checkpoint = checkpoint.map(|checkpoint| *checkpoint);
                Some(Ok(
                    Page::new(rows, before, after).with_checkpoint(checkpoint)
                ))
            }
            Some(Delivery::End {
                state,
                completeness,
            }) => {
                let recorder = recorder.take().filter(|_| completeness.is_complete());
                if completeness.is_complete()
                    && let Some(start) = self.earlier_start.take()
                {
                    self.origin.start = start;
                    self.gap = None;
                    let kept = self.state.take();
                    self.set_state(state.or(kept));
                } else {
                    self.set_state(state);
                }
                if let Some(recorder) = recorder {
                    recorder.store(&completeness, self.state.as_ref());
                }
                self.note_gap();
                let error = completeness.to_error().filter(|_| !self.allow_incomplete);
                self.report.lock().completeness = Some(completeness);
                if let Some(error) = error {
                    Some(Err(self.end(error.with_resource(self.resource.clone()))))
                } else {
                    self.stage = Stage::FetchEnd;
                    self.progress();
                    None
                }
            }
            Some(Delivery::Failure { error, state }) => {
                self.set_state(state);
                Some(Err(self.end(error)))
            }
            None => Some(Err(self.end(Error::new(
                ErrorKind::Transport,
                "the task that fetches was ended: it panicked, or its runtime was shut down",
            )))),
        })
    }

    fn set_state(&mut self, state: Option<State>) {
        if let Some(state) = state {
            self.state = Some(state.with_origin(self.origin.clone()));
        }
    }

    /// Calls the progress function.
    fn progress(&mut self) {
        if let Some(call) = &mut self.on_progress {
            let call = call.get_mut().unwrap_or_else(PoisonError::into_inner);
            call(&self.report.lock().clone());
        }
    }

    fn start(&mut self) -> Result<()> {
        let Stage::Ready(mut spec) = mem::replace(&mut self.stage, Stage::FetchEnd) else {
            return Ok(());
        };
        let runtime = Handle::try_current().map_err(|_| {
            Error::new(ErrorKind::Config, "there is no tokio runtime to fetch in")
                .with_resource(spec.resource.name.clone())
                .with_help("ask the stream within one: `#[tokio::main]`")
        })?;
        spec.client.check_settings(&spec.resource)?;
        spec.began.get_or_insert(spec.client.clock().now());
        if spec.resource.has_state() {
            self.origin = spec.origin()?;
            self.gap = spec.gap();
            self.earlier_start = spec.earlier_start();
            if spec.keep_state {
                let since = self.state.take();
                self.set_state(since);
            }
        }
        // As many pages as may arrive together: the stream's task is woken once for all of them.
        let room = spec.concurrency().saturating_sub(1).max(1);
        let (sender, deliveries) = mpsc::channel(room.into());
        let recorder = spec
            .parent_cache
            .as_ref()
            .and_then(|parent_cache| parent_cache.recorder(&spec))
            .map(Box::new);
        let span = trace::fetch(&spec);
        let fetch = spec.run(sender, self.report.clone()).instrument(span);
        let task = runtime.spawn(fetch.with_current_subscriber());
        self.stage = Stage::Running {
            deliveries,
            recorder,
            _task: AbortOnDrop(task.abort_handle()),
        };
        Ok(())
    }

    fn note_gap(&mut self) {
        if let Some(gap) = self.gap.take() {
            self.report.lock().notes.insert(0, gap);
        }
    }

    fn end(&mut self, error: Error) -> Error {
        self.stage = Stage::FetchEnd;
        self.note_gap();
        self.progress();
        error.with_report(self.report())
    }
}

impl<T> Stream for Pages<T> {
    type Item = Result<Page<T>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(cx)
    }
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pages({})", self.report.lock())
    }
}

/// A stream of the records of a fetch, in order; also by [`next`](Self::next).
///
/// It fetches ahead as [`Pages`] does.
pub struct Records<T> {
    pages: Pages<T>,
    page: Option<PageRecords<T>>,
    /// The state after the records delivered so far.
    state: Option<State>,
    /// The state after the last record of the page, if it is known.
    state_after: Option<State>,
}

impl<T: Record> Records<T> {
    pub(super) fn new(pages: Pages<T>) -> Self {
        Self {
            state: pages.state(),
            pages,
            page: None,
            state_after: None,
        }
    }

    /// The next record; `None` at the end. Cancel safe.
    pub async fn next(&mut self) -> Option<Result<T>> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        loop {
            if let Some(page) = &mut self.page
                && let Some(record) = page.next()
            {
                if page.len() == 0 && self.state_after.is_some() {
                    self.state = self.state_after.take();
                }
                return Poll::Ready(Some(record));
            }
            self.page = None;
            match ready!(self.pages.poll(cx)) {
                Some(Ok(mut page)) => {
                    let (before, after) = page.take_states();
                    self.state = before.or(self.state.take());
                    self.state_after = after;
                    self.page = Some(page.into_iter());
                }
                end => {
                    self.state = self.pages.state();
                    return Poll::Ready(end.and_then(Result::err).map(Err));
                }
            }
        }
    }
}

impl<T> Records<T> {
    /// See [`Pages::report`]. All records of a page count as delivered with the first.
    pub fn report(&self) -> Report {
        self.pages.report()
    }

    /// See [`Pages::state`]. It becomes that of a page after its last record.
    pub fn state(&self) -> Option<State> {
        self.state.clone()
    }
}

impl<T: Record> Stream for Records<T> {
    type Item = Result<T>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(cx)
    }
}

impl<T> fmt::Debug for Records<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Records({})", self.pages.report.lock())
    }
}
