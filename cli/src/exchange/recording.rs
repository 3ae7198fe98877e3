//! A transport that records its exchanges.

use std::{
    collections::VecDeque,
    future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures_util::StreamExt as _;
use rest_source::{
    Secret,
    transport::{
        self, BoxFuture, Bytes, ForCredentials, Headers, Limits, Request, Transport,
        TransportError, http,
    },
};
use tokio::sync::Notify;

/// The longest body that is recorded whole, in bytes.
pub(crate) const LONGEST_BODY: usize = 64 << 20;

/// One request and its response, with secrets: never print it but through a
/// [`Redaction`](super::Redaction).
#[derive(Clone)]
pub(crate) struct Exchange {
    pub(crate) request: Request,
    pub(crate) outcome: Outcome,
    /// The time up to the end of the response.
    pub(crate) took: Duration,
    /// Whether it is a request for credentials, whose bodies hold secrets.
    pub(crate) is_for_credentials: bool,
}

/// The outcome of a request.
#[derive(Clone)]
pub(crate) enum Outcome {
    /// The request was not sent, because the page limit was reached.
    Held,
    /// No response has arrived yet.
    Sent,
    Response {
        status: u16,
        headers: Headers,
        body: Body,
    },
    Failed(String),
}

/// The recorded part of a body.
#[derive(Clone, Default)]
pub(crate) struct Body {
    pub(crate) bytes: Vec<u8>,
    /// Bytes beyond [`LONGEST_BODY`], which are not recorded.
    pub(crate) omitted: usize,
    /// Whether its end arrived.
    pub(crate) is_whole: bool,
    /// Whether no more of it is read.
    has_ended: bool,
}

impl Exchange {
    /// Whether this is a response with records, as far as HTTP shows.
    pub(crate) fn is_page(&self) -> bool {
        let is_success = matches!(&self.outcome, Outcome::Response { status, .. } if (200..300).contains(status));
        is_success && !self.is_for_credentials
    }

    /// Whether nothing of it is still to come.
    fn has_ended(&self) -> bool {
        match &self.outcome {
            Outcome::Sent => false,
            Outcome::Response { body, .. } => body.has_ended,
            Outcome::Held | Outcome::Failed(_) => true,
        }
    }
}

/// Records the exchanges of a client. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Recording(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    most_pages: Option<u64>,
    held: Notify,
}

#[derive(Default)]
struct State {
    exchanges: VecDeque<Exchange>,
    /// The number of exchanges that were taken out, and of pages among them.
    taken: usize,
    taken_pages: u64,
}

impl Recording {
    /// Holds the request after this number of pages: it is recorded, not sent, and its future never ends.
    pub(crate) fn of_pages(most_pages: Option<u64>) -> Self {
        Self(Arc::new(Shared {
            most_pages,
            ..Shared::default()
        }))
    }

    /// Whether it holds the request after a number of pages.
    pub(crate) fn is_limited(&self) -> bool {
        self.0.most_pages.is_some()
    }

    /// A transport that sends through another one and records.
    pub(crate) fn transport(&self, inner: impl Transport) -> impl Transport {
        Recorder {
            inner,
            recording: self.clone(),
        }
    }

    /// Waits until a request is held.
    pub(crate) async fn held(&self) {
        self.0.held.notified().await;
    }

    /// Takes out the exchanges before the first that has not ended.
    pub(crate) fn take_ended(&self) -> Vec<Exchange> {
        let mut state = self.lock();
        let ended = state.exchanges.iter().take_while(|one| one.has_ended());
        let ended = ended.count();
        state.take(ended)
    }

    /// Takes out all exchanges.
    pub(crate) fn take_all(&self) -> Vec<Exchange> {
        let mut state = self.lock();
        let all = state.exchanges.len();
        state.take(all)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        (self.0.state.lock()).unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an exchange. Returns its number, or `None` if its request is held.
    fn begin(&self, request: &http::Request<Bytes>) -> Option<usize> {
        let mut state = self.lock();
        let is_for_credentials = request.extensions().get::<ForCredentials>().is_some();
        let pages = state.exchanges.iter().filter(|exchange| exchange.is_page());
        let pages = state.taken_pages + pages.count() as u64;
        let is_held = !is_for_credentials && self.0.most_pages.is_some_and(|most| pages >= most);
        state.exchanges.push_back(Exchange {
            request: Request::from_http(request),
            outcome: if is_held {
                Outcome::Held
            } else {
                Outcome::Sent
            },
            took: Duration::ZERO,
            is_for_credentials,
        });
        (!is_held).then(|| state.taken + state.exchanges.len() - 1)
    }

    fn update(&self, at: usize, start: Instant, update: impl FnOnce(&mut Outcome)) {
        if let Some(exchange) = self.lock().get_mut(at) {
            exchange.took = start.elapsed();
            update(&mut exchange.outcome);
        }
    }

    fn record_chunk(
        &self,
        at: usize,
        start: Instant,
        chunk: Option<&Result<Bytes, TransportError>>,
    ) {
        self.update(at, start, |outcome| match chunk {
            Some(Err(error)) => *outcome = Outcome::Failed(error.message.clone()),
            Some(Ok(bytes)) => {
                if let Outcome::Response { body, .. } = outcome {
                    let room = LONGEST_BODY - body.bytes.len();
                    let (kept, rest) = bytes.split_at(bytes.len().min(room));
                    body.bytes.extend_from_slice(kept);
                    body.omitted += rest.len();
                }
            }
            None => {
                if let Outcome::Response { body, .. } = outcome {
                    body.is_whole = true;
                    body.has_ended = true;
                }
            }
        });
    }

    /// Nothing more is read of a body.
    fn end(&self, at: usize) {
        if let Some(exchange) = self.lock().get_mut(at)
            && let Outcome::Response { body, .. } = &mut exchange.outcome
        {
            body.has_ended = true;
        }
    }
}

impl State {
    fn get_mut(&mut self, number: usize) -> Option<&mut Exchange> {
        self.exchanges.get_mut(number.checked_sub(self.taken)?)
    }

    fn take(&mut self, count: usize) -> Vec<Exchange> {
        let taken: Vec<Exchange> = self.exchanges.drain(..count).collect();
        self.taken += taken.len();
        self.taken_pages += taken.iter().filter(|exchange| exchange.is_page()).count() as u64;
        taken
    }
}

/// The transport of a [`Recording`].
struct Recorder<T> {
    inner: T,
    recording: Recording,
}

impl<T: Transport> Transport for Recorder<T> {
    fn secrets(&self) -> Vec<Secret> {
        self.inner.secrets()
    }

    fn send(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<transport::Body>, TransportError>> {
        Box::pin(async move {
            let recording = self.recording.clone();
            let Some(at) = recording.begin(&request) else {
                recording.0.held.notify_one();
                return future::pending().await;
            };
            let start = Instant::now();
            let response = match self.inner.send(request, limits).await {
                Ok(response) => response,
                Err(error) => {
                    recording.update(at, start, |outcome| {
                        *outcome = Outcome::Failed(error.message.clone());
                    });
                    return Err(error);
                }
            };
            let (head, body) = response.into_parts();
            recording.update(at, start, |outcome| {
                *outcome = Outcome::Response {
                    status: head.status.as_u16(),
                    headers: Headers::from(&head.headers),
                    body: Body::default(),
                };
            });
            let chunks = body.map(Some).chain(futures_util::stream::iter([None]));
            let reader = Reader {
                recording,
                at,
                start,
            };
            let chunks = chunks.filter_map(move |chunk| {
                reader.record(chunk.as_ref());
                future::ready(chunk)
            });
            let body = transport::Body::from_stream(chunks);
            Ok(http::Response::from_parts(head, body))
        })
    }
}

/// The reader of a body, which is recorded as ended when it is dropped: a fetch may leave the rest of a body unread.
struct Reader {
    recording: Recording,
    at: usize,
    start: Instant,
}

impl Reader {
    fn record(&self, chunk: Option<&Result<Bytes, TransportError>>) {
        self.recording.record_chunk(self.at, self.start, chunk);
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.recording.end(self.at);
    }
}
