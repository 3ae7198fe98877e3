//! Pages by a URL in a header.

use super::{End, Next, PageFacts, Paginate, Position, foreign, link_header};
use crate::{error::Result, request::Draft, schema::Path};

pub(super) struct ByHeaderLink {
    pub(super) header: &'static str,
    pub(super) rel: &'static str,
}

impl Paginate for ByHeaderLink {
    fn probes(&self) -> Vec<Path> {
        Vec::new()
    }

    fn apply(&self, position: &Position, draft: &mut Draft) -> Result<()> {
        go(position, "header-link", draft)
    }

    fn next(&self, _: &Position, page: &PageFacts<'_>) -> Result<Next> {
        let link = if self.header.eq_ignore_ascii_case("link") {
            page.headers
                .all(self.header)
                .find_map(|value| link_header::target(value, self.rel))
        } else {
            let value = page.headers.get(self.header).map(str::trim);
            value.filter(|v| !v.is_empty()).map(str::to_owned)
        };
        match link {
            Some(link) => Ok(Next::Page(page.resolve(&link)?, None)),
            None => Ok(Next::End(End::complete(format!(
                "no `{}` in header `{}`",
                self.rel, self.header
            )))),
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
    use crate::paginator::test_support::{Facts, ended, page};

    fn next(header: &'static str, facts: &Facts) -> Result<Next> {
        ByHeaderLink {
            header,
            rel: "next",
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
            next("Link", &facts).unwrap(),
            to("https://api.example.com/v1/things?x=2")
        );
        assert!(ended(next("Link", &page(1))).contains("no `next`"));
    }

    #[test]
    fn any_other_header_is_the_url_itself() {
        let facts = page(1).header("X-Next-Page", "?x=2#top");
        assert_eq!(
            next("X-Next-Page", &facts).unwrap(),
            to("https://api.example.com/v1/things?x=2")
        );
        ended(next("X-Next-Page", &page(1).header("X-Next-Page", " ")));
    }
}
