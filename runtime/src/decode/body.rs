//! From bytes to text, and what to say of a body that is no JSON.

use crate::error::{Error, ErrorKind, Result};

/// The most bytes of a page: cells count them in 32 bits, and what is decoded besides needs room.
const MOST_BYTES: usize = 1 << 31;

/// The text of a body.
pub(super) fn text(body: Vec<u8>) -> Result<String> {
    if body.len() > MOST_BYTES {
        return Err(unreadable("the response is larger than 2 GiB"));
    }
    let text = String::from_utf8(body).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let start =
            String::from_utf8_lossy(error.as_bytes().get(..200).unwrap_or(error.as_bytes()));
        start_of(
            unreadable(format!(
                "the response is not in UTF-8: byte {at} does not fit"
            )),
            &start,
        )
    })?;
    if json(&text).trim_start_matches(SPACE).is_empty() {
        return Err(unreadable("the response is empty")
            .with_help("an API that has nothing to say answers 204, or an empty list"));
    }
    Ok(text)
}

/// The text without a byte order mark.
pub(super) fn json(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// The error of a body that is no JSON.
pub(super) fn not_json(text: &str, error: &serde_json::Error) -> Error {
    let json = json(text);
    if json.trim_start_matches(SPACE).starts_with('<') {
        return start_of(unreadable("the response is HTML or XML, not JSON"), json);
    }
    let message = unreadable(format!("the response is not JSON: {error}"));
    let before = offset(json, error.line(), error.column()).saturating_sub(SHOWN / 2);
    let near = (before..json.len()).find(|at| json.is_char_boundary(*at));
    match near.and_then(|at| json.get(at..)) {
        Some(near) if before > 0 => message.with_detail(format!("near {:?}", excerpt(near))),
        _ => start_of(message, json),
    }
}

/// Shows how a body starts.
pub(super) fn start_of(error: Error, text: &str) -> Error {
    error.with_detail(format!("it starts with {:?}", excerpt(text)))
}

const SPACE: [char; 4] = [' ', '\n', '\t', '\r'];
/// The most characters of a body in a message.
const SHOWN: usize = 80;

fn excerpt(text: &str) -> String {
    let shown: String = text.trim_start_matches(SPACE).chars().take(SHOWN).collect();
    shown
}

/// The byte at a line and a column, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before = text.split_inclusive('\n').take(line.saturating_sub(1));
    before.map(str::len).sum::<usize>() + column
}

fn unreadable(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Response, message)
}
