//! Pages by their number.

use serde_json::Value;

use super::{
    End, Next, PageFacts, Paginate, Position, Total,
    ends::{self, Said},
    foreign, paging, write,
};
use crate::{error::Result, plan::PageNumber, report::count, request::Draft, schema::Path};

pub(super) struct ByNumber(pub(super) PageNumber);

impl ByNumber {
    fn at(&self, position: &Position) -> Result<u64> {
        match position {
            Position::First => Ok(self.0.page),
            Position::Page(page) => Ok(*page),
            other => Err(foreign(other, "page-number")),
        }
    }

    /// Whether the first page is one, where the API says how many there are.
    ///
    /// # Errors
    ///
    /// When it is empty and would be taken for the end. Numbered from 1, one page may have nothing:
    /// many an API says so of no records.
    fn begins(&self, at: u64, total: u64, page: &PageFacts<'_>) -> Result<()> {
        let from_zero = at == 0;
        let least = if from_zero {
            1
        } else {
            at.saturating_sub(self.0.base_page) + 2
        };
        let ends = ends::by_size(&self.0.ends, page, self.0.page_size).is_some();
        if page.received > 0 || total < least || !ends {
            return Ok(());
        }
        let message = format!(
            "page {at} is empty, though the total is {}",
            count(total, "page")
        );
        Err(paging(message).with_help(if from_zero {
            "`base_page: 1`, if the API numbers its pages from 1; or else check `data_selector`, and \
             whether `total_path` names the number of pages"
        } else {
            "check `data_selector`, and whether `total_path` names the number of pages"
        }))
    }

    /// The end that the page before `next` is, if any.
    fn end(&self, next: u64, page: &PageFacts<'_>, said: &Said) -> Option<End> {
        if let Some(total) = said.total
            && next >= total.saturating_add(self.0.base_page)
        {
            return Some(End::complete(format!(
                "the last of {}",
                count(total, "page")
            )));
        }
        if said.no_more() {
            return Some(End::complete("the response says there is no more"));
        }
        // Not declared, the number is one of records, if of anything.
        let come = page.before.saturating_add(page.received);
        let short = self.0.page_size.is_some_and(|size| page.received < size);
        let from_base = self.0.page == self.0.base_page;
        if short && page.received > 0 && from_base && said.hints_at(come) {
            return Some(End::complete(format!(
                "a page of {}, less than asked for, reached `total`",
                count(page.received, "record")
            )));
        }
        if let Some(end) = ends::by_size(&self.0.ends, page, self.0.page_size) {
            return Some(match said.total {
                Some(total) => end.though(&format!("the total is {}", count(total, "page"))),
                None => end,
            });
        }
        let maximum = self.0.maximum_page.filter(|maximum| next >= *maximum)?;
        Some(End::cut_off(format!("`maximum_page` {maximum}")))
    }
}

impl Paginate for ByNumber {
    fn first(&self) -> Position {
        Position::Page(self.0.page)
    }

    fn probes(&self) -> Vec<Path> {
        ends::probes(&self.0.ends)
    }

    fn apply(&self, position: &Position, draft: &mut Draft) -> Result<()> {
        let page = self.at(position)?;
        write(draft, self.0.page_slot, &Value::from(page));
        if let (Some(size), Some(slot)) = (self.0.page_size, self.0.page_size_slot) {
            write(draft, slot, &Value::from(size));
        }
        Ok(())
    }

    fn next(&self, position: &Position, page: &PageFacts<'_>) -> Result<Next> {
        let at = self.at(position)?;
        let next = at
            .checked_add(1)
            .ok_or_else(|| paging("the page's number is too large"))?;
        let said = ends::read(&self.0.ends, page)?;
        // Pages that brought something, this one included if it did.
        let come = at.saturating_sub(self.0.base_page) + u64::from(page.received > 0);
        let any = page.received > 0 || at > self.0.page;
        if let Some(total) = said.total.filter(|total| *total < come && any) {
            return Err(paging(format!(
                "the response's total is {}, but {come} have come",
                count(total, "page")
            ))
            .with_help(
                "`total_path` names the number of pages, not of records; leave it out where there \
                 is none: pages then end by themselves",
            ));
        }
        if at == self.0.page
            && !said.no_more()
            && let Some(total) = said.total
        {
            self.begins(at, total, page)?;
        }
        if let Some(end) = self.end(next, page, &said) {
            return Ok(Next::End(end));
        }
        let total = match (said.total, said.hint) {
            (Some(pages), _) => Some(Total::Pages(pages)),
            (None, hint) => hint.map(Total::Records),
        };
        said.has_more.transpose()?;
        Ok(Next::Page(Position::Page(next), total))
    }

    fn forecast(&self, position: &Position, total: Total, stride: u64) -> Option<Position> {
        let pages = match total {
            Total::Pages(pages) => pages,
            Total::Records(_) if stride == 0 => return None,
            Total::Records(records) => records.div_ceil(stride),
        };
        let next = self.at(position).ok()?.checked_add(1)?;
        let end = pages.saturating_add(self.0.base_page);
        let end = self.0.maximum_page.map_or(end, |max| max.min(end));
        (next < end).then_some(Position::Page(next))
    }

    fn page_size(&self) -> Option<u64> {
        self.0.page_size
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        decode::Probe,
        paginator::test_support::{Facts, cut_off, ended, error, number, page},
        plan::Ends,
        schema::Step,
    };

    const PAGES: Path = Path(&[Step::Key("pages")]);

    fn from_one() -> PageNumber {
        PageNumber {
            base_page: 1,
            page: 1,
            ..PageNumber::DEFAULT
        }
    }

    fn with_total() -> ByNumber {
        ByNumber(PageNumber {
            ends: Ends {
                total_path: Some(PAGES),
                ..Ends::DEFAULT
            },
            ..from_one()
        })
    }

    fn next(paginator: &ByNumber, at: u64, facts: &Facts) -> Result<Next> {
        paginator.next(&Position::Page(at), &facts.as_page())
    }

    #[test]
    fn numbers_count_up_to_an_empty_page() {
        let p = ByNumber(from_one());
        assert_eq!(p.first(), Position::Page(1));
        assert_eq!(
            next(&p, 1, &page(3)).unwrap(),
            Next::Page(Position::Page(2), None)
        );
        assert_eq!(ended(next(&p, 2, &page(0))), "an empty page");
    }

    #[test]
    fn a_total_counts_pages_from_the_base() {
        let p = with_total();
        let three = |received| page(received).probes([number("3")]);
        assert_eq!(
            next(&p, 2, &three(5)).unwrap(),
            Next::Page(Position::Page(3), Some(Total::Pages(3)))
        );
        assert_eq!(ended(next(&p, 3, &three(5))), "the last of 3 pages");
        assert!(ended(next(&p, 1, &page(0).probes([number("0")]))).contains("0 pages"));
    }

    #[test]
    fn a_total_of_fewer_pages_than_came_is_an_error() {
        let p = with_total();
        let message = error(next(&p, 4, &page(5).probes([number("3")])));
        assert!(message.contains("3 pages, but 4 have come"), "{message}");
        assert!(error(next(&p, 1, &page(5).probes([Probe::Missing]))).contains("missing"));
    }

    #[test]
    fn a_maximum_cuts_off() {
        let p = ByNumber(PageNumber {
            maximum_page: Some(3),
            ..from_one()
        });
        assert!(cut_off(next(&p, 2, &page(5))).contains("`maximum_page` 3"));
    }

    #[test]
    fn an_undeclared_total_counts_records_and_needs_a_page_that_was_not_full() {
        let p = ByNumber(PageNumber {
            page_size: Some(100),
            ..from_one()
        });
        let last = page(50).before(200).probes([number("250")]);
        assert!(ended(next(&p, 3, &last)).contains("reached `total`"));
        let pages = page(80).probes([number("3")]);
        assert!(matches!(next(&p, 1, &pages).unwrap(), Next::Page(..)));
        let ahead = |at| p.forecast(&Position::Page(at), Total::Records(250), 100);
        assert_eq!((ahead(2), ahead(3)), (Some(Position::Page(3)), None));
    }
}
