//! The errors of the generator.

use std::fmt;

/// The error of a generation: all messages, not only the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    messages: Vec<String>,
}

/// The kind of an [`Error`]. An error with several kinds has the last of them in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A spec is invalid.
    Spec,
    /// A generated file is missing or out of date.
    Outdated,
    /// A spec or a template cannot be read or used, a name is invalid, or a file may not be replaced.
    Input,
    /// A file cannot be written.
    Output,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            messages: vec![message.into()],
        }
    }

    /// A spec, a template or a name that cannot be used.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Input, message)
    }

    /// Combines errors; `None` if there are none.
    pub(crate) fn all(errors: impl IntoIterator<Item = Self>) -> Option<Self> {
        errors.into_iter().reduce(|mut all, error| {
            all.kind = all.kind.max(error.kind);
            all.messages.extend(error.messages);
            all
        })
    }

    /// The kind of the error.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// One message per mistake, of several lines: what is wrong, where in the spec, and what to do.
    pub fn messages(&self) -> impl Iterator<Item = &str> {
        self.messages.iter().map(String::as_str)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.messages.join("\n\n"))
    }
}

impl std::error::Error for Error {}
