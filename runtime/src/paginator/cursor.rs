//! Pages by a cursor in the body.

use serde_json::Value;

use super::{End, Next, PageFacts, Paginate, Position, foreign, paging, stated, write};
use crate::{
    decode::Probe,
    error::Result,
    plan::{Cursor, Ends, Slot},
    request::Draft,
    schema::Path,
    tree::Tree,
};

pub(super) struct ByCursor {
    pub(super) plan: Cursor,
    pub(super) ends: Ends,
}

impl Paginate for ByCursor {
    fn probes(&self) -> Vec<Path> {
        vec![self.plan.cursor_path.clone()]
    }

    fn apply(&self, position: &Position, draft: &mut Draft) -> Result<()> {
        send(position, &self.plan.cursor, draft)
    }

    fn next(&self, _: &Position, page: &PageFacts<'_>) -> Result<Next> {
        if let Some(end) = stated::end(&self.ends, page, None) {
            return Ok(Next::End(end));
        }
        if page.no_content {
            return Ok(Next::End(End::complete("a response without content")));
        }
        let path = &self.plan.cursor_path;
        let probe = page.probes.first().unwrap_or(&Probe::Missing);
        match probe {
            Probe::Text(cursor) | Probe::Number(cursor) if !cursor.is_empty() => {
                Ok(Next::Page(position(probe, cursor), None))
            }
            Probe::Missing | Probe::Null | Probe::Text(_) | Probe::Bool(false) => {
                Ok(Next::End(End::no_next(format!("no cursor at `{path}`"))))
            }
            other => Err(paging(format!(
                "the cursor at `{path}` is {}, expected text or a number",
                stated::shown(other)
            ))
            .with_help("name the cursor's place in `cursor_path`")),
        }
    }
}

/// Where a cursor leads. A number stays one.
fn position(probe: &Probe, cursor: &str) -> Position {
    match (probe, cursor.parse()) {
        (Probe::Number(_), Ok(number)) => Position::CursorNumber(number),
        (Probe::Number(_), Err(_)) => Position::CursorDigits(cursor.to_owned()),
        _ => Position::Cursor(cursor.to_owned()),
    }
}

/// Sends a cursor where its slot is.
pub(super) fn send(position: &Position, slot: &Slot, draft: &mut Draft) -> Result<()> {
    match position {
        Position::First => Ok(()),
        Position::Cursor(cursor) => {
            write(draft, slot, &Value::from(cursor.as_str()));
            Ok(())
        }
        Position::CursorNumber(cursor) => {
            write(draft, slot, &Value::from(*cursor));
            Ok(())
        }
        Position::CursorDigits(digits) => {
            match slot {
                Slot::Query(name) => draft.set_query(name, digits),
                Slot::Body(path) => draft.set_body_to(path, Tree::read(digits)),
            }
            Ok(())
        }
        other => Err(foreign(other, "cursor")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        paginator::test_support::{Facts, ended, error, number, page},
        schema::Step,
        shared::{Ref::Static, list},
    };

    fn by_cursor(stop_after_empty_page: bool) -> ByCursor {
        ByCursor {
            plan: Cursor {
                cursor_path: Path(list![Step::Key(Static("next"))]),
                cursor: Slot::Query(Static("cursor")),
            },
            ends: Ends {
                stop_after_empty_page,
                ..Ends::DEFAULT
            },
        }
    }

    fn next(paginator: &ByCursor, facts: &Facts) -> Result<Next> {
        paginator.next(&Position::First, &facts.as_page())
    }

    fn to(cursor: &str) -> Next {
        Next::Page(Position::Cursor(cursor.to_owned()), None)
    }

    #[test]
    fn a_cursor_is_text_or_a_number() {
        let p = by_cursor(false);
        let text = page(1).probes([Probe::Text("a".into())]);
        assert_eq!(next(&p, &text).unwrap(), to("a"));
        for (digits, wanted) in [
            ("7", Position::CursorNumber(7)),
            ("7.0", Position::CursorDigits("7.0".into())),
            (
                "99999999999999999999",
                Position::CursorDigits("9".repeat(20)),
            ),
        ] {
            let found = next(&p, &page(1).probes([number(digits)])).unwrap();
            assert_eq!(found, Next::Page(wanted, None), "{digits}");
        }
        assert!(error(next(&p, &page(1).probes([Probe::Other]))).contains("a list"));
    }

    #[test]
    fn no_cursor_ends() {
        let p = by_cursor(false);
        for probe in [
            Probe::Missing,
            Probe::Null,
            Probe::Text(String::new()),
            Probe::Bool(false),
        ] {
            assert_eq!(
                ended(next(&p, &page(1).probes([probe]))),
                "no cursor at `$.next`"
            );
        }
    }

    #[test]
    fn an_empty_page_with_a_cursor_ends_only_where_the_spec_says_so() {
        let facts = page(0).probes([number("7")]);
        let seven = Next::Page(Position::CursorNumber(7), None);
        assert_eq!(next(&by_cursor(false), &facts).unwrap(), seven);
        assert_eq!(ended(next(&by_cursor(true), &facts)), "an empty page");
    }

    #[test]
    fn a_false_flag_ends_before_the_cursor_is_read() {
        let p = by_cursor(false);
        let no_more = |probe| page(1).probes([probe]).more(false);
        assert!(ended(next(&p, &no_more(number("7")))).contains("no more"));
        assert!(ended(next(&p, &no_more(Probe::Other))).contains("no more"));
    }

    #[test]
    fn a_true_flag_goes_on_past_an_empty_page() {
        let facts = page(0).probes([number("7")]).more(true);
        let seven = Next::Page(Position::CursorNumber(7), None);
        assert_eq!(next(&by_cursor(true), &facts).unwrap(), seven);
    }
}
