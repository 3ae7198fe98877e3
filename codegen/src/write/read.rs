//! A spec's text as a tree, as far as it is YAML of the language.

use std::fmt;

use super::{Element, Entry, Map, Node};
use crate::diagnostic::Sink;
use crate::yaml::{self, Kind, Value};

/// The tree of a spec's text, without comments; values that aliases stand for are there each time.
///
/// # Errors
///
/// When the text is no YAML as specs have it, or no map.
pub fn read(text: &str) -> Result<Map, Unreadable> {
    let mut sink = Sink::default();
    let document = yaml::parse(text, &mut sink);
    match document.root.map(|root| node(&root)) {
        Some(Node::Map(map)) if document.whole && !sink.has_errors() => Ok(map),
        _ => Err(Unreadable),
    }
}

/// A text is no spec: [`compile`](crate::compile) says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the text is not the YAML of a spec")
    }
}

impl std::error::Error for Unreadable {}

fn node(node_: &yaml::Node) -> Node {
    match &node_.value {
        Value::Scalar(scalar) => match scalar.kind {
            Kind::Null => Node::Null,
            Kind::Bool(value) => Node::Bool(value),
            Kind::Integer | Kind::Float => Node::Number(scalar.text.clone()),
            Kind::Text | Kind::Unclear => Node::Text(scalar.text.clone()),
        },
        Value::List(elements) => {
            Node::List(elements.iter().map(|one| Element::new(node(one))).collect())
        }
        Value::Map(entries) => {
            let entries = entries.iter().map(|entry| Entry {
                key: entry.key.name.clone(),
                comments: Vec::new(),
                value: node(&entry.value),
            });
            Node::Map(Map {
                entries: entries.collect(),
                comments: Vec::new(),
            })
        }
    }
}
