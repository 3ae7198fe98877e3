//! What was asked of a mock.

use std::fmt;

use rest_source::{plan::Method, shared::Text};

/// A request that a mock was asked, its secrets blanked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Asked {
    /// The method.
    pub method: Method,
    /// The whole URL.
    pub url: String,
    /// The resource that it was for; none for a token, or for what no resource asks for.
    pub resource: Option<Text>,
    /// The body, as text.
    pub body: String,
    /// The status of the answer; none where there was no response.
    pub status: Option<u16>,
}

impl fmt::Display for Asked {
    /// `GET https://api.example.com/v1/stories?offset=0 (200)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.method.as_str(), self.url)?;
        match self.status {
            Some(status) => write!(f, "({status})"),
            None => f.write_str("(no response)"),
        }
    }
}
