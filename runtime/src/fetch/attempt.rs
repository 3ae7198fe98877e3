//! One attempt at a page: sends the request, reads the response, and classifies it for the state machine.

use std::{
    mem,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{
    FetchSpec,
    failed_attempt::{AfterRetries, FailedAttempt},
    machine::{Attempt, AttemptOutcome, ResponseFacts},
    page_fingerprint::PageFingerprint,
    streamed::{OpenResponse, PartialPages},
    trace,
};
use crate::{
    Client, Error, ErrorKind, Result, Rows, Scalar,
    actions::{self, Author, Verdict},
    decode::{Decoded, Format, PageShape, Probe, Probes, decode_or_leave, decode_page},
    exchange::Failure,
    hooks::{ExtractHook, Named},
    http_context::Opened,
    origin::Access,
    paginator::{Paginate, Position, Statements},
    parent::{self, ambiguous_batch, null_field, null_field_error},
    plan::{Action, Part, ResourcePlan, Retry, WaitUnit},
    presence::Presence,
    printable::{Seconds, printable},
    rate_limiter::{Permit, Throttled},
    report::Bytes,
    request::Draft,
    retry_after,
    template::{Bounds, PageValues, Scope},
    transport::{Headers, Response, TransportError, TransportErrorKind},
};

/// How much of a body a message shows, in characters.
const EXCERPT: usize = 200;

/// Checks that the record of the parent has all values that the requests need.
///
/// # Errors
///
/// If one is null.
pub(super) fn check_parent(spec: &FetchSpec) -> Result<()> {
    if let (Some(plan), Some(parent)) = (&spec.resource.parent, &spec.parent)
        && let Some(field) = null_field(plan, &spec.resource.parent_fields(), parent)
    {
        return Err(null_field_error(&field, parent));
    }
    let batch = spec.parent.as_ref();
    match batch.and_then(|batch| ambiguous_batch(&spec.resource, batch)) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Makes the requests of one fetch.
pub(super) struct Requests<'a> {
    pub(super) spec: &'a FetchSpec,
    paginator: Arc<dyn Paginate>,
    first: Draft,
    /// The URL of the first page, in place of the resource's own.
    url: Option<String>,
    /// What the placeholders stand for, where a page has a value among them.
    bounds: Option<Bounds>,
    pub(super) shape: PageShape,
    probes: usize,
    /// What makes the page of a response, in place of a decoder.
    extract: Option<Named<ExtractHook>>,
    pub(super) partial_pages: PartialPages,
}

/// A decoded page, which the driver passes through the machine.
pub(super) struct DecodedPage {
    /// The request, for messages.
    pub(super) request: String,
    /// The rows, and what was left out of them.
    pub(super) decoded: Decoded,
}

/// The outcome of an attempt, and its costs.
pub(super) struct AttemptReport {
    /// The number of the page.
    pub(super) id: u64,
    pub(super) outcome: AttemptOutcome<DecodedPage>,
    /// Bytes of the body.
    pub(super) bytes: u64,
    /// How long its requests waited for the rate limiter, or for a token.
    pub(super) waited: Duration,
    /// When its first request was sent, if any was.
    pub(super) sent_at: Option<Duration>,
    /// Requests after the first: redirects, and requests repeated with a new token.
    pub(super) further: u64,
    /// Requests repeated with a new token.
    pub(super) repeated: u64,
}

impl<'a> Requests<'a> {
    /// The requests for the pages of a fetch, within these bounds.
    ///
    /// # Errors
    ///
    /// If the first request cannot be built, or the records cannot be read.
    pub(super) fn new(
        spec: &'a FetchSpec,
        statements: &Statements,
        paginator: Arc<dyn Paginate>,
        bounds: &Bounds,
        (url, partial_pages): (Option<&str>, &PartialPages),
    ) -> Result<Self> {
        let plan = spec.client.plan();
        let probes = Probes {
            paths: [statements.probes(), &paginator.probes()].concat(),
            finds: paginator.finds(),
        };
        check_parent(spec)?;
        let parent = spec.parent.as_ref();
        let values = parent.map_or(&[][..], |parent| &parent.values.values);
        let lists = parent.map_or(&[][..], |parent| &parent.values.lists);
        let reads_texts = |child: &ResourcePlan| {
            let each = child.parent.iter().flat_map(|parents| parents.each());
            let mut parents = each.filter(|(one, _)| one.resource.name == spec.resource.name);
            let has_condition = child.parent_condition.is_some();
            parents.any(|(parent, _)| has_condition || parent::differs(&parent))
        };
        let tree = parent::of_tree(&spec.resource);
        let reads_own = tree
            .is_some_and(|tree| spec.resource.parent_condition.is_some() || parent::differs(&tree));
        let keeps_places = reads_own || plan.resources.iter().any(|child| reads_texts(child));
        let mut first = spec.client.draft(
            &spec.resource,
            Scope {
                page: &page_values(&*paginator, &paginator.first()),
                ..spec.scope(bounds)
            },
        )?;
        if let Some(url) = url {
            first.set_url(url)?;
        }
        Ok(Self {
            first,
            url: url.map(str::to_owned),
            bounds: (spec.resource.has_page_placeholders()
                || spec.resource.paginator.next_request.is_some())
            .then(|| bounds.clone()),
            probes: probes.len(),
            extract: spec.client.hooks().extract(&spec.resource)?,
            partial_pages: partial_pages.clone(),
            shape: spec
                .page_shape(&probes)?
                .within(plan.max_response_bytes)
                .redacting(spec.client.redactor())
                .keeping_places(keeps_places)
                .keeping_rejects(spec.keep_rejects)
                .with_values(values, lists, &spec.scope(bounds)),
            paginator,
            spec,
        })
    }

    /// Makes one attempt, with the number of its request in the fetch.
    pub(super) async fn ask(&self, attempt: Attempt, number: u64) -> AttemptReport {
        let mut draft = match self.draft(&attempt.position) {
            Ok(draft) => draft,
            Err(error) => {
                return AttemptReport {
                    id: attempt.id,
                    outcome: AttemptOutcome::Broken(error),
                    bytes: 0,
                    waited: Duration::ZERO,
                    sent_at: None,
                    further: 0,
                    repeated: 0,
                };
            }
        };
        let FetchSpec {
            client, resource, ..
        } = self.spec;
        let lacking = self.keep_params(&attempt.position, &mut draft);
        let permit = client.permit(resource).await;
        let mut permit = permit.retrying(attempt.number > 1);
        let exchanged = client.exchange(&mut permit, resource, &draft).await;
        let (waited, begun, repeated) = (permit.waited, permit.begun, permit.repeated);
        let shown = permit.shown(&draft);
        let further = permit.requests.saturating_sub(1);
        let mut bytes = 0;
        AttemptReport {
            id: attempt.id,
            waited,
            sent_at: begun,
            further,
            repeated,
            outcome: match exchanged {
                Ok(opened) => {
                    let mut permit = Some(permit);
                    let outcome;
                    (outcome, bytes) = self
                        .decode_response((attempt.id, number), draft, &shown, opened, &mut permit)
                        .await;
                    outcome.noting(lacking)
                }
                Err(Failure::Fatal(error)) => AttemptOutcome::Broken(error),
                Err(Failure::Throttled(Throttled(wait))) => {
                    trace::held(wait);
                    AttemptOutcome::Held(wait)
                }
                Err(Failure::Transient(error)) => {
                    let request = format!("{shown} (request {number})");
                    AttemptOutcome::Refused(Box::new(self.interrupted(&error, request)))
                }
            },
            bytes,
        }
    }

    /// Decodes a response by the decoder of the resource. Returns the outcome, and the bytes of the body.
    async fn decode_response(
        &self,
        (id, number): (u64, u64),
        draft: Draft,
        shown: &str,
        opened: Opened,
        permit: &mut Option<Permit<'_>>,
    ) -> (AttemptOutcome<DecodedPage>, u64) {
        let Opened {
            response,
            body,
            verdict,
        } = opened;
        let Some(body) = body else {
            permit.take();
            let bytes = response.body.len() as u64;
            let outcome = self.read(draft, shown, response, number, verdict);
            return (outcome, bytes);
        };
        let open = OpenResponse {
            id,
            draft,
            shown,
            number,
            response,
            body,
        };
        self.decode_open(open, permit).await
    }

    /// The request for the page at `position`.
    fn draft(&self, position: &Position) -> Result<Draft> {
        let mut draft = match &self.bounds {
            None => self.first.clone(),
            Some(bounds) => {
                let FetchSpec {
                    client, resource, ..
                } = self.spec;
                let scope = Scope {
                    page: &page_values(&*self.paginator, position),
                    ..self.spec.scope(bounds)
                };
                if let Some(next) = &resource.paginator.next_request
                    && *position != self.paginator.first()
                {
                    return scroll_request(client, next, &*self.paginator, position, scope);
                }
                let mut draft = client.draft(resource, scope)?;
                if let Some(url) = &self.url {
                    draft.set_url(url)?;
                }
                draft
            }
        };
        self.paginator.apply(position, &mut draft)?;
        Ok(draft)
    }

    /// Adds to a next link the parameters of the first request that it lacks, with `keep_params`. Otherwise
    /// notes them: without a filter or page size, the API may return other records.
    fn keep_params(&self, position: &Position, draft: &mut Draft) -> Option<String> {
        if !matches!(position, Position::Url(_)) {
            return None;
        }
        let lacking = draft.lacking(&self.first);
        if lacking.is_empty() {
            return None;
        }
        if self.spec.resource.paginator.keep_params {
            draft.keep(&lacking, &self.first, |_| true);
            return None;
        }
        // A delta link, and those after it, stand for the whole request, but the state stores no secret of it.
        let token = self.spec.resource.change_token();
        if token.is_some_and(|token| token.is_link) {
            let client = &self.spec.client;
            if client.origins().check(&draft.url).ok() == Some(Access::Whole) {
                let redactor = client.redactor();
                draft.keep(&lacking, &self.first, |value| redactor.is_held_by(value));
            }
            return None;
        }
        Some(format!(
            "next links lack parameters of the first request, `{}`: if their pages hold other records, add \
             `keep_params: true` to the paginator",
            lacking.join("`, `")
        ))
    }

    /// Classifies a response, by the verdict of a hook or a rule, if there is one. `shown` is the request in
    /// messages, with its redirects.
    pub(super) fn read(
        &self,
        draft: Draft,
        shown: &str,
        response: Response,
        number: u64,
        verdict: Option<Verdict>,
    ) -> AttemptOutcome<DecodedPage> {
        let (status, bytes) = (response.status, response.body.len());
        let request = format!(
            "{shown} ({status}, {}, request {number})",
            Bytes(bytes as u64)
        );
        let is_success = match verdict {
            Some(verdict) if verdict.action != Action::Success => {
                return self.ruled(verdict, &response, request);
            }
            verdict => verdict.is_some(),
        };
        match status {
            204 => self.page(draft, response.headers, request, self.nothing(), true),
            200..=299 => self.decode(draft, response, request),
            _ if is_success => self.decode(draft, response, request),
            _ => AttemptOutcome::Refused(Box::new(self.on_failure(&response, request))),
        }
    }

    /// The outcome of a response with this verdict.
    pub(super) fn ruled(
        &self,
        verdict: Verdict,
        response: &Response,
        request: String,
    ) -> AttemptOutcome<DecodedPage> {
        let Verdict {
            action,
            message,
            wait,
            author,
        } = verdict;
        let status = response.status;
        let message = message.map(|message| self.spec.client.redact(&message));
        let place = match &message {
            Some(message) => format!("{} ({})", author.place(), printable(message)),
            None => author.place(),
        };
        let after = match &action {
            Action::Restart => Some(AfterRetries::Restart),
            Action::Retry { then_ignore: true } => {
                Some(AfterRetries::Ignore(ignored(&place, &request)))
            }
            Action::Retry { .. } => Some(AfterRetries::Fail),
            _ => None,
        };
        if after.is_some() {
            let mut failed_attempt = self.on_failure(response, request);
            if let Some(message) = message {
                failed_attempt.what = format!("{}: {message}", failed_attempt.what);
            }
            failed_attempt.told = wait.or(failed_attempt.told);
            failed_attempt.rule = after;
            return AttemptOutcome::Refused(Box::new(failed_attempt));
        }
        let is_child = self.spec.resource.parent.is_some();
        let (kind, what) = match action {
            // A success is a page.
            Action::Ignore | Action::Success => {
                return AttemptOutcome::Ignored(ignored(&place, &request));
            }
            Action::SkipParent if is_child => {
                return AttemptOutcome::Skipped(format!("skipped by {place}: {request}"));
            }
            Action::SkipParent => {
                let message = format!("{} skips a parent, and there is none", author.place());
                (ErrorKind::Hook, message)
            }
            Action::SplitWindow => {
                let message = format!("answered {status}: the window is too large");
                (ErrorKind::WindowTooLarge, message)
            }
            Action::Fail { message: of_rule } => {
                let kind = match status {
                    401 => ErrorKind::Auth,
                    200..=299 => ErrorKind::Response,
                    _ => ErrorKind::Status(status),
                };
                let what = message
                    .clone()
                    .or(of_rule.map(|message| message.to_string()));
                (kind, what.unwrap_or_else(|| format!("answered {status}")))
            }
            // The others are handled above.
            Action::RefreshAuth | Action::Restart | Action::Retry { .. } => {
                let message = format!("answered {status}, and new credentials are of no help");
                (ErrorKind::Auth, message)
            }
        };
        let by = match author {
            Author::Rule(place) => format!("by the rule at {place}"),
            Author::Hook(path) => format!("by `{path}`"),
        };
        let mut error = Error::new(kind, &*what)
            .with_request(request)
            .with_detail(by);
        if let Some(message) = message.filter(|message| *message != what) {
            error = error.with_detail(message);
        }
        AttemptOutcome::Broken(match self.excerpt(&response.body) {
            Some(excerpt) => error.with_detail(format!("body: {excerpt}")),
            None => error,
        })
    }

    /// Reads the records of a response.
    fn decode(
        &self,
        draft: Draft,
        response: Response,
        request: String,
    ) -> AttemptOutcome<DecodedPage> {
        if let Some(extract) = &self.extract {
            return self.extract(extract, draft, response, request);
        }
        let Response {
            headers, mut body, ..
        } = response;
        let format = if self.spec.resource.decoder.is_plain() {
            Format::of(headers.get("Content-Type"))
        } else {
            Format::Json
        };
        match decode_or_leave(&mut body, format, Some(&headers), &self.shape) {
            Ok(decoded) => self.page(draft, headers, request, decoded, false),
            Err(error) if format.is_cut(&body) => {
                AttemptOutcome::Refused(Box::new(self.cut(&error, &body, request)))
            }
            Err(error) => {
                let error = self.unreadable(error, &headers, &body);
                AttemptOutcome::Broken(error.with_request(request))
            }
        }
    }

    /// Reads the records of the page that a function makes from a response.
    fn extract(
        &self,
        extract: &Named<ExtractHook>,
        draft: Draft,
        response: Response,
        request: String,
    ) -> AttemptOutcome<DecodedPage> {
        let decoded = extract
            .call(&response)
            .and_then(|page| decode_page(page, &response.headers, &self.shape));
        let Response { headers, body, .. } = response;
        let content_type = headers.get("Content-Type").unwrap_or_default();
        let is_json = content_type.to_ascii_lowercase().contains("json");
        match decoded {
            Ok(decoded) => self.page(draft, headers, request, decoded, false),
            Err(error) if is_json && Format::Json.is_cut(&body) => {
                AttemptOutcome::Refused(Box::new(self.cut(&error, &body, request)))
            }
            Err(error) => {
                let error = self.unreadable(error, &headers, &body);
                AttemptOutcome::Broken(error.with_request(request))
            }
        }
    }

    /// The failure of a response whose JSON is truncated though its length is right: the server was
    /// interrupted.
    pub(super) fn cut(&self, error: &Error, body: &[u8], request: String) -> FailedAttempt {
        let excerpt = self.excerpt(body);
        let body = excerpt.map_or_else(String::new, |excerpt| format!("; body: {excerpt}"));
        FailedAttempt {
            status: None,
            what: "broke off".to_owned(),
            told: None,
            told_all: None,
            throttled: false,
            rule: None,
            is_unserved: false,
            request,
            detail: Some(format!(
                "{}{body}",
                self.spec.client.redact(error.message())
            )),
            help: None,
            cause: error.cause().cloned(),
        }
    }

    /// A page and its metadata; an empty one with `no_content`.
    pub(super) fn page(
        &self,
        draft: Draft,
        headers: Headers,
        request: String,
        mut decoded: Decoded,
        no_content: bool,
    ) -> AttemptOutcome<DecodedPage> {
        let failure = decoded.failure.take();
        let facts = ResponseFacts {
            received: decoded.received,
            selected: decoded.selected,
            probes: mem::take(&mut decoded.probes),
            url: draft.url,
            request: request.clone(),
            fingerprint: PageFingerprint::of(&decoded, &self.spec.resource),
            no_content,
            is_null: decoded.is_null,
            is_partly_delivered: false,
            closed: self.closed(&headers),
            failure: failure.map(|error| error.with_request(&request)),
            headers,
        };
        AttemptOutcome::Page(Box::new(facts), DecodedPage { request, decoded })
    }

    /// The page of a response without a body.
    pub(super) fn nothing(&self) -> Decoded {
        Decoded {
            rows: Rows::empty(self.spec.table.clone()),
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

    /// How long the source must wait after a success, because no quota is left.
    fn closed(&self, headers: &Headers) -> Option<Duration> {
        if !retry_after::no_quota_left(headers) {
            return None;
        }
        let now = self.spec.client.clock().now();
        retry_after::reset(headers, now).or_else(|| retry_after::retry_after(headers, now))
    }

    pub(super) fn unreadable(&self, error: Error, headers: &Headers, body: &[u8]) -> Error {
        let content_type = headers.get("Content-Type").unwrap_or("none");
        let mut error = error.with_detail(format!("content type: {content_type}"));
        // The transport removes the header if it decoded the body.
        if let Some(encoding) = headers.get("Content-Encoding") {
            error = error.with_detail(format!("content encoding: {encoding}"));
        }
        match self.excerpt(body) {
            Some(excerpt) => error.with_detail(format!("body: {excerpt}")),
            None => error,
        }
    }

    fn on_failure(&self, response: &Response, request: String) -> FailedAttempt {
        let Response {
            status,
            headers,
            body,
        } = response;
        let now = self.spec.client.clock().now();
        let retry = &self.spec.client.plan().retry;
        let by_header = retry_after::retry_after(headers, now).max(in_header(retry, headers, now));
        let no_quota = retry_after::no_quota_left(headers);
        let throttled = *status == 429 || (*status == 403 && (by_header.is_some() || no_quota));
        // The quota explains a 503, or a 429 with its own wait, only if nothing is said to be left: a burst
        // limit is not an hourly limit.
        let quota_left = retry_after::quota_left(headers);
        let by_quota = match *status {
            503 => !quota_left,
            _ => throttled && (by_header.is_none() || !quota_left),
        };
        let reset = by_quota.then(|| retry_after::reset(headers, now)).flatten();
        let told = by_header.max(reset);
        FailedAttempt {
            status: Some(*status),
            what: format!("answered {status}"),
            told: told.max(in_body(body, retry, headers, now)),
            told_all: told,
            throttled,
            rule: None,
            is_unserved: matches!(status, 429 | 503),
            request,
            detail: self.excerpt(body).map(|excerpt| format!("body: {excerpt}")),
            help: (*status == 401).then(|| self.check_credentials()),
            cause: None,
        }
    }

    /// What to check if the API rejects the credentials.
    fn check_credentials(&self) -> String {
        let Some(auth) = self.spec.client.auth(&self.spec.resource) else {
            return "the resource has no `auth`, so that no credentials were sent: add it, here or in \
                    `client`"
                .to_owned();
        };
        let known = &self.spec.client.plan().secrets;
        let secrets = auth.secrets();
        let plans = secrets.iter().filter_map(|at| known.get(usize::from(*at)));
        let variables: Vec<&str> = plans.map(|secret| secret.env.as_str()).collect();
        match variables.as_slice() {
            [] => "check the credentials".to_owned(),
            variables => format!("check the credentials: `{}`", variables.join("`, `")),
        }
    }

    pub(super) fn interrupted(&self, error: &TransportError, request: String) -> FailedAttempt {
        let what = match error.kind {
            TransportErrorKind::Connect
            | TransportErrorKind::Refused
            | TransportErrorKind::UnknownHost => "did not connect".to_owned(),
            TransportErrorKind::Timeout => {
                let timeout = self.spec.client.plan().request_timeout;
                format!("gave no whole response in {}", Seconds(timeout))
            }
            TransportErrorKind::Interrupted => "broke off".to_owned(),
            _ => "failed".to_owned(),
        };
        FailedAttempt {
            status: None,
            what,
            told: None,
            told_all: None,
            throttled: false,
            rule: None,
            is_unserved: matches!(
                error.kind,
                TransportErrorKind::Connect
                    | TransportErrorKind::Refused
                    | TransportErrorKind::UnknownHost
            ),
            request,
            detail: Some(self.spec.client.redact(&error.message)),
            help: error.help().map(ToString::to_string),
            cause: Some(error.clone().into()),
        }
    }

    /// The start of a body on one line, redacted; `None` if it is empty.
    fn excerpt(&self, body: &[u8]) -> Option<String> {
        let text = self.spec.client.redactor().redact_start(body);
        let line: Vec<&str> = text.split_whitespace().collect();
        let line = line.join(" ");
        match line.char_indices().nth(EXCERPT) {
            Some((end, _)) => Some(format!("{}…", line.get(..end)?)),
            None => Some(line).filter(|line| !line.is_empty()),
        }
    }
}

impl AttemptOutcome<DecodedPage> {
    /// Adds a note about the page.
    fn noting(mut self, note: Option<String>) -> Self {
        if let Self::Page(_, parcel) = &mut self {
            parcel.decoded.examples.extend(note);
        }
        self
    }
}

/// Another request of a scroll than its first: with the id where it has a place for it, or else where the paginator
/// sends it.
///
/// # Errors
///
/// If it cannot be built.
pub(super) fn scroll_request(
    client: &Client,
    request: &ResourcePlan,
    paginator: &dyn Paginate,
    id: &Position,
    scope: Scope<'_>,
) -> Result<Draft> {
    let mut draft = client.draft(request, scope)?;
    if !request.sends(&Part::Position) {
        paginator.apply(id, &mut draft)?;
    }
    Ok(draft)
}

/// The values of a page that its request may have a place for.
pub(super) fn page_values(paginator: &dyn Paginate, position: &Position) -> PageValues {
    let size = paginator
        .page_size()
        .map(|size| Scalar::Json(size.to_string()));
    PageValues {
        position: paginator.value(position),
        size,
    }
}

/// The note on a response that a rule ignores.
fn ignored(place: &str, request: &str) -> String {
    format!("ignored by {place}: {request}")
}

/// The wait that the body states, if the spec says where.
fn in_body(body: &[u8], retry: &Retry, headers: &Headers, now: SystemTime) -> Option<Duration> {
    let path = retry.retry_after_path.as_ref()?;
    let value = actions::at(actions::text(body)?, path)?;
    match (value.as_f64(), value.as_str()) {
        (Some(number), _) => stated_wait(number, retry, headers, now),
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
        Some(number) => stated_wait(number, retry, headers, now),
        None => retry_after::wait(text, headers, now),
    }
}

/// The wait that a number of the declared unit states.
fn stated_wait(number: f64, retry: &Retry, headers: &Headers, now: SystemTime) -> Option<Duration> {
    match retry.retry_after_unit {
        WaitUnit::Seconds => retry_after::span(number),
        WaitUnit::Milliseconds => retry_after::span(number / 1e3),
        WaitUnit::Minutes => retry_after::span(number * 60.0),
        WaitUnit::EpochSeconds => Some(retry_after::until_epoch(number, headers, now)),
        WaitUnit::EpochMillis => Some(retry_after::until_epoch(number / 1e3, headers, now)),
    }
}
