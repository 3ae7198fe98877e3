//! Scalars as YAML, quoted where it must be.

use std::fmt::Write as _;

use crate::yaml::{self, Kind};

/// The text of a scalar text. `in_flow` says that it stands within braces or brackets, where more has to be quoted.
/// Text of several lines has none.
pub(super) fn one_line(text: &str, in_flow: bool) -> String {
    let written = serde_yaml::to_string(text).unwrap_or_default();
    let written = written.trim_end_matches('\n');
    let is_plain = written == text
        && yaml::plain(text) == Kind::Text
        // The merge key of YAML 1.1.
        && text != "<<"
        && !(in_flow && text.contains([',', '[', ']', '{', '}']));
    if is_plain {
        return text.to_owned();
    }
    quoted(text)
}

/// The lines of a literal block, if the text can be one: of several lines, without what only escapes can say.
pub(super) fn lines(text: &str) -> Option<(&'static str, Vec<&str>)> {
    let (body, mark) = match text.strip_suffix('\n') {
        Some(body) => (body, "|"),
        None => (text, "|-"),
    };
    let can_be = body.contains('\n')
        && !body.starts_with([' ', '\t', '\n'])
        && !body.ends_with('\n')
        && body.chars().all(|c| c == '\n' || is_printable(c));
    can_be.then(|| (mark, body.split('\n').collect()))
}

/// Between double quotes.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if is_printable(c) => quoted.push(c),
            c => {
                let code = u32::from(c);
                let _ = write!(quoted, "\\U{code:08x}");
            }
        }
    }
    quoted.push('"');
    quoted
}

/// Whether it may stand in YAML without an escape, and is no end of a line to any version of it.
fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}
