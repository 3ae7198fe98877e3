//! The usual form of a spec: keys in the order of the grammar, no value that is the default, short forms.

use super::{Element, Entry, Map, Node};
use crate::grammar::{self, AnyKey, Context, Family, Shape};

/// A spec in its usual form.
pub(super) fn spec(spec: &Map) -> Map {
    let mut inherited = Vec::new();
    for key in ["resource_defaults", "client"] {
        if let Some(value) = spec.get(key) {
            names(value, &mut inherited);
        }
    }
    let usual = Usual { inherited };
    usual.of_keys(spec, grammar::SOURCE.keys.iter().copied(), &[])
}

/// The names of all keys in a value.
fn names(value: &Node, into: &mut Vec<String>) {
    match value {
        Node::Map(map) => {
            for entry in &map.entries {
                into.push(entry.key.clone());
                names(&entry.value, into);
            }
        }
        Node::List(elements) => elements.iter().for_each(|one| names(&one.value, into)),
        _ => {}
    }
}

struct Usual {
    /// Keys that `resource_defaults` or `client` set: elsewhere, their default overrules what is set there.
    inherited: Vec<String>,
}

impl Usual {
    /// The keys of a map that are in a grammar, then the others as they are. The first of each of `tags` comes first.
    fn of_keys(
        &self,
        map: &Map,
        keys: impl Iterator<Item = &'static dyn AnyKey>,
        tags: &[&str],
    ) -> Map {
        let keys: Vec<_> = keys.collect();
        let key_of = |entry: &Entry| keys.iter().copied().find(|key| key.is_called(&entry.key));
        let rank = |entry: &Entry| {
            if tags.contains(&entry.key.as_str()) {
                return 0;
            }
            let at = keys.iter().position(|key| key.is_called(&entry.key));
            at.map_or(usize::MAX, |at| at + 1)
        };
        let mut entries: Vec<&Entry> = map.entries.iter().collect();
        entries.sort_by_key(|entry| rank(entry));
        let entries = entries.into_iter().filter_map(|entry| {
            let key = key_of(entry);
            let value = match key {
                Some(key) => self.value(&entry.value, &key.shape),
                None => entry.value.clone(),
            };
            if entry.comments.is_empty() && key.is_some_and(|key| self.is_default(key, &value)) {
                return None;
            }
            Some(Entry {
                key: entry.key.clone(),
                comments: entry.comments.clone(),
                value,
            })
        });
        Map {
            entries: entries.collect(),
            comments: map.comments.clone(),
        }
    }

    fn is_default(&self, key: &dyn AnyKey, value: &Node) -> bool {
        let written = match value {
            Node::Bool(value) => value.to_string(),
            Node::Number(text) | Node::Text(text) => text.clone(),
            Node::Null | Node::List(_) | Node::Map(_) => return false,
        };
        key.has_default()
            && !key.required
            // Said, it is a decision: `check` asks for one where a parent's column may be null.
            && key.name != grammar::endpoint::ON_NULL_PARENT.name
            && key.default() == written
            && !self.inherited.iter().any(|name| name == key.name)
    }

    fn value(&self, value: &Node, shape: &Shape) -> Node {
        match (shape, value) {
            (Shape::Either(one, other), _) => {
                let shape = if takes(one, value) { one } else { other };
                self.value(value, shape)
            }
            (Shape::Map(context), Node::Map(map)) => self.of_context(map, context),
            (Shape::Tagged(family), Node::Map(map)) => self.of_family(map, family),
            (Shape::Dict(shape), Node::Map(map)) => {
                let entries = map.entries.iter().map(|entry| Entry {
                    value: self.value(&entry.value, shape),
                    ..entry.clone()
                });
                Node::Map(Map {
                    entries: entries.collect(),
                    comments: map.comments.clone(),
                })
            }
            (Shape::List(shape), Node::List(elements)) => {
                let elements = elements.iter().map(|element| Element {
                    value: self.value(&element.value, shape),
                    comments: element.comments.clone(),
                });
                Node::List(elements.collect())
            }
            _ => value.clone(),
        }
    }

    fn of_context(&self, map: &Map, context: &'static Context) -> Node {
        let map = self.of_keys(map, context.keys.iter().copied(), &[]);
        if context.name == grammar::ENDPOINT.name
            && let Some(path) = only(&map, grammar::endpoint::PATH.name)
        {
            return path.clone();
        }
        Node::Map(map)
    }

    fn of_family(&self, map: &Map, family: &'static Family) -> Node {
        let tag = map.get(family.tag).and_then(Node::as_text);
        let Some(member) = tag.and_then(|tag| family.member(tag)) else {
            return Node::Map(map.clone());
        };
        // The keys that the kind needs stand before those that all kinds may have.
        let keys = member.keys.iter().chain(family.common).copied();
        let mut map = self.of_keys(map, keys, &[family.tag]);
        if !family.may_be_bare {
            return Node::Map(map);
        }
        if family.name == grammar::COLUMN.name
            && map.entries.len() == 2
            && member.is_complete()
            && map.get(grammar::column::NULLABLE.name) == Some(&Node::Bool(false))
            && map.entries.iter().all(|entry| entry.comments.is_empty())
        {
            map.remove(grammar::column::NULLABLE.name);
            return Node::Text(format!("{}!", member.word.name));
        }
        if member.is_complete()
            && let Some(word) = only(&map, family.tag)
        {
            return word.clone();
        }
        Node::Map(map)
    }
}

/// The value of this key, if the map has no other key and no comment.
fn only<'a>(map: &'a Map, key: &str) -> Option<&'a Node> {
    match map.entries.as_slice() {
        [entry] if entry.key == key && entry.comments.is_empty() && map.comments.is_empty() => {
            Some(&entry.value)
        }
        _ => None,
    }
}

/// Whether a value is of a shape's kind: a scalar, a list or a map.
fn takes(shape: &Shape, value: &Node) -> bool {
    match shape {
        Shape::Map(_) | Shape::Dict(_) => matches!(value, Node::Map(_)),
        Shape::Tagged(_) => !matches!(value, Node::List(_)),
        Shape::List(_) => matches!(value, Node::List(_)),
        Shape::Json => true,
        Shape::Either(one, other) => takes(one, value) || takes(other, value),
        _ => !matches!(value, Node::List(_) | Node::Map(_)),
    }
}
