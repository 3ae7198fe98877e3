//! One page.

use super::{
    End, Next, PageFacts, Paginate, Position, foreign,
    link_header::{self, Found},
};
use crate::{error::Result, request::Draft, schema::Path};

pub(super) struct SinglePage;

impl Paginate for SinglePage {
    fn probes(&self) -> Vec<Path> {
        Vec::new()
    }

    fn apply(&self, position: &Position, _: &mut Draft) -> Result<()> {
        match position {
            Position::First => Ok(()),
            other => Err(foreign(other, "single-page")),
        }
    }

    fn next(&self, _: &Position, page: &PageFacts<'_>) -> Result<Next> {
        let reason = if names_a_next(page) {
            "one page, whose header `Link` names a next one: `paginator: header_link` follows it"
        } else {
            "one page"
        };
        Ok(Next::End(End::complete(reason)))
    }
}

/// Whether a header of the page says that there is more. The spec knows of one page, and may be right.
fn names_a_next(page: &PageFacts<'_>) -> bool {
    let Ok(from) = page.parsed_url() else {
        return false;
    };
    let mut links = page.headers.all("Link");
    links.any(|link| matches!(link_header::find(link, "next", &from), Found::Target(_)))
}
