//! The loop guard: tells a fetch that repeats itself from one that advances.

use std::collections::{HashMap, VecDeque};

use super::page_fingerprint::PageFingerprint;
use crate::{Error, ErrorKind, Position, Result};

/// How many next links and cursors are saved.
const MEMORY: usize = 1_000;

/// How many page fingerprints are saved, 16 bytes each.
const MAX_PAGES: usize = 1_000_000;

/// How many pages in a row may be empty.
const MAX_EMPTY: u32 = 1_000;

/// How many pages in a row may have been received before. Records without a key may be equal.
const MAX_KNOWN: u32 = 100;

/// How often the same single record may be a page. Records may move between pages during a fetch.
const SAME_RECORD: u32 = 3;

/// The pages, links and cursors of a fetch so far.
#[derive(Default)]
pub(super) struct Guard {
    repeats: Repeats,
    /// The next links and cursors, with the requests whose responses had them.
    given: HashMap<Position, String>,
    order: VecDeque<Position>,
    /// The fingerprints of the pages, with their numbers from 1 and how often each arrived.
    pages: HashMap<u64, (u64, u32)>,
    page: u64,
    /// The fingerprint and request of the last page.
    last: Option<(u64, Position, String)>,
    /// Pages in a row that arrived before, and that were empty.
    known: u32,
    empty: u32,
}

/// What a repeated next link or cursor is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Repeats {
    /// A loop.
    #[default]
    Loop,
    /// The end.
    End,
    /// The id of a scroll, which is not a position.
    Scroll,
}

/// Where a next link or cursor leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lead {
    /// To another page.
    Onward,
    /// To a page that was requested before: the end.
    End,
}

impl Guard {
    pub(super) fn new(repeats: Repeats) -> Self {
        Self {
            repeats,
            ..Self::default()
        }
    }

    /// Empty pages up to the last.
    pub(super) fn empty(&self) -> u32 {
        self.empty
    }

    /// Checks and saves a page.
    ///
    /// # Errors
    ///
    /// If the same records arrived at another position, and they have keys or differ from each other; and
    /// if many pages in a row are empty or arrived before.
    pub(super) fn page(
        &mut self,
        position: &Position,
        request: &str,
        fingerprint: PageFingerprint,
        received: u64,
    ) -> Result<()> {
        self.page += 1;
        if received == 0 {
            self.last = None;
            self.empty += 1;
            if self.empty == MAX_EMPTY {
                return Err(paging(format!("{MAX_EMPTY} pages in a row were empty"))
                    .with_request(request)
                    .with_help(
                        "say what ends the pages: `stop_after_empty_page: true`, for example; remove a \
                         `has_more_path` whose flag is always true",
                    ));
            }
            return Ok(());
        }
        self.empty = 0;
        let (print, has_key, is_distinct) = match fingerprint {
            PageFingerprint::Keys(print) => (print, true, true),
            PageFingerprint::Text(print, is_distinct) => (print, false, is_distinct),
        };
        let last = self
            .last
            .replace((print, position.clone(), request.to_owned()));
        let Some((first, times)) = self.pages.get_mut(&print) else {
            if self.pages.len() < MAX_PAGES {
                self.pages.insert(print, (self.page, 1));
            }
            self.known = 0;
            return Ok(());
        };
        *times += 1;
        let (first, times) = (*first, *times);
        self.known += 1;
        let before = last.filter(|(same, ..)| *same == print);
        let is_scroll = self.repeats == Repeats::Scroll;
        if before
            .as_ref()
            .is_some_and(|(_, before, _)| before == position && !is_scroll)
        {
            return Ok(());
        }
        let counted = matches!(position, Position::Offset(_) | Position::Page(_));
        let is_next = (counted || is_scroll) && before.is_some();
        let is_loop = is_distinct && is_next || has_key && (received > 1 || times >= SAME_RECORD);
        if is_loop || self.known == MAX_KNOWN {
            return Err(self.repeated(first, before, position, request));
        }
        Ok(())
    }

    /// Checks and saves where a request was, and where its response leads.
    ///
    /// # Errors
    ///
    /// If an earlier response led to the same page, and that is not the end.
    pub(super) fn leads(
        &mut self,
        from: &Position,
        to: &Position,
        request: &str,
        received: u64,
    ) -> Result<Lead> {
        let is_scroll = self.repeats == Repeats::Scroll;
        if is_scroll
            || !matches!(
                to,
                Position::Cursor(_)
                    | Position::CursorNumber(_)
                    | Position::CursorJson(_)
                    | Position::Url(_)
            )
        {
            return Ok(Lead::Onward);
        }
        if received == 0 && from == to {
            return Ok(Lead::End);
        }
        if let Some(before) = self.given.get(to) {
            if self.repeats == Repeats::End {
                return Ok(Lead::End);
            }
            return Err(paging(
                "pagination loop: the response leads to a page that was requested before",
            )
            .with_request(request)
            .with_detail(format!("it leads to: {}", to.as_text()))
            .with_detail(format!("already returned by, or requested as: {before}"))
            .with_help(
                "check the paginator; `end_on_repeat: true`, if the API ends its pages by the same \
                     cursor or link again",
            ));
        }
        self.remember(to.clone(), request);
        Ok(Lead::Onward)
    }

    /// Saves the address of a page.
    pub(super) fn remember(&mut self, position: Position, request: &str) {
        if self.order.len() == MEMORY
            && let Some(oldest) = self.order.pop_front()
        {
            self.given.remove(&oldest);
        }
        self.order.push_back(position.clone());
        self.given.insert(position, request.to_owned());
    }

    /// The error for a page whose records arrived before.
    fn repeated(
        &self,
        first: u64,
        before: Option<(u64, Position, String)>,
        position: &Position,
        request: &str,
    ) -> Error {
        let help = match position {
            Position::Page(1) => {
                "`base_page: 1`, if the API gives page 1 for page 0; or else it seems to ignore which \
                 page is requested: check the paginator's parameters, or say `single_page`"
            }
            _ => {
                "the API seems to ignore where a page starts: check the paginator's parameters, or say \
                 `single_page`"
            }
        };
        let error = paging(format!(
            "pagination loop: page {} has the same records as page {first}",
            self.page
        ))
        .with_request(request)
        .with_help(help);
        match before {
            Some((_, _, before)) => error.with_detail(format!("the page before: {before}")),
            None => error,
        }
    }
}

fn paging(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Paging, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(text: &str) -> Position {
        Position::Cursor(text.to_owned())
    }

    fn text_of(error: Result<()>) -> String {
        error.unwrap_err().to_string()
    }

    #[test]
    fn a_loop_of_cursors_names_both_requests() {
        let mut guard = Guard::default();
        guard
            .leads(&Position::First, &cursor("a"), "GET /1", 1)
            .unwrap();
        guard
            .leads(&cursor("a"), &cursor("b"), "GET /2", 1)
            .unwrap();
        let error = guard.leads(&cursor("b"), &cursor("a"), "GET /3", 1);
        let error = error.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Paging);
        let text = error.to_string();
        assert!(text.contains("GET /1") && text.contains("GET /3"), "{text}");
    }

    #[test]
    fn a_repeated_cursor_is_the_end_where_the_paginator_says_so() {
        let mut guard = Guard::new(Repeats::End);
        guard
            .leads(&Position::First, &cursor("a"), "GET /1", 1)
            .unwrap();
        let lead = guard.leads(&cursor("a"), &cursor("a"), "GET /2", 1);
        assert_eq!(lead.unwrap(), Lead::End);
    }

    #[test]
    fn an_empty_page_that_leads_to_itself_is_the_end() {
        let mut guard = Guard::default();
        let url = || Position::Url("https://h/logs?after=9".into());
        guard.leads(&Position::First, &url(), "GET /1", 1).unwrap();
        assert_eq!(guard.leads(&url(), &url(), "GET /2", 0).unwrap(), Lead::End);
    }

    #[test]
    fn a_loop_of_a_thousand_pages_is_found_and_memory_is_bounded() {
        let mut guard = Guard::default();
        let leads = |guard: &mut Guard, n: u32| {
            guard.leads(&Position::First, &cursor(&n.to_string()), "GET", 1)
        };
        for n in 0..5_000 {
            leads(&mut guard, n).unwrap();
        }
        assert_eq!((guard.order.len(), guard.given.len()), (1_000, 1_000));
        assert!(leads(&mut guard, 4000).is_err());
        assert!(leads(&mut guard, 3999).is_ok());
    }

    #[test]
    fn the_same_keys_from_another_position_are_a_loop() {
        let mut guard = Guard::default();
        let keys = PageFingerprint::Keys;
        guard
            .page(&Position::Offset(0), "GET /1", keys(7), 0)
            .unwrap();
        guard
            .page(&Position::Offset(1), "GET /2", keys(7), 5)
            .unwrap();
        guard
            .page(&Position::Offset(2), "GET /3", keys(8), 5)
            .unwrap();
        let text = text_of(guard.page(&Position::Offset(3), "GET /4", keys(7), 5));
        assert!(
            text.contains("page 4 has the same records as page 2"),
            "{text}"
        );
        let text = text_of(guard.page(&Position::Offset(4), "GET /5", keys(7), 5));
        assert!(text.contains("GET /4") && text.contains("GET /5"), "{text}");
    }

    #[test]
    fn a_single_record_may_move_to_a_later_page() {
        let mut guard = Guard::default();
        let mut page =
            |n: u64, key| guard.page(&Position::Offset(n), "GET", PageFingerprint::Keys(key), 1);
        page(0, 1).unwrap();
        page(1, 2).unwrap();
        page(2, 1).unwrap();
        page(3, 3).unwrap();
        assert!(page(4, 1).is_err());
    }

    #[test]
    fn equal_pages_of_records_without_a_key_are_found_after_many() {
        let mut guard = Guard::default();
        let mut page = |n: u64| {
            guard.page(
                &Position::Offset(n),
                &format!("GET /{n}"),
                PageFingerprint::Text(n % 2, false),
                5,
            )
        };
        let failed = (0..3_000).find(|n| page(*n).is_err());
        assert_eq!(failed, Some(101));
    }

    #[test]
    fn the_same_page_twice_in_a_row_is_a_loop_where_its_records_differ() {
        let mut guard = Guard::default();
        let page = PageFingerprint::Text(7, true);
        guard.page(&Position::Offset(0), "GET /1", page, 5).unwrap();
        assert!(guard.page(&Position::Offset(5), "GET /2", page, 5).is_err());
    }

    #[test]
    fn empty_pages_without_an_end_are_an_error_in_the_end() {
        let mut guard = Guard::default();
        let mut page = |n| {
            guard.page(
                &Position::Page(n),
                "GET",
                PageFingerprint::Text(0, false),
                0,
            )
        };
        let pages = (1..=2_000).find(|n| page(*n).is_err());
        assert_eq!(pages, Some(1_000));
    }
}
