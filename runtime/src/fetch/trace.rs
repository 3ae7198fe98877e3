//! The `tracing` spans and events of a fetch: see [`Fetch`](super::Fetch). All texts are redacted, and only
//! built for an enabled subscriber.

use std::time::Duration;

use tracing::{Span, debug, debug_span, info, info_span, warn};

use super::{FetchSpec, machine::Attempt};
use crate::{Error, Report, request::Draft};

/// The target of all spans and events.
const TARGET: &str = "rest_source";

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

pub(super) fn request(draft: &Draft) {
    debug!(target: TARGET, request = draft.shown(), "request");
}

/// A request is not sent, because another one was told to wait.
pub(super) fn held(wait: Duration) {
    debug!(target: TARGET, ?wait, "not sent");
}

pub(super) fn response(status: u16, bytes: usize) {
    debug!(target: TARGET, status, bytes, "response");
}

/// A request waited before it was sent.
pub(super) fn waited(waited: Duration) {
    if !waited.is_zero() {
        debug!(target: TARGET, ?waited, "waited for leave to send, or for a token");
    }
}

/// A request is retried after a wait.
pub(super) fn retry(page: u64, why: &str, wait: Duration) {
    warn!(target: TARGET, page, why, ?wait, "wait");
}

/// A page, and how many of its records passed the filters.
pub(super) fn page(received: u64, kept: u64) {
    debug!(target: TARGET, received, kept, "page");
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
