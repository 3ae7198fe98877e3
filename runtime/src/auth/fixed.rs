//! A credential that never changes, in a place of its own.

use crate::{
    ErrorKind, Result,
    http_context::HttpContext,
    plan::TokenPlace,
    transport::{BoxFuture, Request},
};

use super::{Authenticate, Generation, place};

/// An API key or a bearer token.
pub(super) struct Fixed {
    place: TokenPlace,
    value: String,
}

impl Fixed {
    /// # Errors
    ///
    /// When the value cannot stand where it has to.
    pub(super) fn new(place: TokenPlace, value: String) -> Result<Self> {
        place::check(&place, &value, ErrorKind::Config)?;
        Ok(Self { place, value })
    }
}

impl Authenticate for Fixed {
    fn authenticate<'a>(
        &'a self,
        request: &'a mut Request,
        _: &'a HttpContext,
    ) -> BoxFuture<'a, Result<Generation>> {
        let put = place::put(&self.place, &self.value, request);
        Box::pin(std::future::ready(put.map(|()| 0)))
    }
}
