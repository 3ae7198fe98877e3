//! What becomes of a request that brought no page, and of the others of its source.

use std::time::Duration;

use super::{Machine, Now, Rules, SlotState};
use crate::{
    fetch::refusal::{self, AfterRetries, Refusal},
    retry::{Verdict, listed, verdict},
};

impl<P> Machine<P> {
    /// The request was sent at this time, after it waited its turn; or not at all.
    pub(in crate::fetch) fn begun(&mut self, id: u64, at: Option<Duration>) {
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

    /// Until when no worker of the source may send.
    pub(in crate::fetch) fn closed_until(&self, now: Now) -> Option<Duration> {
        (self.closed_until > now.elapsed).then_some(self.closed_until)
    }

    pub(super) fn close_until(&mut self, time: Duration) {
        self.closed_until = self.closed_until.max(time);
    }

    /// Ends the fetch where the next page in order is one that no quota is left for. While that page
    /// is in flight it still comes, and so may those after it: an error now would leave them out.
    pub(super) fn give_up(&mut self, closed: Duration, now: Now) {
        if let Some(slot) = self.slots.front()
            && matches!(slot.state, SlotState::Due(_))
        {
            let error = refusal::quota_used_up(closed, now, &self.rules.retry);
            let position = slot.position.clone();
            self.finish(Err(error.with_position(position)));
        }
    }

    /// What becomes of a slot whose request was not sent, since another fetch was told to wait so long.
    pub(super) fn held(&mut self, wait: Duration, now: Now) -> SlotState<P> {
        self.close_until(now.elapsed.saturating_add(wait));
        SlotState::Failed(refusal::quota_used_up(wait, now, &self.rules.retry))
    }

    /// What becomes of a slot whose request was refused.
    pub(super) fn refused(
        &mut self,
        at: usize,
        refusal: Refusal,
        now: Now,
        jitter: f64,
    ) -> SlotState<P> {
        let Rules {
            retry,
            repeatable,
            stop_on_status,
            ..
        } = &self.rules;
        let resumed = self.resumed;
        let Some(slot) = self.slots.get_mut(at) else {
            return SlotState::Sent;
        };
        let is_later = slot.id > 0 || resumed;
        if let (Some(status), None) = (refusal.status, &refusal.rule)
            && is_later
            && listed(status, stop_on_status)
        {
            return SlotState::Stopped(status);
        }
        slot.failures.push(refusal.what.clone());
        let is_retried = refusal.is_retried(retry);
        let is_over = !*repeatable || !is_retried;
        let spent = now.elapsed.saturating_sub(slot.first_sent);
        let verdict = verdict(retry, slot.attempts, spent, refusal.told, jitter);
        // Another attempt would have had to wait so long.
        let is_last = is_retried && (!repeatable || verdict == Verdict::Exhausted);
        let limited = refusal.limited().filter(|_| is_last);
        // It is not only for this request, nor over with it.
        let too_long = !is_over && matches!(verdict, Verdict::TooLong(_));
        if let Some(told) = refusal.closes(too_long || limited.is_some()) {
            let closed = now.elapsed.saturating_add(told);
            self.closed_until = self.closed_until.max(closed);
        }
        if let Some(AfterRetries::Ignore(note)) = &refusal.rule
            && !is_over
            && !matches!(verdict, Verdict::Wait(_))
        {
            return SlotState::GivenUp(note.clone());
        }
        if let Some(wait) = limited {
            let error = refusal.into_last_rate_limit(wait, now, &slot.failures, *repeatable);
            return SlotState::Failed(error);
        }
        if is_over {
            return SlotState::Failed(refusal.into_error(&slot.failures, None, is_later));
        }
        match verdict {
            Verdict::Wait(wait) => {
                let due = now.elapsed.saturating_add(wait);
                self.tally.waited += wait;
                if refusal.throttled {
                    self.close_until(due);
                }
                SlotState::Due(due)
            }
            Verdict::TooLong(wait) => SlotState::Failed(refusal.into_rate_limit(wait, now, retry)),
            Verdict::Exhausted => {
                SlotState::Failed(refusal.into_error(&slot.failures, None, is_later))
            }
            Verdict::OutOfTime => SlotState::Failed(refusal.into_error(
                &slot.failures,
                Some(retry.max_elapsed),
                is_later,
            )),
        }
    }
}
