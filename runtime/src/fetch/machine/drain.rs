//! Drains the pages that arrived, in order, and finds the next position.

use std::time::Duration;

use url::Url;

use super::{FirstPage, Forecast, Machine, Now, PageState, PendingPage, ResponseFacts};
use crate::{
    ErrorKind, Position, Result,
    completeness::{Caveat, Reason},
    fetch::guard::{Guard, Lead, Repeats},
    paginator::{
        Arrived, EMPTY_PAGE, End, EndKind, Next, PageFacts, Shortfall, Stated, Total, scroll_id,
    },
    query,
    retry::{Verdict, verdict},
};

/// A drained page.
struct Settled {
    stated: Stated,
    next: Next,
    /// What is missing if it is the last page.
    shortfall: Shortfall,
    /// The id of a scroll.
    scroll: Option<Position>,
}

impl<P> Machine<P> {
    /// Drains the pages that arrived and are next in order. Returns how long the next one waits if it is
    /// requested again.
    pub(super) fn drain_in_order(&mut self, now: Now, jitter: f64) -> Option<Duration> {
        while self.outcome.is_none() {
            let is_open =
                |slot: &PendingPage<P>| matches!(slot.state, PageState::Due(_) | PageState::Sent);
            if self.slots.front().is_none_or(is_open) {
                return None;
            }
            let slot = self.slots.pop_front()?;
            match slot.state {
                PageState::Due(_) | PageState::Sent => {}
                PageState::Stopped(status) => self.stop_on_status(&slot.position, status),
                PageState::Ignored(note) => self.ignore(slot.id, note),
                PageState::Skipped(note) => {
                    self.tally.notes.push(note);
                    self.finish(Ok("a parent that is skipped".to_owned()));
                }
                PageState::Restarted(failed_attempt) => self.restart(&failed_attempt.request),
                PageState::GivenUp(note) => {
                    self.completeness.warn(Caveat::UnfetchedPart);
                    self.ignore(slot.id, note);
                }
                PageState::Failed(error) => {
                    let is_spent = *error.kind() == ErrorKind::Budget;
                    if let Some(shortfall) = self.lookahead.take().filter(|_| !is_spent) {
                        self.end(End::complete(EMPTY_PAGE), shortfall);
                    } else {
                        let error = self.advise_on_token(slot.id, error);
                        self.finish(Err(error.with_position(slot.position)));
                    }
                }
                PageState::Page(..) => {
                    if let Some(wait) = self.settle_page(slot, now, jitter) {
                        return Some(wait);
                    }
                }
            }
        }
        None
    }

    /// The error of a first request with a token of an earlier fetch says what to do if that has expired.
    fn advise_on_token(&self, slot: u64, error: crate::Error) -> crate::Error {
        let is_at_token = self.rules.first_page == FirstPage::AtToken;
        let is_of_token = slot == 0 && is_at_token && self.restarts == 0;
        match error.kind() {
            ErrorKind::Status(status @ 400..=499) if is_of_token => {
                let help = format!(
                    "if the API answers {status} to a token that has expired, start over by a rule of \
                     `response_actions`: `{{ status_code: {status}, action: restart }}`"
                );
                error.with_help(help)
            }
            _ => error,
        }
    }

    /// Takes a page, or requests it again: returns how long that waits.
    fn settle_page(&mut self, mut slot: PendingPage<P>, now: Now, jitter: f64) -> Option<Duration> {
        let PageState::Page(facts, _) = &slot.state else {
            return None;
        };
        let settled = self.evaluate(&slot.position, facts);
        if let Ok(Settled {
            scroll: Some(id), ..
        }) = &settled
        {
            self.scroll = Some(id.clone());
        }
        if self.is_doubtful(&settled, facts)
            && let Some(wait) = self.wait_before_doubt(&slot, now, jitter)
        {
            self.tally.waited += wait;
            self.tally.notes.push(format!(
                "requested again, since it has less than the API stated: {}",
                facts.request
            ));
            slot.was_doubted = true;
            slot.state = PageState::Due(now.elapsed.saturating_add(wait));
            self.slots.push_front(slot);
            return Some(wait);
        }
        if let PageState::Page(facts, page) = slot.state {
            self.take_page(slot.id, slot.position, *facts, page, settled);
        }
        None
    }

    /// Whether a page contradicts what the API stated, and may be right on a retry.
    fn is_doubtful(&self, settled: &Result<Settled>, facts: &ResponseFacts) -> bool {
        // After a skipped page the total cannot be reached.
        if facts.failure.is_some() || facts.is_partly_delivered || self.has_gap {
            return false;
        }
        let is_empty = facts.received == 0;
        match settled {
            Err(_) => is_empty,
            Ok(Settled {
                stated,
                next: Next::Page(..),
                ..
            }) => {
                let has_nothing = facts.is_null || facts.no_content;
                is_empty && (has_nothing || self.statements.expects(stated).is_some())
            }
            Ok(Settled { shortfall, .. }) => matches!(shortfall, Shortfall::Missing(_)),
        }
    }

    /// How long the retry of a doubtful page waits; `None` without one.
    fn wait_before_doubt(&self, slot: &PendingPage<P>, now: Now, jitter: f64) -> Option<Duration> {
        let is_scroll = self.rules.repeats == Repeats::Scroll;
        if slot.was_doubted || is_scroll || !self.rules.repeatable.allows(false) {
            return None;
        }
        let spent = now.elapsed.saturating_sub(slot.first_sent);
        match verdict(&self.rules.retry, slot.attempts, spent, None, jitter) {
            Verdict::Wait(wait) if self.rules.budget.take() => Some(wait),
            _ => None,
        }
    }

    fn take_page(
        &mut self,
        id: u64,
        position: Position,
        facts: ResponseFacts,
        page: P,
        settled: Result<Settled>,
    ) {
        let ResponseFacts {
            received,
            selected,
            ref request,
            ..
        } = facts;
        self.tally.pages += 1;
        if id == 0 {
            self.guard
                .remember(Position::Url(facts.url.to_string()), request);
        }
        if let Err(error) = self
            .guard
            .page(&position, request, facts.fingerprint, received)
        {
            return self.finish(Err(error.with_position(position)));
        }
        self.ready.push_back((page, None));
        self.tally.received += received;
        self.tally.selected += selected;
        if received > 0 {
            self.full_pages = self.pages_through(&position);
            if let Some(request) = self.without_content.take() {
                let text = format!("a page without content, though records follow: {request}");
                self.completeness.add(Reason::MissingPage(text));
            }
        }
        self.note_short(received);
        let settled = match facts.failure {
            Some(error) => Err(error),
            None => settled,
        };
        match settled.and_then(|settled| self.follow(&position, &facts.request, received, settled))
        {
            Err(error) => self.finish(Err(error.with_position(position))),
            Ok(Settled {
                next: Next::End(end),
                shortfall,
                ..
            }) => {
                // The API may not know the position any more.
                if facts.no_content && self.tally.pages == 1 && self.before.0 > 0 {
                    let request = &facts.request;
                    let text = format!("no content where the fetch is resumed: {request}");
                    self.completeness.add(Reason::MissingPage(text));
                }
                self.end(end, shortfall);
            }
            Ok(Settled {
                stated,
                next: Next::Page(next, total),
                ..
            }) => {
                if received == 0 && (facts.no_content || facts.is_null) {
                    if stated.announced() {
                        let request = &facts.request;
                        let text =
                            format!("a page without content, though more was announced: {request}");
                        self.completeness.add(Reason::MissingPage(text));
                    }
                    self.without_content.get_or_insert(facts.request);
                    self.has_gap = true;
                }
                self.has_gap |= received == 0 && self.statements.expects(&stated).is_some();
                self.lookahead = self.lookahead_past(&position, received, &stated);
                self.note_following(&next);
                self.go_on(next, total, received);
            }
        }
    }

    /// Notes what follows the page that was drained last, if a later fetch can resume there.
    fn note_following(&mut self, next: &Position) {
        let can_resume = self.rules.repeats != Repeats::Scroll
            && self.rules.first_page == FirstPage::OfResource
            && self.restarts == 0
            && !self.has_gap
            && self.without_content.is_none()
            && self.completeness.is_complete();
        if let Some((_, following)) = self.ready.back_mut().filter(|_| can_resume) {
            let (pages, received) = self.before;
            let passed = (pages + self.tally.pages, received + self.tally.received);
            *following = Some((next.clone(), passed));
        }
    }

    /// What follows a page by its paginator, and what is missing if it is the last.
    fn evaluate(&self, position: &Position, facts: &ResponseFacts) -> Result<Settled> {
        let probes = facts
            .probes
            .split_at_checked(self.statements.probes().len());
        let (own, others) = probes.unwrap_or_default();
        let named = |error: crate::Error| error.with_request(&facts.request);
        let mut stated = self
            .statements
            .read(own, &facts.headers, facts.content())
            .map_err(named)?;
        let mut page = PageFacts {
            received: facts.received,
            before: self.arrived_before(),
            probes: others,
            headers: &facts.headers,
            url: facts.url.as_str(),
            empty_before: self.guard.empty(),
            total: self.statements.as_total(&stated),
            hint: stated.hint,
            has_more: stated.has_more(),
            no_content: facts.no_content,
        };
        if let Some(link) = self.rules.delta_link {
            stated.resolve_link(&page, link.rebases).map_err(named)?;
        }
        let mut next = self.paginator.next(position, &page).map_err(named)?;
        if let Next::End(_) = next
            && facts.received > 0
            && let Some(total) = self.statements.fallen_total(&stated)
        {
            // The next page tells whether records are gone, or the total is wrong.
            page.total = Some(total);
            next = self.paginator.next(position, &page).map_err(named)?;
        }
        let shortfall = match &next {
            Next::Page(..) => {
                stated.check_flag().map_err(named)?;
                Shortfall::None
            }
            Next::End(end) => {
                let arrived = self.arrived(position, facts.received);
                self.statements
                    .shortfall(end, &stated, &arrived)
                    .map_err(named)?
            }
        };
        let is_scroll = self.rules.repeats == Repeats::Scroll;
        let scroll = others.first().filter(|_| is_scroll).and_then(scroll_id);
        Ok(Settled {
            stated,
            next,
            shortfall,
            scroll,
        })
    }

    /// What is missing at an empty page by an undeclared total.
    fn lookahead_past(
        &self,
        position: &Position,
        received: u64,
        stated: &Stated,
    ) -> Option<Shortfall> {
        let is_hinted = received == 0
            && stated.hint.is_some()
            && stated.has_more() != Some(true)
            && matches!(position, Position::Offset(_) | Position::Page(_));
        if !is_hinted {
            return None;
        }
        let end = End::complete(EMPTY_PAGE);
        let arrived = self.arrived(position, 0);
        self.statements.shortfall(&end, stated, &arrived).ok()
    }

    /// What arrived, with a page of so many records at `position`.
    fn arrived(&self, position: &Position, received: u64) -> Arrived {
        Arrived {
            received: self.arrived_before().saturating_add(received),
            skipped: self.skipped,
            pages: if received > 0 {
                self.pages_through(position)
            } else {
                self.full_pages
            },
        }
    }

    /// The number of pages up to this one, if pages are numbered.
    fn pages_through(&self, position: &Position) -> Option<u64> {
        Some(self.paginator.pages_before(position)? + 1)
    }

    /// Follows a next page, checked by the loop guard and the spec's maximum.
    fn follow(
        &mut self,
        position: &Position,
        request: &str,
        received: u64,
        mut settled: Settled,
    ) -> Result<Settled> {
        self.statements.remember(&settled.stated);
        let Next::Page(to, _) = &mut settled.next else {
            return Ok(settled);
        };
        // A page that is not requested needs no check.
        if let Some(most) = self.rules.maximum_pages
            && self.tally.pages >= most
        {
            settled.next = Next::End(End::bounded(format!("`maximum_pages` {most}")));
            return Ok(settled);
        }
        if let (Position::Url(url), Some(name)) = (&mut *to, &self.rules.credential) {
            blank(url, name);
        }
        if self.guard.leads(position, to, request, received)? == Lead::End {
            let end = End::complete("the next page is one that was requested before");
            // The page was counted already.
            let arrived = self.arrived(position, 0);
            settled.shortfall = self.statements.shortfall(&end, &settled.stated, &arrived)?;
            settled.next = Next::End(end);
        }
        Ok(settled)
    }

    /// Records of the pages so far, since the last start.
    fn arrived_before(&self) -> u64 {
        self.tally.received.saturating_sub(self.discounted)
    }

    /// Starts again at the first page, since the cursor or link of a later one has expired. The records that
    /// arrived arrive again.
    fn restart(&mut self, request: &str) {
        self.restarts += 1;
        self.discounted = self.tally.received;
        self.completeness.warn(Caveat::Redelivery);
        self.tally
            .notes
            .push(format!("started again at the first page: {request}"));
        self.slots.clear();
        self.guard = Guard::new(self.rules.repeats);
        self.forecast = Forecast::Unknown;
        self.lookahead = None;
        self.without_content = None;
        self.short = None;
        let first = self.paginator.first();
        self.skipped = self.paginator.records_before(&first);
        self.full_pages = self.paginator.pages_before(&first);
        self.frontier = Some(first);
    }

    pub(super) fn end(&mut self, end: End, shortfall: Shortfall) {
        match shortfall {
            Shortfall::None => {}
            Shortfall::Warning(text) => self.tally.notes.push(text),
            Shortfall::Missing(reason) => self.completeness.add(reason),
        }
        if end.kind == EndKind::Bounded {
            self.completeness.add(Reason::Maximum(end.reason.clone()));
        }
        self.finish(Ok(end.reason));
    }

    /// Ends the pages at a status of `stop_on_status`.
    fn stop_on_status(&mut self, position: &Position, status: u16) {
        let end = End::complete(format!("status {status}"));
        let arrived = self.arrived(position, 0);
        let shortfall = self.statements.shortfall_without_page(&end, &arrived);
        self.end(end, shortfall);
    }

    /// Notes a page smaller than requested with a page after it: the server has a smaller maximum.
    fn note_short(&mut self, received: u64) {
        let size = self.paginator.page_size();
        if let (Some(short), Some(size), 1..) = (self.short, size, received) {
            let note = format!("the API does not honour the page size {size}: it gave {short}");
            if !self
                .tally
                .notes
                .iter()
                .any(|n| n.starts_with("the API does not honour"))
            {
                self.tally.notes.push(note);
            }
        }
        self.short = size
            .filter(|size| (1..*size).contains(&received))
            .map(|_| received);
    }

    fn go_on(&mut self, next: Position, total: Option<Total>, received: u64) {
        self.forecast = match (self.forecast, total) {
            (Forecast::Off, _) => Forecast::Off,
            // An empty page says nothing about the pages after it.
            (known @ Forecast::Known(..), Some(_)) if received == 0 => known,
            (_, Some(total)) => Forecast::Known(total, received),
            (_, None) => Forecast::Unknown,
        };
        match self.slots.front() {
            Some(slot) if slot.position == next => {}
            None => self.frontier = Some(next),
            Some(_) => {
                // The page was shorter than those before it: pages requested past it would skip or repeat
                // records.
                self.slots.clear();
                self.forecast = Forecast::Off;
                self.frontier = Some(next);
            }
        }
    }

    /// Ends the pages at a response that a rule ignores.
    fn ignore(&mut self, slot: u64, note: String) {
        // Past the first page it may hide records of its page and of those after it.
        let may_be_missing = self.rules.first_page == FirstPage::OfResource;
        if slot > 0 || self.resumed || !may_be_missing {
            self.completeness.add(Reason::MissingPage(note.clone()));
        }
        self.tally.ignored += 1;
        self.tally.notes.push(note);
        self.finish(Ok("a response that is ignored".to_owned()));
    }
}

/// Empties a query parameter of a link: a server may echo a credential. Each request sets its own.
pub(super) fn blank(url: &mut String, name: &str) {
    let has = |parsed: Url| parsed.query_pairs().any(|(found, _)| found == name);
    if Url::parse(url).is_ok_and(has) {
        query::set_in_url(url, name, "");
    }
}
