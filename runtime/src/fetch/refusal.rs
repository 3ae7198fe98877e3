//! A request that brought no page: whether it is made again, and what is said when it is not.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use super::machine::Now;
use crate::{
    Error, ErrorKind, Timestamp, error::Cause, plan::Retry, printable::Seconds, retry::listed,
    retry_after::LONGEST,
};

/// Why a request brought no page.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    /// The status; none where there is no whole response.
    pub(super) status: Option<u16>,
    /// In words: `answered 503`.
    pub(super) what: String,
    /// How long the API says to wait.
    pub(super) told: Option<Duration>,
    /// The same where it says so in the headers, which are of the source: a body is of its request.
    pub(super) told_all: Option<Duration>,
    /// Whether it speaks for all of the source's requests: a 429, or a 403 that is one.
    pub(super) throttled: bool,
    /// Where a rule of the resource says that it is made again.
    pub(super) rule: Option<AfterRetries>,
    /// The request, for messages.
    pub(super) request: String,
    /// What more there is to say: how the body starts, or what the transport met.
    pub(super) detail: Option<String>,
    /// What may be done about it, where that does not depend on the status alone.
    pub(super) help: Option<String>,
    /// The error beneath it.
    pub(super) cause: Option<Cause>,
}

/// What a rule that says to ask again says of the last answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AfterRetries {
    /// An error.
    Fail,
    /// It is ignored, with this note.
    Ignore(String),
}

impl Refusal {
    /// Whether the same request may be made again.
    pub(super) fn is_retried(&self, retry: &Retry) -> bool {
        self.rule.is_some()
            || self.status.is_none_or(|status| {
                listed(status, &retry.statuses) || (self.throttled && listed(429, &retry.statuses))
            })
    }

    /// How long no request of the source may follow: `too_long` says that this one is not made again
    /// for the time it would have to wait. A rule says what a response means for its own request, so
    /// that by a rule only a throttled one that is not ignored is of the others, too.
    pub(super) fn closes(&self, too_long: bool) -> Option<Duration> {
        match &self.rule {
            Some(AfterRetries::Ignore(_)) => None,
            _ if self.throttled => self.told,
            None if too_long => self.told_all,
            _ => None,
        }
    }

    /// The error after the last attempt, of those that failed in these ways; `out_of` time where
    /// another would have started too late. `is_later` is a page past the first.
    pub(super) fn into_error(
        self,
        failures: &[String],
        out_of: Option<Duration>,
        is_later: bool,
    ) -> Error {
        let message = match out_of {
            None => summary(failures),
            Some(max_elapsed) => format!(
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

    /// The error when the API wants a longer wait than `retry` allows.
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

    /// How long the API says to wait where it is the rate that the request was refused for.
    pub(super) fn limited(&self) -> Option<Duration> {
        self.told
            .filter(|_| self.throttled || self.status == Some(503))
    }

    /// The error after the last attempt, of those that failed in these ways, where the API still wants a
    /// wait; not `repeatable` where it was the only one that may be made.
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

/// What may be done about a status.
fn help(status: u16, is_later: bool, attempts: usize) -> Option<String> {
    match status {
        // Known, but not allowed this: other resources may well be (RFC 9110, 15.5.4).
        403 => Some("check what the credentials may read".to_owned()),
        // What APIs answer to a page past the last.
        400 | 404 | 410 | 416 | 422 if is_later => Some(format!(
            "if the API answers so past the last page, add `stop_on_status: [{status}]` to the paginator"
        )),
        404 => Some(
            "check `base_url` and the resource's `path`, or `ignore` it by a rule of \
             `response_actions`"
                .to_owned(),
        ),
        408 | 409 | 423 | 425 | 429 | 500.. if attempts == 1 => Some(format!(
            "if it may pass, add {status} to `retry.statuses`, the statuses that are asked again"
        )),
        _ => None,
    }
}

/// The error when a response before said that no quota is left, for longer than `retry` allows.
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

/// The time, or the first whole second after it.
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
