//! A spec as it was read: the tree, looked at by the keys of the grammar.
//!
//! What does not fit the grammar was reported by then, and looks as if it were not there. So the
//! checks ask for what they need and never meet a value of the wrong type.

use std::time::Duration;

use crate::connector::{self, List, Path};
use crate::diagnostic::Span;
use crate::grammar::{Context, Family, Key, Member};
use crate::jsonpath::{self, Parsed};
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
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'t> {
    pub node: &'t Node,
    common: &'static [Key],
    keys: &'static [Key],
}

impl<'t> View<'t> {
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
    pub(crate) fn entry(&self, name: &str) -> Option<&'t Entry> {
        let mut keys = self.common.iter().chain(self.keys);
        let key = keys.find(|key| key.name == name);
        debug_assert!(key.is_some(), "the grammar has no key `{name}` here");
        let entries = self.node.entries();
        let entry = entries
            .iter()
            .find(|entry| key.is_some_and(|key| key.is_called(&entry.key.name)))?;
        (!entry.value.is_null() && !entry.value.is_unclear()).then_some(entry)
    }

    pub(crate) fn node(&self, name: &str) -> Option<&'t Node> {
        self.entry(name).map(|entry| &entry.value)
    }

    /// Where a key stands, or else its map.
    pub(crate) fn place(&self, name: &str) -> &'t Span {
        self.entry(name)
            .map_or(&self.node.span, |entry| &entry.key.span)
    }

    /// A map under a key.
    pub(crate) fn view(&self, name: &str, context: &'static Context) -> Option<View<'t>> {
        let node = self.node(name)?;
        matches!(node.value, Value::Map(_)).then(|| View::new(node, context))
    }

    pub(crate) fn text(&self, name: &str) -> Option<Text<'t>> {
        text(self.node(name)?)
    }

    /// A text that is fit for a name.
    pub(crate) fn identifier(&self, name: &str) -> Option<Text<'t>> {
        self.text(name)
            .filter(|text| value::is_identifier(text.text))
    }

    /// The text of a key that only some members of a family have.
    pub(crate) fn optional(&self, name: &str) -> Option<Text<'t>> {
        let mut keys = self.common.iter().chain(self.keys);
        keys.any(|key| key.name == name).then(|| self.text(name))?
    }

    pub(crate) fn owned(&self, name: &str) -> Option<connector::Text> {
        self.text(name).map(Text::owned)
    }

    pub(crate) fn bool(&self, name: &str) -> Option<bool> {
        match self.node(name)?.scalar()?.kind {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn integer(&self, name: &str) -> Option<u64> {
        let scalar = self.node(name)?.scalar()?;
        let number = value::integer(&scalar.text)?;
        if scalar.kind != Kind::Integer || i64::try_from(number).is_err() {
            return None;
        }
        u64::try_from(number).ok()
    }

    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        let number: f64 = self.text(name)?.text.parse().ok()?;
        (number.is_finite() && number >= 0.0).then_some(number)
    }

    pub(crate) fn duration(&self, name: &str) -> Option<Duration> {
        value::duration(self.text(name)?.text).ok()
    }

    pub(crate) fn size(&self, name: &str) -> Option<u64> {
        value::size(self.text(name)?.text)
    }

    pub(crate) fn path(&self, name: &str) -> Option<Path> {
        match jsonpath::parse(self.text(name)?.text) {
            Ok(Parsed::Path(path)) => Some(path),
            _ => None,
        }
    }

    /// One status, or those of a list, in order, neighbours joined.
    pub(crate) fn statuses(&self, name: &str) -> Option<List<(u16, u16)>> {
        self.node(name)?;
        let mut ranges = Vec::new();
        for status in self.texts(name) {
            if let Some(range) = value::status(status.text) {
                value::join(&mut ranges, range);
            }
        }
        Some(ranges.into())
    }

    /// One text, or the texts of a list.
    pub(crate) fn texts(&self, name: &str) -> Vec<Text<'t>> {
        let Some(node) = self.node(name) else {
            return Vec::new();
        };
        match &node.value {
            Value::List(elements) => elements.iter().filter_map(text).collect(),
            _ => text(node).into_iter().collect(),
        }
    }

    /// The entries of a map under a key.
    pub(crate) fn entries(&self, name: &str) -> &'t [Entry] {
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
