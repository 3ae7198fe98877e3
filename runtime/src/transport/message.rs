//! HTTP messages as text, for authenticators, paginators and tests.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};

use super::{Body, TransportError, TransportErrorKind};
use crate::plan::Method;

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
}

impl Request {
    /// What a transport sends. Every header is marked as sensitive: only the source knows which one is the
    /// key.
    ///
    /// # Errors
    ///
    /// When HTTP allows no such URL or header.
    pub fn to_http(&self) -> Result<http::Request<Bytes>, TransportError> {
        let unsendable = |message| TransportError::new(TransportErrorKind::Request, message);
        let mut request = http::Request::new(Bytes::from(self.body.clone()));
        *request.method_mut() = match self.method {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
            Method::Put => http::Method::PUT,
            Method::Patch => http::Method::PATCH,
            Method::Delete => http::Method::DELETE,
        };
        *request.uri_mut() = Uri::try_from(self.url.as_str())
            .map_err(|error| unsendable(format!("the URL does not parse: {error}")))?;
        for (name, value) in self.headers.iter() {
            let field = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| unsendable(format!("`{name}` is not a valid header name")))?;
            let mut value = HeaderValue::from_bytes(value.as_bytes())
                .map_err(|_| unsendable(format!("the value of header `{name}` cannot be sent")))?;
            value.set_sensitive(true);
            request.headers_mut().append(field, value);
        }
        Ok(request)
    }

    /// The request that a transport was given, as text.
    pub fn from_http(request: &http::Request<Bytes>) -> Self {
        Self {
            method: match *request.method() {
                http::Method::POST => Method::Post,
                http::Method::PUT => Method::Put,
                http::Method::PATCH => Method::Patch,
                http::Method::DELETE => Method::Delete,
                _ => Method::Get,
            },
            url: request.uri().to_string(),
            headers: Headers::from(request.headers()),
            body: request.body().to_vec(),
        }
    }
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

impl Response {
    /// What a transport returns.
    ///
    /// # Errors
    ///
    /// When HTTP has no such status or header.
    pub fn into_http(self) -> Result<http::Response<Body>, TransportError> {
        let invalid = |what| TransportError::new(TransportErrorKind::Protocol, what);
        let mut response = http::Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status)
            .map_err(|_| invalid(format!("{} is not a valid status", self.status)))?;
        for (name, value) in self.headers.iter() {
            let field = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_bytes(value.as_bytes());
            let (Ok(field), Ok(value)) = (field, value) else {
                return Err(invalid(format!("header `{name}` is invalid")));
            };
            response.headers_mut().append(field, value);
        }
        Ok(response)
    }
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

/// A value that is not UTF-8 has its bytes read as Latin-1.
impl From<&HeaderMap> for Headers {
    fn from(fields: &HeaderMap) -> Self {
        let text = |value: &HeaderValue| match std::str::from_utf8(value.as_bytes()) {
            Ok(text) => text.to_owned(),
            Err(_) => value.as_bytes().iter().copied().map(char::from).collect(),
        };
        let fields = fields.iter();
        Self(
            fields
                .map(|(name, value)| (name.as_str().to_owned(), text(value)))
                .collect(),
        )
    }
}
