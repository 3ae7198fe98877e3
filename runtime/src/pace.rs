//! How fast the requests of one source may follow each other, whoever makes them.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::Clock;

/// What all workers of a source share: how many requests may be in flight, and how long all have to
/// wait.
#[derive(Debug)]
pub(crate) struct Pace {
    places: Semaphore,
    /// No request before this time of the source's clock.
    closed_until: Mutex<Duration>,
}

/// The right to send one request, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    _place: Option<SemaphorePermit<'a>>,
    /// How long the source made it wait.
    pub(crate) waited: Duration,
}

impl Pace {
    /// With at most this many requests in flight, at least 1.
    pub(crate) fn new(concurrency: u16) -> Self {
        Self {
            places: Semaphore::new(usize::from(concurrency.max(1))),
            closed_until: Mutex::default(),
        }
    }

    /// Keeps every request from being sent before this time of the clock. An earlier end of a wait
    /// that is already on does not shorten it.
    pub(crate) fn close_until(&self, elapsed: Duration) {
        let mut closed_until = self.lock();
        *closed_until = elapsed.max(*closed_until);
    }

    /// Waits for a free place, and for the end of any wait.
    pub(crate) async fn turn(&self, clock: &dyn Clock) -> Turn<'_> {
        // The semaphore is never closed, so there is always a place in the end.
        let place = self.places.acquire().await.ok();
        let mut waited = Duration::ZERO;
        loop {
            let wait = self.lock().saturating_sub(clock.elapsed());
            if wait.is_zero() {
                return Turn {
                    _place: place,
                    waited,
                };
            }
            clock.sleep(wait).await;
            waited += wait;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Duration> {
        self.closed_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::manual::ManualClock;
    use futures_util::FutureExt;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn no_more_requests_are_in_flight_than_allowed() {
        let clock = ManualClock::default();
        let pace = Pace::new(2);
        let first = pace.turn(&clock).await;
        let _second = pace.turn(&clock).await;
        assert!(pace.turn(&clock).now_or_never().is_none());
        drop(first);
        assert!(pace.turn(&clock).now_or_never().is_some());
    }

    #[tokio::test]
    async fn all_wait_for_the_latest_time_that_the_api_named() {
        let clock = ManualClock::default();
        let pace = Pace::new(2);
        pace.close_until(9 * SECOND);
        pace.close_until(5 * SECOND);
        clock.advance(SECOND);
        assert_eq!(pace.turn(&clock).await.waited, 8 * SECOND);
        assert_eq!(pace.turn(&clock).await.waited, Duration::ZERO);
    }
}
