//! How the pages of a resource follow each other.

use crate::{
    schema::Path,
    shared::{List, Ref, Text},
};

declare! {
    /// How a resource's pages follow each other.
    pub struct Paginator {
        /// The kind.
        pub kind: Pages = Pages::Single,
        /// What ends the pages, whatever their kind, and what counts them.
        pub ends: Ends = Ends::DEFAULT,
        /// The most pages; reaching it is a success that the report notes.
        pub maximum_pages: Option<u64> = None,
        /// Statuses that, past the first page, are the end, as inclusive ranges.
        pub stop_on_status: List<(u16, u16)> = List::EMPTY,
        /// Whether a next link is sent with the first request's parameters that it lacks.
        pub keep_params: bool = false,
    }
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

    /// Pages of this kind, as many as there are.
    pub const fn new(kind: Pages) -> Self {
        let ends = Ends::of(&kind);
        Self {
            kind,
            ends,
            ..Self::DEFAULT
        }
    }
}

declare! {
    /// The kinds of paginator.
    pub enum Pages {
        /// One page.
        Single,
        /// By offset and limit.
        Offset(Offset),
        /// By the page's number.
        Number(PageNumber),
        /// By a cursor in the body.
        Cursor(Cursor),
        /// By a cursor in a header.
        HeaderCursor {
            /// The header.
            cursor_key: Text,
            /// Where the cursor is sent.
            cursor: Slot,
        },
        /// By a URL in a header: the relation `rel` of a `Link` header (RFC 8288), or another header's
        /// whole value.
        HeaderLink {
            /// The header.
            header: Text,
            /// The relation.
            rel: Text,
        },
        /// By a URL in the body, resolved against the request's.
        JsonLink {
            /// Where the URL is.
            next_url_path: Path,
        },
        /// In a way of the user's own: see `rest_source::hooks::Hooks`.
        Custom {
            /// The path of a constant, or of a struct without fields, in the spec.
            rust: Text,
        },
    }
}

impl Pages {
    /// Where it writes its values into a request. A paginator of the user's own does not say.
    pub fn slots(&self) -> Vec<&Slot> {
        match self {
            Self::Offset(pages) => vec![&pages.offset_slot, &pages.limit_slot],
            Self::Number(pages) => [Some(&pages.page_slot), pages.page_size_slot.as_ref()]
                .into_iter()
                .flatten()
                .collect(),
            Self::Cursor(pages) => vec![&pages.cursor],
            Self::HeaderCursor { cursor, .. } => vec![cursor],
            Self::Single
            | Self::HeaderLink { .. }
            | Self::JsonLink { .. }
            | Self::Custom { .. } => Vec::new(),
        }
    }
}

declare! {
    /// Where a paginator writes its values.
    #[derive(Eq)]
    pub enum Slot {
        /// A query parameter.
        Query(Text),
        /// A place in the body: keys only, made where they are missing.
        Body(Path),
    }
}

declare! {
    /// What a response may say of the whole, and which pages are the last. Whichever says stop first, stops.
    pub struct Ends or COUNTED {
        /// Where the body holds the total: of pages for [`Pages::Number`], else of records.
        pub total_path: Option<Path> = None,
        /// The header that holds the total.
        pub total_header: Option<Text> = None,
        /// Whether a total that is not reached is no error.
        pub accept_short_total: bool = false,
        /// Where the body says whether there is more.
        pub has_more_path: Option<Path> = None,
        /// What the absent flag means before it was seen once. Afterwards it means false.
        pub has_more_default: Option<bool> = None,
        /// Whether a page without records is the last.
        pub stop_after_empty_page: bool = false,
        /// Whether a page with fewer records than asked for is the last.
        pub stop_after_short_page: bool = false,
        /// Whether a cursor or link that was given before is the end. Otherwise it is an error.
        pub end_on_repeat: bool = false,
    }
}

impl Ends {
    /// The defaults for pages that are counted, by offset or by number: an empty page is the last.
    pub const COUNTED: Self = Self {
        stop_after_empty_page: true,
        ..Self::DEFAULT
    };

    /// The defaults for pages of this kind.
    pub const fn of(kind: &Pages) -> Self {
        match kind {
            Pages::Offset(_) | Pages::Number(_) => Self::COUNTED,
            _ => Self::DEFAULT,
        }
    }
}

declare! {
    /// Pages by offset and limit.
    pub struct Offset {
        /// The most records of a page, at least 1.
        pub limit: u64 = 1,
        /// The offset of the API's first record.
        pub base_offset: u64 = 0,
        /// The offset to start at.
        pub offset: u64 = 0,
        /// Where the offset is sent.
        pub offset_slot: Slot = Slot::Query(Ref::Static("offset")),
        /// Where the limit is sent.
        pub limit_slot: Slot = Slot::Query(Ref::Static("limit")),
        /// The offset at which to stop, itself excluded.
        pub maximum_offset: Option<u64> = None,
    }
}

impl Offset {
    /// The defaults of the language, but for the limit.
    pub const fn new(limit: u64) -> Self {
        Self {
            limit,
            ..Self::DEFAULT
        }
    }
}

declare! {
    /// Pages by their number.
    pub struct PageNumber {
        /// The number of the API's first page.
        pub base_page: u64 = 0,
        /// The number to start at.
        pub page: u64 = 0,
        /// Where the number is sent.
        pub page_slot: Slot = Slot::Query(Ref::Static("page")),
        /// The most records of a page.
        pub page_size: Option<u64> = None,
        /// Where the size is sent.
        pub page_size_slot: Option<Slot> = None,
        /// The number at which to stop, itself excluded.
        pub maximum_page: Option<u64> = None,
    }
}

declare! {
    /// Pages by a cursor in the body.
    pub struct Cursor {
        /// Where the next cursor is.
        pub cursor_path: Path,
        /// Where it is sent.
        pub cursor: Slot,
    }
}
