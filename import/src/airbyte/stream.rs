//! One stream as one resource.

use rest_source_codegen::write::{Map, Node};

use crate::tree::{Kind, Place, Value};

use super::config::Usage;
use super::jinja::Expr;
use super::text::{Need, Renderer, Scope};
use super::{Importer, Stream, jinja};

/// The resource of a stream, and what the rest of the spec needs to know of it.
pub(super) struct Made {
    pub resource: Map,
    /// The URL before the path.
    pub base: String,
    pub path: String,
    /// The credentials; nothing if it sends none.
    pub auth: Option<Map>,
    /// What it needs of its parents, by their names in the manifest.
    pub needs: Vec<(String, Need)>,
    /// Its own parents, by their names in the manifest.
    pub parents: Vec<String>,
    /// What its own columns must hold, whatever the schema says.
    pub is_untyped: bool,
}

/// Makes the resource of a stream.
pub(super) struct Builder<'b, 'a> {
    pub importer: &'b mut Importer<'a>,
    pub stream: &'b Stream,
    pub streams: &'b [Stream],
    pub resource: Map,
    pub scope: Scope,
    pub params: Map,
    pub headers: Map,
    /// The body: `json` or `data`.
    pub body: Option<(&'static str, Map)>,
    pub needs: Vec<(String, Need)>,
    /// The columns of parents that its records carry.
    pub from_parent: Vec<(String, String)>,
    /// Fields of the record that have another name in the spec.
    pub renamed: Vec<(String, String)>,
    /// What options send beside the request.
    pub injected: Vec<(Value, String)>,
    pub later: Vec<(Value, String)>,
    pub is_untyped: bool,
}

static NULL_MAP: Value = Value::new(Kind::Null);

/// The name of a stream, in any of the places that it is written at.
pub(super) fn name(node: &Value) -> String {
    let named = node.text_of("name").filter(|name| !name.trim().is_empty());
    let named = named.or_else(|| node.at(&["$parameters"]).text_of("name"));
    let name = named.unwrap_or_default();
    if !jinja::is_template(name) {
        return name.trim().to_owned();
    }
    let mut config = super::Config::default();
    let mut renderer = Renderer {
        config: &mut config,
        scope: &Scope::default(),
        parameters: node.at(&["$parameters"]),
        usage: Usage::Sent,
    };
    let made = renderer.text(name).unwrap_or_default();
    if made.contains('{') {
        String::new()
    } else {
        made
    }
}

/// Gives a stream a name.
pub(super) fn set_name(node: &mut Value, name: &str) {
    let Kind::Map(entries) = &mut node.kind else {
        return;
    };
    let name = Value::new(Kind::Text(name.to_owned()));
    match entries.iter_mut().find(|(key, _)| key == "name") {
        Some((_, known)) => *known = name,
        None => entries.push(("name".to_owned(), name)),
    }
}

/// The stream that one of two stands for: the one that is fetched in full.
pub(super) fn delegated(mut node: Value) -> Value {
    if node.text_of("type") == Some("StateDelegatingStream")
        && let Kind::Map(entries) = &mut node.kind
    {
        let name = entries.iter().find(|(key, _)| key == "name").cloned();
        let incremental = entries
            .iter()
            .find(|(key, _)| key == "incremental_stream")
            .map(|(key, value)| {
                let place = value.place;
                let kind = Kind::Bool(true);
                (key.clone(), Value { kind, place })
            });
        let full = entries
            .iter()
            .position(|(key, _)| key == "full_refresh_stream");
        if let Some(at) = full {
            let mut full = entries.remove(at).1;
            if let Kind::Map(entries) = &mut full.kind {
                let is_named = entries.iter().any(|(key, _)| key == "name");
                entries.extend(name.filter(|_| !is_named));
                // What is lost is told where the stream is made.
                entries.extend(incremental);
            }
            return full;
        }
    }
    node
}

impl<'b, 'a> Builder<'b, 'a> {
    pub(super) fn new(
        importer: &'b mut Importer<'a>,
        stream: &'b Stream,
        streams: &'b [Stream],
    ) -> Self {
        let mut resource = Map::new();
        resource.set("name", stream.name.as_str());
        Self {
            importer,
            stream,
            streams,
            resource,
            scope: Scope::default(),
            params: Map::new(),
            headers: Map::new(),
            body: None,
            needs: Vec::new(),
            from_parent: Vec::new(),
            renamed: Vec::new(),
            injected: Vec::new(),
            later: Vec::new(),
            is_untyped: false,
        }
    }

    /// The resource; nothing if its request cannot be made, which is then lost.
    pub(super) fn build(mut self) -> Option<Made> {
        let node = &self.stream.node;
        let retriever = node.at(&["retriever"]);
        let about = node.text_of("description").unwrap_or_default();
        let about = crate::names::brief(about);
        if !about.is_empty() {
            self.resource.set("description", about);
        }
        if self.stream.is_extra {
            self.resource.set("write_disposition", "skip");
        }
        match retriever.text_of("type").unwrap_or("SimpleRetriever") {
            "SimpleRetriever" => {}
            other => {
                let class = retriever.text_of("class_name").unwrap_or(other);
                let what = format!("the retriever `{class}`");
                if retriever.get("requester").is_none() {
                    self.give_up(retriever.place, &format!("{what} is not supported"));
                    return None;
                }
                self.lose(
                    retriever.place,
                    format!("{what}: its requester is imported alone"),
                );
            }
        }
        let requester = retriever.at(&["requester"]);
        self.unsupported(node, "stream");
        self.switches(node);
        self.partitions(retriever);
        self.window_keys(node);
        self.resource.map("endpoint");
        let paginator = retriever.at(&["paginator"]);
        self.scope.token = super::paging::token(paginator);
        let (base, path) = self.request(requester)?;
        for (option, text) in std::mem::take(&mut self.injected) {
            if !self.inject(&option, &text) {
                self.lose(option.place, "where the partition is sent");
            }
        }
        let auth = self.auth(requester.at(&["authenticator"]));
        self.decoder(retriever.at(&["decoder"]));
        let selector = retriever.at(&["record_selector"]);
        let records = self.selector(selector);
        self.paginator(paginator, records.as_deref());
        self.columns(node);
        self.transformations(node);
        self.key(node);
        self.incremental(node);
        self.errors(requester.at(&["error_handler"]));
        self.finish();
        let parents = super::partitions::own_parents(self.stream).to_vec();
        let Self {
            resource,
            needs,
            is_untyped,
            ..
        } = self;
        Some(Made {
            resource,
            base,
            path,
            auth,
            needs,
            parents,
            is_untyped,
        })
    }

    /// Switches of the stream that are lost where they are on and matter.
    fn switches(&mut self, node: &Value) {
        if let Some(incremental) = node.get("incremental_stream") {
            let what = "the incremental stream is not imported: each fetch reads all records";
            self.lose(incremental.place, what);
        }
        let retriever = node.at(&["retriever"]);
        let selector = retriever.at(&["record_selector"]);
        let is_there = |of: &Value, keys: &[&str]| {
            let mut keys = keys.iter();
            keys.any(|key| of.at(&[key]).kind != Kind::Null)
        };
        let normal = selector.at(&["schema_normalization"]);
        if normal.text() == Some("Default") || !normal.entries().is_empty() {
            let what = "`schema_normalization`: values of another type than the schema's are not converted: `decode: text` of a column reads one from a text";
            self.lose(normal.place, what);
        }
        let has_slices = is_there(node, &["incremental_sync"])
            || is_there(retriever, &["partition_router", "stream_slicer"]);
        for (component, key, matters, what) in [
            (
                retriever,
                "ignore_stream_slicer_parameters_on_paginated_requests",
                has_slices && is_there(retriever, &["paginator"]),
                "requests of later pages have the parameters of partitions and windows too",
            ),
            (
                selector,
                "transform_before_filtering",
                is_there(selector, &["record_filter"]) && is_there(node, &["transformations"]),
                "the filter of records sees them as they come",
            ),
        ] {
            if matters && component.says(key) {
                self.lose(component.at(&[key]).place, format!("`{key}`: {what}"));
            }
        }
    }

    /// Puts together what requests and parents are made of.
    fn finish(&mut self) {
        let used = std::mem::take(&mut *self.scope.used.borrow_mut());
        let slices = used.clone();
        for slice in used {
            for need in slice.needs {
                if !self.needs.contains(&need) {
                    self.needs.push(need);
                }
            }
        }
        let has_parent = !self.needs.is_empty();
        let mut included: Vec<String> = Vec::new();
        let mut parents: Vec<&str> = Vec::new();
        for (parent, _) in &self.from_parent {
            parents.push(parent);
        }
        for slice in &slices {
            let parent = slice.placeholder.strip_prefix("resources.");
            parents.extend(parent.and_then(|rest| rest.split('.').next()));
        }
        parents.sort_unstable();
        parents.dedup();
        let has_several = parents.len() > 1;
        for (parent, column) in std::mem::take(&mut self.from_parent) {
            let field = if has_several {
                format!("{parent}.{column}")
            } else {
                column
            };
            if !included.contains(&field) {
                included.push(field);
            }
        }
        if !included.is_empty() {
            self.resource.set("include_from_parent", included);
        }
        let params = std::mem::take(&mut self.params);
        let headers = std::mem::take(&mut self.headers);
        let body = self.body.take();
        let endpoint = self.resource.map("endpoint");
        if !params.is_empty() {
            endpoint.set("params", params);
        }
        if !headers.is_empty() {
            endpoint.set("headers", headers);
        }
        if let Some((key, body)) = body {
            endpoint.set(key, body);
            if endpoint.get("method").is_none() {
                endpoint.set("body_on_get", true);
            }
        }
        if has_parent {
            endpoint.set("on_null_parent", "skip");
        }
        if self.resource.get("write_disposition").is_none() {
            let has_cursor = self.resource.map("endpoint").get("incremental").is_some();
            let word = match (self.resource.get("primary_key"), has_cursor) {
                (Some(_), true) => "merge",
                (None, true) => "append",
                (_, false) => "replace",
            };
            self.resource.set("write_disposition", word);
        }
    }

    /// A loss, which stands above the resource too.
    pub(super) fn lose(&mut self, place: Place, what: impl AsRef<str>) {
        let what = what.as_ref();
        let shown = self.importer.shown(place);
        let comment = format!("Not imported ({shown}): {what}");
        let what = format!("`{}`: {what}", self.stream.source_name);
        self.importer.lose(place, what);
        if !self.resource.comments.contains(&comment) {
            self.resource.comment_top(&comment);
        }
    }

    /// The loss of the whole stream.
    pub(super) fn give_up(&mut self, place: Place, why: &str) {
        let name = &self.stream.source_name;
        self.importer
            .lose(place, format!("the stream `{name}` is not imported: {why}"));
    }

    pub(super) fn renderer<'r>(&'r mut self, component: &'r Value, usage: Usage) -> Renderer<'r> {
        let own = component.get("$parameters");
        let around = self.stream.node.get("$parameters");
        Renderer {
            config: &mut self.importer.config,
            scope: &self.scope,
            parameters: own.or(around).unwrap_or(&NULL_MAP),
            usage,
        }
    }

    /// A scalar as text; nothing if it is lost, or null.
    pub(super) fn text(
        &mut self,
        value: &Value,
        component: &Value,
        usage: Usage,
        what: &str,
    ) -> Option<String> {
        let text = match &value.kind {
            Kind::Text(text) => text,
            Kind::Null => return None,
            _ => {
                if let Some(text) = value.scalar() {
                    return Some(text.to_owned());
                }
                self.lose(value.place, format!("{what} is a list or a map"));
                return None;
            }
        };
        match self.renderer(component, usage).text(text) {
            Ok(text) => Some(text),
            Err(why) => {
                let name = what.rsplit('.').next().unwrap_or_default();
                if crate::credentials::is_secret_name(name) {
                    self.lose(value.place, format!("{what}: {why}"));
                } else {
                    self.lose(value.place, format!("{what}, `{}`: {why}", shown(text)));
                }
                None
            }
        }
    }

    /// Any value as JSON, with placeholders in its texts.
    pub(super) fn json(
        &mut self,
        value: &Value,
        component: &Value,
        usage: Usage,
        what: &str,
    ) -> Option<Node> {
        Some(match &value.kind {
            Kind::Null => Node::Null,
            Kind::Bool(value) => Node::Bool(*value),
            Kind::Number(number) => Node::Number(number.clone()),
            Kind::Text(text)
                if let Some(Expr::List(elements)) =
                    self.renderer(component, usage).expression(text) =>
            {
                let mut made: Vec<Node> = Vec::new();
                for element in elements {
                    if let Some(constant) = super::request::constant(&element) {
                        made.push(constant);
                        continue;
                    }
                    match self.renderer(component, usage).output(&element) {
                        Ok(text) => made.push(Node::Text(text)),
                        Err(why) => {
                            self.lose(value.place, format!("{what}, `{}`: {why}", shown(text)));
                            return None;
                        }
                    }
                }
                made.into()
            }
            Kind::Text(text) => {
                let made = self.text(value, component, usage, what)?;
                // A template that is a number is sent as one.
                if jinja::is_template(text) && made.parse::<i64>().is_ok() {
                    Node::Number(made)
                } else if jinja::is_template(text) && matches!(made.as_str(), "True" | "False") {
                    Node::Bool(made == "True")
                } else {
                    Node::Text(made)
                }
            }
            Kind::List(elements) => {
                let elements: Vec<Node> = elements
                    .iter()
                    .filter_map(|one| self.json(one, component, usage, what))
                    .collect();
                elements.into()
            }
            Kind::Map(entries) => {
                let mut map = Map::new();
                for (key, value) in entries.iter().filter(|(key, _)| key != "$parameters") {
                    let what = format!("{what}.{key}");
                    if let Some(made) = self.json(value, component, usage, &what) {
                        let is_map = matches!(made, Node::Map(_));
                        let made = if is_map {
                            made
                        } else {
                            self.without_literals(value.place, key, made)
                        };
                        map.set(key, made);
                    }
                }
                map.into()
            }
        })
    }
}

/// A template in a message: in one line, and not too long.
pub(super) fn shown(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line: String = words
        .join(" ")
        .chars()
        .filter(|c| !c.is_control())
        .collect();
    if line.chars().count() <= 120 {
        return line;
    }
    let cut: String = line.chars().take(119).collect();
    format!("{cut}…")
}
