//! Authenticators as `auth`.

use rest_source_codegen::write::{Map, Node};

use crate::credentials;
use crate::tree::{Kind, Value};

use super::config::Usage;
use super::request::{hook_type, json_path};
use super::stream::{Builder, shown};
use super::times;

impl Builder<'_, '_> {
    /// The credentials of a requester; nothing if it sends none.
    pub(super) fn auth(&mut self, node: &Value) -> Option<Map> {
        if node.kind == Kind::Null {
            return None;
        }
        let mut auth = Map::new();
        match node.text_of("type").unwrap_or_default() {
            "NoAuth" => return None,
            "ApiKeyAuthenticator" => return self.api_key(node),
            "BearerAuthenticator" => {
                let token = self.credential(node, "api_token")?;
                auth.set("type", "bearer").set("token", token);
            }
            "BasicHttpAuthenticator" => {
                let username = self.credential(node, "username").unwrap_or_default();
                let password = match node.get("password") {
                    // Beside a key in place of a user, a literal password is a public word such as `x`.
                    Some(value) if is_key(&username) => {
                        self.credential_as_written(value, node, "password")
                    }
                    _ => self.credential(node, "password"),
                };
                let password = password.unwrap_or_default();
                auth.set("type", "http_basic")
                    .set("username", username)
                    .set("password", password);
            }
            "OAuthAuthenticator" => return self.oauth(node),
            "SessionTokenAuthenticator" => return self.session(node),
            "JwtAuthenticator" => return self.jwt(node),
            "SelectiveAuthenticator" => return self.selective(node),
            _ => return Some(self.custom(node)),
        }
        Some(auth)
    }

    /// A field of credentials.
    fn credential(&mut self, node: &Value, key: &str) -> Option<String> {
        let value = node.get(key)?;
        self.credential_text(value, node, key)
    }

    /// A text of credentials; one in plain text is a secret where its name says so.
    fn credential_text(&mut self, value: &Value, node: &Value, what: &str) -> Option<String> {
        let text = self.credential_as_written(value, node, what)?;
        Some(match what {
            "access_token_value" | "secret_key" => self.literal_secret(value.place, what, text),
            _ => self.without_literal(value.place, what, text),
        })
    }

    /// A text of credentials as it is in the manifest.
    fn credential_as_written(&mut self, value: &Value, node: &Value, what: &str) -> Option<String> {
        let text = value.scalar()?.to_owned();
        let usage = match what {
            "password" => Usage::Password,
            "api_token" | "client_secret" | "refresh_token" | "secret_key"
            | "access_token_value" => Usage::Credential,
            _ => Usage::Identity,
        };
        match self.renderer(node, usage).text(&text) {
            Ok(text) => Some(text),
            // A setting that no user can give is empty.
            Err(why) if why.is_empty() => Some(String::new()),
            Err(why) => {
                self.lose(value.place, format!("`{what}` of the credentials: {why}"));
                None
            }
        }
    }

    fn api_key(&mut self, node: &Value) -> Option<Map> {
        let key = if node.get("api_token").is_some() {
            self.credential(node, "api_token")?
        } else {
            self.lose(node.place, "the credentials have no `api_token`");
            return None;
        };
        let option = node.at(&["inject_into"]);
        let name = match self.option_names(option) {
            Some(mut names) => names.remove(0),
            None if option.kind != Kind::Null => {
                self.lose(option.place, "where the credentials are sent");
                return None;
            }
            None => {
                let name = node.text_of("header").unwrap_or("Authorization").to_owned();
                self.renderer(node, Usage::Sent).text(&name).unwrap_or(name)
            }
        };
        let mut auth = Map::new();
        match option.text_of("inject_into").unwrap_or("header") {
            "header" => {
                if name.eq_ignore_ascii_case("authorization")
                    && let Some(token) = key.strip_prefix("Bearer ")
                {
                    auth.set("type", "bearer").set("token", token);
                    return Some(auth);
                }
                auth.set("type", "api_key")
                    .set("name", name)
                    .set("api_key", key);
            }
            "request_parameter" => {
                auth.set("type", "api_key")
                    .set("name", name)
                    .set("api_key", key)
                    .set("location", "query");
            }
            _ => {
                if !self.inject(option, &key) {
                    self.lose(option.place, "where the credentials are sent");
                }
                return None;
            }
        }
        Some(auth)
    }

    fn oauth(&mut self, node: &Value) -> Option<Map> {
        let mut auth = Map::new();
        let Some(endpoint) = node.get("token_refresh_endpoint") else {
            let token = self.credential(node, "access_token_value")?;
            auth.set("type", "bearer").set("token", token);
            return Some(auth);
        };
        let text = endpoint.scalar().unwrap_or_default().to_owned();
        let url = match self.renderer(node, Usage::Address).text(&text) {
            Ok(url) => self.open_url(endpoint.place, &with_scheme(&url)),
            Err(why) => {
                let shown = shown(&credentials::without_secrets(&text).0);
                self.lose(
                    endpoint.place,
                    format!("the token endpoint, `{shown}`: {why}"),
                );
                return None;
            }
        };
        let grant = node.text_of("grant_type").unwrap_or("refresh_token");
        let grant = self
            .renderer(node, Usage::Sent)
            .text(grant)
            .unwrap_or_default();
        let refresh = node.text_of("refresh_token").unwrap_or_default();
        let has_refresh = grant == "refresh_token" && !refresh.trim().is_empty();
        auth.set(
            "type",
            if has_refresh {
                "oauth2_refresh_token"
            } else {
                "oauth2_client_credentials"
            },
        );
        auth.set("access_token_url", url);
        for key in ["client_id", "client_secret", "refresh_token"] {
            if key == "refresh_token" && !has_refresh {
                continue;
            }
            if let Some(text) = self.credential(node, key) {
                auth.set(key, text);
            }
        }
        let scopes = node.at(&["scopes"]).scalars();
        if !scopes.is_empty() {
            auth.set("scope", super::text::escape(&scopes.join(" ")));
        }
        let mut data = Map::new();
        if !has_refresh && grant != "client_credentials" && !grant.is_empty() {
            data.set("grant_type", grant);
        }
        self.oauth_requests(node, &mut auth, data, has_refresh);
        if let Some(name) = node
            .text_of("access_token_name")
            .filter(|name| *name != "access_token")
        {
            auth.set("access_token_path", json_path(&[name]));
        }
        if let Some(name) = node
            .text_of("expires_in_name")
            .filter(|name| *name != "expires_in")
        {
            auth.set("expires_in_path", json_path(&[name]));
        }
        Some(auth)
    }

    /// Further fields and headers of a token request.
    fn oauth_requests(&mut self, node: &Value, auth: &mut Map, mut data: Map, has_refresh: bool) {
        for (key, into) in [
            ("refresh_request_body", "access_token_request_data"),
            ("refresh_request_headers", "access_token_request_headers"),
        ] {
            let mut map = if into.ends_with("data") {
                std::mem::take(&mut data)
            } else {
                Map::new()
            };
            for (name, value) in node.at(&[key]).entries() {
                if name == "$parameters" {
                    continue;
                }
                let own = [
                    "client_id",
                    "client_secret",
                    "refresh_token",
                    "scope",
                    "audience",
                ];
                let is_own = own.contains(&name.as_str()) && into.ends_with("data");
                let is_known = is_own && auth.get(name).is_some();
                let is_of_refresh = name == "refresh_token" && !has_refresh;
                let is_default = name == "grant_type"
                    && into.ends_with("data")
                    && value.text()
                        == Some(if has_refresh {
                            "refresh_token"
                        } else {
                            "client_credentials"
                        });
                if is_known || is_default {
                    continue;
                }
                if let Some(text) = self.credential_text(value, node, name) {
                    if is_of_refresh && is_own {
                        auth.set("type", "oauth2_refresh_token");
                    }
                    if is_own {
                        auth.set(name, text);
                    } else {
                        map.set(name, text);
                    }
                }
            }
            if !map.is_empty() {
                auth.set(into, map);
            }
        }
    }

    fn session(&mut self, node: &Value) -> Option<Map> {
        let login = node.at(&["login_requester"]);
        let base = login
            .text_of("url_base")
            .or(login.text_of("url"))
            .unwrap_or_default()
            .to_owned();
        let path = login.text_of("path").unwrap_or_default().to_owned();
        let mut renderer = self.renderer(login, Usage::Address);
        let url = renderer
            .text(&base)
            .and_then(|base| Ok((base, renderer.text(&path)?)));
        let (base, path) = match url {
            Ok(url) => url,
            Err(why) => {
                self.lose(login.place, format!("the URL of the login: {why}"));
                return None;
            }
        };
        let mut auth = Map::new();
        auth.set("type", "session_login");
        let path = super::spec::joined(&with_scheme(&base), &path);
        let path = self.open_url(login.place, &path);
        auth.set("path", path);
        if let Some(method) = login.text_of("http_method") {
            auth.set("method", method);
        }
        if let Some(inner) = self.auth(login.at(&["authenticator"])) {
            auth.set("auth", inner);
        }
        for (key, into) in [
            ("request_parameters", "params"),
            ("request_headers", "headers"),
            ("request_body_data", "data"),
            ("request_body_json", "json"),
        ] {
            let value = login.at(&[key]);
            if value.entries().is_empty() {
                continue;
            }
            if let Some(made) = self.json(value, login, Usage::Credential, key) {
                auth.set(into, made);
            }
        }
        let keys = node.at(&["session_token_path"]).scalars();
        auth.set("token_path", json_path(&keys));
        if let Some(length) = node
            .text_of("expiration_duration")
            .and_then(times::duration)
        {
            let seconds = times::seconds(length).max(1);
            auth.set("default_token_expiration", seconds);
        }
        let sent = node.at(&["request_authentication"]);
        let option = sent.at(&["inject_into"]);
        if sent.text_of("type") == Some("ApiKey") {
            let names = self.option_names(option);
            let names = names.unwrap_or_else(|| vec!["Authorization".to_owned()]);
            let name = names[0].as_str();
            match option.text_of("inject_into").unwrap_or("header") {
                "header" => {
                    auth.set("header", name).set("prefix", "");
                }
                "request_parameter" => {
                    auth.set("query", name);
                }
                _ => {
                    auth.set("body_path", json_path(&names));
                }
            }
        }
        Some(auth)
    }

    fn jwt(&mut self, node: &Value) -> Option<Map> {
        let mut auth = Map::new();
        let mut key = self.credential(node, "secret_key")?;
        if node.says("base64_encode_secret_key") {
            match key
                .strip_suffix('}')
                .filter(|key| key.starts_with('{') && !key.contains('}') && !key.starts_with("{{"))
            {
                Some(placeholder) => key = format!("{placeholder} | base64}}"),
                None => self.lose(
                    node.at(&["base64_encode_secret_key"]).place,
                    "`base64_encode_secret_key`: the key is not encoded in base64",
                ),
            }
        }
        auth.set("type", "jwt_bearer").set("signing_key", key);
        if let Some(algorithm) = node.text_of("algorithm") {
            auth.set("algorithm", algorithm);
        }
        // Without a prefix, the token is sent alone.
        let prefix = match node.get("header_prefix") {
            Some(prefix) => self.text(prefix, node, Usage::Sent, "`header_prefix`"),
            None => None,
        };
        if prefix.as_deref() != Some("Bearer") {
            auth.set("prefix", prefix.unwrap_or_default());
        }
        if let Some(seconds) = node.get("token_duration").and_then(Value::scalar) {
            auth.set("lifetime", format!("{seconds}s"));
        }
        let headers = node.at(&["jwt_headers"]);
        if let Some(id) = self.credential(headers, "kid") {
            auth.set("key_id", id);
        }
        let mut claims = Map::new();
        for group in ["jwt_payload", "additional_jwt_payload"] {
            for (name, value) in node.at(&[group]).entries() {
                if name == "$parameters" {
                    continue;
                }
                let made = match &value.kind {
                    Kind::Text(_) => self.credential_text(value, node, name).map(Node::Text),
                    _ => self.json(value, node, Usage::Identity, name),
                };
                if let Some(made) = made {
                    claims.set(name, made);
                }
            }
        }
        if !claims.is_empty() {
            auth.set("claims", claims);
        }
        for (name, value) in node.at(&["additional_jwt_headers"]).entries() {
            if name != "$parameters"
                && let Some(text) = self.credential_text(value, node, name)
            {
                auth.map("jwt_headers").set(name, text);
            }
        }
        Some(auth)
    }

    fn selective(&mut self, node: &Value) -> Option<Map> {
        let mut choices = Map::new();
        for (name, one) in node.at(&["authenticators"]).entries() {
            if name == "$parameters" {
                continue;
            }
            if let Some(auth) = self.auth(one) {
                choices.set(&crate::names::name(name, "choice"), auth);
            }
        }
        if choices.entries.len() == 1 {
            return match choices.entries.remove(0).value {
                Node::Map(auth) => Some(auth),
                _ => None,
            };
        }
        let mut auth = Map::new();
        auth.set("type", "one_of").set("choices", choices);
        Some(auth)
    }

    fn custom(&mut self, node: &Value) -> Map {
        let class = node.text_of("class_name").or(node.text_of("type"));
        let class = class.unwrap_or("authenticator");
        let rust = hook_type(class);
        self.lose(
            node.place,
            format!(
                "the authenticator `{class}` is Python: write `{rust}` in Rust, or another `auth`"
            ),
        );
        let mut auth = Map::new();
        auth.set("type", "custom").set("rust", rust);
        let mut with = Map::new();
        for (name, value) in node.entries() {
            if ["type", "class_name", "$parameters"].contains(&name.as_str()) {
                continue;
            }
            let text = value.scalar().map(str::to_owned);
            let made =
                text.and_then(|text| self.renderer(node, Usage::Credential).text(&text).ok());
            if let Some(made) =
                made.filter(|made| made.contains("{secrets.") || made.contains("{config."))
            {
                with.set(&crate::names::name(name, "value"), made);
            }
        }
        if !with.is_empty() {
            auth.set("with", with);
        }
        auth
    }
}

/// Whether a text holds a secret whose name says that it is a key or a token.
fn is_key(text: &str) -> bool {
    let mut names = text.split("{secrets.").skip(1);
    names.any(|rest| credentials::is_secret_name(rest.split('}').next().unwrap_or_default()))
}

/// A URL that may lack its scheme.
pub(super) fn with_scheme(url: &str) -> String {
    let url = url.trim();
    if url.starts_with("https://") || url.starts_with("http://") {
        url.to_owned()
    } else {
        format!("https://{}", url.trim_start_matches('/'))
    }
}
