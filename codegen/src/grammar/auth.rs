//! The kinds of `auth`.

use std::time::Duration;

use super::{DefaultKey, Family, Key, Shape, Value, Word, Words, key, member, text, word, word_of};
use crate::connector::{ClientAuthentication, Location, OAuth2, Text};
use crate::yaml::Node;

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
            &[&NAME, &API_KEY, &LOCATION],
        ),
        member(word("bearer", "`Authorization: Bearer …`"), &[&TOKEN]),
        member(
            word("http_basic", "`Authorization: Basic …`"),
            &[&USERNAME, &PASSWORD],
        ),
        member(
            word(
                "oauth2_client_credentials",
                "a token by the client's own credentials",
            )
            .alias(&["oauth2"]),
            &[
                &ACCESS_TOKEN_URL,
                &CLIENT_ID,
                &CLIENT_SECRET,
                &SCOPE,
                &AUDIENCE,
                &CLIENT_AUTHENTICATION,
                &ACCESS_TOKEN_REQUEST_DATA,
                &DEFAULT_TOKEN_EXPIRATION,
            ],
        ),
        member(
            word("oauth2_refresh_token", "a token by a refresh token"),
            &[
                &ACCESS_TOKEN_URL,
                &CLIENT_ID,
                &CLIENT_SECRET,
                &REFRESH_TOKEN,
                &SCOPE,
                &AUDIENCE,
                &CLIENT_AUTHENTICATION,
                &ACCESS_TOKEN_REQUEST_DATA,
                &DEFAULT_TOKEN_EXPIRATION,
            ],
        ),
        member(
            word("one_of", "one of several, chosen by the user"),
            &[&CHOICES],
        ),
        member(word("custom", "a type of your own"), &[&RUST, &WITH]),
    ],
};

pub(crate) static NAME: DefaultKey<Text> =
    text("name", "name of the header, parameter or cookie").or(Text::of("Authorization"));
pub(crate) static API_KEY: Key =
    key("api_key", Shape::Template, "what is sent under that name").required();
pub(crate) static LOCATION: DefaultKey<Location> =
    word_of("location", "where the key goes").or(Location::Header);

pub(crate) static TOKEN: Key =
    key("token", Shape::Template, "what is sent after `Bearer`").required();

pub(crate) static USERNAME: Key = key("username", Shape::Template, "the user's name").required();
pub(crate) static PASSWORD: Key = key("password", Shape::Template, "the password").required();

pub(crate) static ACCESS_TOKEN_URL: Key = key("access_token_url", Shape::Url, "the token endpoint")
    .required()
    .alias(&["token_url"]);
pub(crate) static CLIENT_ID: Key =
    key("client_id", Shape::Template, "the client's identifier").required();
pub(crate) static CLIENT_SECRET: Key =
    key("client_secret", Shape::Template, "the client's secret").required();
pub(crate) static REFRESH_TOKEN: Key = key(
    "refresh_token",
    Shape::Template,
    "what a new token is asked for with",
)
.required();
pub(crate) static SCOPE: Key = key("scope", Shape::Template, "the scope asked for");
pub(crate) static AUDIENCE: Key = key("audience", Shape::Template, "the audience asked for");
pub(crate) static CLIENT_AUTHENTICATION: DefaultKey<ClientAuthentication> =
    word_of("client_authentication", "how the client proves who it is")
        .or(OAuth2::DEFAULT.client_authentication);
pub(crate) static ACCESS_TOKEN_REQUEST_DATA: Key = key(
    "access_token_request_data",
    Shape::Dict(&Shape::Template),
    "further fields of the token request, such as another `grant_type`",
);
pub(crate) static DEFAULT_TOKEN_EXPIRATION: DefaultKey<Seconds> = Key::new(
    "default_token_expiration",
    Shape::Integer(1),
    "seconds that a token lives which does not say so",
)
.or(Seconds(OAuth2::DEFAULT.default_token_expiration));

pub(crate) static CHOICES: Key = key(
    "choices",
    Shape::Dict(&Shape::Tagged(&AUTH)),
    "the kinds to choose from",
)
.required();

pub(crate) static RUST: Key = key("rust", Shape::Rust, "its path").required();
pub(crate) static WITH: Key = key(
    "with",
    Shape::Dict(&Shape::Template),
    "what it is made of, secrets and settings for one",
);

/// A span of time that is written as its seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seconds(pub Duration);

impl Value for Seconds {
    fn read(node: &Node) -> Option<Self> {
        u64::read(node).map(|seconds| Self(Duration::from_secs(seconds)))
    }

    fn written(&self) -> String {
        self.0.as_secs().to_string()
    }
}

impl Words for Location {
    const WORDS: &'static [(Word, Self)] = &[
        (word("header", "a header"), Self::Header),
        (
            word("query", "a query parameter").alias(&["param"]),
            Self::Query,
        ),
        (word("cookie", "a cookie"), Self::Cookie),
    ];
}

impl Words for ClientAuthentication {
    const WORDS: &'static [(Word, Self)] = &[
        (
            word("body", "`client_id` and `client_secret` in the form"),
            Self::Body,
        ),
        (word("basic", "HTTP Basic"), Self::Basic),
    ];
}
