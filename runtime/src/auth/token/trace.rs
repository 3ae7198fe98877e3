//! What is told of tokens by `tracing`: see [`Fetch`](crate::Fetch). None is in it.

use std::time::Duration;

use tracing::{debug, warn};

use crate::{
    Error,
    redact::Redactor,
    trace::{TARGET, seconds},
};

/// Why a token is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Why {
    /// There was none yet.
    First,
    /// The one there is ends soon.
    Early,
    /// The one there was is over.
    Over,
    /// The one there was is refused.
    Refused,
}

impl Why {
    fn word(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Early => "early",
            Self::Over => "over",
            Self::Refused => "refused",
        }
    }
}

/// There is a new token, which holds for so long; `None` where that is unknown.
pub(super) fn fetched(why: Why, life: Option<Duration>) {
    let life_seconds = life.map(seconds);
    debug!(target: TARGET, why = why.word(), life_seconds, "token");
}

/// A request for a token failed, and is sent again after a wait.
pub(super) fn retry(error: &Error, wait: Duration, redactor: &Redactor) {
    let why = || redactor.redact(error.message());
    warn!(target: TARGET, why = why(), wait_seconds = seconds(wait), "wait");
}

/// There is none.
pub(super) fn failed(why: Why, error: &Error, redactor: &Redactor) {
    let error = || redactor.redact(&error.to_string());
    warn!(target: TARGET, why = why.word(), error = error(), "token failed");
}

/// There is a new refresh token, and nobody to keep it.
pub(in crate::auth) fn not_kept() {
    warn!(
        target: TARGET,
        "the token endpoint gave a new refresh token, which is lost with the source: give the builder \
         an `on_refresh_token`"
    );
}
