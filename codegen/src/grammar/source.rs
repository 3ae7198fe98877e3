//! The top of a spec, and its `client`.

use super::{
    AUTH, Context, ENUM_VALUE, Key, PAGINATOR, RESOURCE, RETRY, Shape, Word, key, text, word,
};
use crate::connector::Text;

/// The top of a spec.
pub(crate) static SOURCE: Context = Context {
    name: "a spec",
    keys: &[
        &NAME,
        &DESCRIPTION,
        &SOURCE_CONFIG,
        &SECRETS,
        &SOURCE_CLIENT,
        &RESOURCE_DEFAULTS,
        &RESOURCES,
    ],
};

pub(crate) static NAME: Key = key(
    "name",
    Shape::Identifier,
    "name of the source, and of its module and tables",
)
.remark("the file's stem");
pub(crate) static DESCRIPTION: Key<Text> = text("description", "documentation of the module");
pub(crate) static SOURCE_CONFIG: Key = key(
    "config",
    Shape::Dict(&Shape::Either(
        &Shape::Word(|| CONFIG_TYPES.iter().collect()),
        &Shape::Map(&CONFIG),
    )),
    "settings that the user of the connector may give, used as `{config.NAME}`",
);
pub(crate) static SECRETS: Key = key(
    "secrets",
    Shape::Dict(&Shape::Map(&SECRET)),
    "more about secrets, which exist by being used as `{secrets.NAME}`",
);
pub(crate) static SOURCE_CLIENT: Key = key(
    "client",
    Shape::Map(&CLIENT),
    "the API: where it is, and what every request shares",
)
.required();
pub(crate) static RESOURCE_DEFAULTS: Key = key(
    "resource_defaults",
    Shape::Map(&RESOURCE),
    "what every resource inherits",
);
pub(crate) static RESOURCES: Key = key(
    "resources",
    Shape::List(&Shape::Either(&Shape::Identifier, &Shape::Map(&RESOURCE))),
    "what is fetched",
)
.required();

pub(crate) static CONFIG: Context = Context {
    name: "a setting",
    keys: &[
        &config::TYPE,
        &config::DEFAULT,
        &config::DESCRIPTION,
        &config::VALUES,
        &config::ITEMS,
        &config::OPTIONAL,
    ],
};

/// The keys of a setting.
pub(crate) mod config {
    use super::super::{DefaultKey, flag};
    use super::{CONFIG_TYPES, ENUM_VALUE, ITEM_TYPES, Key, Shape, Text, key, text};
    use crate::connector::ConfigPlan;

    pub(crate) static TYPE: Key = key(
        "type",
        Shape::Word(|| CONFIG_TYPES.iter().collect()),
        "what its values are",
    )
    .required();
    pub(crate) static DEFAULT: Key = key(
        "default",
        Shape::Either(&Shape::Scalar, &Shape::List(&Shape::Scalar)),
        "its value where the user gives none",
    );
    pub(crate) static DESCRIPTION: Key<Text> = text("description", "documentation of the field");
    pub(crate) static VALUES: Key = key(
        "values",
        Shape::Either(
            &Shape::List(&Shape::Either(&Shape::Scalar, &Shape::Map(&ENUM_VALUE))),
            &Shape::Dict(&Shape::Dict(&Shape::Scalar)),
        ),
        "the words of an `enum`; as a map, each with the texts that it stands for, `{eu: {host: api.eu.example.com}}` \
         for `{config.NAME.host}`",
    );
    pub(crate) static ITEMS: Key = key(
        "items",
        Shape::Word(|| ITEM_TYPES.iter().collect()),
        "what the values of a `list` are",
    );
    pub(crate) static OPTIONAL: DefaultKey<bool> = flag(
        "optional",
        "whether the user may give no value: a placeholder of it then drops its parameter or header, and is null in JSON",
    )
    .or(ConfigPlan::DEFAULT.optional);
}

const TEXT: Word = word("text", "text");
const BIGINT: Word = word("bigint", "a whole number of 64 bits");
const DOUBLE: Word = word("double", "a floating-point number of 64 bits");
const BOOL: Word = word("bool", "`true` or `false`");
const DATE: Word = word("date", "a date, `2026-11-21`");
const TIMESTAMP: Word = word("timestamp", "an instant in RFC 3339");

const ENUM: Word = word("enum", "one of the words in `values`");

static CONFIG_TYPES: &[Word] = &[
    TEXT,
    BIGINT,
    DOUBLE,
    BOOL,
    DATE,
    TIMESTAMP,
    ENUM,
    word(
        "list",
        "values of the type in `items`; in the environment with commas between them, or a JSON list",
    ),
];

static ITEM_TYPES: &[Word] = &[TEXT, BIGINT, DOUBLE, BOOL, DATE, TIMESTAMP, ENUM];

pub(crate) static SECRET: Context = Context {
    name: "a secret",
    keys: &[&secret::ENV, &secret::DESCRIPTION],
};

/// The keys of a secret.
pub(crate) mod secret {
    use super::{Key, Shape, Text, key, text};

    pub(crate) static ENV: Key = key(
        "env",
        Shape::Identifier,
        "the environment variable that holds it",
    )
    .remark("<SPEC NAME>_<SECRET NAME>");
    pub(crate) static DESCRIPTION: Key<Text> = text("description", "documentation of the field");
}

pub(crate) static CLIENT: Context = Context {
    name: "`client`",
    keys: &[
        &client::BASE_URL,
        &client::HEADERS,
        &client::AUTH,
        &client::PAGINATOR,
        &client::RETRY,
        &client::RATE_LIMIT,
        &client::TIMEOUT,
        &client::CONCURRENCY,
        &client::MAX_RESPONSE_BYTES,
        &client::ALLOW_ORIGINS,
    ],
};

/// The keys of `client`.
pub(crate) mod client {
    use super::super::{Bytes, DefaultKey, Key, Shape, integer, key};
    use crate::connector::SourcePlan;

    pub(crate) static BASE_URL: Key = key(
        "base_url",
        Shape::Url,
        "the absolute URL that every path is joined to",
    )
    .required();
    pub(crate) static HEADERS: Key = key(
        "headers",
        Shape::Dict(&Shape::Template),
        "headers of every request",
    );
    pub(crate) static AUTH: Key = key(
        "auth",
        Shape::Tagged(&super::AUTH),
        "the credentials of every request",
    );
    pub(crate) static PAGINATOR: Key = key(
        "paginator",
        Shape::Tagged(&super::PAGINATOR),
        "how pages follow each other",
    );
    pub(crate) static RETRY: Key = key("retry", Shape::Map(&super::RETRY), "when to ask again");
    pub(crate) static RATE_LIMIT: Key = key(
        "rate_limit",
        Shape::Either(
            &Shape::Map(&super::RATE_LIMIT),
            &Shape::List(&Shape::Map(&super::RATE_LIMIT)),
        ),
        "the most requests in a time, or several limits that all hold",
    );
    pub(crate) static TIMEOUT: Key = key(
        "timeout",
        Shape::Map(&super::TIMEOUT),
        "the longest a request may take",
    );
    pub(crate) static CONCURRENCY: DefaultKey<u64> =
        integer("concurrency", 1, "the most requests in flight")
            .or(SourcePlan::DEFAULT.concurrency as u64);
    pub(crate) static MAX_RESPONSE_BYTES: DefaultKey<Bytes> = Key::new(
        "max_response_bytes",
        Shape::Size,
        "the largest page, after decompression",
    )
    .or(Bytes(SourcePlan::DEFAULT.max_response_bytes));
    pub(crate) static ALLOW_ORIGINS: Key = key(
        "allow_origins",
        Shape::List(&Shape::Either(
            &Shape::Text,
            &Shape::Map(&super::ALLOWED_ORIGIN),
        )),
        "further origins that may receive credentials, or requests without them",
    );
}

pub(crate) static ALLOWED_ORIGIN: Context = Context {
    name: "an allowed origin",
    keys: &[&allowed_origin::ORIGIN, &allowed_origin::CREDENTIALS],
};

/// The keys of an element of `allow_origins`.
pub(crate) mod allowed_origin {
    use super::super::{DefaultKey, Key, Text, flag, text};

    pub(crate) static ORIGIN: Key<Text> = text("origin", "the origin").required();
    pub(crate) static CREDENTIALS: DefaultKey<bool> = flag(
        "credentials",
        "whether it receives credentials; without them, a request has no headers and no body either, as a signed URL \
         wants it",
    )
    .or(true);
}

pub(crate) static RATE_LIMIT: Context = Context {
    name: "`rate_limit`",
    keys: &[&rate_limit::REQUESTS, &rate_limit::PER],
};

/// The keys of `rate_limit`.
pub(crate) mod rate_limit {
    use std::time::Duration;

    use super::super::{Key, duration, integer};

    pub(crate) static REQUESTS: Key<u64> =
        integer("requests", 1, "the most requests in a time").required();
    pub(crate) static PER: Key<Duration> = duration("per", "the length of that time").required();
}

pub(crate) static TIMEOUT: Context = Context {
    name: "`timeout`",
    keys: &[&timeout::CONNECT, &timeout::REQUEST],
};

/// The keys of `timeout`.
pub(crate) mod timeout {
    use std::time::Duration;

    use super::super::{DefaultKey, duration};
    use crate::connector::SourcePlan;

    pub(crate) static CONNECT: DefaultKey<Duration> =
        duration("connect", "the longest a connection may take to be made")
            .or(SourcePlan::DEFAULT.connect_timeout);
    pub(crate) static REQUEST: DefaultKey<Duration> = duration(
        "request",
        "the longest an attempt may take, its body to the end",
    )
    .or(SourcePlan::DEFAULT.request_timeout);
}
