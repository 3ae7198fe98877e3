//! Resources and their endpoints.

use std::collections::HashMap;

use rest_source_codegen::write::{Element, Map, Node};

use super::value::{Kind, Value};
use super::{Convert, client, columns, not_certain, parents};
use crate::credentials;
use crate::names::{self, Names};

/// Keys of a resource that are about dlt's destinations alone.
const HINTS: [&str; 8] = [
    "max_table_nesting",
    "table_format",
    "file_format",
    "nested_hints",
    "references",
    "parent",
    "incremental",
    "spec",
];

/// A resource that is being made.
pub(super) struct Draft {
    pub map: Map,
    /// Its name in the source.
    pub name: String,
}

impl Convert<'_> {
    /// The resources, and what all of them inherit.
    pub(super) fn resources(
        &mut self,
        defaults: Option<&Value>,
        resources: &Value,
        spec: &mut Map,
    ) -> Vec<Map> {
        let mut inherited = Map::new();
        if let Some(defaults) = defaults {
            if !matches!(defaults.kind, Kind::Map(_) | Kind::Null) {
                let what = "`resource_defaults`, which has to be executed";
                self.lose(spec, &defaults.place, what);
            }
            self.resource(defaults, &mut inherited);
        }
        let mut names = Names::default();
        let mut drafts = Vec::new();
        for value in resources.elements() {
            let name = match &value.kind {
                Kind::Text(name) => Some(name.as_str()),
                _ => value.text_of("name"),
            };
            let Some(name) = name else {
                self.lose(
                    spec,
                    &value.place,
                    "a resource that is not a literal, or has no literal `name`",
                );
                continue;
            };
            let made = names.take_resource(&names::name(name, "resource"));
            let mut map = Map::new();
            map.set("name", made.as_str());
            if !self.resource(value, &mut map) {
                let what = format!("the resource `{name}`, whose request is not literal");
                self.lose(spec, &value.place, &what);
                continue;
            }
            if made != name {
                // The name is a path, unless there is one.
                let path = map
                    .get("endpoint")
                    .and_then(Node::as_map)
                    .and_then(|one| one.get("path"));
                if path.is_none() {
                    map.map("endpoint").set("path", name);
                }
            }
            let place = self.place(&value.place);
            self.origins.insert(&made, place);
            drafts.push(Draft {
                map,
                name: name.to_owned(),
            });
        }
        separate(&mut inherited, &mut drafts);
        pages(&inherited, &mut drafts, spec);
        parents::link(&inherited, &mut drafts);
        columns::keys(&mut inherited, &mut drafts);
        if !inherited.is_empty() || !inherited.comments.is_empty() {
            spec.set("resource_defaults", inherited);
        }
        drafts.into_iter().map(|draft| draft.map).collect()
    }

    /// The keys of a resource or of the defaults; false if its request is not literal.
    fn resource(&mut self, value: &Value, made: &mut Map) -> bool {
        let mut is_literal = true;
        for (key, value) in value.entries() {
            match key.as_str() {
                _ if value.kind == Kind::Null => {}
                "name" => {}
                "endpoint" => is_literal &= self.endpoint(value, made),
                "table_name" => match value.text() {
                    Some(table) => {
                        made.set("table", names::name(table, "rows"));
                    }
                    None => self.lose(made, &value.place, "`table_name`, which is not literal"),
                },
                "write_disposition" => self.disposition(value, made),
                "columns" => self.columns(value, made),
                "schema_contract" => self.contract(value, made),
                "processing_steps" => self.steps(value, made),
                hint if HINTS.contains(&hint) => {
                    self.lose(
                        made,
                        &value.place,
                        &format!("`{hint}`, a hint for dlt's destinations"),
                    );
                }
                _ => {
                    if let Some(node) = self.node(value, key, made) {
                        made.set(key, node);
                    }
                }
            }
        }
        is_literal
    }

    fn disposition(&mut self, value: &Value, made: &mut Map) {
        let word = match &value.kind {
            Kind::Map(_) => value.text_of("disposition"),
            _ => value.text(),
        };
        let Some(word) = word else {
            self.lose(
                made,
                &value.place,
                "`write_disposition`, which is not literal",
            );
            return;
        };
        made.set("write_disposition", word);
        for (key, value) in value.entries() {
            let is_usual = matches!(value.text(), Some("delete-insert" | "upsert"));
            if key != "disposition" && !(key == "strategy" && is_usual) {
                self.lose(
                    made,
                    &value.place,
                    &format!("`{key}` of `write_disposition`"),
                );
            }
        }
    }

    fn steps(&mut self, steps: &Value, made: &mut Map) {
        for step in steps.elements() {
            let words: Vec<&str> = step.entries().iter().map(|(key, _)| key.as_str()).collect();
            let what = format!(
                "a step `{}` of Python: write it as a function in Rust, and name it in `processing_steps`",
                words.join("`, `")
            );
            self.lose(made, &step.place, &what);
        }
        if steps.elements().is_empty() {
            self.lose(
                made,
                &steps.place,
                "`processing_steps`, which are not literal",
            );
        }
    }

    /// False if the request is not literal.
    fn endpoint(&mut self, value: &Value, made: &mut Map) -> bool {
        if let Kind::Text(path) = &value.kind {
            let path = self.path(value, path, made);
            made.map("endpoint").set("path", path);
            return true;
        }
        if !matches!(value.kind, Kind::Map(_)) {
            return false;
        }
        let mut endpoint = Map::new();
        for (key, value) in value.entries() {
            match key.as_str() {
                "auth" => {
                    if let Some(auth) = self.auth(value, made) {
                        endpoint.set("auth", auth);
                    }
                }
                _ if value.kind == Kind::Null => {}
                "path" if value.text().is_some() => {
                    let path = self.path(value, value.text().unwrap_or_default(), made);
                    endpoint.set("path", path);
                }
                "path" | "method" | "data_selector" => match value.text() {
                    Some(text) if key == "method" => {
                        endpoint.set(key, text.to_ascii_uppercase());
                    }
                    Some(text) => {
                        endpoint.set(key, text);
                    }
                    None => return false,
                },
                "json" | "data" => {
                    let losses = self.losses.len();
                    let Some(node) = self.node(value, key, made) else {
                        return false;
                    };
                    endpoint.set(key, node);
                    if self.losses[losses..]
                        .iter()
                        .any(|loss| !loss.what.contains("plain text"))
                    {
                        return false;
                    }
                }
                "headers" => self.headers(value, &mut endpoint),
                "params" => self.params(value, &mut endpoint, made),
                "paginator" => match self.paginator(value, made) {
                    Some(paginator) => {
                        endpoint.set("paginator", paginator);
                    }
                    None => client::detected(&mut endpoint),
                },
                "incremental" => {
                    if let Some(incremental) = self.incremental(value, made) {
                        endpoint.set("incremental", incremental);
                    }
                }
                "response_actions" => self.actions(value, &mut endpoint, made),
                _ => {
                    if let Some(node) = self.node(value, key, made) {
                        endpoint.set(key, node);
                    }
                }
            }
        }
        made.set("endpoint", endpoint);
        true
    }

    /// A path without the secrets in its query.
    fn path(&mut self, value: &Value, path: &str, made: &mut Map) -> String {
        let (path, has_secret) = credentials::without_secrets(path);
        if has_secret {
            self.lose(
                made,
                &value.place,
                "a secret in a `path`: send it by `auth`",
            );
        }
        self.without_tokens(&path, &value.place, made)
    }

    fn params(&mut self, params: &Value, endpoint: &mut Map, made: &mut Map) {
        if !matches!(params.kind, Kind::Map(_)) {
            self.lose(made, &params.place, "`params`, which is not a literal map");
            return;
        }
        let mut found = Map::new();
        for (name, value) in params.entries() {
            match &value.kind {
                Kind::Null => {}
                Kind::Object(class, _) if class == "incremental" => {
                    if let Some(mut node) = self.incremental(value, made) {
                        node.set("type", "incremental");
                        found.set(name, node);
                    }
                }
                Kind::Map(_) if value.text_of("type") == Some("incremental") => {
                    if let Some(mut node) = self.incremental(value, made) {
                        node.set("type", "incremental");
                        found.set(name, node);
                    }
                }
                Kind::Map(_) if value.text_of("type") != Some("resolve") => {
                    let what = format!("the parameter `{name}`, a map without a known `type`");
                    self.lose(made, &value.place, &what);
                }
                Kind::Number(text) if credentials::is_secret_name(name) => {
                    let node = self.secret(value, name, text, made);
                    found.set(name, node);
                }
                _ => {
                    if let Some(node) = self.node(value, name, made) {
                        found.set(name, python_words(node));
                    }
                }
            }
        }
        if !found.is_empty() {
            endpoint.set("params", found);
        }
    }

    fn actions(&mut self, actions: &Value, endpoint: &mut Map, made: &mut Map) {
        let mut rules = Vec::new();
        for rule in actions.elements() {
            let is_word = rule.text_of("action").is_some();
            if !is_word {
                let what = "a rule of `response_actions` whose action is a function: write one as `on_response`";
                self.lose(made, &rule.place, what);
                continue;
            }
            if let Some(mut node) = self.node(rule, "response_actions", made) {
                if let Node::Map(map) = &mut node {
                    map.entries.retain(|entry| entry.value != Node::Null);
                }
                rules.push(node);
            }
        }
        if !rules.is_empty() {
            endpoint.set("response_actions", rules);
        }
    }
}

/// Paginators where dlt detects them, and the selectors that it finds by itself.
fn pages(inherited: &Map, drafts: &mut [Draft], spec: &mut Map) {
    let of = |map: &Map, key: &str| {
        let endpoint = map.get("endpoint").and_then(Node::as_map);
        endpoint.is_some_and(|endpoint| endpoint.get(key).is_some())
    };
    let client = spec.get("client").and_then(Node::as_map);
    let has_common = client.is_some_and(|client| client.get("paginator").is_some())
        || of(inherited, "paginator");
    let mut found = Vec::new();
    for draft in drafts.iter_mut() {
        let endpoint = draft.map.get("endpoint").and_then(Node::as_map);
        let path = endpoint
            .and_then(|endpoint| endpoint.get("path"))
            .and_then(Node::as_text);
        let is_single = path.is_some_and(|path| path.trim_end_matches('/').ends_with('}'));
        if !has_common && !of(&draft.map, "paginator") {
            if is_single {
                draft.map.map("endpoint").set("paginator", "single_page");
            } else {
                client::detected(draft.map.map("endpoint"));
            }
        }
        if !is_single && !of(&draft.map, "data_selector") && !of(inherited, "data_selector") {
            found.push(draft.name.clone());
        }
    }
    if !found.is_empty() {
        let what = "dlt finds the list of records in a response by itself. Where it is not the whole response, name \
                it by `data_selector`";
        spec.comment(
            "resources",
            &not_certain(&format!("{what}: {}.", found.join(", "))),
        );
    }
}

/// Parts that a resource replaces in dlt, and adds to here: those are moved from the defaults to the resources.
fn separate(inherited: &mut Map, drafts: &mut [Draft]) {
    let Some(Node::Map(mut common)) = inherited.get("endpoint").cloned() else {
        return;
    };
    for key in ["paginator", "auth", "incremental"] {
        let of = |draft: &Draft| {
            let endpoint = draft.map.get("endpoint").and_then(Node::as_map);
            endpoint.is_some_and(|endpoint| endpoint.get(key).is_some())
        };
        let Some(value) = common.get(key).cloned() else {
            continue;
        };
        if drafts.iter().any(of) {
            for draft in drafts.iter_mut().filter(|draft| !of(draft)) {
                draft.map.map("endpoint").set(key, value.clone());
            }
            common.remove(key);
        }
    }
    if common.is_empty() {
        inherited.remove("endpoint");
    } else {
        inherited.set("endpoint", common);
    }
}

/// A value of a resource, or of the defaults where it has none.
pub(super) fn effective<'a>(map: &'a Map, inherited: &'a Map, path: &[&str]) -> Option<&'a Node> {
    let of = |map: &'a Map| {
        let (last, above) = path.split_last()?;
        let mut found = map;
        for key in above {
            found = found.get(key)?.as_map()?;
        }
        found.get(last)
    };
    of(map).or_else(|| of(inherited))
}

/// The positions of resources by their names in the source.
pub(super) fn index(drafts: &[Draft]) -> HashMap<String, usize> {
    let drafts = drafts.iter().enumerate();
    drafts.map(|(at, draft)| (draft.name.clone(), at)).collect()
}

/// A list of texts, or one text.
pub(super) fn texts(node: Option<&Node>) -> Vec<String> {
    match node {
        Some(Node::Text(text)) => vec![text.clone()],
        Some(Node::List(elements)) => {
            let texts = elements
                .iter()
                .filter_map(|Element { value, .. }| value.as_text());
            texts.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// Truth values as the words that Python's `requests` sends.
fn python_words(node: Node) -> Node {
    match node {
        Node::Bool(true) => "True".into(),
        Node::Bool(false) => "False".into(),
        Node::List(mut elements) => {
            for element in &mut elements {
                let value = std::mem::replace(&mut element.value, Node::Null);
                element.value = python_words(value);
            }
            Node::List(elements)
        }
        other => other,
    }
}
