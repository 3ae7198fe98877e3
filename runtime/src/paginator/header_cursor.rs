//! Pages by a cursor in a header.

use super::{End, Next, PageFacts, Paginate, Position, cursor, stated};
use crate::{
    Scalar,
    decode::Probe,
    error::Result,
    plan::{Ends, SentCursor},
    request::Draft,
    schema::Path,
    shared::Text,
};

pub(super) struct ByHeaderCursor {
    pub(super) cursor_key: Text,
    pub(super) cursor: SentCursor,
    pub(super) ends: Ends,
}

impl Paginate for ByHeaderCursor {
    fn first(&self) -> Position {
        cursor::first(&self.cursor)
    }

    fn probes(&self) -> Vec<Path> {
        Vec::new()
    }

    fn value(&self, position: &Position) -> Option<Scalar> {
        cursor::value(position, &self.cursor)
    }

    fn apply(&self, position: &Position, draft: &mut Draft) -> Result<()> {
        cursor::send(position, &self.cursor, draft)
    }

    fn next(&self, _: &Position, page: &PageFacts<'_>) -> Result<Next> {
        if let Some(end) = stated::end(&self.ends, page, None) {
            return Ok(Next::End(end));
        }
        let cursor = page.headers.get(&self.cursor_key).map(str::trim);
        if let Some(cursor) = cursor
            && let Some(end) = stated::last_cursor(&self.ends, &Probe::Text(cursor.to_owned()))
        {
            return Ok(Next::End(end));
        }
        Ok(match cursor {
            Some(cursor) if !cursor.is_empty() => {
                Next::Page(Position::Cursor(cursor.to_owned()), None)
            }
            _ => Next::End(End::no_next(format!("no header `{}`", self.cursor_key))),
        })
    }

    fn records_before(&self, position: &Position) -> Option<u64> {
        (*position == self.first()).then_some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        paginator::test_support::{ended, page},
        shared::Ref::Static,
    };

    #[test]
    fn the_header_is_the_cursor_until_it_is_absent_or_empty() {
        let p = ByHeaderCursor {
            cursor_key: Static("X-Next"),
            cursor: SentCursor::param(Static("cursor")),
            ends: Ends::DEFAULT,
        };
        let next = |facts: crate::paginator::test_support::Facts| {
            p.next(&Position::First, &facts.as_page())
        };
        assert_eq!(
            next(page(1).header("x-next", " a ")).unwrap(),
            Next::Page(Position::Cursor("a".into()), None)
        );
        assert_eq!(
            ended(next(page(1).header("x-next", ""))),
            "no header `X-Next`"
        );
        assert_eq!(ended(next(page(1))), "no header `X-Next`");
    }
}
