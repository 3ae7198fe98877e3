//! `jwt_bearer`: a token that the client signs.

use crate::connector::{Auth, Grant, JsonPlan, Jwt, JwtAlgorithm, SignedToken};
use crate::diagnostic::Diagnostic;
use crate::grammar::{AnyKey, auth as key};
use crate::spec::View;
use crate::yaml::Value;

use super::super::{Check, Requester};

/// The claims that are made with the token.
const TIMES: [&str; 2] = ["iat", "exp"];

impl Check<'_> {
    pub(super) fn jwt_bearer(&mut self, view: &View<'_>) -> Option<Auth> {
        let jwt = self.jwt(view);
        if view.entry(&key::SIGNED_FOR_URL).is_some() {
            return self.oauth2(view, jwt.map(Grant::JwtBearer));
        }
        self.has_a_token_endpoint(view);
        let place = self.token_place(view);
        Some(Auth::SignedToken(SignedToken { jwt: jwt?, place }))
    }

    fn jwt(&mut self, view: &View<'_>) -> Option<Jwt> {
        let algorithm = view.get(&key::ALGORITHM);
        let encoding = view.entry(&key::KEY_ENCODING);
        if let Some(entry) = encoding.filter(|_| algorithm != JwtAlgorithm::Hs256) {
            self.has_no_effect(
                &entry.key.name,
                &entry.key.span,
                "it goes with `algorithm: HS256`",
            );
        }
        let secret = self.secret_field(view, &key::SIGNING_KEY);
        let key_id = self.field(view, &key::KEY_ID);
        for entry in view.entries(&key::JWT_HEADERS) {
            if let Some(own) = own_key(&entry.key.name) {
                let message = format!("`{}` is made with the token", entry.key.name);
                self.error(
                    Diagnostic::error("RS0310", &entry.key.span, message)
                        .help(format!("remove it; {own}")),
                );
            }
        }
        let headers = self.credential_params(view.entries(&key::JWT_HEADERS));
        Some(Jwt {
            algorithm,
            key: secret?,
            key_encoding: view.get(&key::KEY_ENCODING),
            key_id,
            headers,
            claims: self.claims(view),
            lifetime: self.some_time(view, &key::ASSERTION_LIFETIME),
            sent_as: view.get(&key::SENT_AS),
        })
    }

    /// An object, without the times.
    fn claims(&mut self, view: &View<'_>) -> JsonPlan {
        let Some(node) = view.node(&key::CLAIMS) else {
            return JsonPlan::Object(Vec::new().into());
        };
        if !matches!(node.value, Value::Map(_)) {
            let message = "the claims of a token are a map";
            self.error(
                Diagnostic::error("RS0310", &node.span, message)
                    .help("write `claims: { iss: …, sub: … }`"),
            );
        }
        for entry in node.entries() {
            if TIMES.contains(&entry.key.name.as_str()) {
                let message = format!("`{}` is made with the token", entry.key.name);
                self.error(
                    Diagnostic::error("RS0310", &entry.key.span, message)
                        .help("remove it; `lifetime` says how long the token lives"),
                );
            }
        }
        self.requester = Requester::Login;
        let claims = self.json(node, false);
        self.requester = Requester::Resource;
        claims
    }

    /// Keys of a token request where there is none.
    fn has_a_token_endpoint(&mut self, view: &View<'_>) {
        let of_request: [&dyn AnyKey; 11] = [
            &key::SENT_AS,
            &key::CLIENT_ID,
            &key::CLIENT_SECRET,
            &key::SCOPE,
            &key::AUDIENCE,
            &key::CLIENT_AUTHENTICATION,
            &key::TOKEN_REQUEST,
            &key::ACCESS_TOKEN_REQUEST_DATA,
            &key::ACCESS_TOKEN_REQUEST_HEADERS,
            &key::ACCESS_TOKEN_PATH,
            &key::DEFAULT_TOKEN_EXPIRATION,
        ];
        for key in of_request {
            if let Some(entry) = view.entry(key) {
                let help = "it goes with `access_token_url`: without one the signed token is sent";
                self.has_no_effect(&entry.key.name, &entry.key.span, help);
            }
        }
    }

    fn has_no_effect(&mut self, name: &str, span: &crate::diagnostic::Span, help: &str) {
        let message = format!("`{name}` has no effect here");
        self.error(Diagnostic::error("RS0310", span, message).help(help));
    }
}

/// What decides a header of each token (RFC 7515, 4.1), if a key does.
fn own_key(header: &str) -> Option<&'static str> {
    match header {
        "alg" => Some("`algorithm` says how the token is signed"),
        "kid" => Some("`key_id` names the key"),
        _ => None,
    }
}
