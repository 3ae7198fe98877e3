//! What the unit tests share: a client over a scripted transport, and a record of the log.

pub(crate) mod journal;
#[allow(unreachable_pub)] // Public in the crate that it is from.
#[path = "../../testkit/src/scripted_transport.rs"]
mod scripted_transport;

use std::{sync::Arc, time::Duration};

pub(crate) use scripted_transport::ScriptedTransport as Api;

use crate::{
    Client, Scalar, Secret, Timestamp,
    clock::manual::ManualClock,
    hooks::Hooks,
    http_context::{AnsweredOrigins, HttpContext},
    permits::RateLimiting,
    plan::{ResourcePlan, SourcePlan},
    redact::Redactor,
    request::Draft,
    retry::RetryBudget,
    settings::Settings,
    shared::Ref,
    template::Bounds,
    transport::{Response, TransportError, TransportErrorKind},
};

/// What an API in memory answers.
pub(crate) type Answer = Result<Response, TransportError>;

#[allow(clippy::unnecessary_wraps)] // As a failure is.
/// An answer with these headers, `Name: value`.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    Ok(scripted_transport::response(status, headers, body))
}

/// No answer.
pub(crate) fn failure(kind: TransportErrorKind) -> Answer {
    Err(TransportError::new(kind, format!("{kind:?}")))
}

/// The first request of a resource, without a range and without a parent.
pub(crate) fn first_request(client: &Client, resource: &ResourcePlan) -> crate::Result<Draft> {
    let bounds = Bounds::default();
    client.draft(resource, client.scope(&bounds, &[], Timestamp::EPOCH))
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
    let context = context(&plan, &secrets, api, clock);
    let settings = Settings {
        secrets,
        choice: None,
        config,
    };
    let concurrency = plan.concurrency;
    let limits = (RateLimiting::Local, concurrency);
    Client::new(plan, hooks, settings, context, limits)
}

/// The context of such a client.
pub(crate) fn context(
    plan: &SourcePlan,
    secrets: &[Secret],
    api: &Api,
    clock: &ManualClock,
) -> HttpContext {
    HttpContext {
        transport: Box::new(api.clone()),
        clock: Arc::new(clock.clone()),
        jitter: Box::new(|| 0.0),
        lock_refresh_token: None,
        answered: AnsweredOrigins::default(),
        redactor: Arc::new(Redactor::new(secrets.iter().map(Secret::expose))),
        on_refresh_token: None,
        retry: plan.retry.clone(),
        retry_budget: Arc::new(RetryBudget::new(&plan.retry)),
        run_budget: Arc::default(),
        connect_timeout: Duration::from_secs(10),
        request_timeout: Duration::from_secs(60),
        max_response_bytes: plan.max_response_bytes,
    }
}
