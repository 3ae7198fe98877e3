//! Pages by a cursor in the body.

use serde_json::Value;

use super::{End, Next, PageFacts, Paginate, Position, ends, foreign, paging, write};
use crate::{
    decode::Probe,
    error::Result,
    plan::{Cursor, Slot},
    request::Draft,
    schema::Path,
    tree::Tree,
};

pub(super) struct ByCursor(pub(super) Cursor);

impl Paginate for ByCursor {
    fn probes(&self) -> Vec<Path> {
        let mut probes = vec![self.0.cursor_path];
        probes.extend(self.0.has_more_path);
        probes
    }

    fn apply(&self, position: &Position, draft: &mut Draft) -> Result<()> {
        send(position, self.0.cursor, draft)
    }

    fn next(&self, _: &Position, page: &PageFacts<'_>) -> Result<Next> {
        if page.no_content || (page.received == 0 && self.0.stop_after_empty_page) {
            return Ok(Next::End(End::complete("an empty page")));
        }
        let flag = self.0.has_more_path;
        let more = flag.map(|path| ends::has_more(page.probes.get(1), &path));
        if let Some(Ok(false)) = more {
            return Ok(Next::End(End::complete(
                "the response says there is no more",
            )));
        }
        let path = self.0.cursor_path;
        let probe = page.probes.first().unwrap_or(&Probe::Missing);
        match probe {
            Probe::Text(cursor) | Probe::Number(cursor) if !cursor.is_empty() => {
                more.transpose()?;
                Ok(Next::Page(position(probe, cursor), None))
            }
            // Without a cursor it is over, whether or not the flag is there to say so.
            Probe::Missing | Probe::Null | Probe::Text(_) | Probe::Bool(false) => {
                Ok(Next::End(End::complete(format!("no cursor at `{path}`"))))
            }
            other => Err(paging(format!(
                "the cursor at `{path}` is {}, where text or a number is wanted",
                ends::shown(other)
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
pub(super) fn send(position: &Position, slot: Slot, draft: &mut Draft) -> Result<()> {
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
    };

    fn by_cursor(stop_after_empty_page: bool, more: bool) -> ByCursor {
        ByCursor(Cursor {
            cursor_path: Path(&[Step::Key("next")]),
            cursor: Slot::Query("cursor"),
            has_more_path: more.then_some(Path(&[Step::Key("more")])),
            stop_after_empty_page,
        })
    }

    fn next(paginator: &ByCursor, facts: &Facts) -> Result<Next> {
        paginator.next(&Position::First, &facts.as_page())
    }

    fn to(cursor: &str) -> Next {
        Next::Page(Position::Cursor(cursor.to_owned()), None)
    }

    #[test]
    fn a_cursor_is_text_or_a_number() {
        let p = by_cursor(false, false);
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
        let p = by_cursor(false, false);
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
        assert_eq!(next(&by_cursor(false, false), &facts).unwrap(), seven);
        assert_eq!(
            ended(next(&by_cursor(true, false), &facts)),
            "an empty page"
        );
    }

    #[test]
    fn whichever_says_stop_first_stops() {
        let p = by_cursor(false, true);
        let no_more = page(1).probes([number("7"), Probe::Bool(false)]);
        assert!(ended(next(&p, &no_more)).contains("no more"));
        let odd_cursor = page(1).probes([Probe::Other, Probe::Bool(false)]);
        assert!(ended(next(&p, &odd_cursor)).contains("no more"));
        let no_cursor = page(1).probes([Probe::Null, Probe::Bool(true)]);
        assert!(ended(next(&p, &no_cursor)).contains("no cursor"));
        let neither = page(1).probes([Probe::Missing, Probe::Missing]);
        assert!(ended(next(&p, &neither)).contains("no cursor"));
        let no_flag = page(1).probes([number("7"), Probe::Missing]);
        assert!(error(next(&p, &no_flag)).contains("`$.more` is missing"));
    }
}
