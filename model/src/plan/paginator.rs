//! How the pages of a resource follow each other.

use super::{JsonPlan, ResourcePlan, Selector};
use crate::{
    schema::Path,
    shared::{List, Ref, Text},
};

declare! {
    /// How a resource's pages follow each other.
    pub struct Paginator {
        /// The kind.
        pub kind: Pages = Pages::Single,
        /// Position of the setting that has the most records of a page, in place of the number of `kind`.
        pub size_setting: Option<u16> = None,
        /// What ends the pages, whatever their kind, and what counts them.
        pub ends: Ends = Ends::DEFAULT,
        /// The most pages; reaching it is a success that the report notes.
        pub maximum_pages: Option<u64> = None,
        /// What follows at a maximum.
        pub at_maximum: AtMaximum = AtMaximum::Stop,
        /// Statuses that, past the first page, are the end, as inclusive ranges.
        pub stop_on_status: List<(u16, u16)> = List::EMPTY,
        /// Whether a next link is sent with the first request's parameters that it lacks.
        pub keep_params: bool = false,
        /// Whether a next link is followed at the origin of the request that it came from, whichever host it names.
        pub rebase_links: bool = false,
        /// The request for a page past the first of a scroll, where it differs from that for the first.
        pub next_request: Option<Ref<ResourcePlan>> = None,
        /// The request that ends a scroll after the last page.
        pub clear_request: Option<Ref<ResourcePlan>> = None,
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

    /// Its further requests: that for the next pages of a scroll, and that to end it.
    pub fn requests(&self) -> impl Iterator<Item = &ResourcePlan> {
        let requests = [&self.next_request, &self.clear_request];
        requests.into_iter().flatten().map(|request| &**request)
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
    /// What follows at a maximum of pages or records.
    #[derive(Copy, Default, Eq)]
    pub enum AtMaximum {
        /// Nothing: the fetch is bounded.
        #[default]
        Stop,
        /// The pages from the cursor of the last record on.
        Restart,
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
            /// How the cursor is sent.
            cursor: SentCursor,
        },
        /// By the id of a scroll, which the server keeps open: each request with it gives the next page, and an
        /// empty page is the last.
        Scroll(Cursor),
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
            next_url_path: Selector,
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
            Self::Cursor(pages) | Self::Scroll(pages) => vec![&pages.cursor.slot],
            Self::HeaderCursor { cursor, .. } => vec![&cursor.slot],
            Self::Single
            | Self::HeaderLink { .. }
            | Self::JsonLink { .. }
            | Self::Custom { .. } => Vec::new(),
        }
    }

    /// The names of [`Part::Position`](super::Part::Position) and [`Part::PageSize`](super::Part::PageSize) in a
    /// placeholder: `{paginator.offset}`.
    pub fn placeholders(&self) -> (&'static str, &'static str) {
        match self {
            Self::Offset(_) => ("offset", "limit"),
            Self::Number(_) => ("page", "page_size"),
            Self::Scroll(_) => ("scroll_id", "page_size"),
            _ => ("cursor", "page_size"),
        }
    }
}

declare! {
    /// Where a paginator writes its values.
    #[derive(Eq)]
    pub enum Slot {
        /// A query parameter.
        Query(Text),
        /// A header.
        Header(Text),
        /// A place in the body: keys only, made where they are missing.
        Body(Path),
        /// The placeholders in the path, the parameters, the headers or the body of the resource.
        Placeholder,
    }
}

declare! {
    /// What a response may say of the whole, and which pages are the last. Whichever says stop first, stops.
    pub struct Ends or COUNTED {
        /// Where the body holds the total: of pages for [`Pages::Number`], else of records.
        pub total_path: Option<Path> = None,
        /// The header that holds the total.
        pub total_header: Option<Text> = None,
        /// The regular expression that finds the total there: its first group, or its match without one.
        pub total_pattern: Option<Text> = None,
        /// The total of a first response without one. Otherwise that is an error.
        pub total_default: Option<u64> = None,
        /// Whether a total that is not reached is no error.
        pub accept_short_total: bool = false,
        /// The flag that says whether there is more.
        pub flag: Option<Flag> = None,
        /// The cursors that say that there is no next page.
        pub last_cursors: List<JsonPlan> = List::EMPTY,
        /// Whether a page without records is the last.
        pub stop_after_empty_page: bool = false,
        /// Whether a page with fewer records than asked for is the last.
        pub stop_after_short_page: bool = false,
        /// Whether a cursor or link that was given before is the end. Otherwise it is an error.
        pub end_on_repeat: bool = false,
    }
}

declare! {
    /// A flag in the body that says whether there is more.
    pub struct Flag {
        /// Where it is.
        pub path: Path = Path::ROOT,
        /// Whether it is true on the last page, and not on those before it.
        pub is_last: bool = false,
        /// The values that stand for true. Without any: true, 1, `yes` and `y`.
        pub values: List<JsonPlan> = List::EMPTY,
        /// Whether there is more where the flag is absent before it was seen once. Afterwards there is not.
        pub default: Option<bool> = None,
    }
}

impl Flag {
    /// True at this place where there is more.
    pub const fn at(path: Path) -> Self {
        Self {
            path,
            ..Self::DEFAULT
        }
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
            Pages::Offset(_) | Pages::Number(_) | Pages::Scroll(_) => Self::COUNTED,
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
        /// By how much a page moves the offset.
        pub advance_by: AdvanceBy = AdvanceBy::Received,
        /// Whether the first request carries the offset.
        pub sent_first: bool = true,
    }
}

declare! {
    /// By how much a page moves the offset.
    #[derive(Copy, Default, Eq)]
    pub enum AdvanceBy {
        /// By its records.
        #[default]
        Received,
        /// By the limit: the API counts records that it leaves out of its pages.
        Limit,
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
        /// Whether the first request carries the number.
        pub sent_first: bool = true,
    }
}

declare! {
    /// Pages by a cursor in the body.
    pub struct Cursor {
        /// Where the next cursor is.
        pub cursor_path: Selector = Selector::Path(Path::ROOT),
        /// Which of the values there is the cursor, where a query finds several.
        pub take: Take = Take::First,
        /// How it is sent.
        pub cursor: SentCursor = SentCursor::DEFAULT,
    }
}

impl Cursor {
    /// A cursor at this place, sent as a parameter.
    pub const fn new(cursor_path: Path, param: Text) -> Self {
        Self {
            cursor_path: Selector::Path(cursor_path),
            take: Take::First,
            cursor: SentCursor::param(param),
        }
    }
}

declare! {
    /// Which of several values is taken.
    #[derive(Copy, Default, Eq)]
    pub enum Take {
        /// The first.
        #[default]
        First,
        /// The greatest: numbers by their value, texts by their characters.
        Greatest,
        /// The least.
        Least,
    }
}

declare! {
    /// How a cursor is sent.
    #[derive(Eq)]
    pub struct SentCursor {
        /// Where.
        pub slot: Slot = Slot::Query(Ref::Static("cursor")),
        /// As what.
        pub form: CursorForm = CursorForm::Received,
        /// Whether the query has no other parameter beside it.
        pub replaces_params: bool = false,
        /// The cursor of the first page.
        pub initial: Option<Text> = None,
    }
}

impl SentCursor {
    /// As a parameter of this name.
    pub const fn param(name: Text) -> Self {
        Self {
            slot: Slot::Query(name),
            ..Self::DEFAULT
        }
    }
}

declare! {
    /// As what a cursor is sent.
    #[derive(Copy, Default, Eq)]
    pub enum CursorForm {
        /// As it was received: in a JSON body with its type, elsewhere as text. A list or an object goes into a
        /// body only.
        #[default]
        Received,
        /// As JSON: outside of a JSON body as the text of it, in which a text has its quotes.
        Json,
        /// As text, in a JSON body too.
        Text,
    }
}
