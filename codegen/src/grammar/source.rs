//! The top of a spec, and its `client`.

use super::{AUTH, Context, ENUM_VALUE, PAGINATOR, RESOURCE, Shape, Word, key, word};

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
            "the absolute URL that every path is joined to",
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
        ),
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

pub(crate) static RATE_LIMIT: Context = Context {
    name: "`rate_limit`",
    keys: &[
        key("requests", Shape::Integer(1), "the most requests in a time").required(),
        key("per", Shape::Duration, "the length of that time").required(),
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
