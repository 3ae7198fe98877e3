//! Paginators.

use super::request::Path;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Paginator {
    pub kind: Pages,
    pub ends: Ends,
    pub maximum_pages: Option<u64>,
    pub stop_on_status: Vec<(u16, u16)>,
    pub keep_params: bool,
}

impl Paginator {
    /// Whether the rows of a page matter: they move the offset, an empty page is the end, or a total counts
    /// them.
    pub fn counts_rows(&self) -> bool {
        let ends = &self.ends;
        let has_total = ends.total_path.is_some() || ends.total_header.is_some();
        let is_counted = matches!(self.kind, Pages::Offset(_) | Pages::Number(_));
        is_counted || ends.stop_after_empty_page || has_total
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub enum Pages {
    #[default]
    Single,
    Offset(Offset),
    Number(PageNumber),
    Cursor(Cursor),
    HeaderCursor {
        cursor_key: String,
        cursor: Slot,
    },
    HeaderLink {
        header: String,
        rel: String,
    },
    JsonLink {
        next_url_path: Path,
    },
    /// The path of a constant, or of a struct without fields.
    Custom {
        rust: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    Query(String),
    Body(Path),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are independent of each other, as in a spec"
)]
pub struct Ends {
    pub total_path: Option<Path>,
    pub total_header: Option<String>,
    pub accept_short_total: bool,
    pub has_more_path: Option<Path>,
    pub has_more_default: Option<bool>,
    pub stop_after_empty_page: bool,
    pub stop_after_short_page: bool,
    pub end_on_repeat: bool,
}

impl Ends {
    /// Whether an empty page is the last of these pages where the spec does not say.
    pub fn default_stop_after_empty_page(kind: &Pages) -> bool {
        matches!(kind, Pages::Offset(_) | Pages::Number(_))
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Offset {
    pub limit: u64,
    pub base_offset: u64,
    pub offset: u64,
    pub offset_slot: Slot,
    pub limit_slot: Slot,
    pub maximum_offset: Option<u64>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PageNumber {
    pub base_page: u64,
    pub page: u64,
    pub page_slot: Slot,
    pub page_size: Option<u64>,
    pub page_size_slot: Option<Slot>,
    pub maximum_page: Option<u64>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Cursor {
    pub cursor_path: Path,
    pub cursor: Slot,
}
