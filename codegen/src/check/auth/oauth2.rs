//! Tokens of a token endpoint.

use crate::connector::{Auth, ClientAuthentication, Grant, List, OAuth2, Param, Template};
use crate::diagnostic::Diagnostic;
use crate::grammar::AnyKey;
use crate::grammar::auth as key;
use crate::spec::View;
use crate::yaml::Entry;

use super::super::Check;
use super::super::template::{Scope, has_secret};
use super::super::url::Origin;

impl Check<'_> {
    /// A grant of its own may need no client.
    pub(super) fn client_credentials(&mut self, view: &View<'_>) -> Option<Auth> {
        let data = view.entries(&key::ACCESS_TOKEN_REQUEST_DATA);
        let is_other_grant = data.iter().any(|entry| entry.key.name == "grant_type");
        if !is_other_grant || view.get(&key::CLIENT_AUTHENTICATION) == ClientAuthentication::Basic {
            self.has_keys(view, &[&key::CLIENT_ID, &key::CLIENT_SECRET]);
        }
        self.oauth2(view, Some(Grant::ClientCredentials))
    }

    /// A public client has no secret.
    pub(super) fn refresh_token(&mut self, view: &View<'_>) -> Option<Auth> {
        let token = self.secret_field(view, &key::REFRESH_TOKEN);
        self.one_refresh_token(view, token.as_ref());
        match view.get(&key::CLIENT_AUTHENTICATION) {
            ClientAuthentication::Body => self.has_keys(view, &[&key::CLIENT_ID]),
            ClientAuthentication::Basic => {
                self.has_keys(view, &[&key::CLIENT_ID, &key::CLIENT_SECRET]);
            }
        }
        self.oauth2(view, token.map(Grant::RefreshToken))
    }

    /// Keys that only some token requests can do without.
    fn has_keys(&mut self, view: &View<'_>, keys: &[&'static dyn AnyKey]) {
        let missing: Vec<_> = keys
            .iter()
            .filter(|key| view.entry(**key).is_none())
            .collect();
        let is_explained = self.sink.has_unknown_key_in(&view.node.span);
        // The reader misses a URL itself.
        let has_url = view.entry(&key::ACCESS_TOKEN_URL).is_some();
        if missing.is_empty() || is_explained || !has_url {
            return;
        }
        let heading = view.node.entries().first();
        let span = heading.map_or(&view.node.span, |entry| &entry.key.span);
        let names: Vec<_> = missing
            .iter()
            .map(|key| format!("`{}`", key.name))
            .collect();
        let advice: Vec<_> = missing
            .iter()
            .map(|key| format!("`{}: …`", key.name))
            .collect();
        let message = format!("the `auth` lacks {}", names.join(" and "));
        let mut diagnostic = Diagnostic::error("RS0101", span, message)
            .help(format!("add {}", advice.join(" and ")));
        for key in missing {
            diagnostic = diagnostic.note(format!("`{}` is {}", key.name, key.meaning));
        }
        self.error(diagnostic);
    }

    pub(super) fn oauth2(&mut self, view: &View<'_>, grant: Option<Grant>) -> Option<Auth> {
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
        let is_there = |key: &dyn AnyKey| view.entry(key).is_some();
        let client_id = self.field(view, &key::CLIENT_ID);
        let client_secret = if is_there(&key::CLIENT_SECRET) {
            self.secret_field(view, &key::CLIENT_SECRET)?
        } else {
            Template::EMPTY
        };
        let scope = self.field(view, &key::SCOPE);
        let audience = self.field(view, &key::AUDIENCE);
        let data = self.request_data(
            view.entries(&key::ACCESS_TOKEN_REQUEST_DATA),
            matches!(grant, Some(Grant::RefreshToken(_))),
        );
        let headers = self.headers(view.entries(&key::ACCESS_TOKEN_REQUEST_HEADERS), false);
        let plan = OAuth2 {
            grant: grant?,
            access_token_url,
            client_id: client_id.unwrap_or(Template::EMPTY),
            client_secret,
            scope,
            audience,
            client_authentication: view.get(&key::CLIENT_AUTHENTICATION),
            token_request: view.get(&key::TOKEN_REQUEST),
            access_token_request_data: data,
            access_token_request_headers: headers,
            access_token_path: view.get(&key::ACCESS_TOKEN_PATH),
            expires_in_path: view.get(&key::OAUTH2_EXPIRES_IN_PATH),
            default_token_expiration: view.get(&key::DEFAULT_TOKEN_EXPIRATION).0,
            place: self.token_place(view),
        };
        let auth = Auth::OAuth2(plan);
        self.sends_a_secret(&auth, view, "the token request");
        Some(auth)
    }

    /// A request for a token that everybody could send.
    pub(super) fn sends_a_secret(&mut self, auth: &Auth, view: &View<'_>, what: &str) {
        let mut sends = false;
        auth.each_template(&mut |template| sends |= has_secret(template));
        if !sends && !self.sink.has_errors_in(&view.node.span) {
            self.error(
                Diagnostic::error(
                    "RS0308",
                    &view.node.span,
                    format!("{what} sends no secret"),
                )
                .help("write its credentials as `{secrets.NAME}`")
                .note("a secret is never written in a spec; it is given by the user or the environment"),
            );
        }
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
}
