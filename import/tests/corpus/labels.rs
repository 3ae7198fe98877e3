//! Lists of public documents, with what a reader sees in them: `labels.yaml`.

use std::collections::BTreeMap;

use rest_source_codegen::write::{Map, Node, read};
use rest_source_import::openapi::{Selection, import};

use crate::percent;

/// What a reader sees in a list.
struct Label {
    method: String,
    path: String,
    selector: String,
    /// All paginators that are right.
    paginators: Vec<String>,
    key: Option<String>,
}

#[derive(Debug, Default)]
struct Counts {
    lists: usize,
    selectors: usize,
    paginators: usize,
    /// Paginators that a comment leaves open.
    open: usize,
    keys: usize,
    evident_keys: usize,
    /// What a reader would not have said.
    mistakes: Vec<String>,
    wrong_paginators: usize,
    wrong_keys: usize,
}

#[test]
fn lists_of_public_documents_are_imported_as_a_reader_sees_them() {
    let Some(folder) = crate::folder("openapi") else {
        return;
    };
    let mut counts = Counts::default();
    let labels = read(include_str!("labels.yaml")).unwrap();
    let documents = labels.get("documents").unwrap().as_map().unwrap();
    for document in &documents.entries {
        let text = std::fs::read_to_string(folder.join(&document.key)).unwrap();
        compare(
            &document.key,
            &text,
            document.value.as_map().unwrap(),
            &mut counts,
        );
    }
    for mistake in &counts.mistakes {
        println!("{mistake}");
    }
    println!(
        "\n{} lists of {} documents: {} selectors ({:.1} %) and {} paginators right, {} paginators left open, {} wrong; \
         {} of {} evident keys, {} wrong",
        counts.lists,
        documents.entries.len(),
        counts.selectors,
        percent(counts.selectors, counts.lists),
        counts.paginators,
        counts.open,
        counts.wrong_paginators,
        counts.keys,
        counts.evident_keys,
        counts.wrong_keys
    );
    assert!(counts.lists >= 100);
    assert!(counts.selectors * 100 >= counts.lists * 97);
    assert_eq!(counts.wrong_paginators, 0);
    assert!(counts.paginators * 100 >= counts.lists * 90);
    assert_eq!(counts.wrong_keys, 0);
}

fn compare(file: &str, text: &str, lists: &Map, counts: &mut Counts) {
    let labels: Vec<Label> = lists
        .entries
        .iter()
        .map(|one| label(&one.key, &one.value))
        .collect();
    // A POST is imported where it is named.
    let posts = labels.iter().filter(|label| label.method == "POST");
    let selection = Selection {
        include: posts.map(|label| label.path.clone()).collect(),
        tags: Vec::new(),
    };
    let imported = match import(file, text, &selection) {
        Ok(imported) => imported,
        Err(error) => {
            counts.lists += labels.len();
            if !labels.is_empty() {
                counts.mistakes.push(format!("{error}"));
            }
            return;
        }
    };
    let endpoints = endpoints(&imported.spec);
    if labels.is_empty() {
        for (operation, resource) in &endpoints {
            let endpoint = resource.get("endpoint").unwrap().as_map().unwrap();
            if paginator(endpoint) != "none" || endpoint.get("data_selector").is_some() {
                counts
                    .mistakes
                    .push(format!("{file} {operation:?}: not a list"));
            }
        }
    }
    for label in labels {
        counts.lists += 1;
        let operation = (label.method.clone(), without_names(&label.path));
        let place = format!("{file} {} {}", label.method, label.path);
        match endpoints.get(&operation) {
            Some(resource) => compare_list(&place, &label, resource, counts),
            None => counts.mistakes.push(format!("{place}: not imported")),
        }
    }
}

fn compare_list(place: &str, label: &Label, resource: &Map, counts: &mut Counts) {
    let endpoint = resource.get("endpoint").unwrap().as_map().unwrap();
    let selector = endpoint
        .get("data_selector")
        .and_then(Node::as_text)
        .unwrap_or("$");
    if selector == label.selector {
        counts.selectors += 1;
    } else {
        counts.mistakes.push(format!(
            "{place}: the selector {selector}, expected {}",
            label.selector
        ));
    }
    let found = paginator(endpoint);
    let entry = endpoint
        .entries
        .iter()
        .find(|entry| entry.key == "paginator");
    let is_open = entry.is_some_and(|entry| {
        let mut comments = entry.comments.iter();
        comments.any(|comment| comment.starts_with("Not certain: "))
    });
    let is_right = label
        .paginators
        .iter()
        .any(|right| *right == found || right == "open" && is_open);
    if is_right {
        counts.paginators += 1;
    } else if is_open {
        counts.open += 1;
        counts.mistakes.push(format!(
            "{place}: {found}, not certain: {:?}",
            label.paginators
        ));
    } else {
        counts.wrong_paginators += 1;
        counts
            .mistakes
            .push(format!("{place}: {found}, expected {:?}", label.paginators));
    }
    let Some(evident) = &label.key else { return };
    counts.evident_keys += 1;
    // A child's key has that of its parent before it.
    let found = match resource.get("primary_key") {
        Some(Node::List(keys)) => keys.last().and_then(|key| key.value.as_text()),
        key => key.and_then(Node::as_text),
    };
    match found {
        Some(key) if key == evident => counts.keys += 1,
        Some(key) => {
            counts.wrong_keys += 1;
            counts
                .mistakes
                .push(format!("{place}: the key {key}, expected {evident}"));
        }
        None => counts
            .mistakes
            .push(format!("{place}: no key, expected {evident}")),
    }
}

fn label(operation: &str, value: &Node) -> Label {
    let (method, path) = operation.split_once(' ').unwrap_or(("GET", operation));
    let parts = value.elements().iter();
    let parts: Vec<&str> = parts.map(|part| part.value.as_text().unwrap()).collect();
    Label {
        method: method.to_owned(),
        path: path.to_owned(),
        selector: parts[0].to_owned(),
        paginators: parts[1].split(" | ").map(str::to_owned).collect(),
        key: parts.get(2).map(|key| (*key).to_owned()),
    }
}

/// The resources of a spec by method and path, without the names of parameters.
fn endpoints(spec: &Map) -> BTreeMap<(String, String), &Map> {
    let resources = spec.get("resources").unwrap().elements().iter();
    let resources = resources.map(|one| one.value.as_map().unwrap());
    resources
        .map(|resource| {
            let endpoint = resource.get("endpoint").unwrap().as_map().unwrap();
            let text = |key: &str| endpoint.get(key).and_then(Node::as_text);
            let method = text("method").unwrap_or("GET").to_owned();
            ((method, without_names(text("path").unwrap())), resource)
        })
        .collect()
}

/// A path whose parameters are all called alike.
fn without_names(path: &str) -> String {
    let mut text = String::new();
    let mut is_inside = false;
    for letter in path.chars() {
        match letter {
            '{' => {
                is_inside = true;
                text.push_str("{}");
            }
            '}' => is_inside = false,
            _ if is_inside => {}
            letter => text.push(letter),
        }
    }
    text.trim_start_matches('/').to_owned()
}

/// A paginator as labels write it.
fn paginator(endpoint: &Map) -> String {
    let node = endpoint.get("paginator");
    let kind = match node {
        Some(Node::Map(map)) => map.get("type").and_then(Node::as_text).unwrap_or_default(),
        Some(Node::Text(kind)) => kind,
        _ => "single_page",
    };
    let key = |keys: &[&str]| {
        let map = node.and_then(Node::as_map);
        let found = keys.iter().find_map(|key| map?.get(key));
        match found {
            Some(Node::Text(text) | Node::Number(text)) => text.clone(),
            _ => "?".to_owned(),
        }
    };
    match kind {
        "single_page" => "none".to_owned(),
        "json_link" => format!("json_link {}", key(&["next_url_path"])),
        "cursor" => format!(
            "cursor {} {}",
            key(&["cursor_path"]),
            key(&["cursor_param", "cursor_body_path"])
        ),
        "offset" => format!(
            "offset {} {}",
            key(&["offset_param", "offset_body_path"]),
            key(&["limit_param", "limit_body_path"])
        ),
        "page_number" => format!(
            "page_number {} {}",
            key(&["page_param", "page_body_path"]),
            key(&["base_page"])
        ),
        other => other.to_owned(),
    }
}
