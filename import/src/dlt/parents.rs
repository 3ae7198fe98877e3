//! References to parents, by the names that the resources have here.

use std::collections::HashMap;

use rest_source_codegen::write::{Map, Node};

use super::columns::need;
use super::resources::{Draft, effective, index, texts};

/// A field of a parent: its resource, its path, and whether it is a part of a path.
struct Use {
    resource: String,
    field: String,
}

/// Renames the parents in the requests of their children, and declares the columns that these take.
pub(super) fn link(inherited: &Map, drafts: &mut [Draft]) {
    let by_name = index(drafts);
    let renamed: HashMap<String, String> = drafts
        .iter()
        .filter_map(|draft| {
            let name = draft.map.get("name").and_then(Node::as_text)?;
            (name != draft.name).then(|| (draft.name.clone(), name.to_owned()))
        })
        .collect();
    let mut needed: Vec<(usize, String)> = Vec::new();
    for draft in drafts.iter_mut() {
        let mut uses = Vec::new();
        if let Some(endpoint) = draft
            .map
            .entries
            .iter_mut()
            .find(|entry| entry.key == "endpoint")
        {
            references(&mut endpoint.value, &renamed, &mut uses);
        }
        let parents: Vec<usize> = uses
            .iter()
            .filter_map(|one| by_name.get(&one.resource).copied())
            .collect();
        for one in &uses {
            if let Some(parent) = by_name.get(&one.resource) {
                needed.push((*parent, one.field.clone()));
            }
        }
        let included = texts(effective(&draft.map, inherited, &["include_from_parent"]));
        if let Some(parent) = parents.first().filter(|_| !included.is_empty()) {
            needed.extend(included.into_iter().map(|column| (*parent, column)));
        }
    }
    for (parent, field) in needed {
        need(&mut drafts[parent].map, inherited, &field);
    }
}

/// The fields of parents that a request takes. Their resources get the names that they have here.
fn references(node: &mut Node, renamed: &HashMap<String, String>, uses: &mut Vec<Use>) {
    match node {
        Node::Text(text) => placeholders(text, renamed, uses),
        Node::List(elements) => {
            for element in elements {
                references(&mut element.value, renamed, uses);
            }
        }
        Node::Map(map) => {
            let is_resolve = map.get("type").and_then(Node::as_text) == Some("resolve");
            let resource = map
                .get("resource")
                .and_then(Node::as_text)
                .map(str::to_owned);
            let field = map.get("field").and_then(Node::as_text).map(str::to_owned);
            if let (true, Some(resource), Some(field)) = (is_resolve, resource, field) {
                if let Some(name) = renamed.get(&resource) {
                    map.set("resource", name.as_str());
                }
                let field = field.strip_prefix("$.").unwrap_or(&field).to_owned();
                map.set("field", field.as_str());
                uses.push(Use { resource, field });
                return;
            }
            for entry in &mut map.entries {
                references(&mut entry.value, renamed, uses);
            }
        }
        _ => {}
    }
}

/// `{resources.parent.field}` in a text.
fn placeholders(text: &mut String, renamed: &HashMap<String, String>, uses: &mut Vec<Use>) {
    const START: &str = "{resources.";
    let mut made = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once(START) {
        made.push_str(before);
        made.push_str(START);
        rest = after;
        let Some((reference, _)) = after.split_once('}') else {
            break;
        };
        let Some((resource, field)) = reference.split_once('.') else {
            continue;
        };
        made.push_str(renamed.get(resource).map_or(resource, String::as_str));
        rest = &after[resource.len()..];
        uses.push(Use {
            resource: resource.to_owned(),
            field: field.to_owned(),
        });
    }
    made.push_str(rest);
    *text = made;
}
