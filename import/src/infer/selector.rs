//! Where a page has its records.

use super::{Finding, Json, Page, path_text};

/// Names of the keys that lists of records have.
const NAMES: [&str; 17] = [
    "data", "items", "results", "records", "value", "values", "rows", "entries", "list", "objects",
    "result", "content", "elements", "docs", "hits", "edges", "response",
];

/// How deep records are looked for, in keys.
const DEPTH: usize = 6;

/// How records stand in a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A list of them at this path.
    List(Vec<String>),
    /// A list at this path of objects that have the record as the value of this key.
    Wrapped(Vec<String>, String),
    /// An object at this path whose keys are data and whose values are the records.
    Keyed(Vec<String>),
    /// An object at this path is the only record.
    Single(Vec<String>),
}

impl Shape {
    /// The records at a known path: the elements of a list, or an object as the only record.
    pub fn at(path: Vec<String>, pages: &[Page]) -> Self {
        let is_list = |page: &Page| matches!(page.body.at(&path), Some(Json::List(_)));
        if pages.iter().any(is_list) {
            Self::List(path)
        } else {
            Self::Single(path)
        }
    }

    /// As a `data_selector`; `None` for the whole body.
    pub fn selector(&self) -> Option<String> {
        match self {
            Self::List(path) | Self::Single(path) if path.is_empty() => None,
            Self::List(path) | Self::Single(path) => Some(path_text(path)),
            Self::Wrapped(path, key) => {
                let wrapper = rooted(path);
                let key = path_text(std::slice::from_ref(key));
                Some(match key.strip_prefix('$') {
                    Some(bracketed) => format!("{wrapper}[*]{bracketed}"),
                    None => format!("{wrapper}[*].{key}"),
                })
            }
            Self::Keyed(path) => Some(format!("{}.*", rooted(path))),
        }
    }

    /// The records of a page.
    pub fn records<'a>(&self, body: &'a Json) -> Vec<&'a Json> {
        match self {
            Self::List(path) => body
                .at(path)
                .map_or_else(Vec::new, |list| list.elements().iter().collect()),
            Self::Wrapped(path, key) => {
                let elements = body.at(path).map_or(&[][..], Json::elements);
                elements
                    .iter()
                    .filter_map(|element| element.get(key))
                    .collect()
            }
            Self::Keyed(path) => {
                let members = body.at(path).map_or(&[][..], Json::members);
                members.iter().map(|(_, value)| value).collect()
            }
            Self::Single(path) => body.at(path).into_iter().collect(),
        }
    }

    /// The path that the records are below.
    pub fn path(&self) -> &[String] {
        match self {
            Self::List(path) | Self::Wrapped(path, _) | Self::Keyed(path) | Self::Single(path) => {
                path
            }
        }
    }
}

fn rooted(path: &[String]) -> String {
    match path_text(path) {
        text if text.starts_with('$') => text,
        text if text.is_empty() => "$".to_owned(),
        text => format!("$.{text}"),
    }
}

/// A place where records may be.
#[derive(Clone, Debug)]
struct Candidate {
    shape: Shape,
    records: usize,
    score: i64,
}

/// Finds the records of pages of one resource.
pub(super) fn find(pages: &[Page], resource: &str) -> Finding<Shape> {
    let mut candidates: Vec<Candidate> = Vec::new();
    for page in pages {
        let mut found = Vec::new();
        collect(&page.body, &mut Vec::new(), resource, &mut found);
        for one in found {
            match candidates.iter_mut().find(|known| known.shape == one.shape) {
                Some(known) => {
                    known.records += one.records;
                    known.score = known.score.max(one.score);
                }
                None => candidates.push(one),
            }
        }
    }
    candidates.sort_by_key(|candidate| {
        let records = i64::try_from(candidate.records.min(1000)).unwrap_or(0);
        std::cmp::Reverse(candidate.score + records / 50)
    });
    let Some(best) = candidates.first() else {
        return single(pages);
    };
    let evidence = format!(
        "{} in {}",
        super::count(best.records, "record"),
        super::count(pages.len(), "page")
    );
    let mut finding = Finding::new(best.shape.clone(), evidence);
    let others = candidates[1..]
        .iter()
        .filter(|other| other.score + 2 >= best.score);
    let others: Vec<String> = others
        .filter(|other| !matches!(other.shape, Shape::Keyed(_)))
        .map(|other| {
            format!(
                "`{}`",
                other.shape.selector().unwrap_or_else(|| "$".to_owned())
            )
        })
        .collect();
    if !others.is_empty() {
        finding
            .doubts
            .push(format!("{} may be the records, too", others.join(", ")));
    }
    if matches!(best.shape, Shape::Keyed(_)) {
        finding
            .doubts
            .push("the keys of this object were taken for data".to_owned());
    }
    finding
}

fn single(pages: &[Page]) -> Finding<Shape> {
    let has_empty_list = pages
        .iter()
        .find_map(|page| empty_list(&page.body, &mut Vec::new()));
    if let Some(path) = has_empty_list {
        let mut finding = Finding::new(Shape::List(path), "an empty list".to_owned());
        finding.doubts.push("no page had a record".to_owned());
        return finding;
    }
    let mut finding = Finding::new(Shape::Single(Vec::new()), "no list of objects".to_owned());
    finding
        .doubts
        .push("the body was taken for the only record".to_owned());
    finding
}

fn empty_list(value: &Json, path: &mut Vec<String>) -> Option<Vec<String>> {
    match value {
        Json::List(elements) if elements.is_empty() => Some(path.clone()),
        Json::Map(members) if path.len() < DEPTH => members.iter().find_map(|(key, value)| {
            path.push(key.clone());
            let found = empty_list(value, path);
            path.pop();
            found
        }),
        _ => None,
    }
}

fn collect(value: &Json, path: &mut Vec<String>, resource: &str, found: &mut Vec<Candidate>) {
    match value {
        Json::List(elements) => {
            let objects = elements.iter().filter(|one| matches!(one, Json::Map(_)));
            if elements.is_empty() || objects.count() != elements.len() {
                return;
            }
            let shape = match wrapper(elements) {
                Some(key) => Shape::Wrapped(path.clone(), key),
                None => Shape::List(path.clone()),
            };
            let is_whole = path.is_empty();
            found.push(Candidate {
                shape,
                records: elements.len(),
                score: name_score(path, resource) + if is_whole { 20 } else { 0 },
            });
        }
        Json::Map(members) => {
            if path.len() >= DEPTH {
                return;
            }
            if is_keyed(members) {
                found.push(Candidate {
                    shape: Shape::Keyed(path.clone()),
                    records: members.len(),
                    score: name_score(path, resource) - 1,
                });
            }
            for (key, value) in members {
                path.push(key.clone());
                collect(value, path, resource, found);
                path.pop();
            }
        }
        _ => {}
    }
}

/// The key whose value is the record, as `node` of the edges of GraphQL.
fn wrapper(elements: &[Json]) -> Option<String> {
    let is_wrapped = |element: &Json| {
        let members = element.members();
        members.len() <= 2
            && members
                .iter()
                .any(|(key, value)| key == "node" && matches!(value, Json::Map(_)))
    };
    elements.iter().all(is_wrapped).then(|| "node".to_owned())
}

fn name_score(path: &[String], resource: &str) -> i64 {
    let depth = i64::try_from(path.len()).unwrap_or(0);
    let last = path.last().map_or("", String::as_str).to_lowercase();
    let resource = resource.to_lowercase();
    let plain = |text: &str| text.trim_end_matches('s').replace(['-', '_'], "");
    let named = if !last.is_empty() && plain(&last) == plain(&resource) {
        8
    } else if NAMES.contains(&last.as_str()) {
        6
    } else if matches!(
        last.as_str(),
        "included"
            | "includes"
            | "errors"
            | "warnings"
            | "links"
            | "facets"
            | "aggregations"
            | "columns"
            | "fields"
            | "schema"
    ) {
        -6
    } else {
        0
    };
    named - depth
}

/// From how many members on an object of alike objects is a map, whatever its keys are.
const MANY: usize = 10;

/// Whether the keys of an object are data, and its values records: objects of one shape, under keys that are no names or that are many.
fn is_keyed(members: &[(String, Json)]) -> bool {
    if members.len() < 2
        || !members
            .iter()
            .all(|(_, value)| matches!(value, Json::Map(one) if !one.is_empty()))
    {
        return false;
    }
    let has_ids = members.iter().all(|(key, value)| {
        let is_id_of = |name: &str| value.get(name).and_then(Json::as_scalar) == Some(key);
        is_data_key(key)
            || ["id", "key", "uid", "uuid", "code", "symbol"]
                .iter()
                .any(|name| is_id_of(name))
    });
    (has_ids || members.len() >= MANY) && is_alike(members.iter().map(|(_, value)| value))
}

/// Whether objects have most of their keys in common.
pub(super) fn is_alike<'a>(values: impl Iterator<Item = &'a Json>) -> bool {
    let mut counts: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    let (mut objects, mut keys) = (0, 0);
    for value in values {
        objects += 1;
        for (key, _) in value.members() {
            *counts.entry(key).or_default() += 1;
            keys += 1;
        }
    }
    objects > 0 && !counts.is_empty() && keys * 2 >= counts.len() * objects
}

/// Whether a key is data and not a name: a number, a date, a UUID, an address.
pub(super) fn is_data_key(key: &str) -> bool {
    let digits = key.chars().filter(char::is_ascii_digit).count();
    let is_name = key.starts_with(|c: char| c.is_ascii_alphabetic() || "_@$".contains(c))
        && key
            .chars()
            .all(|c| c.is_alphanumeric() || "_-.@$:".contains(c));
    !is_name || digits * 3 >= key.chars().count() && digits >= 2
}
