//! Failed requests: retries, and the waits that they impose on the source.

use std::time::Duration;

use super::{FirstPage, Machine, MachineConfig, Now, PageState};
use crate::{
    Error, Position,
    fetch::{
        failed_attempt::{self, AfterRetries, FailedAttempt, OutOf},
        guard::Repeats,
    },
    retry::{Verdict, listed, verdict},
};

impl<P> Machine<P> {
    /// A request was sent at this time, or not at all.
    pub(in crate::fetch) fn on_sent(&mut self, id: u64, at: Option<Duration>) {
        let slot = self.slots.iter_mut().find(|slot| slot.id == id);
        match (at, slot) {
            (Some(at), Some(slot)) if slot.attempts == 1 => slot.first_sent = at,
            (Some(_), _) => {}
            (None, slot) => {
                let again = slot.is_some_and(|slot| slot.attempts > 1);
                self.tally.requests -= 1;
                self.tally.retries -= u64::from(again);
            }
        }
    }

    /// The time until which the source must not send.
    pub(in crate::fetch) fn closed_until(&self, now: Now) -> Option<Duration> {
        (self.closed_until > now.elapsed).then_some(self.closed_until)
    }

    pub(super) fn close_until(&mut self, time: Duration) {
        self.closed_until = self.closed_until.max(time);
    }

    /// Ends the fetch by this error if the next page in order may not be requested. While that page is in flight it
    /// may still arrive, and pages after it too: an error now would lose them.
    pub(super) fn give_up(&mut self, error: Error) {
        if let Some(slot) = self.slots.front()
            && matches!(slot.state, PageState::Due(_))
        {
            let position = slot.position.clone();
            self.finish(Err(error.with_position(position)));
        }
    }

    /// A request was not sent because another fetch was told to wait.
    pub(super) fn on_held(&mut self, wait: Duration, now: Now) -> PageState<P> {
        self.close_until(now.elapsed.saturating_add(wait));
        PageState::Failed(failed_attempt::quota_used_up(wait, now, &self.rules.retry))
    }

    /// A request failed: retries it, or ends its page.
    pub(super) fn on_failure(
        &mut self,
        at: usize,
        failed_attempt: FailedAttempt,
        now: Now,
        jitter: f64,
    ) -> PageState<P> {
        let MachineConfig {
            retry,
            budget,
            run_budget,
            repeatable,
            stop_on_status,
            repeats,
            first_page,
            ..
        } = &self.rules;
        let resumed = self.resumed;
        let Some(slot) = self.slots.get_mut(at) else {
            return PageState::Sent;
        };
        let is_later = slot.id > 0 || resumed;
        if let (Some(status), None) = (failed_attempt.status, &failed_attempt.rule)
            && is_later
            && listed(status, stop_on_status)
        {
            return PageState::Stopped(status);
        }
        slot.failures.push(failed_attempt.what.clone());
        if failed_attempt.rule == Some(AfterRetries::Restart) {
            let is_first_expired = *first_page == FirstPage::AtToken && self.restarts == 0;
            let is_later_expired =
                is_later && self.restarts < retry.max_retries && repeatable.allows(false);
            let may_restart = is_first_expired || is_later_expired;
            return if may_restart {
                PageState::Restarted(failed_attempt)
            } else {
                PageState::Failed(failed_attempt.into_error(&slot.failures, None, is_later))
            };
        }
        let repeatable = repeatable.allows(failed_attempt.is_unserved);
        let is_scrolled = *repeats == Repeats::Scroll && slot.position != Position::First;
        if is_scrolled && failed_attempt.rule.is_none() && !failed_attempt.is_unserved {
            let error = failed_attempt.into_error(&slot.failures, None, is_later);
            return PageState::Failed(error.with_help(
                "the API may have moved the scroll on, so that a retry could skip a page: fetch again",
            ));
        }
        let is_retried = failed_attempt.is_retried(retry);
        let is_over = !repeatable || !is_retried;
        let spent = now.elapsed.saturating_sub(slot.first_sent);
        let verdict = verdict(retry, slot.attempts, spent, failed_attempt.told, jitter);
        let is_over_budget = !is_over && matches!(verdict, Verdict::Wait(_)) && !budget.take();
        // The wait of another attempt.
        let is_last = is_retried && (!repeatable || verdict == Verdict::Exhausted);
        let limited = failed_attempt.limited().filter(|_| is_last);
        // The wait applies to other requests too.
        let too_long = !is_over && matches!(verdict, Verdict::TooLong(_));
        if let Some(told) = failed_attempt.closes(too_long || limited.is_some()) {
            let closed = now.elapsed.saturating_add(told);
            self.closed_until = self.closed_until.max(closed);
        }
        if let Some(AfterRetries::Ignore(note)) = &failed_attempt.rule
            && !is_over
            && (is_over_budget || !matches!(verdict, Verdict::Wait(_)))
        {
            return PageState::GivenUp(note.clone());
        }
        if let Some(wait) = limited {
            let error = failed_attempt.into_last_rate_limit(wait, now, &slot.failures, repeatable);
            return PageState::Failed(error);
        }
        if is_over {
            return PageState::Failed(failed_attempt.into_error(&slot.failures, None, is_later));
        }
        match verdict {
            Verdict::Wait(_) if is_over_budget => PageState::Failed(failed_attempt.into_error(
                &slot.failures,
                Some(OutOf::Retries(budget.used_up())),
                is_later,
            )),
            Verdict::Wait(wait) => {
                let due = now.elapsed.saturating_add(wait);
                if let Err(spent) = run_budget.check(due) {
                    return PageState::Failed(failed_attempt.into_spent(spent, &slot.failures));
                }
                self.tally.waited += wait;
                if failed_attempt.throttled {
                    self.close_until(due);
                }
                PageState::Due(due)
            }
            Verdict::TooLong(wait) => {
                PageState::Failed(failed_attempt.into_rate_limit(wait, now, retry))
            }
            Verdict::Exhausted => {
                PageState::Failed(failed_attempt.into_error(&slot.failures, None, is_later))
            }
            Verdict::OutOfTime => PageState::Failed(failed_attempt.into_error(
                &slot.failures,
                Some(OutOf::Time(retry.max_elapsed)),
                is_later,
            )),
        }
    }
}
