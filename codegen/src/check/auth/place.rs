//! Where a token goes on a request.

use crate::connector::{Path, Step, Text, TokenPlace};
use crate::diagnostic::Diagnostic;
use crate::grammar::AnyKey;
use crate::grammar::auth as key;
use crate::spec::View;

use super::super::Check;

const AUTHORIZATION: &str = "Authorization";

impl Check<'_> {
    /// The place that the keys of an `auth` name, of which it may have one.
    pub(super) fn token_place(&mut self, view: &View<'_>) -> TokenPlace {
        let places: [&dyn AnyKey; 4] = [&key::HEADER, &key::QUERY, &key::COOKIE, &key::BODY_PATH];
        let places = places.into_iter().filter(|key| view.has(*key));
        let entries: Vec<_> = places.filter_map(|key| view.entry(key)).collect();
        if let [first, second, ..] = &entries[..] {
            let message = "a token goes to one place, and this is another";
            self.error(
                Diagnostic::error("RS0309", &second.key.span, message)
                    .help("remove one of them")
                    .also(&first.key.span, "the other is here"),
            );
        }
        let is_header = entries
            .iter()
            .all(|entry| entry.key.name == key::HEADER.name);
        if let Some(prefix) = view.entry(&key::PREFIX).filter(|_| !is_header) {
            self.error(
                Diagnostic::error("RS0309", &prefix.key.span, "`prefix` has no effect here")
                    .help("remove it: it goes before a token in a header"),
            );
        }
        if let Some(prefix) = view.text(&key::PREFIX)
            && prefix.text.chars().any(char::is_control)
        {
            self.error(
                Diagnostic::error(
                    "RS0206",
                    prefix.span,
                    "`prefix` has a control character in it",
                )
                .help("a header is one line"),
            );
        }
        let names: [&dyn AnyKey; 2] = [&key::HEADER, &key::COOKIE];
        for name in names {
            if let Some(named) = view.has(name).then(|| view.text(name)).flatten() {
                self.names_a_header(named);
            }
        }
        if view.has(&key::QUERY) {
            if let Some(name) = view.get(&key::QUERY) {
                return TokenPlace::Query(name);
            }
            if let Some(name) = view.get(&key::COOKIE) {
                return TokenPlace::Cookie(name);
            }
            if let Some(path) = view.get(&key::BODY_PATH) {
                self.has_only_keys(view, &path);
                return TokenPlace::Body(path);
            }
        }
        let name = view.get(&key::HEADER);
        let prefix = view.get(&key::PREFIX);
        let default = if name.eq_ignore_ascii_case(AUTHORIZATION) {
            "Bearer"
        } else {
            ""
        };
        let prefix = prefix.as_ref().map_or(default, Text::as_str);
        TokenPlace::Header {
            prefix: spaced(prefix).into(),
            name,
        }
    }

    fn has_only_keys(&mut self, view: &View<'_>, path: &Path) {
        let is_good = !path.0.is_empty() && path.0.iter().all(|step| matches!(step, Step::Key(_)));
        if !is_good {
            let message = "a token is written under a key of the body";
            self.error(
                Diagnostic::error("RS0204", view.value_place(&key::BODY_PATH), message)
                    .help("use keys only: `session.token`"),
            );
        }
    }
}

/// A word and a space; what ends otherwise, as `token=`, is all of what stands before the token.
fn spaced(prefix: &str) -> String {
    let is_word = prefix.ends_with(|c: char| c.is_alphanumeric());
    format!("{prefix}{}", if is_word { " " } else { "" })
}
