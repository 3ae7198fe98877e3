//! Secrets: values that no message shows.

use std::{fmt, sync::Arc};

/// A secret: a key, a token, a password.
///
/// Its `Debug` is `[secret]`, and it has no `Display`: it reaches a text only through
/// [`expose`](Self::expose). Clones share one text.
///
/// ```
/// let secret = rest_source::Secret::from("s3cr3t-k3y");
/// assert_eq!(format!("{secret:?}"), "[secret]");
/// assert_eq!(secret.expose(), "s3cr3t-k3y");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// The value itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self(value.into())
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(crate::redact::BLANK)
    }
}
