//! The kinds of `auth`.

use super::{Family, Key, Shape, Word, key, member, word};

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
                key("api_key", Shape::Template, "what is sent under that name").required(),
                key("location", Shape::Word(LOCATIONS), "where the key goes").or("header"),
            ],
        ),
        member(
            word("bearer", "`Authorization: Bearer …`"),
            &[key("token", Shape::Template, "what is sent after `Bearer`").required()],
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
            word("oauth2_refresh_token", "a token by a refresh token"),
            &[
                ACCESS_TOKEN_URL,
                CLIENT_ID,
                CLIENT_SECRET,
                key(
                    "refresh_token",
                    Shape::Template,
                    "what a new token is asked for with",
                )
                .required(),
                SCOPE,
                AUDIENCE,
                CLIENT_AUTHENTICATION,
                ACCESS_TOKEN_REQUEST_DATA,
                DEFAULT_TOKEN_EXPIRATION,
            ],
        ),
        member(
            word("one_of", "one of several, chosen by the user"),
            &[key(
                "choices",
                Shape::Dict(&Shape::Tagged(&AUTH)),
                "the kinds to choose from",
            )
            .required()],
        ),
        member(
            word("custom", "a type of your own"),
            &[
                key("rust", Shape::Rust, "its path").required(),
                key(
                    "with",
                    Shape::Dict(&Shape::Template),
                    "what it is made of, secrets and settings for one",
                ),
            ],
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
    "further fields of the token request, such as another `grant_type`",
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
