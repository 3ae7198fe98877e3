//! The operations of a document that are resources.

use std::collections::HashMap;

use rest_source_codegen::write::{Map, Node};

use crate::json_schema::Schemas;
use crate::tree::{self, EMPTY, Value};
use crate::{Loss, NOT_CERTAIN, names};

use super::client::{self, Elsewhere};
use super::left_out;
use super::lists::{self, List, plain, singular};
use super::paging::{Evidence, Param, path as json_path};
use super::{OPERATIONS, Selection};

/// An operation that is a resource.
pub(super) struct Operation<'a> {
    pub path: &'a str,
    pub method: &'a str,
    pub value: &'a Value,
    pub params: Vec<Param<'a>>,
    /// The name of the resource.
    pub name: String,
    /// The URL of a server of its own, which precedes the path.
    pub server: String,
    response: &'a Value,
    headers: &'a Value,
    /// Nothing for one record.
    list: Option<List<'a>>,
    /// The parameter of the item endpoint, `/things/{thing_id}`.
    item_param: Option<String>,
}

/// The operations to import, each with a name of its own.
pub(super) fn read<'a>(
    root: &'a Value,
    schemas: &Schemas<'a>,
    selection: &Selection,
    losses: &mut Vec<Loss>,
) -> Vec<Operation<'a>> {
    let mut operations = Vec::new();
    let paths = root.at(&["paths"]).entries();
    let mut items: HashMap<String, String> = HashMap::new();
    for (path, _) in paths {
        if let Some((prefix, param)) = item_path(path) {
            items
                .entry(prefix.to_owned())
                .or_insert_with(|| param.to_owned());
        }
    }
    // A list below an item names the parameter of the item too.
    for (path, _) in paths {
        for (start, param) in super::parents::path_params(path) {
            let prefix = path[..start].trim_end_matches('/');
            items
                .entry(prefix.to_owned())
                .or_insert_with(|| param.to_owned());
        }
    }
    let reader = Reader {
        root,
        schemas,
        selection,
        items,
    };
    for (path, item) in paths {
        if operations.len() > OPERATIONS {
            return operations;
        }
        let item = match resolved(root, item) {
            Ok(item) => item,
            Err(reference) => {
                if is_included(selection, path, &EMPTY) != Some(false) {
                    losses.push(unresolved(
                        root,
                        format!("#/paths/{}", tree::escape(path)),
                        reference,
                    ));
                }
                continue;
            }
        };
        for (method, value) in item.entries() {
            if matches!(method.as_str(), "get" | "post") && !value.entries().is_empty() {
                operations.extend(reader.operation(path, item, (method, value), losses));
            }
        }
    }
    name_all(&mut operations);
    operations
}

/// What operations are read with.
struct Reader<'a, 'b> {
    root: &'a Value,
    schemas: &'b Schemas<'a>,
    selection: &'b Selection,
    /// The parameter of the item endpoint of each list.
    items: HashMap<String, String>,
}

impl<'a> Reader<'a, '_> {
    /// An operation, if it is to be imported.
    fn operation(
        &self,
        path: &'a str,
        item: &'a Value,
        (method, value): (&'a str, &'a Value),
        losses: &mut Vec<Loss>,
    ) -> Option<Operation<'a>> {
        let (root, schemas) = (self.root, self.schemas);
        let included = is_included(self.selection, path, value);
        if included == Some(false) || !has_tag(self.selection, value) {
            return None;
        }
        let may_write =
            method == "post" && included != Some(true) && !is_search(root, schemas, path, value);
        let place = format!("#/paths/{}/{method}", tree::escape(path));
        let mut lose = |place: String, what: &str| {
            let what = what.to_owned();
            losses.push(Loss { place, what });
        };
        if value.says("deprecated") && included != Some(true) {
            if !may_write {
                lose(place, "a deprecated operation: import it by `--include`");
            }
            return None;
        }
        let (response, headers) = match response(root, value) {
            Ok(Some(found)) => found,
            Ok(None) => {
                if !may_write && let Some(what) = left_out::other_content(root, value) {
                    lose(place, &what);
                }
                return None;
            }
            Err(reference) => {
                if !may_write {
                    losses.push(unresolved(root, place, reference));
                }
                return None;
            }
        };
        let names = record_names(path);
        let params = params(root, schemas, item, value);
        let list = lists::find(schemas, response, &names)
            .filter(|list| is_list(schemas, path, value, &params, response, list, &names));
        if list.is_none() {
            if let Some(reference) = open_schema(root, response) {
                if !may_write {
                    losses.push(unresolved(root, place, reference));
                }
                return None;
            }
            if included != Some(true) {
                let is_item = path.trim_end_matches('/').ends_with('}');
                if !may_write
                    && !is_item
                    && let Some(what) = left_out::list(schemas, response)
                {
                    lose(place, &what);
                }
                return None;
            }
        }
        if may_write {
            lose(
                place,
                "a POST that returns a list, and may change data or needs a body: import it by `--include`",
            );
            return None;
        }
        for parameter in [value, item]
            .iter()
            .flat_map(|one| one.at(&["parameters"]).elements())
        {
            if let Err(reference) = resolved(root, parameter) {
                let what = format!(
                    "a parameter whose `$ref` `{reference}` leads to nothing in the document: add it to the endpoint"
                );
                lose(place.clone(), &what);
            }
        }
        let server = match client::elsewhere(root, item, value) {
            Elsewhere::No => String::new(),
            Elsewhere::At(url) => url,
            Elsewhere::Unknown => {
                lose(
                    format!("{place}/servers"),
                    "an operation with a server of its own that is no absolute URL, or has variables: \
                     import it from a document of that server",
                );
                return None;
            }
        };
        Some(Operation {
            path,
            method,
            value,
            params,
            name: String::new(),
            server,
            response,
            headers,
            list,
            item_param: self.items.get(path.trim_end_matches('/')).cloned(),
        })
    }
}

/// The loss of what a `$ref` leads to that is not in the document.
fn unresolved(root: &Value, place: String, reference: &str) -> Loss {
    let is_cycle = reference.starts_with('#') && root.pointer(reference).is_some();
    let what = if is_cycle {
        format!(
            "an operation whose `$ref` `{reference}` leads back to itself: write the schema that is meant"
        )
    } else {
        format!(
            "an operation whose `$ref` `{reference}` leads to nothing in the document: put all files together in one"
        )
    };
    Loss { place, what }
}

/// What the `$ref` of a value leads to, or the reference that leads to nothing.
fn resolved<'a>(root: &'a Value, value: &'a Value) -> Result<&'a Value, &'a str> {
    let mut value = value;
    let mut reference = "";
    for _ in 0..32 {
        reference = match value.text_of("$ref") {
            Some(reference) => reference,
            None => return Ok(value),
        };
        let target = reference.starts_with('#').then(|| root.pointer(reference));
        value = target.flatten().ok_or(reference)?;
    }
    Err(reference)
}

/// A reference to nothing in the schema of a response, where its list may be.
fn open_schema<'a>(root: &'a Value, schema: &'a Value) -> Option<&'a str> {
    let schema = match resolved(root, schema) {
        Ok(schema) => schema,
        Err(reference) => return Some(reference),
    };
    let parts = ["allOf", "oneOf", "anyOf"].into_iter();
    let parts = parts.flat_map(|key| schema.at(&[key]).elements());
    let properties = schema.at(&["properties"]).entries().iter();
    parts
        .chain(properties.map(|(_, property)| property))
        .find_map(|part| resolved(root, part).err())
}

/// The list that an item endpoint belongs to, and the parameter of the item.
fn item_path(path: &str) -> Option<(&str, &str)> {
    let (prefix, last) = path.trim_end_matches('/').rsplit_once('/')?;
    let param = last.strip_prefix('{')?.strip_suffix('}')?;
    (!param.contains(['{', '}'])).then_some((prefix, param))
}

/// A value, or what its `$ref` leads to.
pub(super) fn referred<'a>(root: &'a Value, value: &'a Value) -> &'a Value {
    let mut value = value;
    for _ in 0..8 {
        match value
            .text_of("$ref")
            .and_then(|reference| root.pointer(reference))
        {
            Some(target) => value = target,
            None => break,
        }
    }
    value
}

/// Whether a pattern names the operation; nothing if there are no patterns.
fn is_included(selection: &Selection, path: &str, operation: &Value) -> Option<bool> {
    if selection.include.is_empty() {
        return None;
    }
    let id = operation.text_of("operationId").unwrap_or_default();
    let names = |pattern: &String| {
        if pattern.contains('*') {
            glob(pattern, path) || glob(pattern, id)
        } else {
            path.contains(pattern.as_str()) || id.contains(pattern.as_str())
        }
    };
    Some(selection.include.iter().any(names))
}

/// Whether a text has the parts of a pattern between its `*`, in order.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn has_tag(selection: &Selection, operation: &Value) -> bool {
    let mut tags = operation
        .at(&["tags"])
        .elements()
        .iter()
        .filter_map(Value::text);
    selection.tags.is_empty()
        || tags.any(|tag| {
            selection
                .tags
                .iter()
                .any(|one| one.eq_ignore_ascii_case(tag))
        })
}

/// Whether a POST only reads, and needs no body of its own.
fn is_search<'a>(root: &'a Value, schemas: &Schemas<'a>, path: &str, operation: &'a Value) -> bool {
    let last = path
        .trim_end_matches('/')
        .rsplit(['/', ':', '.'])
        .next()
        .unwrap_or_default();
    if !matches!(
        plain(last).as_str(),
        "search" | "query" | "list" | "find" | "filter"
    ) {
        return false;
    }
    let body = body_schema(root, operation);
    body.is_none_or(|body| schemas.view(&[body]).required.is_empty())
}

/// The schema of a JSON body.
fn body_schema<'a>(root: &'a Value, operation: &'a Value) -> Option<&'a Value> {
    if let Some(body) = operation.get("requestBody") {
        return json_content(referred(root, body));
    }
    let params = operation.at(&["parameters"]).elements().iter();
    let mut params = params.map(|param| referred(root, param));
    params
        .find(|param| param.text_of("in") == Some("body"))?
        .get("schema")
}

/// The schema of the JSON among the contents of a body.
fn json_content(body: &Value) -> Option<&Value> {
    let contents = body.at(&["content"]).entries();
    let plain = contents
        .iter()
        .find(|(name, _)| name.starts_with("application/json"));
    let found = plain.or_else(|| contents.iter().find(|(name, _)| is_json(name)));
    found?.1.get("schema")
}

/// Whether a media type is one of JSON.
pub(super) fn is_json(name: &str) -> bool {
    let name = name.split(';').next().unwrap_or_default().trim();
    let name = name.to_lowercase();
    name == "application/json" || name.ends_with("+json") || name == "*/*" || name == "text/json"
}

/// The schema and the headers of the response to a request that succeeds.
/// The reference that leads to nothing, if it is in the way.
fn response<'a>(
    root: &'a Value,
    operation: &'a Value,
) -> Result<Option<(&'a Value, &'a Value)>, &'a str> {
    let responses = operation.at(&["responses"]).entries();
    let rank = |status: &str| match status {
        "200" => 0,
        _ if status.starts_with('2') => 1,
        "default" => 2,
        _ => 9,
    };
    let mut sorted: Vec<&(String, Value)> = responses
        .iter()
        .filter(|(status, _)| rank(status) < 9)
        .collect();
    sorted.sort_by_key(|(status, _)| rank(status));
    let mut open = None;
    for (_, response) in sorted {
        let response = match resolved(root, response) {
            Ok(response) => response,
            Err(reference) => {
                open = open.or(Some(reference));
                continue;
            }
        };
        let schema = json_content(response).or_else(|| response.get("schema"));
        if let Some(schema) = schema {
            return Ok(Some((schema, response.at(&["headers"]))));
        }
    }
    open.map_or(Ok(None), Err)
}

fn params<'a>(
    root: &'a Value,
    schemas: &Schemas<'a>,
    item: &'a Value,
    operation: &'a Value,
) -> Vec<Param<'a>> {
    let mut params: Vec<Param<'a>> = Vec::new();
    let own = operation.at(&["parameters"]).elements().iter();
    for param in own.chain(item.at(&["parameters"]).elements()) {
        let param = referred(root, param);
        let (Some(name), Some(place)) = (param.text_of("name"), param.text_of("in")) else {
            continue;
        };
        if params
            .iter()
            .any(|one| one.name == name && one.place == place)
            || place == "body"
            || name.is_empty()
        {
            continue;
        }
        let schema = match param.get("schema") {
            Some(schema) => referred(root, schema),
            None => json_content(param).unwrap_or(param),
        };
        params.push(Param {
            name,
            place,
            is_required: param.says("required"),
            is_structure: param.text_of("style") == Some("deepObject")
                || schemas.view(&[schema]).is_object(),
            schema,
            description: param.text_of("description").unwrap_or_default(),
        });
    }
    if let Some(body) = body_schema(root, operation) {
        let body = schemas.view(&[body]);
        for (name, schema) in &body.properties {
            let view = schemas.view(schema);
            let first = schema.first().copied().unwrap_or(&EMPTY);
            params.push(Param {
                name,
                place: "body",
                is_required: body.required.contains(name),
                is_structure: view.is_object() || view.is_array(),
                schema: referred(root, first),
                description: "",
            });
        }
    }
    params
}

/// The parts of a path that are no parameters.
fn segments(path: &str) -> Vec<&str> {
    path.split('/')
        .map(|part| part.split([':', '(']).next().unwrap_or_default())
        .map(|part| part.strip_suffix(".json").unwrap_or(part))
        .filter(|part| !part.is_empty() && !part.contains(['{', '}']))
        .collect()
}

/// The names that the list of a path may have, the likeliest first.
fn record_names(path: &str) -> Vec<String> {
    let mut names = Vec::new();
    for segment in segments(path).iter().rev().take(2) {
        let name = plain(segment);
        let one = singular(&name);
        names.push(name.clone());
        if one == name {
            names.push(format!("{name}s"));
        } else {
            names.push(one);
        }
    }
    names
}

fn is_list<'a>(
    schemas: &Schemas<'a>,
    path: &str,
    operation: &Value,
    params: &[Param<'a>],
    response: &'a Value,
    list: &List<'a>,
    names: &[String],
) -> bool {
    if list.path.is_empty() {
        return true;
    }
    let view = schemas.view(&[response]);
    let name = list.path.last().map(|name| plain(name)).unwrap_or_default();
    let is_named = names.contains(&name)
        || list.path.first().is_some_and(|first| first == "_embedded")
        || lists::is_wrapper(&name);
    let pages = params.iter().any(|param| {
        matches!(
            plain(param.name).as_str(),
            "page"
                | "limit"
                | "offset"
                | "cursor"
                | "pagesize"
                | "perpage"
                | "pagetoken"
                | "startat"
                | "maxresults"
                | "skip"
                | "top"
                | "after"
                | "pagenumber"
                | "marker"
                | "nexttoken"
                | "startingafter"
                | "pagelimit"
        )
    });
    let has_fields = view
        .properties
        .iter()
        .any(|(name, _)| *name != "count" && lists::is_paging_field(name));
    let id = operation
        .text_of("operationId")
        .unwrap_or_default()
        .to_lowercase();
    let is_called_list = id.starts_with("list")
        || id.ends_with("list")
        || id.contains("_list")
        || id.contains("search");
    let is_item = path.trim_end_matches('/').ends_with('}');
    let has_id = view.properties.iter().any(|(name, _)| *name == "id");
    if is_item {
        return list.score >= 5 && (pages || has_fields && is_named) && !has_id;
    }
    if has_id && !pages {
        return false;
    }
    let is_alone = view.properties.len() <= 2;
    list.score >= 4 && (is_named || pages || has_fields || is_called_list || is_alone)
}

/// Gives each operation a name: the last part of its path, with those before it where others have the same.
fn name_all(operations: &mut [Operation<'_>]) {
    let short = |path: &str| {
        let segments = segments(path);
        let last = segments.last().copied().unwrap_or("records");
        let is_verb = matches!(
            plain(last).as_str(),
            "search" | "query" | "list" | "find" | "all" | "filter" | "index"
        );
        match (is_verb, segments.len().checked_sub(2)) {
            (true, Some(at)) => names::name(segments[at], "records"),
            _ => names::name(last, "records"),
        }
    };
    let mut times: HashMap<String, usize> = HashMap::new();
    for operation in operations.iter() {
        *times.entry(short(operation.path)).or_default() += 1;
    }
    let mut taken = names::Names::default();
    for operation in operations {
        let name = short(operation.path);
        let segments = segments(operation.path);
        let name = if times.get(&name) == Some(&1) || segments.len() < 2 {
            name
        } else {
            let from = segments.len() - 2;
            names::name(&segments[from..].join("_"), "records")
        };
        operation.name = taken.take_resource(&name);
    }
}

impl<'a> Operation<'a> {
    /// Where it stands in the document.
    pub(super) fn place(&self) -> String {
        format!("#/paths/{}/{}", tree::escape(self.path), self.method)
    }

    /// Whether it needs a body whose fields are not known.
    pub(super) fn needs_other_body(&self, root: &Value) -> bool {
        let own = self.value.get("requestBody");
        let of_params = self.value.at(&["parameters"]).elements().iter();
        let body = own
            .into_iter()
            .chain(of_params)
            .map(|body| referred(root, body));
        let mut body = body.filter(|body| body.text_of("in").is_none_or(|place| place == "body"));
        self.method == "post"
            && body.any(|body| body.says("required"))
            && !self.params.iter().any(|param| param.place == "body")
    }

    /// The resource, apart from what its path needs of others.
    pub(super) fn resource(
        &self,
        root: &'a Value,
        schemas: &Schemas<'a>,
        (most, top): (usize, usize),
        has_auth: bool,
        losses: &mut Vec<Loss>,
    ) -> Map {
        let mut resource = Map::new();
        resource.set("name", self.name.as_str());
        let about = ["summary", "description"];
        let about = about.iter().find_map(|key| self.value.text_of(key));
        let about = names::brief(about.unwrap_or_default());
        if !about.is_empty() {
            resource.set("description", about);
        }
        let record = match &self.list {
            Some(list) => list.items.clone(),
            None => vec![self.response],
        };
        schemas.take_unresolved();
        let columns = schemas.columns(&record, most, top);
        for reference in schemas.take_unresolved() {
            losses.push(Loss {
                place: self.place(),
                what: format!(
                    "what `$ref` `{reference}` stands for: it leads to nothing in the document, so that columns may \
                     be missing or `json`"
                ),
            });
        }
        let columns = columns.map(|found| {
            if let Some(rest) = found.rest {
                let what = format!("{rest}: they are kept in `extra`");
                resource.comment_top(&format!("Not imported: {what}"));
                resource.map("schema_contract").set("columns", "evolve");
                let place = self.place();
                losses.push(Loss { place, what });
            }
            found.map
        });
        self.endpoint(root, schemas, &mut resource, columns.as_ref(), has_auth);
        if let Some(columns) = columns {
            if let Some(key) = self.key(&columns)
                && let Some(Node::Map(_)) = columns.get(&key)
            {
                resource.set("primary_key", key);
            }
            resource.set("columns", columns);
            if super::examples::is_example(self.response) {
                let comment = format!(
                    "{NOT_CERTAIN}the columns, from an example: the document has no schema. `rest-source infer` finds them in pages."
                );
                resource.comment("columns", &comment);
            }
        } else {
            resource.set("columns", "json");
            resource.comment("columns", "The document does not describe the records.");
        }
        resource
    }

    fn endpoint(
        &self,
        root: &'a Value,
        schemas: &Schemas<'a>,
        resource: &mut Map,
        columns: Option<&Map>,
        has_auth: bool,
    ) {
        let endpoint = resource.map("endpoint");
        endpoint.set("path", self.path);
        if self.method == "post" {
            endpoint.set("method", "POST").set("json", Map::new());
        }
        let Some(list) = &self.list else {
            endpoint.set("paginator", "single_page");
            return;
        };
        let evidence = Evidence {
            root,
            operation: self.value,
            schemas,
            params: &self.params,
            response: self.response,
            headers: self.headers,
            list: &list.path,
            columns: columns.map_or_else(Vec::new, |columns| {
                columns
                    .entries
                    .iter()
                    .map(|entry| entry.key.as_str())
                    .collect()
            }),
        };
        let paging = evidence.paging();
        endpoint.set("paginator", paging.paginator);
        if let Some(comment) = paging.comment {
            endpoint.comment("paginator", &comment);
        }
        let keys: Vec<&str> = list.path.iter().map(String::as_str).collect();
        if !keys.is_empty() {
            endpoint.set("data_selector", json_path(&keys) + list.within);
            if list.is_tied {
                let comment =
                    format!("{NOT_CERTAIN}the response has several lists. Look at a response.");
                endpoint.comment("data_selector", &comment);
            }
        }
        let is_open = self
            .value
            .get("security")
            .is_some_and(|security| security.elements().is_empty());
        if has_auth && is_open {
            endpoint.set("auth", Node::Null);
        }
        // What the paginator sends is no parameter of the endpoint.
        endpoint.set("owned", paging.owned);
    }

    /// The column that identifies a record.
    fn key(&self, columns: &Map) -> Option<String> {
        let mut candidates = vec!["id".to_owned()];
        if let Some(param) = &self.item_param {
            candidates.push(param.clone());
            candidates.extend(super::parents::shorter(param, self.path));
        }
        // `order_id` in `/orders`, and what is an id by its name.
        let last = segments(self.path).last().map(|name| plain(name));
        let own_id = format!("{}id", singular(&last.unwrap_or_default()));
        let names = columns.entries.iter().map(|entry| entry.key.clone());
        candidates.extend(names.filter(|name| plain(name) == own_id));
        candidates.push("uuid".to_owned());
        candidates
            .into_iter()
            .find(|name| super::parents::is_key(columns, name))
    }
}
