//! What a source sends with: its transport, clock and limits.

use std::{fmt, sync::Arc, time::Duration};

use url::Url;

use crate::{
    Clock, Secret,
    plan::{Method, Retry},
    redact::Redactor,
    transport::{BoxFuture, Headers, Request, Response, Transport, TransportError},
};

/// Takes a refresh token that the token endpoint gave in place of another.
pub(crate) type OnRefreshToken =
    Box<dyn Fn(Secret) -> BoxFuture<'static, Result<(), BoxError>> + Send + Sync>;

/// Whatever goes wrong in a user's code.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The transport, and what every request is sent with.
pub(crate) struct Wire {
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) jitter: Box<dyn Fn() -> f64 + Send + Sync>,
    pub(crate) redactor: Arc<Redactor>,
    pub(crate) on_refresh_token: Option<OnRefreshToken>,
    pub(crate) retry: Retry,
    pub(crate) connect_timeout: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) max_response_bytes: u64,
}

impl Wire {
    /// A request with the source's limits.
    pub(crate) fn request(
        &self,
        method: Method,
        url: &Url,
        headers: Headers,
        body: Vec<u8>,
    ) -> Request {
        Request {
            method,
            url: url.to_string(),
            headers,
            body,
            connect_timeout: self.connect_timeout,
            timeout: self.request_timeout,
            max_response_bytes: self.max_response_bytes,
        }
    }

    /// Sends one request.
    ///
    /// # Errors
    ///
    /// When there is no whole response; no secret is in the message.
    pub(crate) async fn send(&self, request: &Request) -> Result<Response, TransportError> {
        self.transport
            .send(request)
            .await
            .map_err(|error| TransportError {
                kind: error.kind,
                message: self.redactor.redact(&error.message),
            })
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}
