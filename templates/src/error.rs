//! What is wrong with specs.

use std::fmt;

/// Why nothing was generated: everything that is wrong, not the first of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Vec<String>);

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(vec![message.into()])
    }

    /// A message for each mistake, of several lines: what, where in the spec, and what to do.
    pub fn messages(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub(crate) fn into_messages(self) -> Vec<String> {
        self.0
    }
}

impl From<Vec<String>> for Error {
    fn from(messages: Vec<String>) -> Self {
        Self(messages)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n\n"))
    }
}

impl std::error::Error for Error {}
