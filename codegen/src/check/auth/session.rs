//! `session_login`: the request that logs in, and its token.

use crate::connector::{Auth, Ref, SessionLogin, TokenField};
use crate::diagnostic::Diagnostic;
use crate::grammar::{AnyKey, auth as key};
use crate::spec::View;

use super::super::template::Scope;
use super::super::{Check, Requester, url};

impl Check<'_> {
    pub(super) fn session_login(&mut self, view: &View<'_>) -> Option<Auth> {
        let text = view.text(&key::PATH)?;
        let path = self.template(text, Scope::address("`path`"));
        if url::is_absolute(text.text) {
            let origin = self.absolute_url(text, &path, key::PATH.name);
            if origin.is_some_and(|origin| origin.is_in_the_clear()) {
                let message = "the credentials of the login would travel over plain http";
                self.error(
                    Diagnostic::error("RS0304", text.span, message).help("write `https://`"),
                );
            }
        }
        let method = view.get(&key::METHOD);
        self.requester = Requester::Login;
        let params = self.params(view.entries(&key::PARAMS), false);
        let headers = self.headers(view.entries(&key::HEADERS), false);
        let body = self.body(view, method, false);
        self.requester = Requester::Resource;
        let auth = self.login_auth(view);
        let token = self.token_field(view);
        let place = self.token_place(view);
        let expiration = view.get(&key::SESSION_EXPIRATION);
        let auth = Auth::SessionLogin(SessionLogin {
            path,
            method,
            params: params.into_iter().map(|bound| bound.param).collect(),
            headers,
            body,
            auth,
            token: token?,
            expires_in_path: view.get(&key::EXPIRES_IN_PATH),
            default_token_expiration: expiration.map(|seconds| seconds.0),
            place,
        });
        self.sends_a_secret(&auth, view, "the login");
        Some(auth)
    }

    /// The credentials of the login itself: those that need no further request.
    fn login_auth(&mut self, view: &View<'_>) -> Option<Ref<Auth>> {
        let node = view.node(&key::LOGIN_AUTH)?;
        let auth = self.auth(node)?;
        if matches!(auth, Auth::OAuth2(_) | Auth::SessionLogin(_) | Auth::OneOf) {
            let message = "a login cannot need a further request for a token";
            self.error(
                Diagnostic::error("RS0309", &node.span, message)
                    .help("use `api_key`, `bearer`, `http_basic`, `custom`, or `jwt_bearer` without `access_token_url`"),
            );
            return None;
        }
        Some(auth.into())
    }

    /// Where the response has the token: in one place.
    fn token_field(&mut self, view: &View<'_>) -> Option<TokenField> {
        let fields: [&dyn AnyKey; 3] = [&key::TOKEN_PATH, &key::TOKEN_HEADER, &key::TOKEN_COOKIE];
        let entries: Vec<_> = fields
            .into_iter()
            .filter_map(|key| view.entry(key))
            .collect();
        match &entries[..] {
            [] if self.sink.has_unknown_key_in(&view.node.span) => return None,
            [] => {
                let message = "the `auth` does not say where the login's response has the token";
                self.error(
                    Diagnostic::error("RS0309", &view.node.span, message)
                        .help("add `token_path`, `token_header` or `token_cookie`"),
                );
                return None;
            }
            [_] => {}
            [first, second, ..] => {
                let message = "a token is read from one place, and this is another";
                self.error(
                    Diagnostic::error("RS0309", &second.key.span, message)
                        .help("remove one of them")
                        .also(&first.key.span, "the other is here"),
                );
            }
        }
        let path = view.get(&key::TOKEN_PATH).map(TokenField::Body);
        let header = || view.get(&key::TOKEN_HEADER).map(TokenField::Header);
        let cookie = || view.get(&key::TOKEN_COOKIE).map(TokenField::Cookie);
        path.or_else(header).or_else(cookie)
    }
}
