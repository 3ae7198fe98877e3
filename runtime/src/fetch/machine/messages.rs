//! The messages between the state machine of a fetch and its driver.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use url::Url;

use crate::{
    Completeness, Error, Position,
    decode::Probe,
    fetch::{failed_attempt::FailedAttempt, guard::Repeats, page_fingerprint::PageFingerprint},
    paginator::Content,
    plan::{Auth, Method, Pages, ProcessingStep, ResourcePlan, Retry},
    retry::RetryBudget,
    run_budget::RunningBudget,
    shared::{List, Text},
    transport::Headers,
};

/// The time, by both clocks of a client.
#[derive(Clone, Copy, Debug)]
pub(in crate::fetch) struct Now {
    /// Monotonic time.
    pub(in crate::fetch) elapsed: Duration,
    /// The time of day.
    pub(in crate::fetch) wall: SystemTime,
}

/// The next thing for the driver to do.
#[derive(Debug)]
pub(in crate::fetch) enum Step<P> {
    /// Send this request; other steps may follow before its response.
    Send(Attempt),
    /// Deliver this page.
    Page(P),
    /// Wait until this time or a response.
    Wait(Option<Duration>),
    /// The pages ended, for this reason.
    Done(String, Completeness),
    /// The fetch failed.
    Fail(Error),
}

/// An attempt at a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::fetch) struct Attempt {
    /// Identifies the page.
    pub(in crate::fetch) id: u64,
    /// The number of the attempt at its page, from 1.
    pub(in crate::fetch) number: u32,
    /// The position of the page.
    pub(in crate::fetch) position: Position,
}

/// The outcome of an attempt.
pub(in crate::fetch) enum AttemptOutcome<P> {
    /// A page.
    Page(Box<ResponseFacts>, P),
    /// A failure that may be retried.
    Refused(Box<FailedAttempt>),
    /// A response that a rule of the resource ignores, with a note.
    Ignored(String),
    /// A response that a rule of the resource takes for the end of the parent's part, with a note.
    Skipped(String),
    /// A failure that no retry can solve.
    Broken(Error),
    /// The request was not sent: another fetch of the source was told to wait this long.
    Held(Duration),
}

/// The metadata of a page.
pub(in crate::fetch) struct ResponseFacts {
    /// The number of raw rows.
    pub(in crate::fetch) received: u64,
    /// The number of records that the selector found in them.
    pub(in crate::fetch) selected: u64,
    /// The values at the probes: of the statements, then of the paginator.
    pub(in crate::fetch) probes: Vec<Probe>,
    /// The headers.
    pub(in crate::fetch) headers: Headers,
    /// The URL of the request, without credentials.
    pub(in crate::fetch) url: Url,
    /// The request, for messages.
    pub(in crate::fetch) request: String,
    /// The fingerprint of its records.
    pub(in crate::fetch) fingerprint: PageFingerprint,
    /// Whether it has no content (204).
    pub(in crate::fetch) no_content: bool,
    /// Whether it has null instead of the list of records.
    pub(in crate::fetch) is_null: bool,
    /// Whether some of its rows were delivered before the rest, so that a retry would deliver them twice.
    pub(in crate::fetch) is_partly_delivered: bool,
    /// How long the source must wait: the quota is used up.
    pub(in crate::fetch) closed: Option<Duration>,
    /// The error that ended the page before its last record.
    pub(in crate::fetch) failure: Option<Error>,
}

impl ResponseFacts {
    /// What it has of records.
    pub(super) fn content(&self) -> Content {
        match self.received {
            _ if self.no_content => Content::Nothing,
            _ if self.is_null => Content::Null,
            0 => Content::Empty,
            _ => Content::Records,
        }
    }
}

/// What the first page of a machine is. Only that of the resource may have nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::fetch) enum FirstPage {
    /// That of the resource.
    OfResource,
    /// That of the changes since an earlier fetch, whose token may have expired.
    AtToken,
    /// That of one of several files.
    OfFile,
}

/// How a delta link is read.
#[derive(Clone, Copy, Debug)]
pub(in crate::fetch) struct DeltaLink {
    /// Whether it is followed at the origin of its page.
    pub(super) rebases: bool,
}

/// The configuration of a machine.
#[derive(Clone, Debug)]
pub(in crate::fetch) struct MachineConfig {
    pub(super) retry: Retry,
    /// The retries that all requests of the client may make together.
    pub(super) budget: Arc<RetryBudget>,
    /// The budget of the run.
    pub(super) run_budget: Arc<RunningBudget>,
    pub(super) repeatable: Repeatable,
    pub(super) maximum_pages: Option<u64>,
    pub(super) stop_on_status: List<(u16, u16)>,
    pub(super) repeats: Repeats,
    pub(super) concurrency: usize,
    pub(super) limit: Option<u64>,
    /// What the first page is.
    pub(super) first_page: FirstPage,
    /// How the link of the next fetch is read, where that is its token.
    pub(super) delta_link: Option<DeltaLink>,
    /// Whether a page may yield more records than it has.
    pub(super) may_add: bool,
    /// The query parameter that holds a credential.
    pub(super) credential: Option<Text>,
}

/// Whether a request may be made again after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::fetch) enum Repeatable {
    Always,
    /// Where the server cannot have served it.
    Unserved,
    Never,
}

impl Repeatable {
    pub(super) fn allows(self, is_unserved: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Unserved => is_unserved,
            Self::Never => false,
        }
    }
}

impl MachineConfig {
    /// A POST of it is made again only where the server cannot have served it.
    pub(in crate::fetch) fn sent_once(mut self, is_sent_once: bool) -> Self {
        if is_sent_once {
            self.repeatable = Repeatable::Unserved;
        }
        self
    }

    pub(in crate::fetch) fn new(
        retry: Retry,
        resource: &ResourcePlan,
        concurrency: u16,
        limit: Option<u64>,
    ) -> Self {
        Self {
            repeatable: if !matches!(resource.method, Method::Post | Method::Patch)
                || retry.idempotent
            {
                Repeatable::Always
            } else {
                Repeatable::Never
            },
            budget: Arc::new(RetryBudget::new(&retry)),
            run_budget: Arc::default(),
            retry,
            maximum_pages: resource.paginator.maximum_pages,
            stop_on_status: resource.paginator.stop_on_status.clone(),
            repeats: match resource.paginator.kind {
                Pages::Scroll(_) => Repeats::Scroll,
                _ if resource.paginator.ends.end_on_repeat => Repeats::End,
                _ => Repeats::Loop,
            },
            concurrency: usize::from(concurrency.max(1)),
            limit,
            may_add: resource
                .processing_steps
                .iter()
                .any(|step| matches!(step, ProcessingStep::YieldMap(_))),
            first_page: FirstPage::OfResource,
            delta_link: resource
                .change_token()
                .filter(|token| token.is_link)
                .map(|_| DeltaLink {
                    rebases: resource.paginator.rebase_links,
                }),
            credential: None,
        }
        .with_auth(resource.auth.as_deref())
    }

    /// The same with the retries that are left to these requests and others.
    pub(in crate::fetch) fn with_budget(mut self, budget: &Arc<RetryBudget>) -> Self {
        self.budget = Arc::clone(budget);
        self
    }

    /// The same within the budget of the run.
    pub(in crate::fetch) fn within(mut self, budget: &Arc<RunningBudget>) -> Self {
        self.run_budget = Arc::clone(budget);
        self
    }

    /// The same for pages that begin so.
    pub(in crate::fetch) fn beginning_with(mut self, first_page: FirstPage) -> Self {
        self.first_page = first_page;
        self
    }

    /// The same for requests with these credentials.
    pub(in crate::fetch) fn with_auth(mut self, auth: Option<&Auth>) -> Self {
        self.credential = auth.and_then(Auth::query_param);
        self
    }
}

/// The counters of a machine, for the report.
#[derive(Clone, Debug, Default)]
pub(in crate::fetch) struct Counters {
    /// Requests sent.
    pub(in crate::fetch) requests: u64,
    /// Retries among them.
    pub(in crate::fetch) retries: u64,
    /// Planned time between attempts.
    pub(in crate::fetch) waited: Duration,
    /// Pages drained.
    pub(in crate::fetch) pages: u64,
    /// Raw rows in them.
    pub(in crate::fetch) received: u64,
    /// Records that the selector found in them.
    pub(in crate::fetch) selected: u64,
    /// Responses that a rule ignored.
    pub(in crate::fetch) ignored: u64,
    /// Notes for the report.
    pub(in crate::fetch) notes: Vec<String>,
}

impl Counters {
    /// Adds the numbers of another machine, whose notes are in the report already.
    pub(in crate::fetch) fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.retries += other.retries;
        self.waited += other.waited;
        self.pages += other.pages;
        self.received += other.received;
        self.selected += other.selected;
        self.ignored += other.ignored;
    }
}
