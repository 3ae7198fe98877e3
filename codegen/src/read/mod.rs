//! The tree against the grammar: unknown, missing and misplaced keys, values of the wrong type.

pub(crate) mod credentials;
mod keys;
mod merge;
mod scalars;
mod shape;
mod words;

use crate::diagnostic::{Diagnostic, Sink};
use crate::grammar::{self, Shape};
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
    let defaults = root
        .get(grammar::source::RESOURCE_DEFAULTS.name)
        .map(merge::normal_resource);
    let resources: Vec<Node> = root
        .get(grammar::source::RESOURCES.name)
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

/// Says what is wrong with the structure of another document than a spec.
#[cfg(feature = "project")]
pub(crate) fn structure(
    root: &Node,
    context: &'static grammar::Context,
    name: &str,
    sink: &mut Sink,
) {
    let mut check = shape::Check::new(sink);
    check.document(root, context, name);
}

/// Whether a value of this shape may be a list, which a resource may extend.
#[cfg(feature = "describe")]
pub(crate) fn may_be_list(shape: &Shape) -> bool {
    merge::may_be_list(shape)
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
pub(crate) fn takes_null(key: &dyn grammar::AnyKey) -> bool {
    key.name == NULL_MEANS_NONE
}
