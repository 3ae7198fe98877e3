//! The `client` of a spec: where the API is, and its credentials.

use rest_source_codegen::write::{Map, Node};

use crate::names;
use crate::tree::{EMPTY, Value};
use crate::{Loss, NOT_CERTAIN, credentials};

/// Settings that the spec declares.
pub(super) type Config = Map;

/// The server that requests go to: that of the document, else the first that a path or an operation names.
fn server(root: &Value) -> Option<&Value> {
    let own = |value: &Value| value.get("servers").is_some();
    if own(root) || root.text_of("host").is_some() {
        return root.at(&["servers"]).elements().first();
    }
    let paths = root.at(&["paths"]).entries().iter();
    let mut all = paths.flat_map(|(_, path)| {
        let operations = path.entries().iter().filter(|(key, _)| is_method(key));
        operations
            .map(|(_, operation)| operation)
            .chain(std::iter::once(path))
    });
    all.find_map(|value| value.at(&["servers"]).elements().first())
}

fn is_method(key: &str) -> bool {
    matches!(key, "get" | "post")
}

/// Where an operation has another server than the document.
pub(super) enum Elsewhere {
    No,
    /// The absolute URL that its path is joined to.
    At(String),
    /// A server that is no absolute URL without variables.
    Unknown,
}

/// The server of an operation, compared with that of the document.
pub(super) fn elsewhere(root: &Value, item: &Value, operation: &Value) -> Elsewhere {
    let own = [operation, item]
        .into_iter()
        .find_map(|value| value.at(&["servers"]).elements().first());
    let Some(own) = own else {
        return Elsewhere::No;
    };
    let url = |server: &Value| {
        let url = server.text_of("url").unwrap_or_default().trim();
        url.trim_end_matches('/').to_owned()
    };
    let is_same = server(root).is_some_and(|server| url(server) == url(own));
    let own = https(&credentials::without_secrets(&url(own)).0);
    match own.strip_prefix("https://") {
        _ if is_same => Elsewhere::No,
        Some(rest) if !rest.is_empty() && !rest.contains(['{', '}', '?', '#', ' ']) => {
            Elsewhere::At(own)
        }
        _ => Elsewhere::Unknown,
    }
}

/// The base URL, with a setting for each variable, and comments on what is not certain of it.
pub(super) fn base_url(root: &Value, config: &mut Config) -> (String, Vec<String>) {
    let (url, comment) = first_url(root, config);
    let mut comments: Vec<String> = comment.into_iter().collect();
    if url.starts_with("https://") && !has_https(root) {
        comments.push(format!(
            "{NOT_CERTAIN}the document says `http`, over which credentials are not sent."
        ));
    }
    let servers = root.at(&["servers"]).elements();
    let others: Vec<String> = servers
        .iter()
        .skip(1)
        .take(SERVERS)
        .filter_map(|server| server.text_of("url"))
        .map(|url| format!("`{}`", names::brief(&credentials::without_secrets(url).0)))
        .collect();
    if !others.is_empty() {
        let rest = servers.len().saturating_sub(1 + others.len());
        let rest = match rest {
            0 => String::new(),
            rest => format!(" and {rest} more"),
        };
        comments.push(format!(
            "{NOT_CERTAIN}which server: the document has {}{rest} too.",
            others.join(", ")
        ));
    }
    (url, comments)
}

/// The most servers that a comment names.
const SERVERS: usize = 5;

/// Whether the first server is one of https, or of a scheme that the document leaves open.
fn has_https(root: &Value) -> bool {
    let url = server(root).and_then(|server| server.text_of("url"));
    if let Some(url) = url {
        return !url.trim().starts_with("http://");
    }
    let schemes = root.at(&["schemes"]).scalars();
    !schemes.contains(&"http") || schemes.contains(&"https")
}

fn first_url(root: &Value, config: &mut Config) -> (String, Option<String>) {
    let server = server(root);
    let url = match server.and_then(|server| server.text_of("url")) {
        Some(url) => url.trim().to_owned(),
        None => old_url(root),
    };
    let variables = server.map_or(&EMPTY, |server| server.at(&["variables"]));
    let url = url.split(['?', '#']).next().unwrap_or_default().trim();
    let url = with_scheme(url, variables);
    let (url, has_secret) = credentials::without_secrets(&url);
    let comment = has_secret.then(|| "The credentials in the URL are not copied.".to_owned());
    let url = url.as_str();
    if !url.starts_with("http://") && !url.starts_with("https://") && !url.starts_with('{') {
        let rest = url.trim_start_matches("//");
        let path = if url.starts_with("//") {
            return (
                https(&format!(
                    "https://{}",
                    with_settings(rest, variables, config)
                )),
                None,
            );
        } else {
            rest.trim_start_matches('/')
        };
        return relative(path, variables, config);
    }
    let plain = with_settings(url, variables, config);
    if plain.starts_with('{') {
        // A variable for the scheme or the whole URL: only its default is a URL.
        for entry in std::mem::take(&mut config.entries) {
            let default = entry
                .value
                .as_map()
                .and_then(|setting| setting.get("default"));
            let default = default.and_then(Node::as_text).unwrap_or_default();
            if plain.starts_with(&format!("{{config.{}}}", entry.key))
                && default.starts_with("http")
            {
                let rest = plain.split_once('}').map_or("", |(_, rest)| rest);
                let url = format!("{default}{rest}");
                if url.contains("://") && !url.contains('{') {
                    return (https(&url), comment);
                }
            }
        }
        return relative("", variables, config);
    }
    (https(&plain), comment)
}

/// A URL whose scheme is a variable, with the default of the variable, or `https`.
fn with_scheme(url: &str, variables: &Value) -> String {
    let scheme = url
        .strip_prefix('{')
        .and_then(|rest| rest.split_once("}://"));
    let Some((name, rest)) = scheme.filter(|(name, _)| !name.contains(['{', '}'])) else {
        return url.to_owned();
    };
    let default = variables.at(&[name]).text_of("default");
    let scheme = default.filter(|scheme| matches!(*scheme, "http" | "https"));
    format!("{}://{rest}", scheme.unwrap_or("https"))
}

fn relative(path: &str, variables: &Value, config: &mut Config) -> (String, Option<String>) {
    let path = with_settings(path, variables, config);
    let setting = config.map("host");
    setting
        .set("type", "text")
        .set("description", "The host of the API.");
    let url = format!("https://{{config.host}}/{path}");
    let comment = "The document names no host.".to_owned();
    (url.trim_end_matches('/').to_owned(), Some(comment))
}

/// Credentials are not sent over plain http, except to the machine itself.
fn https(url: &str) -> String {
    let url = match url.strip_prefix("http://") {
        Some(rest) if !credentials::is_loopback(url) => format!("https://{rest}"),
        _ => url.to_owned(),
    };
    url.trim_end_matches('/').to_owned()
}

/// The URL of Swagger 2.0.
fn old_url(root: &Value) -> String {
    let path = root.text_of("basePath").unwrap_or_default().trim();
    match root.text_of("host") {
        Some(host) if !host.trim().is_empty() => {
            let scheme = if has_https(root) { "https" } else { "http" };
            format!(
                "{scheme}://{}/{}",
                host.trim().trim_end_matches('/'),
                path.trim_start_matches('/')
            )
        }
        _ => path.to_owned(),
    }
}

/// A URL template with a setting for each of its variables.
fn with_settings(url: &str, variables: &Value, config: &mut Config) -> String {
    let mut text = String::new();
    let mut rest = url;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((variable, tail)) = after.split_once('}') else {
            break;
        };
        text.push_str(before);
        rest = tail;
        let said = variables.at(&[variable]);
        let name = names::name(variable, "server");
        let default = said
            .get("default")
            .and_then(Value::scalar)
            .filter(|_| !credentials::is_secret_name(variable))
            .unwrap_or_default();
        // A port, a scheme or nothing is no setting of a host.
        let is_empty = said.text_of("default").is_some_and(str::is_empty);
        if before.ends_with(':') || is_empty {
            text.push_str(default);
            continue;
        }
        let words = said.at(&["enum"]).scalars();
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        let setting = config.map(&name);
        setting.set("type", "text");
        if let Some(values) = names::enum_values(&words)
            && words.len() > 1
            && words.contains(&default)
        {
            setting.set("type", "enum").set("values", values);
        }
        if !default.is_empty() {
            setting.set("default", default);
        }
        if let Some(description) = said.text_of("description") {
            let description = names::brief(description);
            if !description.is_empty() {
                setting.set("description", description);
            }
        }
        text.push_str("{config.");
        text.push_str(&name);
        text.push('}');
    }
    text.push_str(&rest.replace(['{', '}'], ""));
    text.replace(' ', "%20")
}

/// What a document says about credentials.
#[derive(Default)]
pub(super) struct Credentials {
    pub auth: Option<Map>,
    pub comment: Vec<String>,
    /// Headers with secrets that are sent beside the `auth`.
    pub headers: Vec<(String, String)>,
}

/// The security schemes of a document.
struct Schemes<'a> {
    root: &'a Value,
    place: &'static str,
    of: &'a Value,
    base_url: &'a str,
}

/// An alternative: all schemes that a request needs together.
type Requirement<'a> = Vec<&'a str>;

fn schemes<'a>(root: &'a Value, base_url: &'a str) -> Schemes<'a> {
    let (place, of) = (
        "#/components/securitySchemes",
        root.at(&["components", "securitySchemes"]),
    );
    let (place, of) = if of.entries().is_empty() {
        ("#/securityDefinitions", root.at(&["securityDefinitions"]))
    } else {
        (place, of)
    };
    Schemes {
        root,
        place,
        of,
        base_url,
    }
}

impl<'a> Schemes<'a> {
    /// The schemes of the document's requests.
    fn chosen(&self) -> Option<Requirement<'a>> {
        let mut requirements = requirements(self.root);
        if requirements.is_empty() {
            let names = self.of.entries().iter();
            requirements = names.map(|(name, _)| vec![name.as_str()]).collect();
        }
        self.first_possible(&requirements)
    }

    /// The first alternative that has an `auth`.
    fn first_possible(&self, requirements: &[Requirement<'a>]) -> Option<Requirement<'a>> {
        let is_possible =
            |name: &&str| auth(scheme(self.root, self.of, name), self.base_url).is_some();
        requirements
            .iter()
            .find(|names| names.iter().any(&is_possible))
            .cloned()
    }

    /// The credentials of an alternative. `secrets` are named after their scheme where those of the document are not meant.
    fn credentials(&self, names: &[&str], is_own: bool, losses: &mut Vec<Loss>) -> Credentials {
        let mut made = Credentials::default();
        for name in names {
            let Some((mut auth, comment)) = auth(scheme(self.root, self.of, name), self.base_url)
            else {
                losses.push(Loss {
                    place: format!("{}/{name}", self.place),
                    what: "a credential of a request that is not supported: add it by hand"
                        .to_owned(),
                });
                continue;
            };
            if is_own {
                name_secrets(&mut auth, name);
            }
            if made.auth.is_none() {
                made.auth = Some(auth);
                made.comment.extend(comment);
            } else if let Some((header, value)) = further(&auth) {
                match made.headers.iter_mut().find(|(name, _)| *name == header) {
                    Some((name, cookies)) if name == "Cookie" => {
                        cookies.push_str("; ");
                        cookies.push_str(&value);
                    }
                    _ => made.headers.push((header, value)),
                }
            } else {
                losses.push(Loss {
                    place: format!("{}/{name}", self.place),
                    what: "a second credential of a request: send it by `params` of the endpoints"
                        .to_owned(),
                });
            }
        }
        made
    }
}

/// A key that is sent beside an `auth`, as a header with its value.
fn further(auth: &Map) -> Option<(String, String)> {
    let text = |key: &str| auth.get(key).and_then(Node::as_text);
    let (Some("api_key"), Some(name)) = (text("type"), text("name")) else {
        return None;
    };
    let secret = format!("{{secrets.{}}}", names::name(name, "key"));
    match text("location") {
        None => Some((name.to_owned(), secret)),
        Some("cookie") => {
            let name = name.replace('{', "{{").replace('}', "}}");
            Some(("Cookie".to_owned(), format!("{name}={secret}")))
        }
        Some(_) => None,
    }
}

/// Names the secrets of an `auth` after their scheme.
fn name_secrets(auth: &mut Map, scheme: &str) {
    let scheme = names::name(scheme, "key");
    for entry in &mut auth.entries {
        if let Node::Text(text) = &mut entry.value
            && let Some(secret) = text.strip_prefix("{secrets.")
        {
            *text = match secret {
                "api_key}" => format!("{{secrets.{scheme}}}"),
                secret => format!("{{secrets.{scheme}_{secret}"),
            };
        }
    }
}

/// The credentials of the document, chosen among its security schemes. `operations` are those that are imported.
pub(super) fn credentials<'a>(
    root: &'a Value,
    base_url: &'a str,
    operations: impl Iterator<Item = &'a Value>,
    losses: &mut Vec<Loss>,
) -> Credentials {
    let schemes = schemes(root, base_url);
    let Some(names) = schemes.chosen() else {
        for (name, _) in schemes.of.entries() {
            losses.push(Loss {
                place: format!("{}/{name}", schemes.place),
                what: "this kind of credentials is not supported: add an `auth` of type `custom`"
                    .to_owned(),
            });
        }
        return Credentials::default();
    };
    let mut made = schemes.credentials(&names, false, losses);
    let scopes = scopes(root, &names, operations);
    if let Some(auth) = &mut made.auth
        && !scopes.is_empty()
    {
        match auth.get("type").and_then(Node::as_text) {
            Some("oauth2_client_credentials") => {
                auth.set(
                    "scope",
                    scopes.join(" ").replace('{', "{{").replace('}', "}}"),
                );
            }
            _ => made
                .comment
                .push(format!("Its scopes: {}.", scopes.join(", "))),
        }
    }
    let others: Vec<&str> = schemes
        .of
        .entries()
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| !names.contains(name))
        .collect();
    if !others.is_empty() {
        made.comment.push(format!(
            "The document has further kinds of credentials: {}.",
            others.join(", ")
        ));
    }
    made
}

/// The scopes that the imported operations need.
fn scopes<'a>(
    root: &'a Value,
    names: &[&str],
    operations: impl Iterator<Item = &'a Value>,
) -> Vec<&'a str> {
    let own =
        operations.map(|operation| operation.get("security").unwrap_or(root.at(&["security"])));
    let mut scopes: Vec<&str> = Vec::new();
    for requirement in own.flat_map(Value::elements) {
        for (name, list) in requirement.entries() {
            for scope in list.scalars() {
                if names.contains(&name.as_str())
                    && !scopes.contains(&scope)
                    && scopes.len() < SCOPES
                {
                    scopes.push(scope);
                }
            }
        }
    }
    scopes
}

/// The most scopes of an `auth`.
const SCOPES: usize = 50;

/// The credentials of an operation where those of the document are not among its alternatives.
pub(super) fn own_credentials(
    root: &Value,
    base_url: &str,
    operation: &Value,
    place: &str,
    losses: &mut Vec<Loss>,
) -> Option<Credentials> {
    let security = operation.get("security")?.elements();
    let requirements: Vec<Requirement<'_>> = security.iter().map(requirement).collect();
    if requirements.is_empty() || requirements.iter().any(Vec::is_empty) {
        // None are needed.
        return None;
    }
    let schemes = schemes(root, base_url);
    let chosen = schemes.chosen()?;
    let is_same = |names: &Requirement<'_>| {
        names.len() == chosen.len() && names.iter().all(|name| chosen.contains(name))
    };
    if requirements.iter().any(is_same) {
        return None;
    }
    let Some(names) = schemes.first_possible(&requirements) else {
        losses.push(Loss {
            place: format!("{place}/security"),
            what: "the credentials of this operation are not supported: those of the document are sent".to_owned(),
        });
        return None;
    };
    let mut own_losses = Vec::new();
    let made = schemes.credentials(&names, true, &mut own_losses);
    for loss in own_losses {
        if !losses.contains(&loss) {
            losses.push(loss);
        }
    }
    Some(made)
}

fn requirement(one: &Value) -> Requirement<'_> {
    let names = one.entries().iter();
    names.map(|(name, _)| name.as_str()).collect()
}

fn scheme<'a>(root: &'a Value, schemes: &'a Value, name: &str) -> &'a Value {
    let found = schemes.at(&[name]);
    match found.text_of("$ref") {
        Some(reference) => root.pointer(reference).unwrap_or(found),
        None => found,
    }
}

/// The alternatives of the document, or those of its first operation that has any.
fn requirements(root: &Value) -> Vec<Vec<&str>> {
    let mut of = root.at(&["security"]);
    if of.elements().iter().all(|one| one.entries().is_empty()) {
        let operations = root
            .at(&["paths"])
            .entries()
            .iter()
            .flat_map(|(_, path)| path.entries());
        let found = operations
            .filter(|(method, _)| method == "get" || method == "post")
            .map(|(_, operation)| operation.at(&["security"]))
            .find(|security| {
                security
                    .elements()
                    .iter()
                    .any(|one| !one.entries().is_empty())
            });
        of = found.unwrap_or(of);
    }
    of.elements()
        .iter()
        .map(requirement)
        .filter(|names| !names.is_empty())
        .collect()
}

fn auth(scheme: &Value, base_url: &str) -> Option<(Map, Option<String>)> {
    let text = scheme
        .text_of("description")
        .unwrap_or_default()
        .to_lowercase();
    match scheme.text_of("type")?.to_ascii_lowercase().as_str() {
        "apikey" => Some(api_key(scheme, &text)),
        "basic" => Some((basic("http_basic"), None)),
        "http" => match scheme.text_of("scheme")?.to_ascii_lowercase().as_str() {
            "basic" => Some((basic("http_basic"), None)),
            "digest" => Some((basic("http_digest"), None)),
            "bearer" => Some((bearer(), None)),
            _ => None,
        },
        "oauth2" => Some(oauth2(scheme, base_url)),
        "openidconnect" => Some((
            bearer(),
            Some(
                "The document says OpenID Connect: give the access token that it leads to."
                    .to_owned(),
            ),
        )),
        _ => None,
    }
}

fn api_key(scheme: &Value, text: &str) -> (Map, Option<String>) {
    let name = scheme.text_of("name").unwrap_or("Authorization").trim();
    let place = scheme.text_of("in").unwrap_or("header");
    let is_authorization = place == "header" && name.eq_ignore_ascii_case("authorization");
    if is_authorization && text.contains("bearer") {
        return (bearer(), None);
    }
    let mut auth = Map::new();
    auth.set("type", "api_key")
        .set("name", name)
        .set("api_key", "{secrets.api_key}");
    match place {
        "query" | "cookie" => {
            auth.set("location", place);
        }
        _ => {}
    }
    let comment = is_authorization
        .then(|| "The key is sent as it is; some APIs want a word before it, such as `Token {secrets.api_key}`.".to_owned());
    (auth, comment)
}

fn bearer() -> Map {
    let mut auth = Map::new();
    auth.set("type", "bearer").set("token", "{secrets.token}");
    auth
}

fn basic(kind: &str) -> Map {
    let mut auth = Map::new();
    auth.set("type", kind)
        .set("username", "{secrets.username}")
        .set("password", "{secrets.password}");
    auth
}

fn oauth2(scheme: &Value, base_url: &str) -> (Map, Option<String>) {
    let flows = scheme.at(&["flows"]);
    let old = |flow: &str| scheme.text_of("flow") == Some(flow);
    let token_url = |flow: &Value| {
        let url = flow.text_of("tokenUrl")?.trim();
        let is_whole = url.starts_with("https://") && !url.contains(['{', '}', '#', ' ']);
        let is_path = url.starts_with('/') && !url.contains(['{', '}', '#', ' ']);
        match (is_whole, is_path) {
            (true, _) => Some(url.to_owned()),
            (_, true) if base_url.starts_with("http") => {
                let host = base_url
                    .splitn(4, '/')
                    .take(3)
                    .collect::<Vec<_>>()
                    .join("/");
                Some(format!("{host}{url}"))
            }
            _ => None,
        }
    };
    let client = flows
        .get("clientCredentials")
        .or_else(|| old("application").then_some(scheme));
    let code = flows
        .get("authorizationCode")
        .or_else(|| old("accessCode").then_some(scheme));
    let mut auth = Map::new();
    if let Some(url) = client.and_then(token_url) {
        auth.set("type", "oauth2_client_credentials")
            .set("access_token_url", url);
        auth.set("client_id", "{secrets.client_id}")
            .set("client_secret", "{secrets.client_secret}");
        return (auth, None);
    }
    if let Some(url) = code.and_then(token_url) {
        auth.set("type", "oauth2_refresh_token")
            .set("access_token_url", url);
        auth.set("client_id", "{secrets.client_id}")
            .set("client_secret", "{secrets.client_secret}");
        auth.set("refresh_token", "{secrets.refresh_token}");
        return (auth, None);
    }
    let comment = "The document has an OAuth 2 flow that needs a browser: give the access token that it leads to.";
    (bearer(), Some(comment.to_owned()))
}
