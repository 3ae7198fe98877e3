//! One page.

use super::{End, Next, PageFacts, Paginate, Position, foreign};
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

    fn next(&self, _: &Position, _: &PageFacts<'_>) -> Result<Next> {
        Ok(Next::End(End::complete("one page")))
    }
}
