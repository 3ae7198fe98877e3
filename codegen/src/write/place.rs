//! From a place in a spec's text to the value in its tree.

use std::ops::Range;

use crate::diagnostic::Sink;
use crate::yaml::{self, Node, Value};

/// A step from a map or a list to one of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// To the value of this key.
    Key(String),
    /// To the element at this position.
    Index(usize),
}

/// The way to the smallest value of a text that holds these bytes. A key belongs to its value.
///
/// ```
/// use rest_source_codegen::write::{Step, way_to};
///
/// let text = "resources:\n  - name: things\n";
/// let way = way_to(text, 15..19);
/// assert_eq!(way, [Step::Key("resources".into()), Step::Index(0), Step::Key("name".into())]);
/// ```
pub fn way_to(text: &str, place: Range<usize>) -> Vec<Step> {
    let mut way = Vec::new();
    let document = yaml::parse(text, &mut Sink::default());
    let mut node = document.root.as_ref();
    while let Some(at) = node {
        node = next(at, &place, &mut way);
    }
    way
}

fn next<'a>(node: &'a Node, place: &Range<usize>, way: &mut Vec<Step>) -> Option<&'a Node> {
    let is_in = |from: usize, to: usize| from <= place.start && place.end <= to;
    match &node.value {
        Value::Map(entries) => {
            let entry = entries.iter().find(|entry| {
                is_in(
                    entry.key.span.start,
                    entry.value.span.end.max(entry.key.span.end),
                )
            })?;
            way.push(Step::Key(entry.key.name.clone()));
            Some(&entry.value)
        }
        Value::List(elements) => {
            let at = elements
                .iter()
                .position(|one| is_in(one.span.start, one.span.end))?;
            way.push(Step::Index(at));
            elements.get(at)
        }
        Value::Scalar(_) => None,
    }
}
