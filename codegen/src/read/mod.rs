//! The tree against the grammar: unknown, missing and misplaced keys, values of the wrong type.

mod keys;
mod merge;
mod scalars;
mod shape;
mod words;

use crate::diagnostic::{Diagnostic, Sink, Span};
use crate::foreign::{self, Jinja};
use crate::grammar::{self, Shape};
use crate::secretive;
use crate::spec::Spec;
use crate::yaml::{Document, Node, Value};

/// Reads a spec, as far as it can be read; says everything that is wrong with its structure.
pub(crate) fn read(document: Document, sink: &mut Sink) -> Option<Spec> {
    let Some(root) = document.root else {
        if document.whole {
            sink.push(
                Diagnostic::error("RS0110", &(0..0), "the spec is empty")
                    .help("a spec has at least `client` and `resources`"),
            );
        }
        return None;
    };
    let defaults = root.get("resource_defaults").map(merge::normal_resource);
    let resources: Vec<Node> = root
        .get("resources")
        .map(Node::elements)
        .unwrap_or_default()
        .iter()
        .map(|resource| merge::inherited(defaults.as_ref(), resource))
        .collect();
    // After a mistake in the syntax the rest of the text is missing, and so would be many keys.
    if document.whole {
        let mut check = shape::Check::new(sink);
        check.spec(&root, defaults.as_ref(), &resources);
    }
    Some(Spec { root, resources })
}

/// The places of credentials that are written in a spec, which no message may repeat.
pub(crate) fn literal_credentials(node: &Node, found: &mut dyn FnMut(&Span)) {
    for entry in node.entries() {
        match entry.key.name.as_str() {
            "auth" => literals(&entry.value, is_credential, found),
            "headers" => literals(&entry.value, secretive::header, found),
            "params" | "data" | "json" => literals(&entry.value, secretive::param, found),
            "secrets" => values(&entry.value, found),
            _ => literal_credentials(&entry.value, found),
        }
    }
    for element in node.elements() {
        literal_credentials(element, found);
    }
    if node.scalar().is_some_and(|scalar| {
        holds_credentials(&scalar.text) || secretive::in_query(&scalar.text).is_some()
    }) {
        found(&node.span);
    }
}

const CREDENTIALS: [&str; 5] = [
    "api_key",
    "token",
    "password",
    "client_secret",
    "refresh_token",
];

fn is_credential(key: &str) -> bool {
    CREDENTIALS.contains(&key.to_ascii_lowercase().as_str())
}

/// What stands under such keys, anywhere within, and holds no placeholder.
fn literals(node: &Node, is_secret: fn(&str) -> bool, found: &mut dyn FnMut(&Span)) {
    for entry in node.entries() {
        if is_secret(&entry.key.name) {
            scalars(&entry.value, found);
        }
        literals(&entry.value, is_secret, found);
    }
}

/// The texts in a value that hold no placeholder.
fn scalars(node: &Node, found: &mut dyn FnMut(&Span)) {
    if node.scalar().is_some_and(|scalar| is_literal(&scalar.text)) {
        found(&node.span);
    }
    for element in node.elements() {
        scalars(element, found);
    }
}

/// Whether a text holds neither a placeholder nor what was meant for one.
fn is_literal(text: &str) -> bool {
    let is_meant = |one: &Jinja<'_>| one.ours(true).is_some() && one.whole == text.trim();
    !foreign::holds_placeholder(text) && !foreign::jinja(text).iter().any(is_meant)
}

/// The same in a text of which the syntax is wrong, so that there may be no tree of it: what
/// follows such a key in its line.
pub(crate) fn literal_credentials_in_lines(text: &str, found: &mut dyn FnMut(&Span)) {
    let mut begin = 0;
    for line in text.split_inclusive('\n') {
        let lower = line.to_ascii_lowercase();
        let mut ends = ends_of_headers(&lower);
        for key in CREDENTIALS {
            ends.extend(lower.find(key).map(|at| at + key.len()));
        }
        for after in ends {
            let is_literal = line
                .get(after..)
                .is_some_and(|rest| rest.contains(':') && !rest.contains("{secrets."));
            if is_literal {
                found(&(begin + after + 1..begin + line.trim_end().len()));
            }
        }
        begin += line.len();
    }
}

/// Where the names of headers end that hold secrets.
fn ends_of_headers(line: &str) -> Vec<usize> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let (mut ends, mut at) = (Vec::new(), 0);
    for piece in line.split_inclusive(|c| !is_part(c)) {
        let word = piece.trim_end_matches(|c| !is_part(c));
        if secretive::header(word) {
            ends.push(at + word.len());
        }
        at += piece.len();
    }
    ends
}

/// The values of a map that are no maps.
fn values(node: &Node, found: &mut dyn FnMut(&Span)) {
    for entry in node.entries() {
        if entry.value.scalar().is_some() {
            found(&entry.value.span);
        }
    }
}

/// `https://user:password@host`.
fn holds_credentials(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| {
        rest.split('/')
            .next()
            .is_some_and(|authority| authority.contains('@'))
    })
}

/// Whether a value is of the kind, scalar, list or map, that a shape wants.
fn is_of_kind(node: &Node, shape: &Shape) -> bool {
    match shape {
        Shape::Map(_) | Shape::Dict(_) => matches!(node.value, Value::Map(_)),
        Shape::List(_) => matches!(node.value, Value::List(_)),
        Shape::Tagged(family) => match node.value {
            Value::Map(_) => true,
            Value::Scalar(_) => family.may_be_bare,
            Value::List(_) => false,
        },
        Shape::Either(first, second) => is_of_kind(node, first) || is_of_kind(node, second),
        Shape::Json => true,
        _ => matches!(node.value, Value::Scalar(_)),
    }
}

/// The key for which null means something: no credentials.
const NULL_MEANS_NONE: &str = "auth";

/// Whether null may stand for the value of a key.
pub(crate) fn takes_null(key: &grammar::Key) -> bool {
    key.name == NULL_MEANS_NONE
}
