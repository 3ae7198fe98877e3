//! The endpoint of a resource.

use super::{AUTH, Context, Family, Key, PAGINATOR, Shape, Word, key, member, word};

pub(crate) static ENDPOINT: Context = Context {
    name: "an endpoint",
    keys: &[
        key("path", Shape::Template, "joined to the base URL").or("the resource's name"),
        key("method", Shape::Word(METHODS), "the method").or("GET"),
        key("params", Shape::Dict(&PARAM), "query parameters"),
        key("headers", Shape::Dict(&Shape::Template), "headers"),
        key("json", Shape::Json, "the body, as JSON"),
        key("data", Shape::Dict(&PARAM), "the body, as a form"),
        key(
            "auth",
            Shape::Tagged(&AUTH),
            "its own credentials; `null` sends none",
        ),
        key(
            "paginator",
            Shape::Tagged(&PAGINATOR),
            "how its pages follow each other",
        ),
        key(
            "data_selector",
            Shape::Selector,
            "where the records of a page are",
        )
        .or("$"),
        key(
            "rows_path",
            Shape::Selector,
            "where the rows are that the API counts, where `data_selector` does not tell",
        ),
        key(
            "data_selector_required",
            Shape::Bool,
            "whether a page in which the selector finds nothing is an error",
        )
        .or("true"),
        key(
            "response_actions",
            Shape::List(&Shape::Map(&RESPONSE_ACTION)),
            "what certain responses mean; the first rule that matches decides",
        ),
        key(
            "incremental",
            Shape::Map(&INCREMENTAL),
            "how to ask only for what is new",
        ),
        key(
            "on_null_parent",
            Shape::Word(ON_NULL_PARENT),
            "what a null does in a field of the parent that a request needs",
        )
        .or("error"),
    ],
};

const ON_NULL_PARENT: &[Word] = &[
    word("error", "an error, at that record of the parent"),
    word(
        "skip",
        "no request for that record of the parent, which is counted",
    ),
];

const METHODS: &[Word] = &[word("GET", "GET"), word("POST", "POST")];

/// A scalar, several of them, or one of the two kinds of map that dlt has here.
const PARAM: Shape = Shape::Either(
    &Shape::Template,
    &Shape::Either(&Shape::List(&Shape::Template), &Shape::Tagged(&PARAM_KINDS)),
);

static PARAM_KINDS: Family = Family {
    name: "parameter",
    tag: "type",
    common: &[],
    may_be_bare: false,
    members: &[
        member(
            word(
                "resolve",
                "a field of the parent: the same as `{resources.PARENT.FIELD}`",
            ),
            &[
                key("resource", Shape::Identifier, "the parent").required(),
                key("field", Shape::Text, "its field").required(),
            ],
        ),
        member(
            word(
                "incremental",
                "where an incremental fetch starts: `incremental` with this as its `start_param`",
            ),
            &[
                CURSOR_PATH,
                INITIAL_VALUE,
                END_VALUE,
                END_PARAM,
                LAG,
                FORMAT,
                RANGE_START,
                RANGE_END,
                ROW_ORDER,
                ON_CURSOR_VALUE_MISSING,
                FUTURE_CURSOR,
            ],
        ),
    ],
};

pub(crate) static RESPONSE_ACTION: Context = Context {
    name: "a response action",
    keys: &[
        key(
            "status_code",
            Shape::Either(&Shape::Status, &Shape::List(&Shape::Status)),
            "the statuses it is for",
        ),
        key("content", Shape::Text, "a text that the body has in it"),
        key(
            "json",
            Shape::Dict(&Shape::Either(
                &Shape::ScalarOrNull,
                &Shape::List(&Shape::ScalarOrNull),
            )),
            "what the body, as JSON, has at these places: a value, or one of several",
        ),
        key(
            "header",
            Shape::Dict(&Shape::Text),
            "what these headers are",
        ),
        key("action", Shape::Word(ACTIONS), "what it means").required(),
        key(
            "after_retries",
            Shape::Word(AFTER_RETRIES),
            "what it means after the last `retry`",
        )
        .or("fail"),
        key("message", Shape::Text, "what the error of `fail` says"),
    ],
};

const ACTIONS: &[Word] = &[
    word(
        "ignore",
        "the end, of this resource or this parent's part; past the first page, the \
         next incremental fetch asks again for what it may hide",
    ),
    word("retry", "ask again, as `retry` says"),
    word("refresh_auth", "ask once more, with new credentials"),
    word("fail", "an error"),
];
const AFTER_RETRIES: &[Word] = &[
    word(
        "ignore",
        "the end, of this resource or this parent's part; the next \
         incremental fetch asks again for what it may hide",
    ),
    word("fail", "an error"),
];

pub(crate) static INCREMENTAL: Context = Context {
    name: "`incremental`",
    keys: &[
        CURSOR_PATH,
        INITIAL_VALUE,
        END_VALUE,
        key(
            "start_param",
            Shape::Text,
            "the parameter that carries the start",
        ),
        END_PARAM,
        LAG,
        FORMAT,
        RANGE_START,
        RANGE_END,
        ROW_ORDER,
        ON_CURSOR_VALUE_MISSING,
        FUTURE_CURSOR,
    ],
};

const CURSOR_PATH: Key = key(
    "cursor_path",
    Shape::Text,
    "the column that tells what is new",
)
.required();
const INITIAL_VALUE: Key = key("initial_value", Shape::Scalar, "where a first fetch starts");
const END_VALUE: Key = key("end_value", Shape::Scalar, "where every fetch ends");
const END_PARAM: Key = key(
    "end_param",
    Shape::Text,
    "the parameter that carries the end",
);
const LAG: Key = key(
    "lag",
    Shape::Scalar,
    "how far before the last start to start again; for records that are merged",
);
const FORMAT: Key = key("format", Shape::Text, "how the value is sent").or("the column's own");
const RANGE_START: Key = key(
    "range_start",
    Shape::Word(RANGE_ENDS),
    "whether the start belongs to the range",
)
.or("closed");
const RANGE_END: Key = key(
    "range_end",
    Shape::Word(RANGE_ENDS),
    "whether the end belongs to the range",
)
.or("open");
const ROW_ORDER: Key = key(
    "row_order",
    Shape::Word(ROW_ORDERS),
    "the order in which the API gives its records",
);
const ON_CURSOR_VALUE_MISSING: Key = key(
    "on_cursor_value_missing",
    Shape::Word(ON_MISSING),
    "what a record without a cursor value gets",
)
.or("raise");

const FUTURE_CURSOR: Key = key(
    "future_cursor",
    Shape::Word(FUTURE_CURSORS),
    "what a cursor after the time of the fetch does: a sentinel, a planned date, a wrong clock",
)
.or("`cap` for `merge` and `replace`, otherwise `error`");

const FUTURE_CURSORS: &[Word] = &[
    word(
        "cap",
        "the state stays at the time of the fetch, and later fetches deliver such records again",
    ),
    word(
        "keep",
        "the state moves to it, and records before it that arrive later are not fetched",
    ),
    word("error", "an error, at that record"),
];

const RANGE_ENDS: &[Word] = &[
    word("closed", "itself included"),
    word("open", "itself excluded"),
];
const ROW_ORDERS: &[Word] = &[
    word("asc", "the smallest first"),
    word("desc", "the largest first"),
];
const ON_MISSING: &[Word] = &[
    word("raise", "an error"),
    word("include", "it is kept, at every fetch"),
    word("exclude", "it is left out and counted"),
];
