//! What is told of tokens by `tracing`: see [`Fetch`](crate::Fetch). None is in it.

use std::time::Duration;

use tracing::{debug, warn};

use crate::{Error, redact::Redactor};

/// The target of all of it.
const TARGET: &str = "rest_source";

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

/// There is a new token, which holds for so long.
pub(super) fn fetched(why: Why, life: Duration) {
    debug!(target: TARGET, why = why.word(), ?life, "token");
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
