//! The whole of paging and retrying, as a state machine without I/O, clock or chance.
//!
//! Whoever drives it asks for the next [`Step`] and tells it what its requests were [`heard`] to
//! answer. It keeps the pages in order whatever the order of the answers, and says when to send, to
//! wait, to deliver and to stop.
//!
//! [`heard`]: Machine::heard

mod refused;
mod settle;
mod terms;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::guard::Guard;
use crate::{
    Completeness, Error, Position, Result,
    completeness::Reason,
    paginator::{End, Paginate, Shortfall, Statements, Total},
};

pub(super) use terms::{Answer, Facts, Now, Order, Rules, Step, Tally};

/// What a fetch is at, between steps. `P` is what a page is to the driver.
pub(super) struct Machine<P> {
    paginator: Arc<dyn Paginate>,
    statements: Statements,
    rules: Rules,
    guard: Guard,
    /// The pages asked for or to be asked for, in order; the first is the next to be settled.
    slots: VecDeque<Slot<P>>,
    /// The pages settled and not yet delivered, in order.
    ready: VecDeque<P>,
    /// The page after the last settled one, where no slot is for it yet.
    frontier: Option<Position>,
    forecast: Forecast,
    /// Records before the first page asked for, where that is known.
    skipped: Option<u64>,
    /// Pages up to the last that had records, where pages are numbered.
    full_pages: Option<u64>,
    /// What is missing at an empty page that was passed over since an undeclared total says that more
    /// follows: it is the end where the page after it fails.
    lookahead: Option<Shortfall>,
    /// The request of a page without content that was passed over: missing, once records follow.
    without_content: Option<String>,
    /// Whether a page was passed over that may hold records: the pages after it must not move the state.
    has_gap: bool,
    /// What is known to be missing, or to bound the fetch.
    completeness: Completeness,
    /// How it ends, once what is ready was delivered.
    outcome: Option<Result<String>>,
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
    /// Whether its page was requested again since it contradicts what was stated.
    was_doubted: bool,
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
    pub(super) fn new(
        paginator: Arc<dyn Paginate>,
        statements: Statements,
        rules: Rules,
        from: Option<Position>,
    ) -> Self {
        let resumed = from.is_some();
        let first = from.unwrap_or_else(|| paginator.first());
        let mut machine = Self {
            skipped: paginator.records_before(&first),
            full_pages: paginator.pages_before(&first),
            paginator,
            statements,
            guard: Guard::new(rules.end_on_repeat),
            wanted: rules.limit,
            slots: VecDeque::new(),
            ready: VecDeque::new(),
            frontier: Some(first),
            forecast: Forecast::Unknown,
            lookahead: None,
            without_content: None,
            has_gap: false,
            completeness: Completeness::COMPLETE,
            outcome: None,
            closed_until: Duration::ZERO,
            short: None,
            opened: 0,
            resumed,
            tally: Tally::default(),
            rules,
        };
        if machine.wanted == Some(0) {
            machine.stop_at_limit();
        }
        machine
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
                Some(Ok(reason)) => {
                    return Step::Done(reason, std::mem::take(&mut self.completeness));
                }
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
        let doubted = self.settle(now, jitter);
        wait.or(doubted)
    }

    /// So many records of the last page delivered count for the limit; `cut` where it had more.
    pub(super) fn delivered(&mut self, records: u64, cut: bool) {
        let Some(wanted) = &mut self.wanted else {
            return;
        };
        *wanted = wanted.saturating_sub(records);
        let ended = self.ready.is_empty() && matches!(self.outcome, Some(Ok(_)));
        if *wanted == 0 && (cut || !ended) {
            self.stop_at_limit();
        }
    }

    /// Ends the fetch: nothing more is wanted.
    pub(super) fn stop(&mut self, end: End) {
        self.ready.clear();
        self.end(end, Shortfall::None);
    }

    /// Ends the fetch: the caller has as many records as wanted. What is missing past them does not
    /// matter.
    fn stop_at_limit(&mut self) {
        let limit = Reason::Limit(self.rules.limit.unwrap_or_default());
        let reason = limit.to_string();
        self.completeness = Completeness::COMPLETE;
        self.completeness.add(limit);
        self.ready.clear();
        self.finish(Ok(reason));
    }

    /// Whether a page was passed over that may hold records.
    pub(super) fn has_gap(&self) -> bool {
        self.has_gap
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
                was_doubted: false,
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

    fn finish(&mut self, outcome: Result<String>) {
        self.slots.clear();
        self.frontier = None;
        self.outcome = Some(outcome);
    }
}

#[cfg(test)]
mod tests;
