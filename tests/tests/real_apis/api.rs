//! An API in memory, which gives the pages that it was told to give, in order.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use rest_source::{
    Builder, Clock, Connector, Timestamp,
    transport::{
        BoxFuture, Headers, Request, Response, Transport, TransportError, TransportErrorKind,
    },
};
use serde_json::Value;

/// The pages that are left, and what was asked for. Clones are the same API.
#[derive(Clone)]
pub(crate) struct Api(Arc<Mutex<Inner>>);

struct Inner {
    pages: VecDeque<Response>,
    requests: Vec<Request>,
}

impl Api {
    pub(crate) fn new(pages: impl IntoIterator<Item = Response>) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            pages: pages.into_iter().collect(),
            requests: Vec::new(),
        })))
    }

    /// A source that asks this API, and never waits.
    pub(crate) fn connect<S: Connector>(&self, secrets: S::Secrets, config: S::Config) -> S {
        Builder::<S>::new()
            .secrets(secrets)
            .config(config)
            .transport(self.clone())
            .clock(Hasty::default())
            .build()
            .unwrap()
    }

    /// What was asked for, in order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.0.lock().unwrap().requests.clone()
    }

    /// The URLs of that.
    pub(crate) fn urls(&self) -> Vec<String> {
        let requests = self.requests().into_iter();
        requests.map(|request| request.url).collect()
    }
}

impl Transport for Api {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        let mut inner = self.0.lock().unwrap();
        inner.requests.push(request.clone());
        let page = inner.pages.pop_front().ok_or_else(|| TransportError {
            kind: TransportErrorKind::Request,
            message: "there are no more pages".to_owned(),
        });
        Box::pin(async { page })
    }
}

/// A page.
pub(crate) fn page(body: &Value) -> Response {
    Response {
        status: 200,
        headers: Headers::new(),
        body: body.to_string().into_bytes(),
    }
}

/// A page with a `Link` to the next.
pub(crate) fn linked(body: &Value, next: &str) -> Response {
    let mut page = page(body);
    page.headers.push(
        "Link",
        format!("<{next}>; rel=\"next\", <{next}0>; rel=\"last\""),
    );
    page
}

/// The value of a header that was sent.
pub(crate) fn header<'r>(request: &'r Request, name: &str) -> &'r str {
    request.headers.get(name).unwrap_or_default()
}

/// A record, with these members in place of its own or beside them.
pub(crate) fn with(mut record: Value, members: Value) -> Value {
    let Value::Object(members) = members else {
        panic!("not an object: {members}");
    };
    record.as_object_mut().unwrap().extend(members);
    record
}

/// A time in RFC 3339.
pub(crate) fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

/// A clock on which waits are over at once. It begins in January 2027, after all times of the records.
#[derive(Clone, Default)]
struct Hasty(Arc<Mutex<Duration>>);

impl Clock for Hasty {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000) + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        *self.0.lock().unwrap() += duration;
        Box::pin(tokio::task::yield_now())
    }
}
