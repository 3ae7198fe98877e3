//! The request of a command line as a spec.

use percent_encoding::percent_decode_str;
use rest_source_codegen::write::{Element, Map, Node};

use super::Wrong;
use super::options::{Data, Options};
use super::words::{DEFAULT, VARIABLE, Word};
use crate::names::{self, Names};
use crate::{NOT_CERTAIN, credentials, tree};

/// Headers that the client of a spec sends itself, or that only a browser sends.
const AUTOMATIC: [&str; 12] = [
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "host",
    "origin",
    "referer",
    "dnt",
    "priority",
    "pragma",
    "cache-control",
    "upgrade-insecure-requests",
];

type Ignored = Vec<(usize, String)>;

/// The types of bodies that a client names by itself.
const USUAL_TYPES: [&str; 2] = ["application/json", "application/x-www-form-urlencoded"];

const NEITHER: &str = "a body that is neither JSON nor a form, which a spec cannot send";
const BODIES: &str = "give a command whose body is JSON, or a form";

/// A spec that is being made.
#[derive(Default)]
struct Draft {
    auth: Option<Map>,
    headers: Map,
    params: Vec<(String, Node)>,
    secrets: Names,
    has_secret: bool,
    /// Each with its default.
    settings: Vec<(String, Option<String>)>,
    /// The variables and placeholders that are secrets, and what they became.
    variables: Vec<(String, String)>,
    /// The names of headers that were read, in lower case.
    seen: Vec<String>,
}

pub(super) fn spec(options: &Options, ignored: &mut Ignored) -> Result<Map, Wrong> {
    let Some(word) = &options.url else {
        return Err(Wrong::new(
            0,
            "the command has no URL",
            "give a command with a URL",
        ));
    };
    if !options.is_literal && stands_for_several(&word.text) {
        return Err(Wrong::new(
            word.at,
            "a range or a choice in the URL, such as `[1-10]` or `{a,b}`, which stands for several requests",
            "write one of the URLs; with `-g`, brackets and braces stand for themselves",
        ));
    }
    let url = Url::read(word)?;
    let mut draft = Draft::default();
    let is_authorization = |word: &&Word| {
        let name = word.text.split(':').next().unwrap_or_default();
        name.trim().eq_ignore_ascii_case("authorization")
    };
    let given = options.headers.iter().find(is_authorization);
    if let Some(header) = given
        && (options.user.is_some() || options.bearer.is_some() || url.has_user)
    {
        let what =
            "credentials beside the header `Authorization`, which curl sends instead of them";
        ignored.push((header.at, what.to_owned()));
    }
    if given.is_none() {
        draft.credentials(options, &url);
    }
    let mut content_type = String::new();
    for header in &options.headers {
        draft.header(header, &mut content_type, ignored)?;
    }
    if let Some(file) = options.cookies.iter().find(|word| !word.text.contains('=')) {
        return Err(Wrong::new(
            file.at,
            "cookies from a file, which is not read",
            "write them in the command, as `-b 'name=value'`",
        ));
    }
    draft.cookies(&options.cookies);
    draft.query(&url.query);
    for word in &options.query {
        if let Some(text) = word.text.strip_prefix('+') {
            draft.query(text);
        } else {
            let (name, value) = word.text.split_once('=').unwrap_or((&word.text, ""));
            draft.param(name, value);
        }
    }
    let mut endpoint = Map::new();
    let (path, has_token) = credentials::without_tokens(&url.path, || ":path_part".to_owned());
    if has_token {
        ignored.push((word.at, credentials::TOKEN_IN_PATH.to_owned()));
    }
    let path = draft.settings_in(&path);
    endpoint.set("path", path.as_str());
    let is_csv = |header: &Word| {
        let header = header.text.to_ascii_lowercase();
        header.starts_with("accept:") && header.contains("text/csv")
    };
    let extension = url.path.rsplit_once('.').map(|(_, extension)| extension);
    if extension == Some("csv") || options.headers.iter().any(is_csv) {
        endpoint.set("decoder", "csv");
    }
    let body = draft.body(options, &content_type)?;
    if body.is_none() && USUAL_TYPES.contains(&content_type.as_str()) {
        // A client names it only where there is a body.
        draft.headers.set("Content-Type", content_type.as_str());
    }
    let method = options
        .method
        .as_ref()
        .map(|word| word.text.to_ascii_uppercase());
    let has_data = !options.data.is_empty() && !options.is_get;
    let usual = if has_data { "POST" } else { "GET" };
    let method = method.as_deref().unwrap_or(usual);
    if !matches!(method, "GET" | "POST" | "PUT" | "PATCH") {
        let at = options.method.as_ref().map_or(0, |word| word.at);
        let message = "a method that reads no records";
        let help = "give a command with GET, POST, PUT or PATCH";
        return Err(Wrong::new(at, message, help));
    }
    endpoint.set("method", method);
    if method == "GET" && body.is_some() {
        endpoint.set("body_on_get", true);
    }
    if let Some((key, value)) = body {
        endpoint.set(key, value);
    }
    let params = grouped(std::mem::take(&mut draft.params));
    if !params.is_empty() {
        endpoint.set("params", params);
    }
    endpoint.set("paginator", "single_page");
    let what = "the command shows one page; `rest-source infer` finds the paging, the selector and the columns in pages.";
    endpoint.comment("paginator", &format!("{NOT_CERTAIN}{what}"));
    Ok(draft.finish(&url, endpoint, word, ignored))
}

/// The parts of a URL, without its user.
struct Url {
    origin: String,
    path: String,
    query: String,
    has_user: bool,
    has_scheme: bool,
}

impl Url {
    fn read(word: &Word) -> Result<Self, Wrong> {
        let text = word.text.trim();
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.chars().all(|c| c.is_ascii_alphanumeric()) => {
                (scheme, rest)
            }
            _ => ("", text),
        };
        let is_http = matches!(scheme.to_ascii_lowercase().as_str(), "" | "http" | "https");
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let host = authority.rsplit('@').next().unwrap_or_default();
        if !is_http || host.is_empty() || host.contains([' ', '"', '\\', ',']) {
            return Err(Wrong::new(
                word.at,
                "the URL is not one of http or https",
                "give a URL such as https://api.example.com/orders",
            ));
        }
        let is_variable =
            !text.contains("://") && host.starts_with(VARIABLE.0) && host.ends_with(VARIABLE.1);
        let rest = rest.split('#').next().unwrap_or_default();
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let scheme = if scheme.eq_ignore_ascii_case("http") {
            "http"
        } else {
            "https"
        };
        Ok(Self {
            // `$BASE_URL/orders`: the variable has the scheme.
            origin: if is_variable {
                host.to_owned()
            } else {
                format!("{scheme}://{host}")
            },
            path: if path.is_empty() {
                "/".to_owned()
            } else {
                path.to_owned()
            },
            query: query.to_owned(),
            has_user: authority.contains('@'),
            has_scheme: is_variable || text.contains("://"),
        })
    }
}

impl Draft {
    fn secret(&mut self, name: &str) -> String {
        self.has_secret = true;
        let name = self.secrets.take(&names::name(name, "secret"));
        format!("{{secrets.{name}}}")
    }

    fn setting(&mut self, name: &str) -> String {
        let (name, default) = match name.split_once(DEFAULT) {
            Some((name, default)) => (name, Some(default.to_owned())),
            None => (name, None),
        };
        let name = names::name(name, "setting");
        if !self.settings.iter().any(|(known, _)| *known == name) {
            self.settings.push((name.clone(), default));
        }
        format!("{{config.{name}}}")
    }

    /// A variable or a placeholder: a secret by its name, else a setting.
    fn variable(&mut self, name: &str) -> String {
        let plain = name.split(DEFAULT).next().unwrap_or_default();
        if !credentials::is_secret_name(plain) {
            return self.setting(name);
        }
        if let Some((_, known)) = self.variables.iter().find(|(known, _)| known == plain) {
            return known.clone();
        }
        let secret = self.secret(plain);
        self.variables.push((plain.to_owned(), secret.clone()));
        secret
    }

    /// A text with variables as settings and secrets, and braces as braces.
    fn text(&mut self, text: &str) -> String {
        self.filled(text, Self::variable)
    }

    /// A part of a URL, where no secret can stand, with variables as settings.
    fn url_text(&mut self, text: &str) -> String {
        self.filled(text, Self::setting)
    }

    fn filled(&mut self, text: &str, variable: fn(&mut Self, &str) -> String) -> String {
        let mut made = String::new();
        let mut rest = text;
        while let Some(at) = rest.find([VARIABLE.0, '{', '}']) {
            made.push_str(&rest[..at]);
            let c = rest[at..].chars().next().unwrap_or_default();
            rest = &rest[at + c.len_utf8()..];
            match c {
                '{' => made.push_str("{{"),
                '}' => made.push_str("}}"),
                _ => {
                    let (name, after) = rest.split_once(VARIABLE.1).unwrap_or((rest, ""));
                    made.push_str(&variable(self, name));
                    rest = after;
                }
            }
        }
        made.push_str(rest);
        made
    }

    /// A part of a URL, whose placeholders are settings: `{id}`, `<id>`, `:id`.
    fn settings_in(&mut self, path: &str) -> String {
        let segments: Vec<String> = path
            .split('/')
            .map(|segment| {
                let decoded = percent_decode_str(segment).decode_utf8_lossy().into_owned();
                let inner = ["{}", "<>", "[]"].iter().find_map(|marks| {
                    let inner = decoded
                        .strip_prefix(&marks[..1])?
                        .strip_suffix(&marks[1..])?;
                    let is_range =
                        *marks == "[]" && inner.starts_with(|c: char| c.is_ascii_digit());
                    (!inner.is_empty() && !is_range)
                        .then(|| inner.trim_matches(['{', '}', '<', '>']).to_owned())
                });
                let colon = decoded
                    .strip_prefix(':')
                    .filter(|name| rest_source_codegen::write::is_name(name));
                let named = inner.as_deref().or(colon);
                match named.or_else(|| placeholder(&decoded)) {
                    Some(name) if !name.contains(VARIABLE.0) => self.setting(name),
                    _ => self.url_text(segment),
                }
            })
            .collect();
        segments.join("/")
    }

    /// `-u`, `--oauth2-bearer`, and the user of the URL.
    fn credentials(&mut self, options: &Options, url: &Url) {
        if options.bearer.is_some() {
            let token = self.secret("token");
            self.auth = credentials::bearer(&format!("Bearer {token}"));
        } else if options.user.is_some() || url.has_user {
            let kind = if options.is_digest {
                "http_digest"
            } else {
                "http_basic"
            };
            // `-u key:` has a key in place of a user.
            let is_key = options
                .user
                .as_ref()
                .is_some_and(|user| user.text.ends_with(':'));
            self.basic(kind, is_key);
        }
    }

    fn basic(&mut self, kind: &str, is_key: bool) {
        let mut auth = Map::new();
        auth.set("type", kind);
        let username = self.secret(if is_key { "api_key" } else { "username" });
        auth.set("username", username);
        let password = if is_key {
            String::new()
        } else {
            self.secret("password")
        };
        auth.set("password", password);
        self.auth = Some(auth);
    }

    fn header(
        &mut self,
        word: &Word,
        content_type: &mut String,
        ignored: &mut Ignored,
    ) -> Result<(), Wrong> {
        let is_removal = word
            .text
            .find([':', ';'])
            .is_some_and(|at| word.text[at..].starts_with(':'));
        let Some((name, value)) = word.text.split_once([':', ';']) else {
            return Err(Wrong::new(
                word.at,
                "a header without a colon",
                "write it as `-H 'Name: value'`",
            ));
        };
        let (name, value) = (name.trim(), value.trim());
        let lower = name.to_ascii_lowercase();
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(Wrong::new(
                word.at,
                "this is not the name of a header",
                "write it as `-H 'Name: value'`",
            ));
        }
        if value.is_empty() {
            let what = if is_removal {
                format!("the removal of the header `{name}`, which the client may send")
            } else {
                format!("the header `{name}` without a value")
            };
            ignored.push((word.at, what));
            return Ok(());
        }
        if self.seen.contains(&lower) {
            let what = format!("a further header `{name}`: a spec sends the first alone");
            ignored.push((word.at, what));
            return Ok(());
        }
        self.seen.push(lower.clone());
        if lower == "content-type" {
            *content_type = value.to_ascii_lowercase();
            let media_type = content_type.split(';').next().unwrap_or_default().trim();
            // A client sends the usual ones by itself.
            if !USUAL_TYPES.contains(&media_type) {
                self.headers.set(name, value);
            }
        } else if AUTOMATIC.contains(&lower.as_str()) || lower.starts_with("sec-") {
            ignored.push((
                word.at,
                format!("the header `{name}`, which only a browser or the client itself sends"),
            ));
        } else if lower == "authorization" {
            self.authorization(value);
        } else if lower == "cookie" {
            let cookie = Word {
                at: word.at,
                text: value.to_owned(),
            };
            self.cookies(&[cookie]);
        } else if credentials::is_secret_name(name) || credentials::is_token(value) {
            self.key(name, "header");
        } else {
            let value = self.value(value);
            self.headers.set(name, value);
        }
        Ok(())
    }

    fn authorization(&mut self, value: &str) {
        let scheme = credentials::scheme(value).map_or("", |(scheme, _)| scheme);
        if scheme.eq_ignore_ascii_case("basic") {
            return self.basic("http_basic", false);
        }
        let secret = self.secret("token");
        if scheme.eq_ignore_ascii_case("bearer") {
            self.auth = credentials::bearer(&format!("Bearer {secret}"));
            return;
        }
        let mut auth = Map::new();
        auth.set("type", "api_key").set("name", "Authorization");
        auth.set(
            "api_key",
            if scheme.is_empty() {
                secret
            } else {
                format!("{scheme} {secret}")
            },
        );
        self.auth = Some(auth);
    }

    /// A key: the `auth`, or a second secret.
    fn key(&mut self, name: &str, location: &str) {
        let secret = self.secret(name);
        if self.auth.is_none() {
            let mut auth = Map::new();
            auth.set("type", "api_key")
                .set("name", name)
                .set("api_key", secret)
                .set("location", location);
            self.auth = Some(auth);
        } else if location == "query" {
            self.params.push((name.to_owned(), Node::Text(secret)));
        } else {
            self.headers.set(name, secret);
        }
    }

    /// Cookies tell who is asking: all of them are secrets.
    fn cookies(&mut self, words: &[Word]) {
        let pairs = words.iter().flat_map(|word| word.text.split(';'));
        let names: Vec<&str> = pairs
            .filter_map(|pair| Some(pair.split_once('=')?.0.trim()))
            .collect();
        match names.as_slice() {
            [] => {}
            [name] if self.auth.is_none() => self.key(name, "cookie"),
            _ => {
                let secret = self.secret("cookie");
                self.headers.set("Cookie", secret);
            }
        }
    }

    fn query(&mut self, query: &str) {
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            self.param(&name, &value);
        }
    }

    fn param(&mut self, name: &str, value: &str) {
        if is_secret(name, value) {
            self.key(name, "query");
            return;
        }
        let value = self.value(value);
        self.params.push((name.to_owned(), Node::Text(value)));
    }

    /// A value of a parameter, which may be a placeholder: `{id}`, `<id>`.
    fn value(&mut self, value: &str) -> String {
        match placeholder(value) {
            Some(name) => self.variable(name),
            None => self.embedded(value).unwrap_or_else(|| self.text(value)),
        }
    }

    /// A value that is JSON with secrets in it.
    fn embedded(&mut self, value: &str) -> Option<String> {
        if !value.trim_start().starts_with(['{', '[']) {
            return None;
        }
        let read: Result<serde::de::IgnoredAny, _> = serde_json::from_str(value);
        read.ok()?;
        let tree = tree::parse("value", value).ok()?;
        has_secret(&tree, "").then(|| {
            let mut text = String::new();
            self.json_text(&tree, "", &mut text);
            text
        })
    }

    /// Writes JSON with placeholders in its texts.
    fn json_text(&mut self, value: &tree::Value, key: &str, text: &mut String) {
        let quoted = |value: &str| serde_json::Value::from(value).to_string();
        match &value.kind {
            tree::Kind::Null => text.push_str("null"),
            tree::Kind::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
            tree::Kind::Text(value) | tree::Kind::Number(value) if is_secret_text(key, value) => {
                let secret = self.secret(key);
                text.extend(["\"", &secret, "\""]);
            }
            tree::Kind::Number(number) => text.push_str(number),
            tree::Kind::Text(value) => text.push_str(&self.text(&quoted(value))),
            tree::Kind::List(elements) => {
                text.push('[');
                for (at, element) in elements.iter().enumerate() {
                    text.push_str(if at == 0 { "" } else { "," });
                    self.json_text(element, key, text);
                }
                text.push(']');
            }
            tree::Kind::Map(entries) => {
                text.push_str("{{");
                for (at, (key, value)) in entries.iter().enumerate() {
                    text.push_str(if at == 0 { "" } else { "," });
                    text.push_str(&self.text(&quoted(key)));
                    text.push(':');
                    self.json_text(value, key, text);
                }
                text.push_str("}}");
            }
        }
    }

    fn body(
        &mut self,
        options: &Options,
        content_type: &str,
    ) -> Result<Option<(&'static str, Node)>, Wrong> {
        let Some(first) = options.data.first() else {
            return Ok(None);
        };
        let at = match first {
            Data::Plain(word) | Data::Encoded(word) | Data::Json(word) => word.at,
        };
        let mut text = String::new();
        let mut is_json = content_type.contains("json");
        let mut pairs: Vec<(String, String)> = Vec::new();
        for data in &options.data {
            match data {
                Data::Json(word) => {
                    is_json = true;
                    text.push_str(&word.text);
                }
                Data::Plain(word) => {
                    if !text.is_empty() {
                        text.push('&');
                    }
                    text.push_str(&word.text);
                    pairs.extend(form_urlencoded::parse(word.text.as_bytes()).into_owned());
                }
                Data::Encoded(word) => {
                    if word
                        .text
                        .split('=')
                        .next()
                        .is_some_and(|name| name.contains('@'))
                    {
                        return Err(Wrong::new(
                            word.at,
                            "a value from a file, which is not read",
                            "write the value in the command",
                        ));
                    }
                    let (name, value) = word.text.split_once('=').unwrap_or(("", &word.text));
                    pairs.push((name.to_owned(), value.to_owned()));
                }
            }
        }
        if options.is_get {
            if pairs.iter().any(|(name, _)| name.is_empty()) {
                let message = "a part of the query without a name, which a spec cannot send";
                return Err(Wrong::new(at, message, "write it as `name=value`"));
            }
            for (name, value) in pairs {
                self.param(&name, &value);
            }
            return Ok(None);
        }
        if text.is_empty() && pairs.is_empty() {
            return Ok(None);
        }
        let start = text.trim_start();
        let is_form = content_type.contains("x-www-form-urlencoded");
        if is_json || !is_form && start.starts_with(['{', '[']) {
            // YAML would take a text for a map or a word; a variable outside of quotes is read as a word.
            let read: Result<serde::de::IgnoredAny, _> = serde_json::from_str(start);
            if read.is_err() && !start.starts_with(['{', '[']) {
                return Err(Wrong::new(at, NEITHER, BODIES));
            }
            let is_json = read.is_ok() || start.contains(VARIABLE.0);
            let value = is_json.then(|| tree::parse("body", &text).ok()).flatten();
            let value =
                value.ok_or_else(|| Wrong::new(at, "the body is not valid JSON", BODIES))?;
            return Ok(Some(("json", self.json(&value, ""))));
        }
        if !content_type.is_empty() && !is_form {
            return Err(Wrong::new(at, NEITHER, BODIES));
        }
        // A text without a name is no field of a form.
        if pairs.iter().any(|(name, _)| name.is_empty()) || !text.is_empty() && !text.contains('=')
        {
            return Err(Wrong::new(at, NEITHER, BODIES));
        }
        let mut form = Vec::new();
        for (name, value) in pairs {
            let value = if is_secret(&name, &value) {
                self.secret(&name)
            } else {
                self.value(&value)
            };
            form.push((name, Node::Text(value)));
        }
        let form = grouped(form);
        Ok((!form.is_empty()).then_some(("data", Node::Map(form))))
    }

    fn json(&mut self, value: &tree::Value, key: &str) -> Node {
        match &value.kind {
            tree::Kind::Null => Node::Null,
            tree::Kind::Bool(value) => Node::Bool(*value),
            tree::Kind::Number(text) | tree::Kind::Text(text) if is_secret_text(key, text) => {
                Node::Text(self.secret(key))
            }
            tree::Kind::Number(text) => Node::Number(text.clone()),
            tree::Kind::Text(text) => Node::Text(self.text(text)),
            tree::Kind::List(elements) => {
                let elements = elements.iter().map(|one| Element::new(self.json(one, key)));
                Node::List(elements.collect())
            }
            tree::Kind::Map(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    map.set(key, self.json(value, key));
                }
                Node::Map(map)
            }
        }
    }

    fn finish(mut self, url: &Url, mut endpoint: Map, word: &Word, ignored: &mut Ignored) -> Map {
        let mut origin = self.origin(&url.origin);
        if !url.has_scheme {
            ignored.push((
                word.at,
                "the URL has no scheme, which is http in curl: it is https here".to_owned(),
            ));
        } else if self.has_secret
            && origin.starts_with("http://")
            && !credentials::is_loopback(&origin)
        {
            origin = origin.replacen("http://", "https://", 1);
            ignored.push((
                word.at,
                "plain http, over which credentials are not sent: it is https here".to_owned(),
            ));
        }
        let mut spec = Map::new();
        let host = url.origin.rsplit('/').next().unwrap_or_default();
        let labels: Vec<&str> = host
            .split([':', '.'])
            .filter(|label| label.len() > 3 && label.starts_with(|c: char| c.is_ascii_alphabetic()))
            .collect();
        let label = labels
            .iter()
            .find(|label| !matches!(**label, "rest" | "http"));
        spec.set("name", names::name(label.unwrap_or(&"api"), "api"));
        for (name, default) in &self.settings {
            let setting = spec.map("config").map(name);
            setting.set("type", "text");
            if let Some(default) = default.as_deref().filter(|text| !text.is_empty())
                && !credentials::is_secret_name(name)
            {
                setting.set("default", default);
            }
        }
        let client = spec.map("client");
        client.set("base_url", origin);
        if let Some(auth) = self.auth {
            client.set("auth", auth);
        }
        if !self.headers.is_empty() {
            endpoint.set("headers", self.headers);
        }
        let segments = url
            .path
            .rsplit('/')
            .map(|segment| segment.split('.').next().unwrap_or_default());
        let is_word = |segment: &&str| segment.starts_with(|c: char| c.is_ascii_alphabetic());
        let name = segments.into_iter().find(is_word).unwrap_or("records");
        let name = Names::default().take_resource(&names::name(name, "records"));
        let mut resource = Map::new();
        resource
            .set("name", name)
            .set("endpoint", endpoint)
            .set("columns", "json");
        resource.set("write_disposition", "replace");
        names::Types::default().name_record(&mut resource);
        spec.set("resources", vec![Node::Map(resource)]);
        spec
    }

    /// The origin, in whose host a placeholder is a setting.
    fn origin(&mut self, origin: &str) -> String {
        let Some((scheme, host)) = origin.split_once("://") else {
            return self.url_text(origin);
        };
        let labels: Vec<String> = host
            .split('.')
            .map(|label| {
                let inner = ["{}", "<>"]
                    .iter()
                    .find_map(|marks| label.strip_prefix(&marks[..1])?.strip_suffix(&marks[1..]));
                match inner.or_else(|| placeholder(label)) {
                    Some(name) => self.setting(name),
                    None => self.url_text(label),
                }
            })
            .collect();
        format!("{scheme}://{}", labels.join("."))
    }
}

/// The name in a placeholder: `{id}`, `<id>`, `{{id}}`, `YOUR_ID`.
fn placeholder(text: &str) -> Option<&str> {
    let is_name = |name: &&str| rest_source_codegen::write::is_name(name);
    let marked = [("{{", "}}"), ("{", "}"), ("<", ">")]
        .iter()
        .find_map(|(open, close)| text.strip_prefix(open)?.strip_suffix(close));
    if let Some(name) = marked.map(str::trim).filter(is_name) {
        return Some(name);
    }
    let name = ["YOUR_", "your_", "YOUR-", "your-"]
        .iter()
        .find_map(|start| text.strip_prefix(start))?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    (!name.is_empty() && name.chars().all(is_plain)).then_some(name)
}

/// Whether a parameter or a field of a form has a secret: by its name, by the value, or by the variable that it is.
fn is_secret(name: &str, value: &str) -> bool {
    let variable = value
        .strip_prefix(VARIABLE.0)
        .and_then(|rest| rest.strip_suffix(VARIABLE.1))
        .and_then(|name| name.split(DEFAULT).next());
    credentials::is_secret_name(name) && !value.is_empty()
        || credentials::is_key(name, value)
        || credentials::is_token(value)
        || variable.is_some_and(credentials::is_secret_name)
}

/// Whether a text of JSON is a secret.
fn is_secret_text(key: &str, text: &str) -> bool {
    credentials::is_secret_name(key) && !text.is_empty() || credentials::is_token(text)
}

fn has_secret(value: &tree::Value, key: &str) -> bool {
    match &value.kind {
        tree::Kind::Null | tree::Kind::Bool(_) => false,
        tree::Kind::Number(text) | tree::Kind::Text(text) => is_secret_text(key, text),
        tree::Kind::List(elements) => elements.iter().any(|one| has_secret(one, key)),
        tree::Kind::Map(entries) => entries.iter().any(|(key, value)| has_secret(value, key)),
    }
}

/// Names with their values, one that is given more often with a list of them.
fn grouped(pairs: Vec<(String, Node)>) -> Map {
    let mut map = Map::new();
    for (name, value) in pairs {
        match map.get(&name).cloned() {
            None => map.set(&name, value),
            Some(Node::List(mut values)) => {
                values.push(Element::new(value));
                map.set(&name, Node::List(values))
            }
            Some(first) => map.set(&name, vec![first, value]),
        };
    }
    map
}

/// Whether curl makes several URLs of one: `[1-10]`, `[a-z]`, `{a,b}`.
fn stands_for_several(url: &str) -> bool {
    let within = |open: char, close: char| {
        url.split(open)
            .skip(1)
            .filter_map(move |part| Some(part.split_once(close)?.0))
    };
    let is_range = |text: &str| {
        let Some((from, to)) = text.split_once('-') else {
            return false;
        };
        let to = to.split(':').next().unwrap_or_default();
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let is_letter =
            |text: &str| text.len() == 1 && text.bytes().all(|b| b.is_ascii_alphabetic());
        is_number(from) && is_number(to) || is_letter(from) && is_letter(to)
    };
    within('[', ']').any(is_range) || within('{', '}').any(|text| text.contains(','))
}
