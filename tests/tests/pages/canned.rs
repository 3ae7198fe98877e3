//! An API in memory, which answers as a test says, and a clock on which waits are over at once.

use std::{
    sync::Mutex,
    time::{Duration, SystemTime},
};

use rest_source::{
    Clock, Connector,
    transport::{BoxFuture, Headers, Request, Response, Transport, TransportError},
};

/// A source of an API that answers by this function.
pub(crate) fn source<S: Connector>(
    secrets: S::Secrets,
    api: impl Fn(&Request) -> Response + Send + Sync + 'static,
) -> S {
    let builder = rest_source::Builder::<S>::new().secrets(secrets);
    let builder = builder.clock(Impatient::default()).jitter(|| 0.0);
    builder.transport(Api(api)).build().unwrap()
}

/// An answer, its headers written `Name: value`.
pub(crate) fn answer(status: u16, headers: &[&str], body: impl Into<String>) -> Response {
    let mut fields = Headers::new();
    for (name, value) in headers.iter().filter_map(|header| header.split_once(": ")) {
        fields.push(name, value);
    }
    Response {
        status,
        headers: fields,
        body: body.into().into_bytes(),
    }
}

/// An API in memory: a function from a request to its answer.
struct Api<F>(F);

impl<F> Transport for Api<F>
where
    F: Fn(&Request) -> Response + Send + Sync + 'static,
{
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        Box::pin(std::future::ready(Ok(self.0(request))))
    }
}

/// A clock that stands at 9:30 on 21 November 2026, and moves only when someone waits.
#[derive(Default)]
struct Impatient(Mutex<Duration>);

const START: Duration = Duration::from_secs(1_795_253_400);

impl Clock for Impatient {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + START + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        *self.0.lock().unwrap() += duration;
        Box::pin(tokio::task::yield_now())
    }
}
