//! The `Link` header of RFC 8288, read as leniently as servers write it.

/// What a header says of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Where the first link of the relation leads.
    Target(String),
    /// There is no such link.
    Nothing,
    /// There is none, and this part of the header is not a link: it may have been meant as one.
    Malformed(String),
}

/// Looks for the first link of this relation: `<https://…>; rel="next"`.
///
/// Commas and semicolons within `<…>` and within quotes belong to them; parameter names and relations
/// compare without regard to case; `rel` may hold several relations, and only the first `rel` of a
/// link counts. A link with an `anchor` is skipped: it says what follows upon something other than this
/// response.
pub(super) fn find(header: &str, relation: &str) -> Found {
    let links = || {
        split(header, ',')
            .map(str::trim)
            .filter(|link| !link.is_empty())
    };
    let mut targets = links().filter_map(link).filter(|link| link.has(relation));
    match targets.next().map(|link| link.target.trim()) {
        Some("") => Found::Nothing,
        Some(target) => Found::Target(target.to_owned()),
        None => match links().find(|part| link(part).is_none()) {
            Some(part) => Found::Malformed(part.to_owned()),
            None => Found::Nothing,
        },
    }
}

struct Link<'a> {
    target: &'a str,
    parameters: &'a str,
}

impl<'a> Link<'a> {
    fn has(&self, relation: &str) -> bool {
        let relations = self.parameter("rel").unwrap_or_default();
        let mut relations = unquoted(relations).split_ascii_whitespace();
        self.parameter("anchor").is_none()
            && relations.any(|one| one.eq_ignore_ascii_case(relation))
    }

    fn parameter(&self, name: &str) -> Option<&'a str> {
        let mut parameters = split(self.parameters, ';').filter_map(|one| one.split_once('='));
        let parameter = parameters.find(|(one, _)| one.trim().eq_ignore_ascii_case(name));
        parameter.map(|(_, value)| value.trim())
    }
}

fn link(part: &str) -> Option<Link<'_>> {
    let (target, parameters) = part.strip_prefix('<')?.split_once('>')?;
    Some(Link { target, parameters })
}

/// Splits at a separator that stands neither within `<…>` nor within quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = end_of_first(text, separator);
        rest = end.and_then(|end| text.get(end + separator.len_utf8()..));
        Some(end.and_then(|end| text.get(..end)).unwrap_or(text))
    })
}

fn end_of_first(text: &str, separator: char) -> Option<usize> {
    let (mut in_target, mut in_quotes, mut escaped) = (false, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_quotes => escaped = true,
            '"' if !in_target => in_quotes = !in_quotes,
            '<' if !in_quotes => in_target = true,
            '>' if !in_quotes => in_target = false,
            c if c == separator && !in_target && !in_quotes => return Some(at),
            _ => {}
        }
    }
    None
}

/// The text within quotes; relations hold nothing that needs a backslash. Single ones are no quotes to
/// the standard, but to some servers.
fn unquoted(value: &str) -> &str {
    value.trim_matches(['"', '\''])
}

#[cfg(test)]
mod tests {
    use super::{Found, find};
    use proptest::prelude::*;

    #[test]
    fn the_forms_of_rfc_8288_are_read() {
        for header in [
            r#"<https://a.example/?p=2>; rel="next""#,
            "<https://a.example/?p=2>; rel=next",
            "<https://a.example/?p=2>;rel=next",
            "<https://a.example/?p=2>; rel='next'",
            "< https://a.example/?p=2 > ; REL = \"NEXT\"",
            r#"<https://a.example/?p=2>; rel="last next""#,
            r#"<https://a.example/?p=1>; rel="prev", <https://a.example/?p=2>; rel="next""#,
            r#"<https://a.example/?p=2>; title="a, b; c \" > <"; rel="next""#,
            r#", ,<https://a.example/?p=2>; rel="next","#,
            r#"broken, <https://a.example/?p=2>; rel="next""#,
            "<https://a.example/?p=2>; rel*=x; rel=\"next",
        ] {
            let wanted = Found::Target("https://a.example/?p=2".to_owned());
            assert_eq!(find(header, "next"), wanted, "{header}");
        }
    }

    #[test]
    fn commas_and_semicolons_belong_to_the_target() {
        assert_eq!(
            find("<https://a.example/?ids=1,2;3>; rel=next", "next"),
            Found::Target("https://a.example/?ids=1,2;3".to_owned())
        );
    }

    #[test]
    fn what_is_no_such_link_is_none() {
        for header in [
            "",
            "<https://a.example/>",
            "<https://a.example/>; rel=prev",
            "<https://a.example/>; rel=prev; rel=next",
            "<>; rel=next",
            "<https://a.example/>; anchor=next",
            r##"<https://a.example/?p=2>; rel="next"; anchor="#comments""##,
            "<https://a.example/>; rel=nextish",
        ] {
            assert_eq!(find(header, "next"), Found::Nothing, "{header}");
        }
    }

    #[test]
    fn what_is_not_a_link_is_malformed_unless_the_relation_is_found() {
        for (header, part) in [
            (
                "<https://a.example/; rel=next",
                "<https://a.example/; rel=next",
            ),
            (
                "https://a.example/; rel=next",
                "https://a.example/; rel=next",
            ),
            ("<https://a.example/>; rel=prev, next", "next"),
            ("{\"next\": 2}", "{\"next\": 2}"),
        ] {
            let wanted = Found::Malformed(part.to_owned());
            assert_eq!(find(header, "next"), wanted, "{header}");
        }
    }

    proptest! {
        #[test]
        fn no_header_is_too_strange(header in "[<>\";,= a-z\\\\é]{0,40}") {
            let _ = find(&header, "next");
        }
    }
}
