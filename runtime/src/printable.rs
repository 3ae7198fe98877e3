//! Preparation of a server's text for messages.

use std::{
    borrow::Cow,
    fmt::{self, Write as _},
    time::Duration,
};

/// Escapes control characters, line breaks, marks of direction and zero-width characters: a terminal would obey
/// them, or they would hide text.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_escaped(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// The most characters of one text in a message.
const MAX_LENGTH: usize = 4_000;

/// Shortens a text to 4,000 characters, and says how many were omitted.
pub(crate) fn shortened(mut text: String) -> String {
    if text.len() <= MAX_LENGTH {
        return text;
    }
    if let Some((end, _)) = text.char_indices().nth(MAX_LENGTH) {
        let omitted = text[end..].chars().count();
        text.truncate(end);
        // Writing to a string does not fail.
        let _ = write!(text, "… ({omitted} more characters)");
    }
    text
}

fn is_escaped(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text, cut off where it is longer than this many characters.
pub(crate) fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A length of time for a person: `500 ms`, `2.5 s`.
pub(crate) struct Seconds(pub(crate) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        match (millis / 1_000, millis % 1_000 / 100) {
            (0, _) => write!(f, "{millis} ms"),
            (seconds, 0) => write!(f, "{seconds} s"),
            (seconds, tenths) => write!(f, "{seconds}.{tenths} s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_invisible_characters_are_escaped() {
        assert_eq!(
            printable("a\u{1b}[2J\r\n\u{9b}2J\u{202e}b\u{2028}c"),
            "a\\u{1b}[2J\\r\\n\\u{9b}2J\\u{202e}b\\u{2028}c"
        );
        for text in ["", "plain \\n", "größe 😀 שלום"] {
            assert!(matches!(printable(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn long_texts_are_shortened_by_characters() {
        assert_eq!(shortened("ä".repeat(4_000)), "ä".repeat(4_000));
        let long = shortened("ä".repeat(200_000));
        assert_eq!(
            long,
            format!("{}… (196000 more characters)", "ä".repeat(4_000))
        );
    }
}
