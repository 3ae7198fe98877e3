//! The endpoint of a resource.

use super::{
    AUTH, Context, DECODER as DECODERS, DefaultKey, Family, Key, PAGINATOR, Shape, Statuses, Word,
    Words, flag, integer, key, member, text, word, word_of,
};
use crate::check::parent::{batch, condition};
use crate::check::{change_token, hooks, job, records, tree, windows};
use crate::connector::{Method, OnNullParent, ResourcePlan, Selector, Text};

pub(crate) static ENDPOINT: Context = Context {
    name: "an endpoint",
    keys: &[
        &PATH,
        &METHOD,
        &BODY_ON_GET,
        &PARAMS,
        &HEADERS,
        &JSON,
        &DATA,
        &ENDPOINT_AUTH,
        &ENDPOINT_PAGINATOR,
        &DECODER,
        &hooks::EXTRACT,
        &DATA_SELECTOR,
        &ROWS_PATH,
        &DATA_SELECTOR_REQUIRED,
        &records::SINGLE_RECORD,
        &records::EXPLODE,
        &hooks::ON_RESPONSE,
        &RESPONSE_ACTIONS,
        &RATE_LIMIT_COST,
        &ENDPOINT_INCREMENTAL,
        &job::ENDPOINT_JOB,
        &ON_NULL_PARENT,
        &condition::WHERE,
        &batch::BATCH,
        &tree::ROOT,
        &tree::MAXIMUM_DEPTH,
    ],
};

pub(crate) static PATH: Key =
    key("path", Shape::Template, "joined to the base URL").remark("the resource's name");
pub(crate) static METHOD: DefaultKey<Method> =
    word_of("method", "the method").or(ResourcePlan::DEFAULT.method);
pub(crate) static BODY_ON_GET: DefaultKey<bool> =
    flag("body_on_get", "whether a GET carries the body").or(false);
pub(crate) static PARAMS: Key = key("params", Shape::Dict(&PARAM), "query parameters");
pub(crate) static HEADERS: Key = key("headers", Shape::Dict(&Shape::Template), "headers");
pub(crate) static JSON: Key = key("json", Shape::Json, "the body, as JSON");
pub(crate) static DATA: Key = key("data", Shape::Dict(&PARAM), "the body, as a form");
pub(crate) static ENDPOINT_AUTH: Key = key(
    "auth",
    Shape::Tagged(&AUTH),
    "its own credentials; `null` sends none",
);
pub(crate) static ENDPOINT_PAGINATOR: Key = key(
    "paginator",
    Shape::Tagged(&PAGINATOR),
    "how its pages follow each other",
);
pub(crate) static DECODER: Key = key(
    "decoder",
    Shape::Tagged(&DECODERS),
    "how the body of a response becomes records",
)
.remark("`json`; `jsonl`, if the content type says so");
pub(crate) static DATA_SELECTOR: DefaultKey<Selector> = Key::new(
    "data_selector",
    Shape::Selector,
    "where the records of a page are",
)
.or(ResourcePlan::DEFAULT.selector);
pub(crate) static ROWS_PATH: Key<Selector> = Key::new(
    "rows_path",
    Shape::Selector,
    "where the rows are that the API counts, where `data_selector` does not tell",
);
pub(crate) static DATA_SELECTOR_REQUIRED: DefaultKey<bool> = flag(
    "data_selector_required",
    "whether a page in which the selector finds nothing is an error",
)
.or(ResourcePlan::DEFAULT.selector_required);
pub(crate) static RESPONSE_ACTIONS: Key = key(
    "response_actions",
    Shape::List(&Shape::Map(&RESPONSE_ACTION)),
    "what certain responses mean; the first rule that matches decides",
);
pub(crate) static RATE_LIMIT_COST: DefaultKey<u64> = integer(
    "rate_limit_cost",
    1,
    "how many requests of `rate_limit` one request counts as",
)
.or(ResourcePlan::DEFAULT.rate_limit_cost as u64);
pub(crate) static ENDPOINT_INCREMENTAL: Key = key(
    "incremental",
    Shape::Map(&INCREMENTAL),
    "how to ask only for what is new",
);
pub(crate) static ON_NULL_PARENT: DefaultKey<OnNullParent> = word_of(
    "on_null_parent",
    "what a null does in a field of the parent that a request needs",
)
.or(ResourcePlan::DEFAULT.on_null_parent);

/// The keys whose values may hold fields of a parent.
pub(crate) static WITH_PARENT: [&Key; 6] =
    [&PATH, &PARAMS, &HEADERS, &JSON, &DATA, &job::ENDPOINT_JOB];

impl Words for OnNullParent {
    const WORDS: &'static [(Word, Self)] = &[
        (
            word("error", "an error, at that record of the parent"),
            Self::Error,
        ),
        (
            word(
                "skip",
                "no request for that record of the parent, which is counted",
            ),
            Self::Skip,
        ),
    ];
}

impl Words for Method {
    const WORDS: &'static [(Word, Self)] = &[
        (word("GET", "GET"), Self::Get),
        (word("POST", "POST"), Self::Post),
        (word("PUT", "PUT"), Self::Put),
        (word("PATCH", "PATCH"), Self::Patch),
    ];
}

/// A scalar, several of them, or one of the two kinds of map that dlt has here.
const PARAM: Shape = Shape::Either(
    &Shape::Template,
    &Shape::Either(&Shape::List(&Shape::Template), &Shape::Tagged(&PARAM_KINDS)),
);

pub(crate) static PARAM_KINDS: Family = Family {
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
                &key("resource", Shape::Identifier, "the parent").required(),
                &key("field", Shape::Text, "its field").required(),
            ],
        ),
        member(
            word(
                "incremental",
                "where an incremental fetch starts: `incremental` with this as its `start_param`",
            ),
            &[
                &incremental::CURSOR_PATH,
                &incremental::INITIAL_VALUE,
                &incremental::END_VALUE,
                &incremental::END_PARAM,
                &incremental::LAG,
                &incremental::FORMAT,
                &incremental::RANGE_START,
                &incremental::RANGE_END,
                &incremental::ROW_ORDER,
                &incremental::ON_CURSOR_VALUE_MISSING,
                &incremental::FUTURE_CURSOR,
            ],
        ),
    ],
};

pub(crate) static RESPONSE_ACTION: Context = Context {
    name: "a response action",
    keys: &[
        &response_action::STATUS_CODE,
        &response_action::CONTENT,
        &response_action::JSON,
        &response_action::HEADER,
        &response_action::ACTION,
        &response_action::AFTER_RETRIES,
        &response_action::MESSAGE,
    ],
};

pub(crate) static COMPARISON: Context = Context {
    name: "a comparison",
    keys: &[
        &comparison::GT,
        &comparison::GTE,
        &comparison::LT,
        &comparison::LTE,
        &comparison::IN,
        &comparison::MATCHES,
    ],
};

/// The keys of a comparison: all of them hold.
pub(crate) mod comparison {
    use super::{Key, Shape, Text, key, text};

    pub(crate) static GT: Key = key("gt", Shape::Number, "it is more than this");
    pub(crate) static GTE: Key = key("gte", Shape::Number, "it is at least this");
    pub(crate) static LT: Key = key("lt", Shape::Number, "it is less than this");
    pub(crate) static LTE: Key = key("lte", Shape::Number, "it is at most this");
    pub(crate) static IN: Key = key(
        "in",
        Shape::List(&Shape::Scalar),
        "it is one of these values",
    );
    pub(crate) static MATCHES: Key<Text> =
        text("matches", "a regular expression that has a match in it");
}

/// The keys of a rule of `response_actions`.
pub(crate) mod response_action {
    use super::{DefaultKey, Key, Shape, Statuses, Text, Word, Words, key, text, word, word_of};

    pub(crate) static STATUS_CODE: Key<Statuses> = Key::new(
        "status_code",
        Shape::Either(&Shape::Status, &Shape::List(&Shape::Status)),
        "the statuses it is for",
    );
    pub(crate) static CONTENT: Key<Text> = text("content", "a text that the body has in it");
    /// Places of a JSON text, and what they have.
    pub(crate) const JSON_SHAPE: Shape = Shape::Dict(&Shape::Either(
        &Shape::ScalarOrNull,
        &Shape::Either(
            &Shape::List(&Shape::ScalarOrNull),
            &Shape::Map(&super::COMPARISON),
        ),
    ));
    pub(crate) static JSON: Key = key(
        "json",
        JSON_SHAPE,
        "what the body, as JSON, has at these places: a value, one of several, or a comparison",
    );
    pub(crate) static HEADER: Key = key(
        "header",
        Shape::Dict(&Shape::Either(
            &Shape::Text,
            &Shape::Map(&super::COMPARISON),
        )),
        "what these headers are: a value, or a comparison",
    );
    pub(crate) static ACTION: Key<Meaning> = word_of("action", "what it means").required();
    pub(crate) static AFTER_RETRIES: DefaultKey<AfterRetries> =
        word_of("after_retries", "what it means after the last `retry`").or(AfterRetries::Fail);
    pub(crate) static MESSAGE: Key<Text> = text("message", "what the error of `fail` says");

    /// What a response means.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Meaning {
        Ignore,
        SkipParent,
        Success,
        Restart,
        Retry,
        RefreshAuth,
        SplitWindow,
        Fail,
    }

    impl Words for Meaning {
        const WORDS: &'static [(Word, Self)] = &[
            (
                word(
                    "ignore",
                    "the end, of this resource or this parent's part; past the first page, the \
                     next incremental fetch asks again for what it may hide",
                ),
                Self::Ignore,
            ),
            (
                word(
                    "skip_parent",
                    "the end of this parent's part, of which nothing is missing",
                ),
                Self::SkipParent,
            ),
            (
                word("success", "a page, whatever its status"),
                Self::Success,
            ),
            (
                word(
                    "restart",
                    "start again at the first page, where the cursor of a later one has expired",
                ),
                Self::Restart,
            ),
            (word("retry", "ask again, as `retry` says"), Self::Retry),
            (
                word("refresh_auth", "ask once more, with new credentials"),
                Self::RefreshAuth,
            ),
            (
                word(
                    "split_window",
                    "fetch the halves of the window instead: it is too large for the API",
                ),
                Self::SplitWindow,
            ),
            (word("fail", "an error"), Self::Fail),
        ];
    }

    /// What a response means after the last attempt.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum AfterRetries {
        Ignore,
        Fail,
    }

    impl Words for AfterRetries {
        const WORDS: &'static [(Word, Self)] = &[
            (
                word(
                    "ignore",
                    "the end, of this resource or this parent's part; the next \
                     incremental fetch asks again for what it may hide",
                ),
                Self::Ignore,
            ),
            (word("fail", "an error"), Self::Fail),
        ];
    }
}

pub(crate) static INCREMENTAL: Context = Context {
    name: "`incremental`",
    keys: &[
        &incremental::CURSOR_PATH,
        &incremental::INITIAL_VALUE,
        &incremental::END_VALUE,
        &incremental::START_PARAM,
        &incremental::END_PARAM,
        &change_token::TOKEN_PATH,
        &change_token::TOKEN_PARAM,
        &change_token::DELTA_LINK_PATH,
        &incremental::LAG,
        &incremental::FORMAT,
        &windows::STEP,
        &windows::GRANULARITY,
        &incremental::RANGE_START,
        &incremental::RANGE_END,
        &incremental::ROW_ORDER,
        &incremental::ON_CURSOR_VALUE_MISSING,
        &incremental::FUTURE_CURSOR,
    ],
};

/// The keys of `incremental`.
pub(crate) mod incremental {
    use super::{DefaultKey, Key, Shape, Text, Word, Words, key, text, word, word_of};
    use crate::connector::{FutureCursor, Incremental, OnMissing, RowOrder};

    pub(crate) static CURSOR_PATH: Key<Text> = text(
        "cursor_path",
        "the column that tells what is new; with `step` it may be left out",
    )
    .required_unless(&["step", "token_path", "token_param", "delta_link_path"]);
    pub(crate) static INITIAL_VALUE: Key = key(
        "initial_value",
        Shape::Scalar,
        "where a first fetch starts, or `{config.NAME}` or `{now - 30d}`",
    );
    pub(crate) static END_VALUE: Key = key(
        "end_value",
        Shape::Scalar,
        "where every fetch ends, or `{config.NAME}` or `{now}`",
    );
    pub(crate) static START_PARAM: Key<Text> =
        text("start_param", "the parameter that carries the start");
    pub(crate) static END_PARAM: Key<Text> =
        text("end_param", "the parameter that carries the end");
    pub(crate) static LAG: Key = key(
        "lag",
        Shape::Scalar,
        "how far before the last start to start again; for records that are merged",
    );
    pub(crate) static FORMAT: Key =
        key("format", Shape::Text, "how the value is sent").remark("the column's own");
    pub(crate) static RANGE_START: DefaultKey<RangeEnd> =
        word_of("range_start", "whether the start belongs to the range")
            .or(RangeEnd(Incremental::DEFAULT.start_closed));
    pub(crate) static RANGE_END: DefaultKey<RangeEnd> =
        word_of("range_end", "whether the end belongs to the range")
            .or(RangeEnd(Incremental::DEFAULT.end_closed));
    pub(crate) static ROW_ORDER: Key<RowOrder> =
        word_of("row_order", "the order in which the API gives its records");
    pub(crate) static ON_CURSOR_VALUE_MISSING: DefaultKey<OnMissing> = word_of(
        "on_cursor_value_missing",
        "what a record without a cursor value gets",
    )
    .or(Incremental::DEFAULT.on_missing);
    pub(crate) static FUTURE_CURSOR: Key<FutureCursor> = word_of(
        "future_cursor",
        "what a cursor after the time of the fetch does: a sentinel, a planned date, a wrong clock",
    )
    .remark("`cap` for `merge` and `replace`, otherwise `error`");

    /// Whether the end of a range belongs to it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct RangeEnd(pub bool);

    impl Words for RangeEnd {
        const WORDS: &'static [(Word, Self)] = &[
            (word("closed", "itself included"), Self(true)),
            (word("open", "itself excluded"), Self(false)),
        ];
    }

    impl Words for RowOrder {
        const WORDS: &'static [(Word, Self)] = &[
            (word("asc", "the smallest first"), Self::Ascending),
            (word("desc", "the largest first"), Self::Descending),
        ];
    }

    impl Words for OnMissing {
        const WORDS: &'static [(Word, Self)] = &[
            (word("raise", "an error"), Self::Raise),
            (word("include", "it is kept, at every fetch"), Self::Include),
            (word("exclude", "it is left out and counted"), Self::Exclude),
        ];
    }

    impl Words for FutureCursor {
        const WORDS: &'static [(Word, Self)] = &[
            (
                word(
                    "cap",
                    "the state stays at the time of the fetch, and later fetches deliver such records again",
                ),
                Self::Cap,
            ),
            (
                word(
                    "keep",
                    "the state moves to it, and records before it that arrive later are not fetched",
                ),
                Self::Keep,
            ),
            (word("error", "an error, at that record"), Self::Error),
        ];
    }
}
