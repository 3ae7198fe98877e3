//! The transport: sends one request. The trait, in the types of the crate [`http`], and its implementation
//! over reqwest.

mod body;
mod message;
#[cfg(feature = "reqwest")]
mod reqwest;

use std::{sync::Arc, time::Duration};

pub use bytes::Bytes;
pub use http;

#[cfg(feature = "reqwest")]
pub use self::reqwest::Reqwest;
pub use self::{
    body::Body,
    message::{Headers, Request, Response},
};
use crate::Secret;
pub use crate::{
    future::BoxFuture,
    transport_error::{TransportError, TransportErrorKind},
};

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

    /// The secrets that it sends beside those of the request, such as the password of a proxy. They are redacted in
    /// messages and logs, because a server may repeat them.
    fn secrets(&self) -> Vec<Secret> {
        Vec::new()
    }
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        (**self).send(request, limits)
    }

    fn secrets(&self) -> Vec<Secret> {
        (**self).secrets()
    }
}

/// Marks a request for credentials, such as a token request, in its
/// [extensions](http::Request::extensions): its body and that of its response hold secrets.
///
/// ```
/// use rest_source::transport::{Bytes, ForCredentials, http};
///
/// fn may_be_recorded(request: &http::Request<Bytes>) -> bool {
///     request.extensions().get::<ForCredentials>().is_none()
/// }
/// # assert!(may_be_recorded(&http::Request::new(Bytes::new())));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ForCredentials;

/// How long a request and how large its response may be.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// The longest a connection may take to be made.
    pub connect_timeout: Duration,
    /// The longest the exchange may take, to the end of the response's body.
    pub timeout: Duration,
    /// Whether the response is decoded while it arrives. `timeout` then bounds the wait for its head, and each
    /// wait for more of its body: how long the body takes depends on its consumer, too.
    pub is_streamed: bool,
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
            is_streamed: false,
            max_response_bytes,
        }
    }
}
