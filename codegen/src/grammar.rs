//! The language as data: every key, where it may stand, what its value is, its default and what it
//! means. Written once; the check of a spec's structure is driven by it, and so is whatever
//! describes the language to people and editors.

/// A key and its value.
#[derive(Debug)]
pub(crate) struct Key {
    pub name: &'static str,
    /// Other words for the same key.
    pub aliases: &'static [&'static str],
    pub shape: Shape,
    pub required: bool,
    /// The value of a key that is left out, as it would be written; empty where there is none.
    pub default: &'static str,
    /// In one line.
    pub meaning: &'static str,
    /// Whether it belongs to the language, but cannot be emitted yet.
    pub is_planned: bool,
}

/// What a value may be.
#[derive(Debug)]
pub(crate) enum Shape {
    Text,
    /// Text in which placeholders may stand.
    Template,
    /// A scalar that is taken as it is written.
    Scalar,
    /// Letters, digits and `_`.
    Identifier,
    Bool,
    /// A whole number, at least this.
    Integer(u64),
    /// A number, not negative.
    Number,
    /// `1m30s`.
    Duration,
    /// `64 MiB`, or a number of bytes.
    Size,
    /// `429`, `5xx`.
    Status,
    /// JSONPath to one place.
    Path,
    /// JSONPath to any number of places.
    Selector,
    /// An absolute http or https URL, in which placeholders may stand.
    Url,
    /// The path of a Rust item.
    Rust,
    /// One of these words.
    Word(&'static [Word]),
    /// A map with these keys.
    Map(&'static Context),
    /// A map whose tag decides about its other keys.
    Tagged(&'static Family),
    /// A map from names to values of this shape.
    Dict(&'static Shape),
    /// A list of values of this shape.
    List(&'static Shape),
    /// A value of the first shape, or else of the second: told apart by being a scalar, a list or
    /// a map.
    Either(&'static Shape, &'static Shape),
    /// Any JSON value.
    Json,
}

/// A word and what it means.
#[derive(Debug)]
pub(crate) struct Word {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub meaning: &'static str,
    pub is_planned: bool,
}

/// The keys of one kind of map.
#[derive(Debug)]
pub(crate) struct Context {
    /// With its article, for messages: `a resource`.
    pub name: &'static str,
    pub keys: &'static [Key],
}

/// Kinds of map that are told apart by the value of one key.
#[derive(Debug)]
pub(crate) struct Family {
    /// For messages: `paginator`.
    pub name: &'static str,
    /// The key that tells them apart.
    pub tag: &'static str,
    /// Keys that stand in every member.
    pub common: &'static [Key],
    pub members: &'static [Member],
    /// Whether a member without required keys may be its bare word.
    pub may_be_bare: bool,
}

/// One kind of a [`Family`]. Its keys follow those that are common.
#[derive(Debug)]
pub(crate) struct Member {
    pub word: Word,
    pub keys: &'static [Key],
}

const fn key(name: &'static str, shape: Shape, meaning: &'static str) -> Key {
    Key {
        name,
        aliases: &[],
        shape,
        required: false,
        default: "",
        meaning,
        is_planned: false,
    }
}

impl Key {
    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn or(mut self, default: &'static str) -> Self {
        self.default = default;
        self
    }

    const fn alias(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    const fn planned(mut self) -> Self {
        self.is_planned = true;
        self
    }

    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

const fn word(name: &'static str, meaning: &'static str) -> Word {
    Word {
        name,
        aliases: &[],
        meaning,
        is_planned: false,
    }
}

impl Word {
    const fn alias(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    const fn planned(mut self) -> Self {
        self.is_planned = true;
        self
    }

    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

const fn member(word: Word, keys: &'static [Key]) -> Member {
    Member { word, keys }
}

impl Context {
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.is_called(name))
    }
}

impl Family {
    pub(crate) fn member(&self, word: &str) -> Option<&'static Member> {
        self.members.iter().find(|one| one.word.is_called(word))
    }
}

impl Member {
    /// Whether its word alone says everything.
    pub(crate) fn is_complete(&self) -> bool {
        self.keys.iter().all(|key| !key.required)
    }
}

/// The top of a spec.
pub(crate) static SOURCE: Context = Context {
    name: "a spec",
    keys: &[
        key(
            "name",
            Shape::Identifier,
            "name of the source, and of its module and tables",
        )
        .or("the file's stem"),
        key("description", Shape::Text, "documentation of the module"),
        key(
            "config",
            Shape::Dict(&Shape::Either(
                &Shape::Word(CONFIG_TYPES),
                &Shape::Map(&CONFIG),
            )),
            "settings that the user of the connector may give, used as `{config.NAME}`",
        ),
        key(
            "secrets",
            Shape::Dict(&Shape::Map(&SECRET)),
            "more about secrets, which exist by being used as `{secrets.NAME}`",
        ),
        key(
            "client",
            Shape::Map(&CLIENT),
            "the API: where it is, and what every request shares",
        )
        .required(),
        key(
            "resource_defaults",
            Shape::Map(&RESOURCE),
            "what every resource inherits",
        ),
        key(
            "resources",
            Shape::List(&Shape::Either(&Shape::Identifier, &Shape::Map(&RESOURCE))),
            "what is fetched",
        )
        .required(),
    ],
};

pub(crate) static CONFIG: Context = Context {
    name: "a setting",
    keys: &[
        key("type", Shape::Word(CONFIG_TYPES), "what its values are").required(),
        key(
            "default",
            Shape::Scalar,
            "its value where the user gives none",
        ),
        key("description", Shape::Text, "documentation of the field"),
        key(
            "values",
            Shape::List(&Shape::Either(&Shape::Scalar, &Shape::Map(&ENUM_VALUE))),
            "the words of an `enum`",
        ),
    ],
};

const CONFIG_TYPES: &[Word] = &[
    word("text", "text"),
    word("bigint", "a whole number of 64 bits"),
    word("double", "a floating-point number of 64 bits"),
    word("bool", "`true` or `false`"),
    word("date", "a date, `2026-11-21`"),
    word("timestamp", "an instant in RFC 3339"),
    word("enum", "one of the words in `values`"),
];

pub(crate) static SECRET: Context = Context {
    name: "a secret",
    keys: &[
        key(
            "env",
            Shape::Identifier,
            "the environment variable that holds it",
        )
        .or("<SPEC NAME>_<SECRET NAME>"),
        key("description", Shape::Text, "documentation of the field"),
    ],
};

pub(crate) static CLIENT: Context = Context {
    name: "`client`",
    keys: &[
        key(
            "base_url",
            Shape::Url,
            "absolute URL that every path is joined to",
        )
        .required(),
        key(
            "headers",
            Shape::Dict(&Shape::Template),
            "headers of every request",
        ),
        key(
            "auth",
            Shape::Tagged(&AUTH),
            "the credentials of every request",
        ),
        key(
            "paginator",
            Shape::Tagged(&PAGINATOR),
            "how pages follow each other",
        ),
        key("retry", Shape::Map(&RETRY), "when to ask again"),
        key(
            "rate_limit",
            Shape::Map(&RATE_LIMIT),
            "the most requests in a time",
        )
        .planned(),
        key(
            "timeout",
            Shape::Map(&TIMEOUT),
            "the longest a request may take",
        ),
        key(
            "concurrency",
            Shape::Integer(1),
            "the most requests in flight",
        )
        .or("4"),
        key(
            "max_response_bytes",
            Shape::Size,
            "the largest page, after decompression",
        )
        .or("64 MiB"),
        key(
            "allow_origins",
            Shape::List(&Shape::Text),
            "further origins that may receive credentials",
        ),
    ],
};

pub(crate) static RETRY: Context = Context {
    name: "`retry`",
    keys: &[
        key(
            "statuses",
            Shape::List(&Shape::Status),
            "the statuses that are retried",
        )
        .or("[429, 500, 502, 503, 504]"),
        key(
            "max_retries",
            Shape::Integer(0),
            "the most requests after the first",
        )
        .or("3"),
        key(
            "backoff_factor",
            Shape::Number,
            "seconds before the first retry; doubled for each further one",
        )
        .or("2"),
        key("max_delay", Shape::Duration, "the longest wait").or("60s"),
        key(
            "max_elapsed",
            Shape::Duration,
            "the longest time from the first attempt to the last",
        )
        .or("10m"),
        key(
            "idempotent",
            Shape::Bool,
            "whether a POST may be made again",
        )
        .or("true"),
        key(
            "retry_after_path",
            Shape::Path,
            "where the body says how long to wait",
        ),
        key(
            "retry_after_unit",
            Shape::Word(RETRY_AFTER_UNITS),
            "the unit of that number",
        )
        .or("s"),
    ],
};

const RETRY_AFTER_UNITS: &[Word] = &[word("s", "seconds"), word("ms", "milliseconds")];

static RATE_LIMIT: Context = Context {
    name: "`rate_limit`",
    keys: &[
        key("requests", Shape::Integer(1), "the most requests").required(),
        key("per", Shape::Duration, "in this time").required(),
    ],
};

pub(crate) static TIMEOUT: Context = Context {
    name: "`timeout`",
    keys: &[
        key(
            "connect",
            Shape::Duration,
            "the longest a connection may take to be made",
        )
        .or("10s"),
        key(
            "request",
            Shape::Duration,
            "the longest an attempt may take, its body to the end",
        )
        .or("60s"),
    ],
};

pub(crate) static AUTH: Family = Family {
    name: "auth",
    tag: "type",
    common: &[],
    may_be_bare: false,
    members: &[
        member(
            word(
                "api_key",
                "a key in a header, a query parameter or a cookie",
            ),
            &[
                key(
                    "name",
                    Shape::Text,
                    "name of the header, parameter or cookie",
                )
                .or("Authorization"),
                key("api_key", Shape::Template, "the key").required(),
                key("location", Shape::Word(LOCATIONS), "where the key goes").or("header"),
            ],
        ),
        member(
            word("bearer", "`Authorization: Bearer …`"),
            &[key("token", Shape::Template, "the token").required()],
        ),
        member(
            word("http_basic", "`Authorization: Basic …`"),
            &[
                key("username", Shape::Template, "the user's name").required(),
                key("password", Shape::Template, "the password").required(),
            ],
        ),
        member(
            word(
                "oauth2_client_credentials",
                "a token by the client's own credentials",
            )
            .alias(&["oauth2"]),
            &[
                ACCESS_TOKEN_URL,
                CLIENT_ID,
                CLIENT_SECRET,
                SCOPE,
                AUDIENCE,
                CLIENT_AUTHENTICATION,
                ACCESS_TOKEN_REQUEST_DATA,
                DEFAULT_TOKEN_EXPIRATION,
            ],
        ),
        member(
            word("oauth2_refresh_token", "a token by a refresh token").planned(),
            &[
                ACCESS_TOKEN_URL,
                CLIENT_ID,
                CLIENT_SECRET,
                key("refresh_token", Shape::Template, "the refresh token").required(),
                SCOPE,
                AUDIENCE,
                CLIENT_AUTHENTICATION,
                ACCESS_TOKEN_REQUEST_DATA,
                DEFAULT_TOKEN_EXPIRATION,
            ],
        ),
        member(
            word("one_of", "one of several, chosen by the user").planned(),
            &[key(
                "choices",
                Shape::Dict(&Shape::Json),
                "the kinds to choose from",
            )
            .required()],
        ),
        member(
            word("custom", "a type of your own").planned(),
            &[key("rust", Shape::Rust, "its path").required()],
        ),
    ],
};

const ACCESS_TOKEN_URL: Key = key("access_token_url", Shape::Url, "the token endpoint")
    .required()
    .alias(&["token_url"]);
const CLIENT_ID: Key = key("client_id", Shape::Template, "the client's identifier").required();
const CLIENT_SECRET: Key = key("client_secret", Shape::Template, "the client's secret").required();
const SCOPE: Key = key("scope", Shape::Template, "the scope asked for");
const AUDIENCE: Key = key("audience", Shape::Template, "the audience asked for");
const CLIENT_AUTHENTICATION: Key = key(
    "client_authentication",
    Shape::Word(CLIENT_AUTHENTICATIONS),
    "how the client proves who it is",
)
.or("body");
const ACCESS_TOKEN_REQUEST_DATA: Key = key(
    "access_token_request_data",
    Shape::Dict(&Shape::Template),
    "further fields of the token request",
);
const DEFAULT_TOKEN_EXPIRATION: Key = key(
    "default_token_expiration",
    Shape::Integer(1),
    "seconds that a token lives which does not say so",
)
.or("3600");

const LOCATIONS: &[Word] = &[
    word("header", "a header"),
    word("query", "a query parameter").alias(&["param"]),
    word("cookie", "a cookie"),
];

const CLIENT_AUTHENTICATIONS: &[Word] = &[
    word("body", "`client_id` and `client_secret` in the form"),
    word("basic", "HTTP Basic"),
];

pub(crate) static PAGINATOR: Family = Family {
    name: "paginator",
    tag: "type",
    common: &[],
    may_be_bare: true,
    members: &[
        member(word("single_page", "one page"), &[]),
        member(
            word("offset", "by offset and limit"),
            &[
                key("limit", Shape::Integer(1), "the most records of a page").required(),
                key("offset", Shape::Integer(0), "the first offset").or("0"),
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
                key(
                    "maximum_offset",
                    Shape::Integer(0),
                    "the offset at which to stop, itself excluded",
                ),
                HAS_MORE_PATH,
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
                key(
                    "maximum_page",
                    Shape::Integer(0),
                    "the number at which to stop, itself excluded",
                ),
                HAS_MORE_PATH,
                STOP_AFTER_EMPTY_PAGE.or("true"),
                STOP_AFTER_SHORT_PAGE,
                MAXIMUM_PAGES,
                STOP_ON_STATUS,
            ],
        ),
        member(
            word("cursor", "by a cursor in the body"),
            &[
                key("cursor_path", Shape::Path, "where the next cursor is").or("cursors.next"),
                CURSOR_PARAM,
                CURSOR_BODY_PATH,
                HAS_MORE_PATH,
                STOP_AFTER_EMPTY_PAGE.or("false"),
                MAXIMUM_PAGES,
                STOP_ON_STATUS,
            ],
        ),
        member(
            word("header_cursor", "by a cursor in a header"),
            &[
                key("cursor_key", Shape::Text, "the header").or("next"),
                CURSOR_PARAM,
                MAXIMUM_PAGES,
                STOP_ON_STATUS,
            ],
        ),
        member(
            word("header_link", "by a URL in a header"),
            &[
                key(
                    "links_next_key",
                    Shape::Text,
                    "the relation of the `Link` header",
                )
                .or("next"),
                key("header", Shape::Text, "the header").or("Link"),
                MAXIMUM_PAGES,
                STOP_ON_STATUS,
            ],
        ),
        member(
            word("json_link", "by a URL in the body").alias(&["json_response"]),
            &[
                key("next_url_path", Shape::Path, "where the URL is").or("next"),
                MAXIMUM_PAGES,
                STOP_ON_STATUS,
            ],
        ),
        member(
            word("custom", "a type of your own").planned(),
            &[
                key("rust", Shape::Rust, "its path").required(),
                MAXIMUM_PAGES,
                STOP_ON_STATUS,
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
const MAXIMUM_PAGES: Key = key("maximum_pages", Shape::Integer(1), "the most pages");
const STOP_ON_STATUS: Key = key(
    "stop_on_status",
    Shape::List(&Shape::Status),
    "statuses that are the end, past the first page",
);
const CURSOR_PARAM: Key = key(
    "cursor_param",
    Shape::Text,
    "the parameter that carries the cursor",
)
.or("cursor");
const CURSOR_BODY_PATH: Key = key(
    "cursor_body_path",
    Shape::Path,
    "where in the body the cursor goes instead",
);

pub(crate) static RESOURCE: Context = Context {
    name: "a resource",
    keys: &[
        key(
            "name",
            Shape::Identifier,
            "its name, of its table and its method",
        )
        .required(),
        key("description", Shape::Text, "documentation of its struct"),
        key("record", Shape::Identifier, "the name of its struct").or("`name` in PascalCase"),
        key(
            "endpoint",
            Shape::Either(&Shape::Template, &Shape::Map(&ENDPOINT)),
            "what is requested",
        )
        .or("{path: <name>}"),
        key(
            "columns",
            Shape::Either(&Shape::Word(UNTYPED), &Shape::Dict(&Shape::Tagged(&COLUMN))),
            "what its records look like",
        )
        .required(),
        key(
            "primary_key",
            NAMES,
            "the column or columns that identify a record",
        ),
        key(
            "merge_key",
            NAMES,
            "the column or columns whose records are replaced together",
        )
        .planned(),
        key(
            "write_disposition",
            Shape::Word(WRITE_DISPOSITIONS),
            "how a destination writes it",
        )
        .or("append"),
        key(
            "schema_contract",
            Shape::Map(&SCHEMA_CONTRACT),
            "what a response outside the schema gets",
        ),
        key(
            "include_from_parent",
            Shape::List(&Shape::Text),
            "columns of the parent that its records carry",
        )
        .planned(),
        key(
            "selected",
            Shape::Bool,
            "whether loading the whole source loads it",
        )
        .or("true"),
        key(
            "parallelized",
            Shape::Bool,
            "whether its requests may be made side by side",
        )
        .or("true")
        .planned(),
        key(
            "processing_steps",
            Shape::List(&Shape::Json),
            "functions that its records go through",
        )
        .planned(),
    ],
};

const NAMES: Shape = Shape::Either(&Shape::Text, &Shape::List(&Shape::Text));

const UNTYPED: &[Word] = &[word("json", "records are taken as they are")];

const WRITE_DISPOSITIONS: &[Word] = &[
    word("append", "beside what is there"),
    word("replace", "in place of what is there"),
    word("merge", "in place of what has the same key"),
    word("skip", "not at all"),
];

pub(crate) static SCHEMA_CONTRACT: Context = Context {
    name: "`schema_contract`",
    keys: &[
        key(
            "columns",
            Shape::Word(COLUMNS_CONTRACTS),
            "what an undeclared key gets",
        )
        .or("discard_value"),
        key(
            "data_type",
            Shape::Word(DATA_TYPE_CONTRACTS),
            "what a value of the wrong type gets",
        )
        .or("freeze"),
    ],
};

const COLUMNS_CONTRACTS: &[Word] = &[
    word("discard_value", "it is left out and counted"),
    word("freeze", "an error"),
    word("evolve", "it is kept in a map `extra`").planned(),
];

const DATA_TYPE_CONTRACTS: &[Word] = &[
    word("freeze", "an error"),
    word("discard_row", "its record is set aside and counted"),
    word("discard_value", "it becomes null and is counted"),
];

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
            "data_selector_required",
            Shape::Bool,
            "whether a page in which the selector finds nothing is an error",
        )
        .or("true"),
        key(
            "response_actions",
            Shape::List(&Shape::Json),
            "what certain responses mean",
        )
        .planned(),
        key(
            "incremental",
            Shape::Map(&INCREMENTAL),
            "how to ask only for what is new",
        ),
    ],
};

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
                "a field of the parent; now written `{resources.PARENT.FIELD}`",
            )
            .planned(),
            &[
                key("resource", Shape::Identifier, "the parent").required(),
                key("field", Shape::Text, "its field").required(),
            ],
        ),
        member(
            word(
                "incremental",
                "where an incremental fetch starts; now `incremental` of the endpoint",
            )
            .planned(),
            &[
                key("cursor_path", Shape::Text, "the cursor").required(),
                key("initial_value", Shape::Scalar, "where a first fetch starts"),
            ],
        ),
    ],
};

pub(crate) static INCREMENTAL: Context = Context {
    name: "`incremental`",
    keys: &[
        key(
            "cursor_path",
            Shape::Text,
            "the column that tells what is new",
        )
        .required(),
        key("initial_value", Shape::Scalar, "where a first fetch starts"),
        key("end_value", Shape::Scalar, "where every fetch ends"),
        key(
            "start_param",
            Shape::Text,
            "the parameter that carries the start",
        ),
        key(
            "end_param",
            Shape::Text,
            "the parameter that carries the end",
        ),
        key(
            "lag",
            Shape::Scalar,
            "how far before the last start to start again",
        ),
        key("format", Shape::Text, "how the value is sent").or("the column's own"),
        key(
            "range_start",
            Shape::Word(RANGE_ENDS),
            "whether the start belongs to the range",
        )
        .or("closed"),
        key(
            "range_end",
            Shape::Word(RANGE_ENDS),
            "whether the end belongs to the range",
        )
        .or("open"),
        key(
            "row_order",
            Shape::Word(ROW_ORDERS),
            "the order in which the API gives its records",
        ),
        key(
            "on_cursor_value_missing",
            Shape::Word(ON_MISSING),
            "what a record without a cursor value gets",
        )
        .or("raise"),
    ],
};

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
    word("include", "it is kept"),
    word("exclude", "it is left out and counted"),
];

pub(crate) static COLUMN: Family = Family {
    name: "column",
    tag: "data_type",
    common: &[
        key(
            "nullable",
            Shape::Bool,
            "whether null, and absence, are values of it",
        )
        .or("true"),
        key("description", Shape::Text, "documentation of the field"),
        key("rename", Shape::Identifier, "its name in Rust and in SQL"),
        key("from", Shape::Path, "where in the record it is read from"),
        key(
            "presence",
            Shape::Word(PRESENCES),
            "whether absence and null are told apart",
        )
        .or("implicit"),
    ],
    may_be_bare: true,
    members: &[
        member(word("text", "text"), &[]),
        member(word("bigint", "a whole number of 64 bits"), &[DECODE_TEXT]),
        member(
            word("double", "a floating-point number of 64 bits"),
            &[DECODE_TEXT],
        ),
        member(word("bool", "`true` or `false`"), &[DECODE_BOOL]),
        member(
            word("timestamp", "an instant"),
            &[
                key(
                    "format",
                    Shape::Text,
                    "`rfc3339`, `date`, `epoch_seconds`, `epoch_millis` or a strftime pattern",
                )
                .or("rfc3339"),
                key("timezone", Shape::Text, "the zone of times that name none"),
            ],
        ),
        member(
            word("date", "a date"),
            &[key("format", Shape::Text, "`date` or a strftime pattern").or("date")],
        ),
        member(word("time", "a time of day"), &[]),
        member(
            word("decimal", "a decimal number, exact"),
            &[
                key("precision", Shape::Integer(1), "the most digits in all"),
                key(
                    "scale",
                    Shape::Integer(0),
                    "the most digits after the point",
                ),
            ],
        ),
        member(word("binary", "bytes, as base64"), &[]),
        member(word("json", "any JSON value"), &[DECODE_TEXT]),
        member(
            word("object", "an object with columns of its own"),
            &[
                key(
                    "fields",
                    Shape::Dict(&Shape::Tagged(&COLUMN)),
                    "its columns",
                )
                .required(),
                DECODE_TEXT,
            ],
        ),
        member(
            word("array", "a list"),
            &[
                key("items", Shape::Tagged(&COLUMN), "what its elements are").required(),
                DECODE_TEXT,
            ],
        ),
        member(
            word("map", "an object whose keys are data"),
            &[
                key("values", Shape::Tagged(&COLUMN), "what its values are").required(),
                DECODE_TEXT,
            ],
        ),
        member(
            word("enum", "one of several words"),
            &[
                key(
                    "values",
                    Shape::List(&Shape::Either(&Shape::Scalar, &Shape::Map(&ENUM_VALUE))),
                    "the words",
                )
                .required(),
                key("closed", Shape::Bool, "whether any other word is an error").or("false"),
            ],
        ),
        member(
            word(
                "union",
                "one of several types, told apart by the kind of JSON value",
            ),
            &[key("of", Shape::List(&Shape::Tagged(&COLUMN)), "its members").required()],
        ),
    ],
};

const DECODE_TEXT: Key = key(
    "decode",
    Shape::Word(DECODES_TEXT),
    "`text`: the value is written as text",
);
const DECODE_BOOL: Key = key(
    "decode",
    Shape::Word(DECODES_BOOL),
    "the value is written as text, or as 0 and 1",
);

const DECODES_TEXT: &[Word] = &[word("text", "as text")];
const DECODES_BOOL: &[Word] = &[word("text", "as text"), word("integer", "as 0 and 1")];
const PRESENCES: &[Word] = &[
    word("implicit", "absence is null"),
    word("explicit", "absence is not null"),
];

pub(crate) static ENUM_VALUE: Context = Context {
    name: "a value of an enum",
    keys: &[
        key("value", Shape::Scalar, "the word in the response").required(),
        key("rename", Shape::Identifier, "the variant in Rust"),
    ],
};
