//! The HTTP context of a source: transport, clock, redaction and limits.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::StreamExt as _;
use http::{HeaderMap, StatusCode};

use crate::{
    Clock, Error, ErrorKind, Result, Secret,
    actions::Verdict,
    origin,
    plan::{Method, Retry},
    redact::Redactor,
    retry::RetryBudget,
    run_budget::{RunningBudget, SpentBudget},
    trace,
    transport::{
        Body, BoxFuture, Bytes, ForCredentials, Headers, Limits, Request, Response, Transport,
        TransportError,
    },
};

/// Takes a refresh token that the token endpoint gave in place of another.
pub(crate) type OnRefreshToken =
    Box<dyn Fn(Secret) -> BoxFuture<'static, Result<(), BoxError>> + Send + Sync>;

/// Locks the refresh token for as long as it is used.
pub(crate) type LockRefreshToken =
    Box<dyn Fn() -> BoxFuture<'static, Result<LockedRefreshToken, BoxError>> + Send + Sync>;

/// A refresh token that no other process uses now.
pub(crate) struct LockedRefreshToken {
    /// The current one, where another process may have replaced it.
    pub(crate) token: Option<Secret>,
    /// Unlocks it when dropped.
    pub(crate) _guard: Box<dyn std::any::Any + Send>,
}

/// Whatever goes wrong in a user's code.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Origins with a response to any request.
#[derive(Debug, Default)]
pub(crate) struct AnsweredOrigins(Mutex<Vec<String>>);

impl AnsweredOrigins {
    fn contains(&self, origin: &str) -> bool {
        let origins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        origins.iter().any(|answered| answered == origin)
    }

    fn insert(&self, origin: &str) {
        let mut origins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !origins.iter().any(|answered| answered == origin) {
            origins.push(origin.to_owned());
        }
    }
}

/// Scheme and authority of a URL.
fn origin_of(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let length = url[authority..].find(['/', '?', '#']);
    length.map_or(url, |length| &url[..authority + length])
}

/// The waits before an origin that has never answered is asked again, if it is not there.
const ABSENT_WAITS: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(1)];

/// What a source sends with, for its authenticators.
pub struct HttpContext {
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) jitter: Box<dyn Fn() -> f64 + Send + Sync>,
    pub(crate) redactor: Arc<Redactor>,
    pub(crate) on_refresh_token: Option<OnRefreshToken>,
    pub(crate) lock_refresh_token: Option<LockRefreshToken>,
    /// The origins that have answered.
    pub(crate) answered: AnsweredOrigins,
    pub(crate) retry: Retry,
    pub(crate) retry_budget: Arc<RetryBudget>,
    pub(crate) run_budget: Arc<RunningBudget>,
    pub(crate) connect_timeout: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) max_response_bytes: u64,
}

impl HttpContext {
    /// The source's clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Blanks this in every message from now on: a session's key, say.
    pub fn hide(&self, secret: &Secret) {
        self.redactor.learn_token(secret.expose());
    }

    /// Sends a request of the authenticator's own, to log in, say, with the time and size that the
    /// source's requests may take. It follows no redirect. Any status is a response.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Origin`] when it would go over plain http to another machine;
    /// [`ErrorKind::Transport`] when there is no whole response;
    /// [`ErrorKind::Budget`] when the budget of the run is used up. No secret is in the message.
    pub async fn ask(
        &self,
        method: Method,
        url: &str,
        headers: Headers,
        body: Vec<u8>,
    ) -> Result<Response> {
        let url = origin::parse(url, "an authenticator's URL")?;
        origin::check_scheme(&url)?;
        let request = Request {
            method,
            url: url.into(),
            headers,
            body,
        };
        self.send_for_credentials(&request, self.limits())
            .await
            .map_err(|failure| match failure {
                CredentialsFailure::Spent(spent) => spent.to_error(),
                CredentialsFailure::Transport(error) => {
                    Error::new(ErrorKind::Transport, error.message.clone()).with_cause(error)
                }
            })
    }

    /// The limits of the source's requests.
    pub(crate) fn limits(&self) -> Limits {
        Limits::new(
            self.connect_timeout,
            self.request_timeout,
            self.max_response_bytes,
        )
    }

    /// Sends one request and reads its response to the end.
    ///
    /// # Errors
    ///
    /// When there is no whole response; no secret is in the message.
    pub(crate) async fn send(
        &self,
        request: &Request,
        limits: Limits,
    ) -> Result<Response, TransportError> {
        let received = async { whole(self.transmit(request, limits, false).await?, limits).await };
        received.await.map_err(|error| self.redacted(error))
    }

    /// Sends a request for credentials, which the transport can tell by [`ForCredentials`].
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and when the budget of the run is used up.
    pub(crate) async fn send_for_credentials(
        &self,
        request: &Request,
        limits: Limits,
    ) -> Result<Response, CredentialsFailure> {
        let taken = self.run_budget.take(self.clock.elapsed());
        taken.map_err(CredentialsFailure::Spent)?;
        let shown = || self.shown_without_query(request);
        trace::request(shown, &request.headers, &self.redactor);
        let start = self.clock.elapsed();
        let received = async { whole(self.transmit(request, limits, true).await?, limits).await };
        let received = received.await.map_err(|error| self.redacted(error));
        let took = self.clock.elapsed().saturating_sub(start);
        match &received {
            Ok(response) => {
                let answer = (response.status, Some(response.body.len()));
                trace::response(shown, answer, &response.headers, &self.redactor, took);
            }
            Err(error) => trace::no_response(shown, error, took),
        }
        received.map_err(CredentialsFailure::Transport)
    }

    /// A request for credentials in a message. Its query may hold any of them.
    fn shown_without_query(&self, request: &Request) -> String {
        let url = request.url.split(['?', '#']).next().unwrap_or_default();
        (self.redactor).redact(&format!("{} {url}", request.method.as_str()))
    }

    /// Sends one request. If the origin has never answered, a name that is not found and a refused connection are
    /// retried here, quickly and seldom: they are rather mistakes in `base_url` or the network than an outage.
    async fn transmit(
        &self,
        request: &Request,
        limits: Limits,
        is_for_credentials: bool,
    ) -> Result<http::Response<Body>, TransportError> {
        let origin = origin_of(&request.url);
        let mut waits = ABSENT_WAITS.iter().take(self.retry.max_retries as usize);
        let mut attempts = 1;
        loop {
            let mut http = request.to_http()?;
            if is_for_credentials {
                http.extensions_mut().insert(ForCredentials);
            }
            let sent = self.transport.send(http, limits).await;
            match (sent, waits.next()) {
                (Ok(response), _) => {
                    self.answered.insert(origin);
                    return Ok(response);
                }
                (Err(error), _) if !error.kind.is_absent() || self.answered.contains(origin) => {
                    return Err(error);
                }
                (Err(_), Some(wait)) if self.run_budget.take(self.clock.elapsed()).is_ok() => {
                    self.clock.sleep(*wait).await;
                    attempts += 1;
                }
                (Err(mut error), _) => {
                    if attempts > 1 {
                        error.message = format!("{} (tried {attempts} times)", error.message);
                    }
                    error.is_never_answered = true;
                    return Err(error);
                }
            }
        }
    }

    /// Sends one request, and leaves the body of a success to be read as it arrives.
    ///
    /// # Errors
    ///
    /// When there is no response, or a failure without a whole one; no secret is in the message.
    pub(crate) async fn open(
        &self,
        request: &Request,
        limits: Limits,
    ) -> Result<Opened, TransportError> {
        let opened = self.open_body(request, limits).await;
        opened.map_err(|error| self.redacted(error))
    }

    async fn open_body(&self, request: &Request, limits: Limits) -> Result<Opened, TransportError> {
        // The limit to its size is that of its records.
        let streamed = Limits {
            is_streamed: true,
            max_response_bytes: u64::MAX,
            ..limits
        };
        let sent = self.transmit(request, streamed, false).await?;
        if !is_streamed(&sent) {
            return Ok(Opened::whole(whole(sent, limits).await?));
        }
        let (head, body) = sent.into_parts();
        Ok(Opened {
            response: Response {
                status: head.status.as_u16(),
                headers: Headers::from(&head.headers),
                body: Vec::new(),
            },
            body: Some(body),
            verdict: None,
        })
    }

    fn redacted(&self, mut error: TransportError) -> TransportError {
        error.message = self.redactor.redact(&error.message);
        error
    }

    /// Reads a body to its end, of at most this many bytes.
    ///
    /// # Errors
    ///
    /// When it is longer, or breaks off; no secret is in the message.
    pub(crate) async fn read(&self, body: Body, most: u64) -> Result<Vec<u8>, TransportError> {
        let read = body.read(&HeaderMap::new(), most).await;
        read.map_err(|error| self.redacted(error))
    }

    /// The next bytes of a body that was left to be read.
    ///
    /// # Errors
    ///
    /// When it breaks off; no secret is in the message.
    pub(crate) async fn next_bytes(
        &self,
        body: &mut Body,
    ) -> Result<Option<Bytes>, TransportError> {
        let next = body.next().await.transpose();
        next.map_err(|error| self.redacted(error))
    }
}

/// Why a request for credentials brought no response.
pub(crate) enum CredentialsFailure {
    Transport(TransportError),
    /// It was not sent.
    Spent(SpentBudget),
}

/// A response, with its body or with that still to be read.
pub(crate) struct Opened {
    /// Without a body, if that is still to be read.
    pub(crate) response: Response,
    pub(crate) body: Option<Body>,
    /// What a response with its body means, where the hook or a rule of its resource decides.
    pub(crate) verdict: Option<Verdict>,
}

impl Opened {
    /// A response with its body.
    pub(crate) const fn whole(response: Response) -> Self {
        Self {
            response,
            body: None,
            verdict: None,
        }
    }
}

/// Whether a body is read as it arrives. That of a failure is for the rules and messages.
fn is_streamed(response: &http::Response<Body>) -> bool {
    response.status().is_success() && response.status() != StatusCode::NO_CONTENT
}

/// Reads a response to its end.
async fn whole(sent: http::Response<Body>, limits: Limits) -> Result<Response, TransportError> {
    let (head, body) = sent.into_parts();
    Ok(Response {
        status: head.status.as_u16(),
        headers: Headers::from(&head.headers),
        body: body.read(&head.headers, limits.max_response_bytes).await?,
    })
}

impl fmt::Debug for HttpContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpContext")
    }
}
