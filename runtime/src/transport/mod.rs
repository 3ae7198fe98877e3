//! Sending one request: the trait, in the types of the crate [`http`], and its implementation over
//! reqwest.

mod body;
mod message;
#[cfg(feature = "reqwest")]
mod reqwest;

use std::{fmt, future::Future, pin::Pin, time::Duration};

pub use bytes::Bytes;
pub use http;

#[cfg(feature = "reqwest")]
pub use self::reqwest::Reqwest;
pub use self::{
    body::Body,
    message::{Headers, Request, Response},
};

/// A future on the heap, as a trait object's method returns it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends requests. The default is reqwest's client; a test provides its own.
///
/// An implementation sends the request as it is: it follows no redirect, adds no credential and no
/// `Referer`, and keeps no cookie. The body that it returns is decompressed. The request carries
/// credentials in its URL, headers or body: never log it.
///
/// ```
/// use rest_source::transport::{
///     Body, BoxFuture, Bytes, Limits, Transport, TransportError, http,
/// };
///
/// /// Answers every request with an empty list.
/// struct Empty;
///
/// impl Transport for Empty {
///     fn send(
///         &self,
///         _: http::Request<Bytes>,
///         _: Limits,
///     ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
///         Box::pin(async { Ok(http::Response::new(Body::from("[]"))) })
///     }
/// }
/// ```
///
/// [`Request::from_http`] and [`Response::into_http`] are for tests that rather deal with text.
pub trait Transport: Send + Sync + 'static {
    /// Sends one request and returns the head of its response; the body is read from the stream.
    ///
    /// # Errors
    ///
    /// When there is no response: see [`TransportErrorKind`]. Any status is a response.
    fn send(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>>;
}

/// How long a request and how large its response may be.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// The longest a connection may take to be made.
    pub connect_timeout: Duration,
    /// The longest the exchange may take, to the end of the response's body.
    pub timeout: Duration,
    /// The most bytes of the response's body, after decompression. The source stops reading there; a
    /// transport need not count.
    pub max_response_bytes: u64,
}

impl Limits {
    /// These limits.
    pub const fn new(
        connect_timeout: Duration,
        timeout: Duration,
        max_response_bytes: u64,
    ) -> Self {
        Self {
            connect_timeout,
            timeout,
            max_response_bytes,
        }
    }
}

/// Why there is no whole response.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TransportError {
    /// What happened.
    pub kind: TransportErrorKind,
    /// In words, without the URL.
    pub message: String,
}

impl TransportError {
    /// An error of this kind; the message names no URL, since it may hold a key.
    pub fn new(kind: TransportErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// What may be done about it.
    pub(crate) fn help(&self) -> Option<&'static str> {
        match self.kind {
            TransportErrorKind::UnknownHost => {
                Some("check the host in the URL, and the connection to the network")
            }
            TransportErrorKind::Connect => {
                Some("check the host and port in the URL, and whether the server is running")
            }
            TransportErrorKind::Tls if self.message.contains("certificate") => Some(
                "if an authority of your own signed the server's certificate, name the file with the \
                 authority's certificate in the variable `SSL_CERT_FILE`",
            ),
            _ => None,
        }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TransportError {}

/// The kinds of [`TransportError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection: refused, unreachable, out of time. Retried.
    Connect,
    /// The name of the host, or of the proxy, was not found. Retried if the source has had a response
    /// before.
    UnknownHost,
    /// No certificate that holds, or no TLS at all. Not retried.
    Tls,
    /// Out of time. Retried.
    Timeout,
    /// The connection ended before the response did. Retried.
    Interrupted,
    /// The body is longer than allowed. Not retried.
    TooLarge,
    /// What came is no HTTP, or not as compressed as it says. Not retried.
    Protocol,
    /// The request itself cannot be sent. Not retried.
    Request,
}

impl TransportErrorKind {
    /// Whether the same request may succeed later.
    pub const fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Connect | Self::UnknownHost | Self::Timeout | Self::Interrupted
        )
    }
}
