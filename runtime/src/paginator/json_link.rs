//! Pages by a URL in the body.

use super::{
    End, Find, Next, PageFacts, Paginate, Position, cursor, header_link::go, paging, stated,
};
use crate::{
    decode::Probe,
    error::Result,
    plan::{Ends, Selector, Take},
    request::Draft,
    schema::Path,
};

pub(super) struct ByJsonLink {
    pub(super) next_url_path: Selector,
    pub(super) ends: Ends,
    pub(super) rebases: bool,
}

impl Paginate for ByJsonLink {
    fn probes(&self) -> Vec<Path> {
        cursor::probes(&self.next_url_path)
    }

    fn finds(&self) -> Vec<Find> {
        cursor::finds(&self.next_url_path, Take::First)
    }

    fn apply(&self, position: &Position, draft: &mut Draft) -> Result<()> {
        go(position, "JSON-link", draft)
    }

    fn next(&self, _: &Position, page: &PageFacts<'_>) -> Result<Next> {
        if let Some(end) = stated::end(&self.ends, page, None) {
            return Ok(Next::End(end));
        }
        let path = cursor::shown(&self.next_url_path);
        match page.probes.first().unwrap_or(&Probe::Missing) {
            Probe::Text(link) if !link.trim().is_empty() => {
                let next = if self.rebases {
                    page.rebase(link)?
                } else {
                    page.resolve(link)?
                };
                Ok(Next::Page(next, None))
            }
            // Some APIs write false where others write null.
            Probe::Missing | Probe::Null | Probe::Text(_) | Probe::Bool(false) => {
                Ok(Next::End(End::no_next(format!("no next link at `{path}`"))))
            }
            other => Err(paging(format!(
                "the next link at `{path}` is {}, expected a URL",
                stated::shown(other)
            ))
            .with_help("name the link's place in `next_url_path`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        paginator::test_support::{ended, error, page},
        schema::Step,
        shared::{Ref::Static, list},
    };

    fn next(probe: Probe) -> Result<Next> {
        let paginator = ByJsonLink {
            next_url_path: Selector::Path(Path(list![Step::Key(Static("next"))])),
            ends: Ends::DEFAULT,
            rebases: false,
        };
        paginator.next(&Position::First, &page(1).probes([probe]).as_page())
    }

    #[test]
    fn a_link_is_resolved_against_the_request() {
        for (link, wanted) in [
            (
                "https://api.example.com/v2/a",
                "https://api.example.com/v2/a",
            ),
            ("/v2/a", "https://api.example.com/v2/a"),
            ("a?y=2", "https://api.example.com/v1/a?y=2"),
            ("?y=2", "https://api.example.com/v1/things?y=2"),
            ("//other.example.com/a", "https://other.example.com/a"),
        ] {
            assert_eq!(
                next(Probe::Text(link.into())).unwrap(),
                Next::Page(Position::Url(wanted.into()), None),
                "{link}"
            );
        }
    }

    #[test]
    fn no_link_ends_and_what_is_no_link_is_an_error() {
        for probe in [Probe::Missing, Probe::Null, Probe::Text(String::new())] {
            assert_eq!(ended(next(probe)), "no next link at `$.next`");
        }
        assert!(error(next(Probe::Number("2".into()))).contains("is 2"));
        let wrong = next(Probe::Text("https://[".into())).unwrap_err();
        assert!(wrong.to_string().contains("no URL"), "{wrong}");
    }
}
