//! Why an operation that returns records is no resource.

use crate::json_schema::{Schemas, View};
use crate::tree::Value;

use super::lists;
use super::operations::referred;
use super::paging::path as json_path;

/// How deep lists are looked for.
const DEPTH: usize = 5;

/// What a response without JSON returns, if it can be records.
pub(super) fn other_content(root: &Value, operation: &Value) -> Option<String> {
    let responses = operation.at(&["responses"]).entries().iter();
    let succeeds = responses.filter(|(status, _)| status.starts_with('2') || status == "default");
    let contents =
        succeeds.flat_map(|(_, response)| referred(root, response).at(&["content"]).entries());
    let old = ["produces"].into_iter().flat_map(|key| {
        let own = operation.get(key).unwrap_or(root.at(&[key]));
        own.scalars()
    });
    let mut types = contents.map(|(name, _)| name.as_str()).chain(old);
    let found = types.find(|name| {
        let name = name.to_ascii_lowercase();
        [
            "csv",
            "ndjson",
            "jsonl",
            "json-seq",
            "x-jsonlines",
            "xml",
            "tab-separated",
        ]
        .iter()
        .any(|kind| name.contains(kind))
    })?;
    let found: String = found.chars().filter(|c| !c.is_control()).take(60).collect();
    Some(format!(
        "an operation that returns `{found}`: write a resource with a `decoder`"
    ))
}

/// What a response of JSON returns, if it can be records.
pub(super) fn list<'a>(schemas: &Schemas<'a>, response: &'a Value) -> Option<String> {
    let view = schemas.view(&[response]);
    if view.properties.iter().any(|(name, _)| *name == "id") {
        // One record, with lists of its own.
        return None;
    }
    if view.properties.is_empty()
        && let Some(rest) = view.rest
        && schemas.view(&[rest]).is_object()
    {
        return Some(
            "an operation that returns a map of objects: write a resource with `data_selector: $.*`"
                .to_owned(),
        );
    }
    let mut found = Vec::new();
    search(schemas, &view, &mut Vec::new(), &mut found);
    match found.as_slice() {
        [] => None,
        [one] => Some(format!(
            "an operation that returns a list at `{one}`: write a resource with this `data_selector`"
        )),
        several => Some(format!(
            "an operation that returns several lists, {}: write a resource for each, with its `data_selector`",
            several.join(", ")
        )),
    }
}

/// Adds the paths of lists of objects.
fn search<'a>(
    schemas: &Schemas<'a>,
    view: &View<'a>,
    path: &mut Vec<&'a str>,
    found: &mut Vec<String>,
) {
    for (name, property) in &view.properties {
        if found.len() == 5 || lists::is_aside(name) {
            continue;
        }
        let property = schemas.view(property);
        path.push(name);
        if property.is_array() {
            let items = schemas.view(&property.items);
            if items.is_object() {
                found.push(json_path(path));
            }
        } else if property.is_object() && path.len() < DEPTH {
            search(schemas, &property, path, found);
        }
        path.pop();
    }
}
