//! What a fetch tells whoever listens by `tracing`: see [`Fetch`](super::Fetch). Every text in it is
//! without secrets, and none is made where no one listens.

use std::time::Duration;

use tracing::{Span, debug, debug_span, info, info_span, warn};

use super::{Job, machine::Order};
use crate::{Error, Report, parent::ParentRecord, request::Draft};

/// The target of all of it.
const TARGET: &str = "rest_source";

/// A fetch, from its first request to its end.
pub(super) fn fetch(job: &Job) -> Span {
    let (source, resource) = (&*job.client.plan().name, &*job.resource.name);
    info_span!(target: TARGET, "fetch", source, resource)
}

/// The part of a fetch that is for one record of the parent.
pub(super) fn part(job: &Job, parent: &ParentRecord) -> Span {
    debug_span!(target: TARGET, "part", parent = job.client.redact(&parent.name))
}

/// One attempt at a page; it is the fetch's request of this number.
pub(super) fn attempt(order: &Order, number: u64) -> Span {
    let (page, attempt) = (order.id + 1, order.attempt);
    debug_span!(target: TARGET, "attempt", page, attempt, request = number)
}

pub(super) fn request(draft: &Draft) {
    debug!(target: TARGET, request = draft.shown(), "request");
}

/// A request is not sent: the API said to another one that it wants to be left alone.
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

/// A request is made again after a wait.
pub(super) fn retry(page: u64, why: &str, wait: Duration) {
    warn!(target: TARGET, page, why, ?wait, "wait");
}

/// A page: its records, and how many of them belong to the fetch.
pub(super) fn page(received: u64, kept: u64) {
    debug!(target: TARGET, received, kept, "page");
}

pub(super) fn ended(job: &Job, reason: &str, report: &Report) {
    let reason = || job.client.redact(reason);
    let (received, pages, requests) = (report.received, report.pages, report.requests);
    info!(target: TARGET, reason = reason(), received, pages, requests, "ended");
}

/// A fetch ended by an error, its texts without secrets.
pub(super) fn failed(error: &Error) {
    warn!(target: TARGET, %error, "failed");
}
