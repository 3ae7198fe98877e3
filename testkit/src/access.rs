//! Who may ask: a key in the query, a header, or a token that the API itself has issued.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::{lock, log::Seen};

/// What the API wants of a request.
#[derive(Clone, Debug)]
pub enum Access {
    /// Nothing.
    Open,
    /// This value, once, in this query parameter.
    Key {
        /// The parameter.
        param: &'static str,
        /// The key.
        key: String,
    },
    /// This value, once, in this header.
    Header {
        /// The header, in lower case.
        name: &'static str,
        /// Its value.
        value: String,
    },
    /// A token from `POST /oauth/token`, as `Authorization: Bearer`.
    Token {
        /// Whom tokens are issued to.
        client_id: String,
        /// What that client proves itself with.
        client_secret: String,
    },
    /// Likewise, by a refresh token, in place of which each answer gives another.
    Rotating {
        /// Whom tokens are issued to.
        client_id: String,
        /// What that client proves itself with.
        client_secret: String,
        /// The first.
        refresh_token: String,
    },
}

/// The tokens that were issued. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Tokens(Arc<Mutex<Issued>>);

#[derive(Debug, Default)]
struct Issued {
    all: Vec<String>,
    valid: Vec<String>,
    refresh: Option<String>,
    wait: Duration,
}

impl Tokens {
    /// Every token that was issued, in order.
    pub fn issued(&self) -> Vec<String> {
        lock(&self.0).all.clone()
    }

    /// Takes back every token: the next request that carries one gets a 401.
    pub fn revoke(&self) {
        lock(&self.0).valid.clear();
    }

    /// Answers a request for a token so much later.
    pub fn slow(&self, wait: Duration) {
        lock(&self.0).wait = wait;
    }

    pub(crate) fn wait(&self) -> Duration {
        lock(&self.0).wait
    }

    pub(crate) fn issue(&self) -> String {
        let mut issued = lock(&self.0);
        let token = format!("issued-token-{}-7d1f", issued.all.len() + 1);
        issued.all.push(token.clone());
        issued.valid.push(token.clone());
        token
    }

    /// The refresh token that is good now, where one was given out.
    pub fn refresh_token(&self) -> Option<String> {
        lock(&self.0).refresh.clone()
    }

    /// Gives out another refresh token, and takes back the one before.
    pub(crate) fn rotate(&self) -> String {
        let mut issued = lock(&self.0);
        let token = format!("refresh-token-{}-9c2e", issued.all.len());
        issued.refresh = Some(token.clone());
        token
    }

    fn holds(&self, token: &str) -> bool {
        lock(&self.0).valid.iter().any(|valid| valid == token)
    }
}

impl Access {
    /// Whether the request may be answered.
    pub(crate) fn allows(&self, request: &Seen, tokens: &Tokens) -> bool {
        match self {
            Self::Open => true,
            Self::Key { param, key } => request.params(param) == [key],
            Self::Header { name, value } => request.header(name) == Some(value),
            Self::Token { .. } | Self::Rotating { .. } => request
                .header("authorization")
                .and_then(|value| value.strip_prefix("Bearer "))
                .is_some_and(|token| tokens.holds(token)),
        }
    }

    /// Whether a token request's form names the client and its secret, and what else it takes.
    pub(crate) fn issues(&self, form: &[(String, String)], tokens: &Tokens) -> bool {
        let has = |name: &str, value: &str| form.iter().any(|(n, v)| n == name && v == value);
        match self {
            Self::Open | Self::Key { .. } | Self::Header { .. } => false,
            Self::Token {
                client_id,
                client_secret,
            } => {
                has("grant_type", "client_credentials")
                    && has("client_id", client_id)
                    && has("client_secret", client_secret)
            }
            Self::Rotating {
                client_id,
                client_secret,
                refresh_token,
            } => {
                let current = tokens.refresh_token();
                has("grant_type", "refresh_token")
                    && has("client_id", client_id)
                    && has("client_secret", client_secret)
                    && has("refresh_token", current.as_ref().unwrap_or(refresh_token))
            }
        }
    }
}
