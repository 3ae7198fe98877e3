//! The place of a credential on a request.

use serde_json::Value;

use crate::{
    Error, ErrorKind, Result,
    plan::TokenPlace,
    query,
    request::{check_header, set_in_body},
    schema::Path,
    transport::Request,
};

/// Checks that a value can stand there.
///
/// # Errors
///
/// Of this kind, when it holds a character that would end it.
pub(super) fn check(place: &TokenPlace, value: &str, kind: ErrorKind) -> Result<()> {
    match place {
        TokenPlace::Header { name, .. } => check_header(name, value, kind),
        TokenPlace::Cookie(name) => {
            let ends_it = |c: char| c.is_control() || c.is_whitespace() || matches!(c, ';' | ',');
            if value.contains(ends_it) {
                let message =
                    format!("the value of cookie `{name}` holds a character that ends a cookie");
                return Err(Error::new(kind, message));
            }
            Ok(())
        }
        TokenPlace::Query(_) | TokenPlace::Body(_) => Ok(()),
    }
}

/// Puts a value there, in place of any that the request carries already.
///
/// # Errors
///
/// When the request has no body to put it in.
pub(super) fn put(place: &TokenPlace, value: &str, request: &mut Request) -> Result<()> {
    match place {
        TokenPlace::Header { name, prefix } => {
            request
                .headers
                .set(name.as_str(), format!("{prefix}{value}"));
        }
        TokenPlace::Query(name) => query::set_in_url(&mut request.url, name, value),
        TokenPlace::Cookie(name) => {
            let cookies = request.headers.get("Cookie").unwrap_or_default();
            let cookies = set_cookie(cookies, name, value);
            request.headers.set("Cookie", cookies);
        }
        TokenPlace::Body(path) => put_in_body(path, value, request)?,
    }
    Ok(())
}

fn put_in_body(path: &Path, value: &str, request: &mut Request) -> Result<()> {
    if request.body.is_empty() {
        let message = "the request has no body, and its token belongs into one";
        return Err(Error::new(ErrorKind::Auth, message)
            .with_help("a redirect that turns a POST into a GET drops its body"));
    }
    let content_type = request.headers.get("Content-Type").unwrap_or_default();
    let is_form = content_type.starts_with("application/x-www-form-urlencoded");
    request.body = set_in_body(&request.body, is_form, path, Value::from(value));
    Ok(())
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
