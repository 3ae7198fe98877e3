//! Credentials in the URLs and headers of other tools.

use rest_source_codegen::write::{self, Map};

/// Names of secrets that another tool's request may have, beside those of a spec: a spec may well name a `session` that
/// is none, but the value of one in a command line or a script is not to be shown.
const FURTHER: [&str; 20] = [
    "pw",
    "otp",
    "totp",
    "passcode",
    "application_key",
    "sign",
    "sig",
    "hmac",
    "session",
    "session_id",
    "sessionid",
    "sid",
    "auth",
    "jwt",
    "x_auth",
    "x_session",
    "x_session_id",
    "x_sid",
    "x_jwt",
    "x_sig",
];

/// Whether a header, a parameter or a field of this name most likely holds a secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let plain = name.to_ascii_lowercase().replace('-', "_");
    write::is_secret_name(name)
        || FURTHER.contains(&plain.as_str())
        || plain.ends_with("passphrase")
        || plain.ends_with("_sign")
        || plain.ends_with("signature")
        || plain.ends_with("signature_256")
}

/// Whether a parameter of this general name has the value of a secret.
pub(crate) fn is_key(name: &str, value: &str) -> bool {
    ["key", "appid", "app_id"]
        .iter()
        .any(|one| name.eq_ignore_ascii_case(one))
        && value.len() >= 12
        && value.bytes().any(|b| b.is_ascii_digit())
        && value.bytes().any(|b| b.is_ascii_alphabetic())
}

/// How the tokens of known services begin.
const TOKENS: [&str; 24] = [
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "rk_test_",
    "pk_live_",
    "pk_test_",
    "whsec_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xapp-",
    "shpat_",
    "shppa_",
    "dop_v1_",
    "AKIA",
    "SG.",
    "eyJ",
];

/// What is said of a token in a path.
pub(crate) const TOKEN_IN_PATH: &str = "a token in a path, where no secret can stand: it is a setting here, and the URL is shown in messages";

/// Whether a value is a token of a known service, or a part of a path is one: `sk_live_4eC39H`, `bot123456:AAE2`.
pub(crate) fn is_token(segment: &str) -> bool {
    let has = |text: &str, is: fn(&u8) -> bool| text.bytes().any(|b| is(&b));
    let bot = segment.strip_prefix("bot").and_then(|rest| {
        let (id, token) = rest.split_once(':').or_else(|| {
            // As a URL writes the colon.
            rest.split_once("%3A").or_else(|| rest.split_once("%3a"))
        })?;
        let is_id = !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit());
        Some(is_id && token.len() >= 3)
    });
    let is_known = segment.len() >= 16
        && TOKENS.iter().any(|token| segment.starts_with(token))
        && has(segment, u8::is_ascii_digit)
        && has(segment, u8::is_ascii_alphabetic);
    bot == Some(true) || is_known
}

/// A URL without its user and without parameters that are keys, and whether it had any.
pub(crate) fn without_secrets(url: &str) -> (String, bool) {
    let mut has_secret = false;
    let mut text = url.to_owned();
    if let Some(start) = text.find("://").map(|at| at + 3) {
        let end = text[start..]
            .find(['/', '?', '#'])
            .map_or(text.len(), |at| start + at);
        if let Some(at) = text[start..end].rfind('@') {
            text.replace_range(start..=start + at, "");
            has_secret = true;
        }
    }
    if let Some((base, query)) = text.split_once('?') {
        let (kept, secret): (Vec<&str>, Vec<&str>) = query.split('&').partition(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            // A `key` in a URL opens more often than not.
            !(is_secret_name(name) || name.eq_ignore_ascii_case("key"))
                || value.is_empty()
                || value.contains('{')
        });
        if !secret.is_empty() {
            has_secret = true;
            let query = kept.join("&");
            text = if query.is_empty() {
                base.to_owned()
            } else {
                format!("{base}?{query}")
            };
        }
    }
    (text, has_secret)
}

/// A URL or a path with a placeholder for each token in it, and whether it had any.
pub(crate) fn without_tokens(url: &str, mut placeholder: impl FnMut() -> String) -> (String, bool) {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let mut has_token = false;
    let segments: Vec<String> = url[..end]
        .split('/')
        .map(|segment| {
            if is_token(segment) {
                has_token = true;
                placeholder()
            } else {
                segment.to_owned()
            }
        })
        .collect();
    (format!("{}{}", segments.join("/"), &url[end..]), has_token)
}

/// Whether a URL leads to this machine, where plain http is safe.
pub(crate) fn is_loopback(url: &str) -> bool {
    let host = url.split("://").nth(1).unwrap_or_default();
    ["localhost", "127.", "[::1]"]
        .iter()
        .any(|local| host.starts_with(local))
}

/// The scheme of an `Authorization` header and what follows it: `Token abc`, but not `token=abc, id=def`.
pub(crate) fn scheme(header: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = header.split_once(' ')?;
    let is_scheme = !scheme.is_empty()
        && scheme.len() < 16
        && scheme.chars().all(|c| c.is_ascii_alphabetic())
        && !rest.is_empty();
    is_scheme.then_some((scheme, rest))
}

/// The `auth` of an `Authorization` header whose secret is a placeholder; nothing for another scheme than `Bearer`.
pub(crate) fn bearer(header: &str) -> Option<Map> {
    let (scheme, token) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let mut auth = Map::new();
    auth.set("type", "bearer").set("token", token.trim());
    Some(auth)
}

#[cfg(test)]
mod tests {
    use super::{is_secret_name, is_token, without_secrets};

    #[test]
    fn names_of_secrets_are_known() {
        for name in [
            "sig",
            "session",
            "sid",
            "auth",
            "jwt",
            "X-Auth",
            "X-Session",
            "X-Hub-Signature",
            "X-Hub-Signature-256",
            "X-Signature",
            "token",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["design", "author", "side", "X-Trace", "sessions"] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn tokens_in_paths_are_known() {
        assert!(is_token("sk_live_abcdef1234567890abcdef"));
        assert!(is_token("bot123456:AAEabc"));
        for part in ["sk_live_", "bot", "bottles", "bot12", "eyJ", "v1", "AKIAs"] {
            assert!(!is_token(part), "{part}");
        }
    }

    #[test]
    fn a_url_loses_its_keys() {
        let (url, has_secret) = without_secrets("https://u:p@a.example/b?key=abc&x=1&sig=d");
        assert_eq!(
            (url.as_str(), has_secret),
            ("https://a.example/b?x=1", true)
        );
    }
}
