//! Pages by offset and limit.

use super::{
    End, Next, PageFacts, Paginate, Position, Total, foreign, number, paging, stated, value, write,
};
use crate::{
    Scalar,
    error::Result,
    plan::{AdvanceBy, Ends, Offset},
    report::count,
    request::Draft,
    schema::Path,
};

pub(super) struct ByOffset {
    pub(super) plan: Offset,
    pub(super) ends: Ends,
}

impl ByOffset {
    fn at(&self, position: &Position) -> Result<u64> {
        match position {
            Position::First => Ok(self.plan.offset),
            Position::Offset(offset) => Ok(*offset),
            other => Err(foreign(other, "offset")),
        }
    }

    /// How many records the API has before this offset.
    fn before(&self, offset: u64) -> u64 {
        offset.saturating_sub(self.plan.base_offset)
    }

    /// The end that the page is, if any. `after` is the offset behind its last record.
    fn end(&self, after: u64, page: &PageFacts<'_>) -> Option<End> {
        let total = page.total.and_then(Total::records);
        let arrived = self.before(after);
        if let Some(total) = total.filter(|total| arrived >= *total) {
            return Some(End::complete(format!(
                "the total of {}",
                count(total, "record")
            )));
        }
        let is_short = page.received < self.plan.limit;
        if is_short && page.received > 0 && stated::hint_is_reached(page, arrived) {
            return Some(End::complete(format!(
                "a page of {}, less than {}, reached `total`",
                count(page.received, "record"),
                self.plan.limit
            )));
        }
        let goes_on = match (total, page.hint) {
            (Some(_), _) if self.ends.accept_short_total => false,
            // Its records may all be left out of a page.
            (Some(_), _) if self.plan.advance_by == AdvanceBy::Limit => true,
            // A short page is not the last while the total says that more follows.
            (Some(_), _) => page.received > 0 || page.empty_before < stated::MAX_EMPTY,
            (None, Some(hint)) => page.received == 0 && hint > arrived && page.empty_before == 0,
            (None, None) => false,
        };
        if (!goes_on || page.has_more == Some(false))
            && let Some(end) = stated::end(&self.ends, page, Some(self.plan.limit))
        {
            return Some(end);
        }
        let maximum = self
            .plan
            .maximum_offset
            .filter(|maximum| after >= *maximum)?;
        Some(End::bounded(format!("`maximum_offset` {maximum}")))
    }
}

impl Paginate for ByOffset {
    fn first(&self) -> Position {
        Position::Offset(self.plan.offset)
    }

    fn probes(&self) -> Vec<Path> {
        Vec::new()
    }

    fn value(&self, position: &Position) -> Option<Scalar> {
        let is_sent = self.plan.sent_first || *position != self.first();
        value(position).filter(|_| is_sent)
    }

    fn apply(&self, position: &Position, draft: &mut Draft) -> Result<()> {
        self.at(position)?;
        if let Some(offset) = self.value(position) {
            write(draft, &self.plan.offset_slot, &offset)?;
        }
        write(draft, &self.plan.limit_slot, &number(self.plan.limit))
    }

    fn next(&self, position: &Position, page: &PageFacts<'_>) -> Result<Next> {
        let at = self.at(position)?;
        let too_large = || paging("the offset is too large");
        let step = match self.plan.advance_by {
            AdvanceBy::Received => page.received,
            // The last page ends at the total.
            AdvanceBy::Limit => {
                let total = page.total.and_then(Total::records).unwrap_or(u64::MAX);
                let left = total.saturating_sub(self.before(at));
                self.plan.limit.min(left.max(page.received))
            }
        };
        let after = at.checked_add(step).ok_or_else(too_large)?;
        if let Some(total) = page.total.and_then(Total::records) {
            let arrived = self.before(after);
            if total < arrived && after > self.plan.offset && page.received > 0 {
                return Err(paging(format!(
                    "the response's total is {total}, but {arrived} records have been received"
                ))
                .with_help(format!(
                    "correct `{}`, or leave it out: pages then end by themselves",
                    stated::total_key(&self.ends)
                )));
            }
            let is_first = at == self.plan.offset && page.received == 0 && total > self.before(at);
            let is_wrong = is_first
                && page.has_more.is_none()
                && !self.ends.accept_short_total
                && self.plan.advance_by == AdvanceBy::Received;
            if is_wrong {
                return Err(paging(format!(
                    "the page at offset {at} is empty, though the total is {total}"
                ))
                .with_help(format!(
                    "check `data_selector`, and whether `{}` names the number of these records",
                    stated::total_key(&self.ends)
                )));
            }
        }
        if let Some(end) = self.end(after, page) {
            return Ok(Next::End(end));
        }
        let total = page
            .total
            .and_then(Total::records)
            .or(page.hint)
            .map(Total::Records);
        // Records of an empty page may be hidden from this user: the offset passes over them.
        let next = if step == 0 {
            at.checked_add(self.plan.limit).ok_or_else(too_large)?
        } else {
            after
        };
        Ok(Next::Page(Position::Offset(next), total))
    }

    fn forecast(&self, position: &Position, total: Total, stride: u64) -> Option<Position> {
        let Total::Records(total) = total else {
            return None;
        };
        let stride = match self.plan.advance_by {
            AdvanceBy::Received => stride,
            AdvanceBy::Limit => self.plan.limit,
        };
        let next = self.at(position).ok()?.checked_add(stride)?;
        let end = total.saturating_add(self.plan.base_offset);
        let last = self.plan.maximum_offset.map_or(end, |max| max.min(end));
        (stride > 0 && next < last).then_some(Position::Offset(next))
    }

    fn page_size(&self) -> Option<u64> {
        Some(self.plan.limit)
    }

    fn records_before(&self, position: &Position) -> Option<u64> {
        Some(self.before(self.at(position).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paginator::test_support::{Facts, bounded, ended, error, page};

    fn by_offset(ends: Ends) -> ByOffset {
        ByOffset {
            plan: Offset::new(100),
            ends,
        }
    }

    fn next(paginator: &ByOffset, at: u64, facts: &Facts) -> Result<Next> {
        paginator.next(&Position::Offset(at), &facts.as_page())
    }

    fn to(offset: u64, total: Option<u64>) -> Next {
        Next::Page(Position::Offset(offset), total.map(Total::Records))
    }

    #[test]
    fn the_offset_advances_by_received_records() {
        let p = by_offset(Ends::COUNTED);
        assert_eq!(next(&p, 0, &page(100)).unwrap(), to(100, None));
        assert_eq!(next(&p, 100, &page(37)).unwrap(), to(137, None));
        assert_eq!(ended(next(&p, 137, &page(0))), "an empty page");
    }

    #[test]
    fn a_declared_total_ends_the_pages() {
        let p = by_offset(Ends::COUNTED);
        let full = page(100).records(250);
        assert_eq!(next(&p, 100, &full).unwrap(), to(200, Some(250)));
        let last = page(50).records(250);
        assert_eq!(ended(next(&p, 200, &last)), "the total of 250 records");
        ended(next(&p, 0, &page(0).records(0)));
    }

    #[test]
    fn a_total_below_the_received_records_is_an_error() {
        let p = by_offset(Ends::COUNTED);
        let text = error(next(&p, 100, &page(100).records(150)));
        assert!(text.contains("150, but 200 records"), "{text}");
    }

    #[test]
    fn a_first_page_without_records_of_a_total_is_an_error() {
        let p = by_offset(Ends::COUNTED);
        let text = error(next(&p, 0, &page(0).records(9)));
        assert!(
            text.contains("offset 0 is empty, though the total is 9"),
            "{text}"
        );
    }

    #[test]
    fn an_empty_page_below_the_total_is_passed_over_by_the_limit() {
        let p = by_offset(Ends::COUNTED);
        let empty = |before| page(0).records(900).after_empty(before);
        assert_eq!(next(&p, 100, &empty(0)).unwrap(), to(200, Some(900)));
        assert_eq!(next(&p, 200, &empty(1)).unwrap(), to(300, Some(900)));
        assert_eq!(ended(next(&p, 300, &empty(2))), "an empty page");
    }

    #[test]
    fn an_empty_page_goes_on_while_the_flag_says_more() {
        let p = by_offset(Ends::COUNTED);
        let empty = page(0).more(true).after_empty(9);
        assert_eq!(next(&p, 100, &empty).unwrap(), to(200, None));
        ended(next(&p, 100, &page(0).more(false)));
    }

    #[test]
    fn an_undeclared_total_ends_only_with_a_page_that_was_not_full() {
        let p = by_offset(Ends::COUNTED);
        let full = page(100).hint(100);
        assert_eq!(next(&p, 0, &full).unwrap(), to(100, Some(100)));
        ended(next(&p, 200, &page(50).hint(250)));
        // It means something else: records of this page, say.
        let other = page(50).hint(50);
        assert_eq!(next(&p, 200, &other).unwrap(), to(250, Some(50)));
    }

    #[test]
    fn an_undeclared_total_passes_over_one_empty_page() {
        let p = by_offset(Ends::COUNTED);
        let empty = |before| page(0).hint(900).after_empty(before);
        assert_eq!(next(&p, 100, &empty(0)).unwrap(), to(200, Some(900)));
        ended(next(&p, 200, &empty(1)));
    }

    #[test]
    fn a_false_flag_ends() {
        let p = by_offset(Ends::COUNTED);
        ended(next(&p, 0, &page(100).more(false)));
        assert_eq!(next(&p, 0, &page(100).more(true)).unwrap(), to(100, None));
    }

    #[test]
    fn a_maximum_bounds() {
        let p = ByOffset {
            plan: Offset {
                maximum_offset: Some(200),
                limit: 100,
                ..Offset::DEFAULT
            },
            ends: Ends::COUNTED,
        };
        assert_eq!(next(&p, 0, &page(100)).unwrap(), to(100, None));
        assert!(bounded(next(&p, 100, &page(100))).contains("`maximum_offset` 200"));
    }

    #[test]
    fn a_short_page_ends_only_where_the_spec_says_so_and_nothing_contradicts() {
        let p = by_offset(Ends {
            stop_after_short_page: true,
            ..Ends::COUNTED
        });
        ended(next(&p, 0, &page(99)));
        assert_eq!(next(&p, 0, &page(100)).unwrap(), to(100, None));
        assert_eq!(
            next(&p, 0, &page(50).records(150)).unwrap(),
            to(50, Some(150))
        );
        assert_eq!(next(&p, 0, &page(50).more(true)).unwrap(), to(50, None));
    }

    #[test]
    fn the_page_after_is_forecast_up_to_the_total_and_the_maximum() {
        let p = by_offset(Ends::COUNTED);
        let total = Total::Records(250);
        let forecast = |at| p.forecast(&Position::Offset(at), total, 100);
        assert_eq!(forecast(0), Some(Position::Offset(100)));
        assert_eq!(forecast(100), Some(Position::Offset(200)));
        assert_eq!(forecast(200), None);
        assert_eq!(p.forecast(&Position::Offset(0), total, 0), None);
    }
}
