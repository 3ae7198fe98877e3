//! `auth`: credentials, and that none is written in a spec.

use crate::connector::{self, Auth, CustomAuth, Grant, List, Location, OAuth2, Param, Template};
use crate::diagnostic::Diagnostic;
use crate::grammar::auth as key;
use crate::grammar::{self, AnyKey};
use crate::other_placeholders::{self, Jinja};
use crate::secret_names;
use crate::spec::{Text, View, text};
use crate::yaml::{Entry, Node};

use super::Check;
use super::template::{Scope, has_secret};
use super::url::Origin;

impl Check<'_> {
    /// The credentials that a node describes, if they can be emitted.
    pub(super) fn auth(&mut self, node: &Node) -> Option<Auth> {
        let (member, view) = View::tagged(node, &grammar::AUTH)?;
        match member.word.name {
            "api_key" => self.api_key(&view),
            "bearer" => {
                if let Some(token) = view.text(&key::TOKEN) {
                    self.scheme_is_sent_once(token);
                }
                Some(Auth::Bearer {
                    token: self.secret_field(&view, &key::TOKEN)?,
                })
            }
            "http_basic" => self.http_basic(&view),
            "oauth2_client_credentials" => self.oauth2(&view, Some(Grant::ClientCredentials)),
            "oauth2_refresh_token" => {
                let token = self.secret_field(&view, &key::REFRESH_TOKEN);
                self.one_refresh_token(&view, token.as_ref());
                self.oauth2(&view, token.map(Grant::RefreshToken))
            }
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

    fn api_key(&mut self, view: &View<'_>) -> Option<Auth> {
        let location = view.get(&key::LOCATION);
        let named = view.text(&key::NAME);
        let named = named.filter(|_| location != Location::Query);
        if let Some(named) = named.filter(|named| !crate::value::is_header_name(named.text)) {
            self.error(
                Diagnostic::error(
                    "RS0206",
                    named.span,
                    format!("`{}` is no name of a header or cookie", named.text),
                )
                .help("such a name has letters, digits and `-`"),
            );
        }
        Some(Auth::ApiKey {
            name: view.get(&key::NAME),
            api_key: self.secret_field(view, &key::API_KEY)?,
            location,
        })
    }

    /// One of the two must be a secret; some APIs take the key as the user's name.
    fn http_basic(&mut self, view: &View<'_>) -> Option<Auth> {
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
        Some(Auth::HttpBasic { username, password })
    }

    fn oauth2(&mut self, view: &View<'_>, grant: Option<Grant>) -> Option<Auth> {
        let url = view.text(&key::ACCESS_TOKEN_URL)?;
        let access_token_url = self.template(url, Scope::address("`access_token_url`"));
        let origin = self.absolute_url(url, &access_token_url, key::ACCESS_TOKEN_URL.name);
        if origin.as_ref().is_some_and(Origin::is_in_the_clear) {
            self.error(
                Diagnostic::error(
                    "RS0304",
                    url.span,
                    "the client's secret would travel over plain http",
                )
                .help("write `https://`"),
            );
        }
        let client_id = self.field(view, &key::CLIENT_ID);
        let client_secret = self.secret_field(view, &key::CLIENT_SECRET);
        let scope = self.field(view, &key::SCOPE);
        let audience = self.field(view, &key::AUDIENCE);
        let data = self.request_data(
            view.entries(&key::ACCESS_TOKEN_REQUEST_DATA),
            matches!(grant, Some(Grant::RefreshToken(_))),
        );
        Some(Auth::OAuth2(OAuth2 {
            grant: grant?,
            access_token_url,
            client_id: client_id?,
            client_secret: client_secret?,
            scope,
            audience,
            client_authentication: view.get(&key::CLIENT_AUTHENTICATION),
            access_token_request_data: data,
            default_token_expiration: view.get(&key::DEFAULT_TOKEN_EXPIRATION).0,
        }))
    }

    /// A new refresh token reaches the user through one callback, which could not tell two apart.
    fn one_refresh_token(&mut self, view: &View<'_>, token: Option<&Template>) {
        let (Some(token), Some(text)) = (token, view.text(&key::REFRESH_TOKEN)) else {
            return;
        };
        match &self.refresh_token {
            None => self.refresh_token = Some((token.clone(), text.span.clone())),
            Some((first, _)) if first == token => {}
            Some((_, first)) => {
                let diagnostic = Diagnostic::error(
                    "RS0306",
                    text.span,
                    "a source has one refresh token, and this is another",
                )
                .help("make a spec of its own for what needs it")
                .note("the API may renew it, and the user who keeps the new one could not tell which it is")
                .also(&first.clone(), "first used here");
                self.error(diagnostic);
            }
        }
    }

    /// Further fields of the token request, but for those that have a key of their own. `refreshes` where
    /// the grant is fixed, as a refresh token.
    fn request_data(&mut self, entries: &[Entry], refreshes: bool) -> List<Param> {
        let owned = [
            key::CLIENT_ID.name,
            key::CLIENT_SECRET.name,
            key::REFRESH_TOKEN.name,
            key::SCOPE.name,
            key::AUDIENCE.name,
        ];
        for entry in entries {
            let name = entry.key.name.as_str();
            if name == "grant_type" && refreshes {
                self.error(
                    Diagnostic::error(
                        "RS0508",
                        &entry.key.span,
                        "the `grant_type` of `oauth2_refresh_token` is `refresh_token`",
                    )
                    .help("remove it, or write `type: oauth2_client_credentials`"),
                );
            } else if owned.contains(&name) {
                self.error(
                    Diagnostic::error(
                        "RS0508",
                        &entry.key.span,
                        format!("`{name}` has a key of its own"),
                    )
                    .help(format!("write `{name}: …` beside `type`")),
                );
            }
        }
        self.credential_params(entries)
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
