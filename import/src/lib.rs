//! Other tools' connectors and API descriptions as rest-source specs.
//!
//! Each format is a module whose function takes the text of the source and returns an [`Imported`]: the spec, and the
//! list of what could not be carried over. Nothing of a source is executed, and none is fetched. [`infer`] makes a spec of
//! the pages of an API.

pub mod airbyte;
mod credentials;
pub mod curl;
pub mod dlt;
pub mod infer;
mod json_schema;
pub mod merge;
mod names;
pub mod openapi;
mod position;
mod python;
mod settle;
mod tree;

use std::fmt;

use rest_source_codegen::write::{Map, Node, text};

/// A spec made from another tool's document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// The spec, with a comment where something is lost or uncertain.
    pub spec: Map,
    /// What could not be carried over, in the order of the source.
    pub losses: Vec<Loss>,
}

/// Something in a source that the spec does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Where it stands in the source: a file with its line, or the path of keys to it.
    pub place: String,
    /// What it is, and what to do instead.
    pub what: String,
}

/// A source that cannot be imported at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportError {
    /// Where the mistake stands in the source.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Imported {
    /// What the spec says, but the source does not decide: the path of its key, and the comment that stands there.
    pub fn uncertain(&self) -> Vec<Loss> {
        let mut found = Vec::new();
        uncertain(&self.spec, "", &mut found);
        found
    }

    /// The text of the spec.
    pub fn text(&self) -> String {
        text(&self.spec)
    }
}

/// How a comment begins above what a source does not decide.
const NOT_CERTAIN: &str = "Not certain: ";

fn uncertain(map: &Map, place: &str, found: &mut Vec<Loss>) {
    add_uncertain(&map.comments, place.trim_end_matches('.'), found);
    for entry in &map.entries {
        let place = format!("{place}{}", entry.key);
        add_uncertain(&entry.comments, &place, found);
        if let Node::Map(map) = &entry.value {
            uncertain(map, &format!("{place}."), found);
        }
        for element in entry.value.elements() {
            add_uncertain(&element.comments, &place, found);
            if let Node::Map(map) = &element.value {
                let name = map.get("name").and_then(Node::as_text).unwrap_or_default();
                uncertain(map, &format!("{place}.{name}."), found);
            }
        }
    }
}

fn add_uncertain(comments: &[String], place: &str, found: &mut Vec<Loss>) {
    for comment in comments {
        if let Some(what) = comment.strip_prefix(NOT_CERTAIN) {
            found.push(Loss {
                place: place.to_owned(),
                what: format!("not certain: {what}"),
            });
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n  help: {}", self.place, self.message, self.help)
    }
}

impl std::error::Error for ImportError {}
