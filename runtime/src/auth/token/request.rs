//! One request for a token, and why there is none.

use std::time::Duration;

use crate::{
    Error, ErrorKind,
    http_context::{CredentialsFailure, HttpContext},
    redact::Redactor,
    retry_after,
    transport::{Request, Response, TransportError},
};

use super::{Granted, Recipient};

/// The longest response that is read.
const LONGEST_ANSWER: u64 = 1 << 20;

/// The most characters of a response that a message quotes.
const LONGEST_QUOTE: usize = 300;

/// No token.
pub(in crate::auth) enum Refusal {
    /// Now, but maybe later. Carries the response, where there was one.
    Transient(Error, Option<Response>),
    /// For good.
    Final(Error),
}

impl Refusal {
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Transient(error, _) | Self::Final(error) => error,
        }
    }

    fn map(self, change: impl FnOnce(Error) -> Error) -> Self {
        match self {
            Self::Transient(error, answer) => Self::Transient(change(error), answer),
            Self::Final(error) => Self::Final(change(error)),
        }
    }
}

/// Sends a request for a token to `peer`, and lets `read` find the token in its response: one that is
/// neither a redirect nor a temporary failure.
///
/// # Errors
///
/// When there is no token. No secret is in the message.
pub(in crate::auth) async fn ask(
    request: &Request,
    peer: &str,
    recipient: &Recipient,
    read: impl FnOnce(&Response) -> Result<Granted, Error>,
) -> Result<Granted, Refusal> {
    let context = &*recipient.context;
    let mut limits = context.limits();
    limits.max_response_bytes = LONGEST_ANSWER;
    let answer = match context.send_for_credentials(request, limits).await {
        Ok(response) => answered(response, peer).and_then(|response| {
            let granted = read(&response).and_then(|granted| recipient.accept(granted, peer));
            granted.map_err(Refusal::Final)
        }),
        Err(CredentialsFailure::Transport(error)) => Err(unreached(&error, peer)),
        Err(CredentialsFailure::Spent(spent)) => Err(Refusal::Final(spent.to_error())),
    };
    answer.map_err(|refusal| {
        refusal.map(|error| {
            error
                .with_request(format!("{} {}", request.method.as_str(), request.url))
                .map_text(|text| context.redactor.redact(text))
        })
    })
}

fn unreached(error: &TransportError, peer: &str) -> Refusal {
    let message = format!("no answer from {peer}: {error}");
    let mut shown = Error::new(ErrorKind::Transport, message).with_cause(error.clone());
    if let Some(help) = error.help() {
        shown = shown.with_help(help);
    }
    if error.may_retry() {
        Refusal::Transient(shown, None)
    } else {
        Refusal::Final(shown)
    }
}

fn answered(response: Response, peer: &str) -> Result<Response, Refusal> {
    let status = response.status;
    if is_transient(status) {
        let message = format!("{peer} answered {status}");
        let error = Error::new(ErrorKind::Status(status), message);
        return Err(Refusal::Transient(error, Some(response)));
    }
    if (300..400).contains(&status) {
        let message = format!("{peer} answered {status}, a redirect");
        let help = "credentials do not follow it: give the endpoint's own URL";
        return Err(Refusal::Final(
            Error::new(ErrorKind::Auth, message).with_help(help),
        ));
    }
    Ok(response)
}

fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

/// Adds all of a response that a message shows: the rest may be a token under any name.
pub(in crate::auth) fn seen(error: Error, response: &Response, redactor: &Redactor) -> Error {
    let content_type = response.headers.get("Content-Type").unwrap_or("none");
    error
        .with_detail(format!("status: {}", response.status))
        .with_detail(format!("content type: {}", quoted(content_type, redactor)))
}

/// The beginning of a text that a server wrote, on one line. Secrets are blanked before it is cut: a
/// part of one would not be known again.
pub(in crate::auth) fn quoted(text: &str, redactor: &Redactor) -> String {
    let text = redactor.redact_start(text.as_bytes());
    text.chars().take(LONGEST_QUOTE).collect()
}

/// How long the response says to wait.
pub(super) fn wait_told(answer: &Response, context: &HttpContext) -> Option<Duration> {
    let now = context.clock.now();
    let reset = || match answer.status {
        429 | 503 => retry_after::reset(&answer.headers, now),
        _ => None,
    };
    retry_after::retry_after(&answer.headers, now).max(reset())
}

pub(super) fn too_long(wait: Duration, context: &HttpContext) -> Error {
    let now = context.clock.now();
    let retry_at = now.checked_add(wait).unwrap_or(now);
    let message = format!("the request for a token is told to wait {wait:?}");
    Error::new(ErrorKind::RateLimit { retry_at }, message)
        .with_help("try again then, or raise `max_delay` in `retry`")
}
