//! One request of a fetch: sent, read, and told to the state machine as what it was.

use std::{
    mem,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{
    Job,
    machine::{Answer, Facts, Order},
    page_fingerprint::PageFingerprint,
    refusal::{AfterRetries, Refusal},
    trace,
};
use crate::{
    Error, ErrorKind, Result, Rows, actions,
    decode::{Decoded, Format, PageShape, Probe, decode_or_leave},
    exchange::Failure,
    pace::Shut,
    paginator::{Paginate, Position, Statements},
    parent::{self, null_field, null_field_error},
    plan::{Action, ParentPlan, ResponseAction, Retry},
    presence::Presence,
    printable::Seconds,
    report::Bytes,
    request::Draft,
    retry_after,
    template::Bounds,
    transport::{Headers, Response, TransportError, TransportErrorKind},
};

/// How much of a body a message shows, in characters.
const EXCERPT: usize = 200;

/// What makes the requests of one fetch.
pub(super) struct Requests<'a> {
    job: &'a Job,
    paginator: Arc<dyn Paginate>,
    first: Draft,
    shape: PageShape,
    probes: usize,
}

/// A page, as the driver takes it through the machine.
pub(super) struct Parcel {
    /// Its request, for messages.
    pub(super) request: String,
    /// Its rows, and what was left out of them. The machine has the rest.
    pub(super) decoded: Decoded,
}

/// What a request came to.
pub(super) struct Heard {
    /// The order's.
    pub(super) id: u64,
    pub(super) answer: Answer<Parcel>,
    /// Bytes of the body.
    pub(super) bytes: u64,
    /// How long its requests waited for the source's leave, or for a token.
    pub(super) waited: Duration,
    /// When its first request was sent; nothing where none was.
    pub(super) begun: Option<Duration>,
    /// The requests it took past the first: redirects followed, and those made again with another
    /// token.
    pub(super) further: u64,
    /// The latter of them.
    pub(super) repeated: u64,
}

impl<'a> Requests<'a> {
    /// For the pages of this fetch, within these bounds.
    ///
    /// # Errors
    ///
    /// Where the first request cannot be made, or the records cannot be read.
    pub(super) fn new(
        job: &'a Job,
        statements: &Statements,
        paginator: Arc<dyn Paginate>,
        bounds: &Bounds,
    ) -> Result<Self> {
        let plan = job.client.plan();
        let probes = [statements.probes(), &paginator.probes()].concat();
        if let (Some(plan), Some(parent)) = (&job.resource.parent, &job.parent)
            && let Some(field) = null_field(plan, &job.resource.parent_fields(), parent)
        {
            return Err(null_field_error(&field, parent));
        }
        let parent = job.parent.as_ref();
        let sent = parent.map_or(&[][..], |parent| parent.sent());
        let values = parent.map_or(&[][..], |parent| &parent.values);
        let is_own = |parent: &ParentPlan| parent.resource.name == job.resource.name;
        let mut children = plan
            .resources
            .iter()
            .filter_map(|child| child.parent.as_deref());
        let sends_texts = children.any(|plan| is_own(plan) && parent::differs(plan));
        Ok(Self {
            first: job.client.draft(&job.resource, bounds, sent)?,
            probes: probes.len(),
            shape: PageShape::new(&job.resource, job.table.clone(), &probes, &plan.spec)?
                .within(plan.max_response_bytes)
                .redacting(job.client.redactor())
                .keeping_places(sends_texts)
                .with_values(values, job.client.config()),
            paginator,
            job,
        })
    }

    /// Makes one attempt; it is the fetch's request of this number.
    pub(super) async fn ask(&self, order: Order, number: u64) -> Heard {
        let mut draft = self.first.clone();
        if let Err(error) = self.paginator.apply(&order.position, &mut draft) {
            return Heard {
                id: order.id,
                answer: Answer::Broken(error),
                bytes: 0,
                waited: Duration::ZERO,
                begun: None,
                further: 0,
                repeated: 0,
            };
        }
        let Job {
            client, resource, ..
        } = self.job;
        let lacking = self.keep_params(&order.position, &mut draft);
        let mut turn = client.turn(resource).await;
        trace::request(&draft);
        let exchanged = client.exchange(&mut turn, resource, &draft).await;
        let (waited, begun, repeated) = (turn.waited, turn.begun, turn.repeated);
        let shown = turn.shown(&draft);
        let further = turn.requests.saturating_sub(1);
        drop(turn);
        trace::waited(waited);
        Heard {
            id: order.id,
            bytes: exchanged.as_ref().map_or(0, |got| got.body.len() as u64),
            waited,
            begun,
            further,
            repeated,
            answer: match exchanged {
                Ok(response) => self.read(draft, &shown, response, number).noting(lacking),
                Err(Failure::Fatal(error)) => Answer::Broken(error),
                Err(Failure::Shut(Shut(wait))) => {
                    trace::held(wait);
                    Answer::Held(wait)
                }
                Err(Failure::Transient(error)) => {
                    let request = format!("{shown} (request {number})");
                    Answer::Refused(Box::new(self.interrupted(&error, request)))
                }
            },
        }
    }

    /// Sends a next link with the first request's parameters that it lacks, where the spec says so.
    /// Otherwise a note: without a filter or a page size, the API may give other records.
    fn keep_params(&self, position: &Position, draft: &mut Draft) -> Option<String> {
        if !matches!(position, Position::Url(_)) {
            return None;
        }
        let lacking = draft.lacking(&self.first);
        if lacking.is_empty() {
            return None;
        }
        if self.job.resource.paginator.keep_params {
            draft.keep(&lacking, &self.first);
            return None;
        }
        Some(format!(
            "next links lack parameters of the first request, `{}`: if their pages hold other records, add \
             `keep_params: true` to the paginator",
            lacking.join("`, `")
        ))
    }

    /// What a response to this request means. `shown` is the request for messages, with where it was
    /// redirected to.
    fn read(&self, draft: Draft, shown: &str, response: Response, number: u64) -> Answer<Parcel> {
        let (status, bytes) = (response.status, response.body.len());
        let request = format!(
            "{shown} ({status}, {}, request {number})",
            Bytes(bytes as u64)
        );
        trace::response(status, bytes);
        if let Some(rule) = actions::first(&self.job.resource.response_actions, &response) {
            return self.ruled(rule, &response, request);
        }
        match status {
            204 => self.page(draft, response.headers, request, self.nothing(), true),
            200..=299 => self.decode(draft, response, request),
            _ => Answer::Refused(Box::new(self.refused(&response, request))),
        }
    }

    /// A response that means what a rule says.
    fn ruled(&self, rule: &ResponseAction, response: &Response, request: String) -> Answer<Parcel> {
        let status = response.status;
        let place = format!("{}:{}", self.job.client.plan().spec, rule.line);
        let (kind, message) = match &rule.action {
            Action::Ignore => return Answer::Ignored(ignored(&place, &request)),
            Action::Retry { then_ignore } => {
                let after = if *then_ignore {
                    AfterRetries::Ignore(ignored(&place, &request))
                } else {
                    AfterRetries::Fail
                };
                let mut refusal = self.refused(response, request);
                refusal.rule = Some(after);
                return Answer::Refused(Box::new(refusal));
            }
            Action::RefreshAuth => {
                let message = format!("answered {status}, and new credentials are of no help");
                (ErrorKind::Auth, message)
            }
            Action::Fail { message } => {
                let kind = match status {
                    401 => ErrorKind::Auth,
                    200..=299 => ErrorKind::Response,
                    _ => ErrorKind::Status(status),
                };
                let message = message
                    .as_ref()
                    .map_or_else(|| format!("answered {status}"), ToString::to_string);
                (kind, message)
            }
        };
        let error = Error::new(kind, message)
            .with_request(request)
            .with_detail(format!("by the rule at {place}"));
        Answer::Broken(match self.excerpt(&response.body) {
            Some(excerpt) => error.with_detail(format!("body: {excerpt}")),
            None => error,
        })
    }

    /// Reads the records of a response.
    fn decode(&self, draft: Draft, response: Response, request: String) -> Answer<Parcel> {
        let Response {
            headers, mut body, ..
        } = response;
        let format = Format::of(headers.get("Content-Type"));
        match decode_or_leave(&mut body, format, &self.shape) {
            Ok(decoded) => self.page(draft, headers, request, decoded, false),
            Err(error) if is_cut(&body, format) => {
                Answer::Refused(Box::new(self.cut(&error, &body, request)))
            }
            Err(error) => {
                let error = self.unreadable(error, &headers, &body);
                Answer::Broken(error.with_request(request))
            }
        }
    }

    /// A response whose JSON ends too early, though it is as long as it says: the server was cut off.
    fn cut(&self, error: &Error, body: &[u8], request: String) -> Refusal {
        let excerpt = self.excerpt(body);
        let body = excerpt.map_or_else(String::new, |excerpt| format!("; body: {excerpt}"));
        Refusal {
            status: None,
            what: "broke off".to_owned(),
            told: None,
            told_all: None,
            throttled: false,
            rule: None,
            request,
            detail: Some(format!("{}{body}", self.job.client.redact(error.message()))),
            help: None,
            cause: error.cause().cloned(),
        }
    }

    /// A page and what it says; with `no_content`, nothing.
    fn page(
        &self,
        draft: Draft,
        headers: Headers,
        request: String,
        mut decoded: Decoded,
        no_content: bool,
    ) -> Answer<Parcel> {
        let failure = decoded.failure.take();
        let facts = Facts {
            received: decoded.received,
            selected: decoded.selected,
            probes: mem::take(&mut decoded.probes),
            url: draft.url,
            request: request.clone(),
            fingerprint: PageFingerprint::of(&decoded, &self.job.resource),
            no_content,
            is_null: decoded.is_null,
            closed: self.closed(&headers),
            failure: failure.map(|error| error.with_request(&request)),
            headers,
        };
        Answer::Page(Box::new(facts), Parcel { request, decoded })
    }

    /// What a response without a body is decoded to.
    fn nothing(&self) -> Decoded {
        Decoded {
            rows: Rows::empty(self.job.table.clone()),
            received: 0,
            selected: 0,
            probes: vec![Probe::Missing; self.probes],
            fingerprint: 0,
            is_null: false,
            discarded_rows: 0,
            discarded_values: 0,
            undeclared: 0,
            examples: Vec::new(),
            presence: Presence::default(),
            failure: None,
        }
    }

    /// How long no request may follow a success: no quota is left.
    fn closed(&self, headers: &Headers) -> Option<Duration> {
        if !retry_after::no_quota_left(headers) {
            return None;
        }
        let now = self.job.client.clock().now();
        retry_after::reset(headers, now).or_else(|| retry_after::retry_after(headers, now))
    }

    fn unreadable(&self, error: Error, headers: &Headers, body: &[u8]) -> Error {
        let content_type = headers.get("Content-Type").unwrap_or("none");
        let mut error = error.with_detail(format!("content type: {content_type}"));
        // The transport takes it out where it decoded the body.
        if let Some(encoding) = headers.get("Content-Encoding") {
            error = error.with_detail(format!("content encoding: {encoding}"));
        }
        match self.excerpt(body) {
            Some(excerpt) => error.with_detail(format!("body: {excerpt}")),
            None => error,
        }
    }

    fn refused(&self, response: &Response, request: String) -> Refusal {
        let Response {
            status,
            headers,
            body,
        } = response;
        let now = self.job.client.clock().now();
        let retry = &self.job.client.plan().retry;
        let by_header = retry_after::retry_after(headers, now).max(in_header(retry, headers, now));
        let no_quota = retry_after::no_quota_left(headers);
        let throttled = *status == 429 || (*status == 403 && (by_header.is_some() || no_quota));
        // The quota explains a 503, or a 429 that says itself when to ask again, only where nothing is
        // said to be left of it: a limit of bursts is not one of the hour.
        let quota_left = retry_after::quota_left(headers);
        let by_quota = match *status {
            503 => !quota_left,
            _ => throttled && (by_header.is_none() || !quota_left),
        };
        let reset = by_quota.then(|| retry_after::reset(headers, now)).flatten();
        let told = by_header.max(reset);
        Refusal {
            status: Some(*status),
            what: format!("answered {status}"),
            told: told.max(in_body(body, retry, headers, now)),
            told_all: told,
            throttled,
            rule: None,
            request,
            detail: self.excerpt(body).map(|excerpt| format!("body: {excerpt}")),
            help: (*status == 401).then(|| self.check_credentials()),
            cause: None,
        }
    }

    /// What to check where the API does not take the credentials.
    fn check_credentials(&self) -> String {
        let Some(auth) = self.job.client.auth(&self.job.resource) else {
            return "the resource has no `auth`, so that no credentials were sent: add it, here or in \
                    `client`"
                .to_owned();
        };
        let known = &self.job.client.plan().secrets;
        let secrets = auth.secrets();
        let plans = secrets.iter().filter_map(|at| known.get(usize::from(*at)));
        let variables: Vec<&str> = plans.map(|secret| secret.env.as_str()).collect();
        match variables.as_slice() {
            [] => "check the credentials".to_owned(),
            variables => format!("check the credentials: `{}`", variables.join("`, `")),
        }
    }

    fn interrupted(&self, error: &TransportError, request: String) -> Refusal {
        let what = match error.kind {
            TransportErrorKind::Connect | TransportErrorKind::UnknownHost => {
                "did not connect".to_owned()
            }
            TransportErrorKind::Timeout => {
                let timeout = self.job.client.plan().request_timeout;
                format!("gave no whole response in {}", Seconds(timeout))
            }
            TransportErrorKind::Interrupted => "broke off".to_owned(),
            _ => "failed".to_owned(),
        };
        Refusal {
            status: None,
            what,
            told: None,
            told_all: None,
            throttled: false,
            rule: None,
            request,
            detail: Some(self.job.client.redact(&error.message)),
            help: error.help().map(ToString::to_string),
            cause: Some(error.clone().into()),
        }
    }

    /// The start of a body on one line, without secrets; nothing where it is empty.
    fn excerpt(&self, body: &[u8]) -> Option<String> {
        let text = self.job.client.redactor().redact_start(body);
        let line: Vec<&str> = text.split_whitespace().collect();
        let line = line.join(" ");
        match line.char_indices().nth(EXCERPT) {
            Some((end, _)) => Some(format!("{}…", line.get(..end)?)),
            None => Some(line).filter(|line| !line.is_empty()),
        }
    }
}

impl Answer<Parcel> {
    /// The same with a note about its page.
    fn noting(mut self, note: Option<String>) -> Self {
        if let Self::Page(_, parcel) = &mut self {
            parcel.decoded.examples.extend(note);
        }
        self
    }
}

/// Whether a body is the beginning of JSON.
fn is_cut(body: &[u8], format: Format) -> bool {
    let text = String::from_utf8_lossy(body);
    let json = match format {
        Format::Json => text.trim_start_matches('\u{feff}'),
        Format::Lines => text.trim_end().rsplit('\n').next().unwrap_or_default(),
    };
    let is_begun = json.trim_start().starts_with(['{', '[']);
    let read = serde_json::from_str::<serde::de::IgnoredAny>(json);
    is_begun && read.is_err_and(|error| error.is_eof())
}

/// The note of a response that a rule says to ignore.
fn ignored(place: &str, request: &str) -> String {
    format!("ignored by {place}: {request}")
}

/// How long the body says to wait, where the spec says where it does.
fn in_body(body: &[u8], retry: &Retry, headers: &Headers, now: SystemTime) -> Option<Duration> {
    let path = retry.retry_after_path.as_ref()?;
    let value = actions::at(actions::text(body)?, path)?;
    match (value.as_f64(), value.as_str()) {
        (Some(number), _) => retry_after::span(number * retry.retry_after_unit.as_secs_f64()),
        (None, text) => in_text(text?, retry, headers, now),
    }
}

/// How long the header that the spec names says to wait.
fn in_header(retry: &Retry, headers: &Headers, now: SystemTime) -> Option<Duration> {
    let waits = headers.all(retry.retry_after_header.as_deref()?);
    waits
        .filter_map(|text| in_text(text, retry, headers, now))
        .max()
}

/// A wait as a text: a number of the declared unit, or as in `Retry-After`.
fn in_text(text: &str, retry: &Retry, headers: &Headers, now: SystemTime) -> Option<Duration> {
    match retry_after::number(text.trim()) {
        Some(number) => retry_after::span(number * retry.retry_after_unit.as_secs_f64()),
        None => retry_after::wait(text, headers, now),
    }
}
