//! The streams that a fetch comes in.

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
use tracing::Instrument;

use super::{Job, Page, PageRecords, family::Witness, trace};
use crate::{
    Completeness, Error, ErrorKind, Record, Report, Result, Rows, State, shared::Text,
    state::Origin,
};

/// What a fetch's task hands to its stream.
pub(super) enum Delivery {
    Page {
        rows: Rows,
        /// The state that is safe once those before them are.
        before: Option<Box<State>>,
        /// The state that is safe once they are, too.
        after: Option<State>,
    },
    /// Nothing more.
    End {
        /// What the next fetch starts from, where that is not what was said before.
        state: Option<State>,
        completeness: Completeness,
    },
    /// What ended it, and what the next fetch starts from, where that is not what was said before.
    Failure { error: Error, state: Option<State> },
}

/// What the task and the stream both write into.
#[derive(Clone, Default)]
pub(super) struct SharedReport(Arc<Mutex<Report>>);

impl SharedReport {
    pub(super) fn lock(&self) -> MutexGuard<'_, Report> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pages of a fetch, in order: a [`Stream`], and by [`next`](Self::next).
///
/// The first poll, within a tokio runtime, starts a task that fetches ahead, by a few pages or, where
/// the total is known, by twice as many as there may be requests at a time. Dropping the stream ends
/// it and its requests. Rows before an error are delivered, then the error; then the stream is over. A fetch
/// that ends [incomplete](Completeness) yields such an error after its last page, unless
/// [`allow_incomplete`](crate::Fetch::allow_incomplete) was called.
pub struct Pages<T> {
    stage: Stage,
    report: SharedReport,
    state: Option<State>,
    /// What the states that it gives belong to.
    origin: Origin,
    /// A note on records that no fetch up to its state asked for.
    gap: Option<String>,
    resource: Text,
    allow_incomplete: bool,
    on_progress: Option<OnProgress>,
    records: PhantomData<fn() -> T>,
}

/// Called with the report so far. The lock is never waited for: it makes any function one that may be
/// shared.
pub(super) type OnProgress = Mutex<Box<dyn FnMut(&Report) + Send>>;

enum Stage {
    Ready(Box<Job>),
    Running {
        deliveries: mpsc::Receiver<Delivery>,
        /// What remembers parents for the fetches of their children.
        witness: Option<Witness>,
        _task: AbortOnDrop,
    },
    Ended,
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<T> Pages<T> {
    pub(super) fn new(job: Job, on_progress: Option<OnProgress>) -> Self {
        Self {
            report: SharedReport::default(),
            state: job.since.clone(),
            resource: job.resource.name.clone(),
            allow_incomplete: job.allow_incomplete,
            stage: Stage::Ready(Box::new(job)),
            origin: Origin::default(),
            gap: None,
            on_progress,
            records: PhantomData,
        }
    }

    /// The next page; `None` at the end. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Result<Page<T>>> {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// What the fetch has done so far; after the end, all that it did.
    pub fn report(&self) -> Report {
        self.report.lock().clone().with_absent_columns()
    }

    /// What the next fetch of this resource may start from, for [`Fetch::since`](crate::Fetch::since):
    /// complete after the end, until then what this one started from.
    ///
    /// It stays at the start where the fetch was not [complete](Self::completeness), or failed. Where
    /// [`Page::state`] is known, it is that of the last page given. In a fetch for all records of a
    /// parent, this holds for each of them: after an error, too, the state is past those of whom all
    /// came, and before the end it is that of [`Page::state_before`]. `None` for a resource without
    /// `incremental`.
    pub fn state(&self) -> Option<State> {
        self.state.clone()
    }

    /// Whether all records arrived; `None` before the end and after an error that ended the fetch early.
    pub fn completeness(&self) -> Option<Completeness> {
        self.report.lock().completeness.clone()
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Page<T>>>> {
        let (deliveries, witness) = match &mut self.stage {
            Stage::Running {
                deliveries,
                witness,
                ..
            } => (deliveries, witness),
            Stage::Ended => return Poll::Ready(None),
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
            }) => {
                if let Some(witness) = witness {
                    witness.see(&rows);
                }
                self.report.lock().delivered += rows.len() as u64;
                let before = before.map(|state| state.with_origin(self.origin.clone()));
                let after = after.map(|state| state.with_origin(self.origin.clone()));
                if let Some(state) = after.as_ref().or(before.as_ref()) {
                    self.state = Some(state.clone());
                }
                self.progress();
                Some(Ok(Page::new(rows, before, after)))
            }
            Some(Delivery::End {
                state,
                completeness,
            }) => {
                if let Some(witness) = witness.take().filter(|_| completeness.is_complete()) {
                    witness.seal(&completeness);
                }
                self.set_state(state);
                self.note_gap();
                let error = completeness.to_error().filter(|_| !self.allow_incomplete);
                self.report.lock().completeness = Some(completeness);
                if let Some(error) = error {
                    Some(Err(self.end(error.with_resource(self.resource.clone()))))
                } else {
                    self.stage = Stage::Ended;
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

    /// Tells whoever wants to know how far it is.
    fn progress(&mut self) {
        if let Some(call) = &mut self.on_progress {
            let call = call.get_mut().unwrap_or_else(PoisonError::into_inner);
            call(&self.report.lock().clone());
        }
    }

    fn start(&mut self) -> Result<()> {
        let Stage::Ready(job) = mem::replace(&mut self.stage, Stage::Ended) else {
            return Ok(());
        };
        let runtime = Handle::try_current().map_err(|_| {
            Error::new(ErrorKind::Config, "there is no tokio runtime to fetch in")
                .with_resource(job.resource.name.clone())
                .with_help("ask the stream within one: `#[tokio::main]`")
        })?;
        job.client.check_settings(&job.resource)?;
        if job.resource.incremental.is_some() {
            self.origin = job.origin()?;
            self.gap = job.gap();
            if job.keep_state {
                let since = self.state.take();
                self.set_state(since);
            }
        }
        // With the page that waits for room, as many as may come together: the stream's task is woken
        // once for all of them.
        let room = job.concurrency().saturating_sub(1).max(1);
        let (sender, deliveries) = mpsc::channel(room.into());
        let witness = job.family.as_ref().and_then(|family| family.witness(&job));
        let span = trace::fetch(&job);
        let fetch = job.run(sender, self.report.clone()).instrument(span);
        let task = runtime.spawn(fetch);
        self.stage = Stage::Running {
            deliveries,
            witness,
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
        self.stage = Stage::Ended;
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

/// The records of a fetch, in order: a [`Stream`], and by [`next`](Self::next).
///
/// It runs as [`Pages`] does.
pub struct Records<T> {
    pages: Pages<T>,
    page: Option<PageRecords<T>>,
    /// What the next fetch may start from by the records given.
    state: Option<State>,
    /// The same once those of the page are given too, where that is known.
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

    /// The next record; `None` at the end. Dropping the future loses nothing.
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
    /// As [`Pages::report`]. Records of a page count as delivered with its first.
    pub fn report(&self) -> Report {
        self.pages.report()
    }

    /// As [`Pages::state`]: that of a page once its last record was given.
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
