//! Responses that are decoded while they arrive (`decoder`).
//!
//! The rows of one response are delivered in batches: a large file takes the memory of a few of them. A response
//! that fails before its first batch was delivered is requested again, as any other. After that, a retry would
//! deliver rows twice, since nothing proves that the API makes the same file again: the fetch fails, with the row.

use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::{
    FetchSpec,
    attempt::{DecodedPage, Requests},
    machine::AttemptOutcome,
    page_fingerprint::PageFingerprint,
};
use crate::{
    Error, ErrorKind,
    body::{Batch, BodyDecoder, BodyError},
    decode::Decoded,
    exchange,
    plan::{Action, ResponseAction},
    rate_limiter::Permit,
    report::Bytes,
    request::Draft,
    transport::{Body, Response, TransportError},
};

/// Some rows of a page, before the rest of it.
pub(super) struct PartialPage {
    /// The number of the page.
    pub(super) id: u64,
    pub(super) page: DecodedPage,
    /// Bytes of the body since the partial page before.
    pub(super) bytes: u64,
}

/// How the rows of a page are delivered before the rest of it.
#[derive(Clone)]
pub(super) struct PartialPages {
    pages: mpsc::Sender<PartialPage>,
    /// The page whose turn it is.
    front: watch::Receiver<Option<u64>>,
}

/// The driver's side.
pub(super) struct PartialPageReceiver {
    pages: mpsc::Receiver<PartialPage>,
    front: watch::Sender<Option<u64>>,
}

/// A channel of partial pages.
pub(super) fn partial_pages() -> (PartialPages, PartialPageReceiver) {
    let (sender, receiver) = mpsc::channel(1);
    let (turn, front) = watch::channel(None);
    let sender = PartialPages {
        pages: sender,
        front,
    };
    let receiver = PartialPageReceiver {
        pages: receiver,
        front: turn,
    };
    (sender, receiver)
}

impl PartialPages {
    /// Delivers rows when it is the turn of their page. Returns once they were taken, so that the rest of the page
    /// cannot overtake them.
    async fn deliver(&self, page: PartialPage) {
        let mut front = self.front.clone();
        // The driver keeps both ends for as long as it polls this.
        let _ = front.wait_for(|front| *front == Some(page.id)).await;
        if self.pages.send(page).await.is_ok() {
            let _ = self.pages.reserve().await;
        }
    }
}

impl PartialPageReceiver {
    /// Lets this page deliver.
    pub(super) fn set_front(&self, page: Option<u64>) {
        self.front.send_if_modified(|front| {
            let is_other = *front != page;
            *front = page;
            is_other
        });
    }

    pub(super) async fn next(&mut self) -> Option<PartialPage> {
        self.pages.recv().await
    }
}

/// A response whose body is still to be read.
pub(super) struct OpenResponse<'s> {
    /// The number of the page.
    pub(super) id: u64,
    pub(super) draft: Draft,
    /// The request in messages, and its number.
    pub(super) shown: &'s str,
    pub(super) number: u64,
    pub(super) response: Response,
    pub(super) body: Body,
}

impl OpenResponse<'_> {
    /// The request in messages, after so many bytes of the body.
    fn request(&self, bytes: u64) -> String {
        format!(
            "{} ({}, {}, request {})",
            self.shown,
            self.response.status,
            Bytes(bytes),
            self.number
        )
    }
}

/// Why a body was not read to its end.
enum Stop {
    Body(BodyError),
    Transport(TransportError),
    /// A row does not fit the schema; the rows of its batch before it.
    Row(Box<Decoded>),
    /// A row cannot be read.
    Unreadable(Error, Batch),
}

impl From<BodyError> for Stop {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

impl From<TransportError> for Stop {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}

impl Requests<'_> {
    /// Decodes a response by the decoder of its resource. Returns the outcome, and how many bytes of the body no
    /// partial page counted. The permit is returned before rows are delivered: no other request waits for the
    /// consumer of these.
    pub(super) async fn decode_open(
        &self,
        mut open: OpenResponse<'_>,
        permit: &mut Option<Permit<'_>>,
    ) -> (AttemptOutcome<DecodedPage>, u64) {
        let resource = &self.spec.resource;
        let most = self.spec.client.plan().max_response_bytes;
        let decoder = match BodyDecoder::new(resource, self.spec.client.hooks(), most) {
            Ok(decoder) => decoder,
            Err(error) => return (AttemptOutcome::Broken(error), 0),
        };
        let has_parts = resource.decoder.has_parts();
        if has_parts {
            if let Err(error) = self.read_json_error(&mut open).await {
                return (self.interruption(&error, open.request(0)), 0);
            }
            let bytes = open.response.body.len() as u64;
            let outcome = match self.spec.client.verdict(resource, &open.response) {
                Ok(None) => None,
                Ok(Some(verdict)) if verdict.action == Action::Success => None,
                Ok(Some(verdict)) => Some(self.ruled(verdict, &open.response, open.request(bytes))),
                Err(error) => Some(AttemptOutcome::Broken(
                    error.with_request(open.request(bytes)),
                )),
            };
            if let Some(outcome) = outcome {
                return (outcome, bytes);
            }
        }
        let mut reader = BodyReader {
            requests: self,
            decoder,
            open,
            permit,
            held: None,
            bytes: 0,
            uncounted: 0,
            received: 0,
            selected: 0,
            fingerprint: None,
        };
        let stop = reader.read().await.err();
        if has_parts {
            reader.end(stop).await
        } else {
            reader.end_page(stop)
        }
    }

    /// Reads a body of JSON in place of rows, where a hook or a rule looks at bodies: it may be an error.
    async fn read_json_error(&self, open: &mut OpenResponse<'_>) -> Result<(), TransportError> {
        let content_type = open.response.headers.get("Content-Type");
        let is_json = content_type.is_some_and(|it| it.to_ascii_lowercase().contains("json"));
        let resource = &self.spec.resource;
        let mut rules = resource.response_actions.iter();
        let looks_at_body =
            resource.on_response.is_some() || rules.any(ResponseAction::looks_at_body);
        if is_json && looks_at_body {
            let most = self.spec.client.plan().max_response_bytes;
            let body = std::mem::replace(&mut open.body, Body::empty());
            open.response.body = self.spec.client.context().read(body, most).await?;
        }
        Ok(())
    }

    /// The outcome of a body that broke off before any of its rows was delivered.
    fn interruption(&self, error: &TransportError, request: String) -> AttemptOutcome<DecodedPage> {
        if error.may_retry() {
            return AttemptOutcome::Refused(Box::new(self.interrupted(error, request)));
        }
        AttemptOutcome::Broken(exchange::fatal(error.clone()).with_request(request))
    }
}

/// Reads one body.
struct BodyReader<'r, 's, 'p, 'c> {
    requests: &'r Requests<'r>,
    decoder: BodyDecoder,
    open: OpenResponse<'s>,
    permit: &'p mut Option<Permit<'c>>,
    /// A batch is delivered once more follows, so that the last one comes with the facts of the page.
    held: Option<Batch>,
    /// Bytes of the body.
    bytes: u64,
    /// Those that no partial page counted.
    uncounted: u64,
    /// Raw rows and records of the partial pages, and their fingerprint.
    received: u64,
    selected: u64,
    fingerprint: Option<PageFingerprint>,
}

impl BodyReader<'_, '_, '_, '_> {
    /// Reads the body to its end, and delivers all full batches but the last.
    async fn read(&mut self) -> Result<(), Stop> {
        let whole = std::mem::take(&mut self.open.response.body);
        self.take(&whole).await?;
        let client = &self.requests.spec.client;
        while let Some(chunk) = client.context().next_bytes(&mut self.open.body).await? {
            self.take(&chunk).await?;
        }
        Ok(self.decoder.finish()?)
    }

    async fn take(&mut self, mut bytes: &[u8]) -> Result<(), Stop> {
        self.bytes += bytes.len() as u64;
        self.uncounted += bytes.len() as u64;
        while let Some(batch) = self.decoder.push(&mut bytes)? {
            if let Some(before) = self.held.replace(batch) {
                self.deliver(before).await?;
            }
        }
        Ok(())
    }

    fn decode(&self, mut batch: Batch) -> Result<Decoded, Stop> {
        match batch.decode(
            self.received,
            Some(&self.open.response.headers),
            &self.requests.shape,
        ) {
            Ok(decoded) if decoded.failure.is_some() => Err(Stop::Row(Box::new(decoded))),
            Ok(decoded) => Ok(decoded),
            Err(error) => Err(Stop::Unreadable(error, batch)),
        }
    }

    /// Delivers a batch that is not the last.
    async fn deliver(&mut self, batch: Batch) -> Result<(), Stop> {
        let decoded = self.decode(batch)?;
        self.permit.take();
        self.received += decoded.received;
        self.selected += decoded.selected;
        let fingerprint = PageFingerprint::of(&decoded, &self.requests.spec.resource);
        self.fingerprint = Some(fingerprint.after(self.fingerprint));
        let page = PartialPage {
            id: self.open.id,
            page: DecodedPage {
                request: self.open.request(self.bytes),
                decoded,
            },
            bytes: std::mem::take(&mut self.uncounted),
        };
        self.requests.partial_pages.deliver(page).await;
        Ok(())
    }

    /// The outcome of a page that is read whole.
    fn end_page(mut self, stop: Option<Stop>) -> (AttemptOutcome<DecodedPage>, u64) {
        let bytes = self.bytes;
        let outcome = match stop {
            Some(stop) if self.is_transient(&stop) => self.refused(&stop),
            Some(stop) => AttemptOutcome::Broken(self.error(stop, 0)),
            None => {
                let OpenResponse {
                    draft,
                    shown,
                    number,
                    mut response,
                    ..
                } = self.open;
                response.body = self.decoder.take().text;
                let FetchSpec {
                    client, resource, ..
                } = self.requests.spec;
                match client.verdict(resource, &response) {
                    Ok(verdict) => self.requests.read(draft, shown, response, number, verdict),
                    Err(error) => AttemptOutcome::Broken(error.or_request(|| shown.to_owned())),
                }
            }
        };
        (outcome, bytes)
    }

    /// The outcome of a page of rows: its last rows, and its failure.
    async fn end(mut self, mut stop: Option<Stop>) -> (AttemptOutcome<DecodedPage>, u64) {
        if let Some(stop) = &stop
            && self.is_transient(stop)
        {
            return (self.refused(stop), self.uncounted);
        }
        let mut rows = self.requests.nothing();
        if !matches!(stop, Some(Stop::Row(_) | Stop::Unreadable(..))) {
            match self.last_rows().await {
                Ok(last) => rows = last,
                // It comes before what ended the body.
                Err(earlier) => stop = Some(earlier),
            }
        }
        let failure = match stop {
            None => None,
            Some(Stop::Row(mut decoded)) => {
                let failure = decoded.failure.take();
                rows = *decoded;
                failure
            }
            Some(stop) if self.is_transient(&stop) => return (self.refused(&stop), self.uncounted),
            Some(stop) => Some(self.error(stop, rows.received)),
        };
        let bytes = self.uncounted;
        (self.last_page(rows, failure), bytes)
    }

    /// The rows that are left, after those that are held.
    async fn last_rows(&mut self) -> Result<Decoded, Stop> {
        let last = self.decoder.take();
        let last = match self.held.take() {
            Some(held) if last.is_empty() => held,
            Some(held) => {
                self.deliver(held).await?;
                last
            }
            // An archive without members, or without any that is read.
            None if last.is_empty() && !self.requests.spec.resource.decoder.has_rows() => {
                return Ok(self.requests.nothing());
            }
            None => last,
        };
        self.decode(last)
    }

    fn last_page(self, mut rows: Decoded, failure: Option<Error>) -> AttemptOutcome<DecodedPage> {
        let request = self.open.request(self.bytes);
        let resource = &self.requests.spec.resource;
        let (received, selected) = (rows.received, rows.selected);
        let fingerprint = PageFingerprint::of(&rows, resource).after(self.fingerprint);
        rows.failure = failure;
        let OpenResponse {
            draft, response, ..
        } = self.open;
        let mut outcome = self
            .requests
            .page(draft, response.headers, request, rows, false);
        if let AttemptOutcome::Page(facts, _) = &mut outcome {
            facts.received = self.received + received;
            facts.selected = self.selected + selected;
            facts.fingerprint = fingerprint;
            facts.is_partly_delivered = self.received > 0;
        }
        outcome
    }

    /// Whether a retry may get the whole body: nothing of it was delivered.
    fn is_transient(&self, stop: &Stop) -> bool {
        let may_pass = match stop {
            Stop::Body(error) => error.is_incomplete,
            Stop::Transport(error) => error.may_retry(),
            Stop::Row(_) => false,
            Stop::Unreadable(_, batch) => batch.is_cut(),
        };
        may_pass && self.received == 0
    }

    fn refused(&self, stop: &Stop) -> AttemptOutcome<DecodedPage> {
        let request = self.open.request(self.bytes);
        let failed_attempt = match stop {
            Stop::Transport(error) => self.requests.interrupted(error, request),
            Stop::Body(BodyError { error, .. }) => self.requests.cut(error, &[], request),
            Stop::Unreadable(error, batch) => self.requests.cut(error, &batch.text, request),
            // A row that does not fit is not transient.
            Stop::Row(_) => return AttemptOutcome::Held(Duration::ZERO),
        };
        AttemptOutcome::Refused(Box::new(failed_attempt))
    }

    /// The error that ends the page. `last` rows are delivered with it.
    fn error(&self, stop: Stop, last: u64) -> Error {
        let delivered = self.received + last;
        let request = self.open.request(self.bytes);
        let error = match stop {
            Stop::Transport(error) => exchange::fatal(error),
            Stop::Body(BodyError { error, .. }) => {
                self.requests
                    .unreadable(error, &self.open.response.headers, &[])
            }
            Stop::Unreadable(error, batch) => {
                let headers = &self.open.response.headers;
                self.requests.unreadable(error, headers, &batch.text)
            }
            Stop::Row(decoded) => decoded
                .failure
                .unwrap_or_else(|| Error::new(ErrorKind::Response, "a row cannot be read")),
        };
        let error = error.with_request(request);
        if delivered > 0 {
            error.with_detail(format!(
                "{delivered} records of the response were delivered before it: the request is not repeated, which \
                 would deliver them twice"
            ))
        } else {
            error
        }
    }
}
