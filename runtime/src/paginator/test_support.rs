//! Pages for the paginators' tests.

use super::{Next, PageFacts, Total};
use crate::{
    decode::Probe,
    error::{ErrorKind, Result},
    transport::Headers,
};

/// What a page's facts borrow from.
pub(super) struct Facts {
    received: u64,
    before: u64,
    probes: Vec<Probe>,
    headers: Headers,
    total: Option<Total>,
    no_content: bool,
}

/// A 204, after a page that said so.
pub(super) fn nothing(total: Option<Total>) -> Facts {
    Facts {
        total,
        no_content: true,
        ..page(0)
    }
}

/// A page with so many records.
pub(super) fn page(received: u64) -> Facts {
    Facts {
        received,
        before: 0,
        probes: Vec::new(),
        headers: Headers::new(),
        total: None,
        no_content: false,
    }
}

impl Facts {
    pub(super) fn probes<const N: usize>(mut self, probes: [Probe; N]) -> Self {
        self.probes = probes.into();
        self
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push(name, value);
        self
    }

    pub(super) fn before(mut self, before: u64) -> Self {
        self.before = before;
        self
    }

    pub(super) fn as_page(&self) -> PageFacts<'_> {
        PageFacts {
            received: self.received,
            before: self.before,
            probes: &self.probes,
            headers: &self.headers,
            url: "https://api.example.com/v1/things?x=1",
            total: self.total,
            no_content: self.no_content,
        }
    }
}

pub(super) fn number(digits: &str) -> Probe {
    Probe::Number(digits.to_owned())
}

/// The message of a paging error.
pub(super) fn error(next: Result<Next>) -> String {
    let error = next.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Paging);
    error.to_string()
}

/// The reason of an end that a bound made.
pub(super) fn cut_off(next: Result<Next>) -> String {
    match next.unwrap() {
        Next::End(end) if !end.complete => end.reason,
        other => panic!("not cut off: {other:?}"),
    }
}

/// The reason of an end that the API made.
pub(super) fn ended(next: Result<Next>) -> String {
    match next.unwrap() {
        Next::End(end) if end.complete => end.reason,
        other => panic!("not ended: {other:?}"),
    }
}
