//! The HTTP context of a source: transport, clock, redaction and limits.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::{
    Clock, Error, ErrorKind, Result, Secret, origin,
    plan::{Method, Retry},
    redact::Redactor,
    transport::{
        BoxFuture, Headers, Limits, Request, Response, Transport, TransportError,
        TransportErrorKind,
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

/// What a source sends with, for its authenticators.
pub struct HttpContext {
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) jitter: Box<dyn Fn() -> f64 + Send + Sync>,
    pub(crate) redactor: Arc<Redactor>,
    pub(crate) on_refresh_token: Option<OnRefreshToken>,
    pub(crate) lock_refresh_token: Option<LockRefreshToken>,
    /// Whether there was a response to any request.
    pub(crate) has_answered: AtomicBool,
    pub(crate) retry: Retry,
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
    /// [`ErrorKind::Transport`] when there is no whole response. No secret is in the message.
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
        self.send(&request, self.limits()).await.map_err(|error| {
            Error::new(ErrorKind::Transport, error.message.clone()).with_cause(error)
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
        let received = self.receive(request, limits).await;
        if received.is_ok() {
            self.has_answered.store(true, Ordering::Relaxed);
        }
        received.map_err(|mut error| {
            error.message = self.redactor.redact(&error.message);
            error
        })
    }

    async fn receive(&self, request: &Request, limits: Limits) -> Result<Response, TransportError> {
        let sent = self.transport.send(request.to_http()?, limits).await?;
        let (head, body) = sent.into_parts();
        Ok(Response {
            status: head.status.as_u16(),
            headers: Headers::from(&head.headers),
            body: body.read(&head.headers, limits.max_response_bytes).await?,
        })
    }

    /// Whether the same request may succeed later. A host that was never found is misspelt, or there is
    /// no network: neither is mended by asking again.
    pub(crate) fn may_retry(&self, error: &TransportError) -> bool {
        match error.kind {
            TransportErrorKind::UnknownHost => self.has_answered.load(Ordering::Relaxed),
            kind => kind.is_transient(),
        }
    }
}

impl fmt::Debug for HttpContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpContext")
    }
}
