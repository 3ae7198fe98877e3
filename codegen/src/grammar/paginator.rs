//! The kinds of `paginator`.

use super::{
    DefaultKey, Family, Key, Shape, Statuses, Word, Words, flag, integer, key, member, path, text,
    word, word_of,
};
use crate::check::paginator::scroll::{CLEAR, CONTINUE};
use crate::connector::{
    AdvanceBy, AtMaximum, CursorForm, Ends, List, Offset, PageNumber, Paginator, Path, Ref,
    Selector, SentCursor, Slot, Step, Take, Text,
};

/// These keys, and those of all pages that are not counted.
macro_rules! linked {
    ($($key:expr),* $(,)?) => {
        &[
            $($key,)*
            &TOTAL_PATH,
            &TOTAL_HEADER,
            &TOTAL_PATTERN,
            &TOTAL_DEFAULT,
            &ACCEPT_SHORT_TOTAL,
            &HAS_MORE_PATH,
            &HAS_MORE_VALUES,
            &LAST_PAGE_PATH,
            &LAST_PAGE_VALUES,
            &HAS_MORE_DEFAULT,
            &LINKED_STOP_AFTER_EMPTY_PAGE,
            &END_ON_REPEAT,
            &MAXIMUM_PAGES,
            &AT_MAXIMUM,
            &STOP_ON_STATUS,
        ]
    };
}

pub(crate) static PAGINATOR: Family = Family {
    name: "paginator",
    tag: "type",
    common: &[],
    may_be_bare: true,
    members: &[
        member(
            word("single_page", "one page"),
            &[
                &TOTAL_PATH,
                &TOTAL_HEADER,
                &TOTAL_PATTERN,
                &TOTAL_DEFAULT,
                &ACCEPT_SHORT_TOTAL,
            ],
        ),
        member(
            word("offset", "by offset and limit"),
            &[
                &LIMIT,
                &BASE_OFFSET,
                &OFFSET,
                &OFFSET_PARAM,
                &LIMIT_PARAM,
                &OFFSET_BODY_PATH,
                &LIMIT_BODY_PATH,
                &TOTAL_PATH,
                &TOTAL_HEADER,
                &TOTAL_PATTERN,
                &TOTAL_DEFAULT,
                &ACCEPT_SHORT_TOTAL,
                &MAXIMUM_OFFSET,
                &ADVANCE_BY,
                &INJECT_ON_FIRST_REQUEST,
                &HAS_MORE_PATH,
                &HAS_MORE_VALUES,
                &LAST_PAGE_PATH,
                &LAST_PAGE_VALUES,
                &HAS_MORE_DEFAULT,
                &STOP_AFTER_EMPTY_PAGE,
                &STOP_AFTER_SHORT_PAGE,
                &MAXIMUM_PAGES,
                &AT_MAXIMUM,
                &STOP_ON_STATUS,
            ],
        ),
        member(
            word("page_number", "by the number of the page"),
            &[
                &BASE_PAGE,
                &PAGE,
                &PAGE_PARAM,
                &PAGE_BODY_PATH,
                &PAGE_SIZE,
                &PAGE_SIZE_PARAM,
                &PAGE_SIZE_BODY_PATH,
                &TOTAL_PATH,
                &TOTAL_HEADER,
                &TOTAL_PATTERN,
                &TOTAL_DEFAULT,
                &ACCEPT_SHORT_TOTAL,
                &MAXIMUM_PAGE,
                &INJECT_ON_FIRST_REQUEST,
                &HAS_MORE_PATH,
                &HAS_MORE_VALUES,
                &LAST_PAGE_PATH,
                &LAST_PAGE_VALUES,
                &HAS_MORE_DEFAULT,
                &STOP_AFTER_EMPTY_PAGE,
                &STOP_AFTER_SHORT_PAGE,
                &MAXIMUM_PAGES,
                &AT_MAXIMUM,
                &STOP_ON_STATUS,
            ],
        ),
        member(
            word("cursor", "by a cursor in the body"),
            linked![
                &CURSOR_PATH,
                &CURSOR_VALUE,
                &CURSOR_PARAM,
                &CURSOR_HEADER,
                &CURSOR_BODY_PATH,
                &CURSOR_AS,
                &CURSOR_REPLACES_PARAMS,
                &INITIAL_CURSOR,
                &LAST_CURSOR_VALUES,
            ],
        ),
        member(
            word("header_cursor", "by a cursor in a header"),
            linked![
                &CURSOR_KEY,
                &CURSOR_PARAM,
                &CURSOR_HEADER,
                &CURSOR_BODY_PATH,
                &CURSOR_AS,
                &CURSOR_REPLACES_PARAMS,
                &INITIAL_CURSOR,
                &LAST_CURSOR_VALUES,
            ],
        ),
        member(
            word(
                "scroll",
                "by the id of a scroll, which each page repeats; an empty page is the last",
            ),
            &[
                &SCROLL_PATH,
                &SCROLL_PARAM,
                &SCROLL_HEADER,
                &SCROLL_BODY_PATH,
                &CONTINUE,
                &CLEAR,
                &TOTAL_PATH,
                &TOTAL_HEADER,
                &TOTAL_PATTERN,
                &TOTAL_DEFAULT,
                &ACCEPT_SHORT_TOTAL,
                &HAS_MORE_PATH,
                &HAS_MORE_VALUES,
                &LAST_PAGE_PATH,
                &LAST_PAGE_VALUES,
                &HAS_MORE_DEFAULT,
                &MAXIMUM_PAGES,
                &STOP_ON_STATUS,
            ],
        ),
        member(
            word("header_link", "by a URL in a header"),
            linked![&LINKS_NEXT_KEY, &HEADER, &KEEP_PARAMS, &REBASE_LINKS],
        ),
        member(
            word("json_link", "by a URL in the body").alias(&["json_response"]),
            linked![&NEXT_URL_PATH, &KEEP_PARAMS, &REBASE_LINKS],
        ),
        member(word("custom", "a paginator of your own"), linked![&RUST]),
    ],
};

// By offset.

pub(crate) static LIMIT: Key<u64> = Key::new(
    "limit",
    Shape::IntegerOrSetting(1),
    "the most records of a page",
)
.required();
pub(crate) static BASE_OFFSET: DefaultKey<u64> =
    integer("base_offset", 0, "the offset of the API's first record")
        .or(Offset::DEFAULT.base_offset);
pub(crate) static OFFSET: Key<u64> =
    integer("offset", 0, "the offset to start at").remark("base_offset");
pub(crate) static OFFSET_PARAM: DefaultKey<Text> =
    text("offset_param", "the parameter that carries the offset")
        .or(param(&Offset::DEFAULT.offset_slot));
pub(crate) static LIMIT_PARAM: DefaultKey<Text> =
    text("limit_param", "the parameter that carries the limit")
        .or(param(&Offset::DEFAULT.limit_slot));
pub(crate) static OFFSET_BODY_PATH: Key<Path> = path(
    "offset_body_path",
    "where in the body the offset goes instead",
);
pub(crate) static LIMIT_BODY_PATH: Key<Path> = path(
    "limit_body_path",
    "where in the body the limit goes instead",
);
pub(crate) static MAXIMUM_OFFSET: Key<u64> = integer(
    "maximum_offset",
    0,
    "the offset at which to stop, itself excluded",
);

pub(crate) static ADVANCE_BY: DefaultKey<AdvanceBy> =
    word_of("advance_by", "by how much a page moves the offset").or(Offset::DEFAULT.advance_by);
pub(crate) static INJECT_ON_FIRST_REQUEST: DefaultKey<bool> = flag(
    "inject_on_first_request",
    "whether the first request carries the offset, or the number of the page",
)
.or(Offset::DEFAULT.sent_first);

impl Words for AtMaximum {
    const WORDS: &'static [(Word, Self)] = &[
        (
            word("stop", "the fetch ends there, and is bounded"),
            Self::Stop,
        ),
        (
            word(
                "restart",
                "the pages start again at the cursor of the last record",
            ),
            Self::Restart,
        ),
    ];
}

impl Words for AdvanceBy {
    const WORDS: &'static [(Word, Self)] = &[
        (word("received", "by the records received"), Self::Received),
        (
            word(
                "limit",
                "by the limit, where the API leaves out of its pages some of the records that it counts",
            ),
            Self::Limit,
        ),
    ];
}

// By page number.

pub(crate) static BASE_PAGE: DefaultKey<u64> =
    integer("base_page", 0, "the number of the API's first page").or(PageNumber::DEFAULT.base_page);
pub(crate) static PAGE: Key<u64> = integer("page", 0, "the number to start at").remark("base_page");
pub(crate) static PAGE_PARAM: DefaultKey<Text> =
    text("page_param", "the parameter that carries the number")
        .or(param(&PageNumber::DEFAULT.page_slot));
pub(crate) static PAGE_BODY_PATH: Key<Path> = path(
    "page_body_path",
    "where in the body the number goes instead",
);
pub(crate) static PAGE_SIZE: Key<u64> = Key::new(
    "page_size",
    Shape::IntegerOrSetting(1),
    "the most records of a page",
);
pub(crate) static PAGE_SIZE_PARAM: Key<Text> =
    text("page_size_param", "the parameter that carries the size");
pub(crate) static PAGE_SIZE_BODY_PATH: Key<Path> = path(
    "page_size_body_path",
    "where in the body the size goes instead",
);
pub(crate) static MAXIMUM_PAGE: Key<u64> = integer(
    "maximum_page",
    0,
    "the number at which to stop, itself excluded",
);

// By cursor.

pub(crate) static CURSOR_PATH: DefaultKey<Selector> =
    place("cursor_path", "where the next cursor is").or(at(&[
        Step::Key(Ref::Static("cursors")),
        Step::Key(Ref::Static("next")),
    ]));
pub(crate) static CURSOR_VALUE: DefaultKey<Take> = word_of(
    "cursor_value",
    "which of the values at `cursor_path` is the cursor, where there are several",
)
.or(Take::First);
pub(crate) static CURSOR_KEY: DefaultKey<Text> =
    text("cursor_key", "the header").or(Text::of("next"));
pub(crate) static CURSOR_PARAM: DefaultKey<Text> = text(
    "cursor_param",
    "the parameter that carries the cursor; a value in `params` is that of the first page",
)
.or(Text::of("cursor"));
pub(crate) static CURSOR_HEADER: Key<Text> = text(
    "cursor_header",
    "the header that carries the cursor instead",
);
pub(crate) static CURSOR_BODY_PATH: Key<Path> = path(
    "cursor_body_path",
    "where in the body the cursor goes instead",
);
pub(crate) static CURSOR_AS: DefaultKey<CursorForm> =
    word_of("cursor_as", "as what the cursor is sent").or(SentCursor::DEFAULT.form);
pub(crate) static CURSOR_REPLACES_PARAMS: DefaultKey<bool> = flag(
    "cursor_replaces_params",
    "whether a request with a cursor has no other query parameters",
)
.or(SentCursor::DEFAULT.replaces_params);
pub(crate) static INITIAL_CURSOR: Key<Text> =
    text("initial_cursor", "the cursor of the first page").example("start");
pub(crate) static LAST_CURSOR_VALUES: Key = key(
    "last_cursor_values",
    Shape::List(&Shape::Scalar),
    "the cursors of the last page, besides one that is absent, null, empty or false",
);

impl Words for Take {
    const WORDS: &'static [(Word, Self)] = &[
        (word("first", "the first"), Self::First),
        (
            word("greatest", "the greatest number or text"),
            Self::Greatest,
        ),
        (word("least", "the least number or text"), Self::Least),
    ];
}

impl Words for CursorForm {
    const WORDS: &'static [(Word, Self)] = &[
        (
            word(
                "received",
                "as it was received: in a JSON body with its type, elsewhere as text",
            ),
            Self::Received,
        ),
        (
            word("json", "as JSON, which may be a list or an object"),
            Self::Json,
        ),
        (word("text", "as text, in a JSON body too"), Self::Text),
    ];
}

// By scroll.

pub(crate) static SCROLL_PATH: DefaultKey<Selector> =
    place("scroll_path", "where the id of the scroll is")
        .or(at(&[Step::Key(Ref::Static("scroll_id"))]));
pub(crate) static SCROLL_PARAM: DefaultKey<Text> =
    text("scroll_param", "the parameter that carries the id").or(Text::of("scroll_id"));
pub(crate) static SCROLL_HEADER: Key<Text> =
    text("scroll_header", "the header that carries the id instead");
pub(crate) static SCROLL_BODY_PATH: Key<Path> =
    path("scroll_body_path", "where in the body the id goes instead");

// By link.

pub(crate) static LINKS_NEXT_KEY: DefaultKey<Text> =
    text("links_next_key", "the relation of the `Link` header").or(Text::of("next"));
pub(crate) static HEADER: DefaultKey<Text> = text("header", "the header").or(Text::of("Link"));
pub(crate) static NEXT_URL_PATH: DefaultKey<Selector> =
    place("next_url_path", "where the URL is").or(at(&[Step::Key(Ref::Static("next"))]));
pub(crate) static KEEP_PARAMS: DefaultKey<bool> = flag(
    "keep_params",
    "whether a next link is sent with the first request's parameters that it lacks",
)
.or(Paginator::DEFAULT.keep_params);
pub(crate) static REBASE_LINKS: DefaultKey<bool> = flag(
    "rebase_links",
    "whether a next link is followed at the origin of its page, whichever host it names",
)
.or(Paginator::DEFAULT.rebase_links);

pub(crate) static RUST: Key = key(
    "rust",
    Shape::Rust,
    "its path: of a constant, or of a struct without fields",
)
.required();

// Of several kinds.

pub(crate) static TOTAL_PATH: Key<Path> = path("total_path", "where the body holds the total");
pub(crate) static TOTAL_HEADER: Key<Text> = text("total_header", "the header that holds the total");
pub(crate) static TOTAL_PATTERN: Key<Text> = text(
    "total_pattern",
    "a regular expression that finds the total there, in its first group",
);
pub(crate) static TOTAL_DEFAULT: Key<u64> = integer(
    "total_default",
    0,
    "what a first response without the total means: 0, if the API leaves out a total of 0",
);
pub(crate) static ACCEPT_SHORT_TOTAL: DefaultKey<bool> = flag(
    "accept_short_total",
    "whether fewer records than the total are complete, for a total that is known to be wrong",
)
.or(Ends::DEFAULT.accept_short_total);
pub(crate) static HAS_MORE_PATH: Key<Path> =
    path("has_more_path", "where the body says whether there is more");
pub(crate) static HAS_MORE_VALUES: Key = key(
    "has_more_values",
    Shape::List(&Shape::Scalar),
    "the values at `has_more_path` that say that there is more",
);
pub(crate) static LAST_PAGE_PATH: Key<Path> = path(
    "last_page_path",
    "where the body says whether this is the last page",
);
pub(crate) static LAST_PAGE_VALUES: Key = key(
    "last_page_values",
    Shape::List(&Shape::Scalar),
    "the values at `last_page_path` that say that it is",
);
pub(crate) static HAS_MORE_DEFAULT: Key<bool> = flag(
    "has_more_default",
    "what a response without the flag means; false once a response had it",
);
pub(crate) static STOP_AFTER_EMPTY_PAGE: DefaultKey<bool> =
    stop_after_empty_page().or(Ends::COUNTED.stop_after_empty_page);
/// The same, of pages that are not counted.
pub(crate) static LINKED_STOP_AFTER_EMPTY_PAGE: DefaultKey<bool> =
    stop_after_empty_page().or(Ends::DEFAULT.stop_after_empty_page);
pub(crate) static STOP_AFTER_SHORT_PAGE: DefaultKey<bool> = flag(
    "stop_after_short_page",
    "whether a page with fewer records than asked for is the last",
)
.or(Ends::DEFAULT.stop_after_short_page);
pub(crate) static END_ON_REPEAT: DefaultKey<bool> = flag(
    "end_on_repeat",
    "whether a cursor or link that was given before is the end, in place of an error",
)
.or(Ends::DEFAULT.end_on_repeat);
pub(crate) static MAXIMUM_PAGES: Key<u64> = integer("maximum_pages", 1, "the most pages");
pub(crate) static AT_MAXIMUM: DefaultKey<AtMaximum> = word_of(
    "at_maximum",
    "what follows at a maximum, where an API serves no deeper pages",
)
.or(Paginator::DEFAULT.at_maximum);
pub(crate) static STOP_ON_STATUS: Key<Statuses> = Key::new(
    "stop_on_status",
    Shape::List(&Shape::Status),
    "statuses that are the end, past the first page",
);

const fn stop_after_empty_page() -> Key<bool> {
    flag(
        "stop_after_empty_page",
        "whether a page without records is the last",
    )
}

/// The parameter of a slot that is one by default.
const fn param(slot: &Slot) -> Text {
    match slot {
        Slot::Query(Ref::Static(name)) => Text::of(name),
        _ => Text::EMPTY,
    }
}

const fn at(steps: &'static [Step]) -> Selector {
    Selector::Path(Path(List::Static(steps)))
}

/// A place in a body, or a query for it.
const fn place(name: &'static str, meaning: &'static str) -> Key<Selector> {
    Key::new(name, Shape::Selector, meaning)
}
