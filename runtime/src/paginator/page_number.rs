//! Pages by their number.

use super::{
    End, Next, PageFacts, Paginate, Position, Total, foreign, number, paging, stated, value, write,
};
use crate::{
    Scalar,
    error::Result,
    plan::{Ends, PageNumber},
    report::count,
    request::Draft,
    schema::Path,
};

pub(super) struct ByNumber {
    pub(super) plan: PageNumber,
    pub(super) ends: Ends,
}

impl ByNumber {
    fn at(&self, position: &Position) -> Result<u64> {
        match position {
            Position::First => Ok(self.plan.page),
            Position::Page(page) => Ok(*page),
            other => Err(foreign(other, "page-number")),
        }
    }

    /// Checks that the first page has records, where the API says how many pages exist.
    ///
    /// # Errors
    ///
    /// When it is empty and would be taken for the end. Numbered from 1, one page may be empty: many
    /// APIs say so of no records.
    fn check_first(&self, at: u64, total: u64, page: &PageFacts<'_>) -> Result<()> {
        let from_zero = at == 0;
        let least = if from_zero {
            1
        } else {
            at.saturating_sub(self.plan.base_page) + 2
        };
        let ends = stated::end(&self.ends, page, self.plan.page_size).is_some();
        if page.received > 0 || total < least || !ends {
            return Ok(());
        }
        let message = format!(
            "page {at} is empty, though the total is {}",
            count(total, "page")
        );
        let key = stated::total_key(&self.ends);
        let check = format!("check `data_selector`, and whether `{key}` names the number of pages");
        Err(paging(message).with_help(if from_zero {
            format!("`base_page: 1`, if the API numbers its pages from 1; or else {check}")
        } else {
            check
        }))
    }

    /// The end that the page before `next` is, if any.
    fn end(&self, next: u64, page: &PageFacts<'_>) -> Option<End> {
        let total = page.total.and_then(Total::pages);
        if let Some(total) = total
            && next >= total.saturating_add(self.plan.base_page)
        {
            return Some(End::complete(format!(
                "the last of {}",
                count(total, "page")
            )));
        }
        // Undeclared, the number is one of records, if of anything.
        let arrived = page.before.saturating_add(page.received);
        let is_short = self.plan.page_size.is_some_and(|size| page.received < size);
        let from_base = self.plan.page == self.plan.base_page;
        // The API may cap its pages: one is not short that is as large as those before.
        let pages_before = (next - 1).saturating_sub(self.plan.page);
        let is_short = is_short
            && (pages_before == 0 || page.received.saturating_mul(pages_before) < page.before);
        if is_short && page.received > 0 && from_base && stated::hint_is_reached(page, arrived) {
            return Some(End::complete(format!(
                "a page of {}, less than asked for, reached `total`",
                count(page.received, "record")
            )));
        }
        let goes_on = match (total, page.hint) {
            (Some(_), _) if self.ends.accept_short_total => false,
            // The number of records, declared as that of pages, is reached by the records.
            (Some(total), _) if page.received == 0 && total == arrived => false,
            (Some(_), _) => page.received > 0 || page.empty_before < stated::MAX_EMPTY,
            (None, Some(hint)) => {
                page.received == 0 && from_base && hint > arrived && page.empty_before == 0
            }
            (None, None) => false,
        };
        if (!goes_on || page.has_more == Some(false))
            && let Some(end) = stated::end(&self.ends, page, self.plan.page_size)
        {
            return Some(end);
        }
        let maximum = self.plan.maximum_page.filter(|maximum| next >= *maximum)?;
        Some(End::bounded(format!("`maximum_page` {maximum}")))
    }
}

impl Paginate for ByNumber {
    fn first(&self) -> Position {
        Position::Page(self.plan.page)
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
        if let Some(page) = self.value(position) {
            write(draft, &self.plan.page_slot, &page)?;
        }
        if let (Some(size), Some(slot)) = (self.plan.page_size, &self.plan.page_size_slot) {
            write(draft, slot, &number(size))?;
        }
        Ok(())
    }

    fn next(&self, position: &Position, page: &PageFacts<'_>) -> Result<Next> {
        let at = self.at(position)?;
        let next = at
            .checked_add(1)
            .ok_or_else(|| paging("the page's number is too large"))?;
        let total = page.total.and_then(Total::pages);
        // Pages that had records, this one included if it did.
        let come = at.saturating_sub(self.plan.base_page) + u64::from(page.received > 0);
        let any = page.received > 0 || page.before > 0;
        if let Some(total) = total.filter(|total| *total < come && any) {
            return Err(paging(format!(
                "the response's total is {}, but {come} have been received",
                count(total, "page")
            ))
            .with_help(format!(
                "`{}` names the number of pages, not of records; leave it out where there is none: \
                 pages then end by themselves",
                stated::total_key(&self.ends)
            )));
        }
        if at == self.plan.page
            && page.has_more != Some(false)
            && !self.ends.accept_short_total
            && let Some(total) = total
        {
            self.check_first(at, total, page)?;
        }
        if let Some(end) = self.end(next, page) {
            return Ok(Next::End(end));
        }
        let total = match (total, page.hint) {
            (Some(pages), _) => Some(Total::Pages(pages)),
            (None, hint) => hint.map(Total::Records),
        };
        Ok(Next::Page(Position::Page(next), total))
    }

    fn forecast(&self, position: &Position, total: Total, stride: u64) -> Option<Position> {
        let pages = match total {
            Total::Pages(pages) => pages,
            Total::Records(_) if stride == 0 => return None,
            Total::Records(records) => records.div_ceil(stride),
        };
        let next = self.at(position).ok()?.checked_add(1)?;
        let end = pages.saturating_add(self.plan.base_page);
        let end = self.plan.maximum_page.map_or(end, |max| max.min(end));
        (next < end).then_some(Position::Page(next))
    }

    fn page_size(&self) -> Option<u64> {
        self.plan.page_size
    }

    fn records_before(&self, position: &Position) -> Option<u64> {
        let at = self.at(position).ok()?;
        (at == self.plan.base_page).then_some(0)
    }

    fn pages_before(&self, position: &Position) -> Option<u64> {
        let at = self.at(position).ok()?;
        Some(at.saturating_sub(self.plan.base_page))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paginator::test_support::{Facts, bounded, ended, error, page};

    fn by(plan: PageNumber) -> ByNumber {
        ByNumber {
            plan: PageNumber {
                base_page: 1,
                page: 1,
                ..plan
            },
            ends: Ends::COUNTED,
        }
    }

    fn from_one() -> ByNumber {
        by(PageNumber::DEFAULT)
    }

    fn next(paginator: &ByNumber, at: u64, facts: &Facts) -> Result<Next> {
        paginator.next(&Position::Page(at), &facts.as_page())
    }

    fn to(page: u64, total: Option<Total>) -> Next {
        Next::Page(Position::Page(page), total)
    }

    #[test]
    fn numbers_count_up_to_an_empty_page() {
        let p = from_one();
        assert_eq!(p.first(), Position::Page(1));
        assert_eq!(next(&p, 1, &page(3)).unwrap(), to(2, None));
        assert_eq!(ended(next(&p, 2, &page(0))), "an empty page");
    }

    #[test]
    fn a_total_counts_pages_from_the_base() {
        let p = from_one();
        let three = |received| page(received).pages(3);
        let total = Some(Total::Pages(3));
        assert_eq!(next(&p, 2, &three(5)).unwrap(), to(3, total));
        assert_eq!(ended(next(&p, 3, &three(5))), "the last of 3 pages");
        assert!(ended(next(&p, 1, &page(0).pages(0))).contains("0 pages"));
    }

    #[test]
    fn a_total_of_fewer_pages_than_received_is_an_error() {
        let message = error(next(&from_one(), 4, &page(5).pages(3)));
        assert!(
            message.contains("3 pages, but 4 have been received"),
            "{message}"
        );
    }

    #[test]
    fn an_empty_page_is_passed_over_while_the_total_or_the_flag_says_more() {
        let p = from_one();
        let total = Some(Total::Pages(9));
        let empty = |before| page(0).before(10).pages(9).after_empty(before);
        assert_eq!(next(&p, 3, &empty(0)).unwrap(), to(4, total));
        assert_eq!(ended(next(&p, 5, &empty(2))), "an empty page");
        assert_eq!(next(&p, 3, &page(0).more(true)).unwrap(), to(4, None));
    }

    #[test]
    fn a_total_that_counts_records_is_reached_by_them() {
        let facts = page(0).before(6).pages(6);
        assert_eq!(ended(next(&from_one(), 4, &facts)), "an empty page");
    }

    #[test]
    fn a_maximum_bounds() {
        let p = by(PageNumber {
            maximum_page: Some(3),
            ..PageNumber::DEFAULT
        });
        assert!(bounded(next(&p, 2, &page(5))).contains("`maximum_page` 3"));
    }

    #[test]
    fn an_undeclared_total_counts_records_and_needs_a_page_that_was_not_full() {
        let p = by(PageNumber {
            page_size: Some(100),
            ..PageNumber::DEFAULT
        });
        let last = page(50).before(200).hint(250);
        assert!(ended(next(&p, 3, &last)).contains("reached `total`"));
        let pages = page(80).hint(3);
        assert!(matches!(next(&p, 1, &pages).unwrap(), Next::Page(..)));
        // A cap of 2 records a page, and 20 pages: no page is short.
        let capped = page(2).before(18).hint(20);
        assert!(matches!(next(&p, 10, &capped).unwrap(), Next::Page(..)));
        let ahead = |at| p.forecast(&Position::Page(at), Total::Records(250), 100);
        assert_eq!((ahead(2), ahead(3)), (Some(Position::Page(3)), None));
    }
}
