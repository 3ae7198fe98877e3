//! `Authorization: Basic …` (RFC 7617), in UTF-8.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    Error, ErrorKind, Result,
    http_context::HttpContext,
    redact::Redactor,
    transport::{BoxFuture, Request},
};

use super::{Authenticate, Generation, unchanging};

pub(super) struct HttpBasic {
    header: String,
}

impl HttpBasic {
    /// # Errors
    ///
    /// When the name holds a colon or a control character, or the password one of the latter.
    pub(super) fn new(username: &str, password: &str, redactor: &Redactor) -> Result<Self> {
        if username.contains(':') {
            let message = "`username` holds a colon, which ends it (RFC 7617)";
            return Err(Error::new(ErrorKind::Config, message));
        }
        if [username, password].concat().contains(char::is_control) {
            let message = "`username` or `password` holds a control character";
            return Err(Error::new(ErrorKind::Config, message));
        }
        Ok(Self {
            header: basic(username, password, redactor),
        })
    }
}

impl Authenticate for HttpBasic {
    fn authenticate<'a>(
        &'a self,
        request: &'a mut Request,
        _: &'a HttpContext,
    ) -> BoxFuture<'a, Result<Generation>> {
        request.headers.set("Authorization", &self.header);
        unchanging()
    }
}

/// The value of the header; what it encodes is a secret too.
pub(super) fn basic(username: &str, password: &str, redactor: &Redactor) -> String {
    let encoded = STANDARD.encode(format!("{username}:{password}"));
    redactor.learn(&encoded);
    format!("Basic {encoded}")
}
