use std::collections::BTreeSet;

use super::*;
use crate::diagnostic::Sink;
use crate::yaml::{self, Node};

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
    fn of_map(&mut self, place: &str, keys: &[&'static Key], node: &Node) {
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
                self.of_map(context.name, &context.keys.iter().collect::<Vec<_>>(), node);
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
                self.of_map(&place, &member.keys.iter().collect::<Vec<_>>(), node);
                self.of_map(family.name, &family.common.iter().collect::<Vec<_>>(), node);
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
    fn of_keys(&mut self, place: &str, keys: &'static [Key]) {
        for key in keys {
            for name in key.aliases.iter().chain([&key.name]) {
                self.found.insert(format!("{place}: {name}"));
            }
            self.of_shape(&format!("{place}: {}", key.name), &key.shape);
        }
    }

    fn of_shape(&mut self, place: &str, shape: &'static Shape) {
        match shape {
            Shape::Word(known) => {
                for word in *known {
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
    for text in [EVERYTHING, THE_OTHER] {
        let compiled = crate::compile("everything.yaml", text);
        assert_eq!(compiled.diagnostics.render(), "");
        assert!(compiled.connector.is_some());
        let root = yaml::parse(text, &mut Sink::default()).root.unwrap();
        uses.of_map(SOURCE.name, &SOURCE.keys.iter().collect::<Vec<_>>(), &root);
    }
    // A setting of this type needs its values, and so a map.
    uses.0.insert("a spec: config = enum".to_owned());
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
