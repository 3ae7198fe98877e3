//! Invisible characters, and characters that look like others.

use std::fmt::Write as _;

/// The name of a character that is not seen, or looks like another, and what it was meant for.
fn known(c: char) -> Option<(&'static str, &'static str)> {
    Some(match c {
        '\u{a0}' => ("a no-break space", " "),
        '\u{202f}' | '\u{2007}' => ("a narrow no-break space", " "),
        '\u{3000}' => ("an ideographic space", " "),
        '\u{ad}' => ("a soft hyphen", ""),
        '\u{200b}' => ("a zero-width space", ""),
        '\u{200c}' | '\u{200d}' => ("a zero-width joiner", ""),
        '\u{2060}' | '\u{feff}' => ("a zero-width no-break space", ""),
        '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            ("a mark that turns the direction of text", "")
        }
        '\u{ff1a}' => ("a full-width colon", ":"),
        '\u{ff0c}' => ("a full-width comma", ","),
        '\u{2018}' | '\u{2019}' | '\u{201a}' => ("a typographic quote", "'"),
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}' => ("a typographic quote", "\""),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => ("a typographic dash", "-"),
        c if c.is_control() && !c.is_whitespace() => ("a control character", ""),
        _ => return None,
    })
}

/// The Latin letter that a Cyrillic or Greek one looks like.
fn latin(c: char) -> Option<char> {
    const ALIKE: [(&str, &str); 2] = [
        ("аеорсухіјѕԁһАВЕКМНОРСТХІЈЅ", "aeopcyxijsdhABEKMHOPCTXIJS"),
        ("οαρνικυΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "oapvikuABEZHIKMNOPTYX"),
    ];
    ALIKE.iter().find_map(|(from, to)| {
        let at = from.chars().position(|one| one == c)?;
        to.chars().nth(at)
    })
}

/// The text with what was meant in place of what is not seen, if there is any.
pub(crate) fn cleaned(text: &str) -> Option<String> {
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars() {
        match (known(c), latin(c)) {
            (Some((_, meant)), _) => cleaned.push_str(meant),
            (None, Some(latin)) => cleaned.push(latin),
            (None, None) => cleaned.push(c),
        }
    }
    (cleaned != text).then(|| cleaned.trim().to_owned())
}

/// Names the first character of a text that is not seen, or that looks like a letter of another script
/// than the rest: "a no-break space (U+00A0)".
pub(crate) fn named(text: &str) -> Option<String> {
    let is_latin = text.contains(|c: char| c.is_ascii_alphabetic());
    text.chars().find_map(|c| {
        let code = u32::from(c);
        if let Some((name, _)) = known(c) {
            return Some(format!("{name} (U+{code:04X})"));
        }
        let latin = latin(c).filter(|_| is_latin)?;
        let script = if code < 0x400 { "Greek" } else { "Cyrillic" };
        Some(format!(
            "a {script} letter that looks like `{latin}` (U+{code:04X})"
        ))
    })
}

/// The text with what is not seen, and what moves a terminal's cursor, written as `\u{…}`. Ends of lines
/// stay where a text may have several.
pub(crate) fn escaped(text: &str, has_lines: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        let is_hidden = c.is_control() && !(has_lines && c == '\n')
            || matches!(c, '\u{2028}' | '\u{2029}')
            || known(c).is_some_and(|(_, meant)| meant.is_empty() || meant == " ");
        if is_hidden {
            let _ = write!(escaped, "{}", c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{cleaned, escaped, named};

    #[test]
    fn an_unseen_character_is_named_and_replaced() {
        for (text, name, clean) in [
            ("base_url\u{a0}", "a no-break space (U+00A0)", "base_url"),
            ("na\u{200b}me", "a zero-width space (U+200B)", "name"),
            (
                "n\u{430}me",
                "a Cyrillic letter that looks like `a` (U+0430)",
                "name",
            ),
            ("url\u{ff1a}x", "a full-width colon (U+FF1A)", "url:x"),
        ] {
            assert_eq!(named(text).as_deref(), Some(name), "{text:?}");
            assert_eq!(cleaned(text).as_deref(), Some(clean), "{text:?}");
        }
        for plain in ["größe", "имя", "名前", "name"] {
            assert_eq!(named(plain), None, "{plain}");
        }
    }

    #[test]
    fn what_moves_a_cursor_is_escaped() {
        assert_eq!(
            escaped("a\rb\u{202e}c\u{85}d\ne", true),
            "a\\rb\\u{202e}c\\u{85}d\ne"
        );
        assert_eq!(escaped("a\nb", false), "a\\nb");
    }
}
