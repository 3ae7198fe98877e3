//! Pages for the paginators' tests.

use super::{EndKind, Next, PageFacts, Total};
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
    empty_before: u32,
    total: Option<Total>,
    hint: Option<u64>,
    has_more: Option<bool>,
    no_content: bool,
}

/// A page with so many records.
pub(super) fn page(received: u64) -> Facts {
    Facts {
        received,
        before: 0,
        probes: Vec::new(),
        headers: Headers::new(),
        empty_before: 0,
        total: None,
        hint: None,
        has_more: None,
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

    pub(super) fn records(mut self, total: u64) -> Self {
        self.total = Some(Total::Records(total));
        self
    }

    pub(super) fn pages(mut self, total: u64) -> Self {
        self.total = Some(Total::Pages(total));
        self
    }

    pub(super) fn hint(mut self, hint: u64) -> Self {
        self.hint = Some(hint);
        self
    }

    pub(super) fn more(mut self, has_more: bool) -> Self {
        self.has_more = Some(has_more);
        self
    }

    pub(super) fn after_empty(mut self, pages: u32) -> Self {
        self.empty_before = pages;
        self
    }

    pub(super) fn as_page(&self) -> PageFacts<'_> {
        PageFacts {
            received: self.received,
            before: self.before,
            probes: &self.probes,
            headers: &self.headers,
            url: "https://api.example.com/v1/things?x=1",
            empty_before: self.empty_before,
            total: self.total,
            hint: self.hint,
            has_more: self.has_more,
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

/// The reason of an end that a maximum made.
pub(super) fn bounded(next: Result<Next>) -> String {
    match next.unwrap() {
        Next::End(end) if end.kind == EndKind::Bounded => end.reason,
        other => panic!("not bounded: {other:?}"),
    }
}

/// The reason of an end that the API made.
pub(super) fn ended(next: Result<Next>) -> String {
    match next.unwrap() {
        Next::End(end) if end.kind != EndKind::Bounded => end.reason,
        other => panic!("not ended: {other:?}"),
    }
}
