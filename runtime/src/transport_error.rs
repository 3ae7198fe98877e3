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
