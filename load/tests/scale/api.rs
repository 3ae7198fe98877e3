//! An API with a quota, in memory.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rest_source::{
    Clock as _,
    transport::{Body, BoxFuture, Bytes, Limits, Transport, TransportError, http},
};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::{Scale, TokioClock};

/// The most records of a page.
const PAGE: u64 = 100;

/// The API. Requests arrive even if their executor is lost in the meantime.
#[derive(Clone)]
pub(crate) struct Api(Arc<Inner>);

struct Inner {
    clock: TokioClock,
    scale: Scale,
    random: Arc<Mutex<fastrand::Rng>>,
    arrivals: Mutex<Vec<Duration>>,
    refused: AtomicU64,
    /// How often its records have grown.
    generation: AtomicU64,
}

impl Api {
    pub(crate) fn new(clock: TokioClock, scale: Scale, random: Arc<Mutex<fastrand::Rng>>) -> Self {
        Self(Arc::new(Inner {
            clock,
            scale,
            random,
            arrivals: Mutex::default(),
            refused: AtomicU64::new(0),
            generation: AtomicU64::new(1),
        }))
    }

    /// When requests arrived, in order.
    pub(crate) fn arrivals(&self) -> Vec<Duration> {
        self.0.arrivals.lock().unwrap().clone()
    }

    /// How many were answered 429.
    pub(crate) fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }

    /// Adds records to each account.
    pub(crate) fn grow(&self) {
        self.0.generation.fetch_add(1, Ordering::Relaxed);
    }

    /// The identifiers of all events, in order.
    pub(crate) fn ids(&self) -> Vec<i64> {
        let accounts = 0..self.0.scale.partitions;
        let ids = accounts.flat_map(|account| {
            let events = 0..self.0.events(account);
            events.map(move |at| id(account, at))
        });
        ids.collect()
    }
}

fn id(account: u64, at: u64) -> i64 {
    i64::try_from(account * 1_000_000 + at).unwrap()
}

impl Inner {
    /// The number of an account's events: one page to three.
    fn events(&self, account: u64) -> u64 {
        let first = 20 + account * 37 % 260;
        first + (self.generation.load(Ordering::Relaxed) - 1) * (account % 5)
    }

    /// Whether it answers 429 to all requests at this time: for three seconds, some times.
    fn is_storm(&self, at: Duration) -> bool {
        let at = at.as_millis();
        (0..u128::from(self.scale.storms)).any(|storm| {
            let begin = 5_000 + storm * 17_000;
            (begin..begin + 3_000).contains(&at)
        })
    }

    /// A request arrives.
    fn answer(&self, url: &str) -> (u16, String) {
        let now = self.clock.elapsed();
        self.arrivals.lock().unwrap().push(now);
        if self.is_storm(now) {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return (429, String::new());
        }
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let number = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let found = pairs.find(|(key, _)| *key == name);
            found.map_or(0, |(_, value)| value.parse::<u64>().unwrap())
        };
        let offset = number("offset");
        let records: Vec<Value> = if path.ends_with("/accounts") {
            let end = (offset + number("limit")).min(self.scale.partitions);
            (offset..end).map(|id| json!({ "id": id })).collect()
        } else {
            let account = path.rsplit('/').nth(1).unwrap().parse().unwrap();
            let events = number("since")..self.events(account);
            let page = events.skip(usize::try_from(offset).unwrap());
            let page = page.take(usize::try_from(PAGE).unwrap());
            page.map(|at| json!({ "id": id(account, at), "at": at }))
                .collect()
        };
        (200, Value::from(records).to_string())
    }
}

impl Transport for Api {
    fn send(
        &self,
        request: http::Request<Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        let inner = Arc::clone(&self.0);
        let url = request.uri().to_string();
        Box::pin(async move {
            let (reply, replied) = oneshot::channel();
            tokio::spawn(async move {
                let (there, back) = {
                    let mut random = inner.random.lock().unwrap();
                    // One of five hundred is a straggler.
                    let work = if random.u16(..500) == 0 {
                        random.u64(5_000..30_000)
                    } else {
                        random.u64(10..100)
                    };
                    (random.u64(5..80), work)
                };
                tokio::time::sleep(Duration::from_millis(there)).await;
                let answer = inner.answer(&url);
                tokio::time::sleep(Duration::from_millis(back)).await;
                // The executor may be lost.
                let _ = reply.send(answer);
            });
            let (status, body) = replied.await.unwrap();
            let mut response = http::Response::new(Body::from(body.into_bytes()));
            *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
            if status == 429 {
                let value = http::HeaderValue::from_static("3");
                response.headers_mut().insert("Retry-After", value);
            }
            Ok(response)
        })
    }
}
