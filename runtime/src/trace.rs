//! The `tracing` events of requests and waits: see [`Fetch`](crate::Fetch). Their texts are only built for an enabled
//! subscriber, and contain no secrets.

use std::time::Duration;

use tracing::{debug, trace};

use crate::{
    redact::Redactor,
    transport::{Headers, TransportError},
};

/// The target of all spans and events.
pub(crate) const TARGET: &str = "rest_source";

/// Seconds, to the millisecond.
pub(crate) fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e3).round() / 1e3
}

/// The headers whose values are logged. Any other header may hold a credential: only its name is logged.
const SHOWN: [&str; 14] = [
    "accept",
    "age",
    "cache-control",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "date",
    "etag",
    "last-modified",
    "retry-after",
    "server",
    "user-agent",
    "via",
];

/// Headers with the value of each that holds no credential.
fn shown_headers(headers: &Headers, redactor: &Redactor) -> String {
    let shown: Vec<String> = headers
        .iter()
        .map(|(name, value)| {
            let lower = name.to_ascii_lowercase();
            if SHOWN.contains(&&*lower)
                || lower.contains("ratelimit")
                || lower.contains("rate-limit")
            {
                format!("{name}: {}", redactor.redact(value))
            } else {
                name.to_owned()
            }
        })
        .collect();
    shown.join(", ")
}

/// A request is sent now.
pub(crate) fn request(request: impl Fn() -> String, headers: &Headers, redactor: &Redactor) {
    let headers = || shown_headers(headers, redactor);
    trace!(target: TARGET, request = request(), headers = headers(), "request");
}

/// A response arrived after this time; `bytes` is the length of its body, if that was read.
///
/// Its headers are an event of their own, so that nothing has to ask whether `TRACE` is enabled: that question makes
/// `tracing-subscriber` lose the next event for each layer that does not want `TRACE`.
pub(crate) fn response(
    request: impl Fn() -> String,
    (status, bytes): (u16, Option<usize>),
    headers: &Headers,
    redactor: &Redactor,
    elapsed: Duration,
) {
    debug!(
        target: TARGET,
        request = request(),
        status,
        bytes,
        elapsed_seconds = seconds(elapsed),
        "response"
    );
    let headers = || shown_headers(headers, redactor);
    trace!(target: TARGET, request = request(), headers = headers(), "response headers");
}

/// No whole response arrived. The message of the error contains no secrets.
pub(crate) fn no_response(request: impl Fn() -> String, error: &TransportError, elapsed: Duration) {
    debug!(
        target: TARGET,
        request = request(),
        error = error.message.as_str(),
        elapsed_seconds = seconds(elapsed),
        "no response"
    );
}

/// A redirect is followed.
pub(crate) fn redirected(to: &str) {
    debug!(target: TARGET, to, "redirected");
}

/// A request waits before it is sent.
pub(crate) fn wait(why: &str, wait: Duration) {
    debug!(target: TARGET, why, wait_seconds = seconds(wait), "wait");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_other_headers_are_not_shown() {
        let mut headers = Headers::new();
        for (name, value) in [
            ("Content-Type", "text/s3cr3t-value"),
            ("X-RateLimit-Remaining", "7"),
            ("Set-Cookie", "session=unknown"),
        ] {
            headers.push(name, value);
        }
        let redactor = Redactor::new(["s3cr3t-value"]);
        assert_eq!(
            shown_headers(&headers, &redactor),
            "Content-Type: text/[secret], X-RateLimit-Remaining: 7, Set-Cookie"
        );
    }
}
