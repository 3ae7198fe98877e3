//! The kinds of `auth`.

use std::time::Duration;

use super::{
    DefaultKey, Family, Key, Shape, Value, Word, Words, key, member, path, text, word, word_of,
};
use crate::connector::{
    Assertion, ClientAuthentication, Jwt, JwtAlgorithm, KeyEncoding, Location, Method, OAuth2,
    Path, SessionLogin, Text, TokenRequest,
};
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
        member(
            word("bearer", "`Authorization: Bearer …`"),
            &[&TOKEN, &HEADER, &PREFIX],
        ),
        member(
            word("http_basic", "`Authorization: Basic …`"),
            &[&USERNAME, &PASSWORD],
        ),
        member(
            word(
                "http_digest",
                "`Authorization: Digest …`, the answer to a challenge of the API",
            ),
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
                &TOKEN_REQUEST,
                &ACCESS_TOKEN_REQUEST_DATA,
                &ACCESS_TOKEN_REQUEST_HEADERS,
                &ACCESS_TOKEN_PATH,
                &OAUTH2_EXPIRES_IN_PATH,
                &DEFAULT_TOKEN_EXPIRATION,
                &HEADER,
                &PREFIX,
                &QUERY,
                &COOKIE,
                &BODY_PATH,
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
                &TOKEN_REQUEST,
                &ACCESS_TOKEN_REQUEST_DATA,
                &ACCESS_TOKEN_REQUEST_HEADERS,
                &ACCESS_TOKEN_PATH,
                &OAUTH2_EXPIRES_IN_PATH,
                &DEFAULT_TOKEN_EXPIRATION,
                &HEADER,
                &PREFIX,
                &QUERY,
                &COOKIE,
                &BODY_PATH,
            ],
        ),
        member(
            word("session_login", "a token by a login request of the API"),
            &[
                &PATH,
                &METHOD,
                &PARAMS,
                &HEADERS,
                &JSON,
                &DATA,
                &LOGIN_AUTH,
                &TOKEN_PATH,
                &TOKEN_HEADER,
                &TOKEN_COOKIE,
                &EXPIRES_IN_PATH,
                &SESSION_EXPIRATION,
                &HEADER,
                &PREFIX,
                &QUERY,
                &COOKIE,
                &BODY_PATH,
            ],
        ),
        member(
            word("jwt_bearer", "a token that the client signs"),
            &[
                &SIGNED_FOR_URL,
                &ALGORITHM,
                &SIGNING_KEY,
                &KEY_ENCODING,
                &KEY_ID,
                &JWT_HEADERS,
                &CLAIMS,
                &ASSERTION_LIFETIME,
                &SENT_AS,
                &CLIENT_ID,
                &CLIENT_SECRET,
                &SCOPE,
                &AUDIENCE,
                &CLIENT_AUTHENTICATION,
                &TOKEN_REQUEST,
                &ACCESS_TOKEN_REQUEST_DATA,
                &ACCESS_TOKEN_REQUEST_HEADERS,
                &ACCESS_TOKEN_PATH,
                &OAUTH2_EXPIRES_IN_PATH,
                &DEFAULT_TOKEN_EXPIRATION,
                &HEADER,
                &PREFIX,
                &QUERY,
                &COOKIE,
                &BODY_PATH,
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
pub(crate) static CLIENT_ID: Key = key("client_id", Shape::Template, "the client's identifier")
    .remark("required, except beside a `grant_type` of its own");
pub(crate) static CLIENT_SECRET: Key = key("client_secret", Shape::Template, "the client's secret")
    .remark("required, except beside a `grant_type` of its own or a refresh token");
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

pub(crate) static TOKEN_REQUEST: DefaultKey<TokenRequest> = word_of(
    "token_request",
    "how the fields of the token request are sent",
)
.or(OAuth2::DEFAULT.token_request);
pub(crate) static ACCESS_TOKEN_REQUEST_HEADERS: Key = key(
    "access_token_request_headers",
    Shape::Dict(&Shape::Template),
    "further headers of the token request",
);
pub(crate) static ACCESS_TOKEN_PATH: DefaultKey<Path> =
    path("access_token_path", "where the token is in the reply")
        .or(OAuth2::DEFAULT.access_token_path);
pub(crate) static OAUTH2_EXPIRES_IN_PATH: DefaultKey<Path> =
    path("expires_in_path", LIFETIME).or(OAuth2::DEFAULT.expires_in_path);

const LIFETIME: &str =
    "where the token's lifetime is in the reply, in seconds, or the time when it ends";

/// The keys of a signed token.
pub(crate) static SIGNED_FOR_URL: Key = key(
    "access_token_url",
    Shape::Url,
    "the token endpoint; without one the signed token itself is sent",
)
.alias(&["token_url"]);
pub(crate) static ALGORITHM: DefaultKey<JwtAlgorithm> =
    word_of("algorithm", "what the token is signed by").or(Jwt::DEFAULT.algorithm);
pub(crate) static SIGNING_KEY: Key = key(
    "signing_key",
    Shape::Template,
    "the key: PEM or Google's JSON key file, also in base64; of HS256 the secret",
)
.required()
.alias(&["private_key", "secret_key"]);
pub(crate) static KEY_ENCODING: DefaultKey<KeyEncoding> =
    word_of("key_encoding", "how the secret of HS256 is written").or(Jwt::DEFAULT.key_encoding);
pub(crate) static KEY_ID: Key =
    key("key_id", Shape::Template, "the key's identifier, `kid`").remark("that of a JSON key file");
pub(crate) static JWT_HEADERS: Key = key(
    "jwt_headers",
    Shape::Dict(&Shape::Template),
    "further headers of the signed token",
);
pub(crate) static CLAIMS: Key = key(
    "claims",
    Shape::Json,
    "its claims, without `iat` and `exp`; `aud` is the token endpoint",
);
pub(crate) static ASSERTION_LIFETIME: DefaultKey<Duration> = Key::new(
    "lifetime",
    Shape::Duration,
    "how long the signed token lives",
)
.or(Jwt::DEFAULT.lifetime);
pub(crate) static SENT_AS: DefaultKey<Assertion> = word_of(
    "sent_as",
    "what the token endpoint gets the signed token as",
)
.or(Jwt::DEFAULT.sent_as);

/// Where a token goes on a request.
pub(crate) static HEADER: DefaultKey<Text> =
    text("header", "the header that the token is sent in").or(Text::of("Authorization"));
pub(crate) static PREFIX: Key<Text> = Key::new(
    "prefix",
    Shape::Scalar,
    "the word before the token in its header; `\"\"` is none",
)
.remark("`Bearer` in `Authorization`, otherwise none");
pub(crate) static QUERY: Key<Text> = text("query", "the query parameter that the token is sent in");
pub(crate) static COOKIE: Key<Text> = text("cookie", "the cookie that the token is sent in");
pub(crate) static BODY_PATH: Key<Path> = path("body_path", "where in the body the token is sent");

/// The keys of a login.
pub(crate) static PATH: Key = key(
    "path",
    Shape::Template,
    "joined to the base URL, or an absolute URL",
)
.required();
pub(crate) static METHOD: DefaultKey<Method> =
    word_of("method", "the method of the login").or(SessionLogin::DEFAULT.method);
pub(crate) static PARAMS: Key = key(
    "params",
    Shape::Dict(&PARAM),
    "query parameters of the login",
);
pub(crate) static HEADERS: Key = key(
    "headers",
    Shape::Dict(&Shape::Template),
    "headers of the login; those of `client` are not sent",
);
pub(crate) static JSON: Key = key("json", Shape::Json, "the login's body, as JSON");
pub(crate) static DATA: Key = key("data", Shape::Dict(&PARAM), "the login's body, as a form");
pub(crate) static LOGIN_AUTH: Key = key(
    "auth",
    Shape::Tagged(&AUTH),
    "the credentials of the login itself",
);
pub(crate) static TOKEN_PATH: Key<Path> = path(
    "token_path",
    "where the token is in the response's body; `$` is all of it",
);
pub(crate) static TOKEN_HEADER: Key<Text> = text(
    "token_header",
    "the header of the response that has the token",
);
pub(crate) static TOKEN_COOKIE: Key<Text> = text(
    "token_cookie",
    "the cookie of the response that has the token",
);
pub(crate) static EXPIRES_IN_PATH: Key<Path> = path("expires_in_path", LIFETIME);
pub(crate) static SESSION_EXPIRATION: Key<Seconds> = Key::new(
    "default_token_expiration",
    Shape::Integer(1),
    "seconds that a token lives which does not say so",
)
.remark("until a 401 refuses it");

/// A scalar, or several of them.
const PARAM: Shape = Shape::Either(&Shape::Template, &Shape::List(&Shape::Template));

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

impl Words for TokenRequest {
    const WORDS: &'static [(Word, Self)] = &[
        (word("form", "a form"), Self::Form),
        (word("json", "a JSON object"), Self::Json),
    ];
}

impl Words for JwtAlgorithm {
    const WORDS: &'static [(Word, Self)] = &[
        (word("RS256", "RSA and SHA-256"), Self::Rs256),
        (word("RS384", "RSA and SHA-384"), Self::Rs384),
        (word("ES256", "the curve P-256 and SHA-256"), Self::Es256),
        (word("ES384", "the curve P-384 and SHA-384"), Self::Es384),
        (word("HS256", "HMAC and SHA-256"), Self::Hs256),
    ];
}

impl Words for KeyEncoding {
    const WORDS: &'static [(Word, Self)] = &[
        (word("text", "the text is the secret"), Self::Text),
        (word("base64", "in base64"), Self::Base64),
    ];
}

impl Words for Assertion {
    const WORDS: &'static [(Word, Self)] = &[
        (word("grant", "the grant: `assertion`"), Self::Grant),
        (
            word("client", "the client's proof: `client_assertion`"),
            Self::Client,
        ),
    ];
}
