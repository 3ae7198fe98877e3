//! Text of a server on its way to a person's screen.

use std::borrow::Cow;

/// The text on one line, with the characters escaped that a terminal obeys or that hide what is there:
/// control characters, line breaks, marks of direction, and characters without a width.
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

fn is_escaped(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_escaped() {
        assert_eq!(
            printable("a\u{1b}[2J\r\n\u{9b}2J\u{202e}b\u{2028}c"),
            "a\\u{1b}[2J\\r\\n\\u{9b}2J\\u{202e}b\\u{2028}c"
        );
        for text in ["", "plain \\n", "größe 😀 שלום"] {
            assert!(matches!(printable(text), Cow::Borrowed(same) if same == text));
        }
    }
}
