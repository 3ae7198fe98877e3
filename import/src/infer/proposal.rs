//! A proposal as a spec.

use rest_source_codegen::{
    compile,
    write::{Element, Map, Node, is_secret_name},
};

use super::{InferError, Json, Proposal, Request, columns, count, keys_of_params};
use crate::{Imported, names};

/// What replaces secrets in saved pages.
const REDACTED: &str = "[secret]";

/// Headers that every client sends.
const COMMON_HEADERS: [&str; 12] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "transfer-encoding",
    "user-agent",
    "if-none-match",
    "if-modified-since",
];

impl Proposal {
    /// The resource, with comments that state evidence and doubts.
    pub fn resource(&self, name: &str) -> Map {
        let mut resource = Map::new();
        resource.set("name", name);
        let endpoint = self.endpoint();
        resource.set("endpoint", endpoint);
        if let Some(key) = &self.key {
            resource.set("primary_key", key_node(&key.value));
            for comment in key.comments() {
                resource.comment("primary_key", &comment);
            }
            resource.set("write_disposition", "merge");
        } else {
            resource.set("write_disposition", "replace");
        }
        resource.set("columns", self.columns_map());
        resource.comment("columns", &self.seen());
        resource
    }

    /// The columns, with comments.
    pub(super) fn columns_map(&self) -> Map {
        let key = self.key.as_ref().map_or(&[][..], |key| &key.value);
        columns::columns_map(&self.columns, key)
    }

    /// How much was seen.
    pub(super) fn seen(&self) -> String {
        format!(
            "From {} of {}.",
            count(self.records, "record"),
            count(self.pages, "page")
        )
    }

    fn endpoint(&self) -> Map {
        let mut endpoint = Map::new();
        let (_, path) = self.request.origin_and_path();
        if !path.is_empty() {
            endpoint.set("path", path);
        }
        if !self.request.method.is_empty() {
            endpoint.set("method", self.request.method.as_str());
        }
        let mut taken = keys_of_params(&self.paginator.value);
        if let Some(cursor) = &self.cursor {
            taken.extend(keys_of_params(&cursor.value));
        }
        params(&self.request, &taken, &mut endpoint);
        for (name, value) in &self.request.headers {
            let is_common = COMMON_HEADERS
                .iter()
                .any(|common| name.eq_ignore_ascii_case(common));
            if !is_common && !taken.contains(name) && !is_secret(name, value) {
                endpoint
                    .map("headers")
                    .set(name, value.replace('{', "{{").replace('}', "}}"));
            }
        }
        if let Ok(body @ Json::Map(_)) =
            Json::parse(&self.request.body, &mut super::Budget::default())
        {
            endpoint.set("json", without(&body, &mut Vec::new(), &taken));
        }
        if self.is_lines {
            endpoint.set("decoder", "jsonl");
        }
        if let Some(selector) = self.selector.value.selector() {
            endpoint.set("data_selector", selector);
            for comment in self.selector.comments() {
                endpoint.comment("data_selector", &comment);
            }
        }
        endpoint.set("paginator", self.paginator.value.clone());
        for comment in self.paginator.comments() {
            endpoint.comment("paginator", &comment);
        }
        if let Some(cursor) = &self.cursor {
            endpoint.set("incremental", cursor.value.clone());
            for comment in cursor.comments() {
                endpoint.comment("incremental", &comment);
            }
        }
        endpoint
    }

    /// A whole spec with this resource.
    ///
    /// # Errors
    ///
    /// If no valid spec can be made of the proposal.
    pub fn spec(&self, resource: &str) -> Result<Imported, InferError> {
        let (origin, _) = self.request.origin_and_path();
        let mut spec = Map::new();
        spec.set("name", spec_name(origin));
        let client = spec.map("client");
        if origin.is_empty() {
            client.set("base_url", "https://api.example.com");
            client.comment(
                "base_url",
                &format!(
                    "{}the pages do not tell where the API is.",
                    crate::NOT_CERTAIN
                ),
            );
        } else {
            client.set("base_url", origin);
        }
        let known = self.auth.clone().map(|auth| (auth, None));
        if let Some((auth, doubt)) = known.or_else(|| auth(&self.request)) {
            client.set("auth", auth);
            if let Some(doubt) = doubt {
                client.comment("auth", &format!("{}{doubt}.", crate::NOT_CERTAIN));
            }
        }
        let mut resource = self.resource(resource);
        names::Types::default().name_record(&mut resource);
        spec.set("resources", Node::List(vec![Element::new(resource)]));
        let imported = Imported {
            spec,
            losses: Vec::new(),
        };
        let compiled = compile("spec.yaml", &imported.text());
        match compiled.diagnostics.messages().first() {
            Some(error) if compiled.connector.is_none() => Err(InferError {
                message: format!("no valid spec can be made of these pages: {error}"),
                help: "write the spec by hand: start with `columns: json`",
            }),
            _ => Ok(imported),
        }
    }
}

/// Adds the parameters of a request's query that are no secrets and that nothing else sets.
fn params(request: &Request, taken: &[String], endpoint: &mut Map) {
    for (name, value) in request.query() {
        if !taken.contains(&name) && !is_secret(&name, &value) {
            endpoint
                .map("params")
                .set(&name, value.replace('{', "{{").replace('}', "}}"));
        }
    }
}

/// A spec that sends a request for a list, to infer the rest from its pages. `auth` overrides the credentials that the
/// names of parameters tell.
pub fn draft(request: &Request, resource: &str, credentials: Option<&Map>) -> Map {
    let (origin, path) = request.origin_and_path();
    let mut spec = Map::new();
    spec.set("name", spec_name(origin));
    spec.map("client").set("base_url", origin);
    let auth = credentials
        .cloned()
        .or_else(|| auth(request).map(|(auth, _)| auth));
    if let Some(auth) = auth {
        spec.map("client").set("auth", auth);
    }
    let mut endpoint = Map::new();
    endpoint.set("path", if path.is_empty() { "/" } else { path });
    params(request, &[], &mut endpoint);
    let mut own = Map::new();
    own.set("name", resource)
        .set("endpoint", endpoint)
        .set("columns", "json");
    spec.set("resources", Node::List(vec![Element::new(own)]));
    spec
}

/// One column or several as a `primary_key`.
pub(super) fn key_node(keys: &[String]) -> Node {
    match keys {
        [key] => Node::from(key.as_str()),
        keys => Node::List(keys.iter().map(|key| Element::new(key.as_str())).collect()),
    }
}

fn is_secret(name: &str, value: &str) -> bool {
    value == REDACTED || is_secret_name(name)
}

/// The name of a spec, from the host of its API.
pub fn spec_name(origin: &str) -> String {
    let host = origin.split("://").nth(1).unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    let is_address = host.starts_with(|c: char| c.is_ascii_digit()) || host.starts_with('[');
    let labels: Vec<&str> = host
        .split('.')
        .filter(|label| !matches!(*label, "api" | "www"))
        .collect();
    match labels.as_slice() {
        [.., name, _] if !is_address => names::name(name, "api"),
        _ => "api".to_owned(),
    }
}

/// The credentials of the request, as far as its names tell, and what is not certain.
fn auth(request: &Request) -> Option<(Map, Option<&'static str>)> {
    let mut auth = Map::new();
    let mut key = |name: &str, location: &str| {
        auth.set("type", "api_key").set("name", name);
        auth.set("api_key", "{secrets.api_key}")
            .set("location", location);
    };
    for (name, value) in &request.headers {
        if name.eq_ignore_ascii_case("authorization") {
            auth.set("type", "bearer").set("token", "{secrets.token}");
            return Some((
                auth,
                Some("the header may be other than a bearer token: see the guide on auth"),
            ));
        }
        let is_cookie = name.eq_ignore_ascii_case("cookie");
        if is_secret(name, value) && !is_cookie {
            key(name, "header");
            return Some((auth, None));
        }
    }
    let query = request.query();
    let (name, _) = query.iter().find(|(name, value)| is_secret(name, value))?;
    key(name, "query");
    Some((auth, None))
}

/// The body of a request without what the paginator sets.
fn without(value: &Json, path: &mut Vec<String>, taken: &[String]) -> Node {
    match value {
        Json::Null => Node::Null,
        Json::Bool(value) => Node::from(*value),
        Json::Number(number) => Node::Number(number.clone()),
        Json::Text(text) => Node::from(text.replace('{', "{{").replace('}', "}}")),
        Json::List(elements) => {
            let elements = elements
                .iter()
                .map(|one| Element::new(without(one, path, &[])));
            Node::List(elements.collect())
        }
        Json::Map(members) => {
            let mut map = Map::new();
            for (key, value) in members {
                path.push(key.clone());
                if !taken.contains(&super::path_text(path)) {
                    map.set(key, without(value, path, taken));
                }
                path.pop();
            }
            Node::Map(map)
        }
    }
}
