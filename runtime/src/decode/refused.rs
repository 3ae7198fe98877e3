//! Errors that a response reports in place of its records, by a status that says success: GraphQL does so.

use super::selector::Branch;
use crate::error::{Error, ErrorKind};

/// The keys at the root of a response under which errors are reported.
const KEYS: [&str; 2] = ["errors", "error"];
/// The keys of an error whose text says what is wrong.
const MESSAGES: [&str; 4] = ["message", "detail", "title", "description"];
/// How deep a message is looked for.
const DEEPEST: usize = 3;

/// The first error that a response reports, in its own words.
pub(super) fn reported(json: &str) -> Option<(&'static str, String)> {
    let root = Branch::new(json);
    KEYS.iter().find_map(|key| {
        let raw = root.member(key)?;
        let is_none = match Branch::new(raw) {
            Branch::Object(members) => members.is_empty(),
            Branch::List(elements) => elements.is_empty(),
            Branch::Scalar => matches!(raw, "null" | "false" | "0" | "\"\""),
        };
        (!is_none).then(|| (*key, message(raw, DEEPEST)))
    })
}

/// What an error says.
fn message(raw: &str, depth: usize) -> String {
    if let Ok(text) = serde_json::from_str::<String>(raw) {
        return text;
    }
    let branch = Branch::new(raw);
    let within = match &branch {
        Branch::List(elements) => elements.first().copied(),
        _ => MESSAGES.iter().find_map(|key| branch.member(key)),
    };
    match within {
        Some(within) if depth > 0 => message(within, depth - 1),
        _ => raw.to_owned(),
    }
}

/// The error of a response that reports errors where its records should be.
pub(super) fn in_place_of_records(place: &str, key: &str, message: &str) -> Error {
    Error::new(
        ErrorKind::Response,
        format!("the response has no records at `{place}`, but `{key}`: {message}"),
    )
    .with_help("a rule of `response_actions` may retry such a response, or ignore it")
}
