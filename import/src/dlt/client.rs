//! The client, credentials and paginators.

use rest_source_codegen::write::{Map, Node};

use super::value::{Kind, Place, Reference, Value};
use super::{Convert, not_certain};
use crate::credentials;

/// The parameters of dlt's classes, in their order, with the word for `type`.
const AUTHS: [(&str, &str, &[&str]); 6] = [
    ("BearerTokenAuth", "bearer", &["token"]),
    ("APIKeyAuth", "api_key", &["name", "api_key", "location"]),
    ("ApiKeyAuth", "api_key", &["name", "api_key", "location"]),
    ("HttpBasicAuth", "http_basic", &["username", "password"]),
    ("HTTPBasicAuth", "http_basic", &["username", "password"]),
    (
        "OAuth2ClientCredentials",
        "oauth2_client_credentials",
        &[
            "access_token_url",
            "client_id",
            "client_secret",
            "access_token_request_data",
            "default_token_expiration",
        ],
    ),
];

const PAGINATORS: [(&str, &str, &[&str]); 8] = [
    ("SinglePagePaginator", "single_page", &[]),
    ("JSONLinkPaginator", "json_link", &["next_url_path"]),
    ("JSONResponsePaginator", "json_link", &["next_url_path"]),
    ("HeaderLinkPaginator", "header_link", &["links_next_key"]),
    (
        "HeaderCursorPaginator",
        "header_cursor",
        &["cursor_key", "cursor_param"],
    ),
    (
        "OffsetPaginator",
        "offset",
        &[
            "limit",
            "offset",
            "offset_param",
            "limit_param",
            "total_path",
            "maximum_offset",
            "stop_after_empty_page",
        ],
    ),
    (
        "PageNumberPaginator",
        "page_number",
        &[
            "base_page",
            "page",
            "page_param",
            "total_path",
            "maximum_page",
            "stop_after_empty_page",
        ],
    ),
    (
        "JSONResponseCursorPaginator",
        "cursor",
        &["cursor_path", "cursor_param", "cursor_body_path"],
    ),
];

/// The fields of each kind of credentials that hold a secret.
fn credentials_of(kind: &str) -> &'static [&'static str] {
    match kind {
        "bearer" => &["token"],
        "api_key" => &["api_key"],
        "http_basic" => &["username", "password"],
        "oauth2" | "oauth2_client_credentials" => &["client_id", "client_secret"],
        "oauth2_refresh_token" => &["client_id", "client_secret", "refresh_token"],
        _ => &[],
    }
}

impl Convert<'_> {
    pub(super) fn client(&mut self, client: &Value) -> Map {
        let mut made = Map::new();
        for (key, value) in client.entries() {
            match key.as_str() {
                _ if value.kind == Kind::Null => {}
                "base_url" => {}
                "headers" => self.headers(value, &mut made),
                "auth" => {
                    if let Some(auth) = self.auth(value, &mut made) {
                        made.set("auth", auth);
                    }
                }
                "paginator" => {
                    if let Some(paginator) = self.paginator(value, &mut made) {
                        made.set("paginator", paginator);
                    }
                }
                "session" => self.lose(&mut made, &value.place, "`session`, an object of Python"),
                _ => {
                    if let Some(node) = self.node(value, key, &mut made) {
                        made.set(key, node);
                    }
                }
            }
        }
        self.base_url(client, &mut made);
        made
    }

    fn base_url(&mut self, client: &Value, made: &mut Map) {
        let url = client.get("base_url");
        let text = match url.map(|url| &url.kind) {
            Some(Kind::Text(text)) if !text.is_empty() => text.clone(),
            Some(Kind::Unnamed(_)) => self.references.placeholder(Reference::Setting, "base_url"),
            _ => {
                let text = self.references.placeholder(Reference::Setting, "base_url");
                let place = url.map_or(&client.place, |url| &url.place);
                self.lose(
                    made,
                    place,
                    "`base_url`, which is not literal: it is a setting here",
                );
                text
            }
        };
        // A URL is not a secret, wherever it is kept.
        let text = text.replace("{secrets.", "{config.");
        let (text, has_secret) = credentials::without_secrets(&text);
        let place = &url.unwrap_or(client).place;
        if has_secret {
            self.lose(made, place, "a secret in `base_url`: send it by `auth`");
        }
        let text = self.without_tokens(&text, place, made);
        made.set("base_url", text);
    }

    /// A URL or a path with a setting for each token in it.
    pub(super) fn without_tokens(&mut self, text: &str, place: &Place, made: &mut Map) -> String {
        let (text, has_token) = credentials::without_tokens(text, || {
            self.references.placeholder(Reference::Setting, "path_part")
        });
        if has_token {
            self.lose(made, place, credentials::TOKEN_IN_PATH);
        }
        text
    }

    /// Headers of a client or an endpoint. One with credentials becomes an `auth` if there is none.
    pub(super) fn headers(&mut self, headers: &Value, made: &mut Map) {
        if !matches!(headers.kind, Kind::Map(_)) {
            self.lose(
                made,
                &headers.place,
                "`headers`, which is not a literal map",
            );
            return;
        }
        let mut found = Map::new();
        for (name, value) in headers.entries() {
            let text = match &value.kind {
                Kind::Null => continue,
                Kind::Text(text) | Kind::Number(text) => text.clone(),
                Kind::Bool(flag) => flag.to_string(),
                Kind::Unnamed(kind) => self.references.placeholder(*kind, name),
                _ => {
                    self.lose(
                        made,
                        &value.place,
                        &format!("the header `{name}`, which is not literal"),
                    );
                    continue;
                }
            };
            if name.eq_ignore_ascii_case("authorization") {
                let text = self.authorization(value, text, made);
                match credentials::bearer(&text) {
                    _ if has_auth(made) => {
                        self.lose(
                            made,
                            &value.place,
                            "`Authorization`, a header beside an `auth`",
                        );
                    }
                    Some(auth) => {
                        made.set("auth", auth);
                    }
                    None => {
                        found.set(name, text);
                    }
                }
            } else if credentials::is_secret_name(name) {
                let node = self.secret(value, name, &text, made);
                found.set(name, node);
            } else {
                found.set(name, text);
            }
        }
        if !found.is_empty() {
            made.set("headers", found);
        }
    }

    /// The value of an `Authorization` header, without a secret in plain text.
    fn authorization(&mut self, value: &Value, text: String, made: &mut Map) -> String {
        if text.contains("{secrets.") {
            return text;
        }
        if text.contains("{config.") {
            return text.replace("{config.", "{secrets.");
        }
        let what = "`Authorization`, a secret that the source has in plain text: it is read from the environment here";
        self.lose(made, &value.place, what);
        let secret = self.references.placeholder(Reference::Secret, "token");
        match text.split_once(' ') {
            Some((word, _)) if word.len() < 16 => format!("{word} {secret}"),
            _ => secret,
        }
    }

    /// Credentials; nothing if they are lost.
    pub(super) fn auth(&mut self, value: &Value, into: &mut Map) -> Option<Node> {
        let (kind, entries) = match &value.kind {
            Kind::Null => return Some(Node::Null),
            Kind::Text(word) => (word.clone(), Vec::new()),
            Kind::Map(entries) => {
                let kind = value.text_of("type").unwrap_or("bearer").to_owned();
                (kind, entries.clone())
            }
            Kind::Object(class, arguments) if known(&AUTHS, class).is_some() => {
                object(&AUTHS, class, arguments)?
            }
            Kind::Object(class, _) => {
                let what =
                    format!("`auth`, an object of `{class}`: write an `auth` of type `custom`");
                self.lose(into, &value.place, &what);
                return None;
            }
            _ => {
                self.lose(into, &value.place, "`auth`, which is not literal");
                return None;
            }
        };
        let mut auth = Map::new();
        auth.set("type", kind.as_str());
        let fields = credentials_of(&kind);
        for (key, value) in &entries {
            if key == "type" || value.kind == Kind::Null || key == "session" {
                continue;
            }
            let is_client = matches!(&*kind, "oauth2" | "oauth2_client_credentials");
            if is_client && key == "grant_type" && value.text() == Some("client_credentials") {
                continue;
            }
            if is_client && matches!(&**key, "scope" | "scopes") {
                let scopes: Option<Vec<&str>> = value.elements().iter().map(Value::text).collect();
                if let Some(scopes) = scopes.filter(|scopes| !scopes.is_empty()) {
                    auth.set("scope", scopes.join(" "));
                    continue;
                }
            }
            if fields.contains(&key.as_str()) || credentials::is_secret_name(key) {
                let text = self.credential(&entries, key, value, into);
                auth.set(key, text);
            } else if let Some(node) = self.node(value, key, into) {
                auth.set(key, node);
            }
        }
        // Fields of the token request that have keys of their own.
        for field in ["audience", "scope"] {
            let value = match auth.get("access_token_request_data") {
                Some(Node::Map(data)) => data.get(field).cloned(),
                _ => None,
            };
            if let (Some(value), None) = (value, auth.get(field)) {
                auth.map("access_token_request_data").remove(field);
                auth.set(field, value);
            }
        }
        if matches!(auth.get("access_token_request_data"), Some(Node::Map(data)) if data.is_empty())
        {
            auth.remove("access_token_request_data");
        }
        for field in fields {
            if auth.get(field).is_none() {
                auth.set(field, self.references.placeholder(Reference::Secret, field));
            }
        }
        Some(Node::Map(auth))
    }

    fn credential(
        &mut self,
        entries: &[(String, Value)],
        key: &str,
        value: &Value,
        into: &mut Map,
    ) -> Node {
        match &value.kind {
            // A user or a client may be named, if its password is a secret.
            Kind::Text(text) | Kind::Number(text)
                if matches!(key, "username" | "client_id") && !text.contains('{') =>
            {
                let other = if key == "username" {
                    "password"
                } else {
                    "client_secret"
                };
                let other = entries.iter().find(|(name, _)| name == other);
                if other.is_some_and(|(_, other)| other.text() != Some("")) {
                    return Node::from(text.as_str());
                }
                self.secret(value, key, text, into)
            }
            Kind::Text(text) if text.is_empty() => Node::from(""),
            Kind::Text(text) | Kind::Number(text) => self.secret(value, key, text, into),
            Kind::Unnamed(_) => Node::Text(self.references.placeholder(Reference::Secret, key)),
            Kind::Map(_) | Kind::List(_) => match self.node(value, key, into) {
                Some(node) => node,
                None => Node::Null,
            },
            _ => {
                let what = format!("`{key}`, which is not literal: it is a secret here");
                self.lose(into, &value.place, &what);
                Node::Text(self.references.placeholder(Reference::Secret, key))
            }
        }
    }

    /// A paginator; nothing if dlt detects it, or if it is lost.
    pub(super) fn paginator(&mut self, value: &Value, into: &mut Map) -> Option<Node> {
        let (kind, entries) = match &value.kind {
            Kind::Null => return None,
            Kind::Text(word) => (word.clone(), Vec::new()),
            Kind::Map(entries) => {
                let Some(kind) = value.text_of("type") else {
                    self.lose(into, &value.place, "a `paginator` without a literal `type`");
                    return None;
                };
                (kind.to_owned(), entries.clone())
            }
            Kind::Object(class, arguments) if known(&PAGINATORS, class).is_some() => {
                object(&PAGINATORS, class, arguments)?
            }
            Kind::Object(class, _) => {
                let what = format!(
                    "`paginator`, an object of `{class}`: write a paginator of type `custom`"
                );
                self.lose(into, &value.place, &what);
                return None;
            }
            _ => {
                self.lose(into, &value.place, "`paginator`, which is not literal");
                return None;
            }
        };
        let kind = match kind.as_str() {
            "auto" => return None,
            "json_response" => "json_link",
            other => other,
        };
        let mut paginator = Map::new();
        paginator.set("type", kind);
        for (key, value) in &entries {
            if key == "type" || value.kind == Kind::Null {
                continue;
            }
            if let Some(node) = self.node(value, key, into) {
                paginator.set(key, node);
            }
        }
        Some(Node::Map(paginator))
    }
}

fn has_auth(made: &Map) -> bool {
    made.get("auth").is_some()
}

/// What a resource gets whose paging dlt detects.
pub(super) fn detected(into: &mut Map) {
    into.set("paginator", "single_page");
    let what = "dlt detects the paginator from the first response; here it is one page.";
    into.comment("paginator", &not_certain(what));
}

type Classes = [(&'static str, &'static str, &'static [&'static str])];

fn known(classes: &Classes, class: &str) -> Option<(&'static str, &'static [&'static str])> {
    let found = classes.iter().find(|(name, ..)| *name == class)?;
    Some((found.1, found.2))
}

/// The type and the named arguments of an object of a known class.
fn object(
    classes: &Classes,
    class: &str,
    arguments: &[(String, Value)],
) -> Option<(String, Vec<(String, Value)>)> {
    let (kind, names) = known(classes, class)?;
    let renamed = arguments.iter().map(|(key, value)| {
        let position = key.parse::<usize>().ok();
        let name = position
            .and_then(|at| names.get(at))
            .map_or(key.as_str(), |name| name);
        (name.to_owned(), value.clone())
    });
    Some((kind.to_owned(), renamed.collect()))
}
