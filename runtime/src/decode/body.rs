//! From bytes to text, and what to say of a body that is no JSON.
//!
//! How a body starts is added by the fetch, which has the content type beside it and knows the
//! secrets to leave out.

use std::mem;

use super::Format;
use crate::error::{Error, ErrorKind, Result};

/// The most bytes of a page: cells count them in 32 bits, and what is decoded besides needs room.
const MOST_BYTES: usize = 1 << 31;

/// What JSON takes for space.
pub(super) const SPACE: [char; 4] = [' ', '\n', '\t', '\r'];

/// The text of a body, which is taken; on an error it is left.
pub(super) fn text(body: &mut Vec<u8>, format: Format) -> Result<String> {
    if body.len() > MOST_BYTES {
        return Err(unreadable("the response is larger than 2 GiB"));
    }
    let text = String::from_utf8(mem::take(body)).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        *body = error.into_bytes();
        not_utf8(at as u64)
    })?;
    // No line is no record.
    if format == Format::Json && json(&text).trim_start_matches(SPACE).is_empty() {
        *body = text.into_bytes();
        return Err(unreadable("the response is empty")
            .with_help("an API that has nothing to say answers 204, or an empty list"));
    }
    Ok(text)
}

/// How many values a text has at most, where these are not more than `most`, and keys where `with_keys`. An
/// estimate from above that costs little: strings are taken apart only where their commas may matter.
pub(super) fn values_up_to(text: &str, most: usize, with_keys: bool) -> Option<usize> {
    // A value takes two bytes: itself, and what separates it from the next.
    if text.len() / 2 <= most {
        return Some(text.len() / 2);
    }
    let separates = |byte: &u8| matches!(byte, b',' | b'[' | b'{') || (with_keys && *byte == b':');
    let all = text.bytes().filter(|byte| separates(byte)).count();
    if all <= most {
        return Some(all);
    }
    let mut values = 0;
    let mut is_text = false;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => is_text = !is_text,
            b'\\' if is_text => _ = bytes.next(),
            byte if !is_text && separates(&byte) => values += 1,
            _ => {}
        }
    }
    (values <= most).then_some(values)
}

/// The text without a byte order mark.
pub(super) fn json(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// The error of a body that is no JSON.
pub(super) fn not_json(text: &str, error: &serde_json::Error) -> Error {
    if json(text).trim_start_matches(SPACE).starts_with('<') {
        unreadable("the response is HTML or XML, not JSON")
    } else {
        unreadable(format!("the response is not JSON: {error}")).with_source(error)
    }
}

/// The error of a byte that is not UTF-8.
pub(crate) fn not_utf8(at: u64) -> Error {
    unreadable(format!(
        "the response is not in UTF-8: byte {at} does not fit"
    ))
    .with_help("name its charset by the key `charset` of its `decoder`: without one, it is `decoder: { type: json, charset: windows-1252 }`, for example")
}

pub(super) fn unreadable(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Response, message)
}
