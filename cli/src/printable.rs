//! Text for a terminal.

/// Whether a character is shown as an escape: a control character or a mark of direction, which a terminal would obey, or a
/// character without a width, which would hide. The runtime escapes the same ones in messages.
pub(crate) fn is_escaped(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A text whose control characters, marks of direction and characters without a width are escaped, but for those in
/// `kept`.
pub(crate) fn printable(text: &str, kept: &[char]) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        if is_escaped(character) && !kept.contains(&character) {
            printable.extend(character.escape_default());
        } else {
            printable.push(character);
        }
    }
    printable
}
