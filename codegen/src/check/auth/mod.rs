//! `auth`: credentials, and that none is written in a spec.

mod jwt;
mod oauth2;
mod owned;
mod place;
mod session;

use crate::connector::{self, Auth, CustomAuth, List, Location, Param, Part, Template, TokenPlace};
use crate::diagnostic::Diagnostic;
use crate::grammar::auth as key;
use crate::grammar::{self, AnyKey};
use crate::other_placeholders::{self, Jinja};
use crate::secret_names;
use crate::spec::{Text, View, text};
use crate::yaml::{Entry, Node};

use super::Check;
use super::client::is_framing;
use super::template::{Scope, has_secret, joined};

impl Check<'_> {
    /// The credentials that a node describes, if they can be emitted.
    pub(super) fn auth(&mut self, node: &Node) -> Option<Auth> {
        let (member, view) = View::tagged(node, &grammar::AUTH)?;
        match member.word.name {
            "api_key" => self.api_key(&view),
            "bearer" => self.bearer(&view),
            "http_basic" => {
                let (username, password) = self.user_and_password(&view)?;
                Some(Auth::HttpBasic { username, password })
            }
            "http_digest" => {
                let (username, password) = self.user_and_password(&view)?;
                Some(Auth::HttpDigest { username, password })
            }
            "oauth2_client_credentials" => self.client_credentials(&view),
            "oauth2_refresh_token" => self.refresh_token(&view),
            "session_login" => self.session_login(&view),
            "jwt_bearer" => self.jwt_bearer(&view),
            "one_of" => {
                self.one_of(&view);
                Some(Auth::OneOf)
            }
            "custom" => self.custom(&view),
            _ => None,
        }
    }

    fn custom(&mut self, view: &View<'_>) -> Option<Auth> {
        let with = self.credential_params(view.entries(&key::WITH));
        let rust = view.text(&key::RUST).and_then(rust_path)?;
        Some(Auth::Custom(CustomAuth { rust, with }))
    }

    /// A bearer token elsewhere is a key there.
    fn bearer(&mut self, view: &View<'_>) -> Option<Auth> {
        if let Some(token) = view.text(&key::TOKEN) {
            self.scheme_is_sent_once(token);
        }
        let place = self.token_place(view);
        let token = self.secret_field(view, &key::TOKEN)?;
        let TokenPlace::Header { name, prefix } = place.clone() else {
            return None;
        };
        if place == TokenPlace::BEARER {
            return Some(Auth::Bearer { token });
        }
        let mut parts = vec![Part::Text(prefix)];
        parts.extend(token.0.iter().cloned());
        parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
        Some(Auth::ApiKey {
            name,
            api_key: Template(joined(parts)),
            location: Location::Header,
        })
    }

    fn api_key(&mut self, view: &View<'_>) -> Option<Auth> {
        let location = view.get(&key::LOCATION);
        let named = view.text(&key::NAME);
        if let Some(named) = named.filter(|_| location != Location::Query) {
            self.names_a_header(named);
        }
        Some(Auth::ApiKey {
            name: view.get(&key::NAME),
            api_key: self.secret_field(view, &key::API_KEY)?,
            location,
        })
    }

    /// A name that can be a header's or a cookie's.
    fn names_a_header(&mut self, named: Text<'_>) {
        if is_framing(named.text) || named.text.eq_ignore_ascii_case("host") {
            let message = format!(
                "`{}` says where and how a message is sent, and holds no credentials",
                named.text
            );
            self.error(
                Diagnostic::error("RS0206", named.span, message)
                    .help("name the header that the API reads its credentials from"),
            );
        }
        if !crate::value::is_header_name(named.text) {
            self.error(
                Diagnostic::error(
                    "RS0206",
                    named.span,
                    format!("`{}` is not a valid name of a header or cookie", named.text),
                )
                .help("such a name has letters, digits and `-`"),
            );
        }
    }

    /// One of the two must be a secret; some APIs take the key as the user's name.
    fn user_and_password(&mut self, view: &View<'_>) -> Option<(Template, Template)> {
        let username = self.field(view, &key::USERNAME)?;
        let password = self.field(view, &key::PASSWORD)?;
        if !has_secret(&username) && !has_secret(&password) && !self.sink_has_errors_in(view) {
            let span = view.text(&key::PASSWORD)?.span;
            self.error(
                Diagnostic::error("RS0301", span, "neither `username` nor `password` is a secret")
                    .help("write `password: \"{secrets.password}\"`")
                    .note("a secret is never written in a spec; it is given by the user or the environment"),
            );
        }
        Some((username, password))
    }

    /// Named values, each with its placeholders.
    fn credential_params(&mut self, entries: &[Entry]) -> List<Param> {
        let mut params = Vec::new();
        for entry in entries {
            let name = entry.key.name.clone();
            if let Some(text) = text(&entry.value) {
                let what = format!("`{name}`");
                let value = self.template(text, Scope::credential(&what));
                if secret_names::param(&name) {
                    self.is_no_secret(&what, text, &value);
                }
                params.push(Param {
                    name: name.into(),
                    value,
                });
            }
        }
        params.into()
    }

    fn field(&mut self, view: &View<'_>, key: &dyn AnyKey) -> Option<Template> {
        let text = view.text(key)?;
        Some(self.template(text, Scope::credential(&format!("`{}`", key.name))))
    }

    /// A field that must hold a secret.
    fn secret_field(&mut self, view: &View<'_>, key: &dyn AnyKey) -> Option<Template> {
        let text = view.text(key)?;
        let what = format!("`{}`", key.name);
        let scope = Scope::credential(&what);
        let template = self.filled(text, scope);
        if has_secret(&template) {
            self.jinja_is_text(text, scope);
        } else {
            self.literal_secret(text, key.name);
        }
        Some(template)
    }

    /// A secret is never written in a spec. The literal itself is shown in the snippet only, which is the author's own text.
    fn literal_secret(&mut self, text: Text<'_>, key: &str) {
        let diagnostic = if other_placeholders::jinja(text.text)
            .iter()
            .any(Jinja::is_certain)
        {
            let message = format!("`{key}` is a secret, and two braces are text in it");
            Diagnostic::error("RS0301", text.span, message)
                .note("a placeholder has one brace on each side; `{{` is a brace that is sent")
        } else if text.text.contains("{config.") {
            Diagnostic::error(
                "RS0301",
                text.span,
                format!("`{key}` is a secret, not a setting"),
            )
            .note("settings may be printed; secrets never are")
        } else if self.sink.has_errors_in(text.span) {
            // A placeholder that is wrong, which was reported.
            return;
        } else {
            Diagnostic::error(
                "RS0301",
                text.span,
                format!("`{key}` is written in the spec"),
            )
            .note("a secret is never written in a spec; it is given by the user or the environment")
        };
        self.error(diagnostic.help(format!("write `{key}: \"{{secrets.{key}}}\"`")));
    }

    /// Whether a mistake was already reported within a map.
    fn sink_has_errors_in(&self, view: &View<'_>) -> bool {
        self.sink.has_errors_in(&view.node.span)
    }
}

/// A path of Rust, unless it is none, which was reported.
pub(super) fn rust_path(text: Text<'_>) -> Option<connector::Text> {
    crate::value::is_rust_path(text.text).then(|| text.owned())
}
