//! The last step of an import: a spec that passes `check`.
//!
//! What an error stands at is removed, the smallest value first, and is a loss. What cannot be left out alone, such as a
//! path or a selector, is removed with its resource.

use std::{collections::HashMap, fmt::Write as _};

use rest_source_codegen::compile;
use rest_source_codegen::diagnostic::Severity;
use rest_source_codegen::write::{Map, Node, Step, way_to};

use crate::{ImportError, Imported, Loss};

/// How often the spec is compiled.
const ROUNDS: usize = 40;

/// Keys of an endpoint without which the resource would fetch something else.
const REQUIRED_KEYS: &[&str] = &[
    "data_selector",
    "decoder",
    "extract",
    "job",
    "method",
    "name",
    "path",
];

/// Where the resources of a spec stand in its source.
#[derive(Default)]
pub(crate) struct Origins(HashMap<String, String>);

impl Origins {
    pub(crate) fn insert(&mut self, resource: &str, place: String) {
        self.0.insert(resource.to_owned(), place);
    }

    /// The place of what has this way in the spec.
    fn place(&self, file: &str, resource: Option<&str>) -> String {
        let Some(name) = resource else {
            return file.to_owned();
        };
        let place = self.0.get(name).cloned();
        place.unwrap_or_else(|| format!("{file}: resource `{name}`"))
    }
}

/// Removes what `check` rejects until the spec is valid.
///
/// # Errors
///
/// If no valid spec is left.
pub(crate) fn settle(
    file: &str,
    origins: &Origins,
    mut imported: Imported,
) -> Result<Imported, ImportError> {
    // The first error of what is now left out explains why nothing is left.
    let mut first = String::new();
    for _ in 0..ROUNDS {
        let text = imported.text();
        let compiled = compile("spec.yaml", &text);
        let mut errors: Vec<(Vec<Step>, String)> = Vec::new();
        let mut is_changed = false;
        let mut unused: Vec<Vec<Step>> = Vec::new();
        for one in compiled.diagnostics.located() {
            let Some(place) = one.places.first() else {
                continue;
            };
            let way = way_to(&text, place.bytes.clone());
            if one.code == "RS0901" {
                unused.push(way);
                continue;
            }
            if one.severity != Severity::Error {
                continue;
            }
            if is_harmless(one.code, &one.message, &way) {
                is_changed |= drop_at(&mut imported.spec, &way);
                continue;
            }
            if one.code == "RS0806" && skip_null_parents(&mut imported.spec, &way) {
                is_changed = true;
                continue;
            }
            let way = removable(way);
            let message = format!("{} [{}]", one.message, one.code);
            if first.is_empty() {
                first.clone_from(&message);
            }
            if !errors.iter().any(|(known, _)| *known == way) {
                errors.push((way, message));
            }
        }
        if errors.is_empty() && !is_changed {
            // What was left out was the only use of these settings and secrets.
            for way in &unused {
                drop_at(&mut imported.spec, way);
            }
            for key in ["config", "secrets"] {
                if imported
                    .spec
                    .get(key)
                    .and_then(Node::as_map)
                    .is_some_and(Map::is_empty)
                {
                    imported.spec.remove(key);
                }
            }
            return Ok(imported);
        }
        if is_changed {
            // The places of the others are those of another text now.
            continue;
        }
        // From the end, so that the places of the others stay.
        errors.sort_by(|(one, _), (two, _)| compare(two, one));
        for (way, message) in errors {
            let resource = resource_name(&imported.spec, &way);
            let place = origins.place(file, resource.as_deref());
            is_changed |= remove(&mut imported, place, resource, &way, &message);
        }
        let is_left = imported
            .spec
            .get("resources")
            .is_some_and(|list| !list.elements().is_empty());
        if !is_changed || !is_left {
            break;
        }
    }
    Err(ImportError {
        place: file.to_owned(),
        message: format!("no valid spec can be made of it: {first}"),
        help: "import a part of it".to_owned(),
    })
}

/// Keys that an importer sets for all resources, and that some have no use for.
const OPTIONAL: &[&str] = &[
    "data_selector_required",
    "format",
    "granularity",
    "on_cursor_value_missing",
    "on_null_parent",
    "range_end",
    "record",
    "single_record",
    "stop_after_empty_page",
];

/// Whether an error is about a key without which the resource does the same.
fn is_harmless(code: &str, message: &str, way: &[Step]) -> bool {
    code == "RS0602"
        && message.ends_with("has no effect here")
        && matches!(way.last(), Some(Step::Key(key)) if OPTIONAL.contains(&key.as_str()))
}

/// Removes a value without a loss.
fn drop_at(map: &mut Map, way: &[Step]) -> bool {
    match way {
        [Step::Key(key)] => map.remove(key).is_some(),
        [Step::Key(key), rest @ ..] => {
            let entry = map.entries.iter_mut().find(|entry| entry.key == *key);
            match (entry.map(|entry| &mut entry.value), rest) {
                (Some(Node::Map(map)), rest) => drop_at(map, rest),
                (Some(Node::List(list)), [Step::Index(at), rest @ ..]) => {
                    match list.get_mut(*at).map(|element| &mut element.value) {
                        Some(Node::Map(map)) => drop_at(map, rest),
                        _ => false,
                    }
                }
                _ => false,
            }
        }
        _ => false,
    }
}

/// Says what a null in a parent does: such a parent has no children.
fn skip_null_parents(spec: &mut Map, way: &[Step]) -> bool {
    let (Some(Step::Key(key)), Some(Step::Index(at))) = (way.first(), way.get(1)) else {
        return false;
    };
    let entry = spec.entries.iter_mut().find(|entry| entry.key == *key);
    let Some(Node::List(list)) = entry.map(|entry| &mut entry.value) else {
        return false;
    };
    let Some(Node::Map(resource)) = list.get_mut(*at).map(|element| &mut element.value) else {
        return false;
    };
    let endpoint = resource.map("endpoint");
    let is_new = endpoint.get("on_null_parent").is_none();
    endpoint.set("on_null_parent", "skip");
    is_new
}

fn compare(one: &[Step], two: &[Step]) -> std::cmp::Ordering {
    let key = |way: &[Step]| -> Vec<usize> {
        way.iter()
            .map(|step| match step {
                Step::Index(at) => *at,
                Step::Key(_) => 0,
            })
            .collect()
    };
    key(one).cmp(&key(two)).then(one.len().cmp(&two.len()))
}

/// The way to what is removed for an error.
fn removable(mut way: Vec<Step>) -> Vec<Step> {
    let is_key = |step: &Step, names: &[&str]| matches!(step, Step::Key(key) if names.contains(&key.as_str()));
    let is_resource = way.len() >= 2 && is_key(&way[0], &["resources"]);
    if !is_resource {
        return way;
    }
    // `name` of the resource itself, or what its endpoint cannot be without.
    let is_whole = match way.get(2) {
        None => true,
        Some(step) if is_key(step, &["name", "columns"]) && way.len() == 3 => true,
        Some(step) if is_key(step, &["endpoint"]) => {
            way.len() == 3 || way.get(3).is_some_and(|step| is_key(step, REQUIRED_KEYS))
        }
        _ => false,
    };
    if is_whole {
        way.truncate(2);
        return way;
    }
    // A word of a column is the column; a part of a paginator or credentials is all of it.
    if way.get(2).is_some_and(|step| is_key(step, &["columns"])) {
        let mut end = 4;
        while let (Some(Step::Key(holder)), Some(Step::Key(_))) = (way.get(end), way.get(end + 1)) {
            if holder == "fields" || holder == "columns" {
                end += 2;
            } else {
                break;
            }
        }
        way.truncate(end);
    } else if way.get(2).is_some_and(|step| {
        is_key(
            step,
            &[
                "primary_key",
                "include_from_parent",
                "partitions",
                "hard_delete",
            ],
        )
    }) {
        way.truncate(3);
    } else if way.get(3).is_some_and(|step| is_key(step, &["auth"])) {
        way.truncate(4);
    } else if way
        .get(3)
        .is_some_and(|step| is_key(step, &["response_actions"]))
    {
        way.truncate(5);
    }
    way
}

/// Removes the value at the end of a way.
fn remove(
    imported: &mut Imported,
    place: String,
    resource: Option<String>,
    way: &[Step],
    message: &str,
) -> bool {
    let shown = shown(way);
    let what = match (resource, way.len()) {
        (Some(name), 2) => format!("the resource `{name}` is left out: {message}"),
        (Some(name), _) => format!("`{shown}` of the resource `{name}` is left out: {message}"),
        (None, _) => format!("`{shown}` is left out: {message}"),
    };
    let Some(last) = way.last() else {
        return false;
    };
    let is_removed = remove_at(&mut imported.spec, way, last, &what);
    if !is_removed {
        return false;
    }
    if way.len() <= 2 {
        imported.spec.comment_top(&what);
    }
    imported.losses.push(Loss { place, what });
    true
}

fn remove_at(map: &mut Map, way: &[Step], last: &Step, what: &str) -> bool {
    let Some((Step::Key(key), rest)) = way.split_first() else {
        return false;
    };
    if rest.is_empty() {
        let is_there = map.remove(key).is_some();
        if is_there {
            map.comment_top(what);
        }
        return is_there;
    }
    let Some(entry) = map.entries.iter_mut().find(|entry| entry.key == *key) else {
        return false;
    };
    let is_removed = remove_in(&mut entry.value, rest, last, what);
    // What is empty now says nothing.
    let is_empty = match &entry.value {
        Node::Map(map) => map.is_empty(),
        Node::List(elements) => elements.is_empty() && key != "resources",
        _ => false,
    };
    if is_removed && is_empty && key != "endpoint" {
        map.remove(key);
        map.comment_top(what);
    }
    is_removed
}

fn remove_in(node: &mut Node, way: &[Step], last: &Step, what: &str) -> bool {
    match node {
        Node::Map(map) => remove_at(map, way, last, what),
        Node::List(elements) => {
            let Some((Step::Index(at), rest)) = way.split_first() else {
                return false;
            };
            if *at >= elements.len() {
                return false;
            }
            if rest.is_empty() {
                elements.remove(*at);
                return true;
            }
            remove_in(&mut elements[*at].value, rest, last, what)
        }
        _ => false,
    }
}

fn resource_name(spec: &Map, way: &[Step]) -> Option<String> {
    let (Some(Step::Key(key)), Some(Step::Index(at))) = (way.first(), way.get(1)) else {
        return None;
    };
    let resource = spec.get(key)?.elements().get(*at)?.value.as_map()?;
    resource
        .get("name")
        .and_then(Node::as_text)
        .map(str::to_owned)
}

fn shown(way: &[Step]) -> String {
    let mut text = String::new();
    let within = if way.len() > 2 && matches!(way[0], Step::Key(ref key) if key == "resources") {
        &way[2..]
    } else {
        way
    };
    for step in within {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => {
                text.push('.');
                text.push_str(key);
            }
            Step::Index(at) => {
                let _ = write!(text, "[{at}]");
            }
        }
    }
    text
}
