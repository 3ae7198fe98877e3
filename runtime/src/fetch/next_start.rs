//! The token or link at which the next fetch starts, as the state stores it.

use percent_encoding::percent_decode_str;

use super::FetchSpec;
use crate::{
    Error, ErrorKind, Result,
    plan::{Param, Part},
    query,
};

/// The most bytes of a URL that the transport sends.
const MAX_URL: usize = 65_534;

/// The bytes of a URL that are left for what the next fetch adds to a token or link.
const REST_OF_URL: usize = 2 << 10;

/// The token or link that a fetch received, as the state stores it. Parameters of a link that hold a secret are
/// removed: each fetch sends its own.
///
/// # Errors
///
/// If a link holds a secret elsewhere, or no request could carry the token or link.
pub(super) fn to_store(spec: &FetchSpec, received: String) -> Result<String> {
    let plan = spec.resource.change_token();
    let is_link = plan.is_some_and(|token| token.is_link);
    let stored = if is_link {
        link_without_secrets(spec, received)?
    } else {
        received
    };
    let (what, length) = if is_link {
        ("link", stored.len())
    } else if is_in_url(spec) {
        ("token", query::encode(&stored).len())
    } else {
        return Ok(stored);
    };
    if length <= MAX_URL - REST_OF_URL {
        return Ok(stored);
    }
    let message =
        format!("the {what} for the next fetch has {length} bytes, which is too long for a URL");
    Err(Error::new(ErrorKind::Response, message).with_help(
        "if the API accepts the token in a header or a body, name its place by `token_path`, and write \
         `{incremental.start_value}` there; otherwise remove it from `incremental`, so that each fetch is whole",
    ))
}

/// Whether the URL of a request carries the token.
fn is_in_url(spec: &FetchSpec) -> bool {
    let resource = &spec.resource;
    let has_token = |param: &Param| param.value.has(&Part::IncrementalStart);
    let incremental = resource.incremental.as_ref();
    incremental.is_some_and(|incremental| incremental.start_param.is_some())
        || resource.path.has(&Part::IncrementalStart)
        || resource.params.iter().any(has_token)
}

fn link_without_secrets(spec: &FetchSpec, mut link: String) -> Result<String> {
    let redactor = spec.client.redactor();
    query::remove_from_url(&mut link, |value| redactor.is_held_by(value));
    let (base, _) = link.split_once('?').unwrap_or((&link, ""));
    let base = percent_decode_str(base).decode_utf8_lossy();
    if !base.split('/').any(|part| redactor.is_held_by(part)) {
        return Ok(link);
    }
    let message = "the delta link holds a secret in its path, which the state would store";
    Err(Error::new(ErrorKind::Response, message).with_help(
        "leave out `delta_link_path`, so that each fetch is whole, or name a token of the response by `token_path`",
    ))
}
