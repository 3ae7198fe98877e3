//! The place of a byte in the tree, and what the grammar allows there.

use crate::grammar::{self, AnyKey, Family, Shape};
use crate::yaml::{Entry, Node, Value};

/// The whole spec.
static SPEC: Shape = Shape::Map(&grammar::SOURCE);

/// The innermost value that contains a byte, with the values around it.
#[derive(Debug)]
pub(super) struct Place<'t> {
    /// From the root to the innermost value; never empty.
    pub steps: Vec<Step<'t>>,
    pub target: Target<'t>,
}

/// A value on the way from the root to a byte.
pub(super) struct Step<'t> {
    pub node: &'t Node,
    /// The name that it stands under; empty for the root and for elements of a list.
    pub name: &'t str,
    /// The key of the language with this name; none in a map of the user's names.
    pub key: Option<&'static dyn AnyKey>,
    /// What the grammar allows here.
    pub shape: Option<&'static Shape>,
    /// The same value of `resource_defaults`, within a resource.
    pub default: Option<&'t Node>,
}

/// What stands at the byte.
#[derive(Debug)]
pub(super) enum Target<'t> {
    /// A key of the innermost map.
    Key(&'t Entry),
    /// The innermost value itself.
    Value,
}

impl<'t> Place<'t> {
    /// The place of a byte, which may be the end of a word.
    pub(super) fn at(root: &'t Node, at: usize) -> Self {
        Self::of(root, at, root.get(grammar::source::RESOURCE_DEFAULTS.name))
    }

    /// The place of a byte in a spec with these `resource_defaults`.
    pub(super) fn of(root: &'t Node, at: usize, defaults: Option<&'t Node>) -> Self {
        let mut steps = vec![Step {
            node: root,
            name: "",
            key: None,
            shape: Some(&SPEC),
            default: None,
        }];
        while let Some(last) = steps.last() {
            let is_resource = steps.len() == 2 && last.name == grammar::source::RESOURCES.name;
            match last.within(at) {
                Inner::Key(entry) => {
                    return Self {
                        steps,
                        target: Target::Key(entry),
                    };
                }
                Inner::Value(mut step) => {
                    if is_resource {
                        step.default = defaults;
                    }
                    steps.push(step);
                }
                Inner::Nothing => break,
            }
        }
        Self {
            steps,
            target: Target::Value,
        }
    }

    /// The innermost value.
    pub(super) fn last(&self) -> Option<&Step<'t>> {
        self.steps.last()
    }

    /// The innermost value that stands under a name.
    pub(super) fn named(&self) -> Option<&Step<'t>> {
        self.steps.iter().rev().find(|step| !step.name.is_empty())
    }

    /// The resource, or the `resource_defaults`, that the byte is in.
    pub(super) fn resource(&self) -> Option<&'t Node> {
        let name = self.steps.get(1)?.name;
        if name == grammar::source::RESOURCE_DEFAULTS.name {
            return self.steps.get(1).map(|step| step.node);
        }
        let is_list = name == grammar::source::RESOURCES.name;
        self.steps.get(2).filter(|_| is_list).map(|step| step.node)
    }

    /// Whether the byte is in the value of a key with this name, at any depth.
    pub(super) fn is_in(&self, name: &str) -> bool {
        self.steps.iter().any(|step| step.name == name)
    }
}

enum Inner<'t> {
    Key(&'t Entry),
    Value(Step<'t>),
    Nothing,
}

impl<'t> Step<'t> {
    fn within(&self, at: usize) -> Inner<'t> {
        let contains = |node: &Node| node.span.start <= at && at <= node.span.end;
        match &self.node.value {
            Value::Map(entries) => {
                // The last, since a value may end where the next key begins.
                let is_key =
                    |entry: &&Entry| entry.key.span.start <= at && at <= entry.key.span.end;
                if let Some(entry) = entries.iter().rfind(is_key) {
                    return Inner::Key(entry);
                }
                let entry = entries.iter().rfind(|entry| contains(&entry.value));
                match entry {
                    Some(entry) => Inner::Value(self.entry(entry)),
                    None => Inner::Nothing,
                }
            }
            Value::List(elements) => {
                let element = elements.iter().rfind(|element| contains(element));
                element.map_or(Inner::Nothing, |element| {
                    Inner::Value(self.element(element))
                })
            }
            Value::Scalar(_) => Inner::Nothing,
        }
    }

    fn entry(&self, entry: &'t Entry) -> Step<'t> {
        let name = entry.key.name.as_str();
        let key = self.key(name);
        let shape = match self.map_shape() {
            Some(Shape::Dict(values)) => Some(*values),
            Some(Shape::Tagged(family)) if family.tag == name => self.map_shape(),
            Some(Shape::Json) => Some(&Shape::Json),
            _ => key.map(shape_of),
        };
        Step {
            node: &entry.value,
            name,
            key,
            shape,
            default: self.default.and_then(|default| default.get(name)),
        }
    }

    fn element(&self, element: &'t Node) -> Step<'t> {
        let list = self.shapes().into_iter().find_map(|shape| match shape {
            Shape::List(elements) => Some(*elements),
            Shape::Json => Some(shape),
            _ => None,
        });
        Step {
            node: element,
            name: "",
            key: None,
            shape: list,
            default: None,
        }
    }

    /// The key of the language that a name is in this map.
    pub(super) fn key(&self, name: &str) -> Option<&'static dyn AnyKey> {
        let mut keys = self.keys().into_iter();
        keys.find(|key| key.is_called(name))
    }

    /// What may stand here, one shape for each kind of value.
    pub(super) fn shapes(&self) -> Vec<&'static Shape> {
        let mut shapes = Vec::new();
        if let Some(shape) = self.shape {
            flatten(shape, &mut shapes);
        }
        shapes
    }

    /// What a map may be here.
    pub(super) fn map_shape(&self) -> Option<&'static Shape> {
        self.shapes().into_iter().find(|shape| {
            matches!(
                shape,
                Shape::Map(_) | Shape::Tagged(_) | Shape::Dict(_) | Shape::Json
            )
        })
    }

    /// The family of this map, with the word that says which member it is.
    pub(super) fn family(&self) -> Option<(&'static Family, Option<&'t str>)> {
        let Some(Shape::Tagged(family)) = self.map_shape() else {
            return None;
        };
        let tag = |node: &'t Node| node.get(family.tag).and_then(Node::scalar);
        let tag = tag(self.node).or_else(|| self.default.and_then(tag));
        Some((family, tag.map(|tag| tag.text.as_str())))
    }

    /// The keys of the language that this map may have; without the tag of a family.
    pub(super) fn keys(&self) -> Vec<&'static dyn AnyKey> {
        match self.map_shape() {
            Some(Shape::Map(context)) => context.keys.to_vec(),
            Some(Shape::Tagged(_)) => {
                let Some((family, tag)) = self.family() else {
                    return Vec::new();
                };
                let member = tag.and_then(|tag| family.member(tag));
                let own = member.map(|member| member.keys).unwrap_or_default();
                own.iter().chain(family.common).copied().collect()
            }
            _ => Vec::new(),
        }
    }

    /// The name of this map in the reference, as its examples are sorted by it.
    pub(super) fn owner(&self) -> Option<String> {
        match self.map_shape()? {
            Shape::Map(context) => Some(context.name.to_owned()),
            Shape::Tagged(family) => {
                let tag = self.family()?.1;
                let member = tag.and_then(|tag| family.member(tag));
                Some(member.map_or(family.name.to_owned(), |member| {
                    format!("{} {}", family.name, member.word.name)
                }))
            }
            _ => None,
        }
    }
}

fn shape_of(key: &'static dyn AnyKey) -> &'static Shape {
    &key.facts().shape
}

fn flatten(shape: &'static Shape, into: &mut Vec<&'static Shape>) {
    match shape {
        Shape::Either(first, second) => {
            flatten(first, into);
            flatten(second, into);
        }
        one => into.push(one),
    }
}

impl std::fmt::Debug for Step<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Step")
            .field("name", &self.name)
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}
