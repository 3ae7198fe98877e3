//! The rate limiter of a source: concurrency, `rate_limit`, and the pause after a 429.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    Clock,
    permits::{LeasedPermit, NoPermit, PermitPool},
    plan::{RateLimit, ResourcePlan},
    request::Draft,
    run_budget::{RunningBudget, SpentBudget},
    shared::{List, Ref, Text},
    trace,
};

/// The rate limiter that all tasks of a source share: it bounds the attempts in flight and the requests in a
/// period, and pauses all of them.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    places: Semaphore,
    /// The one place of each resource whose requests go one at a time.
    single: BTreeMap<Text, Semaphore>,
    limits: List<RateLimit>,
    /// How long a request may wait for the API.
    longest: Duration,
    budget: Arc<RunningBudget>,
    gate: Mutex<Gate>,
    /// The permits of several processes, where they share the limits.
    pool: Option<Arc<PermitPool>>,
}

/// The API asks for a pause of this length, which is longer than a request may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Throttled(pub(crate) Duration);

/// Why a request is not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    Throttled(Throttled),
    /// The budget of the run is used up, or its time is before the request may be sent.
    Spent(SpentBudget),
    /// The limiter that several processes share gives no permit.
    NoPermit(NoPermit),
}

/// The answer to a request that is ready to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Admission {
    /// Send it.
    Now,
    /// Ask again after this time.
    After(Duration),
    /// Do not send it.
    Never(Throttled),
}

/// Times are those of the source's clock.
#[derive(Debug, Default)]
struct Gate {
    /// No request before this time.
    closed_until: Duration,
    /// When the requests of the last `per` of each limit were sent, and what they cost.
    sent: Vec<VecDeque<(Duration, u32)>>,
}

/// A permit for one attempt, released when dropped; it counts the requests and waits of the attempt.
pub(crate) struct Permit<'a> {
    limiter: &'a RateLimiter,
    clock: &'a dyn Clock,
    _place: Option<SemaphorePermit<'a>>,
    _single: Option<SemaphorePermit<'a>>,
    /// What each of its requests costs.
    cost: u32,
    /// Whether it is a retry that the budget of all processes has not counted yet.
    is_retry: bool,
    /// The permit of its next request, where several processes share the limits.
    leased: Option<LeasedPermit>,
    /// How long it waited before its requests: for the source's admission, or for a token.
    pub(crate) waited: Duration,
    /// When its first request was sent, after all that it waited for.
    pub(crate) begun: Option<Duration>,
    /// The requests sent.
    pub(crate) requests: u64,
    /// Those of them that were made again, with other credentials.
    pub(crate) repeated: u64,
    /// Where the last request was redirected to, for messages: `GET https://…`.
    pub(crate) redirected: Option<String>,
}

impl RateLimiter {
    /// With at most this many attempts in flight, at least 1, and within these limits. Where the API
    /// wants to be left alone, a request waits for so long at the longest.
    pub(crate) fn new(concurrency: u16, limits: List<RateLimit>, longest: Duration) -> Self {
        Self {
            places: Semaphore::new(usize::from(concurrency.max(1))),
            single: BTreeMap::new(),
            limits,
            longest,
            budget: Arc::default(),
            gate: Mutex::default(),
            pool: None,
        }
    }

    /// With the permits of several processes, in place of its own limits.
    pub(crate) fn leasing(mut self, pool: Arc<PermitPool>) -> Self {
        self.limits = List::EMPTY;
        self.pool = Some(pool);
        self
    }

    /// With at most one attempt in flight for each of these resources that are not parallelized.
    pub(crate) fn one_at_a_time(mut self, resources: &[Ref<ResourcePlan>]) -> Self {
        let single = resources.iter().filter(|resource| !resource.parallelized);
        self.single = single
            .map(|one| (one.name.clone(), Semaphore::new(1)))
            .collect();
        self
    }

    /// With a budget of all requests.
    pub(crate) fn within(mut self, budget: &Arc<RunningBudget>) -> Self {
        self.budget = Arc::clone(budget);
        self
    }

    /// Keeps every request from being sent before this time of the clock. An earlier end of a wait
    /// that is already on does not shorten it.
    pub(crate) fn close_until(&self, elapsed: Duration) {
        self.close_here(elapsed);
        if let Some(pool) = &self.pool {
            pool.close_until(elapsed);
        }
    }

    /// Keeps the requests of this process from being sent before this time of the clock.
    fn close_here(&self, elapsed: Duration) {
        let mut gate = self.lock();
        gate.closed_until = elapsed.max(gate.closed_until);
    }

    /// Waits for a free place, for a request of this resource.
    pub(crate) async fn permit<'a>(
        &'a self,
        resource: &ResourcePlan,
        clock: &'a dyn Clock,
    ) -> Permit<'a> {
        // No semaphore is ever closed, so there is always a place in the end. Who waits for the
        // resource's own keeps none from others.
        let single = match self.single.get(&*resource.name) {
            Some(single) => single.acquire().await.ok(),
            None => None,
        };
        Permit {
            limiter: self,
            clock,
            _place: self.places.acquire().await.ok(),
            _single: single,
            cost: resource.rate_limit_cost,
            is_retry: false,
            leased: None,
            waited: Duration::ZERO,
            begun: None,
            requests: 0,
            repeated: 0,
            redirected: None,
        }
    }

    /// Why a request waits this long from now on.
    fn why(&self, now: Duration, wait: Duration) -> &'static str {
        if self.lock().closed_until.saturating_sub(now) < wait {
            "`rate_limit` of the spec"
        } else {
            "the API asked for a pause"
        }
    }

    fn lock(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    /// Takes a retry of the budget that several processes share, if they do.
    pub(crate) fn retrying(mut self, is_retry: bool) -> Self {
        self.is_retry = is_retry;
        self
    }

    /// A request in a message, with where it was redirected to: that is what answered.
    pub(crate) fn shown(&self, draft: &Draft) -> String {
        match &self.redirected {
            Some(to) => format!("{}, redirected to {to}", draft.shown()),
            None => draft.shown(),
        }
    }

    /// Waits until the next request may be sent. That it is has to be [taken](Self::take): others may be
    /// before it.
    ///
    /// # Errors
    ///
    /// If it may not be sent for longer than it may wait, or the budget ends before.
    pub(crate) async fn ready(&mut self) -> Result<(), Denied> {
        loop {
            let now = self.clock.elapsed();
            let budget = &self.limiter.budget;
            budget.check(now).map_err(Denied::Spent)?;
            let admission = self.limiter.lock().admit(self.limiter, now, self.cost);
            match admission {
                Admission::Now => match &self.limiter.pool {
                    Some(pool) if !self.has_lease(now) => {
                        let pool = Arc::clone(pool);
                        self.lease(&pool, now).await?;
                    }
                    _ => return Ok(()),
                },
                Admission::After(wait) => {
                    let end = now.saturating_add(wait);
                    budget.check_time(end).map_err(Denied::Spent)?;
                    trace::wait(self.limiter.why(now, wait), wait);
                    self.clock.sleep(wait).await;
                    self.waited += wait;
                }
                Admission::Never(throttled) => return Err(Denied::Throttled(throttled)),
            }
        }
    }

    /// Whether it has a permit that is valid at this time.
    fn has_lease(&self, now: Duration) -> bool {
        self.leased
            .as_ref()
            .is_some_and(|leased| leased.is_valid(now))
    }

    /// Waits for the permit of the next request, or until the API asked another process for a pause.
    async fn lease(&mut self, pool: &Arc<PermitPool>, asked: Duration) -> Result<(), Denied> {
        self.leased = None;
        let leased = pool.permit(self.cost, self.is_retry).await;
        self.waited += self.clock.elapsed().saturating_sub(asked);
        match leased {
            Ok(leased) => {
                self.is_retry = false;
                self.leased = Some(leased);
                Ok(())
            }
            Err(NoPermit::Paused(until)) => {
                self.limiter.close_here(until);
                Ok(())
            }
            Err(other) => Err(Denied::NoPermit(other)),
        }
    }

    /// The response to the last request arrived.
    pub(crate) fn answered(&mut self) {
        if let Some(leased) = self.leased.take() {
            leased.answered();
        }
    }

    /// Counts the next request as sent now, if it may be.
    pub(crate) fn take(&mut self) -> bool {
        let now = self.clock.elapsed();
        if self.limiter.pool.is_some() && !self.has_lease(now) {
            return false;
        }
        let is_taken = self.limiter.lock().take(self.limiter, now, self.cost);
        if is_taken {
            if let Some(leased) = &mut self.leased {
                leased.send();
            }
            self.begun.get_or_insert(now);
            self.requests += 1;
        }
        is_taken
    }
}

impl Gate {
    /// Decides on a request that is ready to be sent now.
    fn admit(&mut self, limiter: &RateLimiter, now: Duration, cost: u32) -> Admission {
        let closed = self.closed_until.saturating_sub(now);
        if closed > limiter.longest {
            return Admission::Never(Throttled(closed));
        }
        self.sent.resize_with(limiter.limits.len(), VecDeque::new);
        let limits = limiter.limits.iter().zip(&mut self.sent);
        let waits = limits.map(|(limit, sent)| within(*limit, sent, now, cost));
        let wait = waits.fold(closed, Duration::max);
        if wait.is_zero() {
            Admission::Now
        } else {
            Admission::After(wait)
        }
    }

    /// Remembers a request as sent now, if it may be.
    fn take(&mut self, limiter: &RateLimiter, now: Duration, cost: u32) -> bool {
        let may =
            self.admit(limiter, now, cost) == Admission::Now && limiter.budget.take(now).is_ok();
        if may {
            for sent in &mut self.sent {
                sent.push_back((now, cost));
            }
        }
        may
    }
}

/// How long a request of this cost has to wait by one limit, where these were sent.
fn within(
    limit: RateLimit,
    sent: &mut VecDeque<(Duration, u32)>,
    now: Duration,
    cost: u32,
) -> Duration {
    let RateLimit { requests, per } = limit;
    let ends = |(at, _): &(Duration, u32)| at.saturating_add(per);
    while sent.front().is_some_and(|first| ends(first) <= now) {
        sent.pop_front();
    }
    // One that costs more than the limit goes alone.
    let room = u64::from(requests.max(1)).saturating_sub(u64::from(cost));
    let mut used: u64 = sent.iter().map(|(_, cost)| u64::from(*cost)).sum();
    let mut wait = Duration::ZERO;
    for one in sent.iter() {
        if used <= room {
            break;
        }
        used -= u64::from(one.1);
        wait = ends(one).saturating_sub(now);
    }
    wait
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use futures_util::FutureExt;

    use super::*;
    use crate::{RunBudget, clock::manual::ManualClock, shared::Ref::Static};

    const SECOND: Duration = Duration::from_secs(1);
    const ANY: ResourcePlan = ResourcePlan::DEFAULT;

    impl Permit<'_> {
        async fn request(&mut self) -> Result<(), Throttled> {
            match self.ready().await {
                Ok(()) => {
                    assert!(self.take());
                    Ok(())
                }
                Err(Denied::Throttled(throttled)) => Err(throttled),
                Err(other) => panic!("{other:?}"),
            }
        }
    }

    /// When a request that wants to be sent now is sent.
    async fn sent(limiter: &RateLimiter, clock: &ManualClock) -> Duration {
        limiter.permit(&ANY, clock).await.request().await.unwrap();
        clock.elapsed()
    }

    #[tokio::test]
    async fn no_more_attempts_are_in_flight_than_allowed() {
        let clock = ManualClock::default();
        let limiter = RateLimiter::new(2, List::EMPTY, 60 * SECOND);
        let first = limiter.permit(&ANY, &clock).await;
        let _second = limiter.permit(&ANY, &clock).await;
        assert!(limiter.permit(&ANY, &clock).now_or_never().is_none());
        drop(first);
        assert!(limiter.permit(&ANY, &clock).now_or_never().is_some());
    }

    #[tokio::test]
    async fn every_limit_holds_and_a_request_may_cost_several() {
        let limits = [(4, 1), (6, 60)].map(|(requests, seconds)| RateLimit {
            requests,
            per: SECOND * seconds,
        });
        let clock = ManualClock::default();
        let limiter = RateLimiter::new(1, limits.to_vec().into(), 60 * SECOND);
        let resource = ResourcePlan {
            rate_limit_cost: 2,
            ..ANY
        };
        let mut times = Vec::new();
        for _ in 0..4 {
            let mut permit = limiter.permit(&resource, &clock).await;
            permit.request().await.unwrap();
            times.push(clock.elapsed().as_secs());
        }
        assert_eq!(times, [0, 0, 1, 60]);
    }

    #[tokio::test]
    async fn a_resource_that_is_not_parallelized_has_one_place_and_takes_no_other() {
        static ALONE: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
            name: Static("alone"),
            parallelized: false,
            ..ANY
        });
        let clock = ManualClock::default();
        let limiter = RateLimiter::new(2, List::EMPTY, 60 * SECOND)
            .one_at_a_time(&[Static(&*ALONE), ANY.into()]);
        let first = limiter.permit(&ALONE, &clock).await;
        assert!(limiter.permit(&ALONE, &clock).now_or_never().is_none());
        assert!(limiter.permit(&ANY, &clock).now_or_never().is_some());
        drop(first);
        assert!(limiter.permit(&ALONE, &clock).now_or_never().is_some());
    }

    #[tokio::test]
    async fn all_wait_for_the_latest_time_that_the_api_named() {
        let clock = ManualClock::default();
        let limiter = RateLimiter::new(2, List::EMPTY, 60 * SECOND);
        limiter.close_until(9 * SECOND);
        limiter.close_until(5 * SECOND);
        clock.advance(SECOND);
        let mut permit = limiter.permit(&ANY, &clock).await;
        permit.request().await.unwrap();
        assert_eq!(permit.waited, 8 * SECOND);
        clock.advance(SECOND);
        permit.request().await.unwrap();
        assert_eq!((permit.waited, permit.requests), (8 * SECOND, 2));
        assert_eq!(permit.begun, Some(9 * SECOND));
    }

    #[tokio::test]
    async fn none_is_sent_that_would_have_to_wait_too_long() {
        let clock = ManualClock::default();
        let limiter = RateLimiter::new(2, List::EMPTY, 60 * SECOND);
        limiter.close_until(90 * SECOND);
        let mut permit = limiter.permit(&ANY, &clock).await;
        assert_eq!(permit.request().await, Err(Throttled(90 * SECOND)));
        assert_eq!((permit.requests, permit.begun), (0, None));
        clock.advance(30 * SECOND);
        assert_eq!(sent(&limiter, &clock).await, 90 * SECOND);
    }

    #[tokio::test]
    async fn one_that_waits_is_not_sent_once_it_would_have_to_wait_too_long() {
        let clock = ManualClock::default();
        let limit = RateLimit {
            requests: 1,
            per: 10 * SECOND,
        };
        let limiter = RateLimiter::new(2, vec![limit].into(), 60 * SECOND);
        assert_eq!(sent(&limiter, &clock).await, Duration::ZERO);
        let mut permit = limiter.permit(&ANY, &clock).await;
        let mut request = Box::pin(permit.request());
        assert!(request.as_mut().now_or_never().is_none());
        limiter.close_until(3_600 * SECOND);
        assert_eq!(request.await, Err(Throttled(3_590 * SECOND)));
    }

    #[tokio::test]
    async fn a_leave_that_is_not_taken_at_once_may_be_over() {
        let clock = ManualClock::default();
        let limit = RateLimit {
            requests: 1,
            per: 10 * SECOND,
        };
        let limiter = RateLimiter::new(2, vec![limit].into(), 60 * SECOND);
        let (mut one, mut other) = (
            limiter.permit(&ANY, &clock).await,
            limiter.permit(&ANY, &clock).await,
        );
        one.ready().await.unwrap();
        other.ready().await.unwrap();
        assert!(one.take());
        assert!(!other.take());
        limiter.close_until(90 * SECOND);
        let throttled = Denied::Throttled(Throttled(90 * SECOND));
        assert_eq!(other.ready().await, Err(throttled));
        assert_eq!((other.requests, other.begun), (0, None));
    }

    #[tokio::test]
    async fn no_window_holds_more_requests_than_the_limit() {
        let clock = ManualClock::default();
        let limit = RateLimit {
            requests: 3,
            per: 10 * SECOND,
        };
        let limiter = RateLimiter::new(1, vec![limit].into(), 60 * SECOND);
        let mut times = vec![sent(&limiter, &clock).await];
        clock.advance(9 * SECOND);
        for _ in 0..7 {
            times.push(sent(&limiter, &clock).await);
        }
        // Not three at 0, and three more at 10: a window from 9 on would hold five.
        assert_eq!(
            times,
            [0, 9, 9, 10, 19, 19, 20, 29].map(Duration::from_secs)
        );
    }

    #[tokio::test]
    async fn a_limit_holds_after_the_api_closed_for_a_while() {
        let clock = ManualClock::default();
        let limit = RateLimit {
            requests: 1,
            per: SECOND,
        };
        let limiter = RateLimiter::new(1, vec![limit].into(), 60 * SECOND);
        limiter.close_until(5 * SECOND);
        assert_eq!(sent(&limiter, &clock).await, 5 * SECOND);
        assert_eq!(sent(&limiter, &clock).await, 6 * SECOND);
    }

    #[tokio::test]
    async fn budget_counts_requests_and_a_wait_past_its_time_is_not_begun() {
        let clock = ManualClock::default();
        let limit = RateLimit {
            requests: 1,
            per: 10 * SECOND,
        };
        let of_run = RunBudget::new().max_requests(2).max_time(15 * SECOND);
        let budget = Arc::new(RunningBudget::start(of_run, clock.elapsed()));
        let limiter = RateLimiter::new(1, vec![limit].into(), 60 * SECOND).within(&budget);
        assert_eq!(sent(&limiter, &clock).await, Duration::ZERO);
        assert_eq!(sent(&limiter, &clock).await, 10 * SECOND);
        let mut permit = limiter.permit(&ANY, &clock).await;
        let spent = Denied::Spent(SpentBudget::Requests(2));
        assert_eq!(permit.ready().await, Err(spent));
        assert!(!permit.take());

        let budget = RunBudget::new().max_time(5 * SECOND);
        let budget = Arc::new(RunningBudget::start(budget, clock.elapsed()));
        let limiter = RateLimiter::new(1, vec![limit].into(), 60 * SECOND).within(&budget);
        sent(&limiter, &clock).await;
        let before = clock.elapsed();
        let spent = Denied::Spent(SpentBudget::Time(5 * SECOND));
        assert_eq!(limiter.permit(&ANY, &clock).await.ready().await, Err(spent));
        assert_eq!(clock.elapsed(), before);
    }
}
