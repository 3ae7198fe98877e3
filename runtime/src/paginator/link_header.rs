//! The `Link` header of RFC 8288. A header that is not well-formed as a whole ends nothing: the part that
//! cannot be read may be the next link.

use url::Url;

/// What a header says of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Where the first link of the relation leads.
    Target(String),
    /// The header is well-formed, and has no such link.
    Nothing,
    /// There is none, and this part of the header is not a link: it may have been meant as one.
    Malformed(String),
}

/// Looks for the first link of this relation: `<https://…>; rel="next"`.
///
/// Commas and semicolons within `<…>` and within quotes belong to them; parameter names and relations
/// compare without regard to case; `rel` may hold several relations, and only the first `rel` of a
/// link counts. A link whose `anchor` (section 3.2) is not the page itself is skipped: it says what
/// follows upon something else.
pub(super) fn find(header: &str, relation: &str, page: &Url) -> Found {
    let mut malformed = None;
    let parts = split(header, ',').map(str::trim);
    for part in parts.filter(|part| !part.is_empty()) {
        match Link::read(part) {
            Some(link) if link.is(relation) && link.is_about(page) => {
                return match link.target.trim() {
                    "" => Found::Nothing,
                    target => Found::Target(target.to_owned()),
                };
            }
            Some(link) if link.has_one_rel() => {}
            _ => malformed = malformed.or(Some(part)),
        }
    }
    malformed.map_or(Found::Nothing, |part| Found::Malformed(part.to_owned()))
}

struct Link<'a> {
    target: &'a str,
    /// The value of each `rel`: a link should have one.
    rels: Vec<&'a str>,
    anchor: Option<&'a str>,
}

impl<'a> Link<'a> {
    /// Reads `<target>; name=value; …`.
    fn read(part: &'a str) -> Option<Self> {
        let (target, parameters) = part.strip_prefix('<')?.split_once('>')?;
        // A `<` is never valid in a URL: the `>` before it is missing.
        if target.contains('<') {
            return None;
        }
        let mut link = Self {
            target,
            rels: Vec::new(),
            anchor: None,
        };
        let mut parameters = split(parameters, ';').map(str::trim);
        if parameters.next() != Some("") {
            return None;
        }
        for parameter in parameters.filter(|parameter| !parameter.is_empty()) {
            let (name, value) = match parameter.split_once('=') {
                Some((name, value)) => (name.trim_end(), unquoted(value.trim_start())?),
                None => (parameter, ""),
            };
            if name.is_empty() || !name.chars().all(is_token) {
                return None;
            }
            if name.eq_ignore_ascii_case("rel") {
                // No relation needs a quoted pair.
                if value.contains('\\') {
                    return None;
                }
                link.rels.push(value);
            }
            if name.eq_ignore_ascii_case("anchor") {
                link.anchor = Some(value);
            }
        }
        Some(link)
    }

    fn is(&self, relation: &str) -> bool {
        let relations = self.rels.first().copied().unwrap_or_default();
        let mut relations = relations.split_ascii_whitespace();
        relations.any(|one| one.eq_ignore_ascii_case(relation))
    }

    /// Whether its context is the page. The query is not compared: a server may repeat it in another order,
    /// without what it does not know, or with the key that it was sent.
    fn is_about(&self, page: &Url) -> bool {
        let Some(anchor) = self.anchor.map(|anchor| page.join(anchor)) else {
            return true;
        };
        anchor.is_ok_and(|anchor| {
            anchor.origin() == page.origin()
                && anchor.path() == page.path()
                && anchor.fragment().is_none()
        })
    }

    fn has_one_rel(&self) -> bool {
        matches!(*self.rels, [rel] if !rel.trim().is_empty())
    }
}

/// A character of a name (RFC 9110).
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
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

/// The value of a parameter, without its quotes: relations hold nothing that needs a backslash. Single ones
/// are no quotes to the standard, but to some servers. Without quotes, a value may hold more than a token's
/// characters, as a URL does. `None` where a quote is not closed, or text follows it.
fn unquoted(value: &str) -> Option<&str> {
    if let Some(rest) = value.strip_prefix('"') {
        let text = rest.strip_suffix('"')?;
        let mut escaped = false;
        for c in text.chars() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => return None,
                _ => {}
            }
        }
        return (!escaped).then_some(text);
    }
    if value.len() > 1 && value.starts_with('\'') && value.ends_with('\'') {
        return Some(&value[1..value.len() - 1]);
    }
    let is_valid = |c: char| !c.is_whitespace() && !matches!(c, '"' | '<' | '>');
    (!value.is_empty() && value.chars().all(is_valid)).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::Found;
    use proptest::prelude::*;
    use url::Url;

    fn find(header: &str, relation: &str) -> Found {
        let page = Url::parse("https://a.example/things?p=1").unwrap();
        super::find(header, relation, &page)
    }

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
            "<https://a.example/?p=2>; rel*=x; crossorigin; rel=\"next\";",
            "<https://a.example/?p=2>; rel=next; rel=prev",
            "<https://a.example/?p=1>; rel=https://a.example/rels/x, <https://a.example/?p=2>; rel=next",
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
    fn an_anchor_that_is_the_page_is_as_none() {
        for anchor in [
            "",
            "?p=1",
            "/things?p=1",
            "https://a.example/things?p=1",
            "HTTPS://A.example:443/things?p=1&key=k",
            "/things",
        ] {
            let header = format!("<?p=2>; rel=next; anchor=\"{anchor}\"");
            assert_eq!(
                find(&header, "next"),
                Found::Target("?p=2".to_owned()),
                "{anchor}"
            );
        }
        for anchor in ["#comments", "/others", "https://b.example/things?p=1"] {
            let header = format!("<?p=2>; rel=next; anchor=\"{anchor}\"");
            assert_eq!(find(&header, "next"), Found::Nothing, "{anchor}");
        }
    }

    #[test]
    fn what_is_no_such_link_is_none() {
        for header in [
            "",
            " , ",
            "<https://a.example/>; rel=prev",
            "<>; rel=next",
            "<https://a.example/>; rel=x; anchor=next",
            r##"<https://a.example/?p=2>; rel="next"; anchor="#comments""##,
            "<https://a.example/>; rel=nextish",
            r#"<https://a.example/>; rel="prev"; title="rel=next, \" <b>; rel=next""#,
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

    #[test]
    fn a_header_that_is_not_well_formed_as_a_whole_is_malformed() {
        for header in [
            r#"</a>; rel="prev"; </b>; rel="next""#,
            r#"</a>; rel="prev" </b>; rel="next""#,
            r#"</a>; rel="prev"</b>; rel="next""#,
            r#"</a; rel="prev", </b>; rel="next""#,
            r#"/a>; rel="prev", /b>; rel="next""#,
            r#"</a>>; rel="next""#,
            r#"</a> rel="next""#,
            r#"</b>; rel="next"#,
            r#"</a>; rel="prev, </b>; rel="next""#,
            r#"</b>; rel=next""#,
            "</b>; rel=prev next",
            "</b>; rel=prev; rel=next",
            "</b>; rel=",
            r#"</b>; rel="""#,
            r#"</b>; rel="n\ext""#,
            "</b>; rel",
            "</b>",
            "</b>; title=next",
            "</b>; re l=next",
            "</b>; =next",
            "</b>: rel=next",
        ] {
            let found = find(header, "next");
            assert!(matches!(found, Found::Malformed(_)), "{header}: {found:?}");
        }
    }

    proptest! {
        #[test]
        fn no_change_of_a_character_ends_a_fetch(at in 0usize..62, c in "[<>\";,= a'\\\\]") {
            const HEADER: &str = r#"</a?p=1>; rel="prev", </a?p=2>; rel="next", </a?p=9>; rel="last""#;
            let mut header = HEADER.to_owned();
            header.replace_range(at..=at, &c);
            // Another word there is another relation.
            let word = HEADER.find("next").unwrap();
            if !(word..word + 4).contains(&at) {
                prop_assert_ne!(find(&header, "next"), Found::Nothing, "{}", header);
            }
        }

        #[test]
        fn no_header_is_too_strange(header in "[<>\";,= a-z\\\\é]{0,40}") {
            let _ = find(&header, "next");
        }
    }
}
