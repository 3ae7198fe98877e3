//! Text for a terminal.

/// A text whose control characters, which a terminal would obey, are escaped, but for those in `kept`.
pub(crate) fn printable(text: &str, kept: &[char]) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() && !kept.contains(&character) {
            printable.extend(character.escape_default());
        } else {
            printable.push(character);
        }
    }
    printable
}
