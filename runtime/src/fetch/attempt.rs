//! One request of a fetch: sent, read, and told to the state machine as what it was.

use std::{sync::Arc, time::Duration};

use super::{
    Job,
    guard::fingerprint,
    machine::{Answer, Facts, Order},
    refusal::Refusal,
};
use crate::{
    Error, ErrorKind, Result, Rows,
    decode::{Decoded, PageShape, Probe, decode},
    exchange::Failure,
    paginator::Paginate,
    plan::Retry,
    report::{Bytes, Seconds},
    request::{Bounds, Draft},
    retry_after,
    schema::{Path, Step},
    transport::{Headers, Response, TransportError, TransportErrorKind},
};

/// How much of a body a message shows, in characters.
const EXCERPT: usize = 200;
/// How much of a body is searched for secrets before it is cut off for a message, in bytes.
const SEARCHED: usize = 16 << 10;

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
    pub(super) rows: Rows,
    /// Its request, for messages.
    pub(super) request: String,
    pub(super) discarded_rows: u64,
    pub(super) discarded_values: u64,
    pub(super) undeclared: u64,
    pub(super) examples: Vec<String>,
}

/// What a request came to.
pub(super) struct Heard {
    /// The order's.
    pub(super) id: u64,
    pub(super) answer: Answer<Parcel>,
    /// Bytes of the body.
    pub(super) bytes: u64,
    /// How long the source made it wait before it was sent.
    pub(super) waited: Duration,
}

impl<'a> Requests<'a> {
    /// For the pages of this fetch, within these bounds.
    ///
    /// # Errors
    ///
    /// Where the first request cannot be made, or the records cannot be read.
    pub(super) fn new(job: &'a Job, paginator: Arc<dyn Paginate>, bounds: &Bounds) -> Result<Self> {
        let plan = job.client.plan();
        let probes = paginator.probes();
        Ok(Self {
            first: job.client.draft(job.resource, bounds, &[])?,
            probes: probes.len(),
            shape: PageShape::new(job.resource, job.table, &probes, plan.spec)?
                .redacting(job.client.redactor()),
            paginator,
            job,
        })
    }

    /// Makes one attempt; it is the fetch's request of this number.
    pub(super) async fn ask(&self, order: Order, number: u64) -> Heard {
        let mut heard = Heard {
            id: order.id,
            answer: Answer::Broken(Error::new(ErrorKind::Transport, "nothing was sent")),
            bytes: 0,
            waited: Duration::ZERO,
        };
        let mut draft = self.first.clone();
        if let Err(error) = self.paginator.apply(&order.position, &mut draft) {
            heard.answer = Answer::Broken(error);
            return heard;
        }
        let turn = self.job.client.turn().await;
        heard.waited = turn.waited;
        tracing::debug!(
            resource = self.job.resource.name,
            number,
            request = draft.shown(),
            "request"
        );
        let exchanged = self
            .job
            .client
            .exchange(&turn, self.job.resource, &draft)
            .await;
        drop(turn);
        heard.answer = match exchanged {
            Ok(response) => {
                heard.bytes = response.body.len() as u64;
                self.read(&draft, response, number)
            }
            Err(Failure::Fatal(error)) => Answer::Broken(error),
            Err(Failure::Transient(error)) => {
                let request = format!("{} (request {number})", draft.shown());
                Answer::Refused(Box::new(self.interrupted(&error, request)))
            }
        };
        heard
    }

    fn read(&self, draft: &Draft, response: Response, number: u64) -> Answer<Parcel> {
        let request = format!(
            "{} ({}, {}, request {number})",
            draft.shown(),
            response.status,
            Bytes(response.body.len() as u64)
        );
        tracing::debug!(
            resource = self.job.resource.name,
            number,
            status = response.status,
            bytes = response.body.len(),
            "response"
        );
        match response.status {
            204 => Answer::Page(
                self.facts(draft, &response, &request, None),
                self.nothing(request),
            ),
            200..=299 => match self.page(draft, response, request) {
                Ok((facts, parcel)) => Answer::Page(facts, parcel),
                Err(error) => Answer::Broken(error),
            },
            _ => Answer::Refused(Box::new(self.refused(&response, request))),
        }
    }

    /// Reads the records of a response.
    fn page(
        &self,
        draft: &Draft,
        mut response: Response,
        request: String,
    ) -> Result<(Box<Facts>, Parcel)> {
        let body = std::mem::take(&mut response.body);
        // The body becomes the page: what a message may want of it is kept apart.
        let start = body
            .get(..body.len().min(SEARCHED))
            .unwrap_or_default()
            .to_vec();
        let print = fingerprint(&body);
        let decoded = decode(body, &self.shape).map_err(|error| {
            self.unreadable(error, &response.headers, &start)
                .with_request(&request)
        })?;
        let mut facts = self.facts(draft, &response, &request, Some(&decoded));
        facts.fingerprint = print;
        let parcel = Parcel {
            rows: decoded.rows,
            discarded_rows: decoded.discarded_rows,
            discarded_values: decoded.discarded_values,
            undeclared: decoded.undeclared,
            examples: decoded.examples,
            request,
        };
        facts.probes = decoded.probes;
        facts.failure = decoded
            .failure
            .map(|error| error.with_request(&parcel.request));
        Ok((facts, parcel))
    }

    /// A page without a body.
    fn nothing(&self, request: String) -> Parcel {
        Parcel {
            rows: Rows::empty(self.job.table),
            request,
            discarded_rows: 0,
            discarded_values: 0,
            undeclared: 0,
            examples: Vec::new(),
        }
    }

    fn facts(
        &self,
        draft: &Draft,
        response: &Response,
        request: &str,
        decoded: Option<&Decoded>,
    ) -> Box<Facts> {
        let headers = &response.headers;
        let closed = retry_after::no_quota_left(headers)
            .then(|| {
                let now = self.job.client.clock().now();
                retry_after::reset(headers, now).or_else(|| retry_after::retry_after(headers, now))
            })
            .flatten();
        Box::new(Facts {
            received: decoded.map_or(0, |decoded| decoded.received),
            probes: vec![Probe::Missing; self.probes],
            headers: headers.clone(),
            url: draft.url.clone(),
            request: request.to_owned(),
            fingerprint: 0,
            no_content: decoded.is_none(),
            closed,
            failure: None,
        })
    }

    fn unreadable(&self, error: Error, headers: &Headers, start: &[u8]) -> Error {
        let content_type = headers.get("Content-Type").unwrap_or("none");
        let error = error.with_detail(format!("content type: {content_type}"));
        match self.excerpt(start) {
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
        let by_header = retry_after::retry_after(headers, now);
        let no_quota = retry_after::no_quota_left(headers);
        let throttled = *status == 429 || (*status == 403 && (by_header.is_some() || no_quota));
        // What is left of the quota explains a 429; a 503 only where nothing is.
        let by_quota = || {
            let tells = throttled || (*status == 503 && !retry_after::quota_left(headers));
            tells.then(|| retry_after::reset(headers, now)).flatten()
        };
        let told = by_header.or_else(by_quota);
        Refusal {
            status: Some(*status),
            what: format!("answered {status}"),
            told: told.max(in_body(body, retry)),
            throttled,
            request,
            detail: self.excerpt(body).map(|excerpt| format!("body: {excerpt}")),
        }
    }

    fn interrupted(&self, error: &TransportError, request: String) -> Refusal {
        let what = match error.kind {
            TransportErrorKind::Connect => "did not connect".to_owned(),
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
            throttled: false,
            request,
            detail: Some(self.job.client.redact(&error.message)),
        }
    }

    /// The start of a body on one line, without secrets; nothing where it is empty.
    fn excerpt(&self, body: &[u8]) -> Option<String> {
        let start = body.get(..body.len().min(SEARCHED))?;
        let text = self.job.client.redact(&String::from_utf8_lossy(start));
        let line: Vec<&str> = text.split_whitespace().collect();
        let line = line.join(" ");
        let line = line.replace(char::is_control, "\u{fffd}");
        match line.char_indices().nth(EXCERPT) {
            Some((end, _)) => Some(format!("{}…", line.get(..end)?)),
            None => Some(line).filter(|line| !line.is_empty()),
        }
    }
}

/// How long the body says to wait, where the spec says where it does.
fn in_body(body: &[u8], retry: &Retry) -> Option<Duration> {
    let path = retry.retry_after_path?;
    let tree: serde_json::Value = serde_json::from_slice(body).ok()?;
    let value = at(&tree, path)?;
    let number = value
        .as_f64()
        .or_else(|| value.as_str()?.trim().parse().ok())?;
    let seconds = number * retry.retry_after_unit.as_secs_f64();
    if seconds < 0.0 || seconds.is_nan() {
        return None;
    }
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

fn at(tree: &serde_json::Value, path: Path) -> Option<&serde_json::Value> {
    path.0.iter().try_fold(tree, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Index(index) => {
            let elements = value.as_array()?;
            let from_end = || elements.len().checked_sub(index.unsigned_abs() as usize);
            let at = usize::try_from(*index).ok().or_else(from_end)?;
            elements.get(at)
        }
    })
}
