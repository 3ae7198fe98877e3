//! What is there of signed tokens without the feature `jwt`.

use std::sync::Arc;

use crate::{
    Error, ErrorKind, Result, Secret,
    http_context::HttpContext,
    plan::{Jwt, SignedToken},
    template::Scope,
};

use super::token::TokenSource;

pub(crate) enum Signer {}

impl Signer {
    pub(crate) fn new(_: &Jwt, _: Option<&str>, _: Scope<'_>) -> Result<Self> {
        Err(missing())
    }

    pub(crate) fn signed(&self, _: &str) -> bool {
        match *self {}
    }

    pub(super) fn sign(&self, _: bool, _: &HttpContext) -> Result<Secret> {
        match *self {}
    }
}

pub(super) fn token_source(
    _: &SignedToken,
    _: Scope<'_>,
    _: &Arc<HttpContext>,
) -> Result<TokenSource> {
    Err(missing())
}

fn missing() -> Error {
    let message = "`jwt_bearer` needs the feature `jwt` of `rest-source`";
    Error::new(ErrorKind::Config, message)
        .with_help("enable it: `cargo add rest-source --features jwt`")
}
