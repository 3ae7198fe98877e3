//! What a state machine and its driver tell each other.

use std::time::{Duration, SystemTime};

use url::Url;

use crate::{
    Completeness, Error, Position,
    decode::Probe,
    fetch::{page_fingerprint::PageFingerprint, refusal::Refusal},
    plan::{Auth, Location, Method, ProcessingStep, ResourcePlan, Retry},
    shared::{List, Text},
    transport::Headers,
};

/// The time, by both of a client's clocks.
#[derive(Clone, Copy, Debug)]
pub(in crate::fetch) struct Now {
    /// Time since some fixed moment; never goes back.
    pub(in crate::fetch) elapsed: Duration,
    /// The time of day.
    pub(in crate::fetch) wall: SystemTime,
}

/// What to do next.
#[derive(Debug)]
pub(in crate::fetch) enum Step<P> {
    /// Send this request; other steps may follow before its answer.
    Send(Order),
    /// Deliver this page.
    Page(P),
    /// Nothing, until this time or an answer.
    Wait(Option<Duration>),
    /// Nothing any more: the pages ended, for this reason.
    Done(String, Completeness),
    /// Nothing any more: this ended the fetch.
    Fail(Error),
}

/// A request to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::fetch) struct Order {
    /// To tell its answer by.
    pub(in crate::fetch) id: u64,
    /// Which attempt at its page it is, from 1.
    pub(in crate::fetch) attempt: u32,
    /// The page it is for.
    pub(in crate::fetch) position: Position,
}

/// What a request was answered.
pub(in crate::fetch) enum Answer<P> {
    /// A page.
    Page(Box<Facts>, P),
    /// No page; there may be one later.
    Refused(Box<Refusal>),
    /// A response that a rule of the resource says to ignore, and what to note of it.
    Ignored(String),
    /// Nothing that another attempt could better.
    Broken(Error),
    /// Nothing: no quota is left for so long, by what another fetch of the source was told.
    Held(Duration),
}

/// What a page says besides its records.
pub(in crate::fetch) struct Facts {
    /// Raw rows in it.
    pub(in crate::fetch) received: u64,
    /// Records that the selector found in them.
    pub(in crate::fetch) selected: u64,
    /// What stands at the probes: those of the statements, then the paginator's.
    pub(in crate::fetch) probes: Vec<Probe>,
    /// Its headers.
    pub(in crate::fetch) headers: Headers,
    /// The URL it was asked for at, without credentials.
    pub(in crate::fetch) url: Url,
    /// Its request, for messages.
    pub(in crate::fetch) request: String,
    /// Tells its records from those of others.
    pub(in crate::fetch) fingerprint: PageFingerprint,
    /// Whether it has no content (204).
    pub(in crate::fetch) no_content: bool,
    /// Whether it has null where the list of records should be.
    pub(in crate::fetch) is_null: bool,
    /// How long no request may follow: the quota is used up.
    pub(in crate::fetch) closed: Option<Duration>,
    /// What ended it before its last record.
    pub(in crate::fetch) failure: Option<Error>,
}

/// What a machine is told once.
#[derive(Clone, Debug)]
pub(in crate::fetch) struct Rules {
    pub(super) retry: Retry,
    pub(super) repeatable: bool,
    pub(super) maximum_pages: Option<u64>,
    pub(super) stop_on_status: List<(u16, u16)>,
    pub(super) end_on_repeat: bool,
    pub(super) concurrency: usize,
    pub(super) limit: Option<u64>,
    /// Whether a page may bring more records than it has.
    pub(super) may_add: bool,
    /// The query parameter that holds a credential.
    pub(super) credential: Option<Text>,
}

impl Rules {
    pub(in crate::fetch) fn new(
        retry: Retry,
        resource: &ResourcePlan,
        concurrency: u16,
        limit: Option<u64>,
    ) -> Self {
        Self {
            repeatable: resource.method != Method::Post || retry.idempotent,
            retry,
            maximum_pages: resource.paginator.maximum_pages,
            stop_on_status: resource.paginator.stop_on_status.clone(),
            end_on_repeat: resource.paginator.ends.end_on_repeat,
            concurrency: usize::from(concurrency.max(1)),
            limit,
            may_add: resource
                .processing_steps
                .iter()
                .any(|step| matches!(step, ProcessingStep::YieldMap(_))),
            credential: None,
        }
        .with_auth(resource.auth.as_deref())
    }

    /// For requests with these credentials.
    pub(in crate::fetch) fn with_auth(mut self, auth: Option<&Auth>) -> Self {
        self.credential = match auth {
            Some(Auth::ApiKey {
                name,
                location: Location::Query,
                ..
            }) => Some(name.clone()),
            _ => None,
        };
        self
    }
}

/// What a machine counts, for the report.
#[derive(Clone, Debug, Default)]
pub(in crate::fetch) struct Tally {
    /// Requests sent.
    pub(in crate::fetch) requests: u64,
    /// Those of them that were not the first for their page.
    pub(in crate::fetch) retries: u64,
    /// Time between the attempts, as planned.
    pub(in crate::fetch) waited: Duration,
    /// Pages settled.
    pub(in crate::fetch) pages: u64,
    /// Raw rows in them.
    pub(in crate::fetch) received: u64,
    /// Records that the selector found in those.
    pub(in crate::fetch) selected: u64,
    /// Responses that a rule said to ignore.
    pub(in crate::fetch) ignored: u64,
    /// What was noticed.
    pub(in crate::fetch) notes: Vec<String>,
}
