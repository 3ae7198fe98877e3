//! Sending one request and reading its response to the end.

#[cfg(feature = "reqwest")]
mod reqwest;

#[cfg(feature = "reqwest")]
pub use self::reqwest::Reqwest;

use std::{fmt, future::Future, pin::Pin, time::Duration};

use crate::plan::Method;

/// A future on the heap, as a trait object's method returns it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What sends requests. The default is reqwest's client; a test gives one of its own.
///
/// An implementation sends the request as it is: it follows no redirect, adds no credential and no
/// `Referer`, and keeps no cookie. It reads the body to its end, decompressed.
///
/// ```
/// use rest_source::transport::{
///     BoxFuture, Headers, Request, Response, Transport, TransportError,
/// };
///
/// /// Answers every request with an empty list.
/// struct Empty;
///
/// impl Transport for Empty {
///     fn send<'a>(
///         &'a self,
///         _: &'a Request,
///     ) -> BoxFuture<'a, Result<Response, TransportError>> {
///         Box::pin(async {
///             Ok(Response {
///                 status: 200,
///                 headers: Headers::new(),
///                 body: b"[]".to_vec(),
///             })
///         })
///     }
/// }
/// ```
pub trait Transport: Send + Sync + 'static {
    /// Sends one request and reads its response.
    ///
    /// # Errors
    ///
    /// When there is no whole response: see [`TransportErrorKind`]. Any status is a response.
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>>;
}

/// A request, complete with its credentials.
///
/// Its `Debug` shows neither the query nor the values of headers, nor the body.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The absolute URL, its query included.
    pub url: String,
    /// The headers, in order.
    pub headers: Headers,
    /// The body, empty where there is none.
    pub body: Vec<u8>,
    /// The longest a connection may take to be made.
    pub connect_timeout: Duration,
    /// The longest it all may take, to the end of the response's body.
    pub timeout: Duration,
    /// The most bytes of the response's body, after decompression.
    pub max_response_bytes: u64,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.split(['?', '#']).next().unwrap_or_default();
        write!(
            f,
            "Request({:?} {url}, {} bytes)",
            self.method,
            self.body.len()
        )
    }
}

/// A response, its body read to the end and decompressed.
#[derive(Clone)]
pub struct Response {
    /// The status, 100 to 599.
    pub status: u16,
    /// The headers, in order.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({}, {} bytes)", self.status, self.body.len())
    }
}

/// Header fields, in order; names compare without regard to case.
#[derive(Clone, Default)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// No fields.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The first value of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Every value of this name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    }

    /// Adds a field.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// Puts a field in place of all of its name.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let name = name.into();
        self.remove(&name);
        self.push(name, value);
    }

    /// Takes out all fields of this name.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
    }

    /// The fields, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }
}

impl fmt::Debug for Headers {
    /// The names alone: a value may be a credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

/// Why there is no whole response.
#[derive(Clone, Debug)]
pub struct TransportError {
    /// What happened.
    pub kind: TransportErrorKind,
    /// In words, without the URL.
    pub message: String,
}

impl TransportError {
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
