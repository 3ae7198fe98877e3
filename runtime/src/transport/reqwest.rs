//! The default transport: reqwest's client, with everything off that it would do by itself.

use std::{
    error::Error as StdError,
    fmt,
    future::ready,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reqwest::{
    Client, RequestBuilder,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{HeaderName, HeaderValue},
};
use url::Url;

use self::{
    gzip::{Gunzip, GzipError, is_gzip},
    proxy::Proxy,
    tls::{is_tls, with_tls},
};
use super::{BoxFuture, Headers, Request, Response, Transport, TransportError, TransportErrorKind};
use crate::{origin::is_loopback, plan::Method, report::Seconds};

/// reqwest's client. Connections are kept and shared by all requests.
///
/// It speaks HTTP/1.1 and HTTP/2, takes gzip, brotli, zstd and deflate, and goes through the proxies
/// that `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` name, but to loopback always
/// directly; a variable without a valid proxy is an error. With one of the features `tls-…` it speaks TLS, and trusts the certificate authorities of
/// the platform; on Linux, `SSL_CERT_FILE` and `SSL_CERT_DIR` name others.
#[derive(Default)]
pub struct Reqwest {
    /// The limit to connecting, and the proxies, are the client's and not the request's.
    clients: Mutex<Vec<(Kind, Client)>>,
}

/// What sets one of its clients apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    connect_timeout: Duration,
    loopback: bool,
    https: bool,
}

impl Reqwest {
    /// A transport without connections yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn client(&self, kind: Kind) -> Result<Client, TransportError> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = clients.iter().find(|(made, _)| *made == kind) {
            return Ok(client.clone());
        }
        let client = build(kind)?;
        clients.push((kind, client.clone()));
        Ok(client)
    }

    async fn exchange(&self, request: &Request) -> Result<Response, TransportError> {
        let url = Url::parse(&request.url)
            .map_err(|error| unsendable(format!("the URL does not parse: {error}")))?;
        let kind = Kind {
            connect_timeout: request.connect_timeout,
            loopback: is_loopback(&url),
            https: url.scheme() == "https",
        };
        let proxy = if kind.loopback {
            None
        } else {
            proxy::of(&url).map_err(unsendable)?
        };
        let client = self.client(kind)?;
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let outgoing = client.request(method, url).timeout(request.timeout);
        let outgoing = with_headers(outgoing, &request.headers)?.body(request.body.clone());
        let failed = |error| explain(error, request, proxy.as_ref());
        let incoming = outgoing.send().await.map_err(failed)?;
        let status = incoming.status().as_u16();
        let mut headers = read_headers(&incoming);
        let body = if is_gzip(&headers) {
            headers.remove("Content-Encoding");
            read_gzip(incoming, request).await?
        } else {
            read_body(incoming, request).await?
        };
        Ok(Response {
            status,
            headers,
            body,
        })
    }
}

impl Transport for Reqwest {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        Box::pin(self.exchange(request))
    }
}

impl fmt::Debug for Reqwest {
    /// Without its clients: they would show the proxies, and a proxy's URL may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reqwest")
    }
}

fn build(kind: Kind) -> Result<Client, TransportError> {
    let mut builder = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        // A member of gzip is not all of a body: see `gzip`.
        .no_gzip()
        .connect_timeout(kind.connect_timeout);
    if kind.loopback {
        builder = builder.no_proxy().dns_resolver(Arc::new(Loopback));
    }
    let builder = with_tls(builder, kind.https)?;
    builder.build().map_err(|error| {
        let error = error.without_url();
        unsendable(format!("no HTTP client: {}", root_cause(&error)))
    })
}

/// Resolves every name to this machine. Names under `localhost` are this machine's (RFC 6761, 6.3), but not
/// every resolver knows.
struct Loopback;

impl Resolve for Loopback {
    fn resolve(&self, _: Name) -> Resolving {
        let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
        let addresses: Addrs = Box::new([v4, v6].into_iter());
        Box::pin(ready(Ok(addresses)))
    }
}

fn with_headers(
    mut outgoing: RequestBuilder,
    headers: &Headers,
) -> Result<RequestBuilder, TransportError> {
    for (name, value) in headers.iter() {
        let field = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| unsendable(format!("`{name}` is no name of a header")))?;
        let mut value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| unsendable(format!("the value of header `{name}` cannot be sent")))?;
        // Which header is the key, only the source knows: none is logged by the libraries below.
        value.set_sensitive(true);
        outgoing = outgoing.header(field, value);
    }
    if headers.get("Accept-Encoding").is_none() {
        outgoing = outgoing.header("Accept-Encoding", gzip::ACCEPTED);
    }
    Ok(outgoing)
}

/// The headers of a response. A value that is not UTF-8 has its bytes read as Latin-1.
fn read_headers(incoming: &reqwest::Response) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in incoming.headers() {
        let value = match std::str::from_utf8(value.as_bytes()) {
            Ok(text) => text.to_owned(),
            Err(_) => value.as_bytes().iter().copied().map(char::from).collect(),
        };
        headers.push(name.as_str(), value);
    }
    headers
}

/// Reads a body to its end, counting what decompression makes of it.
async fn read_body(
    mut incoming: reqwest::Response,
    request: &Request,
) -> Result<Vec<u8>, TransportError> {
    let most = usize::try_from(request.max_response_bytes).unwrap_or(usize::MAX);
    let announced = incoming.content_length().unwrap_or(0);
    if announced > request.max_response_bytes {
        return Err(too_large(request));
    }
    let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or(0).min(RESERVE));
    while let Some(chunk) = incoming
        .chunk()
        .await
        .map_err(|error| explain(error, request, None))?
    {
        if chunk.len() > most - body.len() {
            return Err(too_large(request));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Reads a body to its end and decodes it as gzip.
async fn read_gzip(
    mut incoming: reqwest::Response,
    request: &Request,
) -> Result<Vec<u8>, TransportError> {
    let damaged = |error| match error {
        GzipError::TooLarge => too_large(request),
        GzipError::Incomplete => TransportError {
            kind: TransportErrorKind::Interrupted,
            message: "the response ended before its gzip data did".to_owned(),
        },
        GzipError::Corrupt(cause) => TransportError {
            kind: TransportErrorKind::Protocol,
            message: format!("the response cannot be read as gzip: {cause}"),
        },
    };
    let most = usize::try_from(request.max_response_bytes).unwrap_or(usize::MAX);
    let mut gunzip = Gunzip::new(most);
    while let Some(chunk) = incoming
        .chunk()
        .await
        .map_err(|error| explain(error, request, None))?
    {
        gunzip.push(&chunk).map_err(damaged)?;
    }
    gunzip.finish().map_err(damaged)
}

/// The most memory set aside on the word of a `Content-Length`.
const RESERVE: usize = 1 << 20;

fn too_large(request: &Request) -> TransportError {
    TransportError {
        kind: TransportErrorKind::TooLarge,
        message: format!(
            "the response is longer than {} (`max_response_bytes`)",
            size(request.max_response_bytes)
        ),
    }
}

/// A size as a spec writes it.
fn size(bytes: u64) -> String {
    let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let whole = units
        .iter()
        .find(|(_, unit)| bytes > 0 && bytes.is_multiple_of(*unit));
    match whole {
        Some((name, unit)) => format!("{} {name}", bytes / unit),
        None => format!("{bytes} bytes"),
    }
}

fn unsendable(message: String) -> TransportError {
    TransportError {
        kind: TransportErrorKind::Request,
        message,
    }
}

/// Says what an error of reqwest means, and in no case where it was met: its URL has the key in it.
fn explain(error: reqwest::Error, request: &Request, proxy: Option<&Proxy>) -> TransportError {
    let error = error.without_url();
    let kind = classify(&error);
    let cause = root_cause(&error);
    let message = match kind {
        TransportErrorKind::Timeout => {
            format!("no whole response within {}", Seconds(request.timeout))
        }
        TransportErrorKind::Connect if error.is_timeout() => {
            format!("no connection within {}", Seconds(request.connect_timeout))
        }
        TransportErrorKind::Connect | TransportErrorKind::UnknownHost => {
            format!("no connection: {cause}")
        }
        TransportErrorKind::Tls => format!("no TLS: {cause}"),
        TransportErrorKind::Interrupted => {
            format!("the connection ended before the response did: {cause}")
        }
        TransportErrorKind::Protocol => format!("the response cannot be read: {cause}"),
        _ => format!("the request cannot be sent: {cause}"),
    };
    let message = match proxy {
        Some(Proxy { url, variable }) => {
            format!("{message} (through the proxy {url} of `{variable}`)")
        }
        None => message,
    };
    TransportError { kind, message }
}

fn classify(error: &reqwest::Error) -> TransportErrorKind {
    if error.is_builder() {
        return TransportErrorKind::Request;
    }
    if error.is_timeout() && error.is_connect() {
        return TransportErrorKind::Connect;
    }
    if error.is_timeout() {
        return TransportErrorKind::Timeout;
    }
    let causes = causes(error);
    // The type of this error is private to hyper-util.
    if error.is_connect() && causes.iter().any(|cause| cause.to_string() == "dns error") {
        return TransportErrorKind::UnknownHost;
    }
    if causes.iter().any(|cause| is_tls(*cause)) {
        return TransportErrorKind::Tls;
    }
    if error.is_connect() {
        return TransportErrorKind::Connect;
    }
    if causes.iter().any(|cause| is_malformed(*cause)) {
        return TransportErrorKind::Protocol;
    }
    // A body that breaks off under compression is an error of decoding too: only the cause tells.
    if is_interruption(&causes) || !error.is_decode() {
        return TransportErrorKind::Interrupted;
    }
    TransportErrorKind::Protocol
}

fn is_malformed(cause: &(dyn StdError + 'static)) -> bool {
    let hyper = cause.downcast_ref::<hyper::Error>();
    hyper.is_some_and(|error| error.is_parse() && !error.is_incomplete_message())
}

/// Whether the connection, or the stream on it, has ended.
fn is_interruption(causes: &[&(dyn StdError + 'static)]) -> bool {
    if let Some(at) = causes.iter().rposition(|cause| cause.is::<hyper::Error>()) {
        // Below hyper's error is that of the socket or of a body's framing, as an `io::Error`; or
        // that of HTTP/2, which resets streams and closes connections; or nothing.
        let io = causes[at..].iter().any(|cause| cause.is::<io::Error>());
        return !io || causes[at..].iter().any(|cause| is_broken(*cause));
    }
    causes.iter().any(|cause| is_broken(*cause))
}

fn is_broken(cause: &(dyn StdError + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::UnexpectedEof
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::NotConnected
        ) || error.to_string() == DEFLATE_ENDED
    })
}

/// What the decoder of `deflate` says of a stream that ends too early, for which the others have a
/// kind of error.
const DEFLATE_ENDED: &str = "unexpected BufError";

/// An error and all that is behind it, down to the first cause. An `io::Error` hides what it wraps
/// from `source`.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> Vec<&'a (dyn StdError + 'static)> {
    let mut causes = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        causes.push(error);
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .map(|inner| inner as &(dyn StdError + 'static));
        next = inner.or_else(|| error.source());
    }
    causes
}

fn root_cause(error: &reqwest::Error) -> String {
    let causes = causes(error);
    // Below an error of TLS may be what it was made of, with less to say.
    let tls = causes.iter().find(|cause| is_tls(**cause));
    let cause = tls.or(causes.last());
    cause.map_or_else(String::new, ToString::to_string)
}

mod gzip;
mod proxy;
mod tls;

#[cfg(test)]
mod tests;
