//! Credentials in the URLs and headers of other tools.

use rest_source_codegen::write::{Map, is_secret_name};

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
            !is_secret_name(name) || value.is_empty() || value.contains('{')
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

/// Whether a URL leads to this machine, where plain http is safe.
pub(crate) fn is_loopback(url: &str) -> bool {
    let host = url.split("://").nth(1).unwrap_or_default();
    ["localhost", "127.", "[::1]"]
        .iter()
        .any(|local| host.starts_with(local))
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
