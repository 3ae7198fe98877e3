//! How long to wait before asking again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{permits::PermitPool, plan::Retry};

/// The retries that all requests of a client may make together.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    most: u64,
    /// In tenths of a retry.
    used: AtomicU64,
    /// The permits of several processes, which then have the budget together: it is taken with the permit of a retry.
    pool: Option<Arc<PermitPool>>,
}

/// How many pages give a retry back.
const PAGES_A_RETRY: u64 = 10;

impl RetryBudget {
    pub(crate) fn new(retry: &Retry) -> Self {
        Self {
            most: retry.budget.unwrap_or(u64::MAX),
            used: AtomicU64::new(0),
            pool: None,
        }
    }

    /// The retries that several processes may make together.
    pub(crate) fn of_pool(pool: Arc<PermitPool>) -> Self {
        Self {
            most: u64::MAX,
            used: AtomicU64::new(0),
            pool: Some(pool),
        }
    }

    /// Says that none is left.
    pub(crate) fn used_up(&self) -> String {
        format!(
            "the retries of all requests are used up, `budget: {}`",
            self.most
        )
    }

    /// Takes one retry; `false` if none is left.
    pub(crate) fn take(&self) -> bool {
        let most = self.most.saturating_mul(PAGES_A_RETRY);
        let next =
            |used: u64| Some(used.saturating_add(PAGES_A_RETRY)).filter(|next| *next <= most);
        self.update(next)
    }

    /// Gives a part of a retry back, since a page arrived: a long fetch may meet more failures than a short one.
    pub(crate) fn give_back(&self) {
        if let Some(pool) = &self.pool {
            return pool.add_page();
        }
        self.update(|used| used.checked_sub(1));
    }

    fn update(&self, next: impl FnMut(u64) -> Option<u64>) -> bool {
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
            .is_ok()
    }
}

/// Whether a status is in one of these inclusive ranges.
pub(crate) fn listed(status: u16, ranges: &[(u16, u16)]) -> bool {
    ranges
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&status))
}

/// The wait before retry `n` (1, 2, …): `backoff_factor × 2^(n−1)` seconds, at most `max_delay`.
///
/// `jitter`, in [0, 1), shortens it to between all and half of that, so that clients which failed
/// together do not come back together.
pub(crate) fn backoff(retry: &Retry, n: u32, jitter: f64) -> Duration {
    let doublings = i32::try_from(n.saturating_sub(1)).unwrap_or(i32::MAX);
    let seconds = retry.backoff_factor * 2_f64.powi(doublings);
    // Not a number, infinite and too large all mean: as long as allowed.
    let full = Duration::try_from_secs_f64(seconds)
        .unwrap_or(Duration::MAX)
        .min(retry.max_delay);
    full.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0)
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Ask again after this long.
    Wait(Duration),
    /// The server wants a longer wait than `retry` allows: this long.
    TooLong(Duration),
    /// No retry is left.
    Exhausted,
    /// The next attempt would start past `max_elapsed`.
    OutOfTime,
}

/// Decides after attempt `attempts` (1, 2, …) failed, `elapsed` after the first was sent, where the
/// server may have `told` how long to wait.
pub(crate) fn verdict(
    retry: &Retry,
    attempts: u32,
    elapsed: Duration,
    told: Option<Duration>,
    jitter: f64,
) -> Verdict {
    if attempts > retry.max_retries {
        return Verdict::Exhausted;
    }
    // What the server says is right, though the backoff is longer, unless it says nothing by it.
    let told_wait = told.filter(|told| !told.is_zero());
    let wait = told_wait.unwrap_or_else(|| backoff(retry, attempts, jitter));
    let in_time = elapsed
        .checked_add(wait)
        .is_some_and(|start| start <= retry.max_elapsed);
    match told {
        Some(told) if told > retry.max_delay || !in_time => Verdict::TooLong(wait),
        None if !in_time => Verdict::OutOfTime,
        _ => Verdict::Wait(wait),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn ten_pages_give_a_retry_back() {
        let budget = RetryBudget::new(&Retry {
            budget: Some(2),
            ..Retry::DEFAULT
        });
        budget.give_back();
        assert!(budget.take() && budget.take() && !budget.take());
        for _ in 0..9 {
            budget.give_back();
        }
        assert!(!budget.take());
        budget.give_back();
        assert!(budget.take() && !budget.take());
        let unbounded = RetryBudget::new(&Retry::DEFAULT);
        assert!((0..1_000).all(|_| unbounded.take()));
    }

    #[test]
    fn waits_double_from_the_factor_and_stop_at_the_longest() {
        let waits: Vec<_> = (1..=7)
            .map(|n| backoff(&Retry::DEFAULT, n, 0.0).as_secs())
            .collect();
        assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60]);
    }

    proptest! {
        #[test]
        fn jitter_only_shortens_and_by_half_at_most(n in 1_u32..2_000, jitter in 0.0..1.0) {
            let full = backoff(&Retry::DEFAULT, n, 0.0);
            let wait = backoff(&Retry::DEFAULT, n, jitter);
            prop_assert!(wait <= full && wait >= full / 2);
        }
    }

    #[test]
    fn what_the_server_says_is_waited_in_place_of_the_backoff() {
        let verdict = |told| verdict(&Retry::DEFAULT, 1, S, told, 0.0);
        assert_eq!(verdict(None), Verdict::Wait(2 * S));
        assert_eq!(verdict(Some(S)), Verdict::Wait(S));
        assert_eq!(verdict(Some(Duration::ZERO)), Verdict::Wait(2 * S));
        assert_eq!(verdict(Some(7 * S)), Verdict::Wait(7 * S));
        assert_eq!(verdict(Some(60 * S)), Verdict::Wait(60 * S));
        assert_eq!(verdict(Some(61 * S)), Verdict::TooLong(61 * S));
    }

    #[test]
    fn no_attempt_starts_past_the_longest_time() {
        let verdict = |told| verdict(&Retry::DEFAULT, 2, 597 * S, told, 0.0);
        assert_eq!(verdict(None), Verdict::OutOfTime);
        assert_eq!(verdict(Some(3 * S)), Verdict::Wait(3 * S));
        assert_eq!(verdict(Some(4 * S)), Verdict::TooLong(4 * S));
    }

    #[test]
    fn three_retries_are_four_attempts() {
        let verdict = |attempts| verdict(&Retry::DEFAULT, attempts, S, None, 0.0);
        assert_eq!(verdict(3), Verdict::Wait(8 * S));
        assert_eq!(verdict(4), Verdict::Exhausted);
    }
}
