//! A failed attempt: whether it is retried, and its error if not.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use super::machine::Now;
use crate::{
    Error, ErrorKind, Timestamp, error::Cause, plan::Retry, printable::Seconds, retry::listed,
    retry_after::LONGEST, run_budget::SpentBudget,
};

/// Why a request brought no page.
#[derive(Clone, Debug)]
pub(super) struct FailedAttempt {
    /// The status, if there was a whole response.
    pub(super) status: Option<u16>,
    /// In words: `answered 503`.
    pub(super) what: String,
    /// The wait that the API states.
    pub(super) told: Option<Duration>,
    /// The wait in the headers, which applies to the source; a wait in the body applies to the request.
    pub(super) told_all: Option<Duration>,
    /// Whether it applies to all requests of the source: a 429, or a 403 that is a throttle.
    pub(super) throttled: bool,
    /// What follows the last retry, if a rule of the resource retries it.
    pub(super) rule: Option<AfterRetries>,
    /// The request, for messages.
    pub(super) request: String,
    /// Further details: the start of the body, or the error of the transport.
    pub(super) detail: Option<String>,
    /// Whether the API cannot have served the request.
    pub(super) is_unserved: bool,
    /// What to do, if that does not depend on the status alone.
    pub(super) help: Option<String>,
    /// The source of the error.
    pub(super) cause: Option<Cause>,
}

/// What a rule with `action: retry` makes of the last attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AfterRetries {
    /// An error.
    Fail,
    /// It is ignored, with this note.
    Ignore(String),
    /// No retry: the fetch starts again at the first page.
    Restart,
}

/// Why no retry follows that would otherwise.
pub(super) enum OutOf {
    /// It would start past this time.
    Time(Duration),
    /// No retry is left to all requests together, in these words.
    Retries(String),
}

impl FailedAttempt {
    /// Whether the request is retried.
    pub(super) fn is_retried(&self, retry: &Retry) -> bool {
        self.rule.is_some()
            || self.status.is_none_or(|status| {
                listed(status, &retry.statuses) || (self.throttled && listed(429, &retry.statuses))
            })
    }

    /// How long the source must wait; `too_long` if this request is not retried because of the wait. A rule
    /// applies to its own request, so that with a rule only a throttled response that is not ignored
    /// applies to the others.
    pub(super) fn closes(&self, too_long: bool) -> Option<Duration> {
        match &self.rule {
            Some(AfterRetries::Ignore(_)) => None,
            _ if self.throttled => self.told,
            None if too_long => self.told_all,
            _ => None,
        }
    }

    /// The error after the last attempt, with all failures. `out_of` is what ran out; `is_later` is a page past the
    /// first.
    pub(super) fn into_error(
        self,
        failures: &[String],
        out_of: Option<OutOf>,
        is_later: bool,
    ) -> Error {
        let is_out_of_retries = matches!(out_of, Some(OutOf::Retries(_)));
        let message = match out_of {
            None => summary(failures),
            Some(OutOf::Retries(used_up)) => format!("{}; {used_up}", summary(failures)),
            Some(OutOf::Time(max_elapsed)) => format!(
                "{}; the next attempt would start past `max_elapsed` ({})",
                summary(failures),
                Seconds(max_elapsed)
            ),
        };
        let kind = match self.status {
            None => ErrorKind::Transport,
            Some(401) => ErrorKind::Auth,
            Some(status) => ErrorKind::Status(status),
        };
        let help = match (&self.help, self.status) {
            _ if is_out_of_retries => {
                Some("fetch again when the API is well, or raise `budget` in `retry`".to_owned())
            }
            (Some(help), _) => Some(help.clone()),
            (None, Some(status)) => help(status, is_later, failures.len()),
            (None, None) => None,
        };
        let error = self.describe(Error::new(kind, message));
        match help {
            Some(help) => error.with_help(help),
            None => error,
        }
    }

    /// The error for a wait longer than `retry` allows.
    pub(super) fn into_rate_limit(self, wait: Duration, now: Now, retry: &Retry) -> Error {
        let message = format!(
            "{}, and asks to wait {}, longer than {}",
            self.what,
            Seconds(wait),
            bound(wait, retry),
        );
        self.describe(rate_limit(
            message,
            wait,
            now,
            "fetch again then, or raise `max_delay`",
        ))
    }

    /// The error where the budget of the run ends before the next attempt.
    pub(super) fn into_spent(self, spent: SpentBudget, failures: &[String]) -> Error {
        let failures = summary(failures);
        self.describe(spent.to_error().with_detail(failures))
    }

    /// The wait of a rate limit.
    pub(super) fn limited(&self) -> Option<Duration> {
        self.told
            .filter(|_| self.throttled || self.status == Some(503))
    }

    /// The error after the last attempt, if the API still demands a wait. Not `repeatable` if only one
    /// attempt was allowed.
    pub(super) fn into_last_rate_limit(
        self,
        wait: Duration,
        now: Now,
        failures: &[String],
        repeatable: bool,
    ) -> Error {
        let (why, help) = if repeatable {
            (
                "no retry is left",
                "fetch again then, or raise `max_retries`",
            )
        } else {
            (
                "a POST that is not `idempotent` is not repeated",
                "fetch again then, if the request may be repeated",
            )
        };
        let (summary, wait_shown) = (summary(failures), Seconds(wait));
        let message = format!("{summary}, and asks to wait {wait_shown}; {why}");
        self.describe(rate_limit(message, wait, now, help))
    }

    fn describe(self, error: Error) -> Error {
        let error = error.with_request(self.request);
        let error = match self.cause {
            Some(cause) => error.with_cause(cause),
            None => error,
        };
        match self.detail {
            Some(detail) => error.with_detail(detail),
            None => error,
        }
    }
}

/// What to do about a status.
fn help(status: u16, is_later: bool, attempts: usize) -> Option<String> {
    match status {
        // The credentials are valid, but not for this resource; others may work (RFC 9110, 15.5.4).
        403 => Some("check what the credentials may read".to_owned()),
        // Some APIs answer this for a page past the last.
        400 | 404 | 410 | 416 | 422 if is_later => Some(format!(
            "if the API answers so past the last page, add `stop_on_status: [{status}]` to the paginator"
        )),
        404 => Some(
            "check `base_url` and the resource's `path`, or `ignore` it by a rule of \
             `response_actions`"
                .to_owned(),
        ),
        408 | 409 | 423 | 425 | 429 | 500.. if attempts == 1 => Some(format!(
            "if a retry may succeed, let `retry.statuses` contain {status} and `retry.max_retries` be at least 1"
        )),
        _ => None,
    }
}

/// The error if an earlier response said that no quota is left, for longer than `retry` allows.
pub(super) fn quota_used_up(wait: Duration, now: Now, retry: &Retry) -> Error {
    let message = format!(
        "no quota is left for {}, longer than {}",
        Seconds(wait),
        bound(wait, retry)
    );
    rate_limit(message, wait, now, "fetch again then, or raise `max_delay`")
}

fn bound(wait: Duration, retry: &Retry) -> String {
    if wait > retry.max_delay {
        format!("`max_delay` ({})", Seconds(retry.max_delay))
    } else {
        format!("`max_elapsed` ({}) leaves", Seconds(retry.max_elapsed))
    }
}

fn rate_limit(message: String, wait: Duration, now: Now, help: &str) -> Error {
    let retry_at = now.wall + wait.min(LONGEST);
    let error = Error::new(ErrorKind::RateLimit { retry_at }, message);
    let error = match Timestamp::try_from(whole_second(retry_at)) {
        Ok(at) => error.with_detail(format!("ask again after {at}")),
        Err(_) => error,
    };
    error.with_help(format!(
        "{help}; a fetch may be resumed from the error's position"
    ))
}

/// The time, rounded up to a whole second.
fn whole_second(at: SystemTime) -> SystemTime {
    match at.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) if since.subsec_nanos() > 0 => {
            SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs() + 1)
        }
        _ => at,
    }
}

/// `answered 503 four times`, `failed three times: answered 503 twice, timed out once`.
fn summary(failures: &[String]) -> String {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for failure in failures {
        *kinds.entry(failure).or_default() += 1;
    }
    match (failures, kinds.len()) {
        ([one], _) => one.clone(),
        ([first, ..], 1) => format!("{first} {}", times(failures.len())),
        _ => {
            let parts: Vec<String> = kinds
                .iter()
                .map(|(what, number)| format!("{what} {}", times(*number)))
                .collect();
            format!("failed {}: {}", times(failures.len()), parts.join(", "))
        }
    }
}

fn times(number: usize) -> String {
    match number {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        3 => "three times".to_owned(),
        4 => "four times".to_owned(),
        5 => "five times".to_owned(),
        more => format!("{more} times"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_ask_again_is_a_whole_second_that_is_not_too_early() {
        let at = |seconds, nanos| SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos);
        assert_eq!(whole_second(at(7, 0)), at(7, 0));
        assert_eq!(whole_second(at(7, 1)), at(8, 0));
    }

    #[test]
    fn failures_are_counted_in_words() {
        let failures =
            |texts: &[&str]| summary(&texts.iter().map(|t| (*t).into()).collect::<Vec<_>>());
        assert_eq!(failures(&["answered 503"]), "answered 503");
        assert_eq!(failures(&["answered 503"; 4]), "answered 503 four times");
        assert_eq!(
            failures(&["timed out", "answered 503", "answered 503"]),
            "failed three times: answered 503 twice, timed out once"
        );
    }
}
