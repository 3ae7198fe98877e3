//! A spec as it was read: the tree, looked at by the keys of the grammar.
//!
//! What does not fit the grammar was reported by then, and looks as if it were not there. So the
//! checks ask for what they need and never meet a value of the wrong type.

use crate::connector;
use crate::diagnostic::Span;
use crate::grammar::{AnyKey, Context, DefaultKey, Facts, Family, Key, Member, Read};
use crate::value;
use crate::yaml::{Entry, Kind, Node, Value};

/// A whole spec.
#[derive(Debug)]
pub(crate) struct Spec {
    pub root: Node,
    /// The resources, with what they inherit.
    pub resources: Vec<Node>,
}

/// A text and its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'t> {
    pub text: &'t str,
    pub span: &'t Span,
}

impl Text<'_> {
    /// The text, to be kept.
    pub(crate) fn owned(self) -> connector::Text {
        self.text.to_owned().into()
    }
}

/// A map of the spec, of which the keys are known.
#[derive(Clone, Copy)]
pub(crate) struct View<'t> {
    pub node: &'t Node,
    common: &'static [&'static dyn AnyKey],
    keys: &'static [&'static dyn AnyKey],
}

/// What names a key.
pub(crate) trait Named {
    fn name(&self) -> &str;
}

impl Named for Facts {
    fn name(&self) -> &str {
        self.name
    }
}

impl Named for dyn AnyKey + '_ {
    fn name(&self) -> &str {
        self.facts().name
    }
}

impl<T> Named for Key<T> {
    fn name(&self) -> &str {
        self.name
    }
}

impl<T> Named for DefaultKey<T> {
    fn name(&self) -> &str {
        self.name
    }
}

impl<'t> View<'t> {
    /// What the spec says under a key; of a key with a default, that where it says nothing.
    pub(crate) fn get<K: Read + Named>(&self, key: &K) -> K::Output {
        key.read(self.node(key))
    }

    pub(crate) fn new(node: &'t Node, context: &'static Context) -> Self {
        Self {
            node,
            common: &[],
            keys: context.keys,
        }
    }

    /// A map of a family, or its bare word, and what its tag says it is.
    pub(crate) fn tagged(
        node: &'t Node,
        family: &'static Family,
    ) -> Option<(&'static Member, Self)> {
        let tag = match &node.value {
            Value::Map(_) => node.get(family.tag)?.scalar()?,
            _ => node.scalar()?,
        };
        let word = tag.text.as_str();
        let word = if family.name == "column" {
            word.strip_suffix('!').unwrap_or(word)
        } else {
            word
        };
        let member = family.member(word)?;
        let view = Self {
            node,
            common: family.common,
            keys: member.keys,
        };
        Some((member, view))
    }

    /// A map of a family that does not say, or says wrongly, of which kind it is.
    pub(crate) fn common(node: &'t Node, family: &'static Family) -> Self {
        Self {
            node,
            common: family.common,
            keys: &[],
        }
    }

    /// The entry of a key, by whichever of its names it is there. Null is as good as not there.
    pub(crate) fn entry(&self, name: &(impl Named + ?Sized)) -> Option<&'t Entry> {
        let name = name.name();
        let mut keys = self.common.iter().chain(self.keys);
        let key = keys.find(|key| key.name == name);
        debug_assert!(key.is_some(), "the grammar has no key `{name}` here");
        let entries = self.node.entries();
        let entry = entries
            .iter()
            .find(|entry| key.is_some_and(|key| key.is_called(&entry.key.name)))?;
        (!entry.value.is_null() && !entry.value.is_unclear()).then_some(entry)
    }

    pub(crate) fn node(&self, name: &(impl Named + ?Sized)) -> Option<&'t Node> {
        self.entry(name).map(|entry| &entry.value)
    }

    /// Where a key stands, or else its map.
    pub(crate) fn place(&self, name: &(impl Named + ?Sized)) -> &'t Span {
        self.entry(name)
            .map_or(&self.node.span, |entry| &entry.key.span)
    }

    /// Where the value of a key stands, or else its map.
    pub(crate) fn value_place(&self, name: &(impl Named + ?Sized)) -> &'t Span {
        self.node(name).map_or(&self.node.span, |node| &node.span)
    }

    /// A map under a key.
    pub(crate) fn view(
        &self,
        name: &(impl Named + ?Sized),
        context: &'static Context,
    ) -> Option<View<'t>> {
        let node = self.node(name)?;
        matches!(node.value, Value::Map(_)).then(|| View::new(node, context))
    }

    pub(crate) fn text(&self, name: &(impl Named + ?Sized)) -> Option<Text<'t>> {
        text(self.node(name)?)
    }

    /// A text that is fit for a name.
    pub(crate) fn identifier(&self, name: &(impl Named + ?Sized)) -> Option<Text<'t>> {
        self.text(name)
            .filter(|text| value::is_identifier(text.text))
    }

    /// Whether a map of this kind may have the key.
    pub(crate) fn has(&self, name: &(impl Named + ?Sized)) -> bool {
        let mut keys = self.common.iter().chain(self.keys);
        keys.any(|key| key.name == name.name())
    }

    /// One text, or the texts of a list.
    pub(crate) fn texts(&self, name: &(impl Named + ?Sized)) -> Vec<Text<'t>> {
        let Some(node) = self.node(name) else {
            return Vec::new();
        };
        match &node.value {
            Value::List(elements) => elements.iter().filter_map(text).collect(),
            _ => text(node).into_iter().collect(),
        }
    }

    /// The entries of a map under a key.
    pub(crate) fn entries(&self, name: &(impl Named + ?Sized)) -> &'t [Entry] {
        self.node(name).map(Node::entries).unwrap_or_default()
    }
}

/// A scalar that is there and clear.
pub(crate) fn text(node: &Node) -> Option<Text<'_>> {
    let scalar = node.scalar()?;
    (scalar.kind != Kind::Unclear).then_some(Text {
        text: &scalar.text,
        span: &node.span,
    })
}
