//! Permits: the ledger for all processes, and clients that share one.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::SystemTime,
};

use proptest::prelude::*;

use super::*;
use crate::{
    Client, Clock, RunBudget,
    plan::{Part, ResourcePlan, Retry, SourcePlan, Template},
    schema::Table,
    shared::{Ref, Ref::Static, list},
    testing::{Api, answer},
    transport::{Body, Bytes, Limits, Transport, TransportError, http},
};

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

fn limit(requests: u32, seconds: u32) -> RateLimit {
    RateLimit {
        requests,
        per: SECOND * seconds,
    }
}

fn request(limits: &[RateLimit], wanted: u32) -> PermitRequest {
    PermitRequest {
        limits: limits.to_vec(),
        wanted,
        least: 1,
        valid: SECOND,
        lost_after: 4 * SECOND,
        ..PermitRequest::default()
    }
}

fn used(grant: u64, permits: u32) -> UsedPermits {
    UsedPermits {
        grant,
        permits,
        ago: Duration::ZERO,
    }
}

#[test]
fn no_more_is_granted_than_the_limit() {
    let limits = [limit(5, 10)];
    let mut ledger = PermitLedger::default();
    let first = ledger.exchange(Duration::ZERO, &request(&limits, 3));
    let second = ledger.exchange(Duration::ZERO, &request(&limits, 3));
    assert_eq!((first.permits, second.permits), (3, 2));
    assert_eq!(ledger.exchange(SECOND, &request(&limits, 1)).permits, 0);
    // Answered permits count for one `per` from the response on, unused ones no longer.
    let mut back = request(&limits, 3);
    back.used = vec![used(first.grant, 3)];
    back.unused = vec![(second.grant, 1)];
    assert_eq!(ledger.exchange(SECOND, &back).permits, 1);
    assert_eq!(
        ledger.exchange(10 * SECOND, &request(&limits, 9)).permits,
        0
    );
    assert_eq!(
        ledger.exchange(12 * SECOND, &request(&limits, 9)).permits,
        3
    );
}

#[test]
fn permits_of_a_lost_process_count_until_its_requests_have_arrived_and_one_period_more() {
    let limits = [limit(2, 10)];
    let mut ledger = PermitLedger::default();
    assert_eq!(
        ledger
            .exchange(Duration::ZERO, &request(&limits, 2))
            .permits,
        2
    );
    // Valid for 1 s, under way for 4 s, counted for 10 s.
    assert_eq!(
        ledger.exchange(14 * SECOND, &request(&limits, 2)).permits,
        0
    );
    assert_eq!(
        ledger.exchange(16 * SECOND, &request(&limits, 2)).permits,
        2
    );
}

#[test]
fn a_request_that_costs_several_waits_for_all_of_them() {
    let limits = [limit(4, 1)];
    let mut ledger = PermitLedger::default();
    let first = ledger.exchange(Duration::ZERO, &request(&limits, 2));
    let mut large = request(&limits, 3);
    large.least = 3;
    assert_eq!(ledger.exchange(Duration::ZERO, &large).permits, 0);
    large.unused = vec![(first.grant, 2)];
    assert_eq!(ledger.exchange(Duration::ZERO, &large).permits, 3);
}

#[test]
fn a_pause_closes_the_gate_for_all_and_an_earlier_end_does_not_shorten_it() {
    let limits = [limit(9, 1)];
    let mut ledger = PermitLedger::default();
    let pause = |seconds| PermitRequest {
        pause: SECOND * seconds,
        ..request(&limits, 0)
    };
    ledger.exchange(Duration::ZERO, &pause(30));
    ledger.exchange(SECOND, &pause(2));
    let reply = ledger.exchange(2 * SECOND, &request(&limits, 1));
    assert_eq!((reply.permits, reply.pause), (0, 28 * SECOND));
    assert_eq!(
        ledger.exchange(30 * SECOND, &request(&limits, 1)).permits,
        1
    );
}

#[test]
fn all_processes_of_a_run_have_one_retry_budget() {
    let mut ledger = PermitLedger::default();
    let retries = |run: &str, wanted, pages| PermitRequest {
        retries: Some(RetryRequest {
            run: run.to_owned(),
            budget: 3,
            wanted,
            pages,
        }),
        ..request(&[], 0)
    };
    let mut granted = |run, wanted, pages| {
        ledger
            .exchange(Duration::ZERO, &retries(run, wanted, pages))
            .retries
    };
    assert_eq!(granted("one", 2, 0), 2);
    assert_eq!(granted("one", 2, 0), 1);
    assert_eq!(granted("two", 2, 0), 2);
    assert_eq!(granted("one", 1, 9), 0);
    assert_eq!(granted("one", 1, 1), 1);
}

#[test]
fn time_that_goes_back_frees_no_permit() {
    let limits = [limit(1, 10)];
    let mut ledger = PermitLedger::default();
    let grant = ledger.exchange(100 * SECOND, &request(&limits, 1)).grant;
    let mut back = request(&limits, 0);
    back.used = vec![used(grant, 1)];
    ledger.exchange(50 * SECOND, &back);
    assert_eq!(
        ledger.exchange(105 * SECOND, &request(&limits, 1)).permits,
        0
    );
}

#[test]
fn ledger_is_the_same_after_json() {
    let limits = [limit(5, 1), limit(90, 60)];
    let mut ledger = PermitLedger::default();
    let grant = ledger.exchange(SECOND, &request(&limits, 4)).grant;
    let mut back = request(&limits, 0);
    back.used = vec![used(grant, 2)];
    back.pause = 3 * SECOND;
    back.retries = Some(RetryRequest {
        run: "7".to_owned(),
        budget: 3,
        wanted: 1,
        pages: 0,
    });
    ledger.exchange(SECOND, &back);
    assert_eq!(PermitLedger::from_json(&ledger.to_json()), Some(ledger));
    assert_eq!(PermitLedger::from_json("{\"version\":2}"), None);
}

#[test]
fn shares_add_up_to_the_limit_and_too_many_processes_are_an_error() {
    let limits = [limit(10, 1), limit(5, 60)];
    let shares = (0..4).map(|index| Share::new(index, 4).unwrap().of(&limits).unwrap());
    let shares: Vec<_> = shares.collect();
    let sum = |at: usize| shares.iter().map(|share| share[at].requests).sum::<u32>();
    assert_eq!((sum(0), sum(1)), (10, 5));
    assert!(shares.iter().all(|share| share[0].requests >= 2));
    let error = Share::new(0, 6).unwrap().of(&limits).unwrap_err();
    assert!(error.to_string().contains("among 6 processes"), "{error}");
    assert!(Share::new(4, 4).is_err());
}

#[test]
fn key_names_the_origin_the_limits_and_the_secrets_without_their_values() {
    let key = default_key(
        "https://api.example.com",
        &[limit(5, 1)],
        ["api_key"].into_iter(),
    );
    assert!(key.starts_with("https://api.example.com 5/1s "), "{key}");
    assert!(!key.contains("api_key"), "{key}");
    let other = default_key(
        "https://api.example.com",
        &[limit(5, 1)],
        ["token"].into_iter(),
    );
    assert_ne!(key, other);
}

/// A process that wants permits at random.
#[derive(Clone, Debug)]
struct Step {
    after: u64,
    wanted: u32,
    /// When the requests arrive, and are answered: thousandths of a second after the grant; `None`: the process is lost.
    delays: Option<(u64, u64)>,
}

proptest! {
    /// Whatever processes do, the API counts no more requests than the limits in any period.
    #[test]
    fn api_never_counts_more_than_the_limits(
        steps in prop::collection::vec(
            (0_u64..400, 1_u32..9, prop::option::weighted(0.9, (0_u64..900, 0_u64..3_000)))
                .prop_map(|(after, wanted, delays)| Step { after, wanted, delays }),
            1..120,
        ),
        requests in 1_u32..20,
    ) {
        let limits = [limit(requests, 1), limit(requests * 3, 7)];
        let mut ledger = PermitLedger::default();
        let (mut now, mut arrivals, mut answers) = (0_u64, Vec::new(), Vec::new());
        for step in steps {
            now += step.after;
            let mut ask = request(&limits, step.wanted);
            ask.process = u64::from(step.wanted);
            answers.retain(|(grant, permits, at): &(u64, u32, u64)| {
                if *at <= now {
                    ask.used.push(UsedPermits { grant: *grant, permits: *permits, ago: MILLI * u32::try_from(now - at).unwrap() });
                }
                *at > now
            });
            let reply = ledger.exchange(MILLI * u32::try_from(now).unwrap(), &ask);
            // A lost process may have sent its requests, which arrive as late as assumed.
            let (arrival, answered) = step.delays.map_or((4_999, None), |(arrival, more)| (arrival, Some(arrival + more)));
            arrivals.extend((0..reply.permits).map(|_| now + arrival));
            answers.extend(answered.map(|answered| (reply.grant, reply.permits, now + answered)));
        }
        arrivals.sort_unstable();
        for limit in limits {
            let (most, per) = (limit.requests as usize, u64::try_from(limit.per.as_millis()).unwrap());
            for window in arrivals.windows(most + 1) {
                prop_assert!(window[most] - window[0] >= per, "{window:?}");
            }
        }
    }
}

/// The clock of tokio, which tests pause.
#[derive(Clone)]
struct TokioClock(tokio::time::Instant);

impl Clock for TokioClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// Ledgers in memory, with an answer after a millisecond.
struct InMemory {
    clock: TokioClock,
    ledgers: Mutex<HashMap<String, PermitLedger>>,
    exchanges: Mutex<u32>,
    is_away: AtomicBool,
}

#[derive(Clone)]
struct Service(Arc<InMemory>);

impl PermitService for Service {
    fn exchange<'a>(
        &'a self,
        request: &'a PermitRequest,
    ) -> BoxFuture<'a, Result<PermitReply, PermitError>> {
        Box::pin(async {
            if self.0.is_away.load(Ordering::Relaxed) {
                return Err(PermitError::new("connection refused"));
            }
            tokio::time::sleep(MILLI).await;
            *self.0.exchanges.lock().unwrap() += 1;
            let mut ledgers = self.0.ledgers.lock().unwrap();
            let ledger = ledgers.entry(request.key.clone()).or_default();
            Ok(ledger.exchange(self.0.clock.elapsed(), request))
        })
    }
}

/// An API that answers after 50 ms, and counts its requests by its own clock.
#[derive(Clone)]
struct Server {
    clock: TokioClock,
    arrivals: Arc<Mutex<Vec<Duration>>>,
    api: Api,
}

impl Transport for Server {
    fn send(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async move {
            tokio::time::sleep(20 * MILLI).await;
            self.arrivals.lock().unwrap().push(self.clock.elapsed());
            let answered = self.api.send(request, limits).await;
            tokio::time::sleep(30 * MILLI).await;
            answered
        })
    }
}

struct World {
    service: Service,
    server: Server,
}

static THINGS: Table = Table::new("things", list![]);

impl World {
    /// With an API that answers 429 to the request of this number.
    fn new(refuses: Option<u32>) -> Self {
        let sent = AtomicU32::new(0);
        let api = Api::new(move |_| {
            if refuses == Some(sent.fetch_add(1, Ordering::Relaxed) + 1) {
                answer(429, &[("Retry-After", "5")], "")
            } else {
                answer(200, &[], "[]")
            }
        });
        let clock = TokioClock(tokio::time::Instant::now());
        Self {
            service: Service(Arc::new(InMemory {
                clock: clock.clone(),
                ledgers: Mutex::default(),
                exchanges: Mutex::default(),
                is_away: AtomicBool::new(false),
            })),
            server: Server {
                clock,
                arrivals: Arc::default(),
                api,
            },
        }
    }

    /// A process that shares the limits.
    fn client(&self, limits: Vec<RateLimit>) -> Client {
        let plan = SourcePlan {
            name: Static("shop"),
            base_url: Template(vec![Part::Text("https://api.example.com".into())].into()),
            rate_limits: limits.into(),
            retry: Retry {
                budget: Some(1),
                ..Retry::DEFAULT
            },
            resources: vec![Ref::from(ResourcePlan {
                name: Static("things"),
                table: Static(&THINGS),
                ..ResourcePlan::DEFAULT
            })]
            .into(),
            ..SourcePlan::DEFAULT
        };
        Client::builder(plan)
            .transport(self.server.clone())
            .clock(self.server.clock.clone())
            .jitter(|| 0.0)
            .budget(RunBudget::new())
            .rate_limiting(RateLimiting::Lease(
                Lease::new(self.service.clone()).run("run"),
            ))
            .build()
            .unwrap()
    }

    /// Fetches so many times in each of some processes, with eight requests in flight in each.
    async fn fetch(&self, processes: usize, times: usize, limits: &[RateLimit]) -> Vec<Result<()>> {
        let tasks: Vec<_> = (0..processes)
            .flat_map(|_| {
                let client = self.client(limits.to_vec());
                (0..8).map(move |_| client.clone())
            })
            .map(|client| {
                tokio::spawn(async move {
                    for _ in 0..times {
                        fetch(&client).await?;
                    }
                    Ok(())
                })
            })
            .collect();
        let mut ends = Vec::new();
        for task in tasks {
            ends.push(task.await.unwrap());
        }
        ends
    }

    fn arrivals(&self) -> Vec<Duration> {
        self.server.arrivals.lock().unwrap().clone()
    }
}

async fn fetch(client: &Client) -> Result<()> {
    let resource = client.plan().resources[0].clone();
    let mut pages = client.rows(resource).pages();
    while let Some(page) = pages.next().await {
        page?;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn four_processes_use_most_of_a_limit_and_never_more() {
    let world = World::new(None);
    let limits = [limit(100, 1)];
    let ends = world.fetch(4, 30, &limits).await;
    assert!(ends.iter().all(Result::is_ok), "{ends:?}");
    let arrivals = world.arrivals();
    assert_eq!(arrivals.len(), 4 * 8 * 30);
    for window in arrivals.windows(101) {
        assert!(window[100] >= window[0] + SECOND, "{window:?}");
    }
    // 960 requests at 100 per second take at least 9 s.
    let took = *arrivals.last().unwrap();
    assert!(took < SECOND * 960 / 90, "{took:?}");
    // Several requests share an exchange.
    let exchanges = *world.service.0.exchanges.lock().unwrap();
    assert!(exchanges < 960 / 2, "{exchanges}");
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_one_process_holds_for_the_others() {
    let world = World::new(Some(20));
    let limits = [limit(100, 1)];
    let ends = world.fetch(2, 20, &limits).await;
    assert!(ends.iter().all(Result::is_ok), "{ends:?}");
    let arrivals = world.arrivals();
    // The others learn of it when their permits have expired at the latest.
    let refused = arrivals[19];
    let late = |at: &&Duration| **at > refused + SECOND + 100 * MILLI;
    let next = arrivals.iter().find(late).unwrap();
    assert!(*next >= refused + 5 * SECOND, "{arrivals:?}");
}

#[tokio::test(start_paused = true)]
async fn without_an_answer_of_the_limiter_no_request_is_sent() {
    let world = World::new(None);
    world.service.0.is_away.store(true, Ordering::Relaxed);
    let error = fetch(&world.client(vec![limit(100, 1)])).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Limiter);
    insta::assert_snapshot!(error);
    assert!(world.arrivals().is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_processes_share_pauses() {
    let world = World::new(Some(3));
    let ends = world.fetch(2, 40, &[]).await;
    assert!(ends.iter().all(Result::is_ok), "{ends:?}");
    let arrivals = world.arrivals();
    let late = |at: &&Duration| **at > arrivals[2] + SECOND + 100 * MILLI;
    let next = arrivals.iter().find(late).unwrap();
    assert!(*next >= arrivals[2] + 5 * SECOND, "{arrivals:?}");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_request_returns_its_permit() {
    let world = World::new(None);
    let client = world.client(vec![limit(1, 1)]);
    // The permit is granted, and the request that waits for it is gone.
    let abandoned = tokio::spawn({
        let client = client.clone();
        async move { fetch(&client).await }
    });
    tokio::task::yield_now().await;
    abandoned.abort();
    fetch(&client).await.unwrap();
    assert!(world.arrivals()[0] < SECOND, "{:?}", world.arrivals());
}
