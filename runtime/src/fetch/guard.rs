//! The loop guard: what tells a fetch that goes in circles from one that gets on.

use std::collections::{HashMap, VecDeque};

use crate::{Error, ErrorKind, Position, Result};

/// How many next links and cursors are remembered.
const MEMORY: usize = 1_000;

/// How many pages in a row may bring nothing new, being empty or the same, where that alone is no mistake.
const PAGES: u32 = 1_000;

/// What a fetch remembers of its pages.
#[derive(Default)]
pub(super) struct Guard {
    /// The next links and cursors, each with the request whose response gave it.
    given: HashMap<Position, String>,
    order: VecDeque<Position>,
    last: Option<Last>,
    empty: u32,
}

/// The page before.
struct Last {
    fingerprint: u64,
    position: Position,
    request: String,
    /// Pages in a row with these records, it being the last of them.
    same: u32,
}

impl Guard {
    /// Remembers a page.
    ///
    /// # Errors
    ///
    /// When it has the same records as the page before, though it was asked for at another offset or
    /// number, and is not empty; and when nothing but empty pages, or always the same, has come for long.
    pub(super) fn page(
        &mut self,
        position: &Position,
        request: &str,
        fingerprint: u64,
        received: u64,
    ) -> Result<()> {
        if received == 0 {
            self.last = None;
            self.empty += 1;
            if self.empty == PAGES {
                return Err(paging(format!("{PAGES} pages in a row were empty"))
                    .with_request(request)
                    .with_help("say what ends the pages: `stop_after_empty_page: true`, for one"));
            }
            return Ok(());
        }
        self.empty = 0;
        let before = self
            .last
            .take()
            .filter(|last| last.fingerprint == fingerprint && last.position != *position);
        let same = before.as_ref().map_or(1, |last| last.same + 1);
        self.last = Some(Last {
            fingerprint,
            position: position.clone(),
            request: request.to_owned(),
            same,
        });
        // Another cursor or link is the API's own word that it gets on: events may well be alike.
        let counted = matches!(position, Position::Offset(_) | Position::Page(_));
        match before {
            Some(last) if counted || same == PAGES => Err(repeated(&last, same, request)),
            _ => Ok(()),
        }
    }

    /// Remembers where `request` was, and where its response leads.
    ///
    /// # Errors
    ///
    /// When a response before it led there too.
    pub(super) fn leads(&mut self, to: &Position, request: &str) -> Result<()> {
        if !matches!(
            to,
            Position::Cursor(_)
                | Position::CursorNumber(_)
                | Position::CursorDigits(_)
                | Position::Url(_)
        ) {
            return Ok(());
        }
        if let Some(before) = self.given.get(to) {
            return Err(paging("the pages go in a circle")
                .with_request(request)
                .with_detail(format!("it leads to: {}", to.as_text()))
                .with_detail(format!("where this led, or was: {before}"))
                .with_help("check the paginator: the API gives a next page for ever"));
        }
        self.remember(to.clone(), request);
        Ok(())
    }

    /// Remembers a page's own address.
    pub(super) fn remember(&mut self, position: Position, request: &str) {
        if self.order.len() == MEMORY
            && let Some(oldest) = self.order.pop_front()
        {
            self.given.remove(&oldest);
        }
        self.order.push_back(position.clone());
        self.given.insert(position, request.to_owned());
    }
}

/// The error for a page with the records of the one before, the last of so many that are the same.
fn repeated(before: &Last, same: u32, request: &str) -> Error {
    let number = match same {
        2 => "two".to_owned(),
        more => more.to_string(),
    };
    let help = match before.position {
        Position::Page(0) => {
            "`base_page: 1`, if the API gives page 1 for page 0; or else it seems to ignore which page \
             is asked for: check the paginator's parameters, or say `single_page`"
        }
        _ => {
            "the API seems to ignore where a page is to start: check the paginator's parameters, or say \
             `single_page`"
        }
    };
    paging(format!("{number} pages in a row have the same records"))
        .with_request(request)
        .with_detail(format!("the page before: {}", before.request))
        .with_help(help)
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

    #[test]
    fn a_circle_names_both_requests() {
        let mut guard = Guard::default();
        guard.leads(&cursor("a"), "GET /1").unwrap();
        guard.leads(&cursor("b"), "GET /2").unwrap();
        let error = guard.leads(&cursor("a"), "GET /3").unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Paging);
        let text = error.to_string();
        assert!(text.contains("GET /1") && text.contains("GET /3"), "{text}");
    }

    #[test]
    fn a_circle_of_a_thousand_pages_is_found_and_memory_is_bounded() {
        let mut guard = Guard::default();
        for n in 0..5_000 {
            guard.leads(&cursor(&n.to_string()), "GET").unwrap();
        }
        assert_eq!((guard.order.len(), guard.given.len()), (1_000, 1_000));
        assert!(guard.leads(&cursor("4000"), "GET").is_err());
        assert!(guard.leads(&cursor("3999"), "GET").is_ok());
    }

    #[test]
    fn the_same_page_from_another_offset_is_found_unless_empty() {
        let mut guard = Guard::default();
        guard.page(&Position::Offset(0), "GET /1", 7, 0).unwrap();
        guard.page(&Position::Offset(1), "GET /2", 7, 0).unwrap();
        guard.page(&Position::Offset(2), "GET /3", 7, 5).unwrap();
        guard.page(&Position::Offset(3), "GET /4", 8, 5).unwrap();
        guard.page(&Position::Offset(4), "GET /5", 7, 5).unwrap();
        let error = guard.page(&Position::Offset(5), "GET /6", 7, 5);
        let text = error.unwrap_err().to_string();
        assert!(text.contains("GET /5") && text.contains("GET /6"), "{text}");
    }

    #[test]
    fn the_same_page_from_another_cursor_or_link_is_found_after_many() {
        let link = |n: u32| Position::Url(format!("https://h/{n}"));
        let kinds: [&dyn Fn(u32) -> Position; 3] = [
            &|n| cursor(&n.to_string()),
            &|n| Position::CursorNumber(n.into()),
            &link,
        ];
        for position in kinds {
            let mut guard = Guard::default();
            guard.page(&Position::First, "GET /0", 6, 5).unwrap();
            let mut page = |n| guard.page(&position(n), &format!("GET /{n}"), 7, 5);
            let error = (1..=2_000).find_map(|n| page(n).err()).unwrap();
            let text = error.to_string();
            assert!(text.starts_with("1000 pages in a row have"), "{text}");
            assert!(
                text.contains("GET /999\n") && text.contains("GET /1000\n"),
                "{text}"
            );
        }
    }

    #[test]
    fn empty_pages_without_an_end_are_an_error_in_the_end() {
        let mut guard = Guard::default();
        let pages = (1..=2_000).find(|n| guard.page(&Position::Page(*n), "GET", 0, 0).is_err());
        assert_eq!(pages, Some(1_000));
    }
}
