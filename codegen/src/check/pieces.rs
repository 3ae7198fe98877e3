//! Text in pieces: what is sent as it is, and what stands for something else.

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// What is as it is. A brace that is written twice is one.
    Text(&'t str),
    /// What stands between the braces of a placeholder.
    Placeholder(&'t str),
    /// A brace that neither opens nor closes one, and all that follows it.
    Lone(&'t str),
}

/// The pieces of a text, in order. What follows a lone brace comes after it in pieces, too.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let from = rest;
        let (piece, after) = match from.find(['{', '}']) {
            _ if from.is_empty() => return None,
            None => (Piece::Text(from), 0),
            Some(0) if from.starts_with("{{") || from.starts_with("}}") => {
                (Piece::Text(from.get(..1)?), from.len() - 2)
            }
            Some(0) => match from.strip_prefix('{').and_then(|from| from.split_once('}')) {
                Some((inner, after)) => (Piece::Placeholder(inner), after.len()),
                None => (Piece::Lone(from), from.len() - 1),
            },
            Some(at) => (Piece::Text(from.get(..at)?), from.len() - at),
        };
        rest = from.get(from.len() - after..)?;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::{Piece::*, pieces};

    #[test]
    fn braces_written_twice_are_text_and_others_placeholders() {
        let found: Vec<_> = pieces("a {{b}} {c}{d}}}é").collect();
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
        let found: Vec<_> = pieces("a}b{c}{d").collect();
        let expected = [
            Text("a"),
            Lone("}b{c}{d"),
            Text("b"),
            Placeholder("c"),
            Lone("{d"),
            Text("d"),
        ];
        assert_eq!(found, expected);
        assert_eq!(pieces("").count(), 0);
    }
}
