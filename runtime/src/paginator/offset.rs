//! Pages by offset and limit.

use serde_json::Value;

use super::{
    End, Next, PageFacts, Paginate, Position, Total,
    ends::{self, Said},
    foreign, paging, write,
};
use crate::{error::Result, plan::Offset, report::count, request::Draft, schema::Path};

pub(super) struct ByOffset(pub(super) Offset);

impl ByOffset {
    fn at(&self, position: &Position) -> Result<u64> {
        match position {
            Position::First => Ok(self.0.offset),
            Position::Offset(offset) => Ok(*offset),
            other => Err(foreign(other, "offset")),
        }
    }

    /// The end that a page which brings the records up to `come` is, if any.
    fn end(&self, come: u64, page: &PageFacts<'_>, said: &Said) -> Option<End> {
        let short = page.received < self.0.limit;
        if let Some(total) = said.total.filter(|total| come >= *total) {
            return Some(End::complete(format!("the total, {total}, has come")));
        }
        if said.no_more() {
            return Some(End::complete("the response says there is no more"));
        }
        if short && page.received > 0 && said.hints_at(come) {
            return Some(End::complete(format!(
                "a page of {}, less than {}, reached `total`",
                count(page.received, "record"),
                self.0.limit
            )));
        }
        if let Some(end) = ends::by_size(&self.0.ends, page, Some(self.0.limit)) {
            return Some(match said.total {
                Some(total) => end.though(&format!("the total is {total} and only {come} came")),
                None => end,
            });
        }
        let maximum = self.0.maximum_offset.filter(|maximum| come >= *maximum)?;
        Some(End::cut_off(format!("`maximum_offset` {maximum}")))
    }
}

impl Paginate for ByOffset {
    fn first(&self) -> Position {
        Position::Offset(self.0.offset)
    }

    fn probes(&self) -> Vec<Path> {
        ends::probes(&self.0.ends)
    }

    fn apply(&self, position: &Position, draft: &mut Draft) -> Result<()> {
        let offset = self.at(position)?;
        write(draft, self.0.offset_slot, &Value::from(offset));
        write(draft, self.0.limit_slot, &Value::from(self.0.limit));
        Ok(())
    }

    fn next(&self, position: &Position, page: &PageFacts<'_>) -> Result<Next> {
        let at = self.at(position)?;
        let come = at
            .checked_add(page.received)
            .ok_or_else(|| paging("the offset is too large"))?;
        let said = ends::read(&self.0.ends, page)?;
        if let Some(total) = said.total
            && total < come
            && come > self.0.offset
        {
            return Err(paging(format!(
                "the response's total is {total}, but {come} records have come"
            ))
            .with_help("correct `total_path`, or leave it out: pages then end by themselves"));
        }
        if let Some(total) = said.total
            && at == self.0.offset
            && total > at
            && page.received == 0
            && !said.no_more()
            && ends::by_size(&self.0.ends, page, Some(self.0.limit)).is_some()
        {
            return Err(paging(format!(
                "the page at offset {at} is empty, though the total is {total}"
            ))
            .with_help(
                "check `data_selector`, and whether `total_path` names the number of these records",
            ));
        }
        if let Some(end) = self.end(come, page, &said) {
            return Ok(Next::End(end));
        }
        let total = said.total.or(said.hint).map(Total::Records);
        said.has_more.transpose()?;
        if page.received == 0 {
            return Err(paging(format!(
                "the page at offset {at} is empty though more is to come, and so the offset cannot move"
            ))
            .with_help("`stop_after_empty_page: true` takes an empty page for the end"));
        }
        Ok(Next::Page(Position::Offset(come), total))
    }

    fn forecast(&self, position: &Position, total: Total, stride: u64) -> Option<Position> {
        let Total::Records(total) = total else {
            return None;
        };
        let next = self.at(position).ok()?.checked_add(stride)?;
        let last = self.0.maximum_offset.map_or(total, |max| max.min(total));
        (stride > 0 && next < last).then_some(Position::Offset(next))
    }

    fn page_size(&self) -> Option<u64> {
        Some(self.0.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        decode::Probe,
        paginator::test_support::{Facts, cut_off, error, nothing, number, page},
        plan::Ends,
        schema::Step,
    };

    const TOTAL: Path = Path(&[Step::Key("meta"), Step::Key("total")]);
    const MORE: Path = Path(&[Step::Key("more")]);

    fn by_offset(ends: Ends) -> ByOffset {
        ByOffset(Offset {
            ends,
            ..Offset::new(100)
        })
    }

    fn counted(total: bool, more: bool) -> ByOffset {
        by_offset(Ends {
            total_path: total.then_some(TOTAL),
            has_more_path: more.then_some(MORE),
            ..Ends::DEFAULT
        })
    }

    fn next(paginator: &ByOffset, at: u64, facts: &Facts) -> Result<Next> {
        paginator.next(&Position::Offset(at), &facts.as_page())
    }

    fn to(offset: u64, total: Option<u64>) -> Next {
        Next::Page(Position::Offset(offset), total.map(Total::Records))
    }

    #[test]
    fn the_offset_advances_by_what_came() {
        let p = counted(false, false);
        assert_eq!(next(&p, 0, &page(100)).unwrap(), to(100, None));
        assert_eq!(next(&p, 100, &page(37)).unwrap(), to(137, None));
        assert!(matches!(next(&p, 137, &page(0)).unwrap(), Next::End(end) if end.complete));
    }

    #[test]
    fn a_declared_total_is_believed() {
        let p = counted(true, false);
        assert_eq!(
            next(&p, 100, &page(100).probes([number("250")])).unwrap(),
            to(200, Some(250))
        );
        let text = page(50).probes([Probe::Text("250".into())]);
        assert!(matches!(next(&p, 200, &text).unwrap(), Next::End(end) if end.complete));
        let nothing = page(0).probes([number("0")]);
        assert!(matches!(next(&p, 0, &nothing).unwrap(), Next::End(_)));
    }

    #[test]
    fn a_total_that_is_missing_or_no_number_or_too_small_is_an_error() {
        let p = counted(true, false);
        for (probe, wanted) in [
            (Probe::Missing, "`$.meta.total` is missing"),
            (Probe::Null, "is null"),
            (Probe::Text("NaN".into()), "\"NaN\""),
            (number("-1"), "\"-1\""),
            (number("150"), "150, but 200 records have come"),
        ] {
            let message = error(next(&p, 100, &page(100).probes([probe])));
            assert!(message.contains(wanted), "{message}");
        }
    }

    #[test]
    fn a_total_in_a_header_is_believed_too() {
        let p = by_offset(Ends {
            total_header: Some("X-Total-Count"),
            ..Ends::DEFAULT
        });
        let facts = page(100).header("x-total-count", "100");
        assert!(matches!(next(&p, 0, &facts).unwrap(), Next::End(_)));
        assert!(error(next(&p, 0, &page(100))).contains("`X-Total-Count` is missing"));
    }

    #[test]
    fn an_undeclared_total_ends_only_with_a_page_that_was_not_full() {
        let p = counted(false, false);
        let full = page(100).probes([number("100")]);
        assert_eq!(next(&p, 0, &full).unwrap(), to(100, Some(100)));
        let short = page(50).probes([number("250")]);
        assert!(matches!(next(&p, 200, &short).unwrap(), Next::End(_)));
        // It means something else: records of this page, say.
        let other = page(50).probes([number("50")]);
        assert_eq!(next(&p, 200, &other).unwrap(), to(250, Some(50)));
    }

    #[test]
    fn a_flag_of_false_ends_and_one_that_is_none_is_an_error() {
        let p = counted(false, true);
        let flag = |probe| page(100).probes([Probe::Missing, probe]);
        assert!(matches!(
            next(&p, 0, &flag(Probe::Bool(false))).unwrap(),
            Next::End(_)
        ));
        assert_eq!(
            next(&p, 0, &flag(Probe::Bool(true))).unwrap(),
            to(100, None)
        );
        assert!(error(next(&p, 0, &flag(Probe::Missing))).contains("`$.more` is missing"));
    }

    #[test]
    fn a_maximum_cuts_off() {
        let p = ByOffset(Offset {
            maximum_offset: Some(200),
            ..Offset::new(100)
        });
        assert_eq!(next(&p, 0, &page(100)).unwrap(), to(100, None));
        assert!(cut_off(next(&p, 100, &page(100))).contains("`maximum_offset` 200"));
    }

    #[test]
    fn a_short_page_ends_only_where_the_spec_says_so() {
        let p = by_offset(Ends {
            stop_after_short_page: true,
            ..Ends::DEFAULT
        });
        assert!(matches!(next(&p, 0, &page(99)).unwrap(), Next::End(_)));
        assert_eq!(next(&p, 0, &page(100)).unwrap(), to(100, None));
    }

    #[test]
    fn an_empty_page_that_is_no_end_cannot_move_the_offset() {
        let p = by_offset(Ends {
            total_path: Some(TOTAL),
            stop_after_empty_page: false,
            ..Ends::DEFAULT
        });
        let facts = page(0).probes([number("250")]);
        assert!(error(next(&p, 200, &facts)).contains("offset 200 is empty"));
    }

    #[test]
    fn no_content_is_an_empty_page_of_the_total_that_is_known() {
        let known = Some(Total::Records(9));
        let ends = Ends {
            total_path: Some(TOTAL),
            stop_after_empty_page: false,
            ..Ends::DEFAULT
        };
        let goes_on = by_offset(ends);
        let text = error(next(&goes_on, 4, &nothing(known)));
        assert!(text.contains("offset 4 is empty though more"), "{text}");
        let text = error(next(&goes_on, 4, &nothing(None)));
        assert!(text.contains("`$.meta.total` is missing"), "{text}");

        let stops = counted(true, false);
        let Next::End(end) = next(&stops, 4, &nothing(known)).unwrap() else {
            panic!("it goes on");
        };
        assert!(end.reason.contains("the total is 9 and only 4 came"));
        // An API that has nothing may well say nothing.
        assert!(matches!(next(&stops, 0, &nothing(None)), Ok(Next::End(_))));
        // What no spec declares is not believed.
        assert!(matches!(
            next(&by_offset(Ends::DEFAULT), 9, &nothing(known)),
            Ok(Next::End(End { reason, .. })) if reason == "an empty page"
        ));
    }

    #[test]
    fn no_content_has_headers_and_what_they_say_counts() {
        let ends = Ends {
            total_header: Some("X-Total"),
            stop_after_empty_page: false,
            ..Ends::DEFAULT
        };
        let by_header = by_offset(ends);
        let known = || nothing(Some(Total::Records(9)));
        let text = error(next(&by_header, 4, &known()));
        assert!(text.contains("offset 4 is empty though more"), "{text}");
        let said = known().header("X-Total", "4");
        assert!(matches!(next(&by_header, 4, &said), Ok(Next::End(_))));
        let text = error(next(&by_header, 4, &nothing(None)));
        assert!(text.contains("header `X-Total` is missing"), "{text}");
    }

    #[test]
    fn the_page_after_is_forecast_up_to_the_total_and_the_maximum() {
        let p = counted(true, false);
        let total = Total::Records(250);
        let forecast = |at| p.forecast(&Position::Offset(at), total, 100);
        assert_eq!(forecast(0), Some(Position::Offset(100)));
        assert_eq!(forecast(100), Some(Position::Offset(200)));
        assert_eq!(forecast(200), None);
        assert_eq!(p.forecast(&Position::Offset(0), total, 0), None);
    }
}
