//! Paging and retries, as a state machine without I/O, clock or randomness.
//!
//! The driver asks for the next [`Step`], and reports the outcome of each request by
//! [`on_response`](Machine::on_response). The machine keeps the pages in order whatever the order of the
//! responses, and decides when to send, wait, deliver and stop.
//!

mod drain;
mod failures;
mod messages;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{
    failed_attempt::{self, FailedAttempt},
    guard::Guard,
};
use crate::{
    Completeness, Error, Position, Result,
    completeness::Reason,
    paginator::{End, Paginate, Shortfall, Statements, Total},
};

pub(super) use messages::{
    Attempt, AttemptOutcome, Counters, FirstPage, MachineConfig, Now, ResponseFacts, Step,
};

/// The state of a fetch between steps. `P` is the driver's page.
pub(super) struct Machine<P> {
    paginator: Arc<dyn Paginate>,
    statements: Statements,
    rules: MachineConfig,
    guard: Guard,
    /// The pages in flight or due, in order; the first is the next to be drained.
    slots: VecDeque<PendingPage<P>>,
    /// The pages drained and not yet delivered, in order, with what follows each.
    ready: VecDeque<(P, Option<Following>)>,
    /// What follows the page that was delivered last.
    following: Option<Following>,
    /// Pages and rows of earlier fetches.
    before: (u64, u64),
    /// The position after the last drained page, if it is not pending yet.
    frontier: Option<Position>,
    forecast: Forecast,
    /// Records before the first requested page, if known.
    skipped: Option<u64>,
    /// Pages up to the last that had records, if pages are numbered.
    full_pages: Option<u64>,
    /// What is missing at an empty page that was skipped because an undeclared total says that more
    /// follows. It is the end if the page after it fails.
    lookahead: Option<Shortfall>,
    /// The request of a skipped page without content: it is missing if records follow.
    without_content: Option<String>,
    /// Whether a page that may hold records was skipped: the pages after it must not move the state.
    has_gap: bool,
    /// What is missing, or bounds the fetch.
    completeness: Completeness,
    /// How the fetch ends, once the drained pages were delivered.
    outcome: Option<Result<String>>,
    /// The time before which no request may be sent.
    closed_until: Duration,
    /// Records still wanted, if there is a limit.
    wanted: Option<u64>,
    /// Records of the last page, if it was smaller than requested.
    short: Option<u64>,
    opened: u64,
    /// Records received before the last restart, and how many restarts there were.
    discounted: u64,
    restarts: u32,
    /// Whether the fetch started past the first page of the resource.
    resumed: bool,
    /// The id of the scroll, as a page had it last.
    scroll: Option<Position>,
    tally: Counters,
}

/// The position after a page, and how many pages and rows are before it.
pub(super) type Following = (Position, (u64, u64));

/// What is known of the pages to follow.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Forecast {
    /// Nothing.
    Unknown,
    /// The total, in pages of this many records.
    Known(Total, u64),
    /// The forecast was wrong: pages are requested one after the other.
    Off,
}

struct PendingPage<P> {
    id: u64,
    position: Position,
    attempts: u32,
    /// Whether the page was requested again because it contradicts what was stated.
    was_doubted: bool,
    first_sent: Duration,
    failures: Vec<String>,
    state: PageState<P>,
}

enum PageState<P> {
    /// To be sent at this time.
    Due(Duration),
    Sent,
    Page(Box<ResponseFacts>, P),
    /// This status ends the pages.
    Stopped(u16),
    /// A rule ignores the response, which ends the pages.
    Ignored(String),
    /// A rule ends the pages at the response, without a loss.
    Skipped(String),
    /// A rule starts again at the first page.
    Restarted(FailedAttempt),
    /// A rule ignores the response after the last retry, which ends the pages.
    GivenUp(String),
    Failed(Error),
}

impl<P> Machine<P> {
    /// At the first page, or at `from`.
    pub(super) fn new(
        paginator: Arc<dyn Paginate>,
        statements: Statements,
        rules: MachineConfig,
        wanted: Option<u64>,
        from: Option<Position>,
    ) -> Self {
        // A delta link leads to a first page.
        let resumed = from.is_some() && rules.first_page != FirstPage::AtToken;
        let first = from.unwrap_or_else(|| paginator.first());
        let mut machine = Self {
            skipped: paginator.records_before(&first),
            full_pages: paginator.pages_before(&first),
            paginator,
            statements,
            guard: Guard::new(rules.repeats),
            wanted,
            slots: VecDeque::new(),
            ready: VecDeque::new(),
            following: None,
            before: (0, 0),
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
            discounted: 0,
            restarts: 0,
            resumed,
            scroll: None,
            tally: Counters::default(),
            rules,
        };
        if machine.wanted == Some(0) {
            machine.stop_at_limit();
        }
        machine
    }

    /// The same after so many pages and rows of earlier fetches.
    pub(super) fn after(mut self, pages: u64, received: u64) -> Self {
        self.before = (pages, received);
        self.skipped = self.skipped.or(Some(received));
        self.rules.maximum_pages = self
            .rules
            .maximum_pages
            .map(|most| most.saturating_sub(pages));
        self
    }

    /// What follows the page that was delivered last, if a fetch that resumes there delivers nothing twice, and
    /// nothing too little.
    pub(super) fn take_following(&mut self) -> Option<Following> {
        self.following.take()
    }

    /// The next step. `room` says whether a page can be delivered.
    pub(super) fn step(&mut self, now: Now, room: bool) -> Step<P> {
        if room && let Some((page, following)) = self.ready.pop_front() {
            self.following = following;
            return Step::Page(page);
        }
        self.open(now);
        if let Some(attempt) = self.send(now) {
            return Step::Send(attempt);
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

    /// Takes the outcome of a request. Returns how long a retry waits. `jitter`, in [0, 1), shortens the
    /// wait: see [`backoff`](crate::retry::backoff).
    pub(super) fn on_response(
        &mut self,
        id: u64,
        answer: AttemptOutcome<P>,
        now: Now,
        jitter: f64,
    ) -> Option<Duration> {
        if let AttemptOutcome::Page(facts, _) = &answer
            && let Some(wait) = facts.closed
        {
            self.close_until(now.elapsed.saturating_add(wait));
        }
        // The page was abandoned in the meantime.
        let at = self.slots.iter().position(|slot| slot.id == id)?;
        let state = match answer {
            AttemptOutcome::Page(facts, page) => {
                self.rules.budget.give_back();
                PageState::Page(facts, page)
            }
            AttemptOutcome::Ignored(note) => PageState::Ignored(note),
            AttemptOutcome::Skipped(note) => PageState::Skipped(note),
            AttemptOutcome::Broken(error) => PageState::Failed(error),
            AttemptOutcome::Held(wait) => self.on_held(wait, now),
            AttemptOutcome::Refused(failed_attempt) => {
                self.on_failure(at, *failed_attempt, now, jitter)
            }
        };
        let wait = match &state {
            PageState::Due(due) => Some(due.saturating_sub(now.elapsed)),
            _ => None,
        };
        if let Some(slot) = self.slots.get_mut(at) {
            slot.state = state;
        }
        let doubted = self.drain_in_order(now, jitter);
        wait.or(doubted)
    }

    /// Counts records of the last delivered page for the limit; `cut` if it had more.
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

    /// Ends the fetch: no more records are wanted.
    pub(super) fn stop(&mut self, end: End) {
        self.ready.clear();
        self.end(end, Shortfall::None);
    }

    /// Ends the fetch at the caller's limit. Nothing is missing beyond it.
    fn stop_at_limit(&mut self) {
        let limit = Reason::Limit(self.rules.limit.unwrap_or_default());
        let reason = limit.to_string();
        self.completeness = Completeness::COMPLETE;
        self.completeness.add(limit);
        self.ready.clear();
        self.finish(Ok(reason));
    }

    /// The page that comes next, if it was requested: its rows may be delivered before the rest of it.
    pub(super) fn front(&self) -> Option<u64> {
        let slot = self.slots.front().filter(|_| self.ready.is_empty())?;
        matches!(slot.state, PageState::Sent).then_some(slot.id)
    }

    /// Whether a page that may hold records was skipped.
    pub(super) fn has_gap(&self) -> bool {
        self.has_gap
    }

    /// Ends the fetch by an error after the last delivered page.
    pub(super) fn fail(&mut self, error: Error) {
        self.ready.clear();
        self.finish(Err(error));
    }

    /// The token at which the next fetch starts, as the pages so far gave it.
    /// Whether the last page gave it. A link is without the credentials that the API may repeat in it.
    pub(super) fn change_token(&self) -> Option<(String, bool)> {
        let (token, is_of_last_page) = self.statements.change_token()?;
        let mut token = token.to_owned();
        if let (Some(name), Some(_)) = (&self.rules.credential, self.rules.delta_link) {
            drain::blank(&mut token, name);
        }
        Some((token, is_of_last_page))
    }

    /// The id of the scroll that the API keeps open, as a page had it last.
    pub(super) fn scroll(&self) -> Option<&Position> {
        self.scroll.as_ref()
    }

    /// How many records there are, by the declared total of the last page.
    pub(super) fn total(&self) -> Option<u64> {
        self.statements.total_records()
    }

    /// What its pages are asked to state.
    pub(super) fn statements(&self) -> &Statements {
        &self.statements
    }

    /// Whether it started again at the first page.
    pub(super) fn has_restarted(&self) -> bool {
        self.restarts > 0
    }

    /// The counters so far.
    pub(super) fn tally(&self) -> &Counters {
        &self.tally
    }

    /// Plans the pages that may be requested now.
    fn open(&mut self, now: Now) {
        while let Some(position) = self.next_to_open() {
            self.slots.push_back(PendingPage {
                id: self.opened,
                position,
                attempts: 0,
                was_doubted: false,
                first_sent: now.elapsed,
                failures: Vec::new(),
                state: PageState::Due(now.elapsed),
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

    /// Whether the limit needs more records than the pages in flight may bring.
    fn is_wanted(&self, waiting: usize) -> bool {
        self.wanted.is_none_or(|wanted| {
            let size = self.paginator.page_size().filter(|_| !self.rules.may_add);
            let page = size.unwrap_or(wanted);
            page.saturating_mul(waiting as u64) < wanted
        })
    }

    fn send(&mut self, now: Now) -> Option<Attempt> {
        let closed = self.closed_until.saturating_sub(now.elapsed);
        if closed > self.rules.retry.max_delay {
            let error = failed_attempt::quota_used_up(closed, now, &self.rules.retry);
            self.give_up(error);
        } else if !closed.is_zero()
            && let Err(spent) = self.rules.run_budget.check_time(self.closed_until)
        {
            self.give_up(spent.to_error());
        }
        if !closed.is_zero() {
            return None;
        }
        let is_due =
            |slot: &PendingPage<P>| matches!(slot.state, PageState::Due(due) if due <= now.elapsed);
        let at = self.slots.iter().position(is_due)?;
        let slot = self.slots.get_mut(at)?;
        if slot.attempts == 0 {
            slot.first_sent = now.elapsed;
        } else {
            self.tally.retries += 1;
        }
        self.tally.requests += 1;
        slot.attempts += 1;
        slot.state = PageState::Sent;
        Some(Attempt {
            id: slot.id,
            number: slot.attempts,
            position: slot.position.clone(),
        })
    }

    /// The next time at which a request may be due.
    fn wake(&self) -> Option<Duration> {
        let due = self.slots.iter().filter_map(|slot| match slot.state {
            PageState::Due(due) => Some(due),
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
