//! Recognition of the names of secrets: headers, query parameters and keys.

use crate::other_placeholders::holds_placeholder;
use crate::suggest;

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

/// Whether a name looks like that of a credential, however it is misspelt: for what is not shown, where
/// one too many does no harm.
pub fn looks_secret(name: &str) -> bool {
    // Keys of the language whose values are no credentials.
    const PUBLIC: [&str; 16] = [
        "access_token_url",
        "token_url",
        "token_request",
        "token_path",
        "token_param",
        "token_header",
        "token_cookie",
        "access_token_path",
        "access_token_request_data",
        "access_token_request_headers",
        "default_token_expiration",
        "secrets",
        "primary_key",
        "merge_key",
        "cursor_key",
        "links_next_key",
    ];
    const PARTS: [&str; 9] = [
        "token",
        "secret",
        "passw",
        "apikey",
        "credential",
        "authoriz",
        "bearer",
        "privatekey",
        "accesskey",
    ];
    const WHOLE: [&str; 7] = [
        "token",
        "api_key",
        "password",
        "secret",
        "client_secret",
        "refresh_token",
        "authorization",
    ];
    // What leads to the next page opens nothing.
    const POSITIONS: [&str; 4] = [
        "page_token",
        "next_token",
        "continuation_token",
        "sync_token",
    ];
    let name = name.to_lowercase();
    let underscored = name.replace('-', "_");
    if POSITIONS.iter().any(|word| underscored.ends_with(word)) {
        return false;
    }
    if PUBLIC.contains(&name.as_str()) {
        return false;
    }
    let letters: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    PARTS.iter().any(|part| letters.contains(part))
        || header(&name)
        || param(&name)
        || matches!(
            letters.as_str(),
            "pwd" | "pass" | "passphrase" | "signature"
        )
        || WHOLE.iter().any(|word| suggest::is_slip_of(&name, word))
}

/// Whether a text is fit for the name of the header, parameter or cookie that carries a credential.
pub(crate) fn names_place(text: &str) -> bool {
    const LONGEST: usize = 40;
    let is_name = |c: char| c.is_ascii_alphabetic() || "-_.: []".contains(c);
    text.len() <= LONGEST && text.chars().all(is_name)
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
    use super::{header, in_query, looks_secret, param};

    #[test]
    fn a_misspelt_name_of_a_secret_looks_like_one() {
        for name in [
            "tokn",
            "api_kye",
            "api_token",
            "pasword",
            "secert",
            "clientSecret",
            "X-Api-Key",
            "access_token",
            "Authorisation",
            "Authorizaton",
        ] {
            assert!(looks_secret(name), "{name}");
        }
        for name in [
            "primary_key",
            "cursor_key",
            "access_token_url",
            "name",
            "type",
            "path",
        ] {
            assert!(!looks_secret(name), "{name}");
        }
    }

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
