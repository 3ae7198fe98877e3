//! What the tests of several rooms share: an API in memory, a client of it, and a journal of what is
//! told.

pub(crate) mod journal;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::{
    Client, Scalar, Secret,
    clock::manual::ManualClock,
    hooks::Hooks,
    plan::SourcePlan,
    redact::Redactor,
    settings::Settings,
    shared::Ref,
    transport::{
        BoxFuture, Headers, Request, Response, Transport, TransportError, TransportErrorKind,
    },
    wire::Wire,
};

/// What an API in memory says.
pub(crate) enum Answer {
    Response(Response),
    Failure(TransportError),
}

/// An API in memory: a function from request to answer, and the requests it has met. Clones are the
/// same API.
#[derive(Clone)]
pub(crate) struct Api(Arc<Inner>);

struct Inner {
    answer: Box<dyn Fn(&Request) -> Answer + Send + Sync>,
    requests: Mutex<Vec<Request>>,
    in_flight: Mutex<InFlight>,
}

/// How many requests wait for their answer, and how many ever did at a time.
#[derive(Default)]
struct InFlight {
    now: usize,
    most: usize,
}

impl Api {
    /// An API that answers by this function.
    pub(crate) fn new(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            answer: Box::new(answer),
            requests: Mutex::default(),
            in_flight: Mutex::default(),
        }))
    }

    /// The most requests that ever waited for their answer at a time.
    pub(crate) fn most_in_flight(&self) -> usize {
        self.0.in_flight.lock().unwrap().most
    }

    /// The requests so far, in order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.0.requests.lock().unwrap().clone()
    }

    /// The URLs of the requests so far, in order.
    pub(crate) fn urls(&self) -> Vec<String> {
        self.requests()
            .into_iter()
            .map(|request| request.url)
            .collect()
    }
}

impl Transport for Api {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        Box::pin(async move {
            self.0.requests.lock().unwrap().push(request.clone());
            {
                let mut in_flight = self.0.in_flight.lock().unwrap();
                in_flight.now += 1;
                in_flight.most = in_flight.most.max(in_flight.now);
            }
            // As a real transport does, let the others go on.
            tokio::task::yield_now().await;
            self.0.in_flight.lock().unwrap().now -= 1;
            match (self.0.answer)(request) {
                Answer::Response(response) => Ok(response),
                Answer::Failure(error) => Err(error),
            }
        })
    }
}

/// An answer with these headers, `Name: value`.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut fields = Headers::new();
    for (name, value) in headers {
        fields.push(*name, *value);
    }
    Answer::Response(Response {
        status,
        headers: fields,
        body: body.as_bytes().to_vec(),
    })
}

/// No answer.
pub(crate) fn failure(kind: TransportErrorKind) -> Answer {
    Answer::Failure(TransportError {
        kind,
        message: format!("{kind:?}"),
    })
}

/// A client of this plan over the API, by a clock whose waits are over at once, without jitter.
pub(crate) fn client(
    plan: impl Into<Ref<SourcePlan>>,
    secrets: &[&str],
    config: Vec<Scalar>,
    api: &Api,
    clock: &ManualClock,
) -> crate::Result<Client> {
    client_with(&Hooks::NONE, plan, secrets, config, api, clock)
}

/// A client that brings this Rust along.
pub(crate) fn client_with(
    hooks: &'static Hooks,
    plan: impl Into<Ref<SourcePlan>>,
    secrets: &[&str],
    config: Vec<Scalar>,
    api: &Api,
    clock: &ManualClock,
) -> crate::Result<Client> {
    let plan = plan.into();
    let secrets: Vec<Secret> = secrets.iter().map(|secret| Secret::from(*secret)).collect();
    let wire = wire(&plan, &secrets, api, clock);
    let settings = Settings {
        secrets,
        choice: None,
        config,
    };
    let concurrency = plan.concurrency;
    Client::new(plan, hooks, settings, wire, concurrency)
}

/// The wire of such a client.
pub(crate) fn wire(plan: &SourcePlan, secrets: &[Secret], api: &Api, clock: &ManualClock) -> Wire {
    Wire {
        transport: Box::new(api.clone()),
        clock: Box::new(clock.clone()),
        jitter: Box::new(|| 0.0),
        lock_refresh_token: None,
        has_answered: false.into(),
        redactor: Arc::new(Redactor::new(secrets.iter().map(Secret::expose))),
        on_refresh_token: None,
        retry: plan.retry.clone(),
        connect_timeout: Duration::from_secs(10),
        request_timeout: Duration::from_secs(60),
        max_response_bytes: plan.max_response_bytes,
    }
}
