//! What was asked of the server, in order.

use std::sync::{Arc, Mutex};

use crate::lock;

/// A request that the server has seen.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query's pairs, decoded, in order.
    pub query: Vec<(String, String)>,
    /// The headers, their names in lower case, in order.
    pub headers: Vec<(String, String)>,
}

impl Seen {
    /// The first value of a query parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        value(&self.query, name)
    }

    /// Every value of a query parameter.
    pub fn params(&self, name: &str) -> Vec<&str> {
        let pairs = self.query.iter().filter(|(n, _)| n == name);
        pairs.map(|(_, value)| value.as_str()).collect()
    }

    /// The first value of a header, its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        value(&self.headers, name)
    }

    /// A query parameter as a number.
    pub fn number(&self, name: &str) -> Option<usize> {
        self.param(name)?.parse().ok()
    }
}

fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let (_, value) = pairs.iter().find(|(n, _)| n == name)?;
    Some(value)
}

/// Every request, in the order of arrival. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Vec<Seen>>>);

impl Log {
    /// All requests.
    pub fn all(&self) -> Vec<Seen> {
        lock(&self.0).clone()
    }

    /// The requests for this path.
    pub fn of(&self, path: &str) -> Vec<Seen> {
        let mut seen = self.all();
        seen.retain(|request| request.path == path);
        seen
    }

    /// The offsets that were asked for at this path; a request without one counts as 0.
    pub fn offsets(&self, path: &str) -> Vec<usize> {
        let offset = |request: &Seen| request.number("offset").unwrap_or(0);
        self.of(path).iter().map(offset).collect()
    }

    /// Forgets what was asked so far.
    pub fn clear(&self) {
        lock(&self.0).clear();
    }

    pub(crate) fn push(&self, request: Seen) {
        lock(&self.0).push(request);
    }
}
