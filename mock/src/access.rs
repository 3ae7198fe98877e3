//! Who may ask: credentials, as the spec places them.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rest_source::{
    __private::mock::Scope,
    Result,
    plan::{Auth, Location, OAuth2},
    shared::Text,
};

use crate::{read::Read, tokens::Tokens};

/// The credentials of a resource, as a server knows them.
pub(crate) enum Access {
    /// None are wanted.
    Open,
    Header {
        name: Text,
        value: String,
    },
    Query {
        name: Text,
        value: String,
    },
    Cookie {
        name: Text,
        value: String,
    },
    Basic {
        username: String,
        password: String,
    },
    /// A token that was issued for these.
    Token(OAuth2),
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
            }) => {
                let name = name.clone();
                let value = scope.required(api_key, "`api_key`")?;
                match location {
                    Location::Header => Self::Header { name, value },
                    Location::Query => Self::Query { name, value },
                    Location::Cookie => Self::Cookie { name, value },
                }
            }
            Some(Auth::Bearer { token }) => Self::Header {
                name: Text::of("Authorization"),
                value: format!("Bearer {}", scope.required(token, "`token`")?),
            },
            Some(Auth::HttpBasic { username, password }) => Self::Basic {
                username: scope.required(username, "`username`")?,
                password: scope.required(password, "`password`")?,
            },
            Some(Auth::OAuth2(plan)) => Self::Token(plan.clone()),
            Some(Auth::OneOf | Auth::Custom(_)) => Self::Custom,
        })
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
            Self::Header { name, value } => only(read.request.headers.all(name)) == Some(value),
            Self::Query { name, value } => only(read.params(name).into_iter()) == Some(value),
            Self::Cookie { name, value } => only(cookies(read, name)) == Some(value),
            Self::Basic { username, password } => {
                basic(read).is_some_and(|found| found == format!("{username}:{password}"))
            }
            Self::Token(plan) => {
                authorization(read, "Bearer ").is_some_and(|token| tokens.holds(plan, token, now))
            }
            Self::Custom => authorize(),
        }
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
        plan::Method,
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
        let header = Access::Header {
            name: Static("X-Key"),
            value: value(),
        };
        assert!(allows(&header, "", &[("x-key", "k y")]));
        assert!(!allows(&header, "X-Key=k%20y", &[]));
        assert!(!allows(&header, "", &[("X-Key", "k y"), ("X-Key", "k y")]));
        let query = Access::Query {
            name: Static("key"),
            value: value(),
        };
        assert!(allows(&query, "a=1&key=k+y", &[]));
        assert!(!allows(&query, "key=other", &[]));
        assert!(!allows(&query, "key=k+y&key=k+y", &[]));
        let cookie = Access::Cookie {
            name: Static("key"),
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
