//! The `tracing` spans and events of a fetch: see [`Fetch`](super::Fetch). All texts are redacted, and only
//! built for an enabled subscriber.

use std::time::Duration;

use tracing::{Span, debug, debug_span, info, info_span, trace, warn};

use super::{FetchSpec, machine::Attempt};
use crate::{
    Client, Error, Position, Report,
    trace::{TARGET, seconds},
};

/// A fetch, from its first request to its end.
pub(super) fn fetch(spec: &FetchSpec) -> Span {
    let (source, resource) = (&*spec.client.plan().name, &*spec.resource.name);
    info_span!(target: TARGET, "fetch", source, resource)
}

/// One partition of a fetch.
pub(super) fn partition(spec: &FetchSpec, name: &str) -> Span {
    debug_span!(target: TARGET, "part", parent = spec.client.redact(name))
}

/// One attempt at a page, with the number of its request in the fetch.
pub(super) fn attempt(attempt: &Attempt, request: u64) -> Span {
    let (page, attempt) = (attempt.id + 1, attempt.number);
    debug_span!(target: TARGET, "attempt", page, attempt, request)
}

/// A request is not sent, because another one was told to wait.
pub(super) fn held(wait: Duration) {
    debug!(target: TARGET, wait_seconds = seconds(wait), "not sent");
}

/// A request is retried after a wait.
pub(super) fn retry(page: u64, why: &str, wait: Duration) {
    warn!(target: TARGET, page, why, wait_seconds = seconds(wait), "wait");
}

/// A page, how many of its records passed the filters, and how many records there are by the declared total.
pub(super) fn page(received: u64, kept: u64, total: Option<u64>) {
    debug!(target: TARGET, received, kept, total, "page");
}

/// The position that the paginator found after a page.
pub(super) fn next(client: &Client, position: &Position) {
    let position = || client.redact(&position.to_string());
    trace!(target: TARGET, position = position(), "next");
}

pub(super) fn ended(spec: &FetchSpec, reason: &str, report: &Report) {
    let reason = || spec.client.redact(reason);
    let (received, pages, requests) = (report.received, report.pages, report.requests);
    info!(target: TARGET, reason = reason(), received, pages, requests, "ended");
}

/// A fetch ended by an error, which is redacted.
pub(super) fn failed(error: &Error) {
    warn!(target: TARGET, %error, "failed");
}
