//! The error of the crate: its kind for a program, its message for a person.

use std::{borrow::Cow, fmt, time::SystemTime};

use crate::{
    Completeness,
    position::Position,
    printable::{printable, shortened},
    report::Report,
    shared::Text,
    transport_error::{TransportError, TransportErrorKind},
};

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong: the kind for a program, the message for a person.
///
/// Neither its `Display` nor its `Debug` holds a secret: URLs are shown without the credentials, and
/// known secrets are redacted wherever they appear. Each of its texts is on one line: control
/// characters and marks of direction, which a server may have written, are escaped.
///
/// Its [`source`](std::error::Error::source) is the error beneath it, where there is one: a
/// [`TransportError`](crate::transport::TransportError) where no response came, else the texts of an I/O,
/// JSON, URL or database error, redacted as its own are.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    resource: Option<Text>,
    request: Option<String>,
    detail: Vec<String>,
    help: Option<String>,
    report: Option<Report>,
    position: Option<Position>,
    cause: Option<Cause>,
}

/// The error beneath an [`Error`].
#[derive(Clone, Debug)]
pub(crate) enum Cause {
    Transport(TransportError),
    Other(Described),
}

impl From<TransportError> for Cause {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}

impl Cause {
    fn map_text(&mut self, blank: &impl Fn(&str) -> String) {
        match self {
            Self::Transport(error) => error.message = blank(&error.message),
            Self::Other(described) => described.map_text(blank),
        }
    }
}

/// The texts of an error and of those beneath it. The errors themselves may hold a URL or a value, which
/// could not be redacted.
#[derive(Clone)]
pub(crate) struct Described {
    text: String,
    source: Option<Box<Described>>,
}

impl Described {
    fn new(error: &(dyn std::error::Error + 'static)) -> Self {
        Self {
            text: one_line(error.to_string()),
            source: error.source().map(|source| Box::new(Self::new(source))),
        }
    }

    fn map_text(&mut self, blank: &impl Fn(&str) -> String) {
        self.text = blank(&self.text);
        if let Some(source) = &mut self.source {
            source.map_text(blank);
        }
    }
}

impl fmt::Display for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Described {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source = self.source.as_deref()?;
        Some(source)
    }
}

/// What kind of thing went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A secret or setting is missing or not of its type.
    Config,
    /// The API, or its token endpoint, does not take the credentials.
    Auth,
    /// A request would have carried credentials to an origin that may not have them.
    Origin,
    /// No whole response after all retries.
    Transport,
    /// A status that is no success, after all retries.
    Status(u16),
    /// The API asks for a longer wait than `retry` allows, or for one after the last attempt.
    RateLimit {
        /// When it may be asked again.
        retry_at: SystemTime,
    },
    /// A response that is not what the spec says: no JSON, no such selector, too large.
    Response,
    /// Values that do not fit the schema.
    Schema,
    /// Pages that do not end, or do not add up.
    Paging,
    /// The API takes no window as large as this one (`action: split_window`), and it cannot be cut.
    WindowTooLarge,
    /// The API says that a job failed, or did not finish it in time.
    Job,
    /// The limiter that several processes share cannot be asked, or has no retry left: see
    /// [`permits`](crate::permits). The request was not sent.
    Limiter,
    /// The [budget](crate::RunBudget) of the run is used up: another run goes on.
    Budget,
    /// The API stated or announced more records than it gave: see [`Completeness`](crate::Completeness).
    Incomplete,
    /// A state that is not of this resource, or cannot be read.
    State,
    /// A destination cannot take the records.
    Destination,
    /// Another load has locked the resource in the destination: the same may succeed when it has ended.
    Locked,
    /// A function that the spec names failed: one of `extract`, `on_response` or `partitions`.
    Hook,
    /// A `Record` implementation does not take its own table's cells, or a processing step made a
    /// record that does not fit them.
    Record,
}

impl ErrorKind {
    /// The word for it in reports: `auth`, `status`, `rate_limit`, and so on.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Auth => "auth",
            Self::Origin => "origin",
            Self::Transport => "transport",
            Self::Status(_) => "status",
            Self::RateLimit { .. } => "rate_limit",
            Self::Response => "response",
            Self::Schema => "schema",
            Self::Paging => "paging",
            Self::WindowTooLarge => "window_too_large",
            Self::Job => "job",
            Self::Limiter => "limiter",
            Self::Incomplete => "incomplete",
            Self::State => "state",
            Self::Destination => "destination",
            Self::Locked => "locked",
            Self::Budget => "budget",
            Self::Hook => "hook",
            Self::Record => "record",
        }
    }
}

impl Error {
    /// An error of this kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: one_line(message),
            resource: None,
            request: None,
            detail: Vec::new(),
            help: None,
            report: None,
            position: None,
            cause: None,
        }))
    }

    /// In the fetch of this resource.
    #[must_use]
    pub fn with_resource(mut self, resource: impl Into<Text>) -> Self {
        self.0.resource = Some(resource.into());
        self
    }

    /// Met by this request, shown without its credentials: `GET https://… (200, 41 kB, request 4)`.
    #[must_use]
    pub fn with_request(mut self, request: impl Into<String>) -> Self {
        self.0.request = Some(one_line(request));
        self
    }

    /// Met by this request, unless another is named already.
    #[must_use]
    pub(crate) fn or_request(mut self, request: impl FnOnce() -> String) -> Self {
        self.0.request.get_or_insert_with(|| one_line(request()));
        self
    }

    /// One more line of detail.
    #[must_use]
    pub fn with_detail(mut self, line: impl Into<String>) -> Self {
        self.0.detail.push(one_line(line));
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(one_line(help));
        self
    }

    /// With the error beneath it. Its texts are kept, not the error itself.
    #[must_use]
    pub fn with_source(mut self, error: &(dyn std::error::Error + 'static)) -> Self {
        self.0.cause = Some(Cause::Other(Described::new(error)));
        self
    }

    /// With this cause.
    #[must_use]
    pub(crate) fn with_cause(mut self, cause: impl Into<Cause>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// The cause, where there is one.
    pub(crate) fn cause(&self) -> Option<&Cause> {
        self.0.cause.as_ref()
    }

    /// With what the fetch had done until then.
    #[must_use]
    pub fn with_report(mut self, report: Report) -> Self {
        self.0.report = Some(report);
        self
    }

    /// At the page there, which a later fetch may start from.
    #[must_use]
    pub fn with_position(mut self, position: Position) -> Self {
        self.0.position = Some(position);
        self
    }

    /// At no page that a later fetch could start from.
    #[must_use]
    pub(crate) fn without_position(mut self) -> Self {
        self.0.position = None;
        self
    }

    /// The kind.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The status of the response that it is about, where that was no success.
    pub fn status(&self) -> Option<u16> {
        match self.0.kind {
            ErrorKind::Status(status) => Some(status),
            _ => None,
        }
    }

    /// Whether no whole response came in the time that the spec allows for it.
    pub fn is_timeout(&self) -> bool {
        self.transport_error()
            .is_some_and(|error| error.kind == TransportErrorKind::Timeout)
    }

    /// Whether the same may succeed later, with nothing changed: the network failed, or the API asks for a
    /// longer wait, or answered with a status of its own trouble (408, 429, 5xx). Retries are over by then. Also
    /// where the [budget](crate::RunBudget) of the run is used up: another run has its own. And where another load has
    /// locked the resource.
    ///
    /// ```
    /// use rest_source::{Error, ErrorKind};
    ///
    /// assert!(Error::new(ErrorKind::Status(503), "answered 503").is_retryable());
    /// assert!(!Error::new(ErrorKind::Status(404), "answered 404").is_retryable());
    /// ```
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            ErrorKind::RateLimit { .. } | ErrorKind::Budget | ErrorKind::Locked => true,
            ErrorKind::Status(status) => matches!(status, 408 | 429 | 500..=599),
            ErrorKind::Transport => self
                .transport_error()
                .is_some_and(|error| error.kind.is_transient()),
            _ => false,
        }
    }

    fn transport_error(&self) -> Option<&TransportError> {
        match self.0.cause.as_ref()? {
            Cause::Transport(error) => Some(error),
            Cause::Other(_) => None,
        }
    }

    /// What went wrong, without where and what to do.
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    /// The request that met it, if it is known.
    #[cfg(feature = "serde")]
    pub(crate) fn request(&self) -> Option<&str> {
        self.0.request.as_deref()
    }

    /// Further lines: places in the response and in the spec, say.
    #[cfg(feature = "serde")]
    pub(crate) fn details(&self) -> &[String] {
        &self.0.detail
    }

    /// What to do about it.
    #[cfg(feature = "serde")]
    pub(crate) fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// The resource whose fetch it ended.
    pub fn resource(&self) -> Option<&str> {
        self.0.resource.as_deref()
    }

    /// What the fetch had done until then.
    pub fn report(&self) -> Option<&Report> {
        self.0.report.as_ref()
    }

    /// Where the page is that it ended at, where that is known: what
    /// [`Fetch::resume`](crate::Fetch::resume) goes on from. The pages before it were delivered.
    pub fn position(&self) -> Option<&Position> {
        self.0.position.as_ref()
    }

    /// Passes every text through `redact`, and shortens long ones afterwards, so that no part of a secret is
    /// left at the cut.
    pub(crate) fn map_text(mut self, redact: impl Fn(&str) -> String) -> Self {
        let blank = |text: &str| shortened(redact(text));
        let inner = &mut *self.0;
        inner.message = blank(&inner.message);
        for text in inner
            .request
            .iter_mut()
            .chain(&mut inner.detail)
            .chain(&mut inner.help)
        {
            *text = blank(text);
        }
        if let Some(cause) = &mut inner.cause {
            cause.map_text(&blank);
        }
        self
    }
}

/// A text of an error, which may hold what a server wrote.
fn one_line(text: impl Into<String>) -> String {
    let text = text.into();
    match printable(&text) {
        Cow::Owned(escaped) => escaped,
        Cow::Borrowed(_) => text,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            message,
            resource,
            request,
            detail,
            help,
            ..
        } = &*self.0;
        match resource {
            Some(resource) => write!(f, "`{resource}`: {message}")?,
            None => f.write_str(message)?,
        }
        if let Some(request) = request {
            write!(f, "\n  --> {request}")?;
        }
        for line in detail {
            write!(f, "\n  {line}")?;
        }
        if let Some(help) = help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `main` returning an error prints its `Debug`: it has to read as well as its `Display`.
        write!(f, "{self}")
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.0.cause.as_ref()? {
            Cause::Transport(error) => Some(error),
            Cause::Other(described) => Some(described),
        }
    }
}

impl Completeness {
    /// The error of an incomplete fetch, with every reason; nothing where the fetch is complete or bounded.
    pub fn to_error(&self) -> Option<Error> {
        let first = self
            .reasons()
            .first()
            .filter(|reason| reason.is_missing())?;
        let error = Error::new(
            ErrorKind::Incomplete,
            "incomplete: the API has more records than it gave",
        )
        .with_help(first.help());
        let reasons = self.reasons().iter();
        let error = reasons.fold(error, |error, reason| error.with_detail(reason.to_string()));
        Some(match self.further_reasons() {
            0 => error,
            more => error.with_detail(format!("and {more} more reasons")),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{error::Error as _, io};

    use super::{Error, ErrorKind, TransportError, TransportErrorKind};

    #[test]
    fn an_error_says_whether_it_may_pass_by_itself() {
        let status = |status| Error::new(ErrorKind::Status(status), "no success");
        assert_eq!(status(404).status(), Some(404));
        assert!(!status(404).is_retryable());
        for passing in [408, 429, 500, 503, 599] {
            assert!(status(passing).is_retryable(), "{passing}");
        }
        let broken = |kind| {
            let message = String::from("no response");
            Error::new(ErrorKind::Transport, "no response")
                .with_cause(TransportError::new(kind, message))
        };
        assert!(broken(TransportErrorKind::Timeout).is_timeout());
        assert!(broken(TransportErrorKind::Timeout).is_retryable());
        assert!(!broken(TransportErrorKind::Connect).is_timeout());
        assert!(broken(TransportErrorKind::Connect).is_retryable());
        assert!(!broken(TransportErrorKind::Tls).is_retryable());
        assert!(!Error::new(ErrorKind::Auth, "refused").is_retryable());
    }

    #[test]
    fn the_texts_of_a_source_are_redacted_with_those_of_the_error() {
        let beneath = io::Error::other("https://h/?key=s3cr3t\u{1b}[2J refused");
        let above = io::Error::other(beneath);
        let error = Error::new(ErrorKind::Transport, "no answer")
            .with_source(&above)
            .map_text(|text| text.replace("s3cr3t", "[secret]"));
        let mut texts = Vec::new();
        let mut source = error.source();
        while let Some(error) = source {
            texts.push(format!("{error}|{error:?}"));
            source = error.source();
        }
        assert!(!texts.is_empty());
        for text in texts {
            assert!(text.contains("key=[secret]"), "{text}");
            assert!(!text.contains(['\u{1b}', '\n']), "{text}");
        }
        assert!(error.clone().source().is_some());
        assert!(Error::new(ErrorKind::Config, "no").source().is_none());
    }
}
