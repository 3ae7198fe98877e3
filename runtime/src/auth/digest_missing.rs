//! What there is of HTTP Digest without the feature `digest`.

use crate::{
    Error, ErrorKind, Result,
    http_context::HttpContext,
    transport::{BoxFuture, Request},
};

use super::{Authenticate, Generation};

pub(super) enum Digest {}

impl Digest {
    pub(super) fn new(_: String, _: String) -> Result<Self> {
        let message = "`http_digest` needs the feature `digest` of `rest-source`";
        Err(Error::new(ErrorKind::Config, message)
            .with_help("enable it: `cargo add rest-source --features digest`"))
    }
}

impl Authenticate for Digest {
    fn authenticate<'a>(
        &'a self,
        _: &'a mut Request,
        _: &'a HttpContext,
    ) -> BoxFuture<'a, Result<Generation>> {
        match *self {}
    }
}

pub(crate) fn is_answered(_: (&str, &str), _: &str, _: &str, _: &str, _: &str) -> bool {
    false
}
