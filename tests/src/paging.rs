//! How rows are cut into pages, the wrong ways included.

use serde_json::{Value, json};

use crate::{dataset::Row, log::Seen};

/// How rows are cut into pages.
#[derive(Clone, Debug)]
pub struct Paging {
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
            cap: 1000,
            total: Total::Right,
            ignores_offset: false,
            short_page: None,
        }
    }
}

impl Paging {
    /// The page that a request asks for.
    pub(crate) fn page(&self, rows: &[&Row], request: &Seen) -> Value {
        let total = match self.total {
            Total::Absent => None,
            Total::Right => Some(json!(rows.len())),
            Total::Wrong(total) => Some(json!(total)),
        };
        let asked = request.number("offset").unwrap_or(0);
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
        page
    }
}
