//! Schemas of responses that show an example and have no schema.

use crate::tree::{Kind, Value};

use super::operations::{is_json, referred};

/// The key of a schema that is made of an example.
const MARK: &str = "x-from-example";
/// The most values of all schemas together: one example may stand for many responses.
const VALUES: usize = 50_000;
/// The most elements of a list that are read, and the most keys of their objects together.
const ELEMENTS: usize = 100;
const KEYS: usize = 2_000;

/// Whether a schema is made of an example.
pub(super) fn is_example(schema: &Value) -> bool {
    schema.says(MARK)
}

/// Gives each response that has an example the schema of it, if its own is missing or not in the document.
pub(super) fn complete(root: &mut Value) {
    let mut left = VALUES;
    let mut found = Vec::new();
    let shared = [vec!["components", "responses"], vec!["responses"]];
    for place in shared {
        for (name, response) in root.at(&place).entries() {
            let mut path: Vec<String> = place.iter().map(|key| (*key).to_owned()).collect();
            path.push(name.clone());
            add(root, response, &path, &mut left, &mut found);
        }
    }
    for (path, item) in root.at(&["paths"]).entries() {
        for method in ["get", "post"] {
            for (status, response) in item.at(&[method, "responses"]).entries() {
                let place = ["paths", path, method, "responses", status];
                let place = place.map(str::to_owned);
                add(root, response, &place, &mut left, &mut found);
            }
        }
    }
    for (path, schema) in found {
        if let Some(map) = at_mut(root, &path)
            && let Kind::Map(entries) = &mut map.kind
        {
            entries.retain(|(key, _)| key != "schema");
            entries.push(("schema".to_owned(), schema));
        }
    }
}

/// Adds the paths of the maps that lack a schema, with the schema.
fn add(
    root: &Value,
    response: &Value,
    path: &[String],
    left: &mut usize,
    found: &mut Vec<(Vec<String>, Value)>,
) {
    let mut add = |path: Vec<String>, examples: &[&Value]| {
        if *left == 0 {
            return;
        }
        let examples = examples.iter().filter(|one| {
            matches!(one.kind, Kind::Map(ref entries) if !entries.is_empty())
                || !one.elements().is_empty()
        });
        if let Some(example) = examples.copied().next() {
            let mut schema = schema(example, left);
            if let Kind::Map(entries) = &mut schema.kind {
                entries.push((MARK.to_owned(), Kind::Bool(true).into()));
            }
            found.push((path, schema));
        }
    };
    for (name, media) in response.at(&["content"]).entries() {
        if !is_json(name) || !lacks_schema(root, media) {
            continue;
        }
        let mut examples: Vec<&Value> = media.get("example").into_iter().collect();
        for (_, one) in media.at(&["examples"]).entries() {
            examples.push(referred(root, one).at(&["value"]));
        }
        let mut path = path.to_vec();
        path.extend(["content".to_owned(), name.clone()]);
        add(path, &examples);
    }
    // Swagger 2.0.
    if response.get("content").is_none() && lacks_schema(root, response) {
        let examples = response.at(&["examples"]).entries().iter();
        let examples = examples.filter(|(name, _)| is_json(name));
        let examples: Vec<&Value> = examples.map(|(_, example)| example).collect();
        add(path.to_vec(), &examples);
    }
}

/// Whether a map has no schema, or one that leads to nothing in the document.
fn lacks_schema(root: &Value, media: &Value) -> bool {
    let Some(schema) = media.get("schema") else {
        return true;
    };
    match schema.text_of("$ref") {
        Some(reference) => !reference.starts_with('#') || root.pointer(reference).is_none(),
        None => schema.entries().is_empty(),
    }
}

/// The schema of a value, as far as the value shows it.
fn schema(value: &Value, left: &mut usize) -> Value {
    if *left == 0 {
        return Kind::Map(Vec::new()).into();
    }
    *left -= 1;
    let kind = match &value.kind {
        Kind::Null => return Kind::Map(Vec::new()).into(),
        Kind::Bool(_) => "boolean",
        Kind::Number(text) if text.contains(['.', 'e', 'E']) => "number",
        Kind::Number(_) => "integer",
        Kind::Text(_) => "string",
        Kind::List(_) => "array",
        Kind::Map(_) => "object",
    };
    let mut made = vec![("type".to_owned(), Kind::Text(kind.to_owned()).into())];
    match &value.kind {
        Kind::Text(text) if is_time(text) => {
            made.push((
                "format".to_owned(),
                Kind::Text("date-time".to_owned()).into(),
            ));
        }
        Kind::List(elements) => {
            let elements = elements.iter().take(ELEMENTS);
            let schemas = elements.map(|element| schema(element, left));
            if let Some(items) = schemas.reduce(both) {
                made.push(("items".to_owned(), items));
            }
        }
        Kind::Map(entries) => {
            let properties = entries.iter();
            let properties = properties.map(|(name, value)| (name.clone(), schema(value, left)));
            made.push((
                "properties".to_owned(),
                Kind::Map(properties.collect()).into(),
            ));
        }
        _ => {}
    }
    Kind::Map(made).into()
}

/// The schema of two values.
fn both(one: Value, other: Value) -> Value {
    if one.entries().is_empty() {
        return other;
    }
    let kinds = (one.text_of("type"), other.text_of("type"));
    match kinds {
        (_, None) | (Some("number"), Some("integer")) => one,
        (Some("object"), Some("object")) => {
            let Kind::Map(mut properties) = one.at(&["properties"]).kind.clone() else {
                return other;
            };
            for (name, value) in other.at(&["properties"]).entries() {
                let is_full = properties.len() >= KEYS;
                match properties.iter_mut().find(|(known, _)| known == name) {
                    Some((_, known)) => {
                        let before = std::mem::replace(known, Kind::Null.into());
                        *known = both(before, value.clone());
                    }
                    None if !is_full => {
                        properties.push((name.clone(), value.clone()));
                    }
                    None => {}
                }
            }
            let made = vec![
                ("type".to_owned(), Kind::Text("object".to_owned()).into()),
                ("properties".to_owned(), Kind::Map(properties).into()),
            ];
            Kind::Map(made).into()
        }
        (Some("array"), Some("array")) => {
            let mut made = vec![("type".to_owned(), Kind::Text("array".to_owned()).into())];
            let items = [one.get("items"), other.get("items")].into_iter();
            if let Some(items) = items.flatten().cloned().reduce(both) {
                made.push(("items".to_owned(), items));
            }
            Kind::Map(made).into()
        }
        (Some("integer"), Some("number")) => other,
        (Some(one_kind), Some(other_kind)) if one_kind != other_kind => {
            Kind::Map(Vec::new()).into()
        }
        _ if one.get("format") == other.get("format") => one,
        _ => {
            let kind = ("type".to_owned(), Kind::Text("string".to_owned()).into());
            Kind::Map(vec![kind]).into()
        }
    }
}

/// `2026-11-30T08:00:00Z`.
fn is_time(text: &str) -> bool {
    text.contains('T') && text.parse::<jiff::Timestamp>().is_ok()
}

/// The value at a path of keys.
fn at_mut<'a>(root: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    let mut value = root;
    for key in path {
        let Kind::Map(entries) = &mut value.kind else {
            return None;
        };
        let mut entries = entries.iter_mut();
        value = &mut entries.find(|(name, _)| name == key)?.1;
    }
    Some(value)
}
