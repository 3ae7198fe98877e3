//! The permits that a process holds, and its exchanges with the service.
//!
//! One task exchanges permits, and runs only while a request waits or permits have to be returned. So a process has at
//! most one exchange in flight, for all of its requests.

use std::{
    collections::VecDeque,
    fmt, mem,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::{self, Either};
use tokio::sync::{Notify, oneshot};

use super::{Lease, NoPermit, PermitError, PermitReply, PermitRequest, RetryRequest, UsedPermits};
use crate::{clock::Clock, plan::RateLimit};

/// Permits that one exchange grants where there is no limit: the exchange only asks for pauses.
const UNLIMITED: u32 = 1_000_000;
/// The longest wait between two exchanges while a request waits.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The permits that a process holds.
pub(crate) struct PermitPool {
    lease: Lease,
    key: String,
    limits: Vec<RateLimit>,
    retry_budget: Option<u64>,
    lost_after: Duration,
    clock: Arc<dyn Clock>,
    /// A random number, which tells processes apart.
    process: u64,
    state: Mutex<State>,
    /// Wakes the task that collects returned permits: a request came.
    asked: Notify,
    /// Wakes the task that waits for its turn: the API wants to be left alone.
    paused: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    used: Vec<(u64, u32, Duration)>,
    unused: Vec<(u64, u32)>,
    /// Until when the API wants to be left alone, by the process's clock, if the service does not know it yet.
    pause_until: Duration,
    /// Until when it wants to be left alone, by what any process said.
    closed_until: Duration,
    pages: u32,
    /// Permits at hand, where there is no limit.
    at_hand: Option<(u64, Duration)>,
    is_running: bool,
}

/// A request that waits for its permits.
struct Waiting {
    cost: u32,
    is_retry: bool,
    reply: oneshot::Sender<Result<LeasedPermit, NoPermit>>,
}

/// The permits of one request. They are returned when dropped, unless the request was sent.
pub(crate) struct LeasedPermit {
    pool: Arc<PermitPool>,
    grant: u64,
    permits: u32,
    /// Until when the request may be sent, by the process's clock.
    valid_until: Duration,
    is_sent: bool,
}

impl LeasedPermit {
    /// Whether the request may be sent at this time.
    pub(crate) fn is_valid(&self, now: Duration) -> bool {
        now < self.valid_until
    }

    /// The request is sent now.
    pub(crate) fn send(&mut self) {
        self.is_sent = true;
    }

    /// The response arrived now.
    pub(crate) fn answered(self) {
        if self.pool.limits.is_empty() {
            return;
        }
        let now = self.pool.clock.elapsed();
        let (grant, permits) = (self.grant, self.permits);
        self.pool.lock().used.push((grant, permits, now));
        self.pool.start();
    }
}

impl Drop for LeasedPermit {
    fn drop(&mut self) {
        // A request without a response may still arrive: its permits expire.
        if !self.is_sent && !self.pool.limits.is_empty() {
            self.pool.lock().unused.push((self.grant, self.permits));
            self.pool.start();
        }
    }
}

impl PermitPool {
    pub(crate) fn new(
        lease: Lease,
        default_key: String,
        limits: &[RateLimit],
        (retry_budget, connect_timeout): (Option<u64>, Duration),
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            key: lease.key.clone().unwrap_or(default_key),
            lost_after: lease.lost_after.unwrap_or(connect_timeout),
            lease,
            limits: limits.to_vec(),
            retry_budget,
            clock,
            process: fastrand::u64(..),
            state: Mutex::default(),
            asked: Notify::new(),
            paused: Notify::new(),
        }
    }

    /// Waits for the permits of a request. A retry takes one of the retry budget, too.
    pub(crate) async fn permit(
        self: &Arc<Self>,
        cost: u32,
        is_retry: bool,
    ) -> Result<LeasedPermit, NoPermit> {
        let is_retry = is_retry && self.retry_budget.is_some();
        if !is_retry && let Some(permit) = self.at_hand() {
            return Ok(permit);
        }
        let (reply, replied) = oneshot::channel();
        let smallest = self.limits.iter().map(|limit| limit.requests.max(1)).min();
        self.lock().waiting.push_back(Waiting {
            // A request that costs more than the limit goes alone.
            cost: cost.min(smallest.unwrap_or(u32::MAX)),
            is_retry,
            reply,
        });
        self.start();
        self.asked.notify_one();
        let ended = || NoPermit::Unreachable(PermitError::new("the runtime shuts down"));
        replied.await.map_err(|_| ended())?
    }

    /// A permit without an exchange, where there is no limit.
    fn at_hand(self: &Arc<Self>) -> Option<LeasedPermit> {
        let (grant, valid_until) = self.lock().at_hand?;
        let permit = LeasedPermit {
            pool: Arc::clone(self),
            grant,
            permits: 1,
            valid_until,
            is_sent: false,
        };
        permit.is_valid(self.clock.elapsed()).then_some(permit)
    }

    /// The API wants to be left alone until this time of the clock, by all processes.
    pub(crate) fn close_until(self: &Arc<Self>, elapsed: Duration) {
        let mut state = self.lock();
        if elapsed > state.closed_until.max(state.pause_until) {
            state.pause_until = elapsed;
            drop(state);
            self.start();
            self.asked.notify_one();
            self.paused.notify_one();
        }
    }

    /// A page arrived: ten give a retry back.
    pub(crate) fn add_page(&self) {
        let mut state = self.lock();
        state.pages = state.pages.saturating_add(1);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the task, if it does not run.
    fn start(self: &Arc<Self>) {
        let mut state = self.lock();
        if state.is_running {
            return;
        }
        // Outside of a runtime, permits expire.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        state.is_running = true;
        drop(state);
        let pool = Arc::clone(self);
        runtime.spawn(async move { pool.run().await });
    }

    /// Exchanges permits until no request waits and all are returned.
    async fn run(self: Arc<Self>) {
        let mut running = Running(Some(Arc::clone(&self)));
        loop {
            self.collect().await;
            let Some(request) = self.request() else {
                running.0 = None;
                return;
            };
            let asked = self.clock.elapsed();
            let exchange = self.lease.service.exchange(&request);
            let timeout = self.clock.sleep(self.lease.timeout);
            let replied = match future::select(exchange, timeout).await {
                Either::Left((replied, _)) => replied,
                Either::Right(_) => {
                    let seconds = self.lease.timeout.as_secs_f64();
                    Err(PermitError::new(format!(
                        "it did not answer within {seconds} s"
                    )))
                }
            };
            match replied {
                Ok(reply) => {
                    self.deliver(asked, &request, reply);
                    if !self.lock().waiting.is_empty() {
                        self.wait(reply.wait).await;
                    }
                }
                Err(error) => {
                    running.0 = None;
                    return self.fail(&error);
                }
            }
        }
    }

    /// Waits for the turn, or until the API wants to be left alone.
    async fn wait(&self, wait: Duration) {
        let paused = pin!(self.paused.notified());
        // Others may return permits that they do not use.
        let wait = wait.min(LONGEST_WAIT);
        future::select(self.clock.sleep(wait), paused).await;
    }

    /// Collects responses for a while, until a request waits: their permits count for longer than that anyway, so that
    /// they are returned together.
    async fn collect(&self) {
        let shortest = self.limits.iter().map(|limit| limit.per).min();
        let part = shortest.unwrap_or(Duration::from_secs(1)) / 4;
        let part = part.clamp(Duration::from_millis(1), Duration::from_millis(250));
        let end = self.clock.elapsed().saturating_add(part);
        loop {
            let is_urgent = {
                let mut state = self.lock();
                state.waiting.retain(|waiting| !waiting.reply.is_closed());
                !state.waiting.is_empty()
                    || !state.unused.is_empty()
                    || !state.pause_until.is_zero()
            };
            let left = end.saturating_sub(self.clock.elapsed());
            if is_urgent || left.is_zero() {
                return;
            }
            let asked = pin!(self.asked.notified());
            future::select(self.clock.sleep(left), asked).await;
        }
    }

    /// The next request; `None` if there is nothing to say: the task ends.
    fn request(&self) -> Option<PermitRequest> {
        let mut state = self.lock();
        state.waiting.retain(|waiting| !waiting.reply.is_closed());
        let now = self.clock.elapsed();
        let is_idle = state.waiting.is_empty()
            && state.used.is_empty()
            && state.unused.is_empty()
            && state.pause_until.is_zero();
        if is_idle {
            state.is_running = false;
            return None;
        }
        let used = mem::take(&mut state.used);
        let costs = || state.waiting.iter().map(|waiting| waiting.cost);
        let wanted = if self.limits.is_empty() && !state.waiting.is_empty() {
            UNLIMITED
        } else {
            costs().fold(0, u32::saturating_add)
        };
        let least = costs().next().unwrap_or_default();
        let retries = state.waiting.iter().filter(|waiting| waiting.is_retry);
        let retries = u32::try_from(retries.count()).unwrap_or(u32::MAX);
        let pause = state.pause_until.saturating_sub(now);
        let pages = mem::take(&mut state.pages);
        Some(PermitRequest {
            key: self.key.clone(),
            process: self.process,
            limits: self.limits.clone(),
            wanted,
            least,
            valid: self.lease.valid,
            lost_after: self.lost_after,
            used: used
                .into_iter()
                .map(|(grant, permits, at)| UsedPermits {
                    grant,
                    permits,
                    ago: now.saturating_sub(at),
                })
                .collect(),
            unused: mem::take(&mut state.unused),
            pause,
            retries: self.retry_budget.map(|budget| RetryRequest {
                run: self.lease.run.clone(),
                budget,
                wanted: retries,
                pages,
            }),
        })
    }

    /// Gives the granted permits to the requests that wait, in order, and returns those left.
    fn deliver(self: &Arc<Self>, asked: Duration, request: &PermitRequest, reply: PermitReply) {
        let valid_until = asked.saturating_add(self.lease.valid);
        let (mut permits, mut retries) = (reply.permits, reply.retries);
        let wanted_retries = request.retries.as_ref().map_or(0, |one| one.wanted);
        let mut refused = wanted_retries.saturating_sub(retries);
        let (mut ready, mut paused) = (Vec::new(), Vec::new());
        {
            let mut state = self.lock();
            if state.pause_until <= asked.saturating_add(request.pause) {
                state.pause_until = Duration::ZERO;
            }
            if !reply.pause.is_zero() {
                let closed = self.clock.elapsed().saturating_add(reply.pause);
                state.closed_until = state.closed_until.max(closed);
                let waiting = mem::take(&mut state.waiting).into_iter();
                paused.extend(waiting.map(|one| (one.reply, closed)));
            }
            if self.limits.is_empty() && permits > 0 {
                state.at_hand = Some((reply.grant, valid_until));
            }
            let waiting = mem::take(&mut state.waiting);
            for mut one in waiting {
                if one.is_retry && retries > 0 {
                    // It may wait for its permits for longer, and has its retry.
                    retries -= 1;
                    one.is_retry = false;
                } else if one.is_retry && refused > 0 {
                    refused -= 1;
                    ready.push((one.reply, Err(())));
                    continue;
                }
                if !one.is_retry && one.cost <= permits && state.waiting.is_empty() {
                    permits -= one.cost;
                    ready.push((one.reply, Ok(one.cost)));
                } else {
                    state.waiting.push_back(one);
                }
            }
            if permits > 0 && !self.limits.is_empty() {
                state.unused.push((reply.grant, permits));
            }
        }
        for (to, closed) in paused {
            let _ = to.send(Err(NoPermit::Paused(closed)));
        }
        for (to, granted) in ready {
            let reply = match granted {
                Ok(permits) => Ok(LeasedPermit {
                    pool: Arc::clone(self),
                    grant: reply.grant,
                    permits,
                    valid_until,
                    is_sent: false,
                }),
                Err(()) => Err(NoPermit::NoRetryLeft(self.retry_budget.unwrap_or_default())),
            };
            // A request that was dropped returns its permits.
            let _ = to.send(reply);
        }
    }

    /// The service did not answer: no request that waits is sent, and the task ends.
    fn fail(&self, error: &PermitError) {
        let waiting = {
            let mut state = self.lock();
            state.is_running = false;
            // What was to be returned expires.
            state.used.clear();
            state.unused.clear();
            mem::take(&mut state.waiting)
        };
        for one in waiting {
            let _ = one.reply.send(Err(NoPermit::Unreachable(error.clone())));
        }
    }
}

/// The task that runs. If it is dropped with its runtime, the requests that wait get no permit.
struct Running(Option<Arc<PermitPool>>);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(pool) = self.0.take() {
            pool.fail(&PermitError::new("the runtime shuts down"));
        }
    }
}

impl fmt::Debug for PermitPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PermitPool")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
