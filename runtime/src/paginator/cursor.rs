//! Pages by a cursor in the body.

use super::{End, Find, Next, PageFacts, Paginate, Position, foreign, paging, stated, write};
use crate::{
    Json, Scalar,
    decode::Probe,
    error::Result,
    plan::{Cursor, CursorForm, Ends, Selector, SentCursor, Slot, Take},
    request::Draft,
    schema::Path,
};

pub(super) struct ByCursor {
    pub(super) plan: Cursor,
    pub(super) ends: Ends,
    /// Whether the cursor is the id of a scroll: it stays, and only an empty page is the last.
    pub(super) is_scroll: bool,
}

impl ByCursor {
    /// What follows a page of a scroll whose response has no id.
    fn without_id(&self, position: &Position) -> Result<Next> {
        match position {
            Position::First => Err(paging(format!(
                "the first page of the scroll has no id at `{}`",
                shown(&self.plan.cursor_path)
            ))
            .with_help("name the id's place in `cursor_path`")),
            position => Ok(Next::Page(position.clone(), None)),
        }
    }
}

impl Paginate for ByCursor {
    fn first(&self) -> Position {
        first(&self.plan.cursor)
    }

    fn probes(&self) -> Vec<Path> {
        probes(&self.plan.cursor_path)
    }

    fn finds(&self) -> Vec<Find> {
        finds(&self.plan.cursor_path, self.plan.take)
    }

    fn value(&self, position: &Position) -> Option<Scalar> {
        value(position, &self.plan.cursor)
    }

    fn apply(&self, position: &Position, draft: &mut Draft) -> Result<()> {
        send(position, &self.plan.cursor, draft)
    }

    fn next(&self, position: &Position, page: &PageFacts<'_>) -> Result<Next> {
        if let Some(end) = stated::end(&self.ends, page, None) {
            return Ok(Next::End(end));
        }
        if page.no_content {
            return Ok(Next::End(End::complete("a response without content")));
        }
        let path = &self.plan.cursor_path;
        let probe = page.probes.first().unwrap_or(&Probe::Missing);
        if let Some(end) = stated::last_cursor(&self.ends, probe) {
            return Ok(Next::End(end));
        }
        match probe {
            Probe::Text(cursor) | Probe::Number(cursor) if !cursor.is_empty() => {
                Ok(Next::Page(leads_to(probe, cursor), None))
            }
            Probe::Json(cursor) if !cursor.is_empty() && takes_json(&self.plan.cursor) => {
                Ok(Next::Page(Position::CursorJson(cursor.clone()), None))
            }
            Probe::Missing | Probe::Null | Probe::Text(_) | Probe::Bool(false)
                if self.is_scroll && page.received > 0 =>
            {
                self.without_id(position)
            }
            Probe::Missing | Probe::Null | Probe::Text(_) | Probe::Bool(false) => Ok(Next::End(
                End::no_next(format!("no cursor at `{}`", shown(path))),
            )),
            other => Err(paging(format!(
                "the cursor at `{}` is {}, expected text or a number",
                shown(path),
                stated::shown(other)
            ))
            .with_help(match other {
                Probe::Json(_) => {
                    "name the cursor's place in `cursor_path`; `cursor_as: json`, if it is the list or the object"
                }
                _ => "name the cursor's place in `cursor_path`",
            })),
        }
    }

    fn records_before(&self, position: &Position) -> Option<u64> {
        (*position == self.first()).then_some(0)
    }
}

/// The place of a value, where a path leads to it.
pub(super) fn probes(place: &Selector) -> Vec<Path> {
    match place {
        Selector::Path(path) => vec![path.clone()],
        Selector::Query(_) => Vec::new(),
    }
}

/// The query for a value, where that is what finds it.
pub(super) fn finds(place: &Selector, take: Take) -> Vec<Find> {
    match place {
        Selector::Path(_) => Vec::new(),
        Selector::Query(query) => vec![Find {
            query: query.clone(),
            take,
        }],
    }
}

/// A place in a message.
pub(super) fn shown(place: &Selector) -> String {
    match place {
        Selector::Path(path) => path.to_string(),
        Selector::Query(query) => query.to_string(),
    }
}

/// Whether a list or an object can be sent as the cursor.
fn takes_json(cursor: &SentCursor) -> bool {
    cursor.form != CursorForm::Received || matches!(cursor.slot, Slot::Body(_))
}

/// Where a cursor leads. A number stays one.
fn leads_to(probe: &Probe, cursor: &str) -> Position {
    match (probe, cursor.parse()) {
        (Probe::Number(_), Ok(number)) => Position::CursorNumber(number),
        (Probe::Number(_), Err(_)) => Position::CursorJson(cursor.to_owned()),
        _ => Position::Cursor(cursor.to_owned()),
    }
}

/// Where the id of a scroll leads.
pub(crate) fn scroll_id(probe: &Probe) -> Option<Position> {
    match probe {
        Probe::Text(id) | Probe::Number(id) if !id.is_empty() => Some(leads_to(probe, id)),
        _ => None,
    }
}

/// The first page of pages by a cursor.
pub(super) fn first(cursor: &SentCursor) -> Position {
    let initial = cursor.initial.as_ref();
    initial.map_or(Position::First, |initial| {
        Position::Cursor(initial.to_string())
    })
}

/// What is sent for a position.
pub(super) fn value(position: &Position, cursor: &SentCursor) -> Option<Scalar> {
    let value = super::value(position)?;
    Some(match (cursor.form, value) {
        (CursorForm::Received, value) => value,
        (CursorForm::Json, Scalar::Text(text)) => Scalar::Json(Json::from(text).to_string()),
        (CursorForm::Json, value) => Scalar::Json(value.to_string()),
        (CursorForm::Text, value) => Scalar::Text(value.to_string()),
    })
}

/// Sends a cursor where its slot is.
pub(super) fn send(position: &Position, cursor: &SentCursor, draft: &mut Draft) -> Result<()> {
    match position {
        Position::First => Ok(()),
        Position::Cursor(_) | Position::CursorNumber(_) | Position::CursorJson(_) => {
            if cursor.replaces_params {
                draft.clear_query();
            }
            match value(position, cursor) {
                Some(value) => write(draft, &cursor.slot, &value),
                None => Ok(()),
            }
        }
        other => Err(foreign(other, "cursor")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        paginator::test_support::{Facts, ended, error, number, page},
        plan::{JsonPlan, Part, Template},
        schema::Step,
        shared::{Ref::Static, list},
    };

    fn by_cursor(stop_after_empty_page: bool) -> ByCursor {
        ByCursor {
            plan: Cursor::new(Path(list![Step::Key(Static("next"))]), Static("cursor")),
            ends: Ends {
                stop_after_empty_page,
                ..Ends::DEFAULT
            },
            is_scroll: false,
        }
    }

    #[test]
    fn a_scroll_keeps_its_id_until_an_empty_page() {
        let p = ByCursor {
            is_scroll: true,
            ..by_cursor(true)
        };
        let at = Position::Cursor("a".to_owned());
        let without_id = page(1).probes([Probe::Missing]);
        assert_eq!(p.next(&at, &without_id.as_page()).unwrap(), to("a"));
        let empty = page(0).probes([Probe::Missing]);
        ended(p.next(&at, &empty.as_page()));
        assert!(error(next(&p, &without_id)).contains("no id at `$.next`"));
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
            ("7.0", Position::CursorJson("7.0".into())),
            ("99999999999999999999", Position::CursorJson("9".repeat(20))),
        ] {
            let found = next(&p, &page(1).probes([number(digits)])).unwrap();
            assert_eq!(found, Next::Page(wanted, None), "{digits}");
        }
        assert!(error(next(&p, &page(1).probes([Probe::Json("[]".into())]))).contains("a list"));
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
    fn a_declared_cursor_ends() {
        let ends = Ends {
            last_cursors: list![
                JsonPlan::Number(Static("-1")),
                JsonPlan::Text(Template(list![Part::Text(Static("null"))]))
            ],
            ..Ends::DEFAULT
        };
        let p = ByCursor {
            ends,
            ..by_cursor(false)
        };
        for probe in [
            number("-1"),
            Probe::Text("-1".into()),
            Probe::Text("null".into()),
        ] {
            assert!(ended(next(&p, &page(1).probes([probe]))).starts_with("the cursor"));
        }
        assert_eq!(
            next(&p, &page(1).probes([Probe::Text("nul".into())])).unwrap(),
            to("nul")
        );
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
        assert!(ended(next(&p, &no_more(Probe::Json("[]".into())))).contains("no more"));
    }

    #[test]
    fn a_true_flag_goes_on_past_an_empty_page() {
        let facts = page(0).probes([number("7")]).more(true);
        let seven = Next::Page(Position::CursorNumber(7), None);
        assert_eq!(next(&by_cursor(true), &facts).unwrap(), seven);
    }
}
