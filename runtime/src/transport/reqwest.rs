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

use bytes::Bytes;
use futures_util::{TryStreamExt as _, stream::try_unfold};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue};
use reqwest::{
    Client, ClientBuilder,
    dns::{Addrs, Name, Resolve, Resolving},
};
use url::Url;

use self::{
    coding::Coding,
    proxy::Proxy,
    tls::{Tls, is_tls, with_tls},
};
use super::{
    Body, BoxFuture, Limits, Transport, TransportError, TransportErrorKind, body::too_large,
};
use crate::{
    Secret,
    gunzip::{Gunzip, GzipError},
    origin::is_loopback,
    printable::Seconds,
};

/// reqwest's client. Connections are kept and shared by all requests.
///
/// It speaks HTTP/1.1 and, with the feature `http2`, HTTP/2; takes gzip and, with the feature `compression`, brotli, zstd and deflate; and goes through the proxies
/// that `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` name, but to loopback always
/// directly; a variable without a valid proxy is an error. With one of the features `tls-…` it speaks TLS, and trusts the certificate authorities of
/// the platform; on Linux, `SSL_CERT_FILE` and `SSL_CERT_DIR` name others, and
/// [`ca_certificates`](Self::ca_certificates) anywhere.
///
/// [`with_client`](Self::with_client) takes a client of your own instead.
#[derive(Default)]
pub struct Reqwest {
    clients: Clients,
}

enum Clients {
    /// The limit to connecting, and the proxies, are the client's and not the request's.
    Built(Box<Own>, Mutex<Vec<(Kind, Client)>>),
    Given(Client),
}

impl Default for Clients {
    fn default() -> Self {
        Self::Built(Box::default(), Mutex::default())
    }
}

/// What its clients are built with.
#[derive(Default)]
struct Own {
    tls: Tls,
    /// The proxy in place of the environment's, and how messages show it.
    proxy: Option<(reqwest::Proxy, Proxy)>,
    /// Its URL, which may have a password.
    proxy_url: Option<Secret>,
}

/// What sets one of its clients apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    connect_timeout: Duration,
    loopback: bool,
    https: bool,
}

/// The codings that a response may have.
const ACCEPTED: &str = if cfg!(feature = "compression") {
    "zstd,gzip,deflate,br"
} else {
    "gzip"
};

impl Reqwest {
    /// A transport without connections yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A builder of clients as the source's own are, for [`with_client`](Self::with_client): without redirects,
    /// with the TLS of this build. A client that is built from nothing has to be given its TLS.
    ///
    /// # Errors
    ///
    /// When TLS cannot be set up.
    pub fn client_builder() -> Result<ClientBuilder, TransportError> {
        let https = cfg!(any(
            feature = "tls-native",
            feature = "tls-aws-lc-rs",
            feature = "tls-ring"
        ));
        builder(https, &Tls::default())
    }

    /// A transport that shows this certificate to servers that ask for one (mutual TLS). The PEM has the certificate,
    /// those of the authorities between it and the root, and the private key. `tls-native` reads keys in PKCS #8,
    /// rustls also in PKCS #1 and SEC 1.
    ///
    /// # Errors
    ///
    /// When the PEM has no such certificate and key, or the transport has a client of your own.
    pub fn client_certificate(mut self, pem: impl AsRef<[u8]>) -> Result<Self, TransportError> {
        self.tls()?.set_client_certificate(pem.as_ref())?;
        Ok(self)
    }

    /// A transport that trusts these certificate authorities alone, in place of the platform's.
    ///
    /// # Errors
    ///
    /// When the PEM has no certificates, or the transport has a client of your own.
    pub fn ca_certificates(mut self, pem: impl AsRef<[u8]>) -> Result<Self, TransportError> {
        self.tls()?.set_authorities(pem.as_ref())?;
        Ok(self)
    }

    /// A transport that sends requests through this proxy, an http or https URL, in place of the environment's. The
    /// URL may have a user and a password. Loopback addresses and the hosts of `NO_PROXY` are requested directly.
    ///
    /// # Errors
    ///
    /// When it is not the URL of a proxy, or the transport has a client of your own. The message does not show it: it
    /// may have a password.
    pub fn proxy(mut self, url: impl AsRef<str>) -> Result<Self, TransportError> {
        let proxy = proxy::given(url.as_ref()).ok_or_else(|| {
            unsendable(
                "not the URL of an http or https proxy: write it as `http://HOST:PORT`".to_owned(),
            )
        })?;
        let own = self.own()?;
        own.proxy = Some(proxy);
        own.proxy_url = Some(Secret::from(url.as_ref()));
        Ok(self)
    }

    fn tls(&mut self) -> Result<&mut Tls, TransportError> {
        self.own().map(|own| &mut own.tls)
    }

    fn own(&mut self) -> Result<&mut Own, TransportError> {
        match &mut self.clients {
            Clients::Built(own, clients) => {
                // They were built without it.
                *clients = Mutex::default();
                Ok(own)
            }
            Clients::Given(_) => Err(unsendable(
                "a reqwest client of your own has its own TLS and proxies: build it with them"
                    .to_owned(),
            )),
        }
    }

    /// A transport over a client of your own, with its connections, proxies, TLS, resolver, cookies and
    /// default headers. Its limit to connecting holds, and not the spec's.
    ///
    /// # Errors
    ///
    /// Unless the client was built with [`Policy::none`](reqwest::redirect::Policy::none): one that follows
    /// redirects would send credentials to wherever a response points. The source follows
    /// redirects itself and checks the origin of each.
    pub fn with_client(client: Client) -> Result<Self, TransportError> {
        if !follows_no_redirect(&client) {
            return Err(unsendable(
                "the reqwest client follows redirects, which may send credentials to another origin: \
                 build it with `.redirect(reqwest::redirect::Policy::none())`"
                    .to_owned(),
            ));
        }
        Ok(Self {
            clients: Clients::Given(client),
        })
    }

    fn client(&self, kind: Kind) -> Result<Client, TransportError> {
        let (own, clients) = match &self.clients {
            Clients::Built(own, clients) => (own, clients),
            Clients::Given(client) => return Ok(client.clone()),
        };
        let mut clients = clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = clients.iter().find(|(made, _)| *made == kind) {
            return Ok(client.clone());
        }
        let client = build(kind, own)?;
        clients.push((kind, client.clone()));
        Ok(client)
    }

    /// The proxy that a request goes through, to name it in errors.
    fn proxy_of(&self, url: &Url, loopback: bool) -> Result<Option<Proxy>, TransportError> {
        match &self.clients {
            Clients::Built(own, _) if !loopback => match &own.proxy {
                Some((_, proxy)) => Ok((!proxy::is_exempt(url)).then(|| proxy.clone())),
                None => proxy::of(url).map_err(unsendable),
            },
            Clients::Built(..) | Clients::Given(_) => Ok(None),
        }
    }

    async fn exchange(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> Result<http::Response<Body>, TransportError> {
        let url = Url::parse(&request.uri().to_string())
            .map_err(|error| unsendable(format!("the URL does not parse: {error}")))?;
        let kind = Kind {
            connect_timeout: limits.connect_timeout,
            loopback: is_loopback(&url),
            https: url.scheme() == "https",
        };
        let proxy = self.proxy_of(&url, kind.loopback)?;
        let client = self.client(kind)?;
        // Of its parts, so that the URL is not parsed again.
        let (parts, body) = request.into_parts();
        let mut outgoing = reqwest::Request::new(parts.method, url);
        *outgoing.headers_mut() = parts.headers;
        *outgoing.body_mut() = Some(body.into());
        if !limits.is_streamed {
            *outgoing.timeout_mut() = Some(limits.timeout);
        }
        let headers = outgoing.headers_mut();
        if !headers.contains_key(ACCEPT_ENCODING) {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED));
        }
        let mut incoming = in_time(limits, client.execute(outgoing))
            .await?
            .map_err(|error| explain(error, limits, proxy.as_ref()))?;
        let mut response = http::Response::new(Body::empty());
        *response.status_mut() = incoming.status();
        *response.headers_mut() = std::mem::take(incoming.headers_mut());
        *response.body_mut() = match Coding::of(response.headers()) {
            Coding::Identity => plain(incoming, limits),
            Coding::Gzip => {
                response.headers_mut().remove(CONTENT_ENCODING);
                response.headers_mut().remove(CONTENT_LENGTH);
                gunzipped(incoming, limits)
            }
            Coding::Unread(coding) => unread(incoming, limits, coding),
        };
        Ok(response)
    }
}

/// Whether a client hands a redirect over as it came. Its `Debug` alone tells; where that should change, no
/// client is taken.
fn follows_no_redirect(client: &Client) -> bool {
    format!("{client:?}").contains("redirect_policy: \"Policy(None)\"")
}

impl Transport for Reqwest {
    fn send(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(self.exchange(request, limits))
    }

    fn secrets(&self) -> Vec<Secret> {
        let given = match &self.clients {
            Clients::Built(own, _) => own.proxy_url.as_ref(),
            Clients::Given(_) => None,
        };
        let mut secrets = proxy::secrets_of_environment();
        secrets.extend(
            given
                .into_iter()
                .flat_map(|url| proxy::secrets(url.expose())),
        );
        secrets
    }
}

impl fmt::Debug for Reqwest {
    /// Without its clients: they would show the proxies, and a proxy's URL may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reqwest")
    }
}

fn build(kind: Kind, own: &Own) -> Result<Client, TransportError> {
    let mut builder = builder(kind.https, &own.tls)?.connect_timeout(kind.connect_timeout);
    if kind.loopback {
        builder = builder.no_proxy().dns_resolver(Arc::new(Loopback));
    } else if let Some((proxy, _)) = &own.proxy {
        builder = builder.no_proxy().proxy(proxy.clone());
    }
    builder.build().map_err(|error| {
        let error = error.without_url();
        unsendable(format!("no HTTP client: {}", root_cause(&error)))
    })
}

/// What all clients are built with.
fn builder(https: bool, tls: &Tls) -> Result<ClientBuilder, TransportError> {
    let builder = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        // A member of gzip is not all of a body: see `gzip`.
        .no_gzip();
    with_tls(builder, https, tls)
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

/// A body that reqwest decompresses, chunk after chunk.
fn plain(incoming: reqwest::Response, limits: Limits) -> Body {
    Body::from_stream(try_unfold(incoming, move |mut incoming| async move {
        let chunk = in_time(limits, incoming.chunk()).await?;
        let chunk = chunk.map_err(|error| explain(error, limits, None))?;
        Ok(chunk.map(|chunk| (chunk, incoming)))
    }))
}

/// A body that nobody decompresses: an error, unless it is empty.
fn unread(incoming: reqwest::Response, limits: Limits, coding: String) -> Body {
    Body::from_stream(plain(incoming, limits).and_then(move |_| {
        let message = format!(
            "the response is compressed as `{coding}`, which this build cannot read: enable the feature \
             `compression` of `rest-source`"
        );
        ready(Err(TransportError::new(TransportErrorKind::Protocol, message)))
    }))
}

/// A body of gzip, decoded chunk after chunk.
fn gunzipped(incoming: reqwest::Response, limits: Limits) -> Body {
    let damaged = move |error| match error {
        GzipError::TooLarge => too_large(limits.max_response_bytes),
        GzipError::Incomplete => TransportError::new(
            TransportErrorKind::Interrupted,
            "the response ended before its gzip data did",
        ),
        GzipError::Corrupt(cause) => TransportError::new(
            TransportErrorKind::Protocol,
            format!("the response cannot be read as gzip: {cause}"),
        ),
    };
    let most = usize::try_from(limits.max_response_bytes).unwrap_or(usize::MAX);
    let state = Some((incoming, Gunzip::new(most)));
    Body::from_stream(try_unfold(state, move |state| async move {
        let Some((mut incoming, mut gunzip)) = state else {
            return Ok(None);
        };
        let chunk = in_time(limits, incoming.chunk()).await?;
        let chunk = chunk.map_err(|error| explain(error, limits, None))?;
        let Some(chunk) = chunk else {
            let rest = gunzip.finish().map_err(damaged)?;
            return Ok(Some((Bytes::from(rest), None)));
        };
        gunzip.push(&chunk).map_err(damaged)?;
        let decoded = Bytes::from(gunzip.take());
        Ok(Some((decoded, Some((incoming, gunzip)))))
    }))
}

/// Waits for a part of a response that is streamed as long as `timeout`; reqwest itself times all others.
async fn in_time<T>(limits: Limits, part: impl Future<Output = T>) -> Result<T, TransportError> {
    if !limits.is_streamed {
        return Ok(part.await);
    }
    tokio::time::timeout(limits.timeout, part)
        .await
        .map_err(|_| {
            let message = format!("nothing arrived for {}", Seconds(limits.timeout));
            TransportError::new(TransportErrorKind::Timeout, message)
        })
}

fn unsendable(message: String) -> TransportError {
    TransportError::new(TransportErrorKind::Request, message)
}

/// Says what an error of reqwest means, and in no case where it was met: its URL has the key in it.
fn explain(error: reqwest::Error, limits: Limits, proxy: Option<&Proxy>) -> TransportError {
    let error = error.without_url();
    let kind = classify(&error);
    let cause = root_cause(&error);
    let message = match kind {
        TransportErrorKind::Timeout => {
            format!("no whole response within {}", Seconds(limits.timeout))
        }
        TransportErrorKind::Connect if error.is_timeout() => {
            format!("no connection within {}", Seconds(limits.connect_timeout))
        }
        TransportErrorKind::Connect
        | TransportErrorKind::Refused
        | TransportErrorKind::UnknownHost => {
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
            let of = variable.as_ref();
            let of = of.map_or_else(String::new, |variable| format!(" of `{variable}`"));
            format!("{message} (through the proxy {url}{of})")
        }
        None => message,
    };
    TransportError::new(kind, message)
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
        let is_refused = |cause: &&(dyn StdError + 'static)| {
            let io = cause.downcast_ref::<io::Error>();
            io.is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
        };
        return if causes.iter().any(is_refused) {
            TransportErrorKind::Refused
        } else {
            TransportErrorKind::Connect
        };
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

mod coding;
#[cfg(any(
    feature = "tls-native",
    feature = "tls-aws-lc-rs",
    feature = "tls-ring"
))]
mod pem;
mod proxy;
mod tls;

#[cfg(test)]
mod tests;
