//! A key in a header, a query parameter or a cookie.

use crate::{
    Error, ErrorKind, Result,
    http_context::HttpContext,
    plan::Location,
    query,
    request::check_header,
    shared::Text,
    transport::{BoxFuture, Request},
};

use super::{Authenticate, Generation, unchanging};

pub(super) struct ApiKey {
    name: Text,
    key: String,
    location: Location,
}

impl ApiKey {
    /// # Errors
    ///
    /// When the key cannot stand where it has to.
    pub(super) fn new(name: &Text, key: String, location: Location) -> Result<Self> {
        match location {
            Location::Query => {}
            Location::Header => check_header(name, &key, ErrorKind::Config)?,
            Location::Cookie => check_cookie(name, &key)?,
        }
        Ok(Self {
            name: name.clone(),
            key,
            location,
        })
    }
}

impl Authenticate for ApiKey {
    fn authenticate<'a>(
        &'a self,
        request: &'a mut Request,
        _: &'a HttpContext,
    ) -> BoxFuture<'a, Result<Generation>> {
        match self.location {
            Location::Header => request.headers.set(self.name.as_str(), &self.key),
            Location::Query => query::set_in_url(&mut request.url, &self.name, &self.key),
            Location::Cookie => {
                let cookies = request.headers.get("Cookie").unwrap_or_default();
                let cookies = set_cookie(cookies, &self.name, &self.key);
                request.headers.set("Cookie", cookies);
            }
        }
        unchanging()
    }
}

/// Puts one cookie in a `Cookie` header (RFC 6265, 4.2.1), in place of any of its name.
fn set_cookie(cookies: &str, name: &str, value: &str) -> String {
    let others = cookies
        .split(';')
        .map(str::trim)
        .filter(|cookie| !cookie.is_empty() && cookie.split('=').next() != Some(name));
    let mut cookies: Vec<&str> = others.collect();
    let ours = format!("{name}={value}");
    cookies.push(&ours);
    cookies.join("; ")
}

fn check_cookie(name: &str, value: &str) -> Result<()> {
    let ends_it = |c: char| c.is_control() || c.is_whitespace() || matches!(c, ';' | ',');
    if value.contains(ends_it) {
        let message = format!("the key for cookie `{name}` holds a character that ends a cookie");
        return Err(Error::new(ErrorKind::Config, message));
    }
    Ok(())
}
