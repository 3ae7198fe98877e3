//! A simulation of a hundred executors that load ten thousand partitions: the planner, the limiter, the workers and the
//! states are those of the crates; API, network, queue and the limiter's store are in memory. The clock is tokio's, which
//! is paused, so that hours take seconds, and a seed repeats a run.
//!
//! `cargo test -p rest-source-load --test scale -- --nocapture` prints the figures of docs/SCALE.md.

#![cfg(test)]

mod api;
mod queue;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use rest_source::{
    Client, Clock,
    permits::{
        Lease, PermitError, PermitLedger, PermitReply, PermitRequest, PermitService, RateLimiting,
    },
    transport::BoxFuture,
};
use rest_source_load::{
    Loading,
    work::{self, Worker, WorkerReport},
};
use tokio::{task::JoinSet, time::Instant};

use self::{api::Api, queue::Queue};

/// A simulation, and what it is to survive.
#[derive(Clone, Copy, Debug)]
struct Scale {
    partitions: u64,
    executors: usize,
    /// Requests per second.
    quota: u32,
    /// Executors that are killed.
    crashes: usize,
    /// Storms of 429.
    storms: u32,
    seed: u64,
}

/// The clock of tokio.
#[derive(Clone, Copy)]
struct TokioClock(Instant);

impl Clock for TokioClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000) + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// The limiter's store, 1 to 5 ms away.
#[derive(Clone)]
struct Permits {
    clock: TokioClock,
    ledgers: Arc<Mutex<HashMap<String, PermitLedger>>>,
    exchanges: Arc<Mutex<u64>>,
    random: Arc<Mutex<fastrand::Rng>>,
}

impl PermitService for Permits {
    fn exchange<'a>(
        &'a self,
        request: &'a PermitRequest,
    ) -> BoxFuture<'a, Result<PermitReply, PermitError>> {
        Box::pin(async {
            let delays = {
                let mut random = self.random.lock().unwrap();
                [random.u64(500..2_500), random.u64(500..2_500)]
            };
            tokio::time::sleep(Duration::from_micros(delays[0])).await;
            let reply = {
                *self.exchanges.lock().unwrap() += 1;
                let mut ledgers = self.ledgers.lock().unwrap();
                let ledger = ledgers.entry(request.key.clone()).or_default();
                let reply = ledger.exchange(self.clock.elapsed(), request);
                // As a database stores it.
                *ledger = PermitLedger::from_json(&ledger.to_json()).unwrap();
                reply
            };
            tokio::time::sleep(Duration::from_micros(delays[1])).await;
            Ok(reply)
        })
    }
}

struct World {
    clock: TokioClock,
    api: Api,
    queue: Arc<Queue>,
    permits: Permits,
    scale: Scale,
}

impl World {
    fn new(scale: Scale) -> Self {
        let clock = TokioClock(Instant::now());
        let rng = |offset| Arc::new(Mutex::new(fastrand::Rng::with_seed(scale.seed + offset)));
        Self {
            clock,
            api: Api::new(clock, scale, rng(1)),
            queue: Arc::new(Queue::new(clock)),
            permits: Permits {
                clock,
                ledgers: Arc::default(),
                exchanges: Arc::default(),
                random: rng(2),
            },
            scale,
        }
    }

    /// The client of an executor.
    fn client(&self) -> Client {
        let spec = format!(
            "
name: shop
client:
  base_url: https://api.example.com
  paginator: {{ type: offset, limit: 100 }}
  rate_limit: {{ requests: {}, per: 1s }}
  retry: {{ max_retries: 8, max_elapsed: 1h }}
resources:
  - name: accounts
    primary_key: id
    endpoint: {{ paginator: {{ type: offset, limit: 1000 }} }}
    columns: {{ id: bigint! }}
  - name: events
    primary_key: id
    write_disposition: append
    endpoint:
      path: accounts/{{resources.accounts.id}}/events
      incremental: {{ cursor_path: at, start_param: since }}
    columns: {{ id: bigint!, at: bigint! }}
",
            self.scale.quota
        );
        let lease = Lease::new(self.permits.clone());
        rest_source_dynamic::client("specs/shop.yaml", &spec)
            .unwrap()
            .transport(self.api.clone())
            .clock(self.clock)
            .rate_limiting(RateLimiting::Lease(lease))
            .build()
            .unwrap()
    }

    /// An executor, which ends when all is published.
    fn executor(
        &self,
        number: usize,
        tasks: &mut JoinSet<WorkerReport>,
    ) -> tokio::task::AbortHandle {
        let (client, queue) = (self.client(), Arc::clone(&self.queue));
        tasks.spawn(async move {
            let worker = Worker::new(&client, &*queue, format!("executor {number}"));
            let worker = worker.lease(Duration::from_secs(30)).attempts(100);
            worker.run().await.unwrap()
        })
    }

    /// Loads all partitions once.
    async fn load(&self) -> Figures {
        let client = self.client();
        let loading = Loading::new(&client, &*self.queue).resource("events");
        let planned = work::plan(loading, 1, false).await.unwrap();
        assert_eq!(planned[0].parts as u64, self.scale.partitions);
        drop(client);
        let begun = self.clock.elapsed();
        let sent_before = self.api.arrivals().len();
        let mut random = fastrand::Rng::with_seed(self.scale.seed);
        let mut tasks = JoinSet::new();
        let mut executors: Vec<_> = (0..self.scale.executors)
            .map(|number| self.executor(number, &mut tasks))
            .collect();
        let mut crashes = 0;
        let mut reports = Vec::new();
        loop {
            let pause = Duration::from_millis(random.u64(50..400));
            let is_crash = crashes < self.scale.crashes;
            tokio::select! {
                ended = tasks.join_next() => match ended {
                    Some(Ok(report)) => reports.push(report),
                    Some(Err(error)) if error.is_cancelled() => {}
                    Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
                    None => break,
                },
                () = tokio::time::sleep(pause), if is_crash && reports.is_empty() => {
                    // It is killed, and another one starts.
                    let at = random.usize(..executors.len());
                    executors[at].abort();
                    crashes += 1;
                    executors[at] = self.executor(at, &mut tasks);
                }
            }
        }
        let arrivals = self.api.arrivals().split_off(sent_before);
        Figures {
            crashes,
            published: reports.iter().map(|report| report.published.len()).sum(),
            took: self.queue.last_finished().saturating_sub(begun),
            attempts: self.queue.attempts(),
            arrivals,
            exchanges: *self.permits.exchanges.lock().unwrap(),
        }
    }
}

struct Figures {
    crashes: usize,
    published: usize,
    took: Duration,
    attempts: i64,
    arrivals: Vec<Duration>,
    exchanges: u64,
}

impl Figures {
    /// The most arrivals in any second.
    fn most_in_a_second(&self) -> usize {
        let second = Duration::from_secs(1);
        let mut first = 0;
        let mut most = 0;
        for (at, arrival) in self.arrivals.iter().enumerate() {
            while self.arrivals[first] + second <= *arrival {
                first += 1;
            }
            most = most.max(at + 1 - first);
        }
        most
    }

    /// The requests per second until nine of ten have arrived: then only stragglers are left.
    fn rate(&self) -> f64 {
        let most = self.arrivals.len() * 9 / 10;
        let took = self.arrivals[most - 1].saturating_sub(self.arrivals[0]);
        f64::from(u32::try_from(most - 1).unwrap()) / took.as_secs_f64()
    }

    fn print(&self, scale: Scale, refused: u64) {
        println!("{scale:?}");
        println!(
            "  {} requests, the last part after {:.1} s; {:.0} % of the quota while there was work; most in a second {}",
            self.arrivals.len(),
            self.took.as_secs_f64(),
            100.0 * self.rate() / f64::from(scale.quota),
            self.most_in_a_second()
        );
        println!(
            "  {} crashes, {refused} answers 429, {} attempts at {} parts, {} exchanges of permits",
            self.crashes, self.attempts, scale.partitions, self.exchanges
        );
    }
}

/// Loads twice: all records, then those that are new; and compares rows and cursors.
async fn run(scale: Scale) -> Figures {
    let world = World::new(scale);
    let first = world.load().await;
    first.print(scale, world.api.refused());
    assert_eq!(first.published, 1, "one executor publishes the rows");
    assert_eq!(world.queue.ids(), world.api.ids());
    assert!(first.most_in_a_second() <= scale.quota as usize);
    assert_eq!(first.crashes, scale.crashes);
    // The state has the cursor of each partition: a second load asks for new records only.
    world.api.grow();
    let second = world.load().await;
    second.print(scale, world.api.refused());
    assert_eq!(world.queue.ids(), world.api.ids());
    assert!(second.most_in_a_second() <= scale.quota as usize);
    first
}

#[tokio::test(start_paused = true)]
async fn executors_that_crash_and_are_refused_load_every_record_once_within_the_quota() {
    let scale = Scale {
        partitions: 400,
        executors: 20,
        quota: 100,
        crashes: 12,
        storms: 2,
        seed: 7,
    };
    run(scale).await;
}

#[tokio::test(start_paused = true)]
async fn executors_use_most_of_the_quota() {
    let scale = Scale {
        partitions: 600,
        executors: 20,
        quota: 100,
        crashes: 0,
        storms: 0,
        seed: 7,
    };
    let figures = run(scale).await;
    assert!(
        figures.rate() >= 0.85 * f64::from(scale.quota),
        "{}",
        figures.rate()
    );
    // An exchange is for several requests.
    assert!(
        figures.exchanges < figures.arrivals.len() as u64,
        "{}",
        figures.exchanges
    );
}

#[tokio::test(start_paused = true)]
#[ignore = "the figures of docs/SCALE.md: ten minutes and more without optimization"]
async fn ten_thousand_partitions_on_a_hundred_executors() {
    let calm = Scale {
        partitions: 10_000,
        executors: 100,
        quota: 500,
        crashes: 0,
        storms: 0,
        seed: 1,
    };
    let figures = run(calm).await;
    assert!(
        figures.rate() >= 0.85 * f64::from(calm.quota),
        "{}",
        figures.rate()
    );
    run(Scale {
        crashes: 200,
        storms: 4,
        ..calm
    })
    .await;
}
