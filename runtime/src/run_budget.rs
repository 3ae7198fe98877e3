//! The budget of a run: how many requests it may send, and how long it may begin new ones.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{Error, ErrorKind, printable::Seconds};

/// A budget of a run: the most requests that it may send, and the time in which it may begin new ones.
///
/// [`Builder::budget`](crate::Builder::budget) gives it to a source. Every attempt counts: retries, redirects, requests
/// for parents, jobs and tokens. The request that exceeds the budget is not sent, and its fetch ends with
/// [`ErrorKind::Budget`], after the pages that arrived before. Requests in flight may finish, so that a run takes at
/// most one request longer than [`max_time`](Self::max_time). A wait that would end later fails at once.
///
/// Clones share the count: sources with clones of one budget may together send so many requests.
///
/// ```
/// use std::time::Duration;
/// use rest_source::{Builder, Connector, Result, RunBudget};
///
/// fn connect<S: Connector>() -> Result<S> {
///     let budget = RunBudget::new().max_requests(10_000).max_time(Duration::from_secs(600));
///     Builder::<S>::new().budget(budget).build()
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct RunBudget {
    requests: Option<u64>,
    time: Option<Duration>,
    sent: Arc<AtomicU64>,
}

impl RunBudget {
    /// Without a maximum.
    pub fn new() -> Self {
        Self::default()
    }

    /// At most this many requests.
    #[must_use]
    pub fn max_requests(mut self, requests: u64) -> Self {
        self.requests = Some(requests);
        self
    }

    /// No request begins later than this after the source was built.
    #[must_use]
    pub fn max_time(mut self, time: Duration) -> Self {
        self.time = Some(time);
        self
    }

    /// Whether it has a maximum.
    pub fn is_limited(&self) -> bool {
        self.requests.is_some() || self.time.is_some()
    }

    /// The requests sent so far, by all that share it.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

/// The budget of a source whose time runs.
#[derive(Debug, Default)]
pub(crate) struct RunningBudget {
    budget: RunBudget,
    /// The time of the source's clock after which no request begins.
    deadline: Option<Duration>,
}

/// The maximum that a run has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpentBudget {
    Requests(u64),
    Time(Duration),
}

impl RunningBudget {
    /// Its time begins now.
    pub(crate) fn start(budget: RunBudget, now: Duration) -> Self {
        Self {
            deadline: budget.time.map(|time| now.saturating_add(time)),
            budget,
        }
    }

    pub(crate) fn budget(&self) -> &RunBudget {
        &self.budget
    }

    /// Checks that a request may be sent at this time.
    pub(crate) fn check(&self, at: Duration) -> Result<(), SpentBudget> {
        self.check_time(at)?;
        match self.budget.requests {
            Some(most) if self.budget.sent() >= most => Err(SpentBudget::Requests(most)),
            _ => Ok(()),
        }
    }

    /// Checks that a request may begin at this time.
    pub(crate) fn check_time(&self, at: Duration) -> Result<(), SpentBudget> {
        match self.deadline {
            Some(deadline) if at > deadline => {
                Err(SpentBudget::Time(self.budget.time.unwrap_or_default()))
            }
            _ => Ok(()),
        }
    }

    /// Counts a request that is sent now, if it may be.
    pub(crate) fn take(&self, now: Duration) -> Result<(), SpentBudget> {
        self.check_time(now)?;
        let most = self.budget.requests.unwrap_or(u64::MAX);
        let next = |sent: u64| (sent < most).then(|| sent + 1);
        let taken = self
            .budget
            .sent
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        taken.map(|_| ()).map_err(|_| SpentBudget::Requests(most))
    }
}

impl SpentBudget {
    pub(crate) fn to_error(self) -> Error {
        Error::new(ErrorKind::Budget, self.to_string())
    }
}

impl std::fmt::Display for SpentBudget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Requests(1) => f.write_str("the budget of 1 request is used up"),
            Self::Requests(most) => write!(f, "the budget of {most} requests is used up"),
            Self::Time(time) => write!(f, "the budget of {} is used up", Seconds(*time)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn clones_share_the_requests() {
        let budget = RunBudget::new().max_requests(2);
        let one = RunningBudget::start(budget.clone(), Duration::ZERO);
        let other = RunningBudget::start(budget.clone(), Duration::ZERO);
        assert!(one.take(SECOND).is_ok() && one.check(SECOND).is_ok());
        assert!(other.take(SECOND).is_ok());
        assert_eq!(one.take(SECOND), Err(SpentBudget::Requests(2)));
        assert_eq!(one.check(SECOND), Err(SpentBudget::Requests(2)));
        assert_eq!(budget.sent(), 2);
    }

    #[test]
    fn time_counts_from_the_start_and_a_late_request_is_not_counted() {
        let budget = RunBudget::new().max_time(10 * SECOND);
        let running = RunningBudget::start(budget.clone(), 5 * SECOND);
        assert!(running.take(15 * SECOND).is_ok());
        assert_eq!(
            running.take(16 * SECOND),
            Err(SpentBudget::Time(10 * SECOND))
        );
        assert_eq!(budget.sent(), 1);
    }

    #[test]
    fn without_a_maximum_requests_are_only_counted() {
        let running = RunningBudget::default();
        assert!((0..100).all(|_| running.take(Duration::MAX).is_ok()));
        assert_eq!(running.budget().sent(), 100);
        assert!(!running.budget().is_limited());
    }
}
