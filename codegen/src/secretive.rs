//! Names that say that what stands under them is a secret.

use crate::foreign::holds_placeholder;

/// Whether a header of this name holds a secret: `Authorization`, `X-Depot-Key`, `api-token`.
pub(crate) fn header(name: &str) -> bool {
    const LAST: [&str; 7] = [
        "authorization",
        "cookie",
        "apikey",
        "token",
        "secret",
        "password",
        "key",
    ];
    let name = name.to_ascii_lowercase();
    let last = name.rsplit('-').next().unwrap_or_default();
    // The one tells one request from another, and opens nothing; the other may be any key.
    let is_public = name.ends_with("idempotency-key") || name == "key";
    LAST.contains(&last) && !is_public
}

/// Whether a parameter of this name holds a secret. A `key` or a `page_token` may be none.
pub(crate) fn param(name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "api_key",
        "apikey",
        "api_token",
        "access_token",
        "auth_token",
        "token",
        "secret",
        "client_secret",
        "password",
    ];
    let name = name.to_ascii_lowercase().replace('-', "_");
    NAMES.contains(&name.as_str())
}

/// The parameter in the query of a URL that holds a secret, written there.
pub(crate) fn in_query(url: &str) -> Option<&str> {
    let (_, query) = url.split_once('?')?;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let written =
        pairs.find(|(name, value)| param(name) && !value.is_empty() && !holds_placeholder(value));
    written.map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::{header, in_query, param};

    #[test]
    fn names_of_secrets() {
        for name in [
            "Authorization",
            "X-API-Key",
            "x-depot-key",
            "Api-Token",
            "X-Auth-Token",
        ] {
            assert!(header(name), "{name}");
        }
        for name in [
            "Idempotency-Key",
            "Accept",
            "X-Key-Id",
            "primary_key",
            "key",
        ] {
            assert!(!header(name), "{name}");
        }
        assert!(param("api-key") && param("access_token"));
        assert!(!param("page_token") && !param("key"));
    }

    #[test]
    fn a_query_may_hold_one() {
        assert_eq!(
            in_query("https://a.example/b?c=d&api_key=e"),
            Some("api_key")
        );
        assert_eq!(in_query("/b?token={secrets.token}"), None);
        assert_eq!(in_query("/b?token="), None);
        assert_eq!(in_query("token=a"), None);
    }
}
