//! How rows are cut into pages, the wrong ways included.

use serde_json::{Value, json};

use crate::{dataset::Row, log::Seen};

/// How a page is asked for, and how it says which comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// By `offset` and `limit`; it says nothing.
    #[default]
    Offset,
    /// By `page`, of which this is the first, and `limit`; it says nothing.
    Page(usize),
    /// By `cursor`, which is the page's `cursor`, null on the last.
    Cursor,
    /// By `cursor`, which is the value of `X-Next-Cursor`.
    HeaderCursor,
    /// By the URL of the relation `next` in `Link`.
    HeaderLink,
    /// By the URL that is the page's `next`, relative to its own.
    JsonLink,
}

/// How rows are cut into pages.
#[derive(Clone, Debug)]
pub struct Paging {
    /// How pages follow each other.
    pub style: Style,
    /// The most rows of a page, whatever the request asks for.
    pub cap: usize,
    /// What a page says of the number of rows.
    pub total: Total,
    /// Every page is the first.
    pub ignores_offset: bool,
    /// A page with fewer rows than were asked for, though more are to come.
    pub short_page: Option<ShortPage>,
}

/// What a page says of the number of rows.
#[derive(Clone, Copy, Debug)]
pub enum Total {
    /// Nothing.
    Absent,
    /// The truth.
    Right,
    /// This number.
    Wrong(u64),
}

/// A page with fewer rows than were asked for.
#[derive(Clone, Copy, Debug)]
pub struct ShortPage {
    /// The offset it is asked for by.
    pub offset: usize,
    /// The number of its rows.
    pub rows: usize,
}

impl Default for Paging {
    fn default() -> Self {
        Self {
            style: Style::Offset,
            cap: 1000,
            total: Total::Right,
            ignores_offset: false,
            short_page: None,
        }
    }
}

impl Paging {
    /// The page that a request asks for, and a header beside it.
    pub(crate) fn page(&self, rows: &[&Row], request: &Seen) -> (Value, Option<Header>) {
        let total = match self.total {
            Total::Absent => None,
            Total::Right => Some(json!(rows.len())),
            Total::Wrong(total) => Some(json!(total)),
        };
        let asked = self.first(request);
        let offset = if self.ignores_offset { 0 } else { asked };
        let limit = match self.short_page {
            Some(short) if short.offset == offset => short.rows,
            _ => request.number("limit").unwrap_or(self.cap),
        };
        let data: Vec<&Row> = rows
            .iter()
            .skip(offset)
            .take(limit.min(self.cap))
            .copied()
            .collect();
        let mut page = json!({ "data": data });
        if let Some(total) = total {
            page["total"] = total;
        }
        let after = offset + data.len();
        let header = self.tell_next(
            &mut page,
            Some(after).filter(|after| *after < rows.len()),
            request,
        );
        (page, header)
    }

    /// The first row that a request asks for.
    fn first(&self, request: &Seen) -> usize {
        match self.style {
            Style::Offset | Style::HeaderLink | Style::JsonLink => request.number("offset"),
            Style::Page(base) => request.number("page").map(|page| {
                page.saturating_sub(base) * request.number("limit").unwrap_or(self.cap)
            }),
            Style::Cursor | Style::HeaderCursor => request
                .param("cursor")
                .and_then(|cursor| cursor.strip_prefix("after-")?.parse().ok()),
        }
        .unwrap_or(0)
    }

    /// Says where the next page begins, if there is one.
    fn tell_next(&self, page: &mut Value, after: Option<usize>, request: &Seen) -> Option<Header> {
        let cursor = after.map(|after| format!("after-{after}"));
        let url = after.map(|after| format!("{}?offset={after}", request.path));
        match self.style {
            Style::Offset | Style::Page(_) => None,
            Style::Cursor => {
                page["cursor"] = json!(cursor);
                None
            }
            Style::JsonLink => {
                page["next"] = json!(url);
                None
            }
            Style::HeaderCursor => cursor.map(|cursor| ("x-next-cursor", cursor)),
            Style::HeaderLink => url.map(|url| ("link", format!("<{url}>; rel=\"next\""))),
        }
    }
}

/// The name of a header, and its value.
pub(crate) type Header = (&'static str, String);
