//! Text in pieces: what is sent as it is, and what stands for something else.

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    /// What is as it is. A brace that is written twice is one.
    Text(&'t str),
    /// What stands between the braces of a placeholder.
    Placeholder(&'t str),
    /// A brace that neither opens nor closes one, and all that follows it.
    Lone(&'t str),
}

/// The pieces of a text, in order. What follows a lone brace comes after it in pieces, too.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, after) = match rest.find(['{', '}']) {
            None => (Piece::Text(rest), ""),
            Some(0) if rest.starts_with("{{") || rest.starts_with("}}") => {
                (Piece::Text(&rest[..1]), &rest[2..])
            }
            Some(0) => match rest.strip_prefix('{').and_then(closed) {
                Some((inner, after)) => (Piece::Placeholder(inner), after),
                None => (Piece::Lone(rest), &rest[1..]),
            },
            Some(at) => (Piece::Text(&rest[..at]), &rest[at..]),
        };
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// What stands before the brace that closes a placeholder, and what follows it. A brace in the quotes of an
/// argument closes nothing.
fn closed(rest: &str) -> Option<(&str, &str)> {
    let first = rest.split_once('}')?;
    if !first.0.contains('|') {
        return Some(first);
    }
    let (mut quote, mut has_calls) = (None, false);
    for (at, c) in rest.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '|' => has_calls = true,
            None if has_calls && matches!(c, '"' | '\'') => quote = Some(c),
            None if c == '}' => return Some((&rest[..at], &rest[at + 1..])),
            _ => {}
        }
    }
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::{Piece::*, pieces};

    #[test]
    fn braces_written_twice_are_text_and_others_placeholders() {
        let found = pieces("a {{b}} {c}{d}}}é");
        let expected = [
            Text("a "),
            Text("{"),
            Text("b"),
            Text("}"),
            Text(" "),
            Placeholder("c"),
            Placeholder("d"),
            Text("}"),
            Text("é"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_lone_brace_has_all_that_follows() {
        let found = pieces("a}b{c}{d");
        let expected = [
            Text("a"),
            Lone("}b{c}{d"),
            Text("b"),
            Placeholder("c"),
            Lone("{d"),
            Text("d"),
        ];
        assert_eq!(found, expected);
        assert!(pieces("").is_empty());
    }

    #[test]
    fn a_brace_in_an_argument_closes_nothing() {
        let found = pieces(r#"{a | join("}{")}b{c | x('"')}{d | y("}"#);
        let expected = [
            Placeholder(r#"a | join("}{")"#),
            Text("b"),
            Placeholder(r#"c | x('"')"#),
            Placeholder(r#"d | y(""#),
        ];
        assert_eq!(found, expected);
    }
}
