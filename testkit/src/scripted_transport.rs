//! A scripted transport: a function from a request to its response, instead of a network.
//!
//! The unit tests of the runtime take in this file, too, since a crate's unit tests cannot use the types of
//! a crate that depends on it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::transport::{
    Body, BoxFuture, Bytes, Headers, Limits, Request, Response, Transport, TransportError, http,
};

/// A transport that answers by a function and records the requests. Clones are the same transport.
#[derive(Clone)]
pub struct ScriptedTransport(Arc<Inner>);

type Answer = dyn Fn(&Request) -> Result<Response, TransportError> + Send + Sync;

struct Inner {
    answer: Box<Answer>,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    requests: Vec<Request>,
    limits: Vec<Limits>,
    in_flight: usize,
    most_in_flight: usize,
}

impl ScriptedTransport {
    /// A transport that answers by this function.
    pub fn new(
        answer: impl Fn(&Request) -> Result<Response, TransportError> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            answer: Box::new(answer),
            log: Mutex::default(),
        }))
    }

    /// The requests so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.log().requests.clone()
    }

    /// The URLs of the requests so far, in order.
    pub fn urls(&self) -> Vec<String> {
        let requests = self.requests().into_iter();
        requests.map(|request| request.url).collect()
    }

    /// The limits of the requests so far, in order.
    pub fn limits(&self) -> Vec<Limits> {
        self.log().limits.clone()
    }

    /// The most requests that ever waited for their responses at a time.
    pub fn most_in_flight(&self) -> usize {
        self.log().most_in_flight
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for ScriptedTransport {
    fn send(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async move {
            let request = Request::from_http(&request);
            {
                let mut log = self.log();
                log.requests.push(request.clone());
                log.limits.push(limits);
                log.in_flight += 1;
                log.most_in_flight = log.most_in_flight.max(log.in_flight);
            }
            // As a real transport does, let the others go on.
            tokio::task::yield_now().await;
            self.log().in_flight -= 1;
            (self.0.answer)(&request)?.into_http()
        })
    }
}

/// A response with these headers, `Name: value`.
pub fn response(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Response {
    let mut fields = Headers::new();
    for (name, value) in headers {
        fields.push(*name, *value);
    }
    Response {
        status,
        headers: fields,
        body: body.into(),
    }
}
