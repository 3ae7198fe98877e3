//! Specs that are not finished, made ready for a fetch.

use rest_source_codegen::write::{Element, Map, Node, Step, read, remove, set, way_to};

use super::Shape;
use crate::NOT_CERTAIN;

/// The position of a resource in its list.
pub(super) fn position(spec: &Map, resource: &str) -> Option<usize> {
    let name = |element: &Element| {
        let name = element.value.as_map().and_then(|map| map.get("name"));
        name.and_then(Node::as_text) == Some(resource)
    };
    spec.get("resources")?.elements().iter().position(name)
}

/// Whether a spec says how the pages of a resource follow each other.
pub fn is_paged(text: &str, resource: &str) -> bool {
    let of_client = read(text).ok().and_then(|spec| {
        let client = spec.get("client")?.as_map()?;
        client.get("paginator").cloned()
    });
    of_client.is_some() || has_in_endpoint(text, resource, "paginator")
}

/// Whether the endpoint of a resource, or `resource_defaults`, has a key.
pub fn has_in_endpoint(text: &str, resource: &str, key: &str) -> bool {
    let Ok(spec) = read(text) else {
        return false;
    };
    let own = position(&spec, resource).and_then(|at| spec.get("resources")?.elements().get(at));
    let own = own.and_then(|element| element.value.as_map());
    let defaults = spec.get("resource_defaults").and_then(Node::as_map);
    let mut endpoints = [own, defaults]
        .into_iter()
        .flatten()
        .filter_map(|map| map.get("endpoint"));
    endpoints.any(|endpoint| endpoint.as_map().is_some_and(|map| map.get(key).is_some()))
}

/// A spec in which a resource has this paginator, no parameters that it sets, and its records at this place: a paginator
/// may count them.
pub fn with_paginator(
    text: &str,
    resource: &str,
    paginator: &Map,
    shape: &Shape,
) -> Option<String> {
    let at = position(&read(text).ok()?, resource)?;
    let path = |keys: &[&str]| -> Vec<Step> {
        let keys = keys.iter().map(|key| Step::Key((*key).to_owned()));
        [Step::Key("resources".to_owned()), Step::Index(at)]
            .into_iter()
            .chain(keys)
            .collect()
    };
    let mut text = text.to_owned();
    let spec = read(&text).ok()?;
    let own = spec.get("resources")?.elements().get(at)?.value.as_map()?;
    let endpoint = own.get("endpoint").and_then(Node::as_map);
    for way in taken(endpoint, paginator) {
        let way: Vec<&str> = ["endpoint"]
            .into_iter()
            .chain(way.iter().map(String::as_str))
            .collect();
        if let Ok(edited) = remove(&text, &path(&way)) {
            text = edited;
        }
    }
    let text = with_selector(&text, resource, shape)?;
    let paginator = Node::Map(paginator.clone());
    set(&text, &path(&["endpoint", "paginator"]), &paginator).ok()
}

/// A spec in which a resource has its records at this place.
pub fn with_selector(text: &str, resource: &str, shape: &Shape) -> Option<String> {
    let Some(selector) = shape.selector() else {
        return Some(text.to_owned());
    };
    let spec = read(text).ok()?;
    let at = position(&spec, resource)?;
    let own = spec.get("resources")?.elements().get(at)?.value.as_map()?;
    let endpoint = vec![
        Step::Key("resources".to_owned()),
        Step::Index(at),
        Step::Key("endpoint".to_owned()),
    ];
    let mut map = Map::new();
    if let Some(Node::Text(path)) = own.get("endpoint") {
        map.set("path", path.as_str())
            .set("data_selector", selector);
        return set(text, &endpoint, &Node::Map(map)).ok();
    }
    let mut selected = endpoint;
    selected.push(Step::Key("data_selector".to_owned()));
    set(text, &selected, &Node::from(selector)).ok()
}

/// The ways to the parameters and fields of an endpoint that a paginator or a cursor sets from now on.
pub(super) fn taken(endpoint: Option<&Map>, setter: &Map) -> Vec<Vec<String>> {
    let mut ways = Vec::new();
    for entry in &setter.entries {
        let Some(name) = entry.value.as_text() else {
            continue;
        };
        let is = |end: &str| entry.key.ends_with(end);
        if is("_body_path") {
            for body in ["json", "data"] {
                let keys = name.split('.').map(str::to_owned);
                ways.push([body.to_owned()].into_iter().chain(keys).collect());
            }
        } else if is("_param") {
            ways.push(vec!["params".to_owned(), name.to_owned()]);
        } else if is("_header") && entry.key != "total_header" {
            ways.push(vec!["headers".to_owned(), name.to_owned()]);
        }
    }
    ways.retain(|way: &Vec<String>| {
        let mut map = endpoint;
        way.iter().enumerate().all(|(at, key)| {
            let value = map.and_then(|map| map.get(key));
            map = value.and_then(Node::as_map);
            value.is_some() && (at + 1 == way.len() || map.is_some())
        })
    });
    // Parameters of which none is left go as one.
    let params = endpoint
        .and_then(|map| map.get("params"))
        .and_then(Node::as_map);
    let is_param = |way: &Vec<String>| way.first().is_some_and(|key| key == "params");
    if params.is_some_and(|params| {
        let of_params = ways.iter().filter(|way| is_param(way)).count();
        of_params > 0 && of_params == params.entries.len()
    }) {
        ways.retain(|way| !is_param(way));
        ways.push(vec!["params".to_owned()]);
    }
    ways
}

/// The text of a spec without the paginator of a resource, if a comment says that it is not certain.
///
/// Importers leave such paginators to `infer`.
pub fn without_uncertain(text: &str, resource: &str) -> Option<String> {
    let at = position(&read(text).ok()?, resource)?;
    let path = [
        Step::Key("resources".to_owned()),
        Step::Index(at),
        Step::Key("endpoint".to_owned()),
        Step::Key("paginator".to_owned()),
    ];
    let index = |key: usize| match way_to(text, key..key + KEY.len()).get(1) {
        Some(Step::Index(index)) => Some(*index),
        _ => None,
    };
    let doubts = doubtful_paginators(text);
    let first = doubts.partition_point(|(_, _, key)| index(*key) < Some(at));
    let (comment, line, key) = *doubts.get(first)?;
    if way_to(text, key..key + KEY.len()) != path {
        return None;
    }
    let text = format!("{}{}", &text[..comment], &text[line..]);
    remove(&text, &path).ok()
}

const KEY: &str = "paginator:";

/// The paginators with a doubt in the comment above: where the comment, the line and the key begin.
fn doubtful_paginators(text: &str) -> Vec<(usize, usize, usize)> {
    let mut found = Vec::new();
    // Where the comment above the line at hand begins, and whether it has a doubt.
    let mut comment: Option<(usize, bool)> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start();
        if trimmed.starts_with('#') {
            let words = trimmed.trim_start_matches(['#', ' ']);
            let is_doubt = words.starts_with(NOT_CERTAIN.trim());
            let (first, before) = comment.unwrap_or((start, false));
            comment = Some((first, before || is_doubt));
        } else {
            if let Some((first, true)) = comment
                && trimmed.starts_with(KEY)
            {
                found.push((first, start, start + line.len() - trimmed.len()));
            }
            comment = None;
        }
        start += line.len();
    }
    found
}

/// A spec in which the records of a resource are not decoded, as far as it can be: a value that violates the schema
/// would end the fetch.
pub fn untyped(text: &str, resource: &str) -> Vec<String> {
    let Some(at) = read(text).ok().and_then(|spec| position(&spec, resource)) else {
        return Vec::new();
    };
    let set_key = |key: &str, node: Node| {
        let path = [
            Step::Key("resources".to_owned()),
            Step::Index(at),
            Step::Key(key.to_owned()),
        ];
        set(text, &path, &node).ok()
    };
    let mut lenient = Map::new();
    lenient.set("data_type", "discard_row");
    let texts = [
        set_key("columns", Node::from("json")),
        set_key("schema_contract", Node::Map(lenient)),
    ];
    texts.into_iter().flatten().collect()
}

/// A spec whose resources have what [`merge`](super::merge()) adds: `columns: json` and `single_page` where they have none. It shows
/// whether the rest of a spec that is not finished is valid.
pub fn completed(text: &str) -> String {
    let Ok(spec) = read(text) else {
        return text.to_owned();
    };
    let paginator = |map: Option<&Map>| map.and_then(|map| map.get("paginator")).is_some();
    let defaults = spec.get("resource_defaults").and_then(Node::as_map);
    let of_defaults = defaults
        .and_then(|map| map.get("endpoint"))
        .and_then(Node::as_map);
    let is_paged = paginator(spec.get("client").and_then(Node::as_map)) || paginator(of_defaults);
    let mut text = text.to_owned();
    for (at, element) in spec
        .get("resources")
        .map_or(&[][..], Node::elements)
        .iter()
        .enumerate()
    {
        let Some(resource) = element.value.as_map() else {
            continue;
        };
        let endpoint = resource.get("endpoint");
        let path = |keys: &[&str]| {
            let keys = keys.iter().map(|key| Step::Key((*key).to_owned()));
            [Step::Key("resources".to_owned()), Step::Index(at)]
                .into_iter()
                .chain(keys)
                .collect::<Vec<_>>()
        };
        if resource
            .get("columns")
            .is_none_or(|columns| *columns == Node::Null)
            && let Ok(edited) = set(&text, &path(&["columns"]), &Node::from("json"))
        {
            text = edited;
        }
        let mut single = Map::new();
        if let Some(Node::Text(path)) = endpoint {
            single.set("path", path.as_str());
        }
        let (keys, node): (&[&str], Node) = if let Some(Node::Map(_)) = endpoint {
            (&["endpoint", "paginator"], Node::from("single_page"))
        } else {
            single.set("paginator", "single_page");
            (&["endpoint"], Node::Map(single))
        };
        if !is_paged
            && !paginator(endpoint.and_then(Node::as_map))
            && let Ok(edited) = set(&text, &path(keys), &node)
        {
            text = edited;
        }
    }
    text
}
