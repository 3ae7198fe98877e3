//! Why there is no whole response to a request.

use std::fmt;

/// Why there is no whole response.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TransportError {
    /// What happened.
    pub kind: TransportErrorKind,
    /// In words, without the URL.
    pub message: String,
    /// Whether the source has given up on an origin that never answered.
    pub(crate) is_never_answered: bool,
}

impl TransportError {
    /// An error of this kind; the message names no URL, since it may hold a key.
    pub fn new(kind: TransportErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            is_never_answered: false,
        }
    }

    /// Whether the same request may succeed later.
    pub(crate) const fn may_retry(&self) -> bool {
        self.kind.is_transient() && !self.is_never_answered
    }

    /// What may be done about it.
    pub(crate) fn help(&self) -> Option<&'static str> {
        match self.kind {
            TransportErrorKind::UnknownHost => Some(
                "check the host in `base_url`, and the network: DNS, VPN, and whether a proxy is needed",
            ),
            TransportErrorKind::Refused | TransportErrorKind::Connect => Some(
                "check the host and port in `base_url`, whether the server is running, and the network: VPN, proxy",
            ),
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
    /// No connection: unreachable, out of time. Retried.
    Connect,
    /// The host, or the proxy, refused the connection. Retried like any failure once the origin has answered, and
    /// else twice within two seconds.
    Refused,
    /// The name of the host, or of the proxy, was not found. Retried as [`Refused`](Self::Refused).
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
            Self::Connect | Self::Refused | Self::UnknownHost | Self::Timeout | Self::Interrupted
        )
    }

    /// Whether there was no server at the address.
    pub(crate) const fn is_absent(self) -> bool {
        matches!(self, Self::Refused | Self::UnknownHost)
    }
}
