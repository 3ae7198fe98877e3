use std::collections::BTreeSet;

use super::*;
use crate::diagnostic::Sink;
use crate::yaml::{self, Kind, Node, Value};

const EVERYTHING: &str = include_str!("../../tests/everything.yaml");

/// What cannot stand beside the rest.
const THE_OTHER: &str = "
client:
  base_url: https://api.example.com
  retry: { retry_after_path: wait, retry_after_unit: s }
resources:
  - name: things
    endpoint: { path: /things, paginator: single_page }
    columns: { id: text }
";

/// What the keys of a member are called. A parameter that is `incremental` is the endpoint's.
fn place_of(family: &Family, member: &Member) -> String {
    match (family.name, member.word.name) {
        ("parameter", "incremental") => INCREMENTAL.name.to_owned(),
        (family, member) => format!("{family} {member}"),
    }
}

/// What of the grammar a spec uses: `a resource: name`, `paginator offset: limit`, `method = GET`.
#[derive(Default)]
struct Uses(BTreeSet<String>);

impl Uses {
    fn of_map(&mut self, place: &str, keys: &[&'static dyn AnyKey], node: &Node) {
        for entry in node.entries() {
            if let Some(key) = keys.iter().find(|key| key.is_called(&entry.key.name)) {
                self.0.insert(format!("{place}: {}", entry.key.name));
                self.of_value(&format!("{place}: {}", key.name), &key.shape, &entry.value);
            }
        }
    }

    fn of_value(&mut self, place: &str, shape: &'static Shape, node: &Node) {
        match shape {
            Shape::Word(_) => {
                let word = node.scalar().map(|scalar| scalar.text.clone());
                self.0.extend(word.map(|word| format!("{place} = {word}")));
            }
            Shape::Map(context) => {
                self.of_map(context.name, context.keys, node);
            }
            Shape::Tagged(family) => {
                let tag = node.get(family.tag).unwrap_or(node).scalar();
                let word = tag
                    .map(|tag| tag.text.trim_end_matches('!'))
                    .unwrap_or_default();
                let Some(member) = family.member(word) else {
                    return;
                };
                self.0.insert(format!("{} = {word}", family.name));
                let place = place_of(family, member);
                self.of_map(&place, member.keys, node);
                self.of_map(family.name, family.common, node);
            }
            Shape::Dict(inner) => {
                let entries = node.entries().iter();
                entries.for_each(|entry| self.of_value(place, inner, &entry.value));
            }
            Shape::List(inner) => {
                let elements = node.elements().iter();
                elements.for_each(|element| self.of_value(place, inner, element));
            }
            Shape::Either(first, second) => {
                self.of_value(place, first, node);
                self.of_value(place, second, node);
            }
            _ => {}
        }
    }
}

/// What of the grammar there is.
#[derive(Default)]
struct All {
    found: BTreeSet<String>,
    visited: BTreeSet<String>,
}

impl All {
    fn of_keys(&mut self, place: &str, keys: &'static [&'static dyn AnyKey]) {
        for key in keys {
            let names = key.aliases.iter().chain([&key.name]);
            for name in names.filter(|_| key.example.is_empty()) {
                self.found.insert(format!("{place}: {name}"));
            }
            self.of_shape(&format!("{place}: {}", key.name), &key.shape);
        }
    }

    fn of_shape(&mut self, place: &str, shape: &'static Shape) {
        match shape {
            Shape::Word(known) => {
                for word in known() {
                    let names = word.aliases.iter().chain([&word.name]);
                    self.found
                        .extend(names.map(|name| format!("{place} = {name}")));
                }
            }
            Shape::Map(context) if self.visited.insert(context.name.to_owned()) => {
                self.of_keys(context.name, context.keys);
            }
            Shape::Tagged(family) if self.visited.insert(family.name.to_owned()) => {
                for member in family.members {
                    let names = member.word.aliases.iter().chain([&member.word.name]);
                    self.found
                        .extend(names.map(|name| format!("{} = {name}", family.name)));
                    self.of_keys(&place_of(family, member), member.keys);
                }
                self.of_keys(family.name, family.common);
            }
            Shape::Dict(inner) | Shape::List(inner) => self.of_shape(place, inner),
            Shape::Either(first, second) => {
                self.of_shape(place, first);
                self.of_shape(place, second);
            }
            _ => {}
        }
    }
}

#[test]
fn every_key_and_word_has_a_valid_example() {
    let mut uses = Uses::default();
    // A spec has one `retry`.
    let units = ["min", "epoch_seconds", "epoch_millis"];
    let units = units.map(|unit| THE_OTHER.replace("unit: s", &format!("unit: {unit}")));
    let texts = [EVERYTHING, THE_OTHER].into_iter();
    for text in texts.chain(units.iter().map(String::as_str)) {
        let compiled = crate::compile("everything.yaml", text);
        assert_eq!(compiled.diagnostics.render(), "");
        assert!(compiled.connector.is_some());
        let root = yaml::parse(text, &mut Sink::default()).root.unwrap();
        uses.of_map(SOURCE.name, SOURCE.keys, &root);
    }
    // A setting of these types needs `values` or `items`, and so a map.
    for word in ["enum", "list"] {
        uses.0.insert(format!("a spec: config = {word}"));
    }
    let mut all = All::default();
    all.of_keys(SOURCE.name, SOURCE.keys);
    let without: Vec<&String> = all.found.difference(&uses.0).collect();
    assert!(without.is_empty(), "no example for: {without:#?}");
}

#[test]
fn no_key_and_no_word_stands_twice() {
    for context in [
        &SOURCE,
        &CLIENT,
        &RESOURCE,
        &ENDPOINT,
        &INCREMENTAL,
        &RATE_LIMIT,
        &RETRY,
    ] {
        let mut names = BTreeSet::new();
        for name in context
            .keys
            .iter()
            .flat_map(|key| key.aliases.iter().chain([&key.name]))
        {
            assert!(names.insert(name), "{}: {name}", context.name);
        }
    }
    for family in [&AUTH, &PAGINATOR, &COLUMN] {
        for member in family.members {
            let mut names = BTreeSet::from([&family.tag]);
            let keys = family.common.iter().chain(member.keys);
            for name in keys.flat_map(|key| key.aliases.iter().chain([&key.name])) {
                assert!(
                    names.insert(name),
                    "{} {}: {name}",
                    family.name,
                    member.word.name
                );
            }
        }
    }
}

#[test]
fn every_meaning_is_one_line_in_the_voice_of_the_project() {
    let families = [&AUTH, &PAGINATOR, &COLUMN];
    let keys = families
        .iter()
        .flat_map(|family| family.members.iter().flat_map(|member| member.keys));
    let contexts = [
        &SOURCE,
        &CLIENT,
        &RESOURCE,
        &ENDPOINT,
        &INCREMENTAL,
        &RATE_LIMIT,
        &RETRY,
        &TIMEOUT,
    ];
    for key in contexts.iter().flat_map(|context| context.keys).chain(keys) {
        let meaning = key.meaning;
        assert!(
            !meaning.is_empty() && meaning.len() < 90,
            "{}: {meaning}",
            key.name
        );
        assert!(
            !meaning.ends_with('.') && !meaning.contains('\n'),
            "{}: {meaning}",
            key.name
        );
    }
}

/// A map of a spec: the keys and positions that lead to it, and the keys that it may have.
struct Place {
    path: Vec<String>,
    name: String,
    keys: Vec<&'static dyn AnyKey>,
}

/// The maps of a spec.
#[derive(Default)]
struct Places(Vec<Place>);

impl Places {
    fn of_map(&mut self, path: &[String], name: &str, keys: Vec<&'static dyn AnyKey>, node: &Node) {
        for entry in node.entries() {
            if let Some(key) = keys.iter().find(|key| key.is_called(&entry.key.name)) {
                self.of_value(&within(path, &entry.key.name), &key.shape, &entry.value);
            }
        }
        self.0.push(Place {
            path: path.to_vec(),
            name: name.to_owned(),
            keys,
        });
    }

    fn of_value(&mut self, path: &[String], shape: &'static Shape, node: &Node) {
        match shape {
            Shape::Map(context) if !node.entries().is_empty() => {
                self.of_map(path, context.name, context.keys.to_vec(), node);
            }
            Shape::Tagged(family) => {
                let tag = node.get(family.tag).and_then(Node::scalar);
                let Some(member) = tag.and_then(|tag| family.member(&tag.text)) else {
                    return;
                };
                let keys = family.common.iter().chain(member.keys).copied().collect();
                self.of_map(path, &place_of(family, member), keys, node);
            }
            Shape::Dict(inner) => {
                for entry in node.entries() {
                    self.of_value(&within(path, &entry.key.name), inner, &entry.value);
                }
            }
            Shape::List(inner) => {
                for (at, element) in node.elements().iter().enumerate() {
                    self.of_value(&within(path, &at.to_string()), inner, element);
                }
            }
            Shape::Either(first, second) => {
                self.of_value(path, first, node);
                self.of_value(path, second, node);
            }
            _ => {}
        }
    }
}

fn within(path: &[String], name: &str) -> Vec<String> {
    [path, &[name.to_owned()]].concat()
}

/// What a path leads to.
fn at<'n>(node: &'n Node, path: &[String]) -> Option<&'n Node> {
    let Some((first, rest)) = path.split_first() else {
        return Some(node);
    };
    let inner = match &node.value {
        Value::List(elements) => elements.get(first.parse::<usize>().ok()?),
        _ => node.get(first),
    };
    at(inner?, rest)
}

/// Whether a resource would inherit the key.
fn is_inherited(root: &Node, place: &Place, key: &dyn AnyKey) -> bool {
    let [resources, _, rest @ ..] = place.path.as_slice() else {
        return false;
    };
    let defaults = root.get(source::RESOURCE_DEFAULTS.name);
    let same = defaults.and_then(|defaults| at(defaults, rest));
    resources == source::RESOURCES.name && same.is_some_and(|same| same.get(key.name).is_some())
}

/// The spec in one line, so that all has the same line, with another value of a key of one map.
fn written(node: &Node, path: Option<&[String]>, key: &dyn AnyKey, value: Option<&str>) -> String {
    let inner = |name: &str| match path {
        Some([first, rest @ ..]) if first == name => Some(rest),
        _ => None,
    };
    match &node.value {
        Value::Scalar(scalar) if scalar.kind == Kind::Text => format!("{:?}", scalar.text),
        Value::Scalar(scalar) => scalar.text.clone(),
        Value::List(elements) => {
            let elements = elements.iter().enumerate();
            let elements: Vec<_> = elements
                .map(|(at, element)| written(element, inner(&at.to_string()), key, value))
                .collect();
            format!("[{}]", elements.join(", "))
        }
        Value::Map(entries) => {
            let is_place = path.is_some_and(<[String]>::is_empty);
            let mut members = Vec::new();
            for entry in entries {
                let name = &entry.key.name;
                if !(is_place && key.is_called(name)) {
                    let value = written(&entry.value, inner(name), key, value);
                    members.push(format!("{name:?}: {value}"));
                }
            }
            members.extend(
                value
                    .filter(|_| is_place)
                    .map(|value| format!("{}: {value}", key.name)),
            );
            format!("{{{}}}", members.join(", "))
        }
    }
}

/// An example that a key itself has is right in each map of the examples that may have the key.
#[test]
fn the_example_of_every_key_is_valid() {
    let root = yaml::parse(EVERYTHING, &mut Sink::default()).root.unwrap();
    let mut places = Places::default();
    places.of_map(&[], SOURCE.name, SOURCE.keys.to_vec(), &root);
    for place in &places.0 {
        for key in place
            .keys
            .iter()
            .copied()
            .filter(|key| !key.example.is_empty())
        {
            let spec = written(&root, Some(&place.path), key, Some(key.example));
            let compiled = crate::compile("everything.yaml", &spec);
            assert_eq!(
                compiled.diagnostics.render(),
                "",
                "{}: {}",
                place.name,
                key.name
            );
        }
    }
}

/// A spec that leaves a key out means what it would with the documented default written out. The test tries
/// each map of the examples that may have the key, and each key must be found in one at least.
#[test]
fn the_documented_default_of_every_key_is_the_one_that_applies() {
    let mut shown = BTreeSet::new();
    let mut all = BTreeSet::new();
    for text in [EVERYTHING, THE_OTHER] {
        let root = yaml::parse(text, &mut Sink::default()).root.unwrap();
        let mut places = Places::default();
        places.of_map(&[], SOURCE.name, SOURCE.keys.to_vec(), &root);
        for place in &places.0 {
            for key in place.keys.iter().copied().filter(|key| key.has_default()) {
                let name = format!("{}: {}", place.name, key.name);
                all.insert(name.clone());
                if shown.contains(&name) || is_inherited(&root, place, key) {
                    continue;
                }
                let compiled = |value: Option<&str>| {
                    let spec = written(&root, Some(&place.path), key, value);
                    crate::compile("everything.yaml", &spec).connector
                };
                let default = key.default();
                // Beside some keys another may not be left out, or said.
                if let (Some(without), Some(with)) = (compiled(None), compiled(Some(&default))) {
                    assert_eq!(without, with, "{name}: {default}");
                    shown.insert(name);
                }
            }
        }
    }
    let missing: Vec<&String> = all.difference(&shown).collect();
    assert!(missing.is_empty(), "not shown: {missing:#?}");
    assert!(shown.len() > 40, "{shown:#?}");
}
