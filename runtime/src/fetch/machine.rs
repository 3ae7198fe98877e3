//! The whole of paging and retrying, as a state machine without I/O, clock or chance.
//!
//! Whoever drives it asks for the next [`Step`] and tells it what its requests were [`heard`] to
//! answer. It keeps the pages in order whatever the order of the answers, and says when to send, to
//! wait, to deliver and to stop.
//!
//! [`heard`]: Machine::heard

mod refused;
mod terms;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use url::Url;

use super::guard::Guard;
use crate::{
    Error, Position, Result,
    paginator::{End, Next, PageFacts, Paginate, Total},
    query,
    report::count,
};

pub(super) use terms::{Answer, Facts, Now, Order, Rules, Step, Tally};

/// What a fetch is at, between steps. `P` is what a page is to the driver.
pub(super) struct Machine<P> {
    paginator: Arc<dyn Paginate>,
    rules: Rules,
    guard: Guard,
    /// The pages asked for or to be asked for, in order; the first is the next to be settled.
    slots: VecDeque<Slot<P>>,
    /// The pages settled and not yet delivered, in order.
    ready: VecDeque<P>,
    /// The page after the last settled one, where no slot is for it yet.
    frontier: Option<Position>,
    forecast: Forecast,
    /// How much there is in all, as the last page said that did.
    total: Option<Total>,
    /// How it ends, once what is ready was delivered.
    outcome: Option<Result<End>>,
    /// No request before this time.
    closed_until: Duration,
    /// Records that the caller still wants, where there is a limit.
    wanted: Option<u64>,
    /// Records of the last page, where it was smaller than asked for.
    short: Option<u64>,
    opened: u64,
    /// Whether the first page asked for is not the resource's first.
    resumed: bool,
    tally: Tally,
}

/// What is known of the pages to come.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Forecast {
    /// Nothing.
    Unknown,
    /// So much in all, in pages of this many records.
    Known(Total, u64),
    /// It proved wrong: pages are asked for one after the other.
    Off,
}

struct Slot<P> {
    id: u64,
    position: Position,
    attempts: u32,
    first_sent: Duration,
    failures: Vec<String>,
    state: SlotState<P>,
}

enum SlotState<P> {
    /// To be sent at this time.
    Due(Duration),
    Sent,
    Page(Box<Facts>, P),
    /// This status ends the pages.
    Stopped(u16),
    /// A rule says to ignore what was answered, which ends the pages.
    Ignored(String),
    /// A rule says to ignore what the last attempt was answered, likewise.
    GivenUp(String),
    Failed(Error),
}

impl<P> Machine<P> {
    /// At the first page, or at `from`.
    pub(super) fn new(paginator: Arc<dyn Paginate>, rules: Rules, from: Option<Position>) -> Self {
        let resumed = from.is_some();
        let first = from.unwrap_or_else(|| paginator.first());
        Self {
            paginator,
            rules,
            guard: Guard::default(),
            slots: VecDeque::new(),
            ready: VecDeque::new(),
            frontier: Some(first),
            forecast: Forecast::Unknown,
            total: None,
            outcome: (rules.limit == Some(0)).then(|| Ok(limit_reached(0))),
            closed_until: Duration::ZERO,
            wanted: rules.limit,
            short: None,
            opened: 0,
            resumed,
            tally: Tally::default(),
        }
    }

    /// What to do next. `room` says whether a page could be delivered.
    pub(super) fn step(&mut self, now: Now, room: bool) -> Step<P> {
        if room && let Some(page) = self.ready.pop_front() {
            return Step::Page(page);
        }
        self.open(now);
        if let Some(order) = self.send(now) {
            return Step::Send(order);
        }
        if self.ready.is_empty() {
            match self.outcome.take() {
                Some(Ok(end)) => return Step::Done(end),
                Some(Err(error)) => return Step::Fail(error),
                None => {}
            }
        }
        Step::Wait(self.wake())
    }

    /// Takes the answer to a request, and says how long that request waits where it is made again.
    /// `jitter`, in [0, 1), shortens a wait: see [`backoff`](crate::retry::backoff).
    pub(super) fn heard(
        &mut self,
        id: u64,
        answer: Answer<P>,
        now: Now,
        jitter: f64,
    ) -> Option<Duration> {
        if let Answer::Page(facts, _) = &answer
            && let Some(wait) = facts.closed
        {
            self.close_until(now.elapsed.saturating_add(wait));
        }
        // An answer to a page that was given up since is of no more use.
        let at = self.slots.iter().position(|slot| slot.id == id)?;
        let state = match answer {
            Answer::Page(facts, page) => SlotState::Page(facts, page),
            Answer::Ignored(note) => SlotState::Ignored(note),
            Answer::Broken(error) => SlotState::Failed(error),
            Answer::Held(wait) => self.held(wait, now),
            Answer::Refused(refusal) => self.refused(at, *refusal, now, jitter),
        };
        let wait = match &state {
            SlotState::Due(due) => Some(due.saturating_sub(now.elapsed)),
            _ => None,
        };
        if let Some(slot) = self.slots.get_mut(at) {
            slot.state = state;
        }
        self.settle();
        wait
    }

    /// So many records of the last page delivered count for the limit; `cut` where it had more.
    pub(super) fn delivered(&mut self, records: u64, cut: bool) {
        let Some(wanted) = &mut self.wanted else {
            return;
        };
        *wanted = wanted.saturating_sub(records);
        let ended = self.ready.is_empty() && matches!(self.outcome, Some(Ok(_)));
        if *wanted == 0 && (cut || !ended) {
            self.stop(limit_reached(self.rules.limit.unwrap_or_default()));
        }
    }

    /// Ends the fetch: nothing more is wanted.
    pub(super) fn stop(&mut self, end: End) {
        self.ready.clear();
        self.finish(Ok(end));
    }

    /// Ends the fetch: what was delivered last is wrong past its end.
    pub(super) fn fail(&mut self, error: Error) {
        self.ready.clear();
        self.finish(Err(error));
    }

    /// What it counted so far.
    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Makes slots for the pages that may be asked for now.
    fn open(&mut self, now: Now) {
        while let Some(position) = self.next_to_open() {
            self.slots.push_back(Slot {
                id: self.opened,
                position,
                attempts: 0,
                first_sent: now.elapsed,
                failures: Vec::new(),
                state: SlotState::Due(now.elapsed),
            });
            self.opened += 1;
        }
    }

    fn next_to_open(&mut self) -> Option<Position> {
        let waiting = self.slots.len() + self.ready.len();
        let side_by_side = matches!(self.forecast, Forecast::Known(..));
        let window = if side_by_side {
            self.rules.concurrency
        } else {
            1
        };
        if waiting >= window || !self.is_wanted(waiting) {
            return None;
        }
        let Some(last) = self.slots.back() else {
            return self.frontier.take();
        };
        let ahead = self.tally.pages + self.slots.len() as u64;
        if self.rules.maximum_pages.is_some_and(|most| ahead >= most) {
            return None;
        }
        match self.forecast {
            Forecast::Known(total, stride) => {
                self.paginator.forecast(&last.position, total, stride)
            }
            _ => None,
        }
    }

    /// Whether the caller's limit asks for more than the pages on their way may bring.
    fn is_wanted(&self, waiting: usize) -> bool {
        self.wanted.is_none_or(|wanted| {
            let size = self.paginator.page_size().filter(|_| !self.rules.may_add);
            let page = size.unwrap_or(wanted);
            page.saturating_mul(waiting as u64) < wanted
        })
    }

    fn send(&mut self, now: Now) -> Option<Order> {
        let closed = self.closed_until.saturating_sub(now.elapsed);
        if closed > self.rules.retry.max_delay {
            self.give_up(closed, now);
        }
        if !closed.is_zero() {
            return None;
        }
        let is_due =
            |slot: &Slot<P>| matches!(slot.state, SlotState::Due(due) if due <= now.elapsed);
        let at = self.slots.iter().position(is_due)?;
        let slot = self.slots.get_mut(at)?;
        if slot.attempts == 0 {
            slot.first_sent = now.elapsed;
        } else {
            self.tally.retries += 1;
        }
        self.tally.requests += 1;
        slot.attempts += 1;
        slot.state = SlotState::Sent;
        Some(Order {
            id: slot.id,
            attempt: slot.attempts,
            position: slot.position.clone(),
        })
    }

    /// When there may be something to send without an answer before.
    fn wake(&self) -> Option<Duration> {
        let due = self.slots.iter().filter_map(|slot| match slot.state {
            SlotState::Due(due) => Some(due),
            _ => None,
        });
        due.min().map(|due| due.max(self.closed_until))
    }

    /// Settles the pages that are next in order and have come.
    fn settle(&mut self) {
        while self.outcome.is_none() {
            let is_open =
                |slot: &Slot<P>| matches!(slot.state, SlotState::Due(_) | SlotState::Sent);
            if self.slots.front().is_none_or(is_open) {
                return;
            }
            let Some(slot) = self.slots.pop_front() else {
                return;
            };
            match slot.state {
                SlotState::Due(_) | SlotState::Sent => {}
                SlotState::Stopped(status) => {
                    self.finish(Ok(End::complete(format!("status {status}"))));
                }
                SlotState::Ignored(note) if slot.id == 0 && !self.resumed => {
                    self.ignore(note, End::complete("a response that is ignored"));
                }
                // It may hide records, and those of the pages after it.
                SlotState::Ignored(note) | SlotState::GivenUp(note) => {
                    self.ignore(note, End::cut_off("a response that is ignored"));
                }
                SlotState::Failed(error) => {
                    self.finish(Err(error.with_position(slot.position)));
                }
                SlotState::Page(facts, page) => {
                    self.settle_page(slot.id, slot.position, *facts, page);
                }
            }
        }
    }

    fn settle_page(&mut self, id: u64, position: Position, facts: Facts, page: P) {
        let Facts {
            received,
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
        self.ready.push_back(page);
        let next = self.next(&position, &facts);
        self.tally.received += received;
        self.note_short(received);
        match (facts.failure, next) {
            (Some(error), _) | (None, Err(error)) => {
                self.finish(Err(error.with_position(position)));
            }
            (None, Ok(Next::End(end))) => self.finish(Ok(end)),
            (None, Ok(Next::Page(next, total))) => self.go_on(next, total, received),
        }
    }

    /// What follows a page, watched by the guard.
    fn next(&mut self, position: &Position, facts: &Facts) -> Result<Next> {
        let page = PageFacts {
            received: facts.received,
            before: self.tally.received,
            probes: &facts.probes,
            headers: &facts.headers,
            url: facts.url.as_str(),
            total: self.total,
            no_content: facts.no_content,
        };
        let mut next = self
            .paginator
            .next(position, &page)
            .map_err(|error| error.with_request(&facts.request))?;
        if let Next::Page(to, _) = &mut next {
            // A page that is not asked for may be anywhere.
            if self
                .rules
                .maximum_pages
                .is_some_and(|most| self.tally.pages >= most)
            {
                let reason = format!("`maximum_pages` {}", self.tally.pages);
                return Ok(Next::End(End::cut_off(reason)));
            }
            if let (Position::Url(url), Some(name)) = (&mut *to, self.rules.credential) {
                blank(url, name);
            }
            self.guard.leads(to, &facts.request)?;
        }
        Ok(next)
    }

    /// A page smaller than asked for, and another after it: the server has a cap of its own.
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
        self.short = size.filter(|size| received < *size).map(|_| received);
    }

    fn go_on(&mut self, next: Position, total: Option<Total>, received: u64) {
        self.total = total.or(self.total);
        self.forecast = match (self.forecast, total) {
            (Forecast::Off, _) => Forecast::Off,
            (_, Some(total)) => Forecast::Known(total, received),
            (_, None) => Forecast::Unknown,
        };
        match self.slots.front() {
            Some(slot) if slot.position == next => {}
            None => self.frontier = Some(next),
            Some(_) => {
                // The page was not as long as those before it: what was asked for past it would
                // leave records out, or bring them twice.
                self.slots.clear();
                self.forecast = Forecast::Off;
                self.frontier = Some(next);
            }
        }
    }

    fn ignore(&mut self, note: String, end: End) {
        self.tally.ignored += 1;
        self.tally.notes.push(note);
        self.finish(Ok(end));
    }

    fn finish(&mut self, outcome: Result<End>) {
        self.slots.clear();
        self.frontier = None;
        self.outcome = Some(outcome);
    }
}

/// Empties a query parameter where a link has it: a server may echo a credential. Each request gets
/// its own, in the same place.
fn blank(url: &mut String, name: &str) {
    let has = |parsed: Url| parsed.query_pairs().any(|(found, _)| found == name);
    if Url::parse(url).is_ok_and(has) {
        query::set_in_url(url, name, "");
    }
}

fn limit_reached(limit: u64) -> End {
    End::cut_off(format!("the limit of {}", count(limit, "record")))
}

#[cfg(test)]
mod tests;
