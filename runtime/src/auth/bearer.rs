//! `Authorization: Bearer …` (RFC 6750).

use crate::{
    ErrorKind, Result,
    http_context::HttpContext,
    request::check_header,
    transport::{BoxFuture, Request},
};

use super::{Authenticate, Generation, unchanging};

pub(super) struct Bearer {
    header: String,
}

impl Bearer {
    /// # Errors
    ///
    /// When the token cannot stand in a header.
    pub(super) fn new(token: &str) -> Result<Self> {
        check_header("Authorization", token, ErrorKind::Config)?;
        Ok(Self {
            header: format!("Bearer {token}"),
        })
    }
}

impl Authenticate for Bearer {
    fn authenticate<'a>(
        &'a self,
        request: &'a mut Request,
        _: &'a HttpContext,
    ) -> BoxFuture<'a, Result<Generation>> {
        request.headers.set("Authorization", &self.header);
        unchanging()
    }
}
