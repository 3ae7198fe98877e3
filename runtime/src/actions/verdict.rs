//! What a response means.

use std::time::Duration;

use crate::{
    plan::{Action, ResponseAction},
    shared::Text,
};

/// What a response means: the result of an [`on_response`](crate::hooks::ResponseHook) function.
///
/// ```
/// use rest_source::{hooks::Verdict, transport::Response};
/// use std::time::Duration;
///
/// /// The API answers 200 in all cases, and states a code in a header.
/// fn meaning(response: &Response) -> Option<Verdict> {
///     match response.headers.get("X-Code")? {
///         "busy" => Some(Verdict::retry().after(Duration::from_secs(30))),
///         "archived" => Some(Verdict::ignore().because("the account is archived")),
///         "denied" => Some(Verdict::fail("the key may not read this account")),
///         _ => None,
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    pub(crate) action: Action,
    pub(crate) message: Option<String>,
    /// How long to wait before a retry.
    pub(crate) wait: Option<Duration>,
    pub(crate) author: Author,
}

/// What decided.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Author {
    /// The rule at this place of the spec.
    Rule(String),
    /// The function at this path.
    Hook(String),
}

impl Author {
    /// In notes: `specs/shop.yaml:7`.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Rule(place) => place.clone(),
            Self::Hook(path) => format!("`{path}`"),
        }
    }
}

impl Verdict {
    const fn new(action: Action) -> Self {
        Self {
            action,
            message: None,
            wait: None,
            author: Author::Hook(String::new()),
        }
    }

    /// A page, whatever its status.
    pub const fn success() -> Self {
        Self::new(Action::Success)
    }

    /// The end of the resource, or of the records of one parent or partition. Past the first page, the next
    /// incremental fetch requests again what it may hide.
    pub const fn ignore() -> Self {
        Self::new(Action::Ignore)
    }

    /// The end of the records of one parent, of which nothing is missing.
    pub const fn skip_parent() -> Self {
        Self::new(Action::SkipParent)
    }

    /// Start again at the first page: the cursor of a later one has expired.
    pub const fn restart() -> Self {
        Self::new(Action::Restart)
    }

    /// Send the request again, as often as `retry` allows.
    pub const fn retry() -> Self {
        Self::new(Action::Retry { then_ignore: false })
    }

    /// Send the request again, and [ignore](Self::ignore) the response to the last retry.
    pub const fn retry_then_ignore() -> Self {
        Self::new(Action::Retry { then_ignore: true })
    }

    /// Send the request once more, with new credentials.
    pub const fn refresh_auth() -> Self {
        Self::new(Action::RefreshAuth)
    }

    /// Fetch the halves of the window instead: it is too large for the API.
    pub const fn split_window() -> Self {
        Self::new(Action::SplitWindow)
    }

    /// An error with this message.
    pub fn fail(message: impl Into<String>) -> Self {
        Self::new(Action::Fail { message: None }).because(message)
    }

    /// Adds a message, for the error or the note in the report. Known secrets in it are redacted.
    #[must_use]
    pub fn because(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Sets the wait before a [retry](Self::retry), in place of the wait in the response. `retry` limits it, as it
    /// limits the waits that an API states.
    #[must_use]
    pub const fn after(mut self, wait: Duration) -> Self {
        self.wait = Some(wait);
        self
    }

    /// The verdict of a rule in the spec with this path.
    pub(crate) fn of_rule(rule: &ResponseAction, spec: &Text) -> Self {
        Self {
            author: Author::Rule(format!("{spec}:{}", rule.line)),
            ..Self::new(rule.action.clone())
        }
    }
}
