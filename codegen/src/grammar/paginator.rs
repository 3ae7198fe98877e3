//! The kinds of `paginator`.

use super::{Family, Key, Shape, key, member, word};

/// These keys, and those of all pages that are not counted.
macro_rules! linked {
    ($($key:expr),* $(,)?) => {
        &[
            $($key,)*
            TOTAL_PATH,
            TOTAL_HEADER,
            ACCEPT_SHORT_TOTAL,
            HAS_MORE_PATH,
            HAS_MORE_DEFAULT,
            STOP_AFTER_EMPTY_PAGE.or("false"),
            END_ON_REPEAT,
            MAXIMUM_PAGES,
            STOP_ON_STATUS,
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
            &[TOTAL_PATH, TOTAL_HEADER, ACCEPT_SHORT_TOTAL],
        ),
        member(
            word("offset", "by offset and limit"),
            &[
                key("limit", Shape::Integer(1), "the most records of a page").required(),
                key(
                    "base_offset",
                    Shape::Integer(0),
                    "the offset of the API's first record",
                )
                .or("0"),
                key("offset", Shape::Integer(0), "the offset to start at").or("base_offset"),
                key(
                    "offset_param",
                    Shape::Text,
                    "the parameter that carries the offset",
                )
                .or("offset"),
                key(
                    "limit_param",
                    Shape::Text,
                    "the parameter that carries the limit",
                )
                .or("limit"),
                key(
                    "offset_body_path",
                    Shape::Path,
                    "where in the body the offset goes instead",
                ),
                key(
                    "limit_body_path",
                    Shape::Path,
                    "where in the body the limit goes instead",
                ),
                TOTAL_PATH,
                TOTAL_HEADER,
                ACCEPT_SHORT_TOTAL,
                key(
                    "maximum_offset",
                    Shape::Integer(0),
                    "the offset at which to stop, itself excluded",
                ),
                HAS_MORE_PATH,
                HAS_MORE_DEFAULT,
                STOP_AFTER_EMPTY_PAGE.or("true"),
                STOP_AFTER_SHORT_PAGE,
                MAXIMUM_PAGES,
                STOP_ON_STATUS,
            ],
        ),
        member(
            word("page_number", "by the number of the page"),
            &[
                key(
                    "base_page",
                    Shape::Integer(0),
                    "the number of the API's first page",
                )
                .or("0"),
                key("page", Shape::Integer(0), "the number to start at").or("base_page"),
                key(
                    "page_param",
                    Shape::Text,
                    "the parameter that carries the number",
                )
                .or("page"),
                key(
                    "page_body_path",
                    Shape::Path,
                    "where in the body the number goes instead",
                ),
                key("page_size", Shape::Integer(1), "the most records of a page"),
                key(
                    "page_size_param",
                    Shape::Text,
                    "the parameter that carries the size",
                ),
                key(
                    "page_size_body_path",
                    Shape::Path,
                    "where in the body the size goes instead",
                ),
                TOTAL_PATH,
                TOTAL_HEADER,
                ACCEPT_SHORT_TOTAL,
                key(
                    "maximum_page",
                    Shape::Integer(0),
                    "the number at which to stop, itself excluded",
                ),
                HAS_MORE_PATH,
                HAS_MORE_DEFAULT,
                STOP_AFTER_EMPTY_PAGE.or("true"),
                STOP_AFTER_SHORT_PAGE,
                MAXIMUM_PAGES,
                STOP_ON_STATUS,
            ],
        ),
        member(
            word("cursor", "by a cursor in the body"),
            linked![
                key("cursor_path", Shape::Path, "where the next cursor is").or("cursors.next"),
                CURSOR_PARAM,
                CURSOR_BODY_PATH,
            ],
        ),
        member(
            word("header_cursor", "by a cursor in a header"),
            linked![
                key("cursor_key", Shape::Text, "the header").or("next"),
                CURSOR_PARAM,
            ],
        ),
        member(
            word("header_link", "by a URL in a header"),
            linked![
                key(
                    "links_next_key",
                    Shape::Text,
                    "the relation of the `Link` header",
                )
                .or("next"),
                key("header", Shape::Text, "the header").or("Link"),
                KEEP_PARAMS,
            ],
        ),
        member(
            word("json_link", "by a URL in the body").alias(&["json_response"]),
            linked![
                key("next_url_path", Shape::Path, "where the URL is").or("next"),
                KEEP_PARAMS,
            ],
        ),
        member(
            word("custom", "a paginator of your own"),
            linked![
                key(
                    "rust",
                    Shape::Rust,
                    "its path: of a constant, or of a struct without fields",
                )
                .required(),
            ],
        ),
    ],
};

const TOTAL_PATH: Key = key("total_path", Shape::Path, "where the body holds the total");
const TOTAL_HEADER: Key = key(
    "total_header",
    Shape::Text,
    "the header that holds the total",
);
const HAS_MORE_PATH: Key = key(
    "has_more_path",
    Shape::Path,
    "where the body says whether there is more",
);
const ACCEPT_SHORT_TOTAL: Key = key(
    "accept_short_total",
    Shape::Bool,
    "whether fewer records than the total are complete, for a total that is known to be wrong",
)
.or("false");
const HAS_MORE_DEFAULT: Key = key(
    "has_more_default",
    Shape::Bool,
    "what a response without the flag means; false once a response had it",
);
const END_ON_REPEAT: Key = key(
    "end_on_repeat",
    Shape::Bool,
    "whether a cursor or link that was given before is the end, in place of an error",
)
.or("false");
const STOP_AFTER_EMPTY_PAGE: Key = key(
    "stop_after_empty_page",
    Shape::Bool,
    "whether a page without records is the last",
);
const STOP_AFTER_SHORT_PAGE: Key = key(
    "stop_after_short_page",
    Shape::Bool,
    "whether a page with fewer records than asked for is the last",
)
.or("false");
const KEEP_PARAMS: Key = key(
    "keep_params",
    Shape::Bool,
    "whether a next link is sent with the first request's parameters that it lacks",
)
.or("false");
const MAXIMUM_PAGES: Key = key("maximum_pages", Shape::Integer(1), "the most pages");
const STOP_ON_STATUS: Key = key(
    "stop_on_status",
    Shape::List(&Shape::Status),
    "statuses that are the end, past the first page",
);
const CURSOR_PARAM: Key = key(
    "cursor_param",
    Shape::Text,
    "the parameter that carries the cursor; a value in `params` is that of the first page",
)
.or("cursor");
const CURSOR_BODY_PATH: Key = key(
    "cursor_body_path",
    Shape::Path,
    "where in the body the cursor goes instead",
);
