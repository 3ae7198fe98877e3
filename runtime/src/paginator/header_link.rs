//! Pages by a URL in a header.

use super::{
    End, Next, PageFacts, Paginate, Position, foreign,
    link_header::{self, Found},
    paging, stated,
};
use crate::{error::Result, plan::Ends, request::Draft, schema::Path, shared::Text};

pub(super) struct ByHeaderLink {
    pub(super) header: Text,
    pub(super) rel: Text,
    pub(super) ends: Ends,
    pub(super) rebases: bool,
}

impl Paginate for ByHeaderLink {
    fn probes(&self) -> Vec<Path> {
        Vec::new()
    }

    fn apply(&self, position: &Position, draft: &mut Draft) -> Result<()> {
        go(position, "header-link", draft)
    }

    fn next(&self, _: &Position, page: &PageFacts<'_>) -> Result<Next> {
        if let Some(end) = stated::end(&self.ends, page, None) {
            return Ok(Next::End(end));
        }
        let link = if self.header.eq_ignore_ascii_case("link") {
            self.link(page)?
        } else {
            let value = page.headers.get(&self.header).map(str::trim);
            value.filter(|v| !v.is_empty()).map(str::to_owned)
        };
        match link {
            Some(link) if self.rebases => Ok(Next::Page(page.rebase(&link)?, None)),
            Some(link) => Ok(Next::Page(page.resolve(&link)?, None)),
            None => Ok(Next::End(End::no_next(format!(
                "no `{}` in header `{}`",
                self.rel, self.header
            )))),
        }
    }
}

impl ByHeaderLink {
    /// The link of the relation, in any of the `Link` headers.
    fn link(&self, page: &PageFacts<'_>) -> Result<Option<String>> {
        let mut malformed = None;
        let from = page.parsed_url()?;
        for value in page.headers.all(&self.header) {
            match link_header::find(value, &self.rel, &from) {
                Found::Target(target) => return Ok(Some(target)),
                Found::Nothing => {}
                Found::Malformed(part) => malformed = Some(part),
            }
        }
        match malformed {
            None => Ok(None),
            Some(part) => Err(paging(format!(
                "the header `{}` holds `{part}`, which is not a link of RFC 8288, and no `{}`",
                self.header, self.rel
            ))
            .with_help(format!("expected `<https://…>; rel=\"{}\"`", self.rel))),
        }
    }
}

/// Goes to the URL of a position.
pub(super) fn go(position: &Position, kind: &str, draft: &mut Draft) -> Result<()> {
    match position {
        Position::First => Ok(()),
        Position::Url(url) => draft.set_url(url),
        other => Err(foreign(other, kind)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        paginator::test_support::{Facts, ended, page},
        shared::Ref::Static,
    };

    fn next(header: Text, facts: &Facts) -> Result<Next> {
        ByHeaderLink {
            header,
            rel: Static("next"),
            ends: Ends::DEFAULT,
            rebases: false,
        }
        .next(&Position::First, &facts.as_page())
    }

    fn to(url: &str) -> Next {
        Next::Page(Position::Url(url.to_owned()), None)
    }

    #[test]
    fn the_relation_is_looked_for_in_every_header_of_the_name() {
        let facts = page(1)
            .header("link", "</v1/things?x=0>; rel=prev")
            .header("Link", "</v1/things?x=2>; rel=\"next\"");
        assert_eq!(
            next(Static("Link"), &facts).unwrap(),
            to("https://api.example.com/v1/things?x=2")
        );
        assert!(ended(next(Static("Link"), &page(1))).contains("no `next`"));
    }

    #[test]
    fn a_malformed_header_is_an_error_unless_the_relation_is_in_another() {
        let facts = page(1).header("Link", "https://api.example.com/?x=2; rel=next");
        let error = next(Static("Link"), &facts).unwrap_err();
        assert!(error.to_string().contains("not a link"), "{error}");
        let facts = facts.header("Link", "<?x=3>; rel=next");
        assert_eq!(
            next(Static("Link"), &facts).unwrap(),
            to("https://api.example.com/v1/things?x=3")
        );
    }

    #[test]
    fn any_other_header_is_the_url_itself() {
        let facts = page(1).header("X-Next-Page", "?x=2#top");
        assert_eq!(
            next(Static("X-Next-Page"), &facts).unwrap(),
            to("https://api.example.com/v1/things?x=2")
        );
        ended(next(
            Static("X-Next-Page"),
            &page(1).header("X-Next-Page", " "),
        ));
    }
}
