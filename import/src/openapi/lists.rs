//! Where a response has its list of records.

use crate::json_schema::{Schemas, View};
use crate::tree::Value;

/// A list in a response.
pub(super) struct List<'a> {
    /// The keys that lead to it; none where the response itself is the list.
    pub path: Vec<String>,
    /// What leads from an element to its record, for a selector.
    pub within: &'static str,
    /// The schemas of a record.
    pub items: Vec<&'a Value>,
    pub score: i32,
    /// Whether another list of the response is as likely.
    pub is_tied: bool,
}

/// Names of lists in an envelope.
const WRAPPERS: [&str; 24] = [
    "data",
    "items",
    "results",
    "result",
    "value",
    "values",
    "records",
    "entries",
    "content",
    "list",
    "rows",
    "objects",
    "collection",
    "elements",
    "resources",
    "hits",
    "nodes",
    "docs",
    "documents",
    "entities",
    "page",
    "response",
    "payload",
    "resource",
];
/// Names of lists beside the records.
const ASIDE: [&str; 16] = [
    "errors",
    "warnings",
    "links",
    "included",
    "facets",
    "messages",
    "meta",
    "_links",
    "error",
    "columns",
    "fields",
    "sort",
    "filters",
    "order",
    "warning",
    "notifications",
];

/// The list of a response, if it has one. `names` are those of the resource, the likeliest first.
pub(super) fn find<'a>(
    schemas: &Schemas<'a>,
    response: &'a Value,
    names: &[String],
) -> Option<List<'a>> {
    let view = schemas.view(&[response]);
    find_in(schemas, &view, names)
}

fn find_in<'a>(schemas: &Schemas<'a>, view: &View<'a>, names: &[String]) -> Option<List<'a>> {
    if view.is_array() {
        return Some(List {
            path: Vec::new(),
            within: "",
            items: view.items.clone(),
            score: 10,
            is_tied: false,
        });
    }
    let mut found = Vec::new();
    search(schemas, view, names, &mut Vec::new(), &mut found);
    for alternative in &view.alternatives {
        let view = schemas.view(&[alternative]);
        if view.is_array() {
            found.push(List {
                path: Vec::new(),
                within: "",
                items: view.items.clone(),
                score: 4,
                is_tied: false,
            });
        }
        search(schemas, &view, names, &mut Vec::new(), &mut found);
    }
    let best = found.iter().map(|list| list.score).max()?;
    let is_tied = found.iter().filter(|list| list.score == best).count() > 1;
    let mut list = found.into_iter().find(|list| list.score == best)?;
    list.is_tied = is_tied;
    Some(list)
}

/// Adds the lists of an object, down to two objects within it.
fn search<'a>(
    schemas: &Schemas<'a>,
    view: &View<'a>,
    names: &[String],
    path: &mut Vec<String>,
    found: &mut Vec<List<'a>>,
) {
    let arrays = view
        .properties
        .iter()
        .filter(|(_, property)| schemas.view(property).is_array())
        .count();
    let has_paging = view
        .properties
        .iter()
        .any(|(name, _)| is_paging_field(name));
    for (name, property) in &view.properties {
        let property = schemas.view(property);
        if property.is_array() {
            path.push((*name).to_owned());
            let mut score = name_score(name, names, path) + i32::from(has_paging) * 2;
            let items = schemas.view(&property.items);
            score += match () {
                () if items.is_object() || !items.alternatives.is_empty() => 3,
                () if property.items.is_empty() || items.types.is_empty() => 1,
                () => -1,
            };
            score += if arrays == 1 { 2 } else { 0 };
            score -= i32::try_from(path.len()).unwrap_or(9) - 1;
            // The records of GraphQL's connections.
            let node = items.properties.iter().find(|(name, _)| *name == "node");
            let node = node.filter(|(_, node)| *name == "edges" && schemas.view(node).is_object());
            let (within, records) = match node {
                Some((_, node)) => ("[*].node", node.clone()),
                None => ("", property.items.clone()),
            };
            found.push(List {
                path: path.clone(),
                within,
                items: records,
                score,
                is_tied: false,
            });
            path.pop();
        } else if property.is_object() && path.len() < 2 && is_envelope(name, names) {
            path.push((*name).to_owned());
            search(schemas, &property, names, path, found);
            path.pop();
        }
    }
}

fn is_envelope(name: &str, names: &[String]) -> bool {
    let plain = plain(name);
    WRAPPERS.contains(&plain.as_str())
        || name == "_embedded"
        || names.contains(&plain)
        || plain.ends_with("list")
        || plain.ends_with("response")
        || plain.ends_with("collection")
}

fn name_score(name: &str, names: &[String], path: &[String]) -> i32 {
    let plain = plain(name);
    if ASIDE.contains(&plain.as_str()) && names.first() != Some(&plain) {
        return -8;
    }
    let is_embedded = path.first().is_some_and(|first| first == "_embedded");
    let mut score = i32::from(is_embedded) * 4;
    if let Some(at) = names.iter().position(|one| *one == plain) {
        score += if at < 2 { 6 } else { 4 };
    } else if names.iter().any(|one| {
        one.len() > 3
            && (plain.ends_with(one.as_str()) || one.ends_with(plain.as_str()) && plain.len() > 3)
    }) {
        score += 3;
    }
    if WRAPPERS.contains(&plain.as_str()) {
        score += 5;
    }
    score
}

/// Whether a list of this name is beside the records.
pub(super) fn is_aside(name: &str) -> bool {
    ASIDE.contains(&plain(name).as_str())
}

/// A name in lower case, without separators.
pub(super) fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// Fields that only a page of a list has.
pub(super) fn is_paging_field(name: &str) -> bool {
    matches!(
        plain(name).as_str(),
        "next"
            | "nexturl"
            | "nextlink"
            | "nextpage"
            | "nextcursor"
            | "nextpagetoken"
            | "nexttoken"
            | "hasmore"
            | "total"
            | "totalcount"
            | "totalitems"
            | "totalresults"
            | "totalpages"
            | "pagination"
            | "paging"
            | "odatanextlink"
            | "odatacount"
            | "pageinfo"
            | "offset"
            | "limit"
            | "pagesize"
            | "perpage"
            | "startat"
            | "maxresults"
            | "cursor"
            | "islast"
            | "lastpage"
            | "currentpage"
            | "pagenumber"
            | "totalrecords"
            | "totalelements"
            | "resultsetsize"
            | "totalsetsize"
            | "nexturi"
            | "nextpageuri"
            | "cursors"
            | "nextmarker"
            | "continuationtoken"
            | "count"
    )
}

/// A name as the other of one and many: `things` and `thing`.
pub(super) fn singular(name: &str) -> String {
    if let Some(stem) = name.strip_suffix("ies") {
        return format!("{stem}y");
    }
    for end in ["sses", "shes", "ches", "xes"] {
        if name.ends_with(end) {
            return name[..name.len() - 2].to_owned();
        }
    }
    match name.strip_suffix('s') {
        Some(stem) if !stem.ends_with('s') && stem.len() > 1 => stem.to_owned(),
        _ => name.to_owned(),
    }
}

/// Whether lists in an envelope are often called so.
pub(super) fn is_wrapper(plain: &str) -> bool {
    WRAPPERS.contains(&plain)
}
