//! Who may ask: credentials, as the spec places them.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rest_source::{
    __private::mock::{Scope, digest_is_answered},
    Result,
    plan::{Auth, OAuth2, SessionLogin, Slot, TokenPlace},
    transport::Request,
};

use crate::{jwt::SignedClaims, read::Read, tokens::Tokens};

/// The nonce of the mock's challenges.
const NONCE: &str = "the-nonce-of-the-mock";

/// The credentials of a resource, as a server knows them.
pub(crate) enum Access {
    /// None are wanted.
    Open,
    /// This value in this place.
    Value {
        place: TokenPlace,
        value: String,
    },
    Basic {
        username: String,
        password: String,
    },
    /// An answer to the challenge of the mock.
    Digest {
        username: String,
        password: String,
    },
    /// A token that was issued for these.
    Token {
        auth: Box<Auth>,
        place: TokenPlace,
    },
    /// A token that the client signs.
    Signed {
        claims: Box<SignedClaims>,
        place: TokenPlace,
    },
    /// The test says.
    Custom,
}

impl Access {
    /// # Errors
    ///
    /// Where a placeholder has no value.
    pub(crate) fn new(auth: Option<&Auth>, scope: Scope<'_>) -> Result<Self> {
        Ok(match auth {
            None => Self::Open,
            Some(Auth::ApiKey {
                name,
                api_key,
                location,
            }) => Self::Value {
                place: location.named(name),
                value: scope.required(api_key, "`api_key`")?,
            },
            Some(Auth::Bearer { token }) => Self::Value {
                place: TokenPlace::BEARER,
                value: scope.required(token, "`token`")?,
            },
            Some(Auth::HttpBasic { username, password }) => Self::Basic {
                username: scope.required(username, "`username`")?,
                password: scope.required(password, "`password`")?,
            },
            Some(Auth::HttpDigest { username, password }) => Self::Digest {
                username: scope.required(username, "`username`")?,
                password: scope.required(password, "`password`")?,
            },
            Some(
                auth @ (Auth::OAuth2(OAuth2 { place, .. })
                | Auth::SessionLogin(SessionLogin { place, .. })),
            ) => Self::Token {
                auth: Box::new(auth.clone()),
                place: place.clone(),
            },
            Some(Auth::SignedToken(plan)) => Self::Signed {
                claims: Box::new(SignedClaims::new(&plan.jwt, scope)?),
                place: plan.place.clone(),
            },
            Some(Auth::OneOf | Auth::Custom(_)) => Self::Custom,
        })
    }

    /// The challenge to a request without the credentials, for `WWW-Authenticate`.
    pub(crate) fn challenge(&self) -> Option<String> {
        let Self::Digest { .. } = self else {
            return None;
        };
        Some(format!(
            "Digest realm=\"mock\", nonce=\"{NONCE}\", qop=\"auth\", algorithm=SHA-256"
        ))
    }

    /// Whether a request has the credentials, once; what is custom is for `authorize` to say.
    pub(crate) fn allows(
        &self,
        read: &Read<'_>,
        tokens: &Tokens,
        now: Duration,
        authorize: &dyn Fn() -> bool,
    ) -> bool {
        match self {
            Self::Open => true,
            Self::Value { place, value } => found(place, read).as_ref() == Some(value),
            Self::Basic { username, password } => {
                basic(read).is_some_and(|found| found == format!("{username}:{password}"))
            }
            Self::Digest { username, password } => {
                let Request { method, url, .. } = read.request;
                let answer = only(read.request.headers.all("Authorization"));
                let user = (username.as_str(), password.as_str());
                answer.is_some_and(|answer| {
                    digest_is_answered(user, NONCE, method.as_str(), url, answer)
                })
            }
            Self::Token { auth, place } => {
                found(place, read).is_some_and(|token| tokens.holds(auth, &token, now))
            }
            Self::Signed { claims, place } => {
                found(place, read).is_some_and(|token| claims.are_of(&token))
            }
            Self::Custom => authorize(),
        }
    }
}

/// What a request has in a place, if it is there once.
fn found(place: &TokenPlace, read: &Read<'_>) -> Option<String> {
    match place {
        TokenPlace::Header { name, prefix } => {
            let value = only(read.request.headers.all(name))?;
            value.strip_prefix(prefix.as_str()).map(str::to_owned)
        }
        TokenPlace::Query(name) => only(read.params(name).into_iter()).map(str::to_owned),
        TokenPlace::Cookie(name) => only(cookies(read, name)).map(str::to_owned),
        TokenPlace::Body(path) => read.text(&Slot::Body(path.clone())),
    }
}

/// The only one there is.
fn only<'v>(mut values: impl Iterator<Item = &'v str>) -> Option<&'v str> {
    let only = values.next()?;
    values.next().is_none().then_some(only)
}

fn cookies<'r>(read: &'r Read<'_>, name: &'r str) -> impl Iterator<Item = &'r str> {
    let headers = read.request.headers.all("Cookie");
    let cookies = headers.flat_map(|header| header.split(';'));
    cookies.filter_map(move |cookie| cookie.trim().strip_prefix(name)?.strip_prefix('='))
}

fn authorization<'r>(read: &'r Read<'_>, scheme: &str) -> Option<&'r str> {
    only(read.request.headers.all("Authorization"))?.strip_prefix(scheme)
}

/// What HTTP Basic has encoded.
pub(crate) fn basic(read: &Read<'_>) -> Option<String> {
    let decoded = STANDARD.decode(authorization(read, "Basic ")?).ok()?;
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use rest_source::{
        plan::{Location, Method},
        shared::Ref::Static,
        transport::{Headers, Request},
    };

    use super::*;

    fn allows(access: &Access, query: &str, headers: &[(&str, &str)]) -> bool {
        let mut fields = Headers::new();
        for (name, value) in headers {
            fields.push(*name, *value);
        }
        let request = Request {
            method: Method::Get,
            url: format!("https://api.example.com/things?{query}"),
            headers: fields,
            body: Vec::new(),
        };
        let read = Read::new(&request).unwrap();
        access.allows(&read, &Tokens::default(), Duration::ZERO, &|| false)
    }

    #[test]
    fn a_key_is_wanted_where_it_belongs_and_once() {
        let value = || "k y".to_owned();
        let at = |location: Location, name| location.named(&Static(name));
        let header = Access::Value {
            place: at(Location::Header, "X-Key"),
            value: value(),
        };
        assert!(allows(&header, "", &[("x-key", "k y")]));
        assert!(!allows(&header, "X-Key=k%20y", &[]));
        assert!(!allows(&header, "", &[("X-Key", "k y"), ("X-Key", "k y")]));
        let query = Access::Value {
            place: at(Location::Query, "key"),
            value: value(),
        };
        assert!(allows(&query, "a=1&key=k+y", &[]));
        assert!(!allows(&query, "key=other", &[]));
        assert!(!allows(&query, "key=k+y&key=k+y", &[]));
        let cookie = Access::Value {
            place: at(Location::Cookie, "key"),
            value: "k".to_owned(),
        };
        assert!(allows(&cookie, "", &[("Cookie", "theme=dark; key=k")]));
        assert!(!allows(&cookie, "", &[("Cookie", "keys=k")]));
        assert!(!allows(&cookie, "", &[("Cookie", "key=k; key=k")]));
    }

    #[test]
    fn basic_credentials_are_read_as_they_are_encoded() {
        let basic = Access::Basic {
            username: "me".to_owned(),
            password: "a:b".to_owned(),
        };
        assert!(allows(&basic, "", &[("Authorization", "Basic bWU6YTpi")]));
        for other in ["Basic bWU6YTpj", "Basic ?", "Bearer bWU6YTpi", ""] {
            assert!(!allows(&basic, "", &[("Authorization", other)]), "{other}");
        }
    }
}
